/*-------------------------------------------------------------------------
 *
 * feed.h
 *	  The rows of a query's replies, each asked for once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FEED_H
#define CFDW_FEED_H

#include "overlay.h"
#include "remote.h"

/* What one scan of a query reads. */
typedef struct CfdwFeed CfdwFeed;

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
typedef struct CfdwFeedPlan
{
	const CfdwTable *table; /* must outlive the feed */
	Oid userid;
	CommandId command; /* whose rows it shows */
	int nkeys;
	const char *const *keys; /* of the values wanted; the first is the id's */
	bool whole;              /* the items themselves are wanted, too */
	CfdwKeep keep;
	int max_single; /* after so many lists asked for by id: all */
} CfdwFeedPlan;

/* A row as the transaction left it.  Valid until the next call. */
typedef struct CfdwFeedRow
{
	const CfdwItem *item;     /* NULL: the account does not know it */
	const CfdwWanted *wanted; /* what it is to be; NULL: as it is */
} CfdwFeedRow;

extern CfdwFeed *cfdw_feed_create(MemoryContext query,
								  const CfdwFeedPlan *plan);
extern void cfdw_feed_ask(CfdwFeed *feed, CfdwAsk ask, int64 id);
extern CfdwNext cfdw_feed_next(CfdwFeed *feed, bool wait, CfdwFeedRow *row);
extern CfdwTransfer *cfdw_feed_awaited(const CfdwFeed *feed);
extern double cfdw_feed_count(const CfdwFeed *feed);
extern const CfdwTraffic *cfdw_feed_traffic(const CfdwFeed *feed);
extern void cfdw_feed_end(CfdwFeed *feed);

#endif /* CFDW_FEED_H */
