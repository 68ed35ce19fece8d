package crossing

import (
	"errors"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// An event is one log with the transaction around it, while a decoder reads it.
type event struct {
	tx       fundtrail.TxID
	in       *fundtrail.Transaction
	log      *fundtrail.Event
	at       int // of log among the transaction's
	protocol string
	from     Emitters
	read     words
}

// near returns another event of the same protocol's contracts in the transaction: the
// next after this one (step 1) or the last before it (step -1), nil when there is none.
func (e *event) near(topic fundtrail.Hash, step int) *event {
	for i := e.at + step; i >= 0 && i < len(e.in.Events); i += step {
		if log := &e.in.Events[i]; len(log.Topics) > 0 && log.Topics[0] == topic && e.from[log.Contract] == e.protocol {
			return &event{tx: e.tx, in: e.in, log: log, at: i, protocol: e.protocol, from: e.from}
		}
	}
	return nil
}

func (e *event) words() *words {
	e.read = words{data: e.log.Data, bad: e.read.bad}
	return &e.read
}

func (e *event) topic(i int) (w words) {
	if i >= len(e.log.Topics) {
		e.read.fail("it has no topic %d", i)
		return words{data: make([]byte, 32)}
	}
	return words{data: e.log.Topics[i][:]}
}

func (e *event) topicAddress(i int) string {
	w := e.topic(i)
	a := w.address(0)
	if w.bad != "" {
		e.read.fail("topic %d is no address", i)
	}
	return a
}

func (e *event) topicHash(i int) string {
	w := e.topic(i)
	return w.hash(0)
}

func (e *event) topicNumber(i int) string {
	w := e.topic(i)
	return w.amount(0).String()
}

// A signature is an event that bridges emit.
type signature struct {
	protocol string
	decode   func(*event) Leg
}

var signatures = map[fundtrail.Hash]signature{
	topic("Send(bytes32,address,address,address,uint256,uint64,uint64,uint32)"): {celer, celerSend},
	topic("Relay(bytes32,address,address,address,uint256,uint64,bytes32)"):      {celer, celerRelayed},
	topic("Deposited(bytes32,address,address,uint256,uint64,address)"):          {celer, celerDeposited},
	topic("Deposited(bytes32,address,address,uint256,uint64,address,uint64)"):   {celer, celerDeposited},
	topic("Mint(bytes32,address,address,uint256,uint64,bytes32,address)"):       {celer, celerMinted},
	topic("Withdrawn(bytes32,address,address,uint256,uint64,bytes32,address)"):  {celer, celerWithdrawn},
	topic("Burn(bytes32,address,address,uint256,address)"):                      {celer, celerBurnt},
	topic("Burn(bytes32,address,address,uint256,uint64,address,uint64)"):        {celer, celerBurntTo},
	topic("LogAnySwapOut(address,address,address,uint256,uint256,uint256)"):     {multichain, multichainOut},
	topic("LogAnySwapIn(bytes32,address,address,uint256,uint256,uint256)"):      {multichain, multichainIn},
	topic("CrossChainEvent(address,bytes,address,uint64,bytes,bytes)"):          {poly, polyCrossed},
	topic("Dispatch(bytes32,uint256,uint64,bytes32,bytes)"):                     {nomad, nomadDispatch},
	topic("Receive(uint64,address,address,address,uint256)"):                    {nomad, nomadReceive},
	topic("TokenDeposited(uint256,address,address,address,uint32,uint256)"):     {ronin, roninDeposited},
	topic("TokenWithdrew(uint256,address,address,uint256)"):                     {ronin, roninWithdrew},
	topic("Deposit(address,address,uint256,string)"):                            {thorchain, thorDeposit},
	topic("TransferOut(address,address,address,uint256,string)"):                {thorchain, thorOut},

	topic("LogMessagePublished(address,uint64,uint32,bytes,uint8)"): {wormhole, wormholePublished},
	topic("TransferRedeemed(uint16,bytes32,uint64)"):                {wormhole, wormholeRedeemed},

	topic("Swap(uint16,uint256,address,uint256,uint256,uint256,uint256,uint256)"): {stargate, stargateSwap},
	topic("SwapRemote(address,uint256,uint256,uint256)"):                          {stargate, stargateRemote},
	topic("OFTSent(bytes32,uint32,address,uint256,uint256)"):                      {stargate, stargateSent},
	topic("OFTReceived(bytes32,uint32,address,uint256)"):                          {stargate, stargateReceived},

	topic("TokenDeposit(address,uint256,address,uint256)"):                                              {synapse, synapseIn},
	topic("TokenRedeem(address,uint256,address,uint256)"):                                               {synapse, synapseIn},
	topic("TokenRedeemV2(bytes32,uint256,address,uint256)"):                                             {synapse, synapseIn},
	topic("TokenDepositAndSwap(address,uint256,address,uint256,uint8,uint8,uint256,uint256)"):           {synapse, synapseInSwapped},
	topic("TokenRedeemAndSwap(address,uint256,address,uint256,uint8,uint8,uint256,uint256)"):            {synapse, synapseInSwapped},
	topic("TokenRedeemAndRemove(address,uint256,address,uint256,uint8,uint256,uint256)"):                {synapse, synapseInRemoved},
	topic("TokenWithdraw(address,address,uint256,uint256,bytes32)"):                                     {synapse, synapseOut},
	topic("TokenMint(address,address,uint256,uint256,bytes32)"):                                         {synapse, synapsePaid},
	topic("TokenMintAndSwap(address,address,uint256,uint256,uint8,uint8,uint256,uint256,bool,bytes32)"): {synapse, synapseOutSwapped},
	topic("TokenWithdrawAndRemove(address,address,uint256,uint256,uint8,uint256,uint256,bool,bytes32)"): {synapse, synapseOutRemoved},

	topic(acrossDeposited):     {across, acrossDeposit},
	topic(acrossDepositedWith): {across, acrossDepositWith},
	topic(acrossFilled):        {across, acrossFill},
	topic(acrossFilledWith):    {across, acrossFillWith},
	topic(acrossDeposited3):    {across, acrossDeposit3},
	topic(acrossFilled3):       {across, acrossFill3},

	topic("LogBurn(bytes,uint256,uint256,bytes)"):                              {ren, renBurnt},
	topic("LogBurnToChain(string,string,bytes,uint256,uint256,string,string)"): {ren, renBurntTo},
	topic("LogMint(address,uint256,uint256,bytes32)"):                          {ren, renMinted},

	topic("Mint(address,uint256,address,uint256,bytes32)"):         {avalanche, avalancheMinted},
	topic("Mint(address,uint256,address,uint256,bytes32,uint256)"): {avalanche, avalancheMinted},
	topic("Unwrap(uint256,uint256)"):                               {avalanche, avalancheUnwrapped},
	topic("Swapin(bytes32,address,uint256)"):                       {avalanche, avalancheSwappedIn},
	topic("Swapout(address,address,uint256)"):                      {avalanche, avalancheSwappedOut},

	topic("TransferOutAndCall(address,address,uint256,address,address,uint256,string)"): {thorchain, thorOutAndCall},
}

// Protocols returns the ids of the bridges whose events are read, sorted.
func Protocols() (names []string) {
	for _, s := range signatures {
		if !slices.Contains(names, s.protocol) {
			names = append(names, s.protocol)
		}
	}
	slices.Sort(names)
	return names
}

// Emitters says which contracts are a protocol's, by the id of its record in
// data/services. Anybody can emit an event of any
// form, so an event of a contract that is not listed is no leg.
type Emitters map[fundtrail.Address]string

// Legs returns the ends of passages over bridges that a transaction's events record, in
// the events' order, with the ledger record that carried the value where exactly one
// fits. An event of a listed contract that is not of its form is an error, which wraps
// [fundtrail.ErrInvalid] and names it; the legs that were read are returned beside it.
func Legs(tx *fundtrail.Transaction, from Emitters) ([]Leg, error) {
	var legs []Leg
	var bad error
	for i := range tx.Events {
		log := &tx.Events[i]
		protocol, listed := from[log.Contract]
		if !listed || len(log.Topics) == 0 {
			continue
		}
		sig, known := signatures[log.Topics[0]]
		if !known || sig.protocol != protocol {
			continue
		}
		e := event{tx: tx.ID, in: tx, log: log, at: i, protocol: protocol, from: from}
		leg := sig.decode(&e)
		if e.read.bad != "" {
			bad = errors.Join(bad, malformed("event "+protocol+" of "+tx.ID.String(), "%s", e.read.bad))
			continue
		}
		if leg == (Leg{}) {
			continue // another use of the same event
		}
		leg.Protocol, leg.Tx = protocol, tx.ID
		if leg.Contract.IsZero() {
			leg.Contract = log.Contract
		}
		leg.Complete(tx, nil)
		legs = append(legs, leg)
	}
	return append(legs, avalancheMoves(tx, from)...), bad
}

// A call is what a bridge's relayer calls on the destination.
type call struct {
	protocol string
	decode   func(*words) Leg
}

var calls = map[[4]byte]call{
	selector("relay(bytes,bytes[],address[],uint256[])"):                     {celer, celerRelay},
	selector("mint(bytes,bytes[],address[],uint256[])"):                      {celer, celerMint},
	selector("withdraw(bytes,bytes[],address[],uint256[])"):                  {celer, celerWithdraw},
	selector("anySwapIn(bytes32,address,address,uint256,uint256)"):           {multichain, multichainSwapIn},
	selector("anySwapInUnderlying(bytes32,address,address,uint256,uint256)"): {multichain, multichainSwapIn},
	selector("anySwapInAuto(bytes32,address,address,uint256,uint256)"):       {multichain, multichainSwapIn},
	selector("verifyHeaderAndExecuteTx(bytes,bytes,bytes,bytes,bytes)"):      {poly, polyExecute},
	selector("completeTransfer(bytes)"):                                      {wormhole, wormholeComplete},
	selector("completeTransferAndUnwrapETH(bytes)"):                          {wormhole, wormholeComplete},
	selector("completeTransferWithPayload(bytes)"):                           {wormhole, wormholeComplete},
	selector("completeTransferAndUnwrapETHWithPayload(bytes)"):               {wormhole, wormholeComplete},
}

// CallLeg reads a call to a bridge's contract: the leg as far as the call tells. It has
// no time, and whether the call succeeded is not in it. Its errors wrap
// [fundtrail.ErrInvalid], or [fundtrail.ErrNotFound] when the call is none of a bridge
// that is known here.
func CallLeg(tx fundtrail.TxID, input []byte) (Leg, error) {
	if len(input) < 4 {
		return Leg{}, malformed("a call", "it has %d bytes, its selector alone has 4", len(input))
	}
	c, known := calls[[4]byte(input)]
	if !known {
		return Leg{}, notFound("read a call: %s is of no bridge that is known here", hexText(input[:4]))
	}
	w := words{data: input[4:]}
	leg := c.decode(&w)
	if w.bad != "" {
		return Leg{}, malformed("a call of "+c.protocol, "%s", w.bad)
	}
	leg.Protocol, leg.Tx = c.protocol, tx
	return leg, nil
}
