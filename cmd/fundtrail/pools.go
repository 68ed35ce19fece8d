package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/crossing"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/report"
)

// loadPools reads the events of a mixer's pools from files and folders, one level deep,
// which name their pool: deposits_eth_100.json.zip. Files of folders that name none are
// left alone.
func loadPools(names []string) ([]*crossing.Pool, []report.Input, error) {
	events := map[crossing.PoolName]crossing.Events{}
	var inputs []report.Input
	files, given, err := poolFiles(names)
	if err != nil {
		return nil, nil, fmt.Errorf("--mixer-events: %w", err)
	}
	for _, name := range files {
		pool, ok := ingest.MixerFile(name)
		if !ok {
			if given[name] {
				return nil, nil, fmt.Errorf("--mixer-events %s: its name does not tell its pool: want deposits_ASSET_UNIT.json or withdrawals_ASSET_UNIT.json, such as deposits_eth_100.json: %w", name, fundtrail.ErrInvalid)
			}
			continue
		}
		ev, in, err := readPoolFile(name)
		if err != nil {
			return nil, nil, fmt.Errorf("--mixer-events %s: %w", name, err)
		}
		sum := events[pool]
		sum.Deposits = append(sum.Deposits, ev.Deposits...)
		sum.Withdrawals = append(sum.Withdrawals, ev.Withdrawals...)
		events[pool] = sum
		inputs = append(inputs, in)
	}
	if len(events) == 0 {
		return nil, nil, fmt.Errorf("--mixer-events: no file names a pool, such as deposits_eth_100.json: %w", fundtrail.ErrNotFound)
	}
	pools, err := crossing.NewPools(events)
	return pools, inputs, err
}

func poolFiles(names []string) (files []string, given map[string]bool, err error) {
	given = map[string]bool{}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, nil, err
		}
		if !info.IsDir() {
			given[name] = true
			files = append(files, name)
			continue
		}
		for _, pattern := range []string{"*_*_*.json*", "*/*_*_*.json*"} {
			found, err := filepath.Glob(filepath.Join(name, pattern))
			if err != nil {
				return nil, nil, err
			}
			files = append(files, found...)
		}
	}
	slices.Sort(files)
	return slices.Compact(files), given, nil
}

func readPoolFile(name string) (ev crossing.Events, in report.Input, err error) {
	f, err := os.Open(name)
	if err != nil {
		return ev, in, err
	}
	defer f.Close()
	sum := sha256.New()
	r := io.TeeReader(f, sum)
	if ev, err = ingest.MixerEvents(r); err != nil {
		return ev, in, err
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return ev, in, err
	}
	info, err := f.Stat()
	if err != nil {
		return ev, in, err
	}
	// The folder is a part of the name where it tells the chain.
	short := filepath.Base(name)
	if whole, _ := ingest.MixerFile(name); whole != poolOf(short) {
		short = filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(name)), short))
	}
	return ev, report.Input{Role: "mixer events", Name: short, SHA256: report.Digest([32]byte(sum.Sum(nil))),
		Bytes: info.Size(), Rows: len(ev.Deposits) + len(ev.Withdrawals)}, nil
}

func poolOf(name string) crossing.PoolName {
	p, _ := ingest.MixerFile(name)
	return p
}
