/*-------------------------------------------------------------------------
 *
 * reader.c (fuzz)
 *	  The reply to a GET: items, their values, their Datums.
 *
 * The input: a byte that says how the reply is cut into pieces, one that says which
 * keys are wanted, and the reply.  It is read as json-c reads it: the same rows, or
 * both refuse it; and it does not matter how it arrives.  A value becomes the same
 * Datum, or the same error, by the shortcut of its type as by the long way, which a
 * domain over that type takes.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "access/table.h"
#include "catalog/namespace.h"
#include "nodes/makefuncs.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "api/reader.h"
#include "declare/table.h"
#include "fuzz.h"

/* Memory that a reader may take, for each byte that it was fed, and as such. */
#define MEMORY_PER_BYTE 8
#define MEMORY_BASE (256 * 1024)

static const char *const all_keys[] = {"id",         "name", "can_add_elements",
									   "created_at", "sort", "other"};

#define NKEYS ((int) lengthof(all_keys))

/* The columns of the table "fuzz_values", those of a key together; each with a type
 * is followed by the same with a domain over that. */
static CfdwTable *table;
static CfdwConverter **converters;

/* A reply as it was read. */
typedef struct Reading
{
	bool good;
	const char *fault;
	int nitems;
	CfdwItem *items; /* copies */
} Reading;

static Reading read_all(const char *body, size_t len, int nkeys,
						const char *const *keys, int piece);
static CfdwField copy_field(const CfdwField *field);
static void check_same(const Reading *a, const Reading *b, int nkeys);
static void check_rows(const Reading *reading, json_object *tree, int nkeys,
					   const char *const *keys);
static void flatten(json_object *value, json_object **items, int *n,
					bool *scalars);
static void check_field(const CfdwField *field, json_object *item,
						const char *key, bool present);
static void check_id(const CfdwItem *item, json_object *value);
static void check_datums(const Reading *reading, int nkeys,
						 const char *const *keys);
static void check_twins(int column, const CfdwField *field);
static void convert(int column, const CfdwField *field, Datum *value,
					bool *isnull, FuzzError *error);

static void
prepare(void)
{
	Oid relid = RelnameGetRelid("fuzz_values");
	Relation rel = table_open(relid, AccessShareLock);

	table = cfdw_table_get(rel);
	table_close(rel, AccessShareLock);
	MemoryContextSwitchTo(TopMemoryContext);
	converters = palloc(sizeof(CfdwConverter *) * table->ncolumns);
	for (int i = 0; i < table->ncolumns; i++)
		converters[i] = cfdw_value_converter(&table->columns[i]);
}

static void
run(FuzzInput *input)
{
	int piece = fuzz_byte(input);
	int wanted = fuzz_byte(input);
	const char *keys[NKEYS];
	int nkeys = 0;
	size_t len;
	char *body = fuzz_rest(input, &len);
	const char *json = body;
	size_t json_len = len;
	json_object *tree;
	Reading whole;
	Reading pieces;
	bool is_json = cfdw_reader_is_json(body, len);

	for (int i = 0; i < NKEYS; i++)
		if (wanted & (1 << i))
			keys[nkeys++] = all_keys[i];
	whole = read_all(body, len, nkeys, keys, 0);
	pieces = read_all(body, len, nkeys, keys, piece + 1);
	check_same(&whole, &pieces, nkeys);

	if (len >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0)
	{
		json += 3;
		json_len -= 3;
	}
	tree = fuzz_parse(json, json_len);
	FUZZ_CHECK(!whole.good || is_json, "rows of what is not JSON");
	FUZZ_CHECK(!is_json || tree != NULL, "json-c refuses it");
	if (fuzz_is_utf8(json, json_len))
		FUZZ_CHECK(is_json ==
					   (fuzz_is_json(json, json_len) &&
						json[strspn(json, " \t\n\r")] != '\0' &&
						strchr("{[", json[strspn(json, " \t\n\r")]) != NULL &&
						fuzz_depth(json, json_len) <= CFDW_MAX_DEPTH),
				   "PostgreSQL says otherwise");
	if (is_json && fuzz_is_plain(json, json_len, tree))
		check_rows(&whole, tree, nkeys, keys);
	json_object_put(tree);
	if (whole.good)
		check_datums(&whole, nkeys, keys);
}

/*
 * Reads a reply that arrives in pieces of a size, or as a whole with 0.
 */
static Reading
read_all(const char *body, size_t len, int nkeys, const char *const *keys,
		 int piece)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "fuzz reader", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwReader *reader = cfdw_reader_create(&cfdw_lists, nkeys, keys);
	Reading reading = {0};
	uint64 offset;
	size_t start = 0;
	CfdwItem item;

	MemoryContextSwitchTo(caller);
	do
	{
		size_t n = piece > 0 ? Min((size_t) piece, len - start) : len - start;

		cfdw_reader_feed(reader, body + start, n);
		start += n;
		while (cfdw_reader_next(reader, &item) == CFDW_READ_ITEM)
		{
			CfdwItem *copy;

			if (reading.nitems == 0)
				reading.items = palloc(sizeof(CfdwItem));
			else
				reading.items = repalloc(
					reading.items, sizeof(CfdwItem) * (reading.nitems + 1));
			copy = &reading.items[reading.nitems++];
			*copy = item;
			copy->whole = copy_field(&item.whole);
			copy->fields = palloc(sizeof(CfdwField) * Max(nkeys, 1));
			for (int i = 0; i < nkeys; i++)
				copy->fields[i] = copy_field(&item.fields[i]);
		}
	} while (start < len);
	reading.good = cfdw_reader_finish(reader);
	reading.fault = cfdw_reader_fault(reader, &offset);
	FUZZ_CHECK(offset <= len, "a fault behind the end");
	FUZZ_CHECK(MemoryContextMemAllocated(context, true) <=
				   MEMORY_BASE + MEMORY_PER_BYTE * len,
			   "%zu bytes of memory for %zu",
			   MemoryContextMemAllocated(context, true), len);
	MemoryContextDelete(context);
	return reading;
}

static CfdwField
copy_field(const CfdwField *field)
{
	CfdwField copy = *field;

	if (field->raw != NULL)
	{
		char *raw = palloc(field->len + 1);

		memcpy(raw, field->raw, field->len);
		raw[field->len] = '\0';
		copy.raw = raw;
	}
	FUZZ_CHECK((field->type == CFDW_JSON_NULL) == (field->raw == NULL),
			   "null or not");
	return copy;
}

static void
check_same(const Reading *a, const Reading *b, int nkeys)
{
	FUZZ_CHECK(a->fault == b->fault, "by pieces: \"%s\", else \"%s\"",
			   b->fault != NULL ? b->fault : "",
			   a->fault != NULL ? a->fault : "");
	FUZZ_CHECK(a->nitems == b->nitems, "%d items, by pieces %d", a->nitems,
			   b->nitems);
	for (int i = 0; i < a->nitems; i++)
	{
		const CfdwItem *left = &a->items[i];
		const CfdwItem *right = &b->items[i];

		FUZZ_CHECK(
			left->whole.len == right->whole.len &&
				memcmp(left->whole.raw, right->whole.raw, left->whole.len) == 0,
			"another item");
		FUZZ_CHECK(left->has_id == right->has_id && left->id == right->id,
				   "another id");
		for (int k = 0; k < nkeys; k++)
			FUZZ_CHECK(left->fields[k].type == right->fields[k].type &&
						   left->fields[k].len == right->fields[k].len &&
						   (left->fields[k].raw == NULL ||
							memcmp(left->fields[k].raw, right->fields[k].raw,
								   left->fields[k].len) == 0),
					   "another value");
	}
}

/*
 * The rows of a reply whose tree is known.
 */
static void
check_rows(const Reading *reading, json_object *tree, int nkeys,
		   const char *const *keys)
{
	json_object *envelope = NULL;
	json_object *list = NULL;
	json_object **items;
	bool scalars = false;
	int n = 0;

	if (json_object_is_type(tree, json_type_object))
		json_object_object_get_ex(tree, cfdw_lists.envelope, &envelope);
	if (json_object_is_type(envelope, json_type_object))
		json_object_object_get_ex(envelope, cfdw_lists.items, &list);
	if (!json_object_is_type(list, json_type_array) &&
		!json_object_is_type(list, json_type_object))
	{
		FUZZ_CHECK(!reading->good && reading->nitems == 0, "rows of no list");
		return;
	}
	/* No list has more items than its text has bytes. */
	items = palloc_extended(sizeof(json_object *) *
								(strlen(json_object_to_json_string(list)) + 1),
							MCXT_ALLOC_HUGE);
	if (json_object_is_type(list, json_type_object))
	{
		json_object_object_foreach(list, key, child)
		{
			(void) key;
			flatten(child, items, &n, &scalars);
		}
	}
	else
		flatten(list, items, &n, &scalars);
	FUZZ_CHECK(reading->good == !scalars, "%s",
			   reading->fault != NULL ? reading->fault : "it is read");
	FUZZ_CHECK(scalars || reading->nitems == n, "%d items of %d",
			   reading->nitems, n);
	for (int i = 0; i < reading->nitems; i++)
	{
		const CfdwItem *item = &reading->items[i];
		json_object *whole = fuzz_parse(item->whole.raw, item->whole.len);

		FUZZ_CHECK(scalars || json_object_equal(whole, items[i]),
				   "another item");
		for (int k = 0; k < nkeys; k++)
		{
			json_object *value = NULL;
			bool present = json_object_object_get_ex(whole, keys[k], &value);

			check_field(&item->fields[k], value, keys[k], present);
			if (strcmp(keys[k], "id") == 0)
				check_id(item, value);
		}
		json_object_put(whole);
	}
}

/*
 * Appends the items in a list to ITEMS, as far as there are only such.
 */
static void
flatten(json_object *value, json_object **items, int *n, bool *scalars)
{
	if (*scalars)
		return;
	if (json_object_is_type(value, json_type_object))
		items[(*n)++] = value;
	else if (json_object_is_type(value, json_type_array))
		for (size_t i = 0; i < json_object_array_length(value); i++)
			flatten(json_object_array_get_idx(value, i), items, n, scalars);
	else
		*scalars = true;
}

static void
check_field(const CfdwField *field, json_object *value, const char *key,
			bool present)
{
	json_object *read;
	char *wrapped;

	FUZZ_CHECK((field->type == CFDW_JSON_NULL) == (value == NULL),
			   "the key \"%s\" is %s", key, present ? "there" : "not there");
	if (value == NULL)
		return;
	/* A number alone may go on. */
	wrapped = psprintf("[%s]", field->raw);
	read = fuzz_parse(wrapped, strlen(wrapped));
	FUZZ_CHECK(json_object_equal(json_object_array_get_idx(read, 0), value),
			   "another value of \"%s\"", key);
	json_object_put(read);
}

static void
check_id(const CfdwItem *item, json_object *value)
{
	const char *text = json_object_get_string(value);
	bool has_id = false;
	int64 id = 0;

	if (json_object_is_type(value, json_type_int) ||
		json_object_is_type(value, json_type_double) ||
		json_object_is_type(value, json_type_string))
		has_id = fuzz_integer(text, strlen(text), &id);
	/* json-c keeps what is in 64 bits; numeric gives up sooner. */
	if (json_object_is_type(value, json_type_int) &&
		(id == PG_INT64_MAX || id == PG_INT64_MIN))
		return;
	if (has_id)
		FUZZ_CHECK(item->has_id && item->id == id, "id %lld, not %lld (%d)",
				   (long long) item->id, (long long) id, item->has_id);
	else
		FUZZ_CHECK(!item->has_id || item->id == 0 || strpbrk(text, "eE"),
				   "\"%s\" is the id %lld", text, (long long) item->id);
}

/*
 * The Datums of some items.
 */
static void
check_datums(const Reading *reading, int nkeys, const char *const *keys)
{
	for (int i = 0; i < Min(reading->nitems, 4); i++)
		for (int c = 0; c < table->ncolumns; c += 2)
		{
			if (table->columns[c].kind == CFDW_KIND_ITEM)
			{
				check_twins(c, &reading->items[i].whole);
				continue;
			}
			for (int k = 0; k < nkeys; k++)
				if (strcmp(table->columns[c].key, keys[k]) == 0)
					check_twins(c, &reading->items[i].fields[k]);
		}
}

/*
 * A value becomes the same by the ways of a column and of the one behind it.
 */
static void
check_twins(int column, const CfdwField *field)
{
	Datum values[2];
	bool isnull[2];
	FuzzError errors[2];
	int16 typlen;
	bool typbyval;

	for (int i = 0; i < 2; i++)
		convert(column + i, field, &values[i], &isnull[i], &errors[i]);
	FUZZ_CHECK(errors[0].sqlstate == errors[1].sqlstate,
			   "column \"%s\": \"%s\", or \"%s\"", table->columns[column].name,
			   errors[0].words, errors[1].words);
	if (errors[0].sqlstate != 0)
		return;
	FUZZ_CHECK(isnull[0] == isnull[1], "NULL, or not");
	get_typlenbyval(table->columns[column].typid, &typlen, &typbyval);
	FUZZ_CHECK(isnull[0] ||
				   datum_image_eq(values[0], values[1], typbyval, typlen),
			   "another value of column \"%s\"", table->columns[column].name);
}

static void
convert(int column, const CfdwField *field, Datum *value, bool *isnull,
		FuzzError *error)
{
	FUZZ_TRY(error,
			 *value = cfdw_value_datum(converters[column], field, isnull));
}

const FuzzTarget fuzz_reader = {"reader", prepare, run};
