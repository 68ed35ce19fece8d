package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// TestScreenings goes the whole way: lists and screenings are recorded, a list changes,
// one screening is found again by its ID and asked again of the versions it was asked of.
func TestScreenings(t *testing.T) {
	start := time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC)
	mixer := fundtrail.Party{UID: "7", Kind: fundtrail.Organisation, Names: []fundtrail.Name{{Text: "MIXER"}},
		Wallets: []fundtrail.Wallet{{Text: "0x722122dF12D4e14e13Ac3b6895a86e84145b6967", Currency: "ETH"}}}
	h := &fundtrail.ListHistory{Parties: []fundtrail.Party{mixer}}
	publish := func(n int, members ...uint32) {
		on := start.AddDate(0, 0, n)
		h.Versions = append(h.Versions, fundtrail.ListVersion{List: "xx-test", Covers: fundtrail.CoversWallets, Published: on, Received: on, SHA256: [32]byte{byte(n)}})
		h.Members = append(h.Members, members)
	}
	publish(1, 0)

	j, err := journal.Open(t.TempDir(), journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	q := screen.Question{Text: "0x722122df12d4e14e13ac3b6895a86e84145b6967"}
	var ids []string
	ask := func() {
		now := start.AddDate(0, 1, len(ids))
		lists := screen.ListsOf(h, nil)
		at, err := j.Append(t.Context(), lists.AppendJSON(nil), now)
		if err != nil {
			t.Fatal(err)
		}
		answer := screen.New(h, screen.Options{}).Ask(q)
		rec := screen.Record{Time: now, Caller: "test", Program: "fundtrail v1", Methods: screen.Methods(),
			Lists: lists.Digest(), ListsRecord: at.Seq, Question: q, Answer: screen.AppendJSON(nil, &q, &answer)}
		body, err := rec.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		e, err := j.Append(t.Context(), body, now)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID())
	}
	ask() // a match
	publish(2)
	ask() // clear, with its past
	publish(3, 0)
	ask() // a match again

	r := screen.Replayer{History: h, Program: "fundtrail v1", Build: func(h *fundtrail.ListHistory, _ *screen.Lists) screen.Asker {
		return screen.New(h, screen.Options{})
	}}
	var verdicts []screen.Verdict
	for _, id := range ids {
		e, err := j.Find(id)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := screen.ParseRecord(e.Body)
		if err != nil {
			t.Fatal(err)
		}
		listed, err := j.Read(rec.ListsRecord)
		if err != nil {
			t.Fatal(err)
		}
		lists, err := screen.ParseLists(listed.Body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Replay(&rec, &lists)
		if err != nil || !got.Same {
			t.Errorf("%s: %v, %v", id, err, got.Mismatches)
		}
		d, err := screen.ParseDocument(rec.Answer)
		if err != nil {
			t.Fatal(err)
		}
		verdicts = append(verdicts, d.Verdict)
	}
	if got := fmt.Sprint(verdicts); got != "[match clear match]" {
		t.Errorf("verdicts %s", got)
	}
	if rep, err := j.Verify(t.Context(), j.Head()); err != nil || rep.Err() != nil || rep.Records != 6 {
		t.Errorf("%+v, %v", rep, err)
	}
}
