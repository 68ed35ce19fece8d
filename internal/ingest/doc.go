// Package ingest moves files in: what other tools exported into a ledger, and sanctions
// lists into the store.
//
// [Files] makes facts in a ledger.Builder of any number of files, as one import: it tells
// their formats apart by their columns, joins the tables that belong together, and adds
// everything or nothing.
//
// [Lists] recognises versions of sanctions lists, says of which day they are, refuses
// what is broken or shrinks too much, and keeps the rest. [Sync] asks their publishers
// for them. doc/formats-store.md and doc/formats-sync.md say how.
//
// # Formats
//
// Etherscan's txlist as CSV; the tables blocks, transactions, receipts,
// token_transfers and traces of ethereum-etl, as CSV or as JSON lines; whole transactions
// of coin chains as Esplora and Bitcoin Core tell them, as JSON; answers of Tron's API and
// TronGrid's, as JSON; a generic CSV of
// transfers for any chain; and lists of account exports, which claim coverage.
// doc/formats-ledger.md describes each. All may be compressed with gzip or zstd, which
// is told from their first bytes.
//
// # What makes two rows one fact
//
// The same transaction is met in several files. Rows of all formats are therefore
// turned into the same facts: a transfer's index follows from the chain, never from
// the file (see fundtrail.ValueIndex and ledger.FeeWhole), and what a row does not
// tell is left unknown rather than guessed. Builder.Seal makes one of equal facts and
// refuses facts that contradict each other. The order of files does not matter.
//
// # Limits
//
// A line may have 16 MiB. Of ethereum-etl's tables, receipts and block headers are
// held until the end of the import, and traces until their transaction is whole;
// everything else streams.
package ingest
