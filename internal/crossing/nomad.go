package crossing

import (
	"encoding/binary"
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// Nomad numbers the messages of a chain to each other chain: the Home contract's
// Dispatch has destination and nonce, the BridgeRouter's Receive origin and nonce.
// The message holds recipient, token and amount, so the deposit's whole truth is in it.
// Its chains ("domains") are four letters as a number, but for those below 2^16.

const nomad = "nomad"

var nomadDomains = map[uint32]fundtrail.Chain{
	6648936:    fundtrail.Ethereum, // "eth"
	1650811245: "moonbeam",         // "beam"
	2019844457: fundtrail.Gnosis,   // "xdai"
	1635148152: fundtrail.Avalanche,
	1702260083: "evmos",
	25393:      "milkomeda-c1",
}

// NomadChain names the chain of a domain.
func NomadChain(domain uint32) fundtrail.Chain {
	if c, ok := nomadDomains[domain]; ok {
		return c
	}
	return numbered("nomad", uint64(domain))
}

// nomadID names a message by both ends and its number.
func nomadID(nonce uint32) string { return strconv.FormatUint(uint64(nonce), 10) }

// nomadDispatch: Dispatch(bytes32 indexed messageHash, uint256 indexed leafIndex,
// uint64 indexed destinationAndNonce, bytes32 committedRoot, bytes message).
func nomadDispatch(e *event) Leg {
	w := e.words()
	m := w.bytes(1)
	// Header: origin 4, sender 32, nonce 4, destination 4, recipient 32. Body: the
	// token's domain 4 and id 32, action 1, recipient 32, amount 32, details 32.
	if len(m) < 209 || m[112] != 3 && m[112] != 4 {
		w.fail("the message is no transfer of a token")
		return Leg{}
	}
	token := partyText(m[80:112])
	leg := Leg{
		Side: Enters, ID: nomadID(binary.BigEndian.Uint32(m[36:])), Peer: NomadChain(binary.BigEndian.Uint32(m[40:])),
		Recipient: partyText(m[113:145]), Amount: amountBytes(m[145:177]),
	}
	switch home := NomadChain(binary.BigEndian.Uint32(m[76:])); home {
	case e.tx.Chain:
		leg.Token = token
	case leg.Peer:
		leg.PeerToken = token
	}
	return leg
}

// nomadReceive: Receive(uint64 indexed originAndNonce, address indexed token, address
// indexed recipient, address liquidityProvider, uint256 amount).
func nomadReceive(e *event) Leg {
	w := e.words()
	if len(e.log.Topics) < 2 {
		w.fail("it has no topic 1")
		return Leg{}
	}
	n := binary.BigEndian.Uint64(e.log.Topics[1][24:])
	return Leg{
		Side: Leaves, ID: nomadID(uint32(n)), Peer: NomadChain(uint32(n >> 32)),
		Token: e.topicAddress(2), Recipient: e.topicAddress(3), Amount: w.amount(1),
	}
}
