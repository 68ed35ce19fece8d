// The tables that stand in the markup: the policy's figures, sorting, copying.
import type { State } from "./state";
import { share as part } from "./amount";
import { byID, copyButton, h, signButton, svg, title } from "./dom";

export function bindTables(state: State): void {
  const fill = (): void => {
    for (const cell of document.querySelectorAll<HTMLElement>("[data-end], [data-total]")) {
      const end = cell.dataset.end !== undefined ? state.trace.ends[Number(cell.dataset.end)] : state.trace.totals[Number(cell.dataset.total)];
      if (end === undefined) continue;
      const a = end.amount[state.policy] ?? null;
      cell.textContent = state.amount(a, end.asset);
      cell.title = state.exact(a, end.asset);
    }
    for (const row of document.querySelectorAll<HTMLElement>(".cards[data-asset]")) share(state, row);
    for (const name of document.querySelectorAll(".policy-name")) name.textContent = state.policyName();
    for (const tick of document.querySelectorAll<SVGElement>(".tick")) tick.classList.toggle("on", tick.dataset.policy === String(state.policy));
    document.body.classList.toggle("other-policy", state.policy !== state.trace.headline);
  };
  state.when(["policy"], fill);
  for (const row of document.querySelectorAll<HTMLElement>(".cards[data-asset]")) share(state, row);
  for (const body of document.querySelectorAll<HTMLTableSectionElement>("table.ends tbody, table.step tbody, #said tbody, #missing tbody")) fold(body);
  for (const head of document.querySelectorAll<HTMLElement>("table.ends th[data-sort]")) sortable(state, head);
  for (const pre of document.querySelectorAll<HTMLElement>("pre[data-copy]")) pre.append(copyButton(pre.dataset.copy ?? ""));
  for (const code of document.querySelectorAll<HTMLElement>("code.hash[data-copy]")) code.after(copyButton(code.dataset.copy ?? ""));
  for (const item of document.querySelectorAll<HTMLElement>(".steps > li")) stepText(item);
}

// share draws, above an asset's cards, how its value divides among the categories. The cards say
// the same in figures, so it is hidden from readers that do not see it.
function share(state: State, cards: HTMLElement): void {
  const asset = Number(cards.dataset.asset);
  const parts = state.trace.totals.filter((e) => e.asset === asset && (e.amount[state.policy] ?? 0n) > 0n);
  const whole = parts.reduce((s, e) => s + (e.amount[state.policy] ?? 0n), 0n);
  const picture = svg("svg", { class: "share", viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" });
  let x = 0;
  for (const e of parts) {
    const width = part(e.amount[state.policy] ?? 0n, whole) * 1000;
    picture.append(svg("rect", { x: x.toFixed(2), y: 0, width: width.toFixed(2), height: 10, "data-category": state.trace.categories[e.category]?.id }, title(`${state.trace.categories[e.category]?.name ?? ""}: ${state.exact(e.amount[state.policy], asset)}`)));
    x += width;
  }
  if (cards.previousElementSibling?.classList.contains("share")) cards.previousElementSibling.remove();
  cards.before(picture);
}

// addressTools puts a copy button, and a button that finds it in the graph, after each address.
export function addressTools(root: ParentNode, find: (address: string) => void): void {
  for (const span of root.querySelectorAll<HTMLElement>("span.addr")) {
    const address = span.dataset.address ?? "";
    const code = span.querySelector("code");
    if (address === "" || code === null || span.querySelector("button") !== null) continue;
    const show = signButton("graph", `Show ${address} in the graph`, () => find(address));
    code.after(copyButton(address), show);
  }
}

const shown = 8, foldable = 11;

// fold hides the rows of a long table but the first, behind a button. Print has them all.
function fold(body: HTMLTableSectionElement): void {
  if (body.classList.contains("unfolded")) return;
  body.querySelector("tr.unfold")?.remove();
  const rows = [...body.querySelectorAll("tr:not(.total)")];
  if (rows.length < foldable) return;
  rows.forEach((row, i) => row.classList.toggle("folded", i >= shown));
  const columns = body.closest("table")?.tHead?.rows[0]?.cells.length ?? 1;
  const button = h("button", { type: "button" }, `Show ${rows.length - shown} more`);
  button.addEventListener("click", () => {
    body.classList.add("unfolded");
    body.querySelector("tr.unfold")?.remove();
    for (const row of rows) row.classList.remove("folded");
  });
  body.append(h("tr", { class: "unfold" }, h("td", { colspan: columns }, button)));
}

// sortable lets a heading sort the ends within their categories, and the categories.
function sortable(state: State, head: HTMLElement): void {
  const table = head.closest("table");
  if (table === null) return;
  const by = head.dataset.sort ?? "";
  // No button element: browsers leave those out of a heading that print repeats on each page.
  const button = h("span", { role: "button", tabindex: "0", class: "sort" });
  button.append(...head.childNodes);
  head.append(button);
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    button.click();
  });
  button.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const sign = down ? -1 : 1;
    const compare = (a: Element | null, b: Element | null): number => sign * order(state, by, a, b);
    const bodies = [...table.tBodies].sort((a, b) => compare(a.querySelector("tr.total"), b.querySelector("tr.total")));
    for (const body of bodies) {
      const rows = [...body.querySelectorAll("tr:not(.total):not(.unfold)")].sort(compare);
      body.append(...rows);
      fold(body);
      table.append(body);
    }
  });
}

function order(state: State, by: string, a: Element | null, b: Element | null): number {
  if (a === null || b === null) return 0;
  const x = key(state, by, a), y = key(state, by, b);
  if (typeof x === "bigint" && typeof y === "bigint") return x < y ? -1 : x > y ? 1 : 0;
  return String(x).localeCompare(String(y), "en");
}

function key(state: State, by: string, row: Element): bigint | string {
  const cell = row.querySelector<HTMLElement>("[data-end], [data-total]");
  const end = cell?.dataset.end !== undefined ? state.trace.ends[Number(cell.dataset.end)] : state.trace.totals[Number(cell?.dataset.total)];
  switch (by) {
    case "amount": return end?.amount[state.policy] ?? -1n;
    case "least": return end?.atLeast ?? 0n;
    case "most": return end?.atMost ?? 0n;
    case "transfers": return BigInt(row.querySelector<HTMLElement>("[data-count]")?.dataset.count ?? "0");
    case "first": return row.querySelectorAll("time")[0]?.dateTime ?? "";

  }
  return row.children[0]?.textContent ?? "";
}

// stepText lets a step be copied whole, for a message to whoever is asked.
function stepText(item: HTMLElement): void {
  const heading = item.querySelector("h3");
  if (heading === null) return;
  const lines = [heading.textContent ?? "", item.querySelector("p")?.textContent ?? ""];
  for (const row of item.querySelectorAll("tbody tr")) {
    const cells = [...row.children];
    const address = row.querySelector<HTMLElement>("span.addr")?.dataset.address ?? "";
    lines.push("", [address, cells[1]?.textContent ?? "", cells[2]?.textContent ? `${cells[2].textContent} transfers` : ""].filter((s) => s !== "").join("  "));
    const said = row.querySelector(".said")?.textContent;
    if (said) lines.push(`  ${said}`);
    for (const record of cells[3]?.children ?? []) {
      lines.push(`  ${record.querySelector(".date")?.textContent ?? ""}  ${record.querySelector("code")?.textContent ?? ""}`);
    }
  }
  heading.append(" ", copyButton(lines.join("\n"), "Copy this step as text"));
}

// bindControls connects the bar at the top of the page.
export function bindControls(state: State): void {
  const radios = [...document.querySelectorAll<HTMLInputElement>("input[name=policy]")];
  for (const radio of radios) {
    radio.addEventListener("change", () => {
      if (!radio.checked) return;
      state.policy = Number(radio.value);
      byID("policy-means").textContent = radio.nextElementSibling?.getAttribute("title") ?? "";
      state.changed("policy");
    });
  }
  const asset = byID<HTMLSelectElement>("asset");
  asset.addEventListener("change", () => {
    state.asset = Number(asset.value);
    state.open.clear();
    state.choice = undefined;
    state.changed("asset");
  });
  // A browser may restore the controls of an earlier visit; the page starts from its own.
  for (const radio of radios) radio.checked = Number(radio.value) === state.policy;
  asset.value = String(state.asset);

  const theme = byID<HTMLButtonElement>("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = (): boolean => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";
  const say = (): void => {
    theme.textContent = dark() ? "Light" : "Dark";
    theme.setAttribute("aria-pressed", String(dark()));
  };
  theme.addEventListener("click", () => {
    document.documentElement.dataset.theme = dark() ? "light" : "dark";
    say();
  });
  system.addEventListener("change", say);
  say();
}
