package source

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// The sources there are.
const (
	Etherscan  = "etherscan"
	Blockscout = "blockscout"
	Esplora    = "esplora"
	RPC        = "rpc"
	TronGrid   = "trongrid"
)

// Names returns the sources.
func Names() []string { return []string{Blockscout, Esplora, Etherscan, RPC, TronGrid} }

// A host is where a source's public interface is, by chain; chain is "" where one host has
// many. All are from memory and unchecked, confidence 40: --source-url names another.
type host struct {
	Source string
	Chain  fundtrail.Chain
	URL    string
	Rate   float64 // requests a second it allows without a paid plan, or less
}

var hosts = []host{
	{Etherscan, "", "https://api.etherscan.io/v2/api", 3},
	{Blockscout, fundtrail.Ethereum, "https://eth.blockscout.com/api", 3},
	{Blockscout, fundtrail.Polygon, "https://polygon.blockscout.com/api", 3},
	{Blockscout, fundtrail.Optimism, "https://explorer.optimism.io/api", 3},
	{Blockscout, fundtrail.Base, "https://base.blockscout.com/api", 3},
	{Blockscout, fundtrail.Arbitrum, "https://arbitrum.blockscout.com/api", 3},
	{Blockscout, fundtrail.Gnosis, "https://gnosis.blockscout.com/api", 3},
	{Esplora, fundtrail.Bitcoin, "https://blockstream.info/api", 1},
	{TronGrid, fundtrail.Tron, "https://api.trongrid.io", 3},
	{Esplora, fundtrail.Litecoin, "https://litecoinspace.org/api", 1},
}

// hostOf finds where a source is asked about a chain.
func hostOf(o *Options, chain fundtrail.Chain) (host, error) {
	info, ok := chain.Info()
	if !ok {
		return host{}, fmt.Errorf("chain %q is not known: %w", chain, fundtrail.ErrInvalid)
	}
	var fits bool
	switch o.Name {
	case Etherscan, Blockscout, RPC:
		fits = info.EVMID != 0
	case TronGrid:
		fits = chain == fundtrail.Tron
	case Esplora:
		fits = info.Model == fundtrail.Coins && genesis[chain] != ""
	default:
		return host{}, fmt.Errorf("source %q: want one of %s: %w", o.Name, strings.Join(Names(), ", "), fundtrail.ErrInvalid)
	}
	if !fits && o.Name == RPC {
		return host{}, fmt.Errorf("nodes of %s cannot list what an address did: ask an Esplora of your own with --source esplora --source-url, or bring the blocks into a ledger with fundtrail sync: %w", info.Name, fundtrail.ErrInvalid)
	}
	if !fits {
		return host{}, fmt.Errorf("%s tells nothing of %s: %w", o.Name, info.Name, fundtrail.ErrInvalid)
	}
	if o.URL != "" {
		u, err := url.Parse(o.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return host{}, fmt.Errorf("the source's URL has to begin with http:// or https:// and a host: %w", fundtrail.ErrInvalid)
		}
		rate := 3.0
		switch {
		case near(u.Hostname()):
			rate = 1000
		case o.Name == RPC: // a node of one's own
			rate = 50
		}
		return host{o.Name, chain, o.URL, rate}, nil
	}
	for _, h := range hosts {
		if h.Source == o.Name && cmp.Or(h.Chain, chain) == chain {
			return h, nil
		}
	}
	if o.Name == RPC {
		return host{}, fmt.Errorf("say where the node answers with --source-url or FUNDTRAIL_RPC: %w", fundtrail.ErrInvalid)
	}
	return host{}, fmt.Errorf("no public host of %s for %s is on record: give one with --source-url: %w", o.Name, info.Name, fundtrail.ErrNotFound)
}

// near says that a host is this machine.
func near(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// open returns a source's interface of a chain.
func open(s *session, chain fundtrail.Chain) (api, error) {
	at, err := hostOf(&s.o, chain)
	if err != nil {
		return nil, err
	}
	info, _ := chain.Info()
	switch s.o.Name {
	case Esplora:
		return &esplora{s: s, base: at.URL, chain: chain}, nil
	case TronGrid:
		return &trongrid{s: s, base: at.URL}, nil
	case RPC:
		return &node{s: s, url: at.URL, chain: chain, id: info.EVMID}, nil
	case Etherscan:
		return &explorer{s: s, name: Etherscan, base: at.URL, chain: chain, id: info.EVMID}, nil
	}
	return &explorer{s: s, name: Blockscout, base: at.URL, chain: chain}, nil
}
