// Package tron turns blocks of Tron into transactions, from the HTTP API that java-tron and
// TronGrid have.
//
// A [Node] asks one or several endpoints. It believes none of them more than it must: what
// was signed is read from the signed bytes, whose digest is the transaction's name, and the
// API's own reading of them has to be the same; a block's name is the digest of its header,
// which has to stand on the one before. What a node cannot tell is not made up:
// [fundtrail.BlockFacts] says which kinds of transfer are whole.
//
// A [Decoder] reads single answers, among them an account's history as TronGrid tells it.
//
// # What becomes of a transaction
//
// Transfers have the places that the root gives them: value, internal transfers in the order
// of execution, token transfers by the place of their log, here in its transaction, because
// no answer about a transaction tells its place in the block; then TRC-10 tokens, and the
// fee. What failed or was rejected moves nothing. doc/chains.md says the rest.
//
// # Limits
//
// Stakes stay their owner's, and rewards are nobody's until they are drawn. What the
// protocol's own markets move, and TRC-10 tokens from before they had numbers, is not read,
// and blocks with such are not claimed to be whole. Signatures are not checked, nor that the
// transactions of a block are all that its header commits to.
package tron
