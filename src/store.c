/*-------------------------------------------------------------------------
 *
 * store.c
 *	  Items of a reply that are kept.
 *
 * Owns the form in which an item is kept: its values as they stand in the reply,
 * so that whoever reads them converts those that it needs; the memory and the
 * file that hold many of them; and the index by which one of those is found.
 * Must not know who reads them or why.
 *
 * A store is a sequence of records, each of which ends where the next one
 * begins.  A position in it is the number of bytes before it: the first ones are
 * in memory, what work_mem has no room for is in a file.  A tuplestore would do,
 * if items were read one after the other only: it cannot be told to go back to
 * the place of one.
 *
 * The index is a hash table whose chains run through the records, from the last
 * one to the first.  As long as those are in memory it has a chain for each.  It
 * never takes more than work_mem, however many items there are: the chains become
 * longer then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "store.h"
#include "value.h"

/* Not a position: where a chain ends. */
#define NOWHERE (-1)

/* Of an empty store: what most accounts need. */
#define FIRST_CHAINS 64

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
	int64 count; /* of items */

	StringInfoData memory; /* the records that fit into it */
	BufFile *file;         /* those behind them, or NULL: there are none */
	int64 limit;           /* bytes that may be in memory */
	bool spills;           /* more of them go to the file */
	int64 end;             /* the position behind the last record */

	int64 *chains; /* the last record of each, or NOWHERE */
	int64 nchains;
};

/* What stands before a packed item. */
typedef struct Record
{
	int64 id;
	int64 before; /* the one before it in its chain, or NOWHERE */
	uint32 size;  /* of the packed item */
	bool has_id;  /* else it is in no chain */
} Record;

struct CfdwPlace
{
	CfdwStore *store;
	int64 position;
	StringInfoData packed; /* the item that was read last */
	CfdwField *fields;
};

static bool make_room(CfdwStore *store, int64 size);
static void make_chains(CfdwStore *store, int64 n);
static int64 *chain_of(const CfdwStore *store, int64 id);
static void link_record(CfdwStore *store, Record *record, int64 position);
static void write_bytes(CfdwStore *store, void *bytes, size_t size);
static void read_bytes(CfdwStore *store, int64 position, void *bytes,
					   size_t size);
static void seek(CfdwStore *store, int64 position);
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
	const PackedField *heads = (const PackedField *) VARDATA(packed);
	const char *text = (const char *) (heads + n);

	for (int i = 0; i < n; i++)
	{
		fields[i].type = heads[i].type;
		fields[i].raw = heads[i].type != CFDW_JSON_NULL ? text : NULL;
		fields[i].len = heads[i].len;
		text += heads[i].len;
	}
	item->fields = fields;
	if (shape->whole)
		item->whole = fields[shape->nkeys];
}

/*
 * An empty store, in the current memory context.  What does not fit into
 * work_mem it takes on disk when it SPILLS, otherwise not at all.
 */
CfdwStore *
cfdw_store_create(const CfdwShape *shape, bool spills)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw store", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwStore *store = palloc0(sizeof(CfdwStore));

	store->context = context;
	store->shape = *shape;
	store->limit = Min((size_t) work_mem * 1024, MaxAllocSize - 1);
	store->spills = spills;
	initStringInfo(&store->memory);
	make_chains(store, FIRST_CHAINS);
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
	if (store->file != NULL)
		BufFileClose(store->file);
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

	place->store = store;
	place->position = 0;
	initStringInfo(&place->packed);
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
	place->position = 0;
}

/*
 * The next item, which lasts until the place is used again; false at the end.
 */
bool
cfdw_store_next(CfdwPlace *place, CfdwItem *item)
{
	CfdwStore *store = place->store;
	StringInfo packed = &place->packed;
	Record record;

	if (place->position == store->end)
		return false;
	read_bytes(store, place->position, &record, sizeof(Record));
	resetStringInfo(packed);
	enlargeStringInfo(packed, record.size);
	read_bytes(store, place->position + sizeof(Record), packed->data,
			   record.size);
	cfdw_store_unpack(&store->shape, (bytea *) packed->data, place->fields,
					  item);
	place->position += sizeof(Record) + record.size;
	return true;
}

/*
 * Goes to the item that has ID as its first value; false when there is none.  Of
 * several it is the first one, which is the last one in the chain.
 */
bool
cfdw_store_find(CfdwPlace *place, int64 id, CfdwItem *item)
{
	CfdwStore *store = place->store;
	int64 position = *chain_of(store, id);
	int64 found = NOWHERE;

	while (position != NOWHERE)
	{
		Record record;

		CHECK_FOR_INTERRUPTS();
		read_bytes(store, position, &record, sizeof(Record));
		if (record.id == id)
			found = position;
		position = record.before;
	}
	if (found == NOWHERE)
		return false;
	place->position = found;
	return cfdw_store_next(place, item);
}

/*
 * Adds an item at the end; false when there is no room for it.  PLACE, if it is
 * at the end, stays there, while others that were at the end find the item next.
 */
bool
cfdw_store_append(CfdwPlace *place, const CfdwItem *item)
{
	CfdwStore *store = place->store;
	bytea *packed = cfdw_store_pack(&store->shape, item);
	Record record = {.size = VARSIZE(packed)};
	bool at_end = place->position == store->end;

	if (!make_room(store, sizeof(Record) + record.size))
	{
		pfree(packed);
		return false;
	}
	record.has_id = cfdw_value_int64(&item->fields[0], &record.id);
	link_record(store, &record, store->end);
	write_bytes(store, &record, sizeof(Record));
	write_bytes(store, packed, record.size);
	store->count++;
	if (at_end)
		place->position = store->end;
	pfree(packed);
	return true;
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
 * Sees to it that there is room for a record of SIZE bytes, and for its chain;
 * false when there is none.  Before the first one goes to the file, the index
 * becomes as large as it may be: what is in the file is not linked anew.
 */
static bool
make_room(CfdwStore *store, int64 size)
{
	MemoryContext caller;

	if (store->file != NULL)
		return true;
	if (store->end + size <= store->limit)
	{
		if (store->count == store->nchains)
			make_chains(store, store->nchains * 2);
		return true;
	}
	if (!store->spills)
		return false;
	make_chains(store, store->limit / sizeof(int64));
	PrepareTempTablespaces();
	caller = MemoryContextSwitchTo(store->context);
	store->file = BufFileCreateTemp(false);
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * Makes an index of N chains for the records that are there, all in memory.
 */
static void
make_chains(CfdwStore *store, int64 n)
{
	Record record;

	if (store->chains != NULL)
		pfree(store->chains);
	store->chains = MemoryContextAllocHuge(store->context, n * sizeof(int64));
	store->nchains = n;
	for (int64 i = 0; i < n; i++)
		store->chains[i] = NOWHERE;
	for (int64 at = 0; at < store->end; at += sizeof(Record) + record.size)
	{
		char *bytes = store->memory.data + at; /* not aligned */

		CHECK_FOR_INTERRUPTS();
		memcpy(&record, bytes, sizeof(Record));
		link_record(store, &record, at);
		memcpy(bytes, &record, sizeof(Record));
	}
}

/*
 * Where the chain begins in which ID is, if it is there.
 */
static int64 *
chain_of(const CfdwStore *store, int64 id)
{
	uint32 hash = hash_bytes((unsigned char *) &id, sizeof(id));

	return &store->chains[hash % store->nchains];
}

/*
 * Makes a record the last one of its chain.
 */
static void
link_record(CfdwStore *store, Record *record, int64 position)
{
	int64 *chain;

	if (!record->has_id)
		return;
	chain = chain_of(store, record->id);
	record->before = *chain;
	*chain = position;
}

/*
 * Adds bytes at the end.
 */
static void
write_bytes(CfdwStore *store, void *bytes, size_t size)
{
	if (store->file == NULL)
		appendBinaryStringInfo(&store->memory, bytes, size);
	else
	{
		seek(store, store->end);
		BufFileWrite(store->file, bytes, size);
	}
	store->end += size;
}

static void
read_bytes(CfdwStore *store, int64 position, void *bytes, size_t size)
{
	if (position < store->memory.len)
		memcpy(bytes, store->memory.data + position, size);
	else
	{
		seek(store, position);
		if (BufFileRead(store->file, bytes, size) != size)
			elog(ERROR, "an item that was kept is missing");
	}
}

/*
 * Goes to a position that is in the file.
 */
static void
seek(CfdwStore *store, int64 position)
{
	if (BufFileSeek(store->file, 0, position - store->memory.len, SEEK_SET) !=
		0)
		elog(ERROR, "could not seek in the file of items that were kept");
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
