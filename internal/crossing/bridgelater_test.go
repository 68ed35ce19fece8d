package crossing

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// wormholePayload is payload 1, or 3 where there is something for the recipient.
func wormholePayload(amount byte, home, to uint16, more ...byte) []byte {
	u16 := func(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }
	kind, last := byte(1), abi(0)
	if len(more) > 0 {
		kind, last = 3, append(abi(who("ann")), more...)
	}
	return slices.Concat([]byte{kind}, abi(int(amount)), abi(who("TOK")), u16(home), abi(who("bob")), u16(to), last)
}

// stargatePacket is LayerZero's packet of a swap for bob, from eth (101) to bsc (102).
func stargatePacket(nonce uint64) []byte {
	swap := abi(1, 2, 3, 0, 0, 0, 45, 1, 0, 2, 2, 0, who("bob").Payload(), []byte{})
	return slices.Concat(binary.BigEndian.AppendUint64(nil, nonce), []byte{0, 101}, who("sg").Payload(), []byte{0, 102}, who("gs").Payload(), swap)
}

var kappaOf42 = hexText(slices.Clone(func() []byte { h := topic("0x" + strings.Repeat("00", 31) + "2a"); return h[:] }()))

var laterLegCases = []legCase{
	{"wormhole, of this chain's token", wormhole, "LogMessagePublished(address,uint64,uint32,bytes,uint8)", []fundtrail.Hash{wordOf(bridgeAt)},
		abi(7, 0, wormholePayload(50, 2, 5), 1),
		Leg{Side: Enters, ID: "2/" + hexText(abi(bridgeAt)) + "/7", Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "polygon", Coarse: true}},
	{"wormhole, with a payload, of the other chain's token", wormhole, "LogMessagePublished(address,uint64,uint32,bytes,uint8)", []fundtrail.Hash{wordOf(bridgeAt)},
		abi(7, 0, wormholePayload(50, 5, 5, 1, 2, 3), 1),
		Leg{Side: Enters, ID: "2/" + hexText(abi(bridgeAt)) + "/7", Sender: ann, Recipient: bob, Token: "?", PeerToken: tok, Amount: fundtrail.NewAmount(50), Peer: "polygon", Coarse: true}},
	{"wormhole redeemed", wormhole, "TransferRedeemed(uint16,bytes32,uint64)", []fundtrail.Hash{hashOf(5), wordOf(bridgeAt), hashOf(7)}, nil,
		Leg{Side: Leaves, ID: "5/" + hexText(abi(bridgeAt)) + "/7", Token: "?", Peer: "polygon", Coarse: true}},
	{"stargate swap, alone", stargate, "Swap(uint16,uint256,address,uint256,uint256,uint256,uint256,uint256)", nil, abi(102, 2, who("ann"), 45, 0, 1, 2, 2),
		Leg{Side: Enters, Sender: ann, Token: "?", Amount: fundtrail.NewAmount(50), Peer: "bsc", Coarse: true}},
	{"stargate paid, alone", stargate, "SwapRemote(address,uint256,uint256,uint256)", nil, abi(who("bob"), 50, 0, 0),
		Leg{Side: Leaves, Recipient: bob, Token: "?", Amount: fundtrail.NewAmount(50), Coarse: true}},
	{"stargate 2 sent", stargate, "OFTSent(bytes32,uint32,address,uint256,uint256)", []fundtrail.Hash{hashOf(1), wordOf(who("ann"))}, abi(30110, 50, 49),
		Leg{Side: Enters, ID: hexText(abi(1)), Sender: ann, Token: "?", Amount: fundtrail.NewAmount(50), Peer: "arbitrum"}},
	{"stargate 2 sent by bus", stargate, "OFTSent(bytes32,uint32,address,uint256,uint256)", []fundtrail.Hash{{}, wordOf(who("ann"))}, abi(30110, 50, 49),
		Leg{Side: Enters, Sender: ann, Token: "?", Amount: fundtrail.NewAmount(50), Peer: "arbitrum"}},
	{"stargate 2 received", stargate, "OFTReceived(bytes32,uint32,address,uint256)", []fundtrail.Hash{hashOf(1), wordOf(who("bob"))}, abi(30101, 50),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: "?", Amount: fundtrail.NewAmount(50), Peer: "eth"}},
	{"synapse deposit", synapse, "TokenDeposit(address,uint256,address,uint256)", []fundtrail.Hash{wordOf(who("bob"))}, abi(42161, who("TOK"), 50),
		Leg{Side: Enters, ID: kappaOf42, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "arbitrum"}},
	{"synapse redeem", synapse, "TokenRedeem(address,uint256,address,uint256)", []fundtrail.Hash{wordOf(who("bob"))}, abi(56, who("TOK"), 50),
		Leg{Side: Enters, ID: kappaOf42, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "bsc"}},
	{"synapse redeem 2", synapse, "TokenRedeemV2(bytes32,uint256,address,uint256)", []fundtrail.Hash{{0: 1, 31: 2}}, abi(56, who("TOK"), 50),
		Leg{Side: Enters, ID: kappaOf42, Recipient: "0x01" + strings.Repeat("00", 30) + "02", Token: tok, Amount: fundtrail.NewAmount(50), Peer: "bsc"}},
	{"synapse deposit and swap", synapse, "TokenDepositAndSwap(address,uint256,address,uint256,uint8,uint8,uint256,uint256)", []fundtrail.Hash{wordOf(who("bob"))},
		abi(42161, who("TOK"), 50, 0, 1, 49, 9),
		Leg{Side: Enters, ID: kappaOf42, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "arbitrum"}},
	{"synapse redeem and remove", synapse, "TokenRedeemAndRemove(address,uint256,address,uint256,uint8,uint256,uint256)", []fundtrail.Hash{wordOf(who("bob"))},
		abi(1, who("TOK"), 50, 0, 49, 9),
		Leg{Side: Enters, ID: kappaOf42, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth"}},
	{"synapse withdraw", synapse, "TokenWithdraw(address,address,uint256,uint256,bytes32)", []fundtrail.Hash{wordOf(who("bob")), hashOf(1)}, abi(who("TOK"), 53, 3),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}},
	{"synapse mint", synapse, "TokenMint(address,address,uint256,uint256,bytes32)", []fundtrail.Hash{wordOf(who("bob")), hashOf(1)}, abi(who("TOK"), 50, 3),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}},
	{"synapse mint and swap", synapse, "TokenMintAndSwap(address,address,uint256,uint256,uint8,uint8,uint256,uint256,bool,bytes32)",
		[]fundtrail.Hash{wordOf(who("bob")), hashOf(1)}, abi(who("TOK"), 50, 3, 0, 1, 49, 9, 1),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: "?", Amount: fundtrail.NewAmount(50)}},
	{"synapse mint, the swap failed", synapse, "TokenMintAndSwap(address,address,uint256,uint256,uint8,uint8,uint256,uint256,bool,bytes32)",
		[]fundtrail.Hash{wordOf(who("bob")), hashOf(1)}, abi(who("TOK"), 50, 3, 0, 1, 49, 9, 0),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50)}},
	{"synapse withdraw and remove", synapse, "TokenWithdrawAndRemove(address,address,uint256,uint256,uint8,uint256,uint256,bool,bytes32)",
		[]fundtrail.Hash{wordOf(who("bob")), hashOf(1)}, abi(who("TOK"), 50, 3, 0, 49, 9, 1),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: "?", Amount: fundtrail.NewAmount(50)}},
	{"across deposit", across, acrossDeposited, []fundtrail.Hash{hashOf(7), wordOf(who("TOK")), wordOf(who("ann"))},
		abi(50, 10, 1, 0, 1_660_000_000, who("bob")),
		Leg{Side: Enters, ID: "10/7", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth"}},
	{"across deposit with a message", across, acrossDepositedWith, []fundtrail.Hash{hashOf(1), hashOf(7), wordOf(who("ann"))},
		abi(50, 10, 0, 1_690_000_000, who("TOK"), who("bob"), []byte("hi")),
		Leg{Side: Enters, ID: "10/7", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "eth"}},
	{"across fill", across, acrossFilled, []fundtrail.Hash{wordOf(who("relayer")), wordOf(who("ann"))},
		// 100 of which 30 % and 20 % are fees
		abi(100, 100, 100, 1, 10, 1, uint64(3e17), uint64(3e17), uint64(2e17), 7, who("TOK"), who("bob"), 0),
		Leg{Side: Leaves, ID: "10/7", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"across fill with a message", across, acrossFilledWith, []fundtrail.Hash{hashOf(10), hashOf(7), wordOf(who("ann"))},
		abi(100, 100, 100, 1, 1, uint64(1e17), uint64(2e17), who("TOK"), who("relayer"), who("cat"), []byte("hi"),
			tuple(abi(who("bob"), []byte{}, uint64(3e17), 0, 0))),
		Leg{Side: Leaves, ID: "10/7", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"across 3 deposit", across, acrossDeposited3, []fundtrail.Hash{hashOf(10), hashOf(7), wordOf(who("ann"))},
		abi(who("TOK"), who("DST"), 50, 49, 1, 2, 3, who("bob"), 0, []byte{}),
		Leg{Side: Enters, ID: "1/7", Sender: ann, Recipient: bob, Token: tok, PeerToken: who("DST").String(), Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"across 3 deposit, the counterpart of its token", across, acrossDeposited3, []fundtrail.Hash{hashOf(10), hashOf(7), wordOf(who("ann"))},
		abi(who("TOK"), 0, 50, 49, 1, 2, 3, who("bob"), 0, []byte("do this")),
		Leg{Side: Enters, ID: "1/7", Sender: ann, Recipient: bob, Token: tok, Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"across 3 fill", across, acrossFilled3, []fundtrail.Hash{hashOf(10), hashOf(7), wordOf(who("relayer"))},
		abi(who("SRC"), who("TOK"), 51, 50, 1, 2, 3, 0, who("ann"), who("bob"), []byte{}, tuple(abi(who("bob"), []byte{}, 50, 0))),
		Leg{Side: Leaves, ID: "10/7", Sender: ann, Recipient: bob, Token: tok, PeerToken: who("SRC").String(), Amount: fundtrail.NewAmount(50), Peer: "optimism"}},
	{"ren burn", ren, "LogBurn(bytes,uint256,uint256,bytes)", []fundtrail.Hash{hashOf(9), hashOf(1)}, abi([]byte("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"), 50),
		Leg{Side: Enters, ID: "burn/" + bridgeAt.String() + "/9", Recipient: "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", Token: "?", Amount: fundtrail.NewAmount(50), Peer: "btc"}},
	{"ren burn to an address of two chains", ren, "LogBurn(bytes,uint256,uint256,bytes)", []fundtrail.Hash{hashOf(9), hashOf(1)}, abi([]byte("1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), 50),
		Leg{Side: Enters, ID: "burn/" + bridgeAt.String() + "/9", Recipient: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Token: "?", Amount: fundtrail.NewAmount(50)}},
	{"ren burn to a chain", ren, "LogBurnToChain(string,string,bytes,uint256,uint256,string,string)", []fundtrail.Hash{hashOf(9), hashOf(1), hashOf(2)},
		abi([]byte("1BoatSLRHtKNngkdXEeobR76b53LETtpyT"), []byte("BitcoinCash"), []byte{}, 50),
		Leg{Side: Enters, ID: "burn/" + bridgeAt.String() + "/9", Recipient: "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", Token: "?", Amount: fundtrail.NewAmount(50), Peer: "bch"}},
	{"ren mint", ren, "LogMint(address,uint256,uint256,bytes32)", []fundtrail.Hash{wordOf(who("bob")), hashOf(1), hashOf(2)}, abi(50),
		Leg{Side: Leaves, ID: "mint/" + hexText(abi(2)), Recipient: bob, Token: "?", Amount: fundtrail.NewAmount(50)}},
	{"avalanche mint", avalanche, "Mint(address,uint256,address,uint256,bytes32)", nil, abi(who("bob"), 50, who("fee"), 3, hashOf(1)),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: bridgeAt.String(), Amount: fundtrail.NewAmount(50)}},
	{"avalanche mint of bitcoin", avalanche, "Mint(address,uint256,address,uint256,bytes32,uint256)", nil, abi(who("bob"), 50, who("fee"), 3, hashOf(1), 0),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: bridgeAt.String(), Amount: fundtrail.NewAmount(50)}},
	{"avalanche unwrap", avalanche, "Unwrap(uint256,uint256)", nil, abi(50, 0),
		Leg{Side: Enters, ID: hexText(abi(42)), Token: bridgeAt.String(), Amount: fundtrail.NewAmount(50)}},
	{"avalanche swap in", avalanche, "Swapin(bytes32,address,uint256)", []fundtrail.Hash{hashOf(1), wordOf(who("bob"))}, abi(50),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Token: bridgeAt.String(), Amount: fundtrail.NewAmount(50)}},
	{"avalanche swap out", avalanche, "Swapout(address,address,uint256)", []fundtrail.Hash{wordOf(who("ann")), wordOf(who("bob"))}, abi(50),
		Leg{Side: Enters, ID: hexText(abi(42)), Sender: ann, Recipient: bob, Token: bridgeAt.String(), Amount: fundtrail.NewAmount(50)}},
	{"thorchain out and call", thorchain, "TransferOutAndCall(address,address,uint256,address,address,uint256,string)", []fundtrail.Hash{wordOf(who("vault"))},
		abi(who("aggregator"), 50, who("TOK"), who("bob"), 1, []byte("OUT:"+strings.Repeat("00", 31)+"01")),
		Leg{Side: Leaves, ID: hexText(abi(1)), Recipient: bob, Amount: fundtrail.NewAmount(50)}},
}

// TestStargatePath: LayerZero's events beside a pool's number the passage on both sides
// alike; those of a contract that is not listed count for nothing.
func TestStargatePath(t *testing.T) {
	endpoint := who("endpoint")
	event := func(at fundtrail.Address, signature string, data []byte, topics ...fundtrail.Hash) fundtrail.Event {
		return fundtrail.Event{Contract: at, Topics: append([]fundtrail.Hash{topic(signature)}, topics...), Data: data}
	}
	const swapSig, packetSig = "Swap(uint16,uint256,address,uint256,uint256,uint256,uint256,uint256)", "Packet(bytes)"
	const paidSig, gotSig = "SwapRemote(address,uint256,uint256,uint256)", "PacketReceived(uint16,bytes,address,uint64,bytes32)"
	from := Emitters{bridgeAt: stargate, endpoint: stargate}
	in := &fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Ethereum, Hash: hashOf(1)}, Events: []fundtrail.Event{
		event(bridgeAt, swapSig, abi(102, 2, who("ann"), 45, 0, 1, 2, 2)), event(who("else"), packetSig, abi(stargatePacket(66))),
		event(endpoint, packetSig, abi(stargatePacket(7))),
		event(bridgeAt, swapSig, abi(102, 2, who("ann"), 90, 0, 0, 0, 0)), event(endpoint, packetSig, abi(stargatePacket(8))),
	}}
	received := func(nonce int) []byte { return abi(who("sg").Payload(), nonce, 0) }
	out := &fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.BSC, Hash: hashOf(2)}, Events: []fundtrail.Event{
		event(endpoint, gotSig, received(8), hashOf(101), wordOf(who("gs"))), event(bridgeAt, paidSig, abi(who("bob"), 89, 0, 0)),
		event(endpoint, gotSig, received(7), hashOf(101), wordOf(who("gs"))), event(bridgeAt, paidSig, abi(who("bob"), 44, 0, 0)),
	}}
	for i := range out.Events {
		a, err := fundtrail.ParseAddress(fundtrail.BSC, out.Events[i].Contract.String())
		if err != nil {
			t.Fatal(err)
		}
		out.Events[i].Contract, from[a] = a, stargate
	}
	deposits, err := Legs(in, from)
	withdrawals, err2 := Legs(out, from)
	if err != nil || err2 != nil || len(deposits) != 2 || len(withdrawals) != 2 {
		t.Fatal(deposits, err, withdrawals, err2)
	}
	if d := deposits[0]; d.Recipient != bob || d.Peer != "bsc" || !strings.HasSuffix(d.ID, "/7") || deposits[1].ID == d.ID {
		t.Errorf("%+v", deposits)
	}
	m := Pair(deposits, withdrawals, PairOptions{IDsOnly: true})
	if len(m) != 2 || m[0].Deposit != 1 || m[1].Deposit != 0 || m[0].Method != PairedByID {
		t.Errorf("%+v", m)
	}
	in.Events[2].Data = in.Events[2].Data[:90]
	if got, err := Legs(in, from); !errors.Is(err, fundtrail.ErrInvalid) || len(got) != 1 {
		t.Errorf("a packet cut off: %+v, %v", got, err)
	}
}

// TestWormholeCall: the call that redeems holds the whole message, which names what the
// source's event does, and both pair with the event that has no amount.
func TestWormholeCall(t *testing.T) {
	published, from := legTx(wormhole, "LogMessagePublished(address,uint64,uint32,bytes,uint8)", []fundtrail.Hash{wordOf(bridgeAt)}, abi(7, 0, wormholePayload(50, 2, 5), 1))
	deposits, err := Legs(published, from)
	if err != nil {
		t.Fatal(err)
	}
	u := func(n int, size int) []byte { return abi(n)[32-size:] }
	vaa := slices.Concat([]byte{1, 0, 0, 0, 3, 2}, make([]byte, 2*66), u(1, 4), u(2, 4), u(2, 2), abi(bridgeAt), u(7, 8), []byte{15}, wormholePayload(50, 2, 5))
	s := selector("completeTransfer(bytes)")
	tx := fundtrail.TxID{Chain: fundtrail.Polygon, Hash: hashOf(3)}
	leg, err := CallLeg(tx, append(s[:], abi(vaa)...))
	want := Leg{Protocol: wormhole, Side: Leaves, Tx: tx, Peer: "eth", ID: "2/" + hexText(abi(bridgeAt)) + "/7", Recipient: bob, Token: "?", PeerToken: tok, Amount: fundtrail.NewAmount(50), Coarse: true}
	if err != nil || leg != want {
		t.Fatalf("%v\n got %+v\nwant %+v", err, leg, want)
	}
	for n := range len(vaa) {
		if _, err := CallLeg(tx, append(s[:], abi(vaa[:n])...)); !errors.Is(err, fundtrail.ErrInvalid) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	redeemed, from := legTx(wormhole, "TransferRedeemed(uint16,bytes32,uint64)", []fundtrail.Hash{hashOf(2), wordOf(bridgeAt), hashOf(7)}, nil)
	redeemed.ID = tx
	events, err := Legs(redeemed, from)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []Leg{leg, events[0]} {
		if m := Pair(deposits, []Leg{w}, PairOptions{}); len(m) != 1 || m[0].Method != PairedByID {
			t.Errorf("%+v does not pair: %+v", w, m)
		}
		other := w
		other.ID = strings.TrimSuffix(w.ID, "7") + "8"
		if m := Pair(deposits, []Leg{other}, PairOptions{IDsOnly: true}); len(m) != 0 {
			t.Errorf("another number pairs: %+v", m)
		}
	}
	// Of a contract that is not listed it is anybody's message; and one that moves nothing.
	for _, data := range [][]byte{abi(7, 0, wormholePayload(50, 2, 5), 1), abi(7, 0, []byte{2, 9, 9}, 1)} {
		tx, from := legTx(wormhole, "LogMessagePublished(address,uint64,uint32,bytes,uint8)", []fundtrail.Hash{wordOf(who("else"))}, data)
		if data[95] == 0 && len(data) < 300 {
			tx.Events[0].Topics[1] = wordOf(bridgeAt)
		}
		if legs, err := Legs(tx, from); len(legs) != 0 || err != nil {
			t.Errorf("%+v %v", legs, err)
		}
	}
}

// TestPairedEvents pairs both sides' events of each protocol by its own name, whichever
// comes first, and refuses what differs.
func TestPairedEvents(t *testing.T) {
	hash42 := hashOf(42)
	kappa, err := fundtrail.ParseHash(kappaOf42)
	if err != nil {
		t.Fatal(err)
	}
	type side struct {
		signature string
		topics    []fundtrail.Hash
		data      []byte
	}
	for _, c := range []struct {
		protocol string
		in, out  side
	}{
		{stargate, side{"OFTSent(bytes32,uint32,address,uint256,uint256)", []fundtrail.Hash{hashOf(1), wordOf(who("ann"))}, abi(30109, 50, 49)},
			side{"OFTReceived(bytes32,uint32,address,uint256)", []fundtrail.Hash{hashOf(1), wordOf(who("bob"))}, abi(30101, 49)}},
		{synapse, side{"TokenDepositAndSwap(address,uint256,address,uint256,uint8,uint8,uint256,uint256)", []fundtrail.Hash{wordOf(who("bob"))}, abi(137, who("TOK"), 53, 0, 1, 49, 9)},
			side{"TokenMintAndSwap(address,address,uint256,uint256,uint8,uint8,uint256,uint256,bool,bytes32)", []fundtrail.Hash{wordOf(who("bob")), kappa}, abi(who("TOK"), 50, 3, 0, 1, 49, 9, 1)}},
		{across, side{acrossDeposited, []fundtrail.Hash{hashOf(7), wordOf(who("TOK")), wordOf(who("ann"))}, abi(100, 1, 137, 0, 0, who("bob"))},
			side{acrossFilled, []fundtrail.Hash{wordOf(who("relayer")), wordOf(who("ann"))}, abi(100, 100, 100, 1, 1, 137, 0, uint64(1e16), uint64(1e16), 7, who("TOK"), who("bob"), 0)}},
		{across, side{acrossDeposited3, []fundtrail.Hash{hashOf(137), hashOf(7), wordOf(who("ann"))}, abi(who("TOK"), who("DST"), 50, 49, 1, 2, 3, who("bob"), 0, []byte{})},
			side{acrossFilled3, []fundtrail.Hash{hashOf(1), hashOf(7), wordOf(who("relayer"))},
				abi(who("TOK"), who("DST"), 50, 49, 1, 2, 3, 0, who("ann"), who("bob"), []byte{}, tuple(abi(who("bob"), []byte{}, 49, 0)))}},
		{thorchain, side{"Deposit(address,address,uint256,string)", []fundtrail.Hash{wordOf(who("vault")), hashOf(0)}, abi(50, []byte("=:POL.POL:"+bob))},
			side{"TransferOut(address,address,address,uint256,string)", []fundtrail.Hash{wordOf(who("vault")), wordOf(who("bob"))}, abi(0, 40, []byte("OUT:"+strings.Repeat("00", 31)+"2A"))}},
		{avalanche, side{"Swapout(address,address,uint256)", []fundtrail.Hash{wordOf(who("ann")), wordOf(who("bob"))}, abi(50)},
			side{"Swapin(bytes32,address,uint256)", []fundtrail.Hash{hash42, wordOf(who("bob"))}, abi(50)}},
	} {
		in, from := legTx(c.protocol, c.in.signature, c.in.topics, c.in.data)
		out, _ := legTx(c.protocol, c.out.signature, c.out.topics, c.out.data)
		out.ID, out.Block.Time = fundtrail.TxID{Chain: fundtrail.Polygon, Hash: hashOf(43)}, in.Block.Time.Add(time.Minute)
		d, err := Legs(in, from)
		w, err2 := Legs(out, from)
		if err != nil || err2 != nil || len(d) != 1 || len(w) != 1 {
			t.Fatalf("%s: %v %v %v %v", c.protocol, d, err, w, err2)
		}
		wrong := d[0]
		wrong.ID = "another"
		for _, deposits := range [][]Leg{{d[0], wrong}, {wrong, d[0]}} {
			m := Pair(deposits, w, PairOptions{IDsOnly: true})
			if len(m) != 1 || deposits[m[0].Deposit].ID != d[0].ID || m[0].Method != PairedByID {
				t.Errorf("%s: %+v of %+v and %+v", c.protocol, m, deposits, w)
			}
		}
		twice := append(slices.Clone(w), w[0])
		twice[1].Tx.Hash = hashOf(44)
		if m := Pair(d, twice, PairOptions{IDsOnly: true}); len(m) != 1 {
			t.Errorf("%s: one deposit pays out %d times", c.protocol, len(m))
		}
		other := slices.Clone(w)
		other[0].Tx.Chain = fundtrail.BSC
		if d[0].Peer != "" {
			if m := Pair(d, other, PairOptions{}); len(m) != 0 {
				t.Errorf("%s: it is paid on another chain than it was for: %+v", c.protocol, m)
			}
		}
	}
}

// TestAvalancheWallet: the bridge's wallet needs no event of its own: what it gets and
// pays are legs, and what is minted for it names the transaction.
func TestAvalancheWallet(t *testing.T) {
	from := Emitters{who("wallet"): avalanche, who("old"): avalanche}
	in := txOf("ann -> wallet 50 TOK\nwallet -> old 9 TOK\nwallet -> bob 7 TOK\nann -> cat 3 TOK\nfee ann")
	legs, err := Legs(in, from)
	if err != nil || len(legs) != 2 {
		t.Fatalf("%+v %v", legs, err)
	}
	d, w := legs[0], legs[1]
	if d.Side != Enters || d.Sender != ann || d.Amount != fundtrail.NewAmount(50) || d.ID != hexText(in.ID.Hash[:]) || d.Record.Transfer.Index != fundtrail.LogIndex || d.Peer != fundtrail.Avalanche {
		t.Errorf("%+v", d)
	}
	if w.Side != Leaves || w.Recipient != bob || w.ID != "" || w.Amount != fundtrail.NewAmount(7) {
		t.Errorf("%+v", w)
	}
	minted := Leg{Protocol: avalanche, Side: Leaves, Tx: fundtrail.TxID{Chain: fundtrail.Avalanche, Hash: hashOf(3)}, ID: d.ID, Recipient: ann, Token: tok, Amount: fundtrail.NewAmount(49)}
	if m := Pair([]Leg{d}, []Leg{minted}, PairOptions{}); len(m) != 1 || m[0].Method != PairedByID {
		t.Errorf("%+v", m)
	}
	// Back, by who burnt and who is paid.
	burn := &fundtrail.Transaction{ID: fundtrail.TxID{Chain: fundtrail.Avalanche, Hash: hashOf(4)}, Block: in.Block}
	burn.Transfers = txOf("ann -> - 7 TOK").Transfers
	back := Leg{Protocol: avalanche, Side: Enters, Tx: burn.ID, ID: hexText(abi(4)), Token: tok, Amount: fundtrail.NewAmount(7)}
	back.Complete(burn, nil)
	if back.Sender != ann || back.Record.Transfer.Index != fundtrail.LogIndex {
		t.Errorf("%+v", back)
	}
	w.Recipient, w.Time = ann, back.Time.Add(time.Minute)
	if m := Pair([]Leg{back}, []Leg{w}, PairOptions{}); len(m) != 1 || m[0].Method != PairedRank {
		t.Errorf("%+v", m)
	}
}

// TestComplete: what an event leaves open is taken from the only transfer that fits.
func TestComplete(t *testing.T) {
	open := func(side Side, sender, recipient string, amount uint64) Leg {
		return Leg{Side: side, Sender: sender, Recipient: recipient, Token: UnknownToken, Amount: fundtrail.NewAmount(amount), Coarse: true, Contract: who("bridge")}
	}
	for _, c := range []struct {
		name, tx string
		leg      Leg
		party    string
		amount   uint64 // 0: it stays open
	}{
		{"cut to eight decimals", "ann -> bridge 5012 TOK", open(Enters, "", bob, 50), bob, 5012},
		{"by its sender", "ann -> pool 5012 TOK\ncat -> pool 5000 TOK", open(Enters, ann, bob, 50), bob, 5012},
		{"of two it takes none", "ann -> bridge 5012 TOK\ncat -> bridge 5000 TOK", open(Enters, "", bob, 50), bob, 0},
		{"another amount", "ann -> bridge 5112 TOK", open(Enters, "", bob, 50), bob, 0},
		{"paid out, nobody says what", "bridge -> bob 77 TOK\nfee ann", open(Leaves, "", "", 0), bob, 77},
		{"made for somebody", "- -> bob 77 TOK", open(Leaves, "", "", 0), bob, 77},
		{"paid to two", "bridge -> bob 77 TOK\nbridge -> cat 7 TOK", open(Leaves, "", "", 0), "", 0},
		{"paid to the one it is for", "bridge -> bob 5000 TOK\nbridge -> cat 5000 TOK", open(Leaves, "", bob, 50), bob, 5000},
	} {
		tx := txOf(c.tx)
		l := c.leg
		l.Complete(tx, nil)
		if c.amount == 0 {
			if !l.Coarse || l.Token != UnknownToken || !l.Record.Transfer.Tx.IsZero() {
				t.Errorf("%s: %+v", c.name, l)
			}
		} else if l.Coarse || l.Amount != fundtrail.NewAmount(c.amount) || l.Token != tok || l.Recipient != c.party || l.Record.Transfer.Tx != tx.ID {
			t.Errorf("%s: %+v", c.name, l)
		}
	}
}
