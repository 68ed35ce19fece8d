package feed

import (
	"strings"

	"github.com/fundtrail/fundtrail"
)

// wallet reads an address as a list writes it. Its Address is set when the list's
// currency and the address's form say one chain that this module knows.
func wallet(currency, text string) fundtrail.Wallet {
	w := fundtrail.Wallet{Text: text, Currency: currency}
	chains := []fundtrail.Chain{fundtrail.Tron, fundtrail.Bitcoin, fundtrail.Ethereum}
	switch c := strings.ToUpper(currency); c {
	case "", "USDT", "USDC": // on several chains; the form says which family
	default:
		chain, err := fundtrail.ParseChain(c)
		if err != nil {
			return w
		}
		chains = []fundtrail.Chain{chain}
	}
	for _, chain := range chains {
		if a, err := fundtrail.ParseAddress(chain, text); err == nil {
			w.Address = a
			return w
		}
	}
	return w
}
