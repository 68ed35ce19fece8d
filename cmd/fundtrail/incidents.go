package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/record"
)

type incidentsFlags struct {
	recordFlags
	theftFlags
	category string
}

// theftFlags choose thefts.
type theftFlags struct {
	attributedTo string
	minConf      int
	from, to     string
	chain        string
}

func (f *theftFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.attributedTo, "attributed-to", "", "thefts that a claim attributes to `ACTOR`; of a state, to its groups too")
	fl.IntVar(&f.minConf, "min-confidence", 0, "with --attributed-to: attributions of at least this confidence")
	fl.StringVar(&f.from, "from", "", "thefts that happened on `DAY` or later; a month or a year too")
	fl.StringVar(&f.to, "to", "", "thefts that happened on `DAY` or sooner; a month or a year too")
	fl.StringVar(&f.chain, "chain", "", "thefts on `CHAIN`")
	c.RegisterFlagCompletionFunc("attributed-to", completeRecords(record.KindActor))
}

// question reads the flags, against the book's actors.
func (f *theftFlags) question(b *record.Book) (q record.Question, err error) {
	if q.From, q.To, err = between(f.from, f.to); err != nil {
		return q, err
	}
	if f.minConf < 0 || f.minConf > 100 {
		return q, usage("--min-confidence %d: want 0 to 100", f.minConf)
	}
	if f.minConf > 0 && f.attributedTo == "" {
		return q, usage("--min-confidence is about attributions: say whose with --attributed-to")
	}
	q.MinConfidence = fundtrail.Confidence(f.minConf)
	if f.attributedTo != "" {
		refs, err := b.Resolve(f.attributedTo, record.KindActor)
		if err != nil {
			return q, fmt.Errorf("--attributed-to: %w", err)
		}
		q.AttributedTo = refs[0].ID
	}
	if f.chain != "" {
		if q.Chain, err = fundtrail.ParseChain(f.chain); err != nil {
			return q, usage("--chain: %v", err)
		}
	}
	return q, nil
}

func newIncidents() *cobra.Command {
	f := &incidentsFlags{}
	c := &cobra.Command{
		Use:   "incidents",
		Short: "List the thefts on record",
		Long: `Incidents lists the thefts on record, by time: when, what the sources say was lost,
and whom they name. Each can be traced by its ID, where the sources state an address
or a transaction to start from.
` + recordClocks + exitCodes,
		Example: `  fundtrail incidents
  fundtrail incidents --attributed-to dprk --from 2022 --to 2023
  fundtrail incidents --category bridge --as-of 2023-12-09 --known-by 2023-12-09`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	f.recordFlags.register(c)
	f.theftFlags.register(c)
	c.Flags().StringVar(&f.category, "category", "", "thefts from victims of a `KIND`: "+strings.Join(victimKinds(), ", ")+"; or of a category of doc/records.md")
	c.RegisterFlagCompletionFunc("category", cobra.FixedCompletions(victimKinds(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func victimKinds() (out []string) {
	for _, k := range data.VictimKinds() {
		out = append(out, string(k))
	}
	return out
}

func (f *incidentsFlags) run(c *cobra.Command) error {
	if _, ok := data.CategoryInfo(f.category); !ok && f.category != "" && !slices.Contains(victimKinds(), f.category) {
		return usage("--category %q: want one of %s, or a category of doc/records.md", f.category, strings.Join(victimKinds(), ", "))
	}
	v, b, err := f.view(c, nil)
	if err != nil {
		return err
	}
	q, err := f.question(b)
	if err != nil {
		return err
	}
	list, how, undated := v.Select(q)
	var kept []fundtrail.Incident
	stands := map[string]record.Attribution{}
	for i, in := range list {
		if f.category == "" || string(in.Kind) == f.category || in.Victim.Category == f.category {
			kept, stands[in.ID] = append(kept, in), how[i]
		}
	}
	slices.SortStableFunc(kept, func(a, b fundtrail.Incident) int { return a.Happened.Compare(b.Happened) })
	w := c.OutOrStdout()
	switch f.format {
	case "json":
		doc := struct {
			record.Head
			Incidents []record.IncidentDoc `json:"incidents"`
			Undated   []string             `json:"no_day_known,omitempty"`
		}{v.Head("incidents"), []record.IncidentDoc{}, undated}
		for i := range kept {
			d := v.IncidentDoc(&kept[i], false)
			if q.AttributedTo != "" {
				d.Attribution = string(stands[d.ID])
			}
			doc.Incidents = append(doc.Incidents, d)
		}
		return writeJSON(w, doc)
	case "csv":
		return writeCSV(w, incidentRows(kept, stands, q.AttributedTo != ""))
	}
	return f.text(w, v, kept, stands, undated)
}

func (f *incidentsFlags) text(w io.Writer, v *record.View, list []fundtrail.Incident, stands map[string]record.Attribution, undated []string) error {
	var denied []string // no source says that it was theirs
	list = slices.DeleteFunc(list, func(in fundtrail.Incident) bool {
		if stands[in.ID] == record.Denied {
			denied = append(denied, in.ID)
		}
		return stands[in.ID] == record.Denied
	})
	if len(list) == 0 {
		fmt.Fprintf(w, "No such theft is on record%s.\n", v.Clocks())
	} else {
		var b strings.Builder
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "ID\tDATE\tNAME\tLOSS, BY SOURCES\tATTRIBUTED TO\tTRACEABLE FROM")
		for i := range list {
			in := &list[i]
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", in.ID, happened(in), plain(in.Name), losses(in), author(in, stands[in.ID]), starts(in))
		}
		t.Flush()
		io.WriteString(w, plain(b.String()))
	}
	if len(denied) > 0 {
		fmt.Fprintf(w, "\nOnly denied to be theirs: %s.\n", strings.Join(denied, ", "))
	}
	if len(undated) > 0 {
		fmt.Fprintf(w, "\nNo claim known tells when these happened: %s.\n", strings.Join(undated, ", "))
	}
	return nil
}

func incidentRows(list []fundtrail.Incident, stands map[string]record.Attribution, asked bool) [][]string {
	rows := [][]string{{"id", "happened", "name", "victim_kind", "victim", "least_usd", "most_usd", "nominal_only", "attributed_to", "by", "confidence", "stands", "chains", "starts"}}
	for i := range list {
		in := &list[i]
		least, most, _, ok := record.Loss(in)
		row := []string{in.ID, happened(in), in.Name, string(in.Kind), in.Victim.ID, "", "", strconv.FormatBool(!ok && len(in.Losses) > 0), "", "", "", "", "", strconv.Itoa(len(in.Thefts))}
		if ok {
			row[5], row[6] = least.String(), most.String()
		}
		if a, ok := record.BestAttribution(in); ok {
			row[8], row[9], row[10] = a.Actor, a.By, strconv.Itoa(int(a.Confidence))
		}
		if asked {
			row[11] = string(stands[in.ID])
		}
		var chains []string
		for _, c := range record.Chains(in) {
			chains = append(chains, string(c))
		}
		row[12] = strings.Join(chains, " ")
		rows = append(rows, row)
	}
	return rows
}

// happened is the day of the best supported claim, a month where no day is stated.
func happened(in *fundtrail.Incident) string {
	d, ok := in.Date("happened")
	if !ok {
		return "not known"
	}
	if d.To.After(d.From.AddDate(0, 0, 1)) && d.From.Day() == 1 && d.To.Equal(d.From.AddDate(0, 1, -1)) {
		return d.From.Format("2006-01")
	}
	return d.From.Format(time.DateOnly)
}

// losses gives the range of the sources' figures.
func losses(in *fundtrail.Incident) string {
	if least, most, open, ok := record.Loss(in); ok {
		return record.Dollars(least, most, open)
	}
	if len(in.Losses) > 0 {
		return record.Dollars(in.Losses[0].USD, in.Losses[0].USD, false) + ", nominal"
	}
	return "no figure"
}

func author(in *fundtrail.Incident, stands record.Attribution) string {
	a, ok := record.BestAttribution(in)
	switch {
	case !ok && slices.ContainsFunc(in.Attributions, func(a fundtrail.AttributionClaim) bool { return a.Denied }):
		return "nobody; denied of " + in.Attributions[0].Actor
	case !ok:
		return "nobody"
	case stands == record.Disputed || slices.ContainsFunc(in.Attributions, func(a fundtrail.AttributionClaim) bool { return a.Denied }):
		return fmt.Sprintf("%s (by %s, %d), disputed", a.Actor, a.By, a.Confidence)
	}
	return fmt.Sprintf("%s (by %s, %d)", a.Actor, a.By, a.Confidence)
}

func starts(in *fundtrail.Incident) string {
	switch n := len(in.Thefts); n {
	case 0:
		return "no address or transaction on record"
	case 1:
		return "1 start"
	default:
		return fmt.Sprintf("%d starts", n)
	}
}
