/* standing.h - what people have set: pauses of channels, changed dead letters; for who shows or sends it */
#pragma once
#include "store.h"

gboolean hg_alarm_is_over(const hg_standing *alarm);	/* it is kept for those who are to be told so */
/* As a JSON object, or null: since, by, reason. */
void hg_pause_write(const hg_standing *pause, GString *out);
/* What goes out instead of the event's data of a backend's job; *ret_data NULL: the event's own. */
gboolean hg_dead_edited(hg_store *store, hg_arena *arena, const hg_job *job, const char **ret_data, GError **error);
