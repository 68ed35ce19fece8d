package fundtrail

import (
	"fmt"
	"testing"
)

// TestCreationList: nonces of every length, as RLP writes them.
func TestCreationList(t *testing.T) {
	var a [20]byte
	for i := range a {
		a[i] = byte(0xa0 + i)
	}
	for nonce, want := range map[uint64]string{0: "d694%x80", 1: "d694%x01", 0x7f: "d694%x7f", 0x80: "d794%x8180", 0xff: "d794%x81ff", 0x100: "d894%x820100", 1<<63 - 1: "de94%x887fffffffffffffff"} {
		if got, want := fmt.Sprintf("%x", creationList(a, nonce)), fmt.Sprintf(want, a); got != want {
			t.Errorf("nonce %d: the list is %s, want %s", nonce, got, want)
		}
	}
	// The address of an account well known from tests of several clients.
	sender := [20]byte{0x6a, 0xc7, 0xea, 0x33, 0xf8, 0x83, 0x1e, 0xa9, 0xdc, 0xc5, 0x33, 0x93, 0xaa, 0xa8, 0x8b, 0x25, 0xa7, 0x85, 0xdb, 0xf0}
	if got := fmt.Sprintf("%x", CreatedContract(sender, 1)); got != "343c43a37d37dff08ae8c4a11544c718abb4fcf8" {
		t.Errorf("nonce 1 creates %s", got)
	}
}

func TestProtocolHash(t *testing.T) {
	if got := fmt.Sprintf("%x", ProtocolHash("withdrawals", 258)); got != "7769746864726177616c73000000000000000000000000000000000000000102" {
		t.Error(got)
	}
}
