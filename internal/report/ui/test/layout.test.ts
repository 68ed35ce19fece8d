import assert from "node:assert/strict";
import test from "node:test";
import { layered, type Box, type Line } from "../src/layout";

function boxes(n: number, last: number[] = []): Box[] {
  return Array.from({ length: n }, (_, i) => ({ width: 100, height: 40, last: last.includes(i), order: i }));
}

const line = (from: number, to: number, amount = 1n): Line => ({ from, to, amount });

test("lines lead to the right, and ends stand in the last column", () => {
  const plan = layered(boxes(5, [3, 4]), [line(0, 1), line(1, 2), line(2, 3), line(0, 4)]);
  const x = plan.boxes.map((b) => b.x);
  assert.ok((x[0] ?? 0) < (x[1] ?? 0) && (x[1] ?? 0) < (x[2] ?? 0) && (x[2] ?? 0) < (x[3] ?? 0));
  assert.equal(x[3], x[4]);
});

test("no two boxes overlap, and every box is inside the drawing", () => {
  const lines: Line[] = [];
  for (let i = 1; i < 60; i++) lines.push(line(Math.floor((i - 1) / 3), i, BigInt(i * 7919 % 101 + 1)));
  for (let i = 1; i < 50; i++) lines.push(line(i, 59 - (i % 7), 2n));
  const plan = layered(boxes(60), lines);
  plan.boxes.forEach((a, i) => {
    assert.ok(a.x >= 0 && a.y >= -0.001 && a.x + 100 <= plan.width + 0.001 && a.y + 40 <= plan.height + 0.001, `box ${i} at ${a.x},${a.y} of ${plan.width},${plan.height}`);
    plan.boxes.forEach((b, j) => {
      if (i < j) assert.ok(a.x !== b.x || Math.abs(a.y - b.y) >= 39.999, `boxes ${i} and ${j} overlap`);
    });
  });
});

test("the same boxes get the same places", () => {
  const lines = Array.from({ length: 80 }, (_, i) => line((i * 13) % 40, (i * 29 + 5) % 40, BigInt(i)));
  assert.deepEqual(layered(boxes(40), lines), layered(boxes(40), lines));
});

test("a loop and a line to itself are laid out", () => {
  const plan = layered(boxes(3), [line(0, 1, 9n), line(1, 2, 8n), line(2, 0, 7n), line(1, 1)]);
  assert.equal(plan.lines.length, 4);
  for (const p of plan.boxes) assert.ok(Number.isFinite(p.x) && Number.isFinite(p.y));
});

test("300 boxes and 3,000 lines are laid out, every one inside the drawing", () => {
  const lines = Array.from({ length: 3000 }, (_, i) => line((i * 7) % 300, (i * 11 + 1) % 300, BigInt(i % 50)));
  const plan = layered(boxes(300), lines);
  assert.equal(plan.boxes.length, 300);
  for (const p of plan.boxes) assert.ok(p.y >= -0.001 && p.y + 40 <= plan.height + 0.001);
});

test("nothing is laid out as nothing", () => {
  assert.deepEqual(layered([], []), { boxes: [], lines: [], width: 0, height: 0 });
});
