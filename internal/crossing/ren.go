package crossing

import (
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Ren made tokens for coins of other chains (renBTC) and released the coins when the
// tokens were burnt. A burn says to which address of the other chain, and its number is
// the gateway's own; a mint carries a hash of deposit and nonce. Nothing of either stands
// on the coin's chain: there the payout of a burn is found by its recipient, and the
// deposit of a mint, at an address that is a hash of the recipient and a secret, not at all
// from these events. Source: the events of Ren's MintGateway (LogMint, LogBurn) and of its
// successor GatewayV3 (LogBurnToChain).

const ren = "ren"

// renBurnt: LogBurn(bytes _to, uint256 _amount, uint256 indexed _n, bytes indexed
// _indexedTo).
func renBurnt(e *event) Leg {
	w := e.words().want(2)
	leg := Leg{Side: Enters, ID: e.burn(1), Token: UnknownToken, Amount: w.amount(1)}
	leg.renTo(w.bytes(0))
	return leg
}

// renBurntTo: LogBurnToChain(string recipientAddress, string recipientChain, bytes
// recipientPayload, uint256 amount, uint256 indexed burnNonce, string indexed
// recipientAddressIndexed, string indexed recipientChainIndexed).
func renBurntTo(e *event) Leg {
	w := e.words().want(4)
	leg := Leg{Side: Enters, ID: e.burn(1), Token: UnknownToken, Amount: w.amount(3)}
	name := string(w.bytes(1))
	w.bytes(2)
	leg.renTo(w.bytes(0))
	if c, err := fundtrail.ParseChain(strings.ToLower(name)); err == nil {
		leg.Peer = c
	} else {
		for _, info := range knownChains {
			if strings.EqualFold(strings.ReplaceAll(info.Name, " ", ""), name) {
				leg.Peer = info.Chain
			}
		}
	}
	return leg
}

func (e *event) burn(topic int) string {
	return "burn/" + e.log.Contract.String() + "/" + e.topicNumber(topic)
}

// renTo reads a recipient, which burns hold as its text. Peer is the one chain that has
// such addresses; bitcoin's and bitcoin cash's old ones are alike.
func (l *Leg) renTo(to []byte) {
	for _, c := range to {
		if c <= ' ' || c > '~' {
			l.Recipient = hexText(to)
			return
		}
	}
	l.Recipient = lowerHex(string(to))
	var fits []fundtrail.Chain
	for _, c := range knownChains {
		if _, err := fundtrail.ParseAddress(c.Chain, l.Recipient); err == nil {
			fits = append(fits, c.Chain)
		}
	}
	if len(fits) == 1 {
		l.Peer = fits[0]
	}
}

// renMinted: LogMint(address indexed _to, uint256 _amount, uint256 indexed _n, bytes32
// indexed _nHash).
func renMinted(e *event) Leg {
	w := e.words().want(1)
	return Leg{Side: Leaves, ID: "mint/" + e.topicHash(3), Recipient: e.topicAddress(1), Token: UnknownToken, Amount: w.amount(0)}
}
