package feed

import "github.com/fundtrail/fundtrail"

// DFATAustralia is Australia's consolidated list, of its Department of Foreign Affairs
// and Trade, as CSV of its spreadsheet: a row a name.
const DFATAustralia Format = "au dfat csv"

var dfatList = columnList{
	list: "au-dfat",
	form: tableForm{what: "DFAT consolidated list", need: [][]string{
		{"reference"}, {"nameofindividualorentity", "name"}, {"nametype"}, {"committees", "listinginformation", "controldate"},
	}},
	uid:   []string{"reference"},
	uidOf: func(uid string) string { return orElse(lead.FindString(uid), uid) },
	kind:  []string{"type"},
	kinds: map[string]fundtrail.PartyKind{
		"individual": fundtrail.Person, "entity": fundtrail.Organisation, "vessel": fundtrail.Vessel, "ship": fundtrail.Vessel, "aircraft": fundtrail.Aircraft,
	},
	main:    [][]string{{"nameofindividualorentity", "name"}},
	program: []string{"committees", "instrumentofdesignation", "instrument"},
	// The control date is the day of the last change, so it is no day of listing.
	listed:  []string{"dateoflisting", "listingdate", "designationdate"},
	birth:   []string{"dateofbirth"},
	country: [][]string{{"citizenship", "nationality"}, {"flag"}},
	wallets: []string{"cryptowalletaddress", "digitalcurrencyaddress", "cryptocurrencywallet"},
	numbers: []numberColumn{
		{"IMO number", []string{"imonumber"}},
		{"Passport", []string{"passportnumber"}},
	},
	rowKind: []string{"nametype"},
	rowKinds: map[string]fundtrail.NameKind{
		"primary name": fundtrail.MainName, "primary": fundtrail.MainName, "original script": fundtrail.Alias,
		"aka": fundtrail.Alias, "a.k.a.": fundtrail.Alias, "alias": fundtrail.Alias, "strong aka": fundtrail.Alias,
		"weak aka": fundtrail.WeakAlias, "low quality aka": fundtrail.WeakAlias,
		"fka": fundtrail.FormerName, "f.k.a.": fundtrail.FormerName, "formerly known as": fundtrail.FormerName, "previous name": fundtrail.FormerName,
	},
	remarks:   []string{"additionalinformation", "listinginformation"},
	published: []string{"as at", "last updated", "date of report", "current as at"},
}
