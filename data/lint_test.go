package data

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fundtrail/fundtrail"
	"go.yaml.in/yaml/v3"
)

// TestRecords holds every record to the rules of doc/records.md.
func TestRecords(t *testing.T) {
	for _, problem := range lint(files) {
		t.Error(problem)
	}
}

// genesis is the day of the first block of any chain; asOf is the day of the
// newest source.
var (
	genesis = time.Date(2009, 1, 3, 0, 0, 0, 0, time.UTC)
	asOf    = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
)

// linter collects what is wrong with a set of records, and what the rules need to
// know of all of them together.
type linter struct {
	problems  []string
	actors    map[string]bool   // ids
	names     map[string]string // folder and slug of an id, alias or name -> file
	summaries map[string]string // -> file
	claimed   map[fundtrail.Address]string
	tokens    map[fundtrail.Asset]bool
	wanted    []func() // checks that need every record read first
}

func (l *linter) bad(name, format string, args ...any) {
	l.problems = append(l.problems, name+": "+fmt.Sprintf(format, args...))
}

// lint returns the problems of all records below fsys, sorted.
func lint(fsys fs.FS) []string {
	l := &linter{
		actors: map[string]bool{}, names: map[string]string{}, summaries: map[string]string{},
		claimed: map[fundtrail.Address]string{}, tokens: map[fundtrail.Asset]bool{},
	}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(fsys, name)
		if err == nil {
			l.record(name, raw)
		}
		return err
	})
	if err != nil {
		l.bad(".", "%v", err)
	}
	for _, check := range l.wanted {
		check()
	}
	slices.Sort(l.problems)
	return l.problems
}

func (l *linter) record(name string, raw []byte) {
	if strings.HasPrefix(name, "ledgers/") && path.Ext(name) == ".csv" {
		return // facts, held to the importer's rules by TestExcerpts and the program's sessions
	}
	if path.Ext(name) != ".yaml" {
		l.bad(name, "is no record")
		return
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		l.bad(name, "%v", err)
		return
	}
	if len(doc.Content) > 0 {
		l.node(name, doc.Content[0], unreadSources(doc.Content[0]))
		l.sources(name, doc.Content[0])
	}
	for i, line := range strings.Split(string(raw), "\n") {
		if unfinished.MatchString(line) {
			l.bad(name, "line %d: unfinished: %s", i+1, strings.TrimSpace(line))
		}
		if strings.TrimRight(line, " \t") != line {
			l.bad(name, "line %d: ends in blanks", i+1)
		}
	}
	var err error
	switch folder := path.Dir(name); {
	case folder == "incidents":
		var in fundtrail.Incident
		if in, err = parseIncident(raw); err == nil {
			l.incident(name, in, raw)
		}
	case folder == "services":
		var s Service
		if s, err = parseService(raw); err == nil {
			l.service(name, s)
		}
	case folder == "actors":
		var a fundtrail.Actor
		if a, err = parseActor(raw); err == nil {
			l.actor(name, a)
		}
	case folder == "lists":
		var list List
		if list, err = parseList(raw); err == nil {
			l.list(name, list)
		}
	case name == "assets.yaml":
		var ts []Token
		if ts, err = parseAssets(raw); err == nil {
			l.assets(name, ts)
		}
	default:
		l.bad(name, "is in no folder of records")
	}
	if err != nil {
		l.bad(name, "%v", err)
	}
}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|TBD)\b`)

// node checks what concerns any mapping and any scalar of a record.
func (l *linter) node(name string, n *yaml.Node, unread map[string]bool) {
	switch n.Kind {
	case yaml.MappingNode:
		l.memory(name, n, unread)
		for i := 0; i < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Value == "of" && !slices.IsSortedFunc(value.Content, compareNodes) {
				l.bad(name, "line %d: of is not sorted", value.Line)
			}
			if slices.Contains([]string{"date", "until", "time", "published", "retrieved"}, key.Value) {
				var w when
				if err := w.UnmarshalYAML(value); err == nil && (w.Before(genesis) || w.Time.Truncate(24*time.Hour).After(asOf)) {
					l.bad(name, "line %d: %s %s is before %s or after %s", value.Line, key.Value, value.Value,
						genesis.Format(time.DateOnly), asOf.Format(time.DateOnly))
				}
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
					l.bad(name, `line %d: source %s is unread, without "from memory, no source seen"`, n.Line, value.Value)
				}
			}()
		} else if value.Kind == yaml.ScalarNode {
			said = said || strings.Contains(strings.ToLower(oneLine(value.Value)), "from memory, no source seen")
		}
	}
	switch {
	case said && confidence > 20:
		l.bad(name, "line %d: from memory, with confidence %d: want 20 at most", n.Line, confidence)
	case !said && confidence >= 0 && confidence <= 20:
		l.bad(name, `line %d: confidence %d without "from memory, no source seen"`, n.Line, confidence)
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
		l.bad(name, "line %d: %v", n.Line, err)
		return
	}
	want := ""
	if a, err := fundtrail.ParseAddress(chain, rest); err == nil {
		want = a.String()
	} else if h, err2 := fundtrail.ParseHash(rest); err2 == nil {
		want = fundtrail.TxID{Chain: chain, Hash: h}.String()
	} else {
		l.bad(name, "line %d: %v", n.Line, err)
		return
	}
	if want = string(chain) + "/" + want; want != n.Value {
		l.bad(name, "line %d: %s: want it spelt %s", n.Line, n.Value, want)
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
	var y struct {
		Sources yaml.Node `yaml:"sources"`
	}
	if err := doc.Decode(&y); err != nil || y.Sources.Kind != yaml.MappingNode {
		l.bad(name, "has no sources")
		return
	}
	last := ""
	for i := 0; i < len(y.Sources.Content); i += 2 {
		key := y.Sources.Content[i].Value
		if key <= last {
			l.bad(name, "source %s: out of order", key)
		}
		last = key
		if !used[key] {
			l.bad(name, "source %s: no statement uses it", key)
		}
		var s sourceYAML
		if err := y.Sources.Content[i+1].Decode(&s); err != nil {
			continue // the record's own parser says it better
		}
		if s.Title == "" || s.URL == "" || s.Retrieved.IsZero() != s.Unread {
			l.bad(name, "source %s: want title, url and retrieved (or unread instead)", key)
		}
		if s.Published.After(s.Retrieved.Time) {
			l.bad(name, "source %s: published after it was retrieved", key)
		}
	}
}

// identity: the id is the file's name, and ids, aliases and names lead to one record.
func (l *linter) identity(name, id string, more ...string) {
	if want := strings.TrimSuffix(path.Base(name), ".yaml"); id != want {
		l.bad(name, "id %q is not the file's name", id)
	}
	for _, s := range append(more, id) {
		key := path.Dir(name) + "/" + slug(s)
		if other, ok := l.names[key]; ok && other != name {
			l.bad(name, "%q is taken by %s", s, other)
		}
		l.names[key] = name
	}
}

func (l *linter) summary(name, text string) {
	other, ok := l.summaries[text]
	switch {
	case text == "":
		l.bad(name, "no summary")
	case ok:
		l.bad(name, "has the summary of %s", other)
	}
	l.summaries[text] = name
}

// actorNamed asks, once all actors are read, whether one with the id is among them.
func (l *linter) actorNamed(name, id string) {
	l.wanted = append(l.wanted, func() {
		if id != "" && !l.actors[id] {
			l.bad(name, "actor %q is not on record", id)
		}
	})
}

func (l *linter) incident(name string, in fundtrail.Incident, raw []byte) {
	l.identity(name, in.ID, in.Aliases...)
	l.summary(name, in.Summary)
	var y incidentYAML
	if err := decode(raw, &y); err != nil {
		l.bad(name, "%v", err)
	}
	l.actorNamed(name, y.Victim.Actor)
	for _, a := range in.Attributions {
		l.actorNamed(name, a.Actor)
	}
	for _, t := range in.Addresses {
		l.actorNamed(name, t.Actor)
	}
	var last time.Time
	for i, t := range in.Thefts {
		if !t.Time.IsZero() {
			if t.Time.Before(last) {
				l.bad(name, "theft %d is out of order", i+1)
			}
			last = t.Time
		}
		if t.StandsAs.Chain != "" && t.StandsAs == t.Asset {
			l.bad(name, "theft %d stands as itself", i+1)
		}
		if !t.ProceedsOf.IsZero() && !slices.ContainsFunc(in.Thefts, func(of fundtrail.Theft) bool {
			return of.Tx == t.ProceedsOf && !of.Proceeds
		}) {
			l.bad(name, "theft %d: proceeds of a theft that the record lacks: %s", i+1, t.ProceedsOf)
		}
		l.wanted = append(l.wanted, func() {
			if a := t.Asset; !a.Contract.IsZero() && !l.tokens[a] {
				l.bad(name, "theft %d: asset %s is not in assets.yaml", i+1, a)
			}
		})
	}
}

func (l *linter) service(name string, s Service) {
	l.identity(name, s.ID)
	l.summary(name, s.Summary)
	if s.Actor == "" {
		l.bad(name, "no actor")
	}
	if len(s.Tags) == 0 {
		l.bad(name, "no addresses")
	}
	for _, t := range s.Tags {
		l.actorNamed(name, t.Actor)
		if other, ok := l.claimed[t.Address]; ok && other != name {
			l.bad(name, "address %s is claimed by %s too", t.Address, other)
		}
		l.claimed[t.Address] = name
	}
	at := map[fundtrail.Address]Pool{}
	for _, p := range s.Pools {
		if _, twice := at[p.Tag.Address]; twice {
			l.bad(name, "pool %s stands twice", p.Tag.Address)
		}
		at[p.Tag.Address] = p
		l.wanted = append(l.wanted, func() {
			if a := p.Asset; !a.Contract.IsZero() && !l.tokens[a] {
				l.bad(name, "pool %s: asset %s is not in assets.yaml", p.Tag.Label, a)
			}
		})
	}
	seen := map[deposit]bool{}
	for _, r := range s.Routes {
		d := deposit{r.Router, at[r.Pool].Asset, at[r.Pool].Amount}
		if seen[d] {
			l.bad(name, "router %s passes %s of %s to two pools", r.Router, d.amount, d.asset)
		}
		seen[d] = true
	}
}

func (l *linter) actor(name string, a fundtrail.Actor) {
	l.identity(name, a.ID, append(a.Aliases, a.Name)...)
	l.actors[a.ID] = true
	for _, r := range a.Related {
		l.actorNamed(name, r.Actor)
		if r.Actor == a.ID {
			l.bad(name, "is related to itself")
		}
	}
}

func (l *linter) list(name string, list List) {
	l.identity(name, list.ID, list.Name)
	l.summary(name, list.Summary)
	if !slices.IsSorted(list.Languages) {
		l.bad(name, "languages are not sorted")
	}
	seen := map[string]string{}
	for _, d := range list.Downloads {
		for _, f := range d.Files {
			// The same file twice would be asked for twice.
			if other, ok := seen[f.URL]; ok {
				l.bad(name, "download %s: %s is in download %s too", d.Name, f.URL, other)
			}
			seen[f.URL] = d.Name
		}
	}
}

func (l *linter) assets(name string, ts []Token) {
	for i, t := range ts {
		l.tokens[t.Asset] = true
		if i > 0 && ts[i-1].Asset.Compare(t.Asset) >= 0 {
			l.bad(name, "asset %s is out of order", t.Asset)
		}
	}
}

// TestLintFails breaks a sound set of records in one place at a time: every rule
// must notice.
func TestLintFails(t *testing.T) {
	sound, testdata := fstest.MapFS{}, os.DirFS("testdata/sound")
	err := fs.WalkDir(testdata, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(testdata, name)
		sound[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if problems := lint(sound); len(problems) > 0 {
		t.Fatalf("the sound records have problems: %q", problems)
	}
	for _, c := range breakages {
		t.Run(c.why, func(t *testing.T) {
			broken := fstest.MapFS{}
			for name, f := range sound {
				broken[name] = f
			}
			to := c.file
			if c.rename != "" {
				to = c.rename
				delete(broken, c.file)
			}
			before := string(sound[c.file].Data)
			after := strings.Replace(before, c.old, c.new, 1)
			if c.old == everything {
				after = c.new
			}
			if after == before && c.rename == "" {
				t.Fatalf("%s does not contain %q", c.file, c.old)
			}
			broken[to] = &fstest.MapFile{Data: []byte(after)}
			problems := lint(broken)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("want a problem that says %q, got %q", c.want, problems)
			}
		})
	}
}

// everything stands for the whole of a file.
const everything = "*"

const (
	theft   = "incidents/corner-shop.yaml"
	shop    = "services/shop.yaml"
	tumbler = "services/tumbler.yaml"
	robbers = "actors/robbers.yaml"
	owner   = "actors/corner-shop.yaml"
	notices = "lists/notices.yaml"
	wanted  = "lists/wanted.yaml"
	coins   = "assets.yaml"
)

var breakages = []struct {
	why, file, rename, old, new, want string
}{
	{why: "not yaml", file: theft, old: "id: corner-shop", new: "id: [", want: "yaml:"},
	{why: "not a record", file: theft, rename: "incidents/corner-shop.txt", want: "is no record"},
	{why: "no such folder", file: theft, rename: "thefts/corner-shop.yaml", want: "no folder of records"},
	{why: "unknown field", file: theft, old: "victim:", new: "victims:", want: "field victims not found"},
	{why: "a field twice", file: theft, old: "summary: On", new: "summary: x\nsummary: On", want: "already defined"},
	{why: "second document", file: theft, old: "\nsources:", new: "\n---\nsources:", want: "more than one YAML document"},
	{why: "empty file", file: robbers, old: everything, new: "", want: "the file is empty"},
	{why: "id is not the file's name", file: theft, old: "id: corner-shop", new: "id: other-shop", want: `id "other-shop" is not the file's name`},
	{why: "id is no slug", file: theft, old: "id: corner-shop", new: "id: Corner Shop", want: `id "Corner Shop": want lower-case`},
	{why: "no name", file: theft, old: "name: Corner Shop theft\n", want: "no name"},
	{why: "no summary", file: shop, old: "summary: The wallets of Corner Shop.\n", want: "no summary"},
	{why: "summary twice", file: shop, old: "The wallets of Corner Shop.", new: "A mixer of two pools and a router.", want: "has the summary of"},
	{why: "alias taken", file: owner, old: "name: The Shop", new: "name: The Robbers", want: "is taken by"},
	{why: "unfinished", file: theft, old: "a wrapped coin,", new: "TODO a wrapped coin,", want: "unfinished"},
	{why: "blanks", file: theft, old: "name: Corner Shop theft", new: "name: Corner Shop theft ", want: "ends in blanks"},

	{why: "no source", file: theft, old: "by: police, date: 2024-03-02, source: press,", new: "by: police, date: 2024-03-02,", want: "statement 1: no source"},
	{why: "unknown source", file: theft, old: "by: police, date: 2024-03-01, source: press", new: "by: police, date: 2024-03-01, source: gossip", want: `attribution 1: source "gossip" is not among`},
	{why: "no url", file: theft, old: "    url: https://example.org/ledger\n", want: `source "ledger": url ""`},
	{why: "no web address", file: robbers, old: "https://example.org", new: "file://example.org", want: "want http or https"},
	{why: "no title", file: robbers, old: "    title: The Corner Gazette\n", want: "want title, url and retrieved"},
	{why: "no day of retrieval", file: shop, old: "    retrieved: 2024-04-01\n", want: "want title, url and retrieved"},
	{why: "published after retrieved", file: theft, old: "published: 2024-03-02", new: "published: 2024-05-02", want: "published after it was retrieved"},
	{why: "source unused", file: shop, old: "sources:\n", new: "sources:\n  other: {title: Other, url: https://example.org, retrieved: 2024-04-01}\n", want: "source other: no statement uses it"},
	{why: "sources out of order", file: theft, old: "  ledger:\n    title: A list of transactions\n    url: https://example.org/ledger\n    retrieved: 2024-04-01\n", new: "  zebra:\n    title: A list of transactions\n    url: https://example.org/ledger\n    retrieved: 2024-04-01\n", want: "source press: out of order"},
	{why: "no sources", file: robbers, old: "sources:\n  press:\n    title: The Corner Gazette\n    url: https://example.org/gazette\n    retrieved: 2024-04-01\n", want: "has no sources"},
	{why: "no confidence", file: shop, old: "    confidence: 60\n", want: "address group 1: no confidence"},
	{why: "confidence over 100", file: theft, old: "source: ledger, confidence: 95", new: "source: ledger, confidence: 101", want: "confidence 101: want 0 to 100"},
	{why: "memory too sure", file: theft, old: "source: press, confidence: 20", new: "source: press, confidence: 21", want: "from memory, with confidence 21"},
	{why: "unsure without saying why", file: theft, old: "about, by: Corner Shop, source: press, confidence: 60", new: "about, by: Corner Shop, source: press, confidence: 15", want: "confidence 15 without"},

	{why: "in the future", file: theft, old: "by: police, date: 2024-03-01", new: "by: police, date: 2026-11-23", want: "is before 2009-01-03 or after 2026-11-22"},
	{why: "before the first block", file: theft, old: "by: police, date: 2024-03-01", new: "by: police, date: 2009-01-02", want: "is before 2009-01-03"},
	{why: "no date", file: theft, old: "date: 2024-02-02, source", new: "source", want: "date 2: no date"},
	{why: "malformed date", file: theft, old: "date: 2024-02-02", new: "date: 2 February 2024", want: `time "2 February 2024"`},
	{why: "a date of what", file: theft, old: "what: discovered", new: "what: noticed", want: `what "noticed"`},
	{why: "until before", file: theft, old: "until: 2024-02-01T10:05:00Z", new: "until: 2024-01-01", want: "date 1: until 2024-01-01 is before"},
	{why: "it never happened", file: theft, old: "what: happened", new: "what: disclosed", want: "no date says when it happened"},

	{why: "bad address", file: theft, old: "to: eth/0x2222222222222222222222222222222222222222", new: "to: eth/0x222222222222222222222222222222222222222", want: "unknown form"},
	{why: "bad checksum", file: theft, old: "whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX", new: "whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJY", want: "bad checksum"},
	{why: "wrong network", file: theft, old: "whole: btc/", new: "whole: eth/", want: "wrong network"},
	{why: "bad hash", file: theft, old: "tx: eth/0x1111", new: "tx: eth/0x111", want: "want 64 hexadecimal digits"},
	{why: "unknown chain", file: shop, old: "eth/0x5555", new: "moon/0x5555", want: `chain "moon"`},
	{why: "no chain", file: theft, old: "to: eth/0x2222", new: "to: 0x2222", want: "want chain/"},
	{why: "another spelling", file: shop, old: "eth/0x5555555555555555555555555555555555555555", new: "eth/0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", want: "want it spelt"},
	{why: "another name of the chain", file: shop, old: "eth/0x5555", new: "ethereum/0x5555", want: "want it spelt"},
	{why: "addresses out of order", file: theft, old: "      - btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX\n      - eth/0x2222222222222222222222222222222222222222\n", new: "      - eth/0x2222222222222222222222222222222222222222\n      - btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX\n", want: "of is not sorted"},
	{why: "no label", file: theft, old: "  - label: Corner Shop thief\n    role: thief", new: "  - role: thief", want: "no label"},
	{why: "unknown role", file: theft, old: "role: thief", new: "role: burglar", want: `role "burglar" is not known`},
	{why: "unknown category", file: theft, old: "category: hacking", new: "category: hackers", want: `category "hackers" is not in the vocabulary`},
	{why: "no addresses in a group", file: shop, old: "    named:\n      eth/0x5555555555555555555555555555555555555555: Corner Shop 1\n", want: "no addresses"},

	{why: "dangling actor", file: theft, old: "actor: robbers, by: police", new: "actor: nobody, by: police", want: `actor "nobody" is not on record`},
	{why: "dangling victim", file: theft, old: "victim: {actor: corner-shop", new: "victim: {actor: corner-shoppe", want: `actor "corner-shoppe" is not on record`},
	{why: "dangling tag", file: theft, old: "    actor: robbers\n", new: "    actor: robbery\n", want: `actor "robbery" is not on record`},
	{why: "dangling relation", file: robbers, old: "actor: corner-shop", new: "actor: corner", want: `actor "corner" is not on record`},
	{why: "dangling service", file: shop, old: "actor: corner-shop", new: "actor: corner", want: `actor "corner" is not on record`},
	{why: "related to itself", file: robbers, old: "actor: corner-shop", new: "actor: robbers", want: "related to itself"},
	{why: "no victim", file: theft, old: "victim: {actor: corner-shop,", new: "victim: {", want: "victim: want either"},
	{why: "no service's actor", file: shop, old: "actor: corner-shop\n", want: "no actor"},
	{why: "actor's category", file: robbers, old: "category: hacking", new: "category: heist", want: "not in the vocabulary"},
	{why: "service's category", file: shop, old: "category: exchange", new: "category: shop", want: "not in the vocabulary"},

	{why: "fraction of a base unit", file: theft, old: "amount: 1\n", new: "amount: 1.5\n", want: "want digits alone"},
	{why: "fraction of a dollar", file: theft, old: "usd: 1000000", new: "usd: 1e6", want: "want digits alone"},
	{why: "no dollars", file: theft, old: "usd: 1000000, ", want: "loss 1: no usd"},
	{why: "odd qualifier", file: theft, old: "qualifier: about", new: "qualifier: roughly", want: `qualifier "roughly"`},
	{why: "whose loss", file: theft, old: "by: Corner Shop, ", want: "loss 1: no by"},
	{why: "theft without an amount", file: theft, old: "    amount: 1\n", want: "theft 2: a tx stands alone"},
	{why: "theft of nothing", file: theft, old: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX, source", new: "{source", want: "theft 3: want a tx, or whole"},
	{why: "whole with an amount", file: theft, old: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX,", new: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX, amount: 5,", want: "theft 3: whole is everything"},
	{why: "stands as another chain", file: theft, old: "stands_as: eth", new: "stands_as: bsc", want: "theft 1: stands_as wants"},
	{why: "stands as itself", file: theft, old: "stands_as: eth", new: "stands_as: eth/0x3333333333333333333333333333333333333333", want: "theft 1 stands as itself"},
	{why: "asset of another chain", file: theft, old: "    asset: eth\n", new: "    asset: bsc\n", want: "are different chains"},
	{why: "proceeds of nothing", file: theft, old: "proceeds_of: eth/0x1", new: "proceeds_of: eth/0xa", want: "proceeds of a theft that the record lacks"},
	{why: "thefts out of order", file: theft, old: "    time: 2024-02-01T10:05:00Z", new: "    time: 2024-02-01T09:05:00Z", want: "theft 2 is out of order"},
	{why: "theft of an unknown token", file: coins, old: "eth/0x3333333333333333333333333333333333333333", new: "eth/0x3333333333333333333333333333333333333334", want: "is not in assets.yaml"},

	{why: "address of two services", file: shop, old: "eth/0x5555555555555555555555555555555555555555", new: "eth/0x6666666666666666666666666666666666666666", want: "is claimed by services/shop.yaml too"},
	{why: "service without addresses", file: shop, old: "addresses:\n  - source: press\n    confidence: 60\n    named:\n      eth/0x5555555555555555555555555555555555555555: Corner Shop 1\n", want: "no addresses"},
	{why: "pool of another chain", file: tumbler, old: "asset: eth,", new: "asset: bsc,", want: "pool 1: at eth takes an asset"},
	{why: "pool of no amount", file: tumbler, old: "amount: 1000000000000000000, ", want: "pool 1: want at, label"},
	{why: "pool twice", file: tumbler, old: "\nrouters:", new: "  - {at: eth/0x7777777777777777777777777777777777777777, asset: eth, amount: 2, label: \"Tumbler: 2 wei\", source: press, confidence: 60}\n\nrouters:", want: "stands twice"},
	{why: "pool of an unknown token", file: tumbler, old: "asset: eth,", new: "asset: eth/0x1234567890123456789012345678901234567890,", want: "is not in assets.yaml"},
	{why: "router to nowhere", file: tumbler, old: "to: [eth/0x6666666666666666666666666666666666666666", new: "to: [eth/0x6666666666666666666666666666666666666660", want: "which is no pool of this record"},
	{why: "router of two minds", file: tumbler, old: "amount: 10000000000000000000,", new: "amount: 1000000000000000000,", want: "to two pools"},
	{why: "router that passes nothing", file: tumbler, old: "    passes:\n      - {to: [eth/0x6666666666666666666666666666666666666666, eth/0x7777777777777777777777777777777777777777], source: press, confidence: 40}\n", want: "router 1: want at, label and passes"},

	{why: "unread source with a day", file: notices, old: "    unread: true\n", new: "    unread: true\n    retrieved: 2024-04-01\n", want: "want title, url and retrieved (or unread instead)"},
	{why: "unread source without saying so", file: notices, old: "Daily. From memory, no source seen; not checked.", new: "Daily.", want: "source board is unread, without"},
	{why: "unread source too sure", file: notices, old: "source: board, confidence: 10", new: "source: board, confidence: 60", want: "from memory, with confidence 60"},
	{why: "list's name taken", file: notices, old: "name: Notices of the Corner", new: "name: Notices\nname: x", want: "already defined"},
	{why: "list's id is no slug", file: notices, old: "id: notices", new: "id: the notices", want: "want lower-case"},
	{why: "list of nobody", file: notices, old: "publisher: The Board\n", want: "want a publisher"},
	{why: "odd jurisdiction", file: notices, old: "jurisdiction: UN", new: "jurisdiction: un", want: `jurisdiction "un"`},
	{why: "odd language", file: notices, old: "languages: [en, fr]", new: "languages: [en, french]", want: `language "french"`},
	{why: "languages out of order", file: notices, old: "languages: [en, fr]", new: "languages: [fr, en]", want: "languages are not sorted"},
	{why: "list that may vanish", file: notices, old: "shrink: 20", new: "shrink: 100", want: "shrink 100: want 1 to 99"},
	{why: "list without terms", file: notices, old: "terms: {text: Free for all.,", new: "terms: {", want: "terms: statement 1: no text"},
	{why: "list without a page", file: notices, old: "page: {url: https://example.org/notices,", new: "page: {", want: `page: url ""`},
	{why: "neither way to a list", file: notices, old: "by_hand: Read out aloud.", new: "downloads: []", want: "want downloads or by_hand"},
	{why: "both ways to a list", file: wanted, old: "downloads:\n", new: "by_hand: Come and see.\ndownloads:\n", want: "want downloads or by_hand"},
	{why: "download without files", file: wanted, old: "    files:\n      - {name: WANTED.XML, url: https://example.org/wanted.xml}\n", want: "download xml: no files"},
	{why: "download without a format", file: wanted, old: "    format: a form\n", want: "download 1: want a name and a format"},
	{why: "file name with a folder", file: wanted, old: "name: WANTED.XML", new: "name: ../WANTED.XML", want: `file "../WANTED.XML"`},
	{why: "file twice", file: wanted, old: "https://example.org/wanted.csv", new: "https://example.org/wanted.xml", want: "is in download xml too"},
	{why: "download twice", file: wanted, old: "name: csv", new: "name: xml", want: "download xml stands twice"},
	{why: "download by other ways", file: wanted, old: "url: https://example.org/wanted.xml", new: "url: ftp://example.org/wanted.xml", want: "want http or https"},
	{why: "download without a source", file: wanted, old: "    source: press\n    confidence: 60\n", want: "download xml: no source"},

	{why: "token without decimals", file: coins, old: "    decimals: 18\n", want: "want a symbol and decimals"},
	{why: "too many decimals", file: coins, old: "decimals: 18", new: "decimals: 37", want: "want a symbol and decimals"},
	{why: "native coin", file: coins, old: "asset: eth/0x3333333333333333333333333333333333333333", new: "asset: eth", want: "want a token"},
	{why: "tokens out of order", file: coins, old: "eth/0x3333333333333333333333333333333333333333", new: "eth/0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", want: "is out of order"},
}
