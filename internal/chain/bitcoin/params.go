package bitcoin

import (
	"encoding/binary"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// Params are what differs between the chains whose blocks are read here, from their
// reference clients' chainparams.cpp.
type Params struct {
	Chain   fundtrail.Chain
	Magic   [4]byte        // before each block in a file
	Genesis fundtrail.Hash // of the first block
	// AuxPoW: a header may carry the proof of another chain's work (merged mining), and
	// says so by bit 8 of its version.
	AuxPoW bool
	// MWEB: the last transaction of a block may be followed by an extension block.
	MWEB bool
}

var known = []Params{
	{Chain: fundtrail.Bitcoin, Magic: magic(0xf9beb4d9),
		Genesis: hashOf("000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f")},
	{Chain: fundtrail.Litecoin, Magic: magic(0xfbc0b6db), MWEB: true,
		Genesis: hashOf("12a765e31ffd4059bada1e25190f6e98c99d9714d334efa41a195a7e7e04bfe2")},
	{Chain: fundtrail.Dogecoin, Magic: magic(0xc0c0c0c0), AuxPoW: true,
		Genesis: hashOf("1a91e3dace36e2be3bf030a65679fe821aa1d6ef92e7c9902eb318182c355691")},
}

// strangeMagics are of networks that are recognised to be refused by name.
var strangeMagics = map[[4]byte]string{
	magic(0x0b110907): "Bitcoin's test network (testnet3)",
	magic(0x1c163f28): "Bitcoin's test network (testnet4)",
	magic(0x0a03cf40): "Bitcoin's test network (signet)",
	magic(0xfabfb5da): "a regression test network",
	magic(0x161c1412): "Bitcoin's simulation network",
	magic(0xfdd2c8f1): "Litecoin's test network",
	magic(0xfcc1b7dc): "Dogecoin's test network",
	magic(0xe3e1f3e8): "Bitcoin Cash, whose blocks are not read yet",
}

func magic(n uint32) (m [4]byte) {
	binary.BigEndian.PutUint32(m[:], n)
	return m
}

func hashOf(s string) fundtrail.Hash {
	h, err := fundtrail.ParseHash(s)
	if err != nil {
		panic(err)
	}
	return h
}

// ParamsOf returns the parameters of a chain. The error of one whose blocks are not read
// here wraps [fundtrail.ErrInvalid].
func ParamsOf(chain fundtrail.Chain) (Params, error) {
	for _, p := range known {
		if p.Chain == chain {
			return p, nil
		}
	}
	return Params{}, fmt.Errorf("blocks of %s are not read: only those of btc, ltc and doge are: %w", chain, fundtrail.ErrInvalid)
}
