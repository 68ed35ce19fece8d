package main

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

type rescreenFlags struct {
	screenFlags
	since  string
	before string
	all    bool
	badTo  string
}

func newRescreen() *cobra.Command {
	f := &rescreenFlags{}
	c := &cobra.Command{
		Use:   "rescreen BOOK.csv",
		Short: "Screen a book of customers, and tell only what changed",
		Long: `Rescreen asks the lists about every address and name of a book, as they are now and as
they were known before, and tells only what changed: a new match, a match that is gone,
a designation that reads otherwise.

The book is CSV with a header; its columns are found by name, in any order: address,
name or text, and where there are any id, kind, chain, born and country. "-" is
standard input. Rows that cannot be read are set aside, with line and reason.

Before is what was known before the last version of a list was received, unless --since
names another moment of our clock, or --before a day of the lists' own.
` + exitCodes,
		Example: `  fundtrail rescreen customers.csv
  fundtrail rescreen customers.csv --since 2025-11-20 --format csv
  fundtrail rescreen customers.csv --before 2025-03-05 --as-of 2025-03-22`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("rescreen takes one book")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runRescreen(c, f, args[0]) },
	}
	f.homeFlag.register(c)
	f.registerTime(c)
	fl := c.Flags()
	fl.StringVar(&f.since, "since", "", "compare with what was known at `DAY` or time")
	fl.StringVar(&f.before, "before", "", "compare with what stood on the lists on `DAY`")
	fl.BoolVar(&f.all, "all", false, "tell every match: compare with nothing")
	fl.Float64Var(&f.threshold, "threshold", 0, "the least score of a name that is a match")
	fl.StringVar(&f.format, "format", "text", "text, json (one change a line) or csv")
	fl.StringVar(&f.badTo, "bad-rows", "", "`FILE` for the rows set aside (default: told on standard error)")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json", "csv"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func runRescreen(c *cobra.Command, f *rescreenFlags, name string) error {
	q, err := f.question()
	if err != nil {
		return err
	}
	if f.all && f.since+f.before != "" || f.since != "" && f.before != "" {
		return usage("--all, --since and --before each say what to compare with: give one")
	}
	book := c.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		book = file
	}
	st, history, index, _, err := f.openIndex(c)
	if err != nil {
		return err
	}
	defer st.Close()
	was, err := f.earlier(history, index, q.AsOf)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(c.OutOrStdout())
	write, err := changeWriter(out, f.format)
	if err != nil {
		return err
	}
	bad, done, err := f.badRows(c.ErrOrStderr())
	if err != nil {
		return err
	}
	sum, err := screen.Rescreen(c.Context(), book, was, screen.At(index, q.AsOf, q.Known), write, screen.RescreenOptions{Threshold: f.threshold, Bad: bad})
	err = errors.Join(err, done(), out.Flush())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.ErrOrStderr(), "%s, %s asked: %d new, %d gone, %d changed, %d other verdicts; now %d match, %d clear, %d unknown; %d set aside\n",
		plural(sum.Rows, "row"), plural(sum.Questions, "question"), sum.New, sum.Gone, sum.Changed, sum.Verdicts, sum.Matched, sum.Clear, sum.Unknown, sum.Bad)
	switch {
	case sum.New+sum.Gone+sum.Changed > 0:
		return &exitCode{code: exitFound}
	case sum.Bad+sum.Unknown > 0:
		return &exitCode{code: exitError}
	}
	return nil
}

// earlier is the state of the lists to compare with.
func (f *rescreenFlags) earlier(h *fundtrail.ListHistory, index *screen.Index, asOf time.Time) (screen.Asker, error) {
	if f.all {
		return nil, nil
	}
	if f.before != "" {
		day, err := dayOrTime("--before", f.before)
		return screen.At(index, day, time.Time{}), err
	}
	known, err := dayOrTime("--since", f.since)
	if err != nil {
		return nil, err
	}
	if f.since == "" {
		for _, v := range h.Versions {
			if v.Received.After(known) {
				known = v.Received
			}
		}
		known = known.Add(-time.Second)
	}
	return screen.At(index, asOf, known), nil
}

// changeWriter returns what writes one change.
func changeWriter(w io.Writer, format string) (func(screen.Change) error, error) {
	switch format {
	case "text":
		return func(ch screen.Change) error {
			_, err := fmt.Fprintf(w, "%-8s line %d%s  %s\n", ch.What, ch.Line, customer(ch.ID), screen.Line(ch.Read))
			for _, m := range []struct {
				word  string
				match *screen.Match
			}{{"was", ch.Before}, {"is", ch.After}} {
				if m.match != nil && !(ch.What == screen.GoneMatch && m.match == ch.After) {
					fmt.Fprintf(w, "         %-3s %s\n             %s\n", m.word, screen.PartyLine(m.match.Designation), screen.Standing(m.match.Designation))
				}
			}
			for _, field := range ch.Fields {
				fmt.Fprintf(w, "         %s:%s%s\n", field.Field, signed(" -", field.Removed), signed(" +", field.Added))
			}
			if ch.What == screen.ChangedVerdict {
				fmt.Fprintf(w, "         %s, was %s\n", ch.Verdicts[1], cmp.Or(ch.Verdicts[0], "not asked"))
				if ch.Reason != "" {
					fmt.Fprintf(w, "         %s\n", ch.Reason)
				}
			}
			if ch.Related {
				fmt.Fprintln(w, "         related: it does not count as a match")
			}
			return err
		}, nil
	case "json":
		var b []byte
		return func(ch screen.Change) error {
			b = append(ch.AppendJSON(b[:0]), '\n')
			_, err := w.Write(b)
			return err
		}, nil
	case "csv":
		t := csv.NewWriter(w)
		t.Write([]string{"line", "id", "asked", "change", "related", "list", "uid", "party", "score", "verdict_before", "verdict_after", "why"})
		return func(ch screen.Change) error {
			row := []string{strconv.Itoa(ch.Line), ch.ID, ch.Question.Text, string(ch.What), strconv.FormatBool(ch.Related), "", "", "", "", string(ch.Verdicts[0]), string(ch.Verdicts[1]), ch.Reason}
			if m := cmp.Or(ch.After, ch.Before); m != nil {
				row[5], row[6] = m.Designation.List, m.Designation.Party.UID
				if len(m.Designation.Party.Names) > 0 {
					row[7] = m.Designation.Party.Names[0].Text
				}
				row[8], row[11] = strconv.FormatFloat(m.Score, 'f', 3, 64), m.Why
			}
			t.Write(row)
			t.Flush()
			return t.Error()
		}, nil
	}
	return nil, usage("--format %s: want text, json or csv", format)
}

func customer(id string) string {
	if id == "" {
		return ""
	}
	return " (" + screen.Line(id) + ")"
}

// badRows returns what sets a row aside, and what ends that.
func (f *rescreenFlags) badRows(stderr io.Writer) (bad func(screen.BadRow) error, done func() error, err error) {
	if f.badTo == "" {
		return func(r screen.BadRow) error {
			_, err := fmt.Fprintf(stderr, "set aside: line %d%s, %s %q: %v\n", r.Line, customer(r.ID), r.Column, r.Text, r.Err)
			return err
		}, func() error { return nil }, nil
	}
	file, err := os.Create(f.badTo)
	if err != nil {
		return nil, nil, fmt.Errorf("rows set aside: %w", err)
	}
	t := csv.NewWriter(file)
	t.Write([]string{"line", "id", "column", "text", "reason"})
	return func(r screen.BadRow) error {
			t.Write([]string{strconv.Itoa(r.Line), r.ID, r.Column, r.Text, r.Err.Error()})
			return t.Error()
		}, func() error {
			t.Flush()
			return errors.Join(t.Error(), file.Close())
		}, nil
}
