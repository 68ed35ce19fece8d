package feed

import (
	_ "embed"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/fundtrail/fundtrail"
)

// labels.tsv is the reviewed table; its head says what each kind of row means.
//
//go:embed labels.tsv
var labelTable string

// labelRules returns the embedded table, read once.
var labelRules = sync.OnceValues(func() (*rules, error) { return readRules(labelTable) })

// rules decide what an explorer's name and labels say about an address. The first
// of these that applies decides:
//
//  1. the address is a wrapper of a native coin;
//  2. the name tells of wrongdoing ("… Exploiter"), or a label does ("heist");
//  3. the name or a label says that it is nobody's ("Null: 0x000…000");
//  4. the name is a customer's address at a service ("Jump Trading: Binance Deposit");
//  5. the name begins with a party of the table, and what follows is one of the
//     parts that the party's rows accept;
//  6. the name says that it is a token;
//  7. a label is a topic and the name has a part that proves it ("X: Router" with "dex");
//  8. a label says something weaker, such as a sanction.
type rules struct {
	sets    map[string][]pattern
	wrapper map[string]string // "eth/0x…" -> category
	words   []rule            // patterns of whole names
	labels  map[string]rule   // labels that decide before the name does
	weak    map[string]rule   // labels that decide when nothing else did
	parties map[string][]party
	topics  map[string]party
	known   map[string]bool // every label the table lists
}

// A rule says what one pattern or one label means.
type rule struct {
	name            glob
	category, actor string
	role            fundtrail.TagRole
}

// A party is an actor with the parts of its name tags that have its category.
type party struct {
	actor, category string
	parts           []pattern
}

// A finding is what the table says about one address.
type finding struct {
	category, actor string
	role            fundtrail.TagRole
}

// Categories that the rules themselves know.
const (
	exchange      = "exchange"
	mixer         = "mixing_service"
	tokenContract = "token_contract" // ours, not the taxonomy's: the contract of an ERC-20 token or an NFT
)

func (r *rules) classify(a fundtrail.Address, name string, labels []string) finding {
	slug := slugify(name)
	token := isToken(name, slug, labels)
	if c, ok := r.wrapper[string(a.Chain())+"/"+a.String()]; ok {
		return finding{category: c}
	}
	for i := range r.words {
		w := &r.words[i]
		if w.name.match(slug) {
			return finding{category: w.category, role: w.role}
		}
	}
	for _, l := range labels {
		if w, ok := r.labels[l]; ok {
			f := finding{w.category, w.actor, w.role}
			if f.role == fundtrail.RoleThief && (token || name == "") {
				f.role = fundtrail.RoleUnstated // nothing says that this is the robber
			}
			return f
		}
	}

	base, part, split := r.split(name, slug)
	if of, ok := strings.CutSuffix(strings.TrimRight(part, "-0123456789"), "-deposit"); ok && split {
		for _, p := range r.parties[of] {
			if p.category == exchange {
				return finding{p.category, p.actor, fundtrail.RoleDeposit}
			}
		}
	}
	f := finding{}
	for _, p := range r.parties[base] {
		if r.accepts(p.parts, part, split, token) {
			return finding{p.category, p.actor, role(p.category, part, labels)}
		}
		if split { // without a colon, "Binance Wrapped BCH" need not be Binance's
			f.actor = p.actor
		}
	}
	if token {
		f.category = tokenContract
		return f
	}
	for _, l := range labels {
		if t, ok := r.topics[l]; ok && split && r.accepts(t.parts, part, split, token) {
			return finding{t.category, orElse(f.actor, base), role(t.category, part, labels)}
		}
	}
	for _, l := range labels {
		if w, ok := r.weak[l]; ok {
			f.category, f.role = w.category, w.role
			return f
		}
	}
	return f
}

// role reads what an address is to its service off the part of a name tag, "Deposit
// 2", "Dep: 0x…" or "Hot Wallet", or off the label hot-wallet. Of a mixer the table
// accepts nothing but pools and what leads to them.
func role(category, part string, labels []string) fundtrail.TagRole {
	switch {
	case category == mixer && (strings.Contains(part, "router") || strings.Contains(part, "proxy")):
		return fundtrail.RoleRouter
	case category == mixer:
		return fundtrail.RolePool
	case strings.TrimRight(part, "-0123456789") == "deposit", strings.HasPrefix(part, "dep-0x"), strings.HasPrefix(part, "deposit-0x"):
		return fundtrail.RoleDeposit
	case strings.Contains("-"+part+"-", "-hot-wallet-"), slices.Contains(labels, "hot-wallet"):
		return fundtrail.RoleHot
	}
	return fundtrail.RoleUnstated
}

// split divides a name tag into its party and the part of it: "Huobi: Old Address 1"
// into huobi and old-address-1, "Huobi 35" into huobi and 35. split is false where
// the name has no colon, so that the division is the table's alone.
func (r *rules) split(name, slug string) (base, part string, split bool) {
	if head, tail, ok := strings.Cut(name, ":"); ok {
		base, part = slugify(head), slugify(tail)
		if trimmed, ok := strings.CutSuffix(base, "-dep"); ok { // "Binance Dep: 0x…"
			base, part = trimmed, "dep-"+part
		}
		if r.parties[base] == nil {
			// "Uniswap V2: Router": the version is no other party.
			if i := strings.LastIndex(base, "-v"); i > 0 && strings.Trim(base[i+2:], "0123456789-") == "" && i+2 < len(base) {
				base = base[:i]
			}
		}
		return base, part, true
	}
	for end := len(slug); end > 0; end = strings.LastIndexByte(slug[:end], '-') {
		if r.parties[slug[:end]] != nil {
			return slug[:end], strings.TrimPrefix(slug[end:], "-"), false
		}
	}
	return "", "", false
}

// accepts reports whether a part is one that a row's patterns accept: the first that
// matches decides. The head of labels.tsv says how patterns are written.
func (r *rules) accepts(patterns []pattern, part string, split, token bool) bool {
	yes, _ := r.decides(patterns, part, split, token)
	return yes
}

func (r *rules) decides(patterns []pattern, part string, split, token bool) (yes, decided bool) {
	for i := range patterns {
		p := &patterns[i]
		switch p.kind {
		case '@':
			if yes, decided := r.decides(r.sets[p.set], part, split, token); decided {
				return yes, true
			}
		case '-':
			if part == "" {
				return !token, true
			}
		case '*':
			if split && part != "" {
				return !token, true
			}
		default:
			if p.glob.match(part) {
				return p.kind == '=' || p.kind == 0 && !token, true
			}
		}
	}
	return false, false
}

// A glob is a pattern of the table: * stands for anything, [0-9] for one of a class,
// and a # at the end for digits. Most are plain texts with stars, and every name runs
// past hundreds of them, so these are taken apart when the table is read.
type glob struct {
	texts  []string // between the stars
	digits bool
	class  string // the whole pattern where it has a class
}

func parseGlob(s string) (g glob, err error) {
	s, g.digits = strings.CutSuffix(s, "#")
	if strings.ContainsAny(s, `[?\`) {
		g.class = s
		_, err = path.Match(s, "")
	}
	g.texts = strings.Split(s, "*")
	return g, err
}

func (g *glob) match(text string) bool {
	if g.digits {
		trimmed := strings.TrimRight(text, "0123456789")
		if trimmed == text {
			return false
		}
		text = trimmed
	}
	if g.class != "" {
		ok, _ := path.Match(g.class, text) // its form was checked when it was read
		return ok
	}
	last := len(g.texts) - 1
	if last == 0 {
		return text == g.texts[0]
	}
	text, ok := strings.CutPrefix(text, g.texts[0])
	if !ok || !strings.HasSuffix(text, g.texts[last]) {
		return false
	}
	text = text[:len(text)-len(g.texts[last])]
	for _, t := range g.texts[1:last] {
		if _, text, ok = strings.Cut(text, t); !ok {
			return false
		}
	}
	return true
}

// A pattern is a glob and what it means for the part that matches it first.
type pattern struct {
	kind byte // '@' a set, '!' not accepted, '=' accepted even for a token, '-' the bare name, '*' anything after a colon, 0 accepted
	set  string
	glob glob
}

func parsePatterns(column string) (out []pattern, err error) {
	for _, s := range strings.Split(column, ",") {
		var p pattern
		switch s = strings.TrimSpace(s); {
		case s == "":
			return nil, fmt.Errorf("an empty pattern: %w", fundtrail.ErrInvalid)
		case s == "-", s == "*":
			p.kind = s[0]
		case s[0] == '@':
			p.kind, p.set = s[0], s[1:]
		case s[0] == '!', s[0] == '=':
			p.kind, s = s[0], s[1:]
		}
		if p.glob, err = parseGlob(s); err != nil {
			return nil, fmt.Errorf("pattern %q: %w", s, fundtrail.ErrInvalid)
		}
		out = append(out, p)
	}
	return out, nil
}

// slugify writes a name in lower-case letters, digits and single hyphens.
func slugify(name string) string {
	const most = 256 // no name tag is longer, and patterns run over it
	if len(name) > most {
		name = name[:most]
	}
	out := make([]byte, 0, len(name))
	for _, c := range []byte(name) {
		switch {
		case c >= 'A' && c <= 'Z':
			out = append(out, c-'A'+'a')
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			out = append(out, c)
		case len(out) > 0 && out[len(out)-1] != '-':
			out = append(out, '-')
		}
	}
	return strings.TrimSuffix(string(out), "-")
}

// tokenLabels are labels that explorers give to token contracts alone.
var tokenLabels = map[string]bool{"token-contract": true, "bridged-token": true, "stablecoin": true, "spam-token": true}

// isToken reports whether a name or a label says that the address is a token's
// contract: "Binance: BNB Token", "HuobiToken (HT)", "Gemini dollar" with the label
// stablecoin.
func isToken(name, slug string, labels []string) bool {
	if strings.HasSuffix(strings.TrimSpace(name), ")") {
		return true
	}
	last := strings.TrimRight(slug, "0123456789")
	last = strings.TrimSuffix(strings.TrimSuffix(last, "v"), "-")
	last = last[strings.LastIndexByte(last, '-')+1:]
	if last == "token" || last == "tokens" || last == "stablecoin" || last == "nft" || strings.HasSuffix(last, "token") {
		return true
	}
	for _, l := range labels {
		if tokenLabels[l] {
			return true
		}
	}
	return false
}

// readRules reads the table. Its errors are faults of the table, found by its test.
func readRules(table string) (*rules, error) {
	r := &rules{
		sets: map[string][]pattern{}, wrapper: map[string]string{},
		labels: map[string]rule{}, weak: map[string]rule{},
		parties: map[string][]party{}, topics: map[string]party{}, known: map[string]bool{},
	}
	for i, line := range strings.Split(table, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		if err := r.row(strings.Split(line, "\t")); err != nil {
			return nil, fmt.Errorf("labels.tsv line %d: %w", i+1, err)
		}
	}
	return r, nil
}

func (r *rules) row(col []string) error {
	if len(col) != 5 {
		return fmt.Errorf("%d columns, want kind, match, category, parts, why: %w", len(col), fundtrail.ErrInvalid)
	}
	kind, key, category := col[0], col[1], strings.Trim(col[2], "-")
	parts, err := parsePatterns(col[3])
	if err != nil {
		return err
	}
	for _, p := range parts {
		if p.kind == '@' && r.sets[p.set] == nil {
			return fmt.Errorf("set %q is not defined above: %w", p.set, fundtrail.ErrInvalid)
		}
	}
	label, actor, _ := strings.Cut(key, "=")
	as := rule{category: category, role: fundtrail.TagRole(strings.Trim(col[3], "-"))}
	switch kind {
	case "set":
		r.sets[key] = parts
	case "wrapper":
		r.wrapper[key] = category
	case "word":
		if as.name, err = parseGlob(key); err != nil {
			return fmt.Errorf("pattern %q: %w", key, fundtrail.ErrInvalid)
		}
		r.words = append(r.words, as)
	case "label":
		key, as.actor = label, actor
		r.labels[key] = as
	case "weak":
		r.weak[key] = as
	case "party":
		for _, name := range strings.Split(orElse(actor, label), "|") {
			r.parties[name] = append(r.parties[name], party{label, category, parts})
		}
		key = label
	case "topic":
		r.topics[key] = party{category: category, parts: parts}
	case "none":
		for _, l := range strings.Split(key, " ") {
			r.known[l] = true
		}
	default:
		return fmt.Errorf("kind %q: %w", kind, fundtrail.ErrInvalid)
	}
	if kind != "set" && kind != "word" && kind != "wrapper" && kind != "none" {
		r.known[key] = true
	}
	return nil
}
