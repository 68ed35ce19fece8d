package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/fetch"
)

// TestTry: what two endpoints say, question by question, and what comes of it.
func TestTry(t *testing.T) {
	down := fmt.Errorf("it is down: %w", fundtrail.ErrUnavailable)
	refused := unnamed{&fetch.Error{Status: http.StatusUnauthorized, Err: fmt.Errorf("it refuses: %w", fundtrail.ErrUnavailable)}}
	much := fmt.Errorf("too much: %w", fundtrail.ErrLimit)
	for _, k := range []struct {
		name    string
		methods string
		a, b    []error // the last again and again
		asked   string
		want    error
		text    string
	}{
		{"the first answers", "m", []error{nil}, []error{nil}, "a", nil, ""},
		{"the second answers", "m", []error{down}, []error{nil}, "ab", nil, ""},
		{"the first mends", "m", []error{down, nil}, []error{down}, "aba", nil, ""},
		{"both are down", "m", []error{down}, []error{down}, "ababab", fundtrail.ErrUnavailable, "m: b: it is down: unavailable"},
		{"both refuse", "m", []error{refused}, []error{refused}, "ab", refused, "m: b: it refuses: unavailable"},
		{"one refuses", "m", []error{down}, []error{refused}, "ababab", down, "m: a: it is down: unavailable"},
		{"one refuses, one does not know it", "m", []error{refused}, []error{ErrMethod}, "ab", refused, "m: a: it refuses: unavailable"},
		{"neither knows it", "m", []error{ErrMethod}, []error{ErrMethod}, "ab", ErrMethod, "m: " + ErrMethod.Error()},
		{"neither has it", "m", []error{ErrAbsent}, []error{ErrAbsent}, "ab", ErrAbsent, "m: b: " + ErrAbsent.Error()},
		{"one is behind", "m", []error{ErrAbsent}, []error{down, nil}, "abab", nil, ""},
		{"another chain", "m", []error{ErrWrongChain}, []error{nil}, "a", ErrWrongChain, "wrong chain"},
		{"too much for one", "m n", []error{much}, []error{nil}, "a", fundtrail.ErrLimit, much.Error()},
		{"too much alone", "m", []error{much}, []error{much}, "ab", fundtrail.ErrLimit, "m: b: " + much.Error()},
	} {
		asked := ""
		p := pool()
		err := p.Try(t.Context(), strings.Fields(k.methods), func(e *Peer) error {
			said := k.a
			if e.Name == "b" {
				said = k.b
			}
			n := min(strings.Count(asked, e.Name), len(said)-1)
			if asked += e.Name; errors.Is(said[n], ErrMethod) {
				return e.Lack("m")
			}
			return said[n]
		})
		if asked != k.asked || !errors.Is(err, k.want) || err != nil && err.Error() != k.text {
			t.Errorf("%s: asked %s: %v", k.name, asked, err)
		}
	}
	// One rests, and the other does not know the method: that is told.
	p := pool()
	p.rounds = 0
	p.rest(p.all[0])
	if err := p.Try(t.Context(), []string{"m"}, func(e *Peer) error { return e.Lack("m") }); !errors.Is(err, fundtrail.ErrUnavailable) || !strings.Contains(err.Error(), "rests") {
		t.Error(err)
	}
}

// TestBlocksChange: a window is read again while the chain changes; what does not fit on what
// was given is told.
func TestBlocksChange(t *testing.T) {
	tries := 0
	read := func(_ context.Context, from, to int64) (list []fundtrail.BlockFacts, err error) {
		if tries++; tries == 2 {
			return nil, ErrAbsent
		}
		for h := from; h <= to; h++ {
			b := fundtrail.Block{Height: h, Hash: fundtrail.Hash{byte(h)}, Parent: fundtrail.Hash{byte(h - 1)}, Time: time.Unix(h, 0)}
			if h == 7 {
				b.Parent = fundtrail.Hash{77}
			}
			list = append(list, fundtrail.BlockFacts{Block: b})
		}
		return list, nil
	}
	head := func(context.Context) (fundtrail.Block, error) { return fundtrail.Block{Height: 9}, nil }
	var heights []int64
	var last error
	for b, err := range pool().Blocks(t.Context(), 1, 3, head, read) {
		if last = err; err == nil {
			heights = append(heights, b.Block.Height)
		}
	}
	if !slices.Equal(heights, []int64{1, 2, 3, 4, 5, 6}) || !errors.Is(last, fundtrail.ErrReorganised) || tries < 4 {
		t.Errorf("blocks %d, then %v, of %d readings", heights, last, tries)
	}
}

// pool has two endpoints of the right chain, and does not wait.
func pool() *Pool {
	o := fetch.Options{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
	return NewPool([]Endpoint{{URL: "http://a/key"}, {URL: "http://b/key"}}, o, 2, func(context.Context, *Peer) error { return nil })
}
