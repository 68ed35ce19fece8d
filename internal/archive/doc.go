// Package archive is the ledger on disk: every movement of a chain in one folder, as
// fast to read as memory allows and never half written.
//
// A [Writer] appends blocks, takes them back, and imports facts of any blocks, more than
// memory holds too, together with what is there. A [Reader] is a ledger as it was when it was opened, with the reading
// side fundtrail.Ledger; what was made with internal/ledger reads the same from here.
//
// # Form
//
// A chain is a row of segments: runs of whole blocks that never change, each in two
// mapped files. The hot one (.seg) holds the movements in chunks of 64, in order, coded
// in as few bits as they need; for each address the places of its movements; and the
// addresses that were not met before, in the order of their hashes. The cold one (.tx)
// holds the transactions' hashes, which tracing does not need, and an index of them.
// The newest blocks stand in a log (.log) as small segments of the same form. MANIFEST
// names the files, and is replaced as a whole. doc/formats-archive.md has every byte.
//
// # Promises
//
// A batch is there as a whole or not at all, whenever the process or the machine stops.
// Every byte has a checksum, and a page is checked when it is first read: a flipped bit
// is met as an error, never as a fact. One process writes at a time; readers need no
// lock and see no half. When the disk is full the batch is refused, and what was there
// stays.
package archive
