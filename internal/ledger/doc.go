// Package ledger holds facts in a total order: chain, block, transaction, place in
// it. Importers fill a [Builder]; Seal sorts what they met, makes one of what was
// met twice, refuses contradictions, and gives a [Memory] ledger that is read by
// transaction and by address, from a position, in either direction.
//
// # Layout
//
// A movement is a row of 22 bytes: payer, payee, asset, place in its transaction, and
// its amount coded short. A bitmap marks the first row of each transaction, so that a
// row needs no transaction number. Hashes,
// blocks and a permutation sorted by hash are kept once a transaction. Addresses
// are interned in one arena; for each, the positions of its movements stand in
// order in one array. On power-law data with two movements a transaction all of
// that is below 60 bytes a movement; doc/performance.md has the measurement.
//
// # Limits
//
// A memory ledger holds fewer than 2^32 movements and addresses, and 2^24 assets.
// While it is built it needs about twice the room it will take.
package ledger
