package ledgertest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"github.com/fundtrail/fundtrail"
)

// A PowerLaw makes an endless account ledger whose addresses have degrees as real
// ones do: a third of the ends of transfers fall on few hubs by Zipf's law, the rest
// on addresses of a growing population, recent ones more often. Two transfers a
// transaction, 0.21 addresses a transfer, amounts round for two fifths and of full
// precision for the rest.
type PowerLaw struct {
	r      *rand.Rand
	hubs   *rand.Zipf
	people uint64
	n      uint64
}

// A PowerTransfer is one transfer of a PowerLaw.
type PowerTransfer struct {
	Tx       uint64 // number of its transaction, rising
	First    bool   // of its transaction
	From, To [20]byte
	Amount   fundtrail.Amount
}

// NewPowerLaw returns the ledger that a seed makes.
func NewPowerLaw(seed uint64) *PowerLaw {
	r := rand.New(rand.NewPCG(seed, 99))
	return &PowerLaw{r: r, hubs: rand.NewZipf(r, 1.05, 1, 200_000), people: 1000}
}

// Next returns the next transfer.
func (p *PowerLaw) Next() PowerTransfer {
	t := PowerTransfer{Tx: p.n / 2, First: p.n%2 == 0}
	p.n++
	t.From, t.To = payload(p.end()), payload(p.end())
	if p.r.IntN(5) < 2 {
		t.Amount, _ = fundtrail.NewAmount(1 + p.r.Uint64N(500)).Mul(fundtrail.NewAmount(1_000_000_000_000_000))
	} else {
		t.Amount = fundtrail.NewAmount(p.r.Uint64() >> (p.r.IntN(10)))
	}
	return t
}

func (p *PowerLaw) end() uint64 {
	switch u := p.r.IntN(100); {
	case u < 35:
		return p.hubs.Uint64()
	case u < 46: // 0.105 new addresses an end
		p.people++
		return 1<<40 + p.people
	}
	// Recency: the age of the address met is spread evenly over its orders of magnitude.
	age := math.Exp(p.r.Float64() * math.Log(float64(p.people)))
	return 1<<40 + p.people - uint64(age) + 1
}

// Person returns the address of the n-th of the population.
func (p *PowerLaw) Person(n uint64) fundtrail.Address {
	return fundtrail.EVMAddress(fundtrail.Ethereum, payload(1<<40+n))
}

// payload spreads a number over 20 bytes that look as random as real addresses do.
func payload(n uint64) (b [20]byte) {
	x := n
	for i := 0; i < 20; i += 4 {
		x += 0x9e3779b97f4a7c15
		z := (x ^ x>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		binary.LittleEndian.PutUint32(b[i:], uint32(z^z>>31))
	}
	return b
}

// Hash returns the hash of a PowerLaw's transaction.
func Hash(tx uint64) (h fundtrail.Hash) {
	for i := range uint64(4) {
		p := payload(tx<<2 | i | 1<<63)
		binary.LittleEndian.PutUint64(h[8*i:], binary.LittleEndian.Uint64(p[:]))
	}
	return h
}
