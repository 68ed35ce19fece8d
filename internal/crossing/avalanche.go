package crossing

import "github.com/fundtrail/fundtrail"

// The Avalanche bridge is a wallet on Ethereum, held by wardens: what it gets is made anew
// as a token on Avalanche, whose Mint names the source transaction, and what is unwrapped
// there it pays out without a name. So the way to Avalanche is paired by the source
// transaction's hash and the way back by recipient and amount. Bitcoin's side is the same:
// the mint names bitcoin's transaction. Source: the events of the bridge's token contracts
// (BridgeToken: Mint, Unwrap) and of the first bridge's (Swapin, Swapout).

const avalanche = "avalanche-bridge"

// avalancheMinted: Mint(address to, uint256 amount, address feeAddress, uint256
// feeAmount, bytes32 originTxId), and bitcoin's with uint256 originOutputIndex.
func avalancheMinted(e *event) Leg {
	w := e.words().want(5)
	if e.log.Topics[0] == avalancheMintOutput {
		w.want(6)
	}
	return Leg{Side: Leaves, ID: w.hash(4), Recipient: w.address(0), Amount: w.amount(1), Token: e.log.Contract.String()}
}

var avalancheMintOutput = topic("Mint(address,uint256,address,uint256,bytes32,uint256)")

// avalancheUnwrapped: Unwrap(uint256 amount, uint256 chainId). Who unwraps is who burns.
// The bridge's numbers of chains are not known here.
func avalancheUnwrapped(e *event) Leg {
	w := e.words().want(2)
	return Leg{Side: Enters, ID: hexText(e.tx.Hash[:]), Amount: w.amount(0), Token: e.log.Contract.String()}
}

// avalancheSwappedIn: Swapin(bytes32 indexed txhash, address indexed account, uint256
// amount).
func avalancheSwappedIn(e *event) Leg {
	w := e.words().want(1)
	return Leg{Side: Leaves, ID: e.topicHash(1), Recipient: e.topicAddress(2), Amount: w.amount(0), Token: e.log.Contract.String()}
}

// avalancheSwappedOut: Swapout(address indexed account, address indexed bindaddr, uint256
// amount).
func avalancheSwappedOut(e *event) Leg {
	w := e.words().want(1)
	return Leg{
		Side: Enters, ID: hexText(e.tx.Hash[:]), Sender: e.topicAddress(1), Recipient: e.topicAddress(2), Amount: w.amount(0),
		Token: e.log.Contract.String(),
	}
}

// avalancheMoves reads what the bridge's wallets elsewhere than on Avalanche got and paid.
func avalancheMoves(tx *fundtrail.Transaction, from Emitters) (legs []Leg) {
	if tx.ID.Chain == fundtrail.Avalanche {
		return nil
	}
	for i := range tx.Transfers {
		t := &tx.Transfers[i]
		if t.ID.Index >= fundtrail.FeeIndex || len(t.Inputs) != 1 || len(t.Outputs) != 1 {
			continue
		}
		payer, payee := t.Inputs[0].Address, t.Outputs[0].Address
		leg := Leg{
			Protocol: avalanche, Tx: tx.ID, Time: tx.Block.Time, Peer: fundtrail.Avalanche, Token: t.Asset.Contract.String(), Amount: t.Outputs[0].Amount,
			Record: fundtrail.TransferOutput{Transfer: t.ID},
		}
		switch in, out := from[payee] == avalanche, from[payer] == avalanche; {
		case in == out || leg.Amount.IsZero():
			continue // between its own wallets, or nothing to it
		case in:
			leg.Side, leg.ID, leg.Sender, leg.Contract = Enters, hexText(tx.ID.Hash[:]), payer.String(), payee
		default:
			leg.Side, leg.Recipient, leg.Contract = Leaves, payee.String(), payer
		}
		legs = append(legs, leg)
	}
	return legs
}
