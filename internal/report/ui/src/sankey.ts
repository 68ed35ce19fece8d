import { sankey, sankeyJustify, sankeyLinkHorizontal, type SankeyGraph, type SankeyLink, type SankeyNode } from "d3-sankey";
import { count, share } from "./amount";
import { byID, h, svg, title } from "./dom";
import { acyclic, collapse, residuals, type Flow, type Group } from "./groups";
import type { State } from "./state";

const mostGroups = 36;
const column = 250; // pixels a column is given at least
const row = 46;

interface NodeData { group: Group; box: number; layer?: number }
interface LinkData { flow: Flow }
type Node = SankeyNode<NodeData, LinkData>;
type Link = SankeyLink<NodeData, LinkData>;

export function bindSankey(state: State, choose: (flow: Flow, groups: Group[]) => void): void {
  const draw = (): void => drawSankey(state, choose);
  state.when(["policy", "asset"], draw);
  draw();
}

function drawSankey(state: State, choose: (flow: Flow, groups: Group[]) => void): void {
  const { trace } = state;
  const c = collapse(trace, { policy: state.policy, asset: state.asset, open: new Set(), touched: false, theft: false, most: mostGroups });
  const more = residuals(trace, c, state.policy, state.asset);
  const groups = [...c.groups, ...more.groups];
  const joined = join([...c.flows, ...more.flows]).filter((f) => f.amount > 0n);
  const { ahead, back } = acyclic(joined, groups.length);
  const target = byID("sankey"), note = byID("sankey-note"), table = byID("sankey-table");
  table.replaceChildren(flowTable(state, groups, joined));
  if (ahead.length === 0) {
    target.replaceChildren(h("p", { class: "note" }, `No payment carries ${state.symbol()} of the trace under ${state.policyName()}.`));
    note.textContent = "";
    return;
  }
  let most = 1n;
  for (const f of ahead) if (f.amount > most) most = f.amount;

  const used = new Set<number>();
  for (const f of ahead) used.add(f.from).add(f.to);
  const nodes: NodeData[] = groups.map((group, box) => ({ group, box })).filter((n) => used.has(n.box));
  const at = new Map(nodes.map((n, i) => [n.box, i]));
  const links = ahead.map((flow) => ({ source: at.get(flow.from) ?? 0, target: at.get(flow.to) ?? 0, value: Math.max(share(flow.amount, most), 1e-6), flow }));
  const layout = (width: number, height: number): SankeyGraph<NodeData, LinkData> => sankey<NodeData, LinkData>()
    .nodeWidth(10).nodePadding(26).nodeAlign(sankeyJustify).extent([[1, 26], [width - 1, height - 16]])({
      nodes: nodes.map((n) => ({ ...n })), links: links.map((l) => ({ ...l })),
    });
  const trial = layout(1000, 400);
  const depth = Math.max(...trial.nodes.map((n) => n.depth ?? 0)) + 1;
  const tallest = Math.max(...Array.from({ length: depth }, (_, d) => trial.nodes.filter((n) => n.layer === d).length));
  const width = Math.max(1120, depth * column), height = Math.max(300, tallest * row + 150);
  const graph = layout(width, height);

  const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "sankey", role: "img", "aria-label": describe(state, groups, ahead) });
  const path = sankeyLinkHorizontal<NodeData, LinkData>();
  const layer = svg("g", { class: "links" });
  for (const link of graph.links as Link[]) {
    const from = link.source as Node, to = link.target as Node;
    const text = `${name(from.group)} to ${name(to.group)}: ${state.exact(link.flow.amount)}, ${count(link.flow.transfers, "transfer")}${link.flow.inferred ? ", inferred" : ""}`;
    const band = svg("path", { d: path(link) ?? "", "stroke-width": Math.max(1, link.width ?? 1).toFixed(1), class: link.flow.inferred ? "band inferred" : "band", "data-category": category(state, bandOf(from.group, to.group)) }, title(text));
    band.addEventListener("click", () => choose(link.flow, groups));
    layer.append(band);
  }
  picture.append(layer);
  for (const node of graph.nodes as Node[]) {
    const { x0 = 0, x1 = 0, y0 = 0, y1 = 0 } = node;
    const last = (node.layer ?? 0) === depth - 1 && depth > 1;
    const total = sumOf(node, trace.backward);
    const g = svg("g", { class: "stop", "data-category": node.group.kind === "end" || (node.group.kind !== "source" && ((trace.backward ? node.targetLinks : node.sourceLinks) ?? []).length === 0) ? category(state, node.group.category) : "" });
    g.append(title(`${name(node.group)}: ${state.exact(total)}`));
    g.append(svg("rect", { x: x0.toFixed(1), y: y0.toFixed(1), width: (x1 - x0).toFixed(1), height: Math.max(2, y1 - y0).toFixed(1), rx: 1.5 }));
    const x = last ? x0 - 8 : x1 + 8, y = (y0 + y1) / 2;
    const anchor = last ? "end" : "start";
    const room = width / depth - 34;
    g.append(svg("text", { x: x.toFixed(1), y: (y - 3).toFixed(1), "text-anchor": anchor, class: "name" }, fit(name(node.group), room, "600 12.5px")));
    g.append(svg("text", { x: x.toFixed(1), y: (y + 12).toFixed(1), "text-anchor": anchor, class: "figure" }, `${state.amount(total)} ${state.symbol()}`));
    picture.append(g);
  }
  target.replaceChildren(picture);
  const parts = [`${state.symbol()} under ${state.policyName()}.`];
  if (back.length > 0) parts.push(`${count(back.length, "flow")} that ${back.length === 1 ? "leads" : "lead"} back (${state.amount(back.reduce((s, f) => s + f.amount, 0n))} ${state.symbol()} in all) ${back.length === 1 ? "is" : "are"} left out of the drawing and ${back.length === 1 ? "stands" : "stand"} in the table.`);
  if (joined.some((f) => f.inferred)) parts.push("Hatched bands are inferred.");
  note.textContent = parts.join(" ");
}

// join adds up the flows between two groups: a band is not split by its ground, but says it.
function join(flows: Flow[]): Flow[] {
  const out = new Map<string, Flow>();
  for (const f of flows) {
    const key = `${f.from}>${f.to}`;
    const known = out.get(key);
    if (known === undefined) out.set(key, { ...f, edges: [...f.edges] });
    else {
      known.amount += f.amount;
      known.transfers += f.transfers;
      known.inferred = known.inferred || f.inferred;
      known.edges.push(...f.edges);
    }
  }
  return [...out.values()];
}

function sumOf(node: Node, backward: boolean): bigint {
  const add = (links: Link[] | undefined): bigint => (links ?? []).reduce((s, l) => s + l.flow.amount, 0n);
  const into = add(node.targetLinks), out = add(node.sourceLinks);
  return backward ? (out > into ? out : into) : into > out ? into : out;
}

function bandOf(from: Group, to: Group): number {
  return to.category >= 0 ? to.category : from.category;
}

export function category(state: State, n: number): string {
  return state.trace.categories[n]?.id ?? "";
}

// name is what a group is called: "48 addresses" on their way, or who they are.
export function name(g: Group): string {
  const n = g.members.length;
  return n <= 1 ? g.title : g.title === "addresses" ? count(n, "address") : g.kind === "end" ? g.title : `${n} × ${g.title}`;
}

let pen: CanvasRenderingContext2D | null | undefined;

// fit cuts a label to a width in pixels, measured in the page's own letters.
export function fit(text: string, room: number, font: string): string {
  pen ??= document.createElement("canvas").getContext("2d");
  if (pen === null) return text;
  pen.font = `${font} ${getComputedStyle(document.body).fontFamily}`;
  if (pen.measureText(text).width <= room) return text;
  const letters = [...text];
  while (letters.length > 1 && pen.measureText(`${letters.join("")}…`).width > room) letters.pop();
  return `${letters.join("").trimEnd()}…`;
}

function describe(state: State, groups: Group[], flows: Flow[]): string {
  const largest = flows.slice(0, 8).map((f) => `${name(groups[f.from] as Group)} to ${name(groups[f.to] as Group)} ${state.amount(f.amount)}`);
  return `Flow of ${state.symbol()} under ${state.policyName()}. The largest bands: ${largest.join("; ")}. The table below has every band.`;
}

function flowTable(state: State, groups: Group[], flows: Flow[]): HTMLTableElement {
  const body = h("tbody");
  for (const f of [...flows].sort((a, b) => (a.amount === b.amount ? 0 : a.amount > b.amount ? -1 : 1))) {
    body.append(h("tr", {}, h("th", { scope: "row" }, name(groups[f.from] as Group)), h("td", {}, name(groups[f.to] as Group)),
      h("td", { class: "num", title: state.exact(f.amount) }, state.amount(f.amount)), h("td", { class: "num" }, f.transfers === 0 ? "" : String(f.transfers)),
      h("td", {}, f.transfers === 0 ? "left behind" : f.inferred ? "inferred" : "ledger")));
  }
  return h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "From"), h("th", { scope: "col" }, "To"),
    h("th", { scope: "col", class: "num" }, `${state.symbol()}, ${state.policyName()}`), h("th", { scope: "col", class: "num" }, "Transfers"), h("th", { scope: "col" }, "Ground"))), body);
}
