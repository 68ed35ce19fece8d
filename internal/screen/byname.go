package screen

import (
	"slices"
	"strings"
)

// DefaultThreshold is the least score of a name that is a match.
const DefaultThreshold = 0.8

type nameIndex struct {
	exact map[string][]uint32
}

func (x *Index) newNameIndex() nameIndex {
	n := nameIndex{exact: map[string][]uint32{}}
	for id := range x.parties {
		for _, h := range x.parties[id].holders {
			for _, name := range x.history.Parties[h.party].Names {
				f := strings.ToLower(strings.Join(strings.Fields(name.Text), " "))
				if !slices.Contains(n.exact[f], uint32(id)) {
					n.exact[f] = append(n.exact[f], uint32(id))
				}
			}
		}
	}
	return n
}

// partiesCalled finds parties by UID or by name.
func (x *Index) partiesCalled(text string) []uint32 {
	low := strings.ToLower(strings.Join(strings.Fields(text), " "))
	return slices.Concat(x.byUID[low], x.nameIndex.exact[low])
}

func (x *Index) askName(q Question) Answer {
	answer := x.nothing(&x.names, x.names.at(q.AsOf, q.Known))
	answer.Kind, answer.Read = AName, clean(q.Text)
	return answer
}
