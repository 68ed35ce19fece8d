package fetch

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/fundtrail/fundtrail"
)

// A host is what all requests to one host share.
type host struct {
	limiter *rate.Limiter
	room    chan struct{} // one for each body that is being read
	mu      sync.Mutex
	until   time.Time // it asked to be left alone until then
}

func (h *host) pause(until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if until.After(h.until) {
		h.until = until
	}
}

func (c *Client) host(name string) *host {
	name = strings.ToLower(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.hosts[name]
	if h == nil {
		h = &host{limiter: rate.NewLimiter(rate.Limit(c.o.Rate), max(c.o.Burst, 1)), room: make(chan struct{}, max(c.o.PerHost, 1))}
		c.hosts[name] = h
	}
	return h
}

// paced holds every request, redirects too, to its host's rate.
type paced struct {
	c    *Client
	next http.RoundTripper
}

func (p paced) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := p.c.pace(r.Context(), p.c.host(r.URL.Host)); err != nil {
		return nil, err
	}
	return p.next.RoundTrip(r)
}

// pace waits until a request may go to a host.
func (c *Client) pace(ctx context.Context, h *host) error {
	now := c.o.Now()
	h.mu.Lock()
	pause := h.until.Sub(now)
	h.mu.Unlock()
	turn := h.limiter.ReserveN(now, 1)
	wait := max(pause, turn.DelayFrom(now))
	if wait <= 0 {
		return nil
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < wait {
		turn.CancelAt(now)
		return fmt.Errorf("its turn at this host comes in %s, after the time allowed: %w", wait.Round(time.Millisecond), fundtrail.ErrUnavailable)
	}
	if err := c.o.Sleep(ctx, wait); err != nil {
		turn.CancelAt(now)
		return err
	}
	return nil
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) (time.Duration, bool) {
	const most = 87600 * time.Hour // ten years are for ever, and no sum with them overflows
	text = strings.TrimSpace(text)
	if s, err := strconv.ParseUint(text, 10, 64); err == nil {
		return time.Duration(min(s, uint64(most/time.Second))) * time.Second, true
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(t.Sub(now), 0), most), true
	}
	return 0, false
}
