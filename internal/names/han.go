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

// mandarin reads a run of characters: a personal name as family and given name, a
// longer run character by character.
func (b *builder) mandarin(shown string, r []rune) {
	read := func(i int, surname bool) string {
		if s, ok := surnameReadings[r[i]]; ok && surname {
			return s
		}
		if s := hanTable()[r[i]].mandarin; s != "" {
			return s
		}
		return ascii(string(r[i]))
	}
	orig := []rune(shown)
	if len(r) >= 2 && len(r) <= 4 {
		f := familyLength(r)
		family, given := "", ""
		for i := range r {
			if i < f {
				family += read(i, true)
			} else {
				given += read(i, false)
			}
		}
		b.addNative(family, string(orig[:f]), simplify(r[:f]))
		b.addNative(given, string(orig[f:]), simplify(r[f:]))
		return
	}
	for i := range r {
		b.addNative(read(i, false), string(orig[i]), simplify(r[i:i+1]))
	}
}

// korean reads a run of characters syllable by syllable.
func (b *builder) korean(shown string, r []rune) bool {
	orig := []rune(shown)
	var syllables []rune
	for i, c := range r {
		k := []rune(hanTable()[c].korean)
		if s, ok := koreanSurnames[c]; ok && i == 0 {
			k = []rune(s)
		}
		if len(k) == 0 {
			return false
		}
		syllables = append(syllables, k[0])
	}
	for i, s := range syllables {
		b.addNative(syllable(s), string(orig[i]), simplify(r[i:i+1]))
		b.words[len(b.words)-1].korean = true
	}
	return true
}

// japanese reads a run of characters as a family name and a given name, or as one of
// them, where the table of names holds them.
func (b *builder) japanese(shown string, r []rune) bool {
	orig := []rune(shown)
	names := japaneseNames()
	for i := len(r) - 1; i >= 1; i-- {
		f, ok1 := names["f"+string(r[:i])]
		g, ok2 := names["g"+string(r[i:])]
		if ok1 && ok2 {
			b.addNative(firstReading(f), string(orig[:i]), simplify(r[:i]))
			b.addNative(firstReading(g), string(orig[i:]), simplify(r[i:]))
			return true
		}
	}
	for _, k := range []string{"f", "g"} {
		if v, ok := names[k+string(r)]; ok {
			b.addNative(firstReading(v), shown, simplify(r))
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
