// Package crossing finds where value goes on that entered a mixer, a bridge or a swap:
// the steps that no ledger joins. It is pure: functions of facts, without clock, disk or
// network.
//
// # CoinJoins and custodial mixers on bitcoin
//
// [RecogniseCoinJoin] knows CoinJoins by the shape of one transaction, [CoinJoin.Spread]
// says by stated rules where tainted inputs can have gone in it, and [OneOwner] whether
// its inputs may be taken for one owner's. [CustodialFlows] adds up what went into and
// out of a service that keeps its customers' coins, and [PayoutList.Rank] ranks payouts that
// can answer a deposit, with odds: a lead, never a link. doc/methods-coinjoin.md tells
// what each assumes, when it fails, and how often it was right.
package crossing
