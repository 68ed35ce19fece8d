package evm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// An Endpoint is where a node answers.
type Endpoint = node.Endpoint

// A client asks the endpoints of one chain.
type client struct {
	pool    *node.Pool
	batch   int // calls in one request
	chain   fundtrail.Chain
	chainID int64
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
	err        error // of the node: node.ErrMethod, errState or errRevert
}

// What a node says that asking again does not mend.
var (
	errState  = fmt.Errorf("the node has dropped the state of old blocks; an archive node has it: %w", fundtrail.ErrUnavailable)
	errRevert = fmt.Errorf("the contract fails: %w", fundtrail.ErrInvalid)
)

// errTooMuch says that fewer calls at once may be answered.
var errTooMuch = fmt.Errorf("it is too much for one request: %w", fundtrail.ErrLimit)

// ask answers calls, as many in a request and as many requests at once as there may be.
func (c *client) ask(ctx context.Context, calls ...*call) error {
	chunks := slices.Collect(slices.Chunk(calls, c.batch))
	return c.pool.Parallel(ctx, len(chunks), func(ctx context.Context, i int) error { return c.chunk(ctx, chunks[i]) })
}

// chunk answers the calls of one request, by whichever endpoint can.
func (c *client) chunk(ctx context.Context, calls []*call) error {
	methods := make([]string, len(calls))
	for i, q := range calls {
		methods[i] = q.method
	}
	err := c.pool.Try(ctx, methods, func(e *node.Peer) error { return c.post(ctx, e, calls) })
	var part int
	switch {
	case errors.Is(err, node.ErrMethod) && len(calls) == 1:
		calls[0].err = err
		return nil
	case errors.Is(err, node.ErrMethod):
		part = 1 // which of them does no endpoint know?
	case errors.Is(err, fundtrail.ErrLimit) && len(calls) > 1:
		part = (len(calls) + 1) / 2
	default:
		return err
	}
	for some := range slices.Chunk(calls, part) {
		if err := c.chunk(ctx, some); err != nil {
			return err
		}
	}
	return nil
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
func (c *client) post(ctx context.Context, e *node.Peer, calls []*call) error {
	replies, err := c.exchange(ctx, e, calls)
	if err != nil {
		return err
	}
	for i, r := range replies {
		if r.Error != nil {
			if err := calls[i].says(e, r.Error); err != nil {
				return err
			}
			continue
		}
		if len(r.Result) == 0 {
			return broken("neither a result nor an error for %s", calls[i].method)
		}
		if calls[i].must && string(r.Result) == null {
			return fmt.Errorf("%s: %w", calls[i].method, node.ErrAbsent)
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
func (c *client) exchange(ctx context.Context, e *node.Peer, calls []*call) ([]reply, error) {
	list := make([]question, len(calls))
	for i, q := range calls {
		list[i] = question{"2.0", i + 1, q.method, q.params}
		if q.params == nil {
			list[i].Params = []any{}
		}
	}
	var body any = list
	if len(list) == 1 { // some nodes know nothing else
		body = list[0]
	}
	answer, err := c.pool.Post(ctx, e, body)
	if f := new(fetch.Error); errors.As(err, &f) {
		refused := slices.Contains([]int{http.StatusBadRequest, http.StatusPaymentRequired, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, f.Status)
		switch {
		case f.Status == http.StatusRequestEntityTooLarge, refused && len(calls) > 1:
			return nil, errTooMuch // perhaps not for each alone
		case refused && calls[0].optional:
			return nil, e.Lack(calls[0].method)
		}
	}
	if err != nil {
		return nil, err
	}
	return order(answer, len(calls))
}

// order reads the replies to n questions and puts them in order.
func order(body []byte, n int) ([]reply, error) {
	var got []reply
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) > 0 && text[0] == '[' {
		if err := json.Unmarshal(text, &got); err != nil {
			return nil, broken("%w", err)
		}
	} else {
		var one reply
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, broken("%w", err)
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
func (c *call) says(e *node.Peer, r *rpcError) error {
	text := strings.ToLower(r.Message)
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
	}
	switch {
	case c.revertible && (r.Code == 3 || has("revert", "invalid opcode", "out of gas", "invalid jump", "stack", "vm execution")):
		c.err = errRevert
		return nil
	case r.Code == -32601, (c.optional || has("method")) && has("method not found", "does not exist", "not available", "not supported", "unsupported", "not whitelisted", "not allowed", "not enabled", "disabled", "upgrade"):
		return e.Lack(c.method)
	case has("missing trie node", "historical state", "state is not available", "state not available", "state unavailable", "pruned"):
		c.err = fmt.Errorf("%s: %w", c.method, errState)
		return nil
	case has("not found", "unknown block", "length mismatch"): // a block that is, or was just, replaced
		return fmt.Errorf("%s: the node says: %s: %w", c.method, node.Clean(r.Message, 200), node.ErrAbsent)
	}
	return fmt.Errorf("%s: %w", c.method, r.temporary())
}

// temporary is an error that another endpoint, fewer calls or a later hour may mend.
func (r *rpcError) temporary() error {
	text := strings.ToLower(r.Message)
	if r.Code == -32003 || strings.Contains(text, "too large") || strings.Contains(text, "batch") && strings.Contains(text, "limit") || strings.Contains(text, "response size") {
		return errTooMuch
	}
	return fmt.Errorf("the node says: %s (%d): %w", node.Clean(r.Message, 200), r.Code, fundtrail.ErrUnavailable)
}

// checkChain asks an endpoint which chain it has.
func (c *client) checkChain(ctx context.Context, e *node.Peer) error {
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
		info, _ := c.chain.Info()
		return fmt.Errorf("%s: its chain is number %s, %s, and %s is number %d: name the chain that it has, or give an endpoint of this one: %w (%w)",
			e.Name, got, name, info.Name, c.chainID, fundtrail.ErrInvalid, node.ErrWrongChain)
	}
	return nil
}
