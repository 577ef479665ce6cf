/*-------------------------------------------------------------------------
 *
 * reply.c
 *	  What a small reply says: the one to a POST, to a login, or an error.
 *
 * Owns the shapes of replies but for lists, and how the account's codes are
 * found, which come in words as well.  This is the only place that uses json-c.
 * A tree of json-c's lives in malloc'ed memory: it hangs on a Tree, which frees
 * it when the memory context in which it was made is reset, so that an error in
 * between leaks nothing.  What json-c takes for JSON depends on its version, and
 * is more than JSON: the grammar is checked before (cfdw_reader_is_json).
 *
 * Facts: the API page, "POST reply", "Errors" and "Who one is".  Must not know
 * HTTP, nor which rows were sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <json-c/json.h>

#include <ctype.h>
#include <limits.h>

#include "lib/stringinfo.h"
#include "utils/memutils.h"

#include "api/integer.h"
#include "api/reader.h"
#include "api/reply.h"
#include "api/words.h"

/* A json-c tree that is freed with the memory context it was made in. */
typedef struct Tree
{
	MemoryContextCallback callback;
	json_object *root;
} Tree;

/* A reply to a POST being read. */
typedef struct Reading
{
	const CfdwResource *resource;
	CfdwReply *reply;
	json_object *whole; /* what is said of all rows, where that is told with
						 * each of them; or NULL */
	bool in_words;      /* words are wanted; without them, nothing raises */
	bool no_memory;
} Reading;

/* What is being said of a failure. */
typedef struct Said
{
	CfdwProblem *problem;
	StringInfo words; /* or NULL: they are not wanted */
	bool of_list;     /* of a single row that was there, perhaps */
	bool any;         /* something is said */
} Said;

/* Keys under which words, codes and the errors of single rows stand. */
static const char *const word_keys[] = {"error", "message", "title", "detail",
										"hint"};
static const char *const code_keys[] = {"error_code", "code"};
static const char *const row_keys[] = {"id", "request_id"};
static const char validation_errors[] = "validation-errors";

/* The account's own codes, as they come in words. */
static const int codes_in_words[] = {
	101, 110, 111, 112, 113, 222, 244, 281, CFDW_CODE_GONE, 283, 284, 285};

/* What may stand before one of them. */
static const char *const code_words[] = {"error",  "code", "ошибка", "ошибки",
										 "Ошибка", "код",  "Код"};

/* What may stand between them, or after one with which a text begins. */
static const char *const code_marks[] = {":", "#", "=", "(", "[",
										 "-", "№", "–", "—"};

/* What stands in the words of one that is about how much was sent. */
static const char *const size_words[] = {
	"too many",  "too much",      "too large",     "too big", "limit",
	"more than", "слишком много", "Слишком много", "лимит",   "Лимит"};

/* Between the words of one failure. */
static const char word_separator[] = "; ";

/* What an account says of a row that it does not have, with or without a code. */
static const char *const absent_words[] = {"not found", "не найден",
										   "Не найден"};
#define STATUS_NOT_FOUND 404

/* What it may call a list there. */
static const char *const list_words[] = {"list ", "catalog ", "Список ",
										 "Каталог "};

static bool read_plain(Reading *reading, const char *body, size_t len);
static void read_tree(Reading *reading, json_object *root);
static Tree *new_tree(const char *body, size_t len);
static void free_tree(void *arg);
static json_object *parse(const char *body, size_t len);
static json_object *member(json_object *object, const char *key);
static bool to_int64(json_object *value, int64 *result);
static bool is_set(json_object *value);
static void *grow(Reading *reading, void *array, int n, size_t size);
static void collect_items(Reading *reading, json_object *value, bool outermost);
static void collect_item(Reading *reading, json_object *item);
static CfdwReplyItem *new_item(Reading *reading);
static void collect_errors(Reading *reading, json_object *errors);
static void collect_verb_errors(Reading *reading, json_object *errors,
								int verb);
static bool is_one_error(json_object *value);
static void collect_error(Reading *reading, const char *key, json_object *value,
						  int verb);
static void hear(Said *said, json_object *object);
static void hear_code(Said *said, json_object *value);
static void hear_all(Said *said, json_object *errors);
static void hear_words(Said *said, json_object *value);
static void hear_absent(Said *said);
static bool is_absence(const char *text);
static bool is_said(const StringInfoData *words, const char *text);
static size_t bare_len(const char *text, size_t len);
static bool is_status(int code);
static int code_in_words(const char *text);
static bool is_named_code(const char *text, const char *number,
						  const char *end);
static size_t mark_at(const char *text);
static size_t mark_before(const char *text, const char *end);
static bool mentions_any(const char *text, const char *const *words, size_t n);
static void keep_words(Said *said);

/*
 * Reads the reply to a POST into *REPLY, palloc'ed in the current context.
 * False when it is not JSON or holds neither items nor errors.
 */
bool
cfdw_reply_read(const CfdwResource *resource, const char *body, size_t len,
				CfdwReply *reply)
{
	Reading reading = {.resource = resource, .reply = reply, .in_words = true};
	Tree *tree;

	if (read_plain(&reading, body, len))
		return true;
	memset(reply, 0, sizeof(*reply));
	tree = new_tree(body, len);
	read_tree(&reading, tree->root);
	free_tree(tree);
	if (reading.no_memory)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return reply->named;
}

/*
 * The same in an abort: never raises, looks at no catalog, and leaves words out.
 * False when nothing can be said: it is not JSON, or memory has run out.
 */
bool
cfdw_reply_try(const CfdwResource *resource, const char *body, size_t len,
			   CfdwReply *reply)
{
	Reading reading = {.resource = resource, .reply = reply};
	json_object *root = parse(body, len);
	bool read = root != NULL;

	memset(reply, 0, sizeof(*reply));
	read_tree(&reading, root);
	json_object_put(root);
	return read && !reading.no_memory;
}

/*
 * Whether the reply to a login says that it was accepted.  Never raises.
 */
bool
cfdw_reply_signed_in(const char *body, size_t len)
{
	json_object *root = parse(body, len);
	bool accepted = is_set(member(member(root, "response"), "auth"));

	json_object_put(root);
	return accepted;
}

/*
 * Reads the body of a reply that is no success into *PROBLEM, palloc'ed in the
 * current context: any of the five kinds of the API page, or something else,
 * of which the first words are kept, in the encoding that CONTENT_TYPE names, a
 * header of the reply.  True when the body is JSON that reports an error.
 */
bool
cfdw_reply_problem(const char *body, size_t len, const char *content_type,
				   CfdwProblem *problem)
{
	Tree *tree = new_tree(body, len);
	json_object *object = member(tree->root, "response");
	bool is_object = json_object_is_type(tree->root, json_type_object);
	StringInfoData words;
	Said said = {.problem = problem, .words = &words};

	memset(problem, 0, sizeof(*problem));
	initStringInfo(&words);
	if (object == NULL)
		object = tree->root;
	hear(&said, object);
	problem->invalid = is_set(member(object, validation_errors));
	hear_all(&said, member(object, validation_errors));
	hear_all(&said, member(object, "errors"));
	keep_words(&said);
	if (!said.any && tree->root == NULL)
		problem->words = cfdw_words_page(body, len, content_type);
	free_tree(tree);
	return is_object && said.any;
}

/*
 * Reads a reply that names no errors, in a fraction of the time that a tree of it
 * takes.  False: it is another one, or none.
 */
static bool
read_plain(Reading *reading, const char *body, size_t len)
{
	const CfdwResource *resource = reading->resource;
	const char *keys[] = {resource->columns[resource->id].key,
						  resource->columns[resource->request_id].key};
	CfdwReply *reply = reading->reply;
	CfdwReader *reader;
	CfdwItem item;

	memset(reply, 0, sizeof(*reply));
	/* The key of an error may be written with escapes. */
	if (len == 0 || strstr(body, "error") != NULL ||
		strstr(body, "\\u") != NULL)
		return false;
	reader = cfdw_reader_create(resource, lengthof(keys), keys);
	cfdw_reader_feed(reader, body, len);
	while (cfdw_reader_next(reader, &item) == CFDW_READ_ITEM)
	{
		CfdwReplyItem *read = new_item(reading);

		if (read == NULL)
			return false;
		read->id = item.has_id ? item.id : 0;
		read->has_request_id =
			cfdw_value_int64(&item.fields[1], &read->request_id);
	}
	reply->named = cfdw_reader_finish(reader);
	return reply->named;
}

/*
 * Reads the reply whose tree is ROOT, which may be NULL.
 */
static void
read_tree(Reading *reading, json_object *root)
{
	const CfdwResource *resource = reading->resource;
	CfdwReply *reply = reading->reply;
	json_object *envelope = member(root, resource->envelope);
	json_object *items = member(envelope, resource->items);
	json_object *response = member(root, "response");
	json_object *places[] = {envelope, root, response};
	bool no_items = items != NULL &&
					!json_object_is_type(items, json_type_array) &&
					!json_object_is_type(items, json_type_object);
	StringInfoData words;
	Said said = {.problem = &reply->problem};

	if (items != NULL && !no_items)
		collect_items(reading, items, true);
	for (size_t i = 0; i < lengthof(places); i++)
	{
		collect_errors(reading, member(places[i], resource->errors));
		reading->whole = places[i];
		collect_verb_errors(reading, member(places[i], validation_errors), -1);
		reading->whole = NULL;
	}
	reply->named = !no_items && (items != NULL || reply->nerrors > 0 ||
								 member(envelope, resource->errors) != NULL);

	if (reading->in_words)
	{
		initStringInfo(&words);
		said.words = &words;
	}
	hear(&said, response != NULL ? response : root);
	keep_words(&said);
	reply->failed = said.any;
}

/*
 * A tree of BODY, in the current memory context; its root is NULL when that is
 * not JSON.
 */
static Tree *
new_tree(const char *body, size_t len)
{
	Tree *tree = palloc0(sizeof(Tree));

	tree->callback.func = free_tree;
	tree->callback.arg = tree;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &tree->callback);
	tree->root = parse(body, len);
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

/*
 * What BODY holds, or NULL when it is not JSON or memory has run out.  Never
 * raises.
 */
static json_object *
parse(const char *body, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	json_tokener *tokener;
	json_object *root;

	/* A byte order mark says nothing of UTF-8. */
	if (len >= strlen(mark) && memcmp(body, mark, strlen(mark)) == 0)
	{
		body += strlen(mark);
		len -= strlen(mark);
	}
	if (len > INT_MAX || !cfdw_reader_is_json(body, len))
		return NULL;
	tokener = json_tokener_new_ex(CFDW_MAX_DEPTH);
	if (tokener == NULL)
		return NULL;
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
 * An integer, as a number or a string.  What json-c clamps to 64 bits is too
 * great, or the last one that is not.
 */
static bool
to_int64(json_object *value, int64 *result)
{
	const char *text;

	if (!json_object_is_type(value, json_type_string) &&
		!json_object_is_type(value, json_type_int) &&
		!json_object_is_type(value, json_type_double))
		return false;
	text = json_object_get_string(value);
	return text != NULL && cfdw_integer_read(text, strlen(text), result);
}

/*
 * Whether a value says something: it is not null, false, zero or empty.
 */
static bool
is_set(json_object *value)
{
	int64 number;

	switch (json_object_get_type(value))
	{
		case json_type_null:
			return false;
		case json_type_array:
			return json_object_array_length(value) > 0;
		case json_type_object:
			return json_object_object_length(value) > 0;
		case json_type_boolean:
			return json_object_get_boolean(value);
		case json_type_string:
			if (strcmp(json_object_get_string(value), "false") == 0)
				return false;
			/* FALLTHROUGH */
		default:
			return json_object_get_string_len(value) > 0 &&
				   (!to_int64(value, &number) || number != 0);
	}
}

/*
 * ARRAY, which has N elements of SIZE, with place for one more; NULL when memory
 * has run out.
 */
static void *
grow(Reading *reading, void *array, int n, size_t size)
{
	void *grown;

	/* Grow when the number is a power of two. */
	if (n > 0 && (n & (n - 1)) != 0)
		return array;
	grown = palloc_extended(size * (size_t) Max(n * 2, 1), MCXT_ALLOC_NO_OOM);
	if (grown == NULL)
		reading->no_memory = true;
	else if (n > 0)
	{
		memcpy(grown, array, size * (size_t) n);
		pfree(array);
	}
	return grown;
}

/*
 * Items come as a list, as lists in a list or as a map of either: flatten.
 */
static void
collect_items(Reading *reading, json_object *value, bool outermost)
{
	if (json_object_is_type(value, json_type_array))
	{
		size_t n = json_object_array_length(value);

		for (size_t i = 0; i < n; i++)
			collect_items(reading, json_object_array_get_idx(value, i), false);
	}
	else if (outermost && json_object_is_type(value, json_type_object))
	{
		json_object_object_foreach(value, key, child)
		{
			(void) key;
			collect_items(reading, child, false);
		}
	}
	else
		collect_item(reading, value);
}

/*
 * An item, or with an error of its own a row that is refused.
 */
static void
collect_item(Reading *reading, json_object *item)
{
	const CfdwResource *resource = reading->resource;
	json_object *id = member(item, resource->columns[resource->id].key);
	json_object *request_id =
		member(item, resource->columns[resource->request_id].key);
	CfdwReplyItem *result;

	if (is_set(member(item, "error")) || is_set(member(item, resource->errors)))
	{
		collect_error(reading, NULL, item, -1);
		return;
	}
	result = new_item(reading);
	if (result == NULL)
		return;
	if (!to_int64(id, &result->id) && !to_int64(item, &result->id))
		result->id = 0;
	result->has_request_id = to_int64(request_id, &result->request_id);
}

/*
 * The place of the next item, or NULL when memory has run out.
 */
static CfdwReplyItem *
new_item(Reading *reading)
{
	CfdwReply *reply = reading->reply;
	CfdwReplyItem *items =
		grow(reading, reply->items, reply->nitems, sizeof(CfdwReplyItem));

	if (items == NULL)
		return NULL;
	reply->items = items;
	memset(&items[reply->nitems], 0, sizeof(CfdwReplyItem));
	return &items[reply->nitems++];
}

/*
 * Errors come by verb, or without one (API page, "POST reply").
 */
static void
collect_errors(Reading *reading, json_object *errors)
{
	bool by_verb = false;

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		json_object *some = member(errors, reading->resource->verbs[verb]);

		if (some == NULL)
			continue;
		by_verb = true;
		collect_verb_errors(reading, some, verb);
	}
	if (!by_verb)
		collect_verb_errors(reading, errors, -1);
}

/*
 * A list of errors, a map, or one alone.
 */
static void
collect_verb_errors(Reading *reading, json_object *errors, int verb)
{
	if (!is_set(errors))
		return;
	if (json_object_is_type(errors, json_type_array))
	{
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n; i++)
			collect_error(reading, NULL, json_object_array_get_idx(errors, i),
						  verb);
	}
	else if (is_one_error(errors))
		collect_error(reading, NULL, errors, verb);
	else
	{
		json_object_object_foreach(errors, key, value)
			collect_error(reading, key, value, verb);
	}
}

/*
 * Whether a value is an error, and not a map of some.
 */
static bool
is_one_error(json_object *value)
{
	if (!json_object_is_type(value, json_type_object))
		return true;
	for (size_t i = 0; i < lengthof(code_keys); i++)
		if (member(value, code_keys[i]) != NULL)
			return true;
	for (size_t i = 0; i < lengthof(word_keys); i++)
		if (member(value, word_keys[i]) != NULL)
			return true;
	return false;
}

/*
 * One refused row: a message, a code, an object with either, or a list of those.
 */
static void
collect_error(Reading *reading, const char *key, json_object *value, int verb)
{
	CfdwReply *reply = reading->reply;
	CfdwReplyError *error;
	StringInfoData words;
	Said said = {0};

	if (value == NULL || (json_object_is_type(value, json_type_boolean) &&
						  !json_object_get_boolean(value)))
		return;
	error = grow(reading, reply->errors, reply->nerrors, sizeof(*error));
	if (error == NULL)
		return;
	reply->errors = error;
	error += reply->nerrors++;
	memset(error, 0, sizeof(*error));
	error->verb = verb;
	error->has_key =
		key != NULL && cfdw_integer_read(key, strlen(key), &error->key);
	for (size_t i = 0; i < lengthof(row_keys) && !error->has_key; i++)
		error->has_key = to_int64(member(value, row_keys[i]), &error->key);

	said.problem = &error->problem;
	if (reading->in_words)
	{
		initStringInfo(&words);
		said.words = &words;
	}
	hear(&said, reading->whole);
	said.of_list = verb != CFDW_ADD;
	if (json_object_is_type(value, json_type_int))
		hear_code(&said, value);
	else if (json_object_is_type(value, json_type_array))
		hear_all(&said, value);
	else
		hear_words(&said, value);
	hear_all(&said, member(value, reading->resource->errors));
	keep_words(&said);
}

/*
 * What an object says of a failure; it may be NULL, or no object.
 */
static void
hear(Said *said, json_object *object)
{
	int64 number;

	if (!json_object_is_type(object, json_type_object))
		return;
	for (size_t i = 0; i < lengthof(code_keys); i++)
		hear_code(said, member(object, code_keys[i]));
	for (size_t i = 0; i < lengthof(word_keys); i++)
		hear_words(said, member(object, word_keys[i]));
	if (to_int64(member(object, "retry_after"), &number) && number > 0 &&
		number <= INT_MAX)
		said->problem->retry_after_s = (int) number;
}

/*
 * A code as a number; one of the account's says more than an HTTP status.
 */
static void
hear_code(Said *said, json_object *value)
{
	int *code = &said->problem->code;
	int64 number;

	if (!to_int64(value, &number) || number <= 0 || number > INT_MAX)
		return;
	said->any = true;
	/* The path is there, or there would be no word about rows. */
	if (said->of_list && number == STATUS_NOT_FOUND)
	{
		hear_absent(said);
		return;
	}
	if (*code == 0 || (is_status(*code) && !is_status((int) number)))
	{
		*code = (int) number;
		said->problem->in_words = false;
	}
}

/*
 * What each of several errors says of the same thing: validation-errors, or the
 * errors of a row.
 */
static void
hear_all(Said *said, json_object *errors)
{
	int64 number;

	if (json_object_is_type(errors, json_type_array))
	{
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n; i++)
			hear_all(said, json_object_array_get_idx(errors, i));
	}
	else if (json_object_is_type(errors, json_type_object) &&
			 !is_one_error(errors))
	{
		json_object_object_foreach(errors, key, value)
		{
			(void) key;
			/* In {"request_id": "0", "errors": [...]}, the latter. */
			if (json_object_is_type(value, json_type_array) ||
				json_object_is_type(value, json_type_object))
				hear_all(said, value);
		}
	}
	else
	{
		json_object *code = member(errors, "code");

		hear_words(said, member(errors, "path"));
		if (!to_int64(code, &number))
			hear_words(said, code);
		hear_words(said, errors);
	}
}

/*
 * Words, or an object that holds some.  A code may stand among them.
 */
static void
hear_words(Said *said, json_object *value)
{
	int *code = &said->problem->code;
	const char *text;

	if (!json_object_is_type(value, json_type_string))
	{
		hear(said, value);
		return;
	}
	text = json_object_get_string(value);
	if (text[0] == '\0')
		return;
	said->any = true;
	if (*code == 0 || is_status(*code))
	{
		int found = code_in_words(text);

		if (found != 0)
		{
			*code = found;
			said->problem->in_words = true;
		}
		else if (said->of_list &&
				 mentions_any(text, absent_words, lengthof(absent_words)))
			hear_absent(said);
	}
	if (mentions_any(text, size_words, lengthof(size_words)))
		said->problem->about_size = true;
	if (is_absence(text))
		said->problem->is_absence = true;
	if (said->words != NULL && !is_said(said->words, text))
		appendStringInfo(said->words, "%s%s",
						 said->words->len > 0 ? word_separator : "", text);
}

/*
 * The list is not there, which a code of the account's says better.
 */
static void
hear_absent(Said *said)
{
	int *code = &said->problem->code;

	if (*code != 0 && !is_status(*code))
		return;
	*code = CFDW_CODE_GONE;
	said->problem->in_words = true;
}

/*
 * Whether a text says that a list, or something unnamed, is absent, and no more.
 */
static bool
is_absence(const char *text)
{
	for (size_t i = 0; i < lengthof(list_words); i++)
		if (pg_strncasecmp(text, list_words[i], strlen(list_words[i])) == 0)
		{
			text += strlen(list_words[i]);
			break;
		}
	for (size_t i = 0; i < lengthof(absent_words); i++)
		if (bare_len(text, strlen(text)) == strlen(absent_words[i]) &&
			pg_strncasecmp(text, absent_words[i], strlen(absent_words[i])) == 0)
			return true;
	return false;
}

/*
 * Whether TEXT is one of the words already, but for capital letters and periods:
 * accounts like to repeat themselves.
 */
static bool
is_said(const StringInfoData *words, const char *text)
{
	size_t len = bare_len(text, strlen(text));
	const char *next;

	for (const char *said = words->data; said != NULL; said = next)
	{
		const char *end = strstr(said, word_separator);
		size_t said_len = end != NULL ? (size_t) (end - said) : strlen(said);

		if (bare_len(said, said_len) == len &&
			pg_strncasecmp(said, text, len) == 0)
			return true;
		next = end != NULL ? end + strlen(word_separator) : NULL;
	}
	return false;
}

/*
 * The length of a text without what ends a sentence.
 */
static size_t
bare_len(const char *text, size_t len)
{
	while (len > 0 && strchr(" .!", text[len - 1]) != NULL)
		len--;
	return len;
}

static bool
is_status(int code)
{
	return code >= 400 && code < 600;
}

/*
 * The account's code that a text names: "Error 285.", "244. ..."; or 0.
 */
static int
code_in_words(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
	{
		const char *end = p + strspn(p, "0123456789");

		if (end == p)
			continue;
		if (end - p == 3 && is_named_code(text, p, end))
			for (size_t i = 0; i < lengthof(codes_in_words); i++)
				if (codes_in_words[i] == atoi(p))
					return codes_in_words[i];
		p = end - 1;
	}
	return 0;
}

/*
 * Whether a number, up to END, is a code by what stands around it.
 */
static bool
is_named_code(const char *text, const char *number, const char *end)
{
	const char *before = number;

	if (isalpha((unsigned char) *end))
		return false;
	while (before > text &&
		   (before[-1] == ' ' || mark_before(text, before) > 0))
		before -= Max(mark_before(text, before), 1);
	if (before == text)
		return *end == '\0' || strchr(".)]", *end) != NULL ||
			   mark_at(end + strspn(end, " ")) > 0;
	for (size_t i = 0; i < lengthof(code_words); i++)
	{
		size_t len = strlen(code_words[i]);

		if (len <= (size_t) (before - text) &&
			pg_strncasecmp(before - len, code_words[i], len) == 0)
			return true;
	}
	return false;
}

/*
 * The length of the mark that begins at TEXT, or 0.
 */
static size_t
mark_at(const char *text)
{
	for (size_t i = 0; i < lengthof(code_marks); i++)
		if (strncmp(text, code_marks[i], strlen(code_marks[i])) == 0)
			return strlen(code_marks[i]);
	return 0;
}

/*
 * The same of the one that ends at END.
 */
static size_t
mark_before(const char *text, const char *end)
{
	for (size_t i = 0; i < lengthof(code_marks); i++)
	{
		size_t len = strlen(code_marks[i]);

		if (len <= (size_t) (end - text) &&
			strncmp(end - len, code_marks[i], len) == 0)
			return len;
	}
	return 0;
}

/*
 * Whether TEXT has one of N WORDS in it; the ASCII ones in capital letters or not.
 */
static bool
mentions_any(const char *text, const char *const *words, size_t n)
{
	for (; *text != '\0'; text++)
		for (size_t i = 0; i < n; i++)
			if (pg_strncasecmp(text, words[i], strlen(words[i])) == 0)
				return true;
	return false;
}

static void
keep_words(Said *said)
{
	if (said->words != NULL && said->words->len > 0)
		said->problem->words =
			cfdw_words_clean(said->words->data, said->words->len);
}
