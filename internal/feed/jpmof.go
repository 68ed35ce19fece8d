package feed

import (
	"golang.org/x/text/encoding/japanese"

	"github.com/fundtrail/fundtrail"
)

// MOFJapan is the list of those whose assets Japan has frozen, of the Ministry of
// Finance, as CSV of its spreadsheet.
const MOFJapan Format = "jp mof csv"

var mofList = columnList{
	list: "jp-mof",
	form: tableForm{what: "MOF list of frozen assets", legacy: japanese.ShiftJIS, need: [][]string{
		{"日本語表記", "日本語名", "氏名日本語", "名称日本語"},
		{"英語表記", "英語名", "英字表記", "氏名英語", "名称英語"},
		{"告示日付", "告示日", "告示年月日", "指定日", "告示番号", "生年月日"},
	}},
	uid:  []string{"番号", "連番", "no", "通番", "項番"},
	kind: []string{"区分", "種別", "個人団体"},
	kinds: map[string]fundtrail.PartyKind{
		"個人": fundtrail.Person, "自然人": fundtrail.Person,
		"団体": fundtrail.Organisation, "法人": fundtrail.Organisation, "企業": fundtrail.Organisation, "銀行": fundtrail.Organisation,
		"船舶": fundtrail.Vessel, "航空機": fundtrail.Aircraft,
	},
	main: [][]string{
		{"日本語表記", "日本語名", "氏名日本語", "名称日本語"},
		{"英語表記", "英語名", "英字表記", "氏名英語", "名称英語"},
		{"原語表記", "現地語表記", "原語", "ハングル表記", "漢字表記"},
	},
	alias:   []string{"別名", "別称", "別称略称", "別名別称", "通称"},
	weak:    []string{"確度の低い別名", "別名確度低"},
	former:  []string{"旧名", "旧称", "過去の名称"},
	program: []string{"制裁対象", "制裁プログラム", "根拠", "対象"},
	listed:  []string{"告示日付", "告示日", "告示年月日", "指定日"},
	birth:   []string{"生年月日", "生年月日設立年月日"},
	country: [][]string{{"国籍", "国籍等"}, {"国", "所在国"}},
	wallets: []string{"暗号資産アドレス", "暗号資産ウォレットアドレス", "暗号資産のアドレス", "仮想通貨アドレス", "ウォレットアドレス"},
	numbers: []numberColumn{
		{"旅券番号", []string{"旅券番号", "パスポート番号"}},
		{"身分証番号", []string{"身分証番号", "身分証明書番号", "国民識別番号", "id番号"}},
		{"IMO番号", []string{"imo番号"}},
		{"告示番号", []string{"告示番号"}},
		{"国連番号", []string{"国連制裁委員会番号", "国連番号", "恒久参照番号"}},
	},
	remarks:   []string{"その他の情報", "その他", "備考", "詳細"},
	published: []string{"最終更新日", "更新日", "現在"},
}
