package ingest

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/feed"
)

// published finds out when a version was published: as the caller says, else as its
// text says, else as its name says.
func (l *listImport) published(list *feed.List, g *listGroup) (time.Time, error) {
	if !l.opt.Published.IsZero() {
		return l.opt.Published.UTC().Truncate(time.Second), nil
	}
	if !list.Published.IsZero() {
		return list.Published.UTC().Truncate(time.Second), nil
	}
	var dates []time.Time
	for _, f := range g.files {
		for _, name := range []string{f.base, f.archive} {
			if found := datesIn(name); len(found) > 0 {
				dates = append(dates, found...)
				break
			}
		}
	}
	if len(dates) == 0 {
		return time.Time{}, fmt.Errorf("neither its text nor its name tells when it was published: give the day with --published: %w", fundtrail.ErrInvalid)
	}
	for _, d := range dates[1:] {
		if !d.Equal(dates[0]) {
			return time.Time{}, fmt.Errorf("its name has two dates, %s and %s: give the day of publication with --published: %w",
				dates[0].Format(time.DateOnly), d.Format(time.DateOnly), fundtrail.ErrInvalid)
		}
	}
	return dates[0], nil
}

var nameDate = regexp.MustCompile(`(?:^|\D)((?:19|20)\d\d(?:-\d\d-\d\d|_\d\d_\d\d|\d{4}))(?:\D|$)`)

// datesIn finds days in a file's name: 2023-11-30, 2023_11_30 and 20231130.
func datesIn(name string) (days []time.Time) {
	for rest := name; ; {
		m := nameDate.FindStringSubmatchIndex(rest)
		if m == nil {
			return days
		}
		digits := strings.NewReplacer("-", "", "_", "").Replace(rest[m[2]:m[3]])
		if d, err := time.Parse("20060102", digits); err == nil {
			days = append(days, d)
		}
		rest = rest[m[3]:]
	}
}
