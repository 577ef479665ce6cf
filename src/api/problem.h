/*-------------------------------------------------------------------------
 *
 * problem.h
 *	  What an account says of a failure.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PROBLEM_H
#define CFDW_PROBLEM_H

#include "lib/stringinfo.h"

#include "api/phrase.h"

struct json_object;

/* What an account says when something went wrong. */
typedef struct CfdwProblem
{
	int code;          /* the account's, else an HTTP status, or 0 */
	bool in_words;     /* the code is what the words say */
	bool invalid;      /* single values are, by its "validation-errors" */
	bool about_size;   /* its words are about how much was sent */
	bool is_absence;   /* ... say that a list is not there, and no more */
	int retry_after_s; /* seconds, 0 when none was given */
	char *words;       /* cleaned and shortened, or NULL */
} CfdwProblem;

/* What is being said of one, in several places of a reply. */
typedef struct CfdwSaid
{
	CfdwProblem *problem;
	bool in_words; /* words are wanted */
	StringInfoData words;
	bool of_list; /* what comes is of a single row that was there, perhaps */
	bool any;     /* something is said */
} CfdwSaid;

extern bool cfdw_problem_read(const char *body, size_t len,
							  const char *content_type, CfdwProblem *problem);
extern bool cfdw_problem_may_be_in(const char *body);

extern void cfdw_said_begin(CfdwSaid *said, CfdwProblem *problem,
							bool in_words);
extern void cfdw_said_add(CfdwSaid *said, struct json_object *object);
extern void cfdw_said_add_error(CfdwSaid *said, struct json_object *error);
extern void cfdw_said_add_all(CfdwSaid *said, struct json_object *errors);
extern bool cfdw_said_is_one(struct json_object *value);
extern void cfdw_said_end(CfdwSaid *said);

#endif /* CFDW_PROBLEM_H */
