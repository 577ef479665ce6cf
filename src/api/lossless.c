/*-------------------------------------------------------------------------
 *
 * lossless.c
 *	  Whether a type holds all that a text says, and a text that says all of a value.
 *
 * Input functions round and cut without a word: numeric(5,1), time(0), name, and
 * whatever is made of them.  So what one has read is written out again, and
 * compared with what it was made of: as numbers, as times, as text, by the category
 * of the type; an array, a range or a row by what it consists of.  A type of which
 * nothing is known must write what it has read.
 *
 * Output functions write less than a value, or what is read as another one, when the
 * session's settings are so: DateStyle, extra_float_digits.  None of them counts here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <ctype.h>

#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "api/lossless.h"

/* Digits of a second's fraction that a time has place for. */
#define TIME_DIGITS 6
#define TIME_UNITS 1000000 /* 10 to that power */

/* So many digits tell all binary numbers of a size apart. */
#define FLOAT4_DIGITS 9
#define FLOAT8_DIGITS 17

/*
 * A part of an interval that is not kept to TIME_DIGITS digits: it is so many of
 * what an interval counts, months or microseconds.
 */
typedef struct IntervalUnit
{
	int unit;
	int parts;
} IntervalUnit;

static const IntervalUnit coarse_units[] = {
	{DTK_MILLENNIUM, 12000}, {DTK_CENTURY, 1200},  {DTK_DECADE, 120},
	{DTK_YEAR, 12},          {DTK_MILLISEC, 1000}, {DTK_MICROSEC, 1},
};

static bool keeps(Oid type, int32 typmod, const char *text, Datum value);
static bool keeps_part(Oid type, int32 typmod, const char *text);
static bool keeps_number(Oid type, const char *text, Datum value);
static bool keeps_time(Oid type, int32 typmod, const char *text, Datum value);
static bool keeps_elements(Oid element, int32 typmod, const char *literal);
static bool keeps_bounds(Oid subtype, const char *literal);
static bool keeps_ranges(Oid subtype, const char *literal);
static bool keeps_attributes(Oid type, int32 typmod, const char *literal);
static void split_row(const char *text, int n, Datum *values, bool *nulls);
static Datum read_text(Oid type, int32 typmod, const char *text);
static char *write_text(Oid type, Datum value);
static bool is_written_alike(Oid type);
static int set_style(void);
static bool same_text(const char *text, const char *out);
static bool same_number(const char *a, const char *b);
static bool same_tokens(const char *a, const char *b);
static size_t number_len(const char *text);
static const char *skip_fillers(const char *text);
static bool same_moment(Datum timestamptz, const char *text);
static bool same_time_of_day(Datum timetz, const char *text);
static bool has_date(const char *text);
static bool is_too_precise(const char *text);
static bool has_exact_parts(const char *text);
static bool is_exact(const char *fraction, size_t digits, const char *unit);

/*
 * Whether the input function of a base type always keeps what it reads, or else
 * raises an error.
 */
bool
cfdw_lossless_always(Oid type)
{
	char category;
	bool preferred;

	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case TEXTOID:
		case JSONOID:
		case JSONBOID:
		case BYTEAOID:
		case UUIDOID:
		case MACADDROID:
		case MACADDR8OID:
		case XMLOID:
			return true;
		default:
			get_type_category_preferred(type, &category, &preferred);
			return category == TYPCATEGORY_BOOLEAN ||
				   category == TYPCATEGORY_ENUM ||
				   category == TYPCATEGORY_NETWORK;
	}
}

/*
 * Nothing is silently cut, rounded or clamped: refuses a VALUE, which an input
 * function made of TEXT, that says less than TEXT.
 */
void
cfdw_lossless_check(Oid type, int32 typmod, const char *text, Datum value)
{
	if (!keeps(type, typmod, text, value))
		cfdw_lossless_refuse(type, typmod, text);
}

/*
 * Raises 22001 or 22003 for a TEXT that a type cannot hold.
 */
void
cfdw_lossless_refuse(Oid type, int32 typmod, const char *text)
{
	char category;
	bool preferred;

	get_type_category_preferred(getBaseType(type), &category, &preferred);
	if (category == TYPCATEGORY_STRING || category == TYPCATEGORY_INTERNAL)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("value of %zu bytes does not fit into type %s",
						strlen(text), format_type_with_typemod(type, typmod))));
	ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("value %s does not fit into type %s", text,
						   format_type_with_typemod(type, typmod))));
}

/*
 * The text of a value of a base type, palloc'ed, whose output function is OUTPUT: it
 * says all of the value, and is read as the same one, under any settings.
 */
char *
cfdw_lossless_write(Oid type, FmgrInfo *output, Datum value)
{
	int nest_level;
	char *text;

	if (is_written_alike(type))
		return OutputFunctionCall(output, value);
	nest_level = set_style();
	text = OutputFunctionCall(output, value);
	AtEOXact_GUC(true, nest_level);
	return text;
}

static bool
keeps(Oid type, int32 typmod, const char *text, Datum value)
{
	Oid base = getBaseTypeAndTypmod(type, &typmod);
	Oid element = get_element_type(base);
	Oid subtype = get_range_subtype(base);
	Oid range = get_multirange_range(base);
	char category;
	bool preferred;

	if (cfdw_lossless_always(base))
		return true;
	if (OidIsValid(element))
		return keeps_elements(element, typmod, text);
	if (OidIsValid(subtype))
		return keeps_bounds(subtype, text);
	if (OidIsValid(range))
		return keeps_ranges(get_range_subtype(range), text);
	get_type_category_preferred(base, &category, &preferred);
	switch (category)
	{
		case TYPCATEGORY_STRING:
			return same_text(text, write_text(base, value));
		case TYPCATEGORY_NUMERIC:
			return keeps_number(base, text, value);
		case TYPCATEGORY_DATETIME:
		case TYPCATEGORY_TIMESPAN:
			return keeps_time(base, typmod, text, value);
		case TYPCATEGORY_COMPOSITE:
			return keeps_attributes(base, typmod, text);
		default:
			return same_tokens(text, write_text(base, value));
	}
}

/*
 * The same of a part of what has been read.
 */
static bool
keeps_part(Oid type, int32 typmod, const char *text)
{
	return keeps(type, typmod, text, read_text(type, typmod, text));
}

/*
 * A binary number keeps a text that is the shortest for it, or, as some servers
 * write all of them, the one with as many digits as tell all of them apart.
 */
static bool
keeps_number(Oid type, const char *text, Datum value)
{
	switch (type)
	{
		case NUMERICOID:
		case OIDOID:
			return same_number(text, write_text(type, value));
		case FLOAT4OID:
			return same_number(text, float_to_shortest_decimal(
										 DatumGetFloat4(value))) ||
				   same_number(text, psprintf("%.*g", FLOAT4_DIGITS,
											  (double) DatumGetFloat4(value)));
		case FLOAT8OID:
			return same_number(text, double_to_shortest_decimal(
										 DatumGetFloat8(value))) ||
				   same_number(text, psprintf("%.*g", FLOAT8_DIGITS,
											  DatumGetFloat8(value)));
		case CASHOID:
			if (text[number_len(text)] == '\0' ||
				(text[0] == '-' && text[1 + number_len(text + 1)] == '\0'))
				return same_number(
					text, write_text(NUMERICOID,
									 DirectFunctionCall1(cash_numeric, value)));
			/* FALLTHROUGH */
		default:
			return same_tokens(text, write_text(type, value));
	}
}

/*
 * A time is written in a hundred ways.  What it may lose is known: what its
 * precision does not hold, a part that the type has no place for.  Without a time
 * zone it is meant in the session's, as a Unix time is: another one is such a part.
 */
static bool
keeps_time(Oid type, int32 typmod, const char *text, Datum value)
{
	int16 len;
	bool byval;

	get_typlenbyval(type, &len, &byval);
	if (is_too_precise(text) ||
		(typmod >= 0 &&
		 !datumIsEqual(read_text(type, -1, text), value, byval, len)))
		return false;
	switch (type)
	{
		case DATEOID:
			return DatumGetDateADT(value) >=
					   TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE ||
				   same_moment(DirectFunctionCall1(date_timestamptz, value),
							   text);
		case TIMESTAMPOID:
			return same_moment(
				DirectFunctionCall1(timestamp_timestamptz, value), text);
		case TIMEOID:
			return !has_date(text) &&
				   same_time_of_day(DirectFunctionCall1(time_timetz, value),
									text);
		case TIMETZOID:
			return !has_date(text);
		case INTERVALOID:
			return has_exact_parts(text);
		default:
			return true;
	}
}

static bool
keeps_elements(Oid element, int32 typmod, const char *literal)
{
	ArrayType *texts = DatumGetArrayTypeP(read_text(TEXTARRAYOID, -1, literal));
	Datum *values;
	bool *nulls;
	int n;

	deconstruct_array(texts, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls,
					  &n);
	for (int i = 0; i < n; i++)
		if (!nulls[i] &&
			!keeps_part(element, typmod, TextDatumGetCString(values[i])))
			return false;
	return true;
}

/*
 * The bounds of a range are written like two columns of a row.
 */
static bool
keeps_bounds(Oid subtype, const char *literal)
{
	char *row = pstrdup(skip_fillers(literal));
	size_t len = strlen(row);
	Datum values[2];
	bool nulls[2];

	while (len > 0 && isspace((unsigned char) row[len - 1]))
		row[--len] = '\0';
	if (len < 2 || (row[0] != '[' && row[0] != '('))
		return true; /* empty */
	row[0] = '(';
	row[len - 1] = ')';
	split_row(row, 2, values, nulls);
	for (int i = 0; i < 2; i++)
		if (!nulls[i] &&
			!keeps_part(subtype, -1, TextDatumGetCString(values[i])))
			return false;
	return true;
}

/*
 * A multirange is ranges, each up to a bracket that is in no quotes.
 */
static bool
keeps_ranges(Oid subtype, const char *literal)
{
	const char *start = NULL; /* of the range that is read */
	bool quoted = false;

	for (const char *p = literal; *p != '\0'; p++)
	{
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && start == NULL && (*p == '[' || *p == '('))
			start = p;
		else if (!quoted && start != NULL && (*p == ']' || *p == ')'))
		{
			if (!keeps_bounds(subtype, pnstrdup(start, p + 1 - start)))
				return false;
			start = NULL;
		}
	}
	return true;
}

static bool
keeps_attributes(Oid type, int32 typmod, const char *literal)
{
	TupleDesc desc = lookup_rowtype_tupdesc_copy(type, typmod);
	Datum *values = palloc(sizeof(Datum) * Max(desc->natts, 1));
	bool *nulls = palloc(sizeof(bool) * Max(desc->natts, 1));
	int n = 0;
	bool kept = true;

	for (int i = 0; i < desc->natts; i++)
		if (!TupleDescAttr(desc, i)->attisdropped)
			n++;
	split_row(literal, n, values, nulls);
	n = 0;
	for (int i = 0; i < desc->natts && kept; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (attr->attisdropped)
			continue;
		kept = nulls[n] || keeps_part(attr->atttypid, attr->atttypmod,
									  TextDatumGetCString(values[n]));
		n++;
	}
	return kept;
}

/*
 * The N columns of a row, as text.
 */
static void
split_row(const char *text, int n, Datum *values, bool *nulls)
{
	TupleDesc desc = CreateTemplateTupleDesc(n);
	HeapTupleHeader row;
	HeapTupleData tuple;

	for (int i = 1; i <= n; i++)
		TupleDescInitEntry(desc, (AttrNumber) i, NULL, TEXTOID, -1, 0);
	desc = BlessTupleDesc(desc);
	row = DatumGetHeapTupleHeader(read_text(RECORDOID, desc->tdtypmod, text));
	tuple.t_len = HeapTupleHeaderGetDatumLength(row);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = row;
	heap_deform_tuple(&tuple, desc, values, nulls);
}

static Datum
read_text(Oid type, int32 typmod, const char *text)
{
	Oid function;
	Oid ioparam;

	getTypeInputInfo(type, &function, &ioparam);
	return OidInputFunctionCall(function, unconstify(char *, text), ioparam,
								typmod);
}

static char *
write_text(Oid type, Datum value)
{
	Oid function;
	bool varlena;
	FmgrInfo output;

	getTypeOutputInfo(type, &function, &varlena);
	fmgr_info(function, &output);
	return cfdw_lossless_write(type, &output, value);
}

/*
 * Whether the values of a type are written in the style below as it is, under the
 * session's settings or under all.
 */
static bool
is_written_alike(Oid type)
{
	char category;
	bool preferred;

	switch (type)
	{
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case OIDOID:
			return true;
		case FLOAT4OID:
		case FLOAT8OID:
			return extra_float_digits > 0; /* whether 1 or 3 */
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return DateStyle == USE_ISO_DATES;
		default:
			get_type_category_preferred(type, &category, &preferred);
			return category == TYPCATEGORY_STRING ||
				   category == TYPCATEGORY_ENUM;
	}
}

/*
 * From here on values are written as postgres_fdw has them written, until
 * AtEOXact_GUC() is called with what this returns, or the transaction ends.
 */
static int
set_style(void)
{
	static const struct
	{
		const char *name;
		const char *value;
	} settings[] = {{"DateStyle", "ISO"},
					{"IntervalStyle", "postgres"},
					{"extra_float_digits", "3"},
					{"bytea_output", "hex"},
					{"search_path", "pg_catalog"}};
	int nest_level = NewGUCNestLevel();

	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value,
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
								 true, 0, false);
	return nest_level;
}

/*
 * Whether OUT is TEXT, but for the blanks with which character(n) is padded.
 */
static bool
same_text(const char *text, const char *out)
{
	size_t len = strlen(text);

	return strncmp(out, text, len) == 0 &&
		   out[len + strspn(out + len, " ")] == '\0';
}

/*
 * Whether two texts are the same number, digit for digit.
 */
static bool
same_number(const char *a, const char *b)
{
	return strcmp(a, b) == 0 || DatumGetBool(DirectFunctionCall2(
									numeric_eq, read_text(NUMERICOID, -1, a),
									read_text(NUMERICOID, -1, b)));
}

/*
 * Whether two texts say the same, but for blanks, quotes, the case of letters and
 * how numbers are written.
 */
static bool
same_tokens(const char *a, const char *b)
{
	for (;;)
	{
		size_t a_len;
		size_t b_len;

		a = skip_fillers(a);
		b = skip_fillers(b);
		a_len = number_len(a);
		b_len = number_len(b);
		if (a_len > 0 && b_len > 0)
		{
			if (!same_number(pnstrdup(a, a_len), pnstrdup(b, b_len)))
				return false;
			a += a_len;
			b += b_len;
		}
		else if (pg_tolower((unsigned char) *a) !=
				 pg_tolower((unsigned char) *b))
			return false;
		else if (*a == '\0')
			return true;
		else
		{
			a++;
			b++;
		}
	}
}

/*
 * How long the number is with which a text begins; 0: it begins with none.
 */
static size_t
number_len(const char *text)
{
	size_t whole = strspn(text, "0123456789");
	size_t len = whole;
	size_t fraction = 0;

	if (text[len] == '.')
		fraction = strspn(text + len + 1, "0123456789");
	if (fraction > 0)
		len += 1 + fraction;
	if (len > 0 && (text[len] == 'e' || text[len] == 'E'))
	{
		size_t sign = text[len + 1] == '-' || text[len + 1] == '+' ? 2 : 1;
		size_t digits = strspn(text + len + sign, "0123456789");

		if (digits > 0)
			len += sign + digits;
	}
	return len;
}

static const char *
skip_fillers(const char *text)
{
	while (isspace((unsigned char) *text) || *text == '"' || *text == '\'')
		text++;
	return text;
}

/*
 * Whether a text says this moment, in the session's time zone if it names none.
 */
static bool
same_moment(Datum timestamptz, const char *text)
{
	return DatumGetTimestampTz(timestamptz) ==
		   DatumGetTimestampTz(read_text(TIMESTAMPTZOID, -1, text));
}

/*
 * The same of a time of day.
 */
static bool
same_time_of_day(Datum timetz, const char *text)
{
	return DatumGetBool(
		DirectFunctionCall2(timetz_eq, timetz, read_text(TIMETZOID, -1, text)));
}

/*
 * Whether the text of a time of day names a day, too.
 */
static bool
has_date(const char *text)
{
	char buffer[MAXDATELEN * 2 + MAXDATEFIELDS];
	char *fields[MAXDATEFIELDS];
	int kinds[MAXDATEFIELDS];
	bool time = false;
	bool number = false;
	int n;

	if (ParseDateTime(text, buffer, sizeof(buffer), fields, kinds,
					  MAXDATEFIELDS, &n) != 0)
		return false;
	for (int i = 0; i < n; i++)
	{
		if (kinds[i] == DTK_DATE)
			return true;
		time = time || kinds[i] == DTK_TIME;
		number = number || kinds[i] == DTK_NUMBER;
	}
	return time && number;
}

/*
 * Whether a fraction in a text has more digits than a time.
 */
static bool
is_too_precise(const char *text)
{
	for (const char *point = strchr(text, '.'); point != NULL;
		 point = strchr(point + 1, '.'))
	{
		size_t digits = strspn(point + 1, "0123456789");

		if (digits > TIME_DIGITS &&
			strspn(point + 1 + TIME_DIGITS, "0") < digits - TIME_DIGITS)
			return true;
	}
	return false;
}

/*
 * Whether all fractions in the text of an interval are of parts that it can count.
 * One with an exponent, which ISO 8601 does not know, is not looked into.
 */
static bool
has_exact_parts(const char *text)
{
	static const char numerals[] = "0123456789";

	for (const char *p = text; *p != '\0'; p++)
	{
		if (isdigit((unsigned char) *p) && (p[1] == 'e' || p[1] == 'E') &&
			p[2] != '\0' && strchr("+-0123456789", p[2]) != NULL)
			return false;
		if (*p == '.')
		{
			size_t digits = strspn(p + 1, numerals);
			const char *unit = p + 1 + digits;

			while (isspace((unsigned char) *unit))
				unit++;
			if (!is_exact(p + 1, digits, unit))
				return false;
		}
	}
	return true;
}

/*
 * Whether a fraction, TIME_DIGITS digits of it at most, of what begins with its
 * unit is a whole number of what an interval counts.
 */
static bool
is_exact(const char *fraction, size_t digits, const char *unit)
{
	char name[MAXDATELEN] = "";
	int64 units = 0;
	int field;

	for (int i = 0; isalpha((unsigned char) unit[i]) && i < MAXDATELEN - 1; i++)
		name[i] = (char) pg_tolower((unsigned char) unit[i]);
	if (DecodeUnits(0, name, &field) != UNITS)
		return true;
	for (size_t i = 0; i < TIME_DIGITS; i++)
		units = units * 10 + (i < digits ? fraction[i] - '0' : 0);
	for (size_t i = 0; i < lengthof(coarse_units); i++)
		if (coarse_units[i].unit == field)
			return units * coarse_units[i].parts % TIME_UNITS == 0;
	return true;
}
