/*-------------------------------------------------------------------------
 *
 * fetch.h
 *	  The rows that one scan reads.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FETCH_H
#define CFDW_FETCH_H

#include "fdw/share.h"

/* What one scan of a query reads. */
typedef struct CfdwFetch CfdwFetch;

/* A row as the transaction left it.  Valid until the next call. */
typedef struct CfdwFetchRow
{
	const CfdwItem *item;      /* NULL: the account does not know it */
	const CfdwDesired *wanted; /* what it is to be; NULL: as it is */
} CfdwFetchRow;

extern CfdwFetch *cfdw_fetch_create(MemoryContext query,
									const CfdwFetchPlan *plan);
extern void cfdw_fetch_ask(CfdwFetch *fetch, CfdwAsk ask, int64 id);
extern CfdwNext cfdw_fetch_next(CfdwFetch *fetch, bool wait, CfdwFetchRow *row);
extern CfdwCall *cfdw_fetch_awaited(const CfdwFetch *fetch);
extern double cfdw_fetch_count(const CfdwFetch *fetch);
extern const CfdwTraffic *cfdw_fetch_traffic(const CfdwFetch *fetch);
extern void cfdw_fetch_end(CfdwFetch *fetch);

#endif /* CFDW_FETCH_H */
