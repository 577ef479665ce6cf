/*-------------------------------------------------------------------------
 *
 * analyze.c
 *	  ANALYZE of a foreign table.
 *
 * Owns the sample: one GET of the whole list, of which every row is counted and
 * some are kept.  It is what the account says, without what the transaction has
 * not sent: the statistics outlive a rollback.  Must not know how statistics
 * are made of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/sampling.h"

#include "fdw/analyze.h"
#include "compat.h"
#include "read/cursor.h"
#include "fdw/projection.h"
#include "txn/ledger.h"

/*
 * Lists in a page, of which PostgreSQL wants to know a number beforehand: by
 * their pages the tables of a tree share its sample.  An item has 250 bytes.
 */
#define LISTS_PER_PAGE (BLCKSZ / 250)

/* A sample that is being taken. */
typedef struct Sample
{
	int size; /* at most */
	HeapTuple *rows;
	int nrows;
	double seen; /* lists that it is of, so far */
	double skip; /* of the next ones; below 0: not known yet */
	ReservoirStateData reservoir;
} Sample;

static int acquire_rows(Relation relation, int elevel, HeapTuple *rows,
						int targrows, double *totalrows, double *totaldeadrows);
static int place_in_sample(Sample *sample);
static List *all_columns(const CfdwTable *table);

/*
 * Says how to take a sample; asks for nothing yet.
 */
bool
catalogsAnalyzeForeignTable(Relation relation, AcquireSampleRowsFunc *func,
							BlockNumber *totalpages)
{
	double lists = cfdw_table_rows(RelationGetRelid(relation),
								   relation->rd_rel->reltuples);

	*func = acquire_rows;
	*totalpages = (BlockNumber) Min(lists / LISTS_PER_PAGE + 1, MaxBlockNumber);
	return true;
}

/*
 * Puts at most TARGROWS rows into ROWS, in the current memory context, and
 * tells their number and that of all.  The account is the one of the table's
 * owner, as whom ANALYZE runs.  Raises what reading the list raises.
 */
static int
acquire_rows(Relation relation, int elevel, HeapTuple *rows, int targrows,
			 double *totalrows, double *totaldeadrows)
{
	TupleDesc desc = RelationGetDescr(relation);
	CfdwTable *table = cfdw_table_get(relation);
	CfdwProjection *projection =
		cfdw_projection_create(table, all_columns(table));
	CfdwQuery query = {0};
	Sample sample = {.size = targrows, .rows = rows, .skip = -1};
	Datum *values = palloc0(sizeof(Datum) * desc->natts);
	bool *nulls = palloc(sizeof(bool) * desc->natts);
	MemoryContext row_context =
		AllocSetContextCreate(CurrentMemoryContext, "catalogs_fdw sample row",
							  ALLOCSET_DEFAULT_SIZES);
	CfdwAccount *account = cfdw_ledger_account(table);
	CfdwCursor *cursor;
	CfdwItem item;

	reservoir_init_selection_state(&sample.reservoir, targrows);
	memset(nulls, true, sizeof(bool) * desc->natts);
	cfdw_projection_query(projection, &query);
	cursor =
		cfdw_cursor_open(table->serverid, relation->rd_rel->relowner, &query);
	for (;;)
	{
		MemoryContext caller = MemoryContextSwitchTo(row_context);
		bool found;
		int place = -1;

		cfdw_vacuum_delay_point();
		MemoryContextReset(row_context);
		found = cfdw_cursor_next(cursor, &item);
		if (found)
			place = place_in_sample(&sample);
		if (found && item.has_id)
			cfdw_ledger_saw(account, item.id);
		if (place >= 0)
			cfdw_projection_convert(projection, &item, NULL, values, nulls);
		MemoryContextSwitchTo(caller);
		if (!found)
			break;
		if (place >= 0)
			rows[place] = heap_form_tuple(desc, values, nulls);
	}
	cfdw_cursor_close(cursor);
	MemoryContextDelete(row_context);

	*totalrows = sample.seen;
	*totaldeadrows = 0;
	ereport(elevel,
			(errcode(ERRCODE_SUCCESSFUL_COMPLETION),
			 errmsg("\"%s\": the account has %.0f lists; %d rows in sample",
					table->name, sample.seen, sample.nrows)));
	return sample.nrows;
}

/*
 * Where in the sample the next list goes, whose place is free then; -1 when it
 * is not in the sample (Vitter's algorithm, as ANALYZE has it for a table).
 */
static int
place_in_sample(Sample *sample)
{
	int place = -1;

	if (sample->nrows < sample->size)
		place = sample->nrows++;
	else
	{
		if (sample->skip < 0)
			sample->skip = reservoir_get_next_S(&sample->reservoir,
												sample->seen, sample->size);
		if (sample->skip <= 0)
		{
			place = (int) (sample->size *
						   sampler_random_fract(&sample->reservoir.randstate));
			heap_freetuple(sample->rows[place]);
		}
		sample->skip -= 1;
	}
	sample->seen += 1;
	return place;
}

/*
 * The attribute numbers of the columns that there are.
 */
static List *
all_columns(const CfdwTable *table)
{
	List *list = NIL;

	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].attnum != 0 ||
			table->columns[i].generated != NULL)
			list = lappend_int(list, i + 1);
	return list;
}
