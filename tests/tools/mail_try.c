/* mail_try.c - builds mails by src/mail/mail_build.h, for tests/functional/test_mail_build.py
 *
 *	mail_try <JSON
 *
 * Reads one object of JSON: the draft's fields by their names, beside them number, fallback and answers (then
 * subject is made), text_template, html_template and said ([{name, text, at_ms}]) (then text and html are), max.  Prints the mail, or
 * to stderr why there is none, and ends with 1. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "mail_build.h"
#include "mail_compose.h"
#include "slurp.h"

#define INPUT_MAX (64 << 20)

static const char *const *strings(struct json_object *list)
{
	GPtrArray *all = g_ptr_array_new();

	for (gsize i = 0; list && i < json_object_array_length(list); i++)
		g_ptr_array_add(all, (char *)json_object_get_string(json_object_array_get_idx(list, i)));
	g_ptr_array_add(all, NULL);
	return (const char *const *)g_ptr_array_free(all, FALSE);
}

static struct hg_mail_attachment *files_of(struct json_object *list, gsize *ret_n)
{
	*ret_n = list ? json_object_array_length(list) : 0;
	struct hg_mail_attachment *files = g_new0(struct hg_mail_attachment, *ret_n + 1);

	for (gsize i = 0; i < *ret_n; i++) {
		struct json_object *file = json_object_array_get_idx(list, i);

		files[i] = (struct hg_mail_attachment){ hg_json_str(file, "name"), hg_json_str(file, "type"),
							hg_json_str(file, "content_id"), hg_json_str(file, "path") };
	}
	return files;
}

static struct hg_mail_said *said_of(struct json_object *list, gsize *ret_n)
{
	*ret_n = list ? json_object_array_length(list) : 0;
	struct hg_mail_said *said = g_new0(struct hg_mail_said, *ret_n + 1);

	for (gsize i = 0; i < *ret_n; i++) {
		struct json_object *one = json_object_array_get_idx(list, i);

		said[i] = (struct hg_mail_said){ hg_json_str(one, "name"), hg_json_str(one, "text"), hg_json_int(one, "at_ms", 0) };
	}
	return said;
}

static GBytes *make(struct json_object *in, GError **error)
{
	g_autofree const char **refs = (const char **)strings(hg_json_arr(in, "refs"));
	g_autofree struct hg_mail_attachment *files = NULL;
	g_autofree struct hg_mail_said *said = NULL;
	struct hg_mail_words words = {
		.text = hg_json_str(in, "text"), .html = hg_json_str(in, "html"), .text_template = hg_json_str(in, "text_template"),
		.html_template = hg_json_str(in, "html_template"), .name = hg_json_str(in, "from_name"),
		.number = hg_json_str(in, "number"), .subject = hg_json_str(in, "subject"),
	};
	struct hg_mail_draft draft = {
		.from_name = hg_json_str(in, "from_name"), .from = hg_json_str(in, "from"), .reply_to = hg_json_str(in, "reply_to"),
		.to = hg_json_str(in, "to"), .message_id = hg_json_str(in, "message_id"), .token = hg_json_str(in, "token"),
		.refs = refs, .date_ms = hg_json_int(in, "date_ms", 0), .instance = hg_json_str(in, "instance"),
		.automatic = hg_json_bool(in, "automatic", FALSE),
	};
	g_autofree char *subject = NULL, *text = NULL, *html = NULL;

	if ((words.text_template && !hg_mail_template_check(words.text_template, error)) ||
	    (words.html_template && !hg_mail_template_check(words.html_template, error)))
		return NULL;
	files = files_of(hg_json_arr(in, "files"), &draft.n_files);
	said = said_of(hg_json_arr(in, "said"), &words.n_said);
	words.said = said;
	draft.files = files;
	subject = hg_mail_subject(words.subject, words.number, hg_json_str(in, "fallback") ?: "Your message",
				  hg_json_bool(in, "answers", FALSE));
	text = hg_mail_compose_text(&words);
	html = hg_mail_compose_html(&words);
	draft.subject = subject;
	draft.text = text;
	draft.html = html;
	return hg_mail_build(&draft, (gsize)hg_json_int(in, "max", 25 << 20), error);
}

int main(void)
{
	static const struct hg_json_limits limits = { .max_bytes = INPUT_MAX };
	g_autoptr(GString) input = g_string_new(NULL);
	g_autoptr(json_object) in = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) mail = NULL;

	if (hg_slurp(STDIN_FILENO, INPUT_MAX, "", input, &error))
		in = hg_json_parse(input->str, input->len, &limits, &error);
	mail = in ? make(in, &error) : NULL;
	if (!mail) {
		fprintf(stderr, "%s\n", error->message);
		return 1;
	}
	fwrite(g_bytes_get_data(mail, NULL), 1, g_bytes_get_size(mail), stdout);
	return 0;
}
