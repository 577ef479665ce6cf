/*-------------------------------------------------------------------------
 *
 * projection.h
 *	  Items -> the values of a table's columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PROJECTION_H
#define CFDW_PROJECTION_H

#include "access/htup.h"
#include "executor/tuptable.h"

#include "fdw/generated.h"
#include "read/cursor.h"
#include "txn/overlay.h"

/* How items become rows of a table: what to ask for and how to convert it. */
typedef struct CfdwProjection
{
	CfdwTable *table;
	int nkeys;
	const char **keys; /* of the values wanted; the first is the id's */
	bool whole;        /* the items themselves are wanted, too */

	int ncolumns;
	struct ProjectedColumn *columns;
	CfdwGenerated *generated; /* or NULL */
	/* For error messages, while an item is converted. */
	const CfdwItem *item;
	const CfdwTableColumn *current;
} CfdwProjection;

extern CfdwProjection *cfdw_projection_create(CfdwTable *table, List *columns);
extern void cfdw_projection_query(const CfdwProjection *projection,
								  CfdwQuery *query);
extern void cfdw_projection_convert(CfdwProjection *projection,
									const CfdwItem *item,
									const CfdwDesired *wanted, Datum *values,
									bool *nulls);
extern void cfdw_projection_store(TupleTableSlot *slot);
extern void cfdw_projection_store_tuple(HeapTuple tuple, TupleTableSlot *slot);

#endif /* CFDW_PROJECTION_H */
