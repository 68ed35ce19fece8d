package feed

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fundtrail/fundtrail"
)

// Remarks are how OFAC's CSV files hold all that has no column: pieces such as
// "DOB 25 Mar 1977", "Passport T14553558 (Iran) issued 28 Oct 2008" and "Digital Currency
// Address - XBT 12Qt…", set apart by semicolons and closed by a full stop. The types are
// those that the XML files name, so both are read by the same rules.

// identifierTypes are types of which the value is a number, a code or an address of the
// party. Where one begins another the longer stands first, by sorting.
var identifierTypes = func() []string {
	types := []string{
		"Passport", "Diplomatic Passport", "Stateless Person Passport", "Passport Booklet", "Travel Document Number",
		"National ID No.", "National Foreign ID Number", "Identification Number", "Personal ID Card", "Citizen's Card Number",
		"Identity Card", "Kenyan ID No.", "Residency Number", "Birth Certificate Number", "Driver's License No.", "SSN",
		"Cedula No.", "Cedula de Residencia", "NIT #", "RUC #", "R.F.C.", "RFC", "C.U.R.P.", "C.U.I.P.", "C.U.I.T.", "C.U.I.", "D.N.I.", "D.P.I.",
		"N.I.E.", "N.I.F.", "C.I.F.", "I.F.E.", "RIF #", "RTN", "Credencial electoral", "Electoral Registry No.",
		"Numero de Identidad", "Cartilla de Servicio Militar Nacional", "Italian Fiscal Code", "Numero Unico de Identificacao",
		"Tax ID No.", "US FEIN", "V.A.T. Number", "VAT Number", "Unified Social Credit Code (USCC)", "Chinese Commercial Code",
		"Registration ID", "Registration Number", "Registration Certificate Number (Dubai)", "Public Registration Number",
		"Registered Charity No.", "Company Number", "UK Company Number", "Company ID", "Commercial Registry Number",
		"Business Registration Number", "Business Registration Document #", "Business Number", "Enterprise Number",
		"Economic Register Number (CBLS)", "Certificate of Incorporation Number", "Chamber of Commerce Number",
		"Dubai Chamber of Commerce Membership No.", "Trade License No.", "License", "C.R. No.", "Folio Mercantil No.",
		"Matricula Mercantil No", "Government Gazette Number", "Branch Unit Number", "LE Number", "Legal Entity Number",
		"File Number", "Permit Number", "Central Registration Number", "Global Intermediary Identification Number",
		"D-U-N-S Number", "SWIFT/BIC", "BIK (RU)", "ISIN", "Equity Ticker", "UN/LOCODE", "Afghan Money Service Provider License Number",
		"Romanian C.R.", "Romanian Tax Registration", "Romanian Permanent Resident", "Bosnian Personal ID No.", "Moroccan Personal ID No.",
		"Turkish Identification Number", "Turkish Identificiation Number", "Pakistani CNIC", "Bank Account", "Interpol: Red Notice. File No.",
		"Vessel Registration Identification", "Other Vessel Registration Identification", "IMO number", "MMSI", "Call Sign", "Vessel Call Sign",
		"Other Vessel Call Sign", "Former Vessel Call Sign",
		"Aircraft Construction Number (also called L/N or S/N or F/N)", "Aircraft Manufacturer's Serial Number (MSN)",
		"Aircraft Serial Identification", "Aircraft Tail Number", "Previous Aircraft Tail Number", "Aircraft Mode S Transponder Code",
		"Email Address", "Website", "Phone Number", "Telephone No.", "Telephone", "Fax No.", "Fax",
	}
	slices.SortFunc(types, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return types
}()

// isIdentifierType tells what a type of a list holds: those of the table, and any new
// one that calls itself a number or an identification.
func isIdentifierType(typ string) bool {
	return slices.Contains(identifierTypes, typ) || numberType.MatchString(typ)
}

var (
	numberType  = regexp.MustCompile(`(?:\bN[oO]\.?|\bNumber|#|\bID|\bCode|\bID No\.)$`)
	numberPiece = regexp.MustCompile(`^([A-Z].{1,58}?(?: No\.| Number| ID No\.| #| Code)) (\S*\d.*)$`)
	quotedAlias = regexp.MustCompile(`^([afn]\.k\.a\.) '(.*)'$`)
	openAlias   = regexp.MustCompile(`^[afn]\.k\.a\. '`)
	issued      = regexp.MustCompile(`^(.*?)((?: (?:issued|expires) [0-9A-Za-z ]+)+)$`)
	inBrackets  = regexp.MustCompile(`^(.*\S) \(([^()]*(?:\([^()]*\))?)\)$`)
)

// remarks reads the pieces of a party's remarks. Of a text that is cut the last piece is
// not read: half an address is none.
func (u *usReader) remarks(p *fundtrail.Party, text string, cut bool) {
	pieces := pieces(text)
	if cut && len(pieces) > 0 {
		u.unread.add("remark that is cut off", pieces[len(pieces)-1])
		pieces = pieces[:len(pieces)-1]
	}
	for i, piece := range pieces {
		if i == len(pieces)-1 && !cut {
			piece = strings.TrimSuffix(piece, ".")
		}
		u.remark(p, strings.TrimPrefix(strings.TrimSpace(piece), "alt. "))
	}
}

// pieces splits remarks at semicolons, but for those within a quoted alias.
func pieces(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	all := strings.Split(text, "; ")
	for i := 0; i < len(all); i++ {
		piece := all[i]
		if openAlias.MatchString(piece) && !closes(piece) {
			for n := i + 1; n < len(all) && n <= i+3; n++ {
				if closes(all[n]) && !openAlias.MatchString(all[n]) {
					piece = strings.Join(all[i:n+1], "; ")
					i = n
					break
				}
			}
		}
		out = append(out, piece)
	}
	return out
}

func closes(piece string) bool { return strings.HasSuffix(strings.TrimSuffix(piece, "."), "'") }

// remark reads one piece. Whatever it is, it also stands in the note.
func (u *usReader) remark(p *fundtrail.Party, piece string) {
	if m := quotedAlias.FindStringSubmatch(piece); m != nil {
		addName(p, m[2], u.aliasKind(m[1], true)) // quoted is how the CSV marks a weak one
		return
	}
	word, rest, _ := strings.Cut(piece, " ")
	switch word {
	case "DOB":
		birth, ok := birthOf(rest)
		if !ok {
			u.unread.add("date of birth", rest)
		} else {
			p.Births = append(p.Births, birth)
		}
		return
	case "POB":
		return
	case "nationality", "citizen":
		u.addCountry(p, rest)
		return
	}
	if strings.HasPrefix(piece, digitalCurrency) {
		currency, _ := currencyOf(piece)
		currency, text, ok := strings.Cut(currency, " ")
		if !ok || strings.TrimSpace(text) == "" {
			u.unread.add(digitalCurrency, "without an address: "+piece)
			return
		}
		p.Wallets = append(p.Wallets, wallet(currency, text))
		return
	}
	if country, ok := strings.CutPrefix(piece, "Nationality of Registration "); ok {
		u.addCountry(p, country)
		return
	}
	if typ, value, ok := cutIdentifier(piece); ok {
		u.addDocument(p, typ, value)
		return
	}
	if !statements.MatchString(piece) {
		u.unread.add("remark", "in prose, kept in the note")
	}
}

// statements are pieces that say something about the sanction or the party which no
// field of a party holds; the note does.
var statements = regexp.MustCompile(`^(Linked To:|Gender |Additional Sanctions Information|Secondary sanctions risk|Transactions Prohibited|` +
	`Executive Order|CAATSA Section|IFCA Determination|Organization (Established Date|Type:)|Target Type|Listing Date|Effective Date|` +
	`Purchase/Sales|Issuer Name|Vessel Year of Build|Former Vessel|Other Vessel Flag|Vessel |Aircraft (Model|Manufacture|Operator|Type)|` +
	`For more information|MICEX Code|PEESA Information|Sectoral|NSPM|UN/LOCODE|Title )`)

// cutIdentifier cuts a piece into type and value, by the table or by its look.
func cutIdentifier(piece string) (typ, value string, ok bool) {
	for _, typ := range identifierTypes {
		if rest, ok := strings.CutPrefix(piece, typ+" "); ok && strings.ContainsAny(rest, "0123456789@.") {
			return typ, rest, true
		}
	}
	if m := numberPiece.FindStringSubmatch(piece); m != nil && !statements.MatchString(piece) {
		return m[1], m[2], true
	}
	return "", "", false
}

// addDocument adds a number with its country in brackets and the days that follow:
// "T14553558 (Iran) issued 28 Oct 2008 expires 29 Oct 2013".
func (u *usReader) addDocument(p *fundtrail.Party, typ, value string) {
	if m := issued.FindStringSubmatch(value); m != nil {
		value = m[1]
	}
	country := ""
	if m := inBrackets.FindStringSubmatch(value); m != nil {
		if _, ok := countryOf(m[2]); ok {
			value, country = m[1], m[2]
		}
	}
	u.addIdentifier(p, typ, value, country)
}
