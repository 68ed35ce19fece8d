package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/watch"
)

type watchFlags struct {
	name, chain string
	anew, json  bool
}

func newLedgerWatch() *cobra.Command {
	f := &watchFlags{}
	c := &cobra.Command{
		Use:   "watch FOLDER --name NAME [ADDRESS...]",
		Short: "Tell what addresses moved since the last time",
		Long: `Watch tells which movements of a ledger concern addresses, since the last time it was asked
under the same name. Where the chain was reorganised it goes back to the fork, and says
which movements are gone; where facts came below what was told before, or other addresses
are given, it looks at everything again. It needs no lock: run it while sync --follow writes.

The addresses are given the first time, and kept. What was told stands in FOLDER/watch.
Nothing new is no sign that nothing was moved: ledger stats says of which blocks the ledger
holds what.
` + exitCodes,
		Example: `  fundtrail ledger watch chain/ --name ronin 0x098B716B8Aaf21512996dC57EB0615e2383E2f96
  fundtrail ledger watch chain/ --name ronin`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("ledger watch takes the ledger's folder")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runLedgerWatch(c, f, args[0], args[1:]) },
	}
	c.Flags().StringVar(&f.name, "name", "", "the `NAME` under which it is remembered what was told")
	c.Flags().StringVar(&f.chain, "chain", "eth", "the `CHAIN` of the addresses")
	c.Flags().BoolVar(&f.anew, "rebuild", false, "look at everything again; what was told before is not told as new")
	c.Flags().BoolVar(&f.json, "json", false, "write JSON: added, gone, and up to which blocks")
	return c
}

func runLedgerWatch(c *cobra.Command, f *watchFlags, dir string, addresses []string) (err error) {
	if f.name == "" {
		return usage("ledger watch: say with --name under which name it is remembered what was told")
	}
	chain, err := fundtrail.ParseChain(f.chain)
	if err != nil {
		return usage("--chain: %v", err)
	}
	var watched []fundtrail.Address
	for _, text := range addresses {
		a, err := fundtrail.ParseAddress(chain, text)
		if err != nil {
			return usage("%v", err)
		}
		watched = append(watched, a)
	}
	l, err := archive.Open(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	defer l.Close()
	file, err := watch.Open(dir, f.name)
	if err != nil {
		return err
	}
	defer file.Close()
	book, err := file.Read()
	switch {
	case errors.Is(err, fundtrail.ErrNotFound) && watched == nil:
		return usage("ledger watch: %s has told nothing yet: give the addresses", f.name)
	case err != nil && !errors.Is(err, fundtrail.ErrNotFound):
		return err
	case book == nil:
		book, err = watch.New(f.name, watched)
	case watched != nil:
		err = book.Watch(watched)
	}
	if err != nil {
		return err
	}
	if f.anew {
		book.Cursors = nil // what is below no cursor is looked at again
	}
	change, err := book.Bring(l)
	if err != nil {
		return err
	}
	if err := file.Write(book); err != nil {
		return err
	}
	if f.json {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		err = e.Encode(map[string]any{"name": book.Name, "method": book.Method, "to": book.Heights(), "added": notNil(change.Added), "gone": notNil(change.Gone)})
	} else {
		err = tellWatch(c.OutOrStdout(), book, &change, dir)
		for _, chain := range slices.Sorted(maps.Keys(book.Heights())) {
			if missing := notWhole(l, chain, book.Heights()[chain]); err == nil && missing != 0 {
				fmt.Fprintf(c.OutOrStdout(), "Not claimed to be whole in the ledger's blocks of %s: %s. What is not seen may have moved; see fundtrail ledger stats %s.\n", chain, missing, dir)
			}
		}
	}
	if err == nil && len(change.Added)+len(change.Gone) > 0 {
		return &exitCode{code: exitFound}
	}
	return err
}

// notWhole returns the kinds of transfer that a ledger does not claim to hold whole, from the
// first block in which it holds a movement up to a height.
func notWhole(l fundtrail.Ledger, chain fundtrail.Chain, to int64) (missing fundtrail.Kinds) {
	at := to
	for _, c := range l.Chains() {
		if c.Chain == chain {
			at = l.Transaction(c.First).Height
		}
	}
	claims := slices.DeleteFunc(l.Coverage(), func(c fundtrail.Coverage) bool { return c.Chain != chain || !c.Address.IsZero() })
	slices.SortFunc(claims, func(x, y fundtrail.Coverage) int { return cmp.Compare(x.FromBlock, y.FromBlock) })
	for kind := fundtrail.ValueTransfers; kind <= fundtrail.Fees; kind <<= 1 {
		next := at
		for _, c := range claims {
			if c.What&kind != 0 && c.FromBlock <= next {
				next = max(next, c.ToBlock+1)
			}
		}
		if next <= to {
			missing |= kind
		}
	}
	return missing
}

func notNil(list []watch.Move) []watch.Move {
	if list == nil {
		return []watch.Move{}
	}
	return list
}

func tellWatch(out io.Writer, book *watch.Book, change *watch.Change, dir string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, part := range []struct {
		sign  string
		moves []watch.Move
	}{{"gone", change.Gone}, {"new", change.Added}} {
		for _, m := range part.moves {
			amount := m.Amount.String()
			if a, err := fundtrail.ParseAsset(m.Asset); err == nil {
				if symbol, n := assetInfo(a); n >= 0 {
					amount = m.Amount.Decimal(n) + " " + symbol
				} else {
					amount += " base units of " + m.Asset
				}
			}
			nobody := func(s string) string {
				if s == "" {
					return "nobody"
				}
				return s
			}
			fmt.Fprintf(w, "%s\t%s\t%s %d\t%s\t%s -> %s\t%s\t%s\n", part.sign, time.Unix(m.Time, 0).UTC().Format(time.RFC3339), m.Chain, m.Height, m.Kind, nobody(m.From), nobody(m.To), amount, m.Record)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, chain := range slices.Sorted(maps.Keys(change.Back)) {
		if h := change.Back[chain]; h >= 0 {
			fmt.Fprintf(out, "Blocks of %s above %d were replaced or changed, and were looked at again.\n", chain, h)
		} else {
			fmt.Fprintf(out, "All blocks of %s were looked at again.\n", chain)
		}
	}
	heights := book.Heights()
	for _, chain := range slices.Sorted(maps.Keys(heights)) {
		fmt.Fprintf(out, "%s: %s new, %s gone, up to block %d of %s\n", book.Name, plural(count(change.Added, chain), "movement"), plural(count(change.Gone, chain), "movement"), heights[chain], chain)
	}
	if len(heights) == 0 {
		fmt.Fprintf(out, "%s: the ledger in %s holds no block of these addresses' chain\n", book.Name, dir)
	}
	return nil
}

func count(list []watch.Move, chain fundtrail.Chain) (n int) {
	for _, m := range list {
		if m.Chain == chain {
			n++
		}
	}
	return n
}
