package screen

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A part is one address found in a text.
type part struct {
	asked
	id     uint32
	listed bool // some version holds it
}

// partsOf finds the addresses in clean text, each once, in the order in which they come:
// what a list holds, what is an address by its checksum or its form, and what was meant
// to be one and has a typing error. A strict reader asks for what an address field may
// hold, which includes letters that alone mean little, such as 40 digits.
func (x *Index) partsOf(text string, strict bool) []part {
	if strict {
		a := asked{text: text}
		if id, ok := x.find(&a); ok {
			return []part{{a, id, true}}
		}
		// A list may write more than an address into the field.
		a.text = strings.Trim(text, surroundings)
		if id, ok := x.find(&a); ok {
			return []part{{a, id, true}}
		}
	}
	var parts []part
	var seen map[string]bool
	scan(text, func(run string) bool {
		a := asked{text: run}
		id, ok := x.find(&a)
		if !ok && !strict && (a.form == formBare || a.form == formSolana && oneCase(run)) {
			return false
		}
		if !ok && a.form == formNone && foreign(run) == "" && !mistyped(run) {
			return false
		}
		if len(parts) > 0 && parts[len(parts)-1].text == run || seen[run] {
			return true
		}
		if seen == nil {
			seen = map[string]bool{}
		}
		seen[run] = true
		parts = append(parts, part{a, id, ok})
		return true
	})
	return parts
}

// surroundings are what people and programs put around an address.
const surroundings = " \t\r\n\"'`.,;:!?()[]{}<>«»“”‘’„|*_~=/\\-"

// mistyped reports whether a run was meant as an address and has an error.
func mistyped(s string) bool {
	low := foldedAll(s[:min(len(s), 4)])
	switch {
	case strings.HasPrefix(low, "0x"):
		return len(s) >= 40 && len(s) <= 44 && allHexFrom(s[2:], len(s))
	case strings.HasPrefix(low, "bc1"), strings.HasPrefix(low, "ltc1"):
		return looksLike(s)
	case len(s) > 36:
		return false
	}
	_, _, err := fundtrail.DecodeBase58Check(new([32]byte), s)
	return errors.Is(err, fundtrail.ErrBadChecksum) && looksLike(s) && !oneCase(s)
}

// askWritten answers for text that is not one run of letters: an address with something
// around it, or in a URI, or several, or a name.
func (x *Index) askWritten(q Question) Answer {
	text := clean(q.Text)
	parts := x.partsOf(text, true)
	switch {
	case len(parts) == 0 && q.Kind == Either && !anyLooksLike(text):
		return x.askName(q)
	case len(parts) == 0:
		m := x.wallets.at(q.AsOf, q.Known)
		return Answer{
			Verdict: Invalid, Kind: AnAddress, Read: text, Reason: noAddress(text, q.Chain),
			Asked: m.asked, NotCovered: m.notCovered,
		}
	case len(parts) > 1:
		return x.join(q, text, parts, AnAddress)
	}
	chain := q.Chain
	if chain == "" {
		chain = chainOfURI(text)
	}
	answer, _ := x.askAddress(Question{Kind: AnAddress, Chain: q.Chain, AsOf: q.AsOf, Known: q.Known}, parts[0].text, chain)
	if q.Kind == Either && answer.Reason == "" && wordsAround(text, parts[0].text) {
		answer.Reason = "only the address was screened, not the words around it"
	}
	return answer
}

// noAddress says why a text holds no address.
func noAddress(text string, chain fundtrail.Chain) string {
	s := strings.Trim(text, surroundings)
	if s == "" {
		return "nothing to screen: the text is empty"
	}
	a := asked{text: s}
	if reason := refusal(&a, chain); reason != "" {
		return reason
	}
	return fmt.Sprintf("%q holds no address: %v", short(text), fundtrail.ErrUnknownForm)
}

// anyLooksLike reports whether any word was meant as an address.
func anyLooksLike(text string) bool {
	found := false
	for i := 0; i < len(text); {
		start := i
		for i < len(text) && alnum[text[i]] {
			i++
		}
		found = found || i-start >= 20 && looksLike(text[start:i])
		i = max(i, start+1)
	}
	return found
}

// wordsAround reports whether there are words beside an address, which are not a URI's.
func wordsAround(text, address string) bool {
	before, after, _ := strings.Cut(text, address)
	for _, s := range strings.Fields(before + " " + after) {
		letters := strings.TrimFunc(s, func(r rune) bool { return strings.ContainsRune(surroundings, r) })
		if len(letters) > 1 && !strings.ContainsAny(s, ":/?=&@") {
			return true
		}
	}
	return false
}

// chainOfURI is the chain that a URI's scheme names, or an exchange's prefix:
// bitcoin:..., XBT:..., ethereum:...@56; "" where there is none.
func chainOfURI(text string) fundtrail.Chain {
	scheme, rest, ok := strings.Cut(text, ":")
	if !ok || len(scheme) > 20 || strings.HasPrefix(rest, "//") {
		return ""
	}
	chain, err := fundtrail.ParseChain(strings.Trim(scheme, surroundings))
	if err != nil {
		return ""
	}
	if _, after, ok := strings.Cut(rest, "@"); ok && chain == fundtrail.Ethereum {
		var id int64
		for i := 0; i < len(after) && i < 12 && after[i] >= '0' && after[i] <= '9'; i++ {
			id = id*10 + int64(after[i]-'0')
		}
		for _, info := range fundtrail.Chains() {
			if id != 0 && info.EVMID == id {
				return info.Chain
			}
		}
		return ""
	}
	return chain
}

// askText answers for every address in a free text.
func (x *Index) askText(q Question) Answer {
	text := clean(q.Text)
	parts := x.partsOf(text, false)
	if len(parts) == 0 {
		answer := x.nothing(&x.wallets, x.wallets.at(q.AsOf, q.Known))
		answer.Kind = FreeText
		if answer.Verdict == Clear {
			answer.Reason = "no address was found in the text"
		}
		return answer
	}
	return x.join(q, text, parts, FreeText)
}

// join answers for several addresses: a match if any matches.
func (x *Index) join(q Question, text string, parts []part, kind Kind) Answer {
	answer := x.nothing(&x.wallets, x.wallets.at(q.AsOf, q.Known))
	answer.Kind = kind
	chain := q.Chain
	if chain == "" && kind == AnAddress {
		chain = chainOfURI(text)
	}
	read := make([]string, len(parts))
	var invalid []string
	for i, p := range parts {
		read[i] = p.text
		one, _ := x.askAddress(Question{Kind: AnAddress, Chain: q.Chain, AsOf: q.AsOf, Known: q.Known}, p.text, chain)
		answer.Found = append(answer.Found, one)
		answer.Matches = append(answer.Matches, naming(one.Matches, p.text)...)
		answer.Past = append(answer.Past, naming(one.Past, p.text)...)
		answer.Related = append(answer.Related, naming(one.Related, p.text)...)
		answer.Tags = append(answer.Tags, one.Tags...)
		if one.Verdict == Invalid {
			invalid = append(invalid, one.Reason)
		}
	}
	answer.Read = strings.Join(read, " ")
	switch {
	case len(answer.Matches) > 0:
		answer.Verdict, answer.Reason = Matched, ""
	case len(invalid) > 0 && kind == AnAddress:
		answer.Verdict, answer.Reason = Invalid, firstFew(invalid)
	case len(invalid) > 0 && answer.Verdict == Clear:
		answer.Reason = fmt.Sprintf("%d of %d addresses cannot be one, and were not screened: %s", len(invalid), len(parts), firstFew(invalid))
	}
	return answer
}

// firstFew joins reasons, of which a long text may have many; Answer.Found has all.
func firstFew(reasons []string) string {
	const few = 3
	if more := len(reasons) - few; more > 0 {
		return strings.Join(reasons[:few], "; ") + fmt.Sprintf("; and %d more", more)
	}
	return strings.Join(reasons, "; ")
}

// naming puts the text that matched in front of each reason.
func naming(matches []Match, text string) []Match {
	out := slices.Clone(matches)
	for i := range out {
		out[i].Why = text + ": " + out[i].Why
	}
	return out
}
