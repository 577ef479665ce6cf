/*-------------------------------------------------------------------------
 *
 * codec.c
 *	  Rows -> request payloads.
 *
 * Payloads are written in one pass, with PostgreSQL's escape_json(), into memory
 * that is measured before: so one too large is refused as such, and nothing can
 * raise, for an abort needs payloads, too.  Must not know HTTP or where rows come from.
 *
 * Facts: the API page, "POST: what may be written" and "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "api/codec.h"

/* Digits and sign of a 64-bit integer. */
#define MAX_INTEGER 20

/* appendStringInfo() enlarges what has not that much left. */
#define ROOM_TO_SPARE 64

static Size measure(const CfdwResource *resource, const CfdwRows *by_verb);
static Size measure_row(const CfdwRow *row);
static Size measure_string(const char *text);
static void append_rows(StringInfo json, const CfdwResource *resource,
						const CfdwRows *by_verb);
static void append_row(StringInfo json, CfdwVerb verb, const CfdwRow *row);
static void append_key(StringInfo json, const char *key);
static char *to_utf8(StringInfo json, size_t *len);

/*
 * The body of a POST that does to each row of RESOURCE in BY_VERB, which are
 * CFDW_NVERBS and hold UTF-8, what its verb says: JSON, palloc'ed in the current
 * context, its length in *LEN.  NULL when it is more than a request can hold, or memory
 * has run out.  Never raises.
 *
 * An "add" holds what is given; an "update" the id and what is given; a
 * "delete" ids alone.
 */
char *
cfdw_codec_payload(const CfdwResource *resource, const CfdwRows *by_verb,
				   size_t *len)
{
	Size size = measure(resource, by_verb);
	StringInfoData json = {0};

	if (size >= MaxAllocSize)
		return NULL;
	/* All of it fits, so that nothing has to be enlarged. */
	json.data = palloc_extended(size, MCXT_ALLOC_NO_OOM);
	if (json.data == NULL)
		return NULL;
	json.maxlen = (int) size;
	resetStringInfo(&json);
	append_rows(&json, resource, by_verb);
	Assert((Size) json.len < size);
	*len = json.len;
	return json.data;
}

/*
 * Raises the error for rows that have no payload: 54000 when no request can hold them,
 * else 53200.
 */
void
cfdw_codec_refuse(const CfdwResource *resource, const CfdwRows *by_verb)
{
	int n = 0;

	if (measure(resource, by_verb) < MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		n += by_verb[verb].n;
	ereport(
		ERROR,
		(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
		 errmsg_plural("%d row is too large to be sent in one request",
					   "%d rows are too large to be sent in one request", n, n),
		 errdetail("A request holds less than %zu bytes.", MaxAllocSize),
		 n > 1 ? errhint("Lower the option \"batch_size\".") : 0));
}

/*
 * What a row gives, as JSON in the database encoding.
 */
char *
cfdw_codec_row(const CfdwRow *row)
{
	StringInfoData json;

	initStringInfo(&json);
	append_row(&json, CFDW_ADD, row);
	return json.data;
}

/*
 * The body of a login request, as above.
 */
char *
cfdw_codec_login(const char *login, const char *api_key, size_t *len)
{
	StringInfoData json;
	char *body;

	initStringInfo(&json);
	/* At once, for a copy of it would stay wherever it was moved from. */
	enlargeStringInfo(&json, (int) (strlen(cfdw_login_call.user_key) +
									strlen(cfdw_login_call.secret_key) +
									measure_string(login) +
									measure_string(api_key) + ROOM_TO_SPARE));
	appendStringInfoChar(&json, '{');
	append_key(&json, cfdw_login_call.user_key);
	escape_json(&json, login);
	appendStringInfoChar(&json, ',');
	append_key(&json, cfdw_login_call.secret_key);
	escape_json(&json, api_key);
	appendStringInfoChar(&json, '}');
	body = to_utf8(&json, len);
	if (body != json.data)
		explicit_bzero(json.data, json.len);
	return body;
}

/*
 * So many bytes, at most, a payload takes with the zero at its end.
 */
static Size
measure(const CfdwResource *resource, const CfdwRows *by_verb)
{
	Size size = sizeof("{}");

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		size += strlen(resource->verbs[verb]) + strlen("\"\":[],");
		for (int i = 0; i < by_verb[verb].n; i++)
			size += measure_row(by_verb[verb].rows[i]) + strlen(",");
	}
	return size + ROOM_TO_SPARE;
}

static Size
measure_row(const CfdwRow *row)
{
	const CfdwResource *resource = row->resource;
	Size size = strlen("{}") + strlen(resource->columns[resource->id].key) +
				strlen("\"\":,") + MAX_INTEGER;

	for (int i = 0; i < resource->ncolumns; i++)
		if (row->values[i] != NULL)
			size += measure_string(resource->columns[i].key) +
					measure_string(row->values[i]) + strlen(":,");
	return size;
}

/*
 * A text with its quotes and escapes, as many as escape_json() makes.
 */
static Size
measure_string(const char *text)
{
	Size size = strlen("\"\"");

	for (; *text != '\0'; text++)
		if (*text == '"' || *text == '\\' ||
			(*text >= '\b' && *text <= '\r' && *text != '\v'))
			size += strlen("\\n");
		else if ((unsigned char) *text < ' ')
			size += strlen("\\u0000");
		else
			size++;
	return size;
}

/*
 * Appends the rows of all verbs.
 */
static void
append_rows(StringInfo json, const CfdwResource *resource,
			const CfdwRows *by_verb)
{
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		const CfdwRows *rows = &by_verb[verb];

		if (rows->n == 0)
			continue;
		appendStringInfoChar(json, json->len == 0 ? '{' : ',');
		append_key(json, resource->verbs[verb]);
		for (int i = 0; i < rows->n; i++)
		{
			appendStringInfoChar(json, i == 0 ? '[' : ',');
			if (verb == CFDW_DELETE)
				appendStringInfo(json, INT64_FORMAT, rows->rows[i]->id);
			else
				append_row(json, verb, rows->rows[i]);
		}
		appendStringInfoChar(json, ']');
	}
	Assert(json->len > 0);
	appendStringInfoChar(json, '}');
}

/*
 * Appends what ROW gives, in the order of the resource's columns.
 */
static void
append_row(StringInfo json, CfdwVerb verb, const CfdwRow *row)
{
	const CfdwResource *resource = row->resource;
	int start = json->len;

	if (verb == CFDW_UPDATE)
		appendStringInfo(json, "{\"%s\":" INT64_FORMAT,
						 resource->columns[resource->id].key, row->id);
	for (int i = 0; i < resource->ncolumns; i++)
	{
		const CfdwResourceColumn *column = &resource->columns[i];

		if (row->values[i] == NULL)
			continue;
		appendStringInfoChar(json, json->len == start ? '{' : ',');
		append_key(json, column->key);
		/* Integers and booleans are in their JSON form already. */
		if (column->kind == CFDW_KIND_INTEGER ||
			column->kind == CFDW_KIND_BOOLEAN)
			appendStringInfoString(json, row->values[i]);
		else
			escape_json(json, row->values[i]);
	}
	if (json->len == start)
		appendStringInfoChar(json, '{');
	appendStringInfoChar(json, '}');
}

static void
append_key(StringInfo json, const char *key)
{
	escape_json(json, key);
	appendStringInfoChar(json, ':');
}

/*
 * JSON in the database encoding as UTF-8, its length in *LEN.
 */
static char *
to_utf8(StringInfo json, size_t *len)
{
	char *utf8 = json->data;

	if (!pg_is_ascii(json->data))
		utf8 = pg_server_to_any(json->data, json->len, PG_UTF8);
	*len = utf8 == json->data ? (size_t) json->len : strlen(utf8);
	return utf8;
}
