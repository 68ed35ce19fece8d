package fundtrail

import (
	"errors"
	"strings"
	"testing"
)

func TestChains(t *testing.T) {
	// EIP-155 ids as ethereum-lists/chains has them.
	ids := map[Chain]int64{
		Ethereum: 1, Optimism: 10, BSC: 56, Gnosis: 100, Polygon: 137, Fantom: 250,
		Ronin: 2020, Base: 8453, Arbitrum: 42161, Avalanche: 43114,
	}
	known := map[string]Chain{}
	for _, info := range Chains() {
		for _, name := range []string{string(info.Chain), strings.ToUpper(string(info.Chain)), info.Name, strings.ToLower(info.Name)} {
			if c, err := ParseChain(name); err != nil || c != info.Chain {
				t.Errorf("ParseChain(%q) = %q, %v, want %q", name, c, err, info.Chain)
			}
			if c, ok := known[name]; ok && c != info.Chain {
				t.Errorf("%q names both %s and %s", name, c, info.Chain)
			}
			known[name] = info.Chain
		}
		if got, ok := info.Chain.Info(); !ok || got.Name != info.Name {
			t.Errorf("%s.Info() = %+v, %v", info.Chain, got, ok)
		}
		if info.EVMID != ids[info.Chain] || (info.EVMID != 0) != (info.Family == FamilyEVM) {
			t.Errorf("%s has EIP-155 id %d, want %d", info.Chain, info.EVMID, ids[info.Chain])
		}
		if (info.Model == Coins) != (info.Family == FamilyBitcoin) {
			t.Errorf("%s has model %d", info.Chain, info.Model)
		}
		wantDecimals := map[Family]int{FamilyBitcoin: 8, FamilyEVM: 18, FamilyTron: 6, FamilySolana: 9}[info.Family]
		if info.Decimals != wantDecimals || info.Symbol == "" || string(info.Chain) != strings.ToLower(string(info.Chain)) {
			t.Errorf("%+v: want %d decimals", info, wantDecimals)
		}
		if info.form() == "" {
			t.Errorf("%s does not say what its addresses look like", info.Chain)
		}
	}
	Chains()[0].Name = "changed"
	if Chains()[0].Name == "changed" {
		t.Error("Chains hands out its own table")
	}
}

func TestParseChain(t *testing.T) {
	for name, want := range map[string]Chain{
		"XBT": Bitcoin, "bitcoin": Bitcoin, "BNB": BSC, "Matic": Polygon, "POL": Polygon, "arb": Arbitrum, "OP": Optimism,
		"Avalanche": Avalanche, "xDai": Gnosis, "Fantom": Fantom, "TRON": Tron, "solana": Solana, "BitcoinCash": BitcoinCash,
		"bitcoin-cash": BitcoinCash, "Bitcoin Cash": BitcoinCash, "Binance-Smart-Chain": BSC, "ARB": Arbitrum, "Ethereum": Ethereum,
	} {
		if c, err := ParseChain(name); err != nil || c != want {
			t.Errorf("ParseChain(%q) = %q, %v, want %q", name, c, err, want)
		}
	}
	for name, c := range chainNames {
		if _, ok := c.Info(); !ok || name != strings.ToLower(name) {
			t.Errorf("the name %q is of %q", name, c)
		}
		if _, ok := Chain(name).Info(); ok {
			t.Errorf("the name %q is a slug too", name)
		}
	}
	for _, s := range []string{"", " ", " btc", "btc ", "xmr", "usdt", "etc", "ba\u017fe", "b\u0441h", "btc\x00", strings.Repeat("x", 1<<20)} {
		c, err := ParseChain(s)
		if c != "" || !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseChain(%.40q) = %q, %v", s, c, err)
			continue
		}
		if text := err.Error(); len(text) > 600 || !strings.Contains(text, "btc, ltc") {
			t.Errorf("ParseChain(%.40q): %v", s, err)
		}
	}
}
