package evm_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// lacking is a node that does not know some methods: it stands before another.
func lacking(t testing.TB, url string, methods []string) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		type msg map[string]json.RawMessage
		var list []msg
		single := false
		if json.Unmarshal(body, &list) != nil {
			var one msg
			_ = json.Unmarshal(body, &one)
			list, single = []msg{one}, true
		}
		var pass, answers []msg
		for _, q := range list {
			var m string
			_ = json.Unmarshal(q["method"], &m)
			if slices.Contains(methods, m) {
				answers = append(answers, msg{"jsonrpc": json.RawMessage(`"2.0"`), "id": q["id"], "error": json.RawMessage(`{"code":-32601,"message":"the method ` + m + ` does not exist/is not available"}`)})
			} else {
				pass = append(pass, q)
			}
		}
		if len(pass) > 0 {
			send, _ := json.Marshal(pass)
			resp, err := http.Post(url, "application/json", bytes.NewReader(send))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			var got []msg
			_ = json.NewDecoder(resp.Body).Decode(&got)
			answers = append(answers, got...)
		}
		slices.Reverse(answers) // the order of replies is the node's affair
		if single {
			_ = json.NewEncoder(w).Encode(answers[0])
			return
		}
		_ = json.NewEncoder(w).Encode(answers)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
