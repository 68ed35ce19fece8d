package feed

import (
	"golang.org/x/text/encoding/korean"

	"github.com/fundtrail/fundtrail"
)

// MOFAKorea is a table of those whom the Republic of Korea has sanctioned, in the
// columns of the annexes to the notices of its foreign ministry and of its Financial
// Services Commission.
const MOFAKorea Format = "kr mofa csv"

var mofaList = columnList{
	list: "kr-mofa",
	form: tableForm{what: "Korean sanctions notices", legacy: korean.EUCKR, need: [][]string{
		{"한글명", "성명", "이름", "국문명", "성명한글", "명칭", "대상", "기관명", "한글"},
		{"영문명", "성명영문", "영문", "영문표기"},
		{"지정일", "제재일", "제재지정일", "고시일", "고시번호", "생년월일", "국적", "지정사유"},
	}},
	uid:  []string{"연번", "번호", "순번", "no", "관리번호"},
	kind: []string{"구분", "유형", "종류"},
	kinds: map[string]fundtrail.PartyKind{
		"개인": fundtrail.Person, "자연인": fundtrail.Person,
		"기관": fundtrail.Organisation, "단체": fundtrail.Organisation, "법인": fundtrail.Organisation, "은행": fundtrail.Organisation, "기관단체": fundtrail.Organisation,
		"선박": fundtrail.Vessel, "항공기": fundtrail.Aircraft,
	},
	main: [][]string{
		{"한글명", "성명", "이름", "국문명", "성명한글", "명칭", "대상", "기관명", "한글"},
		{"영문명", "성명영문", "영문", "영문표기"},
		{"한자명", "성명한자", "한자", "현지어명"},
	},
	alias:   []string{"별칭", "이명", "별명", "가명", "aka"},
	former:  []string{"구명칭", "옛이름", "이전명칭"},
	program: []string{"제재프로그램", "제재근거", "근거", "지정근거"},
	listed:  []string{"지정일", "제재일", "제재지정일", "고시일"},
	birth:   []string{"생년월일", "출생일", "출생일자"},
	country: [][]string{{"국적", "국가"}, {"소재국", "선적", "국적선적"}},
	wallets: []string{"가상자산지갑주소", "가상자산주소", "가상자산지갑", "지갑주소", "가상화폐지갑주소", "암호화폐주소"},
	numbers: []numberColumn{
		{"여권번호", []string{"여권번호", "여권"}},
		{"식별번호", []string{"식별번호", "신분증번호", "주민번호", "등록번호"}},
		{"IMO번호", []string{"imo번호", "imo"}},
		{"고시번호", []string{"고시번호"}},
	},
	remarks:   []string{"비고", "식별정보", "추가정보", "지정사유", "제재사유"},
	published: []string{"최종업데이트", "기준일", "갱신일", "작성일"},
}
