/*-------------------------------------------------------------------------
 *
 * codec.c
 *	  Rows -> request payloads, small replies -> values.
 *
 * Payloads are written in one pass, with PostgreSQL's escape_json(); replies
 * are read with json-c, and this is the only place that uses it.  A tree of
 * json-c's lives in malloc'ed memory: it hangs on a Tree, which frees it when
 * the memory context in which it was made is reset, so that an error in between
 * leaks nothing.
 *
 * Facts: the API page, "POST: what may be written", "POST reply", "Errors"
 * and "Who one is".  Must not know HTTP or where rows come from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "access/xact.h"
#include "catalog/namespace.h"
#include "common/string.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/json.h"
#include "utils/memutils.h"

#include "api/codec.h"

/* The account's words are shortened to this many bytes. */
#define MAX_WORDS 500

/* Of a page in HTML this many bytes are searched for its title. */
#define MAX_PAGE 4096

/* A json-c tree that is freed with the memory context it was made in. */
typedef struct Tree
{
	MemoryContextCallback callback;
	json_object *root;
} Tree;

static Tree *new_tree(void);
static void free_tree(void *arg);
static void raise_out_of_memory(void);
static void append_row(StringInfo json, CfdwVerb verb, const CfdwRow *row);
static void append_key(StringInfo json, const char *key);
static char *to_utf8(StringInfo json, size_t *len);
static Tree *parse(const char *body, size_t len);
static json_object *try_parse(const char *body, size_t len, bool *no_memory);
static json_object *member(json_object *object, const char *key);
static bool to_int64(json_object *value, int64 *result);
static bool text_to_int64(const char *text, int64 *result);
static void collect_items(const CfdwResource *resource, json_object *value,
						  bool outermost, CfdwReply *reply);
static void collect_item(const CfdwResource *resource, json_object *item,
						 CfdwReply *reply);
static void collect_errors(const CfdwResource *resource, json_object *errors,
						   CfdwReply *reply);
static void collect_verb_errors(json_object *errors, int verb,
								CfdwReply *reply);
static void collect_error(const char *key, json_object *value, int verb,
						  CfdwReply *reply);
static void read_problem(json_object *object, CfdwProblem *problem);
static void append_words(StringInfo words, json_object *value);
static void append_validation_errors(StringInfo words, json_object *errors);
static char *page_words(const char *body, size_t len);
static void append_converted(StringInfo out, const char *utf8, int len);

/*
 * The body of a POST that does to each row of RESOURCE in BY_VERB, which are
 * CFDW_NVERBS, what its verb says: JSON in UTF-8, palloc'ed in the current context, its length in
 * *LEN.  Raises 22021 or 22P05 when a text cannot be converted.
 *
 * An "add" holds what is given; an "update" the id and what is given; a
 * "delete" ids alone.
 */
char *
cfdw_codec_payload(const CfdwResource *resource, const CfdwRows *by_verb,
				   size_t *len)
{
	StringInfoData json;

	initStringInfo(&json);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		const CfdwRows *rows = &by_verb[verb];

		if (rows->n == 0)
			continue;
		appendStringInfoChar(&json, json.len == 0 ? '{' : ',');
		append_key(&json, resource->verbs[verb]);
		for (int i = 0; i < rows->n; i++)
		{
			appendStringInfoChar(&json, i == 0 ? '[' : ',');
			if (verb == CFDW_DELETE)
				appendStringInfo(&json, INT64_FORMAT, rows->rows[i]->id);
			else
				append_row(&json, verb, rows->rows[i]);
		}
		appendStringInfoChar(&json, ']');
	}
	Assert(json.len > 0);
	appendStringInfoChar(&json, '}');
	return to_utf8(&json, len);
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

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_key(&json, cfdw_login_call.user_key);
	escape_json(&json, login);
	appendStringInfoChar(&json, ',');
	append_key(&json, cfdw_login_call.secret_key);
	escape_json(&json, api_key);
	appendStringInfoChar(&json, '}');
	return to_utf8(&json, len);
}

/*
 * Reads the reply to a POST into *REPLY, palloc'ed in the current context.
 * False when it is not JSON or holds neither items nor errors.
 */
bool
cfdw_codec_reply(const CfdwResource *resource, const char *body, size_t len,
				 CfdwReply *reply)
{
	Tree *tree = parse(body, len);
	json_object *envelope = member(tree->root, resource->envelope);
	json_object *items = member(envelope, resource->items);
	json_object *errors = member(envelope, resource->errors);
	bool found = items != NULL || errors != NULL;

	memset(reply, 0, sizeof(*reply));
	if (items != NULL && !json_object_is_type(items, json_type_array) &&
		!json_object_is_type(items, json_type_object))
		found = false;
	else if (items != NULL)
		collect_items(resource, items, true, reply);
	if (errors != NULL)
		collect_errors(resource, errors, reply);
	free_tree(tree);
	return found;
}

/*
 * Whether the reply to a login says that it was accepted.  Never raises.
 */
bool
cfdw_codec_login_accepted(const char *body, size_t len)
{
	bool no_memory;
	json_object *root = try_parse(body, len, &no_memory);
	json_object *auth = member(member(root, "response"), "auth");
	bool accepted = auth != NULL && json_object_get_boolean(auth);

	json_object_put(root);
	return accepted;
}

/*
 * Reads the body of a reply that is no success into *PROBLEM, palloc'ed in the
 * current context: any of the five kinds of the API page, or something else,
 * of which the first words are kept.  True when the body is JSON that reports
 * an error.
 */
bool
cfdw_codec_problem(const char *body, size_t len, CfdwProblem *problem)
{
	Tree *tree = parse(body, len);
	json_object *object = member(tree->root, "response");
	bool is_object = json_object_is_type(tree->root, json_type_object);

	memset(problem, 0, sizeof(*problem));
	read_problem(object != NULL ? object : tree->root, problem);
	if (problem->words == NULL && tree->root == NULL)
		problem->words = page_words(body, len);
	free_tree(tree);
	return is_object && (problem->words != NULL || problem->code != 0);
}

/*
 * Words of another program, fit for a message: in the database encoding, on
 * one line, without control characters, shortened.  What cannot be converted
 * becomes a question mark.  Palloc'ed in the current context; raises nothing
 * but an error for want of memory.
 */
char *
cfdw_codec_clean(const char *text, size_t len)
{
	StringInfoData out;
	const char *end = text + len;

	initStringInfo(&out);
	while (text < end && out.len < MAX_WORDS)
	{
		int width = pg_utf_mblen((const unsigned char *) text);

		if (width > end - text ||
			!pg_utf8_islegal((const unsigned char *) text, width))
		{
			appendStringInfoChar(&out, '?');
			text++;
		}
		else if (width == 2 && (unsigned char) text[0] == 0xc2 &&
				 (unsigned char) text[1] < 0xa0)
		{
			/* U+0080 to U+009F are control characters too. */
			appendStringInfoChar(&out, ' ');
			text += width;
		}
		else if (width > 1)
		{
			append_converted(&out, text, width);
			text += width;
		}
		else
		{
			bool blank = (unsigned char) *text <= ' ' || *text == 0x7f;

			if (!blank)
				appendStringInfoChar(&out, *text);
			else if (out.len > 0 && out.data[out.len - 1] != ' ')
				appendStringInfoChar(&out, ' ');
			text++;
		}
	}
	if (text < end)
		appendStringInfoString(&out, "...");
	while (out.len > 0 && out.data[out.len - 1] == ' ')
		out.data[--out.len] = '\0';
	return out.data;
}

static Tree *
new_tree(void)
{
	Tree *tree = palloc0(sizeof(Tree));

	tree->callback.func = free_tree;
	tree->callback.arg = tree;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &tree->callback);
	return tree;
}

/*
 * Frees the tree's nodes, at once or with its memory context.
 */
static void
free_tree(void *arg)
{
	Tree *tree = arg;

	json_object_put(tree->root);
	tree->root = NULL;
}

static void
raise_out_of_memory(void)
{
	ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
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

	/* In an abort no encoding can be converted: nor need ids be. */
	if (!pg_is_ascii(json->data))
		utf8 = pg_server_to_any(json->data, json->len, PG_UTF8);
	*len = utf8 == json->data ? (size_t) json->len : strlen(utf8);
	return utf8;
}

/*
 * A tree of BODY; its root is NULL when that is not JSON.
 */
static Tree *
parse(const char *body, size_t len)
{
	Tree *tree = new_tree();
	bool no_memory;

	tree->root = try_parse(body, len, &no_memory);
	if (no_memory)
		raise_out_of_memory();
	return tree;
}

/*
 * The same, without an owner: the caller frees it.  Never raises.
 */
static json_object *
try_parse(const char *body, size_t len, bool *no_memory)
{
	json_tokener *tokener;
	json_object *root;

	*no_memory = false;
	if (len == 0 || len > INT_MAX)
		return NULL;
	tokener = json_tokener_new();
	if (tokener == NULL)
	{
		*no_memory = true;
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	root = json_tokener_parse_ex(tokener, body, (int) len);
	if (json_tokener_get_error(tokener) != json_tokener_success)
	{
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

/*
 * A member of an object; NULL when it is missing, null, or OBJECT is none.
 */
static json_object *
member(json_object *object, const char *key)
{
	json_object *value;

	if (!json_object_is_type(object, json_type_object) ||
		!json_object_object_get_ex(object, key, &value))
		return NULL;
	return value;
}

/*
 * An integer, or a string of digits.  json-c clamps what needs more than 64
 * bits, so the greatest value counts as none.
 */
static bool
to_int64(json_object *value, int64 *result)
{
	if (json_object_is_type(value, json_type_string))
		return text_to_int64(json_object_get_string(value), result);
	if (!json_object_is_type(value, json_type_int))
		return false;
	*result = json_object_get_int64(value);
	return *result != PG_INT64_MAX && *result != PG_INT64_MIN;
}

static bool
text_to_int64(const char *text, int64 *result)
{
	char *end;

	if (text == NULL || *text == '\0')
		return false;
	errno = 0;
	*result = strtoi64(text, &end, 10);
	return errno == 0 && *end == '\0';
}

/*
 * Items come as a list, as lists in a list or as a map of either: flatten.
 */
static void
collect_items(const CfdwResource *resource, json_object *value, bool outermost,
			  CfdwReply *reply)
{
	if (json_object_is_type(value, json_type_array))
	{
		size_t n = json_object_array_length(value);

		for (size_t i = 0; i < n; i++)
			collect_items(resource, json_object_array_get_idx(value, i), false,
						  reply);
	}
	else if (outermost && json_object_is_type(value, json_type_object))
	{
		json_object_object_foreach(value, key, child)
		{
			(void) key;
			collect_items(resource, child, false, reply);
		}
	}
	else
		collect_item(resource, value, reply);
}

static void
collect_item(const CfdwResource *resource, json_object *item, CfdwReply *reply)
{
	const char *id_key = resource->columns[resource->id].key;
	const char *request_key = resource->columns[resource->request_id].key;
	CfdwReplyItem *result;

	/* Grow when the number is a power of two. */
	if (reply->nitems == 0)
		reply->items = palloc(sizeof(CfdwReplyItem));
	else if ((reply->nitems & (reply->nitems - 1)) == 0)
		reply->items =
			repalloc(reply->items, sizeof(CfdwReplyItem) * reply->nitems * 2);
	result = &reply->items[reply->nitems++];
	memset(result, 0, sizeof(*result));

	if (!to_int64(member(item, id_key), &result->id) &&
		!to_int64(item, &result->id))
		result->id = 0;
	result->has_request_id =
		to_int64(member(item, request_key), &result->request_id);
}

/*
 * Errors come by verb, or without one (API page, "POST reply").
 */
static void
collect_errors(const CfdwResource *resource, json_object *errors,
			   CfdwReply *reply)
{
	bool by_verb = false;

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		json_object *some = member(errors, resource->verbs[verb]);

		if (some == NULL)
			continue;
		by_verb = true;
		collect_verb_errors(some, verb, reply);
	}
	if (!by_verb)
		collect_verb_errors(errors, -1, reply);
}

static void
collect_verb_errors(json_object *errors, int verb, CfdwReply *reply)
{
	if (json_object_is_type(errors, json_type_array))
	{
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n; i++)
			collect_error(NULL, json_object_array_get_idx(errors, i), verb,
						  reply);
	}
	else if (member(errors, "code") != NULL ||
			 member(errors, "error_code") != NULL ||
			 !json_object_is_type(errors, json_type_object))
		collect_error(NULL, errors, verb, reply);
	else
	{
		json_object_object_foreach(errors, key, value)
			collect_error(key, value, verb, reply);
	}
}

/*
 * One refused row: a message, a code, or an object with either.
 */
static void
collect_error(const char *key, json_object *value, int verb, CfdwReply *reply)
{
	static const char *const names[] = {"id", "request_id"};
	CfdwReplyError *error;

	if (value == NULL || (json_object_is_type(value, json_type_boolean) &&
						  !json_object_get_boolean(value)))
		return;
	if (reply->nerrors == 0)
		reply->errors = palloc(sizeof(CfdwReplyError));
	else if ((reply->nerrors & (reply->nerrors - 1)) == 0)
		reply->errors = repalloc(reply->errors,
								 sizeof(CfdwReplyError) * reply->nerrors * 2);
	error = &reply->errors[reply->nerrors++];
	memset(error, 0, sizeof(*error));
	error->verb = verb;
	error->has_key = text_to_int64(key, &error->key);
	for (size_t i = 0; i < lengthof(names) && !error->has_key; i++)
		error->has_key = to_int64(member(value, names[i]), &error->key);

	if (json_object_is_type(value, json_type_object))
		read_problem(value, &error->problem);
	else if (json_object_is_type(value, json_type_int))
		error->problem.code = json_object_get_int(value);
	else
	{
		const char *words = json_object_get_string(value);

		error->problem.words = cfdw_codec_clean(words, strlen(words));
	}
}

/*
 * Reads what an object says of an error.  OBJECT may be NULL or no object.
 */
static void
read_problem(json_object *object, CfdwProblem *problem)
{
	static const char *const word_keys[] = {"error", "message", "title",
											"detail", "hint"};
	static const char *const code_keys[] = {"error_code", "code"};
	StringInfoData words;
	int64 number;

	initStringInfo(&words);
	for (size_t i = 0; i < lengthof(word_keys); i++)
		append_words(&words, member(object, word_keys[i]));
	append_validation_errors(&words, member(object, "validation-errors"));
	if (words.len > 0)
		problem->words = cfdw_codec_clean(words.data, words.len);

	for (size_t i = 0; i < lengthof(code_keys); i++)
		if (to_int64(member(object, code_keys[i]), &number) && number > 0 &&
			number <= INT_MAX)
			problem->code = (int) number;
	if (to_int64(member(object, "retry_after"), &number) && number > 0 &&
		number <= INT_MAX)
		problem->retry_after_s = (int) number;
}

static void
append_words(StringInfo words, json_object *value)
{
	if (json_object_is_type(value, json_type_string))
		appendStringInfo(words, "%s%s", words->len > 0 ? "; " : "",
						 json_object_get_string(value));
}

/*
 * What is wrong with which field: the third kind of error body.
 */
static void
append_validation_errors(StringInfo words, json_object *errors)
{
	size_t n = json_object_is_type(errors, json_type_array)
				   ? json_object_array_length(errors)
				   : 0;

	for (size_t i = 0; i < n; i++)
	{
		json_object *row = json_object_array_get_idx(errors, i);
		json_object *list = member(row, "errors");
		size_t nfields = json_object_is_type(list, json_type_array)
							 ? json_object_array_length(list)
							 : 0;

		for (size_t j = 0; j < nfields; j++)
		{
			json_object *field = json_object_array_get_idx(list, j);

			append_words(words, member(field, "path"));
			append_words(words, member(field, "code"));
			append_words(words, member(field, "detail"));
		}
	}
}

/*
 * The title of a page in HTML, or the first words of any other text; NULL when
 * there are none.
 */
static char *
page_words(const char *body, size_t len)
{
	char *page = pnstrdup(body, Min(len, MAX_PAGE));
	char *title = strstr(page, "<title>");
	char *end = title != NULL ? strstr(title, "</title>") : NULL;
	char *words;

	if (end != NULL)
	{
		title += strlen("<title>");
		words = cfdw_codec_clean(title, end - title);
	}
	else
		words = cfdw_codec_clean(page, strlen(page));
	return words[0] != '\0' ? words : NULL;
}

/*
 * Appends one valid character of UTF-8 in the database encoding.
 */
static void
append_converted(StringInfo out, const char *utf8, int len)
{
	int encoding = GetDatabaseEncoding();
	unsigned char converted[MAX_CONVERSION_GROWTH * 4 + 1];
	Oid function;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII)
	{
		appendBinaryStringInfo(out, utf8, len);
		return;
	}
	function = IsTransactionState()
				   ? FindDefaultConversionProc(PG_UTF8, encoding)
				   : InvalidOid;
	if (OidIsValid(function) &&
		pg_do_encoding_conversion_buf(
			function, PG_UTF8, encoding,
			unconstify(unsigned char *, (const unsigned char *) utf8), len,
			converted, sizeof(converted), true) == len)
		appendStringInfoString(out, (char *) converted);
	else
		appendStringInfoChar(out, '?');
}
