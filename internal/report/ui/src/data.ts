// The data that pagedata.go embeds in the page, with rows given names.

export interface Asset { asset: string; symbol: string; decimals: number; places: number; stolen: bigint }
export interface Tag { label: string; category: string; role?: string; actor?: string; confidence: number; source: string }
export interface Inference { says: string; method: string; confidence: number; evidence: string[] }
export interface Address {
  address: string; chain: string; role: string; depth: number; name: string; basis: "" | "claim" | "inference";
  actor: string; coverage: string; tags: Tag[]; inferences: Inference[];
}
export interface End { category: number; title: string; asset: number; addresses: number[]; amount: (bigint | null)[]; atLeast: bigint; atMost: bigint }

// An Edge is all records of one kind between two addresses in one asset. from and to are -1 for
// nobody, end is -1 where the trace goes on.
export interface Edge {
  from: number; to: number; asset: number; end: number; kind: string; inferred: boolean; touched: boolean;
  transfers: number; first: number; last: number; amount: bigint; tainted: (bigint | null)[];
}
export interface Hop {
  tx: string; index: number; time: number; block: number; from: number; to: number; asset: number; amount: bigint;
  kind: string; depth: number; tainted: (bigint | null)[]; possible: bigint; possibleWithoutGaps: bigint; end: number; inferred: boolean; touched: boolean; spends: string[];
}
export interface Day { day: number; asset: number; category: number; transfers: number; tainted: bigint[] }

export interface Trace {
  backward: boolean; policies: string[]; headline: number; categories: { id: string; name: string }[];
  assets: Asset[]; addresses: Address[]; starts: ReadonlySet<number>; ends: End[]; totals: End[]; edges: Edge[]; days: Day[]; hops: Hop[];
  hopsInAll: number; edgesInAll: number;
}

type Row = readonly unknown[];
interface RawEnd { category: number; title: string; asset: number; addresses: number[]; amount: (string | null)[]; atLeast: string; atMost: string }
export interface RawTrace {
  direction: string; policies: string[]; headline: number; categories: [string, string][]; kinds: string[];
  assets: (Omit<Asset, "stolen"> & { stolen: string })[];
  addresses: (Omit<Address, "tags" | "inferences"> & { tags?: Tag[]; inferences?: Inference[] })[];
  starts: number[];
  ends: RawEnd[] | null; totals: RawEnd[] | null; edges: Row[]; days: Row[]; hops: Row[]; hopsInAll: number; edgesInAll: number;
}

export function decode(raw: RawTrace): Trace {
  return {
    backward: raw.direction === "backward",
    policies: raw.policies,
    headline: raw.headline,
    categories: raw.categories.map(([id, name]) => ({ id, name })),
    assets: (raw.assets ?? []).map((a) => ({ ...a, stolen: BigInt(a.stolen) })),
    addresses: (raw.addresses ?? []).map((a) => ({ ...a, tags: a.tags ?? [], inferences: a.inferences ?? [] })),
    starts: new Set(raw.starts),
    ends: (raw.ends ?? []).map(decodeEnd),
    totals: (raw.totals ?? []).map(decodeEnd),
    edges: raw.edges.map((row) => decodeEdge(row, raw.kinds)),
    days: raw.days.map(decodeDay),
    hops: raw.hops.map((row) => decodeHop(row, raw.kinds)),
    hopsInAll: raw.hopsInAll,
    edgesInAll: raw.edgesInAll,
  };
}

function decodeEnd(e: RawEnd): End {
  return { ...e, amount: e.amount.map((s) => (s === null ? null : BigInt(s))), atLeast: BigInt(e.atLeast), atMost: BigInt(e.atMost) };
}

// part reads an amount that is written as "" where it equals the whole it is a part of.
function part(s: string | null, whole: bigint): bigint | null {
  return s === null ? null : s === "" ? whole : BigInt(s);
}

function decodeEdge(row: Row, kinds: string[]): Edge {
  const [from, to, asset, end, kind, flags, transfers, first, last, whole, tainted] = row as
    [number, number, number, number, number, number, number, number, number, string, (string | null)[]];
  const amount = BigInt(whole);
  return { from, to, asset, end, kind: kinds[kind] ?? "", inferred: (flags & 1) !== 0, touched: (flags & 2) !== 0,
    transfers, first, last, amount, tainted: tainted.map((s) => part(s, amount)) };
}

function decodeHop(row: Row, kinds: string[]): Hop {
  const [tx, index, time, block, from, to, asset, whole, kind, depth, tainted, possible, withoutGaps, end, flags, spends] = row as
    [string, number, number, number, number, number, number, string, number, number, (string | null)[], string, string, number, number, string[]];
  const amount = BigInt(whole);
  return { tx, index, time, block, from, to, asset, amount, kind: kinds[kind] ?? "", depth, tainted: tainted.map((s) => part(s, amount)),
    possible: part(possible, amount) ?? 0n, possibleWithoutGaps: part(withoutGaps, amount) ?? 0n, end, inferred: (flags & 1) !== 0, touched: (flags & 2) !== 0, spends };
}

function decodeDay(row: Row): Day {
  const [day, asset, category, transfers, tainted] = row as [number, number, number, number, string[]];
  return { day, asset, category, transfers, tainted: tainted.map((s) => BigInt(s)) };
}

// cite names a ledger record: "hash:index".
export function cite(h: Hop): string {
  return `${h.tx}:${h.index}`;
}
