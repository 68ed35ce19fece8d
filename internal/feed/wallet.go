package feed

import (
	"strings"

	"github.com/fundtrail/fundtrail"
)

// tokenChains are the currencies that name no chain of their own, or one that
// [fundtrail.ParseChain] does not know by that name, and the chains that lists mean by
// them. Which one it is, the address's form says.
var tokenChains = map[string][]fundtrail.Chain{
	"USDT": {fundtrail.Ethereum, fundtrail.Tron, fundtrail.Bitcoin, fundtrail.Solana}, // bitcoin: by Omni
	"USDC": {fundtrail.Ethereum, fundtrail.Tron, fundtrail.Solana},
	"XDG":  {fundtrail.Dogecoin},
	"WBTC": {fundtrail.Ethereum},
	"BUSD": {fundtrail.BSC},
}

// wallet reads a crypto address as a list states it. Text stays as the list writes it,
// but for space around it. Address is filled when currency and form together say one
// chain that this module knows: the currency's own chains come first, then the one
// family that has the form. Every 0x address is one key on every EVM chain, so that of a
// chain not known here, such as ETC, stands as Ethereum's. Otherwise there is no guess:
// "BSV 12sj…" has the form of a bitcoin address and is none, and "XVG D9…" has dogecoin's.
func wallet(currency, text string) fundtrail.Wallet {
	w := fundtrail.Wallet{Text: strings.TrimSpace(text), Currency: strings.TrimSpace(currency)}
	ticker := strings.ToUpper(w.Currency)
	own := chainsOfTicker(ticker)
	for _, c := range append(own[:len(own):len(own)], chainsOfForm(ticker, w.Text)...) {
		if a, err := fundtrail.ParseAddress(c, w.Text); err == nil {
			w.Address = a
			break
		}
	}
	return w
}

// chainsOfTicker returns the chains that a currency may mean, none for one not known here.
func chainsOfTicker(ticker string) []fundtrail.Chain {
	if own := tokenChains[ticker]; own != nil {
		return own
	}
	if c, err := fundtrail.ParseChain(ticker); err == nil {
		return []fundtrail.Chain{c}
	}
	return nil
}

// chainsOfForm returns the chain that alone has an address's form, if there is one.
func chainsOfForm(ticker, text string) []fundtrail.Chain {
	low := strings.ToLower(text)
	switch {
	case strings.HasPrefix(low, "0x"):
		return []fundtrail.Chain{fundtrail.Ethereum}
	case strings.HasPrefix(low, "bc1"):
		return []fundtrail.Chain{fundtrail.Bitcoin}
	case strings.HasPrefix(low, "ltc1"):
		return []fundtrail.Chain{fundtrail.Litecoin}
	case strings.HasPrefix(low, "bitcoincash:"):
		return []fundtrail.Chain{fundtrail.BitcoinCash}
	case strings.HasPrefix(text, "T"):
		return []fundtrail.Chain{fundtrail.Tron}
	case ticker == "" && (strings.HasPrefix(text, "1") || strings.HasPrefix(text, "3")):
		return []fundtrail.Chain{fundtrail.Bitcoin} // its forks share keys and form
	}
	return nil
}

// foldedWallet is wallet for a file that writes addresses in lower case. Where the form has no case nothing is lost; base58 can no longer be decoded, and a text that
// happens to decode would be another address.
func foldedWallet(currency, text string) fundtrail.Wallet {
	w := wallet(currency, text)
	if w.Text != strings.ToLower(w.Text) {
		return w
	}
	if info, ok := w.Address.Chain().Info(); ok && info.Family != fundtrail.FamilySolana {
		if own := w.Address.String(); own == strings.ToLower(own) {
			return w
		}
	}
	w.Address = fundtrail.Address{}
	w.CaseLost = w.Text != strings.ToUpper(w.Text)
	return w
}
