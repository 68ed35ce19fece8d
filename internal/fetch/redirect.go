package fetch

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// redirect decides whether to follow one, and what goes along.
func (c *Client) redirect(req *Request, next *http.Request, via []*http.Request) error {
	first, last := via[0].URL, via[len(via)-1].URL
	refuse := func(kind error, format string, args ...any) error {
		return &refusal{fmt.Errorf("it redirects to %s, %s: %w", redact(next.URL), fmt.Sprintf(format, args...), kind)}
	}
	switch {
	case !idempotent(req.Method):
		return refuse(fundtrail.ErrUnavailable, "and what %s sends is not sent on", req.Method)
	case next.URL.Scheme != "https" && next.URL.Scheme != "http":
		return refuse(fundtrail.ErrUnavailable, "which is not http or https")
	case next.URL.Scheme == "http" && last.Scheme == "https":
		return refuse(fundtrail.ErrUnavailable, "from https to http, where anybody on the way could change what comes")
	case !c.allowed(next.URL):
		return refuse(fundtrail.ErrUnavailable, "whose host is not among those allowed")
	case inside(next.URL) && !inside(first):
		return refuse(fundtrail.ErrUnavailable, "which is inside this network")
	case len(via) > max(c.o.MaxRedirects, 0):
		return refuse(fundtrail.ErrLimit, "one redirect more than the %d allowed", max(c.o.MaxRedirects, 0))
	}
	for _, v := range via {
		if v.URL.String() == next.URL.String() {
			return refuse(fundtrail.ErrLimit, "where it has been before: a loop")
		}
	}
	// The library passes on the URL we come from, with its query.
	next.Header.Del("Referer")
	if !strings.EqualFold(next.URL.Host, first.Host) {
		for k := range req.Header {
			next.Header.Del(k)
		}
	}
	req.Have.conditions(next, first)
	return nil
}

// inside reports whether a URL names this machine or its network by number. (What a
// host's name leads to is the resolver's or the proxy's affair.)
func inside(u *url.URL) bool {
	h := strings.ToLower(u.Hostname())
	if h == "localhost" || strings.HasSuffix(h, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(h)
	if err != nil {
		return false
	}
	a = a.Unmap().WithZone("")
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsUnspecified()
}

// conditions sets the headers that ask whether a document has changed, when r goes to
// where the copy came from. Marks are only good there: another document may have the
// same, and "not changed" would then be believed of the wrong one. What a query says
// may differ, because some publishers redirect to addresses signed for a minute.
func (v Validators) conditions(r *http.Request, first *url.URL) {
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	if !v.from(r.URL, first) {
		return
	}
	if v.ETag != "" {
		r.Header.Set("If-None-Match", v.ETag)
	}
	if v.LastModified != "" {
		r.Header.Set("If-Modified-Since", v.LastModified)
	}
}

func (v Validators) from(u, first *url.URL) bool {
	if v.URL == "" {
		return u.String() == first.String()
	}
	have, err := url.Parse(v.URL)
	return err == nil && strings.EqualFold(have.Host, u.Host) && have.Scheme == u.Scheme && have.EscapedPath() == u.EscapedPath()
}
