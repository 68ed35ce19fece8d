package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/fundtrail/fundtrail/internal/screen"
)

func newListsHistory() *cobra.Command {
	f := &screenFlags{}
	c := &cobra.Command{
		Use:   "history ADDRESS|NAME|UID",
		Short: "Since when and until when an address or a party was listed",
		Long: `History tells every designation, standing or past, of an address, of a party by its
list's identifier, or of the parties of exactly that name: when it came, when it left,
and when we first and last saw it. Names that are only like it are found with
fundtrail screen.

` + homeHelp + "\n" + exitCodes,
		Example: `  fundtrail lists history 0x722122dF12D4e14e13Ac3b6895a86e84145b6967
  fundtrail lists history "Tornado Cash"`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("lists history takes one address, name or identifier; quote a name of several words")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			st, _, index, _, err := f.openIndex(c)
			if err != nil {
				return err
			}
			defer st.Close()
			list, err := index.History(args[0])
			if err != nil {
				return err
			}
			w := c.OutOrStdout()
			for i := range list {
				d := &list[i]
				fmt.Fprintln(w, screen.PartyLine(d))
				fmt.Fprintf(w, "  %s\n", screen.Standing(d))
				fmt.Fprintf(w, "  seen by us from %s to %s\n", d.FirstSeen.Format(time.DateOnly), d.LastSeen.Format(time.DateOnly))
				fmt.Fprintf(w, "  last read from %s, sha256 %x\n", d.Source.Title, d.Source.SHA256)
			}
			return nil
		},
	}
	f.homeFlag.register(c)
	return c
}
