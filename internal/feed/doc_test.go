package feed

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fundtrail/fundtrail"
)

// TestDocExamples: every example in doc/formats-tags.md is told for what it is and
// read whole.
func TestDocExamples(t *testing.T) {
	text, err := os.ReadFile("../../doc/formats-tags.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```(?:yaml|json|csv)\n(.*?)```").FindAllSubmatch(text, -1)
	read := map[Format]int{}
	for _, m := range examples {
		example := string(m[1])
		format, _ := Detect(m[1], "")
		var n, bad int
		var err error
		switch format {
		case TagPack:
			var c Claims
			c, err = ParseTagPack(strings.NewReader(example), fundtrail.Source{})
			n, bad = len(c.Tags), len(c.Rejected)+len(c.NotCovered)+len(c.Unread)
		case ActorPack:
			var rejected []Rejected
			var a []fundtrail.Actor
			a, rejected, err = ParseActorPack(strings.NewReader(example))
			n, bad = len(a), len(rejected)
		case LabelFile:
			var c Claims
			c, err = ParseLabels(strings.NewReader(example), fundtrail.Ethereum, fundtrail.Source{})
			n, bad = len(c.Tags), len(c.Rejected)+len(c.Unread)
		case PriceTable:
			var p PriceFile
			p, err = ParsePrices(strings.NewReader(example), eth, fundtrail.Source{})
			n, bad = len(p.Prices), len(p.Rejected)+len(p.Conflicts)
		}
		if err != nil || n == 0 || bad != 0 {
			t.Errorf("%q: %d read, %d not, %v in\n%s", format, n, bad, err, example)
		}
		read[format]++
	}
	if read[TagPack] != 1 || read[ActorPack] != 1 || read[LabelFile] != 1 || read[PriceTable] != 5 {
		t.Errorf("examples by format: %v", read)
	}
	for word, level := range confidences {
		if !regexp.MustCompile("(?m)^\\| `" + word + "` \\| " + strconv.Itoa(int(level)) + " \\|").Match(text) {
			t.Errorf("the table of confidence words does not say that %s is %d", word, level)
		}
	}
}
