package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/fundtrail/fundtrail/data"
	"github.com/fundtrail/fundtrail/internal/chain/tron"
)

// tronGridKey is the variable that holds a key of TronGrid, which takes it in a header.
const tronGridKey = "TRONGRID_API_KEY"

// tronNotes is what a report says of blocks that a node of Tron told.
const tronNotes = "\nValue that contracts moved is claimed in blocks that show that the node keeps it, and in those without calls."

// openTron makes a source of nodes of Tron.
func openTron(ctx context.Context, urls []string, retries int) (*tron.Node, error) {
	o := tron.Options{Decoder: tron.Decoder{Wraps: data.WrapsCoin}, Rounds: cmp.Or(retries, -1)}
	for _, raw := range urls {
		e, public := tronEndpoint(raw)
		if public {
			o.Fetch.Rate, o.Fetch.Burst = 10, 10 // TronGrid's bound is 15 a second
		}
		o.Endpoints = append(o.Endpoints, e)
	}
	return tron.Open(ctx, o)
}

// tronEndpoint is an endpoint with the key that is TronGrid's alone. It reports whether it
// is TronGrid.
func tronEndpoint(raw string) (e tron.Endpoint, public bool) {
	e.URL = raw
	u, err := url.Parse(raw)
	if err != nil || !isTronGrid(u) {
		return e, false
	}
	if key := os.Getenv(tronGridKey); key != "" && u.Scheme == "https" {
		e.Header = http.Header{"Tron-Pro-Api-Key": {key}}
	}
	return e, true
}

func isTronGrid(u *url.URL) bool {
	h := strings.ToLower(u.Hostname())
	return h == "trongrid.io" || strings.HasSuffix(h, ".trongrid.io")
}
