package fundtrail_test

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/fundtrail/fundtrail"

// allowed is the architecture: what each folder may import from this module.
// A folder missing here fails the test, so the table is always complete.
var allowed = map[string][]string{
	".":                      {},
	"data":                   {"."},
	"internal/ledgertest":    {"."},
	"internal/ledger":        {"."},
	"internal/archive":       {".", "internal/ledger", "internal/durable"},
	"internal/crossing":      {"."},
	"internal/ingest":        {".", "internal/ledger", "internal/feed", "internal/fetch", "internal/store", "internal/crossing", "internal/chain/tron"},
	"internal/feed":          {"."},
	"internal/fetch":         {"."},
	"internal/chain/bitcoin": {".", "internal/fetch"},
	"internal/chain/node":    {".", "internal/fetch"},
	"internal/chain/evm":     {".", "internal/fetch", "internal/chain/node"},
	"internal/chain/tron":    {".", "internal/fetch", "internal/chain/node"},
	"internal/source":        {".", "internal/fetch", "internal/durable", "internal/ledger", "internal/chain/tron", "internal/ingest"},
	"internal/store":         {"."},
	"internal/durable":       {},
	"internal/journal":       {".", "internal/durable"},
	"internal/watch":         {".", "internal/durable"},
	"internal/trace":         {"."},
	"internal/onward":        {".", "internal/trace", "internal/crossing"},
	"internal/names":         {"."},
	"internal/screen":        {".", "internal/names"},
	"internal/record":        {".", "data"},
	"internal/report":        {"."},
	"internal/plot":          {},
	"internal/brief":         {".", "data", "internal/plot", "internal/record", "internal/report"},
	"internal/web":           {".", "internal/store", "internal/journal", "internal/screen"},
	"cmd/fundtrail":          {".", "data", "internal/ledger", "internal/archive", "internal/ingest", "internal/chain/bitcoin", "internal/chain/evm", "internal/chain/tron", "internal/feed", "internal/fetch", "internal/source", "internal/store", "internal/journal", "internal/watch", "internal/crossing", "internal/trace", "internal/onward", "internal/names", "internal/screen", "internal/record", "internal/plot", "internal/report", "internal/brief", "internal/web"},

	"internal/source/sourcetest": {"."}, // for tests alone
}

// pure folders only compute: they may not reach the outside world.
var pure = []string{".", "internal/ledgertest", "internal/ledger", "internal/feed", "internal/crossing", "internal/trace", "internal/onward", "internal/names", "internal/screen", "internal/record", "internal/plot", "internal/report", "internal/brief"}

var outside = []string{"database/sql", "net/http", "os", "os/exec"}

// maxLines keeps files short enough to be read in one go.
const maxLines = 700

// TestArchitecture reads the files itself: a test that asked "go list" would
// be cached, and pass, when only another package changed.
func TestArchitecture(t *testing.T) {
	docs := map[string]int{}
	seen := map[string]bool{}
	eachGoFile(t, func(path string, src []byte, f *ast.File) {
		dir := filepath.ToSlash(filepath.Dir(path))
		seen[dir] = true
		checkImports(t, path, dir, src, f)
		if f.Doc != nil {
			docs[dir]++
		} else {
			docs[dir] += 0
		}
		if n := bytes.Count(src, []byte("\n")); n > maxLines {
			t.Errorf("%s: %d lines, the most is %d", path, n, maxLines)
		}
		if formatted, err := format.Source(src); err != nil || !bytes.Equal(formatted, src) {
			t.Errorf("%s: not formatted with gofmt", path)
		}
	})
	for dir, n := range docs {
		if n != 1 {
			t.Errorf("%s: %d package comments, want 1", dir, n)
		}
		for _, vague := range []string{"util", "common", "helper", "model", "types", "service", "base", "core", "manager"} {
			if base := filepath.Base(dir); base == vague || base == vague+"s" {
				t.Errorf("%s: a package is named after what it holds", dir)
			}
		}
	}
	for dir := range allowed {
		if !seen[dir] {
			t.Errorf("%s: in the architecture table, and there is no such package", dir)
		}
	}
}

// checkImports holds one file to the tables above.
func checkImports(t *testing.T, path, dir string, src []byte, f *ast.File) {
	ok, listed := allowed[dir]
	if !listed {
		t.Errorf("%s: not in the architecture table", dir)
	}
	if slices.Contains(pure, dir) && bytes.Contains(src, []byte("time.Now(")) {
		t.Errorf("%s: pure, must not read the clock", path)
	}
	for _, spec := range f.Imports {
		imp, _ := strconv.Unquote(spec.Path.Value)
		if imp == module {
			imp += "/."
		}
		if in, ours := strings.CutPrefix(imp, module+"/"); ours && !slices.Contains(ok, in) {
			t.Errorf("%s: must not import %s", path, in)
		} else if slices.Contains(pure, dir) && slices.Contains(outside, imp) {
			t.Errorf("%s: pure, must not import %s", path, imp)
		}
	}
}

// eachGoFile parses every Go file of the module that is not a test.
func eachGoFile(t *testing.T, visit func(path string, src []byte, f *ast.File)) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, src, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		visit(path, src, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTableInTheDocument: doc/architecture.md shows the table as it is.
func TestTableInTheDocument(t *testing.T) {
	page, err := os.ReadFile("doc/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for dir, imports := range allowed {
		line := "| `" + dir + "` | "
		i := bytes.Index(page, []byte(line))
		if i < 0 {
			t.Errorf("doc/architecture.md does not show %s", dir)
			continue
		}
		row, _, _ := bytes.Cut(page[i:], []byte("\n"))
		cells := strings.Split(string(row), "|")
		want := strings.Join(imports, " ")
		if got := strings.TrimSpace(cells[3]); got != want {
			t.Errorf("doc/architecture.md: %s may import %q, the table says %q", dir, got, want)
		}
	}
}
