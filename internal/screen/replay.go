package screen

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// An Asker answers questions, as an [Index] does.
type Asker interface {
	Ask(Question) Answer
}

// A Replayer asks recorded questions again, of the versions of the lists that were there
// to answer when they were recorded. It keeps the index of the last lists it needed.
type Replayer struct {
	History *fundtrail.ListHistory // every version that is kept
	Labels  []LabelSource          // that are in use now
	Program string                 // this program's name and version
	// Build makes the index of the restricted history. Lists is what the record names,
	// so that labels that came later can be left out.
	Build func(h *fundtrail.ListHistory, l *Lists) Asker

	asker   Asker
	of      [32]byte
	missing []fundtrail.ListVersion
}

// A Replay is what came of asking again.
type Replay struct {
	Same       bool   // the answers are equal, byte for byte
	Recorded   []byte // documents
	Again      []byte
	Mismatches []Mismatch // at most MaxMismatches; More counts the rest
	More       int
	// Notes say what is different from when the record was made and may be why: another
	// program, another method, a version that is no longer kept. They may be there
	// though the answers are the same.
	Notes []string
}

// MaxMismatches bounds the list of them.
const MaxMismatches = 100

// A Mismatch is one field in which two documents differ.
type Mismatch struct {
	Field           string // "matches[0].designation.delisted"
	Recorded, Again string // JSON, "" where the field is not there
}

// String says what was and what is.
func (m Mismatch) String() string {
	return fmt.Sprintf("%s: recorded %s, now %s", m.Field, cmp.Or(m.Recorded, "nothing"), cmp.Or(m.Again, "nothing"))
}

// Replay asks a record's question again. The lists must be those that the record names
// by their digest, else the error wraps fundtrail.ErrConflict.
func (r *Replayer) Replay(rec *Record, l *Lists) (Replay, error) {
	digest := l.Digest()
	if digest != rec.Lists {
		return Replay{}, fmt.Errorf("replay a screening: these are other lists than the record names: their digest is %x, the record has %x: %w",
			digest, rec.Lists, fundtrail.ErrConflict)
	}
	if r.asker == nil || r.of != digest {
		var h *fundtrail.ListHistory
		h, r.missing = Restrict(r.History, l.Versions)
		r.asker, r.of = r.Build(h, l), digest
	}
	answer := r.asker.Ask(rec.Question)
	out := Replay{Recorded: rec.Answer, Again: AppendJSON(nil, &rec.Question, &answer)}
	out.Same = bytes.Equal(out.Recorded, out.Again)
	out.Notes = r.notes(rec, l)
	if !out.Same {
		all, err := compareDocuments(out.Recorded, out.Again)
		if err != nil {
			return out, fmt.Errorf("replay a screening: %w: %w", err, fundtrail.ErrInvalid)
		}
		out.More = max(0, len(all)-MaxMismatches)
		out.Mismatches = all[:len(all)-out.More]
		if len(all) == 0 {
			out.Notes = append(out.Notes, "the two say the same in every field and are spelled differently")
		}
	}
	return out, nil
}

func (r *Replayer) notes(rec *Record, l *Lists) []string {
	var out []string
	for i := range r.missing {
		v := &r.missing[i]
		out = append(out, fmt.Sprintf("a version that could be asked then is not kept: %s of %s, received %s, sha256 %x",
			v.List, stamp(v.Published), stamp(v.Received), v.SHA256))
	}
	for _, s := range l.Labels {
		if !slices.Contains(r.Labels, s) {
			out = append(out, fmt.Sprintf("labels that could be asked then are not there: %s, sha256 %x", bounded(s.Title, 200), s.SHA256))
		}
	}
	if rec.Program != r.Program {
		out = append(out, fmt.Sprintf("the program was %s and is %s", rec.Program, r.Program))
	}
	now := Methods()
	for _, m := range rec.Methods {
		if !slices.Contains(now, m) {
			out = append(out, fmt.Sprintf("the method %s was used, which this program does not have", m))
		}
	}
	for _, m := range now {
		if !slices.Contains(rec.Methods, m) {
			out = append(out, fmt.Sprintf("the method %s is new since", m))
		}
	}
	return out
}

// compareDocuments lists the fields in which two JSON texts differ, sorted by path.
func compareDocuments(a, b []byte) ([]Mismatch, error) {
	x, err := decodeAny(a)
	if err != nil {
		return nil, err
	}
	y, err := decodeAny(b)
	if err != nil {
		return nil, err
	}
	var out []Mismatch
	compareAny("", x, y, true, true, &out)
	return out, nil
}

func decodeAny(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func compareAny(path string, a, b any, inA, inB bool, out *[]Mismatch) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			for _, key := range keysOf(x, y) {
				u, inX := x[key]
				v, inY := y[key]
				at := key
				if path != "" {
					at = path + "." + key
				}
				compareAny(at, u, v, inX, inY, out)
			}
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			for i := range max(len(x), len(y)) {
				var u, v any
				if i < len(x) {
					u = x[i]
				}
				if i < len(y) {
					v = y[i]
				}
				compareAny(path+"["+strconv.Itoa(i)+"]", u, v, i < len(x), i < len(y), out)
			}
			return
		}
	}
	m := Mismatch{Field: path}
	if inA {
		m.Recorded = bounded(jsonText(a), maxText)
	}
	if inB {
		m.Again = bounded(jsonText(b), maxText)
	}
	if inA != inB || jsonText(a) != jsonText(b) {
		*out = append(*out, m)
	}
}

func keysOf(x, y map[string]any) []string {
	var keys []string
	for k := range x {
		keys = append(keys, k)
	}
	for k := range y {
		if _, both := x[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

// jsonText writes a decoded value; its maps sorted.
func jsonText(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error() // not of what was decoded
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
