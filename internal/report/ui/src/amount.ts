// Amounts are whole numbers of base units, as bigint. Numbers (floats) are only ever positions on
// the screen: see share.

export type Rounding = "nearest" | "down" | "up";

// coins prints base units as whole coins with thousands separators and a fixed number of places.
// Zero is "0" and a part too small to show is "<0.01". figure.go does the same for the tables;
// ../testdata/amounts.json holds both to it.
export function coins(amount: bigint, decimals: number, places: number, rounding: Rounding = "nearest"): string {
  if (amount === 0n) return "0";
  let digits = amount.toString();
  if (decimals <= 0) return group(digits);
  digits = digits.padStart(decimals + 1, "0");
  if (places > decimals) {
    digits += "0".repeat(places - decimals);
    decimals = places;
  }
  const cut = digits.length - decimals + places;
  let kept = digits.slice(0, cut);
  const rest = digits.slice(cut);
  if (/[1-9]/.test(rest) && (rounding === "up" || (rounding === "nearest" && rest.charAt(0) >= "5"))) {
    kept = increment(kept);
  }
  if (!/[1-9]/.test(kept)) return rounding === "nearest" ? `<${point(increment(kept), places)}` : "0";
  return point(kept, places);
}

// exact prints every digit, without trailing zeros.
export function exact(amount: bigint, decimals: number): string {
  const digits = amount.toString();
  if (decimals <= 0) return group(digits);
  const padded = digits.padStart(decimals + 1, "0");
  const cut = padded.length - decimals;
  const fraction = padded.slice(cut).replace(/0+$/, "");
  return group(padded.slice(0, cut)) + (fraction === "" ? "" : `.${fraction}`);
}

function point(digits: string, places: number): string {
  if (places === 0) return group(digits);
  const cut = digits.length - places;
  return `${group(digits.slice(0, cut))}.${digits.slice(cut)}`;
}

function increment(digits: string): string {
  return (BigInt(digits) + 1n).toString().padStart(digits.length, "0");
}

export function group(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

// count says "1 transfer" and "1,751 transfers".
export function count(n: number, one: string): string {
  const words = n === 1 ? one : /[sx]$/.test(one) ? `${one}es` : /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : `${one}s`;
  return `${group(String(n))} ${words}`;
}

// share is part/whole as a position between 0 and 1, to a millionth.
export function share(part: bigint, whole: bigint): number {
  return whole === 0n ? 0 : Number((part * 1_000_000n) / whole) / 1_000_000;
}
