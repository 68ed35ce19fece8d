package ledger

import (
	"bytes"
	"hash/maphash"
	"math"

	"github.com/fundtrail/fundtrail"
)

// addresses interns addresses: an arena of keys, an offset and a chain for each id,
// and an open-addressing table of ids. A key is the 20 bytes of an EVM or Tron
// address, and the spelling, with its length before it, elsewhere.
type addresses struct {
	chains []fundtrail.Chain // by chain number
	arena  []byte
	offset []uint32 // by id, in units of align bytes
	chain  []uint8  // by id
	table  []uint32 // id, 0 is free
	seed   maphash.Seed
}

const align = 4 // so that 32-bit offsets reach 16 GiB of keys

func newAddresses() *addresses {
	return &addresses{
		offset: make([]uint32, 1), // id 0 is fundtrail.NoAddress
		chain:  make([]uint8, 1),
		table:  make([]uint32, 1<<10),
		seed:   maphash.MakeSeed(),
	}
}

func (d *addresses) len() int { return len(d.offset) }

// full reports whether ids or offsets may run out at the next two addresses.
func (d *addresses) full() bool {
	return len(d.offset) >= math.MaxUint32-2 || len(d.arena)/align >= math.MaxUint32-256
}

// chainNumber returns the number of a chain, making one when add is set.
func (d *addresses) chainNumber(c fundtrail.Chain, add bool) (n uint8, ok bool) {
	for i := range d.chains {
		if d.chains[i] == c {
			return uint8(i), true
		}
	}
	if !add || len(d.chains) == 256 {
		return 0, false
	}
	d.chains = append(d.chains, c)
	return uint8(len(d.chains) - 1), true
}

// payloadChain reports whether the chain's addresses are 20 bytes and nothing more.
func payloadChain(c fundtrail.Chain) bool {
	info, _ := c.Info()
	return info.Family == fundtrail.FamilyEVM || info.Family == fundtrail.FamilyTron
}

// key returns the bytes an address is interned under.
func key(a fundtrail.Address) []byte {
	if payloadChain(a.Chain()) {
		return a.Payload()
	}
	return append([]byte{byte(len(a.String()))}, a.String()...)
}

func (d *addresses) hash(chain uint8, key []byte) uint64 {
	return maphash.Bytes(d.seed, key) + uint64(chain)*0x9e3779b97f4a7c15
}

// find returns the id of a key, 0 when it has none.
func (d *addresses) find(chain uint8, key []byte) uint32 {
	mask := uint64(len(d.table) - 1)
	for i := d.hash(chain, key) & mask; ; i = (i + 1) & mask {
		id := d.table[i]
		if id == 0 || d.same(id, chain, key) {
			return id
		}
	}
}

// intern returns the id of a key, giving it one when it has none.
func (d *addresses) intern(chain uint8, key []byte) uint32 {
	mask := uint64(len(d.table) - 1)
	i := d.hash(chain, key) & mask
	for ; ; i = (i + 1) & mask {
		id := d.table[i]
		if id == 0 {
			break
		}
		if d.same(id, chain, key) {
			return id
		}
	}
	id := uint32(len(d.offset))
	d.offset = append(d.offset, uint32(len(d.arena)/align))
	d.chain = append(d.chain, chain)
	d.arena = append(d.arena, key...)
	for len(d.arena)%align != 0 {
		d.arena = append(d.arena, 0)
	}
	d.table[i] = id
	if len(d.offset) > len(d.table)*3/4 {
		d.rehash(2 * len(d.table))
	}
	return id
}

func (d *addresses) same(id uint32, chain uint8, key []byte) bool {
	if d.chain[id] != chain {
		return false
	}
	at := int(d.offset[id]) * align
	return at+len(key) <= len(d.arena) && bytes.Equal(d.arena[at:at+len(key)], key)
}

func (d *addresses) rehash(size int) {
	d.table = make([]uint32, size)
	mask := uint64(size - 1)
	for id := uint32(1); id < uint32(len(d.offset)); id++ {
		i := d.hash(d.chain[id], d.key(id)) & mask
		for d.table[i] != 0 {
			i = (i + 1) & mask
		}
		d.table[i] = id
	}
}

// key returns the bytes an id was interned under.
func (d *addresses) key(id uint32) []byte {
	at := int(d.offset[id]) * align
	if payloadChain(d.chains[d.chain[id]]) {
		return d.arena[at : at+20]
	}
	return d.arena[at : at+1+int(d.arena[at])]
}

// address is the inverse of intern.
func (d *addresses) address(id uint32) fundtrail.Address {
	if id == 0 {
		return fundtrail.Address{}
	}
	c := d.chains[d.chain[id]]
	k := d.key(id)
	if payloadChain(c) {
		return fundtrail.EVMAddress(c, [20]byte(k))
	}
	a, err := fundtrail.ParseAddress(c, string(k[1:]))
	if err != nil {
		panic("ledger: interned address does not parse: " + err.Error()) // only checked addresses are interned
	}
	return a
}
