package web

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fundtrail/fundtrail/internal/screen"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestOpenAPI: the document is the committed one, so that a change of the API is a diff
// in review.
func TestOpenAPI(t *testing.T) {
	s := newSite(t, func(o *Options) { o.NoAuth, o.Program = false, "fundtrail 1.2.3" })
	s.key = ""
	status, body := s.get("/openapi.json")
	if status != 200 {
		t.Fatal(status)
	}
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), body); diff != "" {
		t.Errorf("run go test ./internal/web -run OpenAPI -update when this is meant:\n%s", diff)
	}
}

// TestOpenAPIIsWhole: every route is in the document and every path of the document is a
// route, with an answer, an error, and a schema that is there.
func TestOpenAPIIsWhole(t *testing.T) {
	s := newSite(t, nil)
	_, body := s.get("/openapi.json")
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID, Summary string
			Tags                 []string
			Security             []any
			Responses            map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", doc.OpenAPI)
	}
	described := map[string]bool{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described[strings.ToUpper(method)+" "+path] = true
			if op.OperationID == "" || op.Summary == "" || len(op.Tags) != 1 || len(op.Responses) < 1 {
				t.Errorf("%s %s: %+v", method, path, op)
			}
		}
	}
	served := map[string]bool{}
	for _, rt := range s.server.routes {
		served[rt.name] = true
	}
	for pattern := range s.server.rest.routes {
		served[pattern] = true
	}
	for _, page := range []string{"GET /", "GET /docs", "GET /docs/{file}", "GET /openapi.json"} {
		delete(served, page)
	}
	if diff := cmp.Diff(served, described); diff != "" {
		t.Errorf("served and described:\n%s", diff)
	}
	for _, ref := range strings.Split(body, `"$ref": "#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("the schema %s is not there", name)
		}
	}
}

// TestTypesAreTheDocument: the types that the OpenAPI document shows have the members of
// screen.Document, in both directions.
func TestTypesAreTheDocument(t *testing.T) {
	index := build(history())
	for _, q := range []screen.Question{{Text: listedETH}, {Text: listedBTC}, {Text: "Example Su Kim", Kind: screen.AName}, {Text: "x " + listedETH + " y", Kind: screen.FreeText}, {Text: "nonsense", Kind: screen.AnAddress}, {Text: clearETH, AsOf: day("2020-01-01")}} {
		a := index.Ask(q)
		text := screen.AppendJSON(nil, &q, &a)
		ours := decode[Answer](t, string(text))
		back, err := json.Marshal(ours)
		if err != nil {
			t.Fatal(err)
		}
		again, err := screen.ParseDocument(back)
		if err != nil {
			t.Fatal(err)
		}
		want, err := screen.ParseDocument(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s:\n%s", q.Text, diff)
		}
		// An item is the same members, but for what it says by name.
		item := decode[ItemAnswer](t, string(appendItem(nil, "7", &q, &a, "none", "1-2")))
		if diff := cmp.Diff(ours.Said, item.Said); diff != "" || item.ID != "7" || item.Record != "1-2" {
			t.Errorf("%s as an item:\n%s", q.Text, diff)
		}
	}
}

// TestPage: the page and its parts are served with headers that let it run its own script
// and nothing else, and it names nothing elsewhere.
func TestPage(t *testing.T) {
	s := newSite(t, nil)
	status, header, _ := s.request("GET", "/", "")
	if status != 302 || header.Get("Location") != "/docs" {
		t.Errorf("/: %d %v", status, header)
	}
	for path, kind := range map[string]string{"/docs": "text/html", "/docs/docs.js": "text/javascript", "/docs/docs.css": "text/css"} {
		status, header, body := s.request("GET", path, "")
		if status != 200 || !strings.HasPrefix(header.Get("Content-Type"), kind) || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %d %v", path, status, header)
		}
		if strings.Contains(body, "//cdn") || strings.Contains(body, "https://") || strings.Contains(body, "innerHTML") {
			t.Errorf("%s reaches elsewhere, or makes markup of text", path)
		}
	}
}

func TestLists(t *testing.T) {
	s := newSite(t, nil)
	status, body := s.get("/v1/lists")
	b := decode[ListsBody](t, body)
	if status != 200 || len(b.Lists) != 1 || len(b.Lists[0].Versions) != 2 || !b.Lists[0].Stale || b.Lists[0].Newest.Parties != 2 || b.Snapshot == "" {
		t.Errorf("%d %s", status, body)
	}
	status, body = s.get("/v1/lists/" + listName + "/diff?from=2023-11-29&to=2024-03-01")
	d := decode[ListDiff](t, body)
	if status != 200 || len(d.Added) != 1 || d.Added[0].UID != "200" || len(d.WalletsAdded) != 1 || d.WalletsAdded[0].Address != listedETH2 ||
		len(d.WalletsRemoved) != 1 || d.WalletsRemoved[0].Party.UID != "100" || d.Snapshot != b.Snapshot {
		t.Errorf("%d %s", status, body)
	}
	// Left out, to is today.
	status, body = s.get("/v1/lists/" + listName + "/diff?from=2023-11-29")
	if status != 200 || len(decode[ListDiff](t, body).Added) != 1 {
		t.Errorf("%d %s", status, body)
	}
}
