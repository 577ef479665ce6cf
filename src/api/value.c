/*-------------------------------------------------------------------------
 *
 * value.c
 *	  A value of a reply -> text, integer or Datum.
 *
 * Owns the conversions: PostgreSQL's own JSON lexer resolves escapes, its
 * encoding machinery converts text and its input functions read it; nothing is
 * silently cut, rounded or clamped.  Must not know where in a reply a value
 * stands.
 *
 * Facts: the API page, "GET reply": numbers may come as strings, booleans as
 * 0 and 1, times as Unix seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "common/jsonapi.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/cash.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/jsonfuncs.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "api/codec.h"
#include "compat.h"
#include "api/value.h"

/* All numbers of so many digits fit into 64 bits. */
#define MAX_SHORT_DIGITS 18

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
	Oid ioparam;
	FmgrInfo output; /* for check_lossless() */
	bool textual;    /* the type holds text */
	bool lossy;      /* the input function may round or cut */
	void *domain;    /* domain_check()'s cache */
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
static bool time_datum(const CfdwConverter *converter, const char *text,
					   Datum *result);
static bool unix_time(int64 seconds, Datum *timestamp);
static void check_lossless(CfdwConverter *converter, const char *text,
						   Datum value);
static bool same_text(const char *text, const char *out);
static bool same_money(const char *text, Datum value);
static bool is_midnight(const char *text);
static bool same_number(const char *a, const char *b);
static char *decode_string(const char *raw, size_t len);
static bool decode_escape(const char **raw, const char *end,
						  unsigned char *utf8, int *width);
static int hex4(const char *raw, const char *end);

/*
 * What a column with a constant always reads as, in the current memory context.
 * Raises what the type's input function raises for a text that is none of it.
 */
Datum
cfdw_value_constant(const CfdwTableColumn *column)
{
	Oid function;
	Oid ioparam;

	getTypeInputInfo(column->typid, &function, &ioparam);
	return OidInputFunctionCall(function, column->constant, ioparam,
								column->typmod);
}

/*
 * What is needed to turn the values of COLUMN into Datums, in the current
 * memory context.
 */
CfdwConverter *
cfdw_value_converter(const CfdwTableColumn *column)
{
	CfdwConverter *converter = palloc0(sizeof(CfdwConverter));
	Oid function;
	bool varlena;
	char category;
	bool preferred;

	converter->column = column;
	converter->base_type = getBaseType(column->typid);
	converter->shortcut = find_shortcut(column);
	getTypeInputInfo(column->typid, &function, &converter->ioparam);
	fmgr_info(function, &converter->input);
	getTypeOutputInfo(column->typid, &function, &varlena);
	fmgr_info(function, &converter->output);
	get_type_category_preferred(converter->base_type, &category, &preferred);
	converter->textual = category == TYPCATEGORY_STRING;
	switch (converter->base_type)
	{
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case CASHOID:
		case OIDOID:
		case CHAROID:
			converter->lossy = true;
			break;
		case DATEOID:
			/* The date of a time is what was asked for. */
			converter->lossy = column->kind != CFDW_KIND_TIME;
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			converter->lossy = column->typmod >= 0;
			break;
		default:
			converter->lossy =
				converter->textual && converter->base_type != TEXTOID;
			break;
	}
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

	if (!*isnull && column->kind == CFDW_KIND_BOOLEAN && converter->textual)
		text = canonical_boolean(text);
	if (!*isnull && column->kind == CFDW_KIND_TIME &&
		time_datum(converter, text, &value))
	{
		if (converter->base_type != column->typid)
			domain_check(value, false, column->typid, &converter->domain,
						 converter->input.fn_mcxt);
		return value;
	}

	/* A domain may refuse NULL, so its input function sees that too. */
	value = InputFunctionCall(&converter->input, text, converter->ioparam,
							  column->typmod);
	if (!*isnull && converter->lossy)
		check_lossless(converter, text, value);
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
			/* "0" may mean false there. */
			return GetDatabaseEncoding() == PG_UTF8 &&
						   column->kind != CFDW_KIND_BOOLEAN
					   ? short_text
					   : NULL;
		case TIMESTAMPTZOID:
			return column->kind == CFDW_KIND_TIME ? short_time : NULL;
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

	initStringInfo(&json);
	if ((converter->base_type == JSONOID || converter->base_type == JSONBOID) &&
		column->kind == CFDW_KIND_STRING)
		escape_json(&json, text);
	else
		appendStringInfoString(&json, text);
	return InputFunctionCall(&converter->input, json.data, converter->ioparam,
							 column->typmod);
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
	return InputFunctionCall(&converter->input, text, converter->ioparam,
							 converter->column->typmod);
}

/*
 * The value as an integer, be it a number or a string of digits.  False when
 * it is none or needs more than 64 bits.
 */
bool
cfdw_value_int64(const CfdwField *field, int64 *value)
{
	char digits[32];
	size_t quote = field->type == CFDW_JSON_STRING ? 1 : 0;
	char *end;

	if ((field->type != CFDW_JSON_STRING && field->type != CFDW_JSON_NUMBER) ||
		field->len - 2 * quote >= sizeof(digits) || field->len == 2 * quote)
		return false;
	memcpy(digits, field->raw + quote, field->len - 2 * quote);
	digits[field->len - 2 * quote] = '\0';
	errno = 0;
	*value = strtoi64(digits, &end, 10);
	return errno == 0 && *end == '\0';
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
	char *spelled;

	if (memchr(raw, '\\', len) == NULL)
		return len == strlen(text) && memcmp(raw, text, len) == 0;
	spelled = decode_string(raw, len);
	return spelled != NULL && strcmp(spelled, text) == 0;
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
		int width = 1;

		if (*raw != '\\')
			utf8[0] = *raw++;
		else if (!decode_escape(&raw, end, utf8, &width))
			return NULL;
		appendBinaryStringInfo(&text, (char *) utf8, width);
	}
	return text.data;
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
 * Reads Unix seconds into a date or a timestamp.  False when the column is of
 * another type, or the text is no integer: then the type's own input function
 * decides.
 */
static bool
time_datum(const CfdwConverter *converter, const char *text, Datum *result)
{
	Oid type = converter->base_type;
	int64 seconds;
	char *end;

	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID && type != DATEOID)
		return false;
	errno = 0;
	seconds = strtoi64(text, &end, 10);
	if (end == text || *end != '\0')
		return false;
	if (errno != 0 || !unix_time(seconds, result))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("timestamp out of range: %s seconds", text)));

	if (type == TIMESTAMPOID)
		*result = DirectFunctionCall1(timestamptz_timestamp, *result);
	else if (type == DATEOID)
		*result = DirectFunctionCall1(timestamptz_date, *result);
	return true;
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

/*
 * Nothing is silently cut, rounded or clamped: raises an error when VALUE,
 * which an input function made of TEXT, says less than TEXT.
 */
static void
check_lossless(CfdwConverter *converter, const char *text, Datum value)
{
	const CfdwTableColumn *column = converter->column;
	bool same;

	switch (converter->base_type)
	{
		case NUMERICOID:
		case OIDOID:
			same = same_number(text,
							   OutputFunctionCall(&converter->output, value));
			break;
		case FLOAT4OID:
			same = same_number(
				text, float_to_shortest_decimal(DatumGetFloat4(value)));
			break;
		case FLOAT8OID:
			same = same_number(
				text, double_to_shortest_decimal(DatumGetFloat8(value)));
			break;
		case CASHOID:
			same = same_money(text, value);
			break;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			/* What the precision of the column does to it. */
			same =
				InputFunctionCall(&converter->input, unconstify(char *, text),
								  converter->ioparam, -1) == value;
			break;
		case DATEOID:
			same = is_midnight(text);
			break;
		default:
			same =
				same_text(text, OutputFunctionCall(&converter->output, value));
			if (!same)
				ereport(ERROR,
						(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
						 errmsg("value of %zu bytes does not fit into type %s",
								strlen(text),
								format_type_with_typemod(column->typid,
														 column->typmod))));
			break;
	}
	if (!same)
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value %s does not fit into type %s", text,
							   format_type_with_typemod(column->typid,
														column->typmod))));
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
 * Whether an amount of money is TEXT, as far as that is a plain number.
 */
static bool
same_money(const char *text, Datum value)
{
	Datum amount = DirectFunctionCall1(cash_numeric, value);

	if (!cfdw_value_is_number(text, strlen(text)))
		return true;
	return same_number(
		text, DatumGetCString(DirectFunctionCall1(numeric_out, amount)));
}

/*
 * Whether the text of a date has no time of day, which a date would drop.
 */
static bool
is_midnight(const char *text)
{
	Timestamp time = DatumGetTimestamp(
		DirectFunctionCall3(timestamp_in, CStringGetDatum(text),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));

	return TIMESTAMP_NOT_FINITE(time) || time % USECS_PER_DAY == 0;
}

/*
 * Whether two texts are the same number, digit for digit.
 */
static bool
same_number(const char *a, const char *b)
{
	Datum x =
		DirectFunctionCall3(numeric_in, CStringGetDatum(a),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	Datum y =
		DirectFunctionCall3(numeric_in, CStringGetDatum(b),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	return DatumGetBool(DirectFunctionCall2(numeric_eq, x, y));
}
