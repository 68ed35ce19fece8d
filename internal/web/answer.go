package web

import "encoding/json"

// The bodies of the screening routes, as the OpenAPI document shows them. The hot path
// writes them by hand; a test reads what it writes back into these types.

// BatchBody is the body of POST /v1/screen.
type BatchBody struct {
	Items     []Item  `json:"items" minItems:"1" maxItems:"10000" doc:"What to screen"`
	Kind      string  `json:"kind,omitempty" enum:"address,name,text" doc:"How to read items that do not say it; left out: an address where the text has an address's form, else a name"`
	Chain     string  `json:"chain,omitempty" example:"eth" doc:"The chain of addresses, where you know it"`
	AsOf      string  `json:"as_of,omitempty" example:"2023-11-30" doc:"The list's clock: a day; what stood on it. Left out: the newest version"`
	KnownAt   string  `json:"known_at,omitempty" example:"2023-12-01" doc:"Our clock: a day or a time; by the versions received until then. Left out: all"`
	Threshold float64 `json:"threshold,omitempty" minimum:"0" maximum:"1" doc:"The least score of a name that is a match"`
	Limit     int     `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"The most matches of an item; left out: 10"`
}

// An Item is one text to screen: the text alone, or an object.
type Item struct {
	Text      string   `json:"text" doc:"What is screened"`
	ID        string   `json:"id,omitempty" maxLength:"200" doc:"Your own name for the item, echoed"`
	Kind      string   `json:"kind,omitempty" enum:"address,name,text" doc:"How to read the text"`
	Chain     string   `json:"chain,omitempty" doc:"The chain of an address, where you know it"`
	AsOf      string   `json:"as_of,omitempty" doc:"As beside items, for this item"`
	KnownAt   string   `json:"known_at,omitempty" doc:"As beside items, for this item"`
	Party     string   `json:"party,omitempty" enum:"person,organisation,vessel,aircraft" doc:"Evidence for a name: what kind of party it is"`
	Births    []string `json:"births,omitempty" maxItems:"20" doc:"Evidence for a name: years, months or days as 1962, 1962-03, 1962-03-14"`
	Countries []string `json:"countries,omitempty" maxItems:"20" doc:"Evidence for a name: ISO 3166-1 alpha-2"`
	Threshold float64  `json:"threshold,omitempty" minimum:"0" maximum:"1" doc:"As beside items, for this item"`
	Limit     int      `json:"limit,omitempty" minimum:"0" maximum:"100" doc:"As beside items, for this item"`
}

// UnmarshalJSON takes a text alone as well.
func (i *Item) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &i.Text)
	}
	type plain Item
	return json.Unmarshal(b, (*plain)(i))
}

// BatchAnswer is the answer of POST /v1/screen.
type BatchAnswer struct {
	Schema   string                     `json:"schema" example:"fundtrail.screenings/1"`
	Snapshot string                     `json:"snapshot" doc:"Names the set of list versions that all items were answered from"`
	Time     string                     `json:"time" format:"date-time" doc:"When the batch came in"`
	Counts   map[string]int             `json:"counts" doc:"Items by verdict"`
	Asked    map[string][]VersionOfList `json:"asked" doc:"The sets of versions that answered, by the name that the items give"`
	Answers  []ItemAnswer               `json:"answers" doc:"One for each item, in their order"`
}

// Answer is the answer of GET /v1/screen/address/{address}.
type Answer struct {
	Schema   string          `json:"schema" example:"fundtrail.screening/1"`
	Snapshot string          `json:"snapshot" doc:"Names the set of list versions in force"`
	Time     string          `json:"time" format:"date-time" doc:"When the question came in"`
	Record   string          `json:"record,omitempty" doc:"The answer's place in the decision record"`
	AsOf     string          `json:"as_of,omitempty" doc:"The day that was asked about, where one was"`
	KnownAt  string          `json:"known_at,omitempty" format:"date-time" doc:"By what was known then, where it was asked"`
	Chain    string          `json:"chain,omitempty" doc:"The chain that was asked for"`
	Asked    []VersionOfList `json:"asked" doc:"The versions that answered, by list"`
	Said
}

// An ItemAnswer is the answer to one item of a batch.
type ItemAnswer struct {
	ID     string `json:"id,omitempty" doc:"The item's own"`
	Record string `json:"record,omitempty" doc:"The answer's place in the decision record"`
	Asked  string `json:"asked" doc:"Names the set of versions that answered, see asked beside answers"`
	Said
}

// Said is what the lists say to a question.
type Said struct {
	Verdict    string     `json:"verdict" enum:"match,clear,unknown,invalid" doc:"clear: no asked list held it, which is never clean; unknown: no list covers that day; invalid: the text cannot be what it was said to be"`
	Kind       string     `json:"kind" enum:"address,name,text" doc:"How the text was read"`
	Read       string     `json:"read" doc:"The address or name as it was read from the text"`
	Reason     string     `json:"reason,omitempty" doc:"Why it is invalid or unknown"`
	Matches    []Listing  `json:"matches,omitempty" doc:"Designations that count"`
	Past       []Listing  `json:"past,omitempty" doc:"Designations that no longer stood, or did not stand yet, on that day"`
	Related    []Listing  `json:"related,omitempty" doc:"What does not count as a match and is worth a look"`
	Tags       []Label    `json:"tags,omitempty" doc:"Claims of a community about the address; never a designation"`
	NotCovered []string   `json:"not_covered,omitempty" doc:"Lists without a version that could answer"`
	Found      []SaidOfIt `json:"found,omitempty" doc:"An answer for each address found in a text"`
}

// SaidOfIt is what the lists say to one address of a text.
type SaidOfIt struct {
	Verdict string `json:"verdict"`
	Read    string `json:"read"`
	Reason  string `json:"reason,omitempty"`
}

// A Listing is one designation that a question touches.
type Listing struct {
	List          string        `json:"list" example:"us-ofac-sdn"`
	UID           string        `json:"uid" doc:"The list's own identifier of the party"`
	Name          string        `json:"name" doc:"The party's main name"`
	Party         string        `json:"party,omitempty" doc:"person, organisation, vessel or aircraft, where the list says"`
	Programs      []string      `json:"programs,omitempty" doc:"As the list writes them"`
	Listed        string        `json:"listed,omitempty" format:"date-time" doc:"The first version that holds it"`
	ListedAfter   string        `json:"listed_after,omitempty" format:"date-time" doc:"The version before, which does not hold it; absent where none is known: it may be older"`
	Delisted      string        `json:"delisted,omitempty" format:"date-time" doc:"The first version that no longer holds it; absent while it stands"`
	DelistedAfter string        `json:"delisted_after,omitempty" format:"date-time" doc:"The last version that holds it, where it was delisted"`
	FirstSeen     string        `json:"first_seen,omitempty" format:"date-time" doc:"When we received the first version that holds it"`
	LastSeen      string        `json:"last_seen,omitempty" format:"date-time" doc:"When we received the last version that holds it"`
	Version       VersionOfList `json:"version" doc:"The version that answered; of a past designation the last that holds it"`
	URL           string        `json:"url,omitempty" doc:"Where it was retrieved"`
	Wallet        string        `json:"wallet,omitempty" doc:"The address as the list writes it"`
	MatchedName   string        `json:"matched_name,omitempty" doc:"The name that matched, as the list writes it"`
	Score         float64       `json:"score" doc:"0 to 1; 1 for an address"`
	Why           string        `json:"why,omitempty" doc:"How they match, in a sentence"`
	Tokens        []Token       `json:"tokens,omitempty" doc:"A name's score, part by part"`
}

// A Token is how one part of an asked name was found in a listed one.
type Token struct {
	Asked  string  `json:"asked,omitempty"`
	Listed string  `json:"listed,omitempty"`
	Score  float64 `json:"score"`
	Weight float64 `json:"weight"`
	How    string  `json:"how,omitempty"`
}

// A Label is a claim about an address.
type Label struct {
	Label      string `json:"label"`
	Category   string `json:"category,omitempty"`
	Actor      string `json:"actor,omitempty"`
	Confidence int    `json:"confidence" doc:"0 to 100"`
	Source     string `json:"source,omitempty"`
}

// Health is the body of /healthz.
type Health struct {
	Alive bool `json:"alive"`
}
