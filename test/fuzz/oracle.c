/*-------------------------------------------------------------------------
 *
 * oracle.c
 *	  What others make of a text: json-c's strict parser, PostgreSQL's json and
 *	  numeric.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "common/string.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/fmgroids.h"

#include "fuzz.h"

/* Deeper than anything that is read. */
#define ORACLE_DEPTH 1000

static json_object *parse(const char *text, size_t len, int flags);
static int64 count_members(json_object *value);

/*
 * The tree of a text by json-c's strict parser, to be put back; NULL when it
 * refuses it.
 */
json_object *
fuzz_parse(const char *text, size_t len)
{
	json_object *tree = parse(text, len, JSON_TOKENER_STRICT);

	/* From 0.17 on that takes a byte above 0x7f for a control character. */
	if (tree == NULL && !pg_is_ascii(text))
		tree = parse(text, len, 0);
	return tree;
}

static json_object *
parse(const char *text, size_t len, int flags)
{
	json_tokener *tokener = json_tokener_new_ex(ORACLE_DEPTH);
	json_object *tree;

	json_tokener_set_flags(tokener, flags);
	tree = json_tokener_parse_ex(tokener, text, (int) len);
	if (json_tokener_get_error(tokener) != json_tokener_success)
	{
		json_object_put(tree);
		tree = NULL;
	}
	json_tokener_free(tokener);
	return tree;
}

/*
 * Whether a text is UTF-8, without a zero in it.
 */
bool
fuzz_is_utf8(const char *text, size_t len)
{
	return strlen(text) == len && pg_verifymbstr(text, (int) len, true);
}

/*
 * Whether a text, which is UTF-8, is JSON by PostgreSQL's grammar.
 */
bool
fuzz_is_json(const char *text, size_t len)
{
	FuzzError error;

	FUZZ_TRY(&error, OidFunctionCall1(F_JSON_IN, CStringGetDatum(text)));
	return error.sqlstate == 0;
}

/*
 * How deep a text that is JSON is nested.
 */
int
fuzz_depth(const char *text, size_t len)
{
	bool in_string = false;
	int depth = 0;
	int deepest = 0;

	for (size_t i = 0; i < len; i++)
		if (in_string)
		{
			if (text[i] == '\\')
				i++;
			else if (text[i] == '"')
				in_string = false;
		}
		else if (text[i] == '"')
			in_string = true;
		else if (text[i] == '{' || text[i] == '[')
			deepest = Max(deepest, ++depth);
		else if (text[i] == '}' || text[i] == ']')
			depth--;
	return deepest;
}

/*
 * Whether a text that is JSON means to everybody what it means to json-c: no key
 * comes twice, and no escape stands for what is no character or ends a C string.
 */
bool
fuzz_is_plain(const char *text, size_t len, json_object *tree)
{
	bool in_string = false;
	int64 colons = 0;

	for (size_t i = 0; i < len; i++)
		if (in_string && text[i] == '\\')
		{
			i++;
			if (text[i] == 'u' &&
				(strncmp(text + i, "u0000", 5) == 0 ||
				 pg_tolower((unsigned char) text[i + 1]) == 'd'))
				return false;
		}
		else if (text[i] == '"')
			in_string = !in_string;
		else if (text[i] == ':' && !in_string)
			colons++;
	return colons == count_members(tree);
}

static int64
count_members(json_object *value)
{
	int64 n = 0;

	if (json_object_is_type(value, json_type_array))
	{
		for (size_t i = 0; i < json_object_array_length(value); i++)
			n += count_members(json_object_array_get_idx(value, i));
	}
	else if (json_object_is_type(value, json_type_object))
	{
		json_object_object_foreach(value, key, child)
		{
			(void) key;
			n += 1 + count_members(child);
		}
	}
	return n;
}

/*
 * Whether a text is an integer by numeric's reading, of 64 bits, and which.
 */
bool
fuzz_integer(const char *text, size_t len, int64 *value)
{
	char *copy = pnstrdup(text, len);
	volatile Datum number = (Datum) 0;
	volatile int64 result = 0;
	volatile bool whole = false;
	FuzzError error;

	/* numeric has more to offer. */
	if (strlen(copy) != len ||
		copy[strspn(copy, "0123456789+-.eE \t\n\r\v\f")] != '\0')
		return false;
	FUZZ_TRY(&error, {
		number =
			OidFunctionCall3(F_NUMERIC_IN, CStringGetDatum(copy),
							 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		whole = DatumGetBool(OidFunctionCall2(
			F_NUMERIC_EQ, number, OidFunctionCall1(F_FLOOR_NUMERIC, number)));
		result = DatumGetInt64(OidFunctionCall1(F_INT8_NUMERIC, number));
	});
	*value = result;
	return error.sqlstate == 0 && whole;
}
