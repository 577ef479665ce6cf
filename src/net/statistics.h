/*-------------------------------------------------------------------------
 *
 * statistics.h
 *	  What an account was asked, and what came of it, counted by all backends.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_STATISTICS_H
#define CFDW_STATISTICS_H

#include "datatype/timestamp.h"
#include "nodes/pg_list.h"

#include "api/resource.h"

/* What is counted.  Rows are those of the account: each time that one is read, and
 * those of a change that it has confirmed. */
typedef enum CfdwCounter
{
	CFDW_COUNT_GETS,
	CFDW_COUNT_POSTS, /* but for those to sign in */
	CFDW_COUNT_LOGINS,
	CFDW_COUNT_ROWS_READ,
	CFDW_COUNT_ROWS_CHANGED, /* this one and the next, by the verb */
	CFDW_COUNT_BYTES_SENT = CFDW_COUNT_ROWS_CHANGED + CFDW_NVERBS,
	CFDW_COUNT_BYTES_RECEIVED,
	CFDW_COUNT_RETRIES,
	CFDW_COUNT_TOO_MANY, /* replies with status 429 */
	CFDW_COUNT_PACED_US, /* waited until it was a request's turn */
	CFDW_COUNT_REPLY_US, /* waited for replies */
	CFDW_COUNT_ERRORS,
	CFDW_NCOUNTERS
} CfdwCounter;

/* Bytes of a message that are kept. */
#define CFDW_LAST_ERROR_SIZE 400

/* Of an account, as a server of a database leads to it; or NULL: then nothing is
 * counted. */
typedef struct CfdwStatistics CfdwStatistics;

/* As it was at some moment. */
typedef struct CfdwStatisticsView
{
	Oid database;
	Oid serverid;
	const char *url;
	bool shared; /* all backends count, or this one alone */
	TimestampTz since;
	int64 counters[CFDW_NCOUNTERS];

	/* The last error, if there was one: */
	TimestampTz error_time; /* or 0 */
	int sqlstate;
	char message[CFDW_LAST_ERROR_SIZE];
	int encoding; /* of the message */
} CfdwStatisticsView;

extern CfdwStatistics *cfdw_statistics_open(Oid serverid, const char *url);
extern void cfdw_statistics_count(CfdwStatistics *statistics,
								  CfdwCounter counter, int64 n);
extern void cfdw_statistics_error(CfdwStatistics *statistics, int sqlstate,
								  const char *message, const char *detail);
extern List *cfdw_statistics_list(void);
extern void cfdw_statistics_reset(void);

#endif /* CFDW_STATISTICS_H */
