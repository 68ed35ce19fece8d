package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Problem is the body of every answer that is an error (RFC 9457).
type Problem struct {
	Type     string  `json:"type" example:"urn:fundtrail:problem:invalid-request" doc:"What kind of problem, for programs; it never changes for one kind"`
	Title    string  `json:"title" example:"the request is invalid" doc:"The kind in words"`
	Status   int     `json:"status" example:"400" doc:"The HTTP status"`
	Detail   string  `json:"detail,omitempty" doc:"What is wrong with this request and how to mend it"`
	Instance string  `json:"instance,omitempty" doc:"Names the line of the server's log, for errors of the server"`
	Errors   []Fault `json:"errors,omitempty" doc:"The places that are wrong"`

	retry time.Duration
}

// A Fault is one place of a request that is wrong.
type Fault struct {
	Location string `json:"location,omitempty" example:"body.items[17].as_of" doc:"Where: a path into the body, query.NAME, path.NAME or header.NAME"`
	Message  string `json:"message" doc:"What is wrong there and what is wanted"`
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus makes a Problem an error that huma sends as it stands.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma what a Problem is sent as.
func (p *Problem) ContentType(string) string { return problemType }

// GetHeaders are the headers that go with the problem, for huma.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	p.headers(h)
	return h
}

func (p *Problem) headers(h http.Header) {
	if p.retry > 0 {
		h["Retry-After"] = []string{strconv.Itoa(int((p.retry + time.Second - 1) / time.Second))}
	}
	if p.Status == http.StatusUnauthorized {
		h["Www-Authenticate"] = []string{`Bearer realm="fundtrail"`}
	}
}

const problemType = "application/problem+json"

// Kinds of problems: the last part of the type, and the title.
var problemTitles = map[string]string{
	"invalid-request":    "the request is invalid",
	"unauthenticated":    "the request has no valid API key",
	"forbidden":          "the API key may not do this",
	"wrong-host":         "this server answers its own machine only",
	"not-found":          "there is no such thing",
	"method-not-allowed": "this method is not for this path",
	"too-large":          "the request is too large",
	"media-type":         "the body is of the wrong type",
	"conflict":           "the request contradicts what is kept",
	"rate-limit":         "the API key's rate is used up",
	"busy":               "the server is busy",
	"not-ready":          "the lists are not loaded",
	"no-coverage":        "no list covers the question",
	"not-recorded":       "the answer could not be recorded, so it is not given",
	"too-slow":           "the request took too long",
	"not-enabled":        "this server was started without it",
	"internal":           "an error of the server",
}

func problem(status int, kind, detail string, faults ...Fault) *Problem {
	return &Problem{Type: "urn:fundtrail:problem:" + kind, Title: problemTitles[kind], Status: status, Detail: detail, Errors: faults}
}

func (p *Problem) after(d time.Duration) *Problem {
	p.retry = d
	return p
}

// invalid is the problem of one place of a request.
func invalid(location, message string) *Problem {
	return problem(http.StatusBadRequest, "invalid-request", location+": "+message, Fault{location, message})
}

// problemOf turns an error into a problem; what no caller can act on becomes a 500
// whose text stays in the log.
func (s *Server) problemOf(route string, err error) *Problem {
	if p := new(Problem); errors.As(err, &p) {
		return p
	}
	switch {
	case errors.Is(err, fundtrail.ErrNotFound):
		return problem(http.StatusNotFound, "not-found", err.Error())
	case errors.Is(err, fundtrail.ErrInvalid):
		return problem(http.StatusBadRequest, "invalid-request", err.Error())
	case errors.Is(err, fundtrail.ErrConflict):
		return problem(http.StatusConflict, "conflict", err.Error())
	case errors.Is(err, fundtrail.ErrLimit):
		return problem(http.StatusRequestEntityTooLarge, "too-large", err.Error())
	case errors.Is(err, fundtrail.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, "busy", err.Error()).after(time.Second)
	}
	p := s.internal(route)
	s.log.Error("request failed", "route", route, "instance", p.Instance, "error", err)
	return p
}

// kindOf is the sentinel that an error wraps: what of it is safe to log when the rest may
// quote what was asked.
func kindOf(err error) string {
	for _, kind := range []error{fundtrail.ErrUnavailable, fundtrail.ErrConflict, fundtrail.ErrLimit, fundtrail.ErrInvalid, fundtrail.ErrNotFound, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return kind.Error()
		}
	}
	return "other"
}

// internal is a 500 with an id that the caller can quote and the log line bears.
func (s *Server) internal(route string) *Problem {
	var id [8]byte
	rand.Read(id[:])
	p := problem(http.StatusInternalServerError, "internal", "the server could not answer "+route+"; its log has the reason under this problem's instance")
	p.Instance = "urn:fundtrail:error:" + hex.EncodeToString(id[:])
	return p
}

// write sends the problem and returns its status.
func (p *Problem) write(w http.ResponseWriter) int {
	body, err := json.Marshal(p)
	if err != nil { // a struct of strings and numbers always marshals
		panic(err)
	}
	h := w.Header()
	h["Content-Type"] = problemTypes
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	p.headers(h)
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n'))
	return p.Status
}

// Header values that many answers share; nothing may change them.
var (
	problemTypes = []string{problemType}
	jsonType     = []string{"application/json"}
	nosniff      = []string{"nosniff"}
	noStore      = []string{"no-store"}
)
