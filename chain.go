package fundtrail

import (
	"fmt"
	"slices"
	"strings"
)

// A Chain is a network, by the slug analysts use: "btc", "eth", "bsc", "trx".
type Chain string

// The chains whose addresses and native coins Fundtrail knows.
const (
	Bitcoin     Chain = "btc"
	Litecoin    Chain = "ltc"
	Dogecoin    Chain = "doge"
	BitcoinCash Chain = "bch"
	Ethereum    Chain = "eth"
	BSC         Chain = "bsc"
	Polygon     Chain = "polygon"
	Arbitrum    Chain = "arbitrum"
	Optimism    Chain = "optimism"
	Base        Chain = "base"
	Avalanche   Chain = "avax"
	Gnosis      Chain = "gnosis"
	Fantom      Chain = "ftm"
	Ronin       Chain = "ronin"
	Tron        Chain = "trx"
	Solana      Chain = "sol"
)

// A Model is the way a chain records value.
type Model uint8

const (
	// Accounts: transfers move value between the balances of addresses.
	Accounts Model = iota
	// Coins: transactions spend whole outputs of earlier ones (UTXO).
	Coins
)

// A Family is a set of chains that share an address form.
type Family uint8

const (
	familyNone Family = iota
	FamilyBitcoin
	FamilyEVM
	FamilyTron
	FamilySolana
)

// ChainInfo is what is fixed about a chain.
type ChainInfo struct {
	Chain    Chain
	Name     string
	Model    Model
	Family   Family
	Symbol   string // of the native coin
	Decimals int    // of the native coin
	EVMID    int64  // EIP-155 chain id, 0 where there is none

	coin coinParams // bitcoin's family only
}

// coinParams are the address prefixes of one chain of bitcoin's family, from its
// reference client's chainparams.cpp (main network).
type coinParams struct {
	pubKeyHash byte   // base58check version
	scriptHash []byte // base58check versions, the one to print first
	hrp        string // bech32 human-readable part, "" where there is no segwit
	cashPrefix string // cashaddr prefix, bitcoin cash only
	form       string // what the addresses look like, for error messages
}

// testNetworks are refused, and told apart from what is no address.
var testNetworks = []struct {
	name string
	coin coinParams
}{
	{"a Bitcoin test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0xc4}, hrp: "tb"}},
	{"a Bitcoin regression test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0xc4}, hrp: "bcrt"}},
	{"a Litecoin test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0x3a}, hrp: "tltc"}},
	{"a Litecoin regression test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0x3a}, hrp: "rltc"}},
	{"a Dogecoin test network", coinParams{pubKeyHash: 0x71, scriptHash: []byte{0xc4}}},
	{"a Bitcoin Cash test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0xc4}, cashPrefix: "bchtest"}},
	{"a Bitcoin Cash regression test network", coinParams{pubKeyHash: 0x6f, scriptHash: []byte{0xc4}, cashPrefix: "bchreg"}},
}

var chains = []ChainInfo{
	{Chain: Bitcoin, Name: "Bitcoin", Model: Coins, Family: FamilyBitcoin, Symbol: "BTC", Decimals: 8,
		coin: coinParams{pubKeyHash: 0x00, scriptHash: []byte{0x05}, hrp: "bc",
			form: "base58check beginning with 1 or 3, or bech32 beginning with bc1"}},
	{Chain: Litecoin, Name: "Litecoin", Model: Coins, Family: FamilyBitcoin, Symbol: "LTC", Decimals: 8,
		// 0x05 is litecoin's old script prefix: the same bytes as bitcoin's 3... addresses.
		coin: coinParams{pubKeyHash: 0x30, scriptHash: []byte{0x32, 0x05}, hrp: "ltc",
			form: "base58check beginning with L, M or 3, or bech32 beginning with ltc1"}},
	{Chain: Dogecoin, Name: "Dogecoin", Model: Coins, Family: FamilyBitcoin, Symbol: "DOGE", Decimals: 8,
		coin: coinParams{pubKeyHash: 0x1e, scriptHash: []byte{0x16},
			form: "base58check beginning with D, 9 or A"}},
	{Chain: BitcoinCash, Name: "Bitcoin Cash", Model: Coins, Family: FamilyBitcoin, Symbol: "BCH", Decimals: 8,
		coin: coinParams{pubKeyHash: 0x00, scriptHash: []byte{0x05}, cashPrefix: "bitcoincash",
			form: "cashaddr beginning with bitcoincash:, or base58check beginning with 1 or 3"}},
	{Chain: Ethereum, Name: "Ethereum", Family: FamilyEVM, Symbol: "ETH", Decimals: 18, EVMID: 1},
	{Chain: BSC, Name: "BNB Smart Chain", Family: FamilyEVM, Symbol: "BNB", Decimals: 18, EVMID: 56},
	{Chain: Polygon, Name: "Polygon", Family: FamilyEVM, Symbol: "POL", Decimals: 18, EVMID: 137},
	{Chain: Arbitrum, Name: "Arbitrum One", Family: FamilyEVM, Symbol: "ETH", Decimals: 18, EVMID: 42161},
	{Chain: Optimism, Name: "Optimism", Family: FamilyEVM, Symbol: "ETH", Decimals: 18, EVMID: 10},
	{Chain: Base, Name: "Base", Family: FamilyEVM, Symbol: "ETH", Decimals: 18, EVMID: 8453},
	{Chain: Avalanche, Name: "Avalanche C-Chain", Family: FamilyEVM, Symbol: "AVAX", Decimals: 18, EVMID: 43114},
	{Chain: Gnosis, Name: "Gnosis", Family: FamilyEVM, Symbol: "xDAI", Decimals: 18, EVMID: 100},
	{Chain: Fantom, Name: "Fantom", Family: FamilyEVM, Symbol: "FTM", Decimals: 18, EVMID: 250},
	{Chain: Ronin, Name: "Ronin", Family: FamilyEVM, Symbol: "RON", Decimals: 18, EVMID: 2020},
	{Chain: Tron, Name: "Tron", Family: FamilyTron, Symbol: "TRX", Decimals: 6},
	{Chain: Solana, Name: "Solana", Family: FamilySolana, Symbol: "SOL", Decimals: 9},
}

// chainNames maps the other names people and lists use to our slugs.
var chainNames = map[string]Chain{
	"xbt": Bitcoin, "bitcoincash": BitcoinCash, "bitcoin-cash": BitcoinCash,
	"bnb": BSC, "binance-smart-chain": BSC, "matic": Polygon, "pol": Polygon,
	"arb": Arbitrum, "op": Optimism, "avalanche": Avalanche, "xdai": Gnosis,
}

// Chains returns what is known of every chain, in a fixed order.
func Chains() []ChainInfo { return slices.Clone(chains) }

// Info returns what is fixed about the chain; ok is false for a chain that is
// not known here.
func (c Chain) Info() (info ChainInfo, ok bool) {
	if p := c.info(); p != nil {
		return *p, true
	}
	return ChainInfo{}, false
}

// info is Info without the copy; nil for a chain that is not known.
func (c Chain) info() *ChainInfo {
	for i := range chains {
		if chains[i].Chain == c {
			return &chains[i]
		}
	}
	return nil
}

// ParseChain reads a chain's slug, its name or one of its common tickers, in any
// case. Its errors wrap [ErrInvalid].
func ParseChain(s string) (Chain, error) {
	low := strings.ToLower(s)
	for i := range chains {
		if info := &chains[i]; low == string(info.Chain) || low == strings.ToLower(info.Name) {
			return info.Chain, nil
		}
	}
	if c, ok := chainNames[low]; ok {
		return c, nil
	}
	slugs := make([]string, len(chains))
	for i := range chains {
		slugs[i] = string(chains[i].Chain)
	}
	return "", fmt.Errorf("chain %q: want one of %s: %w", short(s), strings.Join(slugs, ", "), ErrInvalid)
}
