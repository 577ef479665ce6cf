/*-------------------------------------------------------------------------
 *
 * value.c
 *	  A value of a reply -> text, integer or Datum.
 *
 * Owns the conversions: PostgreSQL's own JSON lexer resolves escapes, its
 * encoding machinery converts text and its input functions read it.  Must not
 * know where in a reply a value stands.
 *
 * Facts: the API page, "GET reply": numbers may come as strings, booleans as
 * 0 and 1, times as Unix seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "common/jsonapi.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonfuncs.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "api/codec.h"
#include "api/integer.h"
#include "api/lossless.h"
#include "api/value.h"
#include "compat.h"

/* All numbers of so many digits fit into 64 bits. */
#define MAX_SHORT_DIGITS 18

/*
 * As many digits are a Unix time from 1973 to 5138 also where they stand in a
 * string; as a date they would be none, or a year beyond 9999.
 */
#define MIN_TIME_DIGITS 9
#define MAX_TIME_DIGITS 11

/* A number with escapes is read up to this length: nobody writes one. */
#define MAX_ESCAPED_DIGITS 64

/*
 * Makes the Datum of a value as the account writes most of them; false when it
 * is written in another way, or not allowed: then the long way finds out.
 */
typedef bool (*Shortcut)(const CfdwField *field, Datum *value);

struct CfdwConverter
{
	const CfdwTableColumn *column;
	Oid base_type;
	Shortcut shortcut; /* or NULL */
	FmgrInfo input;
	bool lossy;   /* the input function may round or cut */
	void *domain; /* domain_check()'s cache */
};

static Shortcut find_shortcut(const CfdwTableColumn *column);
static bool short_int64(const CfdwField *field, Datum *value);
static bool short_int32(const CfdwField *field, Datum *value);
static bool short_bool(const CfdwField *field, Datum *value);
static bool short_text(const CfdwField *field, Datum *value);
static bool short_time(const CfdwField *field, Datum *value);
static bool read_digits(const CfdwField *field, int64 *value);
static char *to_server(const char *raw, size_t len);
static char *canonical_boolean(char *text);
static char *canonical_integer(const CfdwField *field, char *text);
static bool is_time(const CfdwTableColumn *column, const CfdwField *field,
					const char *text);
static bool time_datum(const CfdwConverter *converter, const char *text,
					   Datum *result);
static Datum unix_time_datum(const CfdwConverter *converter, const char *text);
static void check_precision(const CfdwConverter *converter, const char *text,
							Datum time);
static bool unix_time(int64 seconds, Datum *timestamp);
static char *decode_string(const char *raw, size_t len);
static bool decode_ascii(const char *raw, size_t *len, char *decoded);
static bool next_character(const char **raw, const char *end,
						   unsigned char *utf8, int *width);
static bool decode_escape(const char **raw, const char *end,
						  unsigned char *utf8, int *width);
static int hex4(const char *raw, const char *end);

/*
 * What a column with a constant always reads as, in the current memory context.
 * Raises what the type's input function raises for a text that is none of it, and
 * 22003 or 22001 for one that it would round or cut.
 */
Datum
cfdw_value_constant(const CfdwTableColumn *column)
{
	Datum value = OidInputFunctionCall(column->input, column->constant,
									   column->ioparam, column->typmod);

	if (!cfdw_lossless_always(column->base_type))
		cfdw_lossless_check(column->typid, column->typmod, column->constant,
							value);
	return value;
}

/*
 * What is needed to turn the values of COLUMN into Datums, in the current
 * memory context.
 */
CfdwConverter *
cfdw_value_converter(const CfdwTableColumn *column)
{
	CfdwConverter *converter = palloc0(sizeof(CfdwConverter));

	converter->column = column;
	converter->base_type = column->base_type;
	converter->shortcut = find_shortcut(column);
	fmgr_info(column->input, &converter->input);
	converter->lossy = !cfdw_lossless_always(converter->base_type);
	return converter;
}

/*
 * The Datum of a value, in the current memory context.  Raises what the type's
 * input function raises for a text that it cannot read; 22003 or 22001 when
 * the type would round or cut the value; 22P05 or 22021 for text that the
 * database encoding cannot hold.
 */
Datum
cfdw_value_datum(CfdwConverter *converter, const CfdwField *field, bool *isnull)
{
	const CfdwTableColumn *column = converter->column;
	bool as_json =
		converter->base_type == JSONOID || converter->base_type == JSONBOID;
	char *text = NULL;
	Datum value;

	*isnull = field->type == CFDW_JSON_NULL;
	if (converter->shortcut != NULL)
	{
		if (*isnull)
			return (Datum) 0;
		if (converter->shortcut(field, &value))
			return value;
	}
	if (!*isnull && as_json)
		text = to_server(field->raw, field->len);
	else if (!*isnull)
		text = cfdw_value_text(field);

	if (!*isnull && column->kind == CFDW_KIND_BOOLEAN && column->textual)
		text = canonical_boolean(text);
	if (!*isnull && column->kind == CFDW_KIND_INTEGER && !as_json)
		text = canonical_integer(field, text);
	if (!*isnull && is_time(column, field, text) &&
		time_datum(converter, text, &value))
	{
		if (converter->base_type != column->typid)
			domain_check(value, false, column->typid, &converter->domain,
						 converter->input.fn_mcxt);
		return value;
	}

	/* A domain may refuse NULL, so its input function sees that too. */
	value = InputFunctionCall(&converter->input, text, column->ioparam,
							  column->typmod);
	if (!*isnull && converter->lossy)
		cfdw_lossless_check(column->typid, column->typmod, text, value);
	return value;
}

/*
 * The shortcut to values of COLUMN's type; NULL for a domain, which may have
 * something against them, and for the types that nobody uses by the million.
 */
static Shortcut
find_shortcut(const CfdwTableColumn *column)
{
	switch (column->typid)
	{
		case INT8OID:
			return short_int64;
		case INT4OID:
			return short_int32;
		case BOOLOID:
			return short_bool;
		case TEXTOID:
			/* "0" may mean false there, and " 5" be the id 5. */
			return GetDatabaseEncoding() == PG_UTF8 &&
						   column->kind != CFDW_KIND_BOOLEAN &&
						   column->kind != CFDW_KIND_INTEGER
					   ? short_text
					   : NULL;
		case TIMESTAMPTZOID:
			return column->kind == CFDW_KIND_TIME ||
						   column->kind == CFDW_KIND_OTHER
					   ? short_time
					   : NULL;
		default:
			return NULL;
	}
}

static bool
short_int64(const CfdwField *field, Datum *value)
{
	int64 number;

	if (!read_digits(field, &number))
		return false;
	*value = Int64GetDatum(number);
	return true;
}

static bool
short_int32(const CfdwField *field, Datum *value)
{
	int64 number;

	if (!read_digits(field, &number) || number > PG_INT32_MAX)
		return false;
	*value = Int32GetDatum((int32) number);
	return true;
}

static bool
short_bool(const CfdwField *field, Datum *value)
{
	*value = BoolGetDatum(field->raw[0] == 't');
	return field->type == CFDW_JSON_BOOL;
}

static bool
short_text(const CfdwField *field, Datum *value)
{
	size_t len = field->len - 2;

	if (field->type != CFDW_JSON_STRING ||
		memchr(field->raw, '\\', field->len) != NULL)
		return false;
	pg_verify_mbstr(PG_UTF8, field->raw + 1, len, false);
	*value = PointerGetDatum(cstring_to_text_with_len(field->raw + 1, len));
	return true;
}

static bool
short_time(const CfdwField *field, Datum *value)
{
	int64 seconds;

	return read_digits(field, &seconds) && unix_time(seconds, value);
}

/*
 * The value of a number that is plain digits, few enough for 64 bits.
 */
static bool
read_digits(const CfdwField *field, int64 *value)
{
	if (field->type != CFDW_JSON_NUMBER || field->len > MAX_SHORT_DIGITS)
		return false;
	*value = 0;
	for (size_t i = 0; i < field->len; i++)
	{
		if (field->raw[i] < '0' || field->raw[i] > '9')
			return false;
		*value = *value * 10 + (field->raw[i] - '0');
	}
	return true;
}

/*
 * The Datum of a value that has not come from the account but goes there: TEXT
 * is as in a CfdwRow.  Raises as above.
 */
Datum
cfdw_value_text_datum(CfdwConverter *converter, const char *text)
{
	const CfdwTableColumn *column = converter->column;
	StringInfoData json;
	Datum value;

	initStringInfo(&json);
	if ((converter->base_type == JSONOID || converter->base_type == JSONBOID) &&
		column->kind == CFDW_KIND_STRING)
		escape_json(&json, text);
	else
		appendStringInfoString(&json, text);
	value = InputFunctionCall(&converter->input, json.data, column->ioparam,
							  column->typmod);
	if (converter->lossy)
		cfdw_lossless_check(column->typid, column->typmod, text, value);
	return value;
}

/*
 * The Datum of a whole item, or of none with NULL, with the values of PATCH
 * instead of its own.  Raises as above.
 */
Datum
cfdw_value_patched(CfdwConverter *converter, const CfdwField *whole,
				   const CfdwRow *patch, bool *isnull)
{
	char *changes = cfdw_codec_row(patch);
	Datum item = DirectFunctionCall1(jsonb_in, CStringGetDatum(changes));
	char *text;

	*isnull = false;
	if (whole != NULL)
		item = DirectFunctionCall2(
			jsonb_concat,
			DirectFunctionCall1(
				jsonb_in, CStringGetDatum(to_server(whole->raw, whole->len))),
			item);
	text = DatumGetCString(DirectFunctionCall1(jsonb_out, item));
	return InputFunctionCall(&converter->input, text,
							 converter->column->ioparam,
							 converter->column->typmod);
}

/*
 * The value as an integer, be it a number or a string.  False when it is none or
 * needs more than 64 bits.  Never raises.
 */
bool
cfdw_value_int64(const CfdwField *field, int64 *value)
{
	const char *text = field->raw;
	size_t len = field->len;
	char decoded[MAX_ESCAPED_DIGITS];

	if (read_digits(field, value))
		return true;
	if (field->type != CFDW_JSON_STRING && field->type != CFDW_JSON_NUMBER)
		return false;
	if (field->type == CFDW_JSON_STRING)
	{
		text++;
		len -= 2;
		if (memchr(text, '\\', len) != NULL)
		{
			if (!decode_ascii(text, &len, decoded))
				return false;
			text = decoded;
		}
	}
	return cfdw_integer_read(text, len, value);
}

/*
 * The text of a value that is not null: a string without quotes and escapes,
 * anything else as it stands; palloc'ed.
 */
char *
cfdw_value_text(const CfdwField *field)
{
	if (field->type != CFDW_JSON_STRING)
		return to_server(field->raw, field->len);
	if (memchr(field->raw, '\\', field->len) != NULL)
		return cfdw_value_unescape(field->raw, field->len);
	return to_server(field->raw + 1, field->len - 2);
}

/*
 * Whether RAW is a number by the grammar of JSON.
 */
bool
cfdw_value_is_number(const char *raw, size_t len)
{
	return len <= INT_MAX && IsValidJsonNumber(raw, (int) len);
}

/*
 * A terminated copy of UTF-8 text, in the database encoding.
 */
static char *
to_server(const char *raw, size_t len)
{
	return pg_any_to_server(pnstrdup(raw, len), len, PG_UTF8);
}

/*
 * The text of the JSON string RAW, which is in UTF-8.  Raises 22P05 or 22P02
 * for escapes that stand for no character of the database encoding.
 */
char *
cfdw_value_unescape(const char *raw, size_t len)
{
	char *json;
	JsonLexContext *lex;
	JsonParseErrorType error;

	/* No encoding is any: then text stays in that of the account. */
	if (GetDatabaseEncoding() == PG_SQL_ASCII &&
		(json = decode_string(raw + 1, len - 2)) != NULL)
		return json;
	json = to_server(raw, len);
	lex = cfdw_make_json_lexer(json, strlen(json));
	error = json_lex(lex);
	if (error != JSON_SUCCESS)
		cfdw_json_error(error, lex);
	return lex->strval->data;
}

/*
 * Whether RAW, what stands between the quotes of a JSON string, spells TEXT;
 * both are in UTF-8.  A string that stands for no text spells none.
 */
bool
cfdw_value_spells(const char *raw, size_t len, const char *text)
{
	const char *end = raw + len;

	while (raw < end)
	{
		unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN + 1];
		int width;

		if (!next_character(&raw, end, utf8, &width) ||
			strncmp(text, (char *) utf8, width) != 0)
			return false;
		text += width;
	}
	return *text == '\0';
}

/*
 * What RAW, which stands between the quotes of a JSON string, spells, in UTF-8;
 * NULL when it stands for no text.
 */
static char *
decode_string(const char *raw, size_t len)
{
	const char *end = raw + len;
	StringInfoData text;

	initStringInfo(&text);
	while (raw < end)
	{
		unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN + 1];
		int width;

		if (!next_character(&raw, end, utf8, &width))
			return NULL;
		appendBinaryStringInfo(&text, (char *) utf8, width);
	}
	return text.data;
}

/*
 * The same of ASCII into DECODED, without a zero at its end; false when that has
 * no place for it.  Never raises.
 */
static bool
decode_ascii(const char *raw, size_t *len, char *decoded)
{
	const char *end = raw + *len;

	for (*len = 0; raw < end; (*len)++)
	{
		unsigned char utf8[MAX_MULTIBYTE_CHAR_LEN + 1];
		int width;

		if (*len == MAX_ESCAPED_DIGITS ||
			!next_character(&raw, end, utf8, &width) || width > 1)
			return false;
		decoded[*len] = (char) utf8[0];
	}
	return true;
}

/*
 * Reads the byte, or the escape, at *RAW into UTF8 and goes behind it; false when
 * it stands for no character of a text.
 */
static bool
next_character(const char **raw, const char *end, unsigned char *utf8,
			   int *width)
{
	if (**raw == '\\')
		return decode_escape(raw, end, utf8, width);
	*width = 1;
	utf8[0] = *(*raw)++;
	return true;
}

/*
 * Reads the escape at *RAW into UTF8 and goes behind it; false when it stands
 * for no character of a text.
 */
static bool
decode_escape(const char **raw, const char *end, unsigned char *utf8,
			  int *width)
{
	static const char names[] = "\"\\/bfnrt";
	static const char characters[] = "\"\\/\b\f\n\r\t";
	const char *at = *raw + 1;
	const char *name;
	int code;

	*width = 1;
	if (at < end && *at != 'u')
	{
		name = strchr(names, *at);
		if (name == NULL || *name == '\0')
			return false;
		utf8[0] = characters[name - names];
		*raw = at + 1;
		return true;
	}
	code = hex4(++at, end);
	at += 4;
	if (code >= 0 && is_utf16_surrogate_first(code))
	{
		int second = at + 2 <= end && at[0] == '\\' && at[1] == 'u'
						 ? hex4(at + 2, end)
						 : -1;

		if (second < 0 || !is_utf16_surrogate_second(second))
			return false;
		code = surrogate_pair_to_codepoint(code, second);
		at += 6;
	}
	if (code <= 0 || is_utf16_surrogate_second(code))
		return false;
	unicode_to_utf8(code, utf8);
	*width = pg_utf_mblen(utf8);
	*raw = at;
	return true;
}

/*
 * The number that four hexadecimal digits stand for, or -1.
 */
static int
hex4(const char *raw, const char *end)
{
	int code = 0;

	if (raw + 4 > end)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		const char *digits = "0123456789abcdef";
		const char *digit = strchr(digits, pg_ascii_tolower(raw[i]));

		if (digit == NULL || *digit == '\0')
			return -1;
		code = code * 16 + (int) (digit - digits);
	}
	return code;
}

/*
 * Some servers write booleans as 0 and 1 (API page, "GET reply").
 */
static char *
canonical_boolean(char *text)
{
	if (strcmp(text, "1") == 0)
		return "true";
	if (strcmp(text, "0") == 0)
		return "false";
	return text;
}

/*
 * An integer is read as it is everywhere else, in whatever way it is written.
 */
static char *
canonical_integer(const CfdwField *field, char *text)
{
	int64 value;

	return cfdw_value_int64(field, &value) ? psprintf(INT64_FORMAT, value)
										   : text;
}

/*
 * Whether a value is a moment: that of a key which is known to be one, or a number
 * of any key that is not known; numbers may come as strings.
 */
static bool
is_time(const CfdwTableColumn *column, const CfdwField *field, const char *text)
{
	size_t len = strlen(text);

	if (column->kind == CFDW_KIND_TIME)
		return true;
	if (column->kind != CFDW_KIND_OTHER)
		return false;
	return field->type == CFDW_JSON_NUMBER ||
		   (len >= MIN_TIME_DIGITS && len <= MAX_TIME_DIGITS &&
			strspn(text, "0123456789") == len);
}

/*
 * Reads a moment, which is most likely in Unix seconds, into a date or a timestamp.
 * False when the column is of another type, or its own input function will do.
 */
static bool
time_datum(const CfdwConverter *converter, const char *text, Datum *result)
{
	Oid type = converter->base_type;
	bool local = type == TIMESTAMPOID || type == DATEOID;
	int64 seconds;

	if (type != TIMESTAMPTZOID && !local)
		return false;
	if (cfdw_integer_read(text, strlen(text), &seconds) ||
		cfdw_value_is_number(text, strlen(text)))
		*result = unix_time_datum(converter, text);
	else if (converter->column->kind == CFDW_KIND_TIME && local)
	{
		*result = DirectFunctionCall3(timestamptz_in, CStringGetDatum(text),
									  ObjectIdGetDatum(InvalidOid),
									  Int32GetDatum(-1));
		cfdw_lossless_check(TIMESTAMPTZOID, -1, text, *result);
	}
	else
		return false;

	if (type == DATEOID)
	{
		/* The date of a moment is what was asked for. */
		*result = DirectFunctionCall1(timestamptz_date, *result);
		return true;
	}
	if (type == TIMESTAMPOID)
		*result = DirectFunctionCall1(timestamptz_timestamp, *result);
	check_precision(converter, text, *result);
	return true;
}

/*
 * The timestamp of Unix seconds, with a fraction perhaps.
 */
static Datum
unix_time_datum(const CfdwConverter *converter, const char *text)
{
	const CfdwTableColumn *column = converter->column;
	size_t whole = strcspn(text, ".");
	Datum time;
	int64 seconds;
	int64 fraction = 0;
	bool exact;

	/* Of the fraction, so many microseconds; its sign is the number's. */
	exact = cfdw_integer_read(text, strlen(text), &seconds);
	if (!exact && text[whole] == '.' && strpbrk(text, "eE") == NULL)
	{
		char *micros =
			psprintf("%c0%se6", text[0] == '-' ? '-' : '+', text + whole);

		exact = cfdw_integer_read(text, whole, &seconds) &&
				cfdw_integer_read(micros, strlen(micros), &fraction);
		if (!exact)
			cfdw_lossless_refuse(column->typid, column->typmod, text);
	}
	if (!exact || !unix_time(seconds, &time))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("timestamp out of range: %s seconds", text)));
	return TimestampTzGetDatum(DatumGetTimestampTz(time) + fraction);
}

/*
 * Refuses a time that the column's precision cannot hold.
 */
static void
check_precision(const CfdwConverter *converter, const char *text, Datum time)
{
	const CfdwTableColumn *column = converter->column;
	int32 typmod = column->typmod;
	Datum fitted;

	(void) getBaseTypeAndTypmod(column->typid, &typmod);
	fitted = DirectFunctionCall2(timestamp_scale, time, Int32GetDatum(typmod));
	if (DatumGetTimestamp(fitted) != DatumGetTimestamp(time))
		cfdw_lossless_refuse(column->typid, column->typmod, text);
}

/*
 * The timestamp of a Unix time; false when there is none.
 */
static bool
unix_time(int64 seconds, Datum *timestamp)
{
	const int64 epoch =
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	TimestampTz time;

	if (pg_sub_s64_overflow(seconds, epoch, &time) ||
		pg_mul_s64_overflow(time, USECS_PER_SEC, &time) ||
		!IS_VALID_TIMESTAMP(time))
		return false;
	*timestamp = TimestampTzGetDatum(time);
	return true;
}
