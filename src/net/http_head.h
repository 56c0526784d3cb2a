/* http_head.h - what a complete head means, and whether it may be believed */
#pragma once
#include "http_parse.h"

/* Reads the target, the framing and Host out of the parser's strings into its fields; or returns
 * the first rule that is broken. */
enum hg_http_rule hg_http_judge_head(struct hg_http_parser *parser);
