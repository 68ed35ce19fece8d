package fetch

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// BenchmarkDownload is a large list over loopback, digested and written to a file.
func BenchmarkDownload(b *testing.B) {
	var text bytes.Buffer
	for i := 0; text.Len() < 64<<20; i++ {
		fmt.Fprintf(&text, "<sdnEntry><uid>%d</uid><lastName>PARTY %d</lastName></sdnEntry>\n", i, i*7919)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(text.Bytes())
	z.Close()
	for _, packing := range []string{"", "gzip"} {
		b.Run("packing="+packing, func(b *testing.B) {
			body := text.Bytes()
			if packing != "" {
				body = zipped.Bytes()
			}
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if packing != "" {
					w.Header().Set("Content-Encoding", packing)
				}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
			}))
			defer s.Close()
			c := &Client{Options: Options{Rate: 1e6, Burst: 1e6}}
			dir := b.TempDir()
			b.SetBytes(int64(text.Len()))
			b.ReportAllocs()
			for b.Loop() {
				res, err := c.Do(b.Context(), Request{URL: s.URL, Dir: dir})
				if err != nil || res.Size != int64(text.Len()) {
					b.Fatal(res, err)
				}
				os.Remove(res.Path)
			}
		})
	}
}
