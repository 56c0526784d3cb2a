/* mail_auth.h - is the sender who he says he is, by what the receiving server found out (RFC 8601) */
#pragma once
#include "mail_parse.h"
#include "mail_scan.h"

/* enum hg_sender.  domain: of From, canonical; n_from: how many people From names in all its fields: with more than
 * one nobody is meant. */
int hg_auth_read(const struct hg_head *head, const char *domain, gsize n_from, const struct hg_mail_ask *ask);
