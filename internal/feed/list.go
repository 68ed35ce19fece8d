package feed

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A List is what one version of a sanctions list says, in the files' order.
type List struct {
	List      string // "us-ofac-sdn": what the version is a version of
	Covers    fundtrail.ListScope
	Published time.Time // as the file itself states; zero where it does not
	Parties   []fundtrail.Party
	Stated    int // how many entries the file says it has; -1 where it does not
	Rejected  []Rejected
	Unread    []Count // words of kept parties that no rule here covers
}

// A listFormat is one publisher's form of a list.
type listFormat struct {
	format Format
	// detect tells from a file's first bytes, a few kilobytes, and its name.
	detect func(head []byte, name string) bool
	// parse reads the file. It returns an error, and no list, when the file is not
	// what it claims to be, is truncated, or is empty.
	parse func(r io.Reader) (*List, error)
}

// listFormats are tried in order; each publisher's file has its own.
var listFormats = slices.Concat(usFormats)

// DetectList tells the form of a list from a file's first bytes, a few kilobytes of
// them when there are as many, and where those leave it open from its name. ok is false
// for a file that is no list known here.
func DetectList(head []byte, name string) (format Format, ok bool) {
	for _, l := range listFormats {
		if l.detect(head, name) {
			return l.format, true
		}
	}
	return "", false
}

// ParseList reads one version of a list.
func ParseList(f Format, r io.Reader) (*List, error) {
	for _, l := range listFormats {
		if l.format == f {
			return l.parse(r)
		}
	}
	return nil, errNoList(f)
}

func errNoList(f Format) error {
	return fmt.Errorf("no list has the format %q: %w", f, fundtrail.ErrInvalid)
}
