package data

import (
	"bytes"
	"slices"
	"testing"
)

// TestExcerpts: an excerpt belongs to an incident on record and holds transfers.
func TestExcerpts(t *testing.T) {
	ids := Excerpts()
	if !slices.Contains(ids, "ronin-bridge") {
		t.Fatalf("excerpts %v lack ronin-bridge", ids)
	}
	for _, id := range ids {
		if _, err := Incident(id); err != nil {
			t.Errorf("excerpt %s: %v", id, err)
		}
		name, raw, ok := Excerpt(id)
		if !ok || !bytes.HasPrefix(raw, []byte("chain,block,time,tx,")) || bytes.Count(raw, []byte("\n")) < 10 {
			t.Errorf("%s: %d bytes are no excerpt", name, len(raw))
		}
	}
	if _, _, ok := Excerpt("no-such-theft"); ok {
		t.Error("an excerpt of what is not on record")
	}
}
