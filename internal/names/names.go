// Package names compares names of people, organisations and vessels across spellings,
// orders and scripts, and finds those in a large list that a name may mean. It is pure,
// and explains each score part by part.
//
// A name is read into one or more readings ([Compare] and [Build] do it alike): words
// in Latin letters, each with what it does in the name. Chinese characters have a
// Mandarin, a Korean and where they are found a Japanese reading; the best pair of
// readings counts. Words are then matched one to one at the least loss; what is left
// over on one side only costs little, as names are often given in part, and what is
// left over on both sides is a contradiction and costs much.
//
// An [Index] never changes and may be searched from many goroutines at once.
package names

import "github.com/fundtrail/fundtrail"

// DefaultThreshold is the least score that counts as a match unless the asker sets one.
// doc/methods-names.md says what is found and missed at it.
const DefaultThreshold = 0.72

// An Entry is a party to be found by any of its names.
type Entry struct {
	Kind      fundtrail.PartyKind
	Names     []fundtrail.Name
	Births    []string // as in fundtrail.Party
	Countries []string // ISO 3166-1 alpha-2, upper case
}

// A Query is a name to look for, with the evidence its asker has.
type Query struct {
	Name      string
	Kind      fundtrail.PartyKind
	Births    []string
	Countries []string
}

// A Hit is an entry that a query may mean.
type Hit struct {
	Entry, Name int     // indexes of Build's entries and of the entry's names
	Score       float64 // 0 to 1
	Tokens      []Token
	Why         string // in a sentence
}

// A Token is how a part of the asked name was found in the listed one. The weights of
// a comparison sum to 1, and its score is the sum of Weight times Score, before the
// evidence of births, countries and kinds.
type Token struct {
	Asked, Listed string // as written; "" for a part that the other lacks
	Score, Weight float64
	How           string // one of the How constants
}

// How a part was found.
const (
	HowSame           = "same"
	HowSpelling       = "spelling"       // a typing mistake, or a variant
	HowSound          = "sound"          // written otherwise, pronounced alike
	HowTransliterated = "transliterated" // the same in another script
	HowVariant        = "variant"        // the same name in another language, or its short form
	HowInitial        = "initial"
	HowJoined         = "joined" // written in one word here and in several there
	HowAcronym        = "acronym"
	HowForm           = "legal form" // of a company
	HowNumber         = "number"     // a number that differs
	HowMissing        = "missing"    // on one side, with nothing in its place on the other
	HowRepeated       = "repeated"   // the same word once more
	HowDifferent      = "different"  // each side has what the other lacks
)

// Compare scores how likely two names mean one party, without knowing how rare their
// words are. It is symmetric: swapping the names swaps Asked and Listed.
func Compare(kind fundtrail.PartyKind, asked, listed string) (score float64, tokens []Token) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	best, a, b := s.compareReadings(kind, readings(kind, asked), readings(kind, listed))
	if a == nil {
		return 0, nil
	}
	return best, s.explain(a, b)
}
