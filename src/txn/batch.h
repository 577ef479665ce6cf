/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  The rows of one POST, on their way.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_BATCH_H
#define CFDW_BATCH_H

#include "lib/stringinfo.h"

#include "api/codec.h"
#include "api/reply.h"
#include "net/session.h"

/* The rows of one POST. */
typedef struct CfdwBatch
{
	CfdwSession *session;
	const CfdwResource *resource;
	CfdwRows by_verb[CFDW_NVERBS]; /* an add gets its id from the reply */
	CfdwAction action;             /* for messages */
	CfdwRequest request;           /* whole: sending it needs nothing else */
	CfdwTransfer *transfer;        /* once it is being sent */
	CfdwRepetition repetition;
	/* Once received, also when that raised: */
	StringInfoData body; /* of the reply */
	bool too_long;       /* ... which is cut off, and not looked into */
	CfdwReply reply;     /* what it says */
	bool unsure;         /* when that raised: the account may have done it */
	bool gone;           /* once tried: a list is not in the account */
} CfdwBatch;

extern CfdwBatch *cfdw_batch_create(CfdwSession *session,
									const CfdwResource *resource,
									const char *path, const CfdwRows *by_verb);
extern CfdwBatch *cfdw_batch_part(const CfdwBatch *whole,
								  const CfdwRows *by_verb, const char *body,
								  size_t body_len);
extern void cfdw_batch_send(CfdwBatch *batch, int timeout_ms);
extern const CfdwResponse *cfdw_batch_receive(CfdwBatch *batch);
extern const CfdwResponse *cfdw_batch_try(CfdwBatch *batch, int timeout_ms);
extern int cfdw_batch_count(const CfdwBatch *batch);
extern const CfdwAction *cfdw_batch_describe(CfdwBatch *batch);

#endif /* CFDW_BATCH_H */
