package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/feed"
	"github.com/fundtrail/fundtrail/internal/ingest"
	"github.com/fundtrail/fundtrail/internal/ledger"
	"github.com/fundtrail/fundtrail/internal/report"
)

// inputs are the files that a trace is made from.
type inputs struct {
	ledger  fundtrail.Ledger
	prices  *feed.Prices
	files   []report.Input
	notes   []string                       // what the data does not show
	excerpt bool                           // the ledger is the one embedded in the program
	tokens  map[fundtrail.Asset]data.Token // that the user's files describe and no record does
	symbols map[tokenName]int              // how many tokens have each
}

// expand replaces folders by the files in them, sorted.
func expand(names []string) ([]string, error) {
	var out []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, name)
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		n := len(out)
		for _, e := range entries {
			if e.Type().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				out = append(out, filepath.Join(name, e.Name()))
			}
		}
		if len(out) == n {
			return nil, fmt.Errorf("%s: the folder has no files: %w", name, fundtrail.ErrInvalid)
		}
	}
	return out, nil
}

// loadLedger imports the ledger's files; without any it takes the excerpt that is
// embedded for an incident.
func (in *inputs) loadLedger(ctx context.Context, f *ledgerFlags, s *subject, p *progress) error {
	var list []ingest.Input
	given := append(slices.Clone(f.ledger), s.files...)
	if err := refuseKept(given); err != nil {
		return err
	}
	if found, err := in.openArchive(given); found || err != nil {
		return err
	}
	names, err := expand(given)
	if err != nil {
		return fmt.Errorf("--ledger: %w", err)
	}
	names, blocks := splitBlocks(names)
	for _, name := range names {
		list = append(list, ingest.File(name))
	}
	if len(list)+len(blocks) == 0 {
		excerpt, ok := excerptOf(s)
		if !ok {
			return usage("give the ledger's files with --ledger: only %s can be traced without", strings.Join(data.Excerpts(), ", "))
		}
		list, in.excerpt = []ingest.Input{excerpt}, true
		in.note("The ledger is the excerpt embedded in the program: the key transfers of the case, not all of it. Give the whole with --ledger.")
	}
	l, sums, err := f.readInputs(ctx, ledger.NewBuilder(), list, blocks, totalSize(names), p)
	if err != nil {
		return err
	}
	in.ledger = l
	if err := f.setAside(sums); err != nil {
		return err
	}
	in.summarise(sums)
	return nil
}

// totalSize sums the sizes of files, 0 when one is not known.
func totalSize(names []string) (sum int64) {
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		sum += info.Size()
	}
	return sum
}

// summarise notes the files and what they lack.
func (in *inputs) summarise(sums []ingest.Summary) {
	var kinds fundtrail.Kinds
	var status, fees, recipients, unsupported, bad int
	role := "ledger"
	if in.excerpt {
		role = "excerpt"
	}
	for i := range sums {
		s := &sums[i]
		kinds |= s.Kinds
		status, fees, recipients, bad = status+s.StatusUnknown, fees+s.FeeUnknown, recipients+s.RecipientUnknown, bad+len(s.Bad)
		unsupported += s.Unsupported
		in.notes = append(in.notes, s.Notes...)
		if s.SHA256 == ([32]byte{}) { // blocks that a node told, which no file holds
			in.files = append(in.files, report.Input{Role: "node", Name: strings.TrimPrefix(s.File, "node ")})
			continue
		}
		in.files = append(in.files, report.Input{Role: role, Name: filepath.Base(s.File), SHA256: report.Digest(s.SHA256), Bytes: s.Bytes, Rows: s.Rows})
	}
	account := slices.ContainsFunc(in.ledger.Chains(), func(c fundtrail.ChainSpan) bool {
		info, _ := c.Chain.Info()
		return info.Model == fundtrail.Accounts
	})
	if account && kinds&fundtrail.InternalTransfers == 0 {
		in.note("The ledger's files hold no internal transfers: value that contracts moved is not seen.")
	}
	if account && kinds&fundtrail.TokenTransfers == 0 {
		in.note("The ledger's files hold no token transfers: what was moved in tokens is not seen.")
	}
	if status > 0 {
		in.note("Of %d transactions no file tells whether they succeeded; their value is held to have moved.", status)
	}
	if fees > 0 {
		in.note("Of %d transactions no file tells the fee.", fees)
	}
	if recipients > 0 {
		in.note("Of %d contract creations no file tells the contract: the value they moved is not in the ledger.", recipients)
	}
	if unsupported > 0 {
		in.note("Of %d addresses a list claims more transactions than the files hold: their histories are not held to be whole.", unsupported)
	}
	if bad > 0 {
		in.note("%d rows could not be read and were set aside.", bad)
	}
}

func (in *inputs) note(format string, args ...any) {
	in.notes = append(in.notes, fmt.Sprintf(format, args...))
}

// loadTags adds the claims of tag packs and label files.
func (in *inputs) loadTags(names []string, c claims, chain string, warn func(string, ...any)) error {
	given := names
	names, err := expand(names)
	if err != nil {
		return fmt.Errorf("--tags: %w", err)
	}
	for _, name := range names {
		raw, digest, size, err := readAll(name)
		if err != nil {
			return fmt.Errorf("--tags: %w", err)
		}
		from := fundtrail.Source{URL: filepath.Base(name), SHA256: digest}
		var got feed.Claims
		switch format, _ := feed.Detect(raw[:min(len(raw), 1<<16)], name); format {
		case feed.TagPack:
			got, err = feed.ParseTagPack(bytes.NewReader(raw), from)
		case feed.ActorPack:
			continue // parties without addresses
		case feed.LabelFile:
			on, ok := feed.ChainOfLabels(name)
			if chain != "" {
				on, err = fundtrail.ParseChain(chain)
				ok = err == nil
			}
			if !ok {
				return fmt.Errorf("--tags %s: the file does not tell its chain: give --chain: %w", name, cmp.Or(err, fundtrail.ErrInvalid))
			}
			got, err = feed.ParseLabels(bytes.NewReader(raw), on, from)
		case feed.FortaLabels, feed.VendorLabels:
			var on fundtrail.Chain
			if chain != "" {
				if on, err = fundtrail.ParseChain(chain); err != nil {
					return fmt.Errorf("--chain: %w", err)
				}
			}
			if format == feed.FortaLabels {
				got, err = feed.ParseForta(bytes.NewReader(raw), cmp.Or(on, fundtrail.Ethereum), from)
			} else {
				got, err = feed.ParseVendorLabels(bytes.NewReader(raw), on, from)
			}
		default:
			if !slices.Contains(given, name) { // a licence or a note beside the files
				warn("%s: ignored, it has the form of no labels", name)
				continue
			}
			err = fmt.Errorf("neither a GraphSense tag pack, nor an Etherscan label file, nor a table of labels: %w", fundtrail.ErrInvalid)
		}
		if err != nil {
			return fmt.Errorf("--tags %s: %w", name, err)
		}
		if len(got.Rejected) > 0 {
			warn("%s: %d entries are no claims and were left out, the first: %s", name, len(got.Rejected), got.Rejected[0])
		}
		c.add(got.Tags)
		in.files = append(in.files, report.Input{Role: "tags", Name: filepath.Base(name), SHA256: report.Digest(digest), Bytes: size, Rows: len(got.Tags)})
	}
	return nil
}

// loadTokens reads files of tokens. What is on record stands: a contract cannot rename
// another's token.
func (in *inputs) loadTokens(names []string) error {
	for _, name := range names {
		raw, digest, size, err := readAll(name)
		if err != nil {
			return fmt.Errorf("--assets: %w", err)
		}
		list, err := data.ReadTokens(raw)
		if err != nil {
			return fmt.Errorf("--assets %s: %w", name, err)
		}
		in.files = append(in.files, report.Input{Role: "assets", Name: filepath.Base(name), SHA256: report.Digest(digest), Bytes: size, Rows: len(list)})
		in.addTokens(list)
		in.note("Symbols and decimals of tokens that are on no record are those of %s: claims, most of them of whoever wrote the contract.", filepath.Base(name))
	}
	return nil
}

// addTokens adds what is claimed of tokens.
func (in *inputs) addTokens(list []data.Token) {
	if in.tokens == nil {
		in.tokens = map[fundtrail.Asset]data.Token{}
		in.symbols = map[tokenName]int{}
		for _, t := range data.Tokens() {
			in.symbols[nameOf(t)]++
		}
	}
	for _, t := range list {
		if _, _, known := data.AssetInfo(t.Asset); known {
			continue
		}
		if old, twice := in.tokens[t.Asset]; twice {
			in.symbols[nameOf(old)]--
		}
		in.tokens[t.Asset] = t
		in.symbols[nameOf(t)]++
	}
}

// A tokenName is a symbol that tokens of one chain share.
type tokenName struct {
	chain  fundtrail.Chain
	symbol string // in lower case
}

func nameOf(t data.Token) tokenName { return tokenName{t.Asset.Chain, strings.ToLower(t.Symbol)} }

// assetInfo is how reports print an asset: by our records, else by the user's. A symbol that
// the chain's coin or another token has tells nothing apart: the contract's first digits are added.
func (in *inputs) assetInfo(a fundtrail.Asset) (string, int) {
	if symbol, n := assetInfo(a); n >= 0 {
		return symbol, n
	}
	t, ok := in.tokens[a]
	if !ok {
		return a.String(), -1
	}
	info, _ := a.Chain.Info()
	if in.symbols[nameOf(t)] > 1 || strings.EqualFold(t.Symbol, info.Symbol) {
		return fmt.Sprintf("%s (%.8s…)", t.Symbol, a.Contract), t.Decimals
	}
	return t.Symbol, t.Decimals
}

func (in *inputs) decimals(a fundtrail.Asset) (int, bool) {
	_, n := in.assetInfo(a)
	return max(n, 0), n >= 0
}

// loadPrices reads daily prices; each word is ASSET=FILE.
func (in *inputs) loadPrices(words []string, warn func(string, ...any)) error {
	var files []feed.PriceFile
	for _, word := range words {
		text, name, ok := strings.Cut(word, "=")
		if !ok {
			return usage("--prices %s: say which asset: --prices eth=%s", word, word)
		}
		asset, err := parseAsset(text, fundtrail.Ethereum)
		if err != nil {
			return usage("--prices: %v", err)
		}
		raw, digest, size, err := readAll(name)
		if err != nil {
			return fmt.Errorf("--prices: %w", err)
		}
		f, err := feed.ParsePrices(bytes.NewReader(raw), asset, fundtrail.Source{URL: filepath.Base(name), SHA256: digest})
		if err != nil {
			return fmt.Errorf("--prices %s: %w", name, err)
		}
		files = append(files, f)
		in.files = append(in.files, report.Input{Role: "prices", Name: filepath.Base(name), SHA256: report.Digest(digest), Bytes: size, Rows: len(f.Prices), Asset: asset.String()})
	}
	if len(files) == 0 {
		return nil
	}
	prices, conflicts := feed.NewPrices(files...)
	for _, c := range conflicts {
		warn("two prices of %s for %s: %s is kept", c.Kept.Asset, c.Kept.Day, c.Kept.Source)
		break
	}
	in.prices = prices
	return nil
}

// maxInput bounds a file of claims once unpacked, so that a hostile one cannot fill
// the memory.
const maxInput = 1 << 30

// readAll reads a file, unpacked, and the digest and size of its bytes as stored.
func readAll(name string) (raw []byte, digest [32]byte, size int64, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, digest, 0, err
	}
	defer f.Close()
	h := sha256.New()
	stored := &counter{r: bufio.NewReaderSize(io.TeeReader(f, h), 1<<16)}
	plain, err := ingest.Unpack(stored)
	if err != nil {
		return nil, digest, 0, fmt.Errorf("%s: %w", name, err)
	}
	defer plain.Close()
	raw, err = io.ReadAll(io.LimitReader(plain, maxInput+1))
	if err != nil {
		return nil, digest, 0, fmt.Errorf("%s: %w", name, err)
	}
	if len(raw) > maxInput {
		return nil, digest, 0, fmt.Errorf("%s: more than %d bytes: %w", name, maxInput, fundtrail.ErrLimit)
	}
	if _, err := io.Copy(io.Discard, stored); err != nil {
		return nil, digest, 0, fmt.Errorf("%s: %w", name, err)
	}
	return raw, [32]byte(h.Sum(nil)), stored.n, nil
}

type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// recordInputs are the curated records that a trace rests on.
func (in *inputs) recordInputs(s *subject) {
	for _, r := range s.records {
		in.files = append(in.files, report.Input{Role: "record", Name: r.name, SHA256: report.Digest(sha256.Sum256(r.raw)), Bytes: int64(len(r.raw))})
	}
	h := sha256.New()
	var size int64
	for _, id := range data.Records() {
		name, raw := data.Record(id)
		fmt.Fprintf(h, "%s %d\n", name, len(raw))
		h.Write(raw)
		size += int64(len(raw))
	}
	in.files = append(in.files, report.Input{Role: "records", Name: "records of this program", SHA256: report.Digest([32]byte(h.Sum(nil))), Bytes: size, Rows: len(data.Records())})
}

// excerptOf returns the embedded ledger of an incident.
func excerptOf(s *subject) (ingest.Input, bool) {
	if len(s.incidents) != 1 || len(s.thefts) != len(s.incidents[0].Thefts) {
		return ingest.Input{}, false
	}
	name, raw, ok := data.Excerpt(s.incidents[0].ID)
	if !ok {
		return ingest.Input{}, false
	}
	return ingest.Input{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(raw)), nil }}, true
}

// A progress line is shown on a terminal for what takes longer than a second.
type progress struct {
	w     io.Writer // nil: not shown
	what  string
	total int64
	done  int64
	since time.Time
	last  time.Time
	shown bool
}

func (p *progress) start(what string, total int64) {
	p.clear()
	p.what, p.total, p.done, p.since = what, total, 0, time.Now()
}

// read is told of bytes read; it is called from one goroutine at a time.
func (p *progress) read(n int) {
	p.done += int64(n)
	if p.total > 0 {
		rate := float64(p.done) / time.Since(p.since).Seconds()
		p.show(fmt.Sprintf("%d %%, %.0f MB/s, %s left", 100*p.done/p.total, rate/1e6, timeLeft(p.total-p.done, rate)))
	} else {
		p.show(fmt.Sprintf("%d MB", p.done>>20))
	}
}

// of is told how much of something is done.
func (p *progress) of(n, total int64, what string) {
	rate := float64(n) / time.Since(p.since).Seconds()
	p.show(fmt.Sprintf("%d of at most %d %s, %.0f a second, %s left", n, total, what, rate, timeLeft(total-n, rate)))
}

// timeLeft is how long what is left takes at a rate a second.
func timeLeft(n int64, rate float64) time.Duration {
	return time.Duration(float64(max(n, 0)) / max(rate, 1) * float64(time.Second)).Round(time.Second)
}

func (p *progress) visited(n int) { p.show(fmt.Sprintf("%d movements read", n)) }

func (p *progress) show(text string) {
	now := time.Now()
	if p.w == nil || now.Sub(p.since) < time.Second || now.Sub(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.w, "\r\x1b[K%s: %s", p.what, text)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
