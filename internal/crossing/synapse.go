package crossing

// Synapse names a passage by kappa, the keccak-256 hash of the source transaction's hash
// written as text ("0x" and 64 small digits): the destination's event carries it, the
// source's need not. Several deposits of one transaction have one name. Source: the events
// of SynapseBridge, as Connector's tables list them, and the validators' use of kappa in
// Synapse's documentation.

const synapse = "synapse"

func (e *event) kappa() string {
	h := topic(hexText(e.tx.Hash[:])) // the same hash as of a signature
	return hexText(h[:])
}

// synapseIn: TokenDeposit and TokenRedeem(address indexed to, uint256 chainId, address
// token, uint256 amount); TokenRedeemV2 has bytes32 indexed to.
func synapseIn(e *event) Leg {
	w := e.words().want(3)
	to := e.topic(1)
	return Leg{Side: Enters, ID: e.kappa(), Recipient: partyText(to.data), Peer: EVMChain(w.uint(0)), Token: w.address(1), Amount: w.amount(2)}
}

// synapseInSwapped: TokenDepositAndSwap and TokenRedeemAndSwap go on with uint8
// tokenIndexFrom, uint8 tokenIndexTo, uint256 minDy, uint256 deadline.
func synapseInSwapped(e *event) Leg {
	e.words().want(7)
	return synapseIn(e)
}

// synapseInRemoved: TokenRedeemAndRemove goes on with uint8 swapTokenIndex, uint256
// swapMinAmount, uint256 swapDeadline.
func synapseInRemoved(e *event) Leg {
	e.words().want(6)
	return synapseIn(e)
}

// synapseOut: TokenWithdraw(address indexed to, address token, uint256 amount, uint256
// fee, bytes32 indexed kappa), whose amount holds the fee.
func synapseOut(e *event) Leg {
	leg := synapsePaid(e)
	w := e.words()
	paid, under := leg.Amount.Sub(w.amount(2))
	if under {
		w.fail("the fee is more than the amount")
	}
	leg.Amount = paid
	return leg
}

// synapsePaid: TokenMint has the same form, and as amount what was paid.
func synapsePaid(e *event) Leg {
	w := e.words().want(3)
	return Leg{Side: Leaves, ID: e.topicHash(2), Recipient: e.topicAddress(1), Token: w.address(0), Amount: w.amount(1)}
}

// synapseOutSwapped: TokenMintAndSwap goes on with uint8 tokenIndexFrom, uint8
// tokenIndexTo, uint256 minDy, uint256 deadline, bool swapSuccess. The amount is what was
// paid: of what it was swapped into, which the event does not name, or of the token where
// the swap failed.
func synapseOutSwapped(e *event) Leg { return synapseSwap(e, 7) }

// synapseOutRemoved: TokenWithdrawAndRemove goes on with uint8 swapTokenIndex, uint256
// swapMinAmount, uint256 swapDeadline, bool swapSuccess, to the same effect.
func synapseOutRemoved(e *event) Leg { return synapseSwap(e, 6) }

func synapseSwap(e *event, success int) Leg {
	leg := synapsePaid(e)
	if w := e.words().want(success + 1); !w.amount(success).IsZero() {
		leg.Token = UnknownToken
	}
	return leg
}
