package fetch

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// maxHeader is the most bytes of headers that an answer may have.
const maxHeader = 256 << 10

func (c *Client) start() {
	c.o = c.Options.defaulted()
	c.hosts = map[string]*host{}
	if c.o.Jitter == nil {
		c.o.Jitter = rand.Float64
	}
	t := &http.Transport{
		Proxy:                  c.o.Proxy,
		DialContext:            (&net.Dialer{Timeout: c.o.Connect, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    c.o.Connect,
		TLSClientConfig:        &tls.Config{RootCAs: c.o.RootCAs, MinVersion: tls.VersionTLS12},
		ResponseHeaderTimeout:  c.o.Header,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		IdleConnTimeout:        time.Minute,
		// The packing of a body is undone here, where it is bounded.
		DisableCompression: true,
	}
	c.http = &http.Client{Transport: paced{c, t}}
}

// CloseIdle closes the connections that wait for a next request.
func (c *Client) CloseIdle() {
	c.once.Do(c.start)
	c.http.Transport.(paced).next.(*http.Transport).CloseIdleConnections()
}

// Do makes a request until it is answered or it is pointless to go on. An error is
// the context's own when the caller stopped it, else an [*Error].
func (c *Client) Do(ctx context.Context, req Request) (*Result, error) {
	res, err := c.do(ctx, req)
	if req.SecretPath {
		res, err = hidePath(req.URL, res, err)
	}
	return res, err
}

func (c *Client) do(ctx context.Context, req Request) (*Result, error) {
	c.once.Do(c.start)
	u, err := c.target(&req)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, c.o.Total, errTotal)
	defer cancel()
	for try := 1; ; try++ {
		res, fail := c.turn(limited, &req, u)
		if fail == nil {
			res.Tries = try
			return res, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, stopped(u, err)
		}
		wait := c.wait(try, fail)
		if !c.again(limited, &req, try, fail, wait) {
			return nil, &Error{URL: Redact(req.URL), Status: fail.status, Tries: try, Err: fail.err}
		}
		if req.Retrying != nil {
			req.Retrying(try, fail.err)
		}
		if err := c.o.Sleep(limited, wait); err != nil {
			if ctx.Err() != nil {
				return nil, stopped(u, ctx.Err())
			}
			return nil, &Error{URL: Redact(req.URL), Status: fail.status, Tries: try, Err: fail.err}
		}
	}
}

func stopped(u *url.URL, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return &Error{URL: redact(u), Tries: 1, Err: overtime{}}
	}
	return fmt.Errorf("%s: %w", redact(u), err)
}

// wait is how long to leave the peer alone before the next try.
func (c *Client) wait(try int, fail *failure) time.Duration {
	w := c.o.BackOff << min(try-1, 20)
	if w <= 0 || w > c.o.MaxWait {
		w = c.o.MaxWait
	}
	w -= time.Duration(c.o.Jitter() * float64(w/2))
	return max(w, fail.after)
}

// again decides whether to try once more.
func (c *Client) again(ctx context.Context, req *Request, try int, fail *failure, wait time.Duration) bool {
	most := 1 + max(c.o.Retries, 0)
	if fail.unreached {
		most = min(most, 2) // nobody is there, or we are offline: say so soon
	}
	if !fail.again || !idempotent(req.Method) || try >= most {
		return false
	}
	end, ok := ctx.Deadline()
	return !ok || time.Until(end) >= wait
}

func idempotent(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// target checks a request and returns its URL.
func (c *Client) target(req *Request) (*url.URL, error) {
	if req.Method == "" {
		req.Method = http.MethodGet
	}
	if req.MaxBytes <= 0 {
		req.MaxBytes = c.o.MaxBytes
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		// url.Error repeats the whole text, and url.EscapeError a part of it.
		return nil, fmt.Errorf("%s: this is no URL: %w", Redact(req.URL), fundtrail.ErrInvalid)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("%s: only http and https are fetched: %w", redact(u), fundtrail.ErrInvalid)
	case u.Hostname() == "":
		return nil, fmt.Errorf("%s: it names no host: %w", redact(u), fundtrail.ErrInvalid)
	case !c.allowed(u):
		return nil, fmt.Errorf("%s: its host is not among those allowed: %w", redact(u), fundtrail.ErrInvalid)
	}
	return u, nil
}

func (c *Client) allowed(u *url.URL) bool {
	for _, h := range c.o.AllowedHosts {
		if strings.EqualFold(h, u.Hostname()) {
			return true
		}
	}
	return len(c.o.AllowedHosts) == 0
}

// turn makes one try, when its host has room for one.
func (c *Client) turn(ctx context.Context, req *Request, u *url.URL) (*Result, *failure) {
	h := c.host(u.Host)
	select {
	case h.room <- struct{}{}:
		defer func() { <-h.room }()
	case <-ctx.Done():
		return nil, &failure{err: context.Cause(ctx)}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := http.NewRequestWithContext(ctx, req.Method, u.String(), nil)
	if err != nil {
		return nil, &failure{err: fmt.Errorf("%s: %w", scrub(err.Error()), fundtrail.ErrInvalid)}
	}
	if req.Body != nil {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(req.Body)), int64(len(req.Body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(req.Body)), nil }
	}
	for k, v := range req.Header {
		r.Header[http.CanonicalHeaderKey(k)] = v
	}
	r.Header.Set("User-Agent", c.o.UserAgent)
	r.Header.Set("Accept-Encoding", "gzip, zstd")
	req.Have.conditions(r, u)

	client := *c.http
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error { return c.redirect(req, next, via) }
	resp, err := client.Do(r)
	if err != nil {
		return nil, explain(ctx, err)
	}
	defer resp.Body.Close()
	if fail := c.answer(req, resp); fail != nil {
		return nil, fail
	}
	res := &Result{
		Status: resp.StatusCode, Unchanged: resp.StatusCode == http.StatusNotModified,
		ContentType: resp.Header.Get("Content-Type"), FileName: fileName(resp), FinalURL: redact(resp.Request.URL),
		ETag: mark(resp, "Etag"), LastModified: mark(resp, "Last-Modified"), Retrieved: c.o.Now().UTC(),
	}
	if res.Unchanged {
		// A server need not repeat its marks.
		set(&res.ETag, req.Have.ETag)
		set(&res.LastModified, req.Have.LastModified)
		return res, nil
	}
	if req.Method == http.MethodHead {
		return res, nil
	}
	return c.body(ctx, cancel, req, resp, res)
}

// answer says what is wrong with an answer's status. A server that asks for a pause
// gets it from every request of this client.
func (c *Client) answer(req *Request, resp *http.Response) *failure {
	status := resp.StatusCode
	fail := &failure{status: status}
	says := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusNotModified && (resp.Request.Header.Get("If-None-Match") != "" || resp.Request.Header.Get("If-Modified-Since") != ""):
		return nil
	case status == http.StatusNoContent && req.Method == http.MethodGet, status == http.StatusPartialContent, status == http.StatusResetContent:
		fail.err = fmt.Errorf("%s and not the document: %w", says, fundtrail.ErrUnavailable)
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusNotFound, status == http.StatusGone:
		fail.err = fmt.Errorf("%s: the publisher may have moved it: %w", says, fundtrail.ErrNotFound)
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		fail.err = fmt.Errorf("%s: it may want a key, or another address to ask from: %w", says, fundtrail.ErrUnavailable)
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests,
		status == http.StatusInternalServerError, status == http.StatusBadGateway,
		status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		fail.again = true
		if d, ok := retryAfter(resp.Header.Get("Retry-After"), c.o.Now()); ok {
			fail.after = d
			c.host(resp.Request.URL.Host).pause(c.o.Now().Add(min(d, c.o.MaxWait)))
			if d > c.o.MaxWait {
				fail.again = false
				says += fmt.Sprintf(" and asks to be left alone for %s, longer than the %s this program waits", d, c.o.MaxWait)
			}
		}
		fail.err = fmt.Errorf("%s: %w", says, fundtrail.ErrUnavailable)
	default:
		fail.err = fmt.Errorf("%s: %w", says, fundtrail.ErrUnavailable)
	}
	return fail
}
