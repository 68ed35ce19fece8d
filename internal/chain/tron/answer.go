package tron

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"

	"github.com/fundtrail/fundtrail"
	"github.com/fundtrail/fundtrail/internal/chain/node"
)

// What the HTTP API answers. A pointer tells a member that must be there from one that is
// zero, which the API leaves out.

type rpcBlock struct {
	BlockID string
	Header  *struct {
		Raw *rpcHeader `json:"raw_data"`
	} `json:"block_header"`
	Transactions []rpcTx
}

type rpcHeader struct {
	Number       int64
	Root         bytesText `json:"txTrieRoot"`
	Parent       bytesText `json:"parentHash"`
	Witness      bytesText `json:"witness_address"`
	WitnessID    int64     `json:"witness_id"`
	Version      int64
	Timestamp    int64     // in milliseconds
	AccountState bytesText `json:"accountStateRoot"`
}

type rpcTx struct {
	ID      string          `json:"txID"`
	RawHex  string          `json:"raw_data_hex"`
	Raw     json.RawMessage `json:"raw_data"`
	Ret     []rpcRet
	Visible bool

	// Rows of an account's page have more.
	BlockNumber *int64
	BlockTime   *int64 `json:"block_timestamp"`
}

type rpcRet struct {
	ContractRet string
	Fee         uint64
}

type rpcRaw struct {
	Data     *string
	Contract []struct {
		Type      string
		Parameter struct {
			Value map[string]json.RawMessage
		}
	}
}

type rpcInfo struct {
	ID              string
	Fee             uint64 // in sun, all that was paid
	BlockNumber     *int64
	BlockTimeStamp  *int64 // in milliseconds
	ContractAddress string `json:"contract_address"`
	Receipt         struct{ Result string }
	Result          string // FAILED, or nothing
	Log             []rpcLog
	Internal        []rpcInternal `json:"internal_transactions"`
	Withdraw        uint64        `json:"withdraw_amount"`
	AssetID         string        `json:"assetIssueID"`
}

type rpcLog struct {
	Address bytesText // 20 bytes
	Topics  []bytesText
	Data    bytesText
}

type rpcInternal struct {
	Caller   string     `json:"caller_address"`
	To       string     `json:"transferTo_address"`
	Values   []rpcValue `json:"callValueInfo"`
	Note     bytesText
	Rejected bool
}

type rpcValue struct {
	Value   uint64 `json:"callValue"`
	TokenID string `json:"tokenId"`
}

// A bytesText is bytes in hexadecimal digits, without 0x.
type bytesText []byte

func (b *bytesText) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if len(text) < 2 || text[0] != '"' || len(text)%2 != 0 {
		return broken("%q, want hexadecimal digits", text[:min(len(text), 60)])
	}
	out := make([]byte, len(text)/2-1)
	if _, err := hex.Decode(out, text[1:len(text)-1]); err != nil {
		return broken("%q, want hexadecimal digits", text[:min(len(text), 60)])
	}
	*b = out
	return nil
}

// parse reads an answer, which must be one JSON value of the form of v.
func parse(raw []byte, v any) error {
	if string(bytes.TrimSpace(raw)) == "null" {
		return broken("it is null")
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return broken("%w", err)
	}
	return nil
}

// account reads an address as the API writes it, in hexadecimal digits or base58check.
func account(text string) (a address, err error) {
	if len(text) == 42 {
		var b [21]byte
		if _, err := hex.Decode(b[:], []byte(text)); err == nil && b[0] == prefix {
			return address(b[1:]), nil
		}
	}
	got, err := fundtrail.ParseAddress(fundtrail.Tron, text)
	if err != nil {
		return a, broken("%v", err)
	}
	return address(got.Payload()), nil
}

// maxHeight and maxTime keep a block's numbers within what a ledger takes: times end with
// the year 9999.
const (
	maxHeight = 1 << 48
	maxTime   = 253402300799_000 // ms
)

// moment checks a height and a time in milliseconds.
func moment(height, ms *int64) (time.Time, error) {
	if height == nil || ms == nil || *height < 0 || *height > maxHeight || *ms < 0 || *ms > maxTime {
		return time.Time{}, broken("no block number or no time in milliseconds, or none that can be")
	}
	return time.UnixMilli(*ms).UTC(), nil
}

// sign reads what is signed, and holds the answer's other words for it to it.
func (r *rpcTx) sign() (signed, error) {
	raw, err := hex.DecodeString(r.RawHex)
	if err != nil || len(raw) == 0 {
		return signed{}, broken("a transaction without raw_data_hex, the bytes that were signed")
	}
	s, err := readSigned(raw)
	if err != nil {
		return s, err
	}
	id, err := fundtrail.ParseHash(r.ID)
	switch {
	case err != nil:
		return s, broken("txID: %v", err)
	case id != s.id:
		return s, lied("transaction %s: the bytes that were signed are of transaction %x", r.ID, s.id)
	case len(r.Ret) > 1:
		return s, broken("transaction %s: %d results", r.ID, len(r.Ret))
	case len(r.Raw) == 0:
		return s, nil
	}
	var told rpcRaw
	if err := parse(r.Raw, &told); err != nil {
		return s, err
	}
	return s, s.agree(&told)
}

// agree holds the API's reading of the signed bytes to them.
func (s *signed) agree(told *rpcRaw) error {
	if len(told.Contract) != 1 {
		return lied("raw_data has %d contracts, and one is signed", len(told.Contract))
	}
	c := &told.Contract[0]
	memo := ""
	if told.Data != nil {
		memo = *told.Data
	}
	if !sameBytes(memo, s.memo) {
		return lied("raw_data's data is not the one that is signed")
	}
	if s.form == nil {
		return nil
	}
	if c.Type != s.form.name {
		return lied("raw_data says %s, and %s is signed", node.Clean(c.Type, 40), s.form.name)
	}
	own := s.form.jsonOwn
	if own == "" {
		own = "owner_address"
	}
	text := func(name string) string {
		var t string
		_ = json.Unmarshal(c.Parameter.Value[name], &t)
		return t
	}
	who := func(name string, want *address, has bool) error {
		t := text(name)
		if t == "" && !has {
			return nil
		}
		if got, err := account(t); err != nil || !has || got != *want {
			return lied("raw_data's %s is %q, and %s is signed", name, node.Clean(t, 60), fundtrail.EVMAddress(fundtrail.Tron, *want))
		}
		return nil
	}
	number := func(values map[string]json.RawMessage, name string, want uint64) error {
		t := bytes.Trim(values[name], `"`)
		if len(t) == 0 && want == 0 {
			return nil
		}
		if got, err := strconv.ParseUint(string(t), 10, 64); err != nil || got != want {
			return lied("raw_data's %s is %s, and %d is signed", name, node.Clean(string(t), 40), want)
		}
		return nil
	}
	if s.hasOwner {
		if err := who(own, &s.owner, true); err != nil {
			return err
		}
	}
	if s.form.jsonTo != "" {
		if err := who(s.form.jsonTo, &s.to, s.hasTo); err != nil {
			return err
		}
	}
	if s.form.jsonAmount != "" {
		if err := number(c.Parameter.Value, s.form.jsonAmount, s.amount); err != nil {
			return err
		}
	}
	if s.form.asset != 0 && !sameBytes(text("asset_name"), s.asset) {
		return lied("raw_data's asset_name is %q, and %q is signed", node.Clean(text("asset_name"), 60), node.Clean(string(s.asset), 60))
	}
	if s.form.tokenID != 0 {
		if err := number(c.Parameter.Value, "call_token_value", s.tokenAmount); err != nil {
			return err
		}
		if err := number(c.Parameter.Value, "token_id", s.tokenID); err != nil {
			return err
		}
	}
	if s.form.nested != 0 {
		var made map[string]json.RawMessage
		_ = json.Unmarshal(c.Parameter.Value["new_contract"], &made)
		return number(made, "call_value", s.amount)
	}
	return nil
}

// sameBytes reports whether a text is the bytes, in hexadecimal digits or, where the API was
// asked for what people read, as they stand.
func sameBytes(text string, want []byte) bool {
	got, err := hex.DecodeString(text)
	return err == nil && bytes.Equal(got, want) || text == string(want)
}
