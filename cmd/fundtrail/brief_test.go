package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/brief"
	"github.com/fundtrail/fundtrail/internal/record"
)

// questions are what an article states, and what a brief must hold to answer it.
type questions struct {
	AsOf      string     `yaml:"asof"`
	Questions []question `yaml:"questions"`
	Absent    []absent   `yaml:"absent"`
}

type question struct {
	ID       string   `yaml:"id"`
	Question string   `yaml:"question"`
	Answer   string   `yaml:"answer"`
	Item     itemWant `yaml:"item"`
	Line     struct {
		Kind, Group, Date, Words, Method string
	} `yaml:"line"`
	Value  valueWant `yaml:"value"`
	Record string    `yaml:"record"`
	URL    string    `yaml:"url"`
	Gone   yaml.Node `yaml:"gone"`
}

type itemWant struct {
	Section string   `yaml:"section"`
	Topic   string   `yaml:"topic"`
	Kind    string   `yaml:"kind"`
	About   []string `yaml:"about"`
}

type valueWant struct {
	What      string `yaml:"what"`
	Least     string `yaml:"least"`
	Most      string `yaml:"most"`
	More      string `yaml:"more"` // the least is more than it
	Unit      string `yaml:"unit"`
	Qualifier string `yaml:"qualifier"`
	Of        string `yaml:"of"`
	Through   string `yaml:"through"`
	By        string `yaml:"by"`
}

type absent struct {
	ID       string    `yaml:"id"`
	Question string    `yaml:"question"`
	Section  string    `yaml:"section"`
	Topic    string    `yaml:"topic"`
	About    []string  `yaml:"about"`
	Value    valueWant `yaml:"value"`
}

func (w *itemWant) fits(section string, item *brief.Item) bool {
	for _, id := range w.About {
		if !slices.Contains(item.About, id) {
			return false
		}
	}
	return (w.Section == "" || w.Section == section) && (w.Topic == "" || w.Topic == item.Topic) && (w.Kind == "" || w.Kind == string(item.Kind))
}

func (w *valueWant) fits(v *brief.Value) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	if w.More != "" {
		least, _ := new(big.Int).SetString(v.Least, 10)
		more, _ := new(big.Int).SetString(w.More, 10)
		if least == nil || least.Cmp(more) <= 0 {
			return false
		}
	}
	return same(w.What, v.What) && same(w.Least, v.Least) && same(w.Most, v.Most) && same(w.Unit, v.Unit) &&
		same(w.Qualifier, v.Qualifier) && same(w.Of, v.Of) && same(w.Through, v.Through) && same(w.By, v.By)
}

// answered reports whether a line of an item that fits has all that the question wants.
func (q *question) answered(b *brief.Brief) bool {
	for _, s := range b.Sections {
		for i := range s.Items {
			item := &s.Items[i]
			if !q.Item.fits(s.ID, item) {
				continue
			}
			for _, l := range append([]brief.Line{item.Line}, item.Lines...) {
				if q.holds(b, &l, item) {
					return true
				}
			}
		}
	}
	return false
}

func (q *question) holds(b *brief.Brief, l *brief.Line, item *brief.Item) bool {
	w := &q.Line
	words := l.Text + " " + l.Quote
	if l.Text == item.Text {
		words += item.Quote
	}
	switch {
	case w.Kind != "" && w.Kind != string(l.Kind), w.Group != "" && w.Group != l.Group, w.Date != "" && w.Date != l.Date,
		w.Words != "" && !strings.Contains(words, w.Words), w.Method != "" && !strings.Contains(l.Method, w.Method):
		return false
	}
	if q.Value != (valueWant{}) && !slices.ContainsFunc(l.Values, func(v brief.Value) bool { return q.Value.fits(&v) }) {
		return false
	}
	if len(l.Cites) == 0 {
		return false
	}
	if q.Record == "" && q.URL == "" {
		return true
	}
	return slices.ContainsFunc(l.Cites, func(n int) bool {
		r := &b.References[n-1]
		return (q.Record == "" || r.Record == q.Record) && (q.URL == "" || r.URL == q.URL)
	})
}

// briefOf makes the brief of a day as the command does, without the records that are gone,
// and reads its JSON back.
func briefOf(t *testing.T, asOf time.Time, traces []brief.Traced, gone ...string) *brief.Brief {
	t.Helper()
	all := data.Embedded()
	// A figure that stands with a theft goes with it, but so would the theft; both are one record.
	all.Incidents = slices.DeleteFunc(slices.Clone(all.Incidents), func(r fundtrail.Incident) bool { return slices.Contains(gone, "incidents/"+r.ID) })
	all.Actions = slices.DeleteFunc(slices.Clone(all.Actions), func(r fundtrail.Action) bool { return slices.Contains(gone, "actions/"+r.ID) })
	all.Proceedings = slices.DeleteFunc(slices.Clone(all.Proceedings), func(r fundtrail.Proceeding) bool { return slices.Contains(gone, "docket/"+r.ID) })
	all.Publications = slices.DeleteFunc(slices.Clone(all.Publications), func(r fundtrail.Publication) bool { return slices.Contains(gone, "figures/"+r.ID) })
	in := brief.Inputs{Traces: traces}
	if slices.Contains(gone, "traces/ronin-bridge") {
		in.Traces = nil
	}
	b, err := brief.New(record.New(all, data.Contents{}).At(asOf, time.Time{}), in, brief.Options{Topic: "dprk"})
	if err != nil {
		t.Fatal(err)
	}
	var raw bytes.Buffer
	if err := brief.JSON(&raw, b); err != nil {
		t.Fatal(err)
	}
	back := new(brief.Brief)
	if err := json.Unmarshal(raw.Bytes(), back); err != nil {
		t.Fatal(err)
	}
	return back
}

// TestBriefAnswersTheArticle holds the briefs of two days to what an article states, and
// holds the questions themselves to failing when the record that answers them is taken away.
func TestBriefAnswersTheArticle(t *testing.T) {
	for _, name := range []string{"2023-12-09", "2026-11-22"} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile("testdata/brief/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			var list questions
			d := yaml.NewDecoder(bytes.NewReader(raw))
			d.KnownFields(true)
			if err := d.Decode(&list); err != nil {
				t.Fatal(err)
			}
			asOf, err := time.Parse(time.DateOnly, list.AsOf)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := theftTrace(t.Context(), "ronin-bridge", &ledgerFlags{}, nil, asOf)
			if err != nil {
				t.Fatal(err)
			}
			traces := []brief.Traced{{Name: "ronin-bridge", Report: doc}}
			whole := briefOf(t, asOf, traces)
			seen := map[string]bool{}
			without := map[string]*brief.Brief{}
			for i := range list.Questions {
				q := &list.Questions[i]
				if seen[q.ID] || q.ID == "" || q.Question == "" {
					t.Errorf("question %q: no id of its own, or no question", q.ID)
				}
				seen[q.ID] = true
				if !q.answered(whole) {
					t.Errorf("%s: %s The brief of %s does not answer it (%s)", q.ID, q.Question, list.AsOf, q.Answer)
					continue
				}
				gone := goneOf(t, q)
				key := strings.Join(gone, " ")
				if without[key] == nil {
					without[key] = briefOf(t, asOf, traces, gone...)
				}
				if q.answered(without[key]) {
					t.Errorf("%s: still answered without %s", q.ID, key)
				}
			}
			for _, a := range list.Absent {
				if id := a.found(whole); id != "" {
					t.Errorf("%s: %s It is: %s", a.ID, a.Question, id)
				}
			}
		})
	}
}

func goneOf(t *testing.T, q *question) (gone []string) {
	t.Helper()
	one := ""
	if q.Gone.Decode(&gone) != nil {
		if err := q.Gone.Decode(&one); err != nil {
			t.Fatal(err)
		}
		gone = []string{one}
	}
	if len(gone) == 0 {
		t.Errorf("%s: says of no record that it is needed", q.ID)
	}
	return gone
}

// found returns an item that should not be there.
func (a *absent) found(b *brief.Brief) string {
	w := itemWant{Section: a.Section, Topic: a.Topic, About: a.About}
	for _, s := range b.Sections {
		for i := range s.Items {
			item := &s.Items[i]
			if !w.fits(s.ID, item) {
				continue
			}
			if a.Value == (valueWant{}) {
				return item.ID
			}
			for _, l := range append([]brief.Line{item.Line}, item.Lines...) {
				if slices.ContainsFunc(l.Values, func(v brief.Value) bool { return a.Value.fits(&v) }) {
					return item.ID
				}
			}
		}
	}
	return ""
}
