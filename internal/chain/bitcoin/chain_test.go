package bitcoin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// A maker makes chains of blocks whose transactions spend each other. Signatures are noise:
// whoever reads blocks does not check them.
type maker struct {
	r     *rand.Rand
	coins []made
}

type made struct {
	at      outpoint
	value   uint64
	witness bool
}

func putVarint(b []byte, n int) []byte {
	switch {
	case n < 0xfd:
		return append(b, byte(n))
	case n < 1<<16:
		return binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(b, 0xfe), uint32(n))
}

func (m *maker) noise(b []byte, n int) []byte {
	for range n {
		b = append(b, byte(m.r.Uint32()))
	}
	return b
}

// transaction makes one, and keeps what it pays. Without inputs it is a coinbase.
func (m *maker) transaction(in []made, outs int, value uint64, tag []byte) []byte {
	le32 := binary.LittleEndian.AppendUint32
	segwit := slices.ContainsFunc(in, func(c made) bool { return c.witness })
	var body, wit []byte
	if len(in) == 0 {
		body = append(append(putVarint([]byte{1}[:1], 0)[:1], nullOutpoint[:]...), byte(len(tag)))
		body = le32(append(body, tag...), 0xffffffff)
	} else {
		body = putVarint(nil, len(in))
	}
	for _, c := range in {
		body = append(body, c.at[:]...)
		if c.witness {
			body = le32(append(body, 0), 0xfffffffd)
			wit = append(m.noise(append(wit, 2, 72), 72), 33)
			wit = m.noise(wit, 33)
			continue
		}
		body = append(m.noise(append(body, 107, 72), 72), 33)
		body = le32(m.noise(body, 33), 0xffffffff)
		wit = append(wit, 0)
	}
	body = putVarint(body, outs)
	var pays []made
	for i := range outs {
		v := value / uint64(outs)
		if i == 0 {
			v += value % uint64(outs)
		}
		body = binary.LittleEndian.AppendUint64(body, v)
		c := made{value: v}
		switch m.r.IntN(8) {
		case 0, 1, 2:
			body = append(m.noise(append(body, 25, opDup, opHash160, 20), 20), opEqualVerify, opCheckSig)
		case 3, 4, 5:
			body, c.witness = m.noise(append(body, 22, 0, 20), 20), true
		case 6:
			body = append(m.noise(append(body, 23, opHash160, 20), 20), opEqual)
		default:
			body, c.witness = m.noise(append(body, 34, op1, 32), 32), true
		}
		pays = append(pays, c)
	}
	txid := double(le32(append(le32(nil, 2), body...), 0))
	for i := range pays {
		copy(pays[i].at[:], txid[:])
		binary.LittleEndian.PutUint32(pays[i].at[32:], uint32(i))
	}
	m.coins = append(m.coins, pays...)
	raw := le32(nil, 2)
	if segwit {
		raw = append(raw, 0, 1)
	}
	raw = append(raw, body...)
	if segwit {
		raw = append(raw, wit...)
	}
	return le32(raw, 0)
}

// block makes a block of about size bytes on a parent.
func (m *maker) block(p *Params, parent [32]byte, height, size int) []byte {
	tag := append([]byte{4}, binary.LittleEndian.AppendUint32(nil, uint32(height))...)
	txs := [][]byte{m.transaction(nil, 2, 50e8, m.noise(tag, 8))}
	for n := 0; n < size; n += len(txs[len(txs)-1]) {
		var in []made
		sum := uint64(0)
		for range 1 + m.r.IntN(3) {
			if len(m.coins) == 0 {
				break
			}
			// Most of what is spent is young.
			k := len(m.coins) - 1 - min(int(m.r.ExpFloat64()*float64(len(m.coins))/4), len(m.coins)-1)
			c := m.coins[k]
			m.coins[k] = m.coins[len(m.coins)-1]
			m.coins = m.coins[:len(m.coins)-1]
			in, sum = append(in, c), sum+c.value
		}
		if len(in) == 0 {
			break
		}
		txs = append(txs, m.transaction(in, 1+m.r.IntN(4), sum-min(sum, 500), nil))
	}
	return assemble(p, parent, 0x20000000, 0x207fffff, txs)
}

// assemble makes a block of transactions.
func assemble(p *Params, parent [32]byte, version, bits uint32, txs [][]byte) []byte {
	var k blockShape
	for _, tx := range txs {
		r := &reader{b: tx}
		k.transaction(p, r)
		if r.what != "" || r.at != len(tx) {
			panic(fmt.Sprint(r.what, r.at, len(tx)))
		}
	}
	root := k.merkleRoot()
	b := binary.LittleEndian.AppendUint32(nil, version)
	b = append(append(b, parent[:]...), root[:]...)
	b = binary.LittleEndian.AppendUint32(b, 1_600_000_000)
	b = binary.LittleEndian.AppendUint32(b, bits)
	b = putVarint(append(b, 0, 0, 0, 0), len(txs))
	for _, tx := range txs {
		b = append(b, tx...)
	}
	return b
}

// chain makes a chain of n blocks, and the parameters by which the first begins it.
func (m *maker) chain(n, size int) (*Params, [][]byte) {
	p := &Params{Chain: fundtrail.Bitcoin, Magic: mainnet.Magic}
	var blocks [][]byte
	var parent [32]byte
	for h := range n {
		b := m.block(p, parent, h, size)
		parent = parseHeader(b).hash
		blocks = append(blocks, b)
	}
	p.Genesis = shown(parseHeader(blocks[0]).hash)
	return p, blocks
}

func record(p *Params, blocks ...[]byte) (text []byte) {
	for _, b := range blocks {
		text = append(text, p.Magic[:]...)
		text = append(binary.LittleEndian.AppendUint32(text, uint32(len(b))), b...)
	}
	return text
}

// folder writes block files and returns their names.
func folder(t testing.TB, files ...[]byte) (names []string) {
	dir := t.TempDir()
	for i, text := range files {
		names = append(names, filepath.Join(dir, fmt.Sprintf("blk%05d.dat", i)))
		if err := os.WriteFile(names[i], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

func collect(t testing.TB, p *Params, opt Options, names ...string) (facts []fundtrail.BlockFacts, r Report) {
	t.Helper()
	s, err := OpenFiles(t.Context(), p, names, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for f, err := range s.Blocks(t.Context(), s.Report().First) {
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, f)
	}
	return facts, s.Report()
}

// TestForks: of chains with a common start the one with the most work is read, wherever its
// blocks stand; the others are reported.
func TestForks(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(1, 1))}
	p, blocks := m.chain(6, 0)
	fork := func(on []byte, n int, bits uint32) (list [][]byte) {
		parent := parseHeader(on).hash
		for i := range n {
			b := assemble(p, parent, 1, bits, [][]byte{m.transaction(nil, 1, uint64(i+1), []byte{7, byte(i), byte(n)})})
			parent = parseHeader(b).hash
			list = append(list, b)
		}
		return list
	}
	short := fork(blocks[2], 2, 0x207fffff)
	hard := fork(blocks[1], 1, 0x1f7fffff) // one block with the work of 256
	apart := fork([]byte(strings.Repeat("x", headerSize)), 2, 0x207fffff)

	all := slices.Concat(blocks, short, apart)
	m.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	facts, r := collect(t, p, Options{}, folder(t, record(p, all[:5]...), record(p, append(all[5:], all[0])...))...)
	if len(facts) != 6 || r.Blocks != 6 || r.Last != 5 || len(r.Stale) != 2 || r.Stale[0].Height != 3 || r.Stale[1].Height != 4 || r.Apart != 2 {
		t.Errorf("%d blocks: %+v", len(facts), r)
	}
	for i, f := range facts {
		if f.Block.Hash != shown(parseHeader(blocks[i]).hash) || f.Block.Height != int64(i) {
			t.Errorf("place %d: %+v", i, f.Block)
		}
	}
	facts, r = collect(t, p, Options{}, folder(t, record(p, append(all, hard...)...))...)
	if len(facts) != 3 || r.Tip != shown(parseHeader(hard[0]).hash) || len(r.Stale) != 6 {
		t.Errorf("%d blocks: %+v", len(facts), r)
	}
	// From a block in the middle, whose inputs nobody knows; heights are what coinbases say.
	facts, r = collect(t, p, Options{Start: shown(parseHeader(blocks[4]).hash)}, folder(t, record(p, blocks...))...)
	if len(facts) != 2 || facts[0].Block.Height != 4 || r.Apart != 4 {
		t.Errorf("%d blocks: %+v", len(facts), r)
	}
	// One that lost there has its height from the first, too.
	facts, r = collect(t, p, Options{}, folder(t, record(p, append(blocks[2:], short...)...))...)
	if len(facts) != 4 || r.First != 2 || len(r.Stale) != 2 || r.Stale[0].Height != 3 {
		t.Errorf("%d blocks: %+v", len(facts), r)
	}
}

// TestFrom: those asked for from the middle know what the others made.
func TestFrom(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(15, 1))}
	p, blocks := m.chain(8, 3000)
	names := folder(t, record(p, blocks...))
	all, r := collect(t, p, Options{}, names...)
	s, err := OpenFiles(t.Context(), p, names, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for from := range int64(9) {
		var got []fundtrail.BlockFacts
		for f, err := range s.Blocks(t.Context(), from) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f)
		}
		if again := s.Report(); !slices.EqualFunc(got, all[from:], func(x, y fundtrail.BlockFacts) bool { return reflect.DeepEqual(x, y) }) || again.SHA256 != r.SHA256 || again.Bytes != r.Bytes {
			t.Errorf("from %d: %d blocks, %+v", from, len(got), again)
		}
	}
	if head, err := s.Head(t.Context()); err != nil || head != all[7].Block {
		t.Errorf("head %+v, %v", head, err)
	}
}

// TestSpill: a small table that spills gives the same as one that holds everything, and the
// coins that are left are the same.
func TestSpill(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(2, 1))}
	p, blocks := m.chain(120, 30_000)
	names := folder(t, record(p, blocks...))
	dir := t.TempDir()
	small, r := collect(t, p, Options{Memory: 1, Dir: dir}, names...)
	large, _ := collect(t, p, Options{}, names...)
	txs, fees := 0, uint64(0)
	for i := range large {
		for k := range large[i].Transactions {
			x, y := small[i].Transactions[k], large[i].Transactions[k]
			if x.ID != y.ID || x.Transfers[0].Fee != y.Transfers[0].Fee || !slices.Equal(x.Transfers[0].Inputs, y.Transfers[0].Inputs) {
				t.Fatalf("block %d, transaction %d: %+v, without spilling %+v", i, k, x, y)
			}
			fees += y.Transfers[0].Fee.Uint64()
			txs++
		}
	}
	if txs < 5000 || fees == 0 || r.Gaps != (Gaps{}) {
		t.Errorf("%d transactions, fees %d, %+v", txs, fees, r)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files were left", len(left))
	}
}

// TestCoinSet holds the set to a map, through spills, reorganisations and repeats.
func TestCoinSet(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	s := newCoinSet(1, t.TempDir())
	s.most = 64
	defer s.close()
	want := map[outpoint]coin{}
	var all []outpoint
	most := 0
	for n := range 60_000 {
		var o outpoint
		if len(all) > 0 && r.IntN(2) == 0 {
			o = all[len(all)-1-min(int(r.ExpFloat64()*300), len(all)-1)]
		} else {
			binary.LittleEndian.PutUint64(o[:], r.Uint64()%5000)
			o[32] = byte(r.Uint32N(100)) // many of one transaction begin alike
			all = append(all, o)
		}
		c, held := want[o]
		switch r.IntN(3) {
		case 0:
			c = coin{value: uint64(n) + 1}
			c.lock.set(lockKey, o[:20])
			if err := s.add(&o, c); err != nil {
				t.Fatal(err)
			}
			want[o] = c
		case 1:
			got, ok, err := s.take(&o)
			if err != nil || ok != held || held && got != c {
				t.Fatalf("step %d: take %v, %v, %v; want %v, %v", n, got.value, ok, err, c.value, held)
			}
			delete(want, o)
		default:
			got, ok, err := s.get(&o)
			if err != nil || ok != held || held && got != c {
				t.Fatalf("step %d: get %v, %v, %v; want %v, %v", n, got.value, ok, err, c.value, held)
			}
		}
		most = max(most, len(s.runs.files))
	}
	if most < 3 || len(want) < 1000 {
		t.Errorf("at most %d files; %d coins", most, len(want))
	}
	for o, c := range want {
		if got, ok, err := s.get(&o); err != nil || !ok || got != c {
			t.Fatalf("at last: %v, %v, %v; want %v", got.value, ok, err, c.value)
		}
	}
}

// TestUndo: blocks taken back and given again make the same facts.
func TestUndo(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(4, 1))}
	p, blocks := m.chain(40, 20_000)
	r := &resolver{p: p, coins: newCoinSet(1, t.TempDir()), all: true, keep: 10}
	r.coins.most = 200
	defer r.coins.close()
	fees := func(h int) (sum uint64) {
		t.Helper()
		var k blockShape
		if err := k.parse(p, blocks[h]); err != nil {
			t.Fatal(err)
		}
		f, err := r.facts(&k, int64(h))
		if err != nil {
			t.Fatal(err)
		}
		for _, tx := range f.Transactions {
			sum = sum*31 + tx.Transfers[0].Fee.Uint64()
		}
		return sum
	}
	var want []uint64
	for h := range blocks {
		want = append(want, fees(h))
		if h%7 != 6 {
			continue
		}
		n := 1 + m.r.IntN(7)
		for range n {
			if ok, err := r.back(); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		for k := h - n + 1; k <= h; k++ {
			if got := fees(k); got != want[k] {
				t.Errorf("block %d again: %d, at first %d", k, got, want[k])
			}
		}
	}
}

// TestMissing: read from the middle, an input of which nobody knows what it spends stays
// without address and amount, and its block is not whole.
func TestMissing(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(5, 1))}
	p, blocks := m.chain(12, 5000)
	all, _ := collect(t, p, Options{}, folder(t, record(p, blocks...))...)
	late, r := collect(t, p, Options{}, folder(t, record(p, blocks[8:]...))...)
	partial, inputs := 0, 0
	for i, f := range late {
		for k, tx := range f.Transactions {
			whole := &all[8+i].Transactions[k]
			if tx.Partial {
				partial++
				if f.Whole != 0 || !tx.Transfers[0].Fee.IsZero() {
					t.Errorf("%s is partial; its block has %q whole, its fee is %s", tx.ID, f.Whole, tx.Transfers[0].Fee)
				}
			}
			for j, in := range tx.Transfers[0].Inputs {
				want := whole.Transfers[0].Inputs[j]
				if in.Address.IsZero() && in.Amount.IsZero() && in.Spends == want.Spends {
					inputs++
				} else if in != want {
					t.Errorf("%s, input %d: %+v, want %+v", tx.ID, j, in, want)
				}
			}
		}
	}
	if r.First != 8 || partial == 0 || r.Partial != partial || r.Inputs != inputs {
		t.Errorf("%d transactions and %d inputs are partial: %+v", partial, inputs, r)
	}
}

// TestRepeatedCoinbase: before BIP-30 a coinbase could repeat an earlier one, whose coins it
// replaced. They are one transaction, as the chain's own coins have it.
func TestRepeatedCoinbase(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(6, 1))}
	p := &Params{Chain: fundtrail.Bitcoin, Magic: mainnet.Magic}
	same := m.transaction(nil, 1, 50e8, []byte("the same"))
	first := assemble(p, [32]byte{}, 1, 0x207fffff, [][]byte{same})
	p.Genesis = shown(parseHeader(first).hash)
	second := assemble(p, parseHeader(first).hash, 1, 0x207fffff, [][]byte{same})
	spend := m.transaction([]made{m.coins[0]}, 1, 49e8, nil)
	third := assemble(p, parseHeader(second).hash, 1, 0x207fffff, [][]byte{m.transaction(nil, 1, 51e8, []byte("another")), spend})
	facts, r := collect(t, p, Options{}, folder(t, record(p, first, second, third))...)
	if len(facts) != 3 || len(facts[1].Transactions) != 0 || r.Repeated != 1 || facts[2].Transactions[1].Transfers[0].Fee != fundtrail.NewAmount(1e8) {
		t.Errorf("%+v", r)
	}
}

// TestBadFiles: what is wrong is told with file and byte.
func TestBadFiles(t *testing.T) {
	m := &maker{r: rand.New(rand.NewPCG(7, 1))}
	p, blocks := m.chain(3, 2000)
	good := record(p, blocks...)
	second := 8 + len(blocks[0])
	with := func(at int, b ...byte) []byte {
		c := slices.Clone(good)
		copy(c[at:], b)
		return c
	}
	last := len(good) - len(blocks[2]) + headerSize + 50 // in the coinbase
	twice := spendTwice(m, p)
	for name, c := range map[string]struct {
		files [][]byte
		want  []string
	}{
		"no file":              {nil, []string{"no block files"}},
		"nothing in it":        {[][]byte{{}}, []string{"no whole block"}},
		"another network":      {[][]byte{with(0, 0x0b, 0x11, 0x09, 0x07)}, []string{"byte 0", "testnet3"}},
		"another chain":        {[][]byte{with(second, 0xfb, 0xc0, 0xb6, 0xdb)}, []string{fmt.Sprintf("blk00000.dat: byte %d", second), "ltc among blocks of btc"}},
		"no block":             {[][]byte{with(second, 1, 2, 3, 4)}, []string{fmt.Sprintf("byte %d", second), "01020304", "xor.dat"}},
		"too long":             {[][]byte{with(second+4, 0, 0, 0, 0x7f)}, []string{fmt.Sprintf("byte %d", second), "damaged"}},
		"too short":            {[][]byte{with(second+4, 20, 0, 0, 0)}, []string{fmt.Sprintf("byte %d", second), "20 bytes"}},
		"cut, others follow":   {[][]byte{good[:len(good)-1], good}, []string{"blk00000.dat", "cut short"}},
		"behind the last":      {[][]byte{append(append(slices.Clone(good), make([]byte, 300)...), 1)}, []string{fmt.Sprintf("byte %d", len(good)), "damaged"}},
		"a flipped bit":        {[][]byte{with(last, good[last]^1)}, []string{fmt.Sprintf("byte %d", len(good)-len(blocks[2])), "have the root"}},
		"no difficulty":        {[][]byte{with(second+8+72, 0, 0, 0, 0)}, []string{"difficulty"}},
		"without the first":    {[][]byte{record(p, assemble(p, [32]byte{1}, 1, 0x207fffff, [][]byte{m.transaction(nil, 1, 1, []byte("x"))}))}, []string{"first block", "give the files before"}},
		"spends what is spent": {[][]byte{record(p, twice...)}, []string{"spent before", "byte"}},
	} {
		err := func() error {
			q := *p
			if name == "spends what is spent" {
				q.Genesis = shown(parseHeader(twice[0]).hash)
			}
			s, err := OpenFiles(t.Context(), &q, folder(t, c.files...), Options{})
			if err != nil {
				return err
			}
			defer s.Close()
			for _, err := range s.Blocks(t.Context(), s.height) {
				if err != nil {
					return err
				}
			}
			return nil
		}()
		if !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; it does not say %q", name, err, w)
			}
		}
	}
	// A file that is being written ends in the middle.
	for _, n := range []int{1, 5, 8, 30, 100, len(blocks[2])} {
		_, r := collect(t, p, Options{}, folder(t, good[:second+8+len(blocks[1])+n])...)
		if r.Blocks != 2 || !strings.Contains(r.Truncated, fmt.Sprintf("byte %d", second+8+len(blocks[1]))) {
			t.Errorf("cut %d bytes into the last: %+v", n, r)
		}
	}
}

// spendTwice makes a block, and one that spends a coin of it twice.
func spendTwice(m *maker, p *Params) [][]byte {
	base := m.transaction(nil, 1, 50e8, []byte{1, 9, 9})
	c := m.coins[len(m.coins)-1]
	first := assemble(p, [32]byte{}, 2, 0x207fffff, [][]byte{base})
	second := assemble(p, parseHeader(first).hash, 2, 0x207fffff, [][]byte{
		m.transaction(nil, 1, 50e8, []byte{1, 10}), m.transaction([]made{c}, 1, 9, nil), m.transaction([]made{c}, 1, 8, nil)})
	return [][]byte{first, second}
}
