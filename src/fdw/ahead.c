/*-------------------------------------------------------------------------
 *
 * ahead.c
 *	  Rows of an INSERT that are taken before it is their turn.
 *
 * Owns how the rows of the plan below an INSERT are taken, many at a time, and then
 * given to it one by one; and that whoever runs the statement runs it to its end:
 * SPI_execute() can be told to stop after so many rows, and those behind them are not
 * to be taken.  Must not know what is done with the rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "executor/executor.h"
#include "utils/memutils.h"

#include "fdw/ahead.h"
#include "compat.h"

struct CfdwAhead
{
	dlist_node link; /* in aheads */
	MemoryContextCallback callback;
	PlanState *plan;      /* that gives the rows ... */
	ExecProcNodeMtd give; /* ... by this function of its own */
	const CfdwAheadCalls *calls;
	void *owner;
	int size;              /* so many are taken at the most */
	bool asked;            /* whether the owner wants them */
	bool ended;            /* the plan has no more */
	MemoryContext context; /* of the tuples; reset before more are taken */
	MinimalTuple *tuples;
	int ntuples;          /* that were taken ... */
	int ngiven;           /* ... and of those, given to the INSERT */
	TupleTableSlot *slot; /* the last of them */
};

/* Those of all queries that are running. */
static dlist_head aheads = DLIST_STATIC_INIT(aheads);

/* The innermost query that is running and may insert and return rows, if it is run
 * to its end; or NULL. */
static EState *runs_to_end = NULL;

static ExecutorRun_hook_type previous_run = NULL;

static void run(CFDW_RUN_PARAMETERS);
static void run_next(CFDW_RUN_PARAMETERS);
static void forget(void *arg);
static TupleTableSlot *give_next(PlanState *plan);
static CfdwAhead *find(const PlanState *plan);
static void take(CfdwAhead *ahead);

void
cfdw_ahead_init(void)
{
	previous_run = ExecutorRun_hook;
	ExecutorRun_hook = run;
}

/*
 * The rows of PLAN, which has not run yet, will be taken ahead, SIZE at a time, if
 * that is safe and OWNER wants it.  In the query's memory.
 */
CfdwAhead *
cfdw_ahead_begin(PlanState *plan, int size, const CfdwAheadCalls *calls,
				 void *owner)
{
	EState *estate = plan->state;
	MemoryContext caller = MemoryContextSwitchTo(estate->es_query_cxt);
	CfdwAhead *ahead = palloc0(sizeof(CfdwAhead));

	ahead->plan = plan;
	ahead->give = plan->ExecProcNodeReal;
	ahead->calls = calls;
	ahead->owner = owner;
	ahead->size = size;
	ahead->context =
		AllocSetContextCreate(estate->es_query_cxt, "catalogs_fdw rows ahead",
							  ALLOCSET_DEFAULT_SIZES);
	ahead->tuples = palloc(sizeof(MinimalTuple) * size);
	ahead->slot = ExecInitExtraTupleSlot(estate, ExecGetResultType(plan),
										 &TTSOpsMinimalTuple);
	ahead->callback.func = forget;
	ahead->callback.arg = ahead;
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &ahead->callback);
	dlist_push_head(&aheads, &ahead->link);
	ExecSetExecProcNode(plan, give_next);
	MemoryContextSwitchTo(caller);
	return ahead;
}

/*
 * Which of the rows taken the INSERT is at: 0, 1, ...; -1 when none was taken.
 */
int
cfdw_ahead_place(const CfdwAhead *ahead)
{
	return ahead->ngiven - 1;
}

/*
 * Notes which query is run to its end while one is that may insert and return rows.
 */
static void
run(CFDW_RUN_PARAMETERS)
{
	EState *outer = runs_to_end;

	if (!query->plannedstmt->hasReturning &&
		!query->plannedstmt->hasModifyingCTE)
	{
		run_next(CFDW_RUN_ARGUMENTS);
		return;
	}
	runs_to_end = count == 0 ? query->estate : NULL;
	PG_TRY();
	{
		run_next(CFDW_RUN_ARGUMENTS);
	}
	PG_FINALLY();
	{
		runs_to_end = outer;
	}
	PG_END_TRY();
}

static void
run_next(CFDW_RUN_PARAMETERS)
{
	if (previous_run != NULL)
		previous_run(CFDW_RUN_ARGUMENTS);
	else
		standard_ExecutorRun(CFDW_RUN_ARGUMENTS);
}

/*
 * The query has ended, also by an error.
 */
static void
forget(void *arg)
{
	CfdwAhead *ahead = arg;

	dlist_delete(&ahead->link);
}

/*
 * The next row of a plan, in the place of the plan's own function.
 */
static TupleTableSlot *
give_next(PlanState *plan)
{
	CfdwAhead *ahead = find(plan);

	if (!ahead->asked)
	{
		ahead->asked = true;
		if (runs_to_end != plan->state || !ahead->calls->wants(ahead->owner))
		{
			ExecSetExecProcNode(plan, ahead->give);
			return ahead->give(plan);
		}
	}
	if (ahead->ngiven == ahead->ntuples && !ahead->ended)
		take(ahead);
	if (ahead->ngiven == ahead->ntuples)
		return NULL;
	return ExecStoreMinimalTuple(ahead->tuples[ahead->ngiven++], ahead->slot,
								 false);
}

static CfdwAhead *
find(const PlanState *plan)
{
	dlist_iter iter;

	dlist_foreach(iter, &aheads)
	{
		CfdwAhead *ahead = dlist_container(CfdwAhead, link, iter.cur);

		if (ahead->plan == plan)
			return ahead;
	}
	elog(ERROR, "no rows of this plan are taken ahead");
}

/*
 * Takes as many rows as may be, or as there are.
 */
static void
take(CfdwAhead *ahead)
{
	TupleTableSlot *slot;
	MemoryContext caller;

	ExecClearTuple(ahead->slot);
	MemoryContextReset(ahead->context);
	ahead->ntuples = ahead->ngiven = 0;
	while (ahead->ntuples < ahead->size)
	{
		slot = ahead->give(ahead->plan);
		if (TupIsNull(slot))
		{
			ahead->ended = true;
			break;
		}
		caller = MemoryContextSwitchTo(ahead->context);
		ahead->tuples[ahead->ntuples++] = ExecCopySlotMinimalTuple(slot);
		MemoryContextSwitchTo(caller);
		ahead->calls->takes(ahead->owner, slot);
	}
	ahead->calls->has_taken(ahead->owner);
}
