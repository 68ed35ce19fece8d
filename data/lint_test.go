package data

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// TestRecords holds every record to the rules of doc/records.md.
func TestRecords(t *testing.T) {
	for _, problem := range lint(files) {
		t.Error(problem)
	}
}

// asOf is the day of the newest source.
var asOf = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// lint returns the problems of a whole set of records.
func lint(fsys fs.FS) []string {
	l := newLinter(asOf)
	l.tidy = true
	l.read(fsys)
	return l.sorted()
}

// TestLintFails breaks a sound set of records in one place at a time: every rule
// must notice.
func TestLintFails(t *testing.T) {
	sound, testdata := fstest.MapFS{}, os.DirFS("testdata/sound")
	err := fs.WalkDir(testdata, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(testdata, name)
		sound[name] = &fstest.MapFile{Data: raw}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if problems := lint(sound); len(problems) > 0 {
		t.Fatalf("the sound records have problems: %q", problems)
	}
	for _, c := range breakages {
		t.Run(c.why, func(t *testing.T) {
			broken := fstest.MapFS{}
			for name, f := range sound {
				broken[name] = f
			}
			to := c.file
			if c.rename != "" {
				to = c.rename
				delete(broken, c.file)
			}
			before := string(sound[c.file].Data)
			after := strings.Replace(before, c.old, c.new, 1)
			if c.old == everything {
				after = c.new
			}
			if after == before && c.rename == "" {
				t.Fatalf("%s does not contain %q", c.file, c.old)
			}
			broken[to] = &fstest.MapFile{Data: []byte(after)}
			problems := lint(broken)
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("want a problem that says %q, got %q", c.want, problems)
			}
		})
	}
}

// everything stands for the whole of a file.
const everything = "*"

const (
	theft   = "incidents/corner-shop.yaml"
	shop    = "services/shop.yaml"
	tumbler = "services/tumbler.yaml"
	robbers = "actors/robbers.yaml"
	owner   = "actors/corner-shop.yaml"
	notices = "lists/notices.yaml"
	wanted  = "lists/wanted.yaml"
	coins   = "assets.yaml"
	court   = "docket/board-v-robbers.yaml"
	listing = "actions/2024-03-02-board-tumbler.yaml"
	gazette = "figures/gazette.yaml"
)

var breakages = []struct {
	why, file, rename, old, new, want string
}{
	{why: "not yaml", file: theft, old: "id: corner-shop", new: "id: [", want: "yaml:"},
	{why: "not a record", file: theft, rename: "incidents/corner-shop.txt", want: "is no record"},
	{why: "no such folder", file: theft, rename: "thefts/corner-shop.yaml", want: "no folder of records"},
	{why: "unknown field", file: theft, old: "victim:", new: "victims:", want: "field victims not found"},
	{why: "a field twice", file: theft, old: "summary: On", new: "summary: x\nsummary: On", want: "already defined"},
	{why: "second document", file: theft, old: "\nsources:", new: "\n---\nsources:", want: "more than one YAML document"},
	{why: "empty file", file: robbers, old: everything, new: "", want: "the file is empty"},
	{why: "id is not the file's name", file: theft, old: "id: corner-shop", new: "id: other-shop", want: `id "other-shop" is not the file's name`},
	{why: "id is no slug", file: theft, old: "id: corner-shop", new: "id: Corner Shop", want: `id "Corner Shop": want lower-case`},
	{why: "no name", file: theft, old: "name: Corner Shop theft\n", want: "no name"},
	{why: "no summary", file: shop, old: "summary: The wallets of Corner Shop.\n", want: "no summary"},
	{why: "summary twice", file: shop, old: "The wallets of Corner Shop.", new: "A mixer of two pools and a router.", want: "has the summary of"},
	{why: "alias taken", file: owner, old: "name: The Shop", new: "name: The Robbers", want: "is taken by"},
	{why: "unfinished", file: theft, old: "a wrapped coin,", new: "TODO a wrapped coin,", want: "unfinished"},
	{why: "blanks", file: theft, old: "name: Corner Shop theft", new: "name: Corner Shop theft ", want: "ends in blanks"},

	{why: "no source", file: theft, old: "by: police, date: 2024-03-02, source: press,", new: "by: police, date: 2024-03-02,", want: "statement 1: no source"},
	{why: "unknown source", file: theft, old: "by: police, date: 2024-03-01, source: press", new: "by: police, date: 2024-03-01, source: gossip", want: `attribution 1: source "gossip" is not among`},
	{why: "no url", file: theft, old: "    url: https://example.org/ledger\n", want: `source "ledger": url ""`},
	{why: "no web address", file: robbers, old: "https://example.org", new: "file://example.org", want: "want http or https"},
	{why: "no title", file: robbers, old: "    title: The Corner Gazette\n", want: "want title, url and retrieved"},
	{why: "no day of retrieval", file: shop, old: "    retrieved: 2024-04-01\n", want: "want title, url and retrieved"},
	{why: "published after retrieved", file: theft, old: "published: 2024-03-02", new: "published: 2024-05-02", want: "published after it was retrieved"},
	{why: "source unused", file: shop, old: "sources:\n", new: "sources:\n  other: {title: Other, url: https://example.org, retrieved: 2024-04-01}\n", want: "source other: no statement uses it"},
	{why: "sources out of order", file: theft, old: "  ledger:\n    title: A list of transactions\n    url: https://example.org/ledger\n    retrieved: 2024-04-01\n", new: "  zebra:\n    title: A list of transactions\n    url: https://example.org/ledger\n    retrieved: 2024-04-01\n", want: "source press: out of order"},
	{why: "no sources", file: robbers, old: "sources:\n  press:\n    title: The Corner Gazette\n    url: https://example.org/gazette\n    retrieved: 2024-04-01\n", want: "has no sources"},
	{why: "no confidence", file: shop, old: "    confidence: 60\n", want: "address group 1: no confidence"},
	{why: "confidence over 100", file: theft, old: "source: ledger, confidence: 95", new: "source: ledger, confidence: 101", want: "confidence 101: want 0 to 100"},
	{why: "memory too sure", file: theft, old: "source: press, confidence: 20", new: "source: press, confidence: 21", want: "from memory, with confidence 21"},
	{why: "unsure without saying why", file: theft, old: "about, by: Corner Shop, source: press, confidence: 60", new: "about, by: Corner Shop, source: press, confidence: 15", want: "confidence 15 without"},

	{why: "in the future", file: theft, old: "by: police, date: 2024-03-01", new: "by: police, date: 2026-11-23", want: "is before 2009-01-03 or after 2026-11-22"},
	{why: "before the first block", file: theft, old: "by: police, date: 2024-03-01", new: "by: police, date: 2009-01-02", want: "is before 2009-01-03"},
	{why: "no date", file: theft, old: "date: 2024-02-02, source", new: "source", want: "date 2: no date"},
	{why: "malformed date", file: theft, old: "date: 2024-02-02", new: "date: 2 February 2024", want: `time "2 February 2024"`},
	{why: "a date of what", file: theft, old: "what: discovered", new: "what: noticed", want: `what "noticed"`},
	{why: "until before", file: theft, old: "until: 2024-02-01T10:05:00Z", new: "until: 2024-01-01", want: "date 1: until 2024-01-01 is before"},
	{why: "it never happened", file: theft, old: "what: happened", new: "what: disclosed", want: "no date says when it happened"},

	{why: "bad address", file: theft, old: "to: eth/0x2222222222222222222222222222222222222222", new: "to: eth/0x222222222222222222222222222222222222222", want: "unknown form"},
	{why: "bad checksum", file: theft, old: "whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX", new: "whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJY", want: "bad checksum"},
	{why: "wrong network", file: theft, old: "whole: btc/", new: "whole: eth/", want: "wrong network"},
	{why: "bad hash", file: theft, old: "tx: eth/0x1111", new: "tx: eth/0x111", want: "want 64 hexadecimal digits"},
	{why: "unknown chain", file: shop, old: "eth/0x5555", new: "moon/0x5555", want: `chain "moon"`},
	{why: "no chain", file: theft, old: "to: eth/0x2222", new: "to: 0x2222", want: "want chain/"},
	{why: "another spelling", file: shop, old: "eth/0x5555555555555555555555555555555555555555", new: "eth/0xAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", want: "want it spelt"},
	{why: "another name of the chain", file: shop, old: "eth/0x5555", new: "ethereum/0x5555", want: "want it spelt"},
	{why: "addresses out of order", file: theft, old: "      - btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX\n      - eth/0x2222222222222222222222222222222222222222\n", new: "      - eth/0x2222222222222222222222222222222222222222\n      - btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX\n", want: "of is not sorted"},
	{why: "no label", file: theft, old: "  - label: Corner Shop thief\n    role: thief", new: "  - role: thief", want: "no label"},
	{why: "unknown role", file: theft, old: "role: thief", new: "role: burglar", want: `role "burglar" is not known`},
	{why: "unknown category", file: theft, old: "category: hacking", new: "category: hackers", want: `category "hackers" is not in the vocabulary`},
	{why: "no addresses in a group", file: shop, old: "    named:\n      eth/0x5555555555555555555555555555555555555555: Corner Shop 1\n", want: "no addresses"},

	{why: "dangling actor", file: theft, old: "actor: robbers, by: police", new: "actor: nobody, by: police", want: `actor "nobody" is not on record`},
	{why: "dangling victim", file: theft, old: "victim: {actor: corner-shop", new: "victim: {actor: corner-shoppe", want: `actor "corner-shoppe" is not on record`},
	{why: "dangling tag", file: theft, old: "    actor: robbers\n", new: "    actor: robbery\n", want: `actor "robbery" is not on record`},
	{why: "dangling relation", file: robbers, old: "actor: corner-shop", new: "actor: corner", want: `actor "corner" is not on record`},
	{why: "dangling service", file: shop, old: "actor: corner-shop", new: "actor: corner", want: `actor "corner" is not on record`},
	{why: "related to itself", file: robbers, old: "actor: corner-shop", new: "actor: robbers", want: "related to itself"},
	{why: "no victim", file: theft, old: "victim: {actor: corner-shop,", new: "victim: {", want: "victim: want either"},
	{why: "no service's actor", file: shop, old: "actor: corner-shop\n", want: "no actor"},
	{why: "actor's category", file: robbers, old: "category: hacking", new: "category: heist", want: "not in the vocabulary"},
	{why: "service's category", file: shop, old: "category: exchange", new: "category: shop", want: "not in the vocabulary"},

	{why: "fraction of a base unit", file: theft, old: "amount: 1\n", new: "amount: 1.5\n", want: "want digits alone"},
	{why: "fraction of a dollar", file: theft, old: "usd: 1000000", new: "usd: 1e6", want: "want digits alone"},
	{why: "no dollars", file: theft, old: "usd: 1000000, ", want: "loss 1: no usd"},
	{why: "odd qualifier", file: theft, old: "qualifier: about", new: "qualifier: roughly", want: `qualifier "roughly"`},
	{why: "whose loss", file: theft, old: "by: Corner Shop, ", want: "loss 1: no by"},
	{why: "theft without an amount", file: theft, old: "    amount: 1\n", want: "theft 2: a tx stands alone"},
	{why: "theft of nothing", file: theft, old: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX, source", new: "{source", want: "theft 3: want a tx, or whole"},
	{why: "whole with an amount", file: theft, old: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX,", new: "{whole: btc/12c6DSiU4Rq3P4ZxziKxzrL5LmMBrzjrJX, amount: 5,", want: "theft 3: whole is everything"},
	{why: "stands as another chain", file: theft, old: "stands_as: eth", new: "stands_as: bsc", want: "theft 1: stands_as wants"},
	{why: "stands as itself", file: theft, old: "stands_as: eth", new: "stands_as: eth/0x3333333333333333333333333333333333333333", want: "theft 1 stands as itself"},
	{why: "asset of another chain", file: theft, old: "    asset: eth\n", new: "    asset: bsc\n", want: "are different chains"},
	{why: "proceeds of nothing", file: theft, old: "proceeds_of: eth/0x1", new: "proceeds_of: eth/0xa", want: "proceeds of a theft that the record lacks"},
	{why: "thefts out of order", file: theft, old: "    time: 2024-02-01T10:05:00Z", new: "    time: 2024-02-01T09:05:00Z", want: "theft 2 is out of order"},
	{why: "theft of an unknown token", file: coins, old: "eth/0x3333333333333333333333333333333333333333", new: "eth/0x3333333333333333333333333333333333333334", want: "is not in assets.yaml"},

	{why: "address of two services", file: shop, old: "eth/0x5555555555555555555555555555555555555555", new: "eth/0x6666666666666666666666666666666666666666", want: "is claimed by services/shop.yaml too"},
	{why: "service without addresses", file: shop, old: "addresses:\n  - source: press\n    confidence: 60\n    named:\n      eth/0x5555555555555555555555555555555555555555: Corner Shop 1\n", want: "no addresses"},
	{why: "pool of another chain", file: tumbler, old: "asset: eth,", new: "asset: bsc,", want: "pool 1: at eth takes an asset"},
	{why: "pool of no amount", file: tumbler, old: "amount: 1000000000000000000, ", want: "pool 1: want at, label"},
	{why: "pool twice", file: tumbler, old: "\nrouters:", new: "  - {at: eth/0x7777777777777777777777777777777777777777, asset: eth, amount: 2, label: \"Tumbler: 2 wei\", source: press, confidence: 60}\n\nrouters:", want: "stands twice"},
	{why: "pool of an unknown token", file: tumbler, old: "asset: eth,", new: "asset: eth/0x1234567890123456789012345678901234567890,", want: "is not in assets.yaml"},
	{why: "router to nowhere", file: tumbler, old: "to: [eth/0x6666666666666666666666666666666666666666", new: "to: [eth/0x6666666666666666666666666666666666666660", want: "which is no pool of this record"},
	{why: "router of two minds", file: tumbler, old: "amount: 10000000000000000000,", new: "amount: 1000000000000000000,", want: "to two pools"},
	{why: "router that passes nothing", file: tumbler, old: "    passes:\n      - {to: [eth/0x6666666666666666666666666666666666666666, eth/0x7777777777777777777777777777777777777777], source: press, confidence: 40}\n", want: "router 1: want at, label and passes"},

	{why: "unread source with a day", file: notices, old: "    unread: true\n", new: "    unread: true\n    retrieved: 2024-04-01\n", want: "want title, url and retrieved (or unread instead)"},
	{why: "unread source without saying so", file: notices, old: "Daily. From memory, no source seen; not checked.", new: "Daily.", want: "source board is unread, without"},
	{why: "unread source too sure", file: notices, old: "source: board, confidence: 10", new: "source: board, confidence: 60", want: "from memory, with confidence 60"},
	{why: "list's name taken", file: notices, old: "name: Notices of the Corner", new: "name: Notices\nname: x", want: "already defined"},
	{why: "list's id is no slug", file: notices, old: "id: notices", new: "id: the notices", want: "want lower-case"},
	{why: "list of nobody", file: notices, old: "publisher: The Board\n", want: "want a publisher"},
	{why: "odd jurisdiction", file: notices, old: "jurisdiction: UN", new: "jurisdiction: un", want: `jurisdiction "un"`},
	{why: "odd language", file: notices, old: "languages: [en, fr]", new: "languages: [en, french]", want: `language "french"`},
	{why: "languages out of order", file: notices, old: "languages: [en, fr]", new: "languages: [fr, en]", want: "languages are not sorted"},
	{why: "list that may vanish", file: notices, old: "shrink: 20", new: "shrink: 100", want: "shrink 100: want 1 to 99"},
	{why: "list without terms", file: notices, old: "terms: {text: Free for all.,", new: "terms: {", want: "terms: statement 1: no text"},
	{why: "list without a page", file: notices, old: "page: {url: https://example.org/notices,", new: "page: {", want: `page: url ""`},
	{why: "neither way to a list", file: notices, old: "by_hand: Read out aloud.", new: "downloads: []", want: "want downloads or by_hand"},
	{why: "both ways to a list", file: wanted, old: "downloads:\n", new: "by_hand: Come and see.\ndownloads:\n", want: "want downloads or by_hand"},
	{why: "download without files", file: wanted, old: "    files:\n      - {name: WANTED.XML, url: https://example.org/wanted.xml}\n", want: "download xml: no files"},
	{why: "download without a format", file: wanted, old: "    format: a form\n", want: "download 1: want a name and a format"},
	{why: "file name with a folder", file: wanted, old: "name: WANTED.XML", new: "name: ../WANTED.XML", want: `file "../WANTED.XML"`},
	{why: "file twice", file: wanted, old: "https://example.org/wanted.csv", new: "https://example.org/wanted.xml", want: "is in download xml too"},
	{why: "download twice", file: wanted, old: "name: csv", new: "name: xml", want: "download xml stands twice"},
	{why: "download by other ways", file: wanted, old: "url: https://example.org/wanted.xml", new: "url: ftp://example.org/wanted.xml", want: "want http or https"},
	{why: "download without a source", file: wanted, old: "    source: press\n    confidence: 60\n", want: "download xml: no source"},

	{why: "token without decimals", file: coins, old: "    decimals: 18\n", want: "want a symbol and decimals"},
	{why: "too many decimals", file: coins, old: "decimals: 18", new: "decimals: 37", want: "want a symbol and decimals"},
	{why: "native coin", file: coins, old: "asset: eth/0x3333333333333333333333333333333333333333", new: "asset: eth", want: "want a token"},
	{why: "tokens out of order", file: coins, old: "eth/0x3333333333333333333333333333333333333333", new: "eth/0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", want: "is out of order"},

	{why: "odd victim's kind", file: theft, old: "kind: exchange", new: "kind: shop", want: `kind "shop": want one of exchange`},
	{why: "known before it happened", file: theft, old: "by: police, date: 2024-03-01,", new: "by: police, date: 2024-03-01, known: 2024-02-28,", want: "known on 2024-02-28 (stated), before it happened on 2024-03-01"},
	{why: "published before it happened", file: theft, old: "what: discovered, date: 2024-02-02", new: "what: discovered, date: 2024-03-05", want: "known on 2024-03-02 (published), before it happened"},
	{why: "known in the future", file: theft, old: "known: 2024-02-03", new: "known: 2026-11-23", want: "known 2026-11-23 is before 2009-01-03 or after"},
	{why: "known in a month", file: theft, old: "known: 2024-02-03", new: "known: 2024-02", want: `time "2024-02": want 2022-03-23 or`},
	{why: "month that is none", file: court, old: "date: 2024-02,", new: "date: 2024-13,", want: `time "2024-13": want 2022-03-23, 2022-03-23T13:29:09Z or a month`},
	{why: "how without words", file: theft, old: "text: A window was left open., ", want: "how 1: no text"},
	{why: "figure of what", file: theft, old: "what: recovered", new: "what: found", want: `figure 2: what "found": want one of stolen`},
	{why: "figure without a number", file: theft, old: "what: recovered, usd: 10", new: "what: recovered", want: "figure 2: no number"},
	{why: "figure in cents", file: theft, old: "what: recovered, usd: 10", new: "what: recovered, usd: 10.50", want: "want digits alone"},
	{why: "figure without a unit", file: theft, old: "unit: WCOIN, ", want: "figure 1: want a quantity and its unit"},
	{why: "figure with commas", file: theft, old: `quantity: "5"`, new: `quantity: "5,000"`, want: `quantity "5,000": want a decimal number`},
	{why: "figure without a source", file: theft, old: "usd: 10, by: police, source: press,", new: "usd: 10, by: police,", want: "figure 2: no source"},
	{why: "figure of nobody", file: theft, old: "usd: 10, by: police,", new: "usd: 10,", want: "figure 2: no by"},
	{why: "asset of no quantity", file: theft, old: "what: recovered, usd: 10", new: "what: recovered, usd: 10, asset: eth", want: "an asset without a quantity"},

	{why: "aliases on many lines", file: theft, old: "aliases: [the-corner]", new: "aliases:\n  - the-corner", want: "aliases: want them on one line"},
	{why: "no court", file: court, old: "court: The Corner Court\n", want: "no court"},
	{why: "odd case", file: court, old: "kind: criminal", new: "kind: appeal", want: `kind "appeal": want one of criminal`},
	{why: "case of no country", file: court, old: "jurisdiction: US", new: "jurisdiction: Corner", want: `jurisdiction "Corner": want two capital letters`},
	{why: "party on no record", file: court, old: "{actor: robbers, role: defendant", new: "{actor: robberz, role: defendant", want: `actor "robberz" is not on record`},
	{why: "party of no role", file: court, old: "role: judge", new: "role: hero", want: `party 2: role "hero": want one of defendant`},
	{why: "party without a name", file: court, old: "{name: A. Judge, ", new: "{", want: "party 2: want either"},
	{why: "charge against a stranger", file: court, old: "against: [robbers]", new: "against: [corner-shop]", want: `charge theft: "corner-shop" is no party`},
	{why: "charge twice", file: court, old: "count: 2", new: "count: 1", want: "charge 2: want a text and a count of its own"},
	{why: "charge without a source", file: court, old: "text: laundering, source: press,", new: "text: laundering,", want: "charge 2: no source"},
	{why: "event of what", file: court, old: "what: charged", new: "what: accused", want: `event 1: what "accused": want one of complaint`},
	{why: "event of a stranger", file: court, old: "date: 2024-02-20, of: [robbers]", new: "date: 2024-02-20, of: [tumbler]", want: `"tumbler" is no party`},
	{why: "event of no charge", file: court, old: "charges: [1, 2]", new: "charges: [1, 3]", want: "event 1: charge 3 is not among"},
	{why: "event without a day", file: court, old: "date: 2024-02-20, ", want: "event 1: no date"},
	{why: "event in the future", file: court, old: "date: 2024-02-20", new: "date: 2027-02-20", want: "date 2027-02-20 is before"},
	{why: "event without words", file: court, old: "text: They were charged., ", want: "event 1: no text"},
	{why: "trial set for no day", file: court, old: "expected: 2024-09, ", want: "event 2: trial-set: expected: want for when"},
	{why: "expected of a charge", file: court, old: "what: charged,", new: "what: charged, expected: 2024-09,", want: "event 1: charged: expected is for"},
	{why: "event without a source", file: court, old: "text: The trial was set., source: press,", new: "text: The trial was set.,", want: "event 2: no source"},
	{why: "case about no theft", file: court, old: "incidents: [corner-shop]", new: "incidents: [corner-shoe]", want: `incident "corner-shoe" is not on record`},
	{why: "case about no service", file: court, old: "services: [tumbler]", new: "services: [tumble]", want: `service "tumble" is not on record`},
	{why: "case related to nothing", file: court, old: "related: [2024-03-02-board-tumbler]", new: "related: [nothing]", want: `proceeding or action "nothing" is not on record`},

	{why: "action of what", file: listing, old: "kind: designation", new: "kind: sanction", want: `kind "sanction": want one of designation`},
	{why: "action without a day", file: listing, old: "date: 2024-03-02\n", want: "no date"},
	{why: "action of another day", file: listing, old: "date: 2024-03-02\n", new: "date: 2024-03-03\n", want: "does not begin with its day, 2024-03-03"},
	{why: "action in the future", file: listing, old: "date: 2024-03-02\n", new: "date: 2026-11-23\n", want: "date 2026-11-23 is before"},
	{why: "action that ends before", file: listing, old: "date: 2024-03-02\n", new: "date: 2024-03-02\nuntil: 2024-03-01\n", want: "until: until 2024-03-01 is before 2024-03-02"},
	{why: "action of nobody", file: listing, old: "by:\n  - {name: The Board, country: US, role: lead, source: press, confidence: 60}\n", want: "no by"},
	{why: "action without a source", file: listing, old: "source: press\nconfidence: 60\n\nby", new: "confidence: 60\n\nby", want: "no source"},
	{why: "agency without a source", file: listing, old: "role: lead, source: press,", new: "role: lead,", want: "by 1: no source"},
	{why: "agency of no country", file: listing, old: "country: US", new: "country: Corner", want: `country "Corner"`},
	{why: "agency of no role", file: listing, old: "role: lead", new: "role: guest", want: `by 1: role "guest"`},
	{why: "agency twice named", file: listing, old: "{name: The Board,", new: "{name: The Board, actor: robbers,", want: "by 1: want either"},
	{why: "action about nobody", file: listing, old: "of: [robbers, tumbler]", new: "of: [robbers, tumblers]", want: `actor or service "tumblers" is not on record`},
	{why: "action about no theft", file: listing, old: "incidents: [corner-shop]", new: "incidents: [shop]", want: `incident "shop" is not on record`},
	{why: "action about no case", file: listing, old: "proceedings: [board-v-robbers]", new: "proceedings: [robbers]", want: `proceeding "robbers" is not on record`},
	{why: "action on no list", file: listing, old: "list: wanted", new: "list: unwanted", want: `list "unwanted" is not on record`},
	{why: "action's bad address", file: listing, old: "eth/0x6666666666666666666666666666666666666666", new: "eth/0x666", want: "unknown form"},
	{why: "figure of no theft", file: listing, old: "of: corner-shop, by", new: "of: corner-shops, by", want: `incident "corner-shops" is not on record`},
	{why: "figure through nothing", file: listing, old: "through: tumbler,", new: "through: tumblers,", want: `service "tumblers" is not on record`},
	{why: "odd qualifier of a figure", file: listing, old: "qualifier: almost", new: "qualifier: nearly", want: `figure 2: qualifier "nearly"`},

	{why: "publication of nobody", file: gazette, old: "actor: robbers", new: "actor: robberz", want: `actor "robberz" is not on record`},
	{why: "publication without a definition", file: gazette, old: "definition: What was stolen at the corner, by year.\n", want: "no definition"},
	{why: "sum without an end", file: gazette, old: "until: 2024-02, ", want: "figure 1: want from and until"},
	{why: "sum that ends before", file: gazette, old: "until: 2024-02,", new: "until: 2022-02,", want: "figure 1: until 2022-02-28 is before 2023-01-01"},
	{why: "count below nothing", file: gazette, old: "count: 2", new: "count: -2", want: "figure 1: count -2"},
}
