/* erasure_show.c - what is said of a request to forget somebody: the proof */
#include "json.h"
#include "payload.h"
#include "people.h"

/* What the hash is made of: every byte counts, so this is written here and nowhere else. */
void hg_erasure_write_claim(const hg_erasure *row, const char *contact_id, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", row->id);
	hg_json_add_str(out, "contact", contact_id);
	hg_json_add_str(out, "requested_by", row->who);
	hg_json_add_time(out, "requested_at", row->at_ms);
	hg_json_add_time(out, "done_at", row->done_ms);
	hg_json_add_raw(out, "removed", row->counts);
	hg_json_close(out, '}');
}

static const char *phase_word(int phase)
{
	static const char *const words[] = { [HG_ERASING_THREADS] = "conversations", [HG_ERASING_RAW] = "raw deliveries",
					     [HG_ERASING_JOURNAL] = "journal", [HG_ERASING_DONE] = "done" };

	return phase > 0 && phase < (int)G_N_ELEMENTS(words) ? words[phase] : "?";
}

void hg_erasure_write(const hg_erasure *row, const char *contact_id, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", row->id);
	hg_json_add_str(out, "state", row->done_ms ? "done" : "running");
	hg_json_add_str(out, "at", phase_word(row->phase));
	hg_json_key(out, "claim");
	hg_erasure_write_claim(row, contact_id, out);
	hg_json_add_str(out, "sha256", row->proof);
	hg_json_close(out, '}');
}
