package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/store"
)

func newListsStatus() *cobra.Command {
	var home homeFlag
	var format string
	c := &cobra.Command{
		Use:   "status",
		Short: "Say which lists are kept, how old they are, and what was refused",
		Long: `Status says of each list how many versions are kept and what the newest holds. Versions
that cover names and such that cover wallets alone stand apart, because nothing follows
from what a version does not cover. Below stands what was refused or failed and has not
succeeded since: the version before it is still in force.

` + homeHelp + "\n" + exitCodes,
		Example: `  fundtrail lists status
  fundtrail lists status --format json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage("--format %q: want text or json", format)
			}
			st, err := home.read(c.Context())
			if err != nil {
				return err
			}
			defer st.Close()
			versions, err := st.Versions(c.Context())
			if err != nil {
				return err
			}
			attempts, err := st.Attempts(c.Context())
			if err != nil {
				return err
			}
			s := newListsReport(versions, attempts, time.Now())
			if format == "json" {
				return s.writeJSON(c.OutOrStdout())
			}
			return s.writeText(c.OutOrStdout())
		},
	}
	home.register(c)
	c.Flags().StringVar(&format, "format", "text", "`FORM` of the answer: text or json")
	return c
}

// A listsReport is what lists status says. Its JSON is described in doc/formats-store.md.
type listsReport struct {
	Schema string          `json:"schema"`
	AsOf   string          `json:"as_of"`
	Lists  []listReport    `json:"lists"`
	Open   []attemptReport `json:"refused"`
}

// A listReport is one list in one scope.
type listReport struct {
	List      string   `json:"list"`
	Covers    []string `json:"covers"`
	Versions  int      `json:"versions"`
	Oldest    string   `json:"oldest_published"`
	Format    string   `json:"format"` // this and below: of the newest version
	Published string   `json:"published"`
	Received  string   `json:"received"`
	AgeDays   int      `json:"age_days"`
	Parties   int      `json:"parties"`
	Wallets   int      `json:"wallets"`
	SHA256    string   `json:"sha256"`
}

type attemptReport struct {
	List    string `json:"list"`
	Source  string `json:"source"`
	Time    string `json:"time"`
	First   string `json:"first_time"`
	Times   int    `json:"times"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	SHA256  string `json:"sha256,omitempty"`
}

// covered names what a version holds.
func covered(s fundtrail.ListScope) []string {
	words := []string{}
	if s&fundtrail.CoversNames != 0 {
		words = append(words, "names")
	}
	if s&fundtrail.CoversWallets != 0 {
		words = append(words, "wallets")
	}
	return words
}

// unknownFor is how long a refused file of no known list stays in the status: nothing
// else makes it go.
const unknownFor = 30 * 24 * time.Hour

func newListsReport(versions []fundtrail.ListVersion, attempts []store.Attempt, now time.Time) *listsReport {
	s := &listsReport{Schema: "fundtrail.lists/1", AsOf: now.UTC().Format(time.RFC3339), Lists: []listReport{}, Open: []attemptReport{}}
	for i := range versions {
		v := &versions[i] // by list, then published: the last is the newest
		at := slices.IndexFunc(s.Lists, func(l listReport) bool { return l.List == v.List && slices.Equal(l.Covers, covered(v.Covers)) })
		if at < 0 {
			at = len(s.Lists)
			s.Lists = append(s.Lists, listReport{List: v.List, Covers: covered(v.Covers), Oldest: v.Published.Format(time.RFC3339)})
		}
		l := &s.Lists[at]
		l.Versions++
		l.Format, l.Published, l.Received = v.Format, v.Published.Format(time.RFC3339), v.Received.Format(time.RFC3339)
		l.AgeDays = int(now.Sub(v.Published) / (24 * time.Hour))
		l.Parties, l.Wallets, l.SHA256 = v.Parties, v.Wallets, hex.EncodeToString(v.SHA256[:])
	}
	for _, a := range store.Standing(attempts) {
		if a.List == "" && now.Sub(a.Time) > unknownFor {
			continue
		}
		r := attemptReport{List: a.List, Source: a.Source, Time: a.Time.Format(time.RFC3339), First: a.First.Format(time.RFC3339), Times: a.Times, Outcome: string(a.Outcome), Reason: a.Reason}
		if a.SHA256 != [32]byte{} {
			r.SHA256 = hex.EncodeToString(a.SHA256[:])
		}
		s.Open = append(s.Open, r)
	}
	return s
}

func (s *listsReport) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(s)
}

func (s *listsReport) writeText(w io.Writer) error {
	if len(s.Lists) == 0 {
		fmt.Fprintln(w, "No version of any list is kept: import some with fundtrail lists import.")
	} else {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "LIST\tCOVERS\tVERSIONS\tSINCE\tNEWEST\tAGE\tRECEIVED\tPARTIES\tWALLETS\tFORM\tSHA-256")
		for _, l := range s.Lists {
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", l.List, strings.Join(l.Covers, ", "), l.Versions, l.Oldest[:10], l.Published[:10],
				age(l.AgeDays), l.Received[:10], l.Parties, l.Wallets, l.Format, short(l.SHA256))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	for i, a := range s.Open {
		if i == 0 {
			fmt.Fprintln(w, "\nNot imported, and not answered by a later success:")
		}
		list := a.List
		if list == "" {
			list = "no known list"
		}
		times := ""
		if a.Times > 1 {
			times = fmt.Sprintf(" (%d times since %s)", a.Times, a.First)
		}
		fmt.Fprintf(w, "  %s  %s  %s, from %s%s:\n    %s\n", a.Time, a.Outcome, list, a.Source, times, a.Reason)
	}
	return nil
}

func age(days int) string {
	if days == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", days)
}
