package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// cors answers OPTIONS, and lets the named origins' pages read answers. By default no
// other page may: an API key has no business in a page.
func (s *Server) cors(w http.ResponseWriter, r *http.Request, methods []string) (done bool) {
	if len(s.opt.Origins) > 0 {
		h := w.Header()
		h.Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" && (slices.Contains(s.opt.Origins, origin) || slices.Contains(s.opt.Origins, "*")) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Expose-Headers", "Retry-After")
			if r.Method == http.MethodOptions {
				h.Set("Access-Control-Allow-Methods", allow(methods))
				h.Set("Access-Control-Allow-Headers", "Content-Type, X-API-Key, Authorization")
				h.Set("Access-Control-Max-Age", "600")
			}
		}
	}
	if r.Method != http.MethodOptions {
		return false
	}
	w.Header().Set("Allow", allow(methods))
	w.WriteHeader(http.StatusNoContent)
	return true
}

func allow(methods []string) string { return strings.Join(methods, ", ") + ", OPTIONS" }

func checkOrigin(o string) error {
	if o == "*" {
		return nil
	}
	u, err := url.Parse(o)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.Scheme+"://"+u.Host != o {
		return fmt.Errorf("origin %q: want a scheme and a host as https://desk.example, or *: %w", o, fundtrail.ErrInvalid)
	}
	return nil
}

// localHost tells whether a Host header names this machine. A page of another site
// can make its own name resolve to 127.0.0.1, but the browser still sends that name.
func localHost(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Loopback tells whether an address to listen on is reached from this machine only.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && host != "" && localHost(host)
}
