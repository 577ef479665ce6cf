/*-------------------------------------------------------------------------
 *
 * returning.c
 *	  What is read of a row once it is written.
 *
 * Owns which columns of a written row RETURNING, the check of a view and row
 * triggers read, and what of that only the account knows.  Must not know how a row
 * is written or sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fdw/returning.h"

/* A row that was read back with others. */
typedef struct KeptRow
{
	int64 id;
	HeapTuple tuple; /* of the columns that the account stores; or NULL */
} KeptRow;

static void keep_ids(CfdwReturning *returning, const int64 *ids, int n);
static void keep_item(CfdwReturning *returning, const CfdwItem *item);
static void take_kept(const CfdwReturning *returning, int64 id,
					  TupleTableSlot *slot);
pg_noreturn static void refuse_gone(const CfdwTable *table, int64 id);
static List *vars_read(const ResultRelInfo *rri);
static Bitmapset *add_column(Bitmapset *columns, AttrNumber attnum);
static void note_columns(CfdwReturning *returning, Bitmapset *columns);
static List *stored_columns(const CfdwReturning *returning);
static bool is_stored(const CfdwTableColumn *column);

/*
 * What is read of the rows written to TABLE, in the current memory context.  The
 * executor says so only once it has begun the modification.
 */
CfdwReturning *
cfdw_returning_create(CfdwTable *table, const ResultRelInfo *rri)
{
	CfdwReturning *returning = palloc0(sizeof(CfdwReturning));
	Bitmapset *columns = NULL;
	ListCell *lc;

	returning->table = table;
	returning->needed = palloc0(sizeof(bool) * Max(table->ncolumns, 1));
	foreach(lc, vars_read(rri))
	{
		const Var *var = lfirst_node(Var, lc);

		if (!IS_SPECIAL_VARNO(var->varno)) /* else of another relation */
			columns = add_column(columns, var->varattno);
	}
	if (rri->ri_TrigDesc != NULL && rri->ri_TrigDesc->trig_insert_after_row)
		columns = add_column(columns, 0);
	if (columns == NULL)
		return returning;
	note_columns(returning, columns);
	returning->any = true;
	returning->lists =
		cfdw_table_rows(table->relid, rri->ri_RelationDesc->rd_rel->reltuples);
	returning->context = AllocSetContextCreate(CurrentMemoryContext,
											   "catalogs_fdw rows read back",
											   ALLOCSET_SMALL_SIZES);
	returning->fetched =
		cfdw_projection_create(table, stored_columns(returning));
	return returning;
}

/*
 * What is read of an added row that only the account knows: a column that it
 * stores and that was not given, which ISNULL says by attribute number - 1.
 */
CfdwNeed
cfdw_returning_need(const CfdwReturning *returning, const bool *isnull)
{
	const CfdwTable *table = returning->table;
	CfdwNeed need = CFDW_NEED_NOTHING;

	for (int i = 0; i < table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &table->columns[i];

		if (!returning->needed[i] || !isnull[i] || column->constant != NULL ||
			!is_stored(column))
			continue;
		if (column->index != table->resource->id)
			return CFDW_NEED_STORED;
		need = CFDW_NEED_ID;
	}
	return need;
}

/*
 * The same, of all rows that a plan gives, as far as it tells: a column is not
 * given where it is always NULL.
 */
CfdwNeed
cfdw_returning_planned(const CfdwReturning *returning, const Plan *subplan)
{
	int n = returning->table->ncolumns;
	bool *isnull = palloc(sizeof(bool) * Max(n, 1));
	ListCell *lc;

	memset(isnull, true, sizeof(bool) * n);
	foreach(lc, subplan->targetlist)
	{
		const TargetEntry *entry = lfirst_node(TargetEntry, lc);

		if (!entry->resjunk && entry->resno <= n)
			isnull[entry->resno - 1] =
				IsA(entry->expr, Const) && ((Const *) entry->expr)->constisnull;
	}
	return cfdw_returning_need(returning, isnull);
}

/*
 * Puts the id of an added row into SLOT, whose values have been taken out.
 */
void
cfdw_returning_fill_id(const CfdwReturning *returning, int64 id,
					   TupleTableSlot *slot)
{
	const CfdwTable *table = returning->table;
	char *digits = psprintf(INT64_FORMAT, id);
	CfdwField field = {CFDW_JSON_NUMBER, digits, strlen(digits)};

	for (int i = 0; i < table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &table->columns[i];

		if (column->attnum != 0 && column->index == table->resource->id)
			slot->tts_values[i] = cfdw_value_datum(
				cfdw_value_converter(column), &field, &slot->tts_isnull[i]);
	}
}

/*
 * Reads N added rows back for cfdw_returning_fetch(), with one request if that costs
 * less than one for each.
 */
void
cfdw_returning_fetch_all(CfdwReturning *returning, Oid userid, const int64 *ids,
						 int n, CfdwTraffic *traffic)
{
	const CfdwTable *table = returning->table;
	const CfdwOptions *options = &table->options;
	CfdwQuery query = {.traffic = traffic};
	CfdwCursor *cursor;
	CfdwItem item;

	returning->kept = NULL;
	MemoryContextReset(returning->context);
	if (n < 2 || options->fdw_startup_cost * (n - 1) <
					 options->fdw_tuple_cost * returning->lists)
		return;
	keep_ids(returning, ids, n);
	cfdw_projection_query(returning->fetched, &query);
	cursor = cfdw_cursor_open(table->serverid, userid, &query);
	while (cfdw_cursor_next(cursor, &item))
		keep_item(returning, &item);
	cfdw_cursor_close(cursor);
}

/*
 * Makes a place for each of N rows that are read back.
 */
static void
keep_ids(CfdwReturning *returning, const int64 *ids, int n)
{
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(KeptRow),
					   .hcxt = returning->context};

	returning->kept = hash_create("catalogs_fdw rows read back", n, &control,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < n; i++)
	{
		KeptRow *kept = hash_search(returning->kept, &ids[i], HASH_ENTER, NULL);

		kept->tuple = NULL;
	}
}

/*
 * Keeps a row that has such a place.
 */
static void
keep_item(CfdwReturning *returning, const CfdwItem *item)
{
	const CfdwTable *table = returning->table;
	KeptRow *kept;
	MemoryContext caller;
	Datum *values;
	bool *nulls;

	if (!item->has_id)
		return;
	kept = hash_search(returning->kept, &item->id, HASH_FIND, NULL);
	if (kept == NULL || kept->tuple != NULL)
		return;
	caller = MemoryContextSwitchTo(returning->context);
	values = palloc0(sizeof(Datum) * table->ncolumns);
	nulls = palloc(sizeof(bool) * table->ncolumns);
	memset(nulls, true, sizeof(bool) * table->ncolumns);
	cfdw_projection_convert(returning->fetched, item, NULL, values, nulls);
	kept->tuple = heap_form_tuple(table->desc, values, nulls);
	MemoryContextSwitchTo(caller);
}

/*
 * Reads an added row back into SLOT, whose values have been taken out: the account
 * may have stored something else than it was given.  What was read together with
 * others lasts as long as those.  Raises 40001 when the row is gone already.
 */
void
cfdw_returning_fetch(const CfdwReturning *returning, Oid userid, int64 id,
					 TupleTableSlot *slot, CfdwTraffic *traffic)
{
	const CfdwTable *table = returning->table;
	CfdwQuery query = {.by_id = true, .id = id, .traffic = traffic};
	CfdwCursor *cursor;
	CfdwItem item;

	if (returning->kept != NULL)
	{
		take_kept(returning, id, slot);
		return;
	}
	cfdw_projection_query(returning->fetched, &query);
	cursor = cfdw_cursor_open(table->serverid, userid, &query);
	if (!cfdw_cursor_next(cursor, &item))
		refuse_gone(table, id);
	cfdw_projection_convert(returning->fetched, &item, NULL, slot->tts_values,
							slot->tts_isnull);
	cfdw_cursor_close(cursor);
}

/*
 * The same of a row that was read back with others.
 */
static void
take_kept(const CfdwReturning *returning, int64 id, TupleTableSlot *slot)
{
	const CfdwTable *table = returning->table;
	const KeptRow *kept = hash_search(returning->kept, &id, HASH_FIND, NULL);
	ListCell *lc;

	if (kept == NULL || kept->tuple == NULL)
		refuse_gone(table, id);
	foreach(lc, stored_columns(returning))
	{
		int attnum = lfirst_int(lc);

		slot->tts_values[attnum - 1] = heap_getattr(
			kept->tuple, attnum, table->desc, &slot->tts_isnull[attnum - 1]);
	}
}

static void
refuse_gone(const CfdwTable *table, int64 id)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		 errmsg(
			 "list %lld was added through foreign table \"%s\" but is not in the account",
			 (long long) id, table->name)));
}

/*
 * The columns that the executor reads: in RETURNING, and in the check of a view.
 */
static List *
vars_read(const ResultRelInfo *rri)
{
	List *exprs;
	ListCell *lc;

	if (rri->ri_returningList == NIL && rri->ri_WithCheckOptions == NIL)
		return NIL;
	exprs = list_make1(rri->ri_returningList);
	foreach(lc, rri->ri_WithCheckOptions)
		exprs = lappend(exprs, lfirst_node(WithCheckOption, lc)->qual);
	return pull_var_clause((Node *) exprs, PVC_RECURSE_AGGREGATES |
											   PVC_RECURSE_WINDOWFUNCS |
											   PVC_RECURSE_PLACEHOLDERS);
}

static Bitmapset *
add_column(Bitmapset *columns, AttrNumber attnum)
{
	return bms_add_member(columns, attnum - FirstLowInvalidHeapAttributeNumber);
}

/*
 * Notes COLUMNS, which are as pull_varattnos() gives them, and what the generated
 * ones among them are computed from; as far as the table's own rows have them.
 */
static void
note_columns(CfdwReturning *returning, Bitmapset *columns)
{
	const CfdwTable *table = returning->table;
	bool whole_row =
		bms_is_member(-FirstLowInvalidHeapAttributeNumber, columns);

	columns = cfdw_generated_needs(table, columns);
	for (int i = 0; i < table->ncolumns; i++)
		returning->needed[i] =
			table->columns[i].attnum != 0 &&
			(whole_row ||
			 bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						   columns));
}

/*
 * The attribute numbers of those that the account stores.
 */
static List *
stored_columns(const CfdwReturning *returning)
{
	List *list = NIL;

	for (int i = 0; i < returning->table->ncolumns; i++)
		if (returning->needed[i] && is_stored(&returning->table->columns[i]))
			list = lappend_int(list, i + 1);
	return list;
}

static bool
is_stored(const CfdwTableColumn *column)
{
	return column->fact == NULL || column->fact->readable;
}
