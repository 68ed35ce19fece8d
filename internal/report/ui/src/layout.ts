// A layered layout: boxes in columns from where the value starts to where it ends, lines that
// cross as little as a few sweeps can manage (Sugiyama, Tagawa and Toda 1981: layers, dummy
// points, barycentres). Pure and without chance: the same boxes get the same places.
import { acyclic } from "./groups";

export interface Box { width: number; height: number; last: boolean; order: number }
export interface Line { from: number; to: number; amount: bigint }
export interface Point { x: number; y: number }
export interface Placed { boxes: Point[]; lines: Point[][]; width: number; height: number }

const columnGap = 86;
const rowGap = 14;
const dummyHeight = 10;
const sweeps = 16;
const mostDummies = 4000;

interface Item { box: number; rank: number; height: number; y: number; order: number; before: Neighbour[]; after: Neighbour[] }
interface Neighbour { item: number; weight: number }

export function layered(boxes: readonly Box[], lines: readonly Line[]): Placed {
  const { ahead } = acyclic(lines, boxes.length);
  const rank = ranks(boxes, ahead);
  const items: Item[] = boxes.map((b, i) => ({ box: i, rank: rank[i] ?? 0, height: b.height, y: 0, order: b.order, before: [], after: [] }));
  const columns: number[][] = Array.from({ length: Math.max(0, ...rank) + 1 }, () => []);
  items.forEach((item, i) => columns[item.rank]?.push(i));

  // Lines that span columns go through a dummy in each, so that they are given room.
  const weights = scale(lines);
  const through: number[][] = [];
  let dummies = 0;
  for (const [n, line] of lines.entries()) {
    const flip = (rank[line.from] ?? 0) > (rank[line.to] ?? 0);
    const first = flip ? line.to : line.from, last = flip ? line.from : line.to;
    const path = [first];
    const low = rank[first] ?? 0, high = rank[last] ?? 0;
    if (dummies + high - low - 1 <= mostDummies) {
      for (let r = low + 1; r < high; r++) {
        items.push({ box: -1, rank: r, height: dummyHeight, y: 0, order: items.length, before: [], after: [] });
        columns[r]?.push(items.length - 1);
        path.push(items.length - 1);
        dummies++;
      }
    }
    path.push(last);
    const weight = weights[n] ?? 1;
    for (let i = 1; i < path.length; i++) {
      const a = path[i - 1] as number, b = path[i] as number;
      if (items[a]?.rank === items[b]?.rank) continue;
      items[a]?.after.push({ item: b, weight });
      items[b]?.before.push({ item: a, weight });
    }
    through.push(flip ? path.reverse() : path);
  }

  for (const column of columns) {
    column.sort((a, b) => (items[a] as Item).order - (items[b] as Item).order);
    stack(column, items);
  }
  for (let s = 0; s < sweeps; s++) {
    const forward = s % 2 === 0;
    const list = forward ? columns.slice(1) : columns.slice(0, -1).reverse();
    for (const column of list) arrange(column, items, forward ? "before" : "after", s >= sweeps / 2);
  }

  const x: number[] = [];
  let width = 0;
  for (const column of columns) {
    x.push(width);
    width += Math.max(0, ...column.map((i) => boxes[items[i]?.box ?? -1]?.width ?? 0)) + columnGap;
  }
  width = Math.max(0, width - columnGap);
  const top = Math.min(0, ...items.map((i) => i.y - i.height / 2));
  const height = Math.max(0, ...items.map((i) => i.y + i.height / 2)) - top;
  const at = (i: number): Item => items[i] as Item;
  const placed = boxes.map((_, i) => ({ x: x[rank[i] ?? 0] ?? 0, y: at(i).y - at(i).height / 2 - top }));
  const routed = through.map((path) => path.map((i) => {
    const item = at(i);
    const left = x[item.rank] ?? 0;
    return { x: item.box < 0 ? left + (Math.max(0, ...(columns[item.rank] ?? []).map((j) => boxes[at(j).box]?.width ?? 0))) / 2 : left, y: item.y - top };
  }));
  return { boxes: placed, lines: routed, width, height };
}

// ranks puts each box one column after the last that leads to it, and ends in the last column.
function ranks(boxes: readonly Box[], lines: readonly Line[]): number[] {
  const rank = boxes.map(() => 0);
  const indegree = boxes.map(() => 0);
  const next: number[][] = boxes.map(() => []);
  for (const l of lines) {
    next[l.from]?.push(l.to);
    indegree[l.to] = (indegree[l.to] ?? 0) + 1;
  }
  const ready = boxes.map((_, i) => i).filter((i) => indegree[i] === 0);
  for (let n = ready.shift(); n !== undefined; n = ready.shift()) {
    for (const m of next[n] ?? []) {
      rank[m] = Math.max(rank[m] ?? 0, (rank[n] ?? 0) + 1);
      const left = (indegree[m] ?? 0) - 1;
      indegree[m] = left;
      if (left === 0) ready.push(m);
    }
  }
  const last = Math.max(0, ...rank);
  // A box that only pays stands right before the first it pays, not in the first column.
  for (let i = boxes.length - 1; i >= 0; i--) {
    const to = next[i] ?? [];
    if (!lines.some((l) => l.to === i) && to.length > 0) rank[i] = Math.max(0, Math.min(...to.map((m) => rank[m] ?? 0)) - 1);
  }
  return rank.map((r, i) => (boxes[i]?.last && last > 0 ? last : r));
}

// scale gives lines weights from 1 to 20 by size, for the sweeps.
function scale(lines: readonly Line[]): number[] {
  let most = 1n;
  for (const l of lines) if (l.amount > most) most = l.amount;
  return lines.map((l) => 1 + Number((l.amount * 19n) / most));
}

function stack(column: number[], items: Item[]): void {
  let y = 0;
  for (const i of column) {
    const item = items[i] as Item;
    item.y = y + item.height / 2;
    y += item.height + rowGap;
  }
  for (const i of column) (items[i] as Item).y -= (y - rowGap) / 2;
}

// arrange moves each item of a column towards the middle of its neighbours on one side, in the
// order of those middles, and keeps them apart.
function arrange(column: number[], items: Item[], side: "before" | "after", settle: boolean): void {
  const want = new Map<number, number>();
  for (const i of column) {
    const item = items[i] as Item;
    let sum = 0, weight = 0;
    const sides = settle ? [...item.before, ...item.after] : item[side];
    for (const n of sides) {
      sum += (items[n.item] as Item).y * n.weight;
      weight += n.weight;
    }
    want.set(i, weight === 0 ? item.y : sum / weight);
  }
  column.sort((a, b) => (want.get(a) ?? 0) - (want.get(b) ?? 0) || (items[a] as Item).order - (items[b] as Item).order);
  // Blocks of items that would overlap share one shift: the mean of their wishes.
  const blocks: { items: number[]; wish: number; size: number; top: number }[] = [];
  for (const i of column) {
    const item = items[i] as Item;
    let block = { items: [i], wish: (want.get(i) ?? 0), size: item.height, top: (want.get(i) ?? 0) - item.height / 2 };
    for (let last = blocks[blocks.length - 1]; last !== undefined && last.top + last.size + rowGap > block.top; last = blocks[blocks.length - 1]) {
      blocks.pop();
      block = join(last, block, items, want);
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let y = block.top;
    for (const i of block.items) {
      const item = items[i] as Item;
      item.y = y + item.height / 2;
      y += item.height + rowGap;
    }
  }
}

function join(a: { items: number[] }, b: { items: number[] }, items: Item[], want: Map<number, number>): { items: number[]; wish: number; size: number; top: number } {
  const all = [...a.items, ...b.items];
  let offset = 0, sum = 0;
  for (const i of all) {
    const h = (items[i] as Item).height;
    sum += (want.get(i) ?? 0) - (offset + h / 2);
    offset += h + rowGap;
  }
  const top = sum / all.length;
  return { items: all, wish: 0, size: offset - rowGap, top };
}
