/* qr.c - a text as a QR code (ISO/IEC 18004:2015; clauses are named where they are followed) */
#include "qr.h"
#include <string.h>

#define VERSIONS 10
#define CODEWORDS_MAX 346
#define POLYNOMIAL 0x11d		/* of the field: clause 7.5.2 */
#define FORMAT_M 0			/* level M in the format information: clause 7.9 */

/* Of level M, by version from 1: tables 1, 7 and 9, annex E. */
static const struct { guint codewords, check, blocks; guint8 align[3]; } versions[VERSIONS] = {
	{ 26, 10, 1, { 0 } }, { 44, 16, 1, { 6, 18 } }, { 70, 26, 1, { 6, 22 } }, { 100, 18, 2, { 6, 26 } },
	{ 134, 24, 2, { 6, 30 } }, { 172, 16, 4, { 6, 34 } }, { 196, 18, 4, { 6, 22, 38 } }, { 242, 22, 4, { 6, 24, 42 } },
	{ 292, 22, 5, { 6, 26, 46 } }, { 346, 26, 5, { 6, 28, 50 } } };

struct made {
	int version;			/* from 1 */
	hg_qr *qr;
	guint8 fixed[57][57];		/* 1: no data there */
};

static guint data_of(int version)
{
	return versions[version - 1].codewords - versions[version - 1].check * versions[version - 1].blocks;
}

/* ---- check words: clause 7.5 ---- */

static guint8 times(guint8 a, guint8 b)
{
	guint product = 0;

	for (int i = 7; i >= 0; i--) {
		product = (product << 1) ^ ((product >> 7) * POLYNOMIAL);
		product ^= ((b >> i) & 1U) * a;
	}
	return (guint8)product;
}

/* Coefficients of the product of all (x - 2^i), without the first, which is 1. */
static void make_generator(guint n, guint8 *ret)
{
	guint8 root = 1;

	memset(ret, 0, n);
	ret[n - 1] = 1;
	for (guint i = 0; i < n; i++) {
		for (guint j = 0; j < n; j++) {
			ret[j] = times(ret[j], root);
			if (j + 1 < n)
				ret[j] ^= ret[j + 1];
		}
		root = times(root, 2);
	}
}

static void divide(const guint8 *data, guint len, const guint8 *generator, guint n, guint8 *ret)
{
	memset(ret, 0, n);
	for (guint i = 0; i < len; i++) {
		guint8 factor = data[i] ^ ret[0];

		memmove(ret, ret + 1, n - 1);
		ret[n - 1] = 0;
		for (guint j = 0; j < n; j++)
			ret[j] ^= times(generator[j], factor);
	}
}

/* Blocks, their check words, and all of them one after the other: clause 7.6. */
static void interleave(int version, const guint8 *data, guint8 *ret)
{
	guint blocks = versions[version - 1].blocks, check = versions[version - 1].check, n = 0, from = 0;
	guint len = data_of(version) / blocks, longer = data_of(version) % blocks, starts[8], lengths[8];
	guint8 generator[32], sums[8][32];

	make_generator(check, generator);
	for (guint i = 0; i < blocks; i++) {
		starts[i] = from;
		lengths[i] = len + (i >= blocks - longer);
		divide(data + from, lengths[i], generator, check, sums[i]);
		from += lengths[i];
	}
	for (guint j = 0; j <= len; j++)
		for (guint i = 0; i < blocks; i++)
			if (j < lengths[i])
				ret[n++] = data[starts[i] + j];
	for (guint j = 0; j < check; j++)
		for (guint i = 0; i < blocks; i++)
			ret[n++] = sums[i][j];
}

/* ---- data: clause 7.4 ---- */

struct bits { guint8 *bytes; guint n; };

static void put_bits(struct bits *bits, guint value, int count)
{
	while (count-- > 0) {
		bits->bytes[bits->n / 8] |= (guint8)(((value >> count) & 1) << (7 - bits->n % 8));
		bits->n++;
	}
}

static void encode(int version, const char *text, gsize len, guint8 *ret)
{
	struct bits bits = { ret, 0 };
	guint room = data_of(version);

	memset(ret, 0, room);
	put_bits(&bits, 4, 4);				/* bytes */
	put_bits(&bits, (guint)len, version < 10 ? 8 : 16);
	for (gsize i = 0; i < len; i++)
		put_bits(&bits, (guint8)text[i], 8);
	bits.n = MIN(bits.n + 4, room * 8);		/* the end */
	bits.n = (bits.n + 7) / 8 * 8;
	for (guint i = bits.n / 8, odd = 0; i < room; i++, odd = !odd)
		ret[i] = odd ? 0x11 : 0xec;
}

/* ---- patterns: clauses 6.3, 7.9 and 7.10 ---- */

static void set(struct made *made, int row, int column, gboolean dark)
{
	if (row < 0 || column < 0 || row >= made->qr->size || column >= made->qr->size)
		return;
	made->qr->dark[row][column] = dark != 0;
	made->fixed[row][column] = 1;
}

/* Rings around a middle: of a finder those at 2 and 4 are light, of an alignment pattern that at 1. */
static void put_rings(struct made *made, int row, int column, int radius, int light)
{
	for (int y = -radius; y <= radius; y++)
		for (int x = -radius; x <= radius; x++) {
			int ring = MAX(ABS(x), ABS(y));

			set(made, row + y, column + x, ring != light && ring != 4);
		}
}

static void put_alignment(struct made *made)
{
	const guint8 *align = versions[made->version - 1].align;
	int last = made->qr->size - 7;

	for (int i = 0; i < 3; i++)
		for (int j = 0; j < 3; j++) {
			gboolean corner = (align[i] == 6 && (align[j] == 6 || align[j] == last)) || (align[i] == last && align[j] == 6);

			if (align[i] && align[j] && !corner)
				put_rings(made, align[i], align[j], 2, 1);
		}
}

/* What is left of value, with as many noughts behind it as the polynomial has, divided by that. */
static guint rest_of(guint value, guint polynomial, int degree)
{
	guint rest = value;

	for (int i = 0; i < degree; i++)
		rest = (rest << 1) ^ ((rest >> (degree - 1)) * polynomial);
	return rest;
}

static void put_format(struct made *made, int mask)
{
	guint data = FORMAT_M << 3 | (guint)mask, bits = (data << 10 | rest_of(data, 0x537, 10)) ^ 0x5412;
	int size = made->qr->size;

	for (int i = 0; i < 15; i++) {
		gboolean dark = (bits >> i) & 1;

		/* Around the upper left finder, past the timing patterns ... */
		if (i < 8)
			set(made, i < 6 ? i : i + 1, 8, dark);
		else
			set(made, 8, i == 8 ? 7 : 14 - i, dark);
		/* ... and again at the other two. */
		if (i < 8)
			set(made, 8, size - 1 - i, dark);
		else
			set(made, size - 15 + i, 8, dark);
	}
	set(made, size - 8, 8, TRUE);
}

static void put_version(struct made *made)
{
	guint bits = (guint)made->version << 12 | rest_of((guint)made->version, 0x1f25, 12);
	int from = made->qr->size - 11;

	for (int i = 0; made->version >= 7 && i < 18; i++) {
		set(made, i / 3, from + i % 3, (bits >> i) & 1);
		set(made, from + i % 3, i / 3, (bits >> i) & 1);
	}
}

static void put_patterns(struct made *made)
{
	int size = made->qr->size;

	for (int i = 0; i < size; i++) {
		set(made, 6, i, i % 2 == 0);
		set(made, i, 6, i % 2 == 0);
	}
	put_rings(made, 3, 3, 4, 2);
	put_rings(made, 3, size - 4, 4, 2);
	put_rings(made, size - 4, 3, 4, 2);
	put_alignment(made);
	put_format(made, 0);
	put_version(made);
}

/* Columns in pairs from the right, upwards and downwards in turn: clause 7.7.3. */
static void put_data(struct made *made, const guint8 *codewords)
{
	guint n = versions[made->version - 1].codewords * 8, i = 0;
	int size = made->qr->size;
	gboolean up = TRUE;

	for (int right = size - 1; right > 0; right -= 2, up = !up) {
		if (right == 6)				/* the timing pattern's */
			right--;
		for (int k = 0; k < size; k++)
			for (int column = right; column > right - 2; column--) {
				int row = up ? size - 1 - k : k;

				if (made->fixed[row][column] || i >= n)
					continue;
				made->qr->dark[row][column] = (codewords[i / 8] >> (7 - i % 8)) & 1;
				i++;
			}
	}
}

/* ---- masks: clause 7.8 ---- */

static gboolean is_masked(int mask, int row, int column)
{
	switch (mask) {
	case 0: return (row + column) % 2 == 0;
	case 1: return row % 2 == 0;
	case 2: return column % 3 == 0;
	case 3: return (row + column) % 3 == 0;
	case 4: return (row / 2 + column / 3) % 2 == 0;
	case 5: return row * column % 2 + row * column % 3 == 0;
	case 6: return (row * column % 2 + row * column % 3) % 2 == 0;
	default: return ((row + column) % 2 + row * column % 3) % 2 == 0;
	}
}

static void apply_mask(struct made *made, int mask)
{
	for (int row = 0; row < made->qr->size; row++)
		for (int column = 0; column < made->qr->size; column++)
			if (!made->fixed[row][column])
				made->qr->dark[row][column] ^= is_masked(mask, row, column) ? 1 : 0;
}

static int at(const hg_qr *qr, gboolean down, int line, int i)
{
	return down ? qr->dark[i][line] : qr->dark[line][i];
}

/* Runs of five and more, and what looks like a finder with its light side. */
static int line_penalty(const hg_qr *qr, gboolean down, int line)
{
	int penalty = 0, run = 0;
	guint seen = 0;

	for (int i = 0; i < qr->size; i++) {
		int dark = at(qr, down, line, i);

		run = i && dark == at(qr, down, line, i - 1) ? run + 1 : 1;
		penalty += run == 5 ? 3 : run > 5 ? 1 : 0;
		seen = (seen << 1 | (guint)dark) & 0x7ff;
		if (i >= 10 && (seen == 0x5d0 || seen == 0x05d))
			penalty += 40;
	}
	return penalty;
}

static int penalty_of(const hg_qr *qr)
{
	int penalty = 0, dark = 0, size = qr->size;

	for (int line = 0; line < size; line++)
		penalty += line_penalty(qr, FALSE, line) + line_penalty(qr, TRUE, line);
	for (int row = 0; row < size; row++)
		for (int column = 0; column < size; column++) {
			int sum;

			dark += qr->dark[row][column];
			if (row + 1 == size || column + 1 == size)
				continue;
			sum = qr->dark[row][column] + qr->dark[row + 1][column] + qr->dark[row][column + 1] + qr->dark[row + 1][column + 1];
			penalty += sum == 0 || sum == 4 ? 3 : 0;
		}
	return penalty + ABS(dark * 20 - size * size * 10) / (size * size) * 10;
}

/* The one that is easiest to read. */
static void mask(struct made *made)
{
	int best = 0, least = G_MAXINT;

	for (int i = 0; i < 8; i++) {
		int penalty;

		put_format(made, i);
		apply_mask(made, i);
		penalty = penalty_of(made->qr);
		if (penalty < least) {
			least = penalty;
			best = i;
		}
		apply_mask(made, i);		/* twice is not at all */
	}
	put_format(made, best);
	apply_mask(made, best);
}

gboolean hg_qr_make(const char *text, hg_qr *ret)
{
	gsize len = strlen(text);
	guint8 data[CODEWORDS_MAX], codewords[CODEWORDS_MAX];
	struct made made = { .version = 1, .qr = ret };

	while (made.version <= VERSIONS && len * 8 + 4 + (made.version < 10 ? 8 : 16) > data_of(made.version) * 8)
		made.version++;
	if (made.version > VERSIONS || !len)
		return FALSE;
	memset(ret, 0, sizeof *ret);
	ret->size = 17 + 4 * made.version;
	encode(made.version, text, len, data);
	interleave(made.version, data, codewords);
	put_patterns(&made);
	put_data(&made, codewords);
	mask(&made);
	return TRUE;
}
