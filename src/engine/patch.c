/* patch.c - an agent or the API says what a conversation is about: tags, fields, where it belongs
 *
 * Told as thread.changed, and rules on that are asked; what they set is no such event. */
#include "turn.h"

#include "json.h"

#include <string.h>

struct changes {		/* of const char *, in the turn's arena */
	GPtrArray *added, *gone, *fields;
};

static void set_text(hg_case *kase, const char *name, const char *said, const char **into, GPtrArray *changed)
{
	if (!said || strcmp(said, *into ?: "") == 0)
		return;
	*into = *said ? said : NULL;
	kase->thread_changed = TRUE;
	g_ptr_array_add(changed, (char *)name);
}

static gboolean apply(hg_turn *turn, hg_case *kase, struct changes *changes, GError **error)
{
	const hg_command *command = turn->command;
	g_autoptr(GArray) sets = g_array_new(FALSE, FALSE, sizeof(struct hg_set));
	const char *const *add = command->add_tags;
	guint left;

	for (const char *const *f = command->set_fields; f && f[0] && f[1]; f += 2)
		g_array_append_val(sets, ((struct hg_set){ f[0], f[1] }));
	for (const char *const *f = command->unset_fields; f && *f; f++)
		g_array_append_val(sets, ((struct hg_set){ *f, NULL }));
	left = hg_marks_tag(turn, kase, add, add ? g_strv_length((char **)add) : 0, command->remove_tags,
			    changes->added, changes->gone);
	left += hg_marks_set(turn, kase, sets, changes->fields);
	set_text(kase, "subject", command->subject, &kase->thread->subject, changes->fields);
	set_text(kase, "queue", command->queue, &kase->thread->queue, changes->fields);
	set_text(kase, "skill", command->skill, &kase->thread->skill, changes->fields);
	set_text(kase, "assignee", hg_assign_name(turn, kase->thread->queue, command->assignee), &kase->thread->assignee,
		 changes->fields);
	if (kase->ticket)
		hg_ticket_assign(turn, kase, command->assignee);
	return !left || hg_fail(error, HG_ERROR_LIMIT, "a conversation has at most 100 tags and 100 fields");
}

static const char *as_json(hg_turn *turn, const struct changes *changes)
{
	const struct { const char *key; const GPtrArray *words; } lists[] = {
		{ "tags_added", changes->added }, { "tags_removed", changes->gone }, { "fields", changes->fields } };
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		hg_json_key(out, lists[i].key);
		hg_json_open(out, '[');
		for (guint at = 0; at < lists[i].words->len; at++)
			hg_json_put_str(out, g_ptr_array_index(lists[i].words, at));
		hg_json_close(out, ']');
	}
	hg_json_close(out, '}');
	return hg_arena_str(turn->arena, out->str);
}

static const char *const *words_of(hg_turn *turn, const GPtrArray *words)
{
	const char **ret = hg_arena_alloc(turn->arena, (words->len + 1) * sizeof(*ret));

	for (guint i = 0; i < words->len; i++)
		ret[i] = g_ptr_array_index(words, i);
	return words->len ? ret : NULL;
}

static gboolean tell(hg_turn *turn, hg_case *kase, const struct changes *changes, GError **error)
{
	const hg_command *command = turn->command;
	g_autofree char *reason = g_strconcat("changed by ", command->agent ?: command->principal ?: "the API", NULL);

	return hg_event_tell(turn, kase, &(struct hg_payload){ .type = "thread.changed",
			     .reason = hg_arena_str(turn->arena, reason), .changes = as_json(turn, changes) }, error) &&
	       hg_listen(turn, kase, &(struct hg_asked){ .event = HG_ON_CHANGED, .tags = words_of(turn, changes->added),
							 .fields = words_of(turn, changes->fields) }, NULL, error);
}

gboolean hg_patch(hg_turn *turn, hg_case *kase, GError **error)
{
	g_autoptr(GPtrArray) added = g_ptr_array_new(), gone = g_ptr_array_new(), fields = g_ptr_array_new();
	struct changes changes = { added, gone, fields };

	if (!hg_case_ticket(turn, kase, error) || !apply(turn, kase, &changes, error))
		return FALSE;
	/* Nothing is said twice. */
	return !(added->len + gone->len + fields->len) || tell(turn, kase, &changes, error);
}
