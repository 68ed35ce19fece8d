package web

import (
	"encoding/json"
	"net/http"
	"time"
)

// Readiness is the body of /readyz.
type Readiness struct {
	Ready    bool     `json:"ready" doc:"Whether questions are answered"`
	Reason   string   `json:"reason,omitempty" doc:"Why not"`
	Snapshot string   `json:"snapshot,omitempty" doc:"Names the set of list versions in force"`
	Loaded   string   `json:"loaded,omitempty" doc:"When they were loaded"`
	Lists    int      `json:"lists" doc:"How many lists there are"`
	Stale    []string `json:"stale,omitempty" doc:"Lists that nothing was heard of for too long; they still answer"`
	Trouble  []string `json:"trouble,omitempty" doc:"What could not be reloaded; what was before stays in force"`
}

// healthy says that the process lives and nothing else, so that a list that cannot be
// loaded is no reason to restart it.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request, _ *call) int {
	return writeJSON(w, []byte(`{"alive":true}`+"\n"))
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request, _ *call) int {
	var body Readiness
	body.Ready, body.Reason = true, ""
	if n := s.snapshot.Load(); n != nil {
		body.Snapshot, body.Loaded, body.Lists = n.ID, n.Loaded.Format(time.RFC3339), len(n.listNames())
		body.Stale = s.stale(n)
	}
	switch {
	case s.stopping.Load():
		body.Ready, body.Reason = false, "stopping"
	case body.Snapshot == "":
		body.Ready, body.Reason = false, "the lists are not loaded yet"
	case body.Lists == 0:
		body.Ready, body.Reason = false, "there are no lists; fundtrail lists sync or lists import gets some"
	}
	body.Trouble = s.troubles()
	text, err := json.Marshal(body)
	if err != nil {
		return s.problemOf("GET /readyz", err).write(w)
	}
	if !body.Ready {
		h := w.Header()
		h["Content-Type"], h["Cache-Control"], h["Retry-After"] = jsonType, noStore, []string{"2"}
		w.WriteHeader(http.StatusServiceUnavailable)
		w.Write(append(text, '\n'))
		return http.StatusServiceUnavailable
	}
	return writeJSON(w, append(text, '\n'))
}

func (s *Server) serveMetrics(w http.ResponseWriter, r *http.Request, _ *call) int {
	s.metrics.handler.ServeHTTP(w, r)
	return http.StatusOK
}

// reloadNow looks at the lists, the keys and the certificate at once and waits for the
// result.
func (s *Server) reloadNow(w http.ResponseWriter, r *http.Request, _ *call) int {
	done := make(chan error, 1)
	select {
	case s.reload <- done:
	case <-r.Context().Done():
		return http.StatusServiceUnavailable
	case <-time.After(s.opt.Timeout):
		return tooSlow.write(w)
	}
	select {
	case <-done:
	case <-r.Context().Done():
		return http.StatusServiceUnavailable
	}
	return s.ready(w, r, nil)
}
