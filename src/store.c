/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Items of a reply that are kept.
 *
 * Owns the form in which an item is kept: its values as they stand in the reply,
 * so that whoever reads them converts those that it needs; the tuplestore that
 * holds many of them; and the index by which one of those is found.  Must not
 * know who reads them or why.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "store.h"
#include "value.h"

/* What an item takes up in the index, with what dynahash adds. */
#define INDEX_ENTRY_SIZE 48

/* What a value of a packed item is. */
typedef struct PackedField
{
	CfdwJsonType type;
	uint32 len; /* of its text, which stands behind those of others */
} PackedField;

struct CfdwStore
{
	MemoryContext context; /* holds all of it */
	CfdwShape shape;
	Tuplestorestate *tuples;
	TupleDesc desc; /* of one column, in which an item is */
	int64 count;    /* of items */
	size_t size;    /* bytes of them */

	/* Made when an item is first looked for: */
	HTAB *index;        /* of IndexEntry; NULL before */
	long max_entries;   /* that it may have */
	int64 nindexed;     /* items that are in it: the first ones */
	CfdwPlace *indexed; /* behind them, until items are put into it at once */
};

/* Where an item is. */
typedef struct IndexEntry
{
	int64 id; /* hash key */
	int64 number;
} IndexEntry;

struct CfdwPlace
{
	CfdwStore *store;
	int pointer; /* of the tuplestore */
	TupleTableSlot *slot;
	CfdwField *fields;
};

static void go_to(CfdwPlace *place, int64 number);
static void create_index(CfdwStore *store);
static const IndexEntry *index_up_to(CfdwStore *store, int64 id);
static bool is_full(const CfdwStore *store);
static void index_item(CfdwStore *store, const CfdwItem *item);
static bool has_id(const CfdwItem *item, int64 id);
static const CfdwField *field_of(const CfdwShape *shape, const CfdwItem *item,
								 int i);
static size_t text_len(const CfdwField *field);

/*
 * The values of an item, one after the other, behind what they are; palloc'ed.
 */
bytea *
cfdw_store_pack(const CfdwShape *shape, const CfdwItem *item)
{
	int n = shape->nkeys + shape->whole;
	size_t size = VARHDRSZ + sizeof(PackedField) * n;
	PackedField *heads;
	bytea *packed;
	char *end;

	for (int i = 0; i < n; i++)
		size += text_len(field_of(shape, item, i));
	packed = palloc(size);
	SET_VARSIZE(packed, size);
	heads = (PackedField *) VARDATA(packed);
	end = (char *) (heads + n);
	for (int i = 0; i < n; i++)
	{
		const CfdwField *field = field_of(shape, item, i);

		heads[i].type = field->type;
		heads[i].len = text_len(field);
		if (heads[i].len > 0)
			memcpy(end, field->raw, heads[i].len);
		end += heads[i].len;
	}
	return packed;
}

/*
 * The item that was packed, as long as PACKED lasts.  FIELDS has room for one
 * more than the keys.
 */
void
cfdw_store_unpack(const CfdwShape *shape, const bytea *packed,
				  CfdwField *fields, CfdwItem *item)
{
	int n = shape->nkeys + shape->whole;
	const char *head = VARDATA_ANY(packed);
	const char *text = head + sizeof(PackedField) * n;

	for (int i = 0; i < n; i++)
	{
		PackedField is; /* a short bytea is not aligned */

		memcpy(&is, head, sizeof(PackedField));
		fields[i].type = is.type;
		fields[i].raw = is.type != CFDW_JSON_NULL ? text : NULL;
		fields[i].len = is.len;
		head += sizeof(PackedField);
		text += is.len;
	}
	item->fields = fields;
	if (shape->whole)
		item->whole = fields[shape->nkeys];
}

/*
 * An empty store, in the current memory context.
 */
CfdwStore *
cfdw_store_create(const CfdwShape *shape)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw store", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwStore *store = palloc0(sizeof(CfdwStore));

	store->context = context;
	store->shape = *shape;
	store->tuples = tuplestore_begin_heap(true, false, work_mem);
	store->desc = CreateTemplateTupleDesc(1);
	TupleDescInitEntry(store->desc, 1, "item", BYTEAOID, -1, 0);
	MemoryContextSwitchTo(caller);
	return store;
}

/*
 * Frees a store and its places.  After an error it goes by itself: the memory
 * with its context, the file with the transaction.
 */
void
cfdw_store_end(CfdwStore *store)
{
	tuplestore_end(store->tuples);
	MemoryContextDelete(store->context);
}

/*
 * A place at the start of a store, which it ends with.
 */
CfdwPlace *
cfdw_store_place(CfdwStore *store)
{
	MemoryContext caller = MemoryContextSwitchTo(store->context);
	CfdwPlace *place = palloc(sizeof(CfdwPlace));

	/* The pointer that every tuplestore has, 0, stays at the start. */
	place->store = store;
	place->pointer = tuplestore_alloc_read_pointer(store->tuples, 0);
	place->slot = MakeSingleTupleTableSlot(store->desc, &TTSOpsMinimalTuple);
	place->fields = palloc(sizeof(CfdwField) * (store->shape.nkeys + 1));
	MemoryContextSwitchTo(caller);
	return place;
}

/*
 * Goes back to the start.
 */
void
cfdw_store_rewind(CfdwPlace *place)
{
	tuplestore_copy_read_pointer(place->store->tuples, 0, place->pointer);
}

/*
 * The next item, which lasts until the store is used again; false at the end.
 */
bool
cfdw_store_next(CfdwPlace *place, CfdwItem *item)
{
	CfdwStore *store = place->store;
	MemoryContext caller = MemoryContextSwitchTo(store->context);
	bool found;
	bool isnull;

	tuplestore_select_read_pointer(store->tuples, place->pointer);
	found = tuplestore_gettupleslot(store->tuples, true, false, place->slot);
	MemoryContextSwitchTo(caller);
	if (found)
		cfdw_store_unpack(
			&store->shape,
			DatumGetByteaPP(slot_getattr(place->slot, 1, &isnull)),
			place->fields, item);
	return found;
}

/*
 * Goes to the item that has ID as its first value, the first such one; false when
 * there is none.  The index takes no more than work_mem:
 * what is beyond it is searched.
 */
bool
cfdw_store_find(CfdwPlace *place, int64 id, CfdwItem *item)
{
	CfdwStore *store = place->store;
	const IndexEntry *entry;

	if (store->index == NULL)
		create_index(store);
	entry = index_up_to(store, id);
	if (entry != NULL)
	{
		go_to(place, entry->number);
		return cfdw_store_next(place, item);
	}
	if (store->nindexed == store->count)
		return false;
	go_to(place, store->nindexed);
	while (cfdw_store_next(place, item))
		if (has_id(item, id))
			return true;
	return false;
}

/*
 * Adds an item at the end.  PLACE, if it is there, stays there, while others that
 * were at the end find the item next.
 */
void
cfdw_store_append(CfdwPlace *place, const CfdwItem *item)
{
	CfdwStore *store = place->store;
	bytea *packed = cfdw_store_pack(&store->shape, item);
	Datum value = PointerGetDatum(packed);
	bool isnull = false;

	tuplestore_select_read_pointer(store->tuples, place->pointer);
	tuplestore_putvalues(store->tuples, store->desc, &value, &isnull);
	if (store->index != NULL && store->nindexed == store->count &&
		!is_full(store))
		index_item(store, item);
	store->count++;
	store->size += VARSIZE(packed);
	pfree(packed);
}

/*
 * How many items a store has.
 */
int64
cfdw_store_count(const CfdwStore *store)
{
	return store->count;
}

/*
 * How many bytes they are.
 */
size_t
cfdw_store_size(const CfdwStore *store)
{
	return store->size;
}

/*
 * Goes to the place of the item that has so many others before it.
 */
static void
go_to(CfdwPlace *place, int64 number)
{
	cfdw_store_rewind(place);
	tuplestore_select_read_pointer(place->store->tuples, place->pointer);
	tuplestore_skiptuples(place->store->tuples, number, true);
}

static void
create_index(CfdwStore *store)
{
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(IndexEntry),
					   .hcxt = store->context};

	store->index = hash_create("catalogs_fdw items", 64, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	store->max_entries = work_mem * 1024L / INDEX_ENTRY_SIZE;
	store->indexed = cfdw_store_place(store);
}

/*
 * Goes on with the index until it has ID, is full, or has all items; the entry of
 * ID, or NULL.
 */
static const IndexEntry *
index_up_to(CfdwStore *store, int64 id)
{
	const IndexEntry *entry = hash_search(store->index, &id, HASH_FIND, NULL);
	CfdwItem item;

	while (entry == NULL && store->nindexed < store->count && !is_full(store))
	{
		CHECK_FOR_INTERRUPTS();
		if (!cfdw_store_next(store->indexed, &item))
			elog(ERROR, "an item that was kept is missing");
		index_item(store, &item);
		if (has_id(&item, id))
			entry = hash_search(store->index, &id, HASH_FIND, NULL);
	}
	return entry;
}

static bool
is_full(const CfdwStore *store)
{
	return hash_get_num_entries(store->index) >= store->max_entries;
}

/*
 * Puts the next item into the index.
 */
static void
index_item(CfdwStore *store, const CfdwItem *item)
{
	int64 number = store->nindexed++;
	IndexEntry *entry;
	bool found;
	int64 id;

	if (!cfdw_value_int64(&item->fields[0], &id))
		return;
	entry = hash_search(store->index, &id, HASH_ENTER, &found);
	if (!found)
		entry->number = number;
}

static bool
has_id(const CfdwItem *item, int64 id)
{
	int64 key;

	return cfdw_value_int64(&item->fields[0], &key) && key == id;
}

/*
 * The item itself, if it is wanted, comes after its values.
 */
static const CfdwField *
field_of(const CfdwShape *shape, const CfdwItem *item, int i)
{
	return i < shape->nkeys ? &item->fields[i] : &item->whole;
}

static size_t
text_len(const CfdwField *field)
{
	return field->type != CFDW_JSON_NULL ? field->len : 0;
}
