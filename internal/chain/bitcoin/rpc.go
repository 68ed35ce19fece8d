package bitcoin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// An Endpoint is where a node answers.
type Endpoint struct {
	URL            string // http or https
	User, Password string // rpcuser and rpcpassword, or the two parts of the node's cookie file
}

// A client asks one node.
type client struct {
	http *fetch.Client
	o    NodeOptions
}

// A call is one question, and its answer or why there is none.
type call struct {
	method string
	params []any
	result json.RawMessage
	err    *rpcError
}

type rpcError struct {
	Code    int
	Message string
}

func (e *rpcError) Error() string {
	text := strings.ToValidUTF8(e.Message[:min(len(e.Message), 200)], "")
	return fmt.Sprintf("the node says: %q (%d)", text, e.Code)
}

func (e *rpcError) Unwrap() error { return fundtrail.ErrUnavailable }

// The node's errors that are answers (Bitcoin Core's rpc/protocol.h; btcd has the same).
const (
	rpcNotFound   = -5  // invalid address or key: no such block or transaction
	rpcOutOfRange = -8  // invalid parameter: height out of range
	rpcWarmup     = -28 // the node is starting
)

// ask answers calls, as many at once as a request may have. An error is of the request; one
// of a call is noted there.
func (c *client) ask(ctx context.Context, calls ...*call) error {
	for chunk := range slices.Chunk(calls, c.o.Batch) {
		if err := c.chunk(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// chunk sends one request, again where that may help: asking changes nothing at the node.
func (c *client) chunk(ctx context.Context, calls []*call) error {
	for try := 0; ; try++ {
		err := c.post(ctx, calls)
		if err == nil || ctx.Err() != nil || try >= c.o.Retries || !errors.Is(err, fundtrail.ErrUnavailable) || fetch.Lasting(err) {
			return err
		}
		if err := c.o.Fetch.Sleep(ctx, min(c.o.Fetch.BackOff<<min(try, 20), c.o.Fetch.MaxWait)); err != nil {
			return err
		}
	}
}

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

// post sends calls as a batch, even one alone: of a single call some nodes tell an error
// by the status of HTTP.
func (c *client) post(ctx context.Context, calls []*call) error {
	list := make([]question, len(calls))
	for i, q := range calls {
		list[i] = question{"2.0", i, q.method, q.params}
		if q.params == nil {
			list[i].Params = []any{}
		}
	}
	body, err := json.Marshal(list)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(http.MethodPost, "http://node", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if c.o.User != "" || c.o.Password != "" {
		r.SetBasicAuth(c.o.User, c.o.Password)
	}
	res, err := c.http.Do(ctx, fetch.Request{URL: c.o.URL, Method: http.MethodPost, Body: body, Header: r.Header, SecretPath: true})
	if err != nil {
		return err
	}
	var got []reply
	if err := json.Unmarshal(res.Body, &got); err != nil {
		var one reply
		if json.Unmarshal(res.Body, &one) == nil && one.Error != nil {
			return one.Error
		}
		if fetch.CutShort(err) {
			return fmt.Errorf("%s: the answer is cut short: %w", c.name(), fundtrail.ErrUnavailable)
		}
		return fmt.Errorf("%s: the answer is no list of JSON-RPC replies: %v: %w", c.name(), err, fundtrail.ErrInvalid)
	}
	seen := make([]bool, len(calls))
	for _, g := range got {
		if g.ID == nil || *g.ID < 0 || *g.ID >= len(calls) || seen[*g.ID] {
			return fmt.Errorf("%s: a reply to no question, or the second to one: %w", c.name(), fundtrail.ErrInvalid)
		}
		seen[*g.ID] = true
		calls[*g.ID].result, calls[*g.ID].err = g.Result, g.Error
		if g.Error != nil && g.Error.Code == rpcWarmup {
			return g.Error
		}
	}
	if i := slices.Index(seen, false); i >= 0 {
		return fmt.Errorf("%s: no reply to %s: %w", c.name(), calls[i].method, fundtrail.ErrInvalid)
	}
	return nil
}

// name is how messages call the node: its host, since a key may stand in the URL's path.
func (c *client) name() string {
	if u, err := url.Parse(c.o.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return "the node"
}

// into reads a call's answer.
func (q *call) into(v any) error {
	if q.err != nil {
		return fmt.Errorf("%s: %w", q.method, q.err)
	}
	if err := json.Unmarshal(q.result, v); err != nil {
		return fmt.Errorf("%s: the node's answer is not as it should be: %v: %w", q.method, err, fundtrail.ErrInvalid)
	}
	return nil
}
