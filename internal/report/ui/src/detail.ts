import { count } from "./amount";
import { cite, type Address, type Edge, type Hop } from "./data";
import { byID, copyButton, daySpan, h, mark, signButton, utc } from "./dom";
import type { State } from "./state";

const mostRecords = 20, mostMembers = 60;

// bindDetail shows what is chosen in the graph: who it is and who says so, and its ledger records.
export function bindDetail(state: State, find: (address: number) => void): void {
  const panel = byID("detail");
  const draw = (): void => {
    panel.hidden = state.choice === undefined;
    panel.replaceChildren(...detail(state, find));
  };
  state.when(["choice", "policy", "asset"], draw);
  panel.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    state.choice = undefined;
    state.changed("choice");
    document.querySelector<SVGElement>('#graph-drawing [tabindex="0"]')?.focus();
  });
  draw();
}

function detail(state: State, find: (address: number) => void): Node[] {
  const choice = state.choice;
  if (choice === undefined) return [];
  const { trace } = state;
  const close = h("button", { type: "button", class: "close", "aria-label": "Close the details" }, "×");
  close.addEventListener("click", () => {
    state.choice = undefined;
    state.changed("choice");
  });
  const out: Node[] = [close, h("h3", {}, choice.title)];
  const members = choice.kind === "group" ? choice.members : [];
  const only = members.length === 1 ? trace.addresses[members[0] as number] : undefined;
  if (only !== undefined) {
    out.push(...who(only, trace.starts.has(members[0] as number)));
  } else if (members.length > 1) {
    const list = h("details", {}, h("summary", {}, count(members.length, "address")));
    for (const m of members.slice(0, mostMembers)) {
      const a = trace.addresses[m] as Address;
      const show = signButton("graph", `Show ${a.address} in the graph`, () => find(m));
      list.append(h("div", { class: "member" }, h("code", {}, a.address), " ", copyButton(a.address), show, a.name === "" ? undefined : h("div", { class: `said ${a.basis}` }, a.name)));
    }
    if (members.length > mostMembers) list.append(h("p", { class: "more" }, `and ${count(members.length - mostMembers, "more address")}`));
    out.push(list);
  }
  const edges = choice.edges.map((i) => trace.edges[i] as Edge);
  const inside = new Set(members);
  if (choice.kind === "group") {
    out.push(sums(state, "Received", edges.filter((e) => inside.has(e.to))), sums(state, "Paid", edges.filter((e) => inside.has(e.from))));
  } else {
    out.push(sums(state, "Flow", edges));
    if (edges.some((e) => e.inferred)) out.push(h("p", { class: "via" }, mark("inference"), "Inferred: a step no ledger joins, or a receiver that only our method ties to the party shown."));
  }
  const pairs = new Set(edges.map((e) => pair(e.from, e.to, e.asset)));
  const records = trace.hops.filter((r) => pairs.has(pair(r.from, r.to, r.asset)) && (state.touched || !r.touched));
  out.push(h("h4", {}, mark("fact"), "Ledger records"), ...records.slice(0, mostRecords).map((r) => record(state, r)));
  const all = h("button", { type: "button" }, records.length > mostRecords ? `All ${count(records.length, "record")} in the table` : "Show in the table");
  all.addEventListener("click", () => {
    state.filter = { ...state.filter, text: "", kind: "", category: "", from: -Infinity, until: Infinity, touched: state.touched, edges: pairs, what: `records of ${choice.title}` };
    state.changed("records");
    byID("records").scrollIntoView({ block: "start" });
  });
  out.push(all);
  return out;
}

export function pair(from: number, to: number, asset: number): string {
  return `${from}>${to}/${asset}`;
}

function who(a: Address, start: boolean): Node[] {
  const out: Node[] = [h("p", { class: "whole" }, h("code", {}, a.address), " ", copyButton(a.address))];
  for (const t of a.tags) {
    out.push(h("p", { class: "said claim" }, mark("claim"), `${t.label || t.actor || ""} [claim ${t.confidence}]`, h("span", { class: "source" }, [t.category, t.role, t.source].filter((s) => s !== undefined && s !== "").join(" · "))));
  }
  for (const f of a.inferences) {
    out.push(h("p", { class: "said inference" }, mark("inference"), `${f.says} [${f.method} ${f.confidence}]`, h("span", { class: "source" }, `rests on ${f.evidence.slice(0, 3).join(", ")}${f.evidence.length > 3 ? `, and ${f.evidence.length - 3} more` : ""}`)));
  }
  if (a.tags.length === 0 && a.inferences.length === 0) out.push(h("p", { class: "note" }, "Nobody says who this is."));
  out.push(h("p", { class: "note" }, `On ${a.chain}, ${start ? "where the trace starts" : a.depth >= 0 ? `${count(a.depth, "step")} from where the trace starts` : "beside the trace"}. History in the data: ${a.coverage || "unstated"}.`));
  return out;
}

function sums(state: State, what: string, edges: Edge[]): HTMLElement {
  if (edges.length === 0) return h("p", { class: "note" }, `${what}: nothing in this drawing.`);
  const tainted = edges.reduce((s, e) => s + (e.tainted[state.policy] ?? 0n), 0n), amount = edges.reduce((s, e) => s + e.amount, 0n);
  const first = Math.min(...edges.map((e) => e.first)), last = Math.max(...edges.map((e) => e.last));
  return h("p", { class: "sums" }, h("b", {}, `${what} `), mark("inference"), h("span", { title: state.exact(tainted) }, `${state.amount(tainted)} ${state.symbol()} ${state.trace.backward ? "traced" : "stolen"}`), " of ", mark("fact"),
    h("span", { title: state.exact(amount) }, `${state.amount(amount)}`), `, ${count(edges.reduce((n, e) => n + e.transfers, 0), "transfer")}, ${daySpan(first, last)}`);
}

function record(state: State, r: Hop): HTMLElement {
  return h("div", { class: "record" }, h("div", {}, h("span", { class: "date" }, utc(r.time)), " ", h("b", { title: state.exact(r.amount, r.asset) }, `${state.amount(r.amount, r.asset)} ${state.symbol(r.asset)}`)),
    h("code", { class: "hash" }, cite(r)), copyButton(cite(r)));
}
