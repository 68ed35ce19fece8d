package names

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
	"strings"
	"sync"
)

//go:embed tables/han.tsv.gz
var hanGZ []byte

//go:embed tables/ja.tsv.gz
var jaGZ []byte

// A hanReading is how a Chinese character is read.
type hanReading struct {
	mandarin   string
	korean     string // Hangul, the most usual reading of names first
	simplified rune
}

// hanTable is read when the first Chinese character is met. See tables/NOTICE.md.
var hanTable = sync.OnceValue(func() map[rune]hanReading {
	t := make(map[rune]hanReading, 28000)
	for line := range strings.Lines(unpack(hanGZ)) {
		f := strings.Split(strings.TrimRight(line, "\n"), "\t")
		f = append(f, "", "", "")
		c := []rune(f[0])[0]
		r := hanReading{mandarin: f[1], korean: f[2]}
		if f[3] != "" {
			r.simplified = []rune(f[3])[0]
		}
		t[c] = r
	}
	return t
})

// japaneseNames maps "f" or "g" and a family or given name to its readings in kana.
var japaneseNames = sync.OnceValue(func() map[string]string {
	t := make(map[string]string, 27000)
	for line := range strings.Lines(unpack(jaGZ)) {
		k, v, _ := strings.Cut(strings.TrimRight(line, "\n"), "\t")
		t[k] = v
	}
	return t
})

// unpack opens an embedded table; it is part of the program, so that it cannot fail.
func unpack(b []byte) string {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		panic(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// surnameReadings are characters that are read otherwise as a family name than in
// words: Mandarin (现代汉语词典, under 姓), and Korean, where the law fixes 김.
var surnameReadings = map[rune]string{
	'曾': "zeng", '单': "shan", '單': "shan", '解': "xie", '仇': "qiu", '区': "ou", '區': "ou", '查': "zha", '翟': "zhai", '任': "ren", '朴': "piao",
	'盖': "ge", '秘': "bi", '冼': "xian", '繁': "po", '尉': "yu", '乐': "yue", '樂': "yue", '黑': "he", '折': "she", '员': "yun", '召': "shao", '葛': "ge", '华': "hua", '宁': "ning", '缪': "miao",
}

var koreanSurnames = map[rune]string{'金': "김", '李': "이", '柳': "유", '林': "임", '梁': "양", '盧': "노", '羅': "나", '呂': "여", '龍': "용", '陸': "육"}

// doubleSurnames of two characters, Chinese and Korean, and of two syllables.
var doubleSurnames = map[string]bool{
	"欧阳": true, "歐陽": true, "司马": true, "司馬": true, "上官": true, "诸葛": true, "諸葛": true, "东方": true, "皇甫": true, "尉迟": true, "公孙": true, "令狐": true, "慕容": true, "司徒": true, "夏侯": true,
	"남궁": true, "황보": true, "제갈": true, "사공": true, "선우": true, "서문": true, "독고": true, "南宮": true, "鮮于": true,
}

// familyLength is how many characters of an unspaced name are the family name: two
// for the known double ones, else one.
func familyLength(r []rune) int {
	if len(r) >= 3 && doubleSurnames[string(r[:2])] {
		return 2
	}
	return 1
}

// cut cuts a run that is a whole name into family and given name; alone says that no
// other run stands beside it. Given names stay in one piece, however many characters
// they have: half a given name is no part of a name.
func cut(r []rune, alone bool) []int {
	if !alone || len(r) < 2 || len(r) > 4 {
		return []int{0, len(r)}
	}
	return []int{0, familyLength(r), len(r)}
}

// mandarin reads a run of characters: a personal name as family and given name, a
// longer run, of a company, character by character.
func (b *builder) mandarin(shown []rune, r []rune, alone bool) {
	at := cut(r, alone)
	if len(r) > 4 {
		at = at[:0]
		for i := range len(r) + 1 {
			at = append(at, i)
		}
	}
	for k := 0; k+1 < len(at); k++ {
		i, j := at[k], at[k+1]
		text := ""
		for n := i; n < j; n++ {
			s, surname := surnameReadings[r[n]]
			if !surname || n > 0 || j-i > 1 {
				s = hanTable()[r[n]].mandarin
			}
			if s == "" {
				s = ascii(string(r[n]))
			}
			text += s
		}
		b.add(word{text: text, script: han, native: simplify(r[i:j])}, string(shown[i:j]))
	}
}

// korean reads a run of characters by their Korean sounds; false when one has none.
func (b *builder) korean(shown []rune, r []rune, alone bool) bool {
	syllables := make([]string, len(r))
	for i, c := range r {
		k := []rune(hanTable()[c].korean)
		if s, ok := koreanSurnames[c]; ok && (i == 0 && alone || len(r) == 1) {
			k = []rune(s)
		}
		if len(k) == 0 {
			return false
		}
		syllables[i] = syllable(k[0])
	}
	at := cut(r, alone)
	for k := 0; k+1 < len(at); k++ {
		i, j := at[k], at[k+1]
		b.add(word{text: strings.Join(syllables[i:j], ""), script: han, korean: true, native: simplify(r[i:j])}, string(shown[i:j]))
	}
	return true
}

// hangulName reads a run of Hangul: family and given name, or a word of a company.
func (b *builder) hangulName(shown, r []rune, alone bool) {
	at := cut(r, alone)
	for k := 0; k+1 < len(at); k++ {
		i, j := at[k], at[k+1]
		text := ""
		for _, c := range r[i:j] {
			text += syllable(c)
		}
		b.add(word{text: text, script: hangul, korean: true}, string(shown[i:j]))
	}
}

// japanese reads a run of characters as a family name and a given name, or as one of
// them, where the table of names holds them.
func (b *builder) japanese(shown []rune, r []rune) bool {
	names := japaneseNames()
	one := func(readings string, i, j int) {
		b.add(word{text: firstReading(readings), script: han, native: simplify(r[i:j])}, string(shown[i:j]))
	}
	for i := len(r) - 1; i >= 1; i-- {
		f, ok1 := names["f"+string(r[:i])]
		g, ok2 := names["g"+string(r[i:])]
		if ok1 && ok2 {
			one(f, 0, i)
			one(g, i, len(r))
			return true
		}
	}
	for _, k := range []string{"f", "g"} {
		if v, ok := names[k+string(r)]; ok {
			one(v, 0, len(r))
			return true
		}
	}
	return false
}

func firstReading(readings string) string {
	first, _, _ := strings.Cut(readings, ",")
	return kanaRoman(first)
}

// simplify writes characters in their simplified form, so that both forms are one.
func simplify(r []rune) string {
	out := make([]rune, len(r))
	for i, c := range r {
		out[i] = c
		if s := hanTable()[c].simplified; s != 0 {
			out[i] = s
		}
	}
	return string(out)
}
