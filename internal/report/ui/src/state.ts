// What the reader has chosen, and who must be told.
import type { Trace } from "./data";
import { coins, exact } from "./amount";

export type Choice =
  | { kind: "group"; title: string; members: number[]; key: string; edges: number[] }
  | { kind: "flow"; title: string; edges: number[] }
  | undefined;

type Change = "policy" | "asset" | "choice" | "graph" | "records";

export interface RecordFilter { text: string; kind: string; category: string; touched: boolean; from: number; until: number; edges: ReadonlySet<string> | undefined; what: string }

export const noFilter: RecordFilter = { text: "", kind: "", category: "", touched: false, from: -Infinity, until: Infinity, edges: undefined, what: "" };

export class State {
  policy: number;
  asset = 0;
  open = new Set<string>();
  touched = false;
  choice: Choice = undefined;
  filter: RecordFilter = { ...noFilter };
  private readonly listeners: { on: Change[]; run: () => void }[] = [];

  constructor(readonly trace: Trace) {
    this.policy = trace.headline;
  }

  when(on: Change[], run: () => void): void {
    this.listeners.push({ on, run });
  }

  changed(what: Change): void {
    for (const l of this.listeners) if (l.on.includes(what)) l.run();
  }

  amount(a: bigint | null | undefined, asset = this.asset): string {
    const of = this.trace.assets[asset];
    if (a === null || a === undefined || of === undefined) return "n/a";
    return coins(a, of.decimals, of.places);
  }

  exact(a: bigint | null | undefined, asset = this.asset): string {
    const of = this.trace.assets[asset];
    if (a === null || a === undefined || of === undefined) return "not defined on this chain";
    return `${exact(a, of.decimals)} ${of.symbol}`;
  }

  symbol(asset = this.asset): string {
    return this.trace.assets[asset]?.symbol ?? "";
  }

  policyName(): string {
    return this.trace.policies[this.policy] ?? "";
  }
}
