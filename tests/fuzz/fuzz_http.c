/* fuzz_http.c - hostile bytes into the HTTP parser, whole and cut: the outcome must be the same
 *
 * The first bytes, up to a zero, are the sizes of the reads. */
#include <stdint.h>
#include <stdlib.h>

#include "../support/http_outcome.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, MIN(size, 64));
	const char *bytes;
	size_t len;

	if (!zero || zero == data)
		return 0;
	bytes = (const char *)zero + 1;
	len = size - (zero + 1 - data);

	g_autofree char *whole = outcome_of(bytes, len, NULL);
	g_autofree char *cut = outcome_of(bytes, len, data);

	if (strcmp(whole, cut))
		abort();
	return 0;
}
