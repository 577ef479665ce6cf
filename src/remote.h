/*-------------------------------------------------------------------------
 *
 * remote.h
 *	  Reading lists: all of them, or one by its id.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REMOTE_H
#define CFDW_REMOTE_H

#include "reader.h"
#include "session.h"

/* The rows of a reply, as they arrive. */
typedef struct CfdwCursor CfdwCursor;

/* What a cursor has. */
typedef enum CfdwNext
{
	CFDW_NEXT_ITEM,
	CFDW_NEXT_END,
	CFDW_NEXT_WAIT /* see cfdw_remote_awaited() */
} CfdwNext;

/* What a GET asks for. */
typedef struct CfdwQuery
{
	const char *path;
	bool by_id;
	int64 id;       /* with by_id */
	int timeout_ms; /* 0, or less than the server's request_timeout */
	int nkeys;
	const char *const *keys; /* of the values wanted; the first is the id's */
	CfdwTraffic *traffic;    /* where it is counted, or NULL */
} CfdwQuery;

extern char *cfdw_remote_get_line(const char *path, const char *id);
extern char *cfdw_remote_post_line(const char *path, CfdwVerb verb);
extern CfdwCursor *cfdw_remote_open(Oid serverid, Oid userid,
									const CfdwQuery *query);
extern CfdwNext cfdw_remote_poll(CfdwCursor *cursor, CfdwItem *item);
extern CfdwTransfer *cfdw_remote_awaited(const CfdwCursor *cursor);
extern bool cfdw_remote_next(CfdwCursor *cursor, CfdwItem *item);
extern void cfdw_remote_close(CfdwCursor *cursor);
extern char *cfdw_remote_lookalikes(Oid serverid, Oid userid, const char *path,
									const CfdwRows *rows, int64 since,
									int timeout_ms);

#endif /* CFDW_REMOTE_H */
