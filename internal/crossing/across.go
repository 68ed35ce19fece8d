package crossing

import (
	"strconv"

	"github.com/fundtrail/fundtrail"
)

// Across numbers the deposits of each chain; whoever fills one names chain and number. In
// version 2 a deposit may be filled in parts, each of which pays its share less fees in
// parts of 10^18; in version 3 it is filled once, with an amount that the deposit states.
// Source: the events of SpokePool of versions 2.0, 2.5 and 3.

const across = "across"

const (
	acrossDeposited     = "FundsDeposited(uint256,uint256,uint256,uint64,uint32,uint32,address,address,address)"
	acrossDepositedWith = "FundsDeposited(uint256,uint256,uint256,int64,uint32,uint32,address,address,address,bytes)"
	acrossFilled        = "FilledRelay(uint256,uint256,uint256,uint256,uint256,uint256,uint64,uint64,uint64,uint32,address,address,address,address,bool)"
	acrossFilledWith    = "FilledRelay(uint256,uint256,uint256,uint256,uint256,uint256,int64,int64,uint32,address,address,address,address,bytes,(address,bytes,int64,bool,int256))"
	acrossDeposited3    = "V3FundsDeposited(address,address,uint256,uint256,uint256,uint32,uint32,uint32,uint32,address,address,address,bytes)"
	acrossFilled3       = "FilledV3Relay(address,address,uint256,uint256,uint256,uint256,uint32,uint32,uint32,address,address,address,address,bytes,(address,bytes,uint256,uint8))"
)

func acrossID(origin, deposit uint64) string {
	return strconv.FormatUint(origin, 10) + "/" + strconv.FormatUint(deposit, 10)
}

func (e *event) topicUint(i int) uint64 {
	w := e.topic(i)
	n := w.uint(0)
	if w.bad != "" {
		e.read.fail("topic %d is above 64 bits", i)
	}
	return n
}

// acrossDeposit: FundsDeposited(uint256 amount, uint256 originChainId, uint256
// destinationChainId, uint64 relayerFeePct, uint32 indexed depositId, uint32
// quoteTimestamp, address indexed originToken, address recipient, address indexed
// depositor).
func acrossDeposit(e *event) Leg {
	w := e.words().want(6)
	return Leg{
		Side: Enters, ID: acrossID(w.uint(1), e.topicUint(1)), Peer: EVMChain(w.uint(2)), Amount: w.amount(0),
		Token: e.topicAddress(2), Sender: e.topicAddress(3), Recipient: w.address(5),
	}
}

// acrossDepositWith: FundsDeposited(uint256 amount, uint256 originChainId, uint256 indexed
// destinationChainId, int64 relayerFeePct, uint32 indexed depositId, uint32
// quoteTimestamp, address originToken, address recipient, address indexed depositor,
// bytes message).
func acrossDepositWith(e *event) Leg {
	w := e.words().want(7)
	w.bytes(6)
	return Leg{
		Side: Enters, ID: acrossID(w.uint(1), e.topicUint(2)), Peer: EVMChain(e.topicUint(1)), Amount: w.amount(0),
		Token: w.address(4), Sender: e.topicAddress(3), Recipient: w.address(5),
	}
}

// acrossFill: FilledRelay(uint256 amount, uint256 totalFilledAmount, uint256 fillAmount,
// uint256 repaymentChainId, uint256 originChainId, uint256 destinationChainId, uint64
// relayerFeePct, uint64 appliedRelayerFeePct, uint64 realizedLpFeePct, uint32 depositId,
// address destinationToken, address indexed relayer, address indexed depositor, address
// recipient, bool isSlowRelay).
func acrossFill(e *event) Leg {
	w := e.words().want(13)
	e.topicAddress(1)
	return Leg{
		Side: Leaves, ID: acrossID(w.uint(4), w.uint(9)), Peer: EVMChain(w.uint(4)), Amount: w.afterFees(2, 7, 8),
		Token: w.address(10), Sender: e.topicAddress(2), Recipient: w.address(11),
	}
}

// acrossFillWith: FilledRelay(uint256 amount, uint256 totalFilledAmount, uint256
// fillAmount, uint256 repaymentChainId, uint256 indexed originChainId, uint256
// destinationChainId, int64 relayerFeePct, int64 realizedLpFeePct, uint32 indexed
// depositId, address destinationToken, address relayer, address indexed depositor,
// address recipient, bytes message, (address recipient, bytes message, int64
// relayerFeePct, bool isSlowRelay, int256 payoutAdjustmentPct)). What was paid is in the
// last part, for the depositor may have changed his order.
func acrossFillWith(e *event) Leg {
	w := e.words().want(12)
	w.bytes(10)
	last := w.tuple(11).want(5)
	last.bytes(1)
	origin := e.topicUint(1)
	leg := Leg{
		Side: Leaves, ID: acrossID(origin, e.topicUint(2)), Peer: EVMChain(origin), Token: w.address(7), Sender: e.topicAddress(3),
		Recipient: last.address(0), Amount: afterFees(w, w.amount(2), last.amount(2), w.amount(6)),
	}
	if last.bad != "" {
		w.fail("%s", last.bad)
	}
	return leg
}

// acrossDeposit3: V3FundsDeposited(address inputToken, address outputToken, uint256
// inputAmount, uint256 outputAmount, uint256 indexed destinationChainId, uint32 indexed
// depositId, uint32 quoteTimestamp, uint32 fillDeadline, uint32 exclusivityDeadline,
// address indexed depositor, address recipient, address exclusiveRelayer, bytes message).
// Without an output token the relayer pays the input's counterpart.
func acrossDeposit3(e *event) Leg {
	w := e.words().want(10)
	w.bytes(9)
	origin, known := evmID(e.tx.Chain)
	if !known {
		w.fail("the EIP-155 number of %s is not known here", e.tx.Chain)
	}
	leg := Leg{
		Side: Enters, ID: acrossID(origin, e.topicUint(2)), Peer: EVMChain(e.topicUint(1)), Token: w.address(0),
		PeerToken: w.address(1), Amount: w.amount(2), Sender: e.topicAddress(3), Recipient: w.address(7),
	}
	if leg.PeerToken == zeroAddress {
		leg.PeerToken = ""
	}
	return leg
}

// acrossFill3: FilledV3Relay(address inputToken, address outputToken, uint256 inputAmount,
// uint256 outputAmount, uint256 repaymentChainId, uint256 indexed originChainId, uint32
// indexed depositId, uint32 fillDeadline, uint32 exclusivityDeadline, address
// exclusiveRelayer, address indexed relayer, address depositor, address recipient, bytes
// message, (address updatedRecipient, bytes updatedMessage, uint256 updatedOutputAmount,
// uint8 fillType)).
func acrossFill3(e *event) Leg {
	w := e.words().want(12)
	w.bytes(10)
	last := w.tuple(11).want(4)
	last.bytes(1)
	origin := e.topicUint(1)
	leg := Leg{
		Side: Leaves, ID: acrossID(origin, e.topicUint(2)), Peer: EVMChain(origin), PeerToken: w.address(0), Token: w.address(1),
		Sender: w.address(8), Recipient: last.address(0), Amount: last.amount(2),
	}
	e.topicAddress(3)
	if last.bad != "" {
		w.fail("%s", last.bad)
	}
	return leg
}

// afterFees is an amount less two fees, in parts of 10^18, rounded as Across does.
func (w *words) afterFees(amount, fee, fee2 int) fundtrail.Amount {
	return afterFees(w, w.amount(amount), w.amount(fee), w.amount(fee2))
}

func afterFees(w *words, amount, fee, fee2 fundtrail.Amount) fundtrail.Amount {
	one := fundtrail.NewAmount(1_000_000_000_000_000_000)
	fees, over := fee.Add(fee2)
	rest, under := one.Sub(fees)
	if over || under {
		w.fail("the fees are more than the amount")
		return fundtrail.Amount{}
	}
	paid, over := amount.MulDiv(rest, one)
	if over {
		w.fail("the amount is above 256 bits")
	}
	return paid
}
