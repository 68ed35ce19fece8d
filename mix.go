package fundtrail

// A Mix is an inference about one transaction of a coin chain: coins of several owners
// change hands in it, and the ledger does not tell which output is whose.
type Mix struct {
	Protocol   string // "wasabi-2", "whirlpool", "joinmarket"
	Method     Method
	Confidence Confidence // that it is one
	Changes    []MixChange
}

// A MixChange is what amounts alone give away in a mix: an output that is some of the
// inputs' owner's own.
type MixChange struct {
	Inputs []uint32 // by their places in the transaction, in order
	Output uint32
	// Whole is what their owner has in the mix: what it put in, or what it took out where
	// that is more. Of value in Inputs, the Output's share of Whole is in Output, and the
	// rest went into the mix.
	Whole      Amount
	Method     Method
	Confidence Confidence
}
