package bitcoin

import "encoding/binary"

// A coin is an output as long as it is unspent.
type coin struct {
	value uint64
	lock  lock
}

// A table holds coins by outpoint: a slab of entries, and open addressing into it.
type table struct {
	entries []entry
	free    []uint32
	index   []uint32 // entry + 1; 0 is free
	n       int
}

type entry struct {
	coin
	at outpoint
	// gone: the coin was spent, and a file behind this table still holds it.
	gone bool
}

// entrySize is what an entry takes, with its share of the index, rounded up.
const entrySize = 120

func place(o *outpoint) uint64 {
	// A transaction's hash is as good as random; its outputs need telling apart.
	return binary.LittleEndian.Uint64(o[:]) ^ uint64(o.output())*0x9e3779b97f4a7c15
}

func (t *table) slot(o *outpoint) uint64 { return place(o) & uint64(len(t.index)-1) }

// find returns the entry of an outpoint, nil where there is none.
func (t *table) find(o *outpoint) *entry {
	if t.n == 0 {
		return nil
	}
	mask := uint64(len(t.index) - 1)
	for i := t.slot(o); t.index[i] != 0; i = (i + 1) & mask {
		if e := &t.entries[t.index[i]-1]; e.at == *o {
			return e
		}
	}
	return nil
}

// put adds an entry, or replaces what is there.
func (t *table) put(o *outpoint, c coin, gone bool) {
	if e := t.find(o); e != nil {
		e.coin, e.gone = c, gone
		return
	}
	if (t.n+1)*3 > len(t.index)*2 {
		t.grow()
	}
	var k uint32
	if n := len(t.free); n > 0 {
		k, t.free = t.free[n-1], t.free[:n-1]
		t.entries[k] = entry{c, *o, gone}
	} else {
		k = uint32(len(t.entries))
		t.entries = append(t.entries, entry{c, *o, gone})
	}
	t.enter(k)
	t.n++
}

func (t *table) enter(k uint32) {
	mask := uint64(len(t.index) - 1)
	i := t.slot(&t.entries[k].at)
	for t.index[i] != 0 {
		i = (i + 1) & mask
	}
	t.index[i] = k + 1
}

func (t *table) grow() {
	old := t.index
	t.index = make([]uint32, max(1<<10, 2*len(old)))
	for _, k := range old {
		if k != 0 {
			t.enter(k - 1)
		}
	}
}

// remove takes an entry out that is there.
func (t *table) remove(o *outpoint) {
	mask := uint64(len(t.index) - 1)
	i := t.slot(o)
	for t.entries[t.index[i]-1].at != *o {
		i = (i + 1) & mask
	}
	t.free = append(t.free, t.index[i]-1)
	t.n--
	// Those behind move up, unless they stand where they belong.
	for j := (i + 1) & mask; t.index[j] != 0; j = (j + 1) & mask {
		home := t.slot(&t.entries[t.index[j]-1].at)
		if (j-home)&mask >= (j-i)&mask {
			t.index[i] = t.index[j]
			i = j
		}
	}
	t.index[i] = 0
}

func (t *table) clear() {
	clear(t.index)
	t.entries, t.free, t.n = t.entries[:0], t.free[:0], 0
}

// A coinSet holds the unspent coins at a height. New ones are in a table; when that is
// full it becomes the old one, and what the old one held goes to a sorted file. Most coins
// are spent soon and never reach a file.
type coinSet struct {
	young, old table
	most       int // entries of a table
	runs       runs
}

// defaultMemory is what coins may take in memory by default.
const defaultMemory = 1 << 30

// newCoinSet returns an empty set that holds up to memory bytes of coins, and the rest in
// files in dir ("" is the system's folder for such).
func newCoinSet(memory int64, dir string) *coinSet {
	if memory <= 0 {
		memory = defaultMemory
	}
	return &coinSet{most: max(1<<10, int(memory/2/entrySize)), runs: runs{dir: dir}}
}

// add adds a coin.
func (s *coinSet) add(o *outpoint, c coin) error {
	s.young.put(o, c, false)
	return s.age()
}

// age makes room when the young table is full.
func (s *coinSet) age() error {
	if s.young.n < s.most {
		return nil
	}
	if s.old.n > 0 {
		if err := s.runs.spill(&s.old); err != nil {
			return err
		}
	}
	s.old.clear()
	s.young, s.old = s.old, s.young
	return nil
}

// get looks a coin up.
func (s *coinSet) get(o *outpoint) (coin, bool, error) {
	for _, t := range []*table{&s.young, &s.old} {
		if e := t.find(o); e != nil {
			return e.coin, !e.gone, nil
		}
	}
	return s.runs.get(o)
}

// take takes a coin out of the set; ok is false where it is not there.
func (s *coinSet) take(o *outpoint) (c coin, ok bool, err error) {
	for _, t := range []*table{&s.young, &s.old} {
		e := t.find(o)
		if e == nil {
			continue
		}
		c, ok = e.coin, !e.gone
		// What stands behind the table may hold an older telling of the same coin, after a
		// reorganisation for one: then a mark stays.
		if t == &s.young && s.old.find(o) != nil || s.runs.may(o) {
			e.coin, e.gone = coin{}, true
		} else {
			t.remove(o)
		}
		return c, ok, nil
	}
	if c, ok, err = s.runs.get(o); err != nil || !ok {
		return c, false, err
	}
	s.young.put(o, coin{}, true)
	return c, true, s.age()
}

func (s *coinSet) close() error { return s.runs.close() }
