package web

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// A plainBody is a body as encoding/json reads it, which the decoder is held to.
type plainBody struct {
	Items     []plainItem `json:"items"`
	Kind      string      `json:"kind"`
	Chain     string      `json:"chain"`
	AsOf      string      `json:"as_of"`
	KnownAt   string      `json:"known_at"`
	Threshold float64     `json:"threshold"`
	Limit     float64     `json:"limit"`
}

type plainItem struct {
	Text      *string  `json:"text"`
	ID        string   `json:"id"`
	Kind      string   `json:"kind"`
	Chain     string   `json:"chain"`
	AsOf      string   `json:"as_of"`
	KnownAt   string   `json:"known_at"`
	Party     string   `json:"party"`
	Births    []string `json:"births"`
	Countries []string `json:"countries"`
	Threshold float64  `json:"threshold"`
	Limit     float64  `json:"limit"`
}

func (p *plainItem) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &p.Text)
	}
	type plain plainItem
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode((*plain)(p))
}

// byLibrary reads a body with encoding/json and the checks of the words' values.
func byLibrary(body string) (all []options, texts []string, defaults options, err error) {
	var p plainBody
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, nil, defaults, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, nil, defaults, invalid("body", "more than one value")
	}
	if len(p.Items) == 0 || len(p.Items) > MaxItems {
		return nil, nil, defaults, invalid("body", "items")
	}
	if defaults, err = plainOptions(plainItem{Kind: p.Kind, Chain: p.Chain, AsOf: p.AsOf, KnownAt: p.KnownAt, Threshold: p.Threshold, Limit: p.Limit}); err != nil {
		return nil, nil, defaults, err
	}
	for _, it := range p.Items {
		if it.Text == nil {
			return nil, nil, defaults, invalid("body", "no text")
		}
		o, err := plainOptions(it)
		if err != nil {
			return nil, nil, defaults, err
		}
		o.inherit(&defaults)
		all, texts = append(all, o), append(texts, *it.Text)
	}
	return all, texts, defaults, nil
}

func plainOptions(it plainItem) (o options, err error) {
	fail := func(e error) {
		if err == nil {
			err = e
		}
	}
	var e error
	o.id = it.ID
	if len(o.id) > 200 {
		fail(invalid("id", "long"))
	}
	o.kind, e = parseKind("", it.Kind)
	fail(e)
	o.chain, e = parseChain("", it.Chain)
	fail(e)
	o.party, e = parseParty("", it.Party)
	fail(e)
	if it.AsOf != "" {
		o.asOf, e = parseTime("", it.AsOf, false)
		fail(e)
	}
	if it.KnownAt != "" {
		o.known, e = parseTime("", it.KnownAt, true)
		fail(e)
	}
	o.threshold = it.Threshold
	fail(checkThreshold("", it.Threshold))
	o.limit, e = checkLimit("", it.Limit)
	fail(e)
	for _, b := range it.Births {
		b, e := checkBirth("", b)
		fail(e)
		o.births = append(o.births, b)
	}
	for _, c := range it.Countries {
		c, e := checkCountry("", c)
		fail(e)
		o.countries = append(o.countries, c)
	}
	return o, err
}

// FuzzDecodeBatch: the decoder never panics, and what it takes encoding/json reads in
// the same way. (It refuses more: repeated members, members in another case, an empty
// day, halves of surrogate pairs, bytes that are not UTF-8.)
func FuzzDecodeBatch(f *testing.F) {
	for _, c := range decodeCases {
		f.Add(c.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var b batch
		defaults, err := decodeBatch(body, &b)
		if err != nil {
			if p, ok := err.(*Problem); !ok || p.Status < 400 || p.Detail == "" || !utf8.ValidString(p.Detail) {
				t.Fatalf("an error that is no problem: %#v", err)
			}
			return
		}
		all, texts, wantDefaults, err := byLibrary(body)
		if err != nil {
			t.Fatalf("taken, and encoding/json says %v", err)
		}
		if !reflect.DeepEqual(defaults, wantDefaults) {
			t.Fatalf("defaults %+v, want %+v", defaults, wantDefaults)
		}
		if len(texts) != len(b.items) {
			t.Fatalf("%d items, want %d", len(b.items), len(texts))
		}
		for i, it := range b.items {
			o := defaults
			if it.with >= 0 {
				o = b.full[it.with]
			}
			if len(o.births) == 0 {
				o.births = nil
			}
			if it.text != texts[i] || !reflect.DeepEqual(o, all[i]) {
				t.Fatalf("item %d: %q %+v, want %q %+v", i, it.text, o, texts[i], all[i])
			}
		}
	})
}

var decodeCases = []struct {
	body string
	want string // part of the error; "" when it is taken
}{
	{`{"items":["a"]}`, ""},
	{" \t\r\n{ \"items\" : [ \"a\" , \"b\" ] } \n", ""},
	{`{"items":[{"text":"a","id":"x","kind":"name","party":"person","births":["1962","1962-03"],"countries":["kp"],"threshold":0.5,"limit":3}]}`, ""},
	{`{"as_of":"2024-01-01","known_at":"2024-01-02T03:04:05+09:00","items":["a",{"text":"b","as_of":"2023-01-01"}]}`, ""},
	{`{"items":["\u0041\ud83d\ude00\n\"\\\/"]}`, ""},
	{`{"items":["日本"],"chain":"XBT"}`, ""},
	{`{"items":["a"],"kind":null,"limit":null}`, ""},
	{`{"items":["a"],"threshold":1e-1}`, ""},
	{`{"ite\u006ds":["a"]}`, ""},
	{``, "at byte 0: want an object, got the end of the body"},
	{`[]`, "want an object"},
	{`{}`, "body.items: is missing"},
	{`{"items":[]}`, "is empty"},
	{`{"items":["a"]`, "want a comma or }"},
	{`{"items":["a",]}`, "want a text in quotes, or an object"},
	{`{"items":["a"],}`, "want a member's name in quotes"},
	{`{"items":["a"]} x`, "nothing after the object"},
	{`{"items":["a"]}{"items":["b"]}`, "nothing after the object"},
	{`{"items":["a"],"items":["b"]}`, `"items" is there twice`},
	{`{"items":[{"text":"a","text":"b"}]}`, `body.items[0]: the member "text" is there twice`},
	{`{"items":[{"text":"a","te\u0078t":"b"}]}`, `"text" is there twice`},
	{`{"Items":["a"]}`, `"Items" is not known`},
	{`{"items":["a"],"asof":"2024-01-01"}`, `"asof" is not known`},
	{`{"items":[{"text":"a","nested":{"deep":[1]}}]}`, `body.items[0]: the member "nested" is not known`},
	{`{"items":["a",{"text":"b","as_of":"1.1.2024"}]}`, "body.items[1].as_of: want a day"},
	{`{"items":[{"id":"x"}]}`, "body.items[0].text: is missing"},
	{`{"items":[{"text":null}]}`, "want a text in quotes"},
	{`{"items":[17]}`, "want a text in quotes, or an object"},
	{`{"items":[null]}`, "want a text in quotes, or an object"},
	{`{"items":[["a"]]}`, "want a text in quotes, or an object"},
	{`{"items":"a"}`, "want an array of items"},
	{`{"items":["a"],"threshold":2}`, "from 0 to 1"},
	{`{"items":["a"],"threshold":-0.1}`, "from 0 to 1"},
	{`{"items":["a"],"threshold":01}`, "want a comma or }"},
	{`{"items":["a"],"threshold":.5}`, "want a number"},
	{`{"items":["a"],"threshold":1.}`, "want a digit"},
	{`{"items":["a"],"threshold":1e999}`, "out of range"},
	{`{"items":["a"],"threshold":NaN}`, "want a number"},
	{`{"items":["a"],"limit":1.5}`, "whole number"},
	{`{"items":["a"],"limit":101}`, "whole number"},
	{`{"items":["a"],"kind":"addr"}`, "body.kind: want"},
	{`{"items":["a"],"chain":"moon"}`, "body.chain: chain"},
	{`{"items":[{"text":"a","countries":["PRK"]}]}`, "two letters"},
	{`{"items":[{"text":"a","births":["62"]}]}`, "want a year"},
	{"{\"items\":[\"a\x00\"]}", "a control character"},
	{"{\"items\":[\"\xff\"]}", "is not UTF-8"},
	{`{"items":["\ud800"]}`, "half of a surrogate pair"},
	{`{"items":["\ude00\ud83d"]}`, "half of a surrogate pair"},
	{`{"items":["\x41"]}`, "after a backslash"},
	{`{"items":["\u00g0"]}`, "four hexadecimal digits"},
	{`{"items":["a`, "the quote that ends a text"},
	{`{"items":["\`, "the quote that ends a text"},
	{`{"items":["\u12`, "four hexadecimal digits"},
	{strings.Repeat("[", 100_000), "want an object"},
	{`{"items":` + strings.Repeat("[", 100_000), "want a text in quotes, or an object"},
	{`{"items":[{"text":"a","id":"` + strings.Repeat("x", 201) + `"}]}`, "longer than 200"},
	{`{"items":[{"text":"a","births":[` + strings.Repeat(`"1962",`, 20) + `"1962"]}]}`, "more than 20"},
	{`{"items":["a"` + strings.Repeat(`,"a"`, MaxItems) + `]}`, "more than 10,000 items"},
}

func TestDecodeBatch(t *testing.T) {
	for _, c := range decodeCases {
		var b batch
		_, err := decodeBatch(c.body, &b)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%.80q: %v", c.body, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%.80q: error %v, want %q", c.body, err, c.want)
		}
	}
}

// TestDecodeTwice: a batch that is used again has nothing of the one before.
func TestDecodeTwice(t *testing.T) {
	var b batch
	if _, err := decodeBatch(`{"items":[{"text":"a","id":"1","births":["1962"]},"b"],"as_of":"2024-01-01"}`, &b); err != nil {
		t.Fatal(err)
	}
	if _, err := decodeBatch(`{"items":["c",{"text":"d"}]}`, &b); err != nil {
		t.Fatal(err)
	}
	want := batch{items: []item{{"c", -1}, {"d", 0}}, full: []options{{}}}
	if diff := cmp.Diff(want, b, cmp.AllowUnexported(batch{}, item{}, options{})); diff != "" {
		t.Error(diff)
	}
}

// TestPlainBytes: every byte at every place of a text longer than two words is told apart
// as one by one.
func TestPlainBytes(t *testing.T) {
	for place := range 20 {
		for c := range 256 {
			for _, around := range []byte{'a', '!', '~', 0x80, 0xff} {
				b := bytes.Repeat([]byte{around}, 20)
				b[place] = byte(c)
				want := len(b)
				if c < ' ' || c == '"' || c == '\\' {
					want = place
				}
				if got := plainBytes(string(b)); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
			}
		}
	}
}
