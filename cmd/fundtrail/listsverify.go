package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func newListsVerify() *cobra.Command {
	h := &homeFlag{}
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check every kept byte against its digest",
		Long: `Verify reads every version that is kept, and checks its bytes against their digest and
its parties against what was stored. Damage is named; the exit code is then 3.

` + homeHelp + "\n" + exitCodes,
		Example: "  fundtrail lists verify",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			st, err := h.read(c.Context())
			if err != nil {
				return err
			}
			defer st.Close()
			versions, err := st.Versions(c.Context())
			if err != nil {
				return err
			}
			if err := st.Check(c.Context()); err != nil {
				return &exitCode{exitFound, err}
			}
			fmt.Fprintf(c.OutOrStdout(), "%s as received, every byte under its digest\n", plural(len(versions), "version"))
			return nil
		},
	}
	h.register(c)
	return c
}
