package crossing

// Multichain (Anyswap) names a passage by the hash of the source transaction: the
// router's call and event on the destination repeat it. A source transaction with
// several passages has one name for all of them.

const multichain = "multichain"

// multichainOut: LogAnySwapOut. Its id is the hash of its own transaction.
func multichainOut(e *event) Leg {
	w := e.words().want(3)
	return Leg{
		Side: Enters, ID: hexText(e.tx.Hash[:]), Token: e.topicAddress(1), Sender: e.topicAddress(2), Recipient: e.topicAddress(3),
		Amount: w.amount(0), Peer: EVMChain(w.uint(2)),
	}
}

// multichainIn: LogAnySwapIn.
func multichainIn(e *event) Leg {
	w := e.words().want(3)
	return Leg{
		Side: Leaves, ID: e.topicHash(1), Token: e.topicAddress(2), Recipient: e.topicAddress(3),
		Amount: w.amount(0), Peer: EVMChain(w.uint(1)),
	}
}

// multichainSwapIn reads a call of anySwapIn, anySwapInUnderlying or anySwapInAuto,
// each (bytes32 txs, address token, address to, uint256 amount, uint256 fromChainID).
func multichainSwapIn(args *words) Leg {
	return Leg{
		Side: Leaves, ID: args.hash(0), Token: args.address(1), Recipient: args.address(2),
		Amount: args.amount(3), Peer: EVMChain(args.uint(4)),
	}
}
