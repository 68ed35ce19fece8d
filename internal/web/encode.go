package web

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// askedName names a set of versions by their digests.
func askedName(versions []*fundtrail.ListVersion) string {
	if len(versions) == 0 {
		return "none"
	}
	h := sha256.New()
	for _, v := range versions {
		h.Write([]byte(v.List + " " + v.Format + "\n"))
		h.Write(v.SHA256[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// append writes the sets as an object, by name.
func (s *askedSets) append(b []byte) []byte {
	slices.SortFunc(s.sets, func(a, b askedSet) int { return strings.Compare(a.name, b.name) })
	b = append(b, '{')
	for i, set := range s.sets {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(append(b, '"'), set.name...), `":`...)
		b = appendVersions(b, set.versions)
	}
	return append(b, '}')
}
