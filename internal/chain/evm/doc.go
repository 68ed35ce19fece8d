// Package evm turns blocks of Ethereum and its relatives into transactions: from a node
// over JSON-RPC, or from a block's own bytes (RLP).
//
// A [Node] asks one or several endpoints of one chain. It believes none of them more than
// it must: every answer has to be of the block that was asked for, whole, and in order,
// and a block has to stand on the one before. What a node cannot tell is not made up:
// [fundtrail.BlockFacts] says which kinds of transfer are whole. [Node.Reconcile] holds
// the balances that follow from a ledger to those the node has.
//
// A [Decoder] makes the same facts of header, body and receipts in RLP, whose roots and
// signatures it checks.
//
// # What becomes of a transaction
//
// Transfers have the places that doc/formats-ledger.md gives them, the same as from files:
// value, internal transfers in the order of execution, token transfers by the index of
// their log, fees. What failed or was reverted moves nothing. doc/chains.md says the rest.
//
// # Limits
//
// Rules of fees are known of Ethereum alone; elsewhere a fee is told whole. What other
// chains move by rules of their own (Avalanche's atomic transactions, Arbitrum's
// deposits) is not read, and blocks with such are not claimed to be whole.
package evm
