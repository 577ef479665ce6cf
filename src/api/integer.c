/*-------------------------------------------------------------------------
 *
 * integer.c
 *	  The one reading of an integer.
 *
 * An id comes as a number or as a string, in a list reply, in the reply to a POST
 * and from SQL: whoever compares ids must read them alike.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <ctype.h>

#include "common/int.h"

#include "api/integer.h"

/* No number with more zeros than that fits, nor one with a greater fraction. */
#define MAX_EXPONENT 100000

/* A number as it is written. */
typedef struct Decimal
{
	const char *digits; /* with a point among them, perhaps */
	const char *end;
	int64 whole; /* how many digits stand before the point, once the exponent
				  * has moved it */
	bool negative;
} Decimal;

static bool split(const char *text, const char *end, Decimal *decimal);
static bool read_exponent(const char *text, const char *end, int64 *exponent);

/*
 * Reads a text that is an integer as a whole, but for blanks around it: 5, -5,
 * 5.0 and 50e-1 are.  False when it is none, or needs more than 64 bits.  Never
 * raises.
 */
bool
cfdw_integer_read(const char *text, size_t len, int64 *value)
{
	Decimal decimal;
	int64 magnitude = 0; /* negative: there is one more of these */
	int64 place = 0;

	if (!split(text, text + len, &decimal))
		return false;
	for (const char *p = decimal.digits; p < decimal.end; p++)
	{
		if (*p == '.')
			continue;
		if (place++ >= decimal.whole)
		{
			if (*p != '0')
				return false;
		}
		else if (pg_mul_s64_overflow(magnitude, 10, &magnitude) ||
				 pg_sub_s64_overflow(magnitude, *p - '0', &magnitude))
			return false;
	}
	for (; magnitude != 0 && place < decimal.whole; place++)
		if (pg_mul_s64_overflow(magnitude, 10, &magnitude))
			return false;
	*value = magnitude;
	return decimal.negative || !pg_sub_s64_overflow(0, magnitude, value);
}

/*
 * Takes a number apart; false when the text is none.
 */
static bool
split(const char *text, const char *end, Decimal *decimal)
{
	int64 exponent = 0;
	int ndigits = 0;
	const char *point = NULL;

	while (text < end && isspace((unsigned char) *text))
		text++;
	while (end > text && isspace((unsigned char) end[-1]))
		end--;
	decimal->negative = text < end && *text == '-';
	if (text < end && (*text == '-' || *text == '+'))
		text++;
	decimal->digits = text;
	for (; text < end; text++)
		if (*text == '.' && point == NULL)
			point = text;
		else if (isdigit((unsigned char) *text))
			ndigits++;
		else
			break;
	decimal->end = text;
	if (ndigits == 0 || (text < end && !read_exponent(text, end, &exponent)))
		return false;
	decimal->whole =
		(point != NULL ? point - decimal->digits : ndigits) + exponent;
	return true;
}

/*
 * Reads "e" and what stands after it.
 */
static bool
read_exponent(const char *text, const char *end, int64 *exponent)
{
	bool negative;

	if (*text != 'e' && *text != 'E')
		return false;
	text++;
	negative = text < end && *text == '-';
	if (text < end && (*text == '-' || *text == '+'))
		text++;
	if (text == end)
		return false;
	for (*exponent = 0; text < end; text++)
	{
		if (!isdigit((unsigned char) *text))
			return false;
		*exponent = Min(*exponent * 10 + (*text - '0'), MAX_EXPONENT);
	}
	if (negative)
		*exponent = -*exponent;
	return true;
}
