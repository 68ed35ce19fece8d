package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

// A subject is what a trace was asked about.
type subject struct {
	words     []string // as asked
	name      string
	incidents []fundtrail.Incident
	records   []recordFile // the files that the incidents come from
	thefts    []fundtrail.Theft
	files     []string // arguments that are files of a ledger
	actor     string
}

// A recordFile is a curated record that a trace used.
type recordFile struct {
	name string
	raw  []byte
}

// parseSubject reads the arguments of trace: incidents, addresses, transactions. A
// file that ends in .yaml is a user's own incident; any other file is one more file of
// the ledger, so that a shell may expand --ledger folder/*.csv.
func parseSubject(args []string, f *traceFlags) (*subject, error) {
	s := &subject{}
	for _, arg := range args {
		if err := s.add(arg, f); err != nil {
			return nil, err
		}
	}
	if len(s.words) == 0 {
		return nil, usage("say what to trace: an incident (%s, …), an address or a transaction", "ronin-bridge")
	}
	if f.amount != "" || f.at != "" {
		if err := s.state(f); err != nil {
			return nil, err
		}
	}
	if len(s.incidents) > 0 {
		s.actor = authorOf(s.incidents[0])
	}
	return s, nil
}

func (s *subject) add(arg string, f *traceFlags) error {
	if in, err := data.Incident(arg); err == nil {
		name, raw := data.Record(in.ID)
		s.incident(arg, in, recordFile{name, raw})
		return nil
	} else if !errors.Is(err, fundtrail.ErrNotFound) {
		return err
	}
	if info, err := os.Stat(arg); err == nil && !info.IsDir() {
		if ext := strings.ToLower(filepath.Ext(arg)); ext != ".yaml" && ext != ".yml" {
			s.files = append(s.files, arg)
			return nil
		}
		raw, err := os.ReadFile(arg)
		if err != nil {
			return err
		}
		in, err := data.ParseIncident(raw, arg)
		if err != nil {
			return err
		}
		s.incident(in.ID, in, recordFile{filepath.Base(arg), raw})
		return nil
	}
	if t, ok, err := parseTx(arg, f.chain); ok || err != nil {
		if err != nil {
			return err
		}
		s.words, s.thefts = append(s.words, arg), append(s.thefts, t)
		return nil
	}
	a, err := parseAddress(arg, f.chain)
	if err != nil {
		if errors.Is(err, fundtrail.ErrBadChecksum) || errors.Is(err, fundtrail.ErrWrongNetwork) || strings.HasPrefix(arg, "0x") {
			return usage("%v", err)
		}
		_, near := data.Incident(arg)
		return usage("%q is no incident, file, transaction or address: %v", arg, near)
	}
	t := fundtrail.Theft{Address: a, Whole: true}
	if f.asset != "" {
		if t.Asset, err = parseAsset(f.asset, a.Chain()); err != nil {
			return usage("--asset: %v", err)
		}
	}
	s.words, s.thefts = append(s.words, arg), append(s.thefts, t)
	return nil
}

func (s *subject) incident(word string, in fundtrail.Incident, file recordFile) {
	s.words = append(s.words, word)
	s.incidents = append(s.incidents, in)
	s.records = append(s.records, file)
	s.thefts = append(s.thefts, in.Thefts...)
	if s.name != "" {
		s.name += " and "
	}
	s.name += in.Name
}

// state turns "trace ADDRESS --amount 100 --at TIME" into what somebody says was
// stolen to that address.
func (s *subject) state(f *traceFlags) error {
	if len(s.thefts) != 1 || !s.thefts[0].Whole || f.amount == "" || f.at == "" {
		return usage("--amount and --at go together, with one address")
	}
	t := &s.thefts[0]
	if t.Asset.IsZero() {
		t.Asset = fundtrail.NativeAsset(t.Address.Chain())
	}
	_, decimals, ok := data.AssetInfo(t.Asset)
	if !ok {
		return usage("the decimals of %s are not known; name its transaction instead", t.Asset)
	}
	var err error
	if t.Amount, err = fundtrail.ParseDecimal(f.amount, decimals); err != nil {
		return usage("--amount: %v", err)
	}
	if t.Time, err = parseTime(f.at); err != nil {
		return usage("--at: %v", err)
	}
	t.Whole = false
	t.Note = "stated on the command line"
	return nil
}

// parseTx reads a transaction's hash, with ":INDEX" to name one transfer or output. ok
// is false for what does not look like one.
func parseTx(arg, chain string) (t fundtrail.Theft, ok bool, err error) {
	text, index, has := strings.Cut(arg, ":")
	hash, err := fundtrail.ParseHash(text)
	if err != nil {
		return t, false, nil
	}
	c := fundtrail.Bitcoin
	if strings.HasPrefix(text, "0x") {
		c = fundtrail.Ethereum
	}
	if chain != "" {
		if c, err = fundtrail.ParseChain(chain); err != nil {
			return t, true, usage("--chain: %v", err)
		}
	}
	t = fundtrail.Theft{Tx: fundtrail.TxID{Chain: c, Hash: hash}}
	if has {
		n, err := strconv.ParseUint(index, 10, 32)
		if err != nil {
			return t, true, usage("%q: want HASH:NUMBER, the number of a transfer or output", arg)
		}
		t.Index, t.HasIndex = uint32(n), true
	}
	return t, true, nil
}

// guesses are the chains that an address without --chain is tried on.
var guesses = []fundtrail.Chain{fundtrail.Ethereum, fundtrail.Bitcoin, fundtrail.Tron, fundtrail.Litecoin, fundtrail.Dogecoin, fundtrail.BitcoinCash}

func parseAddress(arg, chain string) (fundtrail.Address, error) {
	if chain != "" {
		c, err := fundtrail.ParseChain(chain)
		if err != nil {
			return fundtrail.Address{}, err
		}
		return fundtrail.ParseAddress(c, arg)
	}
	var typo error
	for _, c := range guesses {
		a, err := fundtrail.ParseAddress(c, arg)
		if err == nil {
			return a, nil
		}
		if errors.Is(err, fundtrail.ErrBadChecksum) && typo == nil {
			typo = err
		}
	}
	if typo != nil {
		return fundtrail.Address{}, typo
	}
	return fundtrail.ParseAddress(fundtrail.Ethereum, arg)
}

// parseAsset reads a chain's slug, a chain and contract joined by a slash, or a
// contract on the given chain.
func parseAsset(text string, chain fundtrail.Chain) (fundtrail.Asset, error) {
	if a, err := fundtrail.ParseAsset(text); err == nil {
		return a, nil
	}
	info, _ := chain.Info()
	if strings.EqualFold(text, info.Symbol) {
		return fundtrail.NativeAsset(chain), nil
	}
	for _, t := range data.Tokens() {
		if strings.EqualFold(text, t.Symbol) && t.Asset.Chain == chain {
			return t.Asset, nil
		}
	}
	a, err := fundtrail.ParseAddress(chain, text)
	if err != nil {
		return fundtrail.Asset{}, fmt.Errorf("asset %q: want a symbol, a contract, or CHAIN/CONTRACT: %w", text, fundtrail.ErrInvalid)
	}
	return fundtrail.Asset{Chain: chain, Contract: a}, nil
}

// timeForms are the forms of a date that a person types, all in UTC.
var timeForms = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly}

func parseTime(text string) (time.Time, error) {
	for _, form := range timeForms {
		if t, err := time.Parse(form, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q: want 2022-03-23, 2022-03-23 13:29 or 2022-03-23T13:29:09Z (UTC): %w", text, fundtrail.ErrInvalid)
}
