package evm

import (
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// TestBlobPrice: EIP-4844's own vectors of fake_exponential with factor 1, and the limits of
// what is known.
func TestBlobPrice(t *testing.T) {
	price := func(unix int64, excess uint64) string {
		r := bodyReader{b: &block{Block: fundtrail.Block{Chain: fundtrail.Ethereum, Time: time.Unix(unix, 0)}}, h: &header{blobs: true, excess: excess}}
		p, ok := r.blobPrice()
		if !ok {
			return "unknown"
		}
		return p.String()
	}
	for _, c := range []struct {
		unix   int64
		excess uint64
		want   string
	}{
		{1710338135, 0, "1"}, {1710338135, 2314057, "1"}, {1710338135, 2314058, "2"}, {1710338135, 10 * 1024 * 1024, "23"},
		{1710338134, 0, "unknown"}, {1746612311, 0, "1"}, {1746612311, 5007716 * 3, "20"}, {1769904000, 0, "unknown"}, {1710338135, 1 << 62, "unknown"},
	} {
		if got := price(c.unix, c.excess); got != c.want {
			t.Errorf("at %d with %d: %s, want %s", c.unix, c.excess, got, c.want)
		}
	}
}
