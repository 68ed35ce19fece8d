package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// OpenSanctions' POST /match/{dataset}, as yente serves it, so that its users change
// the base URL only. The scores are our matcher's: a threshold tuned for another
// matcher has to be tuned again.

// A MatchQuery is the body.
type MatchQuery struct {
	Queries map[string]MatchEntity `json:"queries" doc:"What to match, by names of the caller's own; at most 100"`
	// Accepted because clients send them; they tune a matcher that is not here.
	Weights any `json:"weights,omitempty" doc:"Taken and not used: they tune another matcher"`
	Config  any `json:"config,omitempty" doc:"Taken and not used: it tunes another matcher"`
}

// A MatchEntity is one query, a FollowTheMoney entity.
type MatchEntity struct {
	ID         string              `json:"id,omitempty" doc:"Echoed"`
	Schema     string              `json:"schema" example:"Person" doc:"Person, Company, Organization, LegalEntity, PublicBody, Vessel, Airplane, Thing, or CryptoWallet with publicKey"`
	Properties map[string]strings1 `json:"properties" doc:"FollowTheMoney properties; names, birthDate, nationality, country, citizenship, jurisdiction and publicKey are used"`
}

// A MatchAnswer is the answer.
type MatchAnswer struct {
	Responses map[string]MatchResponse  `json:"responses" doc:"By the names of the queries"`
	Matcher   map[string]MatcherFeature `json:"matcher" doc:"What the features mean"`
	Limit     int                       `json:"limit" doc:"The most results of a query"`
}

// A MatchResponse answers one query.
type MatchResponse struct {
	Status  int           `json:"status" example:"200" doc:"200, or 400 with a detail"`
	Results []MatchResult `json:"results" doc:"Best first"`
	Total   MatchTotal    `json:"total"`
	Query   MatchEntity   `json:"query" doc:"The query as it was read"`
	Unread  []string      `json:"unread,omitempty" doc:"Evidence of the query that could not be read and was not used"`
	Detail  string        `json:"detail,omitempty" doc:"What is wrong with the query, where the status is not 200"`
}

// A MatchTotal counts.
type MatchTotal struct {
	Value    int    `json:"value"`
	Relation string `json:"relation" example:"eq"`
}

// A MatchResult is a designated party.
type MatchResult struct {
	ID         string              `json:"id" example:"us-ofac-sdn-45378" doc:"The list and its own identifier of the party"`
	Caption    string              `json:"caption" doc:"The party's main name"`
	Schema     string              `json:"schema"`
	Properties map[string][]string `json:"properties"`
	Datasets   []string            `json:"datasets" doc:"The list"`
	Referents  []string            `json:"referents" doc:"Always empty: entries of different lists are not merged"`
	Target     bool                `json:"target" doc:"Always true"`
	FirstSeen  string              `json:"first_seen,omitempty" doc:"When we received the first version that holds it"`
	LastSeen   string              `json:"last_seen,omitempty" doc:"When we received the last version that holds it"`
	LastChange string              `json:"last_change,omitempty"`
	Score      float64             `json:"score" doc:"0 to 1"`
	Features   map[string]float64  `json:"features" doc:"The score's parts"`
	Match      bool                `json:"match" doc:"Whether the score reaches the threshold"`
}

// A MatcherFeature describes a feature.
type MatcherFeature struct {
	Description string  `json:"description"`
	Coefficient float64 `json:"coefficient"`
	URL         string  `json:"url"`
}

// strings1 is a list of texts that may also be sent as one text.
type strings1 []string

func (s *strings1) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil && len(b) > 0 && b[0] == '"' {
		*s = strings1{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(s))
}

const (
	maxQueries       = 100
	defaultMatchAt   = 0.7 // yente's default threshold
	defaultCutoff    = 0.5 // yente's default cutoff
	defaultResults   = 5   // yente's default limit
	mostMatchResults = 50
)

// matchFeatures are what a score is put together from.
var matchFeatures = map[string]MatcherFeature{
	"name_match":   {"How well the best pair of names agrees, token by token", 1, ""},
	"crypto_match": {"The wallet's address is listed, by family of chains and not by ticker", 1, ""},
}

type matchParams struct {
	lists     []string // nil: all
	limit     int
	threshold float64
	cutoff    float64
	asOf      time.Time
	known     time.Time
}

func (s *Server) match(w http.ResponseWriter, r *http.Request, c *call) int {
	if p := jsonBody(r); p != nil {
		return p.write(w)
	}
	snap := s.snapshot.Load()
	if snap == nil {
		return notReady.write(w)
	}
	params, p := readMatchParams(snap, c.rest, r.URL.RawQuery)
	if p != nil {
		return p.write(w)
	}
	body, p := s.readBody(w, r)
	if p != nil {
		return p.write(w)
	}
	query, p := readMatchQuery(body)
	if p != nil {
		return p.write(w)
	}
	c.caller.bucket.charge(len(query.Queries) - 1)
	out := MatchAnswer{Responses: make(map[string]MatchResponse, len(query.Queries)), Matcher: matchFeatures, Limit: params.limit}
	names := make([]string, 0, len(query.Queries))
	for name := range query.Queries {
		names = append(names, name)
	}
	slices.Sort(names)
	deadline := c.start.Add(s.opt.Timeout)
	var asked []screen.Question
	var answers []screen.Answer
	for _, name := range names {
		if s.now().After(deadline) || r.Context().Err() != nil {
			return tooSlow.write(w)
		}
		questions, answer, response := snap.matchOne(query.Queries[name], &params)
		asked, answers = append(asked, questions...), append(answers, answer...)
		out.Responses[name] = response
	}
	for i := range answers {
		s.metrics.verdicts[answers[i].Verdict].Inc()
	}
	if p := s.keep(r.Context(), c, snap, asked, answers, nil); p != nil {
		return p.write(w)
	}
	for i := range answers {
		if answers[i].Verdict == screen.Unknown {
			return problem(http.StatusServiceUnavailable, "no-coverage", "no list answers: "+answers[i].Reason).after(s.opt.Poll).write(w)
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return s.problemOf("match", err).write(w)
	}
	return writeJSON(w, append(text, '\n'))
}

func readMatchQuery(body string) (q MatchQuery, p *Problem) {
	d := json.NewDecoder(strings.NewReader(body))
	if err := d.Decode(&q); err != nil {
		return q, invalid("body", matchSyntax(err)+`; want {"queries": {"q1": {"schema": "Person", "properties": {"name": ["…"]}}}}`)
	}
	if _, err := d.Token(); err != io.EOF {
		return q, invalid("body", "has more than one JSON value; send one object")
	}
	if len(q.Queries) == 0 {
		return q, invalid("body.queries", "is missing or empty; name at least one query")
	}
	if len(q.Queries) > maxQueries {
		return q, problem(http.StatusRequestEntityTooLarge, "too-large", fmt.Sprintf("the body has %d queries, the most is %d; send it in parts", len(q.Queries), maxQueries), Fault{"body.queries", "want at most 100"})
	}
	return q, nil
}

func matchSyntax(err error) string {
	if e := new(json.SyntaxError); errors.As(err, &e) {
		return fmt.Sprintf("is no JSON at byte %d", e.Offset)
	}
	if e := new(json.UnmarshalTypeError); errors.As(err, &e) {
		return fmt.Sprintf("%s is a %s where %s is wanted", e.Field, e.Value, e.Type)
	}
	return "is no JSON that this route reads"
}

// Parameters of yente's that change nothing that is kept here.
var ignoredParams = []string{"algorithm", "fuzzy", "simple", "api_key_name", "topics"}

func readMatchParams(snap *Snapshot, dataset, rawQuery string) (p matchParams, bad *Problem) {
	p = matchParams{limit: defaultResults, threshold: defaultMatchAt, cutoff: defaultCutoff}
	if p.lists, bad = snap.dataset("path.dataset", dataset); bad != nil {
		return p, bad
	}
	values, err := url.ParseQuery(rawQuery)
	if err != nil {
		return p, invalid("query", "is not percent-encoded as it should be")
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range values[name] {
			if bad := p.set(snap, name, v); bad != nil {
				return p, bad
			}
		}
	}
	return p, nil
}

func (p *matchParams) set(snap *Snapshot, name, v string) (bad *Problem) {
	at := "query." + name
	fraction := func() float64 {
		f, err := strconv.ParseFloat(v, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			bad = invalid(at, "want a score from 0 to 1")
		}
		return f
	}
	var err error
	switch name {
	case "limit":
		if p.limit, err = strconv.Atoi(v); err != nil || p.limit < 1 || p.limit > mostMatchResults {
			bad = invalid(at, fmt.Sprintf("want a whole number from 1 to %d", mostMatchResults))
		}
	case "threshold":
		p.threshold = fraction()
	case "cutoff":
		p.cutoff = fraction()
	case "as_of":
		p.asOf, err = parseTime(at, v, false)
	case "known_at":
		p.known, err = parseTime(at, v, true)
	case "include_dataset":
		var lists []string
		if lists, bad = snap.dataset(at, v); bad == nil {
			p.lists = append(p.lists, lists...)
		}
	case "exclude_dataset":
		var lists []string
		if lists, bad = snap.dataset(at, v); bad == nil {
			if p.lists == nil {
				p.lists = snap.listNames()
			}
			p.lists = slices.DeleteFunc(p.lists, func(l string) bool { return slices.Contains(lists, l) })
		}
	default:
		if !slices.Contains(ignoredParams, name) {
			bad = invalid(at, "is not known here; there are limit, threshold, cutoff, include_dataset, exclude_dataset, as_of and known_at")
		}
	}
	if e := new(Problem); bad == nil && errors.As(err, &e) {
		bad = e
	}
	return bad
}

// dataset finds the lists that a dataset's name means; nil is all of them.
func (n *Snapshot) dataset(place, name string) ([]string, *Problem) {
	if name == "default" || name == "sanctions" || name == "all" {
		return nil, nil
	}
	want := strings.ReplaceAll(name, "_", "-")
	lists := n.listNames()
	if slices.Contains(lists, want) {
		return []string{want}, nil
	}
	return nil, problem(http.StatusNotFound, "not-found", "no such dataset; there are default, sanctions, "+strings.Join(lists, ", "), Fault{place, "is none of the lists here"})
}

// matchOne answers one query: the best score of each party over all of its names.
func (n *Snapshot) matchOne(e MatchEntity, p *matchParams) (asked []screen.Question, answers []screen.Answer, out MatchResponse) {
	var err error
	out = MatchResponse{Status: http.StatusOK, Results: []MatchResult{}, Query: e, Total: MatchTotal{Relation: "eq"}}
	asked, out.Unread, err = e.questions(p)
	if err != nil {
		out.Status, out.Detail = http.StatusBadRequest, err.Error()
		return nil, nil, out
	}
	best := map[*fundtrail.Designation]screen.Match{}
	for _, q := range asked {
		a := n.Index.Ask(q)
		answers = append(answers, a)
		if a.Verdict == screen.Invalid {
			out.Status, out.Detail = http.StatusBadRequest, a.Reason
			return asked, answers, out
		}
		for _, m := range a.Matches {
			if p.lists != nil && !slices.Contains(p.lists, m.Designation.List) {
				continue
			}
			if was, ok := best[m.Designation]; !ok || was.Score < m.Score {
				best[m.Designation] = m
			}
		}
	}
	for _, m := range best {
		out.Results = append(out.Results, matchResult(&m, p.threshold))
	}
	slices.SortFunc(out.Results, func(a, b MatchResult) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.ID, b.ID), strings.Compare(a.FirstSeen, b.FirstSeen))
	})
	out.Total.Value = len(out.Results)
	out.Results = out.Results[:min(len(out.Results), p.limit)]
	return asked, answers, out
}
