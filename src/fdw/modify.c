/*-------------------------------------------------------------------------
 *
 * modify.c
 *	  Slots -> changes.
 *
 * Owns the rules of who may write which column, and what RETURNING and row
 * triggers need to see.  A change goes into the journal; an added row whose
 * assigned values are asked for is sent at once.  Must not know how or when the
 * journal is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/typcache.h"

#include "compat.h"
#include "txn/transaction.h"
#include "fdw/modify.h"
#include "fdw/plan.h"
#include "fdw/scan.h"
#include "fdw/tid.h"

/* How the value of one column is read from a slot. */
typedef struct Writer
{
	bool assigned; /* by the UPDATE */
	bool needed;   /* RETURNING or a trigger may read it */
	bool made;     /* the rest is valid */
	FmgrInfo output;
	Oid base_type;
	FmgrInfo *equal; /* the type's equality; fn_oid is 0 when it has none */
	Datum constant;  /* with a constant */
} Writer;

typedef struct ModifyState
{
	CfdwTable *table;
	CfdwTarget *target;
	MemoryContext context; /* the query's */
	Oid userid;
	CommandId command; /* that makes the changes */
	Writer *writers;   /* by attribute number - 1 */
	bool row_triggers; /* BEFORE UPDATE: they may assign any column */
	bool needs_known;  /* the next three, and writers[].needed */
	bool any_needed;
	bool system_needed;      /* columns of the system's, in RETURNING */
	CfdwProjection *fetched; /* the columns needed of an added row */
	CfdwTraffic traffic;     /* of the requests that it has sent */
	HTAB *left; /* ctids of rows that an UPDATE left as they were, or NULL */

	AttrNumber id_junk; /* in the plan's slot, or 0 */
	AttrNumber tid_junk;
	AttrNumber row_junk;
	MemoryContext row_context; /* reset for each row */
} ModifyState;

static void send_changes(ModifyState *state, CfdwLedgerRow *tracked);
static void delete_added(CfdwTarget *target, CommandId command);
static ModifyState *begin(EState *estate, ResultRelInfo *rri);
static Writer *writer_of(ModifyState *state, int i);
static void find_junk(ModifyState *state, ModifyTableState *mtstate,
					  ResultRelInfo *rri);
static List *vars_read(const ResultRelInfo *rri);
static void find_needed(ModifyState *state, ResultRelInfo *rri,
						MemoryContext context);
static List *needed_columns(const ModifyState *state);
static bool is_stored(const CfdwTableColumn *column);
static void read_added(ModifyState *state, TupleTableSlot *slot, CfdwRow *row);
static void read_updated(ModifyState *state, TupleTableSlot *slot,
						 TupleTableSlot *old, CfdwRow *row);
static bool is_assigned(const ModifyState *state, int i);
static bool is_updatable(const CfdwTableColumn *column);
static bool is_unchanged(ModifyState *state, int i, TupleTableSlot *slot,
						 TupleTableSlot *old);
static bool is_same_text(Writer *writer, Datum one, Datum other);
static bool is_equal(ModifyState *state, int i, Datum one, Datum other);
static void read_value(ModifyState *state, int i, Datum value, CfdwVerb verb,
					   CfdwRow *row);
static void check_constant(ModifyState *state, int i, Datum value);
static void refuse_write(const CfdwTable *table, const CfdwTableColumn *column,
						 const CfdwResourceColumn *fact, CfdwVerb verb)
	pg_attribute_noreturn();
static void refuse_missing(const CfdwTable *table, int key)
	pg_attribute_noreturn();
static void refuse_null(const CfdwTable *table, const char *column)
	pg_attribute_noreturn();
static char *canonical_text(Writer *writer, const CfdwTableColumn *column,
							Datum value);
static CfdwLedgerRow *find_row(ModifyState *state, TupleTableSlot *plan_slot);
static ItemPointerData tid_of(const ModifyState *state,
							  TupleTableSlot *plan_slot);
static void read_before(ModifyState *state, TupleTableSlot *old,
						const CfdwRow *row, CfdwRow *before);
static bool store_old_row(ModifyState *state, TupleTableSlot *plan_slot,
						  TupleTableSlot *slot);
static bool needs_assigned(const ModifyState *state, TupleTableSlot *slot,
						   bool *more_than_id);
static void fill_constants(ModifyState *state, TupleTableSlot *slot);
static void keep_assigned(ModifyState *state, TupleTableSlot *slot,
						  TupleTableSlot *old);
static void fill_id(const ModifyState *state, int64 id, TupleTableSlot *slot);
static void fetch_added(ModifyState *state, int64 id, TupleTableSlot *slot);
static void store_values(const ModifyState *state, TupleTableSlot *slot);
static void note_left(ModifyState *state, ItemPointer tid);
static bool is_left(const ModifyState *state, ItemPointer tid);

/*
 * Reads the values that an UPDATE assigns to COLUMNS, a list of attribute
 * numbers, from SLOT into *ROW, palloc'ed in the current context.  Raises 428C9
 * and 23502 as an UPDATE does.
 */
void
cfdw_modify_read_assigned(CfdwTable *table, List *columns, TupleTableSlot *slot,
						  CfdwRow *row)
{
	ModifyState state = {.table = table, .context = CurrentMemoryContext};
	ListCell *lc;

	state.writers = palloc0(sizeof(Writer) * table->ncolumns);
	foreach(lc, columns)
		state.writers[lfirst_int(lc) - 1].assigned = true;
	read_updated(&state, slot, NULL, row);
}

/*
 * Sends what is not to wait for COMMIT, once all changes have been made.
 * Returns what all requests of the modification have cost.
 */
const CfdwTraffic *
cfdw_modify_finish(ResultRelInfo *rri)
{
	ModifyState *state = rri->ri_FdwState;

	if (state->target->immediate)
		send_changes(state, NULL);
	return &state->traffic;
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
	ListCell *lc;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = begin(mtstate->ps.state, rri);
	foreach(lc, cfdw_plan_columns(fdw_private))
		state->writers[lfirst_int(lc) - 1].assigned = true;
	if (mtstate->operation != CMD_INSERT)
		find_junk(state, mtstate, rri);
}

/*
 * Begins a COPY, or the INSERTs of rows that are routed here.  When rows are
 * also updated away from here, the state is there already and serves both.
 */
void
catalogsBeginForeignInsert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	if (rri->ri_FdwState == NULL)
		begin(mtstate->ps.state, rri);
}

/*
 * Adds a row.
 */
TupleTableSlot *
catalogsExecForeignInsert(EState *estate, ResultRelInfo *rri,
						  TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	ModifyState *state = rri->ri_FdwState;
	MemoryContext caller;
	CfdwRow *row;
	CfdwLedgerRow *tracked;
	bool more_than_id = false;

	if (!state->needs_known)
		find_needed(state, rri, estate->es_query_cxt);
	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	row = cfdw_row_create(state->table->resource);
	read_added(state, slot, row);
	tracked = cfdw_journal_add(state->target, row, state->command);
	if (needs_assigned(state, slot, &more_than_id))
		send_changes(state, tracked);
	if (state->any_needed || state->system_needed)
	{
		fill_constants(state, slot);
		if (more_than_id)
			fetch_added(state, tracked->id, slot);
		else if (tracked->id != 0)
			fill_id(state, tracked->id, slot);
		store_values(state, slot);
	}
	cfdw_tid_set_added(&slot->tts_tid, tracked->number);
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
	CfdwRow *before;
	CfdwLedgerRow *tracked;
	ItemPointerData tid;

	if (!state->needs_known)
		find_needed(state, rri, estate->es_query_cxt);
	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	old = MakeSingleTupleTableSlot(slot->tts_tupleDescriptor, &TTSOpsHeapTuple);
	if (!store_old_row(state, plan_slot, old))
		elog(ERROR, "old row of foreign table \"%s\" is missing",
			 state->table->name);
	row = cfdw_row_create(state->table->resource);
	before = cfdw_row_create(state->table->resource);
	read_updated(state, slot, old, row);
	read_before(state, old, row, before);
	tracked = find_row(state, plan_slot);
	tid = tid_of(state, plan_slot);
	if (cfdw_journal_changed_by(tracked, state->command) ||
		is_left(state, &tid))
		slot = NULL;
	else if (cfdw_row_is_empty(row))
		note_left(state, &tid);
	else
		cfdw_journal_update(state->target, tracked, row, before,
							state->command);
	if (slot != NULL)
	{
		fill_constants(state, slot);
		keep_assigned(state, slot, old);
		store_values(state, slot);
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
	CfdwLedgerRow *tracked;
	MemoryContext caller;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	tracked = find_row(state, plan_slot);
	if (cfdw_journal_changed_by(tracked, state->command))
		slot = NULL;
	else
	{
		cfdw_journal_delete(state->target, tracked, state->command);
		store_old_row(state, plan_slot, slot);
		slot->tts_tid = tid_of(state, plan_slot);
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
 * Deletes all lists: reads their ids, for the account knows no other way.
 */
void
catalogsExecForeignTruncate(List *rels, DropBehavior behavior,
							bool restart_seqs)
{
	CommandId command = GetCurrentCommandId(true);
	ListCell *lc;

	foreach(lc, rels)
	{
		Relation rel = lfirst(lc);
		CfdwTable *table = cfdw_table_get(rel);
		const CfdwResource *resource = table->resource;
		const char *id_key = resource->columns[resource->id].key;
		CfdwQuery query = {.resource = resource,
						   .path = table->options.path,
						   .nkeys = 1,
						   .keys = &id_key};
		CfdwTarget *target;
		CfdwCursor *cursor;
		CfdwItem item;
		int64 id;

		if (!table->options.truncatable || !table->options.updatable)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("foreign table \"%s\" does not allow truncates",
							table->name)));
		target = cfdw_ledger_target(table, GetUserId());
		cursor = cfdw_cursor_open(table->serverid, GetUserId(), &query);
		while (cfdw_cursor_next(cursor, &item))
		{
			if (!cfdw_value_int64(&item.fields[0], &id))
				ereport(
					ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg(
						 "cannot truncate foreign table \"%s\": a list's id is no 64-bit integer",
						 table->name)));
			cfdw_journal_delete(target, cfdw_journal_read(target, id), command);
		}
		cfdw_cursor_close(cursor);
		delete_added(target, command);
		if (target->immediate)
			cfdw_transaction_send_immediate(target->account);
	}
}

/*
 * Sends a row, or with NULL what is not to wait for COMMIT, and counts it.
 */
static void
send_changes(ModifyState *state, CfdwLedgerRow *tracked)
{
	CfdwTraffic before = cfdw_session_written();

	if (tracked != NULL)
		cfdw_transaction_send_row(tracked);
	else
		cfdw_transaction_send_immediate(state->target->account);
	cfdw_session_add_written(&state->traffic, &before);
}

/*
 * Deletes the rows that the account does not know yet.
 */
static void
delete_added(CfdwTarget *target, CommandId command)
{
	dlist_iter iter;

	dlist_foreach(iter, cfdw_ledger_rows())
	{
		CfdwLedgerRow *row = dlist_container(CfdwLedgerRow, link, iter.cur);
		CfdwDesired desired;

		cfdw_journal_fold(row, InvalidCommandId, &desired);
		if (row->account == target->account && row->id == 0 && desired.exists)
			cfdw_journal_delete(target, row, command);
	}
}

/*
 * The state of a modification, in the query's memory.
 */
static ModifyState *
begin(EState *estate, ResultRelInfo *rri)
{
	ModifyState *state = palloc0(sizeof(ModifyState));
	Relation rel = rri->ri_RelationDesc;
	CfdwTable *table = cfdw_table_get(rel);

	cfdw_table_check_keys(table);
	state->table = table;
	state->context = estate->es_query_cxt;
	state->userid = cfdw_result_check_as_user(rri, estate);
	state->target = cfdw_ledger_target(table, state->userid);
	state->command = GetCurrentCommandId(true);
	state->row_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw change", ALLOCSET_DEFAULT_SIZES);
	state->writers = palloc0(sizeof(Writer) * Max(table->ncolumns, 1));
	rri->ri_FdwState = state;
	return state;
}

/*
 * How the values of column I are read: made when they are, for most statements
 * write few of the columns.
 */
static Writer *
writer_of(ModifyState *state, int i)
{
	const CfdwTableColumn *column = &state->table->columns[i];
	Writer *writer = &state->writers[i];
	MemoryContext caller;
	Oid function;
	bool varlena;

	if (writer->made)
		return writer;
	caller = MemoryContextSwitchTo(state->context);
	writer->base_type = getBaseType(column->typid);
	getTypeOutputInfo(column->typid, &function, &varlena);
	fmgr_info(function, &writer->output);
	writer->equal =
		&lookup_type_cache(writer->base_type, TYPECACHE_EQ_OPR_FINFO)
			 ->eq_opr_finfo;
	if (column->constant != NULL)
		writer->constant = cfdw_value_constant(column);
	writer->made = true;
	MemoryContextSwitchTo(caller);
	return writer;
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
	state->row_triggers = mtstate->operation == CMD_UPDATE &&
						  rri->ri_TrigDesc != NULL &&
						  rri->ri_TrigDesc->trig_update_before_row;
}

/*
 * The columns that the executor reads of a row once it is written: in RETURNING,
 * and in the check of a view.
 */
static List *
vars_read(const ResultRelInfo *rri)
{
	List *exprs = list_make1(rri->ri_returningList);
	ListCell *lc;

	foreach(lc, rri->ri_WithCheckOptions)
		exprs = lappend(exprs, lfirst_node(WithCheckOption, lc)->qual);
	return pull_var_clause((Node *) exprs, PVC_RECURSE_AGGREGATES |
											   PVC_RECURSE_WINDOWFUNCS |
											   PVC_RECURSE_PLACEHOLDERS);
}

/*
 * Which columns of a row something will read: those above, and of an added one all
 * of them with an AFTER ROW trigger.  The executor says so only after it has
 * begun the modification.
 */
static void
find_needed(ModifyState *state, ResultRelInfo *rri, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	bool all =
		rri->ri_TrigDesc != NULL && rri->ri_TrigDesc->trig_insert_after_row;
	ListCell *lc;

	foreach(lc, vars_read(rri))
	{
		Var *var = lfirst_node(Var, lc);

		if (IS_SPECIAL_VARNO(var->varno))
			continue; /* of another relation */
		if (var->varattno == 0)
			all = true;
		else if (var->varattno > 0)
			state->writers[var->varattno - 1].needed = true;
		else
			state->system_needed = true;
	}
	for (int i = 0; i < state->table->ncolumns; i++)
	{
		if (state->table->columns[i].attnum == 0)
			state->writers[i].needed = false;
		else if (all)
			state->writers[i].needed = true;
		state->any_needed = state->any_needed || state->writers[i].needed;
	}
	if (state->any_needed)
		state->fetched =
			cfdw_scan_projection(state->table, needed_columns(state));
	state->needs_known = true;
	MemoryContextSwitchTo(caller);
}

/*
 * The attribute numbers of those that the account stores.
 */
static List *
needed_columns(const ModifyState *state)
{
	List *list = NIL;

	for (int i = 0; i < state->table->ncolumns; i++)
		if (state->writers[i].needed && is_stored(&state->table->columns[i]))
			list = lappend_int(list, i + 1);
	return list;
}

static bool
is_stored(const CfdwTableColumn *column)
{
	return column->fact == NULL || column->fact->readable;
}

/*
 * Reads what an INSERT gives into *ROW.  Raises 428C9 for what only the account
 * can give, 23502 for a missing name.
 */
static void
read_added(ModifyState *state, TupleTableSlot *slot, CfdwRow *row)
{
	slot_getallattrs(slot);
	for (int i = 0; i < state->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &state->table->columns[i];

		if (column->attnum != 0 && !slot->tts_isnull[i])
			read_value(state, i, slot->tts_values[i], CFDW_ADD, row);
	}
	for (int key = 0; key < row->resource->ncolumns; key++)
		if (row->resource->columns[key].required && row->values[key] == NULL)
			refuse_missing(state->table, key);
}

/*
 * Reads what an UPDATE changes into *ROW.  OLD is the row as it was read, or NULL
 * when it was not.  Raises 428C9 as above, 23502 for NULL, which the API cannot
 * express.
 */
static void
read_updated(ModifyState *state, TupleTableSlot *slot, TupleTableSlot *old,
			 CfdwRow *row)
{
	slot_getallattrs(slot);
	if (old != NULL)
		slot_getallattrs(old);
	for (int i = 0; i < state->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &state->table->columns[i];

		if (column->attnum == 0 || !is_assigned(state, i) ||
			(old != NULL && is_unchanged(state, i, slot, old)))
			continue;
		if (!slot->tts_isnull[i])
			read_value(state, i, slot->tts_values[i], CFDW_UPDATE, row);
		else if (is_updatable(column))
			refuse_null(state->table, column->name);
	}
}

/*
 * Whether an UPDATE may assign column I: the statement does, or there is a BEFORE
 * ROW trigger.
 */
static bool
is_assigned(const ModifyState *state, int i)
{
	return state->writers[i].assigned || state->row_triggers;
}

static bool
is_updatable(const CfdwTableColumn *column)
{
	return column->fact != NULL && column->fact->updatable;
}

/*
 * Whether column I holds what it held when the row was read.  Of what the account
 * stores as it is written, each letter counts.
 */
static bool
is_unchanged(ModifyState *state, int i, TupleTableSlot *slot,
			 TupleTableSlot *old)
{
	const CfdwTableColumn *column = &state->table->columns[i];
	Form_pg_attribute attr = TupleDescAttr(slot->tts_tupleDescriptor, i);
	Datum before = old->tts_values[i];
	Datum after = slot->tts_values[i];

	if (old->tts_isnull[i] || slot->tts_isnull[i])
		return old->tts_isnull[i] == slot->tts_isnull[i];
	if (datum_image_eq(before, after, attr->attbyval, attr->attlen))
		return true;
	return is_updatable(column)
			   ? is_same_text(writer_of(state, i), before, after)
			   : is_equal(state, i, before, after);
}

static bool
is_same_text(Writer *writer, Datum one, Datum other)
{
	return strcmp(OutputFunctionCall(&writer->output, one),
				  OutputFunctionCall(&writer->output, other)) == 0;
}

/*
 * Whether two values of column I are equal, by the type's operator if it has one.
 */
static bool
is_equal(ModifyState *state, int i, Datum one, Datum other)
{
	Writer *writer = writer_of(state, i);

	if (!OidIsValid(writer->equal->fn_oid))
		return is_same_text(writer, one, other);
	return DatumGetBool(FunctionCall2Coll(
		writer->equal, state->table->columns[i].collation, one, other));
}

/*
 * Reads a value that is not NULL into *ROW.
 */
static void
read_value(ModifyState *state, int i, Datum value, CfdwVerb verb, CfdwRow *row)
{
	const CfdwTableColumn *column = &state->table->columns[i];
	const CfdwResourceColumn *fact = column->fact;

	if (column->constant != NULL)
	{
		check_constant(state, i, value);
		return;
	}
	if (fact == NULL ||
		!(verb == CFDW_ADD ? fact->insertable : fact->updatable))
		refuse_write(state->table, column, fact, verb);
	row->values[column->index] =
		canonical_text(writer_of(state, i), column, value);
}

/*
 * Raises 428C9 for a value that is not the column's constant.
 */
static void
check_constant(ModifyState *state, int i, Datum value)
{
	const CfdwTableColumn *column = &state->table->columns[i];

	if (!is_equal(state, i, value, writer_of(state, i)->constant))
		ereport(
			ERROR,
			(errcode(ERRCODE_GENERATED_ALWAYS),
			 errmsg(
				 "cannot write another value than its constant into column \"%s\" of foreign table \"%s\"",
				 column->name, state->table->name),
			 errdetail("The column is always \"%s\".", column->constant)));
}

static void
refuse_write(const CfdwTable *table, const CfdwTableColumn *column,
			 const CfdwResourceColumn *fact, CfdwVerb verb)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_GENERATED_ALWAYS),
		 verb == CFDW_ADD
			 ? errmsg(
				   "cannot insert a value into column \"%s\" of foreign table \"%s\"",
				   column->name, table->name)
			 : errmsg("cannot update column \"%s\" of foreign table \"%s\"",
					  column->name, table->name),
		 errdetail("%s", fact != NULL && fact->why_refused != NULL
							 ? fact->why_refused
							 : "The account does not let it be written.")));
}

/*
 * Raises 23502 for the column of a key that must be given.
 */
static void
refuse_missing(const CfdwTable *table, int key)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].attnum != 0 && table->columns[i].index == key)
			refuse_null(table, table->columns[i].name);
	ereport(
		ERROR,
		(errcode(ERRCODE_NOT_NULL_VIOLATION),
		 errmsg(
			 "cannot insert into foreign table \"%s\": it has no column for the list's %s",
			 table->name, table->resource->columns[key].key),
		 errdetail("The account requires it.")));
}

static void
refuse_null(const CfdwTable *table, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of foreign table \"%s\"",
					column, table->name),
			 errdetail("The account cannot store null.")));
}

/*
 * The text of a value as a CfdwRow holds it.  Raises 42804 when the column's
 * type cannot express it.
 */
static char *
canonical_text(Writer *writer, const CfdwTableColumn *column, Datum value)
{
	char *text = OutputFunctionCall(&writer->output, value);
	int64 integer;
	bool boolean;
	char *end;

	switch (column->kind)
	{
		case CFDW_KIND_BOOLEAN:
			if (parse_bool(text, &boolean))
				return boolean ? "true" : "false";
			break;
		case CFDW_KIND_INTEGER:
			errno = 0;
			integer = strtoi64(text, &end, 10);
			if (errno == 0 && end != text && *end == '\0')
				return psprintf(INT64_FORMAT, integer);
			break;
		default:
			if (writer->base_type == BPCHAROID)
				text[bpchartruelen(text, strlen(text))] = '\0';
			if (writer->base_type != JSONOID && writer->base_type != JSONBOID)
				return text;
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot write value \"%s\" of column \"%s\"", text,
					column->name),
			 errhint("Declare the column as %s.", column->fact->sql_type)));
}

/*
 * The row that an UPDATE or a DELETE is about.
 */
static CfdwLedgerRow *
find_row(ModifyState *state, TupleTableSlot *plan_slot)
{
	AttrNumber attnum = state->table->id_attnum;
	ItemPointerData tid = tid_of(state, plan_slot);
	uint32 number = cfdw_tid_added(&tid);
	int64 id = 0;
	char *text;
	char *end;
	bool isnull;
	Datum value;

	if (number > 0)
		return cfdw_ledger_numbered(number);

	value = ExecGetJunkAttribute(plan_slot, state->id_junk, &isnull);
	if (isnull)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "cannot change a row of foreign table \"%s\" that has no id",
				 state->table->name)));
	text = OutputFunctionCall(&writer_of(state, attnum - 1)->output, value);
	errno = 0;
	id = strtoi64(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg(
				 "cannot change a row of foreign table \"%s\": its id \"%s\" is no 64-bit integer",
				 state->table->name, text)));
	return cfdw_journal_read(state->target, id);
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
 * Reads the values that ROW replaces into *BEFORE, as far as they are known.
 */
static void
read_before(ModifyState *state, TupleTableSlot *old, const CfdwRow *row,
			CfdwRow *before)
{
	slot_getallattrs(old);
	for (int i = 0; i < state->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &state->table->columns[i];

		if (column->attnum != 0 && column->index >= 0 &&
			row->values[column->index] != NULL && !old->tts_isnull[i])
			before->values[column->index] =
				canonical_text(writer_of(state, i), column, old->tts_values[i]);
	}
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
	cfdw_scan_store_tuple(heap_copytuple(&tuple), slot);
	return true;
}

/*
 * Whether something will read a value of the added row that only the account
 * knows: one that it assigns and that was not given.
 */
static bool
needs_assigned(const ModifyState *state, TupleTableSlot *slot,
			   bool *more_than_id)
{
	bool any = false;

	for (int i = 0; i < state->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &state->table->columns[i];

		if (!state->writers[i].needed || column->constant != NULL ||
			!slot->tts_isnull[i] || !is_stored(column))
			continue;
		any = true;
		if (column->index != state->table->resource->id)
			*more_than_id = true;
	}
	return any;
}

/*
 * Puts the constants where SLOT, whose values have been taken out, has NULL.
 */
static void
fill_constants(ModifyState *state, TupleTableSlot *slot)
{
	for (int i = 0; i < state->table->ncolumns; i++)
		if (state->table->columns[i].constant != NULL && slot->tts_isnull[i])
		{
			slot->tts_values[i] = writer_of(state, i)->constant;
			slot->tts_isnull[i] = false;
		}
}

/*
 * Puts what was read into SLOT where an UPDATE has set to NULL, or to DEFAULT,
 * what only the account can change.
 */
static void
keep_assigned(ModifyState *state, TupleTableSlot *slot, TupleTableSlot *old)
{
	for (int i = 0; i < state->table->ncolumns; i++)
		if (slot->tts_isnull[i] && !is_updatable(&state->table->columns[i]))
		{
			slot->tts_values[i] = old->tts_values[i];
			slot->tts_isnull[i] = old->tts_isnull[i];
		}
}

/*
 * Puts the id of an added row into SLOT.
 */
static void
fill_id(const ModifyState *state, int64 id, TupleTableSlot *slot)
{
	char *digits = psprintf(INT64_FORMAT, id);
	CfdwField field = {CFDW_JSON_NUMBER, digits, strlen(digits)};

	for (int i = 0; i < state->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &state->table->columns[i];

		if (column->attnum != 0 && column->index == state->table->resource->id)
			slot->tts_values[i] = cfdw_value_datum(
				cfdw_value_converter(column), &field, &slot->tts_isnull[i]);
	}
}

/*
 * Reads an added row back into SLOT: the account may have stored something else
 * than it was given.  Raises 40001 when the row is gone already.
 */
static void
fetch_added(ModifyState *state, int64 id, TupleTableSlot *slot)
{
	CfdwTable *table = state->table;
	CfdwQuery query = {.resource = table->resource,
					   .path = table->options.path,
					   .by_id = true,
					   .id = id,
					   .traffic = &state->traffic};
	CfdwCursor *cursor;
	CfdwItem item;

	cfdw_scan_keys(state->fetched, &query);
	cursor = cfdw_cursor_open(table->serverid, state->userid, &query);
	if (!cfdw_cursor_next(cursor, &item))
		ereport(
			ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg(
				 "list " INT64_FORMAT
				 " was added through foreign table \"%s\" but is not in the account",
				 id, table->name)));
	cfdw_scan_convert(state->fetched, &item, NULL, slot->tts_values,
					  slot->tts_isnull);
	cfdw_cursor_close(cursor);
}

/*
 * Makes a tuple of the values that SLOT has been filled with.
 */
static void
store_values(const ModifyState *state, TupleTableSlot *slot)
{
	cfdw_scan_store_tuple(heap_form_tuple(slot->tts_tupleDescriptor,
										  slot->tts_values, slot->tts_isnull),
						  slot);
	slot->tts_tableOid = state->table->relid;
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
