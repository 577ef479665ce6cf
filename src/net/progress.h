/*-------------------------------------------------------------------------
 *
 * progress.h
 *	  What each session is doing with which account, for others to see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PROGRESS_H
#define CFDW_PROGRESS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "declare/url.h"

/* What a session does with an account. */
typedef enum CfdwActivity
{
	CFDW_IDLE,
	CFDW_READS,
	CFDW_SENDS,
	CFDW_TAKES_BACK
} CfdwActivity;

/* What it waits for meanwhile; of several, the last tells most. */
typedef enum CfdwAwaited
{
	CFDW_AWAITS_NOTHING,
	CFDW_AWAITS_DESCRIPTOR,
	CFDW_AWAITS_TURN,
	CFDW_AWAITS_PAUSE, /* the end of one */
	CFDW_AWAITS_LOGIN,
	CFDW_AWAITS_REPLY
} CfdwAwaited;

/* How far it has come.  Of reading, what has arrived; else what was sent. */
typedef struct CfdwWork
{
	CfdwActivity activity;
	TimestampTz since;
	int64 rows;
	int64 all_rows; /* 0: it is not known how many there are */
	int batch;      /* the one that is under way, from 1 on; or 0 */
	int batches;
	int64 bytes; /* of replies that were read */
} CfdwWork;

/* Where a session shows it for one account; or NULL: nobody can see it. */
typedef struct CfdwProgress CfdwProgress;

/* As it was at some moment. */
typedef struct CfdwProgressView
{
	int pid;
	Oid role;
	Oid database;
	Oid serverid;
	char url[CFDW_URL_SIZE];
	CfdwWork work;
	CfdwAwaited awaited;
	TimestampTz until; /* the pause lasts; or 0 */
} CfdwProgressView;

extern void cfdw_progress_prepare(void);
extern CfdwProgress *cfdw_progress_begin(Oid serverid, const char *url);
extern void cfdw_progress_work(CfdwProgress *progress, const CfdwWork *work);
extern void cfdw_progress_sent(CfdwProgress *progress);
extern void cfdw_progress_read(CfdwProgress *progress, int64 rows, int64 bytes);
extern void cfdw_progress_await(CfdwProgress *progress, CfdwAwaited awaited,
								TimestampTz until);
extern bool cfdw_progress_awaits_nothing(const CfdwProgress *progress);
extern void cfdw_progress_end(CfdwProgress *progress);
extern List *cfdw_progress_list(void);

#endif /* CFDW_PROGRESS_H */
