package feed

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"compress/gzip"
	"io"
	"github.com/fundtrail/fundtrail"
)

func TestForta(t *testing.T) {
	for _, f := range []string{"etherscan_malicious_labels", "malicious_smart_contracts", "phishing_scams"} {
		c, err := ParseForta(realData(t, "labels/forta/"+f+".csv.gz"), fundtrail.Ethereum, fundtrail.Source{Title: f})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Println(f, len(c.Tags), len(c.Rejected), c.Unread)
		cat := map[string]int{}
		for _, x := range c.Tags {
			cat[x.Category+"/"+string(x.Role)+"/"+fmt.Sprint(x.Confidence)]++
		}
		fmt.Println(cat)
		for i, x := range c.Tags {
			if i < 4 {
				fmt.Printf("%+v\n", x)
			}
		}
		for i, r := range c.Rejected {
			if i < 4 {
				fmt.Println(r, r.Text)
			}
		}
	}
}

func TestWalk(t *testing.T) {
	filepath.WalkDir("../../../shared/data/", func(path string, d fs.DirEntry, err error) error {
		if d.IsDir() {
			return nil
		}
		f, _ := os.Open(path)
		defer f.Close()
		var r io.Reader = f
		if strings.HasSuffix(path, ".gz") {
			g, err := gzip.NewReader(f)
			if err != nil {
				return nil
			}
			r = g
		}
		head := make([]byte, 4096)
		n, _ := io.ReadFull(r, head)
		if got, ok := Detect(head[:n], filepath.Base(path)); ok {
			fmt.Println(got, "|", strings.TrimPrefix(path, "../../../shared/data/"))
		}
		_ = bytes.MinRead
		return nil
	})
}
