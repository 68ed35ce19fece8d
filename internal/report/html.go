package report

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"html/template"
	"io"
)

// The page's skeleton, and its script and style as built from ui/ (see ui/build.mjs).
// The built files are committed, so that Go alone builds the program.
var (
	//go:embed page.html
	pageSource string
	//go:embed ui/dist/report.js
	pageScript string
	//go:embed ui/dist/report.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Parse(pageSource))
)

// HTML writes the trace as one file that a browser opens from disk. It needs no
// network and is not allowed one: a content security policy in its head lets it run
// its own script and style, by their digests, and nothing else.
//
// The tables are in the markup and can be read without scripts; the script draws the
// figures and switches the policy. At most 20,000 records and 50,000 edges are
// embedded; the page says what was left out.
func HTML(w io.Writer, d *Document) error {
	if err := d.Validate(); err != nil {
		return err
	}
	x := newIndex(d)
	v := x.page()
	data, err := json.Marshal(x.pageData())
	if err != nil {
		return fmt.Errorf("write trace page: %w", err)
	}
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	fmt.Fprintf(&b, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src '%s'; style-src '%s'; img-src data:; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'\">\n",
		digest(pageScript), digest(pageStyle))
	b.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n")
	fmt.Fprintf(&b, "<title>%s: trace report</title>\n<style>%s</style>\n</head>\n<body>\n", html.EscapeString(v.Title), pageStyle)
	if err := pageTemplate.Execute(&b, v); err != nil {
		return fmt.Errorf("write trace page: %w", err)
	}
	b.WriteString("<script type=\"application/json\" id=\"trace-data\">")
	b.Write(data)
	b.WriteString("</script>\n<script>")
	b.WriteString(pageScript)
	b.WriteString("</script>\n</body>\n</html>\n")
	_, err = b.WriteTo(w)
	return err
}

// digest is how a content security policy names a script or a style.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
