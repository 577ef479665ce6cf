/*-------------------------------------------------------------------------
 *
 * report.h
 *	  A remote failure -> a PostgreSQL error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REPORT_H
#define CFDW_REPORT_H

#include "api/reply.h"
#include "net/http.h"
#include "declare/option.h"
#include "compat.h"

/* What an answer, or the lack of one, means for what was asked. */
typedef enum CfdwAnswer
{
	CFDW_ANSWER_DONE,     /* unless the body says otherwise */
	CFDW_ANSWER_REFUSED,  /* for certain */
	CFDW_ANSWER_CLOSED,   /* likewise, and so will be all that is asked */
	CFDW_ANSWER_LATER,    /* likewise, until some time has passed */
	CFDW_ANSWER_NOT_SENT, /* it did not go out */
	CFDW_ANSWER_UNKNOWN,  /* it may have been carried out; asking again tells */
	CFDW_ANSWER_UNREAD    /* the same, but asking again does not help */
} CfdwAnswer;

/* What was being done when something failed; for messages. */
typedef struct CfdwAction
{
	const char *server;
	const char *path;       /* of the table, for a 404 */
	const char *what;       /* "read lists", "add 3 rows": after "could
								 * not", before "on server ..." */
	int verb;               /* CfdwVerb of a write, -1 of anything else */
	const char *rows;       /* the rows of a write, a list for a detail */
	bool unsure;            /* it may have been carried out before */
	const char *lookalikes; /* what may have come of it: a sentence, or NULL */
	int timeout_ms;         /* that applied, for a message */
	const CfdwCredentials *credentials; /* to be kept out of messages */
} CfdwAction;

pg_noreturn extern void cfdw_report_response(const CfdwAction *action,
											 const CfdwResponse *response,
											 const char *body, size_t len);
pg_noreturn extern void cfdw_report_malformed(const CfdwAction *action,
											  const char *fault,
											  const CfdwResponse *response);
pg_noreturn extern void cfdw_report_refused(const CfdwAction *action,
											const char *what,
											const CfdwProblem *problem,
											bool gone,
											const CfdwResponse *response);
pg_noreturn extern void cfdw_report_gone(const CfdwAction *action,
										 const char *what);

extern CfdwAnswer cfdw_report_answer(const CfdwResponse *response, int code);
extern const char *cfdw_report_why(const CfdwResponse *response,
								   CfdwAnswer answer);

#endif /* CFDW_REPORT_H */
