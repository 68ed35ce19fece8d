package feed

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const actors = `%YAML 1.1
---
title: Actors
actors:
- id: huobi
  label: Huobi
  categories: [organization, exchange, mining_service]
  aliases: [htx]
  context:
    aliases:
    - huobiglobal
    - htx
- id: dao
  label: A DAO
  categories: [organization, service]
- id: huobi
  label: Huobi again
- label: no id
- id: nameless
- just a text
- id: '01'
  label: '01'
  categories: []
`

func TestActorPack(t *testing.T) {
	got, rejected, err := ParseActorPack(strings.NewReader(actors))
	if err != nil {
		t.Fatal(err)
	}
	want := []fundtrail.Actor{
		{ID: "huobi", Name: "Huobi", Aliases: []string{"htx", "huobiglobal"}, Category: "exchange"},
		{ID: "dao", Name: "A DAO", Category: "organization"},
		{ID: "01", Name: "01"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	says := []string{`actor "huobi" is given twice`, "line 18: want an id and a label", "line 19: want an id and a label", "line 20: want a mapping"}
	if len(rejected) != len(says) {
		t.Fatalf("rejected %v, want %d", rejected, len(says))
	}
	for i, s := range says {
		wantInvalid(t, rejected[i].Err, s)
		if rejected[i].Entry != i+3 {
			t.Errorf("rejected %v, want entry %d", rejected[i], i+3)
		}
	}
}

func TestActorPackBroken(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "empty file"},
		{"a: [", "want YAML: yaml: line 1"},
		{"tags: []\n", "want a list named actors"},
	} {
		got, rejected, err := ParseActorPack(strings.NewReader(c.text))
		wantInvalid(t, err, "parse actor pack", c.says)
		if got != nil || rejected != nil {
			t.Errorf("%q: actors beside an error", c.text)
		}
	}
}

func TestActorPackReal(t *testing.T) {
	got, rejected, err := ParseActorPack(realData(t, "labels/graphsense/graphsense.actorpack.yaml.gz"))
	if err != nil || len(got) != 3813 || len(rejected) != 0 {
		t.Fatalf("%d actors, rejected %v, %v; want 3813", len(got), rejected, err)
	}
	want := map[string]string{"huobi": "exchange", "tornado": "mixing_service", "ren": "defi", "kraken": "exchange", "lazarusgroup": "phishing"}
	for _, a := range got {
		if c, ok := want[a.ID]; ok && a.Category != c {
			t.Errorf("%s: category %q, want %q", a.ID, a.Category, c)
		}
		delete(want, a.ID)
	}
	if len(want) != 0 {
		t.Errorf("not found: %v", want)
	}
}

func FuzzActorPack(f *testing.F) {
	f.Add(actors)
	f.Add("x: &x {aliases: *x}\nactors: [*x, {id: *x, label: a}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, rejected, err := ParseActorPack(strings.NewReader(text))
		if err != nil {
			wantInvalid(t, err)
			return
		}
		seen := map[string]bool{}
		for _, a := range got {
			if a.ID == "" || a.Name == "" || seen[a.ID] {
				t.Errorf("actor %+v: want an id of its own and a name", a)
			}
			seen[a.ID] = true
		}
		checkRejected(t, rejected)
	})
}
