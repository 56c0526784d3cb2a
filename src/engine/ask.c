/* ask.c - what customers are asked by the gateway itself, and what becomes of their answers
 *
 * One question at a time waits in a thread: asked says which, asked_ms since when.  An answer that is nothing
 * else is noise to the rules: it is added to the thread as it is, and neither opens nor reopens anything. */
#include "turn.h"

#include <string.h>

#include "phrases.h"

#define THREADS_MAX 8		/* of a contact, looked through for a question */

static gboolean is_asked(const hg_thread *thread, const char *what)
{
	return g_strcmp0(thread->asked, what) == 0;
}

static void note_asked(hg_turn *turn, hg_case *kase, const char *what)
{
	kase->thread->asked = what;
	kase->thread->asked_ms = turn->now_ms;
	kase->thread_changed = TRUE;
}

static void forget(hg_case *kase)
{
	kase->thread->asked = NULL;
	kase->thread_changed = TRUE;
}

/* FALSE with *ret_failed TRUE: the store failed.  Whatever else stands in the way: it is not asked. */
static gboolean say(hg_turn *turn, hg_case *kase, char *const *texts, int phrase, gboolean *ret_asked, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	g_autoptr(GError) why = NULL;
	const char *text;

	*ret_asked = FALSE;
	if (!hg_speak(turn, kase, texts, phrase, NULL, &text, error))
		return FALSE;
	if (!*text)
		return TRUE;
	*ret_asked = hg_reply_question(turn, kase, text, &why);
	if (*ret_asked)
		return TRUE;
	if (why->code == HG_ERROR_STORE) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	hg_info(&ctx, "ask.left_out", "the customer is not asked: %s", why->message);
	return TRUE;
}

gboolean hg_ask_now(hg_turn *turn, hg_case *kase, const char *what, char *const *texts, int phrase,
		    gboolean *ret_asked, GError **error)
{
	if (!say(turn, kase, texts, phrase, ret_asked, error))
		return FALSE;
	if (*ret_asked)
		note_asked(turn, kase, what);
	return TRUE;
}

/* ---- how was it? ---- */

static gboolean has(char *const *words, const char *word)
{
	return words && g_strv_contains((const char *const *)words, word);
}

static gboolean wants_rating(const hg_turn *turn, const hg_thread *thread, const char *after)
{
	const struct hg_rating_conf *conf = &turn->conf->rating;

	return conf->ask && thread->channel && !thread->shadow && (!thread->asked || is_asked(thread, "rating")) &&
	       thread->asked_episode < thread->episode && has(conf->after, after) &&
	       (!conf->channels || has(conf->channels, thread->channel));
}

gboolean hg_ask_rating(hg_turn *turn, const hg_case *kase, const char *after, GError **error)
{
	if (!wants_rating(turn, kase->thread, after))
		return TRUE;
	return hg_timer_set(turn, kase->thread->n, "rating", turn->now_ms + turn->conf->rating.delay_ms, after, error);
}

/* While he talks to us about something else he is left alone. */
static gboolean talks(hg_turn *turn, const hg_case *kase, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, kase->thread->scope, NULL, THREADS_MAX,
				threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++)
		*ret |= ((const hg_thread *)g_ptr_array_index(threads, i))->state == HG_THREAD_OPEN;
	return TRUE;
}

/* Did it go on meanwhile? */
static gboolean is_over(const hg_thread *thread, const char *after)
{
	return thread->state == (strcmp(after, "converted") == 0 ? HG_THREAD_CONVERTED : HG_THREAD_CLOSED);
}

static gboolean rating_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	const struct hg_rating_conf *conf = &turn->conf->rating;
	int phrase = g_strcmp0(conf->scale, "thumbs") == 0 ? HG_SAY_THUMBS : HG_SAY_RATING;
	gboolean busy, asked;

	if (!timer->data || !is_over(kase->thread, timer->data) || !wants_rating(turn, kase->thread, timer->data) ||
	    kase->contact->opted_out || !kase->thread->ep_real)
		return TRUE;
	if (!talks(turn, kase, &busy, error))
		return FALSE;
	if (busy)
		return TRUE;
	kase->thread->asked_episode = kase->thread->episode;
	kase->thread_changed = TRUE;
	return hg_ask_now(turn, kase, "rating", conf->text, phrase, &asked, error);
}

/* Who served him in the episode. */
static const char *resolver_of(const hg_thread *thread)
{
	return thread->ep_human ? "human" : thread->ep_bot ? "bot" : "none";
}

static gboolean keep_rating(hg_turn *turn, hg_case *kase, const struct hg_answered *answered, GError **error)
{
	const struct hg_answer *answer = &answered->answer;
	const char *scale = turn->conf->rating.scale ?: "5";
	char **thanks = turn->conf->rating.thanks;
	hg_csat *csat = hg_arena_alloc(turn->arena, sizeof(*csat));
	gboolean sent;

	*csat = (hg_csat){
		.thread_n = kase->thread->n, .episode = kase->thread->asked_episode, .ticket_n = kase->thread->ticket_n,
		.channel = kase->thread->channel, .resolver = answered->resolver, .score = answer->score, .scale = scale, .comment = answer->comment,
		.at_ms = turn->now_ms,
	};
	forget(kase);
	hg_tally_note_csat(turn, csat);
	if (!hg_store_csat_add(turn->store, csat, error) ||
	    !hg_event_tell(turn, kase, &(struct hg_payload){ .type = "csat.received", .csat = csat }, error))
		return FALSE;
	return !thanks || say(turn, kase, thanks, HG_SAY_RATING, &sent, error);
}

/* ---- does that solve it? ---- */

gboolean hg_ask_solved(hg_turn *turn, hg_case *kase, const char *reason, GError **error)
{
	const struct hg_prompt_conf *conf = &turn->conf->close_prompt;
	const char *text;

	if (is_asked(kase->thread, "solved"))
		return TRUE;
	if (kase->thread->asked && !is_asked(kase->thread, "rating"))
		return hg_fail(error, HG_ERROR_STATE, "the customer was asked something else (%s) and has not answered",
			       kase->thread->asked);
	if (!hg_speak(turn, kase, conf->text, HG_SAY_SOLVED, NULL, &text, error))
		return FALSE;
	if (!hg_reply_question(turn, kase, text, error)) {
		g_prefix_error(error, "the customer cannot be asked: ");
		return FALSE;
	}
	note_asked(turn, kase, "solved");
	return hg_timer_set(turn, kase->thread->n, "solved", turn->now_ms + conf->wait_ms, reason, error);
}

/* No answer is no objection, and no confirmation. */
static gboolean solved_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	if (!is_asked(kase->thread, "solved"))
		return TRUE;
	forget(kase);
	return kase->thread->state == HG_THREAD_CLOSED ||
	       hg_thread_close(turn, kase, HG_RES_RESOLVED, timer->data ?: "no answer to the question whether it is solved",
			       error);
}

static gboolean solved_answered(hg_turn *turn, hg_case *kase, const struct hg_answer *answer, GError **error)
{
	forget(kase);
	if (!hg_store_timer_clear(turn->store, kase->thread->n, "solved", error))
		return FALSE;
	if (!answer->score)
		return hg_case_line(turn, kase, "The customer says that it is not solved.", error);
	if (!hg_episode_confirmed(turn, kase, error))
		return FALSE;
	return kase->thread->state == HG_THREAD_CLOSED ||
	       hg_thread_close(turn, kase, HG_RES_RESOLVED, "the customer says that it is solved", error);
}

/* ---- answers ---- */

/* Of what was asked too long ago nobody knows what "2" is about. */
static gboolean is_open(const hg_turn *turn, const hg_thread *thread)
{
	return thread->asked && (!is_asked(thread, "rating") ||
				 turn->now_ms - thread->asked_ms <= turn->conf->rating.wait_ms);
}

gboolean hg_ask_rated(hg_turn *turn, hg_case *kase, gint64 score, const char *comment, GError **error)
{
	gboolean thumbs = g_strcmp0(turn->conf->rating.scale, "thumbs") == 0;
	const struct hg_answered answered = {
		.thread = kase->thread, .what = "rating", .resolver = resolver_of(kase->thread), .found = TRUE,
		.answer = { .score = (int)score, .comment = comment },
	};

	if (!is_asked(kase->thread, "rating") || !is_open(turn, kase->thread))
		return hg_fail(error, HG_ERROR_STATE, "nobody asks for a rating of this conversation (any more)");
	if (score < (thumbs ? 0 : 1) || score > (thumbs ? 1 : 5))
		return hg_fail(error, HG_ERROR_INPUT, "%" G_GINT64_FORMAT " is no score: it goes from %s", score,
			       thumbs ? "0 to 1" : "1 to 5");
	return keep_rating(turn, kase, &answered, error);
}

static gboolean find_question(hg_turn *turn, const hg_case *kase, const struct hg_proposed *proposed, const char *scope,
			      hg_thread **ret, GError **error)
{
	g_autoptr(GPtrArray) threads = NULL;

	*ret = proposed->thread && is_open(turn, proposed->thread) ? proposed->thread : NULL;
	if (*ret || kase->contact_new || !turn->conf->rating.ask)
		return TRUE;
	/* A closed thread is not always what threading proposes. */
	threads = g_ptr_array_new();
	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, NULL, THREADS_MAX, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len && !*ret; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if ((!proposed->thread || thread->n != proposed->thread->n) && is_open(turn, thread))
			*ret = thread;
	}
	return TRUE;
}

static gboolean read_answer(hg_turn *turn, const struct hg_in *in, struct hg_answered *answered)
{
	const char *text = in->reply_text && *in->reply_text ? in->reply_text : in->text;
	const hg_words *words = turn->engine->rules ? hg_rules_words(turn->engine->rules) : NULL;
	int scale = g_strcmp0(turn->conf->rating.scale, "thumbs") == 0 ? HG_SCALE_THUMBS : HG_SCALE_5;

	if ((in->kind != HG_TEXT && in->kind != HG_BUTTON) || !text || in->n_files)
		return FALSE;
	if (is_asked(answered->thread, "rating"))
		return hg_answer_rating(text, scale, turn->arena, &answered->answer);
	if (is_asked(answered->thread, "solved"))
		return hg_answer_yes_no(text, words, turn->arena, &answered->answer);
	answered->email = hg_answer_email(text, turn->arena, &answered->answer.pure);
	return answered->email != NULL;
}

gboolean hg_ask_match(hg_turn *turn, const hg_case *kase, const struct hg_in *in, const char *scope,
		      struct hg_proposed *proposed, struct hg_answered *ret, GError **error)
{
	*ret = (struct hg_answered){ 0 };
	if (in->automatic || proposed->late)
		return TRUE;
	if (!find_question(turn, kase, proposed, scope, &ret->thread, error))
		return FALSE;
	if (!ret->thread)
		return TRUE;
	ret->what = ret->thread->asked;
	ret->resolver = resolver_of(ret->thread);
	ret->found = read_answer(turn, in, ret);
	/* "No" is for an agent to hear, like any other message. */
	ret->quiet = ret->found && ret->answer.pure && !(is_asked(ret->thread, "solved") && !ret->answer.score);
	if (!ret->quiet)
		return TRUE;
	proposed->proposal = HG_PROPOSE_JOIN;
	proposed->thread = ret->thread;
	proposed->reason = is_asked(ret->thread, "rating") ? "answers how content he is" :
			   ret->email ? "answers with his e-mail address" : "answers whether it is solved";
	return TRUE;
}

static gboolean take(hg_turn *turn, hg_case *kase, const struct hg_answered *answered, GError **error)
{
	/* He speaks of something else: later answers are to that. */
	if (!answered->found)
		return hg_ask_cancel(turn, kase, error);
	if (strcmp(answered->what, "rating") == 0)
		return keep_rating(turn, kase, answered, error);
	if (answered->email)
		return hg_requester_now(turn, kase, answered->email, error);
	return solved_answered(turn, kase, &answered->answer, error);
}

gboolean hg_ask_take(hg_turn *turn, hg_case *kase, const struct hg_answered *answered, gboolean quiet, GError **error)
{
	hg_case other = { .contact = kase->contact, .thread = answered->thread };

	if (!answered->thread || (!answered->found && quiet))
		return TRUE;
	if (answered->thread == kase->thread)
		return take(turn, kase, answered, error);
	return take(turn, &other, answered, error) && hg_case_save(turn, &other, error);
}

/* ---- beginnings and ends ---- */

gboolean hg_ask_cancel(hg_turn *turn, hg_case *kase, GError **error)
{
	gboolean solved = is_asked(kase->thread, "solved");

	if (!solved && !is_asked(kase->thread, "rating"))
		return TRUE;
	forget(kase);
	return !solved || hg_store_timer_clear(turn->store, kase->thread->n, "solved", error);
}

gboolean hg_ask_is(const char *timer_kind)
{
	return strcmp(timer_kind, "rating") == 0 || strcmp(timer_kind, "solved") == 0 || strcmp(timer_kind, "email") == 0;
}

gboolean hg_ask_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	if (strcmp(timer->kind, "rating") == 0)
		return rating_due(turn, kase, timer, error);
	if (strcmp(timer->kind, "email") == 0)
		return hg_requester_due(turn, kase, timer, error);
	return solved_due(turn, kase, timer, error);
}
