package main

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

type diffFlags struct {
	homeFlag
	list, actor, format string
}

func newListsDiff() *cobra.Command {
	f := &diffFlags{}
	c := &cobra.Command{
		Use:   "diff FROM TO",
		Short: "What changed on the lists between two days",
		Long: `Diff tells which parties and which crypto addresses came to a list, left it or changed
between the versions that stood on two days, each address with its party. A version
that holds no names says nothing of parties; the party of its addresses is then the one
that the version nearest in time names.

` + homeHelp + "\n" + exitCodes,
		Example: `  fundtrail lists diff 2023-11-22 2023-11-30
  fundtrail lists diff 2025-03-05 2025-03-22 --actor "tornado cash" --format csv`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("lists diff takes two days, such as 2023-11-22 2023-11-30")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runListsDiff(c, f, args) },
	}
	f.homeFlag.register(c)
	c.Flags().StringVar(&f.list, "list", "", "of this `LIST` alone (default: every list that has versions on both days)")
	c.Flags().StringVar(&f.actor, "actor", "", "of the parties that have `WORDS` in a name, alone")
	c.Flags().StringVar(&f.format, "format", "text", "text, json or csv")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runListsDiff(c *cobra.Command, f *diffFlags, args []string) error {
	from, err := dayOrTime("FROM", args[0])
	if err != nil {
		return err
	}
	to, err := dayOrTime("TO", args[1])
	if err != nil {
		return err
	}
	write, ok := map[string]func(io.Writer, []change) error{"text": changesText, "json": changesJSON, "csv": changesCSV}[f.format]
	if !ok {
		return usage("--format %s: want text, json or csv", f.format)
	}
	st, err := f.read(c.Context())
	if err != nil {
		return err
	}
	defer st.Close()
	h, err := st.History(c.Context())
	if err != nil {
		return err
	}
	lists := []string{f.list}
	if f.list == "" {
		lists = nil
		for _, v := range h.Versions {
			lists = append(lists, v.List)
		}
		slices.Sort(lists)
		lists = slices.Compact(lists)
	}
	changes := []change{}
	compared := 0
	for _, list := range lists {
		d, err := screen.Diff(h, list, from, to)
		if err != nil {
			if f.list != "" {
				return err
			}
			fmt.Fprintln(c.ErrOrStderr(), "not compared:", err)
			continue
		}
		compared++
		changes = append(changes, changesOf(d)...)
		comparedVersions(c.ErrOrStderr(), d)
	}
	if compared == 0 {
		return fmt.Errorf("no list has versions on both days: see fundtrail lists status: %w", fundtrail.ErrNotFound)
	}
	changes = slices.DeleteFunc(changes, func(ch change) bool { return !ch.of(f.actor) })
	return write(c.OutOrStdout(), changes)
}

// comparedVersions says which versions stand behind the answer.
func comparedVersions(w io.Writer, d *screen.Difference) {
	for i, pair := range [][2]*fundtrail.ListVersion{d.Names, d.Wallets} {
		if pair[0] == nil || pair[1] == nil {
			continue
		}
		fmt.Fprintf(w, "%s, %s: the version of %s against that of %s\n", d.List, []string{"parties", "addresses"}[i], clock(pair[0].Published), clock(pair[1].Published))
	}
}

// A change is one thing that came, left or changed, as it is written.
type change struct {
	List     string   `json:"list"`
	What     string   `json:"what"`   // "party" or "address"
	Change   string   `json:"change"` // "added", "removed" or "changed"
	UID      string   `json:"uid,omitempty"`
	Party    string   `json:"party,omitempty"`
	Names    []string `json:"names,omitempty"`
	Programs []string `json:"programmes,omitempty"`
	Currency string   `json:"currency,omitempty"`
	Address  string   `json:"address,omitempty"`
	Field    string   `json:"field,omitempty"`
	Before   []string `json:"before,omitempty"`
	After    []string `json:"after,omitempty"`
}

func changesOf(d *screen.Difference) (out []change) {
	party := func(what, how string, p *fundtrail.Party) change {
		ch := change{List: d.List, What: what, Change: how, UID: p.UID, Programs: p.Programs}
		for _, n := range p.Names {
			ch.Names = append(ch.Names, n.Text)
		}
		if len(ch.Names) > 0 {
			ch.Party = ch.Names[0]
		}
		return ch
	}
	for i := range d.Added {
		out = append(out, party("party", "added", &d.Added[i]))
	}
	for i := range d.Removed {
		out = append(out, party("party", "removed", &d.Removed[i]))
	}
	for i := range d.Changed {
		for _, field := range d.Changed[i].Fields {
			ch := party("party", "changed", &d.Changed[i].After)
			ch.Field, ch.Before, ch.After = field.Field, field.Removed, field.Added
			out = append(out, ch)
		}
	}
	for _, side := range []struct {
		how  string
		list []screen.WalletChange
	}{{"added", d.WalletsAdded}, {"removed", d.WalletsRemoved}} {
		for i := range side.list {
			ch := party("address", side.how, &side.list[i].Party)
			ch.Currency, ch.Address = side.list[i].Wallet.Currency, side.list[i].Wallet.Text
			out = append(out, ch)
		}
	}
	return out
}

// of reports whether a change is of a party that has words in a name.
func (ch *change) of(words string) bool {
	words = strings.ToLower(words)
	return slices.ContainsFunc(append(ch.Names, ch.Party), func(n string) bool { return strings.Contains(strings.ToLower(n), words) })
}

func changesText(w io.Writer, list []change) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "nothing changed")
		return err
	}
	counts := map[[2]string]int{}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, ch := range list {
		counts[[2]string{ch.What, ch.Change}]++
		name := cmp.Or(ch.Party, "not named by any version")
		if ch.UID != "" {
			name += " (uid " + ch.UID + ")"
		}
		var what string
		switch {
		case ch.What == "address":
			what = strings.TrimSpace(ch.Currency + " " + ch.Address)
		case ch.Change == "changed":
			what = ch.Field + ":" + signed(" -", ch.Before) + signed(" +", ch.After)
		default:
			what = strings.Join(ch.Programs, " ")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", ch.List, ch.Change, ch.What, screen.Line(name), screen.Line(what))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	var sums []string
	for _, k := range [][2]string{{"party", "added"}, {"party", "removed"}, {"party", "changed"}, {"address", "added"}, {"address", "removed"}} {
		if n := counts[k]; n > 0 {
			sums = append(sums, fmt.Sprintf("%s %s", counted(n, k[0], k[1]), k[1]))
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(sums, ", "))
	return err
}

func counted(n int, noun, change string) string {
	switch {
	case change == "changed":
		return plural(n, "field") + " of parties"
	case n != 1 && noun == "address":
		return fmt.Sprint(n, " addresses")
	}
	return plural(n, noun)
}

func signed(sign string, list []string) (s string) {
	for _, text := range list {
		s += fmt.Sprintf("%s%q", sign, text)
	}
	return s
}

func changesJSON(w io.Writer, list []change) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(list)
}

func changesCSV(w io.Writer, list []change) error {
	t := csv.NewWriter(w)
	t.Write([]string{"list", "what", "change", "uid", "party", "programmes", "currency", "address", "field", "before", "after"})
	for _, ch := range list {
		t.Write([]string{ch.List, ch.What, ch.Change, ch.UID, ch.Party, strings.Join(ch.Programs, " "), ch.Currency, ch.Address, ch.Field, strings.Join(ch.Before, " | "), strings.Join(ch.After, " | ")})
	}
	t.Flush()
	return t.Error()
}
