/*-------------------------------------------------------------------------
 *
 * reply.h
 *	  What the reply to a POST says, or the one to a login.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REPLY_H
#define CFDW_REPLY_H

#include "api/problem.h"
#include "api/resource.h"

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
extern bool cfdw_reply_signed_in(const char *body, size_t len);

#endif /* CFDW_REPLY_H */
