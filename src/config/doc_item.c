/* doc_item.c - an item of a list as it is written in its file */
#include <string.h>

#include "tree.h"

static const char *next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : text + strlen(text);
}

/* Columns count characters. */
static const char *behind(const char *line, int columns)
{
	while (columns > 0 && *line && *line != '\n') {
		line = g_utf8_next_char(line);
		columns--;
	}
	return line;
}

static gsize blanks(const char *line)
{
	return strspn(line, " ");
}

static gboolean is_blank(const char *line)
{
	return strchr("\r\n", line[blanks(line)]) != NULL;
}

/* Of a block everything that is indented as far belongs to it; of { } what stands before its end. */
static gboolean belongs(const hg_node *map, const char *line, int number, gboolean block)
{
	return *line && (block ? is_blank(line) || blanks(line) + 1 >= (gsize)map->place.column : number <= map->end_line);
}

static void put_line(GString *out, const char *line, const char *end, gsize indent)
{
	g_string_append(out, "  ");
	line += MIN(blanks(line), indent);
	g_string_append_len(out, line, end - line);
}

/* What is empty at the end, and the note that belongs to what follows. */
static void trim(GString *out, gsize least)
{
	while (out->len > least && g_ascii_isspace(out->str[out->len - 1]))
		g_string_truncate(out, out->len - 1);
	g_string_append_c(out, '\n');
}

gboolean hg_doc_item(const hg_doc *doc, const hg_node *map, GString *out)
{
	const char *line = g_hash_table_lookup(doc->texts, map->place.file ? map->place.file : "");
	gsize began = out->len;
	const char *from, *end;
	int number = 1;
	gboolean block;

	for (; line && *line && number < map->place.line; number++)
		line = next_line(line);
	if (!line || !*line || map->type != HG_NODE_MAP)
		return FALSE;
	from = behind(line, map->place.column - 1);
	block = *from != '{';
	g_string_append(out, "- ");
	if (!block && map->end_line == map->place.line) {
		end = behind(line, map->end_column - 1);
		g_string_append_len(out, from, end - from);
		trim(out, began);
		return TRUE;
	}
	g_string_append_len(out, from, next_line(line) - from);
	for (line = next_line(line), number++; belongs(map, line, number, block); line = next_line(line), number++)
		put_line(out, line, next_line(line), (gsize)map->place.column - 1);
	trim(out, began);
	return TRUE;
}
