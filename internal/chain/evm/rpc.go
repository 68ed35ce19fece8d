package evm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	Header http.Header // a key, where the provider wants it there
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
	o       Options
	chainID int64
	all     []*endpoint
}

// A call is one question; its answer, and why there is none.
type call struct {
	method string
	params []any
	must   bool // null is no answer: another endpoint may have what this one lacks
	// optional says that there are other ways: a node that refuses it does not know it.
	optional bool
	// revertible says that it runs a contract, which may fail: that is an answer.
	revertible bool
	result     json.RawMessage
	err        error // of the node: errMethod, errState or errRevert
}

// What a node says that asking again does not mend.
var (
	errMethod = fmt.Errorf("no endpoint knows the method: %w", fundtrail.ErrUnavailable)
	errState  = fmt.Errorf("the node has dropped the state of old blocks; an archive node has it: %w", fundtrail.ErrUnavailable)
)

// errAbsent says that an endpoint has not, or no longer, what was asked for.
var errAbsent = fmt.Errorf("it does not have what was asked for: %w", fundtrail.ErrNotFound)

var errRevert = fmt.Errorf("the contract fails: %w", fundtrail.ErrInvalid)

// errTooMuch says that fewer calls at once may be answered.
var errTooMuch = fmt.Errorf("it is too much for one request: %w", fundtrail.ErrLimit)

// ask answers calls, as many in a request and as many requests at once as there may be.
func (c *client) ask(ctx context.Context, calls ...*call) error {
	chunks := slices.Collect(slices.Chunk(calls, c.o.Batch))
	errs := make([]error, len(chunks))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	room := make(chan struct{}, c.o.Fetch.PerHost)
	var all sync.WaitGroup
	for i, chunk := range chunks {
		room <- struct{}{}
		all.Go(func() {
			defer func() { <-room }()
			if errs[i] = ctx.Err(); errs[i] != nil {
				return
			}
			if errs[i] = c.chunk(ctx, chunk); errs[i] != nil {
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

// chunk answers the calls of one request, by whichever endpoint can.
func (c *client) chunk(ctx context.Context, calls []*call) error {
	var last error
	for round := 0; ; round++ {
		tried, unknown, absent, lasting := 0, 0, 0, 0
		for _, e := range c.awake(round > 0) {
			if e.misses(calls) {
				unknown++
				continue
			}
			tried++
			err := c.post(ctx, e, calls)
			switch {
			case err == nil:
				e.rested()
				return nil
			case ctx.Err() != nil:
				return err
			case errors.Is(err, errWrongChain):
				return err
			case errors.Is(err, errMethod):
				unknown++
				continue
			case errors.Is(err, fundtrail.ErrLimit) && len(calls) > 1:
				half := len(calls) / 2
				if err := c.chunk(ctx, calls[:half]); err != nil {
					return err
				}
				return c.chunk(ctx, calls[half:])
			}
			if fetch.Lasting(err) {
				lasting++
			}
			if last == nil || !fetch.Lasting(err) || fetch.Lasting(last) { // what may mend is the better reason
				last = fmt.Errorf("%s: %w", e.name, err)
			}
			if errors.Is(err, errAbsent) {
				absent++ // it is as good as ever, and behind or ahead of the others
				continue
			}
			c.rest(e)
		}
		if unknown == len(c.all) {
			return c.oneByOne(ctx, calls)
		}
		if tried == 0 && last == nil {
			last = fmt.Errorf("every endpoint that may know it rests after a failure: %w", fundtrail.ErrUnavailable)
		}
		if round == c.o.Rounds || lasting > 0 && lasting+unknown == len(c.all) || errors.Is(last, fundtrail.ErrLimit) || absent > 0 && absent+unknown == len(c.all) {
			return fmt.Errorf("%s: %w", calls[0].method, last)
		}
		if err := c.o.Fetch.Sleep(ctx, c.pause(round)); err != nil {
			return err
		}
	}
}

// oneByOne finds out which of several methods no endpoint knows.
func (c *client) oneByOne(ctx context.Context, calls []*call) error {
	if len(calls) == 1 {
		calls[0].err = fmt.Errorf("%s: %w", calls[0].method, errMethod)
		return nil
	}
	for i := range calls {
		if err := c.chunk(ctx, calls[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// awake returns the endpoints that may be asked, in order; all of them if none may, or if
// they are asked once more.
func (c *client) awake(all bool) []*endpoint {
	now := c.o.Fetch.Now()
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
	d := min(c.o.Fetch.BackOff<<min(round, 20), c.o.Fetch.MaxWait)
	return d - time.Duration(c.o.Fetch.Jitter()*float64(d/2))
}

// rest leaves an endpoint alone for a while after a failure.
func (c *client) rest(e *endpoint) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asleep = c.o.Fetch.Now().Add(c.pause(e.fails))
	e.fails++
}

func (e *endpoint) rested() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails, e.asleep = 0, time.Time{}
}

func (e *endpoint) misses(calls []*call) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.ContainsFunc(calls, func(c *call) bool { return e.lacks[c.method] })
}

// A question and its reply, as JSON-RPC 2.0 writes them.
type question struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  []any  `json:"params"`
}

type reply struct {
	ID     *int
	Result json.RawMessage
	Error  *rpcError
}

type rpcError struct {
	Code    int
	Message string
}

// post asks one endpoint. The calls are answered all or none.
func (c *client) post(ctx context.Context, e *endpoint, calls []*call) error {
	if err := c.checkChain(ctx, e); err != nil {
		return err
	}
	replies, err := c.exchange(ctx, e, calls)
	if err != nil {
		return err
	}
	for i, r := range replies {
		if r.Error != nil {
			if err := e.says(calls[i], r.Error); err != nil {
				return err
			}
			continue
		}
		if len(r.Result) == 0 {
			return broken("neither a result nor an error for %s", calls[i].method)
		}
		if calls[i].must && string(r.Result) == null {
			return fmt.Errorf("%s: %w", calls[i].method, errAbsent)
		}
	}
	for i, r := range replies {
		if r.Error == nil {
			calls[i].result, calls[i].err = r.Result, nil
		}
	}
	return nil
}

// exchange sends one request and puts the replies in the order of the questions.
func (c *client) exchange(ctx context.Context, e *endpoint, calls []*call) ([]reply, error) {
	list := make([]question, len(calls))
	for i, q := range calls {
		list[i] = question{"2.0", i + 1, q.method, q.params}
		if q.params == nil {
			list[i].Params = []any{}
		}
	}
	var body []byte
	var err error
	if len(list) == 1 { // some nodes know nothing else
		body, err = json.Marshal(list[0])
	} else {
		body, err = json.Marshal(list)
	}
	if err != nil {
		return nil, err
	}
	head := e.Header.Clone()
	if head == nil {
		head = http.Header{}
	}
	head.Set("Content-Type", "application/json")
	res, err := c.http.Do(ctx, fetch.Request{URL: e.URL, Method: http.MethodPost, Body: body, Header: head, SecretPath: true})
	if err != nil {
		if f := new(fetch.Error); errors.As(err, &f) {
			refused := slices.Contains([]int{http.StatusBadRequest, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, f.Status)
			switch {
			case f.Status == http.StatusRequestEntityTooLarge, refused && len(calls) > 1:
				return nil, errTooMuch // perhaps not for each alone
			case refused && calls[0].optional:
				return nil, e.lack(calls[0].method)
			}
			return nil, unnamed{f}
		}
		return nil, err
	}
	return order(res.Body, len(calls))
}

// An unnamed is a failure told without its URL: who reports it names the endpoint.
type unnamed struct{ failed *fetch.Error }

func (u unnamed) Error() string { return u.failed.Err.Error() }
func (u unnamed) Unwrap() error { return u.failed }

func unread(err error) error {
	if fetch.CutShort(err) {
		return fmt.Errorf("the answer is cut short: %w", fundtrail.ErrUnavailable)
	}
	return broken("%w", err)
}

// order reads the replies to n questions and puts them in order.
func order(body []byte, n int) ([]reply, error) {
	var got []reply
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) > 0 && text[0] == '[' {
		if err := json.Unmarshal(text, &got); err != nil {
			return nil, unread(err)
		}
	} else {
		var one reply
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, unread(err)
		}
		if n > 1 || one.ID == nil && one.Error != nil {
			// One reply to several questions is an error of them all.
			if one.Error == nil {
				return nil, broken("one reply to %d questions", n)
			}
			return nil, one.Error.temporary()
		}
		got = []reply{one}
	}
	list := make([]reply, n)
	for _, r := range got {
		switch {
		case r.ID == nil && r.Error != nil:
			return nil, r.Error.temporary()
		case r.ID == nil || *r.ID < 1 || *r.ID > n || list[*r.ID-1].ID != nil:
			return nil, broken("a reply to no question, or the second to one")
		}
		list[*r.ID-1] = r
	}
	for i := range list {
		if list[i].ID == nil {
			return nil, broken("%d replies to %d questions", len(got), n)
		}
	}
	return list, nil
}

// says takes a node's error: one that will stay is noted at the call or the endpoint, any
// other is returned.
func (e *endpoint) says(c *call, r *rpcError) error {
	text := strings.ToLower(r.Message)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case c.revertible && (r.Code == 3 || has("revert", "invalid opcode", "out of gas", "invalid jump", "stack", "vm execution")):
		c.err = errRevert
		return nil
	case r.Code == -32601, (c.optional || has("method")) && has("method not found", "does not exist", "not available", "not supported", "unsupported", "not whitelisted", "not allowed", "not enabled", "disabled", "upgrade"):
		return e.lack(c.method)
	case has("missing trie node", "historical state", "state is not available", "state not available", "state unavailable", "pruned"):
		c.err = fmt.Errorf("%s: %w", c.method, errState)
		return nil
	case has("not found", "unknown block", "length mismatch"): // a block that is, or was just, replaced
		return fmt.Errorf("%s: the node says: %s: %w", c.method, clean(r.Message, 200), errAbsent)
	}
	return fmt.Errorf("%s: %w", c.method, r.temporary())
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

// temporary is an error that another endpoint, fewer calls or a later hour may mend.
func (r *rpcError) temporary() error {
	text := strings.ToLower(r.Message)
	if r.Code == -32003 || strings.Contains(text, "too large") || strings.Contains(text, "batch") && strings.Contains(text, "limit") || strings.Contains(text, "response size") {
		return errTooMuch
	}
	return fmt.Errorf("the node says: %s (%d): %w", clean(r.Message, 200), r.Code, fundtrail.ErrUnavailable)
}

var errWrongChain = errors.New("wrong chain")

// checkChain asks an endpoint which chain it has, once.
func (c *client) checkChain(ctx context.Context, e *endpoint) error {
	e.mu.Lock()
	done := e.chain
	e.mu.Unlock()
	if done {
		return nil
	}
	list, err := c.exchange(ctx, e, []*call{{method: "eth_chainId"}})
	if err != nil {
		return err
	}
	if list[0].Error != nil {
		return fmt.Errorf("eth_chainId: %w", list[0].Error.temporary())
	}
	var id amount
	if err := parse(list[0].Result, &id); err != nil {
		return fmt.Errorf("eth_chainId: %w", err)
	}
	got := fundtrail.Amount(id)
	if want := fundtrail.NewAmount(uint64(c.chainID)); got != want {
		name := "a chain not known here"
		for _, info := range fundtrail.Chains() {
			if info.EVMID > 0 && fundtrail.NewAmount(uint64(info.EVMID)) == got {
				name = info.Name
			}
		}
		info, _ := c.o.Chain.Info()
		return fmt.Errorf("%s: its chain is number %s, %s, and %s is number %d: name the chain that it has, or give an endpoint of this one: %w (%w)",
			e.name, got, name, info.Name, c.chainID, fundtrail.ErrInvalid, errWrongChain)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chain = true
	return nil
}

// host is how messages call an endpoint.
func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return "an endpoint"
	}
	return u.Host
}
