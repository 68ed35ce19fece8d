package feed

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// VendorLabels is a table of labels as analytics vendors and exchanges export them:
// an address, whose it is, and what kind of party that is, in columns of any order.
const VendorLabels Format = "vendor labels csv"

const vendorWhat = "vendor labels"

// The columns, by what they have been called. A risk score is no confidence: how bad
// is not how sure.
var (
	vendorAddress    = []string{"address", "walletaddress", "cryptoaddress", "cryptocurrencyaddress", "depositaddress", "addresshash", "wallet", "accountaddress"}
	vendorChain      = []string{"chain", "blockchain", "network", "chainname", "asset", "assetticker", "assetsymbol", "currency", "cryptocurrency", "coin", "symbol", "ticker", "token"}
	vendorEntity     = []string{"entity", "entityname", "cluster", "clustername", "actor", "actorname", "owner", "ownername", "service", "servicename", "organization", "organisation", "name", "label", "addresslabel", "tag", "tagname", "displayname", "rootaddressname"}
	vendorCategory   = []string{"category", "entitycategory", "clustercategory", "categoryname", "type", "entitytype", "labeltype", "riskcategory", "subcategory"}
	vendorConfidence = []string{"confidence", "confidencescore", "confidencelevel", "attributionconfidence", "labelconfidence", "certainty", "score"}
	vendorSource     = []string{"source", "sourceurl", "url", "reference", "link", "evidence", "evidenceurl"}
	vendorNote       = []string{"note", "notes", "description", "comment", "comments", "remarks", "context"}
	vendorDate       = []string{"lastupdated", "updatedat", "lastmodified", "lastmod", "date", "labeldate", "createdat", "timestamp"}
	vendorRole       = []string{"role", "addresstype", "wallettype", "usage"}
)

var vendorForm = tableForm{what: vendorWhat, need: [][]string{vendorAddress, append(vendorEntity, vendorCategory...)}}

// notVendor are columns of other tables that have addresses and names: of ledgers, of
// sanctions lists.
var notVendor = []string{"from", "to", "hash", "txhash", "transactionhash", "blocknumber", "sdnuid", "uid", "program", "programs", "entnum", "islist", "iscomplete", "fromaddress", "toaddress"}

func isVendor(head []byte) bool {
	t, err := vendorForm.open(bytes.NewReader(wholeRunes(head)))
	if err != nil || len(t.before) > 0 {
		return false
	}
	for _, c := range notVendor {
		if _, ok := t.columns[c]; ok {
			return false
		}
	}
	return true
}

// ParseVendorLabels reads a table of labels. Columns are found by name; see
// doc/formats-lists-world.md. chain is what a row is about that names none; "" when
// such a row is to be told by its address's form, and set aside where that fits several.
//
// from says where the bytes came from and is every tag's Source, save for what a row
// states itself. An error wraps [fundtrail.ErrInvalid] and means that the file is no
// such table.
func ParseVendorLabels(r io.Reader, chain fundtrail.Chain, from fundtrail.Source) (Claims, error) {
	if _, ok := chain.Info(); !ok && chain != "" {
		return Claims{}, fmt.Errorf("parse %s: chain %q is not known: %w", vendorWhat, clip(string(chain)), fundtrail.ErrInvalid)
	}
	t, err := vendorForm.open(r)
	if err != nil {
		return Claims{}, err
	}
	v := vendorReader{chain: chain, from: from, uncovered: counter{}, unread: counter{}, one: true}
	rows := 0
	for {
		more, err := t.next()
		if err != nil {
			return Claims{}, err
		}
		if !more {
			break
		}
		rows++
		if err := v.row(t); err != nil {
			v.out.Rejected = append(v.out.Rejected, Rejected{t.line, rows, clip(strings.Join(t.row, ",")), err})
		}
	}
	if rows == 0 {
		return Claims{}, fmt.Errorf("parse %s: a header and no row: it is empty or cut short: %w", vendorWhat, fundtrail.ErrInvalid)
	}
	v.scale()
	v.out.NotCovered, v.out.Unread = v.uncovered.counts(), v.unread.counts()
	return v.out, nil
}

type vendorReader struct {
	chain     fundtrail.Chain
	from      fundtrail.Source
	out       Claims
	uncovered counter
	unread    counter
	// Numbers of confidence, by tag, until it is known whether one is the most or 100.
	numbers []vendorNumber
	one     bool // no number is above one
}

type vendorNumber struct {
	tag   int
	value float64 // a score, never money
}

func (v *vendorReader) row(t *listTable) error {
	address := t.get(vendorAddress...)
	entity, category := t.get(vendorEntity...), t.get(vendorCategory...)
	if entity+category == "" {
		return fmt.Errorf("want an entity or a category: %w", fundtrail.ErrInvalid)
	}
	if t.broken() {
		return fmt.Errorf("it holds bytes that are no text: %w", fundtrail.ErrInvalid)
	}
	tag := fundtrail.Tag{
		Label:      orElse(entity, category),
		Category:   vendorConcept(category),
		Note:       clipNote(t.get(vendorNote...)),
		Confidence: confidences[unstated],
		Source:     v.from,
	}
	switch role := slugify(t.get(vendorRole...)); role {
	case "deposit", "deposit-address", "user-deposit":
		tag.Role = fundtrail.RoleDeposit
	case "hot", "hot-wallet":
		tag.Role = fundtrail.RoleHot
	case "":
	default:
		v.unread.add("role", role)
	}
	word := t.get(vendorChain...)
	chain, err := vendorChainOf(word, address, v.chain)
	if chain == "" && err == nil {
		v.uncovered.add("chain", strings.ToUpper(word))
		return nil
	}
	if err != nil {
		return err
	}
	if tag.Address, err = fundtrail.ParseAddress(chain, address); err != nil {
		return err
	}
	if entity != "" {
		tag.Actor = slugify(entity)
	}
	if source := t.get(vendorSource...); strings.HasPrefix(source, "http://") || strings.HasPrefix(source, "https://") {
		tag.Source.URL = source
	} else if source != "" {
		tag.Note = strings.TrimPrefix(tag.Note+"; source: "+source, "; ")
	}
	if day := t.get(vendorDate...); day != "" {
		if d, ok := listTime(day); ok {
			tag.Source.Published = d
		} else {
			v.unread.add("date", day)
		}
	}
	v.confidence(t.get(vendorConfidence...), &tag)
	v.out.Tags = append(v.out.Tags, tag)
	return nil
}

// confidence reads a word, a share or a number; numbers wait for the others.
func (v *vendorReader) confidence(s string, tag *fundtrail.Tag) {
	low := strings.ToLower(s)
	if level, ok := confidences[strings.ReplaceAll(low, " ", "_")]; ok {
		tag.Confidence = level
		return
	}
	switch low {
	case "":
		return
	case "very high", "certain", "confirmed", "verified":
		tag.Confidence = confidences["manual_transaction"]
		return
	case "high":
		tag.Confidence = confidences["service_data"]
		return
	case "medium", "moderate":
		tag.Confidence = confidences["forensic"]
		return
	case "low":
		tag.Confidence = confidences["web_crawl"]
		return
	}
	number, percent := strings.CutSuffix(low, "%")
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(value >= 0 && value <= 100) {
		v.unread.add("confidence", s)
		return
	}
	if percent {
		tag.Confidence = fundtrail.Confidence(value + 0.5)
		return
	}
	v.one = v.one && value <= 1
	v.numbers = append(v.numbers, vendorNumber{len(v.out.Tags), value})
}

// scale sets the confidences that are numbers: a file whose numbers are all at most one
// means shares of one, another percent.
func (v *vendorReader) scale() {
	for _, n := range v.numbers {
		value := n.value
		if v.one {
			value *= 100
		}
		v.out.Tags[n.tag].Confidence = fundtrail.Confidence(value + 0.5)
	}
}

// vendorChainOf returns the chain of a row, "" for one that this module does not know.
func vendorChainOf(word, address string, fallback fundtrail.Chain) (fundtrail.Chain, error) {
	if word != "" && !tokenCurrencies[strings.ToUpper(word)] {
		if c, err := fundtrail.ParseChain(word); err == nil {
			return c, nil
		}
		return "", nil
	}
	if fallback != "" && word == "" {
		return fallback, nil
	}
	for _, c := range []fundtrail.Chain{fundtrail.Tron, fundtrail.Bitcoin} {
		if _, err := fundtrail.ParseAddress(c, address); err == nil && (c == fundtrail.Tron || word != "" || strings.HasPrefix(strings.ToLower(address), "bc1")) {
			return c, nil
		}
	}
	if word != "" && strings.HasPrefix(address, "0x") { // a token: its home is Ethereum, as in tag packs
		return fundtrail.Ethereum, nil
	}
	return "", fmt.Errorf("it names no chain, and the form of %q fits several or none: want a column such as chain or asset: %w", clip(address), fundtrail.ErrInvalid)
}

// vendorConcepts are vendors' categories in the words of the INTERPOL/GraphSense
// taxonomy that a trace and a screen know.
var vendorConcepts = map[string]string{
	"exchange": "exchange", "centralized-exchange": "exchange", "cex": "exchange", "high-risk-exchange": "exchange", "no-kyc-exchange": "exchange",
	"exchange-with-low-kyc": "exchange", "p2p-exchange": "exchange", "merchant-services": "payment_processor", "payment-processor": "payment_processor",
	"mixing": "mixing_service", "mixer": "mixing_service", "mixing-service": "mixing_service", "tumbler": "mixing_service", "privacy-protocol": "mixing_service",
	"sanctions": "sanction", "sanctioned-entity": "sanction", "sanctioned": "sanction", "ofac-sanctioned": "sanction", "sanctioned-jurisdiction": "sanction",
	"ransomware": "ransomware", "scam": "scam", "fraud": "scam", "fraud-shop": "scam", "phishing": "phishing",
	"stolen-funds": "hacking", "hack": "hacking", "hacks-thefts": "hacking", "hacked-or-stolen-funds": "hacking", "theft": "hacking", "thefts": "hacking", "exploit": "hacking",
	"darknet-market": "market", "dark-market": "market", "darkweb": "market", "darknet": "market",
	"gambling":               "gambling",
	"decentralized-exchange": "defi_dex", "dex": "defi_dex", "decentralized-exchange-contract": "defi_dex", "bridge": "defi_bridge", "cross-chain-bridge": "defi_bridge",
	"lending": "defi_lending", "lending-contract": "defi_lending", "mining-pool": "mining_service", "mining": "mining_service", "hosted-wallet": "hosted_wallet",
	"token-smart-contract": "token_contract", "token": "token_contract", "smart-contract": "", "unnamed-service": "", "other": "", "none": "", "unknown": "",
}

// vendorConcept puts a category in our words; one that is not known stays as it is.
func vendorConcept(category string) string {
	if c, ok := vendorConcepts[slugify(category)]; ok {
		return c
	}
	return category
}
