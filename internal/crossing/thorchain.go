package crossing

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// THORChain takes its orders from memos: an inbound transaction says what it wants
// ("=:BTC.BTC:bc1…"), an outbound one says which inbound it answers ("OUT:<hash>",
// "REFUND:<hash>"). The format is that of THORChain's developer documentation,
// "Transaction Memos". The Maya protocol, a fork, uses the same.

const thorchain = "thorchain"

// A MemoKind is what a memo of THORChain asks or answers.
type MemoKind string

const (
	MemoSwap   MemoKind = "swap"
	MemoOut    MemoKind = "out"
	MemoRefund MemoKind = "refund"
	MemoOther  MemoKind = "other" // liquidity, savers, loans, bonds, donations, migrations: no crossing
)

// A Memo is one memo of THORChain, read.
type Memo struct {
	Kind MemoKind
	Verb string // as written, in lower case: "=", "swap", "add", …

	// Of a swap:
	Chain      fundtrail.Chain  // of the asset wanted; "thor-XYZ" where Fundtrail does not know it
	Asset      string           // "USDC"
	Contract   string           // the tail after the dash, which may be short for a whole contract; "" none
	Synthetic  bool             // the asset stays on THORChain, as a claim on a pool
	Recipient  string           // "" when the sender is to have it
	Refund     string           // where it goes when the swap fails; "" the sender
	Limit      fundtrail.Amount // least to come out, in 10^-8 of the asset; zero: any
	Interval   uint64           // blocks between the parts of a streaming swap
	Quantity   uint64           // number of the parts
	Affiliates []Affiliate

	// Of an answer: the transaction that it answers. THORChain does not say on which
	// chain, so only the hash is known.
	Answers fundtrail.Hash
}

// An Affiliate gets a part of a swap.
type Affiliate struct {
	Name   string // a THORName or an address
	Points uint16 // hundredths of a per cent
}

var thorChains = map[string]fundtrail.Chain{
	"BTC": fundtrail.Bitcoin, "LTC": fundtrail.Litecoin, "DOGE": fundtrail.Dogecoin, "BCH": fundtrail.BitcoinCash,
	"ETH": fundtrail.Ethereum, "BSC": fundtrail.BSC, "AVAX": fundtrail.Avalanche, "BASE": fundtrail.Base,
	"ARB": fundtrail.Arbitrum, "TRON": fundtrail.Tron, "SOL": fundtrail.Solana, "POL": fundtrail.Polygon,
}

// thorShort are the documented short names of native assets.
var thorShort = map[string]string{
	"r": "THOR.RUNE", "a": "AVAX.AVAX", "b": "BTC.BTC", "c": "BCH.BCH", "n": "BNB.BNB", "s": "BSC.BNB", "d": "DOGE.DOGE",
	"e": "ETH.ETH", "g": "GAIA.ATOM", "l": "LTC.LTC", "f": "BASE.ETH", "x": "XRP.XRP", "tr": "TRON.TRX", "o": "SOL.SOL",
}

var thorOthers = []string{
	"add", "+", "a", "withdraw", "-", "wd", "donate", "d", "bond", "unbond", "leave", "reserve", "noop", "migrate", "ragnarok",
	"limito", "loan+", "$+", "loan-", "$-", "trade+", "trade-", "secure+", "secure-", "switch", "pool+", "pool-", "yggdrasil+",
	"yggdrasil-", "name", "n", "~", "consolidate", "tcy", "x", "exec", "rebond", "operator", "m=<",
}

// maxMemo is the longest memo read: the longest that a chain carries is far shorter.
const maxMemo = 1024

// ParseMemo reads a memo of THORChain. It never repairs: what it does not understand
// is an error, which wraps [fundtrail.ErrInvalid].
func ParseMemo(s string) (Memo, error) {
	if len(s) > maxMemo {
		return Memo{}, memoError(s[:maxMemo], "it has %d bytes, the most is %d", len(s), maxMemo)
	}
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return Memo{}, memoError(s, "it holds what is no printable ASCII")
		}
	}
	// After a bar stands what THORChain leaves to others.
	order, _, _ := strings.Cut(s, "|")
	fields := strings.Split(order, ":")
	m := Memo{Verb: strings.ToLower(fields[0])}
	switch m.Verb {
	case "swap", "s", "=", "=<":
		m.Kind = MemoSwap
		return m, m.swap(s, fields[1:])
	case "out", "refund":
		m.Kind = MemoOut
		if m.Verb == "refund" {
			m.Kind = MemoRefund
		}
		if len(fields) < 2 {
			return Memo{}, memoError(s, "it names no transaction")
		}
		raw, err := hex.DecodeString(strings.TrimPrefix(fields[1], "0x"))
		if err != nil || len(raw) != len(m.Answers) {
			return Memo{}, memoError(s, "%q is no hash of 64 hexadecimal digits", fields[1])
		}
		copy(m.Answers[:], raw)
		return m, nil
	}
	for _, verb := range thorOthers {
		if m.Verb == verb {
			m.Kind = MemoOther
			return m, nil
		}
	}
	return Memo{}, memoError(s, "%q is no order of THORChain", fields[0])
}

func memoError(s, format string, args ...any) error {
	if len(s) > 80 {
		s = s[:80] + "…"
	}
	return malformed(fmt.Sprintf("thorchain memo %q", s), format, args...)
}

// swap reads ASSET:RECIPIENT/REFUND:LIMIT/INTERVAL/QUANTITY:AFFILIATES:POINTS; what
// follows is for aggregators and not read.
func (m *Memo) swap(s string, f []string) (err error) {
	defer func() {
		if err != nil {
			*m = Memo{}
		}
	}()
	if len(f) == 0 || f[0] == "" {
		return memoError(s, "it names no asset")
	}
	if err := m.asset(s, f[0]); err != nil {
		return err
	}
	f = rejoinCash(f[1:])
	if len(f) > 0 {
		m.Recipient, m.Refund, _ = strings.Cut(f[0], "/")
	}
	if len(f) > 1 && f[1] != "" {
		if err := m.limit(s, f[1]); err != nil {
			return err
		}
	}
	if len(f) > 2 && f[2] != "" {
		points := ""
		if len(f) > 3 {
			points = f[3]
		}
		return m.affiliates(s, f[2], points)
	}
	return nil
}

// rejoinCash mends the split of a bitcoin cash address, whose prefix ends in a colon.
func rejoinCash(f []string) []string {
	if len(f) > 1 && strings.EqualFold(f[0], "bitcoincash") {
		return append([]string{f[0] + ":" + f[1]}, f[2:]...)
	}
	return f
}

func (m *Memo) asset(s, a string) error {
	if full, ok := thorShort[strings.ToLower(a)]; ok {
		a = full
	}
	at := strings.IndexAny(a, "./~-")
	if at <= 0 || at == len(a)-1 || a[at] == '-' && strings.ContainsAny(a, "./~") {
		return memoError(s, "asset %q: want CHAIN.ASSET", a)
	}
	chain, rest := strings.ToUpper(a[:at]), a[at+1:]
	m.Synthetic = a[at] != '.'
	m.Chain = thorChains[chain]
	if m.Chain == "" {
		m.Chain = fundtrail.Chain("thor-" + strings.ToLower(chain))
	}
	m.Asset, m.Contract, _ = strings.Cut(rest, "-")
	m.Asset, m.Contract = strings.ToUpper(m.Asset), strings.ToLower(m.Contract)
	if full, ok := thorShort[strings.ToLower(m.Asset)]; ok && m.Contract == "" && strings.HasPrefix(full, chain+".") {
		m.Asset = full[len(chain)+1:]
	}
	return nil
}

// limit reads LIMIT/INTERVAL/QUANTITY. The limit may be short for a long number, "3e8".
func (m *Memo) limit(s, f string) (err error) {
	parts := strings.Split(f, "/")
	if len(parts) > 3 {
		return memoError(s, "limit %q: want LIMIT/INTERVAL/QUANTITY", f)
	}
	if m.Limit, err = scientific(parts[0]); err != nil {
		return memoError(s, "limit %q: want a whole number", parts[0])
	}
	for i, into := range []*uint64{&m.Interval, &m.Quantity} {
		if i+1 < len(parts) && parts[i+1] != "" {
			if *into, err = strconv.ParseUint(parts[i+1], 10, 32); err != nil {
				return memoError(s, "limit %q: want LIMIT/INTERVAL/QUANTITY", f)
			}
		}
	}
	return nil
}

func scientific(s string) (fundtrail.Amount, error) {
	if s == "" {
		return fundtrail.Amount{}, nil
	}
	digits, power, short := strings.Cut(strings.ToLower(s), "e")
	if short {
		n, err := strconv.ParseUint(power, 10, 8)
		if err != nil || n > 60 {
			return fundtrail.Amount{}, fundtrail.ErrInvalid
		}
		digits += strings.Repeat("0", int(n))
	}
	return fundtrail.ParseAmount(digits)
}

// affiliates reads NAME/NAME and POINTS/POINTS: one number may stand for all.
func (m *Memo) affiliates(s, names, points string) error {
	list, each := strings.Split(names, "/"), strings.Split(points, "/")
	if len(each) != 1 && len(each) != len(list) {
		return memoError(s, "it has %d affiliates and %d shares", len(list), len(each))
	}
	for i, name := range list {
		p := each[0]
		if len(each) > 1 {
			p = each[i]
		}
		var n uint64
		if p != "" {
			var err error
			if n, err = strconv.ParseUint(p, 10, 16); err != nil || n > 10_000 {
				return memoError(s, "share %q of an affiliate: want 0 to 10000 hundredths of a per cent", p)
			}
		}
		m.Affiliates = append(m.Affiliates, Affiliate{name, uint16(n)})
	}
	return nil
}

// MemoLeg returns the leg that a memo makes of a payment: a swap's payment into a vault
// is a deposit named by its own hash, an answer's payment out of one is a withdrawal
// named by the hash it answers. A refund's other end is its own chain. It is false for
// a memo that crosses nothing.
func MemoLeg(m *Memo, tx fundtrail.TxID, pay Leg) (Leg, bool) {
	pay.Protocol, pay.Tx = thorchain, tx
	switch m.Kind {
	case MemoSwap:
		pay.Side, pay.ID = Enters, hexText(tx.Hash[:])
		pay.Peer, pay.Recipient = m.Chain, m.Recipient
		if m.Recipient == "" {
			pay.Recipient = pay.Sender
		}
		pay.Recipient = lowerHex(pay.Recipient)
		if m.Synthetic {
			pay.Peer = "thorchain" // it stays there
		}
	case MemoOut, MemoRefund:
		pay.Side, pay.ID = Leaves, hexText(m.Answers[:])
		if m.Kind == MemoRefund {
			pay.Peer = tx.Chain
		}
	default:
		return Leg{}, false
	}
	return pay, true
}

// lowerHex spells hexadecimal addresses as legs do.
func lowerHex(s string) string {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return strings.ToLower(s)
	}
	return s
}

// thorDeposit: Deposit(address indexed to, address indexed asset, uint amount, string
// memo) of the router on an EVM chain. The zero asset is the native coin.
func thorDeposit(e *event) Leg {
	w := e.words()
	return thorLeg(e, w, Leg{Token: thorToken(e.topicAddress(2)), Amount: w.amount(0)}, w.bytes(1))
}

// thorOut: TransferOut(address indexed vault, address indexed to, address asset,
// uint amount, string memo).
func thorOut(e *event) Leg {
	w := e.words()
	return thorLeg(e, w, Leg{Recipient: e.topicAddress(2), Token: thorToken(w.address(0)), Amount: w.amount(1)}, w.bytes(2))
}

// thorOutAndCall: TransferOutAndCall(address indexed vault, address target, uint amount,
// address finalAsset, address to, uint256 amountOutMin, string memo): the vault pays the
// chain's coin to an aggregator, which swaps it for the recipient. Amount is what the
// vault paid.
func thorOutAndCall(e *event) Leg {
	w := e.words()
	e.topicAddress(1)
	return thorLeg(e, w, Leg{Recipient: w.address(3), Amount: w.amount(1)}, w.bytes(5))
}

func thorLeg(e *event, w *words, pay Leg, memo []byte) Leg {
	if w.bad != "" {
		return Leg{}
	}
	m, err := ParseMemo(string(memo))
	if err != nil {
		w.fail("%v", err)
		return Leg{}
	}
	leg, ok := MemoLeg(&m, e.tx, pay)
	if !ok {
		return Leg{}
	}
	return leg
}

func thorToken(a string) string {
	if a == zeroAddress {
		return ""
	}
	return a
}
