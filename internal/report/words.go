package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// legend says which figures of a page are which.
var legend = []struct{ kind, word, means string }{
	{"fact", "Fact", "what a ledger records: hashes, times, addresses, amounts of payments."},
	{"claim", "Claim", "what somebody says, with a source: names of addresses, prices, what a record states. [claim 90] is held with confidence 90 of 100."},
	{"inference", "Inference", "what a stated method concludes: how much of a payment is stolen value, ranges, probable deposit addresses. [deposit-forward/1 75] is a method, its version and its confidence."},
}

// A category is the ends of one category in one asset.
type category struct {
	category string
	total    *End  // the category taken together; nil when the document has none
	ends     []int // indexes into the document's ends
}

// endAssets lists the assets value ended in: those stolen first, in their order.
func (x *index) endAssets() []string {
	var all []string
	add := func(asset string) {
		if !slices.Contains(all, asset) {
			all = append(all, asset)
		}
	}
	ended := func(asset string) bool {
		return slices.ContainsFunc(x.d.Ends, func(e End) bool { return e.Asset == asset })
	}
	for _, s := range x.d.Stolen {
		if ended(s.Asset) {
			add(s.Asset)
		}
	}
	for i := range x.d.Ends {
		add(x.d.Ends[i].Asset)
	}
	return all
}

// proceeds is how much of what was stolen is, by a source, what other stolen value was
// swapped into.
func proceeds(s *Stolen) (sum fundtrail.Amount) {
	for i := range s.Thefts {
		if th := &s.Thefts[i]; th.Proceeds {
			sum, _ = sum.Add(amount(th.Amount))
		}
	}
	return sum
}

// groups lists an asset's categories in the document's order, each with its ends.
func (x *index) groups(asset string) []category {
	var out []category
	at := func(name string) *category {
		for i := range out {
			if out[i].category == name {
				return &out[i]
			}
		}
		out = append(out, category{category: name})
		return &out[len(out)-1]
	}
	for i := range x.d.Categories {
		if e := &x.d.Categories[i]; e.Asset == asset {
			at(e.Category).total = e
		}
	}
	for i := range x.d.Ends {
		if e := &x.d.Ends[i]; e.Asset == asset {
			g := at(e.Category)
			g.ends = append(g.ends, i)
		}
	}
	return out
}

// summary says in a sentence for each asset how much was stolen and where the most
// of it is: a category is named while it holds a hundredth of the stolen amount or more.
func (x *index) summary() []string {
	var out []string
	for _, s := range x.d.Stolen {
		stolen := amount(s.Amount)
		line := x.coins(s.Asset, stolen, nearest) + " " + x.symbol(s.Asset)
		if x.backward() {
			line += " asked about."
		} else {
			line += " stolen"
			if proceeds := proceeds(&s); !proceeds.IsZero() {
				line += ", " + x.coins(s.Asset, proceeds, nearest) + " of it proceeds"
			}
			line += "."
		}
		for _, g := range x.groups(s.Asset) {
			if g.total == nil {
				continue
			}
			part := g.total.Amount.sum(x.d.Trace.Policy)
			if hundred, over := part.Mul(fundtrail.NewAmount(100)); !over && hundred.Less(stolen) {
				continue
			}
			line += fmt.Sprintf(" %s: %s", categoryName(g.category), x.coins(s.Asset, part, nearest))
			if lo, hi := x.coins(s.Asset, amount(g.total.AtLeast), down), x.coins(s.Asset, amount(g.total.AtMost), up); lo != hi {
				line += fmt.Sprintf(" (at least %s, at most %s)", lo, hi)
			}
			if on := x.followedOn(g); !on.IsZero() {
				line += fmt.Sprintf(", %s of it followed on", x.coins(s.Asset, on, nearest))
			}
			line += "."
		}
		out = append(out, line)
	}
	return out
}

// followedOn is what of a category the trace went on with elsewhere.
func (x *index) followedOn(g category) (sum fundtrail.Amount) {
	for _, n := range g.ends {
		if e := &x.d.Ends[n]; e.Followed {
			sum, _ = sum.Add(e.Amount.sum(x.d.Trace.Policy))
		}
	}
	return sum
}

// policyMeans says in a sentence what a policy assumes.
func policyMeans(policy string) string {
	return map[string]string{
		"fifo":          "First in, first out: what arrived first leaves first (Clayton's case).",
		"lifo":          "Last in, first out: what arrived last leaves first.",
		"haircut":       "Pro rata: every payment carries the share of stolen value that the balance had.",
		"tainted-first": "Stolen value leaves before any other.",
		"tainted-last":  "Stolen value leaves after all other.",
		"tiho":          "Stolen inputs go to the highest outputs of a transaction.",
		"poison":        "All that stolen value has touched counts whole. It does not conserve value.",
	}[policyName(policy)]
}

// statement is a source's sentence, with who says it where the sentence does not.
func statement(s *Statement) string {
	text, by := clean(s.Text), clean(s.By)
	for word := range strings.FieldsSeq(by) {
		if len(word) > 4 && strings.Contains(text, word) {
			return text
		}
	}
	if by == "" {
		return text
	}
	return text + " Says " + by + "."
}

// theftGround says what the start of a trace rests on.
func theftGround(th *Theft) (kind, ground string) {
	switch {
	case th.Basis == "ledger" && th.Proceeds:
		return byClaim, "ledger record, by a source proceeds of what was stolen"
	case th.Basis == "ledger":
		return "fact", "ledger record"
	case th.Basis == "record" && th.Proceeds:
		return byClaim, "stated by a source: proceeds of what was stolen"
	case th.Basis == "record":
		return byClaim, "stated by a source"
	}
	return "fact", "all that the address pays out"
}

// options lists how the trace was asked, as name and value.
func (x *index) options() [][2]string {
	h := &x.d.Trace
	o := &h.Options
	out := [][2]string{
		{"Direction", clean(h.Direction)},
		{"Policies", clean(strings.Join(h.Policies, ", "))},
		{"From", firstOf(clean(o.Since), "the start")},
		{"Until", firstOf(clean(o.Until), "the end of the data")},
		{"Hops", limit(o.MaxHops)},
	}
	assets := make([]string, 0, len(o.Dust))
	for a := range o.Dust {
		assets = append(assets, a)
	}
	slices.Sort(assets)
	for _, a := range assets {
		floor := clean(o.Dust[a])
		if n, err := fundtrail.ParseAmount(o.Dust[a]); err == nil {
			floor = x.exact(a, n)
		}
		out = append(out, [2]string{"Dust floor", floor})
	}
	if len(o.Through) > 0 {
		out = append(out, [2]string{"Through", clean(strings.Join(o.Through, ", "))})
	}
	if o.OnwardRounds > 0 {
		out = append(out, [2]string{"Followed on with odds", count(o.OnwardRounds, "time") + " at most"})
	}
	return append(out,
		[2]string{"Hub", "over " + count(o.Hub, "counterparty")},
		[2]string{"Deposit window", duration(o.DepositWindow)},
		[2]string{"Return to a payer", payback(o.Payback)},
		[2]string{"Movements read", group(strconv.Itoa(max(h.Visited, 0))) + " of at most " + limit(o.MaxVisits)},
		[2]string{"Tags that stop the trace", "of confidence " + strconv.Itoa(o.MinConfidence) + " or more"},
	)
}

// duration says whole days as days.
func duration(s string) string {
	const day = 24 * time.Hour
	d, err := time.ParseDuration(s)
	if err != nil || d == 0 || d%day != 0 {
		return clean(s)
	}
	return count(int(d/day), "day")
}

func payback(times int) string {
	if times < 0 {
		return "never"
	}
	return "who had paid at least " + strconv.Itoa(times) + " times as much"
}

func limit(n int) string {
	if n <= 0 {
		return "no limit"
	}
	return group(strconv.Itoa(n))
}

func (x *index) backward() bool { return x.d.Trace.Direction == string(fundtrail.Backward) }

// answers counts the kept answers of a source among the inputs.
func (x *index) answers() (n int) {
	for _, in := range x.d.Inputs {
		if in.Role == "answer" {
			n++
		}
	}
	return n
}

// excerptNote says, when it is so, that the ledger is a part: the reader must know that
// before the first figure.
func (x *index) excerptNote() string {
	for _, in := range x.d.Inputs {
		if in.Role == "excerpt" {
			return fmt.Sprintf("Made from the excerpt of %s embedded in the program, not from a whole ledger: give one with --ledger.", count(in.Rows, "record"))
		}
	}
	return ""
}

// caveats says what the figures do not cover, in sentences.
func (x *index) caveats() []string {
	var out []string
	c := &x.d.Coverage
	for _, ch := range c.Chains {
		out = append(out, fmt.Sprintf("The ledger of %s runs from block %s (%s) to %s (%s), %s. What is not in it was not seen; that is never the same as clean.",
			clean(ch.Chain), group(strconv.FormatInt(ch.FirstBlock, 10)), day(ch.First), group(strconv.FormatInt(ch.LastBlock, 10)), day(ch.Last), count(ch.Movements, "movement")))
	}
	partial, unstated := 0, 0
	for i := range x.d.Addresses {
		switch x.d.Addresses[i].Coverage {
		case "partial":
			partial++
		case "unstated":
			unstated++
		}
	}
	if partial > 0 {
		out = append(out, fmt.Sprintf("Of %s of the trace the data claims to hold only a part of the history.", count(partial, "address")))
	}
	if unstated > 0 {
		out = append(out, fmt.Sprintf("Of %s of the trace the data does not say how much of the history it holds.", count(unstated, "address")))
	}
	if n := len(c.Gaps); n > 0 {
		out = append(out, count(n, "address")+map[bool]string{true: " pays", false: " pay"}[n == 1]+" out more than the ledger shows coming in. The ranges are widened for it.")
	}
	if s := x.unpriced(); s != "" {
		out = append(out, s)
	}
	for _, n := range c.Notes {
		out = append(out, clean(n))
	}
	return out
}

// unpriced says which stolen amounts have no value in dollars.
func (x *index) unpriced() string {
	var parts []string
	for _, s := range x.d.Stolen {
		rest := amount(s.Amount)
		if s.USD != nil {
			rest = amount(s.USD.Unpriced)
		}
		if !rest.IsZero() {
			parts = append(parts, x.coins(s.Asset, rest, nearest)+" "+x.symbol(s.Asset))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Of what was stolen " + strings.Join(parts, " and ") + " has no price here: it is left out of every sum in dollars, not counted as 0."
}

// routeTo says where a route leads. The last of a long list is all the others, which
// have no one end.
func (x *index) routeTo(r *Route) string {
	if r.End < 0 {
		return "by smaller routes, together"
	}
	if x.backward() {
		return "from " + endTitle(&x.d.Ends[r.End])
	}
	return "to " + endTitle(&x.d.Ends[r.End])
}

// lastStep names a route's end where its addresses stop before it, as they do when the
// end is a service.
func (x *index) lastStep(r *Route) string {
	n := len(r.Addresses)
	if r.End < 0 || n == 0 || slices.Contains(x.d.Ends[r.End].Addresses, r.Addresses[n-1]) {
		return ""
	}
	return endTitle(&x.d.Ends[r.End])
}

// An argument is a part of a command line: a flag with its value, or either alone.
type argument struct{ flag, value string }

func (a argument) String() string {
	if a.value == "" {
		return a.flag
	}
	if a.flag == "" {
		return shellWord(a.value)
	}
	return a.flag + " " + shellWord(a.value)
}

// chunks cuts the value into shell words of at most room columns, which a shell joins
// again when a backslash ends the line between them.
func (a argument) chunks(room int) []string {
	var out []string
	chunk := ""
	for _, r := range clean(a.value) {
		if chunk != "" && columns(shellWord(chunk+string(r))) > room {
			out = append(out, shellWord(chunk))
			chunk = ""
		}
		chunk += string(r)
	}
	return append(out, shellWord(chunk))
}

// verifyCommand is the command that checks the JSON report against its inputs.
func (x *index) verifyCommand() []argument {
	return append([]argument{{"fundtrail verify report.json", ""}}, x.inputFlags("ledger", "prices", "assets", "mixer events", "bridge events")...)
}

// traceCommand is the command that makes the JSON report again.
func (x *index) traceCommand() []argument {
	h := &x.d.Trace
	args := []argument{{"fundtrail trace", ""}}
	for word := range strings.FieldsSeq(h.Subject) {
		args = append(args, argument{"", word})
	}
	args = append(args, x.inputFlags("ledger", "tags", "prices", "assets")...)
	for _, in := range x.d.Inputs {
		if in.Role == "answer" { // its name begins with the source's
			name, _, _ := strings.Cut(in.Name, " ")
			name, host, own := strings.Cut(name, "@")
			args = append(args, argument{"--source", name}, argument{"--offline", ""})
			if own {
				args = append(args, argument{"--source-url", "http://" + host})
			}
			break
		}
	}
	for _, what := range h.Options.Through {
		args = append(args, argument{"--through", what})
	}
	args = append(args, x.inputFlags("mixer events", "bridge events")...)
	for _, contract := range h.Options.BridgeContracts {
		args = append(args, argument{"--bridge-contract", contract})
	}
	if slices.ContainsFunc(h.Options.Through, func(what string) bool { return what != "swaps" }) {
		args = append(args, argument{"--onward-rounds", strconv.Itoa(h.Options.OnwardRounds)})
	}
	args = append(args, argument{"--policy", policyName(h.Policy)}, argument{"--direction", h.Direction})
	return append(append(args, x.optionFlags()...), argument{"--format json", ""}, argument{"-o", "report.json"})
}

// inputFlags names the files of the given roles. What is embedded in the program has
// another role, and needs no flag. Blocks that nodes told are in no file but in a ledger on
// disk, with whatever else it holds.
func (x *index) inputFlags(roles ...string) []argument {
	var args []argument
	disk := false
	for _, in := range x.d.Inputs {
		if in.Role == "node" && slices.Contains(roles, "ledger") {
			disk = true
			continue
		}
		if !slices.Contains(roles, in.Role) {
			continue
		}
		name := in.Name
		if in.Role == "prices" {
			name = firstOf(in.Asset, x.pricedAsset(), "ASSET") + "=" + name
		}
		args = append(args, argument{"--" + strings.ReplaceAll(in.Role, " ", "-"), name})
	}
	if disk {
		args = slices.DeleteFunc(args, func(a argument) bool { return a.flag == "--ledger" })
		args = append([]argument{{"--ledger", "LEDGER"}}, args...)
	}
	return args
}

// pricedAsset is the one asset with a value in dollars, "" when there are more or none:
// a document that does not say what its prices are of mostly leaves no doubt.
func (x *index) pricedAsset() string {
	found := ""
	for _, list := range [][]End{x.d.Ends, x.d.Categories} {
		for i := range list {
			e := &list[i]
			if e.USD == nil || strings.Trim(e.USD.Amount, "0.") == "" || e.Asset == found {
				continue
			}
			if found != "" {
				return ""
			}
			found = e.Asset
		}
	}
	return found
}

// optionFlags are the options that change what a trace finds. The dust floor is left
// out where it is the millionth of what was stolen that it is unless asked otherwise.
func (x *index) optionFlags() []argument {
	o := &x.d.Trace.Options
	var args []argument
	add := func(flag, value string) {
		if value != "" {
			args = append(args, argument{flag, value})
		}
	}
	number := func(flag string, n int) {
		if n != 0 {
			args = append(args, argument{flag, strconv.Itoa(n)})
		}
	}
	add("--since", o.Since)
	add("--until", o.Until)
	number("--max-hops", o.MaxHops)
	add("--dust", x.dustFlag())
	number("--hub", o.Hub)
	add("--deposit-window", o.DepositWindow)
	number("--payback", o.Payback)
	number("--min-confidence", o.MinConfidence)
	return args
}

// dustFlag is the dust floor in whole coins, "" where it is the default of every asset.
func (x *index) dustFlag() string {
	asked := ""
	usual := true
	for _, s := range x.d.Stolen {
		floor, err := fundtrail.ParseAmount(x.d.Trace.Options.Dust[s.Asset])
		if err != nil {
			continue
		}
		millionth, _ := amount(s.Amount).MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(1_000_000))
		usual = usual && floor == millionth
		asked = floor.Decimal(max(x.asset(s.Asset).Decimals, 0))
	}
	if usual {
		return ""
	}
	return asked
}

// commandLine is a command on one line.
func commandLine(args []argument) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a.String()
	}
	return strings.Join(words, " ")
}

// shellWord quotes s for a POSIX shell: a file's name is somebody's choice.
func shellWord(s string) string {
	s = clean(s)
	safe := s != ""
	for _, r := range s {
		safe = safe && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-/:+@,=", r))
	}
	if safe && s[0] != '-' && s[0] != '=' {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// hashIndex cites a ledger record: "hash:index".
func hashIndex(tx string, n *uint32) string {
	if n == nil {
		return clean(tx)
	}
	return clean(tx) + ":" + strconv.FormatUint(uint64(*n), 10)
}

// note is an aside in brackets, or nothing.
func note(s string) string {
	if s == "" {
		return ""
	}
	return " (" + clean(s) + ")"
}

// dollarsOrText groups a whole number of dollars and leaves other text alone.
func dollarsOrText(s string) string {
	if whole, _, ok := dollars(s); ok {
		return group(whole)
	}
	return clean(s)
}
