/* html_entity.c - what &name; and &#number; stand for (HTML Living Standard, section 13.5: the names of HTML 4
 * and those that mails use beside them) */
#include "html_token.h"

#include <string.h>

/* U+00A0 to U+00FF, in this order; these also count without their semicolon. */
static const char latin1[] =
	"nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro "
	"para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil "
	"Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave "
	"Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml "
	"igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute "
	"thorn yuml";

static const struct { const char *names; gunichar first; } rows[] = {
	{ "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho", 0x391 },
	{ "Sigma Tau Upsilon Phi Chi Psi Omega", 0x3a3 },
	{ "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon "
	  "phi chi psi omega", 0x3b1 },
	{ "larr uarr rarr darr harr", 0x2190 }, { "lArr uArr rArr dArr hArr", 0x21d0 },
	{ "ensp emsp emsp13 emsp14", 0x2002 }, { "zwnj zwj lrm rlm", 0x200c }, { "lsquo rsquo sbquo", 0x2018 },
	{ "ldquo rdquo bdquo", 0x201c }, { "dagger Dagger bull", 0x2020 }, { "prime Prime", 0x2032 },
	{ "lsaquo rsaquo", 0x2039 }, { "lceil rceil lfloor rfloor", 0x2308 }, { "and or cap cup int", 0x2227 },
};

static const struct { const char *name; gunichar c; } single[] = {
	{ "quot", '"' }, { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "apos", '\'' }, { "QUOT", '"' }, { "AMP", '&' },
	{ "LT", '<' }, { "GT", '>' }, { "COPY", 0xa9 }, { "REG", 0xae }, { "OElig", 0x152 }, { "oelig", 0x153 },
	{ "Scaron", 0x160 }, { "scaron", 0x161 }, { "Yuml", 0x178 }, { "fnof", 0x192 }, { "circ", 0x2c6 }, { "tilde", 0x2dc },
	{ "thetasym", 0x3d1 }, { "upsih", 0x3d2 }, { "piv", 0x3d6 }, { "thinsp", 0x2009 }, { "hairsp", 0x200a },
	{ "ndash", 0x2013 }, { "mdash", 0x2014 }, { "horbar", 0x2015 }, { "hellip", 0x2026 }, { "permil", 0x2030 },
	{ "oline", 0x203e }, { "frasl", 0x2044 }, { "euro", 0x20ac }, { "image", 0x2111 }, { "weierp", 0x2118 },
	{ "real", 0x211c }, { "trade", 0x2122 }, { "TRADE", 0x2122 }, { "numero", 0x2116 }, { "alefsym", 0x2135 },
	{ "crarr", 0x21b5 }, { "forall", 0x2200 }, { "part", 0x2202 }, { "exist", 0x2203 }, { "empty", 0x2205 },
	{ "nabla", 0x2207 }, { "isin", 0x2208 }, { "notin", 0x2209 }, { "ni", 0x220b }, { "prod", 0x220f }, { "sum", 0x2211 },
	{ "minus", 0x2212 }, { "lowast", 0x2217 }, { "radic", 0x221a }, { "prop", 0x221d }, { "infin", 0x221e },
	{ "ang", 0x2220 }, { "there4", 0x2234 }, { "sim", 0x223c }, { "cong", 0x2245 }, { "asymp", 0x2248 }, { "ne", 0x2260 },
	{ "equiv", 0x2261 }, { "le", 0x2264 }, { "ge", 0x2265 }, { "sub", 0x2282 }, { "sup", 0x2283 }, { "nsub", 0x2284 },
	{ "sube", 0x2286 }, { "supe", 0x2287 }, { "oplus", 0x2295 }, { "otimes", 0x2297 }, { "perp", 0x22a5 },
	{ "sdot", 0x22c5 }, { "lang", 0x27e8 }, { "rang", 0x27e9 }, { "loz", 0x25ca }, { "spades", 0x2660 },
	{ "clubs", 0x2663 }, { "hearts", 0x2665 }, { "diams", 0x2666 }, { "check", 0x2713 }, { "star", 0x2606 },
	{ "starf", 0x2605 }, { "phone", 0x260e }, { "bullet", 0x2022 }, { "period", '.' }, { "comma", ',' }, { "colon", ':' },
	{ "semi", ';' }, { "excl", '!' }, { "quest", '?' }, { "num", '#' }, { "dollar", '$' }, { "percnt", '%' },
	{ "lpar", '(' }, { "rpar", ')' }, { "ast", '*' }, { "plus", '+' }, { "sol", '/' }, { "bsol", '\\' }, { "equals", '=' },
	{ "commat", '@' }, { "lbrack", '[' }, { "lsqb", '[' }, { "rsqb", ']' }, { "rbrack", ']' }, { "lowbar", '_' },
	{ "grave", '`' }, { "lcub", '{' }, { "lbrace", '{' }, { "verbar", '|' }, { "vert", '|' }, { "rcub", '}' },
	{ "rbrace", '}' }, { "hyphen", 0x2010 }, { "dash", 0x2010 }, { "Tab", '\t' }, { "NewLine", '\n' },
	{ "NonBreakingSpace", 0xa0 }, { "ZeroWidthSpace", 0x200b }, { "apE", 0x2a70 }, { "rsquor", 0x2019 },
	{ "ldquor", 0x201e }, { "lsquor", 0x201a }, { "Ccaron", 0x10c }, { "ccaron", 0x10d }, { "Zcaron", 0x17d },
	{ "zcaron", 0x17e }, { "Rcaron", 0x158 }, { "rcaron", 0x159 }, { "Ecaron", 0x11a }, { "ecaron", 0x11b },
	{ "Ncaron", 0x147 }, { "ncaron", 0x148 }, { "Dcaron", 0x10e }, { "dcaron", 0x10f }, { "Tcaron", 0x164 },
	{ "tcaron", 0x165 }, { "Uring", 0x16e }, { "uring", 0x16f }, { "Lstrok", 0x141 }, { "lstrok", 0x142 },
	{ "Aogon", 0x104 }, { "aogon", 0x105 }, { "Eogon", 0x118 }, { "eogon", 0x119 }, { "Cacute", 0x106 },
	{ "cacute", 0x107 }, { "Nacute", 0x143 }, { "nacute", 0x144 }, { "Sacute", 0x15a }, { "sacute", 0x15b },
	{ "Zacute", 0x179 }, { "zacute", 0x17a }, { "Zdot", 0x17b }, { "zdot", 0x17c }, { "Odblac", 0x150 },
	{ "odblac", 0x151 }, { "Udblac", 0x170 }, { "udblac", 0x171 }, { "abreve", 0x103 }, { "Abreve", 0x102 },
	{ "scedil", 0x15f }, { "Scedil", 0x15e }, { "tcedil", 0x163 }, { "Tcedil", 0x162 }, { "gbreve", 0x11f },
	{ "Gbreve", 0x11e }, { "imath", 0x131 }, { "inodot", 0x131 }, { "Idot", 0x130 },
};

#define BARE 0x80000000u	/* counts without its semicolon */

static void add_row(GHashTable *names, const char *row, gunichar first, gunichar bits)
{
	g_auto(GStrv) words = g_strsplit(row, " ", -1);

	for (guint i = 0; words[i]; i++)
		g_hash_table_insert(names, g_strdup(words[i]), GUINT_TO_POINTER((first + i) | bits));
}

static gpointer make_names(gpointer arg G_GNUC_UNUSED)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	add_row(names, latin1, 0xa0, BARE);
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		add_row(names, rows[i].names, rows[i].first, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(single); i++)
		add_row(names, single[i].name, single[i].c, i < 4 || (i > 4 && i < 11) ? BARE : 0);
	return names;
}

/* Section 13.2.5.80: numbers 128 to 159 mean windows-1252, as browsers have it. */
static gunichar number(guint64 n)
{
	static const guint16 windows[32] = {
		0x20ac, 0xfffd, 0x201a, 0x192, 0x201e, 0x2026, 0x2020, 0x2021, 0x2c6, 0x2030, 0x160, 0x2039, 0x152, 0xfffd,
		0x17d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x2dc, 0x2122, 0x161, 0x203a,
		0x153, 0xfffd, 0x17e, 0x178,
	};

	if (n >= 128 && n < 160)
		return windows[n - 128];
	if (n == 0 || n > 0x10ffff || (n >= 0xd800 && n < 0xe000))
		return 0xfffd;
	return (gunichar)n;
}

static gunichar numeric(const char *p, const char *end, const char **ret_next)
{
	gboolean hex = p + 2 < end && (p[2] == 'x' || p[2] == 'X');
	const char *from = p + 2 + hex, *q;
	guint64 n = 0;

	for (q = from; q < end && (hex ? g_ascii_isxdigit(*q) : g_ascii_isdigit(*q)); q++)
		n = MIN(n * (hex ? 16 : 10) + (guint)g_ascii_xdigit_value(*q), 0x110000);
	if (q == from) {
		*ret_next = p + 1;
		return '&';
	}
	*ret_next = q < end && *q == ';' ? q + 1 : q;
	return number(n);
}

gunichar hg_html_entity(const char *p, const char *end, const char **ret_next)
{
	static GOnce once = G_ONCE_INIT;
	GHashTable *names = g_once(&once, make_names, NULL);
	char name[24];
	guint n = 0;
	gunichar found;

	if (p + 1 < end && p[1] == '#')
		return numeric(p, end, ret_next);
	while (n < sizeof(name) - 1 && p + 1 + n < end && g_ascii_isalnum(p[1 + n])) {
		name[n] = p[1 + n];
		n++;
	}
	name[n] = '\0';
	found = GPOINTER_TO_UINT(g_hash_table_lookup(names, name));
	if (found && (p + 1 + n < end && p[1 + n] == ';'))
		*ret_next = p + n + 2;
	else if ((found & BARE) && (p + 1 + n >= end || p[1 + n] != '='))
		*ret_next = p + n + 1;
	else
		*ret_next = p + 1, found = '&';
	return found & ~BARE;
}
