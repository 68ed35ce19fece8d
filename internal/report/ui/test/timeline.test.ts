import assert from "node:assert/strict";
import test from "node:test";
import type { Day } from "../src/data";
import { bins, ceiling, type Bin } from "../src/timeline";

const on = (day: number, amount: bigint, category = 0): Day => ({ day, asset: 0, category, transfers: 1, tainted: [amount, 0n] });
const bars = (rows: Day[], policy = 0): Bin[] => bins(rows, policy).slots.filter((s): s is Bin => "parts" in s);

test("bars sum what arrived, by day and category", () => {
  const found = bars([on(10, 5n), on(10, 7n), on(10, 1n, 2), on(12, 3n)]);
  assert.deepEqual(found.map((b) => b.total), [13n, 0n, 3n]);
  assert.equal(found[0]?.parts.get(0)?.amount, 12n);
});

test("the theft, and what a policy gives nothing, has no bar", () => {
  assert.equal(bins([on(1, 100n, -1)], 0).slots.length, 0);
  assert.equal(bins([on(1, 100n)], 1).slots.length, 0);
});

test("a late trickle is set off by a break, not stretched", () => {
  const { size, slots } = bins([on(100, 5n), on(101, 5n), on(463, 1n)], 0);
  assert.equal(size, 1);
  assert.deepEqual(slots.map((s) => ("parts" in s ? s.total : `${s.empty} empty`)), [5n, 5n, "361 empty", 1n]);
});

test("years of daily payments fit, and lose nothing", () => {
  const rows = Array.from({ length: 3000 }, (_, i) => on(15000 + i, 2n));
  const { slots } = bins(rows, 0);
  assert.ok(slots.length <= 120, `${slots.length} bars`);
  assert.equal(bars(rows).reduce((s, b) => s + b.total, 0n), 6000n);
});

test("an axis ends at a round number that is not below the highest bar", () => {
  assert.deepEqual([1n, 2n, 3n, 5n, 6n, 99n, 445n, 10n ** 22n, 10n ** 22n + 1n].map(ceiling), [1n, 2n, 5n, 5n, 10n, 100n, 500n, 10n ** 22n, 2n * 10n ** 22n]);
});
