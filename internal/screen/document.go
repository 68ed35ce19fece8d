package screen

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fundtrail/fundtrail"
)

// Schema names the version of [Document]. A field that is added leaves it alone; a field
// that changes its meaning or its name raises it.
const Schema = "fundtrail.screening/1"

// The methods by which a text is held to touch a designation. One whose answers change
// gets the next number.
const (
	MethodAddress fundtrail.Method = "address-key/1" // equal keys, whatever the spelling and the chain's name
	MethodName    fundtrail.Method = "names/1"       // token by token
)

// Bounds of a document: lists and labels are other people's, and may be hostile.
const (
	maxText    = 1000 // bytes of any one text
	maxRead    = 4000 // bytes of what was screened
	maxMatches = 1000 // of each kind, and of addresses found in a text
	maxTags    = 100
	maxNames   = 20 // of one party, and of its programmes, births and countries each
	maxTokens  = 100
)

// A Document is an answer as JSON: what the command line prints, the HTTP API returns
// and a record keeps. doc/formats-screenings.md describes every field. Times are RFC 3339
// in UTC. What Is says "claim" somebody else says; what Is says "inference" a method of
// ours concludes.
type Document struct {
	Schema     string            `json:"schema"`
	Verdict    Verdict           `json:"verdict"`
	Kind       Kind              `json:"kind,omitempty"`
	Read       string            `json:"read"`
	Reason     string            `json:"reason,omitempty"`
	Method     fundtrail.Method  `json:"method"`
	AsOf       string            `json:"as_of,omitempty"`
	KnownAt    string            `json:"known_at,omitempty"`
	Matches    []MatchDocument   `json:"matches"`
	Past       []MatchDocument   `json:"past,omitempty"`
	Related    []MatchDocument   `json:"related,omitempty"`
	Tags       []TagDocument     `json:"tags,omitempty"`
	Found      []FoundDocument   `json:"found,omitempty"`
	Asked      []VersionDocument `json:"asked"`
	NotCovered []string          `json:"not_covered,omitempty"`
	LeftOut    int               `json:"left_out,omitempty"` // matches, tags and found addresses beyond the bounds
}

// A MatchDocument is one designation that was touched, and how.
type MatchDocument struct {
	Is          string              `json:"is"` // inference
	Method      fundtrail.Method    `json:"method"`
	Score       float64             `json:"score"`
	Wallet      string              `json:"wallet,omitempty"`
	Name        string              `json:"name,omitempty"`
	Why         string              `json:"why,omitempty"`
	Tokens      []TokenDocument     `json:"tokens,omitempty"`
	Designation DesignationDocument `json:"designation"`
	Version     *VersionReference   `json:"version,omitempty"`
}

// A TokenDocument is a part of a name's score.
type TokenDocument struct {
	Asked  string  `json:"asked,omitempty"`
	Listed string  `json:"listed,omitempty"`
	Score  float64 `json:"score"`
	Weight float64 `json:"weight"`
	How    string  `json:"how,omitempty"`
}

// A DesignationDocument is an entry of a list, for as long as it stood there.
type DesignationDocument struct {
	Is            string             `json:"is"` // claim
	List          string             `json:"list"`
	UID           string             `json:"uid,omitempty"`
	Kind          string             `json:"kind,omitempty"`
	Names         []NameDocument     `json:"names,omitempty"`
	Programs      []string           `json:"programs,omitempty"`
	Births        []string           `json:"births,omitempty"`
	Countries     []string           `json:"countries,omitempty"`
	More          int                `json:"more,omitempty"` // names, programmes, births and countries beyond the bounds
	StatedListed  string             `json:"stated_listed,omitempty"`
	Listed        string             `json:"listed,omitempty"`
	ListedAfter   string             `json:"listed_after,omitempty"`
	Delisted      string             `json:"delisted,omitempty"`
	DelistedAfter string             `json:"delisted_after,omitempty"`
	FirstSeen     string             `json:"first_seen,omitempty"`
	LastSeen      string             `json:"last_seen,omitempty"`
	Source        *SourceDescription `json:"source,omitempty"`
}

// A NameDocument is one name of a party.
type NameDocument struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"`
}

// A SourceDescription lets a reader check a claim again.
type SourceDescription struct {
	Title     string `json:"title,omitempty"`
	URL       string `json:"url,omitempty"`
	Published string `json:"published,omitempty"`
	Retrieved string `json:"retrieved,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// A VersionReference tells which version of the match's list answered.
type VersionReference struct {
	Format    string `json:"format,omitempty"`
	Published string `json:"published,omitempty"`
	Received  string `json:"received,omitempty"`
	SHA256    string `json:"sha256,omitempty"`
}

// A VersionDocument is one version of a list.
type VersionDocument struct {
	List      string   `json:"list"`
	Format    string   `json:"format,omitempty"`
	Covers    []string `json:"covers"`
	Published string   `json:"published,omitempty"`
	Received  string   `json:"received,omitempty"`
	SHA256    string   `json:"sha256,omitempty"`
	Parties   int      `json:"parties"`
	Wallets   int      `json:"wallets"`
}

// A TagDocument is what the community says about an address.
type TagDocument struct {
	Is         string             `json:"is"` // claim
	Chain      string             `json:"chain,omitempty"`
	Address    string             `json:"address,omitempty"`
	Label      string             `json:"label,omitempty"`
	Category   string             `json:"category,omitempty"`
	Role       string             `json:"role,omitempty"`
	Actor      string             `json:"actor,omitempty"`
	Incident   string             `json:"incident,omitempty"`
	Note       string             `json:"note,omitempty"`
	Confidence int                `json:"confidence"`
	Source     *SourceDescription `json:"source,omitempty"`
}

// A FoundDocument is one address that was found in a text.
type FoundDocument struct {
	Read    string  `json:"read"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
}

const (
	isClaim     = "claim"
	isInference = "inference"
)

// NewDocument makes the document of an answer. [AppendJSON] writes the same without it.
func NewDocument(q *Question, a *Answer) Document {
	d := Document{
		Schema: Schema, Verdict: a.Verdict, Kind: Kind(bounded(string(a.Kind), maxText)),
		Read: bounded(a.Read, maxRead), Reason: bounded(a.Reason, maxText), Method: methodOf(a),
		AsOf: stamp(q.AsOf), KnownAt: stamp(q.Known),
		Matches: matchDocuments(a.Matches), Past: matchDocuments(a.Past), Related: matchDocuments(a.Related),
		Asked: []VersionDocument{}, LeftOut: leftOut(a),
	}
	for i := range a.Tags[:min(len(a.Tags), maxTags)] {
		d.Tags = append(d.Tags, tagDocument(&a.Tags[i]))
	}
	for i := range a.Found[:min(len(a.Found), maxMatches)] {
		f := &a.Found[i]
		d.Found = append(d.Found, FoundDocument{bounded(f.Read, maxText), f.Verdict, bounded(f.Reason, maxText)})
	}
	for _, v := range a.Asked {
		d.Asked = append(d.Asked, versionDocument(v))
	}
	d.NotCovered = boundedAll(a.NotCovered, math.MaxInt)
	return d
}

// ParseDocument reads a document.
func ParseDocument(text []byte) (Document, error) {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("read a screening: %w: %w", err, fundtrail.ErrInvalid)
	}
	if d.Schema != Schema {
		return d, fmt.Errorf("read a screening: its schema is %q, this program reads %q: %w", bounded(d.Schema, 100), Schema, fundtrail.ErrInvalid)
	}
	return d, nil
}

func methodOf(a *Answer) fundtrail.Method {
	if a.Kind == AName {
		return MethodName
	}
	return MethodAddress
}

func (m *Match) method() fundtrail.Method {
	if m.Wallet == "" && m.Name != "" {
		return MethodName
	}
	return MethodAddress
}

func leftOut(a *Answer) int {
	return max(0, len(a.Matches)-maxMatches) + max(0, len(a.Past)-maxMatches) + max(0, len(a.Related)-maxMatches) +
		max(0, len(a.Tags)-maxTags) + max(0, len(a.Found)-maxMatches)
}

func matchDocuments(matches []Match) []MatchDocument {
	matches = matches[:min(len(matches), maxMatches)]
	out := make([]MatchDocument, len(matches))
	for i := range matches {
		out[i] = matchDocument(&matches[i])
	}
	return out
}

func matchDocument(m *Match) MatchDocument {
	d := MatchDocument{
		Is: isInference, Method: m.method(), Score: share(m.Score),
		Wallet: bounded(m.Wallet, maxText), Name: bounded(m.Name, maxText), Why: bounded(m.Why, maxText),
		Designation: designationDocument(m.Designation),
	}
	for _, t := range m.Tokens[:min(len(m.Tokens), maxTokens)] {
		d.Tokens = append(d.Tokens, TokenDocument{
			bounded(t.Asked, maxText), bounded(t.Listed, maxText), share(t.Score), share(t.Weight), bounded(t.How, maxText)})
	}
	if v := m.Version; v != nil {
		d.Version = &VersionReference{bounded(v.Format, maxText), stamp(v.Published), stamp(v.Received), digest(v.SHA256)}
	}
	return d
}

func designationDocument(d *fundtrail.Designation) DesignationDocument {
	if d == nil {
		return DesignationDocument{Is: isClaim}
	}
	p := &d.Party
	out := DesignationDocument{
		Is: isClaim, List: bounded(d.List, maxText), UID: bounded(p.UID, maxText), Kind: bounded(string(p.Kind), maxText),
		Programs: boundedAll(p.Programs, maxNames), Births: boundedAll(p.Births, maxNames), Countries: boundedAll(p.Countries, maxNames),
		More: more(p), StatedListed: stamp(p.Listed),
		Listed: stamp(d.Listed), ListedAfter: stamp(d.ListedAfter), Delisted: stamp(d.Delisted), DelistedAfter: stamp(d.DelistedAfter),
		FirstSeen: stamp(d.FirstSeen), LastSeen: stamp(d.LastSeen), Source: sourceDescription(&d.Source),
	}
	for _, n := range p.Names[:min(len(p.Names), maxNames)] {
		out.Names = append(out.Names, NameDocument{bounded(n.Text, maxText), bounded(string(n.Kind), maxText)})
	}
	return out
}

func more(p *fundtrail.Party) int {
	return max(0, len(p.Names)-maxNames) + max(0, len(p.Programs)-maxNames) +
		max(0, len(p.Births)-maxNames) + max(0, len(p.Countries)-maxNames)
}

func sourceDescription(s *fundtrail.Source) *SourceDescription {
	if *s == (fundtrail.Source{}) {
		return nil
	}
	return &SourceDescription{bounded(s.Title, maxText), bounded(s.URL, maxText), stamp(s.Published), stamp(s.Retrieved), digest(s.SHA256)}
}

func versionDocument(v *fundtrail.ListVersion) VersionDocument {
	return VersionDocument{
		List: bounded(v.List, maxText), Format: bounded(v.Format, maxText), Covers: covers(v.Covers),
		Published: stamp(v.Published), Received: stamp(v.Received), SHA256: digest(v.SHA256), Parties: v.Parties, Wallets: v.Wallets,
	}
}

func tagDocument(t *fundtrail.Tag) TagDocument {
	return TagDocument{
		Is: isClaim, Chain: string(t.Address.Chain()), Address: t.Address.String(),
		Label: bounded(t.Label, maxText), Category: bounded(t.Category, maxText), Role: bounded(string(t.Role), maxText),
		Actor: bounded(t.Actor, maxText), Incident: bounded(t.Incident, maxText), Note: bounded(t.Note, maxText),
		Confidence: int(t.Confidence), Source: sourceDescription(&t.Source),
	}
}

func covers(s fundtrail.ListScope) []string {
	out := []string{}
	if s&fundtrail.CoversNames != 0 {
		out = append(out, "names")
	}
	if s&fundtrail.CoversWallets != 0 {
		out = append(out, "wallets")
	}
	return out
}

// bounded makes a text valid UTF-8 of at most max bytes, an ellipsis included where it
// was cut.
func bounded(s string, max int) string {
	if len(s) > max {
		const dots = "…"
		cut := max - len(dots)
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + dots
	}
	if utf8.ValidString(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) > max {
		return bounded(s, max) // a replacement is longer than the byte it replaces
	}
	return s
}

func boundedAll(texts []string, most int) []string {
	if len(texts) == 0 {
		return nil
	}
	texts = texts[:min(len(texts), most)]
	out := make([]string, len(texts))
	for i, s := range texts {
		out[i] = bounded(s, maxText)
	}
	return out
}

// share is a number from 0 to 1 in millionths, so that the last digit of a sum, which
// processors may compute differently, is not shown.
func share(x float64) float64 {
	if !(x > 0) { // nor a number
		return 0
	}
	return math.Round(min(x, 1)*1e6) / 1e6
}

// stamp writes a time, "" for none. A year that RFC 3339 cannot write is none either.
func stamp(t time.Time) string {
	if !hasStamp(t) {
		return ""
	}
	return string(appendStamp(nil, t))
}

func digest(d [32]byte) string {
	if d == ([32]byte{}) {
		return ""
	}
	return hex.EncodeToString(d[:])
}
