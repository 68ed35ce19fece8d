// Package node is what nodes of account chains have in common: several endpoints, of which
// another answers where one fails, and windows of blocks that are read ahead.
//
// What is asked, and what an answer means, is each chain's own. A [Pool] only has to know of
// an error whether another endpoint, fewer questions, a later hour or nothing mends it.
package node

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// An Endpoint is where a node answers.
type Endpoint struct {
	URL    string      // http or https; its path and query may hold a key, which no message repeats
	Header http.Header // a key, where the provider wants it there
}

// A Peer is an endpoint with what has been learnt of it.
type Peer struct {
	Endpoint
	Name string // for messages: its host

	mu     sync.Mutex
	chain  bool            // it said that it has the right chain
	lacks  map[string]bool // methods it does not know
	fails  int             // in a row
	asleep time.Time       // it is left alone until then
}

// A Pool asks several endpoints of one chain, the first that answers.
type Pool struct {
	client fetch.Client
	limits *fetch.Options // the client's, with defaults
	rounds int
	check  func(context.Context, *Peer) error
	all    []*Peer
}

// What an endpoint's answer may come to.
var (
	// ErrMethod says that an endpoint does not know a method: it is not asked again.
	ErrMethod = fmt.Errorf("no endpoint knows the method: %w", fundtrail.ErrUnavailable)
	// ErrAbsent says that an endpoint has not, or no longer, what was asked for.
	ErrAbsent = fmt.Errorf("it does not have what was asked for: %w", fundtrail.ErrNotFound)
	// ErrWrongChain ends all asking: an endpoint was given that should not have been.
	ErrWrongChain = errors.New("wrong chain")
)

// NewPool makes a pool of endpoints. Limits want a rate, and have other defaults than fetch's:
// 50 requests at a stroke, 4 at once, waits of at most 1 min; their Retries are not used,
// because other endpoints are asked first. Rounds is how often all are asked again: default
// 6, negative for never. Check says of an endpoint, before its first question, whether its
// chain is the right one.
func NewPool(endpoints []Endpoint, limits fetch.Options, rounds int, check func(context.Context, *Peer) error) *Pool {
	p := &Pool{rounds: max(cmp.Or(rounds, 6), 0), check: check}
	for _, e := range endpoints {
		name := "an endpoint"
		if u, err := url.Parse(e.URL); err == nil && u.Host != "" {
			name = u.Host
		}
		p.all = append(p.all, &Peer{Endpoint: e, Name: name})
	}
	f := limits
	f.Burst, f.PerHost = cmp.Or(f.Burst, 50), cmp.Or(f.PerHost, 4)
	f.BackOff, f.MaxWait = cmp.Or(f.BackOff, time.Second), cmp.Or(f.MaxWait, time.Minute)
	f.Retries = -1
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.Jitter == nil {
		f.Jitter = rand.Float64
	}
	if f.Sleep == nil {
		f.Sleep = fetch.Sleep
	}
	p.client.Options = f
	p.limits = &p.client.Options
	return p
}

// Parallel does n things, as many at once as one host may be asked; the first to fail ends
// the others.
func (p *Pool) Parallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	errs := make([]error, n)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	room := make(chan struct{}, p.limits.PerHost)
	var all sync.WaitGroup
	for i := range n {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			if errs[i] = do(ctx, i); errs[i] != nil {
				cancel()
			}
		})
	}
	all.Wait()
	// What was cancelled because another failed is not the reason.
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	return errors.Join(errs...)
}

// Try asks endpoints in turn until one answers, and after a pause again, round by round. Its
// error wraps [ErrMethod] where every endpoint lacks one of the methods, and
// [fundtrail.ErrLimit] where fewer of several may be answered. What no round can mend ends
// the asking: what no endpoint has, and what all of them refuse for good.
func (p *Pool) Try(ctx context.Context, methods []string, ask func(*Peer) error) error {
	var last error
	for round := 0; ; round++ {
		unknown, absent, lasting := 0, 0, 0
		for _, e := range p.awake(round > 0) {
			if e.misses(methods) {
				unknown++
				continue
			}
			err := p.known(ctx, e)
			if err == nil {
				err = ask(e)
			}
			switch {
			case err == nil:
				e.rested()
				return nil
			case errors.Is(err, ErrMethod):
				unknown++
				continue
			case ctx.Err() != nil, errors.Is(err, ErrWrongChain), errors.Is(err, fundtrail.ErrLimit) && len(methods) > 1:
				return err
			case fetch.CutShort(err):
				err = fmt.Errorf("the answer is cut short: %w", fundtrail.ErrUnavailable)
			case fetch.Lasting(err):
				lasting++
			}
			if last == nil || !fetch.Lasting(err) || fetch.Lasting(last) { // what may mend is the better reason
				last = fmt.Errorf("%s: %w", e.Name, err)
			}
			if errors.Is(err, ErrAbsent) {
				absent++ // it is as good as ever, and behind or ahead of the others
				continue
			}
			p.rest(e)
		}
		if unknown == len(p.all) {
			return fmt.Errorf("%s: %w", methods[0], ErrMethod)
		}
		if round == p.rounds || lasting > 0 && lasting+unknown == len(p.all) || errors.Is(last, fundtrail.ErrLimit) || absent > 0 && absent+unknown == len(p.all) {
			if last == nil {
				last = fmt.Errorf("every endpoint that may know it rests after a failure: %w", fundtrail.ErrUnavailable)
			}
			return fmt.Errorf("%s: %w", methods[0], last)
		}
		if err := p.pause(ctx, round); err != nil {
			return err
		}
	}
}

// Post sends an endpoint a question in JSON, to its URL or a path below that. Where that
// fails the error's text names no URL, and [errors.As] finds the [fetch.Error].
func (p *Pool) Post(ctx context.Context, e *Peer, question any, path ...string) ([]byte, error) {
	body, err := json.Marshal(question)
	if err != nil {
		return nil, err
	}
	at := e.URL
	if len(path) > 0 {
		if at, err = url.JoinPath(at, path...); err != nil {
			return nil, fmt.Errorf("the endpoint's address is no URL: %w", fundtrail.ErrInvalid)
		}
	}
	head := e.Header.Clone()
	if head == nil {
		head = http.Header{}
	}
	head.Set("Content-Type", "application/json")
	res, err := p.client.Do(ctx, fetch.Request{URL: at, Method: http.MethodPost, Body: body, Header: head, SecretPath: true})
	if f := new(fetch.Error); errors.As(err, &f) {
		return nil, unnamed{f}
	} else if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// An unnamed is a failure told without its URL: who reports it names the endpoint.
type unnamed struct{ failed *fetch.Error }

func (u unnamed) Error() string { return u.failed.Err.Error() }
func (u unnamed) Unwrap() error { return u.failed }

// awake returns the endpoints that may be asked, in order; all of them if none may, or if
// they are asked once more.
func (p *Pool) awake(all bool) []*Peer {
	now := p.limits.Now()
	var list []*Peer
	for _, e := range p.all {
		e.mu.Lock()
		if all || !e.asleep.After(now) {
			list = append(list, e)
		}
		e.mu.Unlock()
	}
	if len(list) == 0 {
		return p.all
	}
	return list
}

// known asks an endpoint which chain it has, once.
func (p *Pool) known(ctx context.Context, e *Peer) error {
	e.mu.Lock()
	done := e.chain
	e.mu.Unlock()
	if done {
		return nil
	}
	if err := p.check(ctx, e); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chain = true
	return nil
}

// wait is how long to pause before the next round: longer each time, by half at random.
func (p *Pool) wait(round int) time.Duration {
	d := min(p.limits.BackOff<<min(round, 20), p.limits.MaxWait)
	return d - time.Duration(p.limits.Jitter()*float64(d/2))
}

func (p *Pool) pause(ctx context.Context, round int) error { return p.limits.Sleep(ctx, p.wait(round)) }

// rest leaves an endpoint alone for a while after a failure.
func (p *Pool) rest(e *Peer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asleep = p.limits.Now().Add(p.wait(e.fails))
	e.fails++
}

func (e *Peer) rested() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails, e.asleep = 0, time.Time{}
}

func (e *Peer) misses(methods []string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(methods, func(m string) bool { return e.lacks[m] })
}

// Lack notes that an endpoint does not know a method, and is the error that says so.
func (e *Peer) Lack(method string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lacks == nil {
		e.lacks = map[string]bool{}
	}
	e.lacks[method] = true
	return fmt.Errorf("%s: %w", method, ErrMethod)
}
