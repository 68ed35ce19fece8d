package data

import "slices"

// A Category is one concept of the vocabulary that records may use. The concepts
// and their spelling are those of the INTERPOL dark web and virtual assets taxonomy
// as GraphSense's tag packs use it; the list is closed, so that a misspelt category
// fails a test instead of hiding an address from a report.
type Category struct {
	ID      string
	Meaning string
	Service bool // customers' or users' value passes through: a trace ends here
}

// categories is sorted by ID. A concept is added here, with its meaning, before a
// record may use it.
var categories = []Category{
	{"coinjoin", "transactions in which several owners join their inputs to hide who paid whom", true},
	{"dark_web", "a service that is reached through an anonymity network", true},
	{"defi", "a decentralised finance contract of a kind not named below", true},
	{"defi_bridge", "a contract that moves value from one chain to another", true},
	{"defi_derivative", "a contract that trades derivatives", true},
	{"defi_dex", "a decentralised exchange, a swap router or aggregator, or a token wrapper: one asset goes in, another comes out", true},
	{"defi_lending", "a contract that lends", true},
	{"exchange", "a custodial exchange or broker: it knows its customers, so someone can be asked", true},
	{"gambling", "a casino, a lottery, a betting site", true},
	{"hacking", "a person or group that breaks in and steals, or an address of theirs", false},
	{"hosted_wallet", "a wallet whose keys a company keeps for its customers", true},
	{"market", "a marketplace for goods", true},
	{"miner", "a miner or validator", false},
	{"mining_service", "a mining pool or rented hashing power", true},
	{"mixing_service", "a mixer or tumbler, with or without a keeper", true},
	{"organization", "a company, an authority or a state that is none of the others", false},
	{"payment_processor", "a company that takes payments for merchants", true},
	{"phishing", "a person or group that tricks victims into signing or revealing, or an address of theirs", false},
	{"ransomware", "a person or group that extorts for data, or an address of theirs", false},
	{"sanction", "an address on a sanctions list of which nothing else is known", false},
	{"scam", "a fraud, or an address of one", false},
	{"service", "a service of a kind not named here", true},
	{"user", "a person, or a wallet that one holds", false},
	{"wallet_service", "software that keeps keys on its user's own device", true},
}

// Categories returns the vocabulary, sorted by ID.
func Categories() []Category { return slices.Clone(categories) }

// CategoryInfo returns the concept with the given ID.
func CategoryInfo(id string) (Category, bool) {
	i, ok := slices.BinarySearchFunc(categories, id, func(c Category, id string) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		}
		return 0
	})
	if !ok {
		return Category{}, false
	}
	return categories[i], true
}
