package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/screen"
)

// shape is what a JSON document is made of, without its values: what a client that was
// written for another service relies on.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		b, _ := json.Marshal(v) // sorts members
		var out strings.Builder
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.Token()
		out.WriteByte('{')
		for range keys {
			k, _ := d.Token()
			var inner any
			d.Decode(&inner)
			out.WriteString(k.(string) + ":" + shape(inner) + " ")
		}
		return out.String() + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	case string:
		return "text"
	case float64:
		return "number"
	case bool:
		return "bool"
	}
	return "null"
}

func shapeOf(t *testing.T, text string) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return shape(v)
}

// The free sanctions API's answers, in the form of its documentation.
const (
	documentedListed = `{"identifications": [{"category": "sanctions", "name": "SANCTIONS: OFAC SDN Secondeye Solution 2021-04-15 72a5843cc08275c8171e582972aa4fda8c397b2a", "description": "Pakistan-based Secondeye Solution", "url": "https://home.treasury.gov/news/press-releases/jy0126"}]}`
	documentedClear  = `{"identifications": []}`
)

func TestIdentify(t *testing.T) {
	s := newSite(t, func(o *Options) { o.NoAuth = false })
	status, body := s.get("/api/v1/address/" + listedETH)
	if status != 200 || shapeOf(t, body) != shapeOf(t, documentedListed) {
		t.Errorf("listed: %d %s", status, body)
	}
	got := decode[Identifications](t, body).Identifications[0]
	want := Identification{Category: "sanctions", Name: "SANCTIONS: test-list EXAMPLE MIXER 2023-11-29 " + listedETH, Description: "organisation; id 100; programmes CYBER2; listed as ETH"}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, clear := range []string{clearETH, listedBTC} { // never listed, and no longer
		status, body = s.get("/api/v1/address/" + clear)
		if status != 200 || shapeOf(t, body) != shapeOf(t, documentedClear) {
			t.Errorf("%s: %d %s", clear, status, body)
		}
	}
	// What is no address, and what no list can tell, is never an empty array.
	for path, want := range map[string]int{"nonsense": 400, "0x12": 400, clearETH + "?as_of=2020-01-01": 400} {
		if status, body := s.get("/api/v1/address/" + path); status != want || strings.Contains(body, "identifications") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, body := s.get("/api/v1/address/"+clearETH, "X-API-Key", "wrong"); status != 401 {
		t.Errorf("wrong key: %d %s", status, body)
	}
	s.lists.set(&fundtrail.ListHistory{Versions: []fundtrail.ListVersion{{List: "names-only", Covers: fundtrail.CoversNames, Published: day("2024-01-01"), Received: day("2024-01-01")}}, Members: [][]uint32{nil}}, nil)
	if err := s.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, body := s.get("/api/v1/address/" + clearETH); status != 503 || strings.Contains(body, "identifications") {
		t.Errorf("no list covers addresses: %d %s", status, body)
	}
}

// OpenSanctions' example of an answer to POST /match, in the form of its documentation.
const documentedMatch = `{"responses": {"q1": {"status": 200, "results": [{"id": "NK-1", "caption": "A", "schema": "Person", "properties": {},
	"datasets": ["us_ofac_sdn"], "referents": [], "target": true, "first_seen": "2024-01-01T00:00:00", "last_seen": "2024-01-01T00:00:00",
	"score": 0.99, "features": {}, "match": true}], "total": {"value": 1, "relation": "eq"}, "query": {"schema": "Person", "properties": {}}}},
	"matcher": {}, "limit": 5}`

func TestMatch(t *testing.T) {
	s := newSite(t, nil)
	query := `{"queries":{"q1":{"schema":"Person","properties":{"name":["Example Su Kim"],"birthDate":["1962"],"nationality":"kp"}}, "q2":{"schema":"CryptoWallet","properties":{"publicKey":["` + listedETH + `"]}},
		"q3":{"schema":"Person","properties":{"name":["Somebody Else Entirely"]}}, "q4":{"schema":"Spaceship","properties":{"name":["x"]}}, "q5":{"schema":"Person","properties":{}}}, "weights":{}, "config":{"a":1}}`
	status, body := s.post("/match/default?algorithm=logic-v2&threshold=0.7", query)
	if status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	var whole map[string]any
	if err := json.Unmarshal([]byte(body), &whole); err != nil {
		t.Fatal(err)
	}
	a := decode[MatchAnswer](t, body)
	person := a.Responses["q1"]
	if person.Status != 200 || len(person.Results) == 0 || person.Results[0].ID != "test-list-200" || !person.Results[0].Match || person.Results[0].Schema != "Person" ||
		person.Total.Value != len(person.Results) || person.Results[0].Properties["nationality"][0] != "kp" || person.Results[0].Datasets[0] != "test_list" {
		t.Errorf("the person: %+v", person)
	}
	wallet := a.Responses["q2"]
	if len(wallet.Results) != 1 || wallet.Results[0].ID != "test-list-100" || wallet.Results[0].Score != 1 || wallet.Results[0].Features["crypto_match"] != 1 {
		t.Errorf("the wallet: %+v", wallet)
	}
	if other := a.Responses["q3"]; other.Status != 200 || other.Results == nil || len(other.Results) != 0 {
		t.Errorf("somebody else: %+v", other)
	}
	for _, q := range []string{"q4", "q5"} {
		if bad := a.Responses[q]; bad.Status != 400 || bad.Detail == "" {
			t.Errorf("%s: %+v", q, bad)
		}
	}
	// The whole of the documented example's form is there.
	only, _ := json.Marshal(map[string]any{"queries": map[string]any{"q1": map[string]any{"schema": "Person", "properties": map[string]any{"name": []string{"Example Su Kim"}}}}})
	_, body = s.post("/match/sanctions", string(only))
	var got, want map[string]any
	json.Unmarshal([]byte(body), &got)
	json.Unmarshal([]byte(documentedMatch), &want)
	missing(t, "", want, got)
}

// missing reports the members that a document lacks of another, at any depth.
func missing(t *testing.T, at string, want, got any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T", at, got)
			return
		}
		for k, v := range want {
			if _, ok := m[k]; !ok {
				t.Errorf("%s.%s is missing", at, k)
				continue
			}
			missing(t, at+"."+k, v, m[k])
		}
	case []any:
		l, ok := got.([]any)
		if !ok || len(want) > 0 && len(l) == 0 {
			t.Errorf("%s is %v", at, got)
			return
		}
		if len(want) > 0 {
			missing(t, at+"[0]", want[0], l[0])
		}
	default:
		if shape(want) != shape(got) {
			t.Errorf("%s is %v, want a %s", at, got, shape(want))
		}
	}
}

func TestMatchParameters(t *testing.T) {
	s := newSite(t, nil)
	query := `{"queries":{"q":{"schema":"CryptoWallet","properties":{"publicKey":["` + listedBTC + `"]}}}}`
	for path, want := range map[string]int{
		"default": 0, "default?as_of=2023-12-01": 1, "test_list?as_of=2023-12-01": 1, "test-list?as_of=2023-12-01": 1,
		"default?as_of=2023-12-01&exclude_dataset=test-list": 0, "default?as_of=2023-12-01&include_dataset=test-list": 1,
	} {
		status, body := s.post("/match/"+path, query)
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", path, status, body)
			continue
		}
		if got := len(decode[MatchAnswer](t, body).Responses["q"].Results); got != want {
			t.Errorf("%s: %d results, want %d", path, got, want)
		}
	}
	for path, want := range map[string]string{
		"default?limit=0": "query.limit", "default?limit=51": "query.limit", "default?threshold=7": "query.threshold", "default?cutoff=x": "query.cutoff",
		"default?tresh=1": "query.tresh", "default?as_of=now": "query.as_of", "default?include_dataset=moon": "query.include_dataset",
	} {
		if status, body := s.post("/match/"+path, query); status < 400 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

// TestFTMNames: every property that holds a name is asked, and no name twice.
func TestFTMNames(t *testing.T) {
	e := MatchEntity{Schema: "Person", Properties: map[string]strings1{"firstName": {"Ann", "Anna"}, "lastName": {"Lee"}}}
	p := matchParams{cutoff: 0.5}
	questions, unread, err := e.questions(&p)
	if err != nil || len(questions) != 2 || questions[0].Text != "Ann Lee" || len(unread) != 0 {
		t.Errorf("%+v, %v, %v", questions, unread, err)
	}
	e = MatchEntity{Schema: "Company", Properties: map[string]strings1{"name": {"A B", " A B "}, "alias": {"C"}, "birthDate": {"1962-03-14T00:00", "about 1970"}, "country": {"KP", "kp", "North Korea"}}}
	questions, unread, err = e.questions(&p)
	if err != nil || len(questions) != 2 || questions[0].Party != fundtrail.Organisation || len(questions[0].Births) != 1 || len(questions[0].Countries) != 1 || len(unread) != 2 {
		t.Errorf("%+v, %v, %v", questions, unread, err)
	}
	if questions[0].Kind != screen.AName || questions[0].Threshold != 0.5 {
		t.Errorf("%+v", questions[0])
	}
}
