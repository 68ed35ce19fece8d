package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"slices"

	"github.com/fundtrail/fundtrail"
)

const (
	manifestName = "MANIFEST"
	manifestTemp = "MANIFEST.new"
	manifestHead = "fundtrail ledger, format "
	hotSuffix    = ".seg"
	coldSuffix   = ".tx"
	logSuffix    = ".log"
)

// A state is what a manifest says: which files make the ledger. It is replaced as a
// whole, by renaming.
type state struct {
	Serial   uint64       `json:"serial"`   // rises with every manifest; names of files are made of it
	Segments []segmentRef `json:"segments"` // of each chain in order
	Log      string       `json:"log"`
	Coverage []coverage   `json:"coverage,omitempty"`
	Sources  []Source     `json:"sources,omitempty"`
}

// A segmentRef names a segment, and says what fsck tells of one that is lost.
type segmentRef struct {
	Name      string          `json:"name"`
	Chain     fundtrail.Chain `json:"chain"`
	From      int64           `json:"from"` // blocks
	To        int64           `json:"to"`
	Movements uint32          `json:"movements"`
}

func (s *segment) ref() segmentRef {
	return segmentRef{s.name, s.Chain, s.FirstBlock, s.LastBlock, s.Movements}
}

// names reports whether the state has a segment of that name.
func (st *state) names(segment string) bool {
	return slices.ContainsFunc(st.Segments, func(r segmentRef) bool { return r.Name == segment })
}

// A Source is a file, or whatever else, that facts were read from, and what it lacked.
type Source struct {
	Name             string          `json:"name"`
	SHA256           string          `json:"sha256"` // hexadecimal, of its bytes as stored
	Bytes            int64           `json:"bytes"`
	Rows             int             `json:"rows"`
	Kinds            fundtrail.Kinds `json:"kinds"`
	StatusUnknown    int             `json:"statusUnknown,omitempty"`    // see ingest.Summary
	FeeUnknown       int             `json:"feeUnknown,omitempty"`       //
	RecipientUnknown int             `json:"recipientUnknown,omitempty"` //
	Unsupported      int             `json:"unsupported,omitempty"`
	Bad              int             `json:"bad,omitempty"`   // rows set aside
	Notes            string          `json:"notes,omitempty"` // a line each
}

// A coverage is a fundtrail.Coverage as it is stored.
type coverage struct {
	Chain   fundtrail.Chain `json:"chain"`
	Address string          `json:"address,omitempty"`
	From    int64           `json:"from"`
	To      int64           `json:"to"`
	What    fundtrail.Kinds `json:"what"`
	Source  string          `json:"source"`
}

func storedCoverage(c fundtrail.Coverage) coverage {
	return coverage{c.Chain, c.Address.String(), c.FromBlock, c.ToBlock, c.What, c.Source}
}

func (c coverage) fact() fundtrail.Coverage {
	out := fundtrail.Coverage{Chain: c.Chain, FromBlock: c.From, ToBlock: c.To, What: c.What, Source: c.Source}
	if c.Address != "" {
		out.Address, _ = fundtrail.ParseAddress(c.Chain, c.Address) // was one when it was stored
	}
	return out
}

// addCoverage adds claims. Ranges of whole blocks that overlap or go on where another of
// their kind ends become one: a chain is followed block by block.
func addCoverage(list, more []coverage) []coverage {
	list = slices.Clone(list)
	held := make(map[coverage]bool, len(list))
	for _, c := range list {
		held[c] = true
	}
	for _, c := range more {
		if held[c] {
			continue
		}
		at := len(list)
		for i := len(list) - 1; i >= 0 && c.Address == ""; i-- {
			x := list[i]
			if x.Address == "" && x.Chain == c.Chain && x.What == c.What && x.Source == c.Source && x.From <= c.To+1 && c.From <= x.To+1 {
				c.From, c.To, at = min(c.From, x.From), max(c.To, x.To), i
				list = slices.Delete(list, i, i+1)
				delete(held, x)
			}
		}
		held[c] = true
		list = slices.Insert(list, at, c)
	}
	return list
}

// addSources adds what facts were read from; the same file again adds nothing.
func addSources(list, more []Source) []Source {
	list = slices.Clip(list)
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// cutCoverage takes back what is claimed above a height.
func cutCoverage(list []coverage, chain fundtrail.Chain, height int64) (out []coverage) {
	for _, c := range list {
		if c.Chain == chain {
			if c.From > height {
				continue
			}
			c.To = min(c.To, height)
		}
		out = append(out, c)
	}
	return out
}

// writeManifest replaces the manifest.
func writeManifest(f folder, st state) error {
	raw, err := json.MarshalIndent(st, "", " ")
	if err != nil {
		return err
	}
	text := fmt.Appendf(nil, "%s%d\n%s\n", manifestHead, formatVersion, raw)
	text = fmt.Appendf(text, "crc32c %08x\n", crc32.Checksum(text, castagnoli))
	if err := writeWhole(f, manifestTemp, text); err != nil {
		return err
	}
	if err := f.Rename(manifestTemp, manifestName); err != nil {
		return err
	}
	return f.Sync()
}

func writeWhole(f folder, name string, b []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	if _, err := w.Write(b); err != nil {
		w.Close()
		return err
	}
	return errors.Join(w.Sync(), w.Close())
}

func readManifest(f folder) (st state, err error) {
	text, err := f.Read(manifestName)
	if errors.Is(err, fs.ErrNotExist) {
		return st, fmt.Errorf("there is no ledger in the folder (no file %s): make one with fundtrail ledger import: %w", manifestName, fundtrail.ErrNotFound)
	}
	if err != nil {
		return st, err
	}
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	var v int
	if _, err := fmt.Sscanf(string(line), manifestHead+"%d", &v); err != nil {
		return st, damage(manifestName, "not a ledger's")
	}
	const sumLine = len("crc32c 01234567\n")
	n := len(text) - sumLine
	if n < 0 || string(text[n:]) != fmt.Sprintf("crc32c %08x\n", crc32.Checksum(text[:n], castagnoli)) {
		return st, damage(manifestName, "its bytes are not what was written")
	}
	if v != formatVersion {
		return st, versionError(manifestName, v)
	}
	if err := json.Unmarshal(rest[:len(rest)-sumLine], &st); err != nil {
		return st, damage(manifestName, "%v", err)
	}
	return st, nil
}
