package crossing

import (
	"encoding/binary"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// Wormhole's token bridge names a passage by the message that leaves: chain, contract
// and number (emitter chain, emitter, sequence), all of which TransferRedeemed repeats
// on the destination. The message holds token, recipient, destination and amount, the
// last cut to 8 decimals. Source: Wormhole's documentation of the token bridge's payloads
// and of the VAA, "Generic Message Passing" and "VAAs".

const wormhole = "wormhole"

// wormholeChains are Wormhole's own numbers, from Connector's table of chain ids.
var wormholeChains = map[uint64]fundtrail.Chain{
	1: fundtrail.Solana, 2: fundtrail.Ethereum, 4: fundtrail.BSC, 5: fundtrail.Polygon, 6: fundtrail.Avalanche,
	10: fundtrail.Fantom, 23: fundtrail.Arbitrum, 24: fundtrail.Optimism, 25: fundtrail.Gnosis,
}

func wormholeChain(n uint64) fundtrail.Chain {
	if c, ok := wormholeChains[n]; ok {
		return c
	}
	return numbered("wormhole", n)
}

// numberOn returns a protocol's number of a chain.
func numberOn(chains map[uint64]fundtrail.Chain, c fundtrail.Chain) (n uint64, ok bool) {
	for n, chain := range chains {
		if chain == c {
			return n, true
		}
	}
	return 0, false
}

func wormholeID(chain uint64, emitter string, sequence uint64) string {
	return strconv.FormatUint(chain, 10) + "/" + emitter + "/" + strconv.FormatUint(sequence, 10)
}

// wormholePublished: LogMessagePublished(address indexed sender, uint64 sequence, uint32
// nonce, bytes payload, uint8 consistencyLevel), of the core contract. Any contract may
// publish; a transfer is what a listed token bridge publishes, in payload 1 or 3.
func wormholePublished(e *event) Leg {
	w := e.words().want(4)
	sequence, payload := w.uint(0), w.bytes(2)
	sender := e.topicHash(1)
	at, err := fundtrail.ParseAddress(e.tx.Chain, e.topicAddress(1))
	if err != nil {
		w.fail("%s has no contracts that publish", e.tx.Chain)
		return Leg{}
	}
	if e.from[at] != wormhole || len(payload) > 0 && payload[0] != 1 && payload[0] != 3 {
		return Leg{} // somebody else's message, or one that moves nothing
	}
	leg, _, ok := wormholeTransfer(payload)
	if !ok {
		w.fail("the message is no transfer of a token: it has %d bytes", len(payload))
		return Leg{}
	}
	here, known := numberOn(wormholeChains, e.tx.Chain)
	if !known {
		w.fail("Wormhole's number of %s is not known here", e.tx.Chain)
		return Leg{}
	}
	leg.Side, leg.ID, leg.Contract = Enters, wormholeID(here, sender, sequence), at
	if leg.Peer == e.tx.Chain { // of the token; the amount is cut to 8 decimals
		leg.Peer = ""
	}
	leg.Token, leg.PeerToken = leg.tokenOn(e.tx.Chain, payload)
	return leg
}

// tokenOn says which contract a message's token is here and there: it names the one of
// its home chain alone.
func (l *Leg) tokenOn(here fundtrail.Chain, payload []byte) (token, peer string) {
	home, contract := wormholeChain(uint64(binary.BigEndian.Uint16(payload[65:]))), partyText(payload[33:65])
	token = UnknownToken
	switch home {
	case here:
		token = contract
	case l.Peer:
		peer = contract
	}
	return token, peer
}

// wormholeTransfer reads payload 1 (id 1, amount 32, token 32, its chain 2, recipient 32,
// recipient's chain 2, fee 32) and payload 3, which ends in the sender 32 and bytes for
// the recipient instead of the fee.
func wormholeTransfer(b []byte) (l Leg, to fundtrail.Chain, ok bool) {
	const size = 133
	if len(b) < size || b[0] == 1 && len(b) != size || b[0] != 1 && b[0] != 3 {
		return Leg{}, "", false
	}
	l = Leg{Amount: amountBytes(b[1:33]), Recipient: partyText(b[67:99]), Peer: wormholeChain(uint64(binary.BigEndian.Uint16(b[99:]))), Coarse: true}
	if b[0] == 3 {
		l.Sender = partyText(b[101:133])
	}
	return l, l.Peer, true
}

// wormholeRedeemed: TransferRedeemed(uint16 indexed emitterChainId, bytes32 indexed
// emitterAddress, uint64 indexed sequence). What was paid, and to whom, is in the
// transaction's transfers alone.
func wormholeRedeemed(e *event) Leg {
	chain, emitter, sequence := e.topic(1), e.topicHash(2), e.topic(3)
	from, n := chain.uint(0), sequence.uint(0)
	if chain.bad != "" || sequence.bad != "" {
		e.read.fail("chain or sequence are no numbers of 64 bits")
	}
	return Leg{Side: Leaves, ID: wormholeID(from, emitter, n), Peer: wormholeChain(from), Token: UnknownToken, Coarse: true}
}

// wormholeComplete reads a call of completeTransfer(bytes) and its like: a signed message
// (VAA) is version 1, guardian set 4, number of signatures 1, each 66, then time 4, nonce
// 4, emitter's chain 2 and address 32, sequence 8, consistency 1, payload.
func wormholeComplete(args *words) Leg {
	b := args.bytes(0)
	const head, signature, body = 6, 66, 51
	if len(b) < head || len(b) < head+signature*int(b[5])+body {
		args.fail("the signed message is cut off")
		return Leg{}
	}
	b = b[head+signature*int(b[5]):]
	payload := b[body:]
	leg, to, ok := wormholeTransfer(payload)
	if !ok {
		args.fail("the signed message is no transfer of a token")
		return Leg{}
	}
	from := uint64(binary.BigEndian.Uint16(b[8:]))
	leg.Side, leg.Peer, leg.ID = Leaves, wormholeChain(from), wormholeID(from, hexText(b[10:42]), binary.BigEndian.Uint64(b[42:]))
	leg.Token, leg.PeerToken = leg.tokenOn(to, payload)
	return leg
}
