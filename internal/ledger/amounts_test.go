package ledger

import (
	"math/big"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// roundAmounts are where the coding changes: around powers of 2^8 and of 1000.
func roundAmounts() []fundtrail.Amount {
	var list []fundtrail.Amount
	add := func(v *big.Int) {
		for d := int64(-1); d <= 1; d++ {
			if a, ok := fundtrail.AmountFromBig(new(big.Int).Add(v, big.NewInt(d))); ok {
				list = append(list, a)
			}
		}
	}
	for bits := uint(0); bits <= 256; bits += 8 {
		add(new(big.Int).Lsh(big.NewInt(1), bits))
	}
	for p, k := big.NewInt(1), 0; p.BitLen() <= 256; k++ {
		add(p)
		add(new(big.Int).Mul(p, big.NewInt(255)))
		p = new(big.Int).Mul(p, big.NewInt(1000))
	}
	return append(list, fundtrail.Amount{}, fundtrail.MaxAmount)
}

func TestAmountCode(t *testing.T) {
	var large []fundtrail.Amount
	var codes []code
	for _, a := range roundAmounts() {
		codes = append(codes, encode(a, &large))
	}
	for i, a := range roundAmounts() {
		if got := codes[i].decode(large); got != a {
			t.Errorf("%s comes back from % x as %s", a, codes[i], got)
		}
	}
	// The short code is for the amounts that ledgers are full of.
	for _, s := range []string{"0", "1", "18446744073709551615", "4722366482869645213695", "173600000000000000000000", "99999999999999999999000000000000000000000"} {
		a, err := fundtrail.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		n := len(large)
		if encode(a, &large); len(large) != n {
			t.Errorf("%s has no short code", s)
		}
	}
}

func FuzzAmountCode(f *testing.F) {
	for _, a := range roundAmounts() {
		w := a.Words()
		f.Add(w[0], w[1], w[2], w[3])
	}
	f.Fuzz(func(t *testing.T, w0, w1, w2, w3 uint64) {
		a := fundtrail.AmountFromWords([4]uint64{w0, w1, w2, w3})
		large := []fundtrail.Amount{fundtrail.MaxAmount}
		c := encode(a, &large)
		if got := c.decode(large); got != a {
			t.Fatalf("%s comes back from % x as %s", a, c, got)
		}
	})
}
