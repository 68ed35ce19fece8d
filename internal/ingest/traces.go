package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"hash/maphash"
	"maps"
	"math"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/ledger"
)

const (
	tracesTx = iota
	tracesBlock
	tracesFrom
	tracesTo
	tracesValue
	tracesType
	tracesAddress
	tracesCallType
	tracesRewardType
	tracesSubtraces
	tracesError
	tracesStatus
	tracesPlace
	tracesTime
	tracesID
	tracesResult
)

var traces = format{
	name: "ethereum-etl traces", order: 5, evm: true, row: (*file).traceRow,
	columns: []column{
		tracesTx:         {name: "transaction_hash", need: true},
		tracesBlock:      {name: "block_number", need: true},
		tracesFrom:       {name: "from_address", need: true},
		tracesTo:         {name: "to_address", need: true},
		tracesValue:      {name: "value", need: true},
		tracesType:       {name: "trace_type", need: true},
		tracesAddress:    {name: "trace_address", need: true},
		tracesCallType:   {name: "call_type"},
		tracesRewardType: {name: "reward_type"},
		tracesSubtraces:  {name: "subtraces"},
		tracesError:      {name: "error", need: true},
		tracesStatus:     {name: "status"},
		tracesPlace:      {name: "transaction_index"},
		tracesTime:       {name: "block_timestamp"},
		tracesID:         {name: "trace_id"},
		tracesResult:     {}, // others have a column for the contract that was made
	},
}

// A traceTree collects the traces of one transaction until they are whole: which
// number an internal transfer has depends on all before it.
type traceTree struct {
	tx    ledger.Tx
	file  *file
	nodes []traceNode
	// want is the number of traces there must be, as far as is known: one for the root
	// and one for each that a node announces. It is -1 when some node announces nothing.
	want int
}

// A traceNode is one call, creation or destruction.
type traceNode struct {
	path     []uint32 // its place in the tree; empty at the root
	from, to fundtrail.AddressID
	value    fundtrail.Amount // zero where the kind of call moves none
	failed   bool             // it itself, or as the file says one above it
	makes    bool             // it creates the contract that it pays
	destroys bool             // it destroys the contract that pays
	children int              // -1 where the file does not tell
	line     int
}

func (f *file) traceRow() error {
	kind := string(f.cells[tracesType])
	switch kind {
	case "reward", "genesis", "daofork":
		return f.issueRow(kind)
	}
	t := ledger.Tx{Chain: f.chain, Where: f.where()}
	if err := f.hash(tracesTx, &t.Hash); err != nil {
		return err
	}
	if err := f.traceTx(&t); err != nil {
		return err
	}
	n, err := f.traceNode(kind, t.Height)
	if err != nil {
		return err
	}
	if done, ok := f.flushed[t.Hash]; ok {
		if slices.Contains(done, f.digest(&n, t.Height)) {
			return nil
		}
		return fmt.Errorf("trace %v of transaction %s is not among the traces that stood before and were all of them: %w",
			n.path, fundtrail.TxID{Chain: f.chain, Hash: t.Hash}, fundtrail.ErrConflict)
	}
	tree := f.traces[t.Hash]
	if f.last != nil && f.last != tree {
		if err := f.flushTrace(f.last); err != nil {
			return err
		}
	}
	if tree == nil {
		if f.traces == nil {
			f.traces = map[fundtrail.Hash]*traceTree{}
		}
		tree = &traceTree{tx: t, file: f, want: 1}
		f.traces[t.Hash] = tree
	}
	f.last = tree
	return f.grow(tree, t, n)
}

// traceTx reads what a row of traces tells of its transaction or block.
func (f *file) traceTx(t *ledger.Tx) (err error) {
	if t.Height, err = f.height(tracesBlock); err != nil {
		return err
	}
	if t.Time, err = f.blockTime(tracesTime); err != nil {
		return err
	}
	t.Place, err = f.place(tracesPlace)
	return err
}

// traceNode reads what a trace moves.
func (f *file) traceNode(kind string, height int64) (n traceNode, err error) {
	n = traceNode{line: f.line, children: -1}
	if n.path, err = f.path(tracesAddress); err != nil {
		return n, err
	}
	value, err := f.traceValue()
	if err != nil {
		return n, err
	}
	success, told, err := f.flag(tracesStatus)
	if err != nil {
		return n, err
	}
	n.failed = told && !success || f.told(tracesError)
	if f.told(tracesSubtraces) {
		c, err := f.number(tracesSubtraces, math.MaxInt32)
		if err != nil {
			return n, err
		}
		n.children = int(c)
	}
	var from, to [20]byte
	if n.from, err = f.payer(tracesFrom, &from); err != nil {
		return n, err
	}
	toTold, err := f.evm(tracesTo, &to)
	if err == nil && !toTold && (kind == "create" || kind == "create2") {
		toTold, err = f.evm(tracesResult, &to)
	}
	if err != nil {
		return n, err
	}
	switch kind {
	case "call":
		switch call := string(f.cells[tracesCallType]); call {
		case "call", "":
			n.value = value
		case "callcode", "delegatecall", "staticcall":
			// Foreign code run by the caller itself: the value is only quoted.
		default:
			return n, f.bad(tracesCallType, "call, callcode, delegatecall or staticcall")
		}
	case "create", "create2":
		n.value, n.makes = value, true
	case "suicide", "selfdestruct":
		n.value, n.destroys = value, true
	default:
		return n, f.bad(tracesType, "call, create, suicide, reward, genesis or daofork")
	}
	if toTold {
		n.to = f.b.EVMAddress(f.chain, &to)
	} else if !n.failed && !n.value.IsZero() {
		return n, f.bad(tracesTo, "the address that gets the value")
	}
	if n.to == n.from && n.destroys && f.chain == fundtrail.Ethereum && height < cancun {
		n.to = fundtrail.NoAddress // what a contract leaves to itself is burnt
	}
	return n, nil
}

// traceValue reads a trace's value, which an export may leave empty for none.
func (f *file) traceValue() (fundtrail.Amount, error) {
	if !f.told(tracesValue) {
		return fundtrail.Amount{}, nil
	}
	return f.amount(tracesValue)
}

// path reads a trace address: numbers between commas, as CSV has them, or underscores, as
// cryo does, or a JSON list.
func (f *file) path(c int) ([]uint32, error) {
	cell := f.cells[c]
	if len(cell) > 1 && cell[0] == '[' && cell[len(cell)-1] == ']' {
		cell = cell[1 : len(cell)-1]
	}
	if len(bytes.TrimSpace(cell)) == 0 {
		return nil, nil
	}
	path, between := make([]uint32, 0, 8), []byte{','}
	if bytes.IndexByte(cell, '_') >= 0 {
		between[0] = '_'
	}
	for part := range bytes.SplitSeq(cell, between) {
		n, ok := digits(bytes.TrimSpace(part))
		if !ok || n > math.MaxInt32 || len(path) == 1025 { // the EVM's depth is 1024
			return nil, f.bad(c, "numbers separated by commas, such as 0,2,1")
		}
		path = append(path, uint32(n))
	}
	return path, nil
}

// grow adds a node to a tree.
func (f *file) grow(tree *traceTree, t ledger.Tx, n traceNode) error {
	if tree.tx.Height != t.Height {
		return fmt.Errorf("transaction %s is in block %d here and in block %d at %s line %d: %w",
			fundtrail.TxID{Chain: f.chain, Hash: t.Hash}, t.Height, tree.tx.Height, tree.file.name, tree.tx.Where.Line, fundtrail.ErrConflict)
	}
	if tree.tx.Time == ledger.UnknownTime {
		tree.tx.Time = t.Time
	}
	if tree.tx.Place == ledger.UnknownPlace {
		tree.tx.Place = t.Place
	}
	tree.nodes = append(tree.nodes, n)
	if n.children < 0 {
		tree.want = -1
	} else if tree.want >= 0 {
		tree.want += n.children
	}
	return nil
}

// flushTrace adds a tree's transfers when the tree is whole, and forgets all but a
// digest of each node: the same rows may come again.
func (j *job) flushTrace(tree *traceTree) error {
	if tree.want != len(tree.nodes) {
		return nil // perhaps the rest is still to come
	}
	whole, err := tree.sort()
	if err != nil || whole != nil {
		return err
	}
	if j.flushed == nil {
		j.flushed = map[fundtrail.Hash][]uint64{}
	}
	digests := make([]uint64, len(tree.nodes))
	for i := range tree.nodes {
		digests[i] = j.digest(&tree.nodes[i], tree.tx.Height)
	}
	j.flushed[tree.tx.Hash] = digests
	delete(j.traces, tree.tx.Hash)
	return tree.add()
}

// digest is what remains of a node once its tree is flushed, to know it again.
func (j *job) digest(n *traceNode, height int64) uint64 {
	var h maphash.Hash
	h.SetSeed(j.seed)
	for _, step := range n.path {
		maphash.WriteComparable(&h, step)
	}
	maphash.WriteComparable(&h, struct {
		from, to [20]byte
		value    fundtrail.Amount
		failed   bool
		height   int64
	}{j.b.Payload(n.from), j.b.Payload(n.to), n.value, n.failed, height})
	return h.Sum64()
}

// finishTraces adds the trees that were not known to be whole before.
func (j *job) finishTraces() error {
	for _, h := range slices.SortedFunc(maps.Keys(j.traces), func(x, y fundtrail.Hash) int { return bytes.Compare(x[:], y[:]) }) {
		if err := j.b.Relieve(j.renumber); err != nil {
			return err
		}
		tree := j.traces[h]
		missing, err := tree.sort()
		if err == nil && missing != nil {
			err = tree.file.reject(missing, tree.nodes[0].line, "")
			if err == nil {
				continue
			}
		}
		if err == nil {
			err = tree.add()
		}
		if err != nil {
			return err
		}
	}
	j.traces, j.last, j.flushed = nil, nil, nil
	return nil
}

// sort puts the nodes in the order of execution, drops those met twice, and returns
// what is missing, if anything is.
func (t *traceTree) sort() (missing *rowError, err error) {
	slices.SortFunc(t.nodes, func(x, y traceNode) int { return cmp.Or(slices.Compare(x.path, y.path), cmp.Compare(x.line, y.line)) })
	id := fundtrail.TxID{Chain: t.tx.Chain, Hash: t.tx.Hash}
	unique := t.nodes[:1]
	for _, n := range t.nodes[1:] {
		last := &unique[len(unique)-1]
		if !slices.Equal(n.path, last.path) {
			unique = append(unique, n)
			continue
		}
		if n.from != last.from || n.to != last.to || n.value != last.value || n.failed != last.failed || n.children >= 0 && last.children >= 0 && n.children != last.children {
			return nil, fmt.Errorf("%s: trace %v of transaction %s stands at lines %d and %d, differently: %w", t.file.name, n.path, id, last.line, n.line, fundtrail.ErrConflict)
		}
		last.children = max(last.children, n.children)
	}
	t.nodes = unique
	lack := func(path []uint32) *rowError {
		return &rowError{"trace_address", fmt.Sprintf("transaction %s lacks its trace %v, so that its internal transfers cannot be numbered: load all traces of the transaction", id, path), fundtrail.ErrInvalid}
	}
	if len(t.nodes[0].path) != 0 {
		return lack(nil), nil
	}
	// next holds, for each node on the way down to the current one, the number of
	// children met so far.
	next := []int{0}
	announced := []int{t.nodes[0].children}
	path := []uint32{}
	leave := func(depth int) *rowError {
		for len(path) > depth {
			d := len(path)
			if announced[d] >= 0 && next[d] < announced[d] {
				return lack(append(slices.Clone(path), uint32(next[d])))
			}
			next, announced, path = next[:d], announced[:d], path[:d-1]
		}
		return nil
	}
	for _, n := range t.nodes[1:] {
		depth := len(n.path) - 1
		common := 0
		for common < len(path) && common < depth && path[common] == n.path[common] {
			common++
		}
		if common < depth {
			return lack(n.path[:common+1]), nil
		}
		if e := leave(depth); e != nil {
			return e, nil
		}
		if want := uint32(next[depth]); n.path[depth] != want {
			return lack(append(slices.Clone(path), want)), nil
		}
		next[depth]++
		path = append(path, n.path[depth])
		next, announced = append(next, 0), append(announced, n.children)
	}
	if e := leave(0); e != nil {
		return e, nil
	}
	if announced[0] >= 0 && next[0] < announced[0] {
		return lack([]uint32{uint32(next[0])}), nil
	}
	return nil, nil
}

// add adds the transfers of a whole tree. The root is the transaction's own value.
func (t *traceTree) add() error {
	f := t.file
	t.tx.Outcome = ledger.Succeeded
	if t.nodes[0].failed {
		t.tx.Outcome = ledger.Failed
		f.sum.Failed++
	}
	f.settle(t.tx.Hash)
	ref, err := f.b.Tx(t.tx)
	if err != nil {
		return err
	}
	native := f.b.Asset(fundtrail.NativeAsset(f.chain))
	failed := -1 // depth of the failed call above, -1 when there is none
	index := fundtrail.TraceIndex
	for i := range t.nodes {
		n := &t.nodes[i]
		depth := len(n.path)
		if failed >= 0 && depth <= failed {
			failed = -1
		}
		if failed < 0 && n.failed {
			failed = depth
		}
		if failed >= 0 || n.value.IsZero() {
			continue
		}
		r := ledger.Row{Index: fundtrail.ValueIndex, Asset: native, From: n.from, To: n.to, Amount: n.value}
		if n.destroys && n.to == n.from && slices.ContainsFunc(t.nodes[:i], func(m traceNode) bool { return m.makes && m.to == n.from }) {
			r.To = fundtrail.NoAddress // destroyed in the transaction that made it: burnt under every rule (EIP-6780)
		}
		if depth > 0 {
			if index++; index >= fundtrail.LogIndex {
				return fmt.Errorf("transaction %s: more than %d internal transfers: %w", fundtrail.TxID{Chain: f.chain, Hash: t.tx.Hash}, fundtrail.LogIndex-1, fundtrail.ErrLimit)
			}
			r.Index = index
		}
		if err := f.add(ref, t.tx.Height, r); err != nil {
			return err
		}
	}
	return nil
}

// What a protocol issues or moves without a transaction.

// An issueKey names the event of the ledger that an issue is part of.
type issueKey struct {
	kind   string
	height int64
}

// An issue is one row of it: a block's or an uncle's reward, an allocation of the
// genesis block, a balance that the fork after the DAO theft moved.
type issue struct {
	file     *file
	line     int
	time     int64
	uncle    bool
	from, to fundtrail.AddressID
	sortFrom [20]byte
	sortTo   [20]byte
	amount   fundtrail.Amount
	id       string
	again    int // how often the same row stood in the file before
}

func (f *file) issueRow(kind string) error {
	t := ledger.Tx{}
	if err := f.traceTx(&t); err != nil {
		return err
	}
	i := issue{file: f, line: f.line, time: t.Time, id: string(f.cells[tracesID])}
	switch reward := string(f.cells[tracesRewardType]); {
	case kind != "reward", reward == "block":
	case reward == "uncle":
		i.uncle = true
	default:
		return f.bad(tracesRewardType, "block or uncle")
	}
	var err error
	if i.amount, err = f.amount(tracesValue); err != nil {
		return err
	}
	if i.to, err = f.payer(tracesTo, &i.sortTo); err != nil {
		return err
	}
	if kind == "daofork" {
		if i.from, err = f.payer(tracesFrom, &i.sortFrom); err != nil {
			return err
		}
	}
	if f.issues == nil {
		f.issues = map[issueKey][]issue{}
	}
	key := issueKey{kind, t.Height}
	f.issues[key] = append(f.issues[key], i)
	return nil
}

func (x *issue) compare(y *issue) int {
	uncle := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(uncle(x.uncle), uncle(y.uncle)), bytes.Compare(x.sortFrom[:], y.sortFrom[:]), bytes.Compare(x.sortTo[:], y.sortTo[:]),
		x.amount.Cmp(y.amount), cmp.Compare(x.id, y.id), cmp.Compare(x.again, y.again))
}

// finishIssues adds what was issued. Rows have no place of their own in the chain, so
// they are numbered in the order of kind, parties and amount. Equal rows of one file
// are two payments unless their ids are equal; of two files they are the same.
func (j *job) finishIssues() error {
	keys := slices.SortedFunc(maps.Keys(j.issues), func(x, y issueKey) int {
		return cmp.Or(cmp.Compare(x.height, y.height), cmp.Compare(x.kind, y.kind))
	})
	for _, k := range keys {
		if err := j.b.Relieve(j.renumber); err != nil {
			return err
		}
		list := j.issues[k]
		same := func(x, y *issue) bool { x1, y1 := *x, *y; x1.again, y1.again = 0, 0; return x1.compare(&y1) == 0 }
		slices.SortFunc(list, func(x, y issue) int {
			return cmp.Or(x.compare(&y), cmp.Compare(x.file.id, y.file.id), cmp.Compare(x.line, y.line))
		})
		for i := 1; i < len(list); i++ {
			if x, y := &list[i-1], &list[i]; y.id == "" && x.file == y.file && same(x, y) {
				y.again = x.again + 1
			}
		}
		slices.SortStableFunc(list, func(x, y issue) int { return x.compare(&y) })
		list = slices.CompactFunc(list, func(x, y issue) bool { return x.compare(&y) == 0 })
		if err := j.issue(k, list); err != nil {
			return err
		}
	}
	j.issues = nil
	return nil
}

func (j *job) issue(k issueKey, list []issue) error {
	text, place := map[string]string{"reward": "block rewards", "genesis": "genesis", "daofork": "dao fork"}[k.kind], uint32(fundtrail.RewardsPlace)
	if k.kind != "reward" {
		place = fundtrail.StateChangePlace
	}
	t := ledger.Tx{Chain: j.chain, Hash: fundtrail.ProtocolHash(text, k.height), Height: k.height, Time: ledger.UnknownTime, Place: place, Outcome: ledger.Succeeded}
	t.Where = ledger.Where{File: list[0].file.id, Line: list[0].line}
	for i := range list {
		if list[i].time != ledger.UnknownTime {
			t.Time = list[i].time
		}
	}
	ref, err := j.b.Tx(t)
	if err != nil {
		return err
	}
	native := j.b.Asset(fundtrail.NativeAsset(j.chain))
	for n := range list {
		i := &list[n]
		if err := i.file.add(ref, k.height, ledger.Row{Index: uint32(n), Asset: native, From: i.from, To: i.to, Amount: i.amount}); err != nil {
			return err
		}
	}
	return nil
}
