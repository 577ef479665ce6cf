/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Ways to scan, and what they cost.
 *
 * Owns what is asked of the account, and the layout of a plan's private data.  A
 * comparison of the id with what is known before the scan
 * becomes "?id=N" when it leaves one id, and nothing when it leaves none;
 * everything else is filtered here.  Every condition is rechecked by the
 * executor.  Must not know how a request is made.
 *
 * Costs: a request weighs as much as fdw_startup_cost says, and a list in its
 * reply as much as fdw_tuple_cost.  Whatever plan needs fewer requests is then
 * the cheaper one, unless the lists to transfer are many thousands.  Requests are
 * weighed as they are made: scans of the whole list in one query make one
 * together, and so do the runs of a subquery; several accounts answer an Append
 * in the time of one.  The unit is small enough that a query of the usual kind
 * does not cost what makes the server compile it (jit_above_cost).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/appendinfo.h"
#include "optimizer/cost.h"
#include "optimizer/inherit.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "compat.h"
#include "fdw/condition.h"
#include "fdw/share.h"
#include "declare/option.h"
#include "fdw/generated.h"
#include "fdw/plan.h"

/*
 * So often a subquery is taken to run that depends on an outer row: when it is
 * planned nobody knows.  It is enough for the one request that all runs of a
 * scan make to weigh less than one request in each.
 */
#define RUNS_OF_SUBQUERY 100

/*
 * So many lists at most are asked for one by one in a query.  An account that
 * answers seven requests a second is busy with them for a quarter of a minute.
 */
#define MAX_SINGLE 100

/* What one of the planner's callbacks leaves for the next. */
typedef struct RelPlan
{
	CfdwTable *table;
	Bitmapset *columns; /* to fetch, offset like pull_varattnos() */
	CfdwRescans rescans;
	CfdwConditions ids; /* of the relation's own conditions */
} RelPlan;

static bool may_take_ahead(const PlannerInfo *root, const Plan *subplan);
static CfdwRescans rescans(const PlannerInfo *root, const RelOptInfo *rel);
static bool is_joined_again(const PlannerInfo *root, const RelOptInfo *rel);
static void estimate_size(PlannerInfo *root, RelOptInfo *rel);
static CfdwTable *table_of(const RelOptInfo *rel);
static int scans_of_same(PlannerInfo *root, RelOptInfo *rel, Expr *id);
static bool is_same_account(const RelOptInfo *rel, RelOptInfo *other);
static int runs(const PlannerInfo *root);
static double requests_for_one(PlannerInfo *root, RelOptInfo *rel, Expr *id);
static bool is_outer_value(Node *node, void *context);
static int accounts_side_by_side(PlannerInfo *root, RelOptInfo *rel);
static bool is_asynchronous(RelOptInfo *rel);
static void add_request(PlannerInfo *root, RelOptInfo *rel, double rows,
						CfdwAsk ask, double requests, Relids outer);
static void add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel);
static void add_path_for_clause(PlannerInfo *root, RelOptInfo *rel,
								RestrictInfo *clause, List **seen);
static bool is_id_member(PlannerInfo *root, RelOptInfo *rel,
						 EquivalenceClass *ec, EquivalenceMember *em,
						 void *arg);
static int max_single(const RelOptInfo *rel);
static List *column_list(const CfdwTable *table, const Bitmapset *columns);

/*
 * Estimates how many rows the scan gives and notes which columns it needs.
 */
void
catalogsGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	RelPlan *plan = palloc0(sizeof(RelPlan));
	Relation relation = table_open(relid, NoLock);
	ListCell *lc;

	plan->table = cfdw_table_get(relation);
	table_close(relation, NoLock);
	plan->rescans = rescans(root, rel);
	rel->fdw_private = plan;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &plan->columns);
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		pull_varattnos((Node *) clause->clause, rel->relid, &plan->columns);
	}
	plan->columns = cfdw_generated_needs(plan->table, plan->columns);

	plan->ids =
		cfdw_condition_read(root, rel, plan->table, rel->baserestrictinfo);
	if (cfdw_condition_excludes_all(rel, &plan->ids))
		mark_dummy_rel(rel);
	else
		estimate_size(root, rel);
}

/*
 * One way for the relation alone, and one for each other relation that can
 * tell an id.  Where others ask for the whole list anyway, to read that can be
 * better than to ask for one.
 */
void
catalogsGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	const CfdwConditions *ids = &((RelPlan *) rel->fdw_private)->ids;
	int scans = scans_of_same(root, rel, NULL);

	if (ids->is_null)
		add_request(root, rel, rel->rows, CFDW_ASK_UNSENT, 0,
					rel->lateral_relids);
	else if (ids->by_id)
		add_request(root, rel, rel->rows, CFDW_ASK_ONE,
					requests_for_one(root, rel, linitial(ids->exprs)),
					rel->lateral_relids);
	if (!ids->is_null && (!ids->by_id || scans > 1))
		add_request(root, rel, rel->rows, CFDW_ASK_ALL,
					1.0 / scans / runs(root), rel->lateral_relids);
	if (!ids->is_null && !ids->by_id)
		add_parameterized_paths(root, rel);
}

/*
 * The plan node: see plan.h for its layout.
 */
ForeignScan *
catalogsGetForeignPlan(PlannerInfo *root, RelOptInfo *rel, Oid relid,
					   ForeignPath *path, List *tlist, List *scan_clauses,
					   Plan *outer_plan)
{
	RelPlan *plan = rel->fdw_private;
	CfdwConditions ids =
		cfdw_condition_read(root, rel, plan->table, scan_clauses);

	if (plan->rescans == CFDW_RESCANS_MAYBE && is_joined_again(root, rel))
		plan->rescans = CFDW_RESCANS_OFTEN;
	return make_foreignscan(
		tlist, extract_actual_clauses(scan_clauses, false), rel->relid,
		ids.exprs,
		list_make5(column_list(plan->table, plan->columns),
				   makeInteger(plan->rescans), makeBoolean(ids.is_null),
				   linitial(path->fdw_private), makeInteger(max_single(rel))),
		NIL, NIL, outer_plan);
}

/*
 * Whether an Append may run the scan side by side with others.
 */
bool
catalogsIsForeignPathAsyncCapable(ForeignPath *path)
{
	return table_of(path->path.parent)->options.async_capable;
}

/*
 * UPDATE and DELETE need the id of a row; DELETE ... RETURNING the whole row,
 * as UPDATE does, for which the planner sees to it.  Raises 42703 when the
 * table has no column for the id.
 */
void
catalogsAddForeignUpdateTargets(PlannerInfo *root, Index rti,
								RangeTblEntry *rte, Relation rel)
{
	AttrNumber attnum = cfdw_table_get(rel)->id_attnum;
	Form_pg_attribute attr;
	Var *var;

	if (attnum == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 root->parse->commandType == CMD_DELETE
				 ? errmsg(
					   "cannot delete from foreign table \"%s\": it has no column for the list's id",
					   RelationGetRelationName(rel))
				 : errmsg(
					   "cannot update foreign table \"%s\": it has no column for the list's id",
					   RelationGetRelationName(rel)),
			 errhint(
				 "Add a column \"id bigint\", or a column with the option column_name 'id'.")));

	attr = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	var = makeVar(rti, attnum, attr->atttypid, attr->atttypmod,
				  attr->attcollation, 0);
	add_row_identity_var(root, var, rti, cfdw_plan_id_name(attr));

	/* A row that the account does not know yet is told by its ctid. */
	add_row_identity_var(
		root,
		makeVar(rti, SelfItemPointerAttributeNumber, TIDOID, -1, InvalidOid, 0),
		rti, "ctid");

	if (root->parse->commandType == CMD_DELETE &&
		root->parse->returningList != NIL)
		add_row_identity_var(
			root, makeVar(rti, InvalidAttrNumber, RECORDOID, -1, InvalidOid, 0),
			rti, "wholerow");
}

/*
 * Notes what an UPDATE assigns, and whether the rows of an INSERT may be taken ahead:
 * see plan.h for the layout.
 */
List *
catalogsPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index rti,
						  int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	List *columns = NIL;
	Bitmapset *updated;
	int column = -1;
	bool ahead;

	if (plan->operation == CMD_UPDATE)
	{
		updated = cfdw_updated_columns(root, rti, rte);
		while ((column = bms_next_member(updated, column)) >= 0)
			columns = lappend_int(columns,
								  column + FirstLowInvalidHeapAttributeNumber);
	}
	ahead = plan->operation == CMD_INSERT && plan->returningLists != NIL &&
			may_take_ahead(root, outerPlan(plan));
	return list_make2(columns, makeBoolean(ahead));
}

/*
 * Whether nobody can tell when SUBPLAN has given an INSERT its rows: nothing that the
 * statement calls may look at what the rows before have done.  That is what COPY asks
 * before it gathers rows: no volatile function but nextval().  In a subquery of an
 * expression, which is not looked into, there could be one.
 */
static bool
may_take_ahead(const PlannerInfo *root, const Plan *subplan)
{
	ListCell *lc;

	/* A single row is its own turn. */
	if (IsA(subplan, Result) && outerPlan(subplan) == NULL)
		return false;
	/* With junk, a row of the plan is not one of the table. */
	foreach(lc, subplan->targetlist)
		if (lfirst_node(TargetEntry, lc)->resjunk)
			return false;
	return root->glob->subplans == NIL &&
		   !contain_volatile_functions_not_nextval((Node *) root->parse);
}

/*
 * The name under which a row's id travels from the scan to the modification.
 * Tables of one inheritance tree share it only when their columns are alike.
 */
char *
cfdw_plan_id_name(Form_pg_attribute attr)
{
	return psprintf("catalogs_id_%d_%u_%d_%u", attr->attnum, attr->atttypid,
					attr->atttypmod, attr->attcollation);
}

/*
 * How often a scan may begin again without a word from the executor, which
 * announces that (EXEC_FLAG_REWIND) unless an outer row is the reason.  So it is
 * with a subquery that depends on one, with what is joined to something that
 * does, and with the recursive part of a query.  Other joins hardly ever do.
 */
static CfdwRescans
rescans(const PlannerInfo *root, const RelOptInfo *rel)
{
	Relids own =
		rel->top_parent_relids != NULL ? rel->top_parent_relids : rel->relids;

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		const RelOptInfo *other = root->simple_rel_array[i];

		if (other != NULL && !bms_is_subset(other->lateral_relids, own))
			return CFDW_RESCANS_OFTEN;
	}
	for (const PlannerInfo *outer = root->parent_root; outer != NULL;
		 outer = outer->parent_root)
		if (outer->plan_params != NIL || outer->hasLateralRTEs ||
			outer->wt_param_id >= 0)
			return CFDW_RESCANS_OFTEN;
	return bms_membership(root->all_baserels) == BMS_MULTIPLE
			   ? CFDW_RESCANS_MAYBE
			   : CFDW_RESCANS_NEVER;
}

/*
 * Whether a join of REL with others may begin again for each row of a further
 * relation, also without a word from the executor: one of the others can be looked
 * up by such a row.  All paths of single relations are known.
 */
static bool
is_joined_again(const PlannerInfo *root, const RelOptInfo *rel)
{
	Relids own =
		rel->top_parent_relids != NULL ? rel->top_parent_relids : rel->relids;

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		const RelOptInfo *other = root->simple_rel_array[i];
		ListCell *lc;

		if (other == NULL || bms_equal(other->relids, own) ||
			bms_equal(other->top_parent_relids, own))
			continue;
		foreach(lc, other->pathlist)
			if (!bms_is_subset(PATH_REQ_OUTER((Path *) lfirst(lc)), own))
				return true;
	}
	return false;
}

/*
 * How many lists there are, and how many of them the scan gives.  The id is
 * unique, which PostgreSQL knows only after ANALYZE.
 */
static void
estimate_size(PlannerInfo *root, RelOptInfo *rel)
{
	const RelPlan *plan = rel->fdw_private;

	rel->tuples = cfdw_table_rows(plan->table->relid, rel->tuples);
	set_baserel_size_estimates(root, rel);
	if (plan->ids.by_id)
		rel->rows = 1;
	else if (!plan->ids.constants.all)
		rel->rows = Min(rel->rows, plan->ids.constants.n);
}

static CfdwTable *
table_of(const RelOptInfo *rel)
{
	return ((const RelPlan *) rel->fdw_private)->table;
}

/*
 * How many scans at this level of the query could share a request of REL's, REL's
 * own among them: that for one list, which is ID, or with NULL that for all.
 */
static int
scans_of_same(PlannerInfo *root, RelOptInfo *rel, Expr *id)
{
	int n = 0;

	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *other = root->simple_rel_array[i];
		const CfdwConditions *ids;

		if (other == NULL || !is_same_account(rel, other))
			continue;
		ids = &((const RelPlan *) other->fdw_private)->ids;
		if (!ids->is_null &&
			(id == NULL || (ids->by_id && equal(id, linitial(ids->exprs)))))
			n++;
	}
	return Max(n, 1);
}

/*
 * Whether another relation, which may be any, shows REL's account to the same
 * role.
 */
static bool
is_same_account(const RelOptInfo *rel, RelOptInfo *other)
{
	return other->serverid == rel->serverid && other->userid == rel->userid &&
		   other->fdw_private != NULL && !IS_DUMMY_REL(other) &&
		   strcmp(table_of(other)->options.path, table_of(rel)->options.path) ==
			   0;
}

/*
 * How often a query is taken to run: it depends on a row of one around it when it
 * has taken parameters from that.
 */
static int
runs(const PlannerInfo *root)
{
	for (const PlannerInfo *outer = root->parent_root; outer != NULL;
		 outer = outer->parent_root)
		if (outer->plan_params != NIL)
			return RUNS_OF_SUBQUERY;
	return 1;
}

/*
 * How many requests for one list, which is ID, each run of a query makes: when ID
 * is another one each time, they are some and then one for all lists.
 */
static double
requests_for_one(PlannerInfo *root, RelOptInfo *rel, Expr *id)
{
	double all_runs = 1;

	if (is_outer_value((Node *) id, NULL))
		all_runs = Min(runs(root), max_single(rel) + 1);
	return all_runs / runs(root) / scans_of_same(root, rel, id);
}

/*
 * Whether an expression takes a value from a query around it.
 */
static bool
is_outer_value(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param))
		return ((Param *) node)->paramkind == PARAM_EXEC;
	return expression_tree_walker(node, is_outer_value, context);
}

/*
 * How many accounts an Append asks side by side, REL's among them.
 */
static int
accounts_side_by_side(PlannerInfo *root, RelOptInfo *rel)
{
	int n = 1;

	if (!is_asynchronous(rel))
		return 1;
	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		RelOptInfo *other = root->simple_rel_array[i];

		if (other != NULL &&
			bms_equal(other->top_parent_relids, rel->top_parent_relids) &&
			is_asynchronous(other) && !is_same_account(rel, other))
			n++;
	}
	return n;
}

/*
 * Whether a relation is a foreign table of ours that an Append may scan side by
 * side with others.
 */
static bool
is_asynchronous(RelOptInfo *rel)
{
	return enable_async_append && rel->top_parent_relids != NULL &&
		   rel->fdwroutine != NULL &&
		   rel->fdwroutine->GetForeignPaths == catalogsGetForeignPaths &&
		   rel->fdw_private != NULL && !IS_DUMMY_REL(rel) &&
		   table_of(rel)->options.async_capable;
}

/*
 * Adds a path that asks, with a request or a part of one that others share, for
 * lists of which ROWS are left.  Its private data tells whether the list is to
 * be whole although an id is known.
 */
static void
add_request(PlannerInfo *root, RelOptInfo *rel, double rows, CfdwAsk ask,
			double requests, Relids outer)
{
	double lists = ask == CFDW_ASK_ALL ? rel->tuples : ask == CFDW_ASK_ONE;
	bool whole = ask == CFDW_ASK_ALL && requests < 1;
	const CfdwOptions *options = &table_of(rel)->options;
	Cost startup = options->fdw_startup_cost * requests /
					   accounts_side_by_side(root, rel) +
				   rel->baserestrictcost.startup;
	Cost per_list = options->fdw_tuple_cost + cpu_tuple_cost +
					rel->baserestrictcost.per_tuple;

	add_path(rel, (Path *) cfdw_create_foreignscan_path(
					  root, rel, rows, startup, startup + per_list * lists,
					  outer, list_make1(makeBoolean(whole))));
}

/*
 * Adds a path for each set of relations that together tell the id to ask for,
 * be it by a join clause or by an equivalence class.
 */
static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel)
{
	List *seen = NIL; /* of Relids */
	ListCell *lc;

	foreach(lc, rel->joininfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (join_clause_is_movable_to(clause, rel))
			add_path_for_clause(root, rel, clause, &seen);
	}
	if (!rel->has_eclass_joins)
		return;
	foreach(lc, generate_implied_equalities_for_column(
					root, rel, is_id_member, NULL, rel->lateral_referencers))
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		if (join_clause_is_movable_to(clause, rel))
			add_path_for_clause(root, rel, clause, &seen);
	}
}

static void
add_path_for_clause(PlannerInfo *root, RelOptInfo *rel, RestrictInfo *clause,
					List **seen)
{
	ParamPathInfo *param;
	Relids outer;
	ListCell *lc;

	if (!IsA(clause->clause, OpExpr) ||
		cfdw_condition_id_equals(root, rel, table_of(rel), clause->clause) ==
			NULL)
		return;
	outer = bms_union(clause->clause_relids, rel->lateral_relids);
	outer = bms_del_member(outer, rel->relid);
	if (bms_is_empty(outer))
		return;
	foreach(lc, *seen)
		if (bms_equal(lfirst(lc), outer))
			return;
	*seen = lappend(*seen, outer);

	param = get_baserel_parampathinfo(root, rel, outer);
	add_request(root, rel, Min(param->ppi_rows, 1), CFDW_ASK_ONE, 1, outer);
}

static bool
is_id_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
			 EquivalenceMember *em, void *arg)
{
	return cfdw_condition_is_id((Node *) em->em_expr, rel->relid,
								table_of(rel));
}

/*
 * How many lists a query may ask for one by one before it asks for all of them:
 * as many as cost no more than that.  It is where the planner itself would have
 * taken the whole list, had it known how many there would be; so with less than
 * some 10,000 lists it is one, and a query makes two requests at the most.
 */
static int
max_single(const RelOptInfo *rel)
{
	const CfdwOptions *options = &table_of(rel)->options;
	Cost per_list = options->fdw_tuple_cost + cpu_tuple_cost;
	Cost one = options->fdw_startup_cost + per_list;
	Cost all = options->fdw_startup_cost + per_list * rel->tuples;

	if (one * MAX_SINGLE <= all)
		return MAX_SINGLE;
	return Max((int) (all / one), 1);
}

/*
 * The attribute numbers of the table's own columns, and of the system's, among
 * COLUMNS.
 */
static List *
column_list(const CfdwTable *table, const Bitmapset *columns)
{
	bool whole_row =
		bms_is_member(-FirstLowInvalidHeapAttributeNumber, columns);
	List *list = NIL;

	for (int i = FirstLowInvalidHeapAttributeNumber + 1; i < 0; i++)
		if (bms_is_member(i - FirstLowInvalidHeapAttributeNumber, columns))
			list = lappend_int(list, i);

	for (int i = 0; i < table->ncolumns; i++)
		if ((table->columns[i].attnum != 0 ||
			 table->columns[i].generated != NULL) &&
			(whole_row ||
			 bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						   columns)))
			list = lappend_int(list, i + 1);
	return list;
}
