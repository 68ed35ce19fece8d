package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/fetch"
	"github.com/fundtrail/fundtrail/internal/ingest"
)

// configName is the configuration of lists sync in the folder of the lists.
const configName = "sync.yaml"

// A syncConfig is what a user's file changes about the lists on record. See
// doc/formats-sync.md.
type syncConfig struct {
	Lists        map[string]listConfig `yaml:"lists"`
	CAFile       string                `yaml:"ca_file"`
	AllowedHosts []string              `yaml:"allowed_hosts"`
	UserAgent    string                `yaml:"user_agent"`
	Rate         float64               `yaml:"rate"`
	MaxMB        int64                 `yaml:"max_mb"`

	name string // of the file
}

type listConfig struct {
	Off      bool              `yaml:"off"`
	Download string            `yaml:"download"`
	URL      string            `yaml:"url"`
	Files    []data.ListFile   `yaml:"files"`
	Headers  map[string]string `yaml:"headers"`
	Shrink   *int              `yaml:"shrink"`
}

// readSyncConfig reads a configuration: the file that is named, which must be there, or
// the one in the folder of the lists, which need not.
func readSyncConfig(name, home string) (*syncConfig, error) {
	must := name != ""
	if !must {
		name = filepath.Join(home, configName)
	}
	c := &syncConfig{name: name}
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) && !must {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	d := yaml.NewDecoder(file)
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w: %w", name, err, fundtrail.ErrInvalid)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c *syncConfig) check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf(format+": %w", append(args, fundtrail.ErrInvalid)...)
	}
	if c.Rate < 0 || c.MaxMB < 0 {
		return bad("rate and max_mb: want positive numbers")
	}
	ids := make([]string, 0, len(c.Lists))
	for id := range c.Lists {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		on, err := data.ListByID(id)
		if err != nil || on.ID != id {
			return bad("lists: %q is not on record; there are: %s", id, strings.Join(listIDs(), ", "))
		}
		l := c.Lists[id]
		given := 0
		for _, is := range []bool{l.Download != "", l.URL != "", len(l.Files) > 0} {
			if is {
				given++
			}
		}
		switch {
		case given > 1:
			return bad("%s: want one of download, url and files", id)
		case l.Shrink != nil && (*l.Shrink < 0 || *l.Shrink > 99):
			return bad("%s: shrink %d: want 0 to 99 hundredths", id, *l.Shrink)
		}
		for key := range l.Headers {
			if !headerName.MatchString(key) {
				return bad("%s: %q is no name of a header", id, key)
			}
		}
		if _, err := l.remotes(on); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func listIDs() (ids []string) {
	for _, l := range data.Lists() {
		ids = append(ids, l.ID)
	}
	return ids
}

// remotes returns the files to download: the configuration's, else those of the chosen
// download on record, else of the first. None: nothing can be downloaded.
func (l *listConfig) remotes(on data.List) (out []ingest.Remote, err error) {
	files := l.Files
	switch {
	case l.URL != "":
		name := on.ID
		if len(on.Downloads) > 0 {
			name = on.Downloads[0].Files[0].Name
		}
		files = []data.ListFile{{Name: name, URL: l.URL}}
	case l.Download != "":
		i := slices.IndexFunc(on.Downloads, func(d data.Download) bool { return d.Name == l.Download })
		if i < 0 {
			return nil, fmt.Errorf("download %q: there %s: %w", l.Download, downloadNames(on), fundtrail.ErrInvalid)
		}
		files = on.Downloads[i].Files
	case len(files) == 0 && len(on.Downloads) > 0:
		files = on.Downloads[0].Files
	}
	header := http.Header{}
	for key, value := range l.Headers {
		if value, err = expandEnv(value); err != nil {
			return nil, fmt.Errorf("header %s: %w", key, err)
		}
		header.Set(key, value)
	}
	for _, f := range files {
		if f.Name == "" || f.Name != path.Base(f.Name) {
			return nil, fmt.Errorf("file %q: want a name without folders: %w", f.Name, fundtrail.ErrInvalid)
		}
		address, err := expandEnv(f.URL)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fetch.Redact(f.URL), err)
		}
		if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("%s: want an address that begins with https:// or http://: %w", fetch.Redact(address), fundtrail.ErrInvalid)
		}
		out = append(out, ingest.Remote{Name: f.Name, URL: address, Header: header})
	}
	return out, nil
}

func downloadNames(on data.List) string {
	names := make([]string, len(on.Downloads))
	for i, d := range on.Downloads {
		names[i] = d.Name
	}
	if len(names) == 0 {
		return "are none"
	}
	return "are " + strings.Join(names, ", ")
}

var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

// expandEnv puts the environment's values in place of ${NAME}, so that keys need not
// stand in the file.
func expandEnv(text string) (string, error) {
	missing := ""
	out := variable.ReplaceAllStringFunc(text, func(m string) string {
		name := m[2 : len(m)-1]
		value, ok := os.LookupEnv(name)
		if !ok {
			missing = name
		}
		return value
	})
	if missing != "" {
		return "", fmt.Errorf("the environment has no %s: %w", missing, fundtrail.ErrInvalid)
	}
	return out, nil
}

// publication is what to ask for of a list on record, and of whom.
func (c *syncConfig) publication(on data.List, named bool) (p ingest.Publication, err error) {
	l := c.Lists[on.ID]
	p = ingest.Publication{List: on.ID, MaxShrink: float64(on.Shrink) / 100}
	if l.Shrink != nil {
		if p.MaxShrink = float64(*l.Shrink) / 100; *l.Shrink == 0 {
			p.MaxShrink = -1
		}
	}
	if p.Files, err = l.remotes(on); err != nil {
		return p, fmt.Errorf("%s: %s: %w", c.name, on.ID, err)
	}
	switch needs := l.needs(on); {
	case l.Off && !named:
		p.Skip = "switched off in " + c.name
	case len(p.Files) == 0:
		p.Skip = "by hand: " + on.ByHand
	case needs != "":
		p.Skip = "needs " + needs
	}
	return p, nil
}

// needs is what must be had before the list can be asked for, "" where the
// configuration gives the address itself.
func (l *listConfig) needs(on data.List) string {
	if l.URL != "" || len(l.Files) > 0 {
		return ""
	}
	for i, d := range on.Downloads {
		if d.Name == l.Download || l.Download == "" && i == 0 {
			return d.Needs
		}
	}
	return ""
}

// client returns a client with the configuration's limits.
func (c *syncConfig) client(o fetch.Options) (*fetch.Client, error) {
	o.AllowedHosts, o.Rate, o.MaxBytes = c.AllowedHosts, c.Rate, c.MaxMB<<20
	o.UserAgent = "fundtrail/" + programVersion()
	if c.UserAgent != "" {
		o.UserAgent = c.UserAgent
	}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%s: ca_file: %w", c.name, err)
		}
		if o.RootCAs, err = x509.SystemCertPool(); err != nil {
			o.RootCAs = x509.NewCertPool()
		}
		if !o.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: ca_file %s: it holds no certificate: %w", c.name, c.CAFile, fundtrail.ErrInvalid)
		}
	}
	return &fetch.Client{Options: o}, nil
}
