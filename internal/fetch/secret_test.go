package fetch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fundtrail/fundtrail"
)

// TestSecretPath: a key in the path is in no error and no result, whatever goes wrong.
func TestSecretPath(t *testing.T) {
	const key = "0123456789abcdef"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Want") {
		case "redirect":
			http.Redirect(w, r, "http://"+r.Host+"/v3/"+key+"/", http.StatusTemporaryRedirect)
		case "error":
			http.Error(w, "no", http.StatusForbidden)
		case "late":
			time.Sleep(time.Second)
		}
		w.Header().Set("Content-Disposition", "attachment; filename="+key)
	}))
	defer srv.Close()
	c := &Client{Options: Options{Retries: -1, AllowedHosts: []string{"127.0.0.1"}}}
	ask := func(url, want string, timeout time.Duration) (*Result, error) {
		ctx, cancel := context.WithTimeout(context.Background(), timeout)
		defer cancel()
		return c.Do(ctx, Request{URL: url, Method: http.MethodPost, Body: []byte("{}"), Header: http.Header{"Want": {want}}, SecretPath: true})
	}
	url := srv.URL + "/v3/" + key
	for _, want := range []string{"redirect", "error"} {
		if _, err := ask(url, want, time.Minute); err == nil || strings.Contains(err.Error(), key) || !errors.Is(err, fundtrail.ErrUnavailable) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if _, err := ask(url, "late", 20*time.Millisecond); err == nil || strings.Contains(err.Error(), key) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late: %v", err)
	}
	for _, bad := range []string{"http://other.example/v3/" + key, "ftp://127.0.0.1/" + key, "http:///" + key, "://" + key, "http://127.0.0.1:1/%zz" + key} {
		if _, err := ask(bad, "", time.Minute); err == nil || strings.Contains(err.Error(), key) || !errors.Is(err, fundtrail.ErrInvalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	res, err := ask(url, "", time.Minute)
	if err != nil || strings.Contains(res.FinalURL+res.FileName, key) || !strings.HasPrefix(res.FinalURL, srv.URL) {
		t.Errorf("%+v, %v", res, err)
	}
}
