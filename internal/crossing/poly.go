package crossing

import "github.com/fundtrail/fundtrail"

// Poly Network numbers the messages that leave a chain: EthCrossChainManager's
// CrossChainEvent has the number as txId, and the header that is proven on the
// destination repeats it. The message says asset, recipient and amount to the unit.

const poly = "poly-network"

// polyChains are Poly's own numbers, from Connector's table of chain ids.
var polyChains = map[uint64]fundtrail.Chain{
	1: fundtrail.Bitcoin, 2: fundtrail.Ethereum, 6: fundtrail.BSC, 17: fundtrail.Polygon, 19: fundtrail.Arbitrum,
	20: fundtrail.Gnosis, 21: fundtrail.Avalanche, 22: fundtrail.Fantom, 23: fundtrail.Optimism,
}

func polyChain(n uint64) fundtrail.Chain {
	if c, ok := polyChains[n]; ok {
		return c
	}
	return numbered("poly", n)
}

// polyID names a message: numbers of two source chains may be equal.
func polyID(from fundtrail.Chain, number []byte) string { return string(from) + ":" + hexText(number) }

// polyCrossed: CrossChainEvent(address indexed sender, bytes txId, address
// proxyOrAssetContract, uint64 toChainId, bytes toContract, bytes rawdata).
func polyCrossed(e *event) Leg {
	w := e.words()
	to := w.uint(2)
	leg, ok := polyMessage(w.bytes(4))
	if !ok {
		w.fail("the message is cut off")
	}
	leg.Side, leg.Peer, leg.PeerToken, leg.Token = Enters, polyChain(to), leg.Token, ""
	leg.ID = polyID(e.tx.Chain, w.bytes(0))
	leg.fromLock(e.in)
	return leg
}

// fromLock fills what the message does not tell from the lock event beside it.
func (l *Leg) fromLock(tx *fundtrail.Transaction) {
	for i := range tx.Events {
		log := &tx.Events[i]
		if len(log.Topics) == 0 || log.Topics[0] != polyLock {
			continue
		}
		w := words{data: log.Data}
		token, from, amount := w.address(0), w.address(1), w.amount(5)
		if w.bad == "" && amount == l.Amount {
			l.Token, l.Sender = token, from
			return
		}
	}
}

var polyLock = topic("LockEvent(address,address,uint64,bytes,bytes,uint256)")

// polyMessage reads a message of Poly: number, cross chain id, contract, destination,
// contract, method and its arguments, of which only the lock proxy's are known here.
func polyMessage(b []byte) (l Leg, ok bool) {
	p := packed{data: b}
	p.bytes() // number
	p.bytes() // cross chain id
	p.bytes() // from contract
	p.little(8)
	p.bytes() // to contract
	p.bytes() // method
	args := packed{data: p.bytes()}
	return polyArgs(&args, p.bad)
}

func polyArgs(args *packed, bad bool) (l Leg, ok bool) {
	l.Token, l.Recipient = partyText(args.bytes()), partyText(args.bytes())
	n := args.take(32)
	if bad || args.bad {
		return Leg{}, false
	}
	l.Amount = amountLittle(n)
	return l, true
}

// polyExecute reads a call of verifyHeaderAndExecuteTx(bytes proof, …): the proof is the
// proven value with its path; the value is Poly's transaction, the source chain and
// the message.
func polyExecute(args *words) Leg {
	proof := packed{data: args.bytes(0)}
	value := packed{data: proof.bytes()}
	value.bytes() // Poly's own transaction
	from := polyChain(value.little(8))
	number := value.bytes()
	value.bytes() // cross chain id
	value.bytes() // from contract
	value.little(8)
	value.bytes() // to contract
	value.bytes() // method
	message := packed{data: value.bytes()}
	leg, ok := polyArgs(&message, value.bad || proof.bad)
	if !ok {
		args.fail("the proven message is cut off")
		return Leg{}
	}
	leg.Side, leg.Peer, leg.ID = Leaves, from, polyID(from, number)
	return leg
}
