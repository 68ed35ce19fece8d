package store

import (
	"slices"
	"testing"
	"time"
)

// TestStanding: which success answers a refusal.
func TestStanding(t *testing.T) {
	run := func(n int) time.Time { return day("2024-01-01").Add(time.Duration(n) * time.Hour) }
	refused := Attempt{List: "l", Source: "a", Time: run(1), Outcome: Refused, SHA256: [32]byte{1}}
	for _, c := range []struct {
		what   string
		later  []Attempt
		stands bool
	}{
		{"nothing", nil, true},
		{"the same source", []Attempt{{Source: "a", Time: run(1), Outcome: Unchanged}}, false},
		{"the same bytes", []Attempt{{Source: "b", Time: run(1), Outcome: Added, SHA256: [32]byte{1}}}, false},
		{"other bytes of another source", []Attempt{{Source: "b", Time: run(2), Outcome: Added, SHA256: [32]byte{2}}}, true},
		{"the same list in the same run", []Attempt{{List: "l", Source: "b", Time: run(1), Outcome: Added, SHA256: [32]byte{2}}}, true},
		{"the same list in a later run", []Attempt{{List: "l", Source: "b", Time: run(2), Outcome: Added, SHA256: [32]byte{2}}}, false},
		{"another list", []Attempt{{List: "m", Source: "b", Time: run(2), Outcome: Added}}, true},
		{"another refusal", []Attempt{{List: "l", Source: "a", Time: run(2), Outcome: Failed}}, true},
		{"a success and another refusal", []Attempt{{List: "l", Source: "a", Time: run(2), Outcome: Added}, {List: "l", Source: "a", Time: run(3), Outcome: Failed}}, true},
		{"a success before", []Attempt{{List: "l", Source: "a", Time: run(0), Outcome: Added}}, true},
	} {
		got := Standing(append([]Attempt{refused}, c.later...))
		if (len(got) > 0) != c.stands || len(got) > 1 {
			t.Errorf("%s: %v", c.what, got)
		}
	}
	nowhere := []Attempt{{Source: "x", Outcome: Refused, Time: run(1)}, {Source: "y", Outcome: Added, Time: run(2)}}
	if got := Standing(nowhere); !slices.Equal(got, nowhere[:1]) {
		t.Errorf("no known list and no bytes: %v", got)
	}
	// A repeated refusal is one row, which began before a success of another source.
	again := []Attempt{{List: "l", Source: "a", First: run(1), Time: run(3), Times: 2, Outcome: Refused}, {List: "l", Source: "b", Time: run(2), Outcome: Added}}
	if got := Standing(again); !slices.Equal(got, again[:1]) {
		t.Errorf("refused again after a success: %v", got)
	}
}
