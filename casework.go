package fundtrail

import "time"

// Casework: what people do. It is precious, append-only and hash-chained.

// A Case is an investigation.
type Case struct {
	ID, Title      string
	Incidents      []string
	Opened, Closed time.Time
}

// Evidence is one entry of a case's append-only log.
type Evidence struct {
	Case   string
	Seq    uint64
	Prev   [32]byte // digest of the entry before
	SHA256 [32]byte // digest of the content
	Added  time.Time
	By     string
	Note   string
}

// A Watch asks to be told when its subject moves value.
type Watch struct {
	ID      string
	Subject Address
	Min     Amount
}

// An Alert answers a watch.
type Alert struct {
	Watch    string
	Transfer TransferID
	Exposure []Exposure
	Raised   time.Time
	Outcome  string // what the analyst decided
}
