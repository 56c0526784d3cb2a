/* utf8.h - characters of UTF-8 text */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool wa_utf8_ok(const char *text);
/* Copies len bytes to, which has room for three times as many and a NUL, with U+FFFD for each byte that
 * belongs to no character.  Returns the bytes written, without the NUL. */
size_t wa_utf8_mend(const char *text, size_t len, char *to);
size_t wa_utf8_len(const char *text);				/* characters of valid text */
/* Bytes of the first n characters (all, when there are fewer), but not in the middle of what is drawn
 * as one: an accent, a joined emoji or its colour stays with what it belongs to. */
size_t wa_utf8_head(const char *text, size_t n);
/* Bytes of the head of text that fits max characters, cut where a reader would: at a paragraph, a
 * line, a sentence, a word.  All of it when it fits. */
size_t wa_utf8_split(const char *text, size_t max);
