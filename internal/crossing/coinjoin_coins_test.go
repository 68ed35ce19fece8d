package crossing

import (
	"compress/bzip2"
	"errors"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// vlq reads btcd's variable-length quantity.
func (r *blockReader) vlq() (n uint64) {
	for r.err == nil {
		b := r.take(1)[0]
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return n
		}
		n++
	}
	return 0
}

// coin reads one entry of btcd's store of unspent outputs: height, amount and script, the
// last two compressed.
func (r *blockReader) coin() fundtrail.Entry {
	r.vlq()
	amount := expandAmount(r.vlq())
	var script []byte
	switch kind := r.vlq(); kind {
	case 0:
		script = slices.Concat([]byte{0x76, 0xa9, 20}, r.take(20), []byte{0x88, 0xac})
	case 1:
		script = slices.Concat([]byte{0xa9, 20}, r.take(20), []byte{0x87})
	case 2, 3, 4, 5:
		r.take(32) // a public key itself has no address here
	default:
		script = r.take(kind - 6)
	}
	return fundtrail.Entry{Amount: fundtrail.NewAmount(amount), Address: scriptAddress(script)}
}

// expandAmount undoes the compression that takes off an amount's zeros.
func expandAmount(x uint64) uint64 {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	n := x + 1
	if e < 9 {
		n = x/9*10 + x%9 + 1
	}
	for range e {
		n *= 10
	}
	return n
}

func bunzip(t testing.TB, path string) []byte {
	t.Helper()
	f, err := os.Open(sharedData(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(bzip2.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// blockWithCoins reads block 277,647 of mainnet with all the coins it spends.
func blockWithCoins(t testing.TB) []fundtrail.Transaction {
	t.Helper()
	txs, err := parseBlock(bunzip(t, "btc_raw/277647.dat.bz2")[8:])
	if err != nil {
		t.Fatal(err)
	}
	r := &blockReader{b: bunzip(t, "btc_raw/277647.utxostore.bz2")}
	coins := map[fundtrail.TransferOutput]fundtrail.Entry{}
	for len(r.b) > 0 && r.err == nil {
		var h fundtrail.Hash
		copy(h[:], r.take(32))
		slices.Reverse(h[:])
		o := fundtrail.TransferOutput{Transfer: fundtrail.TransferID{Tx: fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h}}, Output: r.uint32()}
		c := &blockReader{b: r.take(uint64(r.uint32()))}
		coins[o] = c.coin()
		r.err = errors.Join(r.err, c.err)
	}
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, tx := range txs {
		in := tx.Transfers[0].Inputs
		for i := range in {
			if c, ok := coins[in[i].Spends]; ok && in[i].Amount.IsZero() {
				in[i].Amount, in[i].Address = c.Amount, c.Address
			}
		}
	}
	return txs
}

// Every coin is found, and fees and the subsidy are what the miner took.
func TestBlockWithCoins(t *testing.T) {
	var fees, taken uint64
	for i, tx := range blockWithCoins(t) {
		var in, out uint64
		for _, e := range tx.Transfers[0].Inputs {
			if e.Amount.IsZero() {
				t.Fatalf("%s spends %s, which is not among the coins", tx.ID, e.Spends)
			}
			in += e.Amount.Uint64()
		}
		for _, e := range tx.Transfers[0].Outputs {
			out += e.Amount.Uint64()
		}
		if i == 0 {
			taken = out
		} else {
			fees += in - out
		}
	}
	if want := 25*100_000_000 + fees; taken != want {
		t.Errorf("the miner took %d, want %d", taken, want)
	}
}
