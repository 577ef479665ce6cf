/*-------------------------------------------------------------------------
 *
 * table.c
 *	  Foreign tables as declared.
 *
 * Owns what was read of the catalogs, table by table, until it changes; and how
 * many rows the last scan of a table in this session has seen.  Must not know how
 * a value or an option is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/tupdesc.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "rewrite/rewriteHandler.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "declare/table.h"

/* Lists in an account of which nothing is known (API page: about ten). */
#define DEFAULT_ROWS 10

/* A table as declared, read when it was asked for. */
typedef struct TableEntry
{
	Oid relid;             /* hash key */
	MemoryContext context; /* holds the table; NULL: there is none */
	CfdwTable *table;
	bool valid;  /* nothing of it has changed since */
	double rows; /* that the last whole scan has seen, or -1 */
} TableEntry;

static HTAB *tables = NULL;

/* Contexts of tables that a statement may still use. */
static List *outdated = NIL;

/* How often something that has been declared was changed. */
static uint64 declared_changes = 0;

static CfdwTable *read_table(Relation rel);
static void read_column(Relation rel, int i, CfdwTable *table);
static void read_type(CfdwTableColumn *column);
static void on_table_change(Datum arg, Oid relid);
static void on_server_change(Datum arg, int cache, uint32 hash);
static void on_mapping_change(Datum arg, int cache, uint32 hash);

/*
 * Called once when the library is loaded.
 */
void
cfdw_table_init(void)
{
	HASHCTL control = {.keysize = sizeof(Oid), .entrysize = sizeof(TableEntry)};

	tables =
		hash_create("catalogs_fdw tables", 8, &control, HASH_ELEM | HASH_BLOBS);
	CacheRegisterRelcacheCallback(on_table_change, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_server_change,
								  (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, on_mapping_change, (Datum) 0);
}

/*
 * What the user declared of a foreign table, as it is now; not to be changed.
 * It lasts until the end of the transaction, or longer: reading it costs as
 * much as the rest of a short statement.
 */
CfdwTable *
cfdw_table_get(Relation rel)
{
	Oid relid = RelationGetRelid(rel);
	uint64 changes_before = declared_changes;
	TableEntry *entry;
	MemoryContext context;
	MemoryContext caller;
	bool found;

	entry = hash_search(tables, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->context = NULL;
		entry->rows = -1;
	}
	if (entry->context != NULL && entry->valid)
		return entry->table;

	caller = MemoryContextSwitchTo(CacheMemoryContext);
	if (entry->context != NULL)
		outdated = lappend(outdated, entry->context);
	entry->context = NULL;
	MemoryContextSwitchTo(caller);
	context = AllocSetContextCreate(CurrentMemoryContext, "catalogs_fdw table",
									ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(context);
	entry->table = read_table(rel);
	MemoryContextSwitchTo(caller);
	MemoryContextSetParent(context, CacheMemoryContext);
	entry->context = context;
	entry->valid = declared_changes == changes_before;
	return entry->table;
}

/*
 * Raises 42701 when two columns give a value for the same key: which of them would
 * be sent?
 */
void
cfdw_table_check_keys(const CfdwTable *table)
{
	const CfdwTableColumn *given[CFDW_MAX_COLUMNS] = {NULL};

	for (int i = 0; i < table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &table->columns[i];

		if (column->fact == NULL ||
			(!column->fact->insertable && !column->fact->updatable))
			continue;
		if (given[column->index] != NULL)
			ereport(
				ERROR,
				(errcode(ERRCODE_DUPLICATE_COLUMN),
				 errmsg(
					 "columns \"%s\" and \"%s\" of foreign table \"%s\" have the same key",
					 given[column->index]->name, column->name, table->name),
				 errdetail("Either could give the value of \"%s\".",
						   column->key),
				 errhint(
					 "Drop one of them, or change its option \"column_name\".")));
		given[column->index] = column;
	}
}

/*
 * How many rows a table has: what RELTUPLES, its pg_class.reltuples, says; where
 * that is -1, for nobody has analyzed it, or 0, for an account that was empty then
 * will not stay so, what its last whole scan in this session has seen; or the
 * number that an account usually has.
 */
double
cfdw_table_rows(Oid relid, double reltuples)
{
	TableEntry *entry;

	if (reltuples > 0)
		return reltuples;
	entry = hash_search(tables, &relid, HASH_FIND, NULL);
	return entry != NULL && entry->rows >= 0 ? entry->rows : DEFAULT_ROWS;
}

/*
 * Notes how many rows a scan has seen, until the table changes, or a server or
 * user mapping does: it may be another account then.
 */
void
cfdw_table_note_rows(Oid relid, double rows)
{
	TableEntry *entry = hash_search(tables, &relid, HASH_FIND, NULL);

	if (entry != NULL)
		entry->rows = rows;
}

/*
 * The transaction has ended: frees what no statement uses any more.  Never raises.
 */
void
cfdw_table_end_transaction(void)
{
	static uint64 changes_swept = 0;
	HASH_SEQ_STATUS scan;
	TableEntry *entry;
	ListCell *lc;

	foreach(lc, outdated)
		MemoryContextDelete(lfirst(lc));
	list_free(outdated);
	outdated = NIL;
	if (changes_swept == declared_changes)
		return;
	hash_seq_init(&scan, tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
		if (entry->context == NULL || !entry->valid)
		{
			if (entry->context != NULL)
				MemoryContextDelete(entry->context);
			hash_search(tables, &entry->relid, HASH_REMOVE, NULL);
		}
	changes_swept = declared_changes;
}

static CfdwTable *
read_table(Relation rel)
{
	CfdwTable *table = palloc0(sizeof(CfdwTable));
	ForeignTable *foreign = GetForeignTable(RelationGetRelid(rel));

	table->relid = RelationGetRelid(rel);
	table->serverid = foreign->serverid;
	table->name = pstrdup(RelationGetRelationName(rel));
	table->resource = &cfdw_lists;
	cfdw_option_server(GetForeignServer(foreign->serverid), &table->options);
	table->options.path = pstrdup(table->resource->path);
	cfdw_option_table(foreign, &table->options);

	table->desc = CreateTupleDescCopy(RelationGetDescr(rel));
	table->ncolumns = table->desc->natts;
	table->columns = palloc0(sizeof(CfdwTableColumn) * Max(table->ncolumns, 1));
	for (int i = 0; i < table->ncolumns; i++)
		read_column(rel, i, table);
	return table;
}

/*
 * Fills in column I of TABLE.  Dropped columns, and those that PostgreSQL
 * generates, keep attribute number 0.
 */
static void
read_column(Relation rel, int i, CfdwTable *table)
{
	Form_pg_attribute attr = TupleDescAttr(RelationGetDescr(rel), i);
	CfdwTableColumn *column = &table->columns[i];

	if (!attr->attisdropped && attr->attgenerated == ATTRIBUTE_GENERATED_STORED)
		column->generated = build_column_default(rel, attr->attnum);
	if (attr->attisdropped || attr->attgenerated != '\0')
		return;
	column->attnum = attr->attnum;
	column->name = pstrdup(NameStr(attr->attname));
	column->typid = attr->atttypid;
	read_type(column);
	column->typmod = attr->atttypmod;
	column->collation = attr->attcollation;
	column->index = -1;
	column->kind = CFDW_KIND_OTHER;
	cfdw_option_column(table->relid, column);
	if (column->constant != NULL)
		return;

	if (column->key == NULL)
		column->key = pstrdup(column->name);
	column->index = cfdw_resource_find(table->resource, column->key);
	if (column->index >= 0)
	{
		column->fact = &table->resource->columns[column->index];
		column->kind = column->fact->kind;
	}
	else if (strcmp(column->key, CFDW_WHOLE_ITEM) == 0)
		column->kind = CFDW_KIND_ITEM;
	if (column->index == table->resource->id && table->id_attnum == 0)
		table->id_attnum = attr->attnum;
}

/*
 * Fills in what the type of a column says.  None of it can be altered.
 */
static void
read_type(CfdwTableColumn *column)
{
	bool varlena;
	bool preferred;
	char category;

	column->base_type = getBaseType(column->typid);
	getTypeInputInfo(column->typid, &column->input, &column->ioparam);
	getTypeOutputInfo(column->typid, &column->output, &varlena);
	get_type_category_preferred(column->base_type, &category, &preferred);
	column->textual = category == TYPCATEGORY_STRING;
}

/*
 * A foreign table was altered, or with InvalidOid any.
 */
static void
on_table_change(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS scan;
	TableEntry *entry;

	declared_changes++;
	if (OidIsValid(relid))
	{
		entry = hash_search(tables, &relid, HASH_FIND, NULL);
		if (entry != NULL)
		{
			entry->valid = false;
			entry->rows = -1;
		}
		return;
	}
	hash_seq_init(&scan, tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		entry->valid = false;
		entry->rows = -1;
	}
}

/*
 * A server was altered: its options are its tables' too.
 */
static void
on_server_change(Datum arg, int cache, uint32 hash)
{
	on_table_change(arg, InvalidOid);
}

/*
 * A user mapping was altered: it may be another account.
 */
static void
on_mapping_change(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	TableEntry *entry;

	hash_seq_init(&scan, tables);
	while ((entry = hash_seq_search(&scan)) != NULL)
		entry->rows = -1;
}
