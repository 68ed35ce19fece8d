import assert from "node:assert/strict";
import test from "node:test";
import type { Trace } from "../src/data";
import { acyclic, collapse, destinies, residuals, type CollapseOptions, type Collapsed } from "../src/groups";
import { small } from "./fixture";

const plain: CollapseOptions = { policy: 0, asset: 0, open: new Set(), touched: false, theft: true, most: 300 };

function titles(c: Collapsed): string[] {
  return c.groups.map((g) => `${g.title}${g.members.length > 1 ? ` x${g.members.length}` : ""}`).sort();
}

function flow(c: Collapsed, from: string, to: string): bigint | undefined {
  const at = (name: string): number => c.groups.findIndex((g) => g.title === name);
  return c.flows.find((f) => f.from === at(from) && f.to === at(to))?.amount;
}

const lines = [
  "robbed>thief 100 theft", "thief>a 40", "thief>b 40", "thief>c 20",
  "a>router 30 mixer", "a>d 10", "b>router 40 mixer", "c>hot 20 exchange", "d>router2 10 mixer", "thief>- 1 fee",
];

test("addresses at one distance with one destiny stand together, parties by their name", () => {
  const c = collapse(small(lines), plain);
  assert.deepEqual(titles(c), ["addresses x2", "c", "d", "robbed", "the exchange", "the mixer x2", "thief"]);
  assert.equal(flow(c, "thief", "addresses"), 80n);
  assert.equal(flow(c, "addresses", "the mixer"), 70n);
  assert.equal(flow(c, "robbed", "thief"), 100n);
});

test("the policy changes the figures and not the groups", () => {
  const c = collapse(small(lines), { ...plain, policy: 1 });
  assert.equal(flow(c, "addresses", "the mixer"), 35n);
  assert.deepEqual(titles(c), titles(collapse(small(lines), plain)));
});

test("an open group shows its members, and its flows keep their sum", () => {
  const trace = small(lines);
  const closed = collapse(trace, plain);
  const key = closed.groups.find((g) => g.title === "addresses")?.key ?? "";
  const open = collapse(trace, { ...plain, open: new Set([key]) });
  assert.deepEqual(titles(open), ["a", "b", "c", "d", "robbed", "the exchange", "the mixer x2", "thief"]);
  assert.equal(open.groups.find((g) => g.title === "a")?.of, 2);
  const total = (c: Collapsed): bigint => c.flows.reduce((s, f) => s + f.amount, 0n);
  assert.equal(total(open), total(closed));
});

test("fees and dust are drawn only when asked for", () => {
  assert.ok(!titles(collapse(small(lines), plain)).includes("the fee"));
  const c = collapse(small(lines), { ...plain, touched: true });
  assert.equal(flow(c, "thief", "the fee"), 1n);
});

test("who paid at the theft stands before the start, also when value went back there", () => {
  const c = collapse(small([...lines, "thief>robbed 5 held"]), plain);
  assert.deepEqual(c.groups.filter((g) => g.kind === "source").map((g) => g.title), ["thief"]);
  assert.equal(c.groups.filter((g) => g.title === "robbed").length, 2);
  assert.equal(collapse(small(lines), { ...plain, theft: false }).groups.some((g) => g.title === "robbed"), false);
});

test("a trace of all that an address pays starts at that address", () => {
  const c = collapse(small(["thief>a 60 theft", "a>hot 60 exchange"]), { ...plain, theft: false });
  assert.equal(flow(c, "thief", "a"), 60n);
});

test("addresses of one actor stand with the actor, inferred or claimed", () => {
  const c = collapse(small(["thief>deposit 20 - inferred", "deposit>hot 20 exchange"], { deposit: { actor: "harbour", name: "probably Harbour", basis: "inference" }, hot: { actor: "harbour", name: "Harbour 4", basis: "claim" } }), plain);
  assert.deepEqual(titles(c), ["the exchange x2", "thief"]);
  const inferred = c.flows.filter((f) => f.inferred);
  assert.equal(inferred.length, 1);
  assert.equal(inferred[0]?.amount, 20n);
});

test("a loop does not stop the search for where value goes", () => {
  const trace = small(["thief>a 50", "a>b 50", "b>a 49", "b>hot 1 exchange"]);
  const found = destinies(trace);
  assert.equal(found.length, trace.addresses.length);
  assert.ok([...found].every((c) => c >= -1));
});

function wide(n: number): Trace {
  const out: string[] = [];
  for (let i = 0; i < n; i++) out.push(`thief>w${i} ${i + 1}`, `w${i}>pool 1 mixer`);
  return small(out);
}

test("however many addresses there are, no more boxes are drawn than may be, and none is lost", () => {
  for (const n of [10, 500, 10_000]) {
    const trace = wide(n);
    const closed = collapse(trace, plain);
    assert.equal(closed.groups.length, 3);
    const key = closed.groups.find((g) => g.members.length > 1)?.key ?? "";
    const open = collapse(trace, { ...plain, open: new Set([key, "source/", "end/2/the mixer"]) });
    assert.ok(open.groups.length <= plain.most, `${open.groups.length} boxes of ${n} addresses`);
    const members = open.groups.flatMap((g) => g.members);
    assert.equal(new Set(members).size, n + 2);
    assert.equal(members.length, n + 2);
    assert.equal(open.folded, n + 2 <= plain.most ? 0 : n - (open.groups.length - 3));
    assert.equal(open.flows.reduce((s, f) => s + f.amount, 0n), closed.flows.reduce((s, f) => s + f.amount, 0n));
    if (open.folded > 0) {
      const drawn = open.groups.filter((g) => g.key === key).flatMap((g) => g.members.map((a) => trace.addresses[a]?.address));
      assert.ok(drawn.includes(`w${n - 1}`) && !drawn.includes("w0"), "the largest are drawn, the smallest folded");
    }
  }
});

test("a chain of thousands of steps is told apart less finely, not drawn whole", () => {
  const chain: string[] = ["thief>p0 1000000"];
  for (let i = 0; i < 5000; i++) chain.push(`p${i}>p${i + 1} ${900000 - i}`);
  const trace = small(chain);
  trace.addresses.forEach((a, i) => { a.depth = i; });
  const c = collapse(trace, { ...plain, most: 120 });
  assert.ok(c.groups.length <= 120, `${c.groups.length} boxes`);
  assert.equal(c.groups.flatMap((g) => g.members).length, trace.addresses.length);
  assert.equal(c.folded, 0, "neighbours along the chain stand together, instead of the smallest in one box");
});

test("what stays behind at an address that paid on has a flow of its own", () => {
  const trace = small(["thief>a 50", "a>hot 30 exchange", "thief>b 5 held"]);
  trace.ends.push({ category: 1, title: "a", asset: 0, addresses: [trace.addresses.findIndex((x) => x.address === "a")], amount: [20n, 10n], atLeast: 0n, atMost: 20n });
  const c = collapse(trace, plain);
  const more = residuals(trace, c, 0, 0);
  assert.deepEqual(more.groups.map((g) => g.title), ["left behind"]);
  assert.deepEqual(more.flows.map((f) => [c.groups[f.from]?.title, f.amount]), [["a", 20n]]);
});

test("flows that lead back are set apart, the largest kept", () => {
  const flows = [{ from: 0, to: 1, amount: 10n }, { from: 1, to: 2, amount: 5n }, { from: 2, to: 0, amount: 7n }, { from: 1, to: 1, amount: 3n }];
  const { ahead, back } = acyclic(flows, 3);
  assert.deepEqual(ahead.map((f) => f.amount), [10n, 7n]);
  assert.deepEqual(back.map((f) => f.amount), [5n, 3n]);
});
