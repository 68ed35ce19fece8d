package web

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

var (
	methodsGet  = []string{http.MethodGet, http.MethodHead}
	methodsPost = []string{http.MethodPost}
)

// addRoutes makes the table that ServeHTTP looks through, the hottest first, and
// huma's routes behind it.
func (s *Server) addRoutes() error {
	s.routes = []*route{
		{name: "GET /v1/screen/address/{address}", path: "/v1/screen/address/", methods: methodsGet, scope: ScopeScreen, handle: s.screenAddress},
		{name: "POST /v1/screen", path: "/v1/screen", methods: methodsPost, scope: ScopeScreen, handle: s.screenBatch},
		{name: "GET /api/v1/address/{address}", path: "/api/v1/address/", methods: methodsGet, scope: ScopeScreen, handle: s.identify},
		{name: "POST /match/{dataset}", path: "/match/", methods: methodsPost, scope: ScopeScreen, handle: s.match},
		{name: "POST /v1/reload", path: "/v1/reload", methods: methodsPost, scope: ScopeAdmin, handle: s.reloadNow},
		{name: "GET /metrics", path: "/metrics", methods: methodsGet, scope: ScopeAdmin, handle: s.serveMetrics},
		{name: "GET /healthz", path: "/healthz", methods: methodsGet, handle: s.healthy},
		{name: "GET /readyz", path: "/readyz", methods: methodsGet, handle: s.ready},
		{name: "GET /docs", path: "/docs", methods: methodsGet, handle: s.docs},
		{name: "GET /docs/{file}", path: "/docs/", methods: methodsGet, handle: s.docs},
		{name: "GET /", path: "/", methods: methodsGet, handle: s.front},
	}
	for _, rt := range s.routes {
		rt.metrics = s.metrics.route(rt.name)
	}
	var err error
	s.rest, err = newRest(s)
	return err
}

// writeJSON sends a whole answer.
func writeJSON(w http.ResponseWriter, body []byte) int {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["X-Content-Type-Options"] = nosniff
	h["Cache-Control"] = noStore
	if len(body) > 2000 { // below it net/http sets the length itself
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.Write(body) // an error is the caller's going away
	return http.StatusOK
}

var notReady = problem(http.StatusServiceUnavailable, "not-ready", "the lists are not loaded yet; /readyz says when they are").after(2 * time.Second)

var tooSlow = problem(http.StatusServiceUnavailable, "too-slow", "the work took longer than this server gives one request; send fewer names at once").after(time.Second)

// jsonBody refuses what is not declared JSON. A page of another site can make a
// browser send a form or plain text, but not this type without asking first.
func jsonBody(r *http.Request) *Problem {
	t := r.Header.Get("Content-Type")
	if t != "application/json" {
		if m, params, err := mime.ParseMediaType(t); err != nil || m != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
			return problem(http.StatusUnsupportedMediaType, "media-type", "send JSON in UTF-8, with the header Content-Type: application/json", Fault{"header.Content-Type", "want application/json"})
		}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return problem(http.StatusUnsupportedMediaType, "media-type", "send the body as it is, without Content-Encoding", Fault{"header.Content-Encoding", "compressed bodies are not read"})
	}
	return nil
}

// buffers are for bodies and answers; those that grew far are left to the collector.
var buffers = sync.Pool{New: func() any { return new(buffer) }}

type buffer struct{ b []byte }

func (b *buffer) free() {
	if cap(b.b) <= 8<<20 {
		b.b = b.b[:0]
		buffers.Put(b)
	}
}

// readBody reads a body up to the limit. It grows with what comes and not with what
// is announced, so that an announcement costs nothing.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (string, *Problem) {
	large := problem(http.StatusRequestEntityTooLarge, "too-large", "the body is longer than "+strconv.FormatInt(s.opt.MaxBody, 10)+" bytes; send it in parts")
	if r.ContentLength > s.opt.MaxBody {
		w.Header()["Connection"] = []string{"close"} // what it goes on sending is not read
		return "", large
	}
	buf := buffers.Get().(*buffer)
	defer buf.free()
	b := buf.b
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Body.Read(b[len(b):min(cap(b), int(s.opt.MaxBody)+1)])
		b = b[:len(b)+n]
		buf.b = b
		if int64(len(b)) > s.opt.MaxBody {
			w.Header()["Connection"] = []string{"close"}
			return "", large
		}
		if err == io.EOF {
			// A copy, because answers keep parts of it and the buffer is used again.
			return string(b), nil
		} else if err != nil {
			return "", invalid("body", "ended before it was whole, or came too slowly")
		}
	}
}
