package crossing

import (
	"encoding/binary"
	"fmt"

	"github.com/fundtrail/fundtrail"
)

// Stargate moves value by messages of LayerZero. In version 1 the pool's Swap and
// SwapRemote say who and how much, in decimals that all chains share, and LayerZero's
// Packet and PacketReceived beside them number the message on its path: source chain and
// contract, destination chain and contract, nonce. In version 2 both pools' events carry
// one name, the guid. Source: the contracts' events (Stargate Pool, LayerZero
// UltraLightNodeV2, IOFT), as Connector's tables list those of version 1.

const stargate = "stargate"

// layerZeroChains are LayerZero's numbers of version 1, from Connector's table of chain
// ids. Those of version 2 are 30,000 higher.
var layerZeroChains = map[uint64]fundtrail.Chain{
	101: fundtrail.Ethereum, 102: fundtrail.BSC, 106: fundtrail.Avalanche, 109: fundtrail.Polygon, 110: fundtrail.Arbitrum,
	111: fundtrail.Optimism, 112: fundtrail.Fantom, 151: "evm-1088", // Metis
}

func layerZeroChain(n uint64) fundtrail.Chain {
	if n > 30_000 {
		n -= 30_000
	}
	if c, ok := layerZeroChains[n]; ok {
		return c
	}
	return numbered("layerzero", n)
}

func layerZeroID(from uint64, sender []byte, to uint64, receiver []byte, nonce uint64) string {
	return fmt.Sprintf("%d/%s/%d/%s/%d", from, hexText(sender), to, hexText(receiver), nonce)
}

var (
	layerZeroPacket   = topic("Packet(bytes)")
	layerZeroReceived = topic("PacketReceived(uint16,bytes,address,uint64,bytes32)")
)

// stargateSwap: Swap(uint16 chainId, uint256 dstPoolId, address from, uint256 amountSD,
// uint256 eqReward, uint256 eqFee, uint256 protocolFee, uint256 lpFee), of a pool. What
// went in is the amount and its fees; the reward is the pool's gift.
func stargateSwap(e *event) Leg {
	w := e.words().want(8)
	leg := Leg{Side: Enters, Peer: layerZeroChain(w.uint(0)), Sender: w.address(2), Token: UnknownToken, Amount: w.amount(3), Coarse: true}
	for _, fee := range []int{5, 6, 7} {
		sum, over := leg.Amount.Add(w.amount(fee))
		if over {
			w.fail("amount and fees are above 256 bits")
		}
		leg.Amount = sum
	}
	if p := e.near(layerZeroPacket, 1); p != nil {
		p.packet(&leg)
		w.bad = p.read.bad
	}
	return leg
}

// packet reads Packet(bytes payload): nonce 8, source chain 2, sender 20, destination
// chain 2, receiver 20, and what the application says: of a swap the words type (1), two
// pools, gas, two credits, six amounts and the place of the recipient.
func (e *event) packet(leg *Leg) {
	w := e.words()
	p := w.bytes(0)
	const head = 52
	if len(p) < head {
		w.fail("LayerZero's packet is cut off: it has %d bytes", len(p))
		return
	}
	leg.ID = layerZeroID(uint64(binary.BigEndian.Uint16(p[8:])), p[10:30], uint64(binary.BigEndian.Uint16(p[30:])), p[32:52], binary.BigEndian.Uint64(p))
	swap := words{data: p[head:]}
	if kind, to := swap.uint(0), swap.bytes(12); swap.bad == "" && kind == 1 && len(to) > 0 {
		leg.Recipient = partyText(to)
	}
}

// stargateRemote: SwapRemote(address to, uint256 amountSD, uint256 protocolFee, uint256
// dstFee), of the destination's pool. LayerZero's event stands before it:
// PacketReceived(uint16 indexed srcChainId, bytes srcAddress, address indexed dstAddress,
// uint64 nonce, bytes32 payloadHash).
func stargateRemote(e *event) Leg {
	w := e.words().want(4)
	leg := Leg{Side: Leaves, Recipient: w.address(0), Token: UnknownToken, Amount: w.amount(1), Coarse: true}
	p := e.near(layerZeroReceived, -1)
	here, known := numberOn(layerZeroChains, e.tx.Chain)
	if p == nil || !known {
		return leg
	}
	from := p.topic(1)
	n, to := from.uint(0), p.topic(2)
	r := p.words().want(3)
	sender, nonce := r.bytes(0), r.uint(1)
	if r.bad != "" || from.bad != "" || len(sender) < 20 {
		w.fail("LayerZero's event beside it is not of its form")
		return leg
	}
	leg.Peer, leg.ID = layerZeroChain(n), layerZeroID(n, sender[:20], here, to.data[12:], nonce)
	return leg
}

// stargateSent: OFTSent(bytes32 indexed guid, uint32 dstEid, address indexed fromAddress,
// uint256 amountSentLD, uint256 amountReceivedLD). What waits for others to go with, by
// "bus", has no name yet: its guid is zero.
func stargateSent(e *event) Leg {
	w := e.words().want(3)
	id := e.topicHash(1)
	if amountBytes(e.topic(1).data).IsZero() {
		id = ""
	}
	return Leg{Side: Enters, ID: id, Peer: layerZeroChain(w.uint(0)), Sender: e.topicAddress(2), Token: UnknownToken, Amount: w.amount(1)}
}

// stargateReceived: OFTReceived(bytes32 indexed guid, uint32 srcEid, address indexed
// toAddress, uint256 amountReceivedLD).
func stargateReceived(e *event) Leg {
	w := e.words().want(2)
	return Leg{Side: Leaves, ID: e.topicHash(1), Peer: layerZeroChain(w.uint(0)), Recipient: e.topicAddress(2), Token: UnknownToken, Amount: w.amount(1)}
}
