/*-------------------------------------------------------------------------
 *
 * reply.h
 *	  What a small reply says: the one to a POST, to a login, or an error.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REPLY_H
#define CFDW_REPLY_H

#include "api/resource.h"

/* The account's code for a list that it does not have. */
#define CFDW_CODE_GONE 282

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

/* A row that a reply names as done. */
typedef struct CfdwReplyItem
{
	int64 id; /* 0 when it is missing or no integer */
	bool has_request_id;
	int64 request_id;
} CfdwReplyItem;

/* A row that a reply names as refused. */
typedef struct CfdwReplyError
{
	int verb; /* CfdwVerb, or -1 when it is not said */
	bool has_key;
	int64 key; /* what the reply names it by: an id, or else the position or
				* the request_id of an added row */
	CfdwProblem problem;
} CfdwReplyError;

/* The reply to a POST. */
typedef struct CfdwReply
{
	bool named; /* it has items or errors, or says that there are none */
	int nitems;
	CfdwReplyItem *items;
	int nerrors;
	CfdwReplyError *errors;
	bool failed;         /* it says beside them that something went wrong */
	CfdwProblem problem; /* that, with "failed" */
} CfdwReply;

extern bool cfdw_reply_read(const CfdwResource *resource, const char *body,
							size_t len, CfdwReply *reply);
extern bool cfdw_reply_try(const CfdwResource *resource, const char *body,
						   size_t len, CfdwReply *reply);
extern bool cfdw_reply_problem(const char *body, size_t len,
							   const char *content_type, CfdwProblem *problem);
extern bool cfdw_reply_signed_in(const char *body, size_t len);

#endif /* CFDW_REPLY_H */
