/*-------------------------------------------------------------------------
 *
 * report.h
 *	  A remote failure -> a PostgreSQL error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REPORT_H
#define CFDW_REPORT_H

#include "net/answer.h"
#include "declare/option.h"
#include "compat.h"

/* What was being done when something failed; the writes of one verb are in its
 * order. */
typedef enum CfdwActionKind
{
	CFDW_ADDING = CFDW_ADD,
	CFDW_UPDATING = CFDW_UPDATE,
	CFDW_DELETING = CFDW_DELETE,
	CFDW_CHANGING, /* rows of several verbs */
	CFDW_READING,
	CFDW_SIGNING_IN
} CfdwActionKind;

/* The same in full, for messages. */
typedef struct CfdwAction
{
	CfdwActionKind kind;
	const char *server;
	const char *path;                   /* of the table, for a 404 */
	int timeout_ms;                     /* that applied */
	bool plain_http;                    /* without TLS */
	const CfdwCredentials *credentials; /* to be kept out of messages, ... */
	CfdwPool *pool;                     /* ... as are its cookies; or NULL */
	CfdwStatistics *statistics;         /* where it is counted, or NULL */

	/* Of a write: */
	int nrows;              /* 0 of anything else */
	const char *row;        /* one that is alone: its name while it has no id,
							 * else that; or NULL */
	const char *rows;       /* all of them, a list for a detail */
	bool adds;              /* some of them are new */
	bool unsure;            /* it may have been carried out before */
	bool unverified;        /* some were not read before they were changed */
	const char *lookalikes; /* what may have come of it: a sentence, or NULL */
} CfdwAction;

pg_noreturn extern void cfdw_report_response(const CfdwAction *action,
											 const CfdwResponse *response,
											 const char *body, size_t len);
pg_noreturn extern void cfdw_report_malformed(const CfdwAction *action,
											  const char *fault,
											  const CfdwResponse *response,
											  const char *body, size_t len);
pg_noreturn extern void cfdw_report_unconfirmed(const CfdwAction *action,
												const CfdwResponse *response,
												const char *body, size_t len);
pg_noreturn extern void cfdw_report_refused(const CfdwAction *action,
											const CfdwProblem *problem,
											bool gone,
											const CfdwResponse *response);
pg_noreturn extern void cfdw_report_gone(const CfdwAction *action);
pg_noreturn extern void cfdw_report_too_late(const CfdwAction *action,
											 const char *table);

#endif /* CFDW_REPORT_H */
