package screen

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

var fuzzed = sync.OnceValue(func() *Index { return New(small(), Options{}) })

// FuzzAsk: no text makes an answer panic or break what an answer promises.
func FuzzAsk(f *testing.F) {
	for _, s := range []string{
		"", " ", listed, pubHash, strings.ToUpper(listed), "bitcoin:" + pubHash, "ethereum:pay-" + listed + "@56/transfer?address=" + unlisted,
		"０ｘ", "bc1", "BC1Q", "bitcoincash:", "0x", "41", strings.Repeat("1", 34), strings.Repeat("0", 64), "\xff\xfe", "\u200b" + listed, "김정은", "Lazarus Group " + listed,
		strings.Repeat("0x", 70), "ltc1" + strings.Repeat("q", 38), "x", strings.Repeat("z", 200),
	} {
		for i := range 4 {
			f.Add(s, uint8(i), "eth")
		}
	}
	kinds := []Kind{Either, AnAddress, AName, FreeText}
	f.Fuzz(func(t *testing.T, text string, kind uint8, chain string) {
		x := fuzzed()
		q := Question{Text: text, Kind: kinds[kind%4], Chain: fundtrail.Chain(chain)}
		a := x.Ask(q)
		switch {
		case a.Verdict == Matched != (len(a.Matches) > 0):
			t.Fatalf("%q: %s with %d matches", text, a.Verdict, len(a.Matches))
		case (a.Verdict == Invalid || a.Verdict == Unknown) && a.Reason == "":
			t.Fatalf("%q: %s and no reason", text, a.Verdict)
		case a.Verdict == Clear && len(a.Asked) == 0:
			t.Fatalf("%q: clear by no list", text)
		case !utf8.ValidString(a.Reason) && utf8.ValidString(text):
			t.Fatalf("%q: reason %q", text, a.Reason)
		}
		if x.Listed(text) && q.Kind == AnAddress && chain == "" && a.Verdict != Matched {
			t.Fatalf("%q: Listed and %s", text, a.Verdict)
		}
		if q.Kind == Either && a.Kind == AnAddress && a.Verdict == Clear {
			if b := x.Ask(Question{Text: text, Kind: AnAddress, Chain: q.Chain}); b.Verdict != Clear {
				t.Fatalf("%q: clear, and %s as an address: %s", text, b.Verdict, b.Reason)
			}
		}
		x.History(text)
	})
}

// FuzzExtract: an address that stands in a text, with no letter or digit beside it, is
// found wherever it stands.
func FuzzExtract(f *testing.F) {
	f.Add("before ", " after", uint64(1))
	f.Add("＜", "＞", uint64(2))
	f.Add("0x0x0x0x", "0x", uint64(3))
	f.Add("https://e.example/?a=", "&b=1", uint64(4))
	f.Add("\u0301", "\u0301\u200d", uint64(5))
	f.Add("1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "\xff\xff", uint64(6))
	f.Fuzz(func(t *testing.T, before, after string, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		w := []string{listed, strings.ToLower(listed), pubHash, tornadoRouter, "TNVaKWQzau4xL9bTnvLmF7KSEQrWEv9jLR", "LNf2JDiuunBz7GMDKFYHN4rq5meXWxiwfb"}[rnd.IntN(6)]
		gap := []string{" ", "\n", ",", "\"", "/", "=", "、", "("}[rnd.IntN(8)]
		text := before + gap + w + gap + after
		a := fuzzed().Ask(Question{Text: text, Kind: FreeText, AsOf: day("2024-02-01")})
		if a.Verdict != Matched {
			t.Fatalf("%q in %q: %s %s", w, text, a.Verdict, a.Reason)
		}
		for _, m := range a.Matches {
			if strings.HasPrefix(m.Why, w+": ") {
				return
			}
		}
		t.Fatalf("%q in %q: another was found: %+v", w, text, a.Matches)
	})
}

// FuzzSpell: the forms agree with the root's reader, which is held against an oracle.
func FuzzSpell(f *testing.F) {
	for _, w := range pool {
		f.Add(w.Text)
	}
	f.Add("bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0")
	f.Add("bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a")
	f.Add("41722122df12d4e14e13ac3b6895a86e84145b6967")
	f.Fuzz(func(t *testing.T, s string) {
		sp := spell(s)
		for _, info := range fundtrail.Chains() {
			a, err := fundtrail.ParseAddress(info.Chain, s)
			if err != nil {
				continue
			}
			// Witness programs of unusual length are the one form left to letters.
			if sp.form == formNone && len(a.Payload()) != 20 && len(a.Payload()) != 32 || sp.form == formNone && strings.HasPrefix(strings.ToLower(s), string(info.Chain)) {
				continue
			}
			if sp.form == formBare || sp.form == formTronHex && info.Chain == fundtrail.Solana {
				continue // digits that are base58 of 32 bytes too: 0x left out is likelier
			}
			if sp.form == formNone || string(sp.key[1:1+len(a.Payload())]) != string(a.Payload()) {
				t.Fatalf("%s: %v, and %s reads %x", s, sp, info.Chain, a.Payload())
			}
			if !sp.on(info.Chain) {
				t.Fatalf("%s: %v is not on %s, which reads it", s, sp, info.Chain)
			}
		}
	})
}
