package archive

import (
	"cmp"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// Stats say what a ledger holds and what room that takes.
type Stats struct {
	Chains  []ChainStats
	Columns []ColumnStats // of the segments in files, largest first
	Log     int64         // bytes
	Bytes   int64         // in all
}

// ChainStats are what a ledger holds of one chain.
type ChainStats struct {
	Chain                   fundtrail.Chain
	Movements, Transactions int64
	Addresses, Blocks       int64
	From, To                fundtrail.Block // the lowest and the highest
	Segments                int
}

// ColumnStats are the room that one column takes.
type ColumnStats struct {
	Name  string
	Bytes int64
}

// Assets returns the assets that the ledger's movements are of, sorted.
func (r *Reader) Assets() []fundtrail.Asset {
	return slices.SortedFunc(slices.Values(r.assets), fundtrail.Asset.Compare)
}

// Stats returns what the ledger holds.
func (r *Reader) Stats() Stats {
	s := Stats{Log: r.log.end + r.log.torn}
	s.Bytes = s.Log
	sizes := map[string]int64{}
	for _, c := range r.chains {
		cs := ChainStats{Chain: c.chain, Addresses: int64(c.known), Segments: c.hi - c.lo}
		for _, p := range r.parts[c.lo:c.hi] {
			cs.Movements, cs.Transactions, cs.Blocks = cs.Movements+int64(p.count), cs.Transactions+int64(p.Txs), cs.Blocks+int64(p.Blocks)
			if p.Blocks > 0 {
				if cs.From.Chain == "" {
					cs.From = p.headerOf(0)
				}
				cs.To = p.headerOf(p.Blocks - 1)
			}
			if p.hot == p.cold {
				continue
			}
			s.Bytes += p.size
			for _, k := range []*container{p.hot, p.cold} {
				sizes["checksums"] += int64(len(k.data)) - int64(k.body)
				for _, place := range k.all {
					sizes[place.id.String()] += int64(place.n)
				}
			}
		}
		s.Chains = append(s.Chains, cs)
	}
	for name, n := range sizes {
		s.Columns = append(s.Columns, ColumnStats{name, n})
	}
	slices.SortFunc(s.Columns, func(x, y ColumnStats) int {
		return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.Name, y.Name))
	})
	return s
}
