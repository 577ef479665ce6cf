/*-------------------------------------------------------------------------
 *
 * response.h
 *	  What came of a request: its reply's headers, and how it ended.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_RESPONSE_H
#define CFDW_RESPONSE_H

#include "declare/option.h"

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
	bool out_of_turn;     /* it is to go out when it has another turn: its own
								 * was over, or was spent on a kept connection
								 * that was closed */
	bool cut_off;         /* a whole body was longer than CFDW_WHOLE_LIMIT */
	long status;          /* HTTP status, or 0 before one is known */
	char location[512];   /* of a redirect, or "" */
	char request_id[128]; /* X-Request-Id, or "" */
	char content_type[128]; /* Content-Type, or "" */
	int retry_after_s;      /* in so many seconds, 0 when nobody knows */
	bool too_late;          /* of a call: its deadline has passed */
	char error[512];        /* what libcurl says, or "" */
} CfdwResponse;

/* How far a transfer has come: for http alone, and kept by it. */
typedef struct CfdwArrival
{
	const CfdwOptions *options; /* of its server */
	bool in_tls;                /* it has a connection, and TLS has begun */
	bool connected;    /* TLS included: the request was about to go out */
	bool interim;      /* what arrives is a reply before the last */
	bool headed;       /* the reply's headers are all there */
	size_t head_len;   /* bytes of them so far */
	int codings;       /* of the body */
	int64 received;    /* bytes of the body, after decompression */
	CfdwOutcome fault; /* why a function that libcurl calls has ended it, or
						* CFDW_HTTP_OK */

	/* At its end: */
	bool neglected; /* it had no time to connect */
	bool refused;   /* the addresses that there were may not be connected to */
	bool exhausted; /* there was no descriptor for a connection */
} CfdwArrival;

extern bool cfdw_response_header(CfdwArrival *arrival, const char *line,
								 size_t len);
extern void cfdw_response_status(CfdwResponse *response, void *easy);
extern void cfdw_response_end(CfdwResponse *response,
							  const CfdwArrival *arrival, void *easy, int code,
							  const char *error);
extern void cfdw_response_not_started(CfdwResponse *response, int code);

#endif /* CFDW_RESPONSE_H */
