import type { Address, Edge, End, Trace } from "../src/data";

// small builds a trace from lines such as "thief>hop 10", where a name with an end is written
// "hop>pool 10 mixer". Amounts are base units; haircut, the second policy, is half.
export function small(lines: string[], roles: Record<string, Partial<Address>> = {}): Trace {
  const names: string[] = [];
  const categories = ["exchange", "held", "mixer", "fee"].map((id) => ({ id, name: id }));
  const ends: End[] = [];
  const at = (name: string): number => {
    if (name === "-") return -1;
    if (!names.includes(name)) names.push(name);
    return names.indexOf(name);
  };
  const edges: Edge[] = lines.map((line) => {
    const [pair = "", figure = "0", category, ...flags] = line.split(" ");
    const [from = "", to = ""] = pair.split(">");
    const amount = BigInt(figure);
    let end = -1;
    const c = categories.findIndex((x) => x.id === category);
    if (c >= 0) {
      const title = c === 1 ? to : `the ${category}`;
      end = ends.findIndex((e) => e.title === title && e.category === c);
      if (end < 0) {
        ends.push({ category: c, title, asset: 0, addresses: [], amount: [0n, 0n], atLeast: 0n, atMost: 0n });
        end = ends.length - 1;
      }
      const e = ends[end] as End;
      if (to !== "-" && !e.addresses.includes(at(to))) e.addresses.push(at(to));
      e.amount = [(e.amount[0] ?? 0n) + amount, (e.amount[1] ?? 0n) + amount / 2n];
    }
    const kind = [category, ...flags].includes("theft") ? "theft" : c === 3 ? "fee" : "transfer";
    return { from: at(from), to: at(to), asset: 0, end, kind, inferred: flags.includes("inferred"), touched: c === 3 || flags.includes("touched"), transfers: 1, first: 0, last: 0, amount, tainted: [amount, amount / 2n] };
  });
  const depth = new Map<number, number>();
  for (let round = 0; round < 50; round++) {
    for (const e of edges) if (e.from >= 0 && e.to >= 0 && e.kind !== "theft") depth.set(e.to, Math.min(depth.get(e.to) ?? 99, (depth.get(e.from) ?? 0) + 1));
  }
  const addresses: Address[] = names.map((name, i) => ({
    address: name, chain: "eth", role: "hop", depth: depth.get(i) ?? 0, name: "", basis: "", actor: "", coverage: "", tags: [], inferences: [], ...roles[name],
  }));
  return {
    backward: false, policies: ["fifo/1", "haircut/1"], headline: 0, categories, assets: [{ asset: "eth", symbol: "ETH", decimals: 0, places: 0, stolen: 100n }],
    addresses, starts: new Set(names.map((name, i) => (name.startsWith("thief") ? i : -1)).filter((i) => i >= 0)), ends, totals: [], edges, days: [], hops: [], hopsInAll: 0, edgesInAll: edges.length,
  };
}
