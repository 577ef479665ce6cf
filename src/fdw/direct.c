/*-------------------------------------------------------------------------
 *
 * direct.c
 *	  Changes of rows that are known by their ids alone.
 *
 * With the option verify_rows false, an UPDATE or a DELETE whose condition
 * gives the ids is not preceded by a GET: its changes go into the journal as
 * they are, without what the rows held before.  Owns the rule when that is
 * safe, the layout of such a plan, and the count of rows.  Must not know how a
 * value is written or how the journal is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/table.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/optimizer.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "fdw/condition.h"
#include "fdw/direct.h"
#include "txn/transaction.h"
#include "read/ids.h"
#include "txn/overlay.h"
#include "fdw/writer.h"
#include "api/value.h"

/*
 * A plan's fdw_exprs: what gives the ids, the values that an UPDATE assigns, one
 * for each of its columns, and then conditions that are the same for all rows.
 * Its fdw_private: those columns' attribute numbers, and whether the command's
 * tag says how many rows there were.
 */
#define plan_columns(plan) ((List *) linitial((plan)->fdw_private))
#define plan_counts(plan) boolVal(lsecond((plan)->fdw_private))

/* What the walkers of expressions are told. */
typedef struct RowRef
{
	const CfdwTable *table;
	int rti;
} RowRef;

typedef struct DirectState
{
	CfdwTable *table;
	CfdwTarget *target;
	CommandId command;     /* that makes the changes */
	ExprState *ids;        /* an id, or an array of ids */
	List *columns;         /* attribute numbers that an UPDATE assigns */
	List *values;          /* ExprState of each */
	ExprState *conditions; /* NULL: none */
	bool counts;           /* the command's tag says how many rows */
	CfdwTraffic traffic;   /* of the requests that it has sent */
} DirectState;

static ForeignScan *find_scan(Plan *subplan, Index rti, int subplan_index);
static bool plan_conditions(ForeignScan *scan, RowRef *ref, Expr **ids,
							List **conditions);
static bool plan_values(PlannerInfo *root, RowRef *ref, List **columns,
						List **values);
static Node *without_constants(Node *node, RowRef *ref);
static Const *make_constant(const CfdwTableColumn *column);
static bool needs_row(Node *node);
static bool needs_row_walker(Node *node, void *context);
static int64 change_rows(ForeignScanState *node);
static bool may_be_there(const DirectState *state, int64 id, CommandId command);
static CfdwIds evaluate_ids(DirectState *state, ExprContext *econtext);
static const CfdwRow *evaluate_row(DirectState *state, ForeignScanState *node);

/*
 * What the requests have cost that a change has sent.
 */
const CfdwTraffic *
cfdw_direct_traffic(const ForeignScanState *node)
{
	return &((const DirectState *) node->fdw_state)->traffic;
}

/*
 * Plans a change without a scan, when all that it needs to know is known
 * before: the condition gives the ids, and the new values do not depend on the
 * old.  PostgreSQL has seen to it that there are no row triggers and no checks
 * of the new row.  With several result relations it is not known which of them
 * has an id.
 */
bool
catalogsPlanDirectModify(PlannerInfo *root, ModifyTable *plan, Index rti,
						 int subplan_index)
{
	ForeignScan *scan = find_scan(outerPlan(plan), rti, subplan_index);
	RowRef ref = {.rti = rti};
	List *columns = NIL;
	List *values = NIL;
	List *conditions = NIL;
	Expr *ids = NULL;
	Relation rel;

	if (scan == NULL || plan->returningLists != NIL ||
		list_length(plan->resultRelations) != 1)
		return false;
	rel = table_open(planner_rt_fetch(rti, root)->relid, NoLock);
	ref.table = cfdw_table_get(rel);
	table_close(rel, NoLock);
	if (ref.table->options.verify_rows ||
		!plan_conditions(scan, &ref, &ids, &conditions))
		return false;
	if (plan->operation == CMD_UPDATE &&
		!plan_values(root, &ref, &columns, &values))
		return false;

	scan->operation = plan->operation;
	scan->resultRelation = rti;
	scan->scan.plan.qual = NIL;
	scan->scan.plan.async_capable = false;
	scan->fdw_exprs = lcons(ids, list_concat(values, conditions));
	scan->fdw_private = list_make2(columns, makeBoolean(plan->canSetTag));
	return true;
}

/*
 * Prepares the change.
 */
void
catalogsBeginDirectModify(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ResultRelInfo *rri = node->resultRelInfo;
	int nvalues = list_length(plan_columns(plan));
	DirectState *state;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = palloc0(sizeof(DirectState));
	node->fdw_state = state;
	state->table = cfdw_table_get(rri->ri_RelationDesc);
	cfdw_table_check_keys(state->table);
	state->target = cfdw_ledger_target(
		state->table, cfdw_result_check_as_user(rri, node->ss.ps.state));
	state->command = GetCurrentCommandId(true);
	state->columns = plan_columns(plan);
	state->counts = plan_counts(plan);

	state->ids = ExecInitExpr(cfdw_direct_ids(plan), &node->ss.ps);
	for (int i = 1; i <= nvalues; i++)
		state->values =
			lappend(state->values,
					ExecInitExpr(list_nth(plan->fdw_exprs, i), &node->ss.ps));
	state->conditions = ExecInitQual(
		list_copy_tail(plan->fdw_exprs, 1 + nvalues), &node->ss.ps);
}

/*
 * Makes all of the changes; returns no row.  How many there were goes into the
 * command's tag.
 */
TupleTableSlot *
catalogsIterateDirectModify(ForeignScanState *node)
{
	DirectState *state = node->fdw_state;
	Instrumentation *instrument = node->ss.ps.instrument;
	int64 count = 0;

	if (ExecQual(state->conditions, node->ss.ps.ps_ExprContext))
		count = change_rows(node);
	if (state->counts)
		node->ss.ps.state->es_processed += count;
	if (instrument != NULL)
		instrument->tuplecount += count;
	return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

/*
 * All was done by the only call of the above.
 */
void
catalogsEndDirectModify(ForeignScanState *node)
{
}

/*
 * The scan of RTI, when that is all there is below the modification; or NULL.
 * A table with partitions has an Append between, and perhaps a Result that
 * makes the new values.
 */
static ForeignScan *
find_scan(Plan *subplan, Index rti, int subplan_index)
{
	if (IsA(subplan, Result) && outerPlan(subplan) != NULL &&
		IsA(outerPlan(subplan), Append))
		subplan = outerPlan(subplan);
	if (IsA(subplan, Append))
	{
		List *children = ((Append *) subplan)->appendplans;

		if (subplan_index >= list_length(children))
			return NULL;
		subplan = list_nth(children, subplan_index);
	}
	if (!IsA(subplan, ForeignScan) ||
		((ForeignScan *) subplan)->scan.scanrelid != rti)
		return NULL;
	return (ForeignScan *) subplan;
}

/*
 * Sorts the scan's conditions: one gives the ids, the others are the same for
 * all rows.  False when there is one of another kind.
 */
static bool
plan_conditions(ForeignScan *scan, RowRef *ref, Expr **ids, List **conditions)
{
	ListCell *lc;

	foreach(lc, scan->scan.plan.qual)
	{
		Node *clause = without_constants(lfirst(lc), ref);

		if (!needs_row(clause))
		{
			*conditions = lappend(*conditions, clause);
			continue;
		}
		if (*ids != NULL)
			return false;
		*ids = cfdw_condition_other_side((Expr *) clause, ref->rti, ref->table);
		if (*ids == NULL || needs_row((Node *) *ids))
			return false;
	}
	return *ids != NULL;
}

/*
 * What an UPDATE assigns.  False when that depends on the row, is not to be
 * written, or is nothing that can be sent: then the row must be read to tell
 * whether there is one.
 */
static bool
plan_values(PlannerInfo *root, RowRef *ref, List **columns, List **values)
{
	bool any = false;
	List *tlist;
	ListCell *lt;
	ListCell *lc;

	get_translated_update_targetlist(root, ref->rti, &tlist, columns);
	forboth(lt, tlist, lc, *columns)
	{
		const CfdwTableColumn *column =
			&ref->table->columns[lfirst_int(lc) - 1];
		TargetEntry *entry = lfirst_node(TargetEntry, lt);
		Node *value = without_constants((Node *) entry->expr, ref);

		if (needs_row(value) ||
			(column->constant == NULL && !cfdw_writer_is_updatable(column)))
			return false;
		any = any || column->constant == NULL;
		*values = lappend(*values, value);
	}
	return any;
}

/*
 * An expression in which the columns that are the same in all rows are their
 * values.
 */
static Node *
without_constants(Node *node, RowRef *ref)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		Var *var = (Var *) node;

		if (var->varno == ref->rti && var->varlevelsup == 0 &&
			var->varattno > 0 &&
			ref->table->columns[var->varattno - 1].constant != NULL)
			return (Node *) make_constant(
				&ref->table->columns[var->varattno - 1]);
	}
	return expression_tree_mutator(node, without_constants, ref);
}

static Const *
make_constant(const CfdwTableColumn *column)
{
	int16 len;
	bool byval;

	get_typlenbyval(column->typid, &len, &byval);
	return makeConst(column->typid, column->typmod, column->collation, len,
					 cfdw_value_constant(column), false, byval);
}

/*
 * Whether an expression can be evaluated only with a row, or anew for each.
 */
static bool
needs_row(Node *node)
{
	return contain_volatile_functions(node) || needs_row_walker(node, NULL);
}

static bool
needs_row_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	switch (nodeTag(node))
	{
		case T_Var:
		case T_CurrentOfExpr:
		case T_SubPlan:
		case T_AlternativeSubPlan:
			return true;
		case T_Param:
			return ((Param *) node)->paramkind == PARAM_MULTIEXPR;
		default:
			return expression_tree_walker(node, needs_row_walker, context);
	}
}

/*
 * Puts the changes into the journal; returns how many rows that are.  A row
 * that the transaction has deleted is not one; whether the account has a row is
 * known only when it is told at once.
 */
static int64
change_rows(ForeignScanState *node)
{
	DirectState *state = node->fdw_state;
	CommandId command = node->ss.ps.state->es_snapshot->curcid;
	CfdwRow *before = cfdw_row_create(state->table->resource); /* not known */
	const CfdwRow *row = NULL;
	int64 count = 0;
	CfdwIds ids = evaluate_ids(state, node->ss.ps.ps_ExprContext);

	if (ids.n > 0 && state->columns != NIL)
		row = evaluate_row(state, node);
	for (int i = 0; i < ids.n; i++)
	{
		CfdwLedgerRow *tracked;

		CHECK_FOR_INTERRUPTS();
		if (!may_be_there(state, ids.ids[i], command))
			continue;
		tracked = cfdw_journal_unread(state->target, ids.ids[i]);
		if (state->columns != NIL)
			cfdw_journal_update(state->target, tracked, row, before,
								state->command);
		else
			cfdw_journal_delete(state->target, tracked, state->command);
		count++;
	}
	if (state->target->immediate)
	{
		CfdwTraffic sent = cfdw_session_written();

		count -= cfdw_transaction_send_immediate(state->target->account);
		cfdw_session_add_written(&state->traffic, &sent);
	}
	return count;
}

/*
 * Whether there may be a row of an id for what sees the changes made before COMMAND.
 * One that the statement has changed already, in another of its parts, it does not
 * change again.
 */
static bool
may_be_there(const DirectState *state, int64 id, CommandId command)
{
	CfdwLedgerRow *row = cfdw_ledger_find(state->target->account, id);
	CfdwDesired desired;

	if (row == NULL)
		return true;
	if (cfdw_journal_changed_by(row, state->command))
		return false;
	return !cfdw_overlay_row(state->table, id, command, &desired) ||
		   (desired.exists && !cfdw_ledger_is_lost(row));
}

/*
 * The ids, each once, that a list can have; in the current memory context.
 */
static CfdwIds
evaluate_ids(DirectState *state, ExprContext *econtext)
{
	CfdwIds ids = {.all = true};
	bool isnull;
	Datum value = ExecEvalExpr(state->ids, econtext, &isnull);

	cfdw_ids_restrict(&ids, exprType((Node *) state->ids->expr), value, isnull);
	return ids;
}

/*
 * What an UPDATE assigns, the same to all rows.
 */
static const CfdwRow *
evaluate_row(DirectState *state, ForeignScanState *node)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	TupleTableSlot *slot = MakeSingleTupleTableSlot(
		RelationGetDescr(node->ss.ss_currentRelation), &TTSOpsVirtual);
	CfdwRow *row;
	ListCell *lc;
	ListCell *lv;

	forboth(lc, state->columns, lv, state->values)
	{
		int i = lfirst_int(lc) - 1;

		slot->tts_values[i] =
			ExecEvalExpr(lfirst(lv), econtext, &slot->tts_isnull[i]);
	}
	ExecStoreVirtualTuple(slot);
	row = cfdw_writer_updated(cfdw_writer_create(state->table, state->columns),
							  slot, NULL);
	ExecDropSingleTupleTableSlot(slot);
	return row;
}
