/*-------------------------------------------------------------------------
 *
 * log.h
 *	  A line in the server's log for each request.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_LOG_H
#define CFDW_LOG_H

/* A request that has ended. */
typedef struct CfdwLogged
{
	const char *url;
	bool is_post;
	long status; /* of the reply, or 0: there was none */
	bool whole;  /* the reply was received to its end */
	int64 sent;  /* bytes of the bodies */
	int64 received;
	double paced_ms; /* for its turn, before it was sent */
	double took_ms;  /* from then on */
} CfdwLogged;

extern void cfdw_log_init(void);
extern void cfdw_log_request(const CfdwLogged *request);

#endif /* CFDW_LOG_H */
