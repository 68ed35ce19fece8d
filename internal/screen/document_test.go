package screen

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// byLibrary is what AppendJSON is held to.
func byLibrary(t testing.TB, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// An inventor makes answers of every shape, with texts that nobody would expect.
type inventor struct{ *rand.Rand }

func (r inventor) text() string {
	switch r.IntN(12) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("ab日本", r.IntN(1200))
	case 2:
		b := make([]byte, r.IntN(2000))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return string(b)
	case 3:
		return "<a href=\"x\">&\\\u2028\u2029\ufffd\x00\x1f\x7f\b\f\n\r\t‮"
	case 4:
		return string(rune(r.IntN(0x11000)))
	}
	return "Lazarus Group"
}

func (r inventor) time() time.Time {
	switch r.IntN(5) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(r.Int64N(1<<40)-1<<39, r.Int64N(1e9))
	case 2:
		return time.Date(r.IntN(12000)-1000, 1, 1, 0, 0, 0, 0, time.FixedZone("", r.IntN(90000)-45000))
	}
	return time.Unix(r.Int64N(1<<32), 0)
}

func (r inventor) digest() (d [32]byte) {
	if r.IntN(4) > 0 {
		for i := range d {
			d[i] = byte(r.Uint32())
		}
	}
	return d
}

func (r inventor) texts() (out []string) {
	for range r.IntN(2) * r.IntN(24) {
		out = append(out, r.text())
	}
	return out
}

func (r inventor) number() float64 {
	return []float64{0, 1, r.Float64(), r.Float64() / 1e6, -1, 7, math.NaN(), math.Inf(1), math.Inf(-1), 0.1 + 0.2}[r.IntN(10)]
}

func (r inventor) source() fundtrail.Source {
	if r.IntN(3) == 0 {
		return fundtrail.Source{}
	}
	return fundtrail.Source{URL: r.text(), Title: r.text(), Published: r.time(), Retrieved: r.time(), SHA256: r.digest()}
}

func (r inventor) version() *fundtrail.ListVersion {
	return &fundtrail.ListVersion{List: r.text(), Format: r.text(), Covers: fundtrail.ListScope(r.IntN(4)), Published: r.time(),
		Received: r.time(), SHA256: r.digest(), Parties: r.IntN(100), Wallets: r.IntN(100)}
}

func (r inventor) matches() (out []Match) {
	if r.IntN(20) == 0 {
		return make([]Match, maxMatches+2)
	}
	for range r.IntN(3) {
		m := Match{Wallet: r.text(), Name: r.text(), Score: r.number(), Why: r.text()}
		if r.IntN(9) > 0 {
			d := fundtrail.Designation{List: r.text(), Listed: r.time(), ListedAfter: r.time(), Delisted: r.time(), DelistedAfter: r.time(),
				FirstSeen: r.time(), LastSeen: r.time(), Source: r.source()}
			d.Party = fundtrail.Party{UID: r.text(), Kind: fundtrail.PartyKind(r.text()), Programs: r.texts(), Births: r.texts(),
				Countries: r.texts(), Listed: r.time()}
			for _, s := range r.texts() {
				d.Party.Names = append(d.Party.Names, fundtrail.Name{Text: s, Kind: fundtrail.NameKind(r.text())})
			}
			m.Designation = &d
		}
		if r.IntN(4) > 0 {
			m.Version = r.version()
		}
		for range r.IntN(2) * r.IntN(110) {
			m.Tokens = append(m.Tokens, TokenMatch{r.text(), r.text(), r.number(), r.number(), r.text()})
		}
		out = append(out, m)
	}
	return out
}

func (r inventor) answer() (Question, Answer) {
	a := Answer{Verdict: []Verdict{Matched, Clear, Unknown, Invalid}[r.IntN(4)], Kind: Kind(r.text()), Read: r.text(), Reason: r.text(),
		Matches: r.matches(), Past: r.matches(), Related: r.matches(), NotCovered: r.texts()}
	if r.IntN(2) == 0 {
		a.Kind = AName
	}
	address, _ := fundtrail.ParseAddress(fundtrail.Ethereum, "0x722122df12d4e14e13ac3b6895a86e84145b6967")
	for range r.IntN(2) * r.IntN(110) {
		a.Tags = append(a.Tags, fundtrail.Tag{Address: address, Label: r.text(), Category: r.text(), Role: fundtrail.TagRole(r.text()),
			Actor: r.text(), Incident: r.text(), Note: r.text(), Confidence: fundtrail.Confidence(r.IntN(101)), Source: r.source()})
	}
	for range r.IntN(3) {
		a.Asked = append(a.Asked, r.version())
		a.Found = append(a.Found, Answer{Read: r.text(), Verdict: Clear, Reason: r.text()})
	}
	return Question{AsOf: r.time(), Known: r.time()}, a
}

// TestAppendJSON: the hand-written encoding is the library's, for answers of any shape.
func TestAppendJSON(t *testing.T) {
	var e Encoder
	for seed := range uint64(100) {
		q, a := inventor{rand.New(rand.NewPCG(seed, 7))}.answer()
		d := NewDocument(&q, &a)
		got := AppendJSON(nil, &q, &a)
		if want := byLibrary(t, d); !bytes.Equal(got, want) {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			t.Fatalf("seed %d, at byte %d:\n%q\n%q", seed, i, clipped(got, i), clipped(want, i))
		}
		for range 2 { // the second from what is kept
			if again := e.AppendJSON([]byte("x"), &q, &a); string(again[1:]) != string(got) {
				t.Fatalf("seed %d: the encoder gives other bytes", seed)
			}
		}
		if !utf8.Valid(got) {
			t.Errorf("seed %d: not UTF-8", seed)
		}
		back, err := ParseDocument(got)
		if err != nil {
			t.Fatal(err)
		}
		if again := byLibrary(t, back); !bytes.Equal(again, got) {
			t.Errorf("seed %d: read and written again:\n%s", seed, cmp.Diff(string(got), string(again)))
		}
	}
}

func clipped(b []byte, at int) []byte { return b[max(0, at-60):min(len(b), at+60)] }

func FuzzText(f *testing.F) {
	f.Add("a\xffb", 5)
	f.Add("日本\u2028", 4)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 3 + n&0xff
		b := bounded(s, n)
		if len(b) > n || !utf8.ValidString(b) || utf8.ValidString(s) && len(s) <= n && b != s {
			t.Errorf("bounded(%q, %d) = %q", s, n, b)
		}
		if got, want := appendString(nil, b), byLibrary(t, b); !bytes.Equal(got, want) {
			t.Errorf("%q: %s, want %s", b, got, want)
		}
	})
}

// TestDocument reads a real answer as its reader would.
func TestDocument(t *testing.T) {
	x := realIndex(t)
	q := Question{Text: tornadoRouter, AsOf: day("2025-03-22")}
	a := x.Ask(q)
	d := NewDocument(&q, &a)
	if d.Schema != "fundtrail.screening/1" || d.Verdict != Clear || d.Method != "address-key/1" || d.AsOf != "2025-03-22T00:00:00Z" {
		t.Errorf("head: %+v", d)
	}
	if len(d.Matches) != 0 || len(d.Past) == 0 || len(d.Asked) == 0 {
		t.Fatalf("%d matches, %d past, %d asked", len(d.Matches), len(d.Past), len(d.Asked))
	}
	past := d.Past[0]
	if past.Is != "inference" || past.Designation.Is != "claim" || past.Designation.Delisted != "2025-03-22T00:00:00Z" || past.Version.SHA256 == "" {
		t.Errorf("past: %+v", past)
	}
	if !bytes.Contains(AppendJSON(nil, &q, &a), []byte(`"matches":[],"past":[{"is":"inference","method":"address-key/1","score":1,"wallet":"`)) {
		t.Errorf("%s", AppendJSON(nil, &q, &a))
	}
	if _, err := ParseDocument([]byte(`{"schema":"fundtrail.screening/2"}`)); err == nil {
		t.Error("another schema was read")
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	x := realIndex(b)
	clear := Question{Text: "0x098b716b8aaf21512996dc57eb0615e2383e2f97"}
	hit := Question{Text: "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"}
	var versions []*fundtrail.ListVersion
	for i := range 12 {
		versions = append(versions, &fundtrail.ListVersion{List: fmt.Sprintf("xx-list-%d", i), Format: "a-format", Covers: 3,
			Published: day("2026-01-02"), Received: day("2026-01-03"), SHA256: [32]byte{byte(i + 1)}, Parties: 12345, Wallets: 678})
	}
	for _, c := range []struct {
		name string
		q    Question
	}{{"clear", clear}, {"hit", hit}} {
		a := x.Ask(c.q)
		a.Asked = versions
		var e Encoder
		for _, how := range []struct {
			name   string
			append func(b []byte, q *Question, a *Answer) []byte
		}{{"encoder", e.AppendJSON}, {"plain", AppendJSON}, {"library", func(buf []byte, q *Question, a *Answer) []byte { return byLibrary(b, NewDocument(q, a)) }}} {
			b.Run(c.name+"/"+how.name, func(b *testing.B) {
				b.ReportAllocs()
				var buf []byte
				for b.Loop() {
					buf = how.append(buf[:0], &c.q, &a)
				}
				b.ReportMetric(float64(len(buf)), "bytes")
			})
		}
	}
}
