/*-------------------------------------------------------------------------
 *
 * share.h
 *	  The replies that the scans of a query share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SHARE_H
#define CFDW_SHARE_H

#include "utils/hsearch.h"

#include "read/cursor.h"
#include "read/spool.h"
#include "txn/overlay.h"

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

/* What the account answers to one request. */
typedef struct CfdwSharedReply
{
	int64 id; /* hash key, of a single one */
	CfdwAsk ask;
	int readers;
	CfdwCursor *cursor;   /* NULL when there is nothing more to read */
	CfdwOverlay *overlay; /* what the transaction has changed */

	/* The items so far, unless they were not to be kept, or too many. */
	bool kept;
	List *items;           /* of bytea, of a single one */
	CfdwSpool *spool;      /* of the whole list */
	MemoryContext context; /* of the whole list */
} CfdwSharedReply;

/* An account's lists as one user mapping sees them, for the scans of a query. */
typedef struct CfdwShare
{
	struct SharingQuery *query;
	MemoryContext context; /* holds all of it */
	const CfdwTable *table;
	Oid userid;
	Oid role; /* of the user mapping: 0 for PUBLIC */
	CommandId command;

	/* What any of its scans wants. */
	int nscans;
	bool started; /* it is too late for another one */
	bool several; /* there is more than one */
	CfdwShape shape;
	const char **keys;
	CfdwKeep keep;

	CfdwSharedReply *all;    /* the whole list, or NULL: not asked for */
	HTAB *by_id;             /* single ones, or NULL */
	int nsingle;             /* requests made for those */
	int max_single;          /* then the whole list is asked for */
	CfdwSharedReply *unsent; /* what the account does not know, or NULL */
} CfdwShare;

extern CfdwShare *cfdw_share_join(MemoryContext query,
								  const CfdwFetchPlan *plan);
extern int cfdw_share_add_key(CfdwShare *share, const char *key);
extern CfdwSharedReply *cfdw_share_ask(CfdwShare *share, CfdwAsk ask, int64 id,
									   CfdwTraffic *traffic);
extern int64 cfdw_share_count_kept(const CfdwSharedReply *reply);
extern bool cfdw_share_keep(CfdwShare *share, CfdwSharedReply *reply,
							CfdwPlace *place, const CfdwItem *item);
extern bool cfdw_share_leave_reply(CfdwShare *share, CfdwSharedReply *reply);
extern void cfdw_share_leave(CfdwShare *share);

#endif /* CFDW_SHARE_H */
