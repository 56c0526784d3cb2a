/* pages.c - lists that the daemon hands out page by page */
#include <stdio.h>
#include <string.h>
#include "ctl.h"

static char *page_path(const struct ctl_pages *pages, const char *next, gint64 left)
{
	g_autofree char *place = next ? ctl_path("%s", next) : NULL;

	return g_strdup_printf("%s%climit=%" G_GINT64_FORMAT "%s%s%s%s", pages->path, strchr(pages->path, '?') ? '&' : '?',
			       pages->most == CTL_ALL ? CTL_PAGE : MIN(left, CTL_PAGE), next ? "&" : "", next ? pages->cursor : "",
			       next ? "=" : "", place ?: "");
}

static gint64 tell_page(const struct ctl_pages *pages, struct json_object *list)
{
	gsize n = list ? json_object_array_length(list) : 0;

	for (gsize i = 0; i < n; i++)
		pages->each(pages->arg, json_object_array_get_idx(list, i));
	return (gint64)n;
}

int ctl_pages(struct ctl *ctl, struct ctl_pages *pages)
{
	g_autofree char *next = g_strdup(pages->from);
	gboolean more = TRUE;

	pages->shown = 0;
	while (more) {
		g_autofree char *path = page_path(pages, next, pages->most - pages->shown);
		g_auto(ctl_reply) reply = { 0 };
		struct json_object *place = NULL;
		int code = ctl_call(ctl, "GET", path, NULL, NULL, &reply);

		if (code != CTL_DONE)
			return code;
		pages->shown += tell_page(pages, hg_json_arr(reply.json, pages->list));
		pages->partly |= !hg_json_bool(reply.json, "complete", TRUE);
		g_clear_pointer(&next, g_free);
		if (json_object_object_get_ex(reply.json, "next", &place) && place)
			next = g_strdup(json_object_get_string(place));	/* of some lists it is a number */
		more = next && (pages->most == CTL_ALL || pages->shown < pages->most);
	}
	pages->next = g_steal_pointer(&next);
	return CTL_DONE;
}

void ctl_pages_end(const struct ctl *ctl, struct ctl_pages *pages)
{
	if (pages->next && !ctl->quiet)
		fprintf(stderr, "headgatectl: there are more: --%s %s goes on, --all shows all\n", pages->cursor, pages->next);
	g_clear_pointer(&pages->next, g_free);
}

gboolean ctl_pages_given(struct ctl *ctl, struct ctl_pages *pages, gint64 usual)
{
	gboolean all = ctl_given(ctl, "all");

	pages->most = all ? CTL_ALL : ctl_number(ctl, "limit", usual);
	pages->from = ctl_value(ctl, pages->cursor);
	if (all && ctl_given(ctl, "limit")) {
		ctl->exit = ctl_usage(ctl, "--limit and --all: one of them");
		return FALSE;
	}
	return TRUE;
}

/* ---- lists that are printed ---- */

struct printing { const struct ctl *ctl; const struct ctl_list *list; gboolean titled; };

static void put_title(struct printing *printing)
{
	if (!printing->titled && !printing->ctl->json)
		printing->list->title(printing->ctl);
	printing->titled = TRUE;
}

static void put_entry(void *arg, struct json_object *entry)
{
	struct printing *printing = arg;

	put_title(printing);
	if (printing->ctl->json)
		ctl_put_object(entry);
	else
		printing->list->row(printing->ctl, entry);
}

int ctl_print_list(struct ctl *ctl, const struct ctl_list *list)
{
	struct printing printing = { ctl, list, FALSE };
	struct ctl_pages pages = { .path = list->path, .list = list->list, .cursor = list->cursor, .most = CTL_ALL,
				   .each = put_entry, .arg = &printing };
	int code;

	if (list->usual != CTL_ALL && !ctl_pages_given(ctl, &pages, list->usual))
		return ctl->exit;
	code = ctl_pages(ctl, &pages);
	if (code == CTL_DONE)
		put_title(&printing);
	ctl_pages_end(ctl, &pages);
	return code;
}

void ctl_put_object(struct json_object *object)
{
	ctl_put_json(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}
