package bitcoin_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/bitcoin"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

// A market is some wallets on a node's network that pay each other.
type market struct {
	*btcd
	r     *rand.Rand
	all   []*wallet // the first mines
	blobs int
	sent  int
}

// mine mines blocks and gives the miner the coins that are old enough to be spent.
func (m *market) mine(n int) []string {
	hashes := ask[[]string](m.btcd, "generate", n)
	for _, h := range hashes {
		b := ask[struct {
			Height int
			Tx     []string
		}](m.btcd, "getblock", h, 1)
		if old := b.Height - 100; old > 0 {
			name := ask[string](m.btcd, "getblockhash", old)
			raw := ask[struct {
				RawTx []struct {
					Txid string
					Vout []struct{ Value json.Number }
				}
			}](m.btcd, "getblock", name, 2)
			value, err := fundtrail.ParseDecimal(raw.RawTx[0].Vout[0].Value.String(), 8)
			if err != nil {
				m.t.Fatal(err)
			}
			m.all[0].coins = append(m.all[0].coins, held{tx: wire(m.t, raw.RawTx[0].Txid), value: value.Uint64()})
		}
	}
	return hashes
}

func wire(t *testing.T, txid string) (h [32]byte) {
	shown, err := fundtrail.ParseHash(txid)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range shown {
		h[31-i] = c
	}
	return h
}

// trade makes payments between wallets, of every kind of output, that spend coins which
// may be unconfirmed, and leaves them to be mined.
func (m *market) trade(n int) {
	for range n {
		i := m.r.IntN(len(m.all))
		for len(m.all[i].coins) == 0 {
			i = (i + 1) % len(m.all)
		}
		w := m.all[i]
		m.r.Shuffle(len(w.coins), func(x, y int) { w.coins[x], w.coins[y] = w.coins[y], w.coins[x] })
		k := min(len(w.coins), 1+m.r.IntN(4))
		in := slices.Clone(w.coins[:k])
		sum := uint64(0)
		for _, c := range in {
			sum += c.value
		}
		fee := uint64(20_000 + m.r.IntN(1000))
		if sum < 10*fee {
			continue
		}
		sum -= fee
		var pays []pay
		type share struct {
			to      *wallet
			witness bool
		}
		var to []share
		parts := uint64(1 + m.r.IntN(4))
		for p := range parts {
			value := sum / parts
			if p == 0 {
				value += sum % parts
			}
			s := share{m.all[m.r.IntN(len(m.all))], m.r.IntN(2) == 0}
			script := s.to.p2pkh()
			if s.witness {
				script = s.to.p2wpkh()
			}
			pays, to = append(pays, pay{value, script}), append(to, s)
		}
		// One output in some is of another kind, which stays where it is.
		if m.blobs++; pays[0].value > 100_000 {
			other := m.other(m.blobs % 6)
			pays[0].value -= 1000
			pays, to = append(pays, pay{1000, other}), append(to, share{})
			if m.blobs%6 == 0 {
				pays[len(pays)-1].value = 0 // a memo
				pays[0].value += 1000
			}
		}
		raw, hash := w.spend(in, pays)
		ask[string](m.btcd, "sendrawtransaction", hex.EncodeToString(raw), true)
		m.sent++
		w.coins = slices.Delete(w.coins, 0, k)
		for j, s := range to {
			if s.to != nil {
				s.to.coins = append(s.to.coins, held{hash, uint32(j), pays[j].value, s.witness})
			}
		}
	}
}

// other makes the scripts that wallets do not spend.
func (m *market) other(kind int) []byte {
	w := m.all[m.r.IntN(len(m.all))]
	digest := double(w.pub)
	switch kind {
	case 0:
		return append([]byte{0x6a, 32}, digest[:]...)
	case 1: // P2PK
		return append(append([]byte{33}, w.pub...), 0xac)
	case 2: // P2SH
		return append(append([]byte{0xa9, 20}, digest[:20]...), 0x87)
	case 3: // P2WSH
		return append([]byte{0, 32}, digest[:]...)
	case 4: // P2TR
		return append([]byte{0x51, 32}, w.pub[1:]...)
	}
	// 1 of 2 keys, bare
	s := append([]byte{0x51, 33}, w.pub...)
	return append(append(append(s, 33), m.all[0].pub...), 0x52, 0xae)
}

// seal builds a ledger from a source and seals it.
func seal(t *testing.T, s ingest.Source, from int64) (*ledger.Memory, ingest.SourceSummary) {
	t.Helper()
	b := ledger.NewBuilder()
	sum, err := ingest.Blocks(t.Context(), b, s, "node", from, -1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := b.Seal()
	if err != nil {
		t.Fatal(err)
	}
	return l, sum
}

// dump writes all that a ledger holds.
func dump(l *ledger.Memory) string {
	var b bytes.Buffer
	for _, c := range l.Chains() {
		for p := c.First; p < c.End; p++ {
			var m fundtrail.Movement
			l.Movement(p, &m)
			tx := l.Transaction(p)
			fmt.Fprintln(&b, tx.ID, tx.Height, tx.Time, m.Kind, l.Address(m.From), l.Address(m.To), m.Amount)
		}
	}
	fmt.Fprintln(&b, l.Coverage())
	return b.String()
}

func openNode(t *testing.T, n *btcd) *bitcoin.Node {
	t.Helper()
	o := bitcoin.NodeOptions{Memory: 1, Window: 4, Fetch: fetch.Options{Rate: 10_000, Burst: 10_000}}
	o.URL, o.User, o.Password = n.url, n.user, n.user
	node, err := bitcoin.OpenNode(t.Context(), simnet(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { node.Close() })
	return node
}

// TestAgainstBTCD: hundreds of payments on a real node's chain, and a reorganisation.
func TestAgainstBTCD(t *testing.T) {
	m := &market{r: rand.New(rand.NewPCG(1, 2))}
	for i := range 12 {
		m.all = append(m.all, newWallet(i))
	}
	m.btcd = startBTCD(t, m.all[0])
	m.mine(310) // segwit is active from 300 on
	for range 6 {
		m.trade(40)
		m.mine(1)
	}
	node := openNode(t, m.btcd)
	before, sum := seal(t, node, 0)
	t.Logf("%+v, %d payments", sum, m.sent)
	m.sameCoins(before)

	// The node's own view of the chain is followed through a reorganisation by one who reads
	// on, and by one who is in the middle of it.
	lost := m.reorganise(t)
	moved, sum := seal(t, node, 0)
	if sum.To != int64(ask[int](m.btcd, "getblockcount")) {
		t.Errorf("%+v", sum)
	}
	fresh, _ := seal(t, openNode(t, m.btcd), 0)
	if dump(moved) != dump(fresh) {
		t.Error("the ledger after a reorganisation differs from one built from scratch")
	}
	if dump(moved) == dump(before) {
		t.Error("nothing was reorganised")
	}
	m.sameCoins(fresh)
	m.files(t, fresh, lost)
}

// TestBTCDReorganisedWhileRead: the chain changes in the middle of a reading.
func TestBTCDReorganisedWhileRead(t *testing.T) {
	m := &market{r: rand.New(rand.NewPCG(3, 4))}
	for i := range 5 {
		m.all = append(m.all, newWallet(i))
	}
	m.btcd = startBTCD(t, m.all[0])
	m.mine(310)
	m.trade(30)
	m.mine(8)
	node := openNode(t, m.btcd)
	l, sum := seal(t, &interrupted{Node: node, at: 313, do: func() { m.reorganise(t) }}, 0)
	if sum.Reorganised == 0 {
		t.Errorf("no reorganisation was met: %+v", sum)
	}
	// Up to the head as it is now.
	again, _ := seal(t, node, 0)
	fresh, _ := seal(t, openNode(t, m.btcd), 0)
	if dump(again) != dump(fresh) || dump(l) != dump(fresh) {
		t.Error("the ledger of a reading that was interrupted differs from one built from scratch")
	}
	m.sameCoins(l)

	// From the middle, what inputs spend is asked of the node, and is the same.
	all := map[int64]fundtrail.BlockFacts{}
	for f, err := range openNode(t, m.btcd).Blocks(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		all[f.Block.Height] = f
	}
	late := openNode(t, m.btcd)
	n := 0
	for f, err := range late.Blocks(t.Context(), 309) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; !reflect.DeepEqual(f, all[f.Block.Height]) {
			t.Errorf("block %d read from the middle differs", f.Block.Height)
		}
	}
	if n != len(all)-309 || late.Gaps() != (bitcoin.Gaps{}) {
		t.Errorf("%d blocks, %+v", n, late.Gaps())
	}
}

// An interrupted source does something in the middle.
type interrupted struct {
	*bitcoin.Node
	at int64
	do func()
}

func (s *interrupted) Blocks(ctx context.Context, from int64) iter.Seq2[fundtrail.BlockFacts, error] {
	return func(yield func(fundtrail.BlockFacts, error) bool) {
		for f, err := range s.Node.Blocks(ctx, from) {
			if err == nil && f.Block.Height == s.at && s.do != nil {
				s.do()
				s.do = nil
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

// reorganise drops the newest blocks, mines more, and returns those that were dropped. What
// they held is paid again, or not.
func (m *market) reorganise(t *testing.T) (lost [][]byte) {
	height := ask[int](m.btcd, "getblockcount")
	for h := height - 3; h <= height; h++ {
		lost = append(lost, m.raw(ask[string](m.btcd, "getblockhash", h)))
	}
	if _, err := m.try("invalidateblock", ask[string](m.btcd, "getblockhash", height-3)); err != nil {
		t.Fatal(err)
	}
	if got := ask[int](m.btcd, "getblockcount"); got != height-4 {
		t.Fatalf("the node is at %d after invalidateblock", got)
	}
	ask[[]string](m.btcd, "generate", 6)
	return lost
}

// sameCoins holds every output of a ledger to what the node says is unspent.
func (m *market) sameCoins(l *ledger.Memory) { m.btcd.sameCoins(simnet(m.t), l) }

func (n *btcd) sameCoins(of *bitcoin.Params, l *ledger.Memory) {
	n.t.Helper()
	unspent, spent := 0, 0
	genesis := of.Genesis
	first := ask[struct{ Tx []string }](n, "getblock", hex.EncodeToString(genesis[:]), 1).Tx[0]
	for _, c := range l.Chains() {
		place := 0
		for p := c.First; p < c.End; p++ {
			var mv fundtrail.Movement
			l.Movement(p, &mv)
			if mv.Kind != fundtrail.MoveOutput {
				place = 0
				continue
			}
			tx := l.Transaction(p)
			if p == tx.First {
				place = 0
			}
			got := ask[*struct {
				Value  json.Number
				Script struct{ Hex string } `json:"scriptPubKey"`
			}](n, "gettxout", tx.ID.String(), place, false)
			place++
			gone := mv.Link != fundtrail.NoPosition
			burnt := mv.Amount.IsZero()
			if (got == nil) != (gone || burnt || tx.ID.String() == first) {
				n.t.Fatalf("%s:%d: the node has it: %v; the ledger has it spent: %v", tx.ID, place-1, got != nil, gone)
			}
			if got == nil {
				spent++
				continue
			}
			unspent++
			value, err := fundtrail.ParseDecimal(cmp.Or(got.Value, "0").String(), 8)
			if err != nil || value != mv.Amount {
				n.t.Fatalf("%s:%d: %s, the node says %s, %v", tx.ID, place-1, mv.Amount, got.Value, err)
			}
			script, _ := hex.DecodeString(got.Script.Hex)
			if want := bitcoin.AddressOf(of, script); l.Address(mv.To) != want {
				n.t.Fatalf("%s:%d: %s, the node's script is %x", tx.ID, place-1, l.Address(mv.To), script)
			}
		}
	}
	n.t.Logf("%d outputs unspent, %d spent", unspent, spent)
	if unspent < 100 || spent < 20 {
		n.t.Errorf("%d outputs unspent, %d spent", unspent, spent)
	}
}

// files writes the chain as a node's block files, in disorder, with a key, with the blocks
// that lost, and with the last one cut short; read, they make the same ledger.
func (m *market) files(t *testing.T, want *ledger.Memory, lost [][]byte) {
	dir := t.TempDir()
	key := []byte{1, 0x83, 0, 0x77, 0xff, 9, 200, 3}
	if err := os.WriteFile(filepath.Join(dir, "xor.dat"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for h := range ask[int](m.btcd, "getblockcount") + 1 {
		all = append(all, m.raw(ask[string](m.btcd, "getblockhash", h)))
	}
	tip := all[len(all)-1]
	all = append(all, lost...)
	m.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	record := func(b []byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte{0x16, 0x1c, 0x14, 0x12}, uint32(len(b))), b...)
	}
	var names []string
	write := func(text []byte) {
		for i := range text {
			text[i] ^= key[i%len(key)]
		}
		if len(names) == 0 {
			text = append(text, make([]byte, 5000)...) // room that the node has set aside
		}
		names = append(names, filepath.Join(dir, fmt.Sprintf("blk%05d.dat", len(names))))
		if err := os.WriteFile(names[len(names)-1], text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for part := range slices.Chunk(all, 50) {
		var text []byte
		for _, b := range part {
			text = append(text, record(b)...)
		}
		write(text)
	}
	write(record(tip)[:60]) // begun to be written once more
	slices.Reverse(names)
	f, err := bitcoin.OpenFiles(t.Context(), simnet(t), names, bitcoin.Options{Memory: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l, _ := seal(t, f, 0)
	if dump(l) != dump(want) {
		t.Error("the ledger from files differs from the one from the node")
	}
	r := f.Report()
	if len(r.Stale) != len(lost) || r.Apart != 0 || r.Truncated == "" || r.Gaps != (bitcoin.Gaps{}) {
		t.Errorf("%+v", r)
	}
}
