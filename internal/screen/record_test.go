package screen

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// recorded asks and records, as a program does.
func recorded(t testing.TB, h *fundtrail.ListHistory, labels []LabelSource, q Question) (Record, Lists) {
	t.Helper()
	l := ListsOf(h, labels)
	answer := New(h, Options{}).Ask(q)
	rec := Record{
		Time: day("2026-01-02"), Caller: "desk-7", Program: "fundtrail v1", Methods: Methods(),
		Lists: l.Digest(), ListsRecord: 12, Question: q, Answer: AppendJSON(nil, &q, &answer),
	}
	text, err := rec.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseRecord(text)
	if diff := cmp.Diff(rec, back); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	listsBack, err := ParseLists(l.AppendJSON(nil))
	if diff := cmp.Diff(l, listsBack); err != nil || diff != "" {
		t.Fatalf("%v\n%s", err, diff)
	}
	return back, listsBack
}

func replayer(h *fundtrail.ListHistory) *Replayer {
	return &Replayer{History: h, Program: "fundtrail v1", Build: func(h *fundtrail.ListHistory, _ *Lists) Asker { return New(h, Options{}) }}
}

// upTo is the history of the first n versions.
func upTo(h *fundtrail.ListHistory, n int) *fundtrail.ListHistory {
	out, _ := Restrict(h, h.Versions[:n])
	return out
}

// TestReplayReal records what the dated snapshots answered while there were some of them,
// and asks again with all of them there.
func TestReplayReal(t *testing.T) {
	realIndex(t) // skips where the data is absent
	all := realHistory()
	r := replayer(all)
	questions := []Question{
		{Text: tornadoRouter},
		{Text: tornadoRouter, AsOf: day("2025-03-05")},
		{Text: tornadoRouter, AsOf: day("2023-01-01"), Known: day("2023-02-01")},
		{Text: "bc1q9m2xaljhdlfsq4rly6kk6sp5x6ln0r8d7ytrvl"},
		{Text: "0x098B716B8Aaf21512996dC57EB0615e2383E2f96, 1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Kind: FreeText},
		{Text: "no address", Kind: AnAddress},
	}
	differs := 0
	for _, n := range []int{1, 20, 29, 30, 31, 40, len(all.Versions)} {
		then := upTo(all, n)
		now := New(all, Options{})
		for _, q := range questions {
			rec, lists := recorded(t, then, nil, q)
			got, err := r.Replay(&rec, &lists)
			if err != nil {
				t.Fatal(err)
			}
			if !got.Same || len(got.Notes) > 0 || len(got.Mismatches) > 0 {
				t.Errorf("%d versions, %q: %v %v", n, q.Text, got.Notes, got.Mismatches)
			}
			if a := now.Ask(q); !bytes.Equal(AppendJSON(nil, &q, &a), rec.Answer) {
				differs++
			}
		}
	}
	if differs < 20 {
		t.Errorf("only %d answers would differ without the restriction: the test shows nothing", differs)
	}
}

// TestReplayOutOfOrder: the same versions, kept in another order, answer the same.
func TestReplayOutOfOrder(t *testing.T) {
	h := listings()
	address, lists := recorded(t, h, nil, Question{Text: "0x722122dF12D4e14e13Ac3b6895a86e84145b6967"})
	name, _ := recorded(t, h, nil, Question{Text: "John Doe", Births: []string{"1962"}, AsOf: day("2024-03-05")})
	if d, err := ParseDocument(name.Answer); err != nil || d.Verdict != Matched || d.Matches[0].Method != MethodName || len(d.Matches[0].Tokens) == 0 {
		t.Errorf("by name: %+v, %v", d, err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		o := &fundtrail.ListHistory{Parties: slices.Clone(h.Parties)}
		to := rnd.Perm(len(h.Parties))
		for i, p := range to {
			o.Parties[p] = h.Parties[i]
		}
		for _, i := range rnd.Perm(len(h.Versions)) {
			var members []uint32
			for _, m := range h.Members[i] {
				members = append(members, uint32(to[m]))
			}
			slices.Sort(members)
			o.Versions, o.Members = append(o.Versions, h.Versions[i]), append(o.Members, members)
		}
		r := replayer(o)
		for _, rec := range []Record{address, name} {
			got, err := r.Replay(&rec, &lists)
			if err != nil || !got.Same {
				t.Fatalf("%v, %v, %v", err, got.Notes, got.Mismatches)
			}
		}
	}
}

// listings is a list of three versions: a mixer comes, gets a name, goes.
func listings() *fundtrail.ListHistory {
	var b historyBuilder
	version := func(published, received string) fundtrail.ListVersion {
		return fundtrail.ListVersion{List: "xx-test", Format: "test", Covers: fundtrail.CoversNames | fundtrail.CoversWallets,
			Published: day(published), Received: day(received), SHA256: [32]byte{byte(len(b.history.Versions) + 1)}}
	}
	mixer := fundtrail.Party{UID: "7", Kind: fundtrail.Organisation, Names: []fundtrail.Name{{Text: "MIXER"}}, Programs: []string{"CYBER2"},
		Wallets: []fundtrail.Wallet{{Text: "0x722122dF12D4e14e13Ac3b6895a86e84145b6967", Currency: "ETH"}}}
	other := fundtrail.Party{UID: "8", Kind: fundtrail.Person, Names: []fundtrail.Name{{Text: "DOE, John"}}, Births: []string{"1962"},
		Wallets: []fundtrail.Wallet{{Text: "12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S", Currency: "XBT"}}}
	named := mixer
	named.Names = append(slices.Clone(mixer.Names), fundtrail.Name{Text: "TUMBLER", Kind: fundtrail.Alias})
	b.add(version("2024-01-01", "2024-01-02"), other)
	b.add(version("2024-02-01", "2024-02-02"), other, mixer)
	b.add(version("2024-03-01", "2024-03-02"), other, named)
	b.add(version("2024-04-01", "2024-04-09"), other)
	return &b.history
}

func TestReplayExplains(t *testing.T) {
	h := listings()
	q := Question{Text: "0x722122dF12D4e14e13Ac3b6895a86e84145b6967", AsOf: day("2024-03-05")}
	label := LabelSource{"labels.csv", [32]byte{9}}
	rec, lists := recorded(t, h, []LabelSource{label}, q)

	r := replayer(h)
	r.Labels = []LabelSource{label}
	if got, err := r.Replay(&rec, &lists); err != nil || !got.Same || got.Notes != nil {
		t.Errorf("as it was: %v, %+v", err, got)
	}

	// A version that is no longer kept, another program and method, labels gone.
	gone, _ := Restrict(h, slices.Delete(slices.Clone(h.Versions), 2, 3))
	r = replayer(gone)
	r.Program = "fundtrail v2"
	old := rec
	old.Methods = []fundtrail.Method{"address-key/0", MethodName}
	got, err := r.Replay(&old, &lists)
	if err != nil || got.Same {
		t.Fatalf("%v, %+v", err, got)
	}
	want := []string{
		"a version that could be asked then is not kept: xx-test of 2024-03-01T00:00:00Z, received 2024-03-02T00:00:00Z, sha256 0300000000000000000000000000000000000000000000000000000000000000",
		"labels that could be asked then are not there: labels.csv, sha256 0900000000000000000000000000000000000000000000000000000000000000",
		"the program was fundtrail v1 and is fundtrail v2",
		"the method address-key/0 was used, which this program does not have",
		"the method address-key/1 is new since",
	}
	if diff := cmp.Diff(want, got.Notes); diff != "" {
		t.Errorf("notes:\n%s", diff)
	}
	var fields []string
	for _, m := range got.Mismatches {
		fields = append(fields, m.String())
	}
	text := strings.Join(fields, "\n")
	for _, want := range []string{
		`asked[0].sha256: recorded "03`,
		`matches[0].designation.delisted_after: recorded "2024-03-01T00:00:00Z", now "2024-02-01T00:00:00Z"`,
		`matches[0].designation.names[1]: recorded {"kind":"alias","text":"TUMBLER"}, now nothing`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not among the mismatches:\n%s", want, text)
		}
	}
	if slices.Sort(fields); len(fields) != len(slices.Compact(fields)) {
		t.Errorf("a field twice: %v", fields)
	}

	// Other lists than the record names.
	less := lists
	less.Versions = less.Versions[1:]
	if _, err := r.Replay(&rec, &less); !errors.Is(err, fundtrail.ErrConflict) {
		t.Errorf("other lists: %v", err)
	}
}

func TestRestrict(t *testing.T) {
	h := listings()
	got, missing := Restrict(h, h.Versions)
	if diff := cmp.Diff(h, got, cmpopts.EquateComparable(fundtrail.Address{})); diff != "" || missing != nil {
		t.Errorf("to all of it: %v\n%s", missing, diff)
	}
	got, _ = Restrict(h, h.Versions[:1])
	if len(got.Versions) != 1 || len(got.Parties) != 1 || got.Parties[0].UID != "8" {
		t.Errorf("to one: %+v", got)
	}
	stranger := h.Versions[0]
	stranger.Received = day("2024-01-03") // the same bytes, received on another day
	got, missing = Restrict(h, []fundtrail.ListVersion{stranger, h.Versions[0], h.Versions[0]})
	if len(got.Versions) != 1 || len(missing) != 2 {
		t.Errorf("%d versions, %d missing", len(got.Versions), len(missing))
	}
	if got, missing := Restrict(h, nil); len(got.Versions)+len(got.Parties)+len(missing) > 0 {
		t.Errorf("to nothing: %+v", got)
	}
}

func TestListsDigest(t *testing.T) {
	h := listings()
	l := ListsOf(h, []LabelSource{{"b", [32]byte{}}, {"a", [32]byte{1}}})
	slices.Reverse(h.Versions)
	if again := ListsOf(h, []LabelSource{{"a", [32]byte{1}}, {"b", [32]byte{}}}); again.Digest() != l.Digest() {
		t.Error("the digest depends on the order")
	}
	for i := range h.Versions {
		for name, change := range map[string]func(*fundtrail.ListVersion){
			"list": func(v *fundtrail.ListVersion) { v.List += "x" }, "format": func(v *fundtrail.ListVersion) { v.Format += "x" },
			"covers": func(v *fundtrail.ListVersion) { v.Covers ^= 1 }, "published": func(v *fundtrail.ListVersion) { v.Published = day("2020-01-01") },
			"received": func(v *fundtrail.ListVersion) { v.Received = time.Time{} }, "sha256": func(v *fundtrail.ListVersion) { v.SHA256[31]++ },
			"parties": func(v *fundtrail.ListVersion) { v.Parties++ },
		} {
			o := &fundtrail.ListHistory{Versions: slices.Clone(h.Versions)}
			change(&o.Versions[i])
			if other := ListsOf(o, l.Labels); other.Digest() == l.Digest() {
				t.Errorf("version %d: another %s and the same digest", i, name)
			}
		}
	}
	for _, text := range []string{"", "{}", `{"schema":"fundtrail.lists/1","versions":[{"covers":["all"]}]}`,
		`{"schema":"fundtrail.lists/1","versions":[{"sha256":"00"}]}`, `{"schema":"fundtrail.lists/1","versions":[{"published":"2024"}]}`} {
		if _, err := ParseLists([]byte(text)); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestRecordRoundTrip: what is written is read back, whatever was asked.
func TestRecordRoundTrip(t *testing.T) {
	valid := func(s string) string { return strings.ToValidUTF8(s, "?") }
	for seed := range uint64(200) {
		r := inventor{rand.New(rand.NewPCG(seed, 8))}
		rec := Record{Time: day("2026-01-02").Add(time.Duration(r.Int64N(1e9))), Caller: valid(r.text()), Program: valid(r.text()),
			Lists: r.digest(), ListsRecord: r.Uint64() >> 1, Answer: []byte(`{"a":"` + strings.Repeat("<", r.IntN(9)) + `"}`)}
		rec.Question = Question{Text: r.text(), Kind: Kind(valid(r.text())), Chain: fundtrail.Chain(valid(r.text())),
			Party: fundtrail.PartyKind(valid(r.text())), Threshold: r.NormFloat64() * math.Pow10(r.IntN(60)-30), Limit: r.IntN(30) - 3}
		for _, s := range r.texts() {
			rec.Question.Births, rec.Question.Countries = append(rec.Question.Births, valid(s)), append(rec.Question.Countries, valid(s)+"x")
		}
		if r.IntN(2) == 0 {
			rec.Methods = Methods()
			rec.Question.AsOf = time.Unix(r.Int64N(1<<33), r.Int64N(1e9)).UTC()
		}
		text, err := rec.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseRecord(text)
		if diff := cmp.Diff(rec, back); err != nil || diff != "" {
			t.Fatalf("seed %d: %v\n%s\n%s", seed, err, diff, text)
		}
		if again, err := back.AppendJSON(nil); err != nil || !bytes.Equal(again, text) {
			t.Errorf("seed %d: %v\n%s\n%s", seed, err, again, text)
		}
	}
}

func TestRecordRefuses(t *testing.T) {
	good := Record{Time: day("2026-01-02"), Answer: []byte(`{}`)}
	if _, err := good.AppendJSON(nil); err != nil {
		t.Fatal(err)
	}
	for what, spoil := range map[string]func(*Record){
		"no time":        func(r *Record) { r.Time = time.Time{} },
		"year":           func(r *Record) { r.Question.AsOf = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"caller":         func(r *Record) { r.Caller = "\xff" },
		"country":        func(r *Record) { r.Question.Countries = []string{"\xff"} },
		"threshold":      func(r *Record) { r.Question.Threshold = math.NaN() },
		"no answer":      func(r *Record) { r.Answer = nil },
		"answer":         func(r *Record) { r.Answer = []byte(`{"a":`) },
		"a number":       func(r *Record) { r.Answer = []byte(`17`) },
		"space after it": func(r *Record) { r.Answer = []byte(`{} `) },
	} {
		r := good
		spoil(&r)
		if _, err := r.AppendJSON(nil); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	rec := Record{Time: day("2026-01-02"), Methods: Methods(), Question: Question{Text: "a\xffb", AsOf: day("2026-01-01")}, Answer: []byte(`{"a":[1,{}]}`)}
	text, _ := rec.AppendJSON(nil)
	f.Add(text)
	f.Add([]byte(`{"schema":"fundtrail.screening-record/1","time":"2026-01-02T00:00:00+01:00","lists":{"sha256":""}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rec, err := ParseRecord(text)
		if err != nil {
			if !errors.Is(err, fundtrail.ErrInvalid) {
				t.Error(err)
			}
			return
		}
		once, err := rec.AppendJSON(nil)
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		back, err := ParseRecord(once)
		if err != nil {
			t.Fatalf("written and not read: %v\n%s", err, once)
		}
		if twice, err := back.AppendJSON(nil); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%v\n%s\n%s", err, once, twice)
		}
	})
}

func FuzzCompareDocuments(f *testing.F) {
	f.Add([]byte(`{"a":[1,{"b":null}]}`), []byte(`{"a":[1],"c":"<"}`))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got, err := compareDocuments(a, b)
		if err != nil {
			return
		}
		back, err := compareDocuments(b, a)
		if err != nil || len(back) != len(got) {
			t.Errorf("%d one way, %d the other: %v", len(got), len(back), err)
		}
		if self, _ := compareDocuments(a, a); len(self) > 0 {
			t.Errorf("differs from itself: %v", self)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	q := Question{Text: "0x722122dF12D4e14e13Ac3b6895a86e84145b6967"}
	a := New(listings(), Options{}).Ask(q)
	rec := Record{Time: day("2026-01-02"), Caller: "desk-7", Program: "fundtrail v1", Methods: Methods(), Question: q, Answer: AppendJSON(nil, &q, &a)}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = rec.AppendJSON(buf[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplay has the index of the recorded lists at hand.
func BenchmarkReplay(b *testing.B) {
	realIndex(b)
	h := realHistory()
	rec, lists := recorded(b, upTo(h, 40), nil, Question{Text: tornadoRouter})
	r := replayer(h)
	for b.Loop() {
		if got, err := r.Replay(&rec, &lists); err != nil || !got.Same {
			b.Fatal(err)
		}
	}
}
