// Package screen tells whether an address, a name or a text touches a party of a
// sanctions list, as of a day and as known on a day, and explains why. It is pure: an
// [Index] is built from a [fundtrail.ListHistory] and never changes.
package screen

import (
	"time"

	"github.com/fundtrail/fundtrail"
)

// A Question is one thing to screen.
type Question struct {
	Text  string
	Kind  Kind            // how to read Text; zero: an address if it has an address's form, else a name
	Chain fundtrail.Chain // of an address, where the asker knows it
	AsOf  time.Time       // the list's clock: what stood on that day; zero: now, the newest version
	Known time.Time       // our clock: by the versions received until then; zero: all

	// Evidence for a name, where the asker has it.
	Party     fundtrail.PartyKind
	Births    []string // as in fundtrail.Party
	Countries []string // ISO 3166-1 alpha-2
	Threshold float64  // the least score that is a match, 0 to 1; zero: DefaultThreshold
	Limit     int      // the most matches; zero: 10
}

// A Kind is how a question's text is read.
type Kind string

const (
	Either    Kind = ""
	AnAddress Kind = "address"
	AName     Kind = "name"
	FreeText  Kind = "text" // find every address in it
)

// A Verdict is the answer in one word.
type Verdict string

const (
	Matched Verdict = "match"
	Clear   Verdict = "clear"   // no asked list held it; never "clean": see Answer.Asked
	Unknown Verdict = "unknown" // no list covers that day, or the day was not known then
	Invalid Verdict = "invalid" // the text cannot be what it was said to be: see Answer.Reason
)

// An Answer is what the lists say to a question.
type Answer struct {
	Verdict Verdict
	Kind    Kind
	Read    string // what was screened: the address or name as it was read from the text
	Reason  string // why a text is invalid, or the verdict unknown
	Matches []Match
	Past    []Match                  // designations that no longer stood, or did not stand yet, on that day
	Related []Match                  // what does not count as a match and is worth a look: see Match.Why
	Tags    []fundtrail.Tag          // community claims about the address; never a designation
	Asked   []*fundtrail.ListVersion // the versions that answered, by list
	// NotCovered names the lists that hold no version that could answer: none that covers
	// addresses, or names, on that day or known then.
	NotCovered []string
	// Found has an answer for each address found in a text, in its order, when there are
	// several or the text was free; their matches are in this answer too.
	Found []Answer
}

// A Match is one designation that a question touches. The clocks of an address's
// designation are the address's own: since when its party was listed with it.
type Match struct {
	Designation *fundtrail.Designation
	Version     *fundtrail.ListVersion // the version that answered; of a past designation the last that holds it
	Wallet      string                 // the address as the list writes it, for an address
	Name        string                 // the name as the list writes it, for a name
	Score       float64                // 1 for an address
	Why         string                 // how they match, in a sentence: "listed as XBT; bitcoin is the same chain"
	Tokens      []TokenMatch           // a name's score, token by token
}

// A TokenMatch is how one part of an asked name was found in a listed one.
type TokenMatch struct {
	Asked, Listed string  // one of them is "" for a part that the other lacks
	Score, Weight float64 // of Score 0 to 1, Weight is its share in the whole
	How           string  // "same", "spelling", "sound", "initial", "transliterated", "missing", ...
}
