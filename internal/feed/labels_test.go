package feed

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestLabelTable holds what the table says of name tags as explorers write them. The
// danger is a service where there is none: a trace stops at it.
func TestLabelTable(t *testing.T) {
	rules, err := labelRules()
	if err != nil {
		t.Fatal(err)
	}
	const deposit, hot, thief = fundtrail.RoleDeposit, fundtrail.RoleHot, fundtrail.RoleThief
	const pool, router = fundtrail.RolePool, fundtrail.RoleRouter
	for _, c := range []struct {
		name, labels    string
		category, actor string
		role            fundtrail.TagRole
	}{
		// Exchanges: what they run themselves.
		{"Huobi 35", "huobi", "exchange", "huobi", ""},
		{"Huobi: Old Address 33", "huobi old-contract", "exchange", "huobi", ""},
		{"HTX 12", "huobi", "exchange", "huobi", ""},
		{"Huobi: Deposit", "huobi", "exchange", "huobi", deposit},
		{"Huobi: Deposit Funder 3", "huobi", "exchange", "huobi", ""},
		{"Binance 14", "binance", "exchange", "binance", ""},
		{"Binance: Hot Wallet 10", "exchange", "exchange", "binance", hot},
		{"Binance Hot Wallet 10", "exchange", "exchange", "binance", hot},
		{"Binance Dep: 0x28C6c0", "binance", "exchange", "binance", deposit},
		{"Binance: Deposit 1", "binance", "exchange", "binance", deposit},
		{"", "binance-deposit", "exchange", "binance", deposit},
		{"Jump Trading: Binance Deposit", "fund", "exchange", "binance", deposit},
		{"ShapeShift: Bittrex Deposit", "shapeshift", "exchange", "bittrex", deposit},
		{"FTX Exchange 2", "ftx", "exchange", "ftx", ""},
		{"FTX US", "ftx", "exchange", "ftx-us", ""},
		{"Crypto.com: MultiSig 3", "crypto-com", "exchange", "crypto-com", ""},
		{"Gate.io", "exchange", "exchange", "gate-io", ""},
		{"mexc.com 2", "exchange", "exchange", "mexc", ""},
		{"KuCoin Contract", "kucoin", "exchange", "kucoin", ""},
		{"Kraken: MANA Token Wallet", "kraken", "exchange", "kraken", ""},
		{"Poloniex: LOOM", "poloniex", "exchange", "poloniex", ""},
		{"Coinex", "hot-wallet", "exchange", "coinex", hot},
		{"Liquid 1", "liquid fiat-gateway", "exchange", "liquid-global", ""},
		{"Somebody: Hot Wallet 2", "exchange", "exchange", "somebody", hot},

		// Of the same name, and no exchange's wallet.
		{"Binance: BNB Token", "binance", "token_contract", "binance", ""},
		{"Binance USD (BUSD)", "binance stablecoin", "token_contract", "", ""},
		{"Binance Charity", "binance charity donate", "", "", ""},
		{"Binance: Deployer 3", "binance", "", "binance", ""},
		{"Huobi: Deployer", "huobi", "", "huobi", ""},
		{"HuobiToken (HT)", "huobi", "token_contract", "", ""},
		{"FTX: 3X Short Bitcoin Token", "ftx", "token_contract", "ftx", ""},
		{"FTX: 3 Month Unlock", "ftx", "", "ftx", ""},
		{"FTX Accounts Drainer", "heist", "hacking", "", thief},
		{"Kucoin Hacker", "blocked", "hacking", "", thief},
		{"Bitmart Hacker", "heist exploit", "hacking", "", thief},
		{"AscendEX Hacker", "heist", "hacking", "", thief},
		{"Nexo: WBTC Merchant Deposit Address", "nexo wbtc-merchant", "", "", ""},
		{"Tether: Treasury", "bitfinex", "", "tether", ""},
		{"Tether: USDT Stablecoin", "bitfinex blocked stablecoin", "token_contract", "tether", ""},
		{"RoboCoin Exchange (RCX)", "exchange", "token_contract", "", ""},
		{"", "ftx", "", "", ""},
		{"Alameda Research 9", "alameda-research fund", "", "", ""},

		// Mixers: the router, its proxies and the pools, and nothing else.
		{"Tornado.Cash: 100 ETH", "tornado-cash ofac-sanctions-lists", "mixing_service", "tornado-cash", pool},
		{"Tornado.Cash: 0.1 ETH", "tornado-cash", "mixing_service", "tornado-cash", pool},
		{"Tornado.Cash: 5,000,000 cDAI", "tornado-cash", "mixing_service", "tornado-cash", pool},
		{"Tornado.Cash 100 ETH", "tornado-cash", "mixing_service", "tornado-cash", pool},
		{"Tornado.Cash: Mixer 1", "tornado-cash ethereum-mixer", "mixing_service", "tornado-cash", pool},
		{"Tornado.Cash: Router", "tornado-cash ofac-sanctions-lists", "mixing_service", "tornado-cash", router},
		{"Tornado.Cash: Proxy", "tornado-cash ofac-sanctions-lists", "mixing_service", "tornado-cash", router},
		{"Tornado.Cash: Old Proxy", "tornado-cash", "mixing_service", "tornado-cash", router},
		{"Tornado.Cash: Donate", "tornado-cash donate ofac-sanctions-lists", "", "", ""},
		{"Tornado.Cash: Governance Vault", "tornado-cash", "", "tornado-cash", ""},
		{"Tornado.Cash: TORN Token", "tornado-cash", "token_contract", "tornado-cash", ""},
		{"Tornado.Cash: Relayer Registry", "tornado-cash ofac-sanctions-lists", "sanction", "tornado-cash", ""},
		{"Tornado.Cash: Team 1 Vesting", "tornado-cash", "", "tornado-cash", ""},
		{"Tornado.Cash: Gas Compensation Vault", "tornado-cash", "", "tornado-cash", ""},
		{"Gitcoin Grants: Tornado.cash", "gitcoin-grants tornado-cash ofac-sanctions-lists", "", "", ""},
		{"Typhoon Network: 50 BNB", "typhoon-network", "mixing_service", "typhoon-network", pool},

		// Swaps, bridges, lenders.
		{"Uniswap V2: Router 2", "dex", "defi_dex", "uniswap", ""},
		{"Uniswap: Universal Router", "dex", "defi_dex", "uniswap", ""},
		{"1inch v5: Aggregation Router", "1inch dex", "defi_dex", "oneinch", ""},
		{"0x: Exchange Proxy", "0x-protocol", "defi_dex", "zerox", ""},
		{"OKX DEX: Aggregation Router", "okx", "defi_dex", "okx-dex", ""},
		{"SushiSwap: KONGZ", "sushiswap", "defi_dex", "sushiswap", ""},
		{"DFYN Network: Router", "dex", "defi_dex", "dfyn-network", ""},
		{"EtherDelta 2", "dex", "defi_dex", "etherdelta", ""},
		{"Uniswap V3: Deployer", "contract-deployer", "", "", ""},
		{"SushiSwap: Treasury Multisig", "sushiswap", "", "sushiswap", ""},
		{"Uniswap (UNI)", "dex", "token_contract", "", ""},
		{"YEARN FINANCE WINSEN", "meme", "", "", ""},
		{"Multichain: Router V6", "bridge multichain", "defi_bridge", "multichain", ""},
		{"Hop Protocol: ETH Bonder", "hop-protocol", "", "hop-protocol", ""},
		{"Axie Infinity: Ronin Bridge", "bridge axie-infinity", "defi_bridge", "sky-mavis", ""},
		{"Axie Infinity: Ronin Validator", "axie-infinity", "", "sky-mavis", ""},
		{"Optimism: Gateway", "bridge layer-2 optimism", "defi_bridge", "optimism", ""},
		{"Cerby: Cross-Chain Bridge", "bridge", "defi_bridge", "cerby", ""},
		{"Router: 0x031...24f", "connext router", "", "", ""},
		{"Binance (BNB)", "bridge spookyswap", "token_contract", "", ""},
		{"Aave: Lending Pool V2 1", "aave lending", "defi_lending", "aave", ""},
		{"Aave: aUSDC Token V3", "aave", "defi_lending", "aave", ""},
		{"Compound: cETH Token", "compound", "defi_lending", "compound", ""},
		{"Compound: COMP Token", "compound", "token_contract", "compound", ""},
		{"MEV Builder: 0xaC7...106", "mev-builder", "", "", ""},
		{"Binance Pool", "binance mining", "mining_service", "binance-pool", ""},
		{"Miner: 0x01C...8cf", "mining", "miner", "", ""},
		{"Bitsler.com: ETH", "gambling hot-wallet", "gambling", "bitsler-com", hot},
		{"OpenSea: Wyvern Exchange v2", "opensea marketplace", "market", "opensea", ""},
		{"OpenSea Opportunistic Buyer", "opportunist", "", "", ""},

		// Claims about persons.
		{"Ronin Bridge Exploiter", "ofac-sanctions-lists", "hacking", "", thief},
		{"ElasticSwap Expoiter 2", "exploit", "hacking", "", thief},
		{"SushiSwap: RUG", "sushiswap", "defi_dex", "sushiswap", ""},
		{"SQUID Token Rug 2", "heist", "scam", "", thief},
		{"JET: JET Token", "heist", "hacking", "", ""},
		{"", "exploit", "hacking", "", ""},
		{"Fake_Phishing35", "phish-hack", "phishing", "", ""},
		{"Fake_Phishing138", "heist", "phishing", "", ""},
		{"Arbitrum (ARB)", "phish-hack", "phishing", "", ""},
		{"Multichain Hack Alert 2072", "take-action", "", "", ""},
		{"Sorbet Finance Hack Alert 149", "maker-vault-owner take-action", "", "", ""},
		{"Rubic's Compromised Wallet", "compromised", "", "", ""},
		{"OFAC SDN: 0x19a...dff", "ofac-sanctions-lists blocked", "sanction", "", ""},
		{"", "ofac-sanctions-lists", "sanction", "", ""},
		{"", "blocked", "black_list", "", ""},
		{"", "airdrop-hunter", "", "", ""},
		{"", "buidlguidl-builders", "", "", ""},
		{"MEV Bot: 0xf7c...1c2", "mev-bot", "", "", ""},
		{"Null: 0x000...dEaD", "burn", "burn", "", ""},
		{"", "burn", "burn", "", ""},
		{"Gemini dollar", "stablecoin gemini", "token_contract", "", ""},
		{"Never Seen: Thing", "never-seen", "", "", ""},
		{"Binance Super Router", "dex", "", "", ""},
		{"IDEX P", "idex", "", "", ""},
	} {
		a := address(t, "eth", "0x0000000000000000000000000000000000000001")
		got := rules.classify(a, c.name, strings.Fields(c.labels))
		if want := (finding{c.category, c.actor, c.role}); got != want {
			t.Errorf("%q [%s]: %+v, want %+v", c.name, c.labels, got, want)
		}
	}
}

// services are the categories that a trace stops at; see data/category.go.
var services = []string{
	"defi", "defi_bridge", "defi_derivative", "defi_dex", "defi_lending", "exchange", "gambling",
	"hosted_wallet", "market", "mining_service", "mixing_service", "payment_processor",
}

// others are the categories that the table may give besides.
var others = []string{"", "black_list", "burn", "hacking", "miner", "phishing", "sanction", "scam", tokenContract}

func TestLabelTableVocabulary(t *testing.T) {
	for i, line := range strings.Split(labelTable, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		col := strings.Split(line, "\t")
		c := strings.Trim(col[2], "-")
		if !slices.Contains(services, c) && !slices.Contains(others, c) {
			t.Errorf("labels.tsv line %d: category %q is not in the vocabulary", i+1, c)
		}
		if isService := slices.Contains(services, c); isService && (col[0] == "word" || col[0] == "weak") {
			t.Errorf("labels.tsv line %d: a %s row may not make a service", i+1, col[0])
		}
	}
}

func TestLabelTableFaults(t *testing.T) {
	for _, c := range []struct{ row, says string }{
		{"party\tx\texchange\t*", "line 1: 4 columns"},
		{"nonsense\tx\texchange\t*\t-", `kind "nonsense"`},
		{"party\tx\texchange\t[\t-", `pattern "["`},
		{"party\tx\texchange\ta,,b\t-", "an empty pattern"},
		{"party\tx\texchange\t@later\t-\nset\tlater\t-\t*\t-", `set "later" is not defined above`},
	} {
		_, err := readRules(c.row)
		wantInvalid(t, err, c.says)
	}
}

func TestLabelsWrappers(t *testing.T) {
	got, err := ParseLabels(strings.NewReader(`{
"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2": {"name": "Wrapped Ether", "labels": ["wrapped-token"]}}`), "eth", fundtrail.Source{})
	if err != nil || len(got.Tags) != 1 || got.Tags[0].Category != "defi_dex" {
		t.Errorf("Wrapped Ether on Ethereum: %+v, %v; want defi_dex", got.Tags, err)
	}
	got, err = ParseLabels(strings.NewReader(`{
"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2": {"name": "Wrapped Ether", "labels": ["wrapped-token"]}}`), "bsc", fundtrail.Source{})
	if err != nil || len(got.Tags) != 1 || got.Tags[0].Category != "" {
		t.Errorf("the same bytes on BSC: %+v, %v; want no category", got.Tags, err)
	}
}

const labelSample = `{
  "0x28c6c06298d514db089934071355e5743bf21d60": {"name": "Binance 14", "labels": ["binance"]},
  "": {"name": "Sum of 4 Accounts", "labels": ["binance"]},
  "0x0000000000000000000000000000000000000002": {"name": "", "labels": ["brand-new", "airdrop-hunter"]},
  "genesis": {"name": "0xBitcoin: Deployer", "labels": ["contract-deployer"]},
  "0x0000000000000000000000000000000000000003": {"name": "", "labels": []},
  "0x0000000000000000000000000000000000000004": {"name": 5, "labels": []},
  "0x0000000000000000000000000000000000000005": "Huobi",
  "0x28C6c06298d514Db089934071355E5743bf21d60": {"name": "Binance 14, checksummed", "labels": null}
}
`

func TestLabels(t *testing.T) {
	from := fundtrail.Source{Title: "etherscan_sample.json", SHA256: [32]byte{9}}
	got, err := ParseLabels(strings.NewReader(labelSample), "eth", from)
	if err != nil {
		t.Fatal(err)
	}
	binance := address(t, "eth", "0x28c6c06298d514db089934071355e5743bf21d60")
	want := []fundtrail.Tag{
		{Address: binance, Label: "Binance 14", Category: "exchange", Actor: "binance", Confidence: 50, Source: from},
		{Address: address(t, "eth", "0x0000000000000000000000000000000000000002"), Label: "brand-new, airdrop-hunter", Confidence: 50, Source: from},
		{Address: binance, Label: "Binance 14, checksummed", Confidence: 50, Source: from},
	}
	if !slices.Equal(got.Tags, want) {
		t.Errorf("got  %+v\nwant %+v", got.Tags, want)
	}
	if w := []Count{{"label", "brand-new", 1}}; !slices.Equal(got.Unread, w) {
		t.Errorf("unread %v, want %v", got.Unread, w)
	}
	for i, w := range []struct {
		line, entry int
		says        string
	}{
		{3, 2, "want 0x and 40 hexadecimal digits"},
		{5, 4, "want 0x and 40 hexadecimal digits"},
		{6, 5, "want a name or a label"},
		{7, 6, "name is a number: want a name and a list of labels"},
		{8, 7, "the value is a string: want a name and a list of labels"},
	} {
		if i >= len(got.Rejected) {
			t.Fatalf("rejected %v, want 5", got.Rejected)
		}
		r := got.Rejected[i]
		if r.Line != w.line || r.Entry != w.entry {
			t.Errorf("rejected %v, want line %d, entry %d", r, w.line, w.entry)
		}
		wantInvalid(t, r.Err, w.says)
	}
}

func TestLabelsBroken(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "line 1, byte 0: want an object of address to name and labels"},
		{"[]", "want an object of address to name and labels: found ["},
		{"{\n\"0x\": {\"name\": \"x\",\n oops}}", `line 2, byte 7: want {"name": …, "labels": […]} after "0x": invalid character 'o'`},
		{"{\"0x28c6c06298d514db089934071355e5743bf21d60\": {\"name\": \"x\"}", "want a closing brace"},
		{"{} {}", "want the end of the file"},
		{"{5: 6}", "want an address as key"},
	} {
		got, err := ParseLabels(strings.NewReader(c.text), "eth", fundtrail.Source{})
		wantInvalid(t, err, "parse labels", c.says)
		if got.Tags != nil {
			t.Errorf("%q: tags beside an error", c.text)
		}
	}
	for _, chain := range []fundtrail.Chain{"", "btc", "nowhere"} {
		_, err := ParseLabels(strings.NewReader("{}"), chain, fundtrail.Source{})
		wantInvalid(t, err, "want an EVM chain")
	}
}

func TestChainOfLabels(t *testing.T) {
	for name, want := range map[string]fundtrail.Chain{
		"etherscan_combinedAllLabels.json.gz": "eth", "a/b/bscscan_combinedAccountLabels.json": "bsc",
		`c:\x\polygonscan.json`: "polygon", "Arbiscan_x.json": "arbitrum", "optimism_combinedAllLabels.json": "optimism",
		"avalanche_x": "avax", "ftmscan": "ftm", "labels.json": "", "": "", "_etherscan": "",
	} {
		if got, ok := ChainOfLabels(name); got != want || ok != (want != "") {
			t.Errorf("ChainOfLabels(%q) = %q, %v; want %q", name, got, ok, want)
		}
	}
}

// TestLabelsReal holds what the published label files give, category by category,
// and that no name tag that speaks of a person or of a theft became a service.
func TestLabelsReal(t *testing.T) {
	person := regexp.MustCompile(`(?i)exploit|hacker|hack alert|attacker|drainer|phish|rug ?pull|deployer|treasury|vesting|advisor|founder|donat|charity|\bteam\b`)
	want := map[string]string{
		"arbiscan_combinedAllLabels":      "1 rejected, 165 without, 2 burn, 10 defi, 22 defi_bridge, 21 defi_derivative, 7 defi_dex, 13 defi_lending, 4 exchange, 7 hacking, 1 miner, 4 mixing_service, 94 phishing, 486 token_contract",
		"avalanche_combinedAllLabels":     "1 rejected, 233 without, 3 burn, 24 defi, 18 defi_bridge, 34 defi_dex, 59 defi_lending, 5 exchange, 12 hacking, 3 mixing_service, 8 phishing, 662 token_contract",
		"bscscan_combinedAllLabels":       "3 rejected, 223 without, 22 burn, 52 defi, 26 defi_bridge, 1532 defi_dex, 70 defi_lending, 49 exchange, 3 gambling, 42 hacking, 41 miner, 1 mining_service, 14 mixing_service, 9 phishing, 10 scam, 4629 token_contract",
		"etherscan_combinedAllLabels":     "0 rejected, 12115 without, 408 black_list, 25 burn, 693 defi, 196 defi_bridge, 467 defi_derivative, 7778 defi_dex, 590 defi_lending, 530 exchange, 44 gambling, 13 hacking, 7 hosted_wallet, 60 market, 23 miner, 104 mining_service, 42 mixing_service, 3 payment_processor, 2 phishing, 25 sanction, 6820 token_contract",
		"ftmscan_combinedAllLabels":       "1 rejected, 247 without, 6 burn, 7 defi, 10 defi_bridge, 37 defi_dex, 59 defi_lending, 1 exchange, 14 hacking, 3 phishing, 700 token_contract",
		"optimism_combinedAllLabels":      "2 rejected, 174 without, 2 burn, 14 defi_bridge, 97 defi_derivative, 13 defi_dex, 12 defi_lending, 4 exchange, 3 hacking, 2 miner, 3 phishing, 220 token_contract",
		"polygonscan_combinedAllLabels":   "2 rejected, 1872 without, 10 burn, 28 defi, 44 defi_bridge, 62 defi_dex, 90 defi_lending, 6 exchange, 44 hacking, 1 market, 3 miner, 1 mining_service, 9 mixing_service, 5 phishing, 5 scam, 2815 token_contract",
		"etherscan_combinedAccountLabels": "0 rejected, 10365 without, 409 black_list, 25 burn, 781 defi, 196 defi_bridge, 468 defi_derivative, 7770 defi_dex, 592 defi_lending, 530 exchange, 42 gambling, 13 hacking, 7 hosted_wallet, 67 market, 23 miner, 104 mining_service, 42 mixing_service, 3 payment_processor, 2 phishing, 25 sanction, 1824 token_contract",
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		chain, _ := ChainOfLabels(name)
		got, err := ParseLabels(realData(t, "labels/etherscan/"+name+".json.gz"), chain, fundtrail.Source{Title: name})
		if err != nil {
			t.Fatal(err)
		}
		n := map[string]int{}
		for _, tag := range got.Tags {
			n[tag.Category]++
			part := tag.Label[strings.IndexByte(tag.Label, ':')+1:] // Opium.Team is a party
			if slices.Contains(services, tag.Category) && person.MatchString(part) {
				t.Errorf("%s: %q became %s", name, tag.Label, tag.Category)
			}
		}
		have := fmt.Sprintf("%d rejected", len(got.Rejected))
		for _, c := range slices.Sorted(maps.Keys(n)) {
			have += fmt.Sprintf(", %d %s", n[c], orElse(c, "without"))
		}
		if have != want[name] {
			t.Errorf("%s:\n got %s\nwant %s", name, have, want[name])
		}
		if len(got.Unread) != 0 {
			t.Errorf("%s: labels that the table does not list: %v", name, got.Unread)
		}
		checkTags(t, got.Tags)
		checkRejected(t, got.Rejected)
	}
}

func FuzzLabels(f *testing.F) {
	f.Add(labelSample)
	f.Add(`{"0x0000000000000000000000000000000000000000": {"lABels": [""]}}`)
	f.Add(`{"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2": {"name": "Tornado.Cash: 100 ETH", "labels": ["tornado-cash"]}}`)
	f.Add(`{"0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc3": {"name": "Huobi: Deposit 3 Exploiter (X)", "labels": ["heist","dex","exchange"]}}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseLabels(strings.NewReader(text), "eth", fundtrail.Source{})
		if err != nil {
			wantInvalid(t, err)
			return
		}
		checkTags(t, got.Tags)
		checkRejected(t, got.Rejected)
		for _, tag := range got.Tags {
			if !slices.Contains(services, tag.Category) && !slices.Contains(others, tag.Category) {
				t.Errorf("%q: category %q", tag.Label, tag.Category)
			}
		}
	})
}

func BenchmarkLabels(b *testing.B) {
	text := readAll(b, realData(b, "labels/etherscan/etherscan_combinedAllLabels.json.gz"))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseLabels(strings.NewReader(text), "eth", fundtrail.Source{}); err != nil {
			b.Fatal(err)
		}
	}
}
