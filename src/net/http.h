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
#include "net/statistics.h"

/* One request under way. */
typedef struct CfdwTransfer CfdwTransfer;

/* What requests have cost.  Must outlive the transfers that count into it. */
typedef struct CfdwTraffic
{
	int64 requests; /* begun; those to sign in are requests, too */
	int64 retries;  /* of these: sent again, for the first came to nothing */
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

/* How a transfer ended, seen from below HTTP. */
typedef enum CfdwOutcome
{
	CFDW_HTTP_OK,            /* a whole reply, of whatever status */
	CFDW_HTTP_NO_CONNECTION, /* resolve, connect, TLS */
	CFDW_HTTP_NO_TLS,        /* the server spoke none at that port */
	CFDW_HTTP_UNTRUSTED,     /* its certificate is nobody's that is known */
	CFDW_HTTP_EXPIRED,       /* ... or is, or is not yet, valid */
	CFDW_HTTP_OTHER_HOST,    /* ... or another host's */
	CFDW_HTTP_NO_CA_FILE,    /* the option "ca_file" names none */
	CFDW_HTTP_PROXY_LOGIN,   /* the proxy wants one, or another */
	CFDW_HTTP_LOST,          /* connection closed or broken */
	CFDW_HTTP_TIMEOUT,
	CFDW_HTTP_CUT,       /* the reply is shorter than announced */
	CFDW_HTTP_MALFORMED, /* not HTTP, or a body that cannot be decoded */
	CFDW_HTTP_TOO_LARGE,
	CFDW_HTTP_NO_MEMORY,
	CFDW_HTTP_NO_DESCRIPTOR, /* for a connection */
	CFDW_HTTP_HELD_OFF       /* of a call: it was not sent, for the account has
							  * asked others to wait for longer than it may */
} CfdwOutcome;

typedef struct CfdwResponse
{
	CfdwOutcome outcome;  /* valid once the transfer has ended */
	bool sent;            /* some of a POST's body was handed to the
								 * network: its fate is not known unless a
								 * reply says so */
	bool signing_in;      /* of a call: it is the reply to its login, which has
								 * failed; the request itself did not go
								 * out, or was refused with 401 */
	bool cut_off;         /* a whole body was longer than CFDW_WHOLE_LIMIT */
	long status;          /* HTTP status, or 0 before one is known */
	char location[512];   /* of a redirect, or "" */
	char request_id[128]; /* X-Request-Id, or "" */
	char content_type[128]; /* Content-Type, or "" */
	int retry_after_s;      /* in so many seconds, 0 when nobody knows */
	bool too_late;          /* of a call: its deadline has passed */
	char error[512];        /* what libcurl says, or "" */
} CfdwResponse;

extern CfdwTransfer *cfdw_http_start(CfdwPool *pool, const CfdwRequest *request,
									 CfdwResponse *failure);
extern bool cfdw_http_is_ready(const CfdwTransfer *transfer);
extern bool cfdw_http_is_read(const CfdwTransfer *transfer);
extern bool cfdw_http_read(CfdwTransfer *transfer, const char **data,
						   size_t *len);
extern const char *cfdw_http_body(const CfdwTransfer *transfer, size_t *len);
extern const CfdwResponse *cfdw_http_response(CfdwTransfer *transfer);
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
