package evm

import (
	"bytes"
	"slices"

	"github.com/fundtrail/fundtrail"
)

// trieRoot is the root of the Merkle Patricia trie that maps the place of each item in a
// list, in RLP, to the item (Yellow Paper, appendix D). A header holds one for each of a
// block's lists.
func trieRoot(items [][]byte) fundtrail.Hash {
	leaves := make([]leaf, len(items))
	for i := range items {
		key := appendUint(nil, uint64(i))
		leaves[i] = leaf{make([]byte, 0, 2*len(key)), items[i]}
		for _, c := range key {
			leaves[i].path = append(leaves[i].path, c>>4, c&15)
		}
	}
	slices.SortFunc(leaves, func(x, y leaf) int { return bytes.Compare(x.path, y.path) })
	return keccak(trieNode(leaves, 0))
}

// A leaf is an item with what is left of its path, a nibble a byte. No path of a list's
// places is the beginning of another.
type leaf struct {
	path  []byte
	value []byte
}

// node encodes the node that holds the leaves, whose paths agree up to depth.
func trieNode(leaves []leaf, depth int) []byte {
	switch {
	case len(leaves) == 0:
		return []byte{0x80}
	case len(leaves) == 1:
		path := packed(leaves[0].path[depth:], 0x20)
		content := appendString(make([]byte, 0, len(path)+len(leaves[0].value)+12), path)
		return appendList(nil, appendString(content, leaves[0].value))
	}
	first, last := leaves[0].path, leaves[len(leaves)-1].path
	shared := depth
	for first[shared] == last[shared] {
		shared++
	}
	if shared > depth {
		content := appendString(nil, packed(first[depth:shared], 0))
		return appendList(nil, appendNode(content, trieNode(leaves, shared)))
	}
	content := make([]byte, 0, 17*33)
	for nibble := range byte(16) {
		n := 0
		for n < len(leaves) && leaves[n].path[depth] == nibble {
			n++
		}
		if n == 0 {
			content = append(content, 0x80)
			continue
		}
		content = appendNode(content, trieNode(leaves[:n], depth+1))
		leaves = leaves[n:]
	}
	return appendList(nil, append(content, 0x80))
}

// appendNode refers to a node: by its digest, or itself where that is shorter.
func appendNode(dst, encoded []byte) []byte {
	if len(encoded) < 32 {
		return append(dst, encoded...)
	}
	h := keccak(encoded)
	return appendString(dst, h[:])
}

// packed writes nibbles two a byte behind a flag that tells leaf and odd length.
func packed(nibbles []byte, flag byte) []byte {
	out := make([]byte, 0, len(nibbles)/2+1)
	if len(nibbles)%2 == 1 {
		out = append(out, flag|0x10|nibbles[0])
		nibbles = nibbles[1:]
	} else {
		out = append(out, flag)
	}
	for ; len(nibbles) > 0; nibbles = nibbles[2:] {
		out = append(out, nibbles[0]<<4|nibbles[1])
	}
	return out
}
