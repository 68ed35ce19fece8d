package trace_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/ledgertest"
	"github.com/fundtrail/fundtrail/internal/trace"
)

// A dice gives the numbers that some bytes hold, and zeros when they are used up.
type dice struct{ bytes []byte }

func (d *dice) roll(n int) int {
	if len(d.bytes) == 0 || n < 2 {
		return 0
	}
	b := d.bytes[0]
	d.bytes = d.bytes[1:]
	return int(b) % n
}

const diceAddresses = 5

// A diceScene is the ledger and the question that some bytes mean.
type diceScene struct {
	txs     []fundtrail.Transaction
	records []fundtrail.TransferOutput // of transfers and outputs
	unspent []fundtrail.Entry
	huge    bool // amounts near 2^256 are among them
	height  int64
	place   uint32
	in      trace.Input
	opt     trace.Options
}

func newDiceScene(d *dice) *diceScene {
	s := &diceScene{}
	s.question(d)
	s.huge = d.roll(8) == 0
	for mode := d.roll(3); len(d.bytes) > 0 && len(s.txs) < 40; {
		if s.place++; d.roll(2) == 0 {
			s.height, s.place = s.height+1, 0
		}
		if mode == 0 || mode == 2 && d.roll(2) == 0 {
			s.accounts(d)
		} else {
			s.coins(d)
		}
	}
	s.thefts(d)
	return s
}

func (s *diceScene) at(n int64) time.Time { return time.Unix(1_650_000_000+60*n, 0).UTC() }

func (s *diceScene) address(d *dice, c fundtrail.Chain) fundtrail.Address {
	n := d.roll(diceAddresses + 1)
	if n == diceAddresses {
		return fundtrail.Address{}
	}
	return ledgertest.Address(c, ledgertest.Name(n))
}

func (s *diceScene) amount(d *dice) fundtrail.Amount {
	n := d.roll(256)
	if s.huge && n%5 == 0 {
		return []fundtrail.Amount{half, rest, fundtrail.MaxAmount}[n%3]
	}
	return fundtrail.NewAmount(uint64(n%40 + 1))
}

func (s *diceScene) transaction(c fundtrail.Chain) fundtrail.Transaction {
	return fundtrail.Transaction{ID: ledgertest.Tx(c, fmt.Sprint("t", len(s.txs))), Place: s.place,
		Block: fundtrail.Block{Chain: c, Height: s.height, Time: s.at(s.height)}}
}

func (s *diceScene) accounts(d *dice) {
	c := fundtrail.Ethereum
	tx := s.transaction(c)
	for k := range 1 + d.roll(3) {
		from, to, a := s.address(d, c), s.address(d, c), s.amount(d)
		tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID, Index: uint32(k)}, Asset: fundtrail.NativeAsset(c)}
		switch d.roll(6) {
		case 0:
			tr.ID.Index += fundtrail.FeeIndex
			tr.Fee = a
		case 1:
			tr.Asset = ledgertest.Asset(c, "TOK")
			tr.ID.Index += fundtrail.LogIndex
		}
		if from.IsZero() && (to.IsZero() || tr.ID.Index >= fundtrail.FeeIndex) {
			continue
		}
		if !from.IsZero() {
			tr.Inputs = []fundtrail.Entry{{Address: from, Amount: a}}
		}
		if !to.IsZero() {
			tr.Outputs = []fundtrail.Entry{{Address: to, Amount: a}}
		}
		tx.Transfers = append(tx.Transfers, tr)
		s.records = append(s.records, fundtrail.TransferOutput{Transfer: tr.ID})
	}
	s.txs = append(s.txs, tx)
}

func (s *diceScene) coins(d *dice) {
	c := fundtrail.Bitcoin
	tx := s.transaction(c)
	tr := fundtrail.Transfer{ID: fundtrail.TransferID{Tx: tx.ID}, Asset: fundtrail.NativeAsset(c)}
	var left fundtrail.Amount
	take := func(e fundtrail.Entry) bool {
		total, overflow := left.Add(e.Amount)
		if overflow {
			return false
		}
		tr.Inputs, left = append(tr.Inputs, e), total
		return true
	}
	for range d.roll(4) {
		if len(s.unspent) == 0 {
			break
		}
		if k := d.roll(len(s.unspent)); take(s.unspent[k]) {
			s.unspent = slices.Delete(s.unspent, k, k+1)
		}
	}
	outputs := 1 + d.roll(4)
	switch {
	case d.roll(8) == 1:
		take(fundtrail.Entry{Address: s.address(d, c), Amount: s.amount(d), Spends: fundtrail.TransferOutput{
			Transfer: fundtrail.TransferID{Tx: ledgertest.Tx(c, fmt.Sprint("elsewhere", len(s.txs)))}}})
	case len(tr.Inputs) > 0 && d.roll(12) == 1:
		outputs = 0
	}
	if len(tr.Inputs) == 0 {
		left = s.amount(d)
	}
	for range outputs {
		pay, _ := left.MulDiv(fundtrail.NewAmount(uint64(d.roll(5))), fundtrail.NewAmount(4))
		left, _ = left.Sub(pay)
		e := fundtrail.Entry{Address: s.address(d, c), Amount: pay}
		if len(tr.Inputs) > 0 && d.roll(4) == 0 {
			e.Address = tr.Inputs[0].Address
		}
		o := fundtrail.TransferOutput{Transfer: tr.ID, Output: uint32(len(tr.Outputs))}
		tr.Outputs = append(tr.Outputs, e)
		s.records = append(s.records, o)
		e.Spends = o
		s.unspent = append(s.unspent, e)
	}
	tx.Transfers = []fundtrail.Transfer{tr}
	s.txs = append(s.txs, tx)
}

// question rolls the options and the claims.
func (s *diceScene) question(d *dice) {
	s.opt.Direction = []fundtrail.Direction{fundtrail.Forward, fundtrail.Forward, fundtrail.Backward}[d.roll(3)]
	s.opt.Policy = fundtrail.Policy(d.roll(int(fundtrail.Poison)))
	s.opt.Hub = 1 + d.roll(6)
	s.opt.MaxHops = max(0, d.roll(8)-4)
	s.opt.Payback = d.roll(3) - 1
	s.opt.MinConfidence = fundtrail.Confidence(d.roll(100))
	if d.roll(4) == 1 {
		s.opt.MaxVisits = 1 + d.roll(60)
	}
	if d.roll(4) == 1 {
		s.opt.Since = s.at(int64(d.roll(8)))
	}
	if d.roll(4) == 1 {
		s.opt.Until = s.at(int64(d.roll(20)))
	}
	s.opt.Dust = map[fundtrail.Asset]fundtrail.Amount{}
	for _, a := range []fundtrail.Asset{fundtrail.NativeAsset(fundtrail.Ethereum), fundtrail.NativeAsset(fundtrail.Bitcoin)} {
		s.opt.Dust[a] = fundtrail.NewAmount(uint64(max(0, d.roll(12)-6)))
	}
	tags := map[fundtrail.Address]fundtrail.Tag{}
	for range d.roll(5) {
		a := s.address(d, []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin}[d.roll(2)])
		tags[a] = fundtrail.Tag{Address: a, Label: "x", Actor: []string{"", "y", "z"}[d.roll(3)], Confidence: fundtrail.Confidence(d.roll(101)),
			Category: []string{"", "exchange", "mixing_service", "defi_bridge"}[d.roll(4)],
			Role:     []fundtrail.TagRole{"", "", fundtrail.RoleVictim, fundtrail.RoleThief, fundtrail.RoleDeposit}[d.roll(5)]}
	}
	s.in.Tags = func(a fundtrail.Address) []fundtrail.Tag {
		if t, ok := tags[a]; ok {
			return []fundtrail.Tag{t}
		}
		return nil
	}
}

// thefts rolls what is stolen, and crossings, from the last bytes, or at the first
// record where none are left.
func (s *diceScene) thefts(d *dice) {
	if len(s.records) == 0 {
		return
	}
	seed := uint64(len(s.txs))<<32 | uint64(len(s.records))<<16 | uint64(s.opt.Hub)<<8 | uint64(s.height)
	r := rand.New(rand.NewPCG(seed, 73))
	for range 1 + r.IntN(3) {
		o := s.records[r.IntN(len(s.records))]
		c := o.Transfer.Tx.Chain
		t := fundtrail.Theft{Tx: o.Transfer.Tx}
		switch r.IntN(4) {
		case 0:
			t.HasIndex, t.Index = true, o.Transfer.Index+o.Output
		case 1:
			t = fundtrail.Theft{Address: ledgertest.Address(c, ledgertest.Name(r.IntN(diceAddresses))), Whole: true}
		case 2:
			t = fundtrail.Theft{Address: ledgertest.Address(c, ledgertest.Name(r.IntN(diceAddresses))), Asset: fundtrail.NativeAsset(c),
				Amount: fundtrail.NewAmount(1 + r.Uint64N(20)), Time: s.at(r.Int64N(25))}
		}
		s.in.Thefts = append(s.in.Thefts, t)
	}
	if s.huge {
		return // what comes out of crossings may pass 256 bits together
	}
	var crossings fakeCrossings
	for range r.IntN(6) {
		c := fundtrail.Crossing{Kind: []fundtrail.CrossingKind{fundtrail.Bridge, fundtrail.Swap}[r.IntN(2)], Method: "fake/1", Confidence: 90}
		for range 1 + r.IntN(2) {
			c.In = append(c.In, s.records[r.IntN(len(s.records))])
			c.Out = append(c.Out, s.records[r.IntN(len(s.records))])
		}
		crossings = append(crossings, c)
	}
	if len(crossings) > 0 {
		s.in.Crossings = crossings
	}
}

// cameOut adds up what crossings brought out, in a trace that conserves value: what the
// ends of an asset hold beyond what was stolen of it. It is the same for nobody, and
// never less.
func cameOut(tr *fundtrail.Trace) (map[fundtrail.Asset]fundtrail.Taints, error) {
	ends, stolen := map[fundtrail.Asset]fundtrail.Taints{}, map[fundtrail.Asset]fundtrail.Amount{}
	for _, e := range tr.Ends {
		s := ends[e.Asset]
		for p := range s {
			s[p] = more(s[p], e.Taint[p])
		}
		ends[e.Asset] = s
	}
	for _, s := range tr.Stolen {
		stolen[s.Asset] = s.Amount
	}
	out := map[fundtrail.Asset]fundtrail.Taints{}
	for asset, s := range ends {
		var came fundtrail.Taints
		for p := range fundtrail.NumPolicies {
			if !p.Lossless() || !p.On(modelOf(asset)) {
				continue
			}
			var short bool
			if came[p], short = s[p].Sub(stolen[asset]); short {
				return nil, fmt.Errorf("%s: the ends of %s hold %s of %s", p, asset, s[p], stolen[asset])
			}
		}
		out[asset] = came
	}
	return out, nil
}

// FuzzTrace makes a small ledger and a question from bytes. Whatever they are, there is
// a trace that conserves value, with every policy in its bounds, the same whenever it is
// asked; or an error that says what is wrong with the question.
func FuzzTrace(f *testing.F) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 79))
		data := make([]byte, 60+r.IntN(400))
		for i := range data {
			data[i] = byte(r.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(fuzzTrace)
}

func fuzzTrace(t *testing.T, data []byte) {
	s := newDiceScene(&dice{data[:min(len(data), 600)]})
	b := ledger.NewBuilder()
	for i := range s.txs {
		if err := b.Transaction(&s.txs[i], ledger.Where{}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := b.Seal()
	if err != nil {
		if errors.Is(err, fundtrail.ErrInvalid) || errors.Is(err, fundtrail.ErrConflict) {
			return
		}
		t.Fatal(err)
	}
	s.in.Ledger = l
	tr, err := trace.Run(t.Context(), s.in, s.opt)
	if err != nil {
		for _, of := range []error{fundtrail.ErrInvalid, fundtrail.ErrNotFound, fundtrail.ErrConflict, fundtrail.ErrLimit} {
			if errors.Is(err, of) {
				return
			}
		}
		t.Fatal(err)
	}
	var out map[fundtrail.Asset]fundtrail.Taints
	if s.in.Crossings != nil {
		if out, err = cameOut(tr); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkTrace(tr, out); err != nil {
		t.Fatal(err)
	}
	if s.opt.MaxHops > 0 {
		for _, h := range tr.Hops {
			if h.Depth > s.opt.MaxHops+1 {
				t.Fatalf("%s is %d deep, the limit is %d", h.Record, h.Depth, s.opt.MaxHops)
			}
		}
	}
	again, err := trace.Run(t.Context(), s.in, s.opt)
	if err != nil || !bytes.Equal(encode(t, tr), encode(t, again)) {
		t.Fatalf("asked again, it is another trace: %v", err)
	}
}
