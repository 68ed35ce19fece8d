package tron

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// A block is one as it was asked for, before what became of its transactions is known.
type block struct {
	fundtrail.Block
	txs    []rpcTx
	signed []signed
	infos  []rpcInfo
	facts  fundtrail.BlockFacts
}

// readBlock checks a block's header and what was signed in it.
func readBlock(r *rpcBlock) (*block, error) {
	b, err := r.header()
	if err != nil {
		return nil, err
	}
	fail := func(err error) (*block, error) { return nil, fmt.Errorf("block %d: %w", b.Height, err) }
	if b.Height == 0 {
		return b, nil // the genesis state's allocations are signed by nobody
	}
	b.txs, b.signed = r.Transactions, make([]signed, len(r.Transactions))
	seen := make(map[fundtrail.Hash]bool, len(b.txs))
	for i := range b.txs {
		s, err := b.txs[i].sign()
		if err != nil {
			return fail(fmt.Errorf("transaction %d: %w", i, err))
		}
		if seen[s.id] {
			return fail(lied("transaction %x is there twice", s.id))
		}
		seen[s.id], b.signed[i] = true, s
	}
	return b, nil
}

// header checks a block's name: its height, and the end of the digest of its header.
func (r *rpcBlock) header() (*block, error) {
	if r.Header == nil || r.Header.Raw == nil || r.BlockID == "" {
		return nil, broken("a block without its header or blockID")
	}
	h := r.Header.Raw
	at, err := moment(&h.Number, &h.Timestamp)
	if err != nil {
		return nil, err
	}
	id, err := fundtrail.ParseHash(r.BlockID)
	if err != nil || len(h.Parent) != len(id) {
		return nil, broken("block %d: its name or its parent's is no hash", h.Number)
	}
	b := &block{Block: fundtrail.Block{Chain: fundtrail.Tron, Height: h.Number, Hash: id, Parent: fundtrail.Hash(h.Parent), Time: at}}
	if h.Number == 0 {
		return b, nil // which chain it begins was asked already
	}
	if want := h.name(); want != id {
		return nil, lied("block %d: its header is of block %x, and it is called %x", h.Number, want, id)
	}
	return b, nil
}

// name is BlockHeader.raw's SHA-256 with the height in the place of its first eight bytes.
func (h *rpcHeader) name() fundtrail.Hash {
	raw := make([]byte, 0, 160)
	number := func(field int, v int64) {
		if v != 0 {
			raw = binary.AppendUvarint(append(raw, byte(field<<3|wireVarint)), uint64(v))
		}
	}
	text := func(field int, b []byte) {
		if len(b) > 0 {
			raw = append(binary.AppendUvarint(append(raw, byte(field<<3|wireBytes)), uint64(len(b))), b...)
		}
	}
	number(1, h.Timestamp)
	text(2, h.Root)
	text(3, h.Parent)
	number(7, h.Number)
	number(8, h.WitnessID)
	text(9, h.Witness)
	number(10, h.Version)
	text(11, h.AccountState)
	name := fundtrail.Hash(sha256.Sum256(raw))
	binary.BigEndian.PutUint64(name[:8], uint64(h.Number))
	return name
}

// readInfos takes what became of a block's transactions: of each of them once, in any order.
func (b *block) readInfos(list []rpcInfo) error {
	place := make(map[fundtrail.Hash]int, len(b.signed))
	for i := range b.signed {
		place[b.signed[i].id] = i
	}
	infos := make([]rpcInfo, len(b.signed))
	for i := range list {
		id, err := fundtrail.ParseHash(list[i].ID)
		if err != nil {
			return broken("block %d: the information of a transaction: id: %v", b.Height, err)
		}
		k, ok := place[id]
		if !ok || infos[k].ID != "" {
			return fmt.Errorf("block %d: information of transaction %x, which is not in the block or was there before: %w", b.Height, id, node.ErrAbsent)
		}
		at, err := list[i].check(id)
		if err != nil {
			return fmt.Errorf("block %d: transaction %x: %w", b.Height, id, err)
		}
		if *list[i].BlockNumber != b.Height || !at.Equal(b.Time) {
			return fmt.Errorf("block %d: information of transaction %x as it was in another block: %w", b.Height, id, node.ErrAbsent)
		}
		infos[k] = list[i]
	}
	if len(list) != len(b.signed) {
		return fmt.Errorf("block %d: information of %d transactions, and it has %d: %w", b.Height, len(list), len(b.signed), node.ErrAbsent)
	}
	b.infos = infos
	return nil
}

// facts makes the block's facts.
func (d *Decoder) facts(b *block) error {
	w := d.writer(b.Block)
	list := make([]fundtrail.Transaction, 0, len(b.txs))
	for i := range b.txs {
		t, err := w.transaction(uint32(i), &b.txs[i], &b.signed[i], &b.infos[i])
		if err != nil {
			return fmt.Errorf("block %d: transaction %x: %w", b.Height, b.signed[i].id, err)
		}
		list = append(list, t)
	}
	b.facts = fundtrail.BlockFacts{Block: b.Block, Transactions: list, Whole: w.claims()}
	if b.Height == 0 { // the genesis state is no transaction, and not told
		b.facts.Whole &^= fundtrail.ValueTransfers | fundtrail.InternalTransfers
	}
	return nil
}

// Block makes a block's facts of the API's two answers about it: getblockbynum's and
// gettransactioninfobyblocknum's.
func (d *Decoder) Block(blockJSON, infosJSON []byte) (fundtrail.BlockFacts, error) {
	var r rpcBlock
	if err := parse(blockJSON, &r); err != nil {
		return fundtrail.BlockFacts{}, err
	}
	b, err := readBlock(&r)
	if err != nil {
		return fundtrail.BlockFacts{}, err
	}
	infos, err := parseInfos(infosJSON)
	if err != nil {
		return fundtrail.BlockFacts{}, err
	}
	if err := b.readInfos(infos); err != nil {
		return fundtrail.BlockFacts{}, err
	}
	err = d.facts(b)
	return b.facts, err
}

// parseInfos reads a list of information; a node that has none may answer an empty object.
func parseInfos(raw []byte) ([]rpcInfo, error) {
	var list []rpcInfo
	if string(raw) == "{}" {
		return nil, nil
	}
	err := parse(raw, &list)
	return list, err
}
