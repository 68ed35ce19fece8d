// Package web answers screening questions over HTTP.
//
// The server holds one immutable [Snapshot] of the lists behind an atomic pointer. A
// request takes it once and answers wholly from it, so lists are exchanged under load
// without a failed or a mixed answer. The routes that are asked most are bare net/http
// handlers; the others, and the OpenAPI document of all of them, are huma's.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// Options say how a Server works. Of the numbers, zero means the default.
type Options struct {
	Lists Lists         // where the lists come from
	Build IndexOf       // makes the index of a history
	Poll  time.Duration // how often the lists, keys and certificate are looked at; default 5 s

	Keys      *KeyFile // nil only with NoAuth
	NoAuth    bool     // everybody may ask everything
	LocalOnly bool     // with NoAuth: refuse requests whose Host is not this machine, against pages that rebind a name
	Rate      float64  // items a second of each key that has no rate of its own; 0: no limit

	MaxBody     int64         // bytes; default 4 MiB
	MaxInFlight int           // requests at once; default 256
	MaxConns    int           // connections at once; default 10,000
	Timeout     time.Duration // of the work on one request; default 30 s
	Drain       time.Duration // how long /readyz says no before a stop, for load balancers; default none
	Stop        time.Duration // how long a stop waits for requests under way; default 30 s
	Stale       time.Duration // a list none of whose versions came in for as long is called stale; default 7 days
	Origins     []string      // web pages' origins that may call from a browser; "*" for all
	LogRequests bool          // one line a request, without what was asked

	Record *journal.Journal // nil: answers are not recorded

	CertFile, KeyFile string // TLS, both or none

	Program string               // its name and version, for records and the document
	Labels  []screen.LabelSource // the community claims that Build uses, for records
	Log     *slog.Logger
	Now     func() time.Time
}

// A Server answers the API. Make one with New.
type Server struct {
	opt       Options
	log       *slog.Logger
	now       func() time.Time
	snapshot  atomic.Pointer[Snapshot]
	keys      atomic.Pointer[keyring]
	everybody *caller
	stopping  atomic.Bool
	inFlight  atomic.Int64
	conns     atomic.Int64
	reload    chan chan error
	metrics   *metrics
	routes    []*route
	rest      *restRoutes
	heard     atomic.Pointer[map[string]time.Time] // by list, when it was last heard of
	troubleMu sync.Mutex
	trouble   map[string]string // what cannot be reloaded, and why
}

// New makes a server. It has no lists yet and says so: Run, or Reload, loads them.
func New(opt Options) (*Server, error) {
	if opt.Lists == nil || opt.Build == nil {
		return nil, errors.New("web: Options need Lists and Build")
	}
	if !opt.NoAuth && opt.Keys == nil {
		return nil, errors.New("web: Options need Keys, or NoAuth")
	}
	if (opt.CertFile == "") != (opt.KeyFile == "") {
		return nil, fmt.Errorf("TLS needs both a certificate and its key: %w", fundtrail.ErrInvalid)
	}
	for _, o := range opt.Origins {
		if err := checkOrigin(o); err != nil {
			return nil, err
		}
	}
	orDefault(&opt.Poll, 5*time.Second)
	orDefault(&opt.MaxBody, 4<<20)
	orDefault(&opt.MaxInFlight, 256)
	orDefault(&opt.MaxConns, 10_000)
	orDefault(&opt.Timeout, 30*time.Second)
	orDefault(&opt.Stop, 30*time.Second)
	orDefault(&opt.Stale, 7*24*time.Hour)
	orDefault(&opt.Program, "fundtrail development")
	if opt.Log == nil {
		opt.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	s := &Server{opt: opt, log: opt.Log, now: opt.Now, reload: make(chan chan error), trouble: map[string]string{}}
	s.everybody = &caller{id: "anybody", name: "no API key", scopes: Scopes, bucket: newBucket(opt.Rate)}
	s.keys.Store(&keyring{})
	if !opt.NoAuth {
		if err := s.loadKeys(); err != nil {
			return nil, err
		}
	}
	s.metrics = newMetrics(s)
	if err := s.addRoutes(); err != nil {
		return nil, err
	}
	return s, nil
}

func orDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// loadKeys reads the key file and exchanges the keyring.
func (s *Server) loadKeys() error {
	keys, err := s.opt.Keys.Load()
	if err != nil {
		return err
	}
	old := *s.keys.Load()
	ring := newKeyring(keys, s.opt.Rate, old)
	s.keys.Store(&ring)
	return nil
}

// A route is one path of the API that is not huma's.
type route struct {
	name    string // as the log and the metrics call it
	path    string // exact, or a prefix when it ends with a slash
	methods []string
	scope   Scope // "": open to everybody, and not limited
	handle  func(w http.ResponseWriter, r *http.Request, c *call) int
	metrics *routeMetrics
}

// A call is what handlers know of one request besides it.
type call struct {
	caller *caller
	rest   string // the path behind a prefix, as it was sent
	start  time.Time
}

func (rt *route) match(path string) (rest string, ok bool) {
	n := len(rt.path)
	if rt.path[n-1] != '/' || n == 1 {
		return "", path == rt.path
	}
	if len(path) > n && path[:n] == rt.path {
		return path[n:], true
	}
	return "", false
}

// ServeHTTP is every request's way in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := call{start: s.now()}
	path := r.URL.Path
	if r.URL.RawPath != "" {
		path = r.URL.RawPath // a %2F belongs to the part it stands in
	}
	for _, rt := range s.routes {
		if rest, ok := rt.match(path); ok {
			c.rest = rest
			s.serve(w, r, rt, &c)
			return
		}
	}
	s.rest.serve(w, r, &c)
}

// serve guards and runs one route, and counts what came of it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, rt *route, c *call) {
	status := http.StatusInternalServerError
	defer func() {
		if v := recover(); v != nil {
			if v == http.ErrAbortHandler {
				panic(v)
			}
			f, ok := v.(failure)
			if !ok {
				f = caught(v)
			}
			s.panicked(w, rt, f)
		}
		took := s.now().Sub(c.start)
		rt.metrics.count(status, took)
		if s.opt.LogRequests {
			s.logRequest(r, rt, c, status, took)
		}
	}()
	if s.cors(w, r, rt.methods) {
		status = http.StatusNoContent
		return
	}
	if !slices.Contains(rt.methods, r.Method) {
		w.Header()["Allow"] = []string{allow(rt.methods)}
		status = problem(http.StatusMethodNotAllowed, "method-not-allowed", "use "+allow(rt.methods)).write(w)
		return
	}
	if s.opt.LocalOnly && !localHost(r.Host) {
		status = problem(http.StatusMisdirectedRequest, "wrong-host", "without API keys this server answers requests to localhost or its loopback address only; make a key with fundtrail keys add and serve without --no-auth").write(w)
		return
	}
	if rt.scope != "" {
		if n := s.inFlight.Add(1); n > int64(s.opt.MaxInFlight) {
			s.inFlight.Add(-1)
			s.metrics.refused.Inc()
			status = busy.write(w)
			return
		}
		defer s.inFlight.Add(-1)
		var p *Problem
		if c.caller, p = s.authenticate(r, rt.scope, c.start); p != nil {
			s.metrics.unauthenticated.Inc()
			status = p.write(w)
			return
		}
		if wait := c.caller.bucket.take(c.start); wait > 0 {
			s.metrics.limited.Inc()
			status = problem(http.StatusTooManyRequests, "rate-limit", "the rate of the API key "+c.caller.id+" is used up; wait as long as Retry-After says").after(wait).write(w)
			return
		}
	}
	status = rt.handle(w, r, c)
}

var busy = problem(http.StatusServiceUnavailable, "busy", "as many requests are under way as this server takes at once; try again").after(time.Second)

// A failure is a panic, without its value: that may quote what was asked.
type failure struct {
	kind string
	at   []string
}

// caught makes a failure of what recover returned, in the function deferred.
func caught(v any) failure {
	f := failure{kind: fmt.Sprintf("%T", v)}
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(4, pcs[:])])
	for {
		frame, more := frames.Next()
		f.at = append(f.at, fmt.Sprintf("%s:%d", frame.Function, frame.Line))
		if !more {
			return f
		}
	}
}

// panicked answers for a handler that failed.
func (s *Server) panicked(w http.ResponseWriter, rt *route, f failure) {
	p := s.internal(rt.name)
	s.log.Error("request panicked", "route", rt.name, "instance", p.Instance, "type", f.kind, "at", f.at)
	p.write(w)
}

// logRequest writes a line that says everything about a request but what was asked:
// the route's name in place of the path, no query, no header of the caller's.
func (s *Server) logRequest(r *http.Request, rt *route, c *call, status int, took time.Duration) {
	method, who := "other", "" // a method can be any word
	if slices.Contains(rt.methods, r.Method) || r.Method == http.MethodOptions {
		method = r.Method
	}
	if c.caller != nil {
		who = c.caller.id
	}
	s.log.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("method", method), slog.String("route", rt.name),
		slog.Int("status", status), slog.Duration("took", took), slog.String("key", who), slog.String("from", r.RemoteAddr))
}
