import { count } from "./amount";
import { byID, h, svg, title } from "./dom";
import { collapse, shorten, type Collapsed, type Flow, type Group } from "./groups";
import { layered, type Point } from "./layout";
import { category, fit, name } from "./sankey";
import type { State } from "./state";
import { Zoom } from "./zoom";

const most = 300; // boxes drawn at once
const boxWidth = 186, boxHeight = 46, margin = 18;
const labelled = 70; // lines that are drawn with their amounts, at most

export class Graph {
  private readonly target = byID("graph-drawing");
  private picture: SVGSVGElement | undefined;
  private zoom: Zoom | undefined;
  private drawn: Collapsed = { groups: [], flows: [], folded: 0 };
  private at: Point[] = [];
  private focus = 0; // the box that the keyboard is on

  constructor(private readonly state: State) {
    state.when(["policy", "asset", "graph"], () => this.draw());
    state.when(["choice"], () => this.mark());
    byID("zoom-in").addEventListener("click", () => this.zoom?.by(1.4));
    byID("zoom-out").addEventListener("click", () => this.zoom?.by(1 / 1.4));
    byID("zoom-fit").addEventListener("click", () => this.zoom?.fit());
    byID("open-all").addEventListener("click", () => {
      state.open = new Set(this.drawn.groups.map((g) => g.key.replace(/\/more$/, "")).concat([...state.open]));
      state.changed("graph");
    });
    byID("close-all").addEventListener("click", () => {
      state.open.clear();
      state.changed("graph");
    });
    const touched = byID<HTMLInputElement>("show-touched");
    touched.checked = state.touched;
    touched.addEventListener("change", () => {
      state.touched = touched.checked;
      state.changed("graph");
    });
    byID("save-svg").addEventListener("click", () => this.save());
    this.draw();
  }

  // draw lays the boxes out anew. Figures never come from the drawing.
  draw(): void {
    const { state } = this;
    this.drawn = collapse(state.trace, { policy: state.policy, asset: state.asset, open: state.open, touched: state.touched, theft: true, most });
    const { groups, flows, folded } = this.drawn;
    if (groups.length === 0) {
      this.target.replaceChildren(h("p", { class: "note" }, `The trace has no address with ${state.symbol()}.`));
      byID("graph-note").textContent = "";
      return;
    }
    const boxes = groups.map((g, i) => ({ width: boxWidth, height: boxHeight, last: g.kind === "end" && !state.trace.backward, order: i }));
    const plan = layered(boxes, flows);
    this.at = plan.boxes.map((p) => ({ x: p.x + margin, y: p.y + margin }));
    const width = plan.width + 2 * margin, height = plan.height + 2 * margin;
    const picture = svg("svg", { class: "net", role: "application", "aria-roledescription": "graph", "aria-label": `Graph of ${count(groups.length, "box")} and ${count(flows.length, "line")}. Arrow keys move between boxes, Enter chooses one, plus opens it. The tables hold the same.` });
    picture.append(svg("defs", {}, ...["head", "head-inferred"].map((id) => svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse", class: id }, svg("path", { d: "M0 0L8 4L0 8z" })))));
    const lines = svg("g", { class: "lines" }), labels = svg("g", { class: "labels" }), cards = svg("g", { class: "cards" });
    picture.append(lines, labels, cards);
    const largest = flows.reduce((m, f) => (f.amount > m ? f.amount : m), 1n);
    const ranked = [...flows.keys()].sort((a, b) => ((flows[b] as Flow).amount > (flows[a] as Flow).amount ? 1 : -1));
    const speaking = new Set(ranked.slice(0, labelled));
    flows.forEach((f, i) => this.line(f, i, plan.lines[i] ?? [], largest, speaking.has(i), lines, labels));
    groups.forEach((g, i) => cards.append(this.card(g, i)));
    this.target.replaceChildren(picture);
    this.picture = picture;
    this.zoom = new Zoom(this.target, picture, width, height);
    this.focus = Math.min(this.focus, groups.length - 1);
    picture.addEventListener("keydown", (event) => this.key(event));
    const parts = [`${count(groups.length, "box")}, ${count(flows.length, "line")}, in ${state.symbol()} under ${state.policyName()}.`];
    if (folded > 0) parts.push(`${count(folded, "address")} stand folded in boxes marked "more" or "smaller groups", because at most ${most} boxes are drawn.`);
    if (state.trace.edges.length < state.trace.edgesInAll) parts.push(`${count(state.trace.edgesInAll - state.trace.edges.length, "smallest connection")} are left out of this page; GraphML has all of them.`);
    byID("graph-note").textContent = parts.join(" ");
    this.mark();
  }

  private line(f: Flow, i: number, route: Point[], largest: bigint, label: boolean, lines: SVGGElement, labels: SVGGElement): void {
    const { state } = this;
    const from = this.at[f.from] as Point, to = this.at[f.to] as Point;
    const ahead = from.x < to.x;
    // A line that leads back runs a little lower, so that it does not lie on the one ahead.
    const lower = boxHeight / 2 + (ahead ? 0 : 13);
    const start = { x: from.x + (ahead ? boxWidth : from.x === to.x ? boxWidth : 0), y: from.y + lower };
    const end = { x: to.x + (ahead ? -2 : boxWidth + 2), y: to.y + lower };
    const middle = route.slice(1, -1).map((p) => ({ x: p.x + margin, y: p.y + margin }));
    const d = curve([start, ...middle, end], from.x === to.x);
    const g = this.drawn.groups;
    const words = `${name(g[f.from] as Group)} to ${name(g[f.to] as Group)}: ${state.exact(f.amount)}, ${count(f.transfers, "transfer")}${f.inferred ? ", inferred" : ""}`;
    const weight = 1 + 5 * Math.cbrt(Number((f.amount * 1000n) / largest) / 1000);
    const group = svg("g", { class: `line${f.inferred ? " inferred" : ""}${f.amount === 0n ? " none" : ""}`, "data-flow": i, "data-category": (g[f.from] as Group).kind === "payer" ? "" : category(state, (g[f.to] as Group).category) });
    group.append(title(words), svg("path", { d, class: "hit" }), svg("path", { d, class: "stroke", "stroke-width": weight.toFixed(2), "marker-end": f.inferred ? "url(#head-inferred)" : "url(#head)" }));
    group.addEventListener("click", () => this.choose(f));
    lines.append(group);
    if (!label || f.amount === 0n) return;
    const mid = middle.length > 0 ? (middle[Math.floor(middle.length / 2)] as Point) : { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
    labels.append(svg("text", { x: mid.x.toFixed(1), y: (mid.y + (ahead ? -4 : 11)).toFixed(1), "text-anchor": "middle" }, state.amount(f.amount)));
  }

  private card(g: Group, i: number): SVGGElement {
    const { state } = this;
    const p = this.at[i] as Point;
    const through = this.through(i);
    const n = g.members.length;
    const canOpen = n > 1 && g.kind !== "rest" && !g.key.endsWith("/more");
    const key = g.key.replace(/\/more$/, "");
    const isOpen = state.open.has(key) && g.kind !== "rest" && g.of > 1;
    const words = `${name(g)}${g.key.endsWith("/more") ? ", more of them" : ""}: ${state.amount(through)} ${state.symbol()}${g.category >= 0 ? `, ${g.kind === "end" ? "" : "going to "}${state.trace.categories[g.category]?.name ?? ""}` : ""}${canOpen ? ". Plus opens it" : ""}`;
    const card = svg("g", { class: `card ${g.kind} ${g.basis}`, transform: `translate(${p.x.toFixed(1)} ${p.y.toFixed(1)})`, tabindex: i === this.focus ? "0" : "-1", role: "button", "aria-label": words, "data-box": i, "data-category": category(state, g.category) });
    card.append(title(words));
    if (n > 1) card.append(svg("rect", { x: 4, y: 4, width: boxWidth, height: boxHeight, rx: 6, class: "under" }));
    card.append(svg("rect", { width: boxWidth, height: boxHeight, rx: 6, class: "face" }), svg("rect", { width: 5, height: boxHeight - 12, x: 0, y: 6, class: "stripe" }));
    const single = n === 1 ? state.trace.addresses[g.members[0] ?? -1] : undefined;
    const bare = single !== undefined && g.title === shorten(single.address);
    const top = name(g);
    card.append(svg("text", { x: 14, y: 19, class: bare ? "name mono" : "name" }, fit(top, boxWidth - 22 - (canOpen || isOpen ? 26 : 0), "600 12.5px")));
    let sub = `${state.amount(through)} ${state.symbol()}`;
    if (single !== undefined && !bare) sub += ` · ${single.address.slice(0, 8)}…`;
    else if (n > 1 && g.kind === "end") sub += ` · ${count(n, "address")}`;
    card.append(svg("text", { x: 14, y: 36, class: "figure" }, fit(sub, boxWidth - 22 - (g.basis === "" ? 0 : 16), "11.5px")));
    if (g.basis !== "") card.append(g.basis === "claim" ? svg("circle", { cx: boxWidth - 12, cy: boxHeight - 13, r: 4, class: "sign claim" }) : svg("path", { d: `M${boxWidth - 12} ${boxHeight - 18}l5 5l-5 5l-5 -5z`, class: "sign inference" }));
    if (canOpen || isOpen) {
      const toggle = svg("g", { class: "toggle" }, title(canOpen ? `Open: draw its ${n} addresses` : "Close the group"));
      toggle.append(svg("rect", { x: boxWidth - 27, y: 5, width: 21, height: 17, rx: 8.5 }), svg("text", { x: boxWidth - 16.5, y: 17.5, "text-anchor": "middle" }, canOpen ? "+" : "−"));
      toggle.addEventListener("click", (event) => {
        event.stopPropagation();
        this.toggle(i);
      });
      card.append(toggle);
    }
    card.addEventListener("click", () => this.chooseBox(i));
    card.addEventListener("dblclick", () => this.toggle(i));
    return card;
  }

  private through(i: number): bigint {
    let into = 0n, out = 0n;
    for (const f of this.drawn.flows) {
      if (f.to === i) into += f.amount;
      if (f.from === i) out += f.amount;
    }
    return into > out ? into : out;
  }

  private toggle(i: number): void {
    const g = this.drawn.groups[i];
    if (g === undefined || g.kind === "rest") return;
    const key = g.key.replace(/\/more$/, "");
    const address = g.members[0];
    if (this.state.open.has(key)) this.state.open.delete(key);
    else if (g.members.length > 1) this.state.open.add(key);
    else return;
    this.state.changed("graph");
    if (address !== undefined) this.show(address, false);
  }

  private chooseBox(i: number): void {
    const g = this.drawn.groups[i];
    if (g === undefined) return;
    this.focus = i;
    const edges = this.drawn.flows.filter((f) => f.from === i || f.to === i).flatMap((f) => f.edges);
    this.state.choice = { kind: "group", title: name(g), members: g.members, key: g.key, edges };
    this.state.changed("choice");
  }

  private choose(f: Flow): void {
    const g = this.drawn.groups;
    this.state.choice = { kind: "flow", title: `${name(g[f.from] as Group)} to ${name(g[f.to] as Group)}`, edges: f.edges };
    this.state.changed("choice");
  }

  // mark shows what is chosen.
  private mark(): void {
    const choice = this.state.choice;
    const chosen = new Set(choice?.edges ?? []);
    this.drawn.flows.forEach((f, i) => {
      this.picture?.querySelector(`[data-flow="${i}"]`)?.classList.toggle("on", chosen.size > 0 && f.edges.some((e) => chosen.has(e)));
    });
    this.drawn.groups.forEach((g, i) => {
      const card = this.picture?.querySelector(`[data-box="${i}"]`);
      const on = choice?.kind === "group" && choice.key === g.key && choice.members[0] === g.members[0];
      card?.classList.toggle("on", on);
      card?.setAttribute("tabindex", i === this.focus ? "0" : "-1");
    });
  }

  // show opens the group of an address, chooses the address and brings it into view. It reports
  // whether the address is drawn.
  show(address: number, open = true): boolean {
    let i = this.drawn.groups.findIndex((g) => g.members.includes(address));
    const g = this.drawn.groups[i];
    if (g === undefined) return false;
    if (open && g.members.length > 1 && g.kind !== "rest" && !g.key.endsWith("/more")) {
      this.state.open.add(g.key);
      this.state.changed("graph");
      i = this.drawn.groups.findIndex((g) => g.members.includes(address));
    }
    this.chooseBox(i);
    const p = this.at[i];
    const panel = byID("detail");
    const covered = getComputedStyle(panel).position === "absolute" ? panel.offsetWidth : 0;
    if (p !== undefined) this.zoom?.center(p.x + boxWidth / 2, p.y + boxHeight / 2, covered);
    return true;
  }

  // key moves between boxes with the arrow keys, to the nearest in that direction.
  private key(event: KeyboardEvent): void {
    const now = this.at[this.focus];
    if (now === undefined) return;
    const way: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const d = way[event.key];
    if (d !== undefined) {
      let best = -1, least = Infinity;
      this.at.forEach((p, i) => {
        const along = (p.x - now.x) * d[0] + (p.y - now.y) * d[1];
        const across = Math.abs((p.x - now.x) * d[1]) + Math.abs((p.y - now.y) * d[0]);
        const cost = along + 2 * across;
        if (i !== this.focus && along > 1 && cost < least) {
          least = cost;
          best = i;
        }
      });
      if (best >= 0) this.move(best);
    } else if (event.key === "Enter" || event.key === " ") {
      this.chooseBox(this.focus);
      byID("detail").focus({ preventScroll: true });
    } else if (event.key === "+" || event.key === "-") {
      this.toggle(this.focus);
      this.move(this.focus);
    } else {
      return;
    }
    event.preventDefault();
  }

  private move(i: number): void {
    this.focus = Math.min(i, this.at.length - 1);
    this.mark();
    const card = this.picture?.querySelector<SVGGElement>(`[data-box="${this.focus}"]`);
    card?.focus({ preventScroll: true });
    const p = this.at[this.focus];
    if (p !== undefined) this.zoom?.reveal(p.x + boxWidth / 2, p.y + boxHeight / 2);
  }

  // save writes the drawing as a file of its own, with the styles it has on the page.
  private save(): void {
    if (this.picture === undefined) return;
    const copy = this.picture.cloneNode(true) as SVGSVGElement;
    const originals = [this.picture, ...this.picture.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
    originals.forEach((element, i) => {
      const style = getComputedStyle(element);
      copies[i]?.removeAttribute("style");
      for (const property of ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "font-family", "font-size", "font-weight", "paint-order"]) {
        copies[i]?.setAttribute(property, style.getPropertyValue(property));
      }
    });
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    const url = URL.createObjectURL(new Blob([new XMLSerializer().serializeToString(copy)], { type: "image/svg+xml" }));
    h("a", { href: url, download: "trace.svg" }).click();
    URL.revokeObjectURL(url);
  }
}

// curve draws through the points with flat ends, as money flows: from left to right.
function curve(points: Point[], side: boolean): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  let d = `M${first.x.toFixed(1)} ${first.y.toFixed(1)}`;
  let last = first;
  for (const p of rest) {
    const reach = side ? 60 : Math.max(24, Math.abs(p.x - last.x) / 2) * (p.x >= last.x ? 1 : -1);
    d += `C${(last.x + reach).toFixed(1)} ${last.y.toFixed(1)} ${(side ? p.x + reach : p.x - reach).toFixed(1)} ${p.y.toFixed(1)} ${p.x.toFixed(1)} ${p.y.toFixed(1)}`;
    last = p;
  }
  return d;
}
