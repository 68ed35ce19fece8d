package ledger

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// TestAddresses interns more addresses than the table begins with, of chains whose
// keys have one length and of chains whose keys have several.
func TestAddresses(t *testing.T) {
	d := newAddresses()
	var all []fundtrail.Address
	for i := range 3000 {
		name := fmt.Sprint(i)
		all = append(all, ledgertest.Address(fundtrail.Ethereum, name), ledgertest.Address(fundtrail.BSC, name),
			ledgertest.Address(fundtrail.Bitcoin, name), ledgertest.Address(fundtrail.Tron, name))
	}
	for _, s := range []string{"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y"} {
		a, err := fundtrail.ParseAddress(fundtrail.Bitcoin, s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	ids := map[uint32]fundtrail.Address{}
	for _, a := range all {
		chain, _ := d.chainNumber(a.Chain(), true)
		if id := d.find(chain, key(a)); id != 0 {
			t.Fatalf("%s has the id %d before it is interned", a, id)
		}
		id := d.intern(chain, key(a))
		if other, taken := ids[id]; taken || id == 0 {
			t.Fatalf("%s gets the id %d of %s", a, id, other)
		}
		ids[id] = a
	}
	for id, a := range ids {
		chain, ok := d.chainNumber(a.Chain(), false)
		if !ok {
			t.Fatalf("no number for chain %s", a.Chain())
		}
		if got := d.find(chain, key(a)); got != id {
			t.Errorf("find(%s) = %d, want %d", a, got, id)
		}
		if got := d.intern(chain, key(a)); got != id {
			t.Errorf("intern(%s) again = %d, want %d", a, got, id)
		}
		if got := d.address(id); got != a {
			t.Errorf("address(%d) = %s, want %s", id, got, a)
		}
	}
	if got, want := d.len(), len(all)+1; got != want {
		t.Errorf("%d ids, want %d", got, want)
	}
	eth, _ := d.chainNumber(fundtrail.Ethereum, false)
	bsc, _ := d.chainNumber(fundtrail.BSC, false)
	if k := key(all[0]); !d.same(1, eth, k) || d.same(1, bsc, k) {
		t.Error("the same bytes on two chains are one address")
	}
	if _, ok := d.chainNumber(fundtrail.Gnosis, false); ok {
		t.Error("a chain nobody named has a number")
	}
	if got := d.address(0); !got.IsZero() {
		t.Errorf("address(0) = %s", got)
	}
}

// TestAddressesCollide puts keys into one probe run: what matters is that equal
// hashes do not make equal addresses.
func TestAddressesCollide(t *testing.T) {
	d := newAddresses()
	chain, _ := d.chainNumber(fundtrail.Ethereum, true)
	keyOf := func(i int) []byte { return binary.BigEndian.AppendUint64(make([]byte, 12), uint64(i)) }
	for i := range 700 { // the table of 1024 holds 768
		d.intern(chain, keyOf(i))
	}
	if len(d.table) != 1024 {
		t.Fatalf("the table has grown to %d: this test wants it nearly full", len(d.table))
	}
	for i := range 700 {
		if got := d.find(chain, keyOf(i)); got != uint32(i+1) {
			t.Fatalf("key %d has the id %d", i, got)
		}
	}
	if got := d.find(chain, keyOf(700)); got != 0 {
		t.Errorf("a key nobody interned has the id %d", got)
	}
}
