package data

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fundtrail/fundtrail"
)

const ownTheft = `id: my-theft
name: My theft
kind: person
dates: [{what: happened, date: 2024-05, source: me, confidence: 90}]
victim: {actor: alice, source: me, confidence: 90}
losses:
  - {usd: 5000, by: Alice, source: me, confidence: 90}
attributions:
  - {actor: lazarus-group, by: Alice, date: 2024-06-01, source: me, confidence: 30}
sources: {me: {title: Interview, url: https://example.org, retrieved: 2024-06-02}}
`

const ownActor = `id: alice
name: Alice A.
category: user
source: me
confidence: 90
sources: {me: {title: Interview, url: https://example.org, retrieved: 2024-06-02}}
`

// ownClaim adds to a record of ours and repeats nothing of it.
const ownClaim = `id: ronin-bridge
losses:
  - {usd: 600000001, by: Alice, source: me, confidence: 30}
sources: {me: {title: Interview, url: https://example.org, retrieved: 2024-06-02}}
`

func ownFolder() fstest.MapFS {
	return fstest.MapFS{
		"incidents/my-theft.yaml":     {Data: []byte(ownTheft)},
		"incidents/ronin-bridge.yaml": {Data: []byte(ownClaim)},
		"actors/alice.yaml":           {Data: []byte(ownActor)},
		"README.md":                   {Data: []byte("my notes")},
		"incidents/.swap":             {Data: []byte("an editor's")},
	}
}

func TestRead(t *testing.T) {
	got, err := Read(ownFolder(), "mine", asOf)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Incidents) != 2 || len(got.Actors) != 1 {
		t.Fatalf("%+v", got)
	}
	mine, more := got.Incidents[0], got.Incidents[1]
	if mine.Victim.Name != "Alice A." || !mine.Dates[0].To.Equal(time.Date(2024, 5, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v", mine)
	}
	if k := mine.Attributions[0].Known; k.Basis != fundtrail.KnownAct || k.On.Format(time.DateOnly) != "2024-06-01" {
		t.Errorf("the attribution was known %+v", k)
	}
	if k := mine.Losses[0].Known; k.Basis != fundtrail.KnownRetrieved || k.On.Format(time.DateOnly) != "2024-06-02" {
		t.Errorf("the loss was known %+v", k)
	}
	if r := mine.Losses[0].Source.Records; r != "mine" {
		t.Errorf("the claim is of the records %q", r)
	}
	if more.ID != "ronin-bridge" || more.Name != "" || len(more.Losses) != 1 {
		t.Errorf("%+v", more)
	}
}

// TestReadRefuses: each error says in which file and line, and all are told at once.
func TestReadRefuses(t *testing.T) {
	const file = "incidents/my-theft.yaml"
	for _, c := range []struct{ old, new, want string }{
		{"by: Alice, source: me", "by: Alice", file + ":7: loss 1: no source"},
		{"actor: lazarus-group", "actor: lazarus-grupp", file + `:9: actor "lazarus-grupp" is not on record`},
		{"date: 2024-06-01", "date: 2024-06-31", file + `: line 9: time "2024-06-31"`},
		{"date: 2024-06-01", "date: 2028-06-01", file + ":9: date 2028-06-01 is before"},
		{"kind: person", "kind: penguin", file + `:3: kind "penguin": want one of`},
		{"actor: alice", "actor: bob", file + `:5: actor "bob" is not on record`},
		{"usd: 5000", "usd: 50.00", file + `:7: parse amount "50.00": want digits alone`},
		{"id: my-theft", "id: your-theft", file + `:1: id "your-theft" is not the file's name`},
		{"dates:", "date:", file + ": yaml: line 4: field date not found"},
		{"name: My theft\n", "", file + ": no name"},
	} {
		folder := ownFolder()
		broken := strings.Replace(ownTheft, c.old, c.new, 1)
		if broken == ownTheft {
			t.Fatalf("no %q", c.old)
		}
		folder[file] = &fstest.MapFile{Data: []byte(broken)}
		folder["actors/alice.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(ownActor, "source: me\n", "", 1))}
		_, err := Read(folder, "mine", asOf)
		if !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "data.") {
			t.Errorf("with %q: %v; want it to say %q", c.new, err, c.want)
		}
		if err == nil || !strings.Contains(err.Error(), "actors/alice.yaml: no source") {
			t.Errorf("with %q: %v; want the other file's fault too", c.new, err)
		}
	}
	for why, folder := range map[string]fstest.MapFS{
		"no records": {"README.md": {Data: []byte("x")}},
		"is in no folder of records: want one of actions, actors": {"thefts/my-theft.yaml": {Data: []byte(ownTheft)}},
		"incidents/2024: is a folder":                             {"incidents/2024/my-theft.yaml": {Data: []byte(ownTheft)}},
		"is no file":                                              {"incidents/my-theft.yaml": {Mode: fs.ModeNamedPipe}},
		"is no record":                                            {"incidents/my-theft.json": {Data: []byte("{}")}},
	} {
		if _, err := Read(folder, "mine", asOf); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), why) {
			t.Errorf("%v; want it to say %q", err, why)
		}
	}
	big := fstest.MapFS{"incidents/my-theft.yaml": {Data: make([]byte, maxRecord+1)}}
	if _, err := Read(big, "mine", asOf); !errors.Is(err, fundtrail.ErrLimit) {
		t.Errorf("a file that is too large: %v", err)
	}
}

// TestKnown: a record's own word, then its act, then its source's days; a month ends.
func TestKnown(t *testing.T) {
	raw, err := os.ReadFile("testdata/sound/docket/board-v-robbers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p, err := parseProceeding(raw)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		got  fundtrail.Known
		day  string
		rest fundtrail.KnownBasis
	}{
		"the case":      {p.Known, "2024-02-20", fundtrail.KnownAct},
		"the defendant": {p.Parties[0].Known, "2024-02-20", fundtrail.KnownAct},
		"the judge":     {p.Parties[1].Known, "2024-03-02", fundtrail.KnownPublished},
		"count 2":       {p.Charges[1].Known, "2024-02-20", fundtrail.KnownAct},
		"the fine":      {p.Figures[0].Known, "2024-03-02", fundtrail.KnownPublished},
		"nobody's word": {p.Statements[0].Known, "2024-03-02", fundtrail.KnownPublished},
	} {
		if c.got.On.Format(time.DateOnly) != c.day || c.got.Basis != c.rest {
			t.Errorf("%s was known %v (%s), want %s (%s)", what, c.got.On, c.got.Basis, c.day, c.rest)
		}
	}
	if s := p.Statements[0]; s.Date.Day() != 1 || s.Until.Day() != 29 {
		t.Errorf("a statement of a month: %v to %v", s.Date, s.Until)
	}
	if e := p.Events[1].Expected; e.From.Day() != 1 || e.To.Day() != 30 {
		t.Errorf("a trial set for a month: %+v", e)
	}
}

// TestProceedings reads the new folders through the API.
func TestProceedings(t *testing.T) {
	p, err := Proceeding("Tornado cash case")
	if err != nil || p.ID != "us-v-storm" || len(p.Events) < 8 {
		t.Errorf("%+v, %v", p.ID, err)
	}
	if _, err := Proceeding("us-v-strom"); !errors.Is(err, fundtrail.ErrNotFound) || !strings.Contains(err.Error(), "near it: us-v-storm") {
		t.Errorf("%v", err)
	}
	a, err := Action("2023-11-29-ofac-sinbad")
	if err != nil || len(a.Addresses) != 2 || a.Known.Basis != fundtrail.KnownAct {
		t.Errorf("%+v, %v", a, err)
	}
	first := func(f fundtrail.Figure) bool { return f.Count == 15 && f.Note == "as first published" }
	if pub, err := Publication("Chainalysis"); err != nil || len(pub.Figures) < 2 || !slices.ContainsFunc(pub.Figures, first) {
		t.Errorf("%+v, %v", pub, err)
	}
}

// FuzzRead: whatever the bytes of a record, the reader answers.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"actions/2024-03-02-board-tumbler", "actors/robbers", "docket/board-v-robbers", "figures/gazette", "incidents/corner-shop", "services/tumbler"} {
		raw, err := os.ReadFile("testdata/sound/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(slices.Index(folders, name[:strings.Index(name, "/")]), raw)
	}
	f.Fuzz(func(t *testing.T, folder int, raw []byte) {
		if folder < 0 || folder >= len(folders) {
			t.Skip()
		}
		got, err := Read(fstest.MapFS{folders[folder] + "/x.yaml": {Data: raw}}, "mine", asOf)
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("%v wraps no sentinel", err)
		}
		for _, p := range got.Proceedings {
			if p.ID != "x" || p.Court == "" {
				t.Errorf("accepted %+v", p)
			}
		}
	})
}
