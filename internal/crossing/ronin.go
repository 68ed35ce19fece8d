package crossing

import "github.com/fundtrail/fundtrail"

// Ronin's first bridge numbers deposits and withdrawals, each in one sequence; both
// sides' events carry the number. The theft of March 2022 used numbers that had never
// been issued: 2,000,000 and 2,000,001, while the sequence stood at about 1,060,000.

const ronin = "ronin-bridge"

// roninDeposited: TokenDeposited(uint256 indexed depositId, address indexed owner,
// address indexed token, address sidechainAddress, uint32 standard, uint256 number),
// on Ethereum. Number is an amount for the standard 20 and an item's for 721.
func roninDeposited(e *event) Leg {
	w := e.words()
	if w.uint(1) != 20 {
		w.fail("it moves a token that is no amount")
	}
	return Leg{
		Side: Enters, ID: "deposit-" + e.topicNumber(1), Sender: e.topicAddress(2), Token: e.topicAddress(3),
		Recipient: w.address(0), Amount: w.amount(2), Peer: fundtrail.Ronin,
	}
}

// roninWithdrew: TokenWithdrew(uint256 indexed withdrawId, address indexed owner,
// address indexed token, uint256 number), on Ethereum.
func roninWithdrew(e *event) Leg {
	w := e.words()
	return Leg{
		Side: Leaves, ID: e.topicNumber(1), Recipient: e.topicAddress(2), Token: e.topicAddress(3),
		Amount: w.amount(0), Peer: fundtrail.Ronin,
	}
}
