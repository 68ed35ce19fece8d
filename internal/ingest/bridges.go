package ingest

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// Bridges are the two ends of what went over a bridge, as a file tells them.
type Bridges struct {
	Deposits, Withdrawals []crossing.Leg
}

// A bridgeTable is a relation of XChainWatcher: tab-separated, without a header. Each
// gives the places of its columns; -1 is "not told".
type bridgeTable struct {
	columns int
	side    crossing.Side
	time, tx, id,
	sender, recipient,
	token, peerToken,
	chain, peer,
	amount int
}

// On both ends of a matched passage the same columns stand.
var matchedDeposit = bridgeTable{columns: 12, side: crossing.Enters, chain: 0, time: 1, tx: 2, peer: 3, id: 6, token: 7, peerToken: 8, sender: 9, recipient: 10, amount: 11}
var matchedWithdrawal = bridgeTable{columns: 12, side: crossing.Leaves, chain: 3, time: 4, tx: 5, peer: 0, id: 6, token: 8, peerToken: 7, sender: 9, recipient: 10, amount: 11}

// Deposits made on the source chain S, and withdrawals asked for on the target chain T,
// both enter the bridge.
var enters = bridgeTable{columns: 12, side: crossing.Enters, time: 0, tx: 1, id: 2, sender: 3, recipient: 5, peerToken: 6, token: 7, chain: 8, peer: 9, amount: 11}
var asks = bridgeTable{columns: 12, side: crossing.Enters, time: 0, tx: 1, id: 2, sender: 3, recipient: 5, token: 6, peerToken: 7, peer: 8, chain: 9, amount: 11}
var leaves = bridgeTable{columns: 7, side: crossing.Leaves, time: 0, tx: 1, id: 2, recipient: 3, token: 4, chain: 5, amount: 6, sender: -1, peerToken: -1, peer: -1}
var unmatched = bridgeTable{columns: 7, side: crossing.Leaves, chain: 0, time: 1, tx: 2, id: 3, token: 4, recipient: 5, amount: 6, sender: -1, peerToken: -1, peer: -1}

var bridgeTables = map[string][]bridgeTable{
	"SC_ValidERC20TokenDeposit":                    {enters},
	"SC_ValidNativeTokenDeposit":                   {enters},
	"TC_ValidERC20TokenDeposit":                    {leaves},
	"TC_ValidERC20TokenWithdrawal":                 {asks},
	"TC_ValidNativeTokenWithdrawal":                {asks},
	"SC_ValidERC20TokenWithdrawal":                 {leaves},
	"SC_ValidNativeTokenWithdrawal":                {leaves},
	"CCTX_Withdrawal":                              {matchedDeposit, matchedWithdrawal},
	"CCTX_Withdrawal_FinalityBreak":                {matchedDeposit, matchedWithdrawal},
	"CCTX_Deposit":                                 {matchedDeposit, matchedWithdrawal},
	"CCTX_Deposit_FinalityBreak":                   {matchedDeposit, matchedWithdrawal},
	"SC_WithdrawalsMatchWithAdditionalData":        {matchedDeposit, matchedWithdrawal},
	"TC_WithdrawalsMatchWithAdditionalData":        {matchedDeposit, matchedWithdrawal},
	"SC_WithdrawalsWithoutMatch":                   {unmatched},
	"SC_WithdrawalsWithoutMatchWithAdditionalData": {unmatched},
}

// BridgeEvents reads one file of the ends of a bridge's passages. Its name says what it
// is: one of XChainWatcher's relations ("SC_ValidERC20TokenWithdrawal.csv.gz"), or any
// other ".csv", which has a header and the columns of doc/methods-bridges.md. Protocol
// names the bridge of a relation, which does not tell: "nomad", "ronin-bridge". The file may
// be compressed. Errors wrap [fundtrail.ErrInvalid] and name file and line.
func BridgeEvents(in Input, protocol string) (b Bridges, err error) {
	r, err := in.Open()
	if err != nil {
		return Bridges{}, fmt.Errorf("read bridge events: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, err := Unpack(r)
	if err != nil {
		return Bridges{}, fmt.Errorf("read bridge events %s: %w", in.Name, err)
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	base := in.Name[strings.LastIndexAny(in.Name, `/\`)+1:]
	base, _, _ = strings.Cut(base, ".")
	if tables, ok := bridgeTables[base]; ok {
		err = b.relation(text, tables, protocol)
	} else {
		err = b.table(text)
	}
	if err != nil {
		return Bridges{}, fmt.Errorf("read bridge events %s: %w", in.Name, err)
	}
	return b, nil
}

func (b *Bridges) add(l crossing.Leg) {
	if l.Side == crossing.Leaves {
		b.Withdrawals = append(b.Withdrawals, l)
	} else {
		b.Deposits = append(b.Deposits, l)
	}
}

func (b *Bridges) relation(r io.Reader, tables []bridgeTable, protocol string) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for n := 1; s.Scan(); n++ {
		f := strings.Split(strings.TrimSuffix(s.Text(), "\r"), "\t")
		for _, t := range tables {
			leg, err := t.leg(f, protocol)
			if err != nil {
				return fmt.Errorf("line %d: %w", n, err)
			}
			b.add(leg)
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("%w: %w", err, fundtrail.ErrInvalid)
	}
	return nil
}

func (t *bridgeTable) leg(f []string, protocol string) (l crossing.Leg, err error) {
	if len(f) != t.columns {
		return l, malformed("it has %d columns separated by tabs, want %d", len(f), t.columns)
	}
	get := func(i int) string {
		if i < 0 {
			return ""
		}
		return f[i]
	}
	l = crossing.Leg{Protocol: protocol, Side: t.side, ID: get(t.id)}
	if l.Time, err = unixText(get(t.time)); err != nil {
		return l, err
	}
	if l.Tx.Chain, err = bridgeChain(protocol, get(t.chain)); err != nil {
		return l, err
	}
	if t.peer >= 0 {
		if l.Peer, err = bridgeChain(protocol, get(t.peer)); err != nil {
			return l, err
		}
	}
	if l.Tx.Hash, err = fundtrail.ParseHash(get(t.tx)); err != nil {
		return l, err
	}
	if l.Amount, err = fundtrail.ParseAmount(get(t.amount)); err != nil {
		return l, err
	}
	for _, into := range []struct {
		to *string
		at int
	}{{&l.Sender, t.sender}, {&l.Recipient, t.recipient}, {&l.Token, t.token}, {&l.PeerToken, t.peerToken}} {
		*into.to = strings.ToLower(get(into.at))
	}
	return l, nil
}

func unixText(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return time.Time{}, malformed("time %q: want seconds since 1970", s)
	}
	return time.Unix(n, 0).UTC(), nil
}

// bridgeChain reads a chain by the number its bridge uses: Nomad's domains, else EIP-155.
func bridgeChain(protocol, s string) (fundtrail.Chain, error) {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return "", malformed("chain %q: want its number", s)
	}
	if protocol == "nomad" {
		return crossing.NomadChain(uint32(n)), nil
	}
	return crossing.EVMChain(n), nil
}

// bridgeColumns are the columns of our own table; those with a star must be there.
var bridgeColumns = []string{"protocol*", "side*", "chain*", "tx*", "time", "peer", "id", "sender", "recipient", "token", "peer_token", "amount*"}

func (b *Bridges) table(r io.Reader) error {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return fmt.Errorf("header: %w: %w", err, fundtrail.ErrInvalid)
	}
	at := map[string]int{}
	for i, h := range head {
		h = strings.TrimPrefix(strings.TrimSpace(h), "\ufeff")
		if !slices.ContainsFunc(bridgeColumns, func(c string) bool { return strings.TrimSuffix(c, "*") == h }) {
			return malformed("header: column %q is not known; want %s", h, strings.ReplaceAll(strings.Join(bridgeColumns, ", "), "*", ""))
		}
		if _, twice := at[h]; twice {
			return malformed("header: column %q stands twice", h)
		}
		at[h] = i
	}
	for _, c := range bridgeColumns {
		if name, need := strings.CutSuffix(c, "*"); need {
			if _, ok := at[name]; !ok {
				return malformed("header: column %q is missing", name)
			}
		}
	}
	for {
		f, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", err, fundtrail.ErrInvalid)
		}
		leg, err := bridgeRow(f, at)
		if err != nil {
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
		b.add(leg)
	}
}

func bridgeRow(f []string, at map[string]int) (l crossing.Leg, err error) {
	get := func(name string) string {
		if i, ok := at[name]; ok {
			return strings.TrimSpace(f[i])
		}
		return ""
	}
	switch get("side") {
	case "deposit":
	case "withdrawal":
		l.Side = crossing.Leaves
	default:
		return l, malformed("side %q: want deposit or withdrawal", get("side"))
	}
	if l.Protocol = get("protocol"); l.Protocol == "" {
		return l, malformed("no protocol")
	}
	// A chain that Fundtrail does not know may stand at the end of a bridge.
	for name, into := range map[string]*fundtrail.Chain{"chain": &l.Tx.Chain, "peer": &l.Peer} {
		s := get(name)
		if c, err := fundtrail.ParseChain(s); err == nil {
			*into = c
		} else {
			*into = fundtrail.Chain(strings.ToLower(s))
		}
	}
	if l.Tx.Chain == "" {
		return l, malformed("no chain")
	}
	if l.Tx.Hash, err = fundtrail.ParseHash(get("tx")); err != nil {
		return l, err
	}
	if s := get("time"); s != "" {
		if l.Time, err = time.Parse(time.RFC3339, s); err != nil {
			if l.Time, err = unixText(s); err != nil {
				return l, malformed("time %q: want 2022-03-23T13:29:09Z or seconds since 1970", s)
			}
		}
		l.Time = l.Time.UTC()
	}
	if l.Amount, err = fundtrail.ParseAmount(get("amount")); err != nil {
		return l, err
	}
	l.ID = get("id")
	l.Sender, l.Recipient = bridgeParty(get("sender")), bridgeParty(get("recipient"))
	l.Token, l.PeerToken = bridgeParty(get("token")), bridgeParty(get("peer_token"))
	return l, nil
}

// bridgeParty spells hexadecimal as legs do.
func bridgeParty(s string) string {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return strings.ToLower(s)
	}
	return s
}
