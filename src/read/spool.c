/*-------------------------------------------------------------------------
 *
 * spool.c
 *	  Items of a reply that are kept.
 *
 * Owns the form in which an item is kept: its values as they stand in the reply,
 * so that whoever reads them converts those that it needs; the memory and the
 * file that hold many of them; and the index by which one of those is found.
 * Must not know who reads them or why.
 *
 * A spool is a sequence of records, each of which ends where the next one
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
#include "nls.h"

#include "commands/tablespace.h"
#include "common/hashfn.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/buffile.h"
#include "utils/memutils.h"

#include "read/spool.h"
#include "api/value.h"
#include "compat.h"

/* Not a position: where a chain ends. */
#define NOWHERE (-1)

/* Of an empty spool: what most accounts need. */
#define FIRST_CHAINS 64

/* What a value of a packed item is. */
typedef struct PackedField
{
	CfdwJsonType type;
	uint32 len; /* of its text, which stands behind those of others */
} PackedField;

struct CfdwSpool
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
	CfdwSpool *spool;
	int64 position;
	StringInfoData packed; /* the item that was read last */
	CfdwField *fields;
};

static bool make_room(CfdwSpool *spool, int64 size);
static void make_chains(CfdwSpool *spool, int64 n);
static int64 *chain_of(const CfdwSpool *spool, int64 id);
static void link_record(CfdwSpool *spool, Record *record, int64 position);
static void write_bytes(CfdwSpool *spool, void *bytes, size_t size);
static void read_bytes(CfdwSpool *spool, int64 position, void *bytes,
					   size_t size);
static void seek(CfdwSpool *spool, int64 position);
static const CfdwField *field_of(const CfdwShape *shape, const CfdwItem *item,
								 int i);
static size_t text_len(const CfdwField *field);

/*
 * The values of an item, one after the other, behind what they are; palloc'ed.
 */
bytea *
cfdw_spool_pack(const CfdwShape *shape, const CfdwItem *item)
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
cfdw_spool_unpack(const CfdwShape *shape, const bytea *packed,
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
	item->id = 0;
	item->has_id = cfdw_value_int64(&fields[0], &item->id);
	if (shape->whole)
		item->whole = fields[shape->nkeys];
}

/*
 * An empty spool, in the current memory context.  What does not fit into
 * work_mem it takes on disk when it SPILLS, otherwise not at all.
 */
CfdwSpool *
cfdw_spool_create(const CfdwShape *shape, bool spills)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw spool", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwSpool *spool = palloc0(sizeof(CfdwSpool));

	spool->context = context;
	spool->shape = *shape;
	spool->limit = Min((size_t) work_mem * 1024, MaxAllocSize - 1);
	spool->spills = spills;
	initStringInfo(&spool->memory);
	make_chains(spool, FIRST_CHAINS);
	MemoryContextSwitchTo(caller);
	return spool;
}

/*
 * Frees a spool and its places.  After an error it goes by itself: the memory
 * with its context, the file with the transaction.
 */
void
cfdw_spool_end(CfdwSpool *spool)
{
	if (spool->file != NULL)
		BufFileClose(spool->file);
	MemoryContextDelete(spool->context);
}

/*
 * A place at the start of a spool, which it ends with.
 */
CfdwPlace *
cfdw_spool_place(CfdwSpool *spool)
{
	MemoryContext caller = MemoryContextSwitchTo(spool->context);
	CfdwPlace *place = palloc(sizeof(CfdwPlace));

	place->spool = spool;
	place->position = 0;
	initStringInfo(&place->packed);
	place->fields = palloc(sizeof(CfdwField) * (spool->shape.nkeys + 1));
	MemoryContextSwitchTo(caller);
	return place;
}

/*
 * Goes back to the start.
 */
void
cfdw_spool_rewind(CfdwPlace *place)
{
	place->position = 0;
}

/*
 * The next item, which lasts until the place is used again; false at the end.
 */
bool
cfdw_spool_next(CfdwPlace *place, CfdwItem *item)
{
	CfdwSpool *spool = place->spool;
	StringInfo packed = &place->packed;
	Record record;

	if (place->position == spool->end)
		return false;
	read_bytes(spool, place->position, &record, sizeof(Record));
	resetStringInfo(packed);
	enlargeStringInfo(packed, record.size);
	read_bytes(spool, place->position + sizeof(Record), packed->data,
			   record.size);
	cfdw_spool_unpack(&spool->shape, (bytea *) packed->data, place->fields,
					  item);
	place->position += sizeof(Record) + record.size;
	return true;
}

/*
 * Goes to the item that has ID as its first value; false when there is none.  Of
 * several it is the first one, which is the last one in the chain.
 */
bool
cfdw_spool_find(CfdwPlace *place, int64 id, CfdwItem *item)
{
	CfdwSpool *spool = place->spool;
	int64 position = *chain_of(spool, id);
	int64 found = NOWHERE;

	while (position != NOWHERE)
	{
		Record record;

		CHECK_FOR_INTERRUPTS();
		read_bytes(spool, position, &record, sizeof(Record));
		if (record.id == id)
			found = position;
		position = record.before;
	}
	if (found == NOWHERE)
		return false;
	place->position = found;
	return cfdw_spool_next(place, item);
}

/*
 * Adds an item at the end; false when there is no room for it.  PLACE, if it is
 * at the end, stays there, while others that were at the end find the item next.
 */
bool
cfdw_spool_append(CfdwPlace *place, const CfdwItem *item)
{
	CfdwSpool *spool = place->spool;
	bytea *packed = cfdw_spool_pack(&spool->shape, item);
	Record record = {.size = VARSIZE(packed)};
	bool at_end = place->position == spool->end;

	if (!make_room(spool, sizeof(Record) + record.size))
	{
		pfree(packed);
		return false;
	}
	record.has_id = item->has_id;
	record.id = item->id;
	link_record(spool, &record, spool->end);
	write_bytes(spool, &record, sizeof(Record));
	write_bytes(spool, packed, record.size);
	spool->count++;
	if (at_end)
		place->position = spool->end;
	pfree(packed);
	return true;
}

/*
 * How many items a spool has.
 */
int64
cfdw_spool_count(const CfdwSpool *spool)
{
	return spool->count;
}

/*
 * Sees to it that there is room for a record of SIZE bytes, and for its chain;
 * false when there is none.  Before the first one goes to the file, the index
 * becomes as large as it may be: what is in the file is not linked anew.
 */
static bool
make_room(CfdwSpool *spool, int64 size)
{
	MemoryContext caller;

	if (spool->file != NULL)
		return true;
	if (spool->end + size <= spool->limit)
	{
		if (spool->count == spool->nchains)
			make_chains(spool, spool->nchains * 2);
		return true;
	}
	if (!spool->spills)
		return false;
	make_chains(spool, spool->limit / sizeof(int64));
	PrepareTempTablespaces();
	caller = MemoryContextSwitchTo(spool->context);
	spool->file = BufFileCreateTemp(false);
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * Makes an index of N chains for the records that are there, all in memory.
 */
static void
make_chains(CfdwSpool *spool, int64 n)
{
	Record record;

	if (spool->chains != NULL)
		pfree(spool->chains);
	spool->chains = MemoryContextAllocHuge(spool->context, n * sizeof(int64));
	spool->nchains = n;
	for (int64 i = 0; i < n; i++)
		spool->chains[i] = NOWHERE;
	for (int64 at = 0; at < spool->end; at += sizeof(Record) + record.size)
	{
		char *bytes = spool->memory.data + at; /* not aligned */

		CHECK_FOR_INTERRUPTS();
		memcpy(&record, bytes, sizeof(Record));
		link_record(spool, &record, at);
		memcpy(bytes, &record, sizeof(Record));
	}
}

/*
 * Where the chain begins in which ID is, if it is there.
 */
static int64 *
chain_of(const CfdwSpool *spool, int64 id)
{
	uint32 hash = hash_bytes((unsigned char *) &id, sizeof(id));

	return &spool->chains[hash % spool->nchains];
}

/*
 * Makes a record the last one of its chain.
 */
static void
link_record(CfdwSpool *spool, Record *record, int64 position)
{
	int64 *chain;

	if (!record->has_id)
		return;
	chain = chain_of(spool, record->id);
	record->before = *chain;
	*chain = position;
}

/*
 * Adds bytes at the end.
 */
static void
write_bytes(CfdwSpool *spool, void *bytes, size_t size)
{
	if (spool->file == NULL)
		appendBinaryStringInfo(&spool->memory, bytes, size);
	else
	{
		seek(spool, spool->end);
		BufFileWrite(spool->file, bytes, size);
	}
	spool->end += size;
}

static void
read_bytes(CfdwSpool *spool, int64 position, void *bytes, size_t size)
{
	if (position < spool->memory.len)
		memcpy(bytes, spool->memory.data + position, size);
	else
	{
		seek(spool, position);
		if (BufFileRead(spool->file, bytes, size) != size)
			elog(ERROR, "an item that was kept is missing");
	}
}

/*
 * Goes to a position that is in the file.
 */
static void
seek(CfdwSpool *spool, int64 position)
{
	if (BufFileSeek(spool->file, 0, position - spool->memory.len, SEEK_SET) !=
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
