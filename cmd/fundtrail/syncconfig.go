package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/fundtrail/fundtrail"
)

// A chainsConfig is a file of chains for sync. See doc/chains.md.
type chainsConfig struct {
	Chains map[string]chainConfig `yaml:"chains"`
}

type chainConfig struct {
	RPC  oneOrMore `yaml:"rpc"`
	From int64     `yaml:"from"`
	To   *int64    `yaml:"to"`
	// Backfill and Newest are as the flags of those names.
	Backfill string `yaml:"backfill"`
	Newest   int64  `yaml:"newest"`
}

// oneOrMore is a text or a list of them.
type oneOrMore []string

func (l *oneOrMore) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*l = oneOrMore{n.Value}
		return nil
	}
	return n.Decode((*[]string)(l))
}

// readChains reads a file of chains, in the order of their names.
func readChains(name string) ([]*chainJob, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var c chainsConfig
	d := yaml.NewDecoder(file)
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w: %w", name, err, fundtrail.ErrInvalid)
	}
	if len(c.Chains) == 0 {
		return nil, fmt.Errorf("%s: no chain stands under chains: %w", name, fundtrail.ErrInvalid)
	}
	var jobs []*chainJob
	for _, chain := range slices.Sorted(maps.Keys(c.Chains)) {
		x := c.Chains[chain]
		j := newChainJob()
		j.chain, j.from = chain, x.From
		j.backfill, j.newest = cmp.Or(x.Backfill, j.backfill), cmp.Or(x.Newest, j.newest)
		if x.To != nil {
			if j.to = *x.To; j.to < 0 {
				return nil, fmt.Errorf("%s: %s: to: want a height from 0 on: %w", name, chain, fundtrail.ErrInvalid)
			}
		}
		for _, raw := range x.RPC {
			address, err := expandEnv(raw)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: rpc: %w", name, chain, err)
			}
			j.rpc = append(j.rpc, address)
		}
		if err := j.check(); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}
