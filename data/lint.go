package data

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"go.yaml.in/yaml/v3"
)

// The rules of doc/records.md that a single claim's parser cannot hold a record to. They
// hold for the project's own records, which a test reads, and for a user's.

// genesis is the day of the first block of any chain.
var genesis = time.Date(2009, 1, 3, 0, 0, 0, 0, time.UTC)

// A problem is what is wrong in a file, and where.
type problem struct {
	file string
	line int // 0 where it is the whole file's
	text string
}

func (p problem) String() string {
	if p.line == 0 {
		return p.file + ": " + p.text
	}
	return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text)
}

// A linter collects what is wrong with a set of records, and what the rules need to know
// of all of them together.
type linter struct {
	name   string    // of a user's folder
	latest time.Time // the day after which nothing is
	tidy   bool      // ask for order, spelling and summaries too, as of our own records
	base   map[string]map[string]bool

	out       Contents
	problems  []problem
	ids       map[string]map[string]bool // folder -> ids, those of base among them
	names     map[string]string          // folder and slug of an id, alias or name -> file
	summaries map[string]string          // -> file
	claimed   map[fundtrail.Address]string
	tokens    map[fundtrail.Asset]bool
	tooLarge  bool
	wanted    []func() // checks that need every record read first
	doc       *yaml.Node
}

// newLinter makes a linter that knows of no records; latest is the day after which
// nothing can have been.
func newLinter(latest time.Time) *linter {
	return &linter{
		latest: dayOf(latest), base: map[string]map[string]bool{}, ids: map[string]map[string]bool{}, names: map[string]string{},
		summaries: map[string]string{}, claimed: map[fundtrail.Address]string{}, tokens: map[fundtrail.Asset]bool{},
	}
}

// bad notes a problem of the file as a whole.
func (l *linter) bad(name, format string, args ...any) {
	l.problems = append(l.problems, problem{name, 0, fmt.Sprintf(format, args...)})
}

// badAt notes a problem at a line.
func (l *linter) badAt(name string, line int, format string, args ...any) {
	l.problems = append(l.problems, problem{name, line, fmt.Sprintf(format, args...)})
}

// sorted returns the problems, each once, by file and line.
func (l *linter) sorted() []string {
	slices.SortFunc(l.problems, func(a, b problem) int {
		return cmp.Or(strings.Compare(a.file, b.file), cmp.Compare(a.line, b.line), strings.Compare(a.text, b.text))
	})
	out := make([]string, 0, len(l.problems))
	for _, p := range slices.Compact(l.problems) {
		out = append(out, p.String())
	}
	return out
}

// read reads every record below fsys and holds them to the rules. Of a user's folder it
// reads the folders of records in it, and no deeper.
func (l *linter) read(fsys fs.FS) {
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(path.Base(name), ".")
		switch {
		case l.tidy && err != nil:
			return err
		case l.tidy && d.IsDir():
			return nil
		case l.tidy:
		case name == "." && err != nil:
			return err
		case d.IsDir() && !hidden && slices.Contains(folders, path.Dir(name)):
			l.bad(name, "is a folder: records stand side by side")
			return fs.SkipDir
		case d.IsDir() && (hidden || err != nil && !slices.Contains(folders, name) || strings.Contains(name, "/")):
			return fs.SkipDir
		case err != nil:
			l.bad(name, "%v", err)
			return fs.SkipDir
		case d.IsDir() || hidden || path.Ext(name) != ".yaml" && !slices.Contains(folders, path.Dir(name)):
			return nil // a note beside the folders, or an editor's file
		default:
			switch info, err := fs.Stat(fsys, name); {
			case err != nil:
				l.bad(name, "%v", err)
				return nil
			case !info.Mode().IsRegular():
				l.bad(name, "is no file")
				return nil
			case info.Size() > maxRecord:
				l.tooLarge = true
				l.bad(name, "%d bytes: a record has %d at most", info.Size(), maxRecord)
				return nil
			}
		}
		raw, err := fs.ReadFile(fsys, name)
		if err != nil {
			l.bad(name, "%v", err)
			return nil
		}
		l.record(name, raw)
		return nil
	})
	if err != nil {
		l.bad(".", "%v", err)
	}
	for _, check := range l.wanted {
		check()
	}
}

func (l *linter) record(name string, raw []byte) {
	if strings.HasPrefix(name, "ledgers/") && path.Ext(name) == ".csv" {
		return // facts, held to the importer's rules by TestExcerpts and the program's sessions
	}
	if path.Ext(name) != ".yaml" {
		l.bad(name, "is no record: want YAML, in a file called .yaml")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		l.bad(name, "%v", err)
		return
	}
	l.doc = &yaml.Node{}
	if len(doc.Content) > 0 {
		l.doc = doc.Content[0]
		l.node(name, l.doc, unreadSources(l.doc))
		l.sources(name, l.doc)
	}
	if a := field(l.doc, "aliases"); l.tidy && a != nil && path.Dir(name) != "actors" && !aliasLine.Match(raw) {
		l.badAt(name, a.Line, "aliases: want them on one line, as [one, other], where they are found without parsing")
	}
	for i, line := range strings.Split(string(raw), "\n") {
		if l.tidy && unfinished.MatchString(line) {
			l.badAt(name, i+1, "unfinished: %s", strings.TrimSpace(line))
		}
		if l.tidy && strings.TrimRight(line, " \t") != line {
			l.badAt(name, i+1, "ends in blanks")
		}
	}
	if err := l.parse(name, raw); err != nil {
		text := err.Error()
		for strings.HasSuffix(text, ": "+fundtrail.ErrInvalid.Error()) {
			text = strings.TrimSuffix(text, ": "+fundtrail.ErrInvalid.Error())
		}
		l.badAt(name, lineOf(l.doc, err), "%s", text)
	}
}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|TBD)\b`)

var quoted = regexp.MustCompile(`"([^"]*)"`)

// lineOf is where in a record an error of its parser is, 0 where it says so itself.
func lineOf(doc *yaml.Node, err error) int {
	p := new(placed)
	if !errors.As(err, &p) {
		// A value's own parser knows no lines, but quotes the value.
		if m := quoted.FindStringSubmatch(err.Error()); m != nil && !strings.Contains(err.Error(), "line ") {
			return lineWith(doc, m[1])
		}
		return 0
	}
	value := field(doc, p.field)
	if value == nil {
		return 0
	}
	if p.index >= 0 && value.Kind == yaml.SequenceNode && p.index < len(value.Content) {
		return value.Content[p.index].Line
	}
	return value.Line
}

// field returns the value of a mapping's field.
func field(n *yaml.Node, name string) *yaml.Node {
	for i := 0; n != nil && n.Kind == yaml.MappingNode && i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i+1]
		}
	}
	return nil
}

// lineWith is the first line of the record that is the text alone, outside its sources.
func lineWith(n *yaml.Node, text string) int {
	if n.Kind == yaml.ScalarNode && n.Value == text {
		return n.Line
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && (i%2 == 0 || n.Content[i-1].Value == "sources" || n.Content[i-1].Value == "id") {
			continue
		}
		if line := lineWith(c, text); line > 0 {
			return line
		}
	}
	return 0
}

// node checks what concerns any mapping and any scalar of a record.
func (l *linter) node(name string, n *yaml.Node, unread map[string]bool) {
	switch n.Kind {
	case yaml.MappingNode:
		l.memory(name, n, unread)
		for i := 0; i < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if l.tidy && key.Value == "of" && !slices.IsSortedFunc(addressesOf(value), compareNodes) {
				l.badAt(name, value.Line, "of is not sorted")
			}
			if slices.Contains([]string{"date", "from", "until", "time", "published", "retrieved", "known"}, key.Value) {
				l.day(name, key.Value, value)
			}
			l.node(name, key, unread)
			l.node(name, value, unread)
		}
	case yaml.ScalarNode:
		l.spelling(name, n)
	default:
		for _, c := range n.Content {
			l.node(name, c, unread)
		}
	}
}

// day: nothing was before the first block, and nothing has happened that is still to come.
func (l *linter) day(name, key string, value *yaml.Node) {
	var s span
	if err := s.UnmarshalYAML(value); err == nil && (s.From.Before(genesis) || dayOf(s.From).After(l.latest)) {
		l.badAt(name, value.Line, "%s %s is before %s or after %s", key, value.Value, genesis.Format(time.DateOnly), l.latest.Format(time.DateOnly))
	}
}

// addressesOf leaves out of a list what is no address but an id.
func addressesOf(n *yaml.Node) []*yaml.Node {
	return slices.DeleteFunc(slices.Clone(n.Content), func(c *yaml.Node) bool { return !strings.Contains(c.Value, "/") })
}

func compareNodes(a, b *yaml.Node) int { return strings.Compare(a.Value, b.Value) }

// unreadSources returns the keys of the sources that nobody has read.
func unreadSources(doc *yaml.Node) map[string]bool {
	var y struct {
		Sources map[string]struct {
			Unread bool `yaml:"unread"`
		} `yaml:"sources"`
	}
	out := map[string]bool{}
	if doc.Decode(&y) == nil {
		for key, s := range y.Sources {
			out[key] = s.Unread
		}
	}
	return out
}

// memory: what nobody's source supports has at most 20, and says so; a source that
// nobody has read supports nothing.
func (l *linter) memory(name string, n *yaml.Node, unread map[string]bool) {
	confidence, said := -1, false
	for i := 0; i < len(n.Content); i += 2 {
		if key, value := n.Content[i].Value, n.Content[i+1]; key == "confidence" {
			confidence, _ = strconv.Atoi(value.Value)
		} else if key == "source" && unread[value.Value] {
			defer func() {
				if !said {
					l.badAt(name, n.Line, `source %s is unread, without "from memory, no source seen"`, value.Value)
				}
			}()
		} else if value.Kind == yaml.ScalarNode {
			said = said || strings.Contains(strings.ToLower(oneLine(value.Value)), "from memory, no source seen")
		}
	}
	switch {
	case said && confidence > 20:
		l.badAt(name, n.Line, "from memory, with confidence %d: want 20 at most", confidence)
	case !said && confidence >= 0 && confidence <= 20:
		l.badAt(name, n.Line, `confidence %d without "from memory, no source seen"`, confidence)
	}
}

var reference = regexp.MustCompile(`^[a-z]+/[0-9A-Za-z]+$`)

// spelling: addresses, hashes and assets parse, and stand in the spelling that the
// program prints, so that a search of the records finds them.
func (l *linter) spelling(name string, n *yaml.Node) {
	if !reference.MatchString(n.Value) {
		return
	}
	chain, rest, err := cutChain(n.Value)
	if err != nil {
		l.badAt(name, n.Line, "%v", err)
		return
	}
	want := ""
	if a, err := fundtrail.ParseAddress(chain, rest); err == nil {
		want = a.String()
	} else if h, err2 := fundtrail.ParseHash(rest); err2 == nil {
		want = fundtrail.TxID{Chain: chain, Hash: h}.String()
	} else {
		l.badAt(name, n.Line, "%v", err)
		return
	}
	if want = string(chain) + "/" + want; l.tidy && want != n.Value {
		l.badAt(name, n.Line, "%s: want it spelt %s", n.Value, want)
	}
}

// sources: every source has a title, a URL and the day it was read, stands in order
// of its key, and is used.
func (l *linter) sources(name string, doc *yaml.Node) {
	used := map[string]bool{}
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == "source" {
				used[c.Value] = true
			}
			walk(c)
		}
	}
	walk(doc)
	all := field(doc, "sources")
	if all == nil || all.Kind != yaml.MappingNode {
		l.bad(name, "has no sources")
		return
	}
	last := ""
	for i := 0; i < len(all.Content); i += 2 {
		key, line := all.Content[i].Value, all.Content[i].Line
		if l.tidy && key <= last {
			l.badAt(name, line, "source %s: out of order", key)
		}
		last = key
		if l.tidy && !used[key] {
			l.badAt(name, line, "source %s: no statement uses it", key)
		}
		var s sourceYAML
		if err := all.Content[i+1].Decode(&s); err != nil {
			continue // the record's own parser says it better
		}
		if s.Title == "" || s.URL == "" || s.Retrieved.IsZero() != s.Unread {
			l.badAt(name, line, "source %s: want title, url and retrieved (or unread instead)", key)
		}
		if s.Published.After(s.Retrieved.Time) {
			l.badAt(name, line, "source %s: published after it was retrieved", key)
		}
	}
}

// identity: the id is the file's name, and ids, aliases and names lead to one record.
func (l *linter) identity(name, id string, more ...string) {
	folder := path.Dir(name)
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); id != want {
		l.badAt(name, lineOf(l.doc, within("id", nil)), "id %q is not the file's name", id)
	}
	for _, s := range append(more, id) {
		key := folder + "/" + slug(s)
		if other, ok := l.names[key]; ok && other != name {
			l.badAt(name, lineWith(l.doc, s), "%q is taken by %s", s, other)
		}
		l.names[key] = name
	}
	if l.ids[folder] == nil {
		l.ids[folder] = map[string]bool{}
	}
	l.ids[folder][id] = true
}

func (l *linter) summary(name, text string) {
	if !l.tidy {
		return
	}
	other, ok := l.summaries[text]
	switch {
	case text == "":
		l.bad(name, "no summary")
	case ok:
		l.bad(name, "has the summary of %s", other)
	}
	l.summaries[text] = name
}

// linked asks, once all are read, whether a record with the id is in one of the folders.
func (l *linter) linked(name, what, id string, folders ...string) {
	if id == "" {
		return
	}
	doc := l.doc
	l.wanted = append(l.wanted, func() {
		for _, f := range folders {
			if l.ids[f][id] || l.base[f][id] {
				return
			}
		}
		l.badAt(name, lineWith(doc, id), "%s %q is not on record", what, id)
	})
}
