package trace_test

import (
	"math/rand/v2"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// TestMirror: what a payment X gets of a receipt O is the same whether O is traced
// forward or X backward, exactly under FIFO and LIFO, and up to rounding under haircut.
func TestMirror(t *testing.T) {
	pairs, mixed := 0, 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 21))
		txs := ledgertest.Random{Addresses: 3 + r.IntN(4), Transactions: 8 + r.IntN(25)}.Ledger(r)
		l := seal(t, txs, nil)
		var origins, payments []fundtrail.TransferOutput
		var m fundtrail.Movement
		for p := range l.Size() {
			l.Movement(p, &m)
			switch {
			case m.Kind != fundtrail.Move || m.From == m.To:
			case m.From == fundtrail.NoAddress:
				origins = append(origins, l.Output(p))
			case m.To != fundtrail.NoAddress:
				payments = append(payments, l.Output(p))
			}
		}
		back := map[fundtrail.TransferOutput]map[fundtrail.TransferOutput]fundtrail.Taints{}
		for _, x := range payments {
			back[x] = hopTaints(t, l, x, fundtrail.Backward)
		}
		for _, o := range origins {
			ahead := hopTaints(t, l, o, fundtrail.Forward)
			for _, x := range payments {
				f, b := ahead[x], back[x][o]
				for _, p := range []fundtrail.Policy{fundtrail.FIFO, fundtrail.LIFO} {
					if f[p] != b[p] {
						t.Fatalf("seed %d: %s: of %s, %s got %s forward and %s backward", seed, p, o, x, f[p], b[p])
					}
				}
				// Each payment on the way rounds by less than one base unit.
				if d := int64(f[fundtrail.Haircut].Uint64()) - int64(b[fundtrail.Haircut].Uint64()); d > 30 || d < -30 {
					t.Fatalf("seed %d: haircut: of %s, %s got %s forward and %s backward", seed, o, x, f[fundtrail.Haircut], b[fundtrail.Haircut])
				}
				pairs++
				if f[fundtrail.FIFO] != f[fundtrail.LIFO] {
					mixed++
				}
			}
		}
	}
	if pairs < 1000 || mixed < 100 {
		t.Errorf("only %d pairs, %d of them with policies that differ", pairs, mixed)
	}
}

// hopTaints traces one record and returns the taints of every record it reaches.
func hopTaints(t *testing.T, l fundtrail.Ledger, o fundtrail.TransferOutput, d fundtrail.Direction) map[fundtrail.TransferOutput]fundtrail.Taints {
	tr := runTrace(t, trace.Input{
		Ledger: l, Thefts: []fundtrail.Theft{{Tx: o.Transfer.Tx, Index: o.Transfer.Index, HasIndex: true}},
	}, trace.Options{Direction: d, Dust: noDust, Hub: 1 << 30, Payback: -1})
	out := map[fundtrail.TransferOutput]fundtrail.Taints{}
	for _, h := range tr.Hops {
		out[h.Record] = h.Taint
	}
	return out
}
