/*-------------------------------------------------------------------------
 *
 * cursor.h
 *	  Reading lists: all of them, or one by its id.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CURSOR_H
#define CFDW_CURSOR_H

#include "api/reader.h"
#include "net/call.h"

/* The rows of a reply, as they arrive. */
typedef struct CfdwCursor CfdwCursor;

/* What a cursor has. */
typedef enum CfdwNext
{
	CFDW_NEXT_ITEM,
	CFDW_NEXT_END,
	CFDW_NEXT_WAIT /* see cfdw_cursor_awaited() */
} CfdwNext;

/* What a GET asks for. */
typedef struct CfdwQuery
{
	const CfdwResource *resource;
	const char *path;
	bool by_id;
	int64 id;       /* with by_id */
	int timeout_ms; /* 0, or less than the server's request_timeout */
	bool aside;     /* a failure is not counted: no statement fails of it */
	int nkeys;
	const char *const *keys; /* of the values wanted; the first is the id's */
	CfdwTraffic *traffic;    /* where it is counted, or NULL */
} CfdwQuery;

extern char *cfdw_cursor_get_line(const CfdwResource *resource,
								  const char *path, const char *id);
extern char *cfdw_cursor_post_line(const CfdwResource *resource,
								   const char *path, CfdwVerb verb);
extern CfdwCursor *cfdw_cursor_open(Oid serverid, Oid userid,
									const CfdwQuery *query);
extern CfdwNext cfdw_cursor_poll(CfdwCursor *cursor, CfdwItem *item);
extern CfdwCall *cfdw_cursor_awaited(const CfdwCursor *cursor);
extern bool cfdw_cursor_next(CfdwCursor *cursor, CfdwItem *item);
extern void cfdw_cursor_close(CfdwCursor *cursor);
extern char *cfdw_cursor_lookalikes(Oid serverid, Oid userid, const char *path,
									const CfdwRows *rows, int64 since,
									int timeout_ms);

#endif /* CFDW_CURSOR_H */
