// Package journal is an append-only file of records, each chained to the one before by
// its digest, so that one changed byte is found.
package journal
