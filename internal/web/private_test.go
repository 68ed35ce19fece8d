package web

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// TestLogIsPrivate: whatever is asked, on whatever route, well or badly, the log and the
// metrics hold nothing of it: not with a line for each request, not at debug level.
func TestLogIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "screenings")
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, func(o *Options) { o.NoAuth, o.Record = false, j })
	const word = "Zyxwvut" // stands in every question
	secret := s.key[len(keyPrefix)+keyIDLetters+1:]
	ask := func(method, path, body string) {
		s.request(method, path, body)
		s.raw(method, path)
	}
	ask("GET", "/v1/screen/address/"+word, "")
	ask("GET", "/v1/screen/address/"+listedETH, "")
	ask("GET", "/v1/screen/address/"+listedETH+"?"+word+"=1", "")
	ask("GET", "/v1/screen/address/"+listedETH+"?chain="+word, "")
	ask("GET", "/v1/screen/address/"+listedETH+"?a=1;"+word, "")
	s.raw("GET", "/v1/screen/address/%zz"+word)
	ask("GET", "/v1/screen/address/"+word+"/../"+word, "")
	ask("GET", "/api/v1/address/"+word, "")
	ask("GET", "/"+word, "")
	ask("GET", "/v1//screen/address/"+word, "")
	ask("GET", "/v1/lists/"+word+"/diff?from="+word, "")
	ask("GET", "/v1/lists/"+listName+"/diff?from="+word, "")
	ask("GET", "/v1/screenings/"+word, "")
	ask("POST", "/v1/"+word, "x")
	ask("POST", "/v1/screen", batchOf(word+" Name", listedETH))
	ask("POST", "/v1/screen", `{"items":[{"text":"`+word+`","`+word+`":1}]}`)
	ask("POST", "/v1/screen", `{"items":[{"text":"`+word+`","id":"`+word+`","as_of":"`+word+`"}]}`)
	ask("POST", "/v1/screen", `{"items":["`+strings.Repeat(word, 1<<20)+`"]}`)
	ask("POST", "/match/"+word, `{"queries":{"`+word+`":{"schema":"Person","properties":{"name":["`+word+`"]}}}}`)
	ask("POST", "/match/default", `{"queries":{"`+word+`":{"schema":"Person","properties":{"name":["`+word+`"]}}}}`)
	ask("POST", "/match/default", `{"queries":{"`+word+`":{"schema":"`+word+`","properties":{"name":"`+word+`"}}}}`)
	ask(word, "/"+word, "")
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET /%s HTTP/1.1\r\nHost: %s\r\nBad Header %s\r\n\r\n", word, word, word)
	conn.Read(make([]byte, 100))
	conn.Close()
	j.Close() // what cannot be recorded is an error, and is logged
	if status, body := s.get("/v1/screen/address/" + clearETH); status != 503 || !strings.Contains(body, "not-recorded") {
		t.Errorf("an answer that could not be recorded: %d %s", status, body)
	}
	_, metrics := s.get("/metrics")
	log := s.log.String()
	if strings.Count(log, "msg=request") < 30 {
		t.Fatalf("the log is not one of every request:\n%s", log)
	}
	for name, text := range map[string]string{"log": log, "metrics": metrics} {
		for _, what := range []string{word, strings.ToLower(word), "deadbeef", clearETH, secret} {
			if i := strings.Index(text, what); i >= 0 {
				t.Errorf("the %s holds %q: %s", name, what, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}

// TestRecord: every answer is in the record before it is given, as one can read back,
// verify and replay.
func TestRecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "screenings")
	j, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	s := newSite(t, func(o *Options) { o.NoAuth, o.Record, o.Program = false, j, "fundtrail test" })
	_, body := s.get("/v1/screen/address/" + listedETH + "?as_of=2023-12-01&known_at=2024-01-01")
	one := decode[Answer](t, body)
	items := make([]string, 1000)
	for i := range items {
		items[i] = fmt.Sprintf("0x%040x", i)
	}
	_, body = s.post("/v1/screen", batchOf(items...))
	many := decode[BatchAnswer](t, body)
	if one.Record == "" || many.Answers[0].Record == "" || many.Answers[999].Record == "" {
		t.Fatalf("answers without a record: %q, %+v", one.Record, many.Answers[0])
	}
	s.get("/api/v1/address/" + listedETH)
	s.post("/match/default", `{"queries":{"q":{"schema":"Person","properties":{"name":["A","B"]}}}}`)
	// The lists once, one address, a thousand, one identification, two names.
	if head := j.Head().Seq; head != 1+1+1000+1+2 {
		t.Errorf("%d records", head)
	}
	if report, err := j.Verify(t.Context()); err != nil || report.Err() != nil {
		t.Errorf("verify: %v, %v", err, report.Err())
	}
	status, body := s.get("/v1/screenings/" + one.Record)
	e := decode[ScreeningEntry](t, body)
	if status != 200 || e.ID != one.Record || e.Seq != 2 {
		t.Fatalf("%d %s", status, body)
	}
	r, err := screen.ParseRecord(e.Record)
	if err != nil {
		t.Fatal(err)
	}
	if r.Question.Text != listedETH || !r.Question.AsOf.Equal(day("2023-12-01")) || r.Program != "fundtrail test" || !strings.Contains(r.Caller, "(test)") || r.ListsRecord != 1 ||
		snapshotID(r.Lists) != one.Snapshot {
		t.Errorf("the record: %+v", r)
	}
	_, body = s.get("/v1/screenings/" + many.Answers[999].Record)
	if r, err = screen.ParseRecord(decode[ScreeningEntry](t, body).Record); err != nil || r.Question.Text != items[999] {
		t.Errorf("the last of the batch: %+v, %v", r.Question, err)
	}
	for id, want := range map[string]int{"99999-0000000000000000": 404, "2-0000000000000000": 409, "nonsense": 400, "": 404} {
		if status, body := s.get("/v1/screenings/" + id); status != want {
			t.Errorf("%q: %d, want %d: %s", id, status, want, body)
		}
	}
	// New lists are a new record, once.
	s.lists.set(numbered(1, []string{clearETH}), nil)
	if err := s.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := j.Head().Seq
	s.get("/v1/screen/address/" + clearETH)
	s.get("/v1/screen/address/" + clearETH)
	if got := j.Head().Seq - before; got != 3 {
		t.Errorf("%d records of two answers from new lists, want 3", got)
	}
}
