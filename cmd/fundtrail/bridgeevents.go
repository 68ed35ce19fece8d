package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/report"
)

// bridgeLegs are the two sides of bridges that a trace may go over.
type bridgeLegs struct {
	deposits, withdrawals []crossing.Leg
}

// bridgeContracts are the contracts on record as a bridge's, and those that are given as
// PROTOCOL=CHAIN/ADDRESS.
func bridgeContracts(more []string) (crossing.Emitters, error) {
	from := crossing.Emitters{}
	for _, s := range data.Services() {
		if s.Category == "defi_bridge" {
			for _, t := range s.Tags {
				from[t.Address] = s.ID
			}
		}
	}
	for _, word := range more {
		protocol, at, ok := strings.Cut(word, "=")
		chain, address, both := strings.Cut(at, "/")
		if !ok || !both || !slices.Contains(crossing.Protocols(), protocol) {
			return nil, usage("--bridge-contract %s: want PROTOCOL=CHAIN/ADDRESS, and as PROTOCOL one of %s", word, strings.Join(crossing.Protocols(), ", "))
		}
		c, err := fundtrail.ParseChain(chain)
		if err != nil {
			return nil, usage("--bridge-contract %s: %v", word, err)
		}
		a, err := fundtrail.ParseAddress(c, address)
		if err != nil {
			return nil, usage("--bridge-contract %s: %v", word, err)
		}
		from[a] = protocol
	}
	return from, nil
}

// loadBridges reads the events of bridges. A word is FILE or folder, after CHAIN= where the
// file is a table of logs that are not of the default chain, or after PROTOCOL= where it
// is a relation that does not tell its bridge.
func (in *inputs) loadBridges(words, contracts []string, chain string, warn func(string, ...any)) (*bridgeLegs, error) {
	from, err := bridgeContracts(contracts)
	if err != nil {
		return nil, err
	}
	base := ingest.BridgeOptions{Chain: fundtrail.Ethereum, Contracts: from}
	if chain != "" {
		if base.Chain, err = fundtrail.ParseChain(chain); err != nil {
			return nil, usage("--chain: %v", err)
		}
	}
	legs := &bridgeLegs{}
	for _, word := range words {
		opt, prefix, name := base, "", word
		if before, after, ok := strings.Cut(word, "="); ok && !strings.ContainsAny(before, `/\.`) {
			prefix, name = before+"=", after
			if c, err := fundtrail.ParseChain(before); err == nil {
				opt.Chain = c
			} else if slices.Contains(crossing.Protocols(), before) {
				opt.Protocol = before
			} else {
				return nil, usage("--bridge-events %s: %q is no chain, and no bridge that is known: want one of %s", word, before, strings.Join(crossing.Protocols(), ", "))
			}
		}
		names, err := expand([]string{name})
		if err != nil {
			return nil, fmt.Errorf("--bridge-events: %w", err)
		}
		for _, n := range names {
			raw, digest, size, err := readAll(n)
			if err != nil {
				return nil, fmt.Errorf("--bridge-events: %w", err)
			}
			b, err := ingest.BridgeEvents(ingest.Input{Name: n, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}, opt)
			if err != nil {
				if n != name { // another table in the folder
					warn("%s: ignored, it is no table of bridges' events", n)
					continue
				}
				return nil, fmt.Errorf("--bridge-events: %w", err)
			}
			if len(b.Unread) > 0 {
				warn("%s: %s of bridges' contracts were not read, the first: %v", n, plural(len(b.Unread), "transaction"), b.Unread[0])
			}
			for _, l := range slices.Concat(b.Deposits, b.Withdrawals) {
				if l.Protocol == "" {
					return nil, usage("--bridge-events %s: the file does not tell its bridge: say which, as in nomad=%s", word, name)
				}
			}
			legs.deposits, legs.withdrawals = mergeLegs(legs.deposits, b.Deposits), mergeLegs(legs.withdrawals, b.Withdrawals)
			in.files = append(in.files, report.Input{Role: "bridge events", Name: prefix + filepath.Base(n), SHA256: report.Digest(digest), Bytes: size,
				Rows: len(b.Deposits) + len(b.Withdrawals)})
		}
	}
	if len(legs.deposits) == 0 {
		return nil, fmt.Errorf("--bridge-events: no file has a deposit into a bridge whose contracts are known; --bridge-contract names others: %w", fundtrail.ErrNotFound)
	}
	return legs, nil
}

// over pairs the legs with what the ledger knows of them.
func (b *bridgeLegs) over(l fundtrail.Ledger, claimed claims, least fundtrail.Confidence) *crossing.Bridges {
	opt := crossing.BridgeOptions{Wrapped: data.WrapsCoin, Ends: func(a fundtrail.Address) bool {
		return slices.ContainsFunc(claimed[a], func(t fundtrail.Tag) bool { return t.Category == "defi_bridge" && t.Confidence >= least })
	}}
	opt.Tokens = crossing.LearnTokens(b.deposits, b.withdrawals, crossing.Pair(b.deposits, b.withdrawals, crossing.PairOptions{IDsOnly: true}))
	opt.Decimals = func(chain fundtrail.Chain, token string) (int, bool) {
		asset := fundtrail.NativeAsset(chain)
		if token != "" {
			a, err := fundtrail.ParseAddress(chain, token)
			if err != nil {
				return 0, false
			}
			asset.Contract = a
		}
		return decimals(asset)
	}
	return crossing.NewBridges(l, b.deposits, b.withdrawals, opt)
}
