/* failpoints.h - every place where a test may kill, fail or hold up the process
 *
 * One row for each step at which our state and the outside world may part:
 * name in C, name for HEADGATE_FAIL, may it fail (C: only crash and delay; E: error too), and what lies
 * before it; what lies behind it is the next row of its group.  Only tests read names and sentences:
 * a build without --enable-test-hooks expands none of this. */
#pragma once

#define HG_FAILPOINTS(X) \
	/* a provider's delivery, on its way in */ \
	X(INBOUND_PARSED, "inbound.parsed", E, "the adapter has verified and read a delivery; error: the queue is full") \
	X(INBOUND_QUEUED, "inbound.queued", C, "the engine has it in its queue") \
	X(INBOUND_BEFORE_COMMIT, "inbound.before_commit", C, "it is written, in a transaction that is not committed") \
	X(INBOUND_AFTER_COMMIT, "inbound.after_commit", C, "it is on disk, and nobody knows") \
	X(INBOUND_STORED, "inbound.stored", C, "the loop knows that it is on disk; the 200 is not written") \
	X(INBOUND_ANSWERED, "inbound.answered", C, "the 200 was given to the socket") \
	/* what a receipt says */ \
	X(RECEIPT_BEFORE_COMMIT, "receipt.before_commit", C, "receipts are written, in a transaction that is not committed") \
	X(RECEIPT_AFTER_COMMIT, "receipt.after_commit", C, "receipts are on disk, and the provider has no 200") \
	/* a writing call of the API */ \
	X(API_READ, "api.read", E, "a call was read and is allowed; error: the queue is full") \
	X(API_QUEUED, "api.queued", C, "the engine has the call in its queue") \
	X(API_BEFORE_COMMIT, "api.before_commit", C, "the call is done, in a transaction that is not committed") \
	X(API_AFTER_COMMIT, "api.after_commit", C, "the call is on disk with its answer, and the caller has no 202") \
	X(API_ANSWER, "api.answer", C, "the loop has the answer; it is not written") \
	X(API_ANSWERED, "api.answered", C, "the answer was given to the socket") \
	/* the engine's group and the store under it, whatever is in it */ \
	X(JOURNAL_ROW, "journal.row", E, "a turn and its row of the journal are written; error: the row cannot be") \
	X(TIMER_ACTED, "timer.acted", C, "a timer that was due has acted, in a transaction that is not committed") \
	X(ENGINE_BEFORE_COMMIT, "engine.before_commit", E, "a group is done; error: its commit fails") \
	X(STORE_BEFORE_COMMIT, "store.before_commit", E, "COMMIT is the next statement; error: it fails") \
	X(STORE_AFTER_COMMIT, "store.after_commit", C, "COMMIT has returned: the group is on disk") \
	X(ENGINE_AFTER_COMMIT, "engine.after_commit", C, "the group is on disk, and nobody was told") \
	X(ENGINE_TOLD, "engine.told", C, "those who wait were told; live views hear of it next, and jobs fly") \
	X(SWEEP_DONE, "sweep.done", C, "what has expired is deleted, in a transaction that is not committed") \
	X(CHECKPOINT_BEGIN, "checkpoint.begin", C, "the log is about to be copied back into the database") \
	X(CHECKPOINT_DONE, "checkpoint.done", C, "the log was copied back, as far as readers let it") \
	/* the index beside the store */ \
	X(SEARCH_STEP, "search.step", C, "the search thread is about to bring its index closer to the log") \
	/* a job of the outbox, whatever its target */ \
	X(OUTBOX_CLAIMED, "outbox.claimed", E, "a job says SENDING, in a transaction that is not committed; error: it cannot") \
	X(OUTBOX_SENDING, "outbox.sending", C, "jobs say SENDING on disk, and nothing has left") \
	X(CLIENT_BEGIN, "client.begin", C, "a call is about to be made") \
	X(CLIENT_HEAD_WRITTEN, "client.head_written", C, "the request's head has left, of its body at most what fits beside it") \
	X(CLIENT_BODY_WRITTEN, "client.body_written", C, "bytes of the request's body have left") \
	X(CLIENT_ANSWERED, "client.answered", C, "the whole answer was read, and nobody has looked at it") \
	X(RESULT_ACT, "result.act", E, "what became of a job is about to be written; error: it cannot be") \
	/* what a channel sends */ \
	X(SEND_BEGIN, "send.begin", C, "a message is about to be given to its adapter") \
	X(SEND_ANSWERED, "send.answered", C, "the adapter has said what became of it, which only memory knows") \
	X(SEND_BEFORE_COMMIT, "send.before_commit", C, "the outcome is written, in a transaction that is not committed") \
	X(SEND_AFTER_COMMIT, "send.after_commit", C, "the outcome is on disk") \
	/* what a helpdesk is told */ \
	X(FORWARD_BEGIN, "forward.begin", C, "an event is about to be sent to its helpdesk") \
	X(FORWARD_ANSWERED, "forward.answered", C, "the helpdesk has answered, which only memory knows") \
	X(FORWARD_BEFORE_COMMIT, "forward.before_commit", C, "its answer is written, in a transaction that is not committed") \
	X(FORWARD_AFTER_COMMIT, "forward.after_commit", C, "its answer is on disk") \
	/* what a hook is asked */ \
	X(HOOK_BEGIN, "hook.begin", C, "a question is about to be put to a hook") \
	X(HOOK_ANSWERED, "hook.answered", C, "the hook has answered, which only memory knows") \
	X(HOOK_BEFORE_COMMIT, "hook.before_commit", C, "what it said is written, in a transaction that is not committed") \
	X(HOOK_AFTER_COMMIT, "hook.after_commit", C, "what it said is on disk") \
	/* files, in and out */ \
	X(FETCH_BEGIN, "fetch.begin", C, "the adapter is about to say where a file is") \
	X(FETCH_BYTES, "fetch.bytes", E, "bytes of a file have come and are about to be written; error: they cannot be") \
	X(FILE_SYNCED, "file.synced", E, "a file is on disk under a name of its own; error: it cannot be renamed") \
	X(FILE_PIECE, "file.piece", C, "a piece of a file is in the database, in a transaction that is not committed") \
	X(FILE_NAMED, "file.named", C, "the file has its name, and no row names it") \
	X(FETCH_ENDED, "fetch.ended", C, "a download is over, which only memory knows") \
	X(FETCH_BEFORE_COMMIT, "fetch.before_commit", C, "its end is written, in a transaction that is not committed") \
	X(FETCH_AFTER_COMMIT, "fetch.after_commit", C, "its end is on disk") \
	/* raw bytes: read, and settled at the far end */ \
	X(UNPACK_BEGIN, "unpack.begin", C, "raw bytes are about to be given to their adapter") \
	X(UNPACK_ANSWERED, "unpack.answered", C, "the adapter has said what they hold, which only memory knows") \
	X(UNPACK_BEFORE_COMMIT, "unpack.before_commit", C, "what they hold is written, in a transaction that is not committed") \
	X(UNPACK_AFTER_COMMIT, "unpack.after_commit", C, "what they hold is on disk") \
	X(SETTLE_BEGIN, "settle.begin", C, "the adapter is about to be told that it may settle") \
	X(SETTLE_ANSWERED, "settle.answered", C, "it is settled over there, which only memory knows") \
	X(SETTLE_BEFORE_COMMIT, "settle.before_commit", C, "that is written, in a transaction that is not committed") \
	X(SETTLE_AFTER_COMMIT, "settle.after_commit", C, "that is on disk") \
	/* another configuration */ \
	X(RELOAD_READ, "reload.read", C, "the new configuration is good, and nobody has taken it over") \
	X(RELOAD_CHANNELS, "reload.channels", C, "channels and forwarder have taken it over, the engine has not") \
	X(RELOAD_DONE, "reload.given", C, "all have been given it") \
	X(ADOPT_BEFORE_COMMIT, "adopt.before_commit", E, "the engine works by it; its row is not committed; error: it cannot be") \
	X(ADOPT_AFTER_COMMIT, "adopt.after_commit", C, "the journal tells of it") \
	/* start */ \
	X(MIGRATION_COPIED, "migration.copied", E, "a copy of the old store is made, not yet under its name; error: it cannot be") \
	X(MIGRATION_STATEMENT, "migration.statement", E, "a statement of a migration is done; error: it fails") \
	X(MIGRATION_BEFORE_COMMIT, "migration.before_commit", C, "a migration is done, in a transaction that is not committed") \
	X(MIGRATION_AFTER_COMMIT, "migration.after_commit", C, "a migration is on disk") \
	X(RECOVER_JOB, "recover.job", E, "a job found in SENDING is dealt with, not committed; error: it cannot be") \
	X(RECOVER_BEFORE_COMMIT, "recover.before_commit", C, "what the last run left is recovered, not committed") \
	X(RECOVER_AFTER_COMMIT, "recover.after_commit", C, "it is on disk; nothing has begun") \
	/* stop */ \
	X(STOP_BEGIN, "stop.begin", C, "nothing more is taken in; what is under way ends") \
	X(STOP_QUIET, "stop.quiet", C, "channels and requests have ended") \
	X(STOP_ENGINE, "stop.engine", C, "the engine has ended; the store is still open")
