// Which addresses stand together in the drawings, and what flows between them. Pure: no document.
import type { Edge, Trace } from "./data";

// A Group is a set of addresses drawn as one box.
export interface Group {
  key: string;
  kind: "payer" | "source" | "end" | "hop" | "rest";
  title: string;
  members: number[];
  category: number; // where its value ends, by far the most of it; -1: not known
  depth: number; // the least of its members
  basis: "" | "claim" | "inference";
  of: number; // addresses that share the key, drawn here or in other boxes
}

// A Flow is what went from one group to another.
export interface Flow {
  from: number; // indexes into the groups
  to: number;
  amount: bigint; // under the policy asked for
  transfers: number;
  inferred: boolean;
  touched: boolean;
  edges: number[]; // indexes into the trace's edges
}

export interface Collapsed { groups: Group[]; flows: Flow[]; folded: number }

// The categories whose ends are a party that receives; in the others value merely stops at an
// address that is otherwise one of the trace's own.
const parties = new Set(["exchange", "mixer", "bridge", "swap", "service", "theft", "returned", "burned", "minted"]);
// Ends without a place of their own: a hundred block builders are one box.
const sinks = new Set(["fee", "burned", "dust", "minted"]);

export function isSink(trace: Trace, end: number): boolean {
  const e = trace.ends[end];
  return e !== undefined && sinks.has(trace.categories[e.category]?.id ?? "");
}

export function isParty(trace: Trace, end: number): boolean {
  const e = trace.ends[end];
  return e !== undefined && parties.has(trace.categories[e.category]?.id ?? "");
}

// destinies finds for each address the category of end that its value goes to, following the
// heaviest payment each time. It is a name for a group of boxes, never a figure.
export function destinies(trace: Trace): Int32Array {
  const n = trace.addresses.length;
  const heaviest = new Array<Edge | undefined>(n).fill(undefined);
  const near = (e: Edge): number => (trace.backward ? e.to : e.from);
  const far = (e: Edge): number => (trace.backward ? e.from : e.to);
  const weight = (e: Edge): bigint => e.tainted[trace.headline] ?? 0n;
  for (const e of trace.edges) {
    const a = near(e);
    if (a < 0 || e.touched || beforeStart(trace, e) || e.kind === "return" || far(e) === a) continue;
    const best = heaviest[a];
    if (best === undefined || weight(e) > weight(best)) heaviest[a] = e;
  }
  const stops = new Int32Array(n).fill(-1);
  for (const e of trace.ends) {
    for (const a of e.addresses) if (stops[a] === -1) stops[a] = e.category;
  }
  const found = new Int32Array(n).fill(-2); // -2: not yet known
  for (let start = 0; start < n; start++) {
    const path: number[] = [];
    const onPath = new Set<number>();
    let category = -1;
    for (let a = start; ; ) {
      if (found[a] !== -2) { category = found[a] ?? -1; break; }
      if (onPath.has(a)) break;
      path.push(a);
      onPath.add(a);
      const e = heaviest[a];
      if (e === undefined) { category = stops[a] ?? -1; break; }
      if (e.end >= 0 && (isParty(trace, e.end) || isSink(trace, e.end) || far(e) < 0)) { category = trace.ends[e.end]?.category ?? -1; break; }
      if (far(e) < 0) break;
      a = far(e);
    }
    for (const a of path) found[a] = category;
  }
  return found;
}

// keys gives each address the key of its group. coarse halves how finely distances are told apart:
// 0 tells each apart, 1 joins pairs, 2 fours.
export function keys(trace: Trace, coarse = 0): string[] {
  const destiny = destinies(trace);
  const party = new Map<number, number>(); // address -> end
  for (const e of trace.edges) {
    const far = trace.backward ? e.from : e.to;
    if (far >= 0 && e.end >= 0 && !party.has(far) && isParty(trace, e.end)) party.set(far, e.end);
  }
  for (const [i, e] of trace.ends.entries()) {
    if (isParty(trace, i)) for (const a of e.addresses) if (!party.has(a)) party.set(a, i);
  }
  const actors = new Map<string, string>(); // actor -> key of the party's group
  for (const [a, end] of party) {
    const actor = trace.addresses[a]?.actor ?? "";
    if (actor !== "" && !actors.has(actor)) actors.set(actor, endKey(trace, end));
  }
  return trace.addresses.map((a, i) => {
    if (trace.starts.has(i)) return `source/${a.actor}`;
    const end = party.get(i);
    if (end !== undefined) return endKey(trace, end);
    const joined = a.actor === "" ? undefined : actors.get(a.actor);
    if (joined !== undefined) return joined;
    const depth = a.depth < 0 ? "?" : String(a.depth >> coarse);
    return `hop/${a.actor}/${depth}/${destiny[i] ?? -1}`;
  });
}

// beforeStart reports whether a record only brought value to where the trace starts: of a theft,
// from who was robbed. Backward there is no such thing.
export function beforeStart(trace: Trace, e: Edge): boolean {
  return e.kind === "theft" && !trace.backward && !trace.starts.has(e.from);
}

export function endKey(trace: Trace, end: number): string {
  const e = trace.ends[end];
  return e === undefined ? "end" : `end/${e.category}/${e.title}`;
}

export interface CollapseOptions {
  policy: number;
  asset: number;
  open: ReadonlySet<string>; // keys of groups whose members are drawn one by one
  touched: boolean; // with fees, dust and what only poison reaches
  theft: boolean; // with the theft's own records, from who was robbed
  most: number; // boxes drawn at most; the smallest are folded into one
}

// collapse takes the trace's addresses together into at most `most` groups, with the flows between
// them in one asset under one policy.
export function collapse(trace: Trace, options: CollapseOptions): Collapsed {
  const edges: number[] = [];
  for (const [i, e] of trace.edges.entries()) {
    if (e.asset === options.asset && (options.touched || !e.touched) && (options.theft || !beforeStart(trace, e))) edges.push(i);
  }
  const present = new Set<number>();
  for (const i of edges) {
    const e = trace.edges[i] as Edge;
    if (e.from >= 0) present.add(e.from);
    if (e.to >= 0) present.add(e.to);
  }
  for (const e of trace.ends) {
    if (e.asset === options.asset && e.amount[options.policy] !== null) for (const a of e.addresses) if (options.touched || trace.addresses[a]?.role !== "") present.add(a);
  }
  let address = keys(trace);
  for (let coarse = 1; coarse <= 6 && countKeys(address, present) > options.most / 3; coarse++) address = keys(trace, coarse);

  const weight = new Map<number, bigint>(); // of an address: the more of what it received and what it paid
  const into = new Map<number, bigint>(), out = new Map<number, bigint>();
  for (const i of edges) {
    const e = trace.edges[i] as Edge;
    const t = e.tainted[options.policy] ?? 0n;
    if (e.to >= 0) into.set(e.to, (into.get(e.to) ?? 0n) + t);
    if (e.from >= 0) out.set(e.from, (out.get(e.from) ?? 0n) + t);
  }
  for (const a of present) {
    const i = into.get(a) ?? 0n, o = out.get(a) ?? 0n;
    weight.set(a, i > o ? i : o);
  }

  // Addresses into their groups, largest first, so that titles and folding are the same each time.
  const members = new Map<string, number[]>();
  for (const a of [...present].sort((x, y) => bigger(weight.get(x), weight.get(y)) || x - y)) {
    const key = address[a] ?? "";
    const list = members.get(key);
    if (list === undefined) members.set(key, [a]);
    else list.push(a);
  }
  const order = [...members.keys()].sort((x, y) => bigger(sum(members.get(x), weight), sum(members.get(y), weight)) || (x < y ? -1 : 1));

  const groups: Group[] = [];
  const box = new Map<number, number>(); // address -> group
  const sinkBox = new Map<string, number>();
  const destiny = destinies(trace);
  const add = (g: Group): number => {
    groups.push(g);
    for (const a of g.members) box.set(a, groups.length - 1);
    return groups.length - 1;
  };
  let folded = 0;
  let room = options.most;
  const whole = order.filter((key) => !options.open.has(key) || (members.get(key)?.length ?? 0) < 2);
  const opened = order.filter((key) => !whole.includes(key));
  const keep = Math.max(1, room - opened.length - 1 - (options.touched ? sinks.size : 0));
  for (const key of whole.slice(0, keep)) {
    add(describe(trace, key, members.get(key) ?? [], destiny));
    room--;
  }
  const rest = whole.slice(keep).flatMap((key) => members.get(key) ?? []);
  if (rest.length > 0) {
    folded += rest.length;
    room--;
    add({ key: "rest", kind: "rest", title: "smaller groups", members: rest, category: -1, depth: least(trace, rest), basis: "", of: rest.length });
  }
  for (const [n, key] of opened.entries()) {
    const all = members.get(key) ?? [];
    const share = Math.max(1, room - (opened.length - n)); // leave a box for each group still to come
    const shown = all.length <= share ? all : all.slice(0, Math.max(1, share - 1));
    for (const a of shown) {
      add({ ...describe(trace, key, [a], destiny), of: all.length });
      room--;
    }
    const left = all.slice(shown.length);
    if (left.length > 0) {
      folded += left.length;
      room--;
      add({ ...describe(trace, key, left, destiny), key: `${key}/more`, of: all.length });
    }
  }

  const flows = new Map<string, Flow>();
  for (const i of edges) {
    const e = trace.edges[i] as Edge;
    const at = (a: number, side: "from" | "to"): number => {
      const far = trace.backward ? "from" : "to";
      if (side === far && e.end >= 0 && (a < 0 || isSink(trace, e.end))) return sink(endKey(trace, e.end), e.end);
      if (a < 0) return sink(`nobody/${side}`, -1);
      return box.get(a) ?? -1;
    };
    const sink = (key: string, end: number): number => {
      const known = sinkBox.get(key);
      if (known !== undefined) return known;
      const of = trace.ends[end];
      const n = add({ key, kind: "end", title: of?.title ?? "nobody", members: [], category: of?.category ?? -1, depth: 1e6, basis: "", of: 0 });
      sinkBox.set(key, n);
      return n;
    };
    // Who paid at the theft stands apart at its start, even where value went back to them.
    const robbed = beforeStart(trace, e);
    const payer = (a: number): number => {
      const key = `payer/${a}`;
      const known = sinkBox.get(key);
      if (known !== undefined) return known;
      const of = trace.addresses[a];
      groups.push({ key, kind: "payer", title: of?.name || shorten(of?.address ?? ""), members: [a], category: -1, depth: -1, basis: of?.basis ?? "", of: 1 });
      sinkBox.set(key, groups.length - 1);
      return groups.length - 1;
    };
    const from = robbed && e.from >= 0 ? payer(e.from) : at(e.from, "from"), to = at(e.to, "to");
    if (from < 0 || to < 0 || from === to) continue;
    const t = e.tainted[options.policy] ?? 0n;
    const key = `${from}>${to}>${e.inferred ? 1 : 0}`;
    const f = flows.get(key);
    if (f === undefined) {
      flows.set(key, { from, to, amount: t, transfers: e.transfers, inferred: e.inferred, touched: e.touched, edges: [i] });
    } else {
      f.amount += t;
      f.transfers += e.transfers;
      f.touched = f.touched && e.touched;
      f.edges.push(i);
    }
  }
  return connected(groups, [...flows.values()], folded);
}

// connected leaves out boxes without any line, but for the starts: they carry nothing here.
function connected(groups: Group[], flows: Flow[], folded: number): Collapsed {
  const used = new Set<number>();
  for (const f of flows) used.add(f.from).add(f.to);
  const kept = groups.map((_, i) => i).filter((i) => used.has(i) || groups[i]?.kind === "source");
  const place = new Map(kept.map((old, now) => [old, now]));
  return {
    groups: kept.map((i) => groups[i] as Group),
    flows: flows.map((f) => ({ ...f, from: place.get(f.from) ?? -1, to: place.get(f.to) ?? -1 })),
    folded,
  };
}

function countKeys(address: string[], present: Set<number>): number {
  const seen = new Set<string>();
  for (const a of present) seen.add(address[a] ?? "");
  return seen.size;
}

function sum(members: number[] | undefined, weight: Map<number, bigint>): bigint {
  let total = 0n;
  for (const a of members ?? []) total += weight.get(a) ?? 0n;
  return total;
}

// bigger sorts the larger amount first.
export function bigger(a: bigint | undefined, b: bigint | undefined): number {
  const x = a ?? 0n, y = b ?? 0n;
  return x === y ? 0 : x > y ? -1 : 1;
}

function least(trace: Trace, members: number[]): number {
  return members.reduce((d, a) => Math.min(d, depthOf(trace, a)), 1e6);
}

function depthOf(trace: Trace, a: number): number {
  const d = trace.addresses[a]?.depth ?? -1;
  return d < 0 ? 1e6 : d;
}

function describe(trace: Trace, key: string, members: number[], destiny: Int32Array): Group {
  const first = trace.addresses[members[0] ?? -1];
  const kind = key.startsWith("source/") ? "source" : key.startsWith("end/") ? "end" : "hop";
  const category = kind === "end" ? Number(key.split("/")[1]) : (destiny[members[0] ?? -1] ?? -1);
  const group: Group = { key, kind, title: "", members, category, depth: least(trace, members), basis: "", of: members.length };
  if (kind === "end") {
    group.title = key.split("/").slice(2).join("/");
    group.basis = members.some((a) => trace.addresses[a]?.basis === "claim") ? "claim" : members.some((a) => trace.addresses[a]?.basis === "inference") ? "inference" : "";
  } else if (members.length === 1 && first !== undefined) {
    group.title = first.name || shorten(first.address);
    group.basis = first.basis;
  } else {
    const names = new Set(members.map((a) => trace.addresses[a]?.name ?? ""));
    const name = names.size === 1 ? (first?.name ?? "") : (first?.actor ?? "");
    group.title = name !== "" ? name : kind === "source" ? "theft addresses" : "addresses";
    group.basis = name !== "" ? (first?.basis ?? "") : "";
  }
  return group;
}

// shorten is for labels in drawings only, beside which the whole address can be had.
export function shorten(address: string): string {
  return address.length <= 20 ? address : `${address.slice(0, 10)}…${address.slice(-8)}`;
}

// residuals are flows to one box a category, of value that stayed behind at addresses which also
// paid on. The other addresses that hold value are boxes themselves.
export function residuals(trace: Trace, c: Collapsed, policy: number, asset: number): { groups: Group[]; flows: Flow[] } {
  const box = new Map<number, number>();
  for (const [i, g] of c.groups.entries()) for (const a of g.members) box.set(a, i);
  const pays = new Set<number>();
  for (const f of c.flows) if (f.amount > 0n) pays.add(trace.backward ? f.to : f.from);
  const groups: Group[] = [];
  const flows: Flow[] = [];
  const at = new Map<number, number>(); // category -> group
  const flow = new Map<string, Flow>();
  for (const [n, e] of trace.ends.entries()) {
    const amount = e.amount[policy] ?? 0n;
    const a = e.addresses[0];
    if (e.asset !== asset || amount === 0n || isParty(trace, n) || isSink(trace, n) || e.addresses.length !== 1 || a === undefined) continue;
    const from = box.get(a);
    if (from === undefined || !pays.has(from)) continue;
    let to = at.get(e.category);
    if (to === undefined) {
      to = c.groups.length + groups.length;
      at.set(e.category, to);
      groups.push({ key: `rest/${e.category}`, kind: "end", title: "left behind", members: [], category: e.category, depth: 1e6, basis: "", of: 0 });
    }
    const key = `${from}>${to}`;
    const known = flow.get(key);
    if (known !== undefined) {
      known.amount += amount;
      continue;
    }
    const f: Flow = { from: trace.backward ? to : from, to: trace.backward ? from : to, amount, transfers: 0, inferred: false, touched: false, edges: [] };
    flow.set(key, f);
    flows.push(f);
  }
  return { groups, flows };
}

// acyclic splits flows into those that can all point one way and those that lead back, taking the
// largest first.
export function acyclic<F extends { from: number; to: number; amount: bigint }>(flows: readonly F[], nodes: number): { ahead: F[]; back: F[] } {
  const next: number[][] = Array.from({ length: nodes }, () => []);
  const reaches = (from: number, to: number): boolean => {
    const seen = new Set([from]);
    const stack = [from];
    for (let n = stack.pop(); n !== undefined; n = stack.pop()) {
      if (n === to) return true;
      for (const m of next[n] ?? []) {
        if (!seen.has(m)) {
          seen.add(m);
          stack.push(m);
        }
      }
    }
    return false;
  };
  const ahead: F[] = [], back: F[] = [];
  const sorted = flows.map((f, i) => ({ f, i })).sort((x, y) => bigger(x.f.amount, y.f.amount) || x.i - y.i);
  for (const { f } of sorted) {
    if (f.from === f.to || reaches(f.to, f.from)) {
      back.push(f);
    } else {
      next[f.from]?.push(f.to);
      ahead.push(f);
    }
  }
  return { ahead, back };
}
