package screen

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcutil/base58"

	"github.com/fundtrail/fundtrail"
)

// variants are the ways in which people and programs write an address, made from its
// text and, where it is on a chain known here, from what it spells.
func variants(w fundtrail.Wallet) map[string]string {
	out := map[string]string{}
	text := w.Text
	add := func(name, s string) { out[name] = s }
	add("as listed", text)
	for name, form := range map[string]string{
		"space": "  %s\t\n", "no-break space": "\u00a0%s\u3000", "quotes": `"%s"`, "curly quotes": "“%s”", "comma": "%s,", "full stop": "%s.",
		"brackets": "[%s]", "parentheses": "(%s);", "angle": "<%s>", "zero width": "\u200b%s\ufeff", "soft hyphen": "\u00ad%s",
		"sentence": "Please pay 0.5 to %s today, thanks!", "Korean": "주소는 %s입니다", "markup": `<a href="https://example.org/address/%s">it</a>`,
		"JSON": `{"address":"%s","amount":"1"}`, "CSV": "2023-01-01,%s,12.5", "line": "to\n%s\nfrom", "dash": "—%s—", "underscore": "_%s_",
		"URL": "https://explorer.example/address/%s?tab=1#x", "ticker": w.Currency + ":%s", "ticker space": w.Currency + ": %s", "at": "@%s",
	} {
		add(name, fmt.Sprintf(form, text))
	}
	var wide, split strings.Builder
	for i, r := range text {
		if r > ' ' && r < 0x7f {
			wide.WriteRune(r - '!' + '！')
		}
		split.WriteRune(r)
		if i%7 == 3 {
			split.WriteString("\u200b\u2060")
		}
	}
	add("full width", wide.String())
	add("zero width inside", split.String())
	add("lower case", strings.ToLower(text))
	add("upper case", strings.ToUpper(text))

	sp := spell(text)
	switch sp.key[0] {
	case keyAccount:
		payload := sp.key[1:21]
		low := hex.EncodeToString(payload)
		add("0x", "0x"+low)
		add("0X", "0X"+strings.ToUpper(low))
		add("EIP-55", fundtrail.ChecksumCase("0x"+low))
		add("bare", low)
		add("bare upper", strings.ToUpper(low))
		add("tron", base58.CheckEncode(payload, 0x41))
		add("tron hex", "41"+low)
		add("tron 0x hex", "0x41"+low)
		add("word", "0x"+strings.Repeat("0", 24)+low)
		add("EIP-681", "ethereum:0x"+low+"@56?value=2.014e18")
		add("EIP-681 pay", "ethereum:pay-0x"+low+"@1")
		add("EIP-681 transfer", "ethereum:0xdAC17F958D2ee523a2206206994597C13D831ec7/transfer?address=0x"+low+"&uint256=1")
		add("other chain's explorer", "https://bscscan.com/address/0x"+low+"#tokentxns")
		add("glued", "wallet0x"+low)
		add("CAIP", "eip155:137:0x"+low)
		add("ronin", "ronin:"+low)
	case keyPublic, keyScript:
		hash := sp.key[1:21]
		public := sp.key[0] == keyPublic
		version := map[bool][]byte{true: {0x00, 0x30, 0x1e}, false: {0x05, 0x32, 0x16}}[public]
		for i, v := range version {
			add([]string{"bitcoin", "litecoin", "dogecoin"}[i], base58.CheckEncode(hash, v))
		}
		legacy := base58.CheckEncode(hash, version[0])
		add("BIP-21", "bitcoin:"+legacy+"?amount=20.3&label=Luke-Jr")
		add("BIP-21 upper scheme", "BITCOIN:"+legacy)
		cash, err := fundtrail.ParseAddress(fundtrail.BitcoinCash, legacy)
		if err != nil {
			panic(err)
		}
		add("cashaddr", cash.String())
		add("cashaddr upper", strings.ToUpper(cash.String()))
		_, bare, _ := strings.Cut(cash.String(), ":")
		add("cashaddr bare", bare)
		add("cashaddr bare upper", strings.ToUpper(bare))
		add("cashaddr URI", cash.String()+"?amount=1")
	}
	if sp.form == formSegwit {
		add("bech32 upper", strings.ToUpper(text))
		add("BIP-21 upper", "BITCOIN:"+strings.ToUpper(text)+"?AMOUNT=1")
	}
	return out
}

// Every variant of every address that any version lists is found, as a field and in a
// text, today and on every day on which the address stood.
func TestVariants(t *testing.T) {
	x := realIndex(t)
	seen := map[string]bool{}
	asked := 0
	for i := range x.subjects {
		for _, h := range x.subjects[i].holders {
			w := *x.wallet(h)
			if seen[w.Text] {
				continue
			}
			seen[w.Text] = true
			r := x.subjects[i].runs[0]
			asOf := r.designation.Listed
			for name, s := range variants(w) {
				for _, kind := range []Kind{AnAddress, Either, FreeText} {
					asked++
					a := x.Ask(Question{Text: s, Kind: kind, AsOf: asOf})
					if a.Verdict != Matched {
						t.Errorf("%s %q of %s as %q: %s %s", name, s, w.Text, kind, a.Verdict, a.Reason)
						continue
					}
					if a.Matches[0].Designation == nil || a.Matches[0].Version == nil || a.Matches[0].Why == "" {
						t.Errorf("%s: an empty match: %+v", s, a.Matches[0])
					}
				}
			}
		}
	}
	t.Logf("%d spellings of %d addresses as listed, %d subjects", asked, len(seen), len(x.subjects))
}
