/*-------------------------------------------------------------------------
 *
 * batch.h
 *	  The operations of one POST.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_BATCH_H
#define CFDW_BATCH_H

#include "net/call.h"
#include "txn/difference.h"
#include "compat.h"

/* A sentence that says what is wrong with a reply is shorter. */
#define CFDW_FAULT_SIZE 256

/* The operations of one POST, all to one account, with one user mapping. */
typedef struct CfdwBatch
{
	dlist_node link;    /* in whose queue it is */
	CfdwTarget *target; /* of the first operation */
	CfdwVerb verb;      /* of all, unless they are combined */
	bool aborting;      /* nothing may raise */
	bool too_late;      /* not sent: there was no time left */
	CfdwWork work;      /* what it is a part of */
	int n;
	int max; /* there is room for so many */
	CfdwOperation **operations;
	char *body; /* of the request, once that is written */
	size_t body_len;

	/* Once it is being sent: */
	CfdwCall *call;
	int timeout_ms; /* for each attempt */
	bool unsure;    /* an earlier attempt has gone out, to an unknown end */

	/* Once the call has ended, and its reply was read: */
	CfdwAnswer answer;
	CfdwReply reply;
	CfdwProblem problem;         /* of the whole of it */
	char fault[CFDW_FAULT_SIZE]; /* how it is not what was expected: a
								  * sentence; "": it is */
	const CfdwProblem *refusal;  /* the first that is a failure, or NULL ... */
	CfdwOperation *refused;      /* ... and what it is about, or NULL */
	CfdwOperation *left_out;     /* the first that should stand in it, if the
								  * reply is sound */
	int nstrays;                 /* lists that were added, it is not clear for
								  * which row */
	int64 *strays;
} CfdwBatch;

extern CfdwBatch *cfdw_batch_create(CfdwTarget *target, int max);
extern bool cfdw_batch_write(CfdwBatch *batch);
extern bool cfdw_batch_start(CfdwBatch *batch, int64 deadline_us);
extern void cfdw_batch_read(CfdwBatch *batch);
extern bool cfdw_batch_has(const CfdwBatch *batch, CfdwVerb verb);
extern bool cfdw_batch_is_done(const CfdwOperation *operation);
extern void cfdw_batch_set_fault(CfdwBatch *batch, const char *format, ...)
	pg_attribute_printf(2, 3);
extern bool cfdw_batch_succeeded(const CfdwBatch *batch);
extern void cfdw_batch_end(CfdwBatch *batch);
extern void cfdw_batch_count_error(const CfdwBatch *batch, const char *why);
pg_noreturn extern void cfdw_batch_refuse(const CfdwBatch *batch);
pg_noreturn extern void cfdw_batch_report(CfdwBatch *batch,
										  const char *lookalikes);

#endif /* CFDW_BATCH_H */
