package ingest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
	"github.com/fundtrail/fundtrail/internal/store"
)

// doubts are reasons to think that a version is not whole or not right.
func (l *listImport) doubts(ctx context.Context, o *ListOutcome, list *feed.List, files []store.File) (doubts []string) {
	doubt := func(format string, args ...any) { doubts = append(doubts, fmt.Sprintf(format, args...)) }
	read := o.Version.Parties
	if list.Stated >= 0 && (list.Stated < read || list.Stated > read+len(list.Rejected)) {
		doubt("it says that it has %d entries, and %d could be read", list.Stated, read)
	}
	if bad := len(list.Rejected); float64(bad) > l.opt.MaxShrink*float64(read+bad) && bad > 0 {
		doubt("%d of its %d entries cannot be read, the first: %v", bad, read+bad, list.Rejected[0])
	}
	if late := o.Version.Published.Sub(o.Version.Received); late > day {
		doubt("it would be published on %s, after it was received on %s", o.Version.Published.Format(time.DateOnly), o.Version.Received.Format(time.DateOnly))
	}
	before := l.before(&o.Version)
	if before == nil {
		return doubts
	}
	if name := l.cut(ctx, before, files, o.Version.Format); name != "" {
		doubt("%s ends within a line, and the version published on %s does not: it may be cut", name, before.Published.Format(time.DateOnly))
	}
	for _, c := range []struct {
		what      string
		was, is   int
		isCovered bool
	}{
		{"parties", before.Parties, o.Version.Parties, true},
		{"wallets", before.Wallets, o.Version.Wallets, o.Version.Covers&fundtrail.CoversWallets != 0},
	} {
		if lost := c.was - c.is; c.isCovered && float64(lost) > l.opt.MaxShrink*float64(c.was) && lost > 0 {
			doubt("it has %d %s and the version published on %s has %d: %s %% fewer, and %s %% are accepted",
				c.is, c.what, before.Published.Format(time.DateOnly), c.was, percent(float64(lost)/float64(c.was)), percent(l.opt.MaxShrink))
		}
	}
	return doubts
}

// percent prints a share: "24.7", "20".
func percent(share float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", math.Round(share*1000)/10), ".0")
}

// before returns the newest version that a version may be compared with: one of the
// same list, form and scope that was published no later.
func (l *listImport) before(v *fundtrail.ListVersion) (best *fundtrail.ListVersion) {
	for i := range l.kept {
		k := &l.kept[i] // they are in order of publication
		if k.List == v.List && k.Format == v.Format && k.Covers == v.Covers && k.SHA256 != v.SHA256 && !k.Published.After(v.Published) {
			best = k
		}
	}
	return best
}

// cut names the file of a table that ends otherwise than the same file of the version
// before it. A table has no end that its parser could miss: one that lost its last tenth
// on the way would read as so many parties delisted. (Other forms are closed by a last
// bracket, and some publishers write a table's last line without an end.)
func (l *listImport) cut(ctx context.Context, before *fundtrail.ListVersion, files []store.File, format string) string {
	if !strings.Contains(format, "csv") && !strings.Contains(format, "tsv") && !strings.Contains(format, "jsonl") {
		return ""
	}
	kept, err := l.st.Files(ctx, before.SHA256)
	if err != nil || len(kept) != len(files) {
		return "" // of a damaged store there will be word when it is written to or checked
	}
	for i, f := range files {
		was, is := kept[i].Bytes, f.Bytes
		if len(was) == 0 || len(is) == 0 {
			continue
		}
		// The byte 0x1A ends OFAC's files, after the last line's end.
		if last := was[len(was)-1]; (last == '\n' || last == 0x1a) && is[len(is)-1] != '\n' && is[len(is)-1] != 0x1a {
			return f.Name
		}
	}
	return ""
}
