/*-------------------------------------------------------------------------
 *
 * answer.h
 *	  What an answer, or the lack of one, means.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ANSWER_H
#define CFDW_ANSWER_H

#include "api/problem.h"
#include "net/http.h"

/* For what was asked. */
typedef enum CfdwAnswer
{
	CFDW_ANSWER_DONE,     /* unless the body says otherwise */
	CFDW_ANSWER_EMPTY,    /* likewise, without a body: there is nothing */
	CFDW_ANSWER_REFUSED,  /* for certain */
	CFDW_ANSWER_SIGN_IN,  /* likewise; signing in anew may help, if anything */
	CFDW_ANSWER_CLOSED,   /* likewise, and so will be all that is asked */
	CFDW_ANSWER_LATER,    /* likewise, until some time has passed */
	CFDW_ANSWER_NOT_SENT, /* it did not go out */
	CFDW_ANSWER_UNKNOWN,  /* it may have been carried out; asking again tells */
	CFDW_ANSWER_UNREAD    /* the same, but asking again does not help */
} CfdwAnswer;

/* What a person may do about it. */
typedef enum CfdwHint
{
	CFDW_HINT_NONE,
	CFDW_HINT_ADD_ADDRESS,
	CFDW_HINT_ASK_FOR_RIGHTS,
	CFDW_HINT_CHECK_CA_FILE,
	CFDW_HINT_CHECK_CLOCK,
	CFDW_HINT_CHECK_HOST,
	CFDW_HINT_CHECK_PAGE,
	CFDW_HINT_CHECK_PATH,
	CFDW_HINT_CHECK_PROXY,
	CFDW_HINT_CHECK_SIGN_IN,
	CFDW_HINT_CHECK_URL,
	CFDW_HINT_FEWER_FILES,
	CFDW_HINT_LARGER_REPLIES,
	CFDW_HINT_MAYBE_BLOCKED,
	CFDW_HINT_MORE_TIME,
	CFDW_HINT_MORE_TIME_TO_COMMIT,
	CFDW_HINT_NAME_AUTHORITY,
	CFDW_HINT_NO_TLS,
	CFDW_HINT_ONLY_TLS,
	CFDW_HINT_PAY,
	CFDW_HINT_READ_AGAIN,
	CFDW_HINT_SLOW_DOWN,
	CFDW_HINT_SMALLER_BATCHES,
	CFDW_HINT_TRY_LATER,
	CFDW_HINT_UNVERIFIED,
	CFDW_HINT_USE_BROWSER
} CfdwHint;

/* The same for a person. */
typedef struct CfdwMeaning
{
	int number; /* the outcome, status or code that means it */
	int sqlstate;
	CfdwAnswer answer;
	const char *reason; /* a sentence to be translated, or NULL */
	CfdwHint hint;
} CfdwMeaning;

extern CfdwAnswer cfdw_answer_of(const CfdwResponse *response, int code);
extern CfdwAnswer cfdw_answer_of_status(const CfdwResponse *response);
extern void cfdw_answer_read_absence(const CfdwResponse *response,
									 CfdwProblem *problem);
extern const char *cfdw_answer_why(const CfdwResponse *response,
								   CfdwAnswer answer, int code);
extern const CfdwMeaning *cfdw_answer_outcome(const CfdwResponse *response);
extern const CfdwMeaning *cfdw_answer_refusal(const CfdwResponse *response,
											  const CfdwProblem *problem,
											  int nrows);
extern const CfdwMeaning *cfdw_answer_row(const CfdwProblem *problem,
										  bool gone);
extern bool cfdw_answer_is_failure(const CfdwResponse *response);
extern const char *cfdw_answer_hint(CfdwHint hint);

#endif /* CFDW_ANSWER_H */
