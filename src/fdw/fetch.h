/*-------------------------------------------------------------------------
 *
 * fetch.h
 *	  The rows of a query's replies, each asked for once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FETCH_H
#define CFDW_FETCH_H

#include "txn/overlay.h"
#include "read/cursor.h"

/* What one scan of a query reads. */
typedef struct CfdwFetch CfdwFetch;

/* What a scan asks for. */
typedef enum CfdwAsk
{
	CFDW_ASK_ALL,
	CFDW_ASK_ONE,   /* the list of an id */
	CFDW_ASK_UNSENT /* only the rows that the account does not know */
} CfdwAsk;

/* Whether rows are kept for a scan that may begin again. */
typedef enum CfdwKeep
{
	CFDW_KEEP_NONE,
	CFDW_KEEP_WORK_MEM, /* as long as they fit into it */
	CFDW_KEEP_ALL
} CfdwKeep;

/* What a scan needs. */
typedef struct CfdwFetchPlan
{
	const CfdwTable *table; /* must outlive the fetch */
	Oid userid;
	CommandId command; /* whose rows it shows */
	int nkeys;
	const char *const *keys; /* of the values wanted; the first is the id's */
	bool whole;              /* the items themselves are wanted, too */
	CfdwKeep keep;
	int max_single; /* after so many lists asked for by id: all */
} CfdwFetchPlan;

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
