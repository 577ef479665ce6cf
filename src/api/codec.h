/*-------------------------------------------------------------------------
 *
 * codec.h
 *	  Rows -> request payloads, small replies -> values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CODEC_H
#define CFDW_CODEC_H

#include "api/row.h"

/* What an account says when something went wrong; its own words. */
typedef struct CfdwProblem
{
	int code;          /* error_code, 0 when none was given */
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
	int64 key; /* what the reply names it by: an id, or else the
								 * position or the request_id of an added row */
	CfdwProblem problem;
} CfdwReplyError;

/* The reply to a POST. */
typedef struct CfdwReply
{
	bool named; /* it is one */
	int nitems;
	CfdwReplyItem *items;
	int nerrors;
	CfdwReplyError *errors;
} CfdwReply;

extern char *cfdw_codec_payload(const CfdwResource *resource,
								const CfdwRows *by_verb, size_t *len);
extern char *cfdw_codec_row(const CfdwRow *row);
extern char *cfdw_codec_login(const char *login, const char *api_key,
							  size_t *len);
extern bool cfdw_codec_reply(const CfdwResource *resource, const char *body,
							 size_t len, CfdwReply *reply);
extern bool cfdw_codec_login_accepted(const char *body, size_t len);
extern bool cfdw_codec_problem(const char *body, size_t len,
							   CfdwProblem *problem);
extern char *cfdw_codec_clean(const char *text, size_t len);

#endif /* CFDW_CODEC_H */
