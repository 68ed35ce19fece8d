package main

import (
	"fmt"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
)

// throughCoinJoins adds where the value of a trace can have come out of CoinJoins.
func throughCoinJoins(tr *fundtrail.Trace, l fundtrail.Ledger) error {
	passages, missed, err := crossing.ThroughCoinJoins(tr, l)
	if err != nil {
		return err
	}
	tr.Passages = append(tr.Passages, passages...)
	unlikely := 0
	for i := range passages {
		if len(passages[i].Withdrawals) == 0 {
			unlikely++
		}
	}
	if unlikely > 0 {
		tr.Notes = append(tr.Notes, fmt.Sprintf("Of %d CoinJoins that the trace came into every output is the thief's with odds below 0.1: none is listed.", unlikely))
	}
	if missed.MostlyClean > 0 {
		tr.Notes = append(tr.Notes, fmt.Sprintf("Of %d coins spent in CoinJoins no policy that conserves value holds half to be stolen; they are not followed through.", missed.MostlyClean))
	}
	if missed.Unknown > 0 {
		tr.Notes = append(tr.Notes, fmt.Sprintf("Of %d CoinJoins the ledger does not hold the amounts of all inputs; where value can have come out of those is not said.", missed.Unknown))
	}
	return nil
}
