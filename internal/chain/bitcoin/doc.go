// Package bitcoin turns blocks of Bitcoin, Litecoin and Dogecoin into transactions: from
// a node's own block files (blk*.dat) or over its JSON-RPC.
//
// [OpenFiles] reads a folder of block files, in which blocks stand in the order they came,
// stale ones among them, and gives those of the chain with the most work in its order. A
// [Node] asks for blocks by height. Both make the same [fundtrail.BlockFacts] of the same
// block: scripts become addresses, inputs tell the address and the amount of the output
// they spend, and the fee is what is left. Change is not guessed.
//
// A block is believed when its transactions have the root that its header names, which
// also proves that they were read right.
//
// # Inputs
//
// A block tells which outputs it spends and not what they hold. A set of unspent coins is
// therefore carried along, in memory up to a stated size and beyond that in sorted files
// in a folder for scratch. What it does not hold, because reading did not begin at the first block, a
// node may know. What nobody knows is left unknown: such an input has
// [fundtrail.Entry].Spends and neither address nor amount, its transaction has no Fee, and its block
// is not whole.
//
// # Limits
//
// A block may have 32 MiB. For each block of a folder about 200 bytes are held. Of Litecoin's extension
// blocks (MWEB), whose amounts are hidden, nothing is read but what enters and leaves them.
package bitcoin
