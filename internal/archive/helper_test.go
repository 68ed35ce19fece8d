package archive

import (
	"cmp"
	"slices"
)

func sortBlocks(order []blockKey) {
	slices.SortFunc(order, func(x, y blockKey) int {
		return cmp.Or(cmp.Compare(x.chain, y.chain), cmp.Compare(x.height, y.height))
	})
}
