package screen

import (
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// An asked address is a text as it was read, and how it was found among the subjects.
type asked struct {
	spelling
	text string
	// where the asker says it is: surely, or only by the URI around it
	chain fundtrail.Chain
	found finding
}

// A finding is what connects a text to a subject.
type finding byte

const (
	notFound     finding = iota
	bySpelling           // in a usual spelling
	byKey                // in another spelling of the same key
	byLetters            // but for the case of letters, which makes it no address
	byLostCase           // but for the case of letters, which the list's file lost
	onlyByFolded         // but for the case of letters, and each is an address of its own
)

// currencies are the list's words for what is held at the address, sorted.
func (x *Index) currencies(holders []holder) []string {
	var out []string
	for _, h := range holders {
		if w := x.wallet(h); w != nil && w.Currency != "" && !slices.Contains(out, w.Currency) {
			out = append(out, w.Currency)
		}
	}
	slices.Sort(out)
	return out
}

func (x *Index) wallet(h holder) *fundtrail.Wallet {
	if h.wallet < 0 {
		return nil
	}
	return &x.history.Parties[h.party].Wallets[h.wallet]
}

// listed says how the list has the address, without knowing how it was asked for.
func (x *Index) listed(bearers []holder) string {
	words := x.currencies(bearers)
	if len(words) == 0 {
		return "the address is listed"
	}
	return "listed as " + strings.Join(words, ", ")
}

// listedChains are the chains that the list's words name; all is false when a word names
// none known here, or a token that exists on several.
func (x *Index) listedChains(bearers []holder) (chains []fundtrail.Chain, all bool) {
	words := x.currencies(bearers)
	all = len(words) > 0
	for _, w := range words {
		c := x.chainOf[w]
		if c == "" {
			all = false
			continue
		}
		chains = append(chains, c)
	}
	return chains, all
}

// explain says in a sentence how what was asked is what is listed. It counts unless it
// is known to be a contract, which is only where it was made.
func (x *Index) explain(a *asked, bearers []holder, wallet string) (why string, counts bool) {
	why, counts = x.listed(bearers), true
	add := func(words string) { why += "; " + words }
	switch a.found {
	case byKey:
		switch {
		case a.text == wallet:
		case a.form == formHex && !fundtrail.EIP55Holds(a.text):
			add("the case of the letters asked breaks its checksum (EIP-55), and the digits are the listed ones")
		case a.form.caseless() && foldedAll(a.text) == foldedAll(wallet):
		case a.form == formBare:
			add("asked without its 0x")
		case a.form == formWord:
			add("asked as a word of 32 bytes")
		case a.key[0] == keyPublic && (a.form == formSegwit) != (spell(wallet).form == formSegwit):
			add(a.text + " is the same public key's hash in another form, and whoever can spend from one can spend from the other")
		case foldedAll(a.text) != foldedAll(wallet):
			add(a.text + " is another spelling of it")
		}
	case byLetters:
		add("the letters asked are no address as they stand, and are the listed ones but for their case")
	case byLostCase:
		add("matched without regard to the case of letters, which the list's file lost")
	case onlyByFolded:
		// The file that lost it may mean either, and a miss is worse.
		if slices.ContainsFunc(bearers, func(h holder) bool { return x.wallet(h).CaseLost }) {
			return why + "; matched without regard to the case of letters, which a file of the list lost", true
		}
		return why + "; the address asked differs from the listed one in the case of letters alone, and each is an address", false
	}
	if slices.ContainsFunc(bearers, func(h holder) bool { return !h.tagged }) {
		return x.explainChain(a, bearers, why)
	}
	return why + "; the list means one account behind this address, told apart by a tag: " + wallet, false
}

// explainChain says whether it counts on the chain where it was asked.
func (x *Index) explainChain(a *asked, bearers []holder, why string) (string, bool) {
	info, ok := a.chain.Info()
	if !ok {
		return why, true
	}
	chains, all := x.listedChains(bearers)
	switch {
	case slices.Contains(chains, a.chain):
		return why, true
	case !all:
		return why + ", which does not tell the chain; asked on " + info.Name + ", where the same key controls the same address", true
	}
	names := make([]string, len(chains))
	for i, c := range chains {
		other, _ := c.Info()
		names[i] = other.Name
	}
	where := strings.Join(names, ", ")
	if !a.on(a.chain) {
		return why + "; it is no address of " + info.Name + ", where it was asked", true
	}
	if a.key[0] != keyAccount {
		return why + "; asked on " + info.Name + ", listed on " + where + ": the same key controls both", true
	}
	if x.isContract(a, append(chains, a.chain)) {
		return why + "; asked on " + info.Name + ", listed on " + where +
			": it is a contract, and one chain's says nothing of what stands at the same address on another", false
	}
	return why + "; asked on " + info.Name + ", listed on " + where +
		": the same key controls both, unless it is a contract, which is not known", true
}

// isContract asks for the account on each of the chains.
func (x *Index) isContract(a *asked, chains []fundtrail.Chain) bool {
	if x.options.Contract == nil {
		return false
	}
	for _, c := range chains {
		if address, ok := accountOn(c, a.key); ok && x.options.Contract(address) {
			return true
		}
	}
	return false
}

// accountOn spells a key of accounts on an EVM chain or Tron.
func accountOn(c fundtrail.Chain, k key) (fundtrail.Address, bool) {
	info, ok := c.Info()
	if !ok || k[0] != keyAccount || info.Family != fundtrail.FamilyEVM && info.Family != fundtrail.FamilyTron {
		return fundtrail.Address{}, false
	}
	return fundtrail.EVMAddress(c, [20]byte(k[1:21])), true
}
