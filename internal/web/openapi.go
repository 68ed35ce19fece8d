package web

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// anyKey is the security of every route that takes a key.
var anyKey = []map[string][]string{{"key": {}}, {"bearer": {}}}

func openAPIConfig(version string) huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Fundtrail screening", Version: version,
				Description: "Whether an address, a name or a text touches a sanctioned party: today, on any past day, and by what was known on a day. " +
					"A verdict is `match`, `clear` (no asked list held it, which is never \"clean\"), `unknown` (no list covers that day) or `invalid` (the text cannot be what it was said to be, with the reason). " +
					"Every answer names the snapshot, the set of list versions, that it was made from.",
				License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
			},
			Tags: []*huma.Tag{
				{Name: "screen", Description: "Questions"},
				{Name: "lists", Description: "What the answers are made from"},
				{Name: "record", Description: "The decision record"},
				{Name: "drop-in", Description: "Other services' routes, so that their users change a base URL only"},
				{Name: "operation", Description: "For those who run the server"},
			},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"key":    {Type: "apiKey", In: "header", Name: "X-API-Key", Description: "A key that fundtrail keys add made"},
					"bearer": {Type: "http", Scheme: "bearer", Description: "The same key"},
				},
			},
		},
		Formats:       map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat},
		DefaultFormat: "application/json",
		// A mistyped parameter that is not noticed is an answer to another question.
		RejectUnknownQueryParameters: true,
	}
}

// describe adds the routes that are not huma's.
func describe(api huma.API) {
	d := &describer{api.OpenAPI(), api.OpenAPI().Components.Schemas}
	asOf := []*huma.Param{
		d.query("as_of", "The list's clock: a day; what stood on it. Left out: the newest version", "2023-11-30"),
		d.query("known_at", "Our clock: a day or a time; by the versions received until then. Left out: all", "2023-12-01"),
	}
	address := &huma.Param{Name: "address", In: "path", Required: true, Description: "The address, percent-encoded where it needs it", Schema: &huma.Schema{Type: "string"},
		Example: "0x722122df12d4e14e13ac3b6895a86e84145b6967"}
	d.add(&huma.Operation{
		OperationID: "screenAddress", Method: http.MethodGet, Path: "/v1/screen/address/{address}", Tags: []string{"screen"}, Summary: "Screen one address",
		Description: "Spellings do not matter: XBT is BTC, 0x is every EVM chain, Tron is base58 or hexadecimal, cashaddr has its prefix or not. Needs the scope `screen`.",
		Parameters:  append([]*huma.Param{address, d.query("chain", "The chain, where you know it; the answer says when the list means another", "eth")}, asOf...),
		Responses:   d.responses(reflect.TypeFor[Answer](), 400, 401, 403, 429, 503), Security: anyKey,
	})
	d.add(&huma.Operation{
		OperationID: "screen", Method: http.MethodPost, Path: "/v1/screen", Tags: []string{"screen"}, Summary: "Screen up to 10,000 addresses, names and texts",
		Description: "Items are texts, or objects that say more. Members beside `items` hold for all items that do not say it themselves. The whole batch is answered from one snapshot, in the order of its items; an item that cannot be an address has the verdict `invalid` and is no error. " +
			"Unknown and repeated members are refused, so that nothing is screened otherwise than it was meant. Needs the scope `screen`; costs one item of the key's rate for each item.",
		RequestBody: d.body(reflect.TypeFor[BatchBody](), json.RawMessage(`{"as_of":"2023-11-30","items":["0x722122df12d4e14e13ac3b6895a86e84145b6967",{"id":"customer-7","text":"Kim Chol Su","kind":"name","births":["1962"],"countries":["KP"]},{"text":"pay 12QtD5BFwRsdNsAZY76UVE1xyCGNTojH9h please","kind":"text"}]}`)),
		Responses:   d.responses(reflect.TypeFor[BatchAnswer](), 400, 401, 403, 413, 415, 429, 503), Security: anyKey,
	})
	d.add(&huma.Operation{
		OperationID: "identify", Method: http.MethodGet, Path: "/api/v1/address/{address}", Tags: []string{"drop-in"}, Summary: "The free sanctions API's route",
		Description: "`identifications` is empty when no list holds the address. What is no address is a 400 here, and an address that no list can say anything about is a 503: neither is an empty array. Needs the scope `screen`.",
		Parameters:  []*huma.Param{address}, Responses: d.responses(reflect.TypeFor[Identifications](), 400, 401, 403, 429, 503), Security: anyKey,
	})
	number := func(name, doc string, def float64) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "number", Default: def}}
	}
	d.add(&huma.Operation{
		OperationID: "match", Method: http.MethodPost, Path: "/match/{dataset}", Tags: []string{"drop-in"}, Summary: "OpenSanctions' route",
		Description: "Takes and gives what yente does. Scores are this program's: tune the threshold again. `algorithm`, `fuzzy`, `simple`, `topics`, `weights` and `config` are taken and not used. Needs the scope `screen`; costs one item of the key's rate for each query.",
		Parameters: append([]*huma.Param{
			{Name: "dataset", In: "path", Required: true, Description: "default, sanctions or all for every list; else one list, with - or _", Schema: &huma.Schema{Type: "string"}, Example: "default"},
			number("limit", "The most results of a query, 1 to 50", defaultResults), number("threshold", "The score from which `match` is true", defaultMatchAt), number("cutoff", "The least score of a result", defaultCutoff),
			d.query("include_dataset", "A list to ask; repeat", ""), d.query("exclude_dataset", "A list not to ask; repeat", ""),
		}, asOf...),
		RequestBody: d.body(reflect.TypeFor[MatchQuery](), json.RawMessage(`{"queries":{"q1":{"schema":"Person","properties":{"name":["Kim Chol Su"],"birthDate":["1962"],"nationality":["kp"]}}}}`)),
		Responses:   d.responses(reflect.TypeFor[MatchAnswer](), 400, 401, 403, 404, 413, 415, 429, 503), Security: anyKey,
	})
	d.add(&huma.Operation{
		OperationID: "reload", Method: http.MethodPost, Path: "/v1/reload", Tags: []string{"operation"}, Summary: "Look for new lists, keys and certificates now",
		Description: "They are looked for every few seconds anyway. Needs the scope `admin`.", Responses: d.responses(reflect.TypeFor[Readiness](), 401, 403, 503), Security: anyKey,
	})
	d.add(&huma.Operation{OperationID: "healthz", Method: http.MethodGet, Path: "/healthz", Tags: []string{"operation"}, Summary: "Whether the process lives", Responses: d.responses(reflect.TypeFor[Health]())})
	d.add(&huma.Operation{OperationID: "readyz", Method: http.MethodGet, Path: "/readyz", Tags: []string{"operation"}, Summary: "Whether questions are answered, and which lists are stale",
		Responses: map[string]*huma.Response{"200": d.response(reflect.TypeFor[Readiness](), "It answers"), "503": d.response(reflect.TypeFor[Readiness](), "It does not, and why")}})
	d.add(&huma.Operation{OperationID: "metrics", Method: http.MethodGet, Path: "/metrics", Tags: []string{"operation"}, Summary: "Prometheus metrics", Description: "Needs the scope `admin`.", Security: anyKey,
		Responses: map[string]*huma.Response{"200": {Description: "Metrics", Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string"}}}}}})
}

type describer struct {
	api     *huma.OpenAPI
	schemas huma.Registry
}

func (d *describer) add(op *huma.Operation) { d.api.AddOperation(op) }

func (d *describer) query(name, doc, example string) *huma.Param {
	p := &huma.Param{Name: name, In: "query", Description: doc, Schema: &huma.Schema{Type: "string"}}
	if example != "" {
		p.Example = example
	}
	return p
}

func (d *describer) body(t reflect.Type, example any) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: d.schemas.Schema(t, true, ""), Example: example}}}
}

func (d *describer) response(t reflect.Type, doc string) *huma.Response {
	return &huma.Response{Description: doc, Content: map[string]*huma.MediaType{"application/json": {Schema: d.schemas.Schema(t, true, "")}}}
}

func (d *describer) responses(t reflect.Type, errors ...int) map[string]*huma.Response {
	out := map[string]*huma.Response{"200": d.response(t, "The answer")}
	for _, code := range errors {
		out[strconv.Itoa(code)] = &huma.Response{Description: http.StatusText(code), Content: map[string]*huma.MediaType{problemType: {Schema: d.schemas.Schema(reflect.TypeFor[Problem](), true, "")}}}
	}
	return out
}

// openAPIDocument writes the document, the same bytes every time.
func openAPIDocument(api huma.API) ([]byte, error) {
	text, err := api.OpenAPI().MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", " "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
