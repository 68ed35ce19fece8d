package crossing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// abi writes words: a string of hexadecimal digits is left-padded, a number is itself,
// and bytes are placed at the end.
func abi(parts ...any) []byte {
	var head, tail []byte
	for _, p := range parts {
		var w [32]byte
		switch p := p.(type) {
		case uint64:
			binary.BigEndian.PutUint64(w[24:], p)
		case int:
			binary.BigEndian.PutUint64(w[24:], uint64(p))
		case fundtrail.Address:
			copy(w[12:], p.Payload())
		case fundtrail.Hash:
			w = p
		case []byte:
			binary.BigEndian.PutUint64(w[24:], uint64(32*len(parts)+len(tail)))
			var n [32]byte
			binary.BigEndian.PutUint64(n[24:], uint64(len(p)))
			tail = append(append(tail, n[:]...), p...)
			tail = append(tail, make([]byte, (32-len(p)%32)%32)...)
		case tuple:
			binary.BigEndian.PutUint64(w[24:], uint64(32*len(parts)+len(tail)))
			tail = append(tail, p...)
		default:
			panic(fmt.Sprintf("%T", p))
		}
		head = append(head, w[:]...)
	}
	return append(head, tail...)
}

// A tuple is the words of a struct that holds something of variable length.
type tuple []byte

func hashOf(b byte) fundtrail.Hash { return fundtrail.Hash{31: b} }

func wordOf(p any) fundtrail.Hash { return fundtrail.Hash(abi(p)) }

// pack writes Poly's encoding.
func pack(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			if len(p) < 0xfd {
				b = append(b, byte(len(p)))
			} else {
				b = binary.LittleEndian.AppendUint16(append(b, 0xfd), uint16(len(p)))
			}
			b = append(b, p...)
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, p)
		case [32]byte:
			b = append(b, p[:]...)
		}
	}
	return b
}

var (
	bridgeAt = who("bridge")
	ann      = who("ann").String()
	bob      = who("bob").String()
	tok      = who("TOK").String()
)

func polyMessageOf(amount byte) []byte {
	args := pack(who("DST").Payload(), who("bob").Payload(), [32]byte{amount})
	return pack([]byte{9: 7}, []byte{5}, who("lock").Payload(), uint64(17), who("there").Payload(), []byte("unlock"), args)
}

func nomadMessageOf(amount byte) []byte {
	u32 := func(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
	h := func(a fundtrail.Address) []byte { return abi(a) }
	return slices.Concat(u32(6648936), h(who("router")), u32(77), u32(1650811245), h(who("router")),
		u32(6648936), h(who("TOK")), []byte{3}, h(who("bob")), abi(int(amount)), abi(0))
}

// A legCase is an event and the leg that it is. All are constructed from the contracts'
// published signatures: the data at hand holds no logs of these bridges.
type legCase struct {
	name, protocol, signature string
	topics                    []fundtrail.Hash
	data                      []byte
	want                      Leg
}

var legCases = slices.Concat(firstLegCases, laterLegCases)

var firstLegCases = []legCase{
	{"celer send", celer, "Send(bytes32,address,address,address,uint256,uint64,uint64,uint32)", nil,
		abi(hashOf(1), who("ann"), who("bob"), who("TOK"), 50, 137, 8, 5000),
		Leg{Side: Enters, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "polygon"}},
	{"celer relay", celer, "Relay(bytes32,address,address,address,uint256,uint64,bytes32)", nil,
		abi(hashOf(9), who("ann"), who("bob"), who("TOK"), 50, 56, hashOf(1)),
		Leg{Side: Leaves, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "bsc"}},
	{"celer deposited", celer, "Deposited(bytes32,address,address,uint256,uint64,address)", nil,
		abi(hashOf(1), who("ann"), who("TOK"), 50, 137, who("bob")),
		Leg{Side: Enters, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "polygon"}},
	{"celer mint", celer, "Mint(bytes32,address,address,uint256,uint64,bytes32,address)", nil,
		abi(hashOf(9), who("TOK"), who("bob"), 50, 592, hashOf(1), who("ann")),
		Leg{Side: Leaves, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "evm-592"}},
	{"celer burn", celer, "Burn(bytes32,address,address,uint256,address)", nil,
		abi(hashOf(1), who("TOK"), who("ann"), 50, who("bob")),
		Leg{Side: Enters, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}},
	{"celer burn 2", celer, "Burn(bytes32,address,address,uint256,uint64,address,uint64)", nil,
		abi(hashOf(1), who("TOK"), who("ann"), 50, 10, who("bob"), 4),
		Leg{Side: Enters, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"celer withdrawn", celer, "Withdrawn(bytes32,address,address,uint256,uint64,bytes32,address)", nil,
		abi(hashOf(9), who("bob"), who("TOK"), 50, 1, hashOf(1), who("ann")),
		Leg{Side: Leaves, ID: hexText(abi(1)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth"}},
	{"multichain out", multichain, "LogAnySwapOut(address,address,address,uint256,uint256,uint256)",
		[]fundtrail.Hash{wordOf(who("TOK")), wordOf(who("ann")), wordOf(who("bob"))}, abi(50, 1, 56),
		Leg{Side: Enters, ID: hexText(abi(42)), Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "bsc"}},
	{"multichain in", multichain, "LogAnySwapIn(bytes32,address,address,uint256,uint256,uint256)",
		[]fundtrail.Hash{hashOf(1), wordOf(who("TOK")), wordOf(who("bob"))}, abi(50, 137, 1),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "polygon"}},
	{"poly", poly, "CrossChainEvent(address,bytes,address,uint64,bytes,bytes)", []fundtrail.Hash{wordOf(who("ann"))},
		abi([]byte{9: 7}, who("lock"), 17, who("there").Payload(), polyMessageOf(50)),
		Leg{Side: Enters, ID: "eth:0x00000000000000000007", Recipient: bob, PeerToken: who("DST").String(), Amount: fundtrail.NewAmount(50), Peer: "polygon"}},
	{"nomad dispatch", nomad, "Dispatch(bytes32,uint256,uint64,bytes32,bytes)", []fundtrail.Hash{hashOf(1), hashOf(2), hashOf(3)},
		abi(hashOf(4), nomadMessageOf(50)),
		Leg{Side: Enters, ID: "77", Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "moonbeam"}},
	{"nomad receive", nomad, "Receive(uint64,address,address,address,uint256)",
		[]fundtrail.Hash{wordOf(uint64(1650811245)<<32 | 77), wordOf(who("TOK")), wordOf(who("bob"))}, abi(0, 50),
		Leg{Side: Leaves, ID: "77", Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "moonbeam"}},
	{"ronin deposit", ronin, "TokenDeposited(uint256,address,address,address,uint32,uint256)",
		[]fundtrail.Hash{hashOf(5), wordOf(who("ann")), wordOf(who("TOK"))}, abi(who("bob"), 20, 50),
		Leg{Side: Enters, ID: "deposit-5", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "ronin"}},
	{"ronin withdrawal", ronin, "TokenWithdrew(uint256,address,address,uint256)",
		[]fundtrail.Hash{hashOf(5), wordOf(who("bob")), wordOf(who("TOK"))}, abi(50),
		Leg{Side: Leaves, ID: "5", Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "ronin"}},
	{"thorchain in", thorchain, "Deposit(address,address,uint256,string)", []fundtrail.Hash{wordOf(who("vault")), wordOf(who("TOK"))},
		abi(50, []byte("=:BTC.BTC:bc1qbob")),
		Leg{Side: Enters, ID: hexText(abi(42)), Recipient: "bc1qbob", Token: tok, Amount: fundtrail.NewAmount(50), Peer: "btc"}},
	{"thorchain out", thorchain, "TransferOut(address,address,address,uint256,string)", []fundtrail.Hash{wordOf(who("vault")), wordOf(who("bob"))},
		abi(0, 50, []byte("OUT:"+strings.Repeat("00", 31)+"01")),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Amount: fundtrail.NewAmount(50)}},
}

func legTx(protocol, signature string, topics []fundtrail.Hash, data []byte) (*fundtrail.Transaction, Emitters) {
	return &fundtrail.Transaction{
		ID:     fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: hashOf(42)},
		Block:  fundtrail.Block{Time: time.Unix(1_650_000_000, 0).UTC()},
		Events: []fundtrail.Event{{Contract: bridgeAt, Topics: append([]fundtrail.Hash{topic(signature)}, topics...), Data: data}},
	}, Emitters{bridgeAt: protocol}
}

func TestLegs(t *testing.T) {
	for _, c := range legCases {
		t.Run(c.name, func(t *testing.T) {
			tx, from := legTx(c.protocol, c.signature, c.topics, c.data)
			c.want.Protocol, c.want.Tx, c.want.Time, c.want.Contract = c.protocol, tx.ID, tx.Block.Time, bridgeAt
			got, err := Legs(tx, from)
			if err != nil || len(got) != 1 || got[0] != c.want {
				t.Fatalf("%v\n got %+v\nwant %+v", err, got, c.want)
			}
			// Anybody's contract can say the same.
			if got, err := Legs(tx, Emitters{who("else"): c.protocol}); len(got) != 0 || err != nil {
				t.Errorf("of a contract that is not listed: %+v, %v", got, err)
			}
			if got, _ := Legs(tx, Emitters{bridgeAt: "another"}); len(got) != 0 {
				t.Errorf("of another protocol: %+v", got)
			}
			// Cut anywhere, it is an error, and never half a leg.
			for n := range len(c.data) - 31 {
				tx.Events[0].Data = c.data[:n]
				if got, err := Legs(tx, from); !errors.Is(err, fundtrail.ErrInvalid) || len(got) != 0 {
					t.Fatalf("cut at %d of %d: %+v, %v", n, len(c.data), got, err)
				}
			}
			tx.Events[0].Data = c.data
			if len(c.topics) > 0 && c.protocol != poly && c.name != "nomad dispatch" {
				tx.Events[0].Topics = tx.Events[0].Topics[:1]
				if got, err := Legs(tx, from); !errors.Is(err, fundtrail.ErrInvalid) || len(got) != 0 {
					t.Errorf("without topics: %+v, %v", got, err)
				}
			}
		})
	}
}

// TestLegRecord: a leg names the one transfer that carried its value.
func TestLegRecord(t *testing.T) {
	c := legCases[1] // celer relay
	tx, from := legTx(c.protocol, c.signature, c.topics, c.data)
	moves := txOf("bridge -> bob 50 TOK\nbridge -> cat 50 TOK\nbridge -> bob 49 TOK\nfee ann")
	tx.Transfers = moves.Transfers
	got, err := Legs(tx, from)
	if err != nil || len(got) != 1 || got[0].Record.Transfer.Index != fundtrail.LogIndex || got[0].Record.Transfer.Tx.IsZero() {
		t.Fatalf("%+v %v", got, err)
	}
	tx.Transfers = append(tx.Transfers, txOf("bridge -> bob 50 TOK").Transfers...)
	if got, _ = Legs(tx, from); !got[0].Record.Transfer.Tx.IsZero() {
		t.Errorf("of two it names one: %+v", got[0].Record)
	}
}

// TestPolyLock: the lock event beside a message says sender and token.
func TestPolyLock(t *testing.T) {
	c := legCases[9]
	tx, from := legTx(c.protocol, c.signature, c.topics, c.data)
	tx.Events = append(tx.Events, fundtrail.Event{Contract: who("lock"), Topics: []fundtrail.Hash{polyLock}, Data: abi(who("TOK"), who("ann"), 17, []byte{}, []byte{}, 50)})
	got, err := Legs(tx, from)
	if err != nil || got[0].Token != tok || got[0].Sender != ann {
		t.Errorf("%+v %v", got, err)
	}
}

func TestCallLeg(t *testing.T) {
	sel := func(s string) []byte { x := selector(s); return x[:] }
	field := func(n int, b []byte) []byte { return append([]byte{byte(n<<3 | 2), byte(len(b))}, b...) }
	relay := slices.Concat(field(1, who("ann").Payload()), field(2, who("bob").Payload()), field(3, who("TOK").Payload()), field(4, []byte{50}),
		[]byte{5 << 3, 1, 6 << 3, 0x89, 1}, field(7, abi(1)))
	mint := slices.Concat(field(1, who("TOK").Payload()), field(2, who("bob").Payload()), field(3, []byte{50}), field(4, who("ann").Payload()), []byte{5 << 3, 1}, field(6, abi(1)))
	value := pack([]byte{1, 2}, uint64(2), []byte{9: 7}, []byte{5}, who("lock").Payload(), uint64(17), who("there").Payload(), []byte("unlock"),
		pack(who("DST").Payload(), who("bob").Payload(), [32]byte{50}))
	for _, c := range []struct {
		name string
		data []byte
		want Leg
	}{
		{"relay", append(sel("relay(bytes,bytes[],address[],uint256[])"), abi(relay, []byte{}, []byte{}, []byte{})...),
			Leg{Protocol: celer, Side: Leaves, Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth", ID: hexText(abi(1))}},
		{"mint", append(sel("mint(bytes,bytes[],address[],uint256[])"), abi(mint, []byte{}, []byte{}, []byte{})...),
			Leg{Protocol: celer, Side: Leaves, Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth", ID: hexText(abi(1))}},
		{"anySwapIn", append(sel("anySwapInAuto(bytes32,address,address,uint256,uint256)"), abi(hashOf(1), who("TOK"), who("bob"), 50, 1)...),
			Leg{Protocol: multichain, Side: Leaves, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth", ID: hexText(abi(1))}},
		{"execute", append(sel("verifyHeaderAndExecuteTx(bytes,bytes,bytes,bytes,bytes)"), abi(pack(value, []byte{1}), []byte{}, []byte{}, []byte{}, []byte{})...),
			Leg{Protocol: poly, Side: Leaves, Recipient: bob, Token: who("DST").String(), Amount: fundtrail.NewAmount(50), Peer: "eth", ID: "eth:0x00000000000000000007"}},
	} {
		tx := fundtrail.TxID{Chain: fundtrail.Polygon, Hash: hashOf(3)}
		c.want.Tx = tx
		got, err := CallLeg(tx, c.data)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, err, got, c.want)
		}
		for n := range 132 {
			if got, err := CallLeg(tx, c.data[:n]); err == nil || got != (Leg{}) {
				t.Fatalf("%s cut at %d: %+v", c.name, n, got)
			}
		}
	}
	if _, err := CallLeg(fundtrail.TxID{}, []byte{1, 2, 3, 4}); !errors.Is(err, fundtrail.ErrNotFound) {
		t.Errorf("an unknown call: %v", err)
	}
}

func FuzzLegs(f *testing.F) {
	for i, c := range legCases {
		f.Add(byte(i), c.data)
		f.Add(byte(i), abi(stargatePacket(7)))
	}
	f.Fuzz(func(t *testing.T, i byte, data []byte) {
		c := legCases[int(i)%len(legCases)]
		tx, from := legTx(c.protocol, c.signature, c.topics, data)
		if c.protocol == stargate { // LayerZero's events beside it
			e := tx.Events[0]
			before := fundtrail.Event{Contract: e.Contract, Topics: []fundtrail.Hash{layerZeroReceived, hashOf(101), wordOf(who("gs"))}, Data: data}
			after := fundtrail.Event{Contract: e.Contract, Topics: []fundtrail.Hash{layerZeroPacket}, Data: data}
			tx.Events = []fundtrail.Event{before, e, after}
		}
		legs, err := Legs(tx, from)
		if err != nil && !errors.Is(err, fundtrail.ErrInvalid) || err != nil && len(legs) > 0 {
			t.Fatal(legs, err)
		}
		for _, l := range legs {
			if l.ID == "" && l.Recipient == "" && l.Sender == "" || l.Protocol != c.protocol {
				t.Fatalf("%+v", l)
			}
		}
	})
}

func FuzzCallLeg(f *testing.F) {
	for s := range calls {
		f.Add(append(s[:], abi(hashOf(1), who("TOK"), who("bob"), 50, 1)...))
		f.Add(append(s[:], abi(pack(pack([]byte{1}, uint64(2), []byte{3}), []byte{1}), []byte{}, []byte{}, []byte{})...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := CallLeg(fundtrail.TxID{Chain: fundtrail.Polygon}, data)
		if err != nil {
			if l != (Leg{}) || !errors.Is(err, fundtrail.ErrInvalid) && !errors.Is(err, fundtrail.ErrNotFound) {
				t.Fatal(l, err)
			}
		} else if l.ID == "" || l.Recipient == "" || l.Side != Leaves {
			t.Fatalf("%+v", l)
		}
	})
}

// randomLegs makes passages of few recipients, so that they are easily confused.
func randomLegs(r *rand.Rand, n int) (deposits, withdrawals []Leg) {
	for i := range n {
		at := time.Unix(1_650_000_000+r.Int64N(200_000), 0).UTC()
		d := Leg{Protocol: "nomad", Tx: fundtrail.TxID{Chain: "moonbeam", Hash: hashOf(byte(i))}, Time: at, Peer: fundtrail.Ethereum,
			Recipient: fmt.Sprint("0x", r.IntN(4)), Token: "0xt", PeerToken: "0xu", Amount: fundtrail.NewAmount(uint64(1 + r.IntN(5)))}
		w := d
		w.Side, w.Tx, w.Peer, w.Token, w.PeerToken = Leaves, fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: hashOf(byte(i))}, "moonbeam", "0xu", ""
		w.Time = at.Add(time.Duration(r.Int64N(20_000)) * time.Second)
		if r.IntN(2) == 0 {
			d.ID, w.ID = fmt.Sprint(i), fmt.Sprint(i)
		}
		if r.IntN(8) > 0 {
			deposits = append(deposits, d)
		}
		if r.IntN(8) > 0 {
			withdrawals = append(withdrawals, w)
		}
	}
	return deposits, withdrawals
}

// TestPairProperties: each leg is used once, the order of legs is irrelevant, a pair by
// id has one id, and probabilities are such.
func TestPairProperties(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		ds, ws := randomLegs(r, 30)
		say := func(ds, ws []Leg) (lines []string) {
			usedD, usedW := map[int]bool{}, map[int]bool{}
			for _, m := range Pair(ds, ws, PairOptions{Floor: 0.01}) {
				if usedD[m.Deposit] || usedW[m.Withdrawal] {
					t.Fatal("a leg is used twice")
				}
				usedD[m.Deposit], usedW[m.Withdrawal] = true, true
				d, w := ds[m.Deposit], ws[m.Withdrawal]
				if m.Method == PairedByID && (d.ID != w.ID || d.ID == "") || d.Recipient != w.Recipient || w.Time.Before(d.Time) {
					t.Fatalf("%+v\n%+v\n%+v", m, d, w)
				}
				sum := m.Probability
				for _, o := range m.Others {
					sum += o.Probability
				}
				if m.Probability <= 0 || m.Probability > 1 || sum > 1.1 {
					t.Fatalf("probabilities sum to %v: %+v", sum, m)
				}
				lines = append(lines, fmt.Sprintf("%s %s %s %.9f", d.Tx, w.Tx, m.Method, m.Probability))
			}
			slices.Sort(lines)
			return lines
		}
		want := say(ds, ws)
		r.Shuffle(len(ds), func(i, j int) { ds[i], ds[j] = ds[j], ds[i] })
		r.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
		if got := say(ds, ws); !slices.Equal(got, want) {
			t.Fatalf("seed %d: another order, other pairs:\n%s\n%s", seed, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		// The same facts told twice are the same facts.
		if got := say(append(ds, ds[0]), ws); !slices.Equal(got, want) {
			t.Fatalf("seed %d: a deposit told twice changes the pairs", seed)
		}
	}
}

// TestPairExact: on a small group the weights of all assignments can be summed; where
// candidates form no cycle, weigh gives the same to nine places.
func TestPairExact(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(1_650_000_000+s, 0).UTC() }
	leg := func(side Side, n byte, s int64, amount uint64) Leg {
		l := Leg{Protocol: "x", Side: side, Tx: fundtrail.TxID{Chain: "moonbeam", Hash: hashOf(n)}, Time: at(s), Recipient: "0x1", Amount: fundtrail.NewAmount(amount)}
		if side == Leaves {
			l.Tx.Chain = fundtrail.Ethereum
		}
		return l
	}
	// The second deposit is too late for the first withdrawal.
	ds := []Leg{leg(Enters, 1, 0, 1_000_000), leg(Enters, 2, 5000, 1_000_000)}
	ws := []Leg{leg(Leaves, 3, 4000, 999_000), leg(Leaves, 4, 9000, 999_000)}
	weight := func(d, w int) float64 {
		return DefaultOdds.weight(lossBin(ds[d].Amount, ws[w].Amount), waitBin(ds[d].Time, ws[w].Time)) / DefaultOdds.Absent
	}
	a, b, c := weight(0, 0), weight(0, 1), weight(1, 1)
	total := 1 + a + b + c + a*c
	want := map[int]float64{0: (a + a*c) / total, 1: (c + a*c) / total}
	for _, m := range Pair(ds, ws, PairOptions{}) {
		if m.Deposit != m.Withdrawal {
			t.Errorf("%+v", m)
		}
		if d := m.Probability - want[m.Withdrawal]; d > 1e-9 || d < -1e-9 {
			t.Errorf("withdrawal %d: %v, want %v", m.Withdrawal, m.Probability, want[m.Withdrawal])
		}
	}
}

// TestPairCrowd: a recipient with more deposits than are looked at is paired all the same.
func TestPairCrowd(t *testing.T) {
	const n = maxScan + 900
	var ds, ws []Leg
	for i := range n {
		l := Leg{Protocol: "x", Tx: fundtrail.TxID{Chain: "moonbeam", Hash: fundtrail.Hash{byte(i >> 8), byte(i)}}, Time: time.Unix(int64(1_650_000_000+i*600), 0).UTC(),
			Recipient: "0xcrowd", Amount: fundtrail.NewAmount(uint64(1_000_000 + i))}
		ds = append(ds, l)
		l.Side, l.Tx.Chain, l.Time = Leaves, fundtrail.Ethereum, l.Time.Add(20*time.Minute)
		if i%50 == 0 {
			ws = append(ws, l)
		}
	}
	m := Pair(ds, ws, PairOptions{})
	if len(m) < len(ws)*99/100 {
		t.Fatalf("%d of %d paired", len(m), len(ws))
	}
	for _, x := range m {
		if x.Deposit != x.Withdrawal*50 {
			t.Errorf("withdrawal %d: deposit %d at %v", x.Withdrawal, x.Deposit, x.Probability)
		}
	}
}

// TestPairByID: an id pairs once, and with the deposit's own details alone.
func TestPairByID(t *testing.T) {
	leg := func(side Side, n byte, id, to string, amount uint64) Leg {
		l := Leg{Protocol: "x", Side: side, Tx: fundtrail.TxID{Chain: "moonbeam", Hash: hashOf(n)}, Time: time.Unix(1_650_000_000+int64(n), 0), ID: id, Recipient: to, Amount: fundtrail.NewAmount(amount)}
		if side == Leaves {
			l.Tx.Chain = fundtrail.Ethereum
		}
		return l
	}
	for _, c := range []struct {
		name   string
		ds, ws []Leg
		want   map[int]int
	}{
		{"one", []Leg{leg(Enters, 1, "7", "a", 100)}, []Leg{leg(Leaves, 2, "7", "a", 99)}, map[int]int{0: 0}},
		{"paid twice", []Leg{leg(Enters, 1, "7", "a", 100)}, []Leg{leg(Leaves, 3, "7", "a", 100), leg(Leaves, 2, "7", "a", 100)}, map[int]int{1: 0}},
		{"to another, whom another deposit would fit", []Leg{leg(Enters, 1, "7", "a", 100), leg(Enters, 1, "8", "e", 100)}, []Leg{leg(Leaves, 2, "7", "e", 100)}, nil},
		{"hundreds of times more", []Leg{leg(Enters, 1, "7", "a", 1_000_000)}, []Leg{leg(Leaves, 2, "7", "a", 300_000_000)}, nil},
		{"of a token with more decimals", []Leg{leg(Enters, 1, "7", "a", 1_000_000)}, []Leg{leg(Leaves, 2, "7", "a", 999_000_000_000_000_000)}, map[int]int{0: 0}},
		{"of another protocol", []Leg{leg(Enters, 1, "7", "a", 100)}, []Leg{func() Leg { l := leg(Leaves, 2, "7", "a", 100); l.Protocol = "y"; return l }()}, nil},
		{"two of one transaction", []Leg{leg(Enters, 1, "t", "a", 100), leg(Enters, 1, "t", "b", 50)}, []Leg{leg(Leaves, 2, "t", "b", 50), leg(Leaves, 3, "t", "a", 100)}, map[int]int{0: 1, 1: 0}},
	} {
		got := map[int]int{}
		for _, m := range Pair(c.ds, c.ws, PairOptions{}) {
			got[m.Withdrawal] = m.Deposit
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestLegsForeign: what has another form than a leg of value is refused, not read wrong.
func TestLegsForeign(t *testing.T) {
	dirty := abi(hashOf(1), who("ann"), who("bob"), who("TOK"), 50, 137, 8, 5000)
	dirty[32] = 1 // above the sender's 20 bytes
	message := nomadMessageOf(50)
	message[112] = 7 // a message that is no transfer
	short := append([]byte{1<<3 | 2, 19}, make([]byte, 19)...)
	relay := selector("relay(bytes,bytes[],address[],uint256[])")
	for name, c := range map[string]struct {
		protocol, signature string
		topics              []fundtrail.Hash
		data                []byte
	}{
		"dirty address": {celer, legCases[0].signature, nil, dirty},
		"nomad message": {nomad, "Dispatch(bytes32,uint256,uint64,bytes32,bytes)", legCases[10].topics, abi(hashOf(4), message)},
		"ronin item":    {ronin, "TokenDeposited(uint256,address,address,address,uint32,uint256)", legCases[12].topics, abi(who("bob"), 721, 50)},
		"thor memo":     {thorchain, "Deposit(address,address,uint256,string)", legCases[14].topics, abi(50, []byte("hello"))},
	} {
		tx, from := legTx(c.protocol, c.signature, c.topics, c.data)
		if got, err := Legs(tx, from); !errors.Is(err, fundtrail.ErrInvalid) || len(got) != 0 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if l, err := CallLeg(fundtrail.TxID{}, append(relay[:], abi(short, []byte{}, []byte{}, []byte{})...)); !errors.Is(err, fundtrail.ErrInvalid) || !strings.Contains(err.Error(), "19 bytes") {
		t.Errorf("an address of 19 bytes: %+v %v", l, err)
	}
	// Liquidity for THORChain is a good memo and no leg.
	tx, from := legTx(thorchain, "Deposit(address,address,uint256,string)", legCases[14].topics, abi(50, []byte("ADD:BTC.BTC")))
	if got, err := Legs(tx, from); err != nil || len(got) != 0 {
		t.Errorf("liquidity: %+v %v", got, err)
	}
}
