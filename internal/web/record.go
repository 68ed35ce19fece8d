package web

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fundtrail/fundtrail/internal/screen"
)

// A Recorder keeps answers before they are given, and finds them again.
type Recorder interface {
	// Keep records answers, all or none, and returns their ids in order.
	Keep(ctx context.Context, caller string, at time.Time, snapshot string, questions []screen.Question, answers []screen.Answer) (ids []string, err error)
	// Find returns one record as it is kept, a JSON document. Its errors wrap
	// fundtrail.ErrNotFound and fundtrail.ErrInvalid.
	Find(ctx context.Context, id string) ([]byte, error)
}

// keep records answers before they are given. An answer that cannot be kept is not
// given: who asks for a record has to be able to rely on it.
func (s *Server) keep(ctx context.Context, c *call, snap *Snapshot, questions []screen.Question, answers []screen.Answer, ids []string) *Problem {
	if s.opt.Record == nil || len(answers) == 0 {
		return nil
	}
	kept, err := s.opt.Record.Keep(ctx, c.caller.id, c.start, snap.ID, questions, answers)
	if err != nil {
		s.metrics.unrecorded.Inc()
		s.log.Error("answers could not be recorded and were not given", "answers", len(answers), "error", err)
		return problem(http.StatusServiceUnavailable, "not-recorded", "the decision record could not be written; the server's log says why").after(5 * time.Second)
	}
	copy(ids, kept)
	return nil
}

type recordInput struct {
	ID string `path:"id" doc:"As an answer's record has it" maxLength:"100"`
}

type recordOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) addRecordRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "screening", Method: http.MethodGet, Path: "/v1/screenings/{id}", Tags: []string{"record"}, Summary: "One answer from the decision record",
		Description: "The record as it is kept, byte for byte: question, verdict, list versions by digest, program version, time and caller. Needs the scope `record`, and a server that was started with --record.",
		Errors:      []int{400, 401, 403, 404, 429, 503}, Security: anyKey,
		Responses: map[string]*huma.Response{"200": {Description: "The record", Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: "object"}}}}},
	}, func(ctx context.Context, in *recordInput) (*recordOutput, error) {
		if s.opt.Record == nil {
			return nil, problem(http.StatusNotFound, "not-enabled", "this server keeps no decision record; it has to be started with --record")
		}
		body, err := s.opt.Record.Find(ctx, in.ID)
		if err != nil {
			return nil, s.problemOf("GET /v1/screenings/{id}", err)
		}
		return &recordOutput{"application/json", body}, nil
	})
}
