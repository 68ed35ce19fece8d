package report

import (
	"bytes"
	"os"
	"testing"
)

// FuzzReadJSON reads whatever it is given. What it accepts, every writer must be able
// to write, and JSON must read it again as the same.
func FuzzReadJSON(f *testing.F) {
	whole, err := os.ReadFile("testdata/lagoon.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte(`{"schema":"fundtrail.trace/1","trace":{"policy":"fifo/1","policies":["fifo/1"]}}`))
	f.Add([]byte(`{"schema":"fundtrail.trace/1","trace":{"policy":"fifo/1","policies":["fifo/1"],"as_of":[{"height":-7,"time":"0001-01-01T00:00:00Z"}]},"inputs":[{"bytes":-1}],"hops":[{"time":"1969-12-31T23:59:59Z","block":-1,"from":"","to":"","asset":"","amount":"0","kind":"","depth":-1,"tainted":{},"possible":"0","possible_without_gaps":"0","end":null}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		d, err := ReadJSON(bytes.NewReader(raw))
		if err != nil {
			return
		}
		for _, w := range writers {
			var b bytes.Buffer
			if err := w.write(&b, d); err != nil {
				t.Fatalf("%s: %v", w.name, err)
			}
			if w.name != "json" {
				continue
			}
			again, err := ReadJSON(&b)
			if err != nil {
				t.Fatalf("what was written cannot be read: %v", err)
			}
			if first, second := write(t, "json", d), write(t, "json", again); !bytes.Equal(first, second) {
				t.Fatal("read again, it is another document")
			}
		}
	})
}
