package ingest

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
)

// A listSet is a form of list that a publisher splits into several files.
type listSet struct {
	format feed.Format // of the whole
	parts  []listPart  // in the order in which their digests make the version's
	parse  func(files map[feed.Format]io.Reader) (*feed.List, error)
}

// A listPart is one file of a set.
type listPart struct {
	format feed.Format
	need   bool // without it the others say nothing
	// words by which the parts' names differ: of one version, the rest is the same.
	words []string
	name  string // in messages
}

// feedSets are the sets of feed's forms.
var feedSets = []listSet{
	ofacSet(feed.SDNCSV, feed.SDNAddCSV, feed.SDNAltCSV, feed.SDNCommentsCSV, "SDN.CSV", "sdn"),
	ofacSet(feed.ConsCSV, feed.ConsAddCSV, feed.ConsAltCSV, feed.ConsCommentsCSV, "CONS_PRIM.CSV", "prim"),
	{
		format: "il nbctf wallets csv",
		parts: []listPart{
			{"il nbctf orders csv", false, []string{"releases", "orders"}, "table of orders"},
			{"il nbctf wallets csv", false, []string{"wallets"}, "table of wallets"},
		},
		parse: oneBehindTheOther("il nbctf orders csv", "il nbctf wallets csv"),
	},
}

// oneBehindTheOther parses the tables of a set as one file.
func oneBehindTheOther(first, second feed.Format) func(map[feed.Format]io.Reader) (*feed.List, error) {
	return func(files map[feed.Format]io.Reader) (*feed.List, error) {
		a, b := files[first], files[second]
		switch {
		case b == nil:
			return feed.ParseList(first, a)
		case a == nil:
			return feed.ParseList(second, b)
		}
		// The mark that some programs put before UTF-8 is one of a file's beginning.
		rest := bufio.NewReader(b)
		if mark, _ := rest.Peek(3); string(mark) == "\ufeff" {
			rest.Discard(3)
		}
		return feed.ParseList(second, io.MultiReader(a, strings.NewReader("\n"), rest))
	}
}

// ofacSet is OFAC's CSV in four files.
func ofacSet(prim, add, alt, comments feed.Format, name, word string) listSet {
	return listSet{
		format: prim,
		parts: []listPart{
			{prim, true, []string{word}, "main file " + name},
			{add, false, []string{"add"}, "file of addresses"},
			{alt, false, []string{"alt"}, "file of aliases"},
			{comments, false, []string{"sdn_comments", "comments"}, "file of comments"},
		},
		parse: func(files map[feed.Format]io.Reader) (*feed.List, error) {
			return feed.ParseOFACCSV(files[prim], files[add], files[alt], files[comments])
		},
	}
}

// A listGroup is what makes one version: one file, or the parts of a set.
type listGroup struct {
	format feed.Format
	files  []*listFile
	set    *listSet
	err    error
	ignore bool
}

// group puts files together that belong together. Groups stand in the order of their
// first files.
func (l *listImport) group(files []*listFile) ([]*listGroup, error) {
	var groups []*listGroup
	for _, f := range files {
		if f.err != nil {
			groups = append(groups, &listGroup{format: f.format, files: []*listFile{f}, err: f.err, ignore: f.ignore})
		} else if set, part := l.setOf(f.format); set == nil {
			groups = append(groups, &listGroup{format: f.format, files: []*listFile{f}})
		} else {
			g := l.groupFor(groups, files, f, set, part)
			if g == nil {
				g = &listGroup{format: set.format, set: set}
				groups = append(groups, g)
			}
			g.files = append(g.files, f)
		}
	}
	seen := map[feed.Format]bool{}
	for _, g := range groups {
		g.finish()
		if g.err == nil && !l.opt.Published.IsZero() {
			if seen[g.format] {
				return nil, fmt.Errorf("the day of publication is given, and there are several versions in the form %s: import them one by one: %w", g.format, fundtrail.ErrInvalid)
			}
			seen[g.format] = true
		}
	}
	return groups, nil
}

func (l *listImport) setOf(f feed.Format) (*listSet, *listPart) {
	for i := range l.forms.sets {
		s := &l.forms.sets[i]
		for j := range s.parts {
			if s.parts[j].format == f {
				return s, &s.parts[j]
			}
		}
	}
	return nil, nil
}

// groupFor returns the group that a part belongs to: that of the same set, folder and
// name but for the words that tell the parts apart. When no part of the set is there
// twice, names and folders do not matter.
func (l *listImport) groupFor(groups []*listGroup, all []*listFile, f *listFile, set *listSet, part *listPart) *listGroup {
	count := map[feed.Format]int{}
	several := false
	for _, other := range all {
		if s, _ := l.setOf(other.format); s == set && other.err == nil {
			count[other.format]++
			several = several || count[other.format] > 1
		}
	}
	for _, g := range groups {
		if g.set != set || g.err != nil {
			continue
		}
		first := g.files[0]
		_, firstPart := l.setOf(first.format)
		if !several || first.dir == f.dir && stem(first.base, firstPart) == stem(f.base, part) {
			return g
		}
	}
	return nil
}

// stem is what a part's name shares with those of the other parts.
func stem(base string, part *listPart) string {
	base = strings.ToLower(base)
	if i := strings.LastIndexByte(base, '.'); i > 0 {
		base = base[:i]
	}
	for _, word := range part.words {
		if i := strings.LastIndex(base, word); i >= 0 {
			return strings.Trim(base[:i], "-_. ") + "|" + strings.Trim(base[i+len(word):], "-_. ")
		}
	}
	return base
}

// finish orders a set's parts, and says what is wrong with them.
func (g *listGroup) finish() {
	if g.set == nil || g.err != nil {
		return
	}
	place := func(f *listFile) int {
		return slices.IndexFunc(g.set.parts, func(p listPart) bool { return p.format == f.format })
	}
	slices.SortStableFunc(g.files, func(a, b *listFile) int { return cmp.Compare(place(a), place(b)) })
	for i, p := range g.set.parts {
		var have []string
		for _, f := range g.files {
			if f.format == p.format {
				have = append(have, f.name)
			}
		}
		switch {
		case len(have) > 1:
			g.err = fmt.Errorf("%s are each the %s of one version: leave one out: %w", strings.Join(have, " and "), g.set.parts[i].name, fundtrail.ErrInvalid)
		case len(have) == 0 && p.need:
			g.err = fmt.Errorf("it is a part of a list in several files: give it together with the %s: %w", p.name, fundtrail.ErrInvalid)
		}
		if g.err != nil {
			return
		}
	}
}
