/* sms_try.c - what src/sms makes of texts and numbers, for the tests that ask others the same
 *
 *	sms_try numbers e164|raw <LINES	of each line (country or "-", tab, text): kind, uri, "odd" or "-", country or "-"
 *	sms_try tables			each septet, alone and behind an escape, of each pair of tables, and what it is
 *	sms_try encode SINGLE LOCKING <LINES		of each line: its septets in hexadecimals, or "-"
 *	sms_try cost <LINES		of each line: coding, segments, what is left, and the text made plain, escaped as in C */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gsm.h"
#include "number.h"
#include "sms_text.h"
#include "text.h"

typedef void take_line(const char *line, char **argv);

static void each_line(take_line *take, char **argv)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			line[len - 1] = '\0';
		take(line, argv);
	}
	free(line);
}

static void show_number(const char *line, char **argv)
{
	static const char *const kinds[] = { "none", "e164", "short", "name", "opaque" };
	g_auto(GStrv) said = g_strsplit(line, "\t", 2);
	struct hg_number number;

	if (!said[0] || !hg_number_parse(said[1], strcmp(said[0], "-") == 0 ? NULL : said[0], strcmp(argv[0], "e164") == 0,
					 &number))
		number = (struct hg_number){ 0 };
	printf("%s\t%s\t%s\t%s\n", kinds[number.kind], number.uri, number.odd ? "odd" : "-",
	       hg_number_country(number.uri) ?: "-");
}

static void show_encoded(const char *line, char **argv)
{
	g_autoptr(GByteArray) septets = g_byte_array_new();
	g_autofree char *hex = NULL;

	if (hg_gsm_encode(line, argv[0][0] - '0', argv[1][0] - '0', septets))
		hex = hg_hex(septets->data, septets->len);
	printf("%s\n", hex ?: "-");
}

static void show_cost(const char *line, char **argv)
{
	int coding = hg_sms_coding_of(line);
	struct hg_sms_cost cost = hg_sms_cost(line, coding, FALSE);
	g_autofree char *plain = hg_sms_plain(line, FALSE);
	g_autofree char *escaped = g_strescape(plain, NULL);

	(void)argv;
	printf("%s\t%u\t%u\t%s\n", hg_sms_coding_word(coding), cost.segments, cost.left, escaped);
}

static void show_table(int table)
{
	for (guint septet = 0; septet < 256; septet++) {
		guint8 bytes[2] = { HG_GSM_ESC, (guint8)(septet & 127) };
		gboolean escaped = septet > 127;
		g_autofree char *text = hg_gsm_decode(escaped ? bytes : bytes + 1, escaped ? 2 : 1, table, table);

		printf("%d\t%s\t%u\t%u\n", table, escaped ? "escaped" : "alone", septet & 127, g_utf8_get_char(text));
	}
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "numbers") == 0)
		each_line(show_number, argv + 2);
	else if (argc == 4 && strcmp(argv[1], "encode") == 0)
		each_line(show_encoded, argv + 2);
	else if (argc == 2 && strcmp(argv[1], "cost") == 0)
		each_line(show_cost, NULL);
	else if (argc == 2 && strcmp(argv[1], "tables") == 0)
		for (int table = 0; table <= HG_GSM_PORTUGUESE; table++)
			show_table(table);
	else
		return 2;
	return 0;
}
