package data

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// A List is what a record says of a sanctions list: whose it is and where its
// publisher has it. Confidence and Source are of its name, publisher and summary.
type List struct {
	ID           string // "us-ofac-sdn"
	Name         string
	Publisher    string
	Jurisdiction string   // ISO 3166-1 alpha-2, or EU or UN; XX for a collection of many
	Languages    []string // BCP 47
	Summary      string   // what it holds
	Page         string   // for people to read
	Changes      fundtrail.Statement
	Terms        fundtrail.Statement // what may be done with it
	// Shrink is by how many hundredths a version may be smaller than the one before
	// without somebody's word that it is right. It is our judgement, not a claim.
	Shrink     int
	Downloads  []Download // the best first
	ByHand     string     // why there is nothing to download; "" where there is
	Statements []fundtrail.Statement
	Confidence fundtrail.Confidence
	Source     fundtrail.Source
}

// A Download is one form in which a publisher offers a list.
type Download struct {
	Name       string // "xml"
	Format     string // in a word or two
	Needs      string // what must be had before it can be downloaded; "" for nothing
	Files      []ListFile
	Note       string
	Confidence fundtrail.Confidence // that the files are there
	Source     fundtrail.Source
}

// A ListFile is one of the files that together are a version of a list.
type ListFile struct {
	Name string `yaml:"name"`
	URL  string `yaml:"url"`
}

type listYAML struct {
	ID           string          `yaml:"id"`
	Name         string          `yaml:"name"`
	Publisher    string          `yaml:"publisher"`
	Jurisdiction string          `yaml:"jurisdiction"`
	Languages    []string        `yaml:"languages"`
	Summary      string          `yaml:"summary"`
	Note         string          `yaml:"note"`
	Page         pageYAML        `yaml:"page"`
	Changes      statementYAML   `yaml:"changes"`
	Terms        statementYAML   `yaml:"terms"`
	Shrink       int             `yaml:"shrink"`
	Downloads    []downloadYAML  `yaml:"downloads"`
	ByHand       string          `yaml:"by_hand"`
	Statements   []statementYAML `yaml:"statements"`
	Sources      sourcesYAML     `yaml:"sources"`
	basis        `yaml:",inline"`
}

type pageYAML struct {
	URL   string `yaml:"url"`
	Note  string `yaml:"note"`
	basis `yaml:",inline"`
}

type downloadYAML struct {
	Name   string     `yaml:"name"`
	Format string     `yaml:"format"`
	Needs  string     `yaml:"needs"`
	Files  []ListFile `yaml:"files"`
	Note   string     `yaml:"note"`
	basis  `yaml:",inline"`
}

var (
	jurisdiction = regexp.MustCompile(`^[A-Z]{2}$`)
	language     = regexp.MustCompile(`^[a-z]{2,3}$`)
)

// Lists returns every sanctions list on record, sorted by ID.
func Lists() []List { return slices.Clone(lists.list()) }

// ListByID returns the list with the given ID or name, as [Incident] does.
func ListByID(id string) (List, error) {
	return lists.find("list", id, false)
}

func parseList(raw []byte) (l List, err error) {
	var y listYAML
	if err := decode(raw, &y); err != nil {
		return l, err
	}
	if err := y.Sources.check(); err != nil {
		return l, err
	}
	l = List{
		ID: y.ID, Name: y.Name, Publisher: y.Publisher, Jurisdiction: y.Jurisdiction, Languages: y.Languages,
		Summary: oneLine(y.Summary), Page: y.Page.URL, Shrink: y.Shrink, ByHand: oneLine(y.ByHand),
	}
	if err := l.check(); err != nil {
		return l, err
	}
	if l.Source, l.Confidence, err = y.Sources.resolve(y.basis); err != nil {
		return l, err
	}
	if _, _, err = y.Sources.resolve(y.Page.basis); err == nil {
		err = webAddress(y.Page.URL)
	}
	if err != nil {
		return l, fmt.Errorf("page: %w", err)
	}
	for _, part := range []struct {
		name string
		from statementYAML
		to   *fundtrail.Statement
	}{{"changes", y.Changes, &l.Changes}, {"terms", y.Terms, &l.Terms}} {
		s, err := statements([]statementYAML{part.from}, y.Sources)
		if err != nil {
			return l, fmt.Errorf("%s: %w", part.name, err)
		}
		*part.to = s[0]
	}
	if l.Downloads, err = downloads(y.Downloads, y.Sources); err != nil {
		return l, err
	}
	if (len(l.Downloads) == 0) != (l.ByHand != "") {
		return l, fmt.Errorf("want downloads or by_hand, one of them: %w", fundtrail.ErrInvalid)
	}
	l.Statements, err = statements(y.Statements, y.Sources)
	return l, err
}

// check holds what does not need the sources.
func (l *List) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)
	}
	switch {
	case l.ID == "" || slug(l.ID) != l.ID:
		return bad("id %q: want lower-case words joined by hyphens", l.ID)
	case l.Name == "" || l.Publisher == "":
		return bad("want a publisher and a name")
	case !jurisdiction.MatchString(l.Jurisdiction):
		return bad("jurisdiction %q: want two capital letters", l.Jurisdiction)
	case l.Shrink < 1 || l.Shrink > 99:
		return bad("shrink %d: want 1 to 99 hundredths", l.Shrink)
	}
	for _, code := range l.Languages {
		if !language.MatchString(code) {
			return bad("language %q: want a code such as en", code)
		}
	}
	if len(l.Languages) == 0 {
		return bad("no languages")
	}
	return nil
}

func downloads(in []downloadYAML, sources sourcesYAML) ([]Download, error) {
	var out []Download
	for i, y := range in {
		if y.Name == "" || y.Format == "" || slug(y.Name) != y.Name {
			return nil, fmt.Errorf("download %d: want a name and a format: %w", i+1, fundtrail.ErrInvalid)
		}
		src, conf, err := sources.resolve(y.basis)
		switch {
		case err != nil:
		case len(y.Files) == 0:
			err = fmt.Errorf("no files: %w", fundtrail.ErrInvalid)
		case slices.ContainsFunc(out, func(d Download) bool { return d.Name == y.Name }):
			return nil, fmt.Errorf("download %s stands twice: %w", y.Name, fundtrail.ErrInvalid)
		}
		for _, f := range y.Files {
			if err == nil && (f.Name == "" || f.Name != path.Base(f.Name) || strings.ContainsAny(f.Name, `\:`)) {
				err = fmt.Errorf("file %q: want a name without folders: %w", f.Name, fundtrail.ErrInvalid)
			}
			if err == nil {
				err = webAddress(f.URL)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("download %s: %w", y.Name, err)
		}
		out = append(out, Download{
			Name: y.Name, Format: y.Format, Needs: oneLine(y.Needs), Files: y.Files, Note: oneLine(y.Note), Confidence: conf, Source: src,
		})
	}
	return out, nil
}

func webAddress(url string) error {
	scheme, rest, _ := strings.Cut(url, "://")
	if scheme != "https" && scheme != "http" || rest == "" {
		return fmt.Errorf("url %q: want http or https: %w", url, fundtrail.ErrInvalid)
	}
	return nil
}
