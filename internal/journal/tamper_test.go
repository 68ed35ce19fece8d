package journal

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// small makes a journal of a few segments.
func small(t *testing.T, records int, bytes int64, segments int) (dir string, head Head) {
	dir = t.TempDir()
	j := open(t, dir, Options{SegmentBytes: bytes})
	add(t, j, records)
	head = j.Head()
	j.Close()
	if rep := mustVerify(t, dir, uint64(records)); rep.Segments != segments {
		t.Fatalf("%d segments", rep.Segments)
	}
	return dir, head
}

func journalFiles(t testing.TB, dir string) []string {
	t.Helper()
	segs, _, err := segments(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{headName}
	for _, s := range segs {
		out = append(out, s.name)
	}
	return out
}

// TestEveryByte changes every byte of every file, in several ways, one at a time.
func TestEveryByte(t *testing.T) {
	dir, _ := small(t, 3, 900, 2)
	for _, name := range journalFiles(t, dir) {
		path := filepath.Join(dir, name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		line := int64(0)
		for i, c := range text {
			for _, other := range []byte{c ^ 1, 0, '\n'} {
				if other == c {
					continue
				}
				changed := bytes.Clone(text)
				changed[i] = other
				found(t, dir, path, changed, name, line)
			}
			found(t, dir, path, slices.Delete(bytes.Clone(text), i, i+1), name, line)
			found(t, dir, path, slices.Insert(bytes.Clone(text), i, c^1), name, line)
			if c == '\n' {
				line = int64(i + 1)
			}
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustVerify(t, dir, 3)
}

// found writes a file, verifies, and wants the first problem to name the file, and the
// line that was changed.
func found(t *testing.T, dir, path string, text []byte, name string, line int64) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	rep := verify(t, dir)
	if rep.Err() == nil {
		t.Fatalf("%s: not found: %q", name, text)
	}
	if name == headName {
		return
	}
	if p := rep.Problems[0]; rep.Torn == nil && (p.File != name || p.Offset != line) {
		t.Errorf("line at %d of %s was changed; found: %v", line, name, p)
	}
}

// TestLines removes, doubles and swaps whole records and whole files.
func TestLines(t *testing.T) {
	dir, head := small(t, 8, 1200, 3)
	files := map[string]string{}
	for _, name := range journalFiles(t, dir) {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(text)
	}
	names := journalFiles(t, dir)
	first, second, third := names[1], names[2], names[3]
	lines := strings.SplitAfter(strings.TrimSuffix(files[first], "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimSuffix(lines[i], "\n") + "\n"
	}
	other := t.TempDir()
	j := open(t, other, Options{})
	add(t, j, 1)
	if _, err := j.Append(t.Context(), []byte(`"forged"`), day); err != nil {
		t.Fatal(err)
	}
	forged, _ := os.ReadFile(filepath.Join(other, first))
	forgedLine := strings.SplitAfter(string(forged), "\n")[1]

	for _, c := range []struct {
		what string
		edit map[string]string
		want string
	}{
		{"first removed", map[string]string{first: strings.Join(lines[1:], "")}, "record 1 (" + first + ", byte 0): is missing before record 2"},
		{"second removed", map[string]string{first: lines[0] + strings.Join(lines[2:], "")}, "is missing before record 3"},
		{"doubled", map[string]string{first: lines[0] + files[first]}, "record 1 stands here, out of its order"},
		{"swapped", map[string]string{first: lines[1] + lines[0] + strings.Join(lines[2:], "")}, "is missing before record 2"},
		{"replaced by another with the right prev", map[string]string{first: lines[0] + forgedLine + strings.Join(lines[2:], "")}, "record 3 (" + first},
		{"empty line", map[string]string{first: lines[0] + "\n" + strings.Join(lines[1:], "")}, "is no record: it is too short"},
		{"last of a segment removed", map[string]string{first: strings.Join(lines[:len(lines)-1], "")}, "its segment"},
		{"segment emptied", map[string]string{second: ""}, "its segment is empty"},
		{"segment removed", map[string]string{second: "-"}, "is missing: the next is " + third},
		{"first segment removed", map[string]string{first: "-"}, "record 1 (" + second + ", byte 0): its segment " + first + " is missing"},
		{"last segment removed", map[string]string{third: "-"}, "the head file remembers"},
		{"all removed", map[string]string{first: "-", second: "-", third: "-"}, "the head file remembers record 8, and the journal ends at 0"},
		{"head removed", map[string]string{headName: "-"}, "file head: it is missing"},
		{"head of another", map[string]string{headName: string(headFile(Head{8, [32]byte{1}}))}, "the head file remembers another record"},
		{"head of an empty one", map[string]string{headName: string(headFile(Head{0, [32]byte{1}}))}, "the head file remembers another record"},
		{"stray", map[string]string{"2.jsonl": ""}, "is no segment of the journal"},
		{"segment twice", map[string]string{segmentName(6): files[second]}, ""},
		{"last line without its end", map[string]string{third: strings.TrimSuffix(files[third], "\n")}, "the head file remembers it, and the journal ends before it"},
		{"two journals in one", map[string]string{segmentName(9): string(forged)}, "out of its order"},
	} {
		for name, text := range c.edit {
			path := filepath.Join(dir, name)
			if text == "-" {
				os.Remove(path)
			} else if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		rep := verify(t, dir)
		if err := rep.Err(); !errors.Is(err, fundtrail.ErrConflict) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
		// Nor does the writer go on over it, where it reads it: the last segment and
		// what the head file remembers.
		if strings.HasPrefix(c.what, "last ") || strings.HasPrefix(c.what, "all ") || c.edit[third] != "" || c.edit[second] != "" && c.edit[second] == "-" {
			if c.what != "last of a segment removed" {
				j, err := Open(dir, Options{})
				if c.what == "all removed" && !strings.Contains(err.Error(), "records are missing; put back the files") {
					t.Errorf("%s: %v", c.what, err)
				}
				if !errors.Is(err, fundtrail.ErrConflict) {
					t.Errorf("%s: opened: %v", c.what, err)
					j.Close()
				}
			}
		}
		for name := range c.edit {
			os.Remove(filepath.Join(dir, name))
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		mustVerify(t, dir, 8)
	}

	// Cut short, and the head file with it: only a head kept elsewhere tells.
	e, err := must(OpenReader(dir)).Read(7)
	if err != nil {
		t.Fatal(err)
	}
	cut := files[third][:strings.LastIndex(strings.TrimSuffix(files[third], "\n"), "\n")+1]
	os.WriteFile(filepath.Join(dir, third), []byte(cut), 0o600)
	os.WriteFile(filepath.Join(dir, headName), headFile(e.Head()), 0o600)
	mustVerify(t, dir, 7)
	rep := verify(t, dir, head)
	if err := rep.Err(); err == nil || !strings.Contains(err.Error(), "record 8: the head that was kept remembers it, and the journal ends before it") {
		t.Errorf("kept head: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func FuzzVerify(f *testing.F) {
	dir := f.TempDir()
	j := must(Open(dir, Options{}))
	add(f, j, 3)
	j.Close()
	text := must(os.ReadFile(filepath.Join(dir, segmentName(1))))
	head := must(os.ReadFile(filepath.Join(dir, headName)))
	f.Add(text, head)
	f.Add(text[:100], head)
	f.Add(append(bytes.Clone(text), 0, 0, '\n'), head)
	f.Add([]byte(`{"seq":18446744073709551615,"time":"`), []byte("x"))
	f.Fuzz(func(t *testing.T, segment, headText []byte) {
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, segmentName(1)), segment, 0o600)
		os.WriteFile(filepath.Join(dir, headName), headText, 0o600)
		rep := verify(t, dir)
		// What verifies is a start of what was written: there is no other chain that a
		// fuzzer finds.
		if rep.Err() == nil && !(bytes.HasPrefix(text, segment[:len(segment)-tornLen(rep)]) || rep.Records > 3) {
			t.Errorf("verifies: %q", segment)
		}
		n := uint64(0)
		r := must(OpenReader(dir))
		for e, err := range r.Entries(t.Context(), 0) {
			if err != nil {
				break
			}
			n++
			if got, err := r.Read(e.Seq); err != nil || !bytes.Equal(got.Body, e.Body) {
				t.Errorf("record %d: read %v", e.Seq, err)
			}
		}
		if rep.Err() == nil && n != rep.Records {
			t.Errorf("%d records verified, %d read", rep.Records, n)
		}
		j, err := Open(dir, Options{})
		if err != nil {
			return
		}
		defer j.Close()
		if _, err := j.Append(t.Context(), []byte(`1`), day); err != nil {
			t.Error(err)
		}
		if rep := verify(t, dir); rep.Err() != nil {
			t.Errorf("after appending: %v", rep.Err())
		}
	})
}

func tornLen(rep Report) int {
	if rep.Torn == nil {
		return 0
	}
	return int(rep.Torn.Bytes)
}

func FuzzLine(f *testing.F) {
	e := Entry{Seq: 7, Time: day, Body: []byte(`{"a":1}`)}
	f.Add(appendLine(nil, &e))
	f.Add([]byte(`{"seq":1,"time":"2026-01-02T03:04:05.10Z","prev":"`))
	f.Fuzz(func(t *testing.T, line []byte) {
		// A line with the right digest, so that the rest of it is looked at.
		if n := len(line) - tailLen - 1; n > 0 {
			sum := sha256.Sum256(line[:n])
			line = fmt.Appendf(bytes.Clone(line[:n]), `,"hash":"%x"}`, sum)
		}
		var e Entry
		if wrong := parseLine(line, &e); wrong != "" {
			return
		}
		again := e
		if got := appendLine(nil, &again); !bytes.Equal(got, append(line, '\n')) || again.Hash != e.Hash {
			t.Errorf("read and written again:\n%s\n%s", line, got)
		}
		if seq, ok := lineSeq(line[:min(64, len(line))]); !ok || seq != e.Seq {
			t.Errorf("lineSeq: %d, %v", seq, ok)
		}
	})
}
