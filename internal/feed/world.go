package feed

// worldFormats are the lists of every publisher but the United States'.
var worldFormats = []listFormat{
	{UNConsolidated, func(head []byte, _ string) bool { return rootIs(head, "CONSOLIDATED_LIST", "") }, parseUN},
	{EUFinancial, func(head []byte, _ string) bool { return rootIs(head, "export", "fsd/export") }, parseEU},
	{UKSanctions, func(head []byte, _ string) bool { return rootIs(head, "Designations", "") }, parseUK},
	{UKOFSI, ofsiForm.detect, parseOFSI},
	{SECOSanctions, func(head []byte, _ string) bool { return rootIs(head, "swiss-sanctions-list", "") }, parseSECO},
	{METIRussia, detectMETI, parseMETI},
	{MOFJapan, mofList.form.detect, mofList.parse},
	{MOFAKorea, mofaList.form.detect, mofaList.parse},
	{DFATAustralia, dfatList.form.detect, dfatList.parse},
	{FollowTheMoney, isFTM, parseFTM},
	{NBCTFOrders, nbctfOrders.detect, parseNBCTF},
	{NBCTFWallets, nbctfWallets.detect, parseNBCTF},
}
