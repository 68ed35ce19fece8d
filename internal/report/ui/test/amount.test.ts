import assert from "node:assert/strict";
import test from "node:test";
import cases from "../../testdata/amounts.json";
import { coins, count, exact, share } from "../src/amount";

test("amounts print as the tables print them", () => {
  assert.ok(cases.length > 0);
  for (const c of cases) {
    const amount = BigInt(c.amount);
    assert.equal(coins(amount, c.decimals, c.places), c.nearest);
    assert.equal(coins(amount, c.decimals, c.places, "down"), c.down);
    assert.equal(coins(amount, c.decimals, c.places, "up"), c.up);
    assert.equal(exact(amount, c.decimals), c.exact);
  }
});

test("a share of a very large amount keeps its position", () => {
  assert.equal(share(10n ** 60n / 4n, 10n ** 60n), 0.25);
  assert.equal(share(1n, 0n), 0);
});

test("counts take their plural", () => {
  assert.equal(count(1, "address"), "1 address");
  assert.equal(count(1751, "deposit"), "1,751 deposits");
  assert.deepEqual(["address", "box", "counterparty", "day"].map((w) => count(2, w)), ["2 addresses", "2 boxes", "2 counterparties", "2 days"]);
});
