import { count } from "./amount";
import { cite, type Hop } from "./data";
import { byID, copyButton, h, signButton, utc } from "./dom";
import { pair } from "./detail";
import { noFilter, type State } from "./state";

const perPage = 50;

// matches reports whether a record passes the filter. text is in lower case.
export function matches(state: State, r: Hop): boolean {
  const f = state.filter;
  if (!f.touched && r.touched) return false;
  if (f.kind !== "" && r.kind !== f.kind) return false;
  if (r.time < f.from || r.time >= f.until) return false;
  if (f.edges !== undefined && !f.edges.has(pair(r.from, r.to, r.asset))) return false;
  const end = state.trace.ends[r.end];
  if (f.category !== "" && state.trace.categories[end?.category ?? -1]?.id !== f.category) return false;
  if (f.text === "") return true;
  const from = state.trace.addresses[r.from], to = state.trace.addresses[r.to];
  return [r.tx, from?.address, from?.name, to?.address, to?.name, end?.title].some((s) => s !== undefined && s.toLowerCase().includes(f.text));
}

export class Records {
  private page = 0;
  private found: Hop[] = [];
  private readonly text = byID<HTMLInputElement>("filter");
  private readonly kind = byID<HTMLSelectElement>("filter-kind");
  private readonly end = byID<HTMLSelectElement>("filter-end");
  private readonly touched = byID<HTMLInputElement>("filter-touched");

  constructor(private readonly state: State, private readonly find: (address: string) => void) {
    const kinds = [...new Set(state.trace.hops.map((r) => r.kind))].sort();
    for (const k of kinds) this.kind.append(h("option", { value: k }, k));
    const ends = new Set(state.trace.hops.map((r) => state.trace.ends[r.end]?.category ?? -1));
    for (const [i, c] of state.trace.categories.entries()) if (ends.has(i)) this.end.append(h("option", { value: c.id }, c.name));
    const read = (): void => {
      state.filter = { ...state.filter, text: this.text.value.trim().toLowerCase(), kind: this.kind.value, category: this.end.value, touched: this.touched.checked };
      this.apply();
    };
    this.text.addEventListener("input", read);
    for (const e of [this.kind, this.end, this.touched]) e.addEventListener("change", read);
    byID("filter-clear").addEventListener("click", () => {
      state.filter = { ...noFilter };
      this.show();
    });
    state.when(["records"], () => this.show());
    state.when(["policy"], () => this.draw());
    this.show();
  }

  // show takes a filter that was set elsewhere into the controls.
  private show(): void {
    const f = this.state.filter;
    this.text.value = f.text;
    this.kind.value = f.kind;
    this.end.value = f.category;
    this.touched.checked = f.touched;
    this.apply();
  }

  private apply(): void {
    this.page = 0;
    this.found = this.state.trace.hops.filter((r) => matches(this.state, r));
    this.draw();
  }

  private draw(): void {
    const { state } = this;
    const pages = Math.max(1, Math.ceil(this.found.length / perPage));
    const rows = this.found.slice(this.page * perPage, (this.page + 1) * perPage);
    byID("records-body").replaceChildren(...rows.map((r) => this.row(r)));
    const all = state.trace.hops.length, parts = [];
    parts.push(`${count(this.found.length, "record")} of ${count(all, "record")}${state.filter.what === "" ? "" : `: ${state.filter.what}`}.`);
    if (all < state.trace.hopsInAll) parts.push(`The page holds the ${count(all, "record")} that carried the most; ${count(state.trace.hopsInAll - all, "more record")} are in the CSV and JSON reports, and counted in every sum above.`);
    byID("records-note").textContent = parts.join(" ");
    const button = (label: string, to: number, on: boolean): HTMLButtonElement => {
      const b = h("button", { type: "button", disabled: !on }, label);
      b.addEventListener("click", () => {
        this.page = to;
        this.draw();
        byID("records").scrollIntoView({ block: "start" });
      });
      return b;
    };
    byID("pager").replaceChildren(button("First", 0, this.page > 0), button("Before", this.page - 1, this.page > 0),
      h("span", { "aria-current": "page" }, `Page ${this.page + 1} of ${pages}`), button("Next", this.page + 1, this.page + 1 < pages), button("Last", pages - 1, this.page + 1 < pages));
  }

  private row(r: Hop): HTMLTableRowElement {
    const { state } = this;
    const tainted = r.tainted[state.policy] ?? null;
    const end = state.trace.ends[r.end];
    const kind = h("td", { "data-category": end === undefined ? "" : (state.trace.categories[end.category]?.id ?? "") }, r.kind);
    if (end !== undefined) kind.append(h("div", {}, h("span", { class: "swatch" }), end.title));
    const unit = state.symbol(r.asset);
    return h("tr", { class: r.inferred ? "inferred" : "" },
      h("td", { class: "date" }, utc(r.time), h("div", { class: "quiet" }, `block ${r.block.toLocaleString("en")}`)),
      h("td", {}, this.party("from", r.from), this.party("to", r.to)),
      h("td", { class: "num", title: state.exact(r.amount, r.asset) }, `${state.amount(r.amount, r.asset)} ${unit}`),
      h("td", { class: "num", title: `${state.exact(tainted, r.asset)}; at most ${state.exact(r.possible, r.asset)} by amounts alone${r.possibleWithoutGaps === r.possible ? "" : `, ${state.exact(r.possibleWithoutGaps, r.asset)} without the gaps in the data`}` }, state.amount(tainted, r.asset)),
      kind, h("td", { class: "cite" }, h("code", { class: "hash" }, cite(r)), copyButton(cite(r))));
  }

  private party(side: string, n: number): HTMLElement {
    const a = this.state.trace.addresses[n];
    if (a === undefined) return h("div", { class: "party" }, h("span", { class: "side" }, side), "nobody");
    const show = signButton("graph", `Show ${a.address} in the graph`, () => this.find(a.address));
    return h("div", { class: "party" }, h("span", { class: "side" }, side), h("code", {}, a.address), copyButton(a.address), show,
      a.name === "" ? undefined : h("div", { class: `said ${a.basis}` }, a.name));
  }
}
