/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Rows -> slots.
 *
 * Owns the run-time state of a foreign scan: what it asks for, and what a slot
 * holds beside the columns.  Must not know what a condition looks like, how a
 * reply is read, or who else reads it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "fdw/fetch.h"
#include "read/ids.h"
#include "fdw/plan.h"
#include "fdw/projection.h"
#include "fdw/scan.h"
#include "fdw/tid.h"

typedef struct ListScan
{
	CfdwProjection *projection;
	OffsetNumber account; /* of the rows' ctids, or 0: none are wanted */
	bool system;          /* another system column is wanted */
	CfdwFetch *fetch;
	List *ids;                 /* of ExprState: see plan.h */
	bool by_id;                /* a number is among them, and decides */
	bool id_is_null;           /* only rows without an id are wanted */
	bool whole;                /* otherwise all lists are asked for */
	MemoryContext row_context; /* of the values of one row */
	bool async;                /* an Append waits for the rows */

	bool started;  /* the fetch was asked, or need not be */
	bool no_rows;  /* ... for no row can fit */
	CfdwAsk asked; /* else: what it was asked for */
	bool waiting;  /* it gave no row, but is not at its end */
} ListScan;

/* Whether rows are kept for a scan that may begin again. */
static const CfdwKeep keep_for[] = {
	[CFDW_RESCANS_NEVER] = CFDW_KEEP_NONE,
	[CFDW_RESCANS_MAYBE] = CFDW_KEEP_WORK_MEM,
	[CFDW_RESCANS_OFTEN] = CFDW_KEEP_ALL,
};

static void find_system_columns(ListScan *state, List *columns);
static CfdwIds wanted_ids(ForeignScanState *node);
static void restrict_by_tid(const ListScan *state, CfdwIds *ids, Datum value,
							bool isnull);
static void start(ForeignScanState *node);
static void store_row(ListScan *state, const CfdwFetchRow *row,
					  TupleTableSlot *slot);
static void store_tid(OffsetNumber account, const CfdwFetchRow *row,
					  ItemPointer tid);

/*
 * Whether the last call gave no row because the next one has not arrived yet.
 */
bool
cfdw_scan_is_waiting(const ForeignScanState *node)
{
	return ((const ListScan *) node->fdw_state)->waiting;
}

/*
 * Whether a scan that was waiting need not wait any more.
 */
bool
cfdw_scan_is_ready(const ForeignScanState *node)
{
	CfdwCall *awaited = cfdw_scan_awaited(node);

	return awaited == NULL || cfdw_call_is_ready(awaited);
}

/*
 * What a scan that is waiting waits for; NULL when it need not any more.
 */
CfdwCall *
cfdw_scan_awaited(const ForeignScanState *node)
{
	return cfdw_fetch_awaited(((const ListScan *) node->fdw_state)->fetch);
}

/*
 * What the requests have cost that a scan has sent: one that reads what another
 * has asked for has sent none.
 */
const CfdwTraffic *
cfdw_scan_traffic(const ForeignScanState *node)
{
	return cfdw_fetch_traffic(((const ListScan *) node->fdw_state)->fetch);
}

/*
 * Prepares a scan; sends nothing yet.
 */
void
catalogsBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	EState *estate = node->ss.ps.state;
	Relation rel = node->ss.ss_currentRelation;
	ListScan *state;
	Oid user = cfdw_scan_check_as_user(plan, estate);
	CfdwFetchPlan fetch = {0};

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = palloc0(sizeof(ListScan));
	node->fdw_state = state;
	state->async = node->ss.ps.async_capable;
	state->projection = cfdw_projection_create(
		cfdw_table_get(rel), cfdw_plan_columns(plan->fdw_private));
	find_system_columns(state, cfdw_plan_columns(plan->fdw_private));
	state->ids = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	state->whole = cfdw_plan_is_whole(plan->fdw_private);
	state->by_id = !state->whole && plan->fdw_exprs != NIL &&
				   !type_is_array(exprType(linitial(plan->fdw_exprs)));
	state->id_is_null = cfdw_plan_id_is_null(plan->fdw_private);
	state->row_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw row", ALLOCSET_DEFAULT_SIZES);

	fetch.table = state->projection->table;
	fetch.userid = OidIsValid(user) ? user : GetUserId();
	fetch.command = estate->es_snapshot->curcid;
	fetch.nkeys = state->projection->nkeys;
	fetch.keys = state->projection->keys;
	fetch.whole = state->projection->whole;
	fetch.max_single = cfdw_plan_max_single(plan->fdw_private);
	fetch.keep = eflags & EXEC_FLAG_REWIND
					 ? CFDW_KEEP_ALL
					 : keep_for[cfdw_plan_rescans(plan->fdw_private)];
	state->fetch = cfdw_fetch_create(estate->es_query_cxt, &fetch);
}

/*
 * The next row.
 */
TupleTableSlot *
catalogsIterateForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext caller;
	CfdwFetchRow row;
	CfdwNext next;

	state->waiting = false;
	if (!state->started)
		start(node);
	ExecClearTuple(slot);
	if (state->no_rows)
		return slot;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	next = cfdw_fetch_next(state->fetch, !state->async, &row);
	if (next == CFDW_NEXT_ITEM)
		store_row(state, &row, slot);
	else if (next == CFDW_NEXT_END && state->asked == CFDW_ASK_ALL)
		cfdw_table_note_rows(state->projection->table->relid,
							 cfdw_fetch_count(state->fetch));
	state->waiting = next == CFDW_NEXT_WAIT;
	MemoryContextSwitchTo(caller);
	return slot;
}

/*
 * Begins again.  What that asks for shows when the first row is wanted.
 */
void
catalogsReScanForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;

	state->started = false;
	state->whole = true;
}

void
catalogsEndForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;

	if (state != NULL)
		cfdw_fetch_end(state->fetch);
}

/*
 * Which of the system's are among COLUMNS, a list of attribute numbers.
 */
static void
find_system_columns(ListScan *state, List *columns)
{
	ListCell *lc;

	foreach(lc, columns)
		if (lfirst_int(lc) == SelfItemPointerAttributeNumber)
			state->account = cfdw_tid_account(state->projection->table);
		else if (lfirst_int(lc) < 0 &&
				 lfirst_int(lc) != TableOidAttributeNumber)
			state->system = true;
}

/*
 * Which ids the conditions leave.
 */
static CfdwIds
wanted_ids(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	MemoryContext caller =
		MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	CfdwIds left = {.all = true};
	ListCell *lc;

	foreach(lc, state->ids)
	{
		ExprState *expr = lfirst(lc);
		bool isnull;
		Datum value = ExecEvalExpr(expr, econtext, &isnull);

		if (exprType((Node *) expr->expr) == TIDOID)
			restrict_by_tid(state, &left, value, isnull);
		else
			cfdw_ids_restrict(&left, exprType((Node *) expr->expr), value,
							  isnull);
		if (!left.all && left.n == 0)
			break;
	}
	MemoryContextSwitchTo(caller);
	return left;
}

/*
 * Leaves the list that a ctid names.
 */
static void
restrict_by_tid(const ListScan *state, CfdwIds *ids, Datum value, bool isnull)
{
	const CfdwTable *table = state->projection->table;
	ItemPointer tid = (ItemPointer) DatumGetPointer(value);
	int64 id = 0;
	uint32 version;
	bool none;

	if (!isnull && cfdw_tid_is_version(tid, &version))
	{
		const CfdwLedgerRow *row = cfdw_journal_changed(version);

		none = row == NULL || row->account != cfdw_ledger_account(table);
		id = none || row->is_added ? -1 : row->id;
	}
	else
		none = isnull || !cfdw_tid_names(tid, cfdw_tid_account(table), &id);
	if (none || id >= 0)
		cfdw_ids_restrict(ids, INT8OID, Int64GetDatum(id), none);
}

/*
 * Asks, unless no row can fit.  An array that holds one id is as good as a
 * number, unless it is another array each time: then the whole list, asked for
 * once, will do for all of them.
 */
static void
start(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	CfdwIds left = wanted_ids(node);
	bool none = !left.all && left.n == 0;

	state->started = true;
	state->no_rows = none && !state->id_is_null;
	if (state->no_rows)
		return;
	if (state->id_is_null)
		state->asked = CFDW_ASK_UNSENT;
	else if (left.all || left.n > 1 || (state->whole && !state->by_id))
		state->asked = CFDW_ASK_ALL;
	else
		state->asked = CFDW_ASK_ONE;
	cfdw_fetch_ask(state->fetch, state->asked,
				   state->asked == CFDW_ASK_ONE ? left.ids[0] : 0);
}

/*
 * Stores a row, with those system columns that are wanted.
 */
static void
store_row(ListScan *state, const CfdwFetchRow *row, TupleTableSlot *slot)
{
	memset(slot->tts_isnull, true,
		   sizeof(bool) * slot->tts_tupleDescriptor->natts);
	cfdw_projection_convert(state->projection, row->item, row->wanted,
							slot->tts_values, slot->tts_isnull);
	if (state->system)
		cfdw_projection_store(slot);
	else
		ExecStoreVirtualTuple(slot);
	if (state->account != 0)
		store_tid(state->account, row, &slot->tts_tid);
}

/*
 * A row that the transaction has added or changed keeps its ctid when it is sent.  One
 * whose id is no number has none, and cannot be changed.
 */
static void
store_tid(OffsetNumber account, const CfdwFetchRow *row, ItemPointer tid)
{
	if (row->wanted != NULL && row->wanted->version > 0)
		cfdw_tid_set_version(tid, row->wanted->version);
	else if (row->item->has_id)
		cfdw_tid_set_list(tid, account, row->item->id);
	else
		ItemPointerSetInvalid(tid);
}
