package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// labelCloud is the confidence of a name tag that an explorer shows and gives no
// reason for, by the scale of doc/records.md.
const labelCloud fundtrail.Confidence = 50

// ParseLabels reads the label file of an explorer of Etherscan's family, one JSON
// object of address to name and labels:
//
//	{"0x28c6…": {"name": "Binance 14", "labels": ["binance"]}}
//
// Which chain it is about is not in the file; see [ChainOfLabels]. The category,
// the actor and the role come from the table labels.tsv in this folder, which says
// why where that is not plain. A label that the table does not list gives no
// category and is counted in Unread.
//
// from says where the bytes came from and is every tag's Source. The file states no
// confidence; every tag has that of a label cloud.
//
// An error wraps [fundtrail.ErrInvalid] and means that the file is no label file.
func ParseLabels(r io.Reader, chain fundtrail.Chain, from fundtrail.Source) (Claims, error) {
	if info, ok := chain.Info(); !ok || info.Family != fundtrail.FamilyEVM {
		return Claims{}, fmt.Errorf("parse labels: chain %q: want an EVM chain: %w", clip(string(chain)), fundtrail.ErrInvalid)
	}
	rules, err := labelRules()
	if err != nil {
		return Claims{}, fmt.Errorf("parse labels: %w", err)
	}
	lines := &lineReader{r: r}
	dec := json.NewDecoder(lines)
	broken := func(want string, err error) error {
		at := dec.InputOffset() // of what was read whole: a syntax error's own offset leaves out what stands between values
		return fmt.Errorf("parse labels: line %d, byte %d: want %s: %v: %w", lines.at(at), at, want, err, fundtrail.ErrInvalid)
	}
	if t, err := dec.Token(); err != nil {
		return Claims{}, broken("an object of address to name and labels", err)
	} else if t != json.Delim('{') {
		return Claims{}, broken("an object of address to name and labels", fmt.Errorf("found %v", t))
	}
	var out Claims
	unread := counter{}
	for entry := 1; dec.More(); entry++ {
		key, err := dec.Token()
		if err != nil {
			return Claims{}, broken("an address as key", err)
		}
		line := lines.at(dec.InputOffset())
		text := key.(string) // a key is always a string, or Token has failed
		var body struct {
			Name   string   `json:"name"`
			Labels []string `json:"labels"`
		}
		err = dec.Decode(&body)
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			err = fmt.Errorf("%s is a %s: want a name and a list of labels: %w", orElse(wrong.Field, "the value"), wrong.Value, fundtrail.ErrInvalid)
		} else if err != nil {
			return Claims{}, broken(fmt.Sprintf(`{"name": …, "labels": […]} after %q`, clip(text)), err)
		}
		tag := fundtrail.Tag{Source: from, Confidence: labelCloud}
		if err == nil {
			tag.Address, err = fundtrail.ParseAddress(chain, text)
		}
		tag.Label = orElse(body.Name, strings.Join(body.Labels, ", "))
		if err == nil && tag.Label == "" {
			err = fmt.Errorf("want a name or a label: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			out.Rejected = append(out.Rejected, Rejected{line, entry, clip(text), err})
			continue
		}
		found := rules.classify(tag.Address, body.Name, body.Labels)
		tag.Category, tag.Actor, tag.Role = found.category, found.actor, found.role
		for _, l := range body.Labels {
			if !rules.known[l] {
				unread.add("label", l)
			}
		}
		out.Tags = append(out.Tags, tag)
	}
	if _, err := dec.Token(); err != nil {
		return Claims{}, broken("a closing brace", err)
	}
	if t, err := dec.Token(); err != io.EOF {
		return Claims{}, broken("the end of the file", fmt.Errorf("found %v %v", t, err))
	}
	out.Unread = unread.counts()
	return out, nil
}

// explorers are the explorers of Etherscan's family, by the name their label files
// begin with.
var explorers = map[string]fundtrail.Chain{
	"etherscan":   fundtrail.Ethereum,
	"bscscan":     fundtrail.BSC,
	"polygonscan": fundtrail.Polygon,
	"arbiscan":    fundtrail.Arbitrum,
	"optimism":    fundtrail.Optimism,
	"avalanche":   fundtrail.Avalanche,
	"snowtrace":   fundtrail.Avalanche,
	"ftmscan":     fundtrail.Fantom,
	"basescan":    fundtrail.Base,
	"gnosisscan":  fundtrail.Gnosis,
}

// ChainOfLabels guesses from its name which chain a label file is about:
// "data/bscscan_combinedAllLabels.json.gz" is about BSC.
func ChainOfLabels(name string) (fundtrail.Chain, bool) {
	name = strings.ToLower(name[strings.LastIndexAny(name, `/\`)+1:])
	end := strings.IndexFunc(name, func(c rune) bool { return c < 'a' || c > 'z' })
	if end < 0 {
		end = len(name)
	}
	chain, ok := explorers[name[:end]]
	return chain, ok
}

// A lineReader remembers where the lines of what it hands on end.
type lineReader struct {
	r    io.Reader
	n    int64
	ends []int64
}

func (l *lineReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for rest, off := p[:n], l.n; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		l.ends = append(l.ends, off+int64(i))
		rest, off = rest[i+1:], off+int64(i)+1
	}
	l.n += int64(n)
	return n, err
}

// at returns the line, from 1, that the byte at the given offset is on.
func (l *lineReader) at(offset int64) int {
	return 1 + sort.Search(len(l.ends), func(i int) bool { return l.ends[i] >= offset })
}
