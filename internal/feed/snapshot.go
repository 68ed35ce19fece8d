package feed

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Dated snapshots of a part of the SDN list, as others took them from it: its crypto
// addresses, or its names. They are versions of the SDN list that cover no more.

// parseAddressCSV reads rows of asset and address. The file names no party and no date:
// the date is in the file's name.
func parseAddressCSV(r io.Reader) (*List, error) {
	u := newUSReader("address snapshot CSV")
	u.out.List = listSDN
	text, err := io.ReadAll(withoutBOM(r))
	if err != nil {
		return nil, u.fail("%v", err)
	}
	open := len(text) > 0 && text[len(text)-1] != '\n'
	if open {
		u.unread.add("end", "the last row has no line end: nothing shows that it is whole")
	}
	table := csv.NewReader(strings.NewReader(string(text)))
	table.FieldsPerRecord = 2
	header, err := table.Read()
	if err == io.EOF {
		return nil, u.fail("empty file: want the header asset,address")
	} else if err != nil || header[0] != "asset" || header[1] != "address" {
		return nil, u.fail("line 1: want the header asset,address")
	}
	seen := map[[2]string]bool{}
	for entry := 1; ; entry++ {
		f, err := table.Read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, u.fail("the file is cut or broken: %v", err)
		}
		line, _ := table.FieldPos(0)
		var p fundtrail.Party
		w := wallet(f[0], f[1])
		switch key := [2]string{w.Currency, w.Text}; {
		case w.Text == "" || w.Currency == "":
			u.reject(line, entry, strings.Join(f, ","), "want an asset and an address")
		case seen[key]:
			u.reject(line, entry, strings.Join(f, ","), "the address stands twice")
		default:
			seen[key] = true
			p.Wallets = []fundtrail.Wallet{w}
			u.out.Parties = append(u.out.Parties, p)
		}
	}
	if n := len(u.out.Parties); open && n > 0 {
		last := u.out.Parties[n-1].Wallets[0]
		if last.Address.IsZero() && chainsOfTicker(strings.ToUpper(last.Currency)) != nil {
			return nil, u.fail("the file is cut: it ends within a line, and %q is no whole %s address", clip(last.Text), clip(last.Currency))
		}
	}
	return u.finish(fundtrail.CoversWallets)
}

// A snapshotEntry is what the JSON snapshots say about an address: at the address
// itself in the first of them, in a list of entries since.
type snapshotEntry struct {
	Entity, Program, Type, UID string
	AKAs                       []string
	Entries                    []snapshotEntry
}

// parseAddressJSON reads a snapshot whose keys are addresses in lower case.
func parseAddressJSON(r io.Reader) (*List, error) {
	s := &snapshotReader{usReader: newUSReader("address snapshot JSON"), byUID: map[string]int{}}
	s.out.List = listSDN
	if err := s.read(json.NewDecoder(withoutBOM(r))); err != nil {
		return nil, err
	}
	if s.addresses != s.stated {
		return nil, s.fail("metadata states %d addresses and the file holds %d: it is cut or joined", s.stated, s.addresses)
	}
	if s.entries != s.statedEntries && s.statedEntries >= 0 {
		return nil, s.fail("metadata states %d entries and the file holds %d: it is cut or joined", s.statedEntries, s.entries)
	}
	return s.finish(fundtrail.CoversWallets)
}

type snapshotReader struct {
	*usReader
	byUID                   map[string]int
	addresses, entries      int
	stated, statedEntries   int
	haveMeta, haveAddresses bool
}

func (s *snapshotReader) read(d *json.Decoder) error {
	err := s.object(d, func(key string) error {
		switch key {
		case "metadata":
			return s.metadata(d)
		case "addresses":
			s.haveAddresses = true
			seen := map[string]bool{}
			return s.object(d, func(address string) error {
				if seen[address] {
					return s.fail("the address %q stands twice", clip(address))
				}
				seen[address] = true
				s.addresses++
				var e snapshotEntry
				if err := d.Decode(&e); err != nil {
					return s.broken(d, err)
				}
				s.entry(address, e)
				return nil
			})
		}
		s.unread.add("field", key)
		var skipped json.RawMessage
		if err := d.Decode(&skipped); err != nil {
			return s.broken(d, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if t, err := d.Token(); err != io.EOF {
		return s.fail("byte %d: data after the end: %v", d.InputOffset(), t)
	}
	if !s.haveMeta || !s.haveAddresses {
		return s.fail("want metadata and addresses: this is another file")
	}
	return nil
}

// object calls visit for each key of the object that comes next; visit reads the value.
func (s *snapshotReader) object(d *json.Decoder, visit func(key string) error) error {
	t, err := d.Token()
	if err != nil {
		return s.broken(d, err)
	}
	if t != json.Delim('{') {
		return s.fail("byte %d: want an object in braces", d.InputOffset())
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return s.broken(d, err)
		}
		if err := visit(fmt.Sprint(key)); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return s.broken(d, err)
	}
	return nil
}

// broken says why the JSON does not parse.
func (s *snapshotReader) broken(d *json.Decoder, err error) error {
	if err == io.EOF && d.InputOffset() == 0 {
		return s.fail("empty file: want an object in braces")
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.fail("byte %d: the file ends within an object: it is cut", d.InputOffset())
	}
	return s.fail("byte %d: %v", d.InputOffset(), err)
}

func (s *snapshotReader) metadata(d *json.Decoder) error {
	var m struct {
		SDNListDate                  string
		TotalAddresses, TotalEntries *int
	}
	if err := d.Decode(&m); err != nil {
		return s.broken(d, err)
	}
	if m.TotalAddresses == nil {
		return s.fail("metadata: want totalAddresses")
	}
	s.haveMeta = true
	s.stated, s.statedEntries = *m.TotalAddresses, -1
	if m.TotalEntries != nil {
		s.statedEntries = *m.TotalEntries
	}
	if m.SDNListDate != "" {
		day, ok := usDay(m.SDNListDate)
		if !ok {
			return s.fail("metadata: sdnListDate %q: want a day such as 11/24/2025", clip(m.SDNListDate))
		}
		s.out.Published = day
	}
	return nil
}

// entry joins what stands at one address to its parties.
func (s *snapshotReader) entry(address string, e snapshotEntry) {
	entries := e.Entries
	if entries == nil {
		entries = []snapshotEntry{e}
	}
	for _, e := range entries {
		s.entries++
		if e.UID == "" || e.Entity == "" {
			s.reject(1, s.entries, address, "address %q: want an entity and a uid", clip(address))
			continue
		}
		i, known := s.byUID[e.UID]
		if !known {
			i = len(s.out.Parties)
			s.byUID[e.UID] = i
			p := fundtrail.Party{UID: e.UID, Names: []fundtrail.Name{{Text: e.Entity}}}
			if e.Program != "" {
				p.Programs = strings.Split(e.Program, ", ")
			}
			for _, name := range e.AKAs {
				addNameParts(&p, fundtrail.Name{Text: name, Kind: fundtrail.Alias})
			}
			s.out.Parties = append(s.out.Parties, p)
		}
		p := &s.out.Parties[i]
		if p.Names[0].Text != e.Entity {
			s.unread.add("entity", "uid "+e.UID+" is "+p.Names[0].Text+" and "+e.Entity)
			addNameParts(p, fundtrail.Name{Text: e.Entity, Kind: fundtrail.Alias})
		}
		currency, ok := currencyOf(e.Type)
		if !ok {
			s.unread.add("type", e.Type)
		}
		p.Wallets = append(p.Wallets, foldedWallet(currency, address))
	}
}

// A namesEntry is one line of a file of names: all names of one entry of the list.
type namesEntry struct {
	EntityID int64 `json:"entity_id"`
	Names    []namesName
}

type namesName struct {
	FullName  string `json:"full_name"`
	IsPrimary bool   `json:"is_primary"`
	TypeID    string `json:"type_id"`
}

// nameTypes are OFAC's numbers for the kinds of a name.
var nameTypes = map[string]string{"1400": "aka", "1401": "fka", "1402": "nka", "1403": "name"}

// parseNamesJSONL reads a line of JSON an entry: the number and all names of it.
func parseNamesJSONL(r io.Reader) (*List, error) {
	u := newUSReader("names JSON lines")
	u.out.List = listSDN
	seen := map[int64]bool{}
	in := withoutBOM(r)
	for line := 1; ; line++ {
		text, err := in.ReadBytes('\n')
		if len(text) == 0 && err == io.EOF {
			break
		}
		if err != nil && err != io.EOF {
			return nil, u.fail("line %d: %v", line, err)
		}
		var e namesEntry
		if bad := json.Unmarshal(text, &e); bad != nil {
			return nil, u.fail("line %d: the file is cut or broken: %v", line, bad)
		}
		if seen[e.EntityID] || e.EntityID <= 0 {
			u.reject(line, line, string(text), "want a new number in entity_id, not %d", e.EntityID)
			continue
		}
		seen[e.EntityID] = true
		p := fundtrail.Party{UID: strconv.FormatInt(e.EntityID, 10)}
		primary := slices.IndexFunc(e.Names, func(n namesName) bool { return n.IsPrimary })
		if primary < 0 || e.Names[primary].FullName == "" {
			u.reject(line, line, string(text), "no name is the primary one")
			continue
		}
		addName(&p, e.Names[primary].FullName, fundtrail.MainName)
		for _, n := range e.Names {
			addName(&p, n.FullName, u.aliasKind(orElse(nameTypes[n.TypeID], n.TypeID), false))
		}
		u.out.Parties = append(u.out.Parties, p)
	}
	return u.finish(fundtrail.CoversNames)
}
