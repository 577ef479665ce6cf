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

#include "access/sysattr.h"
#include "commands/trigger.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"

#include "fdw/returning.h"

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
	note_columns(returning, columns);
	if (returning->any)
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
 * Reads an added row back into SLOT: the account may have stored something else
 * than it was given.  Raises 40001 when the row is gone already.
 */
void
cfdw_returning_fetch(const CfdwReturning *returning, Oid userid, int64 id,
					 TupleTableSlot *slot, CfdwTraffic *traffic)
{
	const CfdwTable *table = returning->table;
	CfdwQuery query = {.by_id = true, .id = id, .traffic = traffic};
	CfdwCursor *cursor;
	CfdwItem item;

	cfdw_projection_query(returning->fetched, &query);
	cursor = cfdw_cursor_open(table->serverid, userid, &query);
	if (!cfdw_cursor_next(cursor, &item))
		ereport(
			ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg(
				 "list %lld was added through foreign table \"%s\" but is not in the account",
				 (long long) id, table->name)));
	cfdw_projection_convert(returning->fetched, &item, NULL, slot->tts_values,
							slot->tts_isnull);
	cfdw_cursor_close(cursor);
}

/*
 * The columns that the executor reads: in RETURNING, and in the check of a view.
 */
static List *
vars_read(const ResultRelInfo *rri)
{
	List *exprs = list_make1(rri->ri_returningList);
	ListCell *lc;

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

	returning->any = !bms_is_empty(columns);
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
