/* mail_auto_words.c - how machines and people begin their subjects, by language; lower case, as Unicode folds it */
#include "mail_auto.h"

const char *const hg_auto_absent[] = {
	/* en */ "automatic reply", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse",
	"out of office", "out-of-office", "out of the office", "ooo:", "away from the office", "vacation reply",
	/* de */ "automatische antwort", "abwesenheit", "abwesend", "abwesenheitsnotiz", "autom. antwort", "ich bin nicht im büro",
	/* fr */ "réponse automatique", "reponse automatique", "absence du bureau", "absent du bureau", "message d'absence",
	/* es */ "respuesta automática", "respuesta automatica", "fuera de la oficina", "ausente de la oficina",
	/* pt */ "resposta automática", "resposta automatica", "fora do escritório", "ausência temporária", "ausência do escritório",
	/* it */ "risposta automatica", "fuori sede", "fuori ufficio", "assente dall'ufficio",
	/* nl */ "automatisch antwoord", "automatische reactie", "afwezig", "afwezigheid", "niet aanwezig",
	/* sv */ "autosvar", "automatiskt svar", "frånvaro", "ej på kontoret",
	/* da */ "automatisk svar", "ikke til stede", "fravær", "ikke på kontoret",
	/* no */ "automatisk svar", "fraværsmelding", "fraværende", "ikke tilstede",
	/* fi */ "automaattinen vastaus", "poissaoloviesti", "poissa toimistosta",
	/* pl */ "automatyczna odpowiedź", "autoodpowiedź", "nieobecność", "poza biurem",
	/* cs */ "automatická odpověď", "mimo kancelář", "nepřítomnost",
	/* sk */ "automatická odpoveď", "mimo kancelárie",
	/* hu */ "automatikus válasz", "házon kívül",
	/* ro */ "răspuns automat", "raspuns automat", "plecat din birou",
	/* bg */ "автоматичен отговор", "извън офиса",
	/* ru */ "автоматический ответ", "автоответ", "вне офиса", "нет на рабочем месте",
	/* uk */ "автоматична відповідь", "автовідповідь",
	/* sr, hr, bs, sl */ "automatski odgovor", "аутоматски одговор", "van ureda", "samodejni odgovor", "odsotnost",
	/* el */ "αυτόματη απάντηση", "εκτός γραφείου",
	/* tr */ "otomatik yanıt", "ofis dışında", "ofis dışı",
	/* et, lv, lt */ "automaatvastus", "automātiska atbilde", "automatinis atsakymas",
	/* ar, he, fa */ "رد تلقائي", "الرد التلقائي", "מענה אוטומטי", "תשובה אוטומטית", "پاسخ خودکار",
	/* hi, th, vi, id, ms */ "स्वचालित उत्तर", "ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ", "trả lời tự động", "thư trả lời tự động",
	"balasan otomatis", "jawapan automatik",
	/* ja */ "自動応答", "自動返信", "不在通知", "不在:",
	/* ko */ "자동 회신", "자동 응답", "부재 중",
	/* zh */ "自动答复", "自动回复", "自動回覆", "自動答覆", "不在办公室",
	NULL
};

const char *const hg_auto_forward[] = {
	"fwd:", "fw:", "fwd :", "fw :", "[fwd:", "fwd：", "fw：",
	/* de */ "wg:", "wtr:", "wl:", /* fr */ "tr:", "tr :", /* es */ "rv:", "reenv:", /* pt */ "enc:", "res: enc:", /* it */ "i:", "inoltra:", "r: i:",
	/* nl */ "doorst:", "dst:", /* sv */ "vb:", /* da, no */ "vs: fwd:", "videresend:", "vid:", /* fi */ "vl:", "välitetty:",
	/* pl */ "pd:", "przekaż:", /* cs */ "předání:", /* hu */ "továbbítás:", "tov:", /* ro */ "redir:", /* ru */ "пересл:", "пер:",
	/* uk */ "переслано:", /* el */ "πρθ:", "προώθ:", /* tr */ "ilt:", "ilet:", /* he */ "הועבר:", /* ar */ "إعادة توجيه:",
	/* id */ "trs:", /* ja */ "転送:", "転送：", /* ko */ "전달:", /* zh */ "转发:", "转发：", "轉寄:", "轉寄：", "轉發:", "轉發：",
	NULL
};

const char *const hg_auto_bounce[] = {
	"undelivered mail", "undeliverable", "delivery status notification", "mail delivery failed", "mail delivery failure",
	"mail delivery subsystem", "delivery failure", "returned mail", "failure notice", "delivery has failed", "message not delivered",
	"warning: message", "warning: could not send", "delivery delayed", "mail system error", "non-delivery", "nondeliverable",
	/* de */ "unzustellbar", "nicht zustellbar", "nicht zugestellt", "zustellung fehlgeschlagen", "zustellfehler",
	/* fr */ "non remis", "échec de la remise", "message non distribué", /* es */ "no se puede entregar", "no entregado", "error de entrega",
	/* it */ "non recapitabile", "mancato recapito", "non recapitato", /* nl */ "niet te bezorgen", "onbestelbaar",
	/* pt */ "não é possível entregar", "não entregue", "não foi possível entregar", /* sv */ "olevererbart", "går inte att leverera",
	/* da, no */ "kan ikke leveres", "ikke leveret", /* pl */ "niedostarczona", "nie można dostarczyć", /* cs */ "nedoručitelné",
	/* ru */ "недоставлено", "не удалось доставить", /* ja */ "配信不能", "配信できません", /* zh */ "未送达", "无法送达", "退信", "無法傳遞", NULL
};
