package ingest

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
	"github.com/fundtrail/fundtrail/internal/store"
	"github.com/google/go-cmp/cmp"
)

// The toy form is a line "toy LIST [published=DAY] [stated=N] [covers=N]" and a line for
// each party: its number and its wallets. "bad" is an entry that cannot be read, "cut"
// the end of a file that is cut.
func parseToy(r io.Reader) (*feed.List, error) {
	list := &feed.List{Stated: -1, Covers: fundtrail.CoversNames | fundtrail.CoversWallets}
	in := bufio.NewScanner(r)
	for in.Scan() {
		words := strings.Fields(in.Text())
		switch {
		case len(words) == 0:
		case words[0] == "toy" || words[0] == "toypart":
			list.List = words[1]
			for _, w := range words[2:] {
				key, value, _ := strings.Cut(w, "=")
				switch key {
				case "published":
					list.Published, _ = time.Parse(time.DateOnly, value)
				case "stated":
					fmt.Sscan(value, &list.Stated)
				case "covers":
					fmt.Sscan(value, &list.Covers)
				}
			}
		case words[0] == "bad":
			list.Rejected = append(list.Rejected, feed.Rejected{Line: 1, Entry: 1, Err: fmt.Errorf("bad entry: %w", fundtrail.ErrInvalid)})
		case words[0] == "cut":
			return nil, fmt.Errorf("the file is cut short: %w", fundtrail.ErrInvalid)
		default:
			p := fundtrail.Party{UID: words[0]}
			for _, w := range words[1:] {
				p.Wallets = append(p.Wallets, fundtrail.Wallet{Text: w})
			}
			list.Parties = append(list.Parties, p)
		}
	}
	return list, in.Err()
}

var toyForms = &listForms{
	detect: func(head []byte, name string) (feed.Format, bool) {
		switch {
		case bytes.HasPrefix(head, []byte("toypart ")):
			for _, part := range []string{"main", "more"} {
				if strings.Contains(name, part) {
					return feed.Format("toy-" + part), true
				}
			}
		case bytes.HasPrefix(head, []byte("toy ")):
			return "toy", true
		}
		return "", false
	},
	parse: func(_ feed.Format, r io.Reader) (*feed.List, error) { return parseToy(r) },
	sets: []listSet{{
		format: "toy-main",
		parts:  []listPart{{"toy-main", true, []string{"main"}, "main file"}, {"toy-more", false, []string{"more"}, "other file"}},
		parse: func(files map[feed.Format]io.Reader) (*feed.List, error) {
			if files["toy-more"] == nil {
				return parseToy(files["toy-main"])
			}
			return parseToy(io.MultiReader(files["toy-main"], strings.NewReader("\n"), files["toy-more"]))
		},
	}},
}

func bytesInput(name, text string) Input {
	return Input{name, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

var noon = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)

func toyOptions() ListOptions {
	return ListOptions{forms: toyForms, Now: func() time.Time { return noon }}
}

func listStore(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func importLists(t testing.TB, s *store.Store, opt ListOptions, in ...Input) []ListOutcome {
	t.Helper()
	out, err := Lists(t.Context(), s, in, opt)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// toy writes a toy list of n parties with one wallet each.
func toy(header string, n int) string {
	text := "toy " + header + "\n"
	for i := range n {
		text += fmt.Sprintf("p%d w%d\n", i, i)
	}
	return text
}

func TestListOutcomes(t *testing.T) {
	force := func(o *ListOptions) { o.Force = true }
	for _, c := range []struct {
		name, file, text string
		change           func(*ListOptions)
		want             store.Outcome
		says             string // in the error, the doubts or the notes
	}{
		{name: "in order", text: toy("l published=2024-03-01", 10), want: store.Added},
		{name: "the same again", text: toy("l published=2024-02-01", 10), want: store.Unchanged},
		{name: "received before", text: toy("l published=2024-02-01", 10), change: func(o *ListOptions) { o.Received = noon.AddDate(0, -1, 0) },
			want: store.Unchanged, says: "is now as received on 2024-05-01"},
		{name: "other bytes", text: toy("l published=2024-02-01", 9), want: store.Added, says: "1 other version(s) of the same day"},
		{name: "empty", text: "", want: store.Refused, says: "the file is empty"},
		{name: "blank", text: " \n\n", want: store.Refused, says: "the file is empty"},
		{name: "no entries", text: toy("l published=2024-03-01", 0), change: force, want: store.Refused, says: "it holds no entry"},
		{name: "cut", text: toy("l published=2024-03-01", 10) + "cut", change: force, want: store.Refused, says: "cut short"},
		{name: "a web page", text: "<!DOCTYPE html>\n<html>", want: store.Refused, says: "a web page"},
		{name: "a tag pack", text: "title: T\ncreator: C\ntags:\n- address: x\n", want: store.Refused, says: "it is a tag pack"},
		{name: "no list", text: "hello", want: store.Refused, says: "form of no list"},
		{name: "bad gzip", text: "\x1f\x8bgarbage", want: store.Refused, says: "the compressed data"},
		{name: "bad zip", text: "PK\x03\x04garbage", want: store.Refused, says: "the archive is damaged"},
		{name: "too large", text: toy("l published=2024-03-01", 100), change: func(o *ListOptions) { o.MaxBytes = 500 }, want: store.Refused, says: "more than 500 bytes"},
		{name: "stated more", text: toy("l published=2024-03-01 stated=11", 10), want: store.Refused, says: "says that it has 11 entries, and 10"},
		{name: "stated fewer", text: toy("l published=2024-03-01 stated=9", 10), want: store.Refused, says: "says that it has 9 entries, and 10"},
		{name: "stated right", text: toy("l published=2024-03-01 stated=11", 10) + "bad", want: store.Added},
		{name: "stated, forced", text: toy("l published=2024-03-01 stated=11", 10), change: force, want: store.Added, says: "says that it has 11"},
		{name: "many bad", text: toy("l published=2024-03-01", 10) + "bad\nbad\nbad\n", want: store.Refused, says: "3 of its 13 entries cannot be read"},
		{name: "shrank", text: toy("l published=2024-03-01", 7), want: store.Refused, says: "7 parties and the version published on 2024-02-01 has 10: 30 % fewer, and 20 % are accepted"},
		{name: "shrank by just as much", text: toy("l published=2024-03-01", 8), want: store.Added},
		{name: "shrank, forced", text: toy("l published=2024-03-01", 7), change: force, want: store.Added, says: "30 % fewer"},
		{name: "shrank, wider", text: toy("l published=2024-03-01", 7), change: func(o *ListOptions) { o.MaxShrink = 0.3 }, want: store.Added},
		{name: "shrank, not at all", text: toy("l published=2024-03-01", 9), change: func(o *ListOptions) { o.MaxShrink = -1 }, want: store.Refused, says: "10 % fewer, and 0 % are accepted"},
		{name: "wallets shrank", text: strings.ReplaceAll(toy("l published=2024-03-01", 10), " w", "w"), want: store.Refused, says: "0 wallets and the version"},
		{name: "another scope", text: toy("l published=2024-03-01 covers=1", 2), want: store.Added},
		{name: "another list", text: toy("m published=2024-03-01", 2), want: store.Added},
		{name: "an earlier day", text: toy("l published=2024-01-01", 2), want: store.Added},
		{name: "published after it came", text: toy("l published=2024-06-03", 10), want: store.Refused, says: "after it was received"},
		{name: "no day", text: toy("l", 10), want: store.Refused, says: "with --published"},
		{name: "a day in the name", file: "l_20240301.toy", text: toy("l", 10), want: store.Added},
		{name: "two days in the name", file: "2024-03-01_2024-03-02.toy", text: toy("l", 10), want: store.Refused, says: "two dates, 2024-03-01 and 2024-03-02"},
		{name: "a day of the caller's", file: "2024-03-01.toy", text: toy("l published=2024-03-01", 10), change: func(o *ListOptions) { o.Published = noon.AddDate(0, -1, 0) }, want: store.Added},
		{name: "not the list", text: toy("l published=2024-03-01", 10), change: func(o *ListOptions) { o.List = "m" }, want: store.Refused, says: "it is the list l, and m was expected"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := listStore(t)
			importLists(t, s, toyOptions(), bytesInput("first.toy", toy("l published=2024-02-01", 10)))
			before, err := s.Versions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			opt := toyOptions()
			if c.change != nil {
				c.change(&opt)
			}
			if c.file == "" {
				c.file = "l.toy"
			}
			out := importLists(t, s, opt, bytesInput("folder/"+c.file, c.text))
			if len(out) != 1 {
				t.Fatalf("%d outcomes", len(out))
			}
			o := out[0]
			says := fmt.Sprint(o.Err, o.Forced, o.Notes)
			if o.Outcome != c.want || !strings.Contains(says, c.says) {
				t.Errorf("%s: %s, want %s: %s", o.Outcome, says, c.want, c.says)
			}
			if bad := o.Outcome == store.Refused; bad != (o.Err != nil) {
				t.Errorf("%s with the error %v", o.Outcome, o.Err)
			} else if bad && !errors.Is(o.Err, fundtrail.ErrInvalid) && !errors.Is(o.Err, fundtrail.ErrLimit) {
				t.Errorf("an error without a sentinel: %v", o.Err)
			}
			after, err := s.Versions(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if added := len(after) - len(before); added != map[store.Outcome]int{store.Added: 1}[c.want] {
				t.Errorf("%d versions more", added)
			}
			log, err := s.Attempts(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			last := log[len(log)-1]
			if last.Outcome != c.want || last.Source != "folder/"+c.file || last.Forced != (len(o.Forced) > 0 && o.Err == nil) || o.Err != nil && last.Reason != o.Err.Error() {
				t.Errorf("the log says %+v", last)
			}
		})
	}
}

func TestListPublished(t *testing.T) {
	for name, want := range map[string]string{
		"2023-11-30.csv": "2023-11-30", "sdn_20231130.xml": "2023-11-30", "2025-11-25_b1737a4.json": "2025-11-25",
		"UN_consolidated_2025-11-15.xml": "2025-11-15", "a2023_11_30b.csv": "2023-11-30",
		"sdn.xml": "", "2025-11.json": "", "2023-13-30.csv": "", "120231130.csv": "", "202311301.csv": "", "sdn-2023.csv": "",
	} {
		got := ""
		if d := datesIn(name); len(d) == 1 {
			got = d[0].Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// pack makes a zip archive of names and texts in turn.
func pack(t testing.TB, files ...string) string {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// summary puts outcomes into words that a test can compare.
func summary(out []ListOutcome) (lines []string) {
	for _, o := range out {
		lines = append(lines, fmt.Sprintf("%s %s %d", o.Outcome, strings.Join(o.Files, "+"), o.Version.Parties))
	}
	return lines
}

// TestListPacked: a list is the same version, however it is packed.
func TestListPacked(t *testing.T) {
	s := listStore(t)
	text := toy("l published=2024-03-01", 10)
	got := summary(importLists(t, s, toyOptions(),
		bytesInput("a.toy", text),
		bytesInput("a.toy.gz", gzipped(text)),
		bytesInput("a.zip", pack(t, "d/", "", "d/a.toy", text, "readme.txt", "hello", "b.toy.gz", gzipped(toy("l published=2024-04-01", 11)))),
		bytesInput("readme.zip", pack(t, "readme.txt", "hello")),
		bytesInput("nested.zip", pack(t, "in.zip", pack(t, "a.toy", text))),
		bytesInput("empty.zip", pack(t, "d/", "")),
		bytesInput("2024-05-01.zip", pack(t, "l.toy", toy("l", 12)))))
	want := []string{"added a.toy 10", "unchanged a.toy.gz 10", "unchanged a.zip/d/a.toy 10", "ignored a.zip/readme.txt 0", "added a.zip/b.toy.gz 11",
		"refused readme.zip/readme.txt 0", "refused nested.zip/in.zip 0", "refused empty.zip 0", "added 2024-05-01.zip/l.toy 12"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestListBombs: what unpacks to more than may be is refused, before it is unpacked or
// as it is.
func TestListBombs(t *testing.T) {
	s := listStore(t)
	opt := toyOptions()
	opt.MaxBytes = 1 << 20
	big := "toy l published=2024-03-01\n" + strings.Repeat(" \n", 1<<20)
	half := "toy l published=2024-03-01\n" + strings.Repeat(" \n", 1<<18)
	// An archive may lie about its members' sizes.
	lying := []byte(pack(t, "a.toy", big))
	size := []byte{byte(len(big)), byte(len(big) >> 8), byte(len(big) >> 16), byte(len(big) >> 24)}
	lying = bytes.ReplaceAll(lying, size, []byte{10, 0, 0, 0})
	for _, in := range []Input{
		bytesInput("a.toy.gz", gzipped(big)),
		bytesInput("a.zip", pack(t, "a.toy", big)),
		bytesInput("b.zip", pack(t, "a.toy", half, "b.toy", half, "c.toy", half)),
		bytesInput("gz.zip", pack(t, "a.toy.gz", gzipped(big))),
		bytesInput("lying.zip", string(lying)),
		bytesInput("many.zip", pack(t, strings.Split(strings.Repeat("a.toy,toy l,", maxMembers+1), ",")[:2*maxMembers+2]...)),
	} {
		for _, o := range importLists(t, s, opt, in) {
			if o.Outcome != store.Refused {
				t.Errorf("%s: %s", in.Name, o.Outcome)
			}
			if in.Name != "lying.zip" && !errors.Is(o.Err, fundtrail.ErrLimit) {
				t.Errorf("%s: %v", in.Name, o.Err)
			}
		}
	}
}

// TestListSets: which files make one version.
func TestListSets(t *testing.T) {
	part := func(name string, n int) Input {
		return bytesInput(name, "toypart "+strings.TrimPrefix(toy("l published=2024-03-01", n), "toy "))
	}
	for _, c := range []struct {
		name string
		in   []Input
		want []string
	}{
		{"alone", []Input{part("main.toy", 3)}, []string{"added main.toy 3"}},
		{"in their order", []Input{part("more.toy", 1), part("main.toy", 3)}, []string{"added main.toy+more.toy 4"}},
		{"of other names and folders", []Input{part("x/main_a.toy", 3), part("y/b_more.toy", 1)}, []string{"added x/main_a.toy+y/b_more.toy 4"}},
		{"several versions", []Input{part("x/main-1.toy", 3), part("x/main-2.toy", 4), part("x/more-2.toy", 1), part("x/more-1.toy", 2)},
			[]string{"added x/main-1.toy+x/more-1.toy 5", "added x/main-2.toy+x/more-2.toy 5"}},
		{"several folders", []Input{part("x/main.toy", 3), part("y/main.toy", 4), part("y/more.toy", 1)},
			[]string{"added x/main.toy 3", "added y/main.toy+y/more.toy 5"}},
		{"without the main file", []Input{part("more.toy", 1)}, []string{"refused more.toy 0"}},
		{"twice the same part", []Input{part("x/main.toy", 3), part("x/main.toy.gz", 3)}, []string{"refused x/main.toy+x/main.toy.gz 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := listStore(t)
			out := importLists(t, s, toyOptions(), c.in...)
			if diff := cmp.Diff(c.want, summary(out)); diff != "" {
				t.Error(diff)
			}
			for _, o := range out {
				if o.Outcome != store.Added {
					continue
				}
				files, err := s.Files(t.Context(), o.Version.SHA256)
				if err != nil || len(files) != len(o.Files) || files[0].Name != baseName(o.Files[0]) {
					t.Errorf("%d files are kept, %v", len(files), err)
				}
			}
		})
	}
}

func TestListOptions(t *testing.T) {
	s := listStore(t)
	opt := toyOptions()
	opt.Published = noon.AddDate(0, -1, 0)
	if _, err := Lists(t.Context(), s, []Input{bytesInput("a", toy("l", 1)), bytesInput("b", toy("l", 2))}, opt); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("one day of two versions: %v", err)
	}
	opt = toyOptions()
	opt.Received = noon.AddDate(0, 0, 2)
	if _, err := Lists(t.Context(), s, nil, opt); !errors.Is(err, fundtrail.ErrInvalid) {
		t.Errorf("received in the future: %v", err)
	}
	opt = toyOptions()
	opt.Found = map[string]bool{"d/notes.txt": true, "d/page.html": true}
	got := summary(importLists(t, s, opt, bytesInput("d/notes.txt", "hello"), bytesInput("d/page.html", "<html>"), bytesInput("notes.txt", "hello")))
	if diff := cmp.Diff([]string{"ignored d/notes.txt 0", "refused d/page.html 0", "refused notes.txt 0"}, got); diff != "" {
		t.Error(diff)
	}
	got = summary(importLists(t, s, toyOptions(), File("no such file")))
	if diff := cmp.Diff([]string{"failed no such file 0"}, got); diff != "" {
		t.Error(diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Lists(ctx, s, []Input{bytesInput("a", toy("l published=2024-03-01", 1))}, toyOptions()); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// TestListsRealTwice imports the dated snapshots in both orders and twice: the history
// is the same, and has what is known of the two Sinbad addresses and of Tornado Cash.
func TestListsRealTwice(t *testing.T) {
	var in []Input
	for _, folder := range []string{"ofac_addresses_2022_2024", "ofac_addresses_2024_2025"} {
		names, _ := filepath.Glob(sharedData + folder + "/20*")
		for _, name := range names {
			in = append(in, File(name))
		}
	}
	if len(in) == 0 {
		t.Skip("the data set is not there")
	}
	opt := ListOptions{Now: func() time.Time { return noon.AddDate(3, 0, 0) }}
	var histories []*fundtrail.ListHistory
	for round := range 3 {
		s := listStore(t)
		order := append([]Input(nil), in...)
		for i, j := 0, len(order)-1; round > 0 && i < j; i, j = i+1, j-1 {
			order[i], order[j] = order[j], order[i]
		}
		for range 1 + round/2 {
			for _, o := range importLists(t, s, opt, order...) {
				if o.Err != nil && round == 0 {
					t.Errorf("%v: %v", o.Files, o.Err)
				}
			}
		}
		h, err := s.History(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context()); err != nil {
			t.Error(err)
		}
		histories = append(histories, h)
	}
	if !reflect.DeepEqual(histories[1], histories[0]) || !reflect.DeepEqual(histories[2], histories[0]) {
		t.Error("another order, or twice, gives another history")
	}
	h := histories[0]
	if len(h.Versions) != 47 {
		t.Errorf("%d versions, want 47", len(h.Versions))
	}
	const tornado = "0x722122df12d4e14e13ac3b6895a86e84145b6967"
	stands := map[string]bool{}
	for i, v := range h.Versions {
		for _, m := range h.Members[i] {
			for _, w := range h.Parties[m].Wallets {
				if strings.EqualFold(w.Text, tornado) {
					stands[v.Published.Format("2006-01")] = true
				}
			}
		}
	}
	if !stands["2022-11"] || !stands["2025-03"] || stands["2025-04"] || stands["2025-11"] {
		t.Errorf("%s stands in %v", tornado, stands)
	}
}

// TestListsRealNative imports lists in their publishers' own forms.
func TestListsRealNative(t *testing.T) {
	native := sharedData + "sanctions_native/"
	if _, err := os.Stat(native); err != nil {
		t.Skip("the data set is not there")
	}
	s := listStore(t)
	opt := ListOptions{Now: func() time.Time { return noon.AddDate(3, 0, 0) }, Published: time.Date(2021, 7, 1, 0, 0, 0, 0, time.UTC)}
	var in []Input
	for _, part := range []string{"add", "sdn_comments", "sdn", "alt"} {
		in = append(in, File(native+"watchman/test_testdata_bench_"+part+".csv"))
	}
	out := importLists(t, s, opt, in...)
	if len(out) != 1 || out[0].Outcome != store.Added || out[0].Version.Parties != 8976 || out[0].Version.List != "us-ofac-sdn" || out[0].Version.Covers != 3 {
		t.Errorf("OFAC's CSV set: %+v", out)
	}
	// An ADD file that is cut in its last row, and a set without its main file.
	out = importLists(t, s, opt, File(native+"watchman/test_testdata_sdn.csv"), File(native+"watchman/test_testdata_add.csv"))
	if len(out) != 1 || out[0].Outcome != store.Refused || !strings.Contains(out[0].Err.Error(), "line 11696") {
		t.Errorf("a cut set: %+v", out)
	}
	out = importLists(t, s, ListOptions{}, File(native+"watchman/CONS_ENHANCED.ZIP"))
	if len(out) != 1 || out[0].Outcome != store.Added || out[0].Version.Parties != 443 || out[0].Version.Published.Format(time.DateOnly) != "2025-01-10" {
		t.Errorf("the consolidated list: %+v", out)
	}
}
