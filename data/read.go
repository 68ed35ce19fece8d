package data

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
)

// Contents are the records of one folder. A record whose ID one of ours has is an addition
// to it: it need not repeat what stands there.
type Contents struct {
	Incidents    []fundtrail.Incident
	Proceedings  []fundtrail.Proceeding
	Actions      []fundtrail.Action
	Publications []fundtrail.Publication
	Actors       []fundtrail.Actor
	Services     []Service
}

// folders are those that a user's records may stand in.
var folders = []string{"actions", "actors", "docket", "figures", "incidents", "services"}

// maxRecord bounds one file of a user's records.
const maxRecord = 4 << 20

// Embedded returns all records of the program.
func Embedded() Contents {
	return Contents{Incidents(), Proceedings(), Actions(), Publications(), Actors(), Services()}
}

// Read reads a user's own records: the folders and forms of this package's, held to the
// same rules but those of tidiness. They may link to ours and to each other. name is what
// their sources are marked with; latest is the day after which nothing can have been. The error wraps [fundtrail.ErrInvalid] and names
// everything that is wrong, each with its file and, where it can be told, its line.
func Read(fsys fs.FS, name string, latest time.Time) (Contents, error) {
	l := newLinter(latest)
	l.name = name
	for _, kind := range append(slices.Clone(folders), "lists") {
		l.base[kind] = map[string]bool{}
		for _, name := range mustGlob(kind + "/*.yaml") {
			l.base[kind][strings.TrimSuffix(path.Base(name), ".yaml")] = true
		}
	}
	l.read(fsys)
	problems := l.sorted()
	n := len(l.out.Incidents) + len(l.out.Proceedings) + len(l.out.Actions) + len(l.out.Publications) + len(l.out.Actors) + len(l.out.Services)
	switch {
	case l.tooLarge:
		return Contents{}, fmt.Errorf("%w:\n%s", fundtrail.ErrLimit, strings.Join(problems, "\n"))
	case len(problems) > 0:
		return Contents{}, fmt.Errorf("%w:\n%s", fundtrail.ErrInvalid, strings.Join(problems, "\n"))
	case n == 0:
		return Contents{}, fmt.Errorf("no records: want YAML files in folders called %s: %w", strings.Join(folders, ", "), fundtrail.ErrInvalid)
	}
	l.victims()
	return l.out, nil
}

// victims gives the victims that a user's own records describe their names.
func (l *linter) victims() {
	for i := range l.out.Incidents {
		v := &l.out.Incidents[i].Victim
		for _, a := range l.out.Actors {
			if a.ID == v.ID && a.Name != "" && v.Name == v.ID {
				*v = a
			}
		}
	}
}
