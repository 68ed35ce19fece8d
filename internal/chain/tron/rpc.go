package tron

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// An Endpoint is where a node answers.
type Endpoint struct {
	URL    string      // http or https; its path and query may hold a key, which no message repeats
	Header http.Header // a key, where the provider wants it there: TronGrid's TRON-PRO-API-KEY
}

// An endpoint is one of them with what has been learnt of it.
type endpoint struct {
	Endpoint
	name string // for messages: its host

	mu     sync.Mutex
	chain  bool            // it said that it has the right chain
	lacks  map[string]bool // methods it does not know
	fails  int             // in a row
	asleep time.Time       // it is left alone until then
}

// A client asks several endpoints of one chain, the first that answers.
type client struct {
	http    *fetch.Client
	o       fetch.Options
	rounds  int
	prefix  string // wallet or walletsolidity
	chainID uint32
	all     []*endpoint
}

// A call is one question. Read takes the answer, and says what is wrong with it: then
// another endpoint is asked. It may be called again, from one goroutine at a time.
type call struct {
	method string // after /wallet/
	args   any
	read   func(body []byte) error
	// optional says that there are other ways: where no endpoint knows the method, ask
	// succeeds and err is errMethod.
	optional bool
	err      error
}

// errMethod says that an endpoint does not know a method.
var errMethod = fmt.Errorf("no endpoint knows the method: %w", fundtrail.ErrUnavailable)

// errAbsent says that an endpoint has not, or no longer, what was asked for.
var errAbsent = fmt.Errorf("it does not have what was asked for: %w", fundtrail.ErrNotFound)

var errWrongChain = errors.New("wrong chain")

// ask answers calls, as many at once as there may be.
func (c *client) ask(ctx context.Context, calls ...*call) error {
	errs := make([]error, len(calls))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	room := make(chan struct{}, c.o.PerHost)
	var all sync.WaitGroup
	for i, q := range calls {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			if errs[i] = c.one(ctx, q); errs[i] != nil {
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

// one answers a call, by whichever endpoint can.
func (c *client) one(ctx context.Context, q *call) error {
	var last error
	for round := 0; ; round++ {
		unknown, absent := 0, 0
		for _, e := range c.awake(round > 0) {
			if e.misses(q.method) {
				unknown++
				continue
			}
			err := c.post(ctx, e, q)
			switch {
			case err == nil:
				e.rested()
				return nil
			case ctx.Err() != nil, errors.Is(err, errWrongChain):
				return err
			case errors.Is(err, errMethod):
				unknown++
				continue
			}
			last = fmt.Errorf("%s: %w", e.name, err)
			if errors.Is(err, errAbsent) {
				absent++ // it is as good as ever, and behind or ahead of the others
				continue
			}
			c.rest(e)
		}
		if unknown == len(c.all) {
			if q.err = fmt.Errorf("%s: %w", q.method, errMethod); q.optional {
				return nil
			}
			return q.err
		}
		if last == nil {
			last = fmt.Errorf("every endpoint that may know it rests after a failure: %w", fundtrail.ErrUnavailable)
		}
		if round == c.rounds || errors.Is(last, fundtrail.ErrLimit) || absent > 0 && absent+unknown == len(c.all) {
			return fmt.Errorf("%s: %w", q.method, last)
		}
		if err := c.o.Sleep(ctx, c.pause(round)); err != nil {
			return err
		}
	}
}

// awake returns the endpoints that may be asked, in order; all of them if none may, or if
// they are asked once more.
func (c *client) awake(all bool) []*endpoint {
	now := c.o.Now()
	var list []*endpoint
	for _, e := range c.all {
		e.mu.Lock()
		if all || !e.asleep.After(now) {
			list = append(list, e)
		}
		e.mu.Unlock()
	}
	if len(list) == 0 {
		return c.all
	}
	return list
}

// pause is how long to wait before the next round: longer each time, by half at random.
func (c *client) pause(round int) time.Duration {
	d := min(c.o.BackOff<<min(round, 20), c.o.MaxWait)
	return d - time.Duration(c.o.Jitter()*float64(d/2))
}

// rest leaves an endpoint alone for a while after a failure.
func (c *client) rest(e *endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asleep = c.o.Now().Add(c.pause(e.fails))
	e.fails++
}

func (e *endpoint) rested() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails, e.asleep = 0, time.Time{}
}

func (e *endpoint) misses(method string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lacks[method]
}

// lack notes that an endpoint does not know a method.
func (e *endpoint) lack(method string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lacks == nil {
		e.lacks = map[string]bool{}
	}
	e.lacks[method] = true
	return fmt.Errorf("%s: %w", method, errMethod)
}

// post asks one endpoint.
func (c *client) post(ctx context.Context, e *endpoint, q *call) error {
	if err := c.checkChain(ctx, e); err != nil {
		return err
	}
	body, err := c.exchange(ctx, e, q.method, q.args, q.optional)
	if err != nil {
		return err
	}
	return q.read(body)
}

// exchange sends one request.
func (c *client) exchange(ctx context.Context, e *endpoint, method string, args any, optional bool) ([]byte, error) {
	body, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	head := e.Header.Clone()
	if head == nil {
		head = http.Header{}
	}
	head.Set("Content-Type", "application/json")
	at, err := url.Parse(e.URL)
	if err != nil {
		return nil, fmt.Errorf("the endpoint's address is no URL: %w", fundtrail.ErrInvalid)
	}
	at = at.JoinPath(c.prefix, method)
	res, err := c.http.Do(ctx, fetch.Request{URL: at.String(), Method: http.MethodPost, Body: body, Header: head, SecretPath: true})
	if err != nil {
		if f := new(fetch.Error); errors.As(err, &f) {
			if optional && slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, f.Status) {
				return nil, e.lack(method)
			}
			return nil, f.Err
		}
		return nil, err
	}
	// A node says what went wrong in an answer like any other.
	if text := bytes.TrimSpace(res.Body); len(text) > 0 && text[0] == '{' && len(text) < 4096 {
		var said struct{ Error string }
		if json.Unmarshal(text, &said) == nil && said.Error != "" {
			return nil, fmt.Errorf("the node says: %s: %w", clean(said.Error, 200), fundtrail.ErrUnavailable)
		}
	}
	return res.Body, nil
}

// checkChain asks an endpoint which chain it has, once: block 0's name ends with the number
// that contracts are told for the chain's.
func (c *client) checkChain(ctx context.Context, e *endpoint) error {
	e.mu.Lock()
	done := e.chain
	e.mu.Unlock()
	if done {
		return nil
	}
	body, err := c.exchange(ctx, e, "getblockbynum", numArgs{0}, false)
	if err != nil {
		return err
	}
	var b rpcBlock
	if err := parse(body, &b); err != nil {
		return fmt.Errorf("block 0: %w", err)
	}
	id, err := fundtrail.ParseHash(b.BlockID)
	if err != nil {
		return fmt.Errorf("block 0: it is not told, so that the node's chain is not known: %w", fundtrail.ErrUnavailable)
	}
	if got := uint32(id[28])<<24 | uint32(id[29])<<16 | uint32(id[30])<<8 | uint32(id[31]); got != c.chainID {
		return fmt.Errorf("%s: its chain is number %d%s, and %d was asked for: give an endpoint of that chain: %w (%w)", e.name, got, chainNames[got], c.chainID, fundtrail.ErrInvalid, errWrongChain)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chain = true
	return nil
}

// MainNet is the main network's chain number, as contracts are told it.
const MainNet = 0x2b6653dc

var chainNames = map[uint32]string{MainNet: ", Tron's main network", 0x94a9059e: ", the test network Shasta", 0xcd8690dc: ", the test network Nile"}

// The questions' arguments.
type (
	numArgs struct {
		Num int64 `json:"num"`
	}
	rangeArgs struct {
		Start int64 `json:"startNum"`
		End   int64 `json:"endNum"` // not among them
	}
	noArgs struct{}
)

// host is how messages call an endpoint.
func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "an endpoint"
	}
	return strings.Clone(u.Host)
}

// defaulted are the limits of requests with this package's defaults.
func defaulted(f fetch.Options) fetch.Options {
	f.Rate, f.Burst, f.PerHost = cmp.Or(f.Rate, 400), cmp.Or(f.Burst, 50), cmp.Or(f.PerHost, 4)
	f.Header, f.BackOff, f.MaxWait = cmp.Or(f.Header, time.Minute), cmp.Or(f.BackOff, time.Second), cmp.Or(f.MaxWait, time.Minute)
	f.Retries = -1
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.Jitter == nil {
		f.Jitter = rand.Float64
	}
	if f.Sleep == nil {
		f.Sleep = func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return f
}
