package feed

import (
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

const (
	btc1  = "12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h"
	eth1  = "0x8576acc5c05d6ce88f4e49bf65bdf0c62f91353c"
	trx1  = "TA39Q3P75XrSWYAeAsf7DanTykSoa3sLGE"
	sol1  = "GTCgdWjc8Pwd5kaeeb4zSdyFmoL14sbmqyWLr1DGPUVX"
	doge1 = "D596YFweJQuHY1BbjazZYmAbt8jJPbKehC"
	bchQ  = "qpf2cphc5dkuclkqur7lhj2yuqq9pk3hmukle77vhq"
	bech1 = "bc1qs9u6j78e3utj08mwvqkkmqm9de5xk3g4yh8qtq"
)

func TestWallet(t *testing.T) {
	// A good Tron address, made rather than remembered.
	tron := fundtrail.EVMAddress(fundtrail.Tron, [20]byte{1, 2, 3}).String()
	for _, c := range []struct {
		currency, text string
		chain          fundtrail.Chain // "" for none
	}{
		{"XBT", btc1, "btc"},
		{"BTC", btc1, "btc"},
		{"XBT", " " + btc1 + "\t", "btc"},
		{"XBT", bech1, "btc"},
		{"XBT", strings.ToUpper(bech1), "btc"},
		{"BCH", bchQ, "bch"},
		{"BCH", "18M8bJWMzWHDBMxoLqjHHAffdRy4SrzkfB", "bch"},
		{"ETH", eth1, "eth"},
		{"BSC", eth1, "bsc"},
		{"BNB", eth1, "bsc"},
		{"ARB", eth1, "arbitrum"},
		{"ETC", eth1, "eth"}, // one key on every EVM chain
		{"USDT", eth1, "eth"},
		{"USDT", tron, "trx"},
		{"USDT", btc1, "btc"}, // by Omni
		{"USDT", sol1, "sol"},
		{"USDC", eth1, "eth"},
		{"USDC", sol1, "sol"},
		{"USDC", btc1, ""},
		{"TRX", tron, "trx"},
		{"SOL", sol1, "sol"},
		{"LTC", "LeKvNdNEzgQkzVVnRdV3fAu2DSF1nLsNw6", "ltc"},
		{"DOGE", doge1, "doge"},
		{"XVG", doge1, ""}, // the same form on another ledger
		{"BSV", btc1, ""},
		{"XBT", eth1, "eth"}, // the form is certain, the list's word is not
		{"NEW", eth1, "eth"},
		{"NEW", tron, "trx"},
		{"NEW", sol1, ""},
		{"", btc1, "btc"},
		{"", eth1, "eth"},
		{"", sol1, ""},
		{"", doge1, ""},
		{"ETH", "0xa7e5d5a720f06526557c513402f2e6b5fa20b00", ""}, // a digit is missing
		{"ETH", "0x03893a7c7463AE47D46bc7f091665f1893656002", ""},
		{"XMR", strings.Repeat("4", 95), ""},
		{"XBT", "", ""},
		{"XBT", "none", ""},
	} {
		w := wallet(c.currency, c.text)
		if w.Address.Chain() != c.chain || w.Text != strings.TrimSpace(c.text) || w.Currency != c.currency || w.CaseLost {
			t.Errorf("wallet(%q, %q) = %+v on %q, want %q", c.currency, c.text, w, w.Address.Chain(), c.chain)
		}
	}
}

func TestFoldedWallet(t *testing.T) {
	for _, c := range []struct {
		currency, text string
		chain          fundtrail.Chain
		lost           bool
	}{
		{"XBT", strings.ToLower(btc1), "", true},
		{"XBT", bech1, "btc", false},
		{"BCH", bchQ, "bch", false},
		{"ETH", eth1, "eth", false},
		{"USDT", eth1, "eth", false},
		{"USDT", strings.ToLower(trx1), "", true},
		{"SOL", strings.ToLower(sol1), "", true},
		{"SOL", strings.Repeat("2", 43), "", false}, // no letters, so no case
		{"XMR", "4" + strings.Repeat("a", 94), "", true},
	} {
		w := foldedWallet(c.currency, c.text)
		if w.Address.Chain() != c.chain || w.CaseLost != c.lost || w.Text != c.text {
			t.Errorf("foldedWallet(%q, %q) = %+v on %q; want %q, %v", c.currency, c.text, w, w.Address.Chain(), c.chain, c.lost)
		}
	}
}

func FuzzWallet(f *testing.F) {
	for _, s := range []string{btc1, eth1, trx1, sol1, bchQ, bech1, "0x"} {
		f.Add("USDT", s)
		f.Add("", strings.ToLower(s))
	}
	f.Fuzz(func(t *testing.T, currency, text string) {
		for _, w := range []fundtrail.Wallet{wallet(currency, text), foldedWallet(currency, text)} {
			if w.Text != strings.TrimSpace(text) {
				t.Errorf("text %q became %q", text, w.Text)
			}
			if w.Text != "" {
				checkParty(t, &fundtrail.Party{Wallets: []fundtrail.Wallet{w}})
			}
		}
	})
}
