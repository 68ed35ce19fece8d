package names

import (
	"crypto/sha256"
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// shared returns the path of a file of the real data, and skips the test without it.
func shared(t testing.TB, name string) string {
	t.Helper()
	p := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("real data is not here: %v", err)
	}
	return p
}

// A pair is two names of which somebody said whether they are one party's.
type pair struct {
	schema, group  string
	name1, name2   string
	match, holdout bool
	quality        string
}

func (p pair) kind() fundtrail.PartyKind {
	switch p.schema {
	case "Person":
		return fundtrail.Person
	case "Vessel":
		return fundtrail.Vessel
	case "LegalEntity":
		return fundtrail.PartyUnstated
	}
	return fundtrail.Organisation
}

// readPairs reads the labelled pairs. Three fifths, by a digest of the row, are for
// tuning; the rest is looked at only in figures.
func readPairs(t testing.TB) []pair {
	t.Helper()
	f, err := os.Open(shared(t, "name_matching/name_pairs.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []pair
	for _, r := range rows[1:] {
		digest := sha256.Sum256([]byte(r[1] + "|" + r[2] + "|" + r[3]))
		out = append(out, pair{schema: r[1], group: r[0], name1: r[2], name2: r[3], match: r[4] == "true", holdout: digest[0] >= 154, quality: r[5]})
	}
	return out
}

// A tally counts right and wrong answers.
type tally struct{ tp, fp, fn, tn int }

func (c *tally) add(found, truth bool) {
	switch {
	case found && truth:
		c.tp++
	case found:
		c.fp++
	case truth:
		c.fn++
	default:
		c.tn++
	}
}

func (c tally) precision() float64 { return ratio(c.tp, c.tp+c.fp) }
func (c tally) recall() float64    { return ratio(c.tp, c.tp+c.fn) }
func (c tally) f1() float64        { return ratio(2*c.tp, 2*c.tp+c.fp+c.fn) }

func ratio(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}
