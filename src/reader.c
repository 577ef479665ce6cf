/*-------------------------------------------------------------------------
 *
 * reader.c
 *	  The bytes of a list reply -> rows, as they arrive.
 *
 * Finds the items of a reply and, in each, the values of the keys asked for,
 * one byte after the other, so that a reply can be fed in pieces of any size
 * and never is in memory as a whole.  Only values that are wanted are ever
 * copied or converted: PostgreSQL's own JSON lexer resolves their escapes,
 * its encoding machinery converts them and its input functions read them.
 *
 * The walker checks the grammar of JSON except for the insides of strings
 * that nobody asked for.  It finds bounds only; a parser that builds values
 * costs ten times as much per item, and the incremental parser of
 * common/jsonapi.h begins with PostgreSQL 17.
 *
 * Facts: the API page, "GET reply", and of "POST reply" the shapes of items.
 * Must not know HTTP, sessions or slots.
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
#include "reader.h"

/* Deeper nesting is refused: no reply of the API comes near. */
#define MAX_DEPTH 128

/* Of a reply without items so much is kept: it may be an error report. */
#define HEAD_SIZE (64 * 1024)

/* What may come next, outside of strings, numbers and words. */
typedef enum Expect
{
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* after { */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING /* the reply is complete */
} Expect;

/* The token that the last byte left open. */
typedef enum Token
{
	TOKEN_NONE,
	TOKEN_STRING,
	TOKEN_ESCAPE, /* in a string, after a backslash */
	TOKEN_WORD    /* a number, true, false or null */
} Token;

/* What an open object or array is for. */
typedef enum Role
{
	ROLE_OTHER,
	ROLE_ROOT,
	ROLE_ENVELOPE, /* the value of "_embedded" */
	ROLE_ITEMS,    /* the value of "items", and arrays in it */
	ROLE_ITEM,     /* an object in those */
	ROLE_INSIDE    /* anything in an item */
} Role;

typedef struct Level
{
	char close; /* the byte that ends it: } or ] */
	Role role;
} Level;

/* A key asked for. */
typedef struct Wanted
{
	const char *name; /* in the database encoding */
	const char *utf8;
	size_t utf8_len;
} Wanted;

struct CfdwReader
{
	/* What the caller wants. */
	int nkeys;
	Wanted *wanted;

	/* The bytes from the start of the open item or token on. */
	StringInfoData buf;
	size_t pos;          /* of the next byte to look at, in buf */
	uint64 dropped;      /* bytes of the reply before buf */
	StringInfoData head; /* first bytes, until items are found */

	/* The walker. */
	Level levels[MAX_DEPTH];
	int depth;
	Expect expect;
	Token token;
	size_t token_start; /* in buf, while a token is open */
	bool token_escaped; /* the string has a backslash */
	bool token_is_key;
	bool key_leads; /* last key leads towards the items */
	bool items_found;
	const char *fault;

	/* The item being read. */
	bool in_item;
	bool item_complete;
	size_t item_start;  /* in buf */
	int field;          /* index of the last key, or -1 */
	size_t value_start; /* in buf, of that key's value */
	size_t *starts;     /* in buf, of each field found */
	CfdwField *fields;
};

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

static bool is_space(char c);
static void release_item(CfdwReader *reader);
static void step(CfdwReader *reader);
static void begin_value(CfdwReader *reader, char c);
static void open_level(CfdwReader *reader, char c);
static void close_level(CfdwReader *reader, char c);
static Role role_of(const CfdwReader *reader, char c);
static void scan_string(CfdwReader *reader);
static void scan_word(CfdwReader *reader);
static void end_key(CfdwReader *reader, size_t end);
static int find_wanted(CfdwReader *reader, const char *key, size_t len);
static bool raw_equals(const char *raw, size_t len, const char *text);
static void end_value(CfdwReader *reader, CfdwJsonType type, size_t end);
static char *to_server(const char *raw, size_t len);
static char *resolve_escapes(const char *raw, size_t len);
static char *canonical_boolean(char *text);
static bool time_datum(const CfdwConverter *converter, const char *text,
					   Datum *result);
static void check_lossless(CfdwConverter *converter, const char *text,
						   Datum value);
static bool same_number(const char *a, const char *b);

/*
 * A reader for one reply, in the current memory context.  Each item will hold
 * the values of KEYS, which are in the database encoding and are not copied.
 */
CfdwReader *
cfdw_reader_create(int nkeys, const char *const *keys)
{
	CfdwReader *reader = palloc0(sizeof(CfdwReader));

	reader->nkeys = nkeys;
	reader->wanted = palloc(sizeof(Wanted) * Max(nkeys, 1));
	for (int i = 0; i < nkeys; i++)
	{
		Wanted *wanted = &reader->wanted[i];

		wanted->name = keys[i];
		wanted->utf8 = pg_server_to_any(keys[i], strlen(keys[i]), PG_UTF8);
		wanted->utf8_len = strlen(wanted->utf8);
	}
	reader->fields = palloc0(sizeof(CfdwField) * Max(nkeys, 1));
	reader->starts = palloc0(sizeof(size_t) * Max(nkeys, 1));
	reader->expect = EXPECT_VALUE;
	reader->field = -1;
	initStringInfo(&reader->buf);
	initStringInfo(&reader->head);
	return reader;
}

/*
 * Takes the next bytes of the reply, which are copied.  Pointers of the last
 * item become invalid.
 */
void
cfdw_reader_feed(CfdwReader *reader, const char *data, size_t len)
{
	size_t keep = reader->pos;

	release_item(reader);
	if (reader->in_item)
		keep = reader->item_start;
	else if (reader->token != TOKEN_NONE)
		keep = reader->token_start;

	/* Drop what has been read; what is left is part of one item. */
	if (keep > 0)
	{
		reader->buf.len -= keep;
		memmove(reader->buf.data, reader->buf.data + keep, reader->buf.len);
		reader->pos -= keep;
		reader->dropped += keep;
		if (reader->in_item)
		{
			reader->item_start -= keep;
			reader->value_start -= keep;
			for (int i = 0; i < reader->nkeys; i++)
				reader->starts[i] -= keep;
		}
		if (reader->token != TOKEN_NONE)
			reader->token_start -= keep;
	}
	appendBinaryStringInfo(&reader->buf, data, len);

	if (!reader->items_found && reader->head.len < HEAD_SIZE)
		appendBinaryStringInfo(
			&reader->head, data,
			Min(len, (size_t) (HEAD_SIZE - reader->head.len)));
}

/*
 * Goes on to the next item among the bytes fed so far.  Fills in *ITEM only
 * with CFDW_READ_ITEM.  Raises an error only for a key whose escapes cannot be
 * converted to the database encoding.
 */
CfdwReadStatus
cfdw_reader_next(CfdwReader *reader, CfdwItem *item)
{
	release_item(reader);
	while (reader->fault == NULL && !reader->item_complete &&
		   reader->pos < (size_t) reader->buf.len)
		step(reader);

	if (reader->fault != NULL)
		return CFDW_READ_ERROR;
	if (!reader->item_complete)
		return CFDW_READ_MORE;

	for (int i = 0; i < reader->nkeys; i++)
		if (reader->fields[i].type != CFDW_JSON_NULL)
			reader->fields[i].raw = reader->buf.data + reader->starts[i];
	item->whole.type = CFDW_JSON_CONTAINER;
	item->whole.raw = reader->buf.data + reader->item_start;
	item->whole.len = reader->pos - reader->item_start;
	item->fields = reader->fields;
	return CFDW_READ_ITEM;
}

/*
 * Says that no more bytes will come.  False when the reply is not whole or has
 * no items; see cfdw_reader_fault().
 */
bool
cfdw_reader_finish(CfdwReader *reader)
{
	if (reader->fault == NULL && reader->expect != EXPECT_NOTHING)
		reader->fault = reader->dropped + reader->buf.len == 0
							? "the reply is empty"
							: "the reply ends too early";
	if (reader->fault == NULL && !reader->items_found)
		reader->fault = "the reply has no list of items";
	return reader->fault == NULL;
}

/*
 * What is wrong with the reply, a fragment, or NULL; and at which byte.
 */
const char *
cfdw_reader_fault(const CfdwReader *reader, uint64 *offset)
{
	*offset = reader->dropped + reader->pos;
	return reader->fault;
}

/*
 * The first bytes of a reply in which no items have been found.
 */
const char *
cfdw_reader_head(const CfdwReader *reader, size_t *len)
{
	*len = reader->head.len;
	return reader->head.data;
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Forgets the item that the last call of cfdw_reader_next() handed out.
 */
static void
release_item(CfdwReader *reader)
{
	if (!reader->item_complete)
		return;
	reader->item_complete = false;
	reader->in_item = false;
	memset(reader->fields, 0, sizeof(CfdwField) * reader->nkeys);
}

/*
 * Looks at one structural byte, or at the rest of the open token.
 */
static void
step(CfdwReader *reader)
{
	char c = reader->buf.data[reader->pos];
	Expect expect = reader->expect;

	if (reader->token == TOKEN_WORD)
		scan_word(reader);
	else if (reader->token != TOKEN_NONE)
		scan_string(reader);
	else if (is_space(c))
		reader->pos++;
	else if (c == '}' || c == ']')
		close_level(reader, c);
	else if (expect == EXPECT_VALUE || expect == EXPECT_VALUE_OR_END)
		begin_value(reader, c);
	else if ((expect == EXPECT_KEY || expect == EXPECT_KEY_OR_END) && c == '"')
	{
		reader->token = TOKEN_STRING;
		reader->token_is_key = true;
		reader->token_escaped = false;
		reader->token_start = reader->pos++;
	}
	else if (expect == EXPECT_COLON && c == ':')
	{
		reader->expect = EXPECT_VALUE;
		reader->pos++;
	}
	else if (expect == EXPECT_COMMA_OR_END && c == ',')
	{
		reader->expect = reader->levels[reader->depth - 1].close == '}'
							 ? EXPECT_KEY
							 : EXPECT_VALUE;
		reader->pos++;
	}
	else
		reader->fault = "it is not valid JSON";
}

static void
begin_value(CfdwReader *reader, char c)
{
	Role parent =
		reader->depth > 0 ? reader->levels[reader->depth - 1].role : ROLE_OTHER;

	if (parent == ROLE_ITEM)
		reader->value_start = reader->pos;
	if (c == '{' || c == '[')
	{
		open_level(reader, c);
		return;
	}
	if (reader->depth == 0)
	{
		reader->fault = "it is not a JSON object";
		return;
	}
	if (parent == ROLE_ITEMS)
	{
		reader->fault = "an item is not an object";
		return;
	}
	reader->token = c == '"' ? TOKEN_STRING : TOKEN_WORD;
	reader->token_is_key = false;
	reader->token_escaped = false;
	reader->token_start = reader->pos;
	if (c == '"')
		reader->pos++;
}

static void
open_level(CfdwReader *reader, char c)
{
	Level *level;

	if (reader->depth == MAX_DEPTH)
	{
		reader->fault = "it is nested too deep";
		return;
	}
	level = &reader->levels[reader->depth];
	level->role = role_of(reader, c);
	level->close = c == '{' ? '}' : ']';
	if (level->role == ROLE_ITEMS)
		reader->items_found = true;
	else if (level->role == ROLE_ITEM)
	{
		reader->in_item = true;
		reader->item_start = reader->pos;
	}
	reader->expect = c == '{' ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	reader->key_leads = false;
	reader->depth++;
	reader->pos++;
}

static Role
role_of(const CfdwReader *reader, char c)
{
	if (reader->depth == 0)
		return c == '{' ? ROLE_ROOT : ROLE_OTHER;
	switch (reader->levels[reader->depth - 1].role)
	{
		case ROLE_ROOT:
			return reader->key_leads && c == '{' ? ROLE_ENVELOPE : ROLE_OTHER;
		case ROLE_ENVELOPE:
			return reader->key_leads ? ROLE_ITEMS : ROLE_OTHER;
		case ROLE_ITEMS:
			return c == '{' ? ROLE_ITEM : ROLE_ITEMS;
		case ROLE_ITEM:
		case ROLE_INSIDE:
			return ROLE_INSIDE;
		default:
			return ROLE_OTHER;
	}
}

static void
close_level(CfdwReader *reader, char c)
{
	bool may_end = reader->expect == EXPECT_COMMA_OR_END ||
				   reader->expect == EXPECT_KEY_OR_END ||
				   reader->expect == EXPECT_VALUE_OR_END;
	Role role;

	if (!may_end || reader->depth == 0 ||
		reader->levels[reader->depth - 1].close != c)
	{
		reader->fault = "it is not valid JSON";
		return;
	}
	role = reader->levels[--reader->depth].role;
	reader->pos++;
	if (role == ROLE_ITEM)
		reader->item_complete = true;
	end_value(reader, CFDW_JSON_CONTAINER, reader->pos);
}

/*
 * Goes on in a string, to its end or to the end of the bytes.
 */
static void
scan_string(CfdwReader *reader)
{
	const char *data = reader->buf.data;
	size_t len = reader->buf.len;
	size_t pos = reader->pos;

	if (reader->token == TOKEN_ESCAPE)
	{
		pos++;
		reader->token = TOKEN_STRING;
	}
	while (pos < len && data[pos] != '"' && data[pos] != '\\' &&
		   (unsigned char) data[pos] >= ' ')
		pos++;
	reader->pos = pos;
	if (pos >= len)
		return;

	if (data[pos] == '\\')
	{
		reader->token = TOKEN_ESCAPE;
		reader->token_escaped = true;
		reader->pos++;
	}
	else if (data[pos] == '"')
	{
		reader->token = TOKEN_NONE;
		reader->pos++;
		if (reader->token_is_key)
			end_key(reader, reader->pos);
		else
			end_value(reader, CFDW_JSON_STRING, reader->pos);
	}
	else
		reader->fault = "a string has a control character";
}

/*
 * Goes on in a number or a word, to its end or to the end of the bytes.
 */
static void
scan_word(CfdwReader *reader)
{
	const char *word = reader->buf.data + reader->token_start;
	size_t pos = reader->pos;
	size_t len;
	CfdwJsonType type;

	while (pos < (size_t) reader->buf.len &&
		   strchr(" \t\n\r,:]}[{\"", reader->buf.data[pos]) == NULL)
		pos++;
	reader->pos = pos;
	if (pos >= (size_t) reader->buf.len)
		return;

	len = pos - reader->token_start;
	if (raw_equals(word, len, "null"))
		type = CFDW_JSON_NULL;
	else if (raw_equals(word, len, "true") || raw_equals(word, len, "false"))
		type = CFDW_JSON_BOOL;
	else if (len < INT_MAX && IsValidJsonNumber(word, len))
		type = CFDW_JSON_NUMBER;
	else
	{
		reader->fault = "it is not valid JSON";
		return;
	}
	reader->token = TOKEN_NONE;
	end_value(reader, type, pos);
}

static bool
raw_equals(const char *raw, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(raw, text, len) == 0;
}

/*
 * A key ends before END: remember what its value will be for.
 */
static void
end_key(CfdwReader *reader, size_t end)
{
	const char *key = reader->buf.data + reader->token_start + 1;
	size_t len = end - reader->token_start - 2;

	reader->expect = EXPECT_COLON;
	switch (reader->levels[reader->depth - 1].role)
	{
		case ROLE_ROOT:
			reader->key_leads = raw_equals(key, len, cfdw_resource.envelope);
			break;
		case ROLE_ENVELOPE:
			reader->key_leads = raw_equals(key, len, cfdw_resource.items);
			break;
		case ROLE_ITEM:
			reader->field = find_wanted(reader, key, len);
			break;
		default:
			break;
	}
}

/*
 * The index of the wanted key that is written as KEY, or -1.
 */
static int
find_wanted(CfdwReader *reader, const char *key, size_t len)
{
	char *name = NULL;
	int found = -1;

	if (reader->token_escaped)
		name = resolve_escapes(key - 1, len + 2);
	for (int i = 0; i < reader->nkeys && found < 0; i++)
	{
		const Wanted *wanted = &reader->wanted[i];

		if (name != NULL ? strcmp(name, wanted->name) == 0
						 : len == wanted->utf8_len &&
							   memcmp(key, wanted->utf8, len) == 0)
			found = i;
	}
	return found;
}

/*
 * A value of TYPE ends before END.
 */
static void
end_value(CfdwReader *reader, CfdwJsonType type, size_t end)
{
	reader->expect = reader->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
	if (reader->depth == 0 ||
		reader->levels[reader->depth - 1].role != ROLE_ITEM ||
		reader->field < 0)
		return;

	reader->fields[reader->field].type = type;
	reader->fields[reader->field].len = end - reader->value_start;
	reader->starts[reader->field] = reader->value_start;
	reader->field = -1;
}

/*
 * What is needed to turn the values of COLUMN into Datums, in the current
 * memory context.
 */
CfdwConverter *
cfdw_reader_converter(const CfdwTableColumn *column)
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
cfdw_reader_datum(CfdwConverter *converter, const CfdwField *field,
				  bool *isnull)
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
		text = cfdw_reader_text(field);

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
cfdw_reader_text_datum(CfdwConverter *converter, const char *text)
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
cfdw_reader_int64(const CfdwField *field, int64 *value)
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
cfdw_reader_text(const CfdwField *field)
{
	if (field->type != CFDW_JSON_STRING)
		return to_server(field->raw, field->len);
	if (memchr(field->raw, '\\', field->len) != NULL)
		return resolve_escapes(field->raw, field->len);
	return to_server(field->raw + 1, field->len - 2);
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
static char *
resolve_escapes(const char *raw, size_t len)
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
