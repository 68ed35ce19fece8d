import { count, exact, share } from "./amount";
import type { Day } from "./data";
import { byID, h, svg, title, utcDay } from "./dom";
import type { State } from "./state";

const day = 86400;
const width = 1120, height = 250, left = 92, bottom = 30, top = 14;

export interface Bin { first: number; last: number; parts: Map<number, { amount: bigint; transfers: number }>; total: bigint }
export interface Break { empty: number } // bars left out

export function bindTimeline(state: State): void {
  const draw = (): void => drawTimeline(state);
  state.when(["policy", "asset"], draw);
  draw();
}

const sizes = [1, 7, 30, 365]; // days of a bar
const mostSlots = 84, quiet = 4; // bars; empty bars in a row that are drawn as a break

// bins adds up what reached an end into bars of equal length, as short as fit. A long stretch in
// which nothing arrived is one break, so that a late trickle does not flatten the rest.
export function bins(rows: readonly Day[], policy: number): { size: number; slots: (Bin | Break)[] } {
  const used = rows.filter((d) => d.category >= 0 && (d.tainted[policy] ?? 0n) > 0n);
  for (const size of sizes) {
    const slots = slotsOf(used, policy, size);
    if (slots.length <= mostSlots || size === sizes[sizes.length - 1]) return { size, slots };
  }
  return { size: 1, slots: [] };
}

function slotsOf(used: readonly Day[], policy: number, size: number): (Bin | Break)[] {
  const found = new Map<number, Bin>();
  for (const d of used) {
    const n = Math.floor(d.day / size);
    const bin = found.get(n) ?? { first: n * size, last: n * size + size - 1, parts: new Map(), total: 0n };
    found.set(n, bin);
    const amount = d.tainted[policy] ?? 0n;
    const part = bin.parts.get(d.category) ?? { amount: 0n, transfers: 0 };
    bin.parts.set(d.category, { amount: part.amount + amount, transfers: part.transfers + d.transfers });
    bin.total += amount;
  }
  const out: (Bin | Break)[] = [];
  let before: number | undefined;
  for (const n of [...found.keys()].sort((a, b) => a - b)) {
    const empty = before === undefined ? 0 : n - before - 1;
    if (empty >= quiet) out.push({ empty });
    else for (let e = n - empty; e < n; e++) out.push({ first: e * size, last: e * size + size - 1, parts: new Map(), total: 0n });
    out.push(found.get(n) as Bin);
    before = n;
  }
  return out;
}

// ceiling is the least round number (1, 2 or 5 and noughts) that is not below a, for an axis.
export function ceiling(a: bigint): bigint {
  let unit = 1n;
  for (;;) {
    for (const n of [1n, 2n, 5n]) if (unit * n >= a) return unit * n;
    unit *= 10n;
  }
}

function drawTimeline(state: State): void {
  const target = byID("timeline"), note = byID("timeline-note"), table = byID("timeline-table");
  const rows = state.trace.days.filter((d) => d.asset === state.asset);
  const { size, slots } = bins(rows, state.policy);
  const bars = slots.filter((s): s is Bin => "parts" in s);
  if (bars.length === 0) {
    target.replaceChildren(h("p", { class: "note" }, `No payment ${state.trace.backward ? `took ${state.symbol()} from` : `brought stolen ${state.symbol()} to`} an end under ${state.policyName()}.`));
    note.textContent = "";
    table.replaceChildren();
    return;
  }
  const most = ceiling(bars.reduce((m, b) => (b.total > m ? b.total : m), 1n));
  const totals = new Map<number, bigint>();
  for (const b of bars) for (const [c, p] of b.parts) totals.set(c, (totals.get(c) ?? 0n) + p.amount);
  const order = [...totals.keys()].sort((a, b) => ((totals.get(b) ?? 0n) > (totals.get(a) ?? 0n) ? 1 : -1));
  const span = size === 1 ? "day" : size === 7 ? "week" : size === 30 ? "30-day span" : "year";

  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "timeline", role: "group", "aria-label": `What ${state.trace.backward ? "left" : "reached"} an end, by ${span}. The table below has every bar.` });
  for (const part of [0n, 1n, 2n]) {
    const a = (most * part) / 2n;
    const y = scaleY(a, most);
    picture.append(svg("line", { x1: left, x2: width, y1: y.toFixed(1), y2: y.toFixed(1), class: part === 0n ? "axis" : "rule" }));
    picture.append(svg("text", { x: left - 8, y: (y + 4).toFixed(1), "text-anchor": "end", class: "figure" }, whole(state, a)));
  }
  const step = Math.min(70, (width - left) / slots.length), bar = Math.min(36, Math.max(2, step * 0.76));
  const body = h("tbody");
  let dated = -Infinity; // where the last date stands
  slots.forEach((b, i) => {
    if (!("parts" in b)) {
      const x = left + (i + 0.5) * step;
      const y = height - bottom;
      picture.append(svg("g", { class: "break" }, title(`${count(b.empty, span)} without any`), svg("path", { d: `M${(x - 5).toFixed(1)} ${y + 5}l4 -10M${(x + 1).toFixed(1)} ${y + 5}l4 -10` })));
      return;
    }
    const x = left + i * step + (step - bar) / 2;
    const when = size === 1 ? utcDay(b.first * day) : `${utcDay(b.first * day)} to ${utcDay(b.last * day)}`;
    if (x - dated >= 84) { // a date needs that many pixels
      dated = x;
      picture.append(svg("text", { x: Math.min(width - 34, x + bar / 2).toFixed(1), y: height - 10, "text-anchor": "middle", class: "figure" }, utcDay(b.first * day)));
    }
    if (b.total === 0n) return;
    const words = order.filter((c) => b.parts.has(c)).map((c) => `${state.trace.categories[c]?.name ?? ""} ${state.amount(b.parts.get(c)?.amount)}`);
    const g = svg("g", { class: "bar", tabindex: "0", role: "button", "aria-label": `${when}: ${words.join(", ")} ${state.symbol()}. Show the records.` });
    g.append(title(`${when}\n${words.join("\n")}`), svg("rect", { x: (left + i * step).toFixed(1), y: top, width: step.toFixed(1), height: height - bottom - top, class: "hit" }));
    let sum = 0n;
    for (const c of order) {
      const p = b.parts.get(c);
      if (p === undefined) continue;
      const y1 = scaleY(sum, most), y2 = scaleY(sum + p.amount, most);
      g.append(svg("rect", { x: x.toFixed(1), width: bar.toFixed(1), y: Math.min(y2, y1 - 0.8).toFixed(1), height: Math.max(0.8, y1 - y2).toFixed(1), "data-category": state.trace.categories[c]?.id, class: "part" }));
      sum += p.amount;
      body.append(h("tr", {}, h("th", { scope: "row" }, when), h("td", {}, state.trace.categories[c]?.name ?? ""),
        h("td", { class: "num", title: state.exact(p.amount) }, state.amount(p.amount)), h("td", { class: "num" }, String(p.transfers))));
    }
    const pick = (): void => {
      state.filter = { ...state.filter, from: b.first * day, until: (b.last + 1) * day, edges: undefined, what: `records of ${when}`, touched: false };
      state.changed("records");
      byID("records").scrollIntoView({ block: "start" });
    };
    g.addEventListener("click", pick);
    g.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        pick();
      }
    });
    picture.append(g);
  });
  target.replaceChildren(picture, key(state, order, totals));
  note.textContent = `${state.symbol()} under ${state.policyName()}, by ${span}, as it ${state.trace.backward ? "left" : "reached"} an end: ${count(bars.filter((b) => b.total > 0n).length, "bar")}. Value that never moved on has no bar.${bars.length < slots.length ? " A double stroke on the axis stands for a stretch without any." : ""}`;
  table.replaceChildren(h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "When (UTC)"), h("th", { scope: "col" }, "Category"),
    h("th", { scope: "col", class: "num" }, `${state.symbol()}, ${state.policyName()}`), h("th", { scope: "col", class: "num" }, "Transfers"))), body));
}

function key(state: State, order: number[], totals: Map<number, bigint>): HTMLUListElement {
  const list = h("ul", { class: "key" });
  for (const c of order) {
    list.append(h("li", { "data-category": state.trace.categories[c]?.id }, h("span", { class: "swatch" }), `${state.trace.categories[c]?.name ?? ""} ${state.amount(totals.get(c))}`));
  }
  return list;
}

// whole prints an axis' round number without places that say nothing.
function whole(state: State, a: bigint): string {
  return exact(a, state.trace.assets[state.asset]?.decimals ?? 0);
}

function scaleY(a: bigint, most: bigint): number {
  return height - bottom - share(a, most) * (height - bottom - top);
}
