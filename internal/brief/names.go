package brief

// A unit is how a count of things is said, one of them in English apart.
type unit struct {
	one string
	text
}

// units are counted things; other units (BTC, KRW) are printed as they are.
var units = map[string]unit{
	"websites":  {"{n} website", text{"{n} websites", "웹사이트 {n}개", "ウェブサイト{n}件"}},
	"terabytes": {"{n} terabyte", text{"{n} terabytes", "{n}테라바이트", "{n}テラバイト"}},
	"agencies":  {"{n} agency", text{"{n} agencies", "{n}개 기관", "{n}機関"}},
	"addresses": {"{n} address", text{"{n} addresses", "주소 {n}개", "アドレス{n}件"}},
	"accounts":  {"{n} account", text{"{n} accounts", "계정 {n}개", "口座{n}件"}},
	"servers":   {"{n} server", text{"{n} servers", "서버 {n}대", "サーバー{n}台"}},
	"domains":   {"{n} domain", text{"{n} domains", "도메인 {n}개", "ドメイン{n}件"}},
	"sites":     {"{n} site", text{"{n} sites", "웹사이트 {n}개", "ウェブサイト{n}件"}},
	"months":    {"{n} month", text{"{n} months", "{n}개월", "{n}か月"}},
	"people":    {"{n} person", text{"{n} people", "개인 {n}명", "個人{n}人"}},
	"persons":   {"{n} person", text{"{n} persons", "개인 {n}명", "個人{n}人"}},
	"entities":  {"{n} entity", text{"{n} entities", "단체 {n}개", "団体{n}件"}},
	"thefts":    {"{n} theft", text{"{n} thefts", "사건 {n}건", "事件{n}件"}},
}

// coins are what units put before a counted thing: "Bitcoin addresses".
var coins = map[string]text{
	"Bitcoin":  {"Bitcoin ", "비트코인 ", "ビットコイン"},
	"Ethereum": {"Ethereum ", "이더리움 ", "イーサリアム"},
}

var qualifiers = map[string]text{
	"about":     {"about {n}", "약 {n}", "約{n}"},
	"more than": {"more than {n}", "{n} 초과", "{n}超"},
	"at least":  {"at least {n}", "최소 {n}", "少なくとも{n}"},
	"almost":    {"almost {n}", "{n} 가까이", "{n}近く"},
	"or more":   {"{n} or more", "{n} 이상", "{n}以上"},
	"nominal":   {"{n} (nominal)", "{n}(명목)", "{n}（名目）"},
}

var countries = map[string]text{
	"AU": {"Australia", "호주", "豪州"}, "BE": {"Belgium", "벨기에", "ベルギー"}, "CA": {"Canada", "캐나다", "カナダ"},
	"CH": {"Switzerland", "스위스", "スイス"}, "CN": {"China", "중국", "中国"}, "DE": {"Germany", "독일", "ドイツ"},
	"EE": {"Estonia", "에스토니아", "エストニア"}, "EU": {"European Union", "유럽연합", "欧州連合"}, "FI": {"Finland", "핀란드", "フィンランド"},
	"FR": {"France", "프랑스", "フランス"}, "GB": {"United Kingdom", "영국", "英国"}, "IT": {"Italy", "이탈리아", "イタリア"},
	"JP": {"Japan", "일본", "日本"}, "KH": {"Cambodia", "캄보디아", "カンボジア"}, "KP": {"North Korea", "북한", "北朝鮮"},
	"KR": {"South Korea", "한국", "韓国"}, "LU": {"Luxembourg", "룩셈부르크", "ルクセンブルク"}, "LV": {"Latvia", "라트비아", "ラトビア"},
	"NL": {"Netherlands", "네덜란드", "オランダ"}, "NO": {"Norway", "노르웨이", "ノルウェー"}, "NZ": {"New Zealand", "뉴질랜드", "ニュージーランド"},
	"PL": {"Poland", "폴란드", "ポーランド"}, "RU": {"Russia", "러시아", "ロシア"}, "UN": {"United Nations", "유엔", "国連"},
	"US": {"United States", "미국", "米国"}, "IS": {"Iceland", "아이슬란드", "アイスランド"}, "PT": {"Portugal", "포르투갈", "ポルトガル"},
	"ES": {"Spain", "스페인", "スペイン"}, "IN": {"India", "인도", "インド"}, "AE": {"United Arab Emirates", "아랍에미리트", "アラブ首長国連邦"},
}

// names are what Korean and Japanese officials and press call those whom records name,
// by the records' spelling. A name that is not here is printed as the record has it.
var names = map[string]text{
	"Lazarus Group":                         {"", "라자루스 그룹", "ラザルス・グループ"},
	"Andariel":                              {"", "안다리엘", "アンダリエル"},
	"Bluenoroff":                            {"", "블루노로프", "ブルーノロフ"},
	"Kimsuky":                               {"", "김수키", "キムスキー"},
	"North Korea":                           {"", "북한", "北朝鮮"},
	"DPRK":                                  {"", "북한", "北朝鮮"},
	"Democratic People's Republic of Korea": {"", "북한", "北朝鮮"},
	"Republic of Korea":                     {"", "한국", "韓国"},
	"Japan":                                 {"", "일본", "日本"},
	"United States":                         {"", "미국", "米国"},
	"Russia":                                {"", "러시아", "ロシア"},
	"Office of Foreign Assets Control":      {"", "해외자산통제국", "外国資産管理局"},
	"Federal Bureau of Investigation":       {"", "연방수사국", "連邦捜査局"},
	"Financial Crimes Enforcement Network":  {"", "금융범죄단속망", "金融犯罪取締ネットワーク"},
	"Fiscale inlichtingen- en opsporingsdienst":   {"", "재정정보수사국", "財政情報捜査局"},
	"Openbaar Ministerie":                         {"", "검찰청", "検察庁"},
	"National Bureau of Investigation of Finland": {"", "국가수사국", "国家捜査局"},
	"Bundeskriminalamt":                           {"", "연방범죄수사청", "連邦刑事庁"},
	"U.S. Secret Service":                         {"", "미국 비밀경호국", "米シークレットサービス"},
	"Økokrim":                                     {"", "경제범죄수사청", "経済犯罪捜査庁"},
	"Korean National Police":                      {"", "경찰청", "韓国警察"},
	"National Police Agency of Japan":             {"", "경찰청", "警察庁"},
	"Multilateral Sanctions Monitoring Team":      {"", "다국적제재모니터링팀", "多国間制裁監視チーム"},
	"TraderTraitor":                               {"", "트레이더트레이터", "トレーダートレイター"},
	"Ronin Bridge":                                {"", "로닌 브리지", "ローニン・ブリッジ"},
	"Bybit":                                       {"", "바이비트", "バイビット"},
	"Upbit":                                       {"", "업비트", "アップビット"},
	"Bithumb":                                     {"", "빗썸", "ビッサム"},
	"UN Panel of Experts on the DPRK":             {"", "유엔 대북제재위원회 전문가 패널", "国連北朝鮮制裁委専門家パネル"},
	"Tornado Cash":                                {"", "토네이도 캐시", "トルネードキャッシュ"},
	"Sinbad":                                      {"", "신바드", "シンバッド"},
	"Sinbad.io":                                   {"", "신바드", "シンバッド"},
	"Blender.io":                                  {"", "블렌더", "ブレンダー"},
	"ChipMixer":                                   {"", "칩믹서", "チップミキサー"},
	"Samourai Wallet":                             {"", "사무라이 월렛", "サムライウォレット"},
	"Garantex":                                    {"", "가란텍스", "ガランテックス"},
	"Roman Storm":                                 {"", "로만 스톰", "ローマン・ストーム"},
	"Roman Semenov":                               {"", "로만 세메노프", "ローマン・セメノフ"},
	"Alexey Pertsev":                              {"", "알렉세이 페르체프", "アレクセイ・ペルツェフ"},
	"Park Jin Hyok":                               {"", "박진혁", "パク・ジンヒョク"},
	"Jon Chang Hyok":                              {"", "전창혁", "チョン・チャンヒョク"},
	"Kim Il":                                      {"", "김일", "キム・イル"},
	"Sim Hyon Sop":                                {"", "심현섭", "シム・ヒョンソプ"},
	"Virgil Griffith":                             {"", "버질 그리피스", "バージル・グリフィス"},
	"Ronin Bridge theft":                          {"", "로닌 브리지 탈취 사건", "ローニン・ブリッジ窃取事件"},
	"Bybit theft":                                 {"", "바이비트 탈취 사건", "バイビット窃取事件"},
	"Horizon Bridge theft":                        {"", "하모니 호라이즌 브리지 탈취 사건", "ホライズン・ブリッジ窃取事件"},
	"DMM Bitcoin theft":                           {"", "DMM 비트코인 탈취 사건", "DMMビットコイン窃取事件"},
	"WazirX theft":                                {"", "와지르엑스 탈취 사건", "ワジールX窃取事件"},
	"KuCoin theft":                                {"", "쿠코인 탈취 사건", "クーコイン窃取事件"},
	"Atomic Wallet theft":                         {"", "아토믹 월렛 탈취 사건", "アトミックウォレット窃取事件"},
	"U.S. Treasury":                               {"", "미국 재무부", "米財務省"},
	"U.S. Department of the Treasury":             {"", "미국 재무부", "米財務省"},
	"OFAC":                                        {"", "해외자산통제국", "外国資産管理局"},
	"FinCEN":                                      {"", "금융범죄단속망", "金融犯罪取締ネットワーク"},
	"FBI":                                         {"", "연방수사국", "連邦捜査局"},
	"U.S. Department of Justice":                  {"", "미국 법무부", "米司法省"},
	"U.S. Department of State":                    {"", "미국 국무부", "米国務省"},
	"White House":                                 {"", "백악관", "ホワイトハウス"},
	"National Police Agency":                      {"", "경찰청", "警察庁"},
	"Korean National Police Agency":               {"", "경찰청", "韓国警察庁"},
	"Europol":                                     {"", "유로폴", "ユーロポール"},
	"Chainalysis":                                 {"", "체이널리시스", "チェイナリシス"},
	"Elliptic":                                    {"", "엘립틱", "エリプティック"},
	"UN Panel of Experts":                         {"", "유엔 전문가 패널", "国連専門家パネル"},
	"Binance":                                     {"", "바이낸스", "バイナンス"},
	"Tether":                                      {"", "테더", "テザー"},
}
