package screen

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// ListsSchema names the version of [Lists]' JSON.
const ListsSchema = "fundtrail.lists/1"

// Lists are all versions of all lists that an index was made from, and the sources of its
// labels. Not only those that a question asks count: when a party was first on a list
// follows from the versions before.
type Lists struct {
	Versions []fundtrail.ListVersion // sorted
	Labels   []LabelSource           // sorted
}

// A LabelSource is a file of community claims.
type LabelSource struct {
	Title  string
	SHA256 [32]byte
}

// ListsOf takes down what a history was made of. Labels may be nil.
func ListsOf(h *fundtrail.ListHistory, labels []LabelSource) Lists {
	l := Lists{slices.Clone(h.Versions), slices.Clone(labels)}
	slices.SortFunc(l.Versions, compareVersions)
	slices.SortFunc(l.Labels, compareLabels)
	return l
}

func compareVersions(a, b fundtrail.ListVersion) int {
	return cmp.Or(
		strings.Compare(a.List, b.List), a.Published.Compare(b.Published), a.Received.Compare(b.Received),
		strings.Compare(a.Format, b.Format), cmp.Compare(a.Covers, b.Covers), slices.Compare(a.SHA256[:], b.SHA256[:]),
		cmp.Compare(a.Parties, b.Parties), cmp.Compare(a.Wallets, b.Wallets))
}

func compareLabels(a, b LabelSource) int {
	return cmp.Or(strings.Compare(a.Title, b.Title), slices.Compare(a.SHA256[:], b.SHA256[:]))
}

// AppendJSON appends the lists in their one form.
func (l *Lists) AppendJSON(b []byte) []byte {
	versions := make([]*fundtrail.ListVersion, len(l.Versions))
	for i := range l.Versions {
		versions[i] = &l.Versions[i]
	}
	b = AppendVersions(append(b, `{"schema":"`+ListsSchema+`","versions":`...), versions)
	if len(l.Labels) > 0 {
		b = append(b, `,"labels":`...)
		for i := range l.Labels {
			b = appendText(append(next(b, i), `{"title":`...), l.Labels[i].Title, maxText)
			b = append(appendDigest(b, `,"sha256":`, l.Labels[i].SHA256), '}')
		}
		b = append(b, ']')
	}
	return append(b, '}')
}

// Digest is the SHA-256 of the lists' JSON: records name them by it.
func (l *Lists) Digest() [32]byte { return sha256.Sum256(l.AppendJSON(nil)) }

// ParseLists reads lists.
func ParseLists(text []byte) (Lists, error) {
	l, err := parseLists(text)
	if err != nil {
		return l, fmt.Errorf("read the record of the lists: %w: %w", err, fundtrail.ErrInvalid)
	}
	return l, nil
}

func parseLists(text []byte) (l Lists, err error) {
	var j struct {
		Schema   string            `json:"schema"`
		Versions []VersionDocument `json:"versions"`
		Labels   []struct {
			Title  string `json:"title"`
			SHA256 string `json:"sha256"`
		} `json:"labels"`
	}
	if err := json.Unmarshal(text, &j); err != nil {
		return l, err
	}
	if j.Schema != ListsSchema {
		return l, fmt.Errorf("its schema is %q, this program reads %q", bounded(j.Schema, 100), ListsSchema)
	}
	for i := range j.Versions {
		v, err := j.Versions[i].version()
		if err != nil {
			return l, fmt.Errorf("version %d: %w", i+1, err)
		}
		l.Versions = append(l.Versions, v)
	}
	for i, label := range j.Labels {
		s := LabelSource{Title: label.Title}
		if label.SHA256 != "" {
			if s.SHA256, err = parseDigest(label.SHA256); err != nil {
				return l, fmt.Errorf("label %d: %w", i+1, err)
			}
		}
		l.Labels = append(l.Labels, s)
	}
	return l, nil
}

func (d *VersionDocument) version() (v fundtrail.ListVersion, err error) {
	v = fundtrail.ListVersion{List: d.List, Format: d.Format, Parties: d.Parties, Wallets: d.Wallets}
	for _, c := range d.Covers {
		switch c {
		case "names":
			v.Covers |= fundtrail.CoversNames
		case "wallets":
			v.Covers |= fundtrail.CoversWallets
		default:
			return v, fmt.Errorf("covers %q, which this program does not know", bounded(c, 100))
		}
	}
	if v.Published, err = parseStamp(d.Published); err != nil {
		return v, fmt.Errorf("published: %w", err)
	}
	if v.Received, err = parseStamp(d.Received); err != nil {
		return v, fmt.Errorf("received: %w", err)
	}
	if d.SHA256 != "" {
		v.SHA256, err = parseDigest(d.SHA256)
	}
	return v, err
}

// A versionKey says which version of a list it is. What it holds follows from the bytes.
type versionKey struct {
	list, format        string
	covers              fundtrail.ListScope
	published, received string
	sha256              [32]byte
}

func keyOfVersion(v *fundtrail.ListVersion) versionKey {
	return versionKey{bounded(v.List, maxText), bounded(v.Format, maxText), v.Covers & (fundtrail.CoversNames | fundtrail.CoversWallets),
		stamp(v.Published), stamp(v.Received), v.SHA256}
}

// Restrict gives the history as it was when it held these versions and no other, and
// those that it holds no longer. Versions that came later leave no trace in it.
func Restrict(h *fundtrail.ListHistory, versions []fundtrail.ListVersion) (*fundtrail.ListHistory, []fundtrail.ListVersion) {
	want := map[versionKey]int{}
	for i := range versions {
		want[keyOfVersion(&versions[i])]++
	}
	out := &fundtrail.ListHistory{}
	used := make([]bool, len(h.Parties))
	for i := range h.Versions {
		k := keyOfVersion(&h.Versions[i])
		if want[k] == 0 {
			continue
		}
		want[k]--
		out.Versions = append(out.Versions, h.Versions[i])
		out.Members = append(out.Members, h.Members[i])
		for _, p := range h.Members[i] {
			used[p] = true
		}
	}
	var missing []fundtrail.ListVersion
	for i := range versions {
		if k := keyOfVersion(&versions[i]); want[k] > 0 {
			want[k]--
			missing = append(missing, versions[i])
		}
	}
	renumber(out, h, used)
	return out, missing
}

// renumber leaves out the parties that no version is left to hold, in whose order nothing
// changes.
func renumber(out, h *fundtrail.ListHistory, used []bool) {
	number := make([]uint32, len(h.Parties))
	for p := range h.Parties {
		if used[p] {
			number[p] = uint32(len(out.Parties))
			out.Parties = append(out.Parties, h.Parties[p])
		}
	}
	for i, members := range out.Members {
		out.Members[i] = make([]uint32, len(members))
		for k, p := range members {
			out.Members[i][k] = number[p]
		}
	}
}
