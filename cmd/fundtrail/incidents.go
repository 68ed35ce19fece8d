package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
)

func newIncidents() *cobra.Command {
	return &cobra.Command{
		Use:     "incidents",
		Short:   "List the thefts on record",
		Long:    "Incidents lists the thefts on record: what trace can be asked by name." + "\n" + exitCodes,
		Example: "  fundtrail incidents",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tDATE\tNAME\tLOSS, BY SOURCES\tATTRIBUTED TO\tTRACEABLE FROM")
			for _, in := range data.Incidents() {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", in.ID, in.Happened.Format("2006-01-02"), in.Name, losses(in), author(in), starts(in))
			}
			return w.Flush()
		},
	}
}

// losses gives the range of the sources' figures, in millions of dollars.
func losses(in fundtrail.Incident) string {
	if len(in.Losses) == 0 {
		return "no figure"
	}
	least, most := in.Losses[0].USD, in.Losses[0].USD
	for _, l := range in.Losses {
		least, most = least.Min(l.USD), most.Max(l.USD)
	}
	million := func(a fundtrail.Amount) string {
		tenths, _ := a.MulDiv(fundtrail.NewAmount(1), fundtrail.NewAmount(100_000))
		return tenths.Decimal(1)
	}
	if least == most {
		return "$" + million(least) + "M"
	}
	return "$" + million(least) + "M to $" + million(most) + "M"
}

func author(in fundtrail.Incident) string {
	best, name := fundtrail.Confidence(0), "nobody"
	for _, a := range in.Attributions {
		if !a.Denied && a.Confidence > best {
			best, name = a.Confidence, fmt.Sprintf("%s (by %s, %d)", a.Actor, a.By, a.Confidence)
		}
	}
	return name
}

func starts(in fundtrail.Incident) string {
	switch n := len(in.Thefts); n {
	case 0:
		return "no address or transaction on record"
	case 1:
		return "1 start"
	default:
		return fmt.Sprintf("%d starts", n)
	}
}
