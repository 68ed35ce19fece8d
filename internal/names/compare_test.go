package names

import (
	"math"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestCompare says, in examples that none of the scored sets holds, what is a match
// and how its parts are found. "a~b how" stands for a token.
func TestCompare(t *testing.T) {
	const p, o, v = fundtrail.Person, fundtrail.Organisation, fundtrail.Vessel
	for _, c := range []struct {
		kind          fundtrail.PartyKind
		asked, listed string
		match         bool
		has           string
	}{
		{p, "Giulia Bianchi", "BIANCHI, Giulia", true, "Bianchi same"},
		{p, "Giulia Bianchi", "Giulia Ferraro", false, "Bianchi~Ferraro different"},
		{p, "G. Bianchi", "Giulia Bianchi", true, "G~Giulia initial"},
		{p, "Bill Thornbury", "William Thornbury", true, "Bill~William variant"},
		{p, "Dr. Giulia Bianchi", "Giulia Bianchi", true, "Dr~ missing"},
		{p, "Bianchi Giulia Giulia", "Giulia Bianchi", true, "Giulia~ repeated"},
		{p, "Giulia Maria Bianchi", "Giulia Anna Bianchi", false, "Maria~Anna different"},
		{p, "Giulia Maria Bianchi", "Giulia Bianchi", true, "Maria~ missing"},
		{p, "Giulia Bianhci", "Giulia Bianchi", true, "Bianhci~Bianchi spelling"},
		{p, "Abdulqadir Hersi", "Abdul Qadir Hersi", true, "Abdulqadir~Abdul Qadir joined"},
		{p, "Khalid", "Khaled", true, "Khalid~Khaled sound"},
		{p, "Дарья Щербакова", "Darya Shcherbakova", true, "Щербакова~Shcherbakova transliterated"},
		{p, "Юрій Ґалаґан", "Yuriy Galagan", true, "Ґалаґан~Galagan transliterated"},
		{p, "Tchaikovsky Pyotr", "Чайковский Пётр", true, ""},
		{p, "윤서연", "Yoon Seo-yeon", true, "윤~Yoon"},
		{p, "최민준", "Ch'oe Min-jun", true, "최~Ch'oe"},
		{p, "李承晩", "Rhee Seung-man", true, "承晩~Seung man joined"},
		{p, "毛泽东", "毛澤東", true, "泽东~澤東 same"},
		{p, "佐藤健一", "Sato Kenichi", true, "佐藤~Sato transliterated"},
		{p, "さとう けんいち", "Satō Ken'ichi", true, ""},
		{p, "ｻﾄｳ ｹﾝｲﾁ", "Sato Kenichi", true, ""},
		{p, "يوسف الحداد", "Yusuf al-Haddad", true, "ال~al transliterated"},
		{p, "نصر الله", "Nasrallah", true, "نصر الله~Nasrallah joined"},
		{p, "Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos", true, ""},
		{p, "אברהם כהן", "Avraham Cohen", true, ""},
		{p, "Kim Jong Il", "Kim Jong Un", false, "Il~Un different"},
		{o, "Vostok Trading OOO", "OOO \"Vostok Trading\"", true, "OOO legal form"},
		{o, "Vostok Trading GmbH", "Vostok Trading LLC", true, "GmbH~LLC legal form"},
		{o, "Vostok Trading Limited Liability Company", "Vostok Trading LLC", true, "Limited Liability Company~LLC legal form"},
		{o, "Общество с ограниченной ответственностью Восток", "Vostok LLC", true, "Восток~Vostok transliterated"},
		{o, "Vostok Trading", "Zapad Trading", false, "Vostok~Zapad different"},
		{o, "Vostok Handel", "Vostok Trading", true, "Handel~Trading variant"},
		{o, "青岛海运有限公司", "青島海運有限公司", true, "有限公司 legal form"},
		{o, "Third Mechanised Brigade", "3rd Mechanised Brigade", true, "Third~3rd same"},
		{o, "Regiment Twenty-One", "Regiment 21", true, "Twenty One~21 same"},
		{o, "Northern Harbour Development Authority", "NHDA", true, "acronym"},
		{o, "AO Zvezda", "Zvezda AO", true, ""},
		{v, "MV Blue Heron", "Blue Heron", true, "MV~ missing"},
		{v, "Blue Heron 7", "Red Heron 8", false, "7~8 number"},
	} {
		score, tokens := Compare(c.kind, c.asked, c.listed)
		checkComparison(t, score, tokens)
		var all []string
		for _, k := range tokens {
			s := k.Asked + "~" + k.Listed + " " + k.How
			if k.Asked == k.Listed {
				s = k.Asked + " " + k.How
			}
			all = append(all, s)
		}
		said := strings.Join(all, "; ")
		if (score >= DefaultThreshold) != c.match || !strings.Contains(strings.ToLower(said), strings.ToLower(c.has)) {
			t.Errorf("%q, %q: %.3f (%s), want match %v with %q", c.asked, c.listed, score, said, c.match, c.has)
		}
	}
}

// TestRoman holds each script to its romanisation.
func TestRoman(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"Łódź Ærøskøbing Þór", "lodz aeroskobing thor"}, {"ŞAHİN Çağrı", "sahin cagri"}, {"Щукин Юлія Їжак", "shchukin yuliya izhak"}, {"Χρήστος", "christos"},
		{"박지성", "bakjiseong"}, {"しゃちょう キャット", "shacho kyatto"}, {"フィリップ", "firippu"}, {"ﷴ", "mhmd"}, {"Mu'tassim O’Neil", "mutassim oneil"}, {"Mus?ab", "musab"},
		{"J.P. L.L.C.", "jp llc"}, {"A&B", "a and b"}, {"კობა", "koba"}, {"e\u0301a\u0300", "ea"}, {"\u200fAli\u200e", "ali"},
	} {
		var got []string
		for _, p := range split(c.text) {
			got = append(got, roman(p))
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q: %q, want %q", c.text, s, c.want)
		}
	}
}

// TestEvidence: births, countries and kinds raise or lower, and say so.
func TestEvidence(t *testing.T) {
	x := Build([]Entry{{Kind: fundtrail.Person, Names: []fundtrail.Name{{Text: "Giulia Bianchi"}}, Births: []string{"1962-03-14", "~1970"}, Countries: []string{"IT", "CH"}}})
	for _, c := range []struct {
		births, countries []string
		kind              fundtrail.PartyKind
		sign              int
		says              string
	}{
		{nil, nil, "", 0, "2 parts"},
		{[]string{"1962-03-14"}, nil, "", 1, "born 1962-03-14 in both"},
		{[]string{"1962-14-03"}, nil, "", 1, "day and month swapped"},
		{[]string{"1962"}, nil, "", 1, "the same year, 1962"},
		{[]string{"1962-07"}, nil, "", 1, "the same year"},
		{[]string{"1964"}, nil, "", 0, ""},
		{[]string{"1971/1973"}, nil, "", 0, ""},
		{[]string{"1990-01-01"}, nil, "", -1, "born 1990-01-01, listed as 1962-03-14 or ~1970"},
		{[]string{"nonsense", "", "19"}, nil, "", 0, ""},
		{nil, []string{"FR", "CH"}, "", 1, "both of CH"},
		{nil, []string{"FR"}, "", -1, "of FR, listed under IT, CH"},
		{nil, nil, fundtrail.Vessel, -1, "asked for a vessel, listed as a person"},
	} {
		base := x.Search(Query{Name: "Giulia Bianki"}, nil, 0.1, 1)[0].Score
		hits := x.Search(Query{Name: "Giulia Bianki", Births: c.births, Countries: c.countries, Kind: c.kind}, nil, 0.1, 1)
		if len(hits) != 1 || !strings.Contains(hits[0].Why, c.says) {
			t.Errorf("%+v: %+v", c, hits)
			continue
		}
		if d := hits[0].Score - base; c.kind == "" && (c.sign == 0) != (math.Abs(d) < 1e-6) || float64(c.sign)*d < 0 {
			t.Errorf("%+v: %v from %v: %s", c, hits[0].Score, base, hits[0].Why)
		}
	}
}

// TestKeep: entries that keep refuses are not returned, and do not take places.
func TestKeep(t *testing.T) {
	var es []Entry
	for range 50 {
		es = append(es, Entry{Names: []fundtrail.Name{{Text: "Giulia Bianchi"}}})
	}
	hits := Build(es).Search(Query{Name: "Bianchi Giulia"}, func(e int) bool { return e >= 45 }, 0.9, 3)
	if len(hits) != 3 || hits[0].Entry != 45 || hits[2].Entry != 47 {
		t.Errorf("%+v", hits)
	}
}

// TestRarity: a shared rare name counts more than a shared frequent one.
func TestRarity(t *testing.T) {
	var es []Entry
	for i := range 2000 {
		es = append(es, Entry{Names: []fundtrail.Name{{Text: "Ali " + string([]byte{'a' + byte(i%26), 'k', 'a' + byte(i/26%26), 'r', 'o', 'b'})}}})
	}
	es = append(es, Entry{Names: []fundtrail.Name{{Text: "Ali Zwonimirski"}}})
	x := Build(es)
	rare := x.Search(Query{Name: "Hubert Zwonimirski"}, nil, 0, 1)
	common := x.Search(Query{Name: "Ali Wunderlich"}, nil, 0, 1)
	if len(rare) != 1 || rare[0].Entry != 2000 || len(common) != 1 || rare[0].Score <= common[0].Score {
		t.Errorf("rare %+v, common %+v", rare, common)
	}
}

func TestEmpty(t *testing.T) {
	for _, x := range []*Index{Build(nil), Build([]Entry{{}}), Build([]Entry{{Names: []fundtrail.Name{{Text: " . "}}}})} {
		if hits := x.Search(Query{Name: "Ali"}, nil, 0, 10); len(hits) != 0 {
			t.Errorf("%+v", hits)
		}
	}
	if hits := smallIndex().Search(Query{Name: " - "}, nil, 0, 10); len(hits) != 0 {
		t.Errorf("%+v", hits)
	}
	if hits := smallIndex().Search(Query{Name: "Ali"}, nil, 0, 0); len(hits) != 0 {
		t.Errorf("%+v", hits)
	}
}
