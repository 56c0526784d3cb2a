/* intent_math.c - exp and ln by sums alone, in a fixed order: libm's differ in their last bit from one
 * version to the next, and a confidence must not */
#include <math.h>

#include "intent_made.h"

#define LN2 0.69314718055994530942

double hg_intent_exp(double x)
{
	double n = floor(x / LN2 + 0.5), rest = x - n * LN2, term = 1, sum = 1;

	if (x < -700)
		return 0;
	if (x > 700)
		return hg_intent_exp(700);
	for (int i = 1; i <= 14; i++) {
		term = term * rest / i;
		sum += term;
	}
	return ldexp(sum, (int)n);
}

/* ln((1+z)/(1-z)) = 2 (z + z^3/3 + ...) */
double hg_intent_ln(double x)
{
	int exponent;
	double m = frexp(x, &exponent), z = (m - 1) / (m + 1), power = z, sum = 0;

	for (int i = 1; i <= 61; i += 2) {
		sum += power / i;
		power = power * z * z;
	}
	return 2 * sum + exponent * LN2;
}
