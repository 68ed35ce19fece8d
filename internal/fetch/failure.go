package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"syscall"
	"time"

	"github.com/fundtrail/fundtrail"
)

// An Error is a request that failed for good.
type Error struct {
	URL    string // without what is secret
	Status int    // of the last answer; 0 where none came
	Tries  int
	Err    error // of the last try
}

func (e *Error) Error() string {
	if e.Tries > 1 {
		return fmt.Sprintf("%s: %v (after %d tries)", e.URL, e.Err, e.Tries)
	}
	return fmt.Sprintf("%s: %v", e.URL, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Lasting reports whether a failure is one that asking again later does not mend: the server
// wants a key or another caller, or nothing is at that address.
func Lasting(err error) bool {
	e := new(Error)
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone:
		return true
	}
	return false
}

// CutShort reports whether an error of encoding/json says that a text ends before its value
// does: so answers a node that is ending, with all signs of a whole answer.
func CutShort(err error) bool {
	e := new(json.SyntaxError)
	return errors.As(err, &e) && e.Error() == "unexpected end of JSON input" // it has no other mark
}

// A failure is one try that failed.
type failure struct {
	err       error
	status    int
	again     bool          // another try may succeed
	unreached bool          // there was no connection
	after     time.Duration // how long the peer asks to be left alone
}

// The reasons why a try is cut short from here.
var (
	errTotal = fmt.Errorf("it was not done in the time allowed: %w", fundtrail.ErrUnavailable)
	errIdle  = fmt.Errorf("the server stopped sending in the middle: %w", fundtrail.ErrUnavailable)
)

// overtime is the end of the time that the caller allowed.
type overtime struct{}

func (overtime) Error() string   { return "it was not done in the time allowed: unavailable" }
func (overtime) Unwrap() []error { return []error{context.DeadlineExceeded, fundtrail.ErrUnavailable} }

// A refusal is a redirect that is not followed.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// explain says in our words why there is no answer. The library's errors repeat
// whole URLs, and what they wrap is more than a user needs.
func explain(ctx context.Context, err error) *failure {
	if cause := context.Cause(ctx); cause != nil && ctx.Err() != nil {
		return &failure{err: cause, again: errors.Is(cause, errIdle)}
	}
	if r := new(refusal); errors.As(err, &r) {
		return &failure{err: r.err}
	}
	if u := new(url.Error); errors.As(err, &u) {
		err = u.Err
	}
	text, fail := "", &failure{again: true}
	dns, op := new(net.DNSError), new(net.OpError)
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		text, fail.again = fmt.Sprintf("there is no host %s, or this machine is offline", dns.Name), false
	case errors.As(err, &dns):
		text, fail.unreached = fmt.Sprintf("the address of %s could not be looked up: offline?", dns.Name), true
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		text, fail.unreached = "there is no way to its network: offline?", true
	case errors.Is(err, syscall.ECONNREFUSED):
		text, fail.unreached = "nobody answers there: the connection was refused", true
	case untrusted(err):
		text, fail.again = "its certificate is not to be trusted: "+scrub(err.Error()), false
	case errors.As(err, &op) && op.Op == "dial" && op.Timeout():
		text, fail.unreached = "the connection was not made in time", true
	case errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		text = "the server did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		text = "the connection broke before an answer came"
	default:
		text = scrub(err.Error())
	}
	fail.err = fmt.Errorf("%s: %w", text, fundtrail.ErrUnavailable)
	return fail
}

func untrusted(err error) bool {
	cert, host, auth := new(tls.CertificateVerificationError), x509.HostnameError{}, x509.UnknownAuthorityError{}
	return errors.As(err, &cert) || errors.As(err, &host) || errors.As(err, &auth)
}

func isTimeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

// Redact returns a URL without what may be secret: the user and password before the @
// and the values of its query. It is for messages, and for what is stored.
func Redact(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme == "" {
		// Whatever it is, what is secret stands before an @ or after a ?.
		if i := strings.LastIndexByte(raw, '@'); i >= 0 {
			raw = "…" + raw[i:]
		}
		raw, _, cut := strings.Cut(raw, "?")
		raw, _, _ = strings.Cut(raw, "#")
		if cut {
			raw += "?…"
		}
		return clip(raw)
	}
	return redact(u)
}

// hidePath takes a request's path out of what came of it.
func hidePath(raw string, res *Result, err error) (*Result, error) {
	hide := func(s string) string { return s }
	if u, e := url.Parse(raw); e != nil {
		hide = func(string) string { return "the URL" }
	} else if strings.Trim(u.Path, "/") != "" {
		pairs := []string{u.Path, "/…"}
		if u.EscapedPath() != u.Path {
			pairs = append(pairs, u.EscapedPath(), "/…")
		}
		hide = strings.NewReplacer(pairs...).Replace
	}
	if res != nil {
		res.FinalURL, res.FileName = hide(res.FinalURL), ""
	}
	if e := new(Error); errors.As(err, &e) {
		err = &Error{URL: hide(e.URL), Status: e.Status, Tries: e.Tries, Err: &hidden{hide(e.Err.Error()), e.Err}}
	} else if err != nil {
		err = &hidden{hide(err.Error()), err}
	}
	return res, err
}

// A hidden is an error whose text had a secret in it.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string        { return h.text }
func (h *hidden) Is(target error) bool { return errors.Is(h.err, target) }

func redact(u *url.URL) string {
	c := *u
	c.User, c.Fragment, c.RawFragment = nil, "", ""
	c.RawQuery, c.ForceQuery = "", false
	text := c.String()
	if u.RawQuery != "" {
		text += "?…"
	}
	return clip(text)
}

// clip bounds a text that a peer may have made.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

var links = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*:/?/?[^\s"]*[?@][^\s"]*|[^\s"]*\?[^\s"]*`)

// scrub redacts every URL in a text that is not ours.
func scrub(text string) string { return clip(links.ReplaceAllStringFunc(text, Redact)) }
