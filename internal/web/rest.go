package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// The routes that are asked now and then are huma's: it reads parameters, checks them
// against what the OpenAPI document says, and writes answers. It sits behind the same
// guard as the others.

// restRoutes are huma's routes, each a route of ours.
type restRoutes struct {
	server *Server
	mux    *http.ServeMux
	api    huma.API
	routes map[string]*route // by the mux's pattern
	none   *route            // what no pattern takes
}

func init() {
	// Every problem is ours, whoever finds it.
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		kind := map[int]string{http.StatusNotFound: "not-found", http.StatusInternalServerError: "internal"}[status]
		if kind == "" {
			kind = "invalid-request"
		}
		if status == http.StatusUnprocessableEntity { // one status for all that is malformed
			status = http.StatusBadRequest
		}
		p := problem(status, kind, message)
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				detail := d.ErrorDetail()
				p.Errors = append(p.Errors, Fault{detail.Location, detail.Message})
				p.Detail += "; " + detail.Location + ": " + detail.Message
			}
		}
		return p
	}
}

func newRest(s *Server) (*restRoutes, error) {
	rest := &restRoutes{server: s, mux: http.NewServeMux(), routes: map[string]*route{}}
	rest.none = &route{name: "none", methods: []string{http.MethodGet, http.MethodHead, http.MethodPost}, handle: rest.notFound, metrics: s.metrics.route("none")}
	config := openAPIConfig(strings.TrimPrefix(s.opt.Program, "fundtrail "))
	rest.api = humago.New(rest, config)
	s.addListRoutes(rest.api)
	s.addRecordRoutes(rest.api)
	describe(rest.api)
	document, err := openAPIDocument(rest.api)
	if err != nil {
		return nil, err
	}
	rest.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, document) })
	rest.routes["GET /openapi.json"].scope = ""
	return rest, nil
}

// HandleFunc takes huma's handlers (humago.Mux).
func (rest *restRoutes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	method, path, _ := strings.Cut(pattern, " ")
	rt := &route{name: pattern, path: path, methods: []string{method}, metrics: rest.server.metrics.route(pattern), scope: scopeOf(path)}
	if method == http.MethodGet {
		rt.methods = methodsGet
	}
	rt.handle = func(w http.ResponseWriter, r *http.Request, c *call) int {
		sw := &statusWriter{ResponseWriter: w}
		sw.Header()["X-Content-Type-Options"] = nosniff
		sw.Header()["Cache-Control"] = noStore
		h(sw, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
		return sw.status()
	}
	rest.routes[pattern] = rt
	rest.mux.HandleFunc(pattern, h)
}

// ServeHTTP is part of humago.Mux; requests come in through serve.
func (rest *restRoutes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rest.server.ServeHTTP(w, r)
}

func scopeOf(path string) Scope {
	if strings.HasPrefix(path, "/v1/screenings/") {
		return ScopeRecord
	}
	return ScopeLists
}

// callKey finds the call in a request's context, where huma's handlers can reach it.
type callKey struct{}

// serve finds the pattern that takes a request. The methods that a path has are asked
// from the mux, so that OPTIONS and a wrong method are answered rightly.
func (rest *restRoutes) serve(w http.ResponseWriter, r *http.Request, c *call) {
	probe := *r
	for _, m := range []string{r.Method, http.MethodGet, http.MethodPost} {
		probe.Method = m
		if _, pattern := rest.mux.Handler(&probe); pattern != "" {
			if rt := rest.routes[pattern]; rt != nil {
				rest.through(w, r, rt, c)
				return
			}
		}
	}
	rest.server.serve(w, r, rest.none, c)
}

// through sets the path's values, which the mux does only for what it serves itself.
func (rest *restRoutes) through(w http.ResponseWriter, r *http.Request, rt *route, c *call) {
	want := strings.Split(rt.path, "/")
	got := strings.Split(r.URL.EscapedPath(), "/")
	for i, part := range want {
		if name, ok := strings.CutPrefix(part, "{"); ok && i < len(got) {
			text, p := pathText(got[i])
			if p != nil {
				p.write(w)
				return
			}
			r.SetPathValue(strings.TrimSuffix(name, "}"), text)
		}
	}
	rest.server.serve(w, r, rt, c)
}

func (rest *restRoutes) notFound(w http.ResponseWriter, _ *http.Request, _ *call) int {
	return problem(http.StatusNotFound, "not-found", "no route has this path; /docs lists them").write(w)
}

// A statusWriter remembers the status for the log and the metrics.
type statusWriter struct {
	http.ResponseWriter
	code int
}

func (w *statusWriter) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

// Unwrap lets http.ResponseController reach the writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) status() int {
	if w.code == 0 {
		return http.StatusOK
	}
	return w.code
}

// ListsBody is the body of GET /v1/lists.
type ListsBody struct {
	Schema     string    `json:"schema" example:"fundtrail.lists-in-force/1"`
	Snapshot   string    `json:"snapshot" doc:"Names the set of list versions in force"`
	Generation uint64    `json:"generation" doc:"How many times this server has loaded lists"`
	Loaded     time.Time `json:"loaded" doc:"When it did last"`
	Lists      []ListOf  `json:"lists"`
}

// A ListOf is one list and its versions.
type ListOf struct {
	List     string    `json:"list" example:"us-ofac-sdn"`
	Stale    bool      `json:"stale" doc:"Nothing was heard of the list for too long; it still answers"`
	Newest   Version   `json:"newest" doc:"The version last published"`
	Versions []Version `json:"versions" doc:"All of them, by publication, then receipt"`
}

type listsOutput struct{ Body *ListsBody }

type diffInput struct {
	List string `path:"list" doc:"The list" example:"us-ofac-sdn" maxLength:"100"`
	From string `query:"from" required:"true" doc:"A day: what stood on it is compared" example:"2023-11-22"`
	To   string `query:"to" doc:"A day; left out, the newest version" example:"2023-11-30"`
}

type diffOutput struct{ Body *ListDiff }

func (s *Server) addListRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "lists", Method: http.MethodGet, Path: "/v1/lists", Tags: []string{"lists"}, Summary: "The lists in force and all their versions",
		Description: "Every version of every list that questions are answered from, with the digest of its file, on the list's clock and on ours. Needs the scope `lists`.",
		Errors:      []int{400, 401, 403, 429, 503}, Security: anyKey,
	}, func(ctx context.Context, _ *struct{}) (*listsOutput, error) {
		n := s.snapshot.Load()
		if n == nil {
			return nil, notReady
		}
		return &listsOutput{s.listsBody(n)}, nil
	})
	huma.Register(api, huma.Operation{
		OperationID: "diff", Method: http.MethodGet, Path: "/v1/lists/{list}/diff", Tags: []string{"lists"}, Summary: "What changed on a list between two days",
		Description: "Compares what stood on two days: parties added, removed and changed, and addresses added and removed, with their parties. Needs the scope `lists`.",
		Errors:      []int{400, 401, 403, 404, 429, 503}, Security: anyKey,
	}, func(ctx context.Context, in *diffInput) (*diffOutput, error) {
		n := s.snapshot.Load()
		if n == nil {
			return nil, notReady
		}
		lists := n.listNames()
		if !slices.Contains(lists, in.List) {
			return nil, problem(http.StatusNotFound, "not-found", "no such list; there are "+strings.Join(lists, ", "), Fault{"path.list", "is none of the lists here"})
		}
		from, err := parseTime("query.from", in.From, false)
		if err != nil {
			return nil, err
		}
		to := s.now()
		if in.To != "" {
			if to, err = parseTime("query.to", in.To, false); err != nil {
				return nil, err
			}
		}
		if to.Before(from) {
			return nil, invalid("query.to", "is before query.from; exchange them")
		}
		d, err := diffList(n.History, in.List, from, to)
		if err != nil {
			return nil, s.problemOf("GET /v1/lists/{list}/diff", err)
		}
		d.Snapshot = n.ID
		return &diffOutput{d}, nil
	})
}

func (s *Server) listsBody(n *Snapshot) *ListsBody {
	body := &ListsBody{Schema: "fundtrail.lists-in-force/1", Snapshot: n.ID, Generation: n.Generation, Loaded: n.Loaded, Lists: []ListOf{}}
	newest, _ := n.newest()
	stale := s.stale(n)
	for _, v := range newest {
		body.Lists = append(body.Lists, ListOf{List: v.List, Stale: slices.Contains(stale, v.List), Newest: versionOf(v)})
	}
	for i := range n.History.Versions {
		v := &n.History.Versions[i]
		for j := range body.Lists {
			if body.Lists[j].List == v.List {
				body.Lists[j].Versions = append(body.Lists[j].Versions, versionOf(v))
			}
		}
	}
	return body
}
