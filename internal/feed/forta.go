package feed

import (
	"fmt"
	"io"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// FortaLabels is one of the three tables of Forta's labelled data sets: malicious
// addresses, malicious contracts with who deployed them, and addresses of phishers.
const FortaLabels Format = "forta labels csv"

const fortaWhat = "Forta labels"

var (
	fortaAddresses = tableForm{what: fortaWhat, need: [][]string{{"bannedaddress"}, {"wallettag"}, {"datasource"}}}
	fortaContracts = tableForm{what: fortaWhat, need: [][]string{{"contractaddress"}, {"contracttag"}, {"contractcreator"}}}
	fortaPhishers  = tableForm{what: fortaWhat, need: [][]string{{"address"}, {"etherscantag"}, {"etherscanlabels"}}}
	fortaAny       = tableForm{what: fortaWhat, need: [][]string{
		{"bannedaddress", "contractaddress", "address"}, {"wallettag", "contracttag", "etherscantag"}, {"datasource", "contractcreator", "etherscanlabels"},
	}}
)

// fortaByCreator is the confidence of a contract that is called malicious because of
// who deployed it, and for nothing that is said of itself. Those that carry a label of
// their own have that of a label cloud.
const fortaByCreator fundtrail.Confidence = 20

func isForta(head []byte) bool {
	return fortaAddresses.detect(head, "") || fortaContracts.detect(head, "") || fortaPhishers.detect(head, "")
}

// ParseForta reads one of Forta's tables. Which chain it is about is not in the file:
// Forta keeps a folder a chain. Names and labels are Etherscan's, and are read by the
// same table as [ParseLabels] reads them.
//
// from says where the bytes came from and is every tag's Source; where a row states a
// link as its own source, that is the URL. An error wraps [fundtrail.ErrInvalid] and
// means that the file is none of these tables.
func ParseForta(r io.Reader, chain fundtrail.Chain, from fundtrail.Source) (Claims, error) {
	if info, ok := chain.Info(); !ok || info.Family != fundtrail.FamilyEVM {
		return Claims{}, fmt.Errorf("parse %s: chain %q: want an EVM chain: %w", fortaWhat, clip(string(chain)), fundtrail.ErrInvalid)
	}
	rules, err := labelRules()
	if err != nil {
		return Claims{}, fmt.Errorf("parse %s: %w", fortaWhat, err)
	}
	t, err := fortaAny.open(r)
	if err != nil {
		return Claims{}, err
	}
	f := fortaReader{chain: chain, from: from, rules: rules, unread: counter{}, seen: map[fundtrail.Tag]bool{}}
	for {
		more, err := t.next()
		if err != nil {
			return Claims{}, err
		}
		if !more {
			break
		}
		f.entries++
		f.row(t)
	}
	if f.entries == 0 {
		return Claims{}, fmt.Errorf("parse %s: a header and no row: it is empty or cut short: %w", fortaWhat, fundtrail.ErrInvalid)
	}
	f.out.Unread = f.unread.counts()
	return f.out, nil
}

type fortaReader struct {
	chain   fundtrail.Chain
	from    fundtrail.Source
	rules   *rules
	out     Claims
	unread  counter
	entries int
	seen    map[fundtrail.Tag]bool // the same claim twice is one claim
}

func (f *fortaReader) row(t *listTable) {
	address := t.get("bannedaddress", "contractaddress", "address")
	name := t.get("wallettag", "contracttag", "etherscantag")
	from := f.from
	var labels, notes []string
	confidence := labelCloud
	switch source := t.get("datasource", "source"); {
	case strings.HasPrefix(source, "etherscan-"): // "etherscan-phish-hack-list"
		labels = append(labels, strings.TrimSuffix(strings.TrimPrefix(source, "etherscan-"), "-list"))
	case strings.HasPrefix(source, "https://"), strings.HasPrefix(source, "http://"):
		from.URL = source
	case source != "":
		notes = append(notes, source)
	}
	labels = append(labels, separate(t.get("etherscanlabels"), ",;|")...)
	notes = append(notes, t.get("notes"))
	creator, creatorTag, creatorLabel := t.get("contractcreator"), t.get("contractcreatortag"), t.get("contractcreatoretherscanlabel")
	if creator != "" {
		notes = append(notes, strings.TrimSpace("deployed by "+creator+" "+creatorTag))
		if tx := t.get("contractcreationtx"); tx != "" {
			notes = append(notes, "in "+tx)
		}
		labels = append(labels, separate(creatorLabel, ",;|")...)
		if name == "" && t.get("notes") == "" {
			confidence = fortaByCreator
		}
	}
	tag := fundtrail.Tag{Label: name, Confidence: confidence, Source: from, Note: clipNote(strings.Join(filled(notes), "; "))}
	if !f.add(t, tag, address, name, labels, true) || creator == "" || creatorTag+creatorLabel == "" {
		return
	}
	own := separate(creatorLabel, ",;|")
	f.add(t, fundtrail.Tag{Label: creatorTag, Confidence: labelCloud, Source: from}, creator, creatorTag, own, false)
}

// filled drops empty texts.
func filled(texts []string) (out []string) {
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// add makes the claim, or sets the row aside.
func (f *fortaReader) add(t *listTable, tag fundtrail.Tag, address, name string, labels []string, count bool) bool {
	var err error
	tag.Address, err = fundtrail.ParseAddress(f.chain, address)
	tag.Label = orElse(tag.Label, strings.Join(labels, ", "), tag.Note)
	if err == nil && tag.Label == "" {
		err = fmt.Errorf("want a tag or a label: %w", fundtrail.ErrInvalid)
	}
	if err != nil {
		f.out.Rejected = append(f.out.Rejected, Rejected{t.line, f.entries, clip(strings.Join(t.row, ",")), err})
		return false
	}
	found := f.rules.classify(tag.Address, name, labels)
	tag.Category, tag.Actor, tag.Role = found.category, found.actor, found.role
	if tag.Confidence == fortaByCreator {
		tag.Role = fundtrail.RoleUnstated // the label is that of whoever deployed it
	}
	for _, l := range labels {
		if !f.rules.known[l] && count {
			f.unread.add("label", l)
		}
	}
	if !f.seen[tag] {
		f.seen[tag] = true
		f.out.Tags = append(f.out.Tags, tag)
	}
	return true
}
