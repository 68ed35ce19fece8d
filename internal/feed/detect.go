package feed

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
)

// A Format is a kind of file that this package reads.
type Format string

const (
	TagPack    Format = "tag pack"
	ActorPack  Format = "actor pack"
	LabelFile  Format = "label file"
	PriceTable Format = "price table"
)

var (
	packList  = regexp.MustCompile(`(?m)^(tags|actors)[ \t]*:[ \t]*(?:#.*)?\r?$`)
	packField = regexp.MustCompile(`(?m)^(title|creator|label|confidence|currency|description|lastmod)[ \t]*:`)
	labelHead = regexp.MustCompile(`^\s*\{\s*"[^"]*"\s*:\s*\{\s*"(?:name|labels)"\s*:`)
)

// Detect tells a file's format from its first bytes, a few kilobytes of them when
// there are as many, and where those leave it open from its name. ok is false for
// a file that this package does not read.
func Detect(head []byte, name string) (format Format, ok bool) {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	name = strings.ToLower(name)
	switch {
	case labelHead.Match(head):
		return LabelFile, true
	case isPriceTable(head):
		return PriceTable, true
	}
	for _, l := range listFormats {
		if l.detect(head, name) {
			return l.format, true
		}
	}
	switch {
	case isForta(head):
		return FortaLabels, true
	case isVendor(head):
		return VendorLabels, true
	}
	if m := packList.FindSubmatch(head); m != nil {
		if string(m[1]) == "actors" {
			return ActorPack, true
		}
		return TagPack, true
	}
	// A header longer than the bytes that were given.
	if packField.Match(head) && strings.Contains(name, ".y") {
		if strings.Contains(name, "actorpack") {
			return ActorPack, true
		}
		return TagPack, true
	}
	return "", false
}

func isPriceTable(head []byte) bool {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	table := csv.NewReader(bytes.NewReader(line))
	table.Comma = separator(line)
	names, err := table.Read()
	if err != nil {
		return false
	}
	columns := map[string]int{}
	for i, n := range names {
		columns[plain(n)] = i
	}
	return shapeOf(columns) != nil
}
