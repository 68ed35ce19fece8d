package ledger

import (
	"math/big"
	"math/rand/v2"
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
	for _, a := range roundAmounts() {
		code := appendAmount(nil, a)
		if got := amountAt(code); got != a {
			t.Errorf("%s comes back from % x as %s", a, code, got)
		}
		if want := 1 + int(codeLen[code[0]&0x1f]); want != len(code) {
			t.Errorf("%s: code of %d bytes says it has %d", a, len(code), want)
		}
	}
	// Amounts are mostly round, and that is what the code is for.
	for s, want := range map[string]int{"0": 1, "1": 2, "1000000000000000000": 2, "100000000000000000000": 2, "255000000000000000000000": 2, "256000000000000000000000": 3} {
		a, err := fundtrail.ParseAmount(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(appendAmount(nil, a)); got != want {
			t.Errorf("%s takes %d bytes, want %d", s, got, want)
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
		code := appendAmount([]byte{0xff}, a)
		if got := amountAt(code[1:]); got != a {
			t.Fatalf("%s comes back from % x as %s", a, code[1:], got)
		}
	})
}

func TestAmountColumn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	round := roundAmounts()
	var c amounts
	var want []fundtrail.Amount
	for range 10*amountBlock + 7 {
		a := round[r.IntN(len(round))]
		want = append(want, a)
		c.appendCode(appendAmount(nil, a))
	}
	for i, a := range want {
		if got := c.at(i); got != a {
			t.Fatalf("amount %d is %s, want %s", i, got, a)
		}
	}
}
