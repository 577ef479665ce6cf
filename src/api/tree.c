/*-------------------------------------------------------------------------
 *
 * tree.c
 *	  The tree of a small reply, by json-c.
 *
 * The only place that makes one.  A tree of json-c's lives in malloc'ed memory: it
 * hangs on a CfdwTree, which frees it when the memory context in which it was made is
 * reset, so that an error in between leaks nothing.  What json-c takes for JSON
 * depends on its version, and is more than JSON: the grammar is checked before
 * (cfdw_reader_is_json).  Must not know what a reply says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>

#include "utils/memutils.h"

#include "api/integer.h"
#include "api/reader.h"
#include "api/tree.h"

static void free_with_context(void *arg);

/*
 * A tree of BODY, in the current memory context; its root is NULL when that is
 * not JSON.
 */
CfdwTree *
cfdw_tree_create(const char *body, size_t len)
{
	CfdwTree *tree = palloc0(sizeof(CfdwTree));

	tree->callback.func = free_with_context;
	tree->callback.arg = tree;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &tree->callback);
	tree->root = cfdw_tree_parse(body, len);
	return tree;
}

/*
 * Frees the tree's nodes at once; otherwise they go with its memory context.
 */
void
cfdw_tree_free(CfdwTree *tree)
{
	json_object_put(tree->root);
	tree->root = NULL;
}

static void
free_with_context(void *arg)
{
	cfdw_tree_free(arg);
}

/*
 * What BODY holds, to be given back with json_object_put(); or NULL when it is not
 * JSON or memory has run out.  Never raises.
 */
json_object *
cfdw_tree_parse(const char *body, size_t len)
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
json_object *
cfdw_tree_member(json_object *object, const char *key)
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
bool
cfdw_tree_int64(json_object *value, int64 *result)
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
bool
cfdw_tree_is_set(json_object *value)
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
				   (!cfdw_tree_int64(value, &number) || number != 0);
	}
}
