package crossing

import "github.com/fundtrail/fundtrail"

// Celer cBridge 2 names a passage by a hash that the source chain's contract computes
// (transferId, depositId, burnId) and that the relay on the destination repeats
// (srcTransferId, refId). Sources: the contracts' events and the messages PbBridge.Relay,
// PbPegged.Mint and PbPegged.Withdraw, as Connector's tables list them.

const celer = "celer"

func celerSend(e *event) Leg {
	w := e.words().want(8)
	return Leg{
		Side: Enters, ID: w.hash(0), Sender: w.address(1), Recipient: w.address(2), Token: w.address(3),
		Amount: w.amount(4), Peer: EVMChain(w.uint(5)),
	}
}

func celerRelayed(e *event) Leg {
	w := e.words()
	return Leg{
		Side: Leaves, Sender: w.address(1), Recipient: w.address(2), Token: w.address(3),
		Amount: w.amount(4), Peer: EVMChain(w.uint(5)), ID: w.hash(6),
	}
}

func celerDeposited(e *event) Leg {
	w := e.words()
	return Leg{
		Side: Enters, ID: w.hash(0), Sender: w.address(1), Token: w.address(2),
		Amount: w.amount(3), Peer: EVMChain(w.uint(4)), Recipient: w.address(5),
	}
}

func celerMinted(e *event) Leg {
	w := e.words()
	return Leg{
		Side: Leaves, Token: w.address(1), Recipient: w.address(2), Amount: w.amount(3),
		Peer: EVMChain(w.uint(4)), ID: w.hash(5), Sender: w.address(6),
	}
}

// celerBurnt is of version 1, whose event does not say which chain the value goes to;
// celerBurntTo is of version 2, whose event does.
func celerBurnt(e *event) Leg {
	w := e.words()
	return Leg{Side: Enters, ID: w.hash(0), Token: w.address(1), Sender: w.address(2), Amount: w.amount(3), Recipient: w.address(4)}
}

func celerBurntTo(e *event) Leg {
	w := e.words().want(7)
	return Leg{
		Side: Enters, ID: w.hash(0), Token: w.address(1), Sender: w.address(2), Amount: w.amount(3),
		Peer: EVMChain(w.uint(4)), Recipient: w.address(5),
	}
}

func celerWithdrawn(e *event) Leg {
	w := e.words()
	return Leg{
		Side: Leaves, Recipient: w.address(1), Token: w.address(2), Amount: w.amount(3),
		Peer: EVMChain(w.uint(4)), ID: w.hash(5), Sender: w.address(6),
	}
}

// celerRelay reads a call of relay(bytes,bytes[],address[],uint256[]).
func celerRelay(args *words) Leg {
	p, ok := parseProto(args.bytes(0))
	if !ok {
		args.fail("the relay request is no message")
	}
	return Leg{
		Side: Leaves, Sender: protoParty(args, p, 1), Recipient: protoParty(args, p, 2), Token: protoParty(args, p, 3),
		Amount: protoAmount(args, p, 4), Peer: EVMChain(p.numbers[5]), ID: protoID(args, p, 7),
	}
}

// celerMint reads a call of mint(bytes,bytes[],address[],uint256[]).
func celerMint(args *words) Leg {
	p, ok := parseProto(args.bytes(0))
	if !ok {
		args.fail("the mint request is no message")
	}
	return Leg{
		Side: Leaves, Token: protoParty(args, p, 1), Recipient: protoParty(args, p, 2), Amount: protoAmount(args, p, 3),
		Sender: protoParty(args, p, 4), Peer: EVMChain(p.numbers[5]), ID: protoID(args, p, 6),
	}
}

// celerWithdraw reads a call of withdraw(bytes,bytes[],address[],uint256[]) of a vault.
func celerWithdraw(args *words) Leg {
	p, ok := parseProto(args.bytes(0))
	if !ok {
		args.fail("the withdraw request is no message")
	}
	return Leg{
		Side: Leaves, Token: protoParty(args, p, 1), Recipient: protoParty(args, p, 2), Amount: protoAmount(args, p, 3),
		Sender: protoParty(args, p, 4), Peer: EVMChain(p.numbers[5]), ID: protoID(args, p, 6),
	}
}

func protoParty(w *words, p proto, field uint64) string {
	b := p.strings[field]
	if len(b) != 20 {
		w.fail("field %d of the request has %d bytes, an address has 20", field, len(b))
		return ""
	}
	return hexText(b)
}

func protoID(w *words, p proto, field uint64) string {
	b := p.strings[field]
	if len(b) != 32 {
		w.fail("field %d of the request has %d bytes, an id has 32", field, len(b))
		return ""
	}
	return hexText(b)
}

func protoAmount(w *words, p proto, field uint64) fundtrail.Amount {
	b := p.strings[field]
	if len(b) > 32 {
		w.fail("field %d of the request has %d bytes, an amount has at most 32", field, len(b))
		return fundtrail.Amount{}
	}
	return amountBytes(b)
}
