package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/journal"
	"github.com/fundtrail/fundtrail/internal/screen"
)

func newScreenings() *cobra.Command {
	c := &cobra.Command{
		Use:   "screenings",
		Short: "The decision record: what was asked, what was answered, from which lists",
		Long: `Screenings is the decision record that screen --record and serve --record append to.
Each record holds the digest of the one before, so that one changed byte is found.
Keep the head that verify prints elsewhere: against it even a record that was cut off
the end is found.

` + homeHelp + "\n" + exitCodes,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage("unknown command %q of screenings; there are: list, show, replay, verify", args[0])
		},
	}
	c.AddCommand(newScreeningsList(), newScreeningsShow(), newScreeningsReplay(), newScreeningsVerify())
	return c
}

// reader opens the decision record for reading.
func (h *homeFlag) reader() (*journal.Reader, error) {
	dir, err := h.path()
	if err != nil {
		return nil, err
	}
	r, err := journal.OpenReader(filepath.Join(dir, recordFolder))
	if errors.Is(err, fundtrail.ErrNotFound) {
		return nil, fmt.Errorf("no screenings are recorded in %s: record some with fundtrail screen --record, or name another folder with --home: %w", dir, fundtrail.ErrNotFound)
	}
	return r, err
}

func newScreeningsList() *cobra.Command {
	h := &homeFlag{}
	c := &cobra.Command{
		Use:     "list",
		Short:   "Every screening on record, a line each",
		Example: "  fundtrail screenings list",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := h.reader()
			if err != nil {
				return err
			}
			for e, err := range r.Entries(c.Context(), 1) {
				if err != nil {
					return err
				}
				if !isRecord(&e) {
					continue
				}
				rec, err := screen.ParseRecord(e.Body)
				if err != nil {
					return fmt.Errorf("record %s: %w", e.ID(), err)
				}
				doc, err := screen.ParseDocument(rec.Answer)
				if err != nil {
					return fmt.Errorf("record %s: %w", e.ID(), err)
				}
				fmt.Fprintf(c.OutOrStdout(), "%-24s %s  %-8s %s  by %s\n", e.ID(), e.Time.Format(time.RFC3339), doc.Verdict, screen.Line(rec.Question.Text), screen.Line(rec.Caller))
			}
			return nil
		},
	}
	h.register(c)
	return c
}

func newScreeningsShow() *cobra.Command {
	h := &homeFlag{}
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "One record as it is kept, and its place in the chain",
		Example: "  fundtrail screenings show 17-08c1b2f9a3d4e5f6",
		Args:    oneID,
		RunE: func(c *cobra.Command, args []string) error {
			r, err := h.reader()
			if err != nil {
				return err
			}
			e, err := r.Find(args[0])
			if err != nil {
				return err
			}
			fmt.Fprintf(c.ErrOrStderr(), "record %d of %s, %s at byte %d\nprev %x\nhash %x\n", e.Seq, e.Time.Format(time.RFC3339Nano), e.Segment, e.Offset, e.Prev, e.Hash)
			return indented(c.OutOrStdout(), e.Body)
		},
	}
	h.register(c)
	return c
}

func oneID(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("it takes the ID of one record: see fundtrail screenings list")
	}
	return nil
}

func indented(w io.Writer, text []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, text, "", "  "); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

func newScreeningsVerify() *cobra.Command {
	h := &homeFlag{}
	var heads []string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check every byte of the record against its chain",
		Long: `Verify reads every record and recomputes the chain. A changed, missing, added or moved
record is found and named, with its file and place. --head also finds records that
were cut off the end: give a head that an earlier verify printed and that was kept
elsewhere.
` + exitCodes,
		Example: `  fundtrail screenings verify
  fundtrail screenings verify --head 17:9c1f…`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var kept []journal.Head
			for _, s := range heads {
				head, err := journal.ParseHead(s)
				if err != nil {
					return usage("--head: %v", err)
				}
				kept = append(kept, head)
			}
			r, err := h.reader()
			if err != nil {
				return err
			}
			report, err := r.Verify(c.Context(), kept...)
			if err != nil {
				return err
			}
			return writeVerified(c, &report)
		},
	}
	h.register(c)
	c.Flags().StringArrayVar(&heads, "head", nil, "a `HEAD` that was kept elsewhere, SEQ:HASH (repeat)")
	return c
}

func writeVerified(c *cobra.Command, r *journal.Report) error {
	out := c.OutOrStdout()
	for _, p := range r.Problems {
		fmt.Fprintln(out, "damaged:", p)
	}
	if r.More > 0 {
		fmt.Fprintf(out, "damaged: %d more places\n", r.More)
	}
	if t := r.Torn; t != nil {
		fmt.Fprintf(out, "a crash left %d bytes at the end of %s that no answer was given for; the next recording cuts them off and keeps them aside\n", t.Bytes, t.File)
	}
	for _, name := range r.Kept {
		fmt.Fprintln(out, "kept from a crash:", name)
	}
	if r.Backward > 0 {
		fmt.Fprintf(out, "%d records are dated before the one before them: the clock was set back; the chain holds\n", r.Backward)
	}
	fmt.Fprintf(out, "%s as written, in %s, %d bytes", plural(int(r.Records), "record"), plural(r.Segments, "file"), r.Bytes)
	if !r.First.IsZero() {
		fmt.Fprintf(out, ", from %s to %s", r.First.Format(time.RFC3339), r.Last.Format(time.RFC3339))
	}
	fmt.Fprintf(out, "\nhead %s\n", r.Head)
	if err := r.Err(); err != nil {
		return &exitCode{exitFound, err}
	}
	return nil
}

func newScreeningsReplay() *cobra.Command {
	f := &screenFlags{}
	all := false
	c := &cobra.Command{
		Use:   "replay ID...",
		Short: "Ask a recorded question again, of the versions that were there then",
		Long: `Replay asks a recorded question again of the versions of the lists that were kept when
it was asked, and no later one, and holds the answer to the recorded one byte for byte.
` + exitCodes,
		Example: `  fundtrail screenings replay 17-08c1b2f9a3d4e5f6
  fundtrail screenings replay --all`,
		RunE: func(c *cobra.Command, args []string) error {
			if all == (len(args) > 0) {
				return usage("give the IDs of records, or --all")
			}
			return runReplay(c, f, args)
		},
	}
	f.homeFlag.register(c)
	c.Flags().BoolVar(&all, "all", false, "every record")
	c.Flags().StringArrayVar(&f.tags, "tags", nil, "`FILE` or folder of claims that were given then (repeat)")
	return c
}

func runReplay(c *cobra.Command, f *screenFlags, ids []string) error {
	r, err := f.reader()
	if err != nil {
		return err
	}
	claimed, labels, err := loadClaims(c, f.tags, f.chain)
	if err != nil {
		return err
	}
	st, err := f.read(c.Context())
	if err != nil {
		return err
	}
	defer st.Close()
	history, err := st.History(c.Context())
	if err != nil {
		return err
	}
	replayer := &screen.Replayer{History: history, Labels: labels, Program: program(),
		Build: func(h *fundtrail.ListHistory, _ *screen.Lists) screen.Asker { return newIndex(h, claimed) }}
	same, other := 0, 0
	replay := func(e *journal.Entry) error {
		rec, err := screen.ParseRecord(e.Body)
		if err != nil {
			return fmt.Errorf("record %s is no screening: %w", e.ID(), err)
		}
		le, err := r.Read(rec.ListsRecord)
		if err != nil {
			return fmt.Errorf("record %s: its lists: %w", e.ID(), err)
		}
		lists, err := screen.ParseLists(le.Body)
		if err != nil {
			return fmt.Errorf("record %s: its lists: %w", e.ID(), err)
		}
		got, err := replayer.Replay(&rec, &lists)
		if err != nil {
			return fmt.Errorf("record %s: %w", e.ID(), err)
		}
		if got.Same {
			same++
		} else {
			other++
		}
		return writeReplay(c.OutOrStdout(), e, &got)
	}
	for _, id := range ids {
		e, err := r.Find(id)
		if err != nil {
			return err
		}
		if err := replay(&e); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		for e, err := range r.Entries(c.Context(), 1) {
			if err != nil {
				return err
			}
			if isRecord(&e) {
				if err := replay(&e); err != nil {
					return err
				}
			}
		}
	}
	fmt.Fprintf(c.OutOrStdout(), "%d the same, %d not\n", same, other)
	if other > 0 {
		return &exitCode{code: exitFound}
	}
	return nil
}

func writeReplay(w io.Writer, e *journal.Entry, got *screen.Replay) error {
	word := "same"
	if !got.Same {
		word = "OTHER"
	}
	if _, err := fmt.Fprintf(w, "%-6s %s\n", word, e.ID()); err != nil {
		return err
	}
	for _, m := range got.Mismatches {
		fmt.Fprintf(w, "       %s\n", m)
	}
	if got.More > 0 {
		fmt.Fprintf(w, "       and %d more fields\n", got.More)
	}
	for _, n := range got.Notes {
		fmt.Fprintf(w, "       note: %s\n", n)
	}
	return nil
}

// loadClaims reads the claims about addresses: the curated ones and those of files. The
// labels name what a record has to name of them.
func loadClaims(c *cobra.Command, files []string, chain string) (claims, []screen.LabelSource, error) {
	tags := claims{}
	tags.add(data.Tags())
	tags.add(data.IncidentTags())
	labels := []screen.LabelSource{{Title: "curated records of " + program()}}
	in := &inputs{}
	warn := func(format string, args ...any) { fmt.Fprintf(c.ErrOrStderr(), format+"\n", args...) }
	if err := in.loadTags(files, tags, chain, warn); err != nil {
		return nil, nil, err
	}
	for _, file := range in.files {
		l := screen.LabelSource{Title: file.Name}
		if _, err := hex.Decode(l.SHA256[:], []byte(file.SHA256)); err != nil {
			return nil, nil, fmt.Errorf("--tags %s: digest: %w", file.Name, err)
		}
		labels = append(labels, l)
	}
	return tags, labels, nil
}

func newIndex(h *fundtrail.ListHistory, tags claims) *screen.Index {
	return screen.New(h, screen.Options{
		Tags:     func(a fundtrail.Address) []fundtrail.Tag { return tags[a] },
		Contract: tags.contract,
	})
}
