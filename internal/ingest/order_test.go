package ingest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// randomTables makes some blocks' worth of all tables, as ethereum-etl would.
func randomTables(r *rand.Rand) map[string][]record {
	tables := map[string][]record{}
	put := func(table string, row record) { tables[table] = append(tables[table], row) }
	party := func() string { return addressOf(r.IntN(8)) }
	n := 0
	for b := range 5 {
		height, time := fmt.Sprint(12_964_998+b), fmt.Sprint(1_628_000_000+13*b) // around London
		base := 0
		if b >= 2 {
			base = 10 + r.IntN(5)
		}
		log := 0
		count := r.IntN(8)
		for place := range count {
			n++
			status, price, gasUsed := r.IntN(6) > 0, 20+r.IntN(5), 21000+r.IntN(9)
			tx := record{"hash": hashOf(n), "nonce": fmt.Sprint(n), "block_number": height, "transaction_index": fmt.Sprint(place), "from_address": party(), "to_address": party(),
				"value": fmt.Sprint(r.IntN(3) * 1000), "gas": "40000", "gas_price": fmt.Sprint(price), "block_timestamp": time}
			receipt := record{"transaction_hash": hashOf(n), "block_number": height, "gas_used": fmt.Sprint(gasUsed), "cumulative_gas_used": "1", "status": map[bool]string{true: "1", false: "0"}[status],
				"effective_gas_price": fmt.Sprint(price), "contract_address": ""}
			trace := record{"transaction_hash": hashOf(n), "transaction_index": fmt.Sprint(place), "block_number": height, "from_address": tx["from_address"], "to_address": tx["to_address"], "value": tx["value"],
				"trace_type": "call", "call_type": "call", "subtraces": "0", "trace_address": "", "error": "", "status": "1"}
			if r.IntN(6) == 0 { // a creation
				contract := fundtrail.CreatedContract([20]byte(mustAddress(tx["from_address"]).Payload()), uint64(n))
				text := fundtrail.EVMAddress(fundtrail.Ethereum, contract).String()
				tx["to_address"], receipt["contract_address"] = "", text
				trace["trace_type"], trace["call_type"], trace["to_address"] = "create", "", text
			}
			if !status {
				trace["status"], trace["error"] = "0", "Reverted"
			}
			put("transactions", tx)
			put("receipts", receipt)
			kids := r.IntN(6)
			put("traces", with(trace, "subtraces", fmt.Sprint(kids)))
			for k := range kids {
				kid := with(trace, "trace_type", "call", "trace_address", fmt.Sprint(k), "from_address", party(), "to_address", party(), "value", fmt.Sprint(r.IntN(5)),
					"call_type", []string{"call", "call", "delegatecall"}[r.IntN(3)])
				if status && r.IntN(4) == 0 {
					kid["status"], kid["error"] = "0", "Reverted"
				}
				put("traces", kid)
			}
			for range r.IntN(3) {
				if log++; status {
					put("token_transfers", record{"token_address": addressOf(90 + r.IntN(3)), "from_address": party(), "to_address": party(), "value": fmt.Sprint(r.IntN(4)),
						"transaction_hash": hashOf(n), "log_index": fmt.Sprint(log), "block_number": height})
				}
			}
		}
		block := record{"number": height, "timestamp": time, "miner": addressOf(50 + b), "base_fee_per_gas": "", "transaction_count": fmt.Sprint(count)}
		if base > 0 {
			block["base_fee_per_gas"] = fmt.Sprint(base)
		}
		put("blocks", block)
		put("traces", record{"transaction_hash": "", "block_number": height, "from_address": "", "to_address": addressOf(50 + b), "value": "2000", "trace_type": "reward", "reward_type": "block", "trace_address": "", "error": "", "status": "1"})
	}
	return tables
}

func mustAddress(s string) fundtrail.Address {
	a, err := fundtrail.ParseAddress(fundtrail.Ethereum, s)
	if err != nil {
		panic(err)
	}
	return a
}

// permutations calls f with every order of n things.
func permutations(n int, f func([]int)) {
	var step func([]int, []int)
	step = func(done, left []int) {
		if len(left) == 0 {
			f(done)
		}
		for i := range left {
			step(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	step(nil, all)
}

// TestTablesInAnyOrder: every order of files, with their rows in any order, cut into
// any number of files, some of which come twice, is one ledger.
func TestTablesInAnyOrder(t *testing.T) {
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(seed, 2))
		tables := randomTables(r)
		names := []string{"blocks", "receipts", "token_transfers", "traces", "transactions"}
		var inputs []Input
		file := map[string]string{} // names that sort against the order of need
		for i, name := range names {
			file[name] = fmt.Sprint(9 - i)
			inputs = append(inputs, text(file[name], asCSV(tables[name]...)))
		}
		m, sums := importAll(t, Options{}, inputs...)
		want := dump(m)
		if sums[3].Kinds != fundtrail.ValueTransfers|fundtrail.InternalTransfers || sums[4].Failed == 0 || len(m.Coverage()) == 0 {
			t.Fatalf("seed %d: the tables lack something to test: %+v", seed, sums)
		}
		permutations(len(inputs), func(p []int) {
			if seed > 0 {
				return // all orders of one ledger's files are enough
			}
			var list []Input
			for _, i := range p {
				list = append(list, inputs[i])
			}
			m, _ := importAll(t, Options{}, list...)
			if got := dump(m); got != want {
				t.Fatalf("seed %d: the order %v makes the ledger\n%swant\n%s", seed, p, got, want)
			}
		})
		for range 10 {
			var list []Input
			for _, name := range names {
				rows := slices.Clone(tables[name])
				r.Shuffle(len(rows), func(i, k int) { rows[i], rows[k] = rows[k], rows[i] })
				for len(rows) > 0 {
					n := 1 + r.IntN(len(rows))
					spell := []func(...record) string{asCSV, asJSON}[r.IntN(2)]
					in := text(file[name], spell(rows[:n]...)) // one name, for coverage's sake
					list = append(list, in)
					if r.IntN(4) == 0 {
						list = append(list, in)
					}
					rows = rows[n:]
				}
			}
			r.Shuffle(len(list), func(i, k int) { list[i], list[k] = list[k], list[i] })
			m, _ := importAll(t, Options{}, list...)
			if got := dump(m); got != want {
				t.Fatalf("seed %d: cut into %d files, the ledger is\n%swant\n%s", seed, len(list), got, want)
			}
		}
	}
}
