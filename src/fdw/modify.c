/*-------------------------------------------------------------------------
 *
 * modify.c
 *	  Slots -> changes.
 *
 * Owns what INSERT, UPDATE and DELETE do with a row: a change goes into the
 * journal; an added row is sent at once when something reads what only the account
 * knows.  Must not know how a value is written, or how the journal is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "txn/transaction.h"
#include "fdw/ahead.h"
#include "fdw/modify.h"
#include "fdw/plan.h"
#include "fdw/returning.h"
#include "fdw/tid.h"
#include "fdw/writer.h"

/* A row that was added, and what it is to have beyond what was given. */
typedef struct Added
{
	CfdwLedgerRow *row;
	CfdwNeed need;
} Added;

typedef struct ModifyState
{
	ResultRelInfo *rri;
	CfdwTable *table;
	CfdwTarget *target;
	MemoryContext context; /* the query's */
	CommandId command;     /* that makes the changes */
	CfdwWriter *writer;
	CfdwReturning *returning; /* NULL before the first row */
	CfdwGenerated *generated; /* once it is known; NULL: no column is */
	bool knows_generated;
	CfdwTraffic traffic; /* of the requests that it has sent */
	HTAB *left; /* ctids of rows that an UPDATE left as they were, or NULL */

	const Plan *plan;   /* that gives the rows of an INSERT, or NULL ... */
	CfdwAhead *ahead;   /* ... ahead, or NULL */
	Added *taken_ahead; /* as many as a batch has */
	int ntaken_ahead;

	AttrNumber id_junk; /* in the plan's slot, or 0 */
	AttrNumber tid_junk;
	AttrNumber row_junk;
	MemoryContext row_context; /* reset for each row */
} ModifyState;

static ModifyState *begin(EState *estate, ResultRelInfo *rri, List *assigned);
static void find_junk(ModifyState *state, ModifyTableState *mtstate,
					  ResultRelInfo *rri);
static void take_ahead(ModifyState *state, PlanState *plan);
static bool wants_ahead(void *owner);
static void takes_ahead(void *owner, TupleTableSlot *slot);
static void has_taken_ahead(void *owner);
static CfdwReturning *returning_of(ModifyState *state);
static Added add(ModifyState *state, TupleTableSlot *slot);
static void update(ModifyState *state, ItemPointer tid,
				   TupleTableSlot *plan_slot, const CfdwRow *assigned,
				   TupleTableSlot *old);
static void send_added(ModifyState *state, const Added *added, int n);
static void complete_added(ModifyState *state, const Added *added,
						   TupleTableSlot *slot);
static void complete_updated(ModifyState *state, TupleTableSlot *old,
							 TupleTableSlot *slot);
static void compute_again(ModifyState *state, TupleTableSlot *slot);
static CfdwLedgerRow *find_row(const ModifyState *state, ItemPointer tid,
							   TupleTableSlot *plan_slot);
static bool is_changed(const ModifyState *state, ItemPointer tid,
					   TupleTableSlot *plan_slot);
static int64 id_of(const ModifyState *state, TupleTableSlot *plan_slot);
static ItemPointerData tid_of(const ModifyState *state,
							  TupleTableSlot *plan_slot);
static bool store_old_row(ModifyState *state, TupleTableSlot *plan_slot,
						  TupleTableSlot *slot);
static void note_left(ModifyState *state, ItemPointer tid);
static bool is_left(const ModifyState *state, ItemPointer tid);

/*
 * Sends what is not to wait for COMMIT, once all changes have been made.
 * Returns what all requests of the modification have cost.
 */
const CfdwTraffic *
cfdw_modify_finish(ResultRelInfo *rri)
{
	ModifyState *state = rri->ri_FdwState;
	CfdwTraffic before = cfdw_session_written();

	if (state->target->immediate)
	{
		cfdw_transaction_send_immediate(state->target->account);
		cfdw_session_add_written(&state->traffic, &before);
	}
	return &state->traffic;
}

/*
 * Whether rows to be inserted may be taken ahead, as far as the planner cannot tell:
 * neither a trigger nor a view looks at a row before the next is inserted, nor is a
 * value put in beyond what the plan gives.
 */
bool
cfdw_modify_may_take_ahead(const ResultRelInfo *rri)
{
	const TriggerDesc *triggers = rri->ri_TrigDesc;
	const TupleConstr *constraints = rri->ri_RelationDesc->rd_att->constr;

	return (triggers == NULL || (!triggers->trig_insert_before_row &&
								 !triggers->trig_insert_after_row)) &&
		   (constraints == NULL || !constraints->has_generated_stored) &&
		   rri->ri_WithCheckOptions == NIL;
}

/*
 * The commands that the table allows.  That UPDATE and DELETE need a column for
 * the id is said by plan.c, which can explain it.
 */
int
catalogsIsForeignRelUpdatable(Relation rel)
{
	if (!cfdw_table_get(rel)->options.updatable)
		return 0;
	return (1 << CMD_INSERT) | (1 << CMD_UPDATE) | (1 << CMD_DELETE);
}

/*
 * Begins an INSERT, UPDATE or DELETE.
 */
void
catalogsBeginForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri,
						   List *fdw_private, int subplan_index, int eflags)
{
	ModifyState *state;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = begin(mtstate->ps.state, rri, cfdw_plan_columns(fdw_private));
	if (mtstate->operation != CMD_INSERT)
		find_junk(state, mtstate, rri);
	else if (cfdw_plan_takes_ahead(fdw_private))
		take_ahead(state, outerPlanState(mtstate));
}

/*
 * Begins a COPY, or the INSERTs of rows that are routed here.  When rows are
 * also updated away from here, the state is there already and serves both.
 */
void
catalogsBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	if (rri->ri_FdwState == NULL)
		begin(mtstate->ps.state, rri, NIL);
}

/*
 * Adds a row, unless that was done when it was taken ahead.  It is sent at once when
 * something reads what only the account knows.
 */
TupleTableSlot *
catalogsExecForeignInsert(EState *estate, ResultRelInfo *rri,
						  TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ModifyState *state = rri->ri_FdwState;
	int place = state->ahead != NULL ? cfdw_ahead_place(state->ahead) : -1;
	MemoryContext caller;
	Added added;

	if (place >= 0)
		added = state->taken_ahead[place];
	else
	{
		added = add(state, slot);
		if (added.need != CFDW_NEED_NOTHING)
			send_added(state, &added, 1);
	}
	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	slot_getallattrs(slot);
	if (returning_of(state)->any)
		complete_added(state, &added, slot);
	cfdw_tid_set_version(&slot->tts_tid, cfdw_journal_version(added.row));
	MemoryContextSwitchTo(caller);
	return slot;
}

/*
 * Updates a row: its id and the assigned columns are sent.
 */
TupleTableSlot *
catalogsExecForeignUpdate(EState *estate, ResultRelInfo *rri,
						  TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ModifyState *state = rri->ri_FdwState;
	TupleTableSlot *old;
	MemoryContext caller;
	CfdwRow *row;
	ItemPointerData tid;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	old = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, &TTSOpsHeapTuple);
	if (!store_old_row(state, plan_slot, old))
		elog(ERROR, "old row of foreign table \"%s\" is missing",
			 state->table->name);
	row = cfdw_writer_updated(state->writer, slot, old);
	tid = tid_of(state, plan_slot);
	if (is_changed(state, &tid, plan_slot) || is_left(state, &tid))
		slot = NULL;
	else if (cfdw_row_is_empty(row))
		note_left(state, &tid);
	else
		update(state, &tid, plan_slot, row, old);
	if (slot != NULL)
	{
		complete_updated(state, old, slot);
		slot->tts_tid = tid;
	}
	ExecDropSingleTupleTableSlot(old);
	MemoryContextSwitchTo(caller);
	return slot;
}

/*
 * Deletes a row.
 */
TupleTableSlot *
catalogsExecForeignDelete(EState *estate, ResultRelInfo *rri,
						  TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ModifyState *state = rri->ri_FdwState;
	ItemPointerData tid = tid_of(state, plan_slot);
	MemoryContext caller;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	if (is_changed(state, &tid, plan_slot))
		slot = NULL;
	else
	{
		cfdw_journal_delete(state->target, find_row(state, &tid, plan_slot),
							state->command);
		store_old_row(state, plan_slot, slot);
		slot->tts_tid = tid;
	}
	MemoryContextSwitchTo(caller);
	return slot;
}

/*
 * The statement ends: sends what is not to wait for COMMIT.
 */
void
catalogsEndForeignModify(EState *estate, ResultRelInfo *rri)
{
	if (rri->ri_FdwState != NULL)
		cfdw_modify_finish(rri);
}

/*
 * The state of a modification, in the query's memory.
 */
static ModifyState *
begin(EState *estate, ResultRelInfo *rri, List *assigned)
{
	ModifyState *state = palloc0(sizeof(ModifyState));
	Relation rel = rri->ri_RelationDesc;
	CfdwTable *table = cfdw_table_get(rel);

	cfdw_table_check_keys(table);
	state->rri = rri;
	state->table = table;
	state->context = estate->es_query_cxt;
	state->target =
		cfdw_ledger_target(table, cfdw_result_check_as_user(rri, estate));
	state->command = GetCurrentCommandId(true);
	state->row_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw change", ALLOCSET_DEFAULT_SIZES);
	state->writer = cfdw_writer_create(table, assigned);
	rri->ri_FdwState = state;
	return state;
}

/*
 * Where the plan's slot holds the id and, perhaps, the old row.
 */
static void
find_junk(ModifyState *state, ModifyTableState *mtstate, ResultRelInfo *rri)
{
	List *tlist = outerPlanState(mtstate)->plan->targetlist;
	Form_pg_attribute attr = TupleDescAttr(
		RelationGetDescr(rri->ri_RelationDesc), state->table->id_attnum - 1);

	state->id_junk =
		ExecFindJunkAttributeInTlist(tlist, cfdw_plan_id_name(attr));
	if (!AttributeNumberIsValid(state->id_junk))
		elog(ERROR, "could not find junk column for the id");
	state->tid_junk = ExecFindJunkAttributeInTlist(tlist, "ctid");
	state->row_junk = ExecFindJunkAttributeInTlist(tlist, "wholerow");
	if (rri->ri_TrigDesc != NULL && rri->ri_TrigDesc->trig_update_before_row)
		cfdw_writer_assign_all(state->writer);
}

/*
 * The rows of PLAN, which gives those of an INSERT, are to be taken as many at a time
 * as a batch has, so that one request tells what is read of all of them.
 */
static void
take_ahead(ModifyState *state, PlanState *plan)
{
	static const CfdwAheadCalls calls = {wants_ahead, takes_ahead,
										 has_taken_ahead};

	state->plan = plan->plan;
	state->taken_ahead = palloc(sizeof(Added) * state->target->batch_size);
	state->ahead =
		cfdw_ahead_begin(plan, state->target->batch_size, &calls, state);
}

/*
 * Whether it is so: nothing forbids it, and something is read that only the account
 * knows.
 */
static bool
wants_ahead(void *owner)
{
	ModifyState *state = owner;

	return cfdw_modify_may_take_ahead(state->rri) &&
		   cfdw_returning_planned(returning_of(state), state->plan) !=
			   CFDW_NEED_NOTHING;
}

static void
takes_ahead(void *owner, TupleTableSlot *slot)
{
	ModifyState *state = owner;
	int place = state->ntaken_ahead++;

	state->taken_ahead[place] = add(state, slot);
}

static void
has_taken_ahead(void *owner)
{
	ModifyState *state = owner;

	send_added(state, state->taken_ahead, state->ntaken_ahead);
	state->ntaken_ahead = 0;
}

/*
 * What is read of the rows: found with the first.
 */
static CfdwReturning *
returning_of(ModifyState *state)
{
	MemoryContext caller;

	if (state->returning == NULL)
	{
		caller = MemoryContextSwitchTo(state->context);
		state->returning = cfdw_returning_create(state->table, state->rri);
		MemoryContextSwitchTo(caller);
	}
	return state->returning;
}

/*
 * Adds the row in SLOT to the journal.
 */
static Added
add(ModifyState *state, TupleTableSlot *slot)
{
	MemoryContext caller;
	CfdwRow *row;
	Added added;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	row = cfdw_writer_added(state->writer, slot);
	added.row = cfdw_journal_add(state->target, row, state->command);
	added.need = cfdw_returning_need(returning_of(state), slot->tts_isnull);
	MemoryContextSwitchTo(caller);
	return added;
}

/*
 * Adds an update to the journal, by which the row that *TID names has another ctid.
 */
static void
update(ModifyState *state, ItemPointer tid, TupleTableSlot *plan_slot,
	   const CfdwRow *assigned, TupleTableSlot *old)
{
	CfdwLedgerRow *row = find_row(state, tid, plan_slot);

	cfdw_journal_update(state->target, row, assigned,
						cfdw_writer_before(state->writer, assigned, old),
						state->command);
	cfdw_tid_set_version(tid, cfdw_journal_version(row));
}

/*
 * Sends those of N added rows of which something is to be known, and counts it; and
 * reads back at once what is to be read back of several.
 */
static void
send_added(ModifyState *state, const Added *added, int n)
{
	CfdwTraffic before = cfdw_session_written();
	CfdwLedgerRow **rows;
	int64 *ids;
	MemoryContext caller;
	int nrows = 0;
	int nids = 0;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	rows = palloc(sizeof(*rows) * Max(n, 1));
	ids = palloc(sizeof(*ids) * Max(n, 1));
	for (int i = 0; i < n; i++)
		if (added[i].need != CFDW_NEED_NOTHING)
			rows[nrows++] = added[i].row;
	if (nrows > 0)
	{
		cfdw_transaction_send_rows(rows, nrows);
		cfdw_session_add_written(&state->traffic, &before);
	}
	for (int i = 0; i < n; i++)
		if (added[i].need == CFDW_NEED_STORED)
			ids[nids++] = added[i].row->id;
	cfdw_returning_fetch_all(state->returning, state->target->userid, ids, nids,
							 &state->traffic);
	MemoryContextSwitchTo(caller);
}

/*
 * Fills in what an added row has beyond what was given.
 */
static void
complete_added(ModifyState *state, const Added *added, TupleTableSlot *slot)
{
	bool filled = cfdw_writer_fill_constants(state->writer, slot);
	int64 id = added->row->id;

	if (added->need == CFDW_NEED_STORED)
		cfdw_returning_fetch(state->returning, state->target->userid, id, slot,
							 &state->traffic);
	else if (id != 0)
		cfdw_returning_fill_id(state->returning, id, slot);
	if (filled || added->need != CFDW_NEED_NOTHING)
		compute_again(state, slot);
	cfdw_projection_store(slot);
	slot->tts_tableOid = state->table->relid;
}

/*
 * Fills in what an updated row has beyond what was assigned.
 */
static void
complete_updated(ModifyState *state, TupleTableSlot *old, TupleTableSlot *slot)
{
	bool filled = cfdw_writer_fill_constants(state->writer, slot);
	bool kept = cfdw_writer_keep_assigned(state->writer, slot, old);

	if (filled || kept)
		compute_again(state, slot);
	cfdw_projection_store(slot);
	slot->tts_tableOid = state->table->relid;
}

/*
 * Computes the generated columns from what SLOT, whose values have been taken out,
 * holds now: when PostgreSQL did, it did not have all of it.
 */
static void
compute_again(ModifyState *state, TupleTableSlot *slot)
{
	MemoryContext caller;
	List *all = NIL;

	if (!state->knows_generated)
	{
		caller = MemoryContextSwitchTo(state->context);
		for (int i = 1; i <= state->table->ncolumns; i++)
			all = lappend_int(all, i);
		state->generated = cfdw_generated_create(state->table, all);
		state->knows_generated = true;
		MemoryContextSwitchTo(caller);
	}
	if (state->generated != NULL)
		cfdw_generated_compute(state->generated, slot->tts_values,
							   slot->tts_isnull);
}

/*
 * The row that an UPDATE or a DELETE changes.
 */
static CfdwLedgerRow *
find_row(const ModifyState *state, ItemPointer tid, TupleTableSlot *plan_slot)
{
	uint32 version;
	CfdwLedgerRow *row = NULL;

	if (cfdw_tid_is_version(tid, &version))
		row = cfdw_journal_changed(version);
	return row != NULL && row->is_added
			   ? row
			   : cfdw_journal_read(state->target, id_of(state, plan_slot));
}

/*
 * Whether the command has changed the row already.
 */
static bool
is_changed(const ModifyState *state, ItemPointer tid, TupleTableSlot *plan_slot)
{
	uint32 version;
	CfdwLedgerRow *row =
		cfdw_tid_is_version(tid, &version)
			? cfdw_journal_changed(version)
			: cfdw_ledger_find(state->target->account, id_of(state, plan_slot));

	return row != NULL && cfdw_journal_changed_by(row, state->command);
}

/*
 * The id with which the scan gave the row.
 */
static int64
id_of(const ModifyState *state, TupleTableSlot *plan_slot)
{
	bool isnull;
	Datum value = ExecGetJunkAttribute(plan_slot, state->id_junk, &isnull);

	if (isnull)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "cannot change a row of foreign table \"%s\" that has no id",
				 state->table->name)));
	return cfdw_writer_id(state->writer, value);
}

/*
 * The ctid with which the scan gave the row.
 */
static ItemPointerData
tid_of(const ModifyState *state, TupleTableSlot *plan_slot)
{
	bool isnull;
	Datum value = ExecGetJunkAttribute(plan_slot, state->tid_junk, &isnull);
	ItemPointerData tid;

	if (isnull)
		ItemPointerSetInvalid(&tid);
	else
		tid = *(ItemPointer) DatumGetPointer(value);
	return tid;
}

/*
 * Stores the row as the scan read it into SLOT, in the current memory context;
 * false when the plan does not carry it.
 */
static bool
store_old_row(ModifyState *state, TupleTableSlot *plan_slot,
			  TupleTableSlot *slot)
{
	HeapTupleData tuple = {0};
	HeapTupleHeader header;
	bool isnull;
	Datum value;

	if (!AttributeNumberIsValid(state->row_junk))
		return false;
	value = ExecGetJunkAttribute(plan_slot, state->row_junk, &isnull);
	if (isnull)
		return false;
	header = DatumGetHeapTupleHeader(value);
	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_tableOid = state->table->relid;
	tuple.t_data = header;
	ItemPointerSetInvalid(&tuple.t_self);
	cfdw_projection_store_tuple(heap_copytuple(&tuple), slot);
	return true;
}

/*
 * Notes a row that an UPDATE has left as it was.
 */
static void
note_left(ModifyState *state, ItemPointer tid)
{
	HASHCTL control = {.keysize = sizeof(ItemPointerData),
					   .entrysize = sizeof(ItemPointerData),
					   .hcxt = state->context};

	if (state->left == NULL)
		state->left = hash_create("catalogs_fdw rows left", 64, &control,
								  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	hash_search(state->left, tid, HASH_ENTER, NULL);
}

/*
 * Whether an UPDATE has met the row before, and left it.
 */
static bool
is_left(const ModifyState *state, ItemPointer tid)
{
	return state->left != NULL &&
		   hash_search(state->left, tid, HASH_FIND, NULL) != NULL;
}
