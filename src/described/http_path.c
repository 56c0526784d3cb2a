/* http_path.c - reads paths, and follows them */
#include "http_path.h"

#include <string.h>

#include "http_tree.h"
#include "text.h"

#define PATH_MAX_BYTES 512

enum base { B_ITEM, B_ROOT, B_UP, B_GIVEN, B_HEADER, B_QUERY, B_SECRET, B_VALUE, B_BODY, B_METHOD, B_URL, B_PATH, B_PEER,
	    B_STATUS, B_NOW };

static const char *const base_words[] = { "", "root", "up", "given", "header", "query", "secret", "value", "body", "method",
					  "url", "path", "peer", "status", "now", NULL };

enum step_kind { S_KEY, S_INDEX, S_ALL, S_READ };

struct step {
	int kind;
	char *key;			/* ours; of S_KEY */
	int n;				/* of S_INDEX; of S_READ: enum ht_shape */
};

struct ht_path {
	int base;
	char *name;			/* ours; behind "$header:" */
	GArray *steps;			/* of struct step */
};

static void clear_step(gpointer data)
{
	g_free(((struct step *)data)->key);
}

void ht_path_free(ht_path *path)
{
	if (!path)
		return;
	g_array_unref(path->steps);
	g_free(path->name);
	g_free(path);
}

/* ---- reading ---- */

struct reader {
	const char *text, *at;
	ht_path *path;
	gboolean each;
	char *why;			/* ours; NULL: fine so far */
};

G_GNUC_PRINTF(2, 3)
static gboolean wrong(struct reader *r, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	if (!r->why)
		r->why = g_strdup_printf("%s at character %ld", text, g_utf8_strlen(r->text, r->at - r->text) + 1);
	return FALSE;
}

static gboolean takes_name(int base)
{
	return base >= B_HEADER && base <= B_VALUE;
}

static gboolean is_tree(int base)
{
	return base <= B_GIVEN;
}

/* What stands behind "$header:" reaches to the end, or to a ".$". */
static gboolean read_name(struct reader *r)
{
	const char *end = strstr(r->at, ".$");

	end = end ? end : r->at + strlen(r->at);
	if (end == r->at)
		return wrong(r, "wants a name");
	r->path->name = g_strndup(r->at, (gsize)(end - r->at));
	r->at = end;
	return TRUE;
}

static gboolean read_base(struct reader *r)
{
	gsize len;
	g_autofree char *word = NULL;
	const char *near;

	if (*r->at != '$')
		return TRUE;
	len = strcspn(r->at + 1, ":.[");
	word = g_strndup(r->at + 1, len);
	for (int base = B_ROOT; base_words[base]; base++)
		if (strcmp(word, base_words[base]) == 0)
			r->path->base = base;
	if (!r->path->base) {
		near = hg_nearest(word, base_words + 1);
		return near ? wrong(r, "there is no $%s (did you mean $%s?)", word, near)
			    : wrong(r, "there is no $%s; a key that begins with a dollar is written [\"$%s\"]", word, word);
	}
	r->at += 1 + len;
	if (!takes_name(r->path->base))
		return *r->at != ':' || wrong(r, "$%s has no names", word);
	if (*r->at != ':')
		return wrong(r, "wants $%s:NAME", word);
	r->at++;
	return read_name(r);
}

static gboolean add_step(struct reader *r, struct step step)
{
	if (r->path->steps->len >= HT_PATH_STEPS) {
		g_free(step.key);
		return wrong(r, "has more than %d steps", HT_PATH_STEPS);
	}
	g_array_append_val(r->path->steps, step);
	return TRUE;
}

/* ["any.key"]: a backslash keeps the character behind it. */
static gboolean read_quoted(struct reader *r)
{
	g_autoptr(GString) key = g_string_new(NULL);
	const char *p = r->at + 2;

	for (; *p && *p != '"'; p++) {
		if (*p == '\\' && p[1])
			p++;
		g_string_append_c(key, *p);
	}
	if (*p != '"' || p[1] != ']')
		return wrong(r, "wants \"] behind a key in quotes");
	r->at = p + 2;
	return add_step(r, (struct step){ .kind = S_KEY, .key = g_strndup(key->str, key->len) });
}

static gboolean read_bracket(struct reader *r)
{
	const char *close = strchr(r->at, ']');
	g_autofree char *digits = NULL;
	gint64 n;

	if (r->at[1] == '"')
		return read_quoted(r);
	if (!close)
		return wrong(r, "wants a ]");
	if (close == r->at + 1) {
		if (!r->each)
			return wrong(r, "[] is for all of a list, and one value is wanted here: [0] is the first, [-1] the last");
		r->at = close + 1;
		return add_step(r, (struct step){ .kind = S_ALL });
	}
	digits = g_strndup(r->at + 1, (gsize)(close - r->at - 1));
	if (!g_ascii_string_to_signed(digits, 10, -1000, 1000, &n, NULL))
		return wrong(r, "wants a number from -1000 to 1000, or a key in quotes, between [ and ]");
	r->at = close + 1;
	return add_step(r, (struct step){ .kind = S_INDEX, .n = (int)n });
}

/* "$json" behind a dot: the text is read as that. */
static gboolean read_inner(struct reader *r, const char *word)
{
	int shape = ht_shape_word(word + 1);

	if (shape != HT_JSON && shape != HT_FORM && shape != HT_XML)
		return wrong(r, "behind a dot there are $json, $form and $xml, not %s; another key that begins with a dollar "
			     "is written [\"%s\"]", word, word);
	return add_step(r, (struct step){ .kind = S_READ, .n = shape });
}

static gboolean read_key(struct reader *r)
{
	gsize len = strcspn(r->at, ".[");
	g_autofree char *key = g_strndup(r->at, len);

	if (!len)
		return wrong(r, r->at == r->text ? "wants a key" : "wants a key behind the dot");
	if (key[0] == '$') {
		if (!read_inner(r, key))
			return FALSE;
	} else if (!add_step(r, (struct step){ .kind = S_KEY, .key = g_steal_pointer(&key) })) {
		return FALSE;
	}
	r->at += len;
	return TRUE;
}

static gboolean read_steps(struct reader *r)
{
	gboolean first = r->path->base == B_ITEM;

	if (first && *r->at != '[' && !read_key(r))
		return FALSE;
	while (*r->at) {
		if (*r->at == '[') {
			if (!read_bracket(r))
				return FALSE;
		} else if (*r->at == '.') {
			r->at++;
			if (!read_key(r))
				return FALSE;
		} else {
			return wrong(r, "wants a dot or [ behind a ]");
		}
	}
	return TRUE;
}

/* "$header:X" is a text: it has no members until it is read as something. */
static gboolean fits_base(struct reader *r)
{
	const struct step *first = r->path->steps->len ? &g_array_index(r->path->steps, struct step, 0) : NULL;

	if (is_tree(r->path->base) || !first || first->kind == S_READ)
		return TRUE;
	r->at = r->text;
	return wrong(r, "$%s is a text without members: .$json, .$form and .$xml read it", base_words[r->path->base]);
}

ht_path *ht_path_new(const char *text, gboolean each, char **ret_why)
{
	g_autoptr(ht_path) path = g_new0(ht_path, 1);
	struct reader r = { .text = text, .at = text, .path = path, .each = each };
	gboolean ok;

	path->steps = g_array_new(FALSE, TRUE, sizeof(struct step));
	g_array_set_clear_func(path->steps, clear_step);
	ok = strlen(text) <= PATH_MAX_BYTES ? read_base(&r) && read_steps(&r) && fits_base(&r)
					    : wrong(&r, "has more than %d bytes", PATH_MAX_BYTES);
	if (ret_why)
		*ret_why = r.why;
	else
		g_free(r.why);
	return ok ? g_steal_pointer(&path) : NULL;
}

const char *ht_path_names(const ht_path *path, const char *kind)
{
	gboolean is = (path->base == B_SECRET || path->base == B_VALUE) && strcmp(base_words[path->base], kind) == 0;

	return is ? path->name : NULL;
}

/* ---- what was read once ---- */

struct made {			/* of a text, which is kept so that no other takes its address */
	struct json_object *text, *tree;
};

struct ht_memo {
	GHashTable *made;	/* struct made, by the text's address and the shape */
	struct json_object *body;
};

static void free_made(gpointer data)
{
	struct made *made = data;

	json_object_put(made->text);
	json_object_put(made->tree);
	g_free(made);
}

ht_memo *ht_memo_new(void)
{
	ht_memo *memo = g_new0(ht_memo, 1);

	memo->made = g_hash_table_new_full(NULL, NULL, NULL, free_made);
	return memo;
}

void ht_memo_free(ht_memo *memo)
{
	if (!memo)
		return;
	g_hash_table_unref(memo->made);
	json_object_put(memo->body);
	g_free(memo);
}

/* What all items of a delivery look into, which is read for one of them.  What is an item's own is read for each of its
 * picks: they are few. */
static ht_memo *memo_for(const ht_path *path, const struct ht_scope *scope)
{
	gboolean whole = path->base == B_ITEM && (!scope->item || scope->item == scope->root);

	return whole || path->base == B_ROOT || path->base == B_BODY ? scope->memo : NULL;
}

/* ---- following ---- */

const char *ht_given_value(char *const *map, const char *name)
{
	for (; map && map[0]; map += 2)
		if (strcmp(map[0], name) == 0)
			return map[1];
	return NULL;
}

static struct json_object *text_object(const char *text)
{
	return text ? json_object_new_string(text) : NULL;
}

static struct json_object *body_object(const struct ht_scope *scope)
{
	struct json_object *body;

	if (scope->memo && scope->memo->body)
		return json_object_get(scope->memo->body);
	body = scope->body ? json_object_new_string_len(scope->body, (int)MIN(scope->len, HT_TREE_BYTES)) : NULL;
	if (scope->memo)
		scope->memo->body = json_object_get(body);
	return body;
}

static struct json_object *base_of(const ht_path *path, const struct ht_scope *scope)
{
	switch (path->base) {
	case B_ITEM:
		return json_object_get(scope->item ? scope->item : scope->root);
	case B_ROOT:
		return json_object_get(scope->root);
	case B_UP:
		return json_object_get(scope->up ? scope->up : scope->root);
	case B_GIVEN:
		return json_object_get(scope->given);
	case B_HEADER:
		return text_object(scope->header ? scope->header(scope->from, path->name) : NULL);
	case B_QUERY:
		return text_object(scope->query ? scope->query(scope->from, path->name) : NULL);
	case B_SECRET:
		return text_object(ht_given_value(scope->secrets, path->name));
	case B_VALUE:
		return text_object(ht_given_value(scope->values, path->name));
	case B_BODY:
		return body_object(scope);
	case B_METHOD:
		return text_object(scope->method);
	case B_URL:
		return text_object(scope->url);
	case B_PATH:
		return text_object(scope->path);
	case B_PEER:
		return text_object(scope->peer);
	case B_STATUS:
		return json_object_new_int(scope->status);
	default:
		return json_object_new_int64(scope->now_ms);
	}
}

static struct json_object *at_index(struct json_object *value, int n)
{
	int len;

	if (!json_object_is_type(value, json_type_array))
		return n == 0 || n == -1 ? json_object_get(value) : NULL;
	len = (int)json_object_array_length(value);
	n = n < 0 ? len + n : n;
	return n >= 0 && n < len ? json_object_get(json_object_array_get_idx(value, (size_t)n)) : NULL;
}

static struct json_object *make_tree(struct json_object *text, int shape)
{
	struct hg_err err = { 0 };

	return ht_tree(shape, NULL, NULL, json_object_get_string(text), (gsize)json_object_get_string_len(text), &err);
}

static struct json_object *read_text(struct json_object *text, int shape, ht_memo *memo)
{
	/* Objects lie at addresses that are no three bytes apart. */
	gpointer key = (char *)text + shape;
	struct made *made;

	if (!json_object_is_type(text, json_type_string))
		return NULL;
	if (!memo)
		return make_tree(text, shape);
	made = g_hash_table_lookup(memo->made, key);
	if (!made) {
		made = g_new0(struct made, 1);
		made->text = json_object_get(text);
		made->tree = make_tree(text, shape);
		g_hash_table_insert(memo->made, key, made);
	}
	return json_object_get(made->tree);
}

static struct json_object *take_step(const struct step *step, struct json_object *value, ht_memo *memo)
{
	struct json_object *member = NULL;

	switch (step->kind) {
	case S_KEY:
		if (json_object_is_type(value, json_type_object))
			json_object_object_get_ex(value, step->key, &member);
		return json_object_get(member);
	case S_INDEX:
		return at_index(value, step->n);
	default:
		return read_text(value, step->n, memo);
	}
}

struct json_object *ht_path_get(const ht_path *path, const struct ht_scope *scope)
{
	struct json_object *value = base_of(path, scope);
	ht_memo *memo = memo_for(path, scope);

	for (guint i = 0; value && i < path->steps->len; i++) {
		struct json_object *next = take_step(&g_array_index(path->steps, struct step, i), value, memo);

		json_object_put(value);
		value = next;
	}
	return value;
}

char *ht_json_text(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_string:
		return hg_text_valid(json_object_get_string(value), json_object_get_string_len(value), 0);
	case json_type_int:
	case json_type_double:		/* as it was written: base/json.h keeps its text */
		return g_strdup(json_object_get_string(value));
	case json_type_boolean:
		return g_strdup(json_object_get_boolean(value) ? "true" : "false");
	default:
		return NULL;
	}
}

char *ht_path_text(const ht_path *path, const struct ht_scope *scope)
{
	struct json_object *value = ht_path_get(path, scope);
	char *text = value ? ht_json_text(value) : NULL;

	json_object_put(value);
	return text;
}

/* ---- all of a list ---- */

struct each {
	const ht_path *path;
	gsize left;
	void (*one)(void *arg, const struct ht_scope *scope);
	void *arg;
	ht_memo *memo;
};

/* around: the scope that value was found in.  FALSE: there were too many. */
static gboolean walk(struct each *each, const struct ht_scope *around, struct json_object *value, guint at);

static gboolean walk_list(struct each *each, const struct ht_scope *around, struct json_object *list, guint at)
{
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 1;

	for (gsize i = 0; i < n; i++) {
		struct ht_scope scope = *around;
		struct json_object *item = list;

		if (json_object_is_type(list, json_type_array))
			item = json_object_array_get_idx(list, i);
		if (!item)
			continue;
		scope.up = around->item;
		scope.item = item;
		if (!walk(each, &scope, item, at))
			return FALSE;
	}
	return TRUE;
}

static gboolean walk(struct each *each, const struct ht_scope *around, struct json_object *value, guint at)
{
	const struct step *step;
	struct json_object *next;
	gboolean ok;

	if (at >= each->path->steps->len) {
		struct ht_scope scope = *around;

		if (!each->left)
			return FALSE;
		each->left--;
		/* Behind the last [] there may be more: "results[].message". */
		scope.item = value;
		each->one(each->arg, &scope);
		return TRUE;
	}
	step = &g_array_index(each->path->steps, struct step, at);
	if (step->kind == S_ALL)
		return walk_list(each, around, value, at + 1);
	next = take_step(step, value, each->memo);
	ok = !next || walk(each, around, next, at + 1);
	json_object_put(next);
	return ok;
}

gboolean ht_path_each(const ht_path *path, const struct ht_scope *scope, gsize max,
		      void (*one)(void *arg, const struct ht_scope *scope), void *arg)
{
	struct each each = { .path = path, .left = max, .one = one, .arg = arg, .memo = memo_for(path, scope) };
	struct json_object *value = base_of(path, scope);
	gboolean ok = !value || walk(&each, scope, value, 0);

	json_object_put(value);
	return ok;
}
