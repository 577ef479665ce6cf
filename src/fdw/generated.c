/*-------------------------------------------------------------------------
 *
 * generated.c
 *	  The values of generated columns.
 *
 * PostgreSQL computes a stored generated column when a row is written, and expects
 * to find it when the row is read.  The account has no place for it: so it is
 * computed when the row is read, from the columns that it depends on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/sysattr.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"

#include "fdw/generated.h"

/* One column to compute. */
typedef struct Computed
{
	int attribute; /* number - 1 */
	ExprState *expr;
} Computed;

struct CfdwGenerated
{
	int n;
	Computed *columns;
	TupleTableSlot *slot; /* the row that the expressions see */
	ExprContext *econtext;
};

/*
 * COLUMNS, which are as pull_varattnos() gives them, with those that the generated
 * ones among them depend on.
 */
Bitmapset *
cfdw_generated_needs(const CfdwTable *table, Bitmapset *columns)
{
	bool whole_row =
		bms_is_member(-FirstLowInvalidHeapAttributeNumber, columns);

	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].generated != NULL &&
			(whole_row ||
			 bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						   columns)))
			pull_varattnos(table->columns[i].generated, 1, &columns);
	return columns;
}

/*
 * How those of COLUMNS, a list of attribute numbers, are computed that are
 * generated; in the current memory context.  NULL when none is.
 */
CfdwGenerated *
cfdw_generated_create(const CfdwTable *table, List *columns)
{
	CfdwGenerated *generated = NULL;
	ListCell *lc;

	foreach(lc, columns)
	{
		int attribute = lfirst_int(lc) - 1;
		Computed *computed;

		if (attribute < 0 || table->columns[attribute].generated == NULL)
			continue;
		if (generated == NULL)
		{
			generated = palloc0(sizeof(CfdwGenerated));
			generated->columns =
				palloc(sizeof(Computed) * list_length(columns));
			generated->slot =
				MakeSingleTupleTableSlot(table->desc, &TTSOpsVirtual);
			generated->slot->tts_tableOid = table->relid;
			generated->econtext = CreateStandaloneExprContext();
			generated->econtext->ecxt_scantuple = generated->slot;
		}
		computed = &generated->columns[generated->n++];
		computed->attribute = attribute;
		computed->expr = ExecInitExpr(
			expression_planner((Expr *) table->columns[attribute].generated),
			NULL);
	}
	return generated;
}

/*
 * Computes the columns from the others in VALUES and NULLS, which are by attribute
 * number - 1; in the current memory context.  Raises what the expressions raise.
 */
void
cfdw_generated_compute(CfdwGenerated *generated, Datum *values, bool *nulls)
{
	TupleTableSlot *slot = generated->slot;
	int natts = slot->tts_tupleDescriptor->natts;

	ExecClearTuple(slot);
	memcpy(slot->tts_values, values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, nulls, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	for (int i = 0; i < generated->n; i++)
	{
		const Computed *computed = &generated->columns[i];

		values[computed->attribute] = ExecEvalExpr(
			computed->expr, generated->econtext, &nulls[computed->attribute]);
	}
}
