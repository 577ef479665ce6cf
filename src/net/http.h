/*-------------------------------------------------------------------------
 *
 * http.h
 *	  One request, one response.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_HTTP_H
#define CFDW_HTTP_H

#include "datatype/timestamp.h"

#include "net/pace.h"
#include "net/pool.h"
#include "net/progress.h"
#include "net/response.h"
#include "net/statistics.h"

/* One request under way. */
typedef struct CfdwTransfer CfdwTransfer;

/* What requests have cost.  Must outlive the transfers that count into it. */
typedef struct CfdwTraffic
{
	int64 requests; /* that went out; those to sign in are requests, too */
	int64 retries;  /* attempts after one that came to nothing */
	int64 sent;     /* bytes of their bodies, but for those to sign in */
	int64 received; /* bytes of the replies' bodies, after decompression */
	int64 paced_us; /* waited for their turn, in microseconds */
} CfdwTraffic;

/* More of a reply that is kept whole is not kept: one to a POST of 500 rows,
 * with all that may surround an id, is shorter; so much of an error is enough. */
#define CFDW_WHOLE_LIMIT (1024 * 1024)

/* A request.  Strings must outlive its transfer, or its call. */
typedef struct CfdwRequest
{
	const char *url;
	const char *body; /* of a POST, or NULL for a GET */
	size_t body_len;
	const char *bearer; /* access token, or NULL; a call's is its session's */
	int timeout_ms;     /* for all the waiting that one attempt causes */
	int64 max_response_size; /* bytes, after decompression */
	bool whole;              /* the body of the reply is kept until its end */
	bool signs_in;           /* its body is secret, as is how long that is */
	CfdwTraffic *traffic;    /* where it is counted ... */
	CfdwStatistics *statistics; /* ... and for all to see; or NULL */
	CfdwTurn *turn; /* with a place, or NULL; the transfer takes it over,
							  * or leaves it when it is not started.  Not a
							  * call's: that waits for one */

	/* For a call alone: what it is a part of; and when all of it must have ended, login, waits and
	 * repetitions included; 0 for no limit. */
	CfdwWork work;
	int64 deadline_us; /* by cfdw_clock_us() */
} CfdwRequest;

extern CfdwTransfer *cfdw_http_start(CfdwPool *pool, const CfdwRequest *request,
									 CfdwResponse *failure);
extern bool cfdw_http_is_ready(const CfdwTransfer *transfer);
extern bool cfdw_http_is_read(const CfdwTransfer *transfer);
extern bool cfdw_http_read(CfdwTransfer *transfer, const char **data,
						   size_t *len);
extern const char *cfdw_http_body(const CfdwTransfer *transfer, size_t *len);
extern const CfdwResponse *cfdw_http_response(CfdwTransfer *transfer);
extern void cfdw_http_add_traffic(CfdwTraffic *sum, int sign,
								  const CfdwTraffic *more);
extern double cfdw_http_remaining_ms(const CfdwTransfer *transfer);
extern void cfdw_http_give_up(CfdwTransfer *transfer);
extern void cfdw_http_end(CfdwTransfer *transfer);

/* For call alone: the one wait for all transfers. */
extern void cfdw_http_expect_none(void);
extern void cfdw_http_expect(CfdwTransfer *transfer);
extern void cfdw_http_expect_all(void);
extern bool cfdw_http_is_any_under_way(bool moving);
extern double cfdw_http_wait(double limit_ms, CfdwAwaited awaited,
							 bool aborting);
extern int cfdw_http_watch(double limit_ms);
extern void cfdw_http_drive(void);

#endif /* CFDW_HTTP_H */
