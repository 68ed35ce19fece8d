package screen

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
)

// shared is where the public data sets stand that tests may read and not copy.
const shared = "../../../shared/data"

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// A historyBuilder makes histories, holding each party's content once.
type historyBuilder struct {
	history fundtrail.ListHistory
	index   map[string]uint32
}

func (b *historyBuilder) add(v fundtrail.ListVersion, parties ...fundtrail.Party) {
	if b.index == nil {
		b.index = map[string]uint32{}
	}
	var members []uint32
	for _, p := range parties {
		content, err := json.Marshal(struct {
			List string
			P    fundtrail.Party
		}{v.List, p})
		if err != nil {
			panic(err)
		}
		id, ok := b.index[string(content)]
		if !ok {
			id = uint32(len(b.history.Parties))
			b.index[string(content)] = id
			b.history.Parties = append(b.history.Parties, p)
		}
		members = append(members, id)
	}
	slices.Sort(members)
	v.Parties = len(parties)
	b.history.Versions = append(b.history.Versions, v)
	b.history.Members = append(b.history.Members, slices.Compact(members))
}

// realHistory is the dated snapshots of OFAC's addresses, every one received on the day
// after its date.
var realHistory = sync.OnceValue(func() *fundtrail.ListHistory {
	var b historyBuilder
	files, _ := filepath.Glob(shared + "/ofac_addresses_2022_2024/*.csv")
	more, _ := filepath.Glob(shared + "/ofac_addresses_2024_2025/*.json")
	for _, name := range append(files, more...) {
		text, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		format, _ := feed.DetectList(text[:min(len(text), 4096)], name)
		l, err := feed.ParseList(format, bytes.NewReader(text))
		if err != nil {
			panic(err)
		}
		published := day(filepath.Base(name)[:10])
		b.add(fundtrail.ListVersion{
			List: l.List, Format: string(format), Covers: l.Covers, SHA256: sha256.Sum256(text),
			Published: published, Received: published.AddDate(0, 0, 1),
		}, l.Parties...)
	}
	return &b.history
})

func realIndex(t testing.TB) *Index {
	t.Helper()
	if _, err := os.Stat(shared + "/ofac_addresses_2022_2024"); err != nil {
		t.Skip("the public data sets are not here: ", err)
	}
	return builtReal()
}

var builtReal = sync.OnceValue(func() *Index { return New(realHistory(), Options{}) })

const tornadoRouter = "0x722122dF12D4e14e13Ac3b6895a86e84145b6967"

func TestRealTornadoRouter(t *testing.T) {
	x := realIndex(t)
	then := x.Ask(Question{Text: tornadoRouter, AsOf: day("2025-03-05")})
	if then.Verdict != Matched || len(then.Matches) != 1 || len(then.Past) != 0 {
		t.Fatalf("as of 2025-03-05: %+v", then)
	}
	m := then.Matches[0]
	if m.Designation.Party.Names[0].Text != "TORNADO CASH" || m.Designation.List != "us-ofac-sdn" {
		t.Errorf("party: %+v", m.Designation.Party.Names)
	}
	if m.Version.Published != day("2025-03-05") || m.Wallet != tornadoRouter {
		t.Errorf("answered by %v, wallet %s", m.Version.Published, m.Wallet)
	}
	now := x.Ask(Question{Text: tornadoRouter, AsOf: day("2025-03-22")})
	if now.Verdict != Clear || len(now.Matches) != 0 || len(now.Past) != 1 {
		t.Fatalf("as of 2025-03-22: %+v", now)
	}
	d := now.Past[0].Designation
	if d.DelistedAfter != day("2025-03-05") || d.Delisted != day("2025-03-22") {
		t.Errorf("left after %v, by %v", d.DelistedAfter, d.Delisted)
	}
	t.Logf("%s\n%s\nlisted after %v by %v", m.Why, now.Past[0].Why, d.ListedAfter, d.Listed)
	// Published on the 22nd, received on the 23rd.
	known := x.Ask(Question{Text: tornadoRouter, AsOf: day("2025-03-22"), Known: EndOfDay(day("2025-03-22"))})
	if known.Verdict != Matched {
		t.Errorf("as of 2025-03-22, known that day: %+v", known)
	}
	if d := known.Matches[0].Designation; !d.Delisted.IsZero() {
		t.Errorf("what was received later shows: delisted %v", d.Delisted)
	}
	known = x.Ask(Question{Text: tornadoRouter, AsOf: day("2025-03-22"), Known: EndOfDay(day("2025-03-23"))})
	if known.Verdict != Clear || len(known.Past) != 1 {
		t.Errorf("as of 2025-03-22, known the day after: %+v", known)
	}
	before := x.Ask(Question{Text: tornadoRouter, AsOf: day("2020-01-01")})
	if before.Verdict != Unknown || !strings.Contains(before.Reason, "2022-09-03") {
		t.Errorf("before any version: %+v", before)
	}
}

func diffReal(t *testing.T, from, to string) *Difference {
	t.Helper()
	realIndex(t)
	d, err := Diff(realHistory(), "us-ofac-sdn", day(from), day(to))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestRealDiffSinbad(t *testing.T) {
	d := diffReal(t, "2023-11-22", "2023-11-30")
	if len(d.WalletsAdded) != 2 || len(d.WalletsRemoved) != 0 {
		t.Fatalf("%d added, %d removed", len(d.WalletsAdded), len(d.WalletsRemoved))
	}
	for _, w := range d.WalletsAdded {
		if w.Wallet.Currency != "XBT" || len(w.Party.Names) == 0 || w.Party.Names[0].Text != "SINBAD" {
			t.Errorf("%s of %s", w.Wallet.Text, w.Party.UID)
		}
	}
}

func TestRealDiffTornado(t *testing.T) {
	d := diffReal(t, "2025-03-05", "2025-03-22")
	if len(d.WalletsRemoved) != 90 {
		t.Errorf("%d removed, want 90", len(d.WalletsRemoved))
	}
	for _, w := range d.WalletsRemoved {
		if w.Party.Names[0].Text != "TORNADO CASH" || w.Wallet.CaseLost {
			t.Errorf("%+v of %s", w.Wallet, w.Party.UID)
		}
	}
	t.Log(len(d.WalletsAdded), d.WalletsAdded)
}

// Between two forms of the list, what differs is what the list changed: no wallet is
// removed in one form and added in another.
func TestRealDiffAcrossForms(t *testing.T) {
	d := diffReal(t, "2024-09-27", "2024-12-29")
	texts := map[string]bool{}
	for _, w := range d.WalletsRemoved {
		texts[strings.ToLower(w.Wallet.Text)] = true
	}
	for _, w := range d.WalletsAdded {
		if texts[strings.ToLower(w.Wallet.Text)] {
			t.Errorf("%s is removed and added", w.Wallet.Text)
		}
	}
	t.Logf("%d added, %d removed", len(d.WalletsAdded), len(d.WalletsRemoved))
	for _, w := range d.WalletsRemoved {
		t.Log("-", w.Wallet.Text, w.Wallet.Currency, w.Party.UID)
	}
}

func sorted(members []uint32) []uint32 {
	slices.Sort(members)
	return members
}
