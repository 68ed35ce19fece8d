package ingest

import (
	"bufio"
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
	// Unread says of events of a bridge's contracts why they were not read: most are
	// messages that move no token.
	Unread []error
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

// BridgeOptions say what files of a bridge's passages do not.
type BridgeOptions struct {
	// Protocol names the bridge of one of XChainWatcher's relations: "nomad".
	Protocol string
	// Chain is that of a table of logs.
	Chain fundtrail.Chain
	// Contracts are those whose logs are a bridge's.
	Contracts crossing.Emitters
}

// BridgeEvents reads one file of the ends of a bridge's passages: by its name one of
// XChainWatcher's relations ("SC_ValidERC20TokenWithdrawal.csv.gz"); else CSV with a header
// or JSON lines, by their columns a table of logs, or one of legs. doc/formats-bridges.md
// has the columns. The file may be compressed. Errors wrap [fundtrail.ErrInvalid] and
// name file and line.
func BridgeEvents(in Input, opt BridgeOptions) (b Bridges, err error) {
	base := in.Name[strings.LastIndexAny(in.Name, `/\\`)+1:]
	base, _, _ = strings.Cut(base, ".")
	read := func(r io.Reader) error { return b.table(in, r, opt) }
	if tables, ok := bridgeTables[base]; ok {
		read = func(r io.Reader) error { return b.relation(r, tables, opt.Protocol) }
	}
	if err := unpacking(in, read); err != nil {
		return Bridges{}, fmt.Errorf("read bridge events %s: %w", in.Name, err)
	}
	return b, nil
}

// unpacking reads a file's text, which may be compressed.
func unpacking(in Input, read func(io.Reader) error) (err error) {
	r, err := in.Open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	text, err := Unpack(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, text.Close()) }()
	return read(text)
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

const (
	legProtocol = iota
	legSide
	legChain
	legTx
	legTime
	legPeer
	legID
	legSender
	legRecipient
	legToken
	legPeerToken
	legAmount
	legMemo
)

// bridgeColumns are the columns of our own table.
var bridgeColumns = []column{
	legProtocol: {name: "protocol", need: true}, legSide: {name: "side"}, legChain: {name: "chain", need: true}, legTx: {name: "tx", need: true},
	legTime: {name: "time"}, legPeer: {name: "peer"}, legID: {name: "id"}, legSender: {name: "sender"}, legRecipient: {name: "recipient"},
	legToken: {name: "token"}, legPeerToken: {name: "peer_token"}, legAmount: {name: "amount", need: true}, legMemo: {name: "memo"},
}

// table reads a table of logs, or of legs.
func (b *Bridges) table(in Input, r io.Reader, opt BridgeOptions) error {
	t := newTable(r)
	if err := t.open(); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if slices.Contains(t.header, "topics") {
		return b.logs(in, t, opt)
	}
	if !t.json {
		if err := ownHeader(t.header); err != nil {
			return err
		}
	}
	return rowsOf(t, bridgeColumns, func(get func(int) string) error {
		leg, is, err := bridgeRow(get)
		if err == nil && is {
			b.add(leg)
		}
		return err
	})
}

// rowsOf reads a table's rows; get returns a column's cell.
func rowsOf(t *table, columns []column, row func(get func(int) string) error) error {
	if err := t.use(columns); err != nil {
		return err
	}
	get := func(c int) string { return strings.TrimSpace(string(t.cells[c])) }
	for {
		err := t.next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = row(get)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", t.line, err)
		}
	}
}

// ownHeader refuses a CSV of other columns: what is misspelt would be left out unseen.
func ownHeader(header []string) error {
	var names []string
	for _, c := range bridgeColumns {
		names = append(names, c.name)
	}
	for i, h := range header {
		switch {
		case !slices.Contains(names, h):
			return malformed("header: column %q is not known; want %s", h, strings.Join(names, ", "))
		case slices.Contains(header[:i], h):
			return malformed("header: column %q stands twice", h)
		}
	}
	for _, c := range bridgeColumns {
		if c.need && !slices.Contains(header, c.name) {
			return malformed("header: column %q is missing", c.name)
		}
	}
	return nil
}

// bridgeRow reads a leg; is is false for a memo that crosses nothing.
func bridgeRow(get func(int) string) (l crossing.Leg, is bool, err error) {
	side, memo := get(legSide), get(legMemo)
	switch {
	case side == "deposit" || side == "" && memo != "":
	case side == "withdrawal":
		l.Side = crossing.Leaves
	default:
		return l, false, malformed("side %q: want deposit or withdrawal", side)
	}
	if l.Protocol = get(legProtocol); l.Protocol == "" {
		return l, false, malformed("no protocol")
	}
	// A chain that Fundtrail does not know may stand at the end of a bridge.
	for c, into := range map[int]*fundtrail.Chain{legChain: &l.Tx.Chain, legPeer: &l.Peer} {
		s := get(c)
		if c, err := fundtrail.ParseChain(s); err == nil {
			*into = c
		} else {
			*into = fundtrail.Chain(strings.ToLower(s))
		}
	}
	if l.Tx.Chain == "" {
		return l, false, malformed("no chain")
	}
	if l.Tx.Hash, err = fundtrail.ParseHash(get(legTx)); err != nil {
		return l, false, err
	}
	if s := get(legTime); s != "" {
		if l.Time, err = time.Parse(time.RFC3339, s); err != nil {
			if l.Time, err = unixText(s); err != nil {
				return l, false, malformed("time %q: want 2022-03-23T13:29:09Z or seconds since 1970", s)
			}
		}
		l.Time = l.Time.UTC()
	}
	if l.Amount, err = fundtrail.ParseAmount(get(legAmount)); err != nil {
		return l, false, err
	}
	l.ID = get(legID)
	l.Sender, l.Recipient = bridgeParty(get(legSender)), bridgeParty(get(legRecipient))
	l.Token, l.PeerToken = bridgeParty(get(legToken)), bridgeParty(get(legPeerToken))
	if memo == "" {
		return l, true, nil
	}
	return bridgeMemo(l, memo, side)
}

// bridgeMemo reads a payment's memo, which says what it is.
func bridgeMemo(l crossing.Leg, memo, side string) (crossing.Leg, bool, error) {
	if l.Protocol != "thorchain" {
		return l, false, malformed("a memo of %q: those of thorchain alone are read", l.Protocol)
	}
	m, err := crossing.ParseMemo(memo)
	if err != nil {
		return l, false, err
	}
	leg, is := crossing.MemoLeg(&m, l.Tx, l)
	if is && side != "" && leg.Side != l.Side {
		return l, false, malformed("memo %q is of a %s, and side says %s", memo, leg.Side, side)
	}
	return leg, is, nil
}

// bridgeParty spells hexadecimal as legs do.
func bridgeParty(s string) string {
	if strings.HasPrefix(s, "0x") || strings.HasPrefix(s, "0X") {
		return strings.ToLower(s)
	}
	return s
}
