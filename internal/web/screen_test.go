package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestScreenAddress(t *testing.T) {
	s := newSite(t, nil)
	for _, c := range []struct {
		path    string
		verdict string
		past    int
	}{
		{listedETH, "match", 0},
		{strings.ToUpper(listedETH[2:]), "match", 0},
		{"%20" + listedETH + "%20", "match", 0},
		{"ethereum%3A" + listedETH, "match", 0},
		{listedETH + "?chain=bsc", "match", 0},
		{listedBTC, "clear", 1},
		{listedBTC + "?as_of=2023-12-01", "match", 0},
		{listedETH2 + "?as_of=2023-12-01", "clear", 1},
		{listedETH + "?as_of=2020-01-01", "unknown", 1},
		{listedETH2 + "?known_at=2024-03-04", "clear", 0},
		{listedETH2 + "?known_at=2024-03-05", "match", 0},
		{clearETH, "clear", 0},
		{"no%20address%2Fat%20all", "invalid", 0},
	} {
		status, body := s.get("/v1/screen/address/" + c.path)
		if status != http.StatusOK {
			t.Errorf("%s: status %d: %s", c.path, status, body)
			continue
		}
		a := decode[Answer](t, body)
		if a.Verdict != c.verdict || len(a.Past) != c.past {
			t.Errorf("%s: verdict %s with %d past, want %s with %d: %s", c.path, a.Verdict, len(a.Past), c.verdict, c.past, body)
		}
		if a.Snapshot == "" || a.Schema != "fundtrail.screening/1" || a.Verdict == "clear" && len(a.Asked) == 0 {
			t.Errorf("%s: the answer does not say what it was made from: %s", c.path, body)
		}
	}
}

func TestScreenAddressRefuses(t *testing.T) {
	s := newSite(t, nil)
	for path, want := range map[string]string{
		listedETH + "?asof=2023-01-01":                      "query.asof",
		listedETH + "?as_of=yesterday":                      "query.as_of",
		listedETH + "?as_of=2023-01-01&as_of=2023-01-02":    "twice",
		listedETH + "?as_of=0001-01-01":                     "1900",
		listedETH + "?chain=nochain":                        "query.chain",
		listedETH + "?%zz":                                  "percent-encoded",
		listedETH + "/more":                                 "slash",
		"%20":                                               "empty",
		listedETH + "?known_at=2023-11-30T25:00:00Z":        "query.known_at",
		listedETH + "?as_of=2023-01-01;known_at=2023-01-01": "query",
	} {
		status, body := s.get("/v1/screen/address/" + path)
		if status != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: status %d, want 400 with %q: %s", path, status, want, body)
		}
		if p := decode[Problem](t, body); p.Status != status || p.Type != "urn:fundtrail:problem:invalid-request" {
			t.Errorf("%s: the problem is not in its form: %s", path, body)
		}
	}
}

func TestScreenBatch(t *testing.T) {
	s := newSite(t, nil)
	status, body := s.post("/v1/screen", `{"as_of": "2024-03-01", "items": [
		"`+listedETH+`",
		{"id": "b", "text": "`+listedBTC+`"},
		{"id": "c", "text": "`+listedBTC+`", "as_of": "2023-12-01"},
		{"id": "d", "text": "pay `+listedETH2+` and `+clearETH+`", "kind": "text"},
		{"id": "e", "text": "nonsense", "kind": "address"},
		{"id": "f", "text": "`+listedETH+`", "as_of": "2020-01-01"}
	]}`)
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	a := decode[BatchAnswer](t, body)
	want := []string{" match", "b clear", "c match", "d match", "e invalid", "f unknown"}
	for i, w := range want {
		if got := a.Answers[i].ID + " " + a.Answers[i].Verdict; got != w {
			t.Errorf("item %d: %s, want %s", i, got, w)
		}
		if _, ok := a.Asked[a.Answers[i].Asked]; !ok {
			t.Errorf("item %d: asked %q is not in the answer", i, a.Answers[i].Asked)
		}
	}
	if got := describeCounts(a.Counts); got != "match 3 clear 1 unknown 1 invalid 1" {
		t.Errorf("counts: %s", got)
	}
	// Same question, same bytes, but for the time.
	_, again := s.post("/v1/screen", batchOf(listedETH, clearETH))
	_, more := s.post("/v1/screen", batchOf(listedETH, clearETH))
	if cut(again) != cut(more) {
		t.Errorf("the same question has two answers:\n%s\n%s", again, more)
	}
}

// cut takes an answer's time out.
func cut(body string) string {
	before, rest, _ := strings.Cut(body, `"time":"`)
	_, after, _ := strings.Cut(rest, `"`)
	return before + after
}

// TestBatchOrder: 10,000 items, worked on in parts, come back in their order.
func TestBatchOrder(t *testing.T) {
	s := newSite(t, nil)
	items := make([]string, MaxItems)
	for i := range items {
		items[i] = fmt.Sprintf("0x%040x", i+1)
	}
	items[5000] = listedETH
	status, body := s.post("/v1/screen", batchOf(items...))
	if status != http.StatusOK {
		t.Fatalf("status %d: %.300s", status, body)
	}
	a := decode[BatchAnswer](t, body)
	for i := range items {
		if a.Answers[i].Read != items[i] {
			t.Fatalf("item %d: the answer is of %s, the question of %s", i, a.Answers[i].Read, items[i])
		}
	}
	// 0x…dead is listed as well, and among the numbers.
	if got := describeCounts(a.Counts); got != "match 1 clear 9999 unknown 0 invalid 0" {
		t.Errorf("counts: %s", got)
	}
}
