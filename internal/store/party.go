package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/fundtrail/fundtrail"
)

// A party is encoded field by field, in the order of fundtrail.Party: a text as its
// length and bytes, a list as its length and elements, a day as its Unix seconds plus
// one after a zigzag, 0 for none. Equal parties have equal bytes, whose digest is the
// party's identity here; a change of this encoding therefore needs a migration.

func appendText[S ~string](buf []byte, s S) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

func appendTexts(buf []byte, list []string) []byte {
	buf = binary.AppendUvarint(buf, uint64(len(list)))
	for _, s := range list {
		buf = appendText(buf, s)
	}
	return buf
}

// appendParty appends a party's encoding.
func appendParty(buf []byte, p *fundtrail.Party) []byte {
	buf = appendText(buf, p.UID)
	buf = appendText(buf, p.Kind)
	buf = binary.AppendUvarint(buf, uint64(len(p.Names)))
	for i := range p.Names {
		n := &p.Names[i]
		buf = appendText(appendText(appendText(appendText(buf, n.Text), n.Kind), n.Given), n.Family)
	}
	buf = appendTexts(buf, p.Programs)
	if p.Listed.IsZero() {
		buf = append(buf, 0)
	} else {
		s := p.Listed.Unix()
		buf = binary.AppendUvarint(buf, (uint64(s<<1)^uint64(s>>63))+1)
	}
	buf = appendTexts(appendTexts(buf, p.Births), p.Countries)
	buf = binary.AppendUvarint(buf, uint64(len(p.Identifiers)))
	for i := range p.Identifiers {
		d := &p.Identifiers[i]
		buf = appendText(appendText(appendText(buf, d.Type), d.Value), d.Country)
	}
	buf = binary.AppendUvarint(buf, uint64(len(p.Wallets)))
	for i := range p.Wallets {
		w := &p.Wallets[i]
		buf = appendText(appendText(buf, w.Text), w.Currency)
		buf = appendText(appendText(buf, w.Address.Chain()), w.Address.String())
		lost := byte(0)
		if w.CaseLost {
			lost = 1
		}
		buf = append(buf, lost)
	}
	return appendText(buf, p.Note)
}

var errParty = errors.New("a party cannot be read")

// A reader decodes parties. Texts share the memory of what is read, and short lists
// that of one slab for many parties, so that a history of many thousand parties takes
// a few hundred allocations.
type reader struct {
	rest string
	err  error

	names       slab[fundtrail.Name]
	texts       slab[string]
	identifiers slab[fundtrail.Identifier]
	wallets     slab[fundtrail.Wallet]
	addresses   map[[2]string]fundtrail.Address
}

// A slab hands out parts of arrays.
type slab[T any] struct{ free []T }

const slabLen = 1024

func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		if n > slabLen/4 {
			return make([]T, n)
		}
		s.free = make([]T, slabLen)
	}
	out := s.free[:n:n]
	s.free = s.free[n:]
	return out
}

func (r *reader) fail() {
	if r.err == nil {
		r.err = errParty
	}
	r.rest = ""
}

func (r *reader) number() uint64 {
	var n uint64
	for i := 0; i < len(r.rest) && i < binary.MaxVarintLen64; i++ {
		b := r.rest[i]
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if i > 0 && b == 0 || i == binary.MaxVarintLen64-1 && b > 1 {
				break // longer than it need be, or beyond 64 bits: not what append writes
			}
			r.rest = r.rest[i+1:]
			return n
		}
	}
	r.fail()
	return 0
}

func (r *reader) yes() bool {
	n := r.number()
	if n > 1 {
		r.fail()
	}
	return n == 1
}

func (r *reader) text() string {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.fail()
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// length reads how many elements follow, of at least size bytes each.
func (r *reader) length(size int) int {
	n := r.number()
	if n > uint64(len(r.rest)/size) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) list() []string {
	list := r.texts.take(r.length(1))
	for i := range list {
		list[i] = r.text()
	}
	return list
}

func (r *reader) party(p *fundtrail.Party) {
	p.UID = r.text()
	p.Kind = fundtrail.PartyKind(r.text())
	p.Names = r.names.take(r.length(4))
	for i := range p.Names {
		p.Names[i] = fundtrail.Name{Text: r.text(), Kind: fundtrail.NameKind(r.text()), Given: r.text(), Family: r.text()}
	}
	p.Programs = r.list()
	if n := r.number(); n > 0 {
		n--
		if p.Listed = time.Unix(int64(n>>1)^-int64(n&1), 0).UTC(); p.Listed.IsZero() {
			r.fail()
		}
	}
	p.Births, p.Countries = r.list(), r.list()
	p.Identifiers = r.identifiers.take(r.length(3))
	for i := range p.Identifiers {
		p.Identifiers[i] = fundtrail.Identifier{Type: r.text(), Value: r.text(), Country: r.text()}
	}
	p.Wallets = r.wallets.take(r.length(5))
	for i := range p.Wallets {
		p.Wallets[i] = fundtrail.Wallet{Text: r.text(), Currency: r.text(), Address: r.address(), CaseLost: r.yes()}
	}
	p.Note = r.text()
}

// address reads a chain and an address on it. The same one is met in many versions.
func (r *reader) address() fundtrail.Address {
	key := [2]string{r.text(), r.text()}
	if key == [2]string{} {
		return fundtrail.Address{}
	}
	a, ok := r.addresses[key]
	if !ok && r.err == nil {
		var err error
		if a, err = fundtrail.ParseAddress(fundtrail.Chain(key[0]), key[1]); err == nil && a.String() != key[1] {
			err = errors.New("it is spelled differently")
		}
		if err != nil {
			r.err = fmt.Errorf("address %q on chain %q: %w", key[1], key[0], err)
			r.fail()
			return a
		}
		if r.addresses == nil {
			r.addresses = map[[2]string]fundtrail.Address{}
		}
		r.addresses[key] = a
	}
	return a
}

// parties reads all parties of a pack. bounds, when given, gets where each begins, and
// where the last ends.
func (r *reader) parties(pack string, into []fundtrail.Party, bounds []int) error {
	r.rest, r.err = pack, nil
	for i := range into {
		if bounds != nil {
			bounds[i] = len(pack) - len(r.rest)
		}
		if r.party(&into[i]); r.err != nil {
			return r.err
		}
	}
	if bounds != nil {
		bounds[len(into)] = len(pack) - len(r.rest)
	}
	if r.rest != "" {
		return errParty
	}
	return nil
}
