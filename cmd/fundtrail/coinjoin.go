package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

type coinJoinFlags struct {
	ledgerFlags
	kind   string
	format string
}

var coinJoinFormats = []string{"text", "json", "csv"}

func newCoinJoin() *cobra.Command {
	f := &coinJoinFlags{}
	c := &cobra.Command{
		Use:   "coinjoin [TXID...]",
		Short: "Which bitcoin transactions are CoinJoins, and what amounts give away in them",
		Long: `Coinjoin recognises CoinJoins by the shape of a transaction alone: Wasabi 1 and 2,
Whirlpool (the tx0 that prepares, and the mix) and JoinMarket. Without TXID it looks at
every bitcoin transaction of the ledger.

It says how many outputs nobody can tell apart (the anonymity set), which changes amounts
tie to which inputs, and how sure each is: inferences, each under a method that
doc/methods-coinjoin.md explains, with how often it was right. That no shape is recognised
is no proof that nothing was mixed.
` + exitCodes,
		Example: `  fundtrail coinjoin --ledger transactions.json
  fundtrail coinjoin 323df21f0b0756f98336437aa3d2fb87e02b59f1946b714a7b09df04d429dec2 --ledger block.json
  fundtrail coinjoin --kind whirlpool --ledger esplora/ --format csv`,
		RunE: func(c *cobra.Command, args []string) error { return runCoinJoin(c, f, args) },
	}
	f.register(c)
	fl := c.Flags()
	fl.StringVar(&f.kind, "kind", "", "only `KIND`: "+strings.Join(coinJoinKinds(), ", "))
	fl.StringVar(&f.format, "format", "text", strings.Join(coinJoinFormats, ", "))
	c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(coinJoinKinds(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(coinJoinFormats, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func coinJoinKinds() (names []string) {
	for _, k := range []crossing.CoinJoinKind{crossing.Wasabi1, crossing.Wasabi2, crossing.Whirlpool, crossing.WhirlpoolTx0, crossing.JoinMarket} {
		names = append(names, string(k))
	}
	return names
}

func runCoinJoin(c *cobra.Command, f *coinJoinFlags, args []string) error {
	if f.kind != "" && !slices.Contains(coinJoinKinds(), f.kind) {
		return usage("--kind %q: want one of %s", f.kind, strings.Join(coinJoinKinds(), ", "))
	}
	if !slices.Contains(coinJoinFormats, f.format) {
		return usage("--format %q: want one of %s", f.format, strings.Join(coinJoinFormats, ", "))
	}
	if len(f.ledger) == 0 {
		return usage("coinjoin needs the transactions: --ledger FILE")
	}
	var asked []fundtrail.TxID
	for _, word := range args {
		h, err := fundtrail.ParseHash(word)
		if err != nil {
			return usage("%v", err)
		}
		asked = append(asked, fundtrail.TxID{Chain: fundtrail.Bitcoin, Hash: h})
	}
	p := &progress{w: terminal(c.ErrOrStderr())}
	defer p.clear()
	var in inputs
	if err := in.loadLedger(c.Context(), &f.ledgerFlags, &subject{}, p); err != nil {
		return err
	}
	p.clear()
	found, err := recogniseAll(in.ledger, asked)
	if err != nil {
		return err
	}
	if f.kind != "" {
		found.list = slices.DeleteFunc(found.list, func(r coinJoinRow) bool { return r.Kind != f.kind })
	}
	switch f.format {
	case "json":
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		return e.Encode(found.list)
	case "csv":
		return coinJoinsCSV(c.OutOrStdout(), found.list)
	}
	if len(asked) > 0 {
		return coinJoinsDetail(c.OutOrStdout(), found.list)
	}
	return coinJoinsText(c.OutOrStdout(), found)
}

// A coinJoinRow is what is said of one transaction. Tx, Time, Block, Inputs, Outputs and
// Spends are facts; the rest is inferred.
type coinJoinRow struct {
	Tx           string           `json:"tx"`
	Time         string           `json:"time"`
	Block        int64            `json:"block"`
	Inputs       int              `json:"inputs"`
	Outputs      int              `json:"outputs"`
	Kind         string           `json:"kind"` // "" where no shape is recognised
	Mixes        bool             `json:"mixes"`
	Method       string           `json:"method,omitempty"`
	Confidence   int              `json:"confidence,omitempty"`
	InputsKnown  bool             `json:"inputs_known"`
	AnonymitySet int              `json:"anonymity_set,omitempty"`
	OneOwner     bool             `json:"one_owner"` // its inputs may be taken for one owner's
	Equal        []equalOutputs   `json:"equal_outputs,omitempty"`
	Changes      []coinJoinChange `json:"changes,omitempty"`
	PostMix      *postMix         `json:"post_mix,omitempty"`
}

type equalOutputs struct {
	Amount  string   `json:"amount"` // satoshi
	Outputs []uint32 `json:"outputs"`
}

// A coinJoinChange is an output that amounts tie to inputs.
type coinJoinChange struct {
	Inputs     []uint32 `json:"inputs"`
	Output     uint32   `json:"output"`
	Address    string   `json:"address,omitempty"`
	Amount     string   `json:"amount"`
	Sure       bool     `json:"sure"`
	Method     string   `json:"method"`
	Confidence int      `json:"confidence,omitempty"` // of a sure one
}

// A postMix is a spend, outside a mix, of equal outputs of mixes in the ledger.
type postMix struct {
	Inputs []uint32 `json:"inputs"`
	Mixes  int      `json:"mixes"` // that they came out of: one owner was in all of them
}

type coinJoins struct {
	list   []coinJoinRow
	looked int // transactions of bitcoin
	broken int // of which the ledger does not hold all inputs and outputs
	spends int // transactions outside mixes that spend mixed coins
	joined int // of these, those that join coins of several mixes
}

// recogniseAll looks at the transactions asked for, or at all of the ledger's.
func recogniseAll(l fundtrail.Ledger, asked []fundtrail.TxID) (found coinJoins, err error) {
	mixed := map[fundtrail.TransferOutput]crossing.CoinJoinKind{}
	rows := map[fundtrail.TxID]coinJoinRow{}
	for _, chain := range l.Chains() {
		if chain.Chain != fundtrail.Bitcoin {
			continue
		}
		for p := chain.First; p < chain.End; {
			span := l.Transaction(p)
			p = span.End
			found.looked++
			tx, ok := crossing.ReadCoinTransaction(l, span)
			if !ok {
				found.broken++
			}
			row := describeCoinJoin(&tx, span, mixed)
			if row.PostMix != nil {
				found.spends++
				if row.PostMix.Mixes > 1 {
					found.joined++
				}
			}
			if row.Kind != "" && len(asked) == 0 {
				found.list = append(found.list, row)
			}
			if slices.Contains(asked, span.ID) {
				rows[span.ID] = row
			}
		}
	}
	if found.looked == 0 {
		return found, fmt.Errorf("the ledger holds no transactions of bitcoin: %w", fundtrail.ErrNotFound)
	}
	for _, id := range asked {
		row, ok := rows[id]
		if !ok {
			return found, fmt.Errorf("the ledger does not hold transaction %s: %w", id, fundtrail.ErrNotFound)
		}
		found.list = append(found.list, row)
	}
	return found, nil
}

// describeCoinJoin says what a transaction is, and remembers its equal outputs.
func describeCoinJoin(tx *fundtrail.Transaction, span fundtrail.Span, mixed map[fundtrail.TransferOutput]crossing.CoinJoinKind) coinJoinRow {
	row := coinJoinRow{Tx: span.ID.String(), Time: time.Unix(span.Time, 0).UTC().Format(time.RFC3339), Block: span.Height}
	if len(tx.Transfers) == 0 {
		return row
	}
	t := &tx.Transfers[0]
	row.Inputs, row.Outputs, row.OneOwner = len(t.Inputs), len(t.Outputs), crossing.OneOwner(tx)
	cj, ok := crossing.RecogniseCoinJoin(tx)
	if !ok || !cj.Kind.Mixes() {
		if p, ok := crossing.RecognisePostMix(tx, func(o fundtrail.TransferOutput) crossing.CoinJoinKind { return mixed[o] }); ok {
			row.PostMix = &postMix{p.Inputs, p.Mixes}
		}
	}
	if !ok {
		return row
	}
	row.Kind, row.Mixes, row.Method, row.Confidence, row.InputsKnown = string(cj.Kind), cj.Kind.Mixes(), string(cj.Method), int(cj.Confidence), cj.InputsKnown
	for _, g := range cj.Groups {
		row.Equal = append(row.Equal, equalOutputs{strconv.FormatUint(g.Amount, 10), g.Outputs})
		if cj.Kind.Mixes() {
			row.AnonymitySet = max(row.AnonymitySet, len(g.Outputs))
			for _, o := range g.Outputs {
				mixed[fundtrail.TransferOutput{Transfer: t.ID, Output: o}] = cj.Kind
			}
		}
	}
	for _, p := range cj.Matched {
		change := coinJoinChange{
			Inputs: p.Inputs, Output: p.Change, Address: t.Outputs[p.Change].Address.String(), Amount: t.Outputs[p.Change].Amount.String(),
			Sure: p.Sure, Method: string(crossing.ChangeMethod),
		}
		if p.Sure {
			change.Confidence = int(cj.ChangeConfidence())
		}
		row.Changes = append(row.Changes, change)
	}
	return row
}

// sure counts the changes that only one set of inputs fits.
func (r *coinJoinRow) sure() (n int) {
	for _, c := range r.Changes {
		if c.Sure {
			n++
		}
	}
	return n
}

// largest is the group of equal outputs with the most of them.
func (r *coinJoinRow) largest() equalOutputs {
	var most equalOutputs
	for _, g := range r.Equal {
		if len(g.Outputs) >= len(most.Outputs) {
			most = g
		}
	}
	return most
}

func coinJoinsText(w io.Writer, found coinJoins) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	if len(found.list) > 0 {
		fmt.Fprintln(t, "TX\tTIME\tKIND\tINPUTS\tOUTPUTS\tEQUAL\tOF BTC\tSETS\tSURE CHANGES\tCONFIDENCE\t")
	}
	kinds := map[string]int{}
	for i := range found.list {
		r := &found.list[i]
		g := r.largest()
		kinds[r.Kind]++
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%d\t%s\t%d\t%d\t%d\t\n", r.Tx, r.Time, r.Kind, r.Inputs, r.Outputs, len(g.Outputs), satoshis(g.Amount), len(r.Equal), r.sure(), r.Confidence)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var counts []string
	for _, k := range coinJoinKinds() {
		if kinds[k] > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", kinds[k], k))
		}
	}
	if len(counts) == 0 {
		counts = []string{"none has the shape of a CoinJoin"}
	}
	fmt.Fprintf(w, "Of %s: %s (inferred from shape; see doc/methods-coinjoin.md).\n", plural(found.looked, "bitcoin transaction"), strings.Join(counts, ", "))
	if found.spends > 0 {
		fmt.Fprintf(w, "%s equal outputs of these mixes outside a mix; %d of them join coins of several mixes, so that one owner was in all of those.\n", spend(found.spends), found.joined)
	}
	if found.broken > 0 {
		fmt.Fprintf(w, "Of %s the ledger does not hold every input and output; those are not looked at.\n", plural(found.broken, "transaction"))
	}
	return nil
}

func spend(n int) string {
	if n == 1 {
		return "1 transaction spends"
	}
	return fmt.Sprintf("%d transactions spend", n)
}

// satoshis prints an amount in whole bitcoin.
func satoshis(text string) string {
	a, err := fundtrail.ParseAmount(text)
	if err != nil {
		return text
	}
	return a.Decimal(8)
}

func coinJoinsDetail(w io.Writer, list []coinJoinRow) error {
	for i := range list {
		r := &list[i]
		fmt.Fprintf(w, "%s  block %d, %s: %s, %s\n", r.Tx, r.Block, r.Time, plural(r.Inputs, "input"), plural(r.Outputs, "output"))
		switch {
		case r.Kind == "":
			fmt.Fprintln(w, "  no shape of a CoinJoin is recognised, which is no proof that it is none")
		case !r.Mixes:
			fmt.Fprintf(w, "  %s, confidence %d (%s): one owner's preparation for mixes, which mixes nothing\n", r.Kind, r.Confidence, r.Method)
		default:
			fmt.Fprintf(w, "  %s, confidence %d (%s); anonymity set at most %d\n", r.Kind, r.Confidence, r.Method, r.AnonymitySet)
		}
		if r.Kind != "" && !r.InputsKnown {
			fmt.Fprintln(w, "  the ledger does not hold the amounts of all inputs, so that no change can be told")
		}
		if !r.OneOwner {
			fmt.Fprintln(w, "  its inputs must not be taken for one owner's")
		}
		for _, g := range r.Equal {
			fmt.Fprintf(w, "  %d outputs of %s BTC: %s\n", len(g.Outputs), satoshis(g.Amount), places(g.Outputs))
		}
		for _, c := range r.Changes {
			how := "fits, and so may others"
			if c.Sure {
				how = fmt.Sprintf("sure, confidence %d", c.Confidence)
			}
			fmt.Fprintf(w, "  output %d, %s BTC to %s: change of input %s (%s, %s)\n", c.Output, satoshis(c.Amount), c.Address, places(c.Inputs), how, c.Method)
		}
		if p := r.PostMix; p != nil {
			fmt.Fprintf(w, "  spends equal outputs of %s outside a mix: input %s\n", plural(p.Mixes, "CoinJoin"), places(p.Inputs))
		}
	}
	return nil
}

// places lists numbers, runs of them as first to last.
func places(list []uint32) string {
	var parts []string
	for i := 0; i < len(list); {
		k := i
		for k+1 < len(list) && list[k+1] == list[k]+1 {
			k++
		}
		if k > i+1 {
			parts = append(parts, fmt.Sprintf("%d-%d", list[i], list[k]))
			i = k + 1
			continue
		}
		parts = append(parts, fmt.Sprint(list[i]))
		i++
	}
	return strings.Join(parts, ", ")
}

func coinJoinsCSV(w io.Writer, list []coinJoinRow) error {
	t := csv.NewWriter(w)
	t.Write([]string{"tx", "time", "block", "kind", "mixes", "method", "confidence", "inputs_known", "inputs", "outputs", "one_owner",
		"anonymity_set", "equal_amount", "equal_outputs", "sets", "matched_changes", "sure_changes", "post_mix_inputs", "post_mix_mixes"})
	for i := range list {
		r := &list[i]
		g := r.largest()
		spent, mixes := 0, 0
		if r.PostMix != nil {
			spent, mixes = len(r.PostMix.Inputs), r.PostMix.Mixes
		}
		row := []string{r.Tx, r.Time}
		for _, v := range []any{r.Block, r.Kind, r.Mixes, r.Method, r.Confidence, r.InputsKnown, r.Inputs, r.Outputs, r.OneOwner, r.AnonymitySet, g.Amount, len(g.Outputs), len(r.Equal), len(r.Changes), r.sure(), spent, mixes} {
			row = append(row, fmt.Sprint(v))
		}
		t.Write(row)
	}
	t.Flush()
	return t.Error()
}
