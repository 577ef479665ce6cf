/*-------------------------------------------------------------------------
 *
 * reply.c
 *	  What the reply to a POST says, or the one to a login.
 *
 * Owns the shapes of these replies.
 *
 * Facts: the API page, "POST reply" and "Who one is".  Must not know HTTP, nor which
 * rows were sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "utils/memutils.h"

#include "api/integer.h"
#include "api/reader.h"
#include "api/reply.h"
#include "api/tree.h"

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

/* What may name the row of an error. */
static const char *const row_keys[] = {"id", "request_id"};

static bool read_plain(Reading *reading, const char *body, size_t len);
static void read_tree(Reading *reading, json_object *root);
static void *grow(Reading *reading, void *array, int n, size_t size);
static void collect_items(Reading *reading, json_object *value, bool outermost);
static void collect_item(Reading *reading, json_object *item);
static bool has_error(const Reading *reading, json_object *item);
static bool says_of_failure(json_object *item);
static CfdwReplyItem *new_item(Reading *reading);
static void collect_errors(Reading *reading, json_object *errors);
static void collect_verb_errors(Reading *reading, json_object *errors,
								int verb);
static void collect_error(Reading *reading, const char *key, json_object *value,
						  int verb);

/*
 * Reads the reply to a POST into *REPLY, palloc'ed in the current context.
 * False when it is not JSON or holds neither items nor errors.
 */
bool
cfdw_reply_read(const CfdwResource *resource, const char *body, size_t len,
				CfdwReply *reply)
{
	Reading reading = {.resource = resource, .reply = reply, .in_words = true};
	CfdwTree *tree;

	if (read_plain(&reading, body, len))
		return true;
	memset(reply, 0, sizeof(*reply));
	tree = cfdw_tree_create(body, len);
	read_tree(&reading, tree->root);
	cfdw_tree_free(tree);
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
	json_object *root = cfdw_tree_parse(body, len);
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
	json_object *root = cfdw_tree_parse(body, len);
	bool accepted = cfdw_tree_is_set(
		cfdw_tree_member(cfdw_tree_member(root, "response"), "auth"));

	json_object_put(root);
	return accepted;
}

/*
 * Reads a reply that says of no failure, in a fraction of the time that a tree of it
 * takes.  False: it is another one, or none.
 */
static bool
read_plain(Reading *reading, const char *body, size_t len)
{
	const CfdwResource *resource = reading->resource;
	const char *keys[] = {resource->columns[resource->id].key,
						  resource->columns[resource->request_id].key};
	CfdwReply *reply = reading->reply;
	MemoryContext context;
	MemoryContext caller;
	CfdwReader *reader;
	CfdwItem item;

	memset(reply, 0, sizeof(*reply));
	if (len == 0 || cfdw_problem_may_be_in(body))
		return false;
	/* Of many batches, the replies alone are kept until all are sent. */
	context = AllocSetContextCreate(CurrentMemoryContext, "catalogs_fdw reply",
									ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	reader = cfdw_reader_create(resource, lengthof(keys), keys);
	cfdw_reader_feed(reader, body, len);
	MemoryContextSwitchTo(caller);
	while (cfdw_reader_next(reader, &item) == CFDW_READ_ITEM)
	{
		CfdwReplyItem *read = new_item(reading);

		if (read == NULL)
			break;
		read->id = item.has_id ? item.id : 0;
		read->has_request_id =
			cfdw_value_int64(&item.fields[1], &read->request_id);
	}
	reply->named = !reading->no_memory && cfdw_reader_finish(reader);
	MemoryContextDelete(context);
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
	json_object *envelope = cfdw_tree_member(root, resource->envelope);
	json_object *items = cfdw_tree_member(envelope, resource->items);
	json_object *response = cfdw_tree_member(root, "response");
	json_object *places[] = {envelope, root, response};
	bool no_items = items != NULL &&
					!json_object_is_type(items, json_type_array) &&
					!json_object_is_type(items, json_type_object);
	CfdwSaid said;

	if (items != NULL && !no_items)
		collect_items(reading, items, true);
	for (size_t i = 0; i < lengthof(places); i++)
	{
		collect_errors(reading, cfdw_tree_member(places[i], resource->errors));
		reading->whole = places[i];
		collect_verb_errors(
			reading, cfdw_tree_member(places[i], "validation-errors"), -1);
		reading->whole = NULL;
	}
	reply->named =
		!no_items && (items != NULL || reply->nerrors > 0 ||
					  cfdw_tree_member(envelope, resource->errors) != NULL);

	cfdw_said_begin(&said, &reply->problem, reading->in_words);
	cfdw_said_add(&said, response != NULL ? response : root);
	cfdw_said_end(&said);
	reply->failed = said.any;
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
 * An item, or with an error of its own a row that is refused.  What says of a failure
 * otherwise, and has an id, may be either: that of an added row is not to be believed.
 */
static void
collect_item(Reading *reading, json_object *item)
{
	const CfdwResource *resource = reading->resource;
	json_object *id =
		cfdw_tree_member(item, resource->columns[resource->id].key);
	json_object *request_id =
		cfdw_tree_member(item, resource->columns[resource->request_id].key);
	CfdwReplyItem *result;

	if (has_error(reading, item) || says_of_failure(item))
	{
		collect_error(reading, NULL, item, -1);
		if (id == NULL || has_error(reading, item))
			return;
	}
	result = new_item(reading);
	if (result == NULL)
		return;
	if (!cfdw_tree_int64(id, &result->id) &&
		!cfdw_tree_int64(item, &result->id))
		result->id = 0;
	result->has_request_id = cfdw_tree_int64(request_id, &result->request_id);
}

static bool
has_error(const Reading *reading, json_object *item)
{
	return cfdw_tree_is_set(cfdw_tree_member(item, "error")) ||
		   cfdw_tree_is_set(cfdw_tree_member(item, reading->resource->errors));
}

/*
 * Whether an item says of a failure under any of the other keys that do.
 */
static bool
says_of_failure(json_object *item)
{
	CfdwProblem problem;
	CfdwSaid said;

	cfdw_said_begin(&said, &problem, false);
	cfdw_said_add(&said, item);
	return said.any;
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
		json_object *some =
			cfdw_tree_member(errors, reading->resource->verbs[verb]);

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
	if (!cfdw_tree_is_set(errors))
		return;
	if (json_object_is_type(errors, json_type_array))
	{
		size_t n = json_object_array_length(errors);

		for (size_t i = 0; i < n; i++)
			collect_error(reading, NULL, json_object_array_get_idx(errors, i),
						  verb);
	}
	else if (cfdw_said_is_one(errors))
		collect_error(reading, NULL, errors, verb);
	else
	{
		json_object_object_foreach(errors, key, value)
			collect_error(reading, key, value, verb);
	}
}

/*
 * One refused row, and what is said of it.
 */
static void
collect_error(Reading *reading, const char *key, json_object *value, int verb)
{
	CfdwReply *reply = reading->reply;
	CfdwReplyError *error;
	CfdwSaid said;

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
		error->has_key =
			cfdw_tree_int64(cfdw_tree_member(value, row_keys[i]), &error->key);

	cfdw_said_begin(&said, &error->problem, reading->in_words);
	cfdw_said_add(&said, reading->whole);
	said.of_list = verb != CFDW_ADD;
	cfdw_said_add_error(&said, value);
	cfdw_said_add_all(&said,
					  cfdw_tree_member(value, reading->resource->errors));
	cfdw_said_end(&said);
}
