// Package feed turns outside lists into claims: sanctions lists in their publishers' own
// forms ([ParseList]), GraphSense TagPacks and ActorPacks, label files of explorers,
// vendors and Forta, and daily prices.
//
// Each format is one file here and one function of an [io.Reader]. The package
// touches neither disk nor network nor clock: opening and unpacking a file, and
// noting its digest and when it was fetched, is its caller's part, handed over in a
// [fundtrail.Source].
//
// What a list says is passed on as said. What cannot be read is never dropped
// silently and never repaired: it is in [Claims.Rejected] with its place and the
// reason, in [Claims.NotCovered] when it is about a chain this module does not
// know, or in [Claims.Unread] when a tag was kept but one of its fields was not
// understood. Only a file whose syntax is broken is an error.
package feed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Claims is what one file of tags says, in the file's order.
type Claims struct {
	Tags       []fundtrail.Tag
	Rejected   []Rejected
	NotCovered []Count // currencies or networks that this module does not know
	Unread     []Count // words of a kept tag that no rule here covers
}

// A Rejected is one entry that is no claim, and why.
type Rejected struct {
	Line  int // of the file, from 1
	Entry int // of the file, from 1: the n-th tag, label, actor or price
	Text  string
	Err   error // wraps fundtrail.ErrInvalid
}

// String says where the entry stands and what is wrong with it.
func (r Rejected) String() string {
	return fmt.Sprintf("line %d, entry %d: %v", r.Line, r.Entry, r.Err)
}

// A Count is how often a field had a value that was not understood.
type Count struct {
	Field, Value string
	Entries      int
}

// counter collects Counts while a file is read.
type counter map[[2]string]int

func (c counter) add(field, value string) { c[[2]string{field, clip(value)}]++ }

// counts returns what was collected, most frequent first.
func (c counter) counts() []Count {
	out := make([]Count, 0, len(c))
	for k, n := range c {
		out = append(out, Count{k[0], k[1], n})
	}
	slices.SortFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Entries, a.Entries), strings.Compare(a.Field, b.Field), strings.Compare(a.Value, b.Value))
	})
	return out
}

// clip bounds a text that is repeated to the reader: a list may be hostile.
func clip(s string) string {
	const most = 96
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// unstated stands for a tag pack that names no confidence.
const unstated = "unknown"

// confidences is GraphSense's confidence vocabulary: how a tag came to be known, and
// the level from 0 to 100 that stands for it.
var confidences = map[string]fundtrail.Confidence{
	"ownership":             100, // the creator holds the key
	"ledger_immanent":       100, // it can be read off the ledger
	"manual_transaction":    80,  // the creator paid the party, or was paid by it
	"service_data":          70,  // the service published it
	"authority_data":        70,  // an authority published it
	"trusted_provider":      60,  // a data provider the creator trusts
	"forensic":              50,  // a forensic report
	"untrusted_transaction": 40,  // a third party says it paid the party
	"web_crawl":             20,
	"heuristic":             10,
	unstated:                5,
}
