package evm

import (
	"context"
	"fmt"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// A Token is what a token's contract says of itself: a claim of whoever wrote it, who may
// call it what he likes. Texts are made fit to be shown.
type Token struct {
	Asset         fundtrail.Asset
	Symbol, Name  string // "" where it tells none
	Decimals      int
	DecimalsKnown bool // false of items, and of what is no token
}

// The selectors of ERC-20's optional functions: the first four bytes of keccak256 of the
// signature.
var (
	selectSymbol   = selector("symbol()")
	selectName     = selector("name()")
	selectDecimals = selector("decimals()")
)

func selector(signature string) string {
	h := keccak([]byte(signature))
	return fmt.Sprintf("0x%x", h[:4])
}

// Letters of a symbol and of a name that are shown.
const (
	maxSymbol = 24
	maxName   = 64
)

// Tokens asks contracts what they call themselves, as of the newest block. They come in the
// order asked for. What a contract does not tell, or tells in no known form, is left out.
func (n *Node) Tokens(ctx context.Context, contracts []fundtrail.Address) ([]Token, error) {
	selectors := []string{selectSymbol, selectName, selectDecimals}
	var calls []*call
	for _, c := range contracts {
		for _, s := range selectors {
			calls = append(calls, &call{method: "eth_call", revertible: true, params: []any{map[string]any{"to": c.String(), "data": s}, "latest"}})
		}
	}
	if err := n.c.ask(ctx, calls...); err != nil {
		return nil, err
	}
	out := make([]Token, len(contracts))
	for i, c := range contracts {
		t := &out[i]
		t.Asset = fundtrail.Asset{Chain: n.Chain, Contract: c}
		answer := func(k int) (b data) {
			q := calls[len(selectors)*i+k]
			if q.err != nil || len(q.result) == 0 || b.UnmarshalJSON(q.result) != nil {
				return nil
			}
			return b
		}
		t.Symbol, t.Name = node.Clean(abiText(answer(0)), maxSymbol), node.Clean(abiText(answer(1)), maxName)
		if d := answer(2); len(d) == 32 {
			if v := amountOf(d); v.IsUint64() && v.Uint64() <= 255 {
				t.Decimals, t.DecimalsKnown = int(v.Uint64()), true
			}
		}
	}
	return out, nil
}

// abiText reads a text that a function returns: a string, or, of contracts older than the
// standard, 32 bytes filled up with zeros.
func abiText(b []byte) string {
	if len(b) == 32 {
		end := 32
		for end > 0 && b[end-1] == 0 {
			end--
		}
		return string(b[:end])
	}
	offset, ok := small(b, 0)
	if !ok {
		return ""
	}
	n, ok := small(b, offset)
	if !ok || n > uint64(len(b))-offset-32 {
		return ""
	}
	return string(b[offset+32:][:n])
}
