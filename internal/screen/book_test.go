package screen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/google/go-cmp/cmp"
)

// readBook reads a whole book: rows as "line id kind:text@chain ...", and what is bad.
func readBook(t testing.TB, text string) (rows, bad []string, err error) {
	t.Helper()
	b, err := NewBookReader(strings.NewReader(text))
	if err != nil {
		return nil, nil, err
	}
	for {
		row, wrong, err := b.Next()
		if err == io.EOF {
			return rows, bad, nil
		}
		if err != nil {
			return rows, bad, err
		}
		if wrong != nil {
			if !errors.Is(wrong.Err, fundtrail.ErrInvalid) {
				t.Errorf("%v does not wrap ErrInvalid", wrong)
			}
			bad = append(bad, wrong.String())
			continue
		}
		s := fmt.Sprintf("%d %s", row.Line, row.ID)
		for _, q := range row.Questions {
			s += fmt.Sprintf(" %s:%s@%s%s%v%v", q.Kind, q.Text, q.Chain, q.Party, q.Births, q.Countries)
		}
		rows = append(rows, s)
	}
}

func TestBook(t *testing.T) {
	for _, c := range []struct {
		what, text string
		rows, bad  []string
	}{
		{"columns in any order", "name,ID,Address,network\nJohn Doe,c1,12cb,btc\n,c2,0x72,\nBo,c3,,\n",
			[]string{"2 c1 address:12cb@btc[][] name:John Doe@[][]", "3 c2 address:0x72@[][]", "4 c3 name:Bo@[][]"}, nil},
		{"semicolons, a byte order mark, carriage returns", "\ufeff\"Customer ID\";Full name;DOB;Nationality\r\n7;\"Doe; John\";1962-03-14;kp\r\n",
			[]string{"2 7 name:Doe; John@[1962-03-14][KP]"}, nil},
		{"tabs", "text\tkind\tborn\tcountry\nJohn\tperson\t1962;1963\tKP; IR\n0x72\twallet\t\t\nsee 0x72, ok\ttext\t\t\n",
			[]string{"2  name:John@person[1962 1963][KP IR]", "3  address:0x72@[][]", "4  text:see 0x72, ok@[][]"}, nil},
		{"blank lines and no end", "\n\nname\n\nA\n\nB", []string{"5  name:A@[][]", "7  name:B@[][]"}, nil},
		{"bad cells", "id,name,born,country,kind,chain\n1,A,soon,,,\n2,B,,Korea,,\n3,C,,,thing,\n4,D,,,,nochain\n5,,,,,\n6,E\n7,\xff,,,,\n8,F,0000,,,\n",
			nil, []string{
				`line 2 (1), born: "soon" is no date`, `line 3 (2), country: "Korea" is no country`, `line 4 (3), kind: "thing" is no kind`,
				`line 5 (4), chain: `, `line 6 (5): nothing to screen`, `line 7 (6): 2 cells, the heading has 6`, `line 8 (7): cell 2 is not UTF-8`,
				`line 9 (8), born: "0000" is no date`}},
		{"a quote inside", "id,name\n1,A\"B\n2,C\n", []string{"3 2 name:C@[][]"}, []string{`line 2: no CSV at line 2, column 4: bare`}},
		{"a quote that is never closed", "id,name\n1,A\n2,\"B\n3,C\n4,D\n", []string{"2 1 name:A@[][]"},
			[]string{"line 3: no CSV at line 5, column 5: extraneous or missing \" in quoted-field; lines 3 to 5 were taken for one row and not screened"}},
		{"a quote closed rows later", "id,name\n2,\"B\n3,C\n4,D\"\n5,E\n", []string{"5 5 name:E@[][]"},
			[]string{"line 2 (2), name: it runs over several lines: is a quotation mark never closed?; lines 2 to 4 were taken for one row and not screened"}},
		{"a line break where it may be", "id,post,name\n2,\"1 Road\nTown\",B\n", []string{"2 2 name:B@[][]"}, nil},
	} {
		rows, bad, err := readBook(t, c.text)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if diff := cmp.Diff(c.rows, rows); diff != "" {
			t.Errorf("%s: rows:\n%s", c.what, diff)
		}
		if len(bad) != len(c.bad) {
			t.Errorf("%s: bad %q, want %q", c.what, bad, c.bad)
			continue
		}
		for i := range bad {
			if !strings.HasPrefix(bad[i], c.bad[i]) {
				t.Errorf("%s: bad %q, want %q", c.what, bad[i], c.bad[i])
			}
		}
	}
}

func TestBookRefuses(t *testing.T) {
	long := "id,name\n1,A\n2,\"" + strings.Repeat("x,\n", 1<<20)
	for text, want := range map[string]string{
		"": "it is empty", "\n\n": "it is empty", "a,b\n1,2\n": `no column is named address, name or text; there are "a,b"`,
		"id,name,Full Name\n": "columns 2 and 3 are both the name", "\xff\xfen\x00a\x00": "UTF-16",
		long: "after line 2: the row is longer than 1048576 bytes: is a quotation mark never closed?",
	} {
		_, _, err := readBook(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
			t.Errorf("%q: %v", bounded(text, 40), err)
		}
	}
	if rows, bad, err := readBook(t, "name\n"+strings.Repeat(strings.Repeat("n", 1000)+"\n", 3000)); len(rows) != 3000 || bad != nil || err != nil {
		t.Errorf("a long book: %d rows, %v, %v", len(rows), bad, err)
	}
	b, err := NewBookReader(strings.NewReader("x,name,y\n"))
	if err != nil || !slices.Equal(b.Ignored, []string{"x", "y"}) {
		t.Errorf("ignored %v, %v", b.Ignored, err)
	}
}

// An oracle answers what a test says.
type oracle map[string]Answer

func (o oracle) Ask(q Question) Answer {
	a, ok := o[q.Text]
	if !ok {
		a.Verdict = Clear
	}
	a.Read = q.Text
	return a
}

// match makes a match of a designation by "list uid programme since".
func match(s, through string, score float64) Match {
	f := strings.Fields(s)
	return Match{Score: score, Name: through, Designation: &fundtrail.Designation{List: f[0], Listed: day(f[3]),
		Party: fundtrail.Party{UID: f[1], Programs: f[2:3]}}}
}

func matched(ms ...Match) Answer { return Answer{Verdict: Matched, Matches: ms} }

func rescreened(t testing.TB, book string, before, after Asker, opt RescreenOptions) (changes []string, sum RescreenSummary) {
	t.Helper()
	var bad []string
	opt.Bad = func(r BadRow) error { bad = append(bad, r.String()); return nil }
	sum, err := Rescreen(t.Context(), strings.NewReader(book), before, after, func(c Change) error {
		s := fmt.Sprintf("%d %s %s", c.Line, c.Question.Text, c.What)
		if c.Related {
			s += " related"
		}
		for _, m := range []*Match{c.Before, c.After} {
			s += " "
			if m != nil {
				s += m.Designation.Party.UID
			}
		}
		for _, f := range c.Fields {
			s += fmt.Sprintf(" %s-%v+%v", f.Field, f.Removed, f.Added)
		}
		changes = append(changes, s+fmt.Sprintf(" %s>%s", c.Verdicts[0], c.Verdicts[1]))
		if !json.Valid(c.AppendJSON(nil)) {
			t.Errorf("no JSON: %s", c.AppendJSON(nil))
		}
		return nil
	}, opt)
	if err != nil {
		t.Fatal(err)
	}
	return append(changes, bad...), sum
}

func TestRescreen(t *testing.T) {
	one := match("us 1 DPRK 2020-01-01", "ONE", 1)
	two := match("us 2 DPRK 2020-01-01", "TWO", 0.9)
	past := one
	past.Why = "gone"
	program, since, alias, score := match("us 1 DPRK2 2020-01-01", "ONE", 1), match("us 1 DPRK 2019-01-01", "ONE", 1), match("us 1 DPRK 2020-01-01", "UNO", 1), match("us 1 DPRK 2020-01-01", "ONE", 0.95)
	slight := match("us 1 DPRK 2020-01-01", "ONE", 0.999)
	slight.Designation.LastSeen, slight.Version = day("2026-01-01"), &fundtrail.ListVersion{}
	elsewhere := match("eu 1 DPRK 2020-01-01", "ONE", 1)
	before := oracle{"same": matched(one), "slight": matched(one), "gone": matched(one, two), "program": matched(one), "since": matched(one),
		"alias": matched(one), "score": matched(one), "list": matched(one), "lost": {Verdict: Unknown}, "covered": matched(one),
		"promoted": {Verdict: Clear, Related: []Match{one}}, "related": {Verdict: Clear}, "invalid": {Verdict: Invalid}, "order": matched(one, two), "demoted": matched(one)}
	after := oracle{"same": matched(one), "slight": matched(slight), "new": matched(one, two), "gone": {Verdict: Matched, Matches: []Match{two}, Past: []Match{past}},
		"program": matched(program), "since": matched(since), "alias": matched(one, alias), "score": matched(score), "list": matched(elsewhere),
		"covered":  {Verdict: Unknown, Reason: "no list covers that day"},
		"promoted": matched(one), "related": {Verdict: Clear, Related: []Match{one}}, "invalid": {Verdict: Invalid, Reason: "bad checksum"}, "order": matched(two, one), "demoted": {Verdict: Clear, Related: []Match{one}}}
	book := "name\nsame\nslight\nnew\ngone\nprogram\nsince\nalias\nscore\nlist\nlost\ncovered\npromoted\nrelated\ninvalid\norder\nnobody\ndemoted\n"
	want := []string{
		"4 new new  1 clear>match", "4 new new  2 clear>match",
		"5 gone gone 1 1 match>match",
		"6 program changed 1 1 program-[DPRK]+[DPRK2] match>match",
		"7 since changed 1 1 since-[2020-01-01]+[2019-01-01] match>match",
		"8 alias changed 1 1 matched-[]+[UNO] match>match",
		"9 score changed 1 1 score-[1.00]+[0.95] match>match",
		"10 list new  1 match>match", "10 list gone 1  match>match",
		"11 lost verdict   unknown>clear",
		"12 covered gone 1  match>unknown",
		"13 promoted new  1 clear>match",
		"14 related new related  1 clear>clear",
		"18 demoted gone 1 1 match>clear",
		"line 15, name: bad checksum: invalid",
	}
	for _, workers := range []int{1, 2, 7} {
		got, sum := rescreened(t, book, before, after, RescreenOptions{Workers: workers})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d workers:\n%s", workers, diff)
		}
		if diff := cmp.Diff(RescreenSummary{Rows: 17, Questions: 17, Bad: 1, New: 5, Gone: 4, Changed: 4, Verdicts: 1, Related: 1, Matched: 11, Clear: 4, Unknown: 1}, sum); diff != "" {
			t.Errorf("summary:\n%s", diff)
		}
	}
	// Without a state before, every match is new.
	got, sum := rescreened(t, "name\nsame\ngone\nnobody\n", nil, after, RescreenOptions{})
	if diff := cmp.Diff([]string{"2 same new  1 >match", "3 gone new  2 >match"}, got); diff != "" || sum.New != 2 {
		t.Errorf("first screening:\n%s", diff)
	}
}

func TestRescreenStops(t *testing.T) {
	stop := errors.New("stop")
	after := oracle{"a": matched(match("us 1 X 2020-01-01", "A", 1))}
	_, err := Rescreen(t.Context(), strings.NewReader("name\na\na\n"), nil, after, func(Change) error { return stop }, RescreenOptions{})
	if err != stop {
		t.Errorf("change: %v", err)
	}
	_, err = Rescreen(t.Context(), strings.NewReader("name,id\na\n"), nil, after, nil, RescreenOptions{Bad: func(BadRow) error { return stop }})
	if err != stop {
		t.Errorf("bad: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Rescreen(ctx, strings.NewReader("name\na\n"), nil, after, nil, RescreenOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// What was read before a row that cannot be is reported.
	n := 0
	sum, err := Rescreen(t.Context(), strings.NewReader("name\na\n\""+strings.Repeat("x", 3<<20)), nil, after, func(Change) error { n++; return nil }, RescreenOptions{})
	if !errors.Is(err, fundtrail.ErrLimit) || n != 1 || sum.Rows != 1 {
		t.Errorf("long row: %v, %d changes, %+v", err, n, sum)
	}
}

// TestRescreenReal screens a book of every address that OFAC ever had in the snapshots, and
// some others, before and after Tornado Cash was taken off.
func TestRescreenReal(t *testing.T) {
	x := realIndex(t)
	seen := map[string]bool{}
	var addresses []string
	for _, p := range realHistory().Parties {
		for _, w := range p.Wallets {
			// One address of the 90 is spelled in two ways in the files.
			if low := strings.ToLower(w.Text); !w.CaseLost && !seen[low] {
				seen[low] = true
				addresses = append(addresses, w.Text)
			}
		}
	}
	slices.Sort(addresses)
	book := "address\n" + strings.Join(addresses, "\n") + "\n0x00000000219ab540356cbb839cbe05303d7705fa\nnonsense\n"
	changes, sum := rescreened(t, book, At(x, day("2025-03-20"), time.Time{}), At(x, day("2025-03-22"), time.Time{}), RescreenOptions{})
	if sum.Gone != 90 || sum.New != 0 || sum.Bad != 1 || sum.Rows != len(addresses)+2 {
		t.Errorf("%+v\n%s", sum, strings.Join(changes, "\n"))
	}
	for _, c := range changes {
		if strings.Contains(c, " gone ") && !strings.Contains(c, "match>clear") {
			t.Error(c)
		}
	}
}

func FuzzBook(f *testing.F) {
	f.Add("id,name\n1,\"A\nB\"\n2,C\n")
	f.Add("\ufefftext;kind;chain;born;country\n0x7;wallet;eth;1962;KP\n")
	f.Fuzz(func(t *testing.T, text string) {
		rows, bad, err := readBook(t, text)
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrLimit) {
			t.Error(err)
		}
		if n := strings.Count(text, "\n") + strings.Count(text, "\r") + 1; len(rows)+len(bad) > n {
			t.Errorf("%d rows of %d lines", len(rows)+len(bad), n)
		}
	})
}

func BenchmarkRescreen(b *testing.B) {
	x := realIndex(b)
	var book strings.Builder
	book.WriteString("id,address,chain\n")
	const rows = 100000
	for i := range rows {
		fmt.Fprintf(&book, "c%d,0x%040x,eth\n", i, i*7919)
	}
	before, after := At(x, day("2025-03-20"), time.Time{}), At(x, day("2025-03-22"), time.Time{})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Rescreen(b.Context(), strings.NewReader(book.String()), before, after, func(Change) error { return nil }, RescreenOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
