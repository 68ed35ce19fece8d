package data

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A shelf is a folder of embedded records. Reading YAML is most of what this package costs
// a command, so a record is parsed when it is asked for, and once.
type shelf[T any] struct {
	folder  string
	names   func(T) []string // a record's own: its ID first
	entries func() []entry[T]
	list    func() []T // of every record, sorted by ID
}

// An entry is one record of a shelf.
type entry[T any] struct {
	id  string // the file's name, which the lint holds to be the record's ID
	raw []byte // as they are in the repository
	get func() (T, error)
}

// aliasLine is how the records of thefts, cases and acts give their aliases: the lint
// refuses another form, so that a name is found without parsing every record.
var aliasLine = regexp.MustCompile(`(?m)^aliases: \[([^\]\n]*)\]`)

// newShelf opens a folder. A record of ours that does not parse is a fault of the program,
// which its tests find.
func newShelf[T any](folder string, parse func([]byte) (T, error), names func(T) []string) *shelf[T] {
	s := &shelf[T]{folder: folder, names: names}
	s.entries = sync.OnceValue(func() (out []entry[T]) {
		for _, name := range mustGlob(folder + "/*.yaml") {
			raw := mustRead(name)
			e := entry[T]{id: strings.TrimSuffix(path.Base(name), ".yaml"), raw: raw}
			e.get = sync.OnceValues(func() (T, error) {
				record, err := parse(raw)
				if err != nil {
					err = fmt.Errorf("data/%s: %w", name, err)
				}
				return record, err
			})
			out = append(out, e)
		}
		return out
	})
	s.list = sync.OnceValue(func() []T { return s.some(func(string, []byte) bool { return true }) })
	return s
}

// words are the ID and the aliases, as the record's text has them.
func (e *entry[T]) words() []string {
	out := []string{e.id}
	if m := aliasLine.FindSubmatch(e.raw); m != nil {
		for _, word := range strings.Split(string(m[1]), ",") {
			out = append(out, strings.Trim(strings.TrimSpace(word), `"'`))
		}
	}
	return out
}

// some returns the records whose text passes, parsed all at once.
func (s *shelf[T]) some(pass func(id string, raw []byte) bool) []T {
	entries := slices.DeleteFunc(slices.Clone(s.entries()), func(e entry[T]) bool {
		return !pass(e.id, e.raw)
	})
	out, errs := make([]T, len(entries)), make([]error, len(entries))
	var all sync.WaitGroup
	for i, e := range entries {
		all.Go(func() { out[i], errs[i] = e.get() })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		panic(err)
	}
	return out
}

// texts returns the texts of the records with the IDs.
func (s *shelf[T]) texts(ids []string) (out [][]byte) {
	for _, e := range s.entries() {
		if slices.Contains(ids, e.id) {
			out = append(out, e.raw)
		}
	}
	return out
}

// byID returns the record with exactly this ID.
func (s *shelf[T]) byID(id string) (record T, ok bool) {
	i, ok := slices.BinarySearchFunc(s.entries(), id, func(e entry[T], id string) int { return strings.Compare(e.id, id) })
	if !ok {
		return record, false
	}
	return s.must(i), true
}

func (s *shelf[T]) must(i int) T {
	record, err := s.entries()[i].get()
	if err != nil {
		panic(err)
	}
	return record
}

// find returns the record that goes by a name. Where quick, IDs and aliases are all the
// names that there are, and only the record found is parsed.
func (s *shelf[T]) find(what, name string, quick bool) (T, error) {
	if record, ok := s.byID(slug(name)); ok {
		return record, nil
	}
	if !quick {
		return Find(what, name, s.list(), s.names)
	}
	all := make([][]string, len(s.entries()))
	for i, e := range s.entries() {
		all[i] = e.words()
	}
	i, err := find(name, all)
	if err != nil {
		var none T
		return none, fmt.Errorf("%s %w", what, err)
	}
	return s.must(i), nil
}

// holds reports whether a text holds an ID as a word of its own.
func holds(raw []byte, id string) bool {
	for rest := raw; ; {
		i := bytes.Index(rest, []byte(id))
		if i < 0 {
			return false
		}
		before, after := i == 0 || !inID(rest[i-1]), i+len(id) == len(rest) || !inID(rest[i+len(id)])
		if before && after {
			return true
		}
		rest = rest[i+len(id):]
	}
}

func inID(c byte) bool {
	return c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// About returns the records with the IDs, those that name them, the cases, acts and thefts
// that they name, and the actors and services that any of those name: enough to tell
// everything about a theft, a case or an act without parsing all that is known.
func About(ids ...string) Contents {
	var own, text []byte
	for _, raw := range slices.Concat(incidents.texts(ids), proceedings.texts(ids), actions.texts(ids)) {
		own = append(append(own, raw...), '\n')
	}
	near := func(id string, raw []byte) bool {
		if !holds(own, id) && !slices.ContainsFunc(ids, func(x string) bool { return holds(raw, x) }) {
			return false
		}
		text = append(append(text, raw...), '\n')
		return true
	}
	c := Contents{Incidents: incidents.some(near), Proceedings: proceedings.some(near), Actions: actions.some(near), Publications: publications.some(near)}
	// A service's own text is searched too: its figures tell of thefts.
	for _, e := range services.entries() {
		near(e.id, e.raw)
	}
	named := func(id string, _ []byte) bool { return holds(text, id) || slices.Contains(ids, id) }
	c.Services, c.Actors = services.some(named), actors.some(named)
	return c
}

// mustRead reads a file that is embedded.
func mustRead(name string) []byte {
	raw, err := files.ReadFile(name)
	if err != nil {
		panic(err)
	}
	return raw
}
