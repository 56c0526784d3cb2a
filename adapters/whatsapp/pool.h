/* pool.h - memory of one piece of work, freed at once */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct wa_pool;

struct wa_pool *wa_pool_new(void);
void wa_pool_free(struct wa_pool *pool);	/* NULL is fine */

/* All live until the pool is freed.  There is no failure: without memory the process ends. */
void *wa_new(struct wa_pool *pool, size_t size);	/* zeroed */
char *wa_dup(struct wa_pool *pool, const char *text);	/* NULL gives NULL */
char *wa_dupn(struct wa_pool *pool, const char *text, size_t len);	/* NUL added */
char *wa_fmt(struct wa_pool *pool, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *wa_vfmt(struct wa_pool *pool, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
