package archive

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
)

func sortBlocks(order []blockKey) {
	slices.SortFunc(order, func(x, y blockKey) int {
		return cmp.Or(cmp.Compare(x.chain, y.chain), cmp.Compare(x.height, y.height))
	})
}

func sumLineOf(text string) string {
	return fmt.Sprintf("crc32c %08x\n", crc32.Checksum([]byte(text), castagnoli))
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(2, 6)) }
