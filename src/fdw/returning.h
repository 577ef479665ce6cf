/*-------------------------------------------------------------------------
 *
 * returning.h
 *	  What is read of a row once it is written.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_RETURNING_H
#define CFDW_RETURNING_H

#include "nodes/execnodes.h"

#include "fdw/projection.h"

/* What is read of a row. */
typedef struct CfdwReturning
{
	CfdwTable *table;
	bool *needed;            /* by attribute number - 1 */
	bool any;                /* one of them is, or a system column */
	CfdwProjection *fetched; /* those that the account stores */
	double lists;            /* that the account may have */
	HTAB *kept;              /* rows that were read back together; or NULL */
	MemoryContext context;   /* of these */
} CfdwReturning;

/* What an added row is to have beyond what was given. */
typedef enum CfdwNeed
{
	CFDW_NEED_NOTHING,
	CFDW_NEED_ID,    /* the reply to its add has it */
	CFDW_NEED_STORED /* what the account holds */
} CfdwNeed;

extern CfdwReturning *cfdw_returning_create(CfdwTable *table,
											const ResultRelInfo *rri);
extern CfdwNeed cfdw_returning_need(const CfdwReturning *returning,
									const bool *isnull);
extern CfdwNeed cfdw_returning_planned(const CfdwReturning *returning,
									   const Plan *subplan);
extern void cfdw_returning_fill_id(const CfdwReturning *returning, int64 id,
								   TupleTableSlot *slot);
extern void cfdw_returning_fetch_all(CfdwReturning *returning, Oid userid,
									 const int64 *ids, int n,
									 CfdwTraffic *traffic);
extern void cfdw_returning_fetch(const CfdwReturning *returning, Oid userid,
								 int64 id, TupleTableSlot *slot,
								 CfdwTraffic *traffic);

#endif /* CFDW_RETURNING_H */
