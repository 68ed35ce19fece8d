package trace

import (
	"iter"

	"github.com/fundtrail/fundtrail"
)

// A known is what the run has found out about an address.
type known struct {
	name    fundtrail.Address
	claimed verdict
	decided bool // claimed is set
	cover   cover
	covered bool // cover is set
	pays    bool // its history was read, and it paid something
	met     bool // by a hop, or as where a theft arrived: what is claimed about it is shown
}

// A table maps addresses to numbers from 0. It is asked several times for every
// movement, mostly about addresses that it does not have, so it is an array in pages
// made when first needed, and not a map.
type table struct {
	pages []*[tablePage]int32 // number plus one
}

const tablePage = 1 << 8

// get returns the number of an address, -1 when it has none.
func (t *table) get(a fundtrail.AddressID) int32 {
	at := int(a / tablePage)
	if at >= len(t.pages) || t.pages[at] == nil {
		return -1
	}
	return t.pages[at][a%tablePage] - 1
}

func (t *table) set(a fundtrail.AddressID, n int32) {
	at := int(a / tablePage)
	for at >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	if t.pages[at] == nil {
		t.pages[at] = new([tablePage]int32)
	}
	t.pages[at][a%tablePage] = n + 1
}

// all visits the addresses that have a number, in order.
func (t *table) all() iter.Seq2[fundtrail.AddressID, int32] {
	return func(yield func(fundtrail.AddressID, int32) bool) {
		for at, page := range t.pages {
			if page == nil {
				continue
			}
			for i, n := range page {
				if n > 0 && !yield(fundtrail.AddressID(at*tablePage+i), n-1) {
					return
				}
			}
		}
	}
}

// about returns what is known of an address, to be added to.
func (r *run) about(a fundtrail.AddressID) *known {
	if i := r.known.get(a); i >= 0 {
		return r.knowns.at(i)
	}
	k := r.knowns.next()
	r.known.set(a, int32(r.knowns.len()-1))
	return k
}

// address is the ledger's Address, asked once for each.
func (r *run) address(id fundtrail.AddressID) fundtrail.Address {
	if id == fundtrail.NoAddress {
		return fundtrail.Address{}
	}
	k := r.about(id)
	if k.name.IsZero() {
		k.name = r.ledger.Address(id)
	}
	return k.name
}
