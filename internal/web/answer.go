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
	Schema   string           `json:"schema" example:"fundtrail.screenings/1"`
	Snapshot string           `json:"snapshot" doc:"Names the set of list versions that all items were answered from"`
	Time     string           `json:"time" format:"date-time" doc:"When the batch came in"`
	Counts   map[string]int   `json:"counts" doc:"Items by verdict"`
	Asked    map[string]Asked `json:"asked" doc:"What answered, by the name that the answers give"`
	Answers  []ItemAnswer     `json:"answers" doc:"One for each item, in their order"`
}

// Asked is what answered questions about one day and one state of knowledge.
type Asked struct {
	Versions   []Version `json:"versions" doc:"By list"`
	NotCovered []string  `json:"not_covered,omitempty" doc:"Lists without a version that could answer"`
}

// Answer is the answer of GET /v1/screen/address/{address}: a document as the command
// line prints it and a record keeps it, and where it comes from.
type Answer struct {
	Schema string `json:"schema" example:"fundtrail.screening/1"`
	Said
	Asked      []Version `json:"asked" doc:"The versions that answered, by list"`
	NotCovered []string  `json:"not_covered,omitempty" doc:"Lists without a version that could answer"`
	Snapshot   string    `json:"snapshot" doc:"Names the set of list versions in force"`
	Time       string    `json:"time" format:"date-time" doc:"When the question came in"`
	Record     string    `json:"record,omitempty" doc:"The answer's place in the decision record"`
}

// An ItemAnswer is the answer to one item of a batch.
type ItemAnswer struct {
	ID string `json:"id,omitempty" doc:"The item's own"`
	Said
	Asked  string `json:"asked" doc:"Names what answered, see asked beside answers"`
	Record string `json:"record,omitempty" doc:"The answer's place in the decision record"`
}

// Said is what the lists say to a question. The fields are those of screen.Document.
type Said struct {
	Verdict string        `json:"verdict" enum:"match,clear,unknown,invalid" doc:"clear: no asked list held it, which is never clean; unknown: no list covers that day; invalid: the text cannot be what it was said to be"`
	Kind    string        `json:"kind,omitempty" enum:"address,name,text" doc:"How the text was read"`
	Read    string        `json:"read" doc:"The address or name as it was read from the text"`
	Reason  string        `json:"reason,omitempty" doc:"Why it is invalid or unknown"`
	Method  string        `json:"method" example:"address-key/1" doc:"The method and its version that the answer follows from"`
	AsOf    string        `json:"as_of,omitempty" format:"date-time" doc:"The day that was asked about, where one was"`
	KnownAt string        `json:"known_at,omitempty" format:"date-time" doc:"By what was known then, where it was asked"`
	Matches []Match       `json:"matches" doc:"Designations that count"`
	Past    []Match       `json:"past,omitempty" doc:"Designations that no longer stood, or did not stand yet, on that day"`
	Related []Match       `json:"related,omitempty" doc:"What does not count as a match and is worth a look"`
	Tags    []Label       `json:"tags,omitempty" doc:"Claims of a community about the address; never a designation"`
	Found   []FoundInText `json:"found,omitempty" doc:"An answer for each address found in a text"`
	LeftOut int           `json:"left_out,omitempty" doc:"Matches, tags and found addresses beyond a document's bounds"`
}

// FoundInText is one address of a text.
type FoundInText struct {
	Read    string `json:"read"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
}

// A Match is one designation that a question touches, and how.
type Match struct {
	Is          string            `json:"is" example:"inference" doc:"That they are the same is our conclusion"`
	Method      string            `json:"method" example:"address-key/1"`
	Score       float64           `json:"score" doc:"0 to 1; 1 for an address"`
	Wallet      string            `json:"wallet,omitempty" doc:"The address as the list writes it"`
	Name        string            `json:"name,omitempty" doc:"The name as the list writes it"`
	Why         string            `json:"why,omitempty" doc:"How they match, in a sentence"`
	Tokens      []Token           `json:"tokens,omitempty" doc:"A name's score, part by part"`
	Designation Designation       `json:"designation"`
	Version     *VersionReference `json:"version,omitempty" doc:"The version that answered; of a past designation the last that holds it"`
}

// A Token is how one part of an asked name was found in a listed one.
type Token struct {
	Asked  string  `json:"asked,omitempty"`
	Listed string  `json:"listed,omitempty"`
	Score  float64 `json:"score"`
	Weight float64 `json:"weight" doc:"Its share in the whole"`
	How    string  `json:"how,omitempty" doc:"same, spelling, sound, initial, transliterated, missing, …"`
}

// A Designation is an entry of a list, for as long as it stood there.
type Designation struct {
	Is            string     `json:"is" example:"claim" doc:"The list says so"`
	List          string     `json:"list" example:"us-ofac-sdn"`
	UID           string     `json:"uid,omitempty" doc:"The list's own identifier"`
	Kind          string     `json:"kind,omitempty" doc:"person, organisation, vessel or aircraft, where the list says"`
	Names         []NameOf   `json:"names,omitempty" doc:"The main one first"`
	Programs      []string   `json:"programs,omitempty" doc:"As the list writes them"`
	Births        []string   `json:"births,omitempty"`
	Countries     []string   `json:"countries,omitempty"`
	More          int        `json:"more,omitempty" doc:"Names, programmes, births and countries beyond a document's bounds"`
	StatedListed  string     `json:"stated_listed,omitempty" format:"date-time" doc:"The day of listing that the list itself states"`
	Listed        string     `json:"listed,omitempty" format:"date-time" doc:"The first version that holds it"`
	ListedAfter   string     `json:"listed_after,omitempty" format:"date-time" doc:"The version before, which does not; absent where none is known"`
	Delisted      string     `json:"delisted,omitempty" format:"date-time" doc:"The first version that no longer holds it; absent while it stands"`
	DelistedAfter string     `json:"delisted_after,omitempty" format:"date-time" doc:"The last version that holds it, where it was delisted"`
	FirstSeen     string     `json:"first_seen,omitempty" format:"date-time" doc:"When we received the first version that holds it"`
	LastSeen      string     `json:"last_seen,omitempty" format:"date-time" doc:"When we received the last version that holds it"`
	Source        *SourceDoc `json:"source,omitempty" doc:"The last version that holds it"`
}

// A NameOf is one name of a party.
type NameOf struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty" doc:"alias, weak or former; absent for the main name"`
}

// A SourceDoc lets a reader check a claim again.
type SourceDoc struct {
	Title     string `json:"title,omitempty"`
	URL       string `json:"url,omitempty"`
	Published string `json:"published,omitempty" format:"date-time"`
	Retrieved string `json:"retrieved,omitempty" format:"date-time"`
	SHA256    string `json:"sha256,omitempty"`
}

// A VersionReference tells which version of the match's list answered.
type VersionReference struct {
	Format    string `json:"format,omitempty"`
	Published string `json:"published,omitempty" format:"date-time"`
	Received  string `json:"received,omitempty" format:"date-time"`
	SHA256    string `json:"sha256,omitempty"`
}

// A Version is one version of a list.
type Version struct {
	List      string   `json:"list" example:"us-ofac-sdn"`
	Format    string   `json:"format,omitempty" doc:"Which of the publisher's forms it came in"`
	Covers    []string `json:"covers" doc:"names, wallets, or both; nothing follows from what a version does not cover"`
	Published string   `json:"published,omitempty" format:"date-time" doc:"The list's clock"`
	Received  string   `json:"received,omitempty" format:"date-time" doc:"Our clock"`
	SHA256    string   `json:"sha256,omitempty" doc:"Of the file's bytes, which are kept"`
	Parties   int      `json:"parties"`
	Wallets   int      `json:"wallets" doc:"Addresses that its entries state"`
}

// A Label is a claim of a community about an address.
type Label struct {
	Is         string     `json:"is" example:"claim"`
	Chain      string     `json:"chain,omitempty"`
	Address    string     `json:"address,omitempty"`
	Label      string     `json:"label,omitempty"`
	Category   string     `json:"category,omitempty"`
	Role       string     `json:"role,omitempty"`
	Actor      string     `json:"actor,omitempty"`
	Incident   string     `json:"incident,omitempty"`
	Note       string     `json:"note,omitempty"`
	Confidence int        `json:"confidence" doc:"0 to 100"`
	Source     *SourceDoc `json:"source,omitempty"`
}

// Health is the body of /healthz.
type Health struct {
	Alive bool `json:"alive"`
}
