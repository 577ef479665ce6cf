/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  Conditions -> scan spec; costs.
 *
 * Owns the rules of what is asked of the account: a comparison of the id with
 * something that is known before the scan becomes "?id=N", everything else is
 * filtered here; and the layout of a plan's private data.  Every condition is
 * rechecked by the executor.  Must not know how a request is made.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "catalog/pg_opfamily.h"
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
#include "option.h"
#include "plan.h"

/* Lists in an account of which nothing is known (API page: about ten). */
#define DEFAULT_LISTS 10

/* What one of the planner's callbacks leaves for the next. */
typedef struct RelPlan
{
	CfdwTable *table;
	Bitmapset *columns; /* to fetch, offset like pull_varattnos() */
} RelPlan;

static CfdwRescans rescans(const PlannerInfo *root);
static Expr *find_id(RelOptInfo *rel, List *clauses);
static Expr *id_compared_with(RelOptInfo *rel, const RelPlan *plan,
							  RestrictInfo *clause);
static bool is_id(RelOptInfo *rel, const RelPlan *plan, Node *node);
static void add_request(PlannerInfo *root, RelOptInfo *rel, double rows,
						double lists, Relids outer);
static void add_parameterized_paths(PlannerInfo *root, RelOptInfo *rel);
static void add_path_for_clause(PlannerInfo *root, RelOptInfo *rel,
								RestrictInfo *clause, List **seen);
static bool is_id_member(PlannerInfo *root, RelOptInfo *rel,
						 EquivalenceClass *ec, EquivalenceMember *em,
						 void *arg);
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

	plan->table = cfdw_option_table(relation);
	table_close(relation, NoLock);
	rel->fdw_private = plan;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &plan->columns);
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);

		pull_varattnos((Node *) clause->clause, rel->relid, &plan->columns);
	}

	if (rel->tuples <= 0)
		rel->tuples = DEFAULT_LISTS;
	set_baserel_size_estimates(root, rel);
}

/*
 * One way for the relation alone, and one for each other relation that can
 * tell an id.
 */
void
catalogsGetForeignPaths(PlannerInfo *root, RelOptInfo *rel, Oid relid)
{
	bool by_id = find_id(rel, rel->baserestrictinfo) != NULL;

	add_request(root, rel, rel->rows, by_id ? 1 : rel->tuples,
				rel->lateral_relids);
	if (!by_id)
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
	Expr *id = find_id(rel, scan_clauses);

	return make_foreignscan(tlist, extract_actual_clauses(scan_clauses, false),
							rel->relid, id != NULL ? list_make1(id) : NIL,
							list_make2(column_list(plan->table, plan->columns),
									   makeInteger(rescans(root))),
							NIL, NIL, outer_plan);
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
	AttrNumber attnum = cfdw_option_table(rel)->id_attnum;
	Form_pg_attribute attr;
	Var *var;

	if (attnum == 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg(
				 "cannot %s foreign table \"%s\": it has no column for the list's id",
				 root->parse->commandType == CMD_DELETE ? "delete from"
														: "update",
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
 * Notes what an UPDATE assigns: see plan.h for the layout.
 */
List *
catalogsPlanForeignModify(PlannerInfo *root, ModifyTable *plan, Index rti,
						  int subplan_index)
{
	RangeTblEntry *rte = planner_rt_fetch(rti, root);
	List *columns = NIL;
	Bitmapset *updated;
	int column = -1;

	if (plan->operation == CMD_UPDATE)
	{
		updated = cfdw_updated_columns(root, rti, rte);
		while ((column = bms_next_member(updated, column)) >= 0)
			columns = lappend_int(columns,
								  column + FirstLowInvalidHeapAttributeNumber);
	}
	return list_make1(columns);
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
 * A subquery may run a scan again and again; a join may; nothing else does.
 */
static CfdwRescans
rescans(const PlannerInfo *root)
{
	if (root->query_level > 1)
		return CFDW_RESCANS_OFTEN;
	return bms_membership(root->all_baserels) == BMS_MULTIPLE
			   ? CFDW_RESCANS_MAYBE
			   : CFDW_RESCANS_NEVER;
}

/*
 * The expression that one of CLAUSES, which are RestrictInfos, compares the id
 * with; or NULL.
 */
static Expr *
find_id(RelOptInfo *rel, List *clauses)
{
	ListCell *lc;

	foreach(lc, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, lc);
		Expr *id = id_compared_with(rel, rel->fdw_private, clause);

		if (id != NULL)
			return id;
	}
	return NULL;
}

/*
 * The other side of "id = ...", or NULL when CLAUSE is something else: when the
 * operator is not the equality of integers, or when the other side cannot be
 * known before the scan.
 */
static Expr *
id_compared_with(RelOptInfo *rel, const RelPlan *plan, RestrictInfo *clause)
{
	OpExpr *op = (OpExpr *) clause->clause;
	Expr *other;
	Relids other_relids;

	if (!IsA(op, OpExpr) || list_length(op->args) != 2 ||
		get_op_opfamily_strategy(op->opno, INTEGER_BTREE_FAM_OID) !=
			BTEqualStrategyNumber)
		return NULL;
	if (is_id(rel, plan, linitial(op->args)))
	{
		other = lsecond(op->args);
		other_relids = clause->right_relids;
	}
	else if (is_id(rel, plan, lsecond(op->args)))
	{
		other = linitial(op->args);
		other_relids = clause->left_relids;
	}
	else
		return NULL;
	if (bms_is_member(rel->relid, other_relids) ||
		contain_volatile_functions((Node *) other))
		return NULL;
	return other;
}

static bool
is_id(RelOptInfo *rel, const RelPlan *plan, Node *node)
{
	Var *var = (Var *) node;

	return plan->table->id_attnum != 0 && IsA(node, Var) &&
		   var->varno == (int) rel->relid && var->varlevelsup == 0 &&
		   var->varattno == plan->table->id_attnum;
}

/*
 * Adds a path that makes one request, to which the account answers with so many
 * LISTS, of which ROWS are left.
 */
static void
add_request(PlannerInfo *root, RelOptInfo *rel, double rows, double lists,
			Relids outer)
{
	const CfdwOptions *options =
		&((RelPlan *) rel->fdw_private)->table->options;
	Cost startup = options->fdw_startup_cost + rel->baserestrictcost.startup;
	Cost per_list = options->fdw_tuple_cost + cpu_tuple_cost +
					rel->baserestrictcost.per_tuple;

	add_path(rel, (Path *) cfdw_create_foreignscan_path(
					  root, rel, rows, startup, startup + per_list * lists,
					  outer, NIL));
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

	if (id_compared_with(rel, rel->fdw_private, clause) == NULL)
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
	add_request(root, rel, Min(param->ppi_rows, 1), 1, outer);
}

static bool
is_id_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
			 EquivalenceMember *em, void *arg)
{
	return is_id(rel, rel->fdw_private, (Node *) em->em_expr);
}

/*
 * The attribute numbers of the table's own columns among COLUMNS.
 */
static List *
column_list(const CfdwTable *table, const Bitmapset *columns)
{
	bool whole_row =
		bms_is_member(-FirstLowInvalidHeapAttributeNumber, columns);
	List *list = NIL;

	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].attnum != 0 &&
			(whole_row ||
			 bms_is_member(i + 1 - FirstLowInvalidHeapAttributeNumber,
						   columns)))
			list = lappend_int(list, i + 1);
	return list;
}
