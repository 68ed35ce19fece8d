import { decode, type RawTrace } from "./data";
import { bindDetail } from "./detail";
import { byID } from "./dom";
import { Graph } from "./graph";
import { name } from "./sankey";
import { Records } from "./records";
import { bindSankey } from "./sankey";
import { State } from "./state";
import { addressTools, bindControls, bindTables } from "./tables";
import { bindTimeline } from "./timeline";

const state = new State(decode(JSON.parse(byID("trace-data").textContent ?? "") as RawTrace));
bindControls(state);
bindTables(state);
document.body.classList.add("with-script");

bindSankey(state, (flow, groups) => {
  const from = groups[flow.from], to = groups[flow.to];
  if (from === undefined || to === undefined) return;
  state.choice = { kind: "flow", title: `${name(from)} to ${name(to)}`, edges: flow.edges };
  state.changed("choice");
  byID("graph").scrollIntoView({ block: "start" });
});
bindTimeline(state);
bindDetail(state, (n) => show(n));
const graph = new Graph(state);

// show brings an address up in the graph, in the asset it has records in.
function show(n: number): void {
  const a = state.trace.addresses[n];
  if (a === undefined) return;
  const asset = state.trace.edges.find((e) => (e.from === n || e.to === n) && !e.touched)?.asset ?? state.asset;
  if (asset !== state.asset && !state.trace.edges.some((e) => (e.from === n || e.to === n) && e.asset === state.asset)) {
    state.asset = asset;
    byID<HTMLSelectElement>("asset").value = String(asset);
    state.open.clear();
    state.changed("asset");
  }
  const note = byID("find-note");
  if (graph.show(n)) {
    note.textContent = `Shown: ${a.address}${a.name === "" ? "" : `, ${a.name}`}.`;
  } else {
    note.textContent = `${a.address} is in the trace, but not in the drawing: only fees, dust or another policy reach it.`;
  }
}

function findAddress(address: string): void {
  const n = state.trace.addresses.findIndex((a) => a.address === address);
  if (n >= 0) show(n);
  byID("graph").scrollIntoView({ block: "start" });
}

addressTools(document, findAddress);
new Records(state, findAddress);

const find = byID<HTMLInputElement>("find");
find.addEventListener("change", () => {
  const text = find.value.trim().toLowerCase();
  const note = byID("find-note");
  if (text === "") {
    note.textContent = "";
    return;
  }
  const hits = state.trace.addresses.map((a, i) => ({ a, i })).filter(({ a }) => a.address.toLowerCase().includes(text) || a.name.toLowerCase().includes(text) || a.actor.toLowerCase().includes(text));
  const first = hits[0];
  if (first === undefined) {
    note.textContent = "No address of this trace has that. Not in the trace is not the same as clean.";
    return;
  }
  show(first.i);
  if (hits.length > 1) note.textContent += ` ${hits.length - 1} more match; write more of it to tell them apart.`;
});
