package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// recordFolder is where in the home folder the decision record is.
const recordFolder = "screenings"

// recordBody bounds one record: the lists of many years are one.
const recordBody = 16 << 20

// A recorder writes screenings to the decision record, and once, before them, which
// versions of which lists there were to answer from.
type recorder struct {
	*journal.Journal
	lists  screen.Lists
	digest [32]byte
	seq    uint64 // of the record of the lists; 0: not written yet
	body   []byte
}

func (h *homeFlag) recorder(history *fundtrail.ListHistory, labels []screen.LabelSource) (*recorder, error) {
	dir, err := h.path()
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(filepath.Join(dir, recordFolder), journal.Options{MaxBody: recordBody})
	if err != nil {
		return nil, err
	}
	r := &recorder{Journal: j, lists: screen.ListsOf(history, labels)}
	r.digest = r.lists.Digest()
	r.seq = r.known()
	return r, nil
}

// known finds the record of the same lists, if the last screening was made from them.
func (r *recorder) known() uint64 {
	head := r.Head()
	if head.Seq == 0 {
		return 0
	}
	e, err := r.Read(head.Seq)
	if err != nil {
		return 0
	}
	if last, err := screen.ParseRecord(e.Body); err == nil && last.Lists == r.digest {
		return last.ListsRecord
	}
	return 0
}

// record appends one answer. It is on disk when record returns.
func (r *recorder) record(ctx context.Context, q *screen.Question, a *screen.Answer, caller string) (journal.Entry, error) {
	at := time.Now().UTC()
	if r.seq == 0 {
		e, err := r.Append(ctx, r.lists.AppendJSON(nil), at)
		if err != nil {
			return e, err
		}
		r.seq = e.Seq
	}
	rec := screen.Record{
		Time: at, Caller: caller, Program: program(), Methods: screen.Methods(),
		Lists: r.digest, ListsRecord: r.seq, Question: *q, Answer: screen.AppendJSON(nil, q, a),
	}
	var err error
	if r.body, err = rec.AppendJSON(r.body[:0]); err != nil {
		return journal.Entry{}, err
	}
	return r.Append(ctx, r.body, at)
}

// program names this program in a record.
func program() string { return "fundtrail " + programVersion() }

// isRecord tells a screening from the record of the lists before it.
func isRecord(e *journal.Entry) bool {
	var head struct {
		Schema string `json:"schema"`
	}
	return json.Unmarshal(e.Body, &head) == nil && head.Schema == screen.RecordSchema
}
