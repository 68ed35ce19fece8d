package bitcoin

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/holiman/uint256"

	"github.com/fundtrail/fundtrail"
)

// order finds the chain with the most work among blocks that came in any order.
func (s *Files) order(refs []blockRef) error {
	if len(refs) == 0 {
		return fmt.Errorf("%s: no whole block in the files: %w", s.files[0].name, fundtrail.ErrInvalid)
	}
	if len(refs) > math.MaxInt32 {
		return fmt.Errorf("more than 2^31 blocks: %w", fundtrail.ErrLimit)
	}
	number := make(map[[32]byte]int32, len(refs))
	kept := refs[:0]
	for _, r := range refs { // a node may have stored a block twice
		if _, ok := number[r.hash]; !ok {
			number[r.hash] = int32(len(kept))
			kept = append(kept, r)
		}
	}
	refs = kept
	start := reversed(s.opt.Start)
	for i := range refs {
		if up, ok := number[refs[i].parent]; ok && refs[i].hash != start {
			refs[i].up = up
		}
	}
	clear(number)
	work, err := s.work(refs)
	if err != nil {
		return err
	}
	root, err := s.root(refs, start)
	if err != nil {
		return err
	}
	// Of two chains with the same work a node stays with the one it met first.
	tip := int32(-1)
	for i := range refs {
		if (root < 0 || refs[i].root == root) && (tip < 0 || work[i].Gt(&work[tip])) {
			tip = int32(i)
		}
	}
	s.pick(refs, tip)
	return s.firstHeight(&refs[refs[tip].root])
}

// work fills in what blocks stand on and how high, and returns the work of each with all
// that it stands on.
func (s *Files) work(refs []blockRef) ([]uint256.Int, error) {
	work := make([]uint256.Int, len(refs))
	var path []int32
	for i := range refs {
		for k := int32(i); k >= 0 && refs[k].root < 0; k = refs[k].up {
			// A block cannot stand on itself, since its hash is over its parent's.
			path = append(path, k)
		}
		for len(path) > 0 {
			k := path[len(path)-1]
			path = path[:len(path)-1]
			r := &refs[k]
			own, ok := workOf(r.bits)
			if !ok {
				return nil, s.where(r, fmt.Errorf("block %x: no difficulty is %#08x: %w", shown(r.hash), r.bits, fundtrail.ErrInvalid))
			}
			work[k] = own
			if r.root = k; r.up >= 0 {
				r.root, r.height = refs[r.up].root, refs[r.up].height+1
				work[k].Add(&work[k], &work[r.up])
			}
		}
	}
	return work, nil
}

// workOf is how many hashes a block of a difficulty takes on average: 2^256/(target+1).
func workOf(bits uint32) (w uint256.Int, ok bool) {
	exponent, mantissa := bits>>24, bits&0x7fffff
	if bits&0x800000 != 0 || mantissa == 0 || exponent > 34 || exponent > 33 && mantissa > 0xff || exponent > 32 && mantissa > 0xffff {
		return w, false
	}
	target := uint256.NewInt(uint64(mantissa))
	if exponent <= 3 {
		target.Rsh(target, uint(8*(3-exponent)))
	} else {
		target.Lsh(target, uint(8*(exponent-3)))
	}
	if target.IsZero() {
		return w, false
	}
	// 2^256 has one bit too many: ^target/(target+1) + 1 is the same.
	next := new(uint256.Int).AddUint64(target, 1)
	w.Not(target)
	w.Div(&w, next)
	w.AddUint64(&w, 1)
	return w, true
}

// root returns the block that the chain must stand on; -1 for any.
func (s *Files) root(refs []blockRef, start [32]byte) (int32, error) {
	genesis := reversed(s.p.Genesis)
	want := genesis
	if start != ([32]byte{}) {
		want = start
	}
	i := slices.IndexFunc(refs, func(r blockRef) bool { return r.hash == want })
	if i < 0 && want != genesis {
		return 0, fmt.Errorf("the files do not hold the block to begin with, %x: %w", s.opt.Start, fundtrail.ErrNotFound)
	}
	return int32(i), nil
}

// pick takes the chain that ends in tip, and reports the rest.
func (s *Files) pick(refs []blockRef, tip int32) {
	root := refs[tip].root
	s.chain = make([]blockRef, refs[tip].height+1)
	on := make([]bool, len(refs))
	for k := tip; k >= 0; k = refs[k].up {
		s.chain[refs[k].height], on[k] = refs[k], true
	}
	for i := range refs {
		switch r := &refs[i]; {
		case on[i]:
		case r.root == root:
			s.report.Stale = append(s.report.Stale, StaleBlock{int64(r.height), shown(r.hash)})
		default:
			if s.report.Apart == 0 {
				s.report.ApartHash = shown(r.hash)
			}
			s.report.Apart++
		}
	}
	slices.SortFunc(s.report.Stale, func(x, y StaleBlock) int {
		return cmp.Or(cmp.Compare(x.Height, y.Height), bytes.Compare(x.Hash[:], y.Hash[:]))
	})
}

// firstHeight finds the height of the chain's first block, by what its coinbase says where
// that is not the first of all.
func (s *Files) firstHeight(first *blockRef) error {
	if first.hash != reversed(s.p.Genesis) {
		p := &parsed{ref: *first}
		if err := s.parse(p); err != nil {
			return err
		}
		h, ok := coinbaseHeight(&p.shape)
		if !ok && s.opt.Height != nil {
			if h, ok = s.opt.Height(shown(first.parent)); ok {
				h++
			}
		}
		if !ok {
			return s.where(first, fmt.Errorf("the files do not hold the chain's first block %x, and the first that they do hold, %x, does not tell its height: give the files before: %w",
				s.p.Genesis, shown(first.hash), fundtrail.ErrInvalid))
		}
		s.height = h
	}
	for i := range s.report.Stale {
		s.report.Stale[i].Height += s.height
	}
	r := &s.report
	r.Blocks, r.First, r.Last, r.Tip = len(s.chain), s.height, s.height+int64(len(s.chain))-1, shown(s.chain[len(s.chain)-1].hash)
	return nil
}

// coinbaseHeight reads the height that a coinbase begins with (BIP-34, blocks of version 2
// and above).
func coinbaseHeight(k *blockShape) (int64, bool) {
	b := k.coinbase
	if k.version&0xff < 2 && k.version < 0x20000000 || len(b) == 0 {
		return 0, false
	}
	if b[0] >= op1 && b[0] <= op16 {
		return int64(b[0]-op1) + 1, true
	}
	n := int(b[0])
	if n < 1 || n > 4 || len(b) < 1+n || b[n]&0x80 != 0 {
		return 0, false
	}
	h := int64(0)
	for i := n; i >= 1; i-- {
		h = h<<8 | int64(b[i])
	}
	return h, true
}
