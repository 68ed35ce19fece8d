package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/archive"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

func newLedger() *cobra.Command {
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Keep a ledger on disk: import, check, export",
		Long: `Ledger keeps facts on disk, in a folder: imported once, then read at once by trace
and verify with --ledger FOLDER, which give the same answers as from the files.
` + exitCodes,
		Example: `  fundtrail ledger import chain/ transactions.csv.gz token_transfers.csv.gz
  fundtrail trace ronin-bridge --ledger chain/
  fundtrail ledger fsck chain/`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newLedgerImport(), newLedgerStats(), newLedgerFsck(), newLedgerRebuild(), newLedgerTruncate(), newLedgerExport(), newLedgerReconcile(), newLedgerTokens(), newLedgerWatch())
	return c
}

// oneFolder takes the ledger's folder as the one argument.
func oneFolder(c *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("%s takes the ledger's folder", c.CommandPath())
	}
	return nil
}

func sourceOf(s *ingest.Summary) archive.Source {
	return archive.Source{Name: filepath.Base(s.File), SHA256: hex.EncodeToString(s.SHA256[:]), Bytes: s.Bytes, Rows: s.Rows, Kinds: s.Kinds,
		StatusUnknown: s.StatusUnknown, FeeUnknown: s.FeeUnknown, RecipientUnknown: s.RecipientUnknown, Unsupported: s.Unsupported, Bad: len(s.Bad), Notes: strings.Join(s.Notes, "\n")}
}

// summaryOf is what a report says of a file that is in a ledger on disk.
func summaryOf(s archive.Source) ingest.Summary {
	sum := ingest.Summary{File: s.Name, Bytes: s.Bytes, Rows: s.Rows, Kinds: s.Kinds, StatusUnknown: s.StatusUnknown, FeeUnknown: s.FeeUnknown,
		RecipientUnknown: s.RecipientUnknown, Unsupported: s.Unsupported, Bad: make([]ingest.BadRow, s.Bad)}
	if s.Notes != "" {
		sum.Notes = strings.Split(s.Notes, "\n")
	}
	hex.Decode(sum.SHA256[:], []byte(s.SHA256))
	return sum
}

// openArchive opens the ledger on disk that was given, if one was. It stays open: the
// trace reads from it to the end.
func (in *inputs) openArchive(names []string) (bool, error) {
	for _, name := range names {
		if !archive.IsLedger(name) {
			continue
		}
		if len(names) > 1 {
			return false, usage("%s is a ledger on disk, which goes alone: add the other files to it with fundtrail ledger import", name)
		}
		l, err := archive.Open(name)
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
		in.ledger = l
		var sums []ingest.Summary
		for _, s := range l.Sources() {
			sums = append(sums, summaryOf(s))
		}
		in.summarise(sums)
		return true, nil
	}
	return false, nil
}

func newLedgerStats() *cobra.Command {
	return &cobra.Command{
		Use:     "stats FOLDER",
		Short:   "Say what a ledger on disk holds, of which blocks, and what room it takes",
		Long:    "Stats says what a ledger on disk holds, which blocks it claims to hold whole and by\nwhich source, and what room each column takes.\n" + exitCodes,
		Example: "  fundtrail ledger stats chain/",
		Args:    oneFolder,
		RunE: func(c *cobra.Command, args []string) error {
			l, err := archive.Open(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			defer l.Close()
			s := l.Stats()
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			total := int64(0)
			fmt.Fprintln(w, "CHAIN\tMOVEMENTS\tTRANSACTIONS\tADDRESSES\tBLOCKS\tFROM\tTO\tSEGMENTS")
			for _, x := range s.Chains {
				fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%s\t%s\t%d\n", x.Chain, x.Movements, x.Transactions, x.Addresses, x.Blocks, blockText(x.From), blockText(x.To), x.Segments)
				total += x.Movements
			}
			if claims := l.Coverage(); len(claims) > 0 {
				fmt.Fprintln(w, "\nHELD WHOLE\tBLOCKS\t\tWHAT\tBY")
				for i, x := range claims {
					if i == maxClaims {
						fmt.Fprintf(w, "… and %d more\n", len(claims)-i)
						break
					}
					who := "every address of " + string(x.Chain)
					if !x.Address.IsZero() {
						who = x.Address.String()
					}
					fmt.Fprintf(w, "%s\t%d\t%d\t%s\t%s\n", who, x.FromBlock, x.ToBlock, x.What, x.Source)
				}
			} else {
				fmt.Fprintln(w, "\nNo blocks are claimed to be held whole: not seen means nothing here.")
			}
			fmt.Fprintln(w, "\nCOLUMN\tBYTES\tA MOVEMENT")
			row := func(name string, n int64) {
				fmt.Fprintf(w, "%s\t%d\t%.2f\n", name, n, float64(n)/float64(max(total, 1)))
			}
			for _, x := range s.Columns {
				if x.Bytes > 0 {
					row(x.Name, x.Bytes)
				}
			}
			row("log", s.Log)
			row("in all", s.Bytes)
			if err := l.Err(); err != nil {
				return err
			}
			return w.Flush()
		},
	}
}

// maxClaims is how many claims of coverage stats shows.
const maxClaims = 20

func blockText(b fundtrail.Block) string {
	if b.Chain == "" {
		return ""
	}
	return fmt.Sprintf("%d (%s)", b.Height, b.Time.UTC().Format(time.RFC3339))
}

func newLedgerFsck() *cobra.Command {
	deep := false
	c := &cobra.Command{
		Use:   "fsck FOLDER",
		Short: "Check every byte of a ledger on disk",
		Long: `Fsck compares every byte of a ledger with its checksum and names the blocks whose
facts a damaged one concerns. With --deep it also compares movements, lists and
indexes with each other, which takes longer.

To mend: damaged lists and indexes, ledger rebuild; damaged movements, hashes or
blocks, ledger truncate to below them and import again; a damaged MANIFEST or end of a
file, import into a new folder.
` + exitCodes,
		Example: "  fundtrail ledger fsck chain/",
		Args:    oneFolder,
		RunE: func(c *cobra.Command, args []string) error {
			check, err := archive.Fsck(args[0], deep)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			for _, p := range check.Problems {
				fmt.Fprintln(c.OutOrStdout(), p)
			}
			if n := len(check.Problems); n > 0 {
				fmt.Fprintf(c.OutOrStdout(), "DAMAGED: %d problems in %d files, %d bytes\n", n, check.Files, check.Bytes)
				return &exitCode{code: exitFound}
			}
			fmt.Fprintf(c.OutOrStdout(), "WHOLE: %d files, %d bytes\n", check.Files, check.Bytes)
			return nil
		},
	}
	c.Flags().BoolVar(&deep, "deep", false, "compare movements, lists and indexes with each other too")
	return c
}

// changeLedger opens a ledger that exists for writing.
func changeLedger(dir string, do func(w *archive.Writer) error) (err error) {
	if !archive.IsLedger(dir) {
		return fmt.Errorf("%s: there is no ledger: %w", dir, fundtrail.ErrNotFound)
	}
	w, err := archive.OpenWriter(dir, archive.Options{})
	if err == nil {
		err = do(w)
		if closed := w.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

func newLedgerRebuild() *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild FOLDER",
		Short: "Make a ledger's lists and indexes anew, and merge its segments",
		Long: `Rebuild makes every file of a ledger anew from its movements, addresses, blocks and
hashes, and merges its segments. Damaged lists and indexes are mended by it. When any
of those four is damaged it stops and nothing changes. It needs as much room again
while it runs.
` + exitCodes,
		Example: "  fundtrail ledger rebuild chain/",
		Args:    oneFolder,
		RunE: func(_ *cobra.Command, args []string) error {
			return changeLedger(args[0], func(w *archive.Writer) error {
				if err := w.Rebuild(); err != nil {
					return err
				}
				return w.Merge(true)
			})
		},
	}
}

func newLedgerTruncate() *cobra.Command {
	chain, height := "eth", int64(-1)
	c := &cobra.Command{
		Use:   "truncate FOLDER --to BLOCK",
		Short: "Take back a chain's blocks above one",
		Long: `Truncate takes back a chain's blocks above the given one, and what was claimed of
them, so that they can be imported again.
` + exitCodes,
		Example: "  fundtrail ledger truncate chain/ --chain eth --to 14442840",
		Args:    oneFolder,
		RunE: func(c *cobra.Command, args []string) error {
			on, err := fundtrail.ParseChain(chain)
			if err != nil {
				return usage("--chain: %v", err)
			}
			if height < 0 {
				return usage("ledger truncate: say with --to which block is to be the last")
			}
			return changeLedger(args[0], func(w *archive.Writer) error {
				if err := w.Truncate(on, height); err != nil {
					return err
				}
				fmt.Fprintf(c.OutOrStdout(), "the newest block of %s is %d\n", on, w.Tip(on))
				return nil
			})
		},
	}
	c.Flags().StringVar(&chain, "chain", chain, "the `CHAIN`")
	c.Flags().Int64Var(&height, "to", height, "the `BLOCK` that is to be the last")
	return c
}

func newLedgerExport() *cobra.Command {
	to := ""
	c := &cobra.Command{
		Use:   "export FOLDER --parquet FILE",
		Short: "Write every movement to a Parquet file, for DuckDB, ClickHouse, Spark",
		Long: `Export writes every movement of a ledger on disk as a row of an Apache Parquet file,
which DuckDB, ClickHouse and Spark read. Amounts are texts of whole base units, because
they have up to 256 bits.
` + exitCodes,
		Example: "  fundtrail ledger export chain/ --parquet chain.parquet",
		Args:    oneFolder,
		RunE: func(c *cobra.Command, args []string) (err error) {
			if to == "" {
				return usage("ledger export: say where to with --parquet FILE")
			}
			l, err := archive.Open(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			defer l.Close()
			part := to + ".part"
			f, err := os.Create(part)
			if err != nil {
				return err
			}
			defer func() {
				if err != nil {
					f.Close()
					os.Remove(part)
				}
			}()
			w := bufio.NewWriterSize(f, 1<<20)
			if err := archive.Parquet(w, l); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			if err := f.Sync(); err != nil {
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			if err := os.Rename(part, to); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "%s %s in %s\n", plural(int(l.Size()), "movement"), isAre(int(l.Size())), to)
			return nil
		},
	}
	c.Flags().StringVar(&to, "parquet", "", "write a Parquet `FILE`")
	return c
}
