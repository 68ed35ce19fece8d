package feed

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// realData opens a file of the data set that lies beside the project, unpacked.
func realData(tb testing.TB, name string) io.Reader {
	tb.Helper()
	f, err := os.Open("../../../shared/data/" + name)
	if errors.Is(err, os.ErrNotExist) {
		tb.Skipf("no %s beside the project", name)
	} else if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.Close() })
	if !strings.HasSuffix(name, ".gz") {
		return f
	}
	g, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	return g
}

func readAll(tb testing.TB, r io.Reader) string {
	tb.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func testdata(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func address(tb testing.TB, chain fundtrail.Chain, s string) fundtrail.Address {
	tb.Helper()
	a, err := fundtrail.ParseAddress(chain, s)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

// wantInvalid checks an error's sentinel and that it says what it should.
func wantInvalid(tb testing.TB, err error, says ...string) {
	tb.Helper()
	if !errors.Is(err, fundtrail.ErrInvalid) {
		tb.Errorf("error %v does not wrap ErrInvalid", err)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			tb.Errorf("error %q does not say %q", err, s)
		}
	}
}

// checkTags is what every accepted tag must be, whatever the file was.
func checkTags(tb testing.TB, tags []fundtrail.Tag) {
	tb.Helper()
	for _, tag := range tags {
		if tag.Address.IsZero() == tag.Tx.IsZero() {
			tb.Errorf("tag %q is about %v and %v: want one of them", tag.Label, tag.Address, tag.Tx)
		}
		if !tag.Address.IsZero() {
			if a, err := fundtrail.ParseAddress(tag.Address.Chain(), tag.Address.String()); err != nil || a != tag.Address {
				tb.Errorf("address %v does not parse: %v", tag.Address, err)
			}
		}
		if tag.Confidence > 100 {
			tb.Errorf("tag %q: confidence %d", tag.Label, tag.Confidence)
		}
		if tag.Label+tag.Actor+tag.Category == "" {
			tb.Errorf("tag on %v %v says nothing", tag.Address, tag.Tx)
		}
	}
}

func checkRejected(tb testing.TB, rejected []Rejected) {
	tb.Helper()
	for _, r := range rejected {
		if r.Line < 1 || r.Entry < 1 || !errors.Is(r.Err, fundtrail.ErrInvalid) {
			tb.Errorf("rejected %+v: want a place and an error that wraps ErrInvalid", r)
		}
	}
}
