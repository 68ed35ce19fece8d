package web

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// keptLists is where the decision record has a snapshot's lists: records of answers
// name them by number, so that they stand there once.
type keptLists struct {
	mu  sync.Mutex
	seq uint64 // 0: not yet
}

// keep records answers before they are given. An answer that cannot be kept is not
// given: who asks for a record has to be able to rely on it. The ids are filled in.
func (s *Server) keep(ctx context.Context, c *call, snap *Snapshot, questions []screen.Question, answers []screen.Answer, ids []string) *Problem {
	if s.opt.Record == nil || len(answers) == 0 {
		return nil
	}
	entries, err := s.record(ctx, c, snap, questions, answers)
	if err != nil {
		s.metrics.unrecorded.Inc()
		reason := kindOf(err)
		if errors.Is(err, fundtrail.ErrUnavailable) || errors.Is(err, fundtrail.ErrConflict) {
			reason = err.Error() // of the disk; any other may quote what was asked
		}
		s.log.Error("answers could not be recorded and were not given", "answers", len(answers), "reason", reason, "journal", s.opt.Record.Dir())
		return problem(http.StatusServiceUnavailable, "not-recorded", "the decision record could not be written; fundtrail screenings verify on the server says more").after(5 * time.Second)
	}
	for i := range ids {
		ids[i] = entries[i].ID()
	}
	return nil
}

func (s *Server) record(ctx context.Context, c *call, snap *Snapshot, questions []screen.Question, answers []screen.Answer) ([]journal.Entry, error) {
	lists, err := s.keepLists(ctx, snap, c.start)
	if err != nil {
		return nil, err
	}
	bodies := make([][]byte, len(answers))
	r := screen.Record{Time: c.start.UTC(), Caller: c.caller.label(), Program: s.opt.Program, Methods: screen.Methods(), Lists: snap.digest, ListsRecord: lists}
	for i := range answers {
		r.Question = questions[i]
		r.Answer = snap.encoder.AppendJSON(r.Answer[:0], &questions[i], &answers[i])
		if bodies[i], err = r.AppendJSON(nil); err != nil {
			return nil, err
		}
	}
	return s.opt.Record.AppendAll(ctx, bodies, c.start)
}

// keepLists writes down a snapshot's lists before the first answer that was made from
// them.
func (s *Server) keepLists(ctx context.Context, snap *Snapshot, at time.Time) (seq uint64, err error) {
	snap.kept.mu.Lock()
	defer snap.kept.mu.Unlock()
	if snap.kept.seq == 0 {
		lists := screen.ListsOf(snap.History, s.opt.Labels)
		e, err := s.opt.Record.Append(ctx, lists.AppendJSON(nil), at)
		if err != nil {
			return 0, err
		}
		snap.kept.seq = e.Seq
	}
	return snap.kept.seq, nil
}

// label names the caller in the decision record, where names outlive keys.
func (c *caller) label() string {
	if c.digest == ([32]byte{}) {
		return c.name
	}
	return "API key " + c.id + " (" + c.name + ")"
}

// A ScreeningEntry is one record of the decision record, and its place in the chain.
type ScreeningEntry struct {
	Schema string          `json:"schema" example:"fundtrail.screening-entry/1"`
	ID     string          `json:"id" doc:"As the answer's record had it"`
	Seq    uint64          `json:"seq" doc:"Its number, from 1 without gaps"`
	Time   string          `json:"time" format:"date-time"`
	Prev   string          `json:"prev" doc:"The digest of the record before"`
	Hash   string          `json:"hash" doc:"The digest of this record, prev included"`
	Record json.RawMessage `json:"record" doc:"The record as it is kept: question, answer, lists by digest, program, time and caller"`
}

type recordInput struct {
	ID string `path:"id" doc:"As an answer's record has it" maxLength:"100"`
}

type recordOutput struct {
	Body *ScreeningEntry
}

func (s *Server) addRecordRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "screening", Method: http.MethodGet, Path: "/v1/screenings/{id}", Tags: []string{"record"}, Summary: "One answer from the decision record",
		Description: "The record as it is kept, and its place in the chain. Needs the scope `record`, and a server that was started with --record.",
		Errors:      []int{400, 401, 403, 404, 409, 429, 503}, Security: anyKey,
	}, func(ctx context.Context, in *recordInput) (*recordOutput, error) {
		if s.opt.Record == nil {
			return nil, problem(http.StatusNotFound, "not-enabled", "this server keeps no decision record; it has to be started with --record")
		}
		e, err := s.opt.Record.Find(in.ID)
		if err != nil {
			return nil, s.recordProblem(err)
		}
		return &recordOutput{&ScreeningEntry{"fundtrail.screening-entry/1", e.ID(), e.Seq, timeText(e.Time), hex.EncodeToString(e.Prev[:]), hex.EncodeToString(e.Hash[:]), e.Body}}, nil
	})
}

// recordProblem says what is wrong with an id. The journal's own words name the server's
// files, which are for its log.
func (s *Server) recordProblem(err error) *Problem {
	switch {
	case errors.Is(err, fundtrail.ErrNotFound):
		return problem(http.StatusNotFound, "not-found", "the decision record has no record of this number", Fault{"path.id", "is of no record"})
	case errors.Is(err, fundtrail.ErrConflict):
		return problem(http.StatusConflict, "conflict", "the record of this number has another digest: the id is of another decision record or mistyped, or the record was changed; fundtrail screenings verify on the server tells which")
	case errors.Is(err, fundtrail.ErrInvalid):
		return invalid("path.id", "want a number, a hyphen and 16 hexadecimal digits, as an answer's record has it")
	}
	return s.problemOf("GET /v1/screenings/{id}", err)
}
