package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail/internal/ledgertest"
)

// importTransfers is how many transfers the generated tables have. doc/performance.md uses
// 15 million: FUNDTRAIL_BENCH_TRANSFERS=15000000 go test ./cmd/fundtrail -run xxx -bench LedgerImport -benchtime 1x.
// With FUNDTRAIL_BENCH_DIR the tables are made there once, and stay.
func importTransfers() int {
	if n, err := strconv.Atoi(os.Getenv("FUNDTRAIL_BENCH_TRANSFERS")); err == nil && n > 0 {
		return n
	}
	return 200_000
}

// BenchmarkLedgerImport imports tables of ethereum-etl with the command itself, in a
// process of its own, whose memory is measured: token_transfers alone, and
// together with blocks, transactions and receipts.
func BenchmarkLedgerImport(b *testing.B) {
	dir := os.Getenv("FUNDTRAIL_BENCH_DIR")
	if dir == "" {
		dir = b.TempDir()
	}
	n := importTransfers()
	tables := generateTables(b, dir, n)
	program := os.Getenv("FUNDTRAIL_BENCH_PROGRAM") // another build, to compare
	if program == "" {
		program = filepath.Join(b.TempDir(), "fundtrail")
		if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
	for _, what := range []struct {
		name  string
		files []string
	}{{"tokens", tables[3:]}, {"tables", tables}} {
		for _, memory := range []string{"", "512MB", "2GiB", "1TB"} {
			name := what.name + "/" + memory
			args := []string{"ledger", "import", filepath.Join(dir, "ledger")}
			if memory == "" {
				name += "without" // for programs that do not know the flag
			} else {
				args = append(args, "--memory", memory)
			}
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					start := time.Now()
					cmd := exec.Command(program, append(args, what.files...)...)
					out, err := cmd.CombinedOutput()
					if err != nil {
						b.Fatalf("%v: %s", err, out)
					}
					if moves := n + len(what.files)/4*(n+1)/2; !strings.HasPrefix(string(out), strconv.Itoa(moves)+" movements") {
						b.Fatalf("%d movements were to be imported: %s", moves, out)
					}
					use := cmd.ProcessState.SysUsage().(*syscall.Rusage)
					cpu := time.Duration(use.Utime.Nano() + use.Stime.Nano()).Seconds()
					b.ReportMetric(float64(n)/time.Since(start).Seconds(), "transfers/s")
					b.ReportMetric(1e6*cpu/float64(n), "cpu-µs/transfer")
					b.ReportMetric(float64(use.Maxrss)/1000, "peak-MB")
					if err := os.RemoveAll(args[2]); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// generateTables writes blocks, transactions, receipts and token_transfers as ethereum-etl
// does, with two token transfers a transaction.
func generateTables(b *testing.B, dir string, n int) (names []string) {
	for _, name := range []string{"blocks", "transactions", "receipts", "token_transfers"} {
		names = append(names, filepath.Join(dir, fmt.Sprintf("%s_%d.csv", name, n)))
	}
	if _, err := os.Stat(names[0]); err == nil {
		return names
	}
	var files []*os.File
	var out []*bufio.Writer
	for _, name := range names {
		f, err := os.Create(name + ".part")
		if err != nil {
			b.Fatal(err)
		}
		files, out = append(files, f), append(out, bufio.NewWriterSize(f, 1<<20))
	}
	fmt.Fprintln(out[0], "number,timestamp,miner,base_fee_per_gas,transaction_count")
	fmt.Fprintln(out[1], "hash,nonce,block_number,transaction_index,from_address,to_address,value,gas,gas_price,block_timestamp")
	fmt.Fprintln(out[2], "transaction_hash,transaction_index,block_number,cumulative_gas_used,gas_used,contract_address,status,effective_gas_price")
	fmt.Fprintln(out[3], "token_address,from_address,to_address,value,transaction_hash,log_index,block_number,block_timestamp")
	hexed := func(line, b []byte) []byte { return hex.AppendEncode(append(line, "0x"...), b) }
	comma := func(line []byte, v uint64) []byte { return strconv.AppendUint(append(line, ','), v, 10) }
	law := ledgertest.NewPowerLaw(1)
	const perBlock, first = 80, 17_000_000
	var line []byte
	for i := range n {
		t := law.Next()
		block := t.Tx / perBlock
		at := 1_700_000_000 + 12*block
		hash := ledgertest.Hash(t.Tx)
		if t.First {
			if t.Tx%perBlock == 0 {
				count := min(perBlock, (n+1)/2-int(t.Tx))
				fmt.Fprintf(out[0], "%d,%d,0x%x,7,%d\n", first+block, at, law.Person(block%50).Payload(), count)
			}
			line = hexed(line[:0], hash[:])
			line = comma(comma(comma(line, t.Tx), first+block), t.Tx%perBlock)
			line = hexed(append(line, ','), t.From[:])
			line = hexed(append(line, ','), t.To[:])
			line = append(line, ",0,100000,9,"...)
			line = append(strconv.AppendUint(line, at, 10), '\n')
			out[1].Write(line)
			line = hexed(line[:0], hash[:])
			line = comma(comma(line, t.Tx%perBlock), first+block)
			out[2].Write(append(line, ",21000,21000,,1,9\n"...))
		}
		token := law.Person(t.Tx % 300).Payload()
		line = hexed(line[:0], token)
		line = hexed(append(line, ','), t.From[:])
		line = hexed(append(line, ','), t.To[:])
		line = append(append(line, ','), t.Amount.String()...)
		line = hexed(append(line, ','), hash[:])
		line = comma(comma(comma(line, uint64(i%(2*perBlock))), first+block), at)
		out[3].Write(append(line, '\n'))
	}
	for i := range names {
		if err := out[i].Flush(); err != nil {
			b.Fatal(err)
		}
		if err := files[i].Close(); err != nil {
			b.Fatal(err)
		}
		if err := os.Rename(names[i]+".part", names[i]); err != nil {
			b.Fatal(err)
		}
	}
	return names
}
