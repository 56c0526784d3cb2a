/* desk_mail.h - calls of presets that are mails: a step whose url is "mail:" goes out by an e-mail channel
 *
 * Its parts: are the mail: to, subject, text, name (beside our address), thread (whose mails are one conversation, and to whose
 * address answers come: the ticket's key), first (there: the mail the others of its thread answer), id (the same on every
 * attempt), file (any number).  It is answered as by HTTP:
 *	200 { "ticket": "mail-...", "id": "hg....@acme.example" }	the mail server has it
 *	422 { "message": "550 5.1.1 no such user" }			refused: this mail or its receiver
 *	503 { "message": ... }						later; the channel's own alarm says what is wrong
 * and not at all when nobody knows whether it was taken.  ticket is what answers of agents are known by: mail_answer.c of
 * the engine.
 *
 * "mail:address", with thread alone, sends nothing: "id" is the address that answers of the thread come to, for helpdesks
 * that take tickets otherwise, and whose answers are mails to who asked. */
#pragma once
#include <glib.h>

#include "command.h"
#include "desk_run.h"
#include "ports.h"

#define HG_DESK_MAIL_URL "mail:"

typedef struct hg_desk_mail hg_desk_mail;

/* dispatch: takes what is to be sent, as of HG_TO_CHANNEL with a job that no outbox knows, and ends in
 * hg_desk_mail_sent().  All on one loop. */
hg_desk_mail *hg_desk_mail_new(void (*dispatch)(void *ctx, hg_dispatch *dispatch), void *ctx);
/* Those under way are told that they may have left. */
void hg_desk_mail_free(hg_desk_mail *mail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_desk_mail, hg_desk_mail_free)

gboolean hg_desk_mail_is(const struct hg_client_call *call);
/* By channel's SMTP; now_ms: its Date.  As a transport's call(). */
void hg_desk_mail_call(hg_desk_mail *mail, const char *channel, gint64 now_ms, const struct hg_client_call *call,
		       hg_desk_answered *done, void *arg);
/* FALSE: command (SENT) is of no mail of ours.  TRUE: it was, and is used up; the command stays the caller's. */
gboolean hg_desk_mail_sent(hg_desk_mail *mail, const hg_command *command);
