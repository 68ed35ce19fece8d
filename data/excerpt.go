package data

import (
	"path"
	"strings"
)

// Excerpts returns the IDs of the incidents of which key ledger records are embedded.
func Excerpts() []string {
	var ids []string
	for _, name := range mustGlob("ledgers/*.csv") {
		ids = append(ids, strings.TrimSuffix(path.Base(name), ".csv"))
	}
	return ids
}

// Excerpt returns the embedded ledger records of an incident, as a CSV of transfers
// (doc/formats-ledger.md): real transfers of the case with their hashes, enough to show
// its course, and by far not all of them.
func Excerpt(id string) (name string, raw []byte, ok bool) {
	name = "ledgers/" + id + ".csv"
	raw, err := files.ReadFile(name)
	return "data/" + name, raw, err == nil
}
