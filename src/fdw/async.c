/*-------------------------------------------------------------------------
 *
 * async.c
 *	  Many scans of one Append, side by side.
 *
 * An Append asks each of its scans for a row, and those that have none yet for
 * something to wait for.  All of ours wait for the same descriptor, which can
 * stand in the Append's set but once: the last of those that wait adds it.  So
 * it is the first that finds out, when the descriptor is readable, that another
 * one has a row: that one gives it when it is next asked what to wait for.
 *
 * Must not know where rows come from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "executor/execAsync.h"
#include "executor/instrument.h"
#include "nodes/execnodes.h"
#include "storage/latch.h"

#include "fdw/async.h"
#include "net/call.h"
#include "fdw/scan.h"

static void answer(AsyncRequest *areq);
static bool is_pending(const AsyncRequest *areq);
static bool is_last_pending(const AsyncRequest *areq);
static int watch_pending(const AppendState *append);

/*
 * The next row, when there is one; the first time, sends the request.
 */
void
catalogsForeignAsyncRequest(AsyncRequest *areq)
{
	answer(areq);
}

/*
 * Gives a row that has come since, and lets the Append wait for others.
 */
void
catalogsForeignAsyncConfigureWait(AsyncRequest *areq)
{
	AppendState *append = castNode(AppendState, areq->requestor);
	bool last = is_last_pending(areq);

	if (cfdw_scan_is_ready((ForeignScanState *) areq->requestee))
	{
		/* What the executor does around the other callbacks. */
		areq->callback_pending = false;
		answer(areq);
		ExecAsyncResponse(areq);
		if (areq->requestee->instrument != NULL)
			InstrUpdateTupleCount(areq->requestee->instrument,
								  TupIsNull(areq->result) ? 0.0 : 1.0);
	}
	if (last)
		AddWaitEventToSet(append->as_eventset, WL_SOCKET_READABLE,
						  watch_pending(append), NULL, areq);
}

/*
 * The descriptor is readable.
 */
void
catalogsForeignAsyncNotify(AsyncRequest *areq)
{
	cfdw_call_drive();
	answer(areq);
}

/*
 * Gives a row, the end, or nothing yet.
 */
static void
answer(AsyncRequest *areq)
{
	PlanState *node = areq->requestee;
	TupleTableSlot *row = node->ExecProcNodeReal(node);

	if (TupIsNull(row) && cfdw_scan_is_waiting((ForeignScanState *) node))
		ExecAsyncRequestPending(areq);
	else
		ExecAsyncRequestDone(areq, row);
}

/*
 * Whether it is one of ours, and waits.
 */
static bool
is_pending(const AsyncRequest *areq)
{
	return areq->callback_pending && IsA(areq->requestee, ForeignScanState) &&
		   ((ForeignScanState *) areq->requestee)
				   ->fdwroutine->ForeignAsyncConfigureWait ==
			   catalogsForeignAsyncConfigureWait;
}

/*
 * Whether none of those that the Append is still going to ask what to wait for,
 * which it does in their order, is ours.
 */
static bool
is_last_pending(const AsyncRequest *areq)
{
	const AppendState *append = (AppendState *) areq->requestor;
	int i = areq->request_index;

	while ((i = bms_next_member(append->as_asyncplans, i)) >= 0)
		if (is_pending(append->as_asyncrequests[i]))
			return false;
	return true;
}

/*
 * The descriptor to wait for.  It is readable at once when the Append has
 * something to do.
 */
static int
watch_pending(const AppendState *append)
{
	CfdwCall **awaited = palloc(sizeof(CfdwCall *) * append->as_nasyncplans);
	bool at_once = append->as_nasyncresults > 0;
	int n = 0;
	int i = -1;
	int fd;

	while ((i = bms_next_member(append->as_asyncplans, i)) >= 0)
	{
		const AsyncRequest *areq = append->as_asyncrequests[i];

		if (!is_pending(areq))
			continue;
		awaited[n] = cfdw_scan_awaited((ForeignScanState *) areq->requestee);
		if (awaited[n] != NULL)
			n++;
		else
			at_once = true;
	}
	fd = cfdw_call_watch(awaited, n, at_once || n == 0);
	pfree(awaited);
	return fd;
}
