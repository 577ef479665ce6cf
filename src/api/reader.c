/*-------------------------------------------------------------------------
 *
 * reader.c
 *	  The bytes of a list reply -> rows, as they arrive.
 *
 * Finds the items of a reply and, in each, the values of the keys asked for, in
 * one pass, so that a reply can be fed in pieces of any size and never is in
 * memory as a whole.  Only values that are wanted are ever converted: value.c
 * does that.
 *
 * The walker checks the grammar of JSON; that a string is UTF-8, and an escape
 * a character, is looked at only in those that are asked for.  It finds bounds
 * only; a parser that builds values costs ten times as much per item, and the
 * incremental parser of common/jsonapi.h begins with PostgreSQL 17.
 *
 * Facts: the API page, "GET reply", and of "POST reply" the shapes of items.
 * Must not know HTTP, sessions or slots.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <ctype.h>
#include <limits.h>

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "port/pg_bitutils.h"
#include "port/pg_bswap.h"

#include "api/reader.h"

/* Of a reply without items so much is kept: it may be an error report. */
#define HEAD_SIZE (64 * 1024)

/* A byte order mark in UTF-8. */
static const char mark[] = "\xef\xbb\xbf";

#define MARK_LEN (sizeof(mark) - 1)

/* What is wrong with most replies that are wrong. */
static const char not_json[] = gettext_noop("The reply is not valid JSON.");

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
	const char *utf8;
	size_t utf8_len;
	int field; /* of the item */
} Wanted;

struct CfdwReader
{
	/* What the caller wants. */
	const CfdwResource *resource;
	int nkeys;
	Wanted *wanted; /* in the order in which an item had them */
	int id_field;   /* of the item, or -1: it is not wanted */

	/* The bytes from the start of the open item or token on. */
	StringInfoData buf;
	size_t pos;          /* of the next byte to look at, in buf */
	uint64 dropped;      /* bytes of the reply before buf */
	StringInfoData head; /* first bytes, until an item is found */

	/* The walker. */
	Level levels[CFDW_MAX_DEPTH];
	int depth;
	Expect expect;
	Token token;
	size_t token_start; /* in buf, while a token is open */
	bool token_escaped; /* the string has a backslash */
	int hex_digits;     /* of a \\u escape, still to come */
	bool token_is_key;
	bool key_leads; /* last key leads towards the items */
	int mark_len;   /* bytes of a byte order mark that have been skipped */
	bool items_found;
	bool item_found;
	const char *fault;

	/* The item being read. */
	bool in_item;
	bool item_complete;
	size_t item_start;  /* in buf */
	int likely;         /* index in wanted of what may come next */
	int field;          /* of the last key, or -1 */
	size_t value_start; /* in buf, of that key's value */
	size_t *starts;     /* in buf, of each field found */
	CfdwField *fields;
};

static void release_item(CfdwReader *reader);
static void step(CfdwReader *reader);
static bool is_mark(CfdwReader *reader, char c);
static void take_colon(CfdwReader *reader);
static void take_comma(CfdwReader *reader);
static void begin_string(CfdwReader *reader);
static void begin_word(CfdwReader *reader);
static bool begin_value(CfdwReader *reader, bool container);
static void open_level(CfdwReader *reader, char c);
static void close_level(CfdwReader *reader, char c);
static Role role_of(const CfdwReader *reader, char c);
static void scan_string(CfdwReader *reader);
static size_t plain_len(const char *text, size_t len);
static uint64 load_first_lowest(const char *text);
static void scan_word(CfdwReader *reader);
static bool ends_word(char c);
static bool word_type(const char *word, size_t len, CfdwJsonType *type);
static bool raw_equals(const char *raw, size_t len, const char *text);
static void end_key(CfdwReader *reader, size_t end);
static int find_wanted(CfdwReader *reader, const char *key, size_t len);
static bool is_key(const CfdwReader *reader, const Wanted *wanted,
				   const char *key, size_t len);
static void end_value(CfdwReader *reader, CfdwJsonType type, size_t end);

/*
 * A reader for one reply, in the current memory context.  Each item will hold
 * the values of KEYS, which are in the database encoding and are not copied.
 */
CfdwReader *
cfdw_reader_create(const CfdwResource *resource, int nkeys,
				   const char *const *keys)
{
	CfdwReader *reader = palloc0(sizeof(CfdwReader));

	reader->resource = resource;
	reader->nkeys = nkeys;
	reader->id_field = -1;
	reader->wanted = palloc(sizeof(Wanted) * Max(nkeys, 1));
	for (int i = 0; i < nkeys; i++)
	{
		Wanted *wanted = &reader->wanted[i];

		wanted->utf8 = pg_server_to_any(keys[i], strlen(keys[i]), PG_UTF8);
		wanted->utf8_len = strlen(wanted->utf8);
		wanted->field = i;
		if (strcmp(keys[i], resource->columns[resource->id].key) == 0)
			reader->id_field = i;
	}
	reader->fields = palloc0(sizeof(CfdwField) * Max(nkeys, 1));
	reader->starts = palloc0(sizeof(size_t) * Max(nkeys, 1));
	initStringInfo(&reader->buf);
	initStringInfo(&reader->head);
	cfdw_reader_restart(reader);
	return reader;
}

/*
 * The same for another reply: what was read of the first is forgotten.  Never raises.
 */
void
cfdw_reader_restart(CfdwReader *reader)
{
	*reader = (CfdwReader){.resource = reader->resource,
						   .nkeys = reader->nkeys,
						   .wanted = reader->wanted,
						   .id_field = reader->id_field,
						   .buf = reader->buf,
						   .head = reader->head,
						   .starts = reader->starts,
						   .fields = reader->fields,
						   .expect = EXPECT_VALUE,
						   .field = -1};
	resetStringInfo(&reader->buf);
	resetStringInfo(&reader->head);
	memset(reader->fields, 0, sizeof(CfdwField) * reader->nkeys);
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

	if (!reader->item_found && reader->head.len < HEAD_SIZE)
		appendBinaryStringInfo(
			&reader->head, data,
			Min(len, (size_t) (HEAD_SIZE - reader->head.len)));
}

/*
 * Goes on to the next item among the bytes fed so far.  Fills in *ITEM only
 * with CFDW_READ_ITEM.  Never raises.
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
	item->id = 0;
	item->has_id =
		reader->id_field >= 0 &&
		cfdw_value_int64(&reader->fields[reader->id_field], &item->id);
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
							? gettext_noop("The reply is empty.")
							: gettext_noop("The reply ends too early.");
	if (reader->fault == NULL && !reader->items_found)
		reader->fault = gettext_noop("The reply has no list of items.");
	return reader->fault == NULL;
}

/*
 * What is wrong with the reply, a sentence to be translated, or NULL; and at which
 * byte.
 */
const char *
cfdw_reader_fault(const CfdwReader *reader, uint64 *offset)
{
	*offset = reader->dropped + reader->pos;
	return reader->fault;
}

/*
 * Whether no item has been found so far.
 */
bool
cfdw_reader_is_empty(const CfdwReader *reader)
{
	return !reader->item_found;
}

/*
 * The first bytes of a reply in which no item has been found.
 */
const char *
cfdw_reader_head(const CfdwReader *reader, size_t *len)
{
	*len = reader->head.len;
	return reader->head.data;
}

/*
 * Whether BODY as a whole is an object or an array by the grammar of JSON.  Whether
 * it is UTF-8 is not looked at.  Never raises.
 */
bool
cfdw_reader_is_json(const char *body, size_t len)
{
	CfdwReader reader = {.expect = EXPECT_VALUE, .field = -1};

	if (len > INT_MAX)
		return false;
	/* Without a resource it looks for no items, and copies nothing. */
	reader.buf.data = unconstify(char *, body);
	reader.buf.len = (int) len;
	while (reader.fault == NULL && reader.pos < len)
		step(&reader);
	return reader.fault == NULL && reader.expect == EXPECT_NOTHING;
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
 * Looks at one structural byte and what it begins, or at the rest of the open
 * token.
 */
static void
step(CfdwReader *reader)
{
	char c = reader->buf.data[reader->pos];

	if (reader->token == TOKEN_WORD)
	{
		scan_word(reader);
		return;
	}
	if (reader->token != TOKEN_NONE)
	{
		scan_string(reader);
		return;
	}
	switch (c)
	{
		case ' ':
		case '\t':
		case '\n':
		case '\r':
			reader->pos++;
			break;
		case '"':
			begin_string(reader);
			break;
		case ':':
			take_colon(reader);
			break;
		case ',':
			take_comma(reader);
			break;
		case '{':
		case '[':
			open_level(reader, c);
			break;
		case '}':
		case ']':
			close_level(reader, c);
			break;
		default:
			if (!is_mark(reader, c))
				begin_word(reader);
			break;
	}
}

/*
 * Whether C goes on with a byte order mark at the start of the reply, which is
 * skipped: it says nothing of UTF-8.
 */
static bool
is_mark(CfdwReader *reader, char c)
{
	if (reader->dropped + reader->pos != (uint64) reader->mark_len ||
		reader->mark_len == (int) MARK_LEN || c != mark[reader->mark_len])
		return false;
	reader->mark_len++;
	reader->pos++;
	return true;
}

static void
take_colon(CfdwReader *reader)
{
	if (reader->expect != EXPECT_COLON)
	{
		reader->fault = not_json;
		return;
	}
	reader->expect = EXPECT_VALUE;
	reader->pos++;
}

static void
take_comma(CfdwReader *reader)
{
	if (reader->expect != EXPECT_COMMA_OR_END)
	{
		reader->fault = not_json;
		return;
	}
	reader->expect = reader->levels[reader->depth - 1].close == '}'
						 ? EXPECT_KEY
						 : EXPECT_VALUE;
	reader->pos++;
}

static void
begin_string(CfdwReader *reader)
{
	reader->token_is_key =
		reader->expect == EXPECT_KEY || reader->expect == EXPECT_KEY_OR_END;
	if (!reader->token_is_key && !begin_value(reader, false))
		return;
	reader->token = TOKEN_STRING;
	reader->token_escaped = false;
	reader->token_start = reader->pos++;
	scan_string(reader);
}

static void
begin_word(CfdwReader *reader)
{
	if (!begin_value(reader, false))
		return;
	reader->token = TOKEN_WORD;
	reader->token_start = reader->pos;
	scan_word(reader);
}

/*
 * A value begins, which is a CONTAINER or not; false when none may stand here.
 */
static bool
begin_value(CfdwReader *reader, bool container)
{
	Role parent =
		reader->depth > 0 ? reader->levels[reader->depth - 1].role : ROLE_OTHER;

	if ((reader->expect != EXPECT_VALUE &&
		 reader->expect != EXPECT_VALUE_OR_END) ||
		(reader->depth == 0 && reader->mark_len % (int) MARK_LEN != 0))
		reader->fault = not_json;
	else if (!container && reader->depth == 0)
		reader->fault = gettext_noop("The reply is not a JSON object.");
	else if (!container && parent == ROLE_ITEMS)
		reader->fault = gettext_noop("An item of the reply is not an object.");
	else if (parent == ROLE_ITEM)
		reader->value_start = reader->pos;
	return reader->fault == NULL;
}

static void
open_level(CfdwReader *reader, char c)
{
	Level *level;

	if (!begin_value(reader, true))
		return;
	if (reader->depth == CFDW_MAX_DEPTH)
	{
		reader->fault = gettext_noop("The reply is nested too deep.");
		return;
	}
	level = &reader->levels[reader->depth];
	level->role = role_of(reader, c);
	level->close = c == '{' ? '}' : ']';
	if (level->role == ROLE_ITEMS)
		reader->items_found = true;
	else if (level->role == ROLE_ITEM)
	{
		reader->item_found = true;
		reader->in_item = true;
		reader->item_start = reader->pos;
		reader->likely = 0;
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
		reader->fault = not_json;
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
		if (data[pos] == 'u')
			reader->hex_digits = 4;
		else if (data[pos] == '\0' || strchr("\"\\/bfnrt", data[pos]) == NULL)
			reader->fault =
				gettext_noop("A string in the reply has an invalid escape.");
		pos++;
		reader->token = TOKEN_STRING;
	}
	for (; reader->hex_digits > 0 && pos < len; reader->hex_digits--)
		if (!isxdigit((unsigned char) data[pos++]))
			reader->fault =
				gettext_noop("A string in the reply has an invalid escape.");
	/* However the reply arrives, what is wrong with it first is what is said. */
	if (reader->fault != NULL)
		return;
	pos += plain_len(data + pos, len - pos);
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
		reader->fault =
			gettext_noop("A string in the reply has a control character.");
}

/*
 * How many bytes there are up to one that ends a string, begins an escape or
 * may not stand in it; LEN when there is none.  Eight are looked at together: a
 * subtraction borrows from the high bit of a byte that is too small, and if
 * others after it are touched by that, the first is still the first.
 */
static size_t
plain_len(const char *text, size_t len)
{
	const uint64 each = UINT64CONST(0x0101010101010101);
	size_t n = 0;

	for (; n + sizeof(uint64) <= len; n += sizeof(uint64))
	{
		uint64 bytes = load_first_lowest(text + n);
		uint64 quote = bytes ^ (each * '"');
		uint64 escape = bytes ^ (each * '\\');
		uint64 found = ((quote - each) & ~quote) | ((escape - each) & ~escape) |
					   ((bytes - each * ' ') & ~bytes);

		found &= each * 0x80;
		if (found != 0)
			return n + pg_rightmost_one_pos64(found) / BITS_PER_BYTE;
	}
	while (n < len && text[n] != '"' && text[n] != '\\' &&
		   (unsigned char) text[n] >= ' ')
		n++;
	return n;
}

/*
 * Eight bytes, the first of which is the least significant.
 */
static uint64
load_first_lowest(const char *text)
{
	uint64 bytes;

	memcpy(&bytes, text, sizeof(bytes));
#ifdef WORDS_BIGENDIAN
	bytes = pg_bswap64(bytes);
#endif
	return bytes;
}

/*
 * Goes on in a number or a word, to its end or to the end of the bytes.
 */
static void
scan_word(CfdwReader *reader)
{
	const char *word = reader->buf.data + reader->token_start;
	size_t pos = reader->pos;
	CfdwJsonType type;

	while (pos < (size_t) reader->buf.len && !ends_word(reader->buf.data[pos]))
		pos++;
	reader->pos = pos;
	if (pos >= (size_t) reader->buf.len)
		return;

	if (!word_type(word, pos - reader->token_start, &type))
	{
		reader->fault = not_json;
		return;
	}
	reader->token = TOKEN_NONE;
	end_value(reader, type, pos);
}

/*
 * A byte of zero ends a word, too, which then is followed by what is no JSON.
 */
static bool
ends_word(char c)
{
	switch (c)
	{
		case ' ':
		case '\t':
		case '\n':
		case '\r':
		case ',':
		case ':':
		case '[':
		case ']':
		case '{':
		case '}':
		case '"':
		case '\0':
			return true;
		default:
			return false;
	}
}

/*
 * What a word is; false when it is nothing.
 */
static bool
word_type(const char *word, size_t len, CfdwJsonType *type)
{
	size_t digits = 0;

	if (raw_equals(word, len, "null"))
		*type = CFDW_JSON_NULL;
	else if (raw_equals(word, len, "true") || raw_equals(word, len, "false"))
		*type = CFDW_JSON_BOOL;
	else
	{
		*type = CFDW_JSON_NUMBER;
		while (digits < len && word[digits] >= '0' && word[digits] <= '9')
			digits++;
		/* Most numbers are no more than that. */
		return (digits == len && len > 0 && (word[0] != '0' || len == 1)) ||
			   cfdw_value_is_number(word, len);
	}
	return true;
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
	if (reader->resource == NULL)
		return;
	switch (reader->levels[reader->depth - 1].role)
	{
		case ROLE_ROOT:
			reader->key_leads =
				cfdw_value_spells(key, len, reader->resource->envelope);
			break;
		case ROLE_ENVELOPE:
			reader->key_leads =
				cfdw_value_spells(key, len, reader->resource->items);
			break;
		case ROLE_ITEM:
			reader->field = find_wanted(reader, key, len);
			break;
		default:
			break;
	}
}

/*
 * The field for the value of KEY, or -1.  Items tend to have their keys in the
 * same order: it is learnt, so that most keys are the first one tried.
 */
static int
find_wanted(CfdwReader *reader, const char *key, size_t len)
{
	Wanted *likely = &reader->wanted[reader->likely];
	Wanted *end = reader->wanted + reader->nkeys;
	Wanted *found = likely;

	if (likely == end || !is_key(reader, likely, key, len))
	{
		found = reader->wanted;
		while (found < end && !is_key(reader, found, key, len))
			found++;
	}
	if (found == end)
		return -1;
	if (found > likely)
	{
		Wanted other = *likely;

		*likely = *found;
		*found = other;
		found = likely;
	}
	reader->likely = found - reader->wanted + 1;
	return found->field;
}

static bool
is_key(const CfdwReader *reader, const Wanted *wanted, const char *key,
	   size_t len)
{
	if (reader->token_escaped)
		return cfdw_value_spells(key, len, wanted->utf8);
	return len == wanted->utf8_len && memcmp(key, wanted->utf8, len) == 0;
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
