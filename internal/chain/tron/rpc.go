package tron

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// An Endpoint is where a node answers; TronGrid's key goes into its header TRON-PRO-API-KEY.
type Endpoint = node.Endpoint

// A client asks the endpoints of one chain.
type client struct {
	pool    *node.Pool
	prefix  string // wallet or walletsolidity
	chainID uint32
}

// A call is one question. Read takes the answer, and says what is wrong with it: then
// another endpoint is asked. It may be called again, from one goroutine at a time.
type call struct {
	method string // after /wallet/
	args   any
	read   func(body []byte) error
	// optional says that there are other ways: where no endpoint knows the method, ask
	// succeeds and err is node.ErrMethod.
	optional bool
	err      error
}

// ask answers calls, as many at once as there may be, each by whichever endpoint can.
func (c *client) ask(ctx context.Context, calls ...*call) error {
	return c.pool.Parallel(ctx, len(calls), func(ctx context.Context, i int) error {
		q := calls[i]
		err := c.pool.Try(ctx, []string{q.method}, func(e *node.Peer) error {
			body, err := c.exchange(ctx, e, q.method, q.args, q.optional)
			if err != nil {
				return err
			}
			return q.read(body)
		})
		if q.optional && errors.Is(err, node.ErrMethod) {
			q.err, err = err, nil
		}
		return err
	})
}

// exchange sends one request.
func (c *client) exchange(ctx context.Context, e *node.Peer, method string, args any, optional bool) ([]byte, error) {
	body, err := c.pool.Post(ctx, e, args, c.prefix, method)
	if f := new(fetch.Error); errors.As(err, &f) {
		switch {
		case optional && slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, f.Status):
			return nil, e.Lack(method)
		case f.Status == http.StatusForbidden:
			// TronGrid says so to who asks too fast, and answers again after some seconds
			// (from memory of its documentation). A key that it does not know is a 401.
			return nil, fmt.Errorf("%v: %w", err, fundtrail.ErrUnavailable)
		}
	}
	if err != nil {
		return nil, err
	}
	// A node says what went wrong in an answer like any other.
	if text := bytes.TrimSpace(body); len(text) > 0 && text[0] == '{' && len(text) < 4096 {
		var said struct{ Error string }
		if json.Unmarshal(text, &said) == nil && said.Error != "" {
			return nil, fmt.Errorf("the node says: %s: %w", node.Clean(said.Error, 200), fundtrail.ErrUnavailable)
		}
	}
	return body, nil
}

// checkChain asks an endpoint which chain it has: block 0's name ends with the number
// that contracts are told for the chain's.
func (c *client) checkChain(ctx context.Context, e *node.Peer) error {
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
		return fmt.Errorf("%s: its chain is number %d%s, and %d was asked for: give an endpoint of that chain: %w (%w)", e.Name, got, chainNames[got], c.chainID, fundtrail.ErrInvalid, node.ErrWrongChain)
	}
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
