package web

import (
	"embed"
	"net/http"
	"path"
)

// The page that shows the OpenAPI document and lets one try it: three files, no build,
// nothing from elsewhere.
//
//go:embed page
var page embed.FS

var pageTypes = map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func (s *Server) docs(w http.ResponseWriter, r *http.Request, c *call) int {
	name := c.rest
	if name == "" {
		name = "docs.html"
	}
	body, err := page.ReadFile("page/" + path.Base(name))
	if err != nil || path.Base(name) != name {
		return problem(http.StatusNotFound, "not-found", "the page has no such file; it is at /docs").write(w)
	}
	h := w.Header()
	h.Set("Content-Type", pageTypes[path.Ext(name)])
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	w.Write(body)
	return http.StatusOK
}

// front sends a browser that has only the server's name to the page.
func (s *Server) front(w http.ResponseWriter, r *http.Request, _ *call) int {
	w.Header()["Location"] = []string{"/docs"}
	w.WriteHeader(http.StatusFound)
	return http.StatusFound
}
