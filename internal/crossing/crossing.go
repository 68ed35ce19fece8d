// Package crossing finds where value goes on that entered a mixer, a bridge or a swap:
// the steps that no ledger joins. It is pure: functions of facts, without clock, disk or
// network.
//
// # Mixers
//
// A [Pool] holds the deposits and withdrawals of one pool of Tornado Cash or its like,
// and its exact accounts at any moment. The methods link withdrawals to depositors, each
// under a name and version of its own; [Combine] makes one posterior of what they say.
// [Demix] is the one for launderers who pay in many notes at once and take them out to
// many fresh addresses. doc/methods-mixers.md tells what each assumes, when it fails, and
// how often chance alone would have it claim something.
//
// # CoinJoins and custodial mixers on bitcoin
//
// [RecogniseCoinJoin] knows CoinJoins by the shape of one transaction, [CoinJoin.Spread]
// says by stated rules where tainted inputs can have gone in it, and [OneOwner] whether
// its inputs may be taken for one owner's. [CustodialFlows] adds up what went into and
// out of a service that keeps its customers' coins, and [PayoutList.Rank] ranks payouts that
// can answer a deposit, with odds: a lead, never a link. doc/methods-coinjoin.md tells
// what each assumes, when it fails, and how often it was right.
//
// # Bridges and swaps
//
// [Legs] decodes the two sides of bridges, [Pair] joins them by their ids or ranks
// candidates with odds, and [Audit] finds withdrawals that no deposit answers for. [Swap]
// nets one transaction's transfers. [ParseMemo] reads THORChain's memos.
// doc/methods-bridges.md tells how often each was right.
package crossing
