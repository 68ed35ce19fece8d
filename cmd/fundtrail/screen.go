package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
	"github.com/fundtrail/fundtrail/internal/store"
)

type screenFlags struct {
	homeFlag
	asOf      string
	known     string
	kind      string
	chain     string
	party     string
	born      []string
	countries []string
	threshold float64
	limit     int
	tags      []string
	format    string
	verbose   bool
	record    bool
	caller    string
}

func newScreen() *cobra.Command {
	f := &screenFlags{}
	c := &cobra.Command{
		Use:   "screen WHAT...",
		Short: "Ask every list about an address, a name or a text",
		Long: `Screen tells whether an address, a name or a text touches a party of a sanctions
list: which party, on which list, under which programme, since when, from which file.

WHAT is an address of any chain in any of its forms, alone or in a text or a payment
link, or a name; "-" reads one question a line from standard input. An address is
matched by what controls it, whatever the ticker that a list writes: XBT is bitcoin,
0x… is on every EVM chain, T… and 41… are Tron.

Two clocks: --as-of asks what stood on the lists on a day, --known-at what the versions
received by then could tell. The answer is match, clear (no list that was asked held
it, which is not "clean"), unknown (no list covers that day) or invalid.
Lists are imported with fundtrail lists import.
` + exitCodes,
		Example: `  fundtrail screen 0x722122dF12D4e14e13Ac3b6895a86e84145b6967
  fundtrail screen --as-of 2025-03-05 0x722122dF12D4e14e13Ac3b6895a86e84145b6967
  fundtrail screen --born 1984 --country KP "Park Jin Hyok"
  fundtrail screen --format json - < addresses.txt`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return runScreen(c, f, args) },
	}
	fl := c.Flags()
	f.homeFlag.register(c)
	f.registerTime(c)
	fl.StringVar(&f.kind, "kind", "", "read WHAT as address, name or text (default: by its form)")
	fl.StringVar(&f.chain, "chain", "", "the `CHAIN` of an address, where it is known")
	fl.StringVar(&f.party, "party", "", "of a name: person, organisation, vessel or aircraft")
	fl.StringArrayVar(&f.born, "born", nil, "of a person: `DATE` of birth, 1984 or 1984-08-15 (repeat)")
	fl.StringArrayVar(&f.countries, "country", nil, "of a party: `CODE` of a country, such as KP (repeat)")
	fl.Float64Var(&f.threshold, "threshold", 0, "the least score of a name that is a match, above 0 to 1 (default: see doc/methods-names.md)")
	fl.IntVar(&f.limit, "limit", 0, "the most matches of a question (default 10)")
	fl.StringArrayVar(&f.tags, "tags", nil, "`FILE` or folder of claims about addresses, shown apart (repeat)")
	fl.StringVar(&f.format, "format", "text", "text, json (one document a line) or csv")
	fl.BoolVarP(&f.verbose, "verbose", "v", false, "show how each part of a name was found")
	fl.BoolVar(&f.record, "record", false, "append every screening to the decision record")
	fl.StringVar(&f.caller, "caller", "", "who asks, for the record (default the user's login)")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"address", "name", "text"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("party", cobra.FixedCompletions([]string{"person", "organisation", "vessel", "aircraft"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// registerTime adds the two clocks.
func (f *screenFlags) registerTime(c *cobra.Command) {
	c.Flags().StringVar(&f.asOf, "as-of", "", "what stood on the lists on `DAY` (default: the newest versions)")
	c.Flags().StringVar(&f.known, "known-at", "", "by the versions received until `DAY` or time (default: all)")
}

// question makes a question of a text under the flags.
func (f *screenFlags) question() (screen.Question, error) {
	q := screen.Question{
		Kind: screen.Kind(f.kind), Party: fundtrail.PartyKind(f.party),
		Births: f.born, Threshold: f.threshold, Limit: f.limit,
	}
	switch q.Kind {
	case screen.Either, screen.AnAddress, screen.AName, screen.FreeText:
	default:
		return q, usage("--kind %s: want address, name or text", f.kind)
	}
	switch q.Party {
	case fundtrail.PartyUnstated, fundtrail.Person, fundtrail.Organisation, fundtrail.Vessel, fundtrail.Aircraft:
	default:
		return q, usage("--party %s: want person, organisation, vessel or aircraft", f.party)
	}
	if q.Threshold < 0 || q.Threshold > 1 {
		return q, usage("--threshold %v: want more than 0, at most 1", f.threshold)
	}
	for _, s := range f.countries {
		if len(s) != 2 {
			return q, usage("--country %s: want a code of two letters, such as KP", s)
		}
		q.Countries = append(q.Countries, strings.ToUpper(s))
	}
	if f.chain != "" {
		c, err := fundtrail.ParseChain(f.chain)
		if err != nil {
			return q, usage("--chain: %v", err)
		}
		q.Chain = c
	}
	var err error
	if q.AsOf, err = dayOrTime("--as-of", f.asOf); err != nil {
		return q, err
	}
	q.Known, err = dayOrTime("--known-at", f.known)
	return q, err
}

// dayOrTime reads a day, which is meant to its end, or a time.
func dayOrTime(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := parseTime(s)
	if err != nil {
		return t, usage("%s: %v", flag, err)
	}
	if len(s) == len(time.DateOnly) {
		t = screen.EndOfDay(t)
	}
	return t, nil
}

// openIndex loads every version of every list. The labels name the claims beside them.
func (f *screenFlags) openIndex(c *cobra.Command) (st *store.Store, h *fundtrail.ListHistory, x *screen.Index, labels []screen.LabelSource, err error) {
	tags, labels, err := loadClaims(c, f.tags, f.chain)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	if st, err = f.read(c.Context()); err != nil {
		return nil, nil, nil, nil, err
	}
	if h, err = st.History(c.Context()); err != nil {
		st.Close()
		return nil, nil, nil, nil, err
	}
	return st, h, newIndex(h, tags), labels, nil
}

// contract reports whether claims say that an address is a contract, which nobody holds
// a key of.
func (c claims) contract(a fundtrail.Address) bool {
	return slices.ContainsFunc(c[a], func(t fundtrail.Tag) bool {
		return t.Role == fundtrail.RolePool || t.Role == fundtrail.RoleRouter
	})
}

func runScreen(c *cobra.Command, f *screenFlags, args []string) error {
	q, err := f.question()
	if err != nil {
		return err
	}
	write, err := answerWriter(c.OutOrStdout(), f)
	if err != nil {
		return err
	}
	ctx := c.Context()
	st, history, index, labels, err := f.openIndex(c)
	if err != nil {
		return err
	}
	defer st.Close()
	var log *recorder
	if f.record {
		if log, err = f.recorder(history, labels); err != nil {
			return err
		}
		defer log.Close()
	}
	var recorded []string
	ask := func(text string) (screen.Answer, error) {
		q.Text = text
		a := index.Ask(q)
		if log != nil { // what is not recorded is not answered
			e, err := log.record(ctx, &q, &a, f.who())
			if err != nil {
				return a, err
			}
			recorded = append(recorded, e.ID())
		}
		return a, write(&q, &a)
	}
	tally := map[screen.Verdict]int{}
	err = eachQuestion(c.InOrStdin(), args, func(text string) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		a, err := ask(text)
		tally[a.Verdict]++
		return err
	})
	if err == nil {
		err = write(nil, nil)
	}
	switch n := len(recorded); {
	case n == 1:
		fmt.Fprintln(c.ErrOrStderr(), "recorded as", recorded[0])
	case n > 1:
		fmt.Fprintf(c.ErrOrStderr(), "%d recorded, %s to %s\n", n, recorded[0], recorded[n-1])
	}
	if err != nil {
		return err
	}
	switch {
	case tally[screen.Matched] > 0:
		return &exitCode{code: exitFound}
	case tally[screen.Invalid]+tally[screen.Unknown] > 0:
		return &exitCode{code: exitError}
	}
	return nil
}

// eachQuestion calls ask with every argument, and for "-" with every line that is not
// empty.
func eachQuestion(stdin io.Reader, args []string, ask func(string) error) error {
	for _, arg := range args {
		if arg != "-" {
			if err := ask(arg); err != nil {
				return err
			}
			continue
		}
		const longest = 1 << 20
		lines := bufio.NewScanner(stdin)
		lines.Buffer(nil, longest)
		n := 0
		for lines.Scan() {
			if n++; strings.TrimSpace(lines.Text()) == "" {
				continue
			}
			if err := ask(lines.Text()); err != nil {
				return err
			}
		}
		if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("standard input, line %d: longer than %d bytes: %w", n+1, longest, fundtrail.ErrLimit)
		} else if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
	}
	return nil
}

// who names the asker for the record.
func (f *screenFlags) who() string {
	if f.caller != "" {
		return f.caller
	}
	for _, v := range []string{"USER", "LOGNAME", "USERNAME"} {
		if s := os.Getenv(v); s != "" {
			return s
		}
	}
	return "unknown"
}

// answerWriter returns what writes an answer, and with nil ends the output.
func answerWriter(w io.Writer, f *screenFlags) (func(*screen.Question, *screen.Answer) error, error) {
	out := bufio.NewWriter(w)
	switch f.format {
	case "text":
		return func(q *screen.Question, a *screen.Answer) error {
			if a == nil {
				return out.Flush()
			}
			if err := screen.WriteText(out, q, a, f.verbose); err != nil {
				return err
			}
			return out.Flush()
		}, nil
	case "json":
		var b []byte
		return func(q *screen.Question, a *screen.Answer) error {
			if a == nil {
				return out.Flush()
			}
			b = screen.AppendJSON(b[:0], q, a)
			out.Write(append(b, '\n'))
			return out.Flush()
		}, nil
	case "csv":
		table := csv.NewWriter(out)
		table.Write([]string{"asked", "verdict", "read", "list", "uid", "party", "programmes", "as_listed", "score", "listed", "delisted", "why", "version", "sha256"})
		return func(q *screen.Question, a *screen.Answer) error {
			if a == nil {
				table.Flush()
				return errors.Join(table.Error(), out.Flush())
			}
			for _, row := range answerRows(q, a) {
				table.Write(row)
			}
			return table.Error()
		}, nil
	}
	return nil, usage("--format %s: want text, json or csv", f.format)
}

// answerRows is an answer as rows: one a match, or one that says there is none.
func answerRows(q *screen.Question, a *screen.Answer) (rows [][]string) {
	first := []string{q.Text, string(a.Verdict), a.Read}
	for i := range a.Matches {
		m := &a.Matches[i]
		d := m.Designation
		name := ""
		if len(d.Party.Names) > 0 {
			name = d.Party.Names[0].Text
		}
		delisted := ""
		if !d.Delisted.IsZero() {
			delisted = d.Delisted.Format(time.DateOnly)
		}
		row := append(slices.Clone(first), d.List, d.Party.UID, name, strings.Join(d.Party.Programs, " "), m.Name+m.Wallet,
			strconv.FormatFloat(m.Score, 'f', 3, 64), d.Listed.Format(time.DateOnly), delisted, m.Why)
		if m.Version != nil {
			row = append(row, m.Version.Published.Format(time.DateOnly), fmt.Sprintf("%x", m.Version.SHA256))
		} else {
			row = append(row, "", "")
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		rows = append(rows, append(first, make([]string, 8)...))
		rows[0] = append(rows[0], a.Reason, "", "")
	}
	return rows
}
