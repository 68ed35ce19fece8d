package tron

import (
	"bytes"
	"crypto/sha256"
	"math"
	"strconv"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// An address is its 20 bytes, without the 0x41 before them.
type address = [20]byte

// An effect is what a contract of the protocol does to balances of others.
type effect uint8

const (
	unknown  effect = iota // not known here: the block claims nothing
	nothing                // only the fee: votes, permissions, stakes, which stay their owner's
	sends                  // TRX, and TRC-10 tokens where it says so
	calls                  // the same, to a program that may move more
	grants                 // TRC-10 tokens alone
	issues                 // a TRC-10 token is made
	draws                  // rewards become balance
	buys                   // TRX for TRC-10 tokens at the issuer's rate, which is told elsewhere
	trades                 // with a market of the protocol's own, which has no address
	shielded               // to or from a shielded pool: TRC-10 tokens
)

// A form is a contract's place in Tron.proto and its fields' numbers (0: it has none).
type form struct {
	name                        string
	does                        effect
	owner, to, amount           uint64
	asset                       uint64 // TRC-10, by its name (since 2019 its number, in digits)
	nested, nestedAmount        uint64 // the amount is in a message within it
	tokenAmount, tokenID        uint64 // TRC-10 sent with a call
	jsonTo, jsonAmount, jsonOwn string // how the API calls to, amount and owner; "" for the usual
}

// forms are Tron.proto's contracts by their number.
var forms = map[uint64]*form{
	0:  {name: "AccountCreateContract", does: nothing, owner: 1},
	1:  {name: "TransferContract", does: sends, owner: 1, to: 2, amount: 3, jsonTo: "to_address", jsonAmount: "amount"},
	2:  {name: "TransferAssetContract", does: grants, asset: 1, owner: 2, to: 3, amount: 4, jsonTo: "to_address", jsonAmount: "amount"},
	3:  {name: "VoteAssetContract", does: nothing, owner: 1},
	4:  {name: "VoteWitnessContract", does: nothing, owner: 1},
	5:  {name: "WitnessCreateContract", does: nothing, owner: 1},
	6:  {name: "AssetIssueContract", does: issues, owner: 1, amount: 4, jsonAmount: "total_supply"},
	8:  {name: "WitnessUpdateContract", does: nothing, owner: 1},
	9:  {name: "ParticipateAssetIssueContract", does: buys, owner: 1, to: 2, asset: 3, amount: 4, jsonTo: "to_address", jsonAmount: "amount"},
	10: {name: "AccountUpdateContract", does: nothing, owner: 2},
	11: {name: "FreezeBalanceContract", does: nothing, owner: 1},
	12: {name: "UnfreezeBalanceContract", does: nothing, owner: 1},
	13: {name: "WithdrawBalanceContract", does: draws, owner: 1},
	14: {name: "UnfreezeAssetContract", does: nothing, owner: 1},
	15: {name: "UpdateAssetContract", does: nothing, owner: 1},
	16: {name: "ProposalCreateContract", does: nothing, owner: 1},
	17: {name: "ProposalApproveContract", does: nothing, owner: 1},
	18: {name: "ProposalDeleteContract", does: nothing, owner: 1},
	19: {name: "SetAccountIdContract", does: nothing, owner: 2},
	30: {name: "CreateSmartContract", does: calls, owner: 1, nested: 2, nestedAmount: 5, tokenAmount: 3, tokenID: 4},
	31: {name: "TriggerSmartContract", does: calls, owner: 1, to: 2, amount: 3, tokenAmount: 5, tokenID: 6, jsonTo: "contract_address", jsonAmount: "call_value"},
	33: {name: "UpdateSettingContract", does: nothing, owner: 1},
	41: {name: "ExchangeCreateContract", does: trades, owner: 1},
	42: {name: "ExchangeInjectContract", does: trades, owner: 1},
	43: {name: "ExchangeWithdrawContract", does: trades, owner: 1},
	44: {name: "ExchangeTransactionContract", does: trades, owner: 1},
	45: {name: "UpdateEnergyLimitContract", does: nothing, owner: 1},
	46: {name: "AccountPermissionUpdateContract", does: nothing, owner: 1},
	48: {name: "ClearABIContract", does: nothing, owner: 1},
	49: {name: "UpdateBrokerageContract", does: nothing, owner: 1},
	51: {name: "ShieldedTransferContract", does: shielded, owner: 1, jsonOwn: "transparent_from_address"},
	52: {name: "MarketSellAssetContract", does: trades, owner: 1},
	53: {name: "MarketCancelOrderContract", does: trades, owner: 1},
	54: {name: "FreezeBalanceV2Contract", does: nothing, owner: 1},
	55: {name: "UnfreezeBalanceV2Contract", does: nothing, owner: 1},
	56: {name: "WithdrawExpireUnfreezeContract", does: nothing, owner: 1},
	57: {name: "DelegateResourceContract", does: nothing, owner: 1},
	58: {name: "UnDelegateResourceContract", does: nothing, owner: 1},
	59: {name: "CancelAllUnfreezeV2Contract", does: nothing, owner: 1},
}

// createsContract is the number of the contract that makes a program.
const createsContract = 30

// A signed is what a transaction's signed bytes say.
type signed struct {
	id          fundtrail.Hash // their SHA-256
	kind        uint64
	form        *form // nil for a contract that is not known here
	owner, to   address
	hasOwner    bool // all but shielded transfers from the pool have one
	hasTo       bool
	amount      uint64 // in sun, or in units of the TRC-10 token
	asset       []byte
	tokenAmount uint64
	tokenID     uint64
	memo        []byte
}

// effect is what the transaction does.
func (s *signed) effect() effect {
	if s.form == nil {
		return unknown
	}
	return s.form.does
}

// Fields of Transaction.raw, of Transaction.Contract and of google.protobuf.Any.
const (
	rawMemo       = 10
	rawContract   = 11
	contractKind  = 1
	contractParam = 2
	anyURL        = 1
	anyValue      = 2
)

// readSigned reads the bytes that a transaction's name is the digest of.
func readSigned(raw []byte) (s signed, err error) {
	s.id = sha256.Sum256(raw)
	var contract []byte
	n := 0
	if err := each(raw, func(f field) {
		switch f.number {
		case rawMemo:
			s.memo = f.data
		case rawContract:
			contract = f.data
			n++
		}
	}); err != nil {
		return s, err
	}
	if n != 1 {
		return s, broken("%d contracts are signed, and one belongs in a transaction", n)
	}
	var param []byte
	if err := each(contract, func(f field) {
		switch f.number {
		case contractKind:
			s.kind = f.value
		case contractParam:
			param = joined(param, f.data)
		}
	}); err != nil {
		return s, err
	}
	var url, body []byte
	if err := each(param, func(f field) {
		switch f.number {
		case anyURL:
			url = f.data
		case anyValue:
			body = f.data
		}
	}); err != nil {
		return s, err
	}
	if s.form = forms[s.kind]; s.form == nil {
		return s, nil
	}
	if name := url[bytes.LastIndexByte(url, '.')+1:]; string(name) != s.form.name {
		return s, broken("a contract of type %d that holds %q, not %s", s.kind, node.Clean(string(name), 40), s.form.name)
	}
	return s, s.readBody(body)
}

// readBody reads the contract's own fields.
func (s *signed) readBody(body []byte) error {
	form := s.form
	var owner, to, nested []byte
	if err := each(body, func(f field) {
		switch f.number {
		case form.owner:
			owner = f.data
		case form.to:
			to = f.data
		case form.amount:
			s.amount = f.value
		case form.asset:
			s.asset = f.data
		case form.tokenAmount:
			s.tokenAmount = f.value
		case form.tokenID:
			s.tokenID = f.value
		case form.nested:
			nested = joined(nested, f.data)
		}
	}); err != nil {
		return err
	}
	if err := each(nested, func(f field) {
		if f.number == form.nestedAmount {
			s.amount = f.value
		}
	}); err != nil {
		return err
	}
	if max(s.amount, s.tokenAmount, s.tokenID) > math.MaxInt64 {
		return broken("a negative amount is signed")
	}
	var ok bool
	// Of what moves nothing it is enough that nobody's fee is claimed.
	if s.owner, s.hasOwner = party(owner); !s.hasOwner && form.does != shielded && form.does != nothing && form.does != trades {
		return broken("%s is signed for %x, which is no address", form.name, clip(owner))
	}
	if s.to, ok = party(to); !ok && form.to != 0 {
		return broken("%s is signed to %x, which is no address", form.name, clip(to))
	}
	s.hasTo = ok
	return nil
}

// prefix is Tron's main network's first byte of an address.
const prefix = 0x41

// party reads an address of 21 bytes.
func party(b []byte) (a address, ok bool) {
	if len(b) != 21 || b[0] != prefix {
		return a, false
	}
	return address(b[1:]), true
}

func clip(b []byte) []byte { return b[:min(len(b), 24)] }

// trc10 names the TRC-10 token that an asset field means; before 2019 it was a name that
// several tokens could have, and no number.
func trc10(name []byte) (uint64, bool) {
	id, err := strconv.ParseUint(string(name), 10, 63)
	return id, err == nil && id >= firstTRC10 && name[0] != '0'
}

// firstTRC10 is the number below which there is no TRC-10 token.
const firstTRC10 = 1_000_001

// TRC10 names a TRC-10 token as an asset. Such a token has a number and no contract, and
// an asset is named by an address: the text "TRC-10", zeros, and the number as a big-endian
// number in the last eight of 20 bytes. It can be read, and no contract, whose address is a
// digest, can be mistaken for it.
func TRC10(id uint64) fundtrail.Asset {
	var a address
	copy(a[:], "TRC-10")
	for i := range 8 {
		a[19-i] = byte(id >> (8 * i))
	}
	return fundtrail.Asset{Chain: fundtrail.Tron, Contract: fundtrail.EVMAddress(fundtrail.Tron, a)}
}
