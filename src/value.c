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
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/json.h"
#include "utils/jsonfuncs.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "value.h"

struct CfdwConverter
{
	const CfdwTableColumn *column;
	Oid base_type;
	FmgrInfo input;
	Oid ioparam;
	FmgrInfo output; /* for check_lossless() */
	bool rounds;     /* the type may round a number */
	bool cuts;       /* the type may cut a string */
};

static char *to_server(const char *raw, size_t len);
static char *canonical_boolean(char *text);
static bool time_datum(const CfdwConverter *converter, const char *text,
					   Datum *result);
static void check_lossless(CfdwConverter *converter, const char *text,
						   Datum value);
static bool same_number(const char *a, const char *b);

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
	getTypeInputInfo(column->typid, &function, &converter->ioparam);
	fmgr_info(function, &converter->input);
	getTypeOutputInfo(column->typid, &function, &varlena);
	fmgr_info(function, &converter->output);
	get_type_category_preferred(converter->base_type, &category, &preferred);
	converter->rounds = converter->base_type == NUMERICOID ||
						converter->base_type == FLOAT4OID ||
						converter->base_type == FLOAT8OID;
	converter->cuts =
		converter->base_type == CHAROID ||
		(category == TYPCATEGORY_STRING && converter->base_type != TEXTOID);
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
	if (!*isnull && as_json)
		text = to_server(field->raw, field->len);
	else if (!*isnull)
		text = cfdw_value_text(field);

	if (!*isnull && column->kind == CFDW_KIND_BOOLEAN && !as_json)
		text = canonical_boolean(text);
	if (!*isnull && column->kind == CFDW_KIND_TIME &&
		time_datum(converter, text, &value))
		return value;

	/* A domain may refuse NULL, so its input function sees that too. */
	value = InputFunctionCall(&converter->input, text, converter->ioparam,
							  column->typmod);
	if (!*isnull && (converter->rounds || converter->cuts))
		check_lossless(converter, text, value);
	return value;
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
 * The text of the JSON string RAW, which is in UTF-8.
 */
char *
cfdw_value_unescape(const char *raw, size_t len)
{
	char *json = to_server(raw, len);
	JsonLexContext *lex = cfdw_make_json_lexer(json, strlen(json));
	JsonParseErrorType error = json_lex(lex);

	if (error != JSON_SUCCESS)
		cfdw_json_error(error, lex);
	return lex->strval->data;
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
	const int64 epoch =
		(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
	Oid type = converter->base_type;
	int64 seconds;
	TimestampTz time;
	char *end;

	if (type != TIMESTAMPTZOID && type != TIMESTAMPOID && type != DATEOID)
		return false;
	errno = 0;
	seconds = strtoi64(text, &end, 10);
	if (end == text || *end != '\0')
		return false;
	if (errno != 0 || pg_sub_s64_overflow(seconds, epoch, &time) ||
		pg_mul_s64_overflow(time, USECS_PER_SEC, &time) ||
		!IS_VALID_TIMESTAMP(time))
		ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
						errmsg("timestamp out of range: %s seconds", text)));

	*result = TimestampTzGetDatum(time);
	if (type == TIMESTAMPOID)
		*result = DirectFunctionCall1(timestamptz_timestamp, *result);
	else if (type == DATEOID)
		*result = DirectFunctionCall1(timestamptz_date, *result);
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
	char *out = OutputFunctionCall(&converter->output, value);
	size_t len = strlen(text);

	if (converter->rounds && !same_number(text, out))
		ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						errmsg("value %s does not fit into type %s", text,
							   format_type_with_typemod(column->typid,
														column->typmod))));
	/* character(n) pads with blanks */
	if (converter->cuts && (strncmp(out, text, len) != 0 ||
							out[len + strspn(out + len, " ")] != '\0'))
		ereport(
			ERROR,
			(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
			 errmsg("value of %zu bytes does not fit into type %s", len,
					format_type_with_typemod(column->typid, column->typmod))));
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
