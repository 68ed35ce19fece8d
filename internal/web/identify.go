package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail/internal/screen"
)

// The free sanctions API's GET /api/v1/address/{address}, so that its users change the
// base URL only. Two answers differ on purpose: what is no address is an error there
// is none of in the original, and an address that no list can say anything about is
// never an empty array.

// Identifications is its answer.
type Identifications struct {
	Identifications []Identification `json:"identifications" doc:"One for each designation that names the address; empty when no asked list does"`
}

// An Identification is one designation in that API's words.
type Identification struct {
	Category    string `json:"category" example:"sanctions" doc:"Always sanctions"`
	Name        string `json:"name" example:"SANCTIONS: OFAC SDN SINBAD.IO 2023-11-29 bc1qs4c…" doc:"The list, the party, the day it was listed and the address, in one line"`
	Description string `json:"description" doc:"Programmes, the party's kind and the list's own remarks"`
	URL         string `json:"url" doc:"Where the list was retrieved; empty when it was imported from a file"`
}

var noIdentifications = []byte(`{"identifications":[]}` + "\n")

func (s *Server) identify(w http.ResponseWriter, r *http.Request, c *call) int {
	text, p := pathText(c.rest)
	if p == nil && r.URL.RawQuery != "" {
		p = invalid("query", "this route takes no parameters; /v1/screen/address/{address} takes chain, as_of and known_at")
	}
	if p != nil {
		return p.write(w)
	}
	snap := s.snapshot.Load()
	if snap == nil {
		return notReady.write(w)
	}
	a := snap.Index.Ask(screen.Question{Text: text, Kind: screen.AnAddress})
	s.metrics.verdicts[a.Verdict].Inc()
	if p := s.keep(r.Context(), c, snap, []screen.Question{{Text: text, Kind: screen.AnAddress}}, []screen.Answer{a}, nil); p != nil {
		return p.write(w)
	}
	switch a.Verdict {
	case screen.Invalid:
		return invalid("path.address", a.Reason).write(w)
	case screen.Unknown:
		return problem(http.StatusServiceUnavailable, "no-coverage", "no list answers: "+a.Reason).after(s.opt.Poll).write(w)
	case screen.Clear:
		return writeJSON(w, noIdentifications)
	}
	var out Identifications
	for i := range a.Matches {
		out.Identifications = append(out.Identifications, identification(&a.Matches[i]))
	}
	body, err := json.Marshal(out)
	if err != nil {
		return s.problemOf("identify", err).write(w)
	}
	return writeJSON(w, append(body, '\n'))
}

func identification(m *screen.Match) Identification {
	d := m.Designation
	words := []string{"SANCTIONS:", listTitle(d.List), partyName(d)}
	// The list's own date, else the version's, where the one before shows that it was new.
	switch {
	case !d.Party.Listed.IsZero():
		words = append(words, d.Party.Listed.UTC().Format(time.DateOnly))
	case !d.ListedAfter.IsZero():
		words = append(words, d.Listed.UTC().Format(time.DateOnly))
	}
	words = append(words, m.Wallet)
	var about []string
	if d.Party.Kind != "" {
		about = append(about, string(d.Party.Kind))
	}
	about = append(about, "id "+d.Party.UID)
	if len(d.Party.Programs) > 0 {
		about = append(about, "programmes "+strings.Join(d.Party.Programs, ", "))
	}
	if m.Why != "" {
		about = append(about, m.Why)
	}
	if d.Party.Note != "" {
		about = append(about, d.Party.Note)
	}
	return Identification{Category: "sanctions", Name: strings.Join(words, " "), Description: strings.Join(about, "; "), URL: d.Source.URL}
}

// pathText decodes the part of a path that is an address.
func pathText(raw string) (string, *Problem) {
	text := raw
	if strings.IndexByte(raw, '%') >= 0 {
		var err error
		if text, err = url.PathUnescape(raw); err != nil {
			return "", invalid("path.address", "is not percent-encoded as it should be: "+err.Error())
		}
	}
	if strings.IndexByte(raw, '/') >= 0 {
		return "", invalid("path.address", "has a slash; encode it as %2F, or send the text to POST /v1/screen")
	}
	if strings.TrimSpace(text) == "" {
		return "", invalid("path.address", "is empty")
	}
	return text, nil
}
