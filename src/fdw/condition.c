/*-------------------------------------------------------------------------
 *
 * condition.c
 *	  What conditions say of the id.
 *
 * Owns which conditions tell before the scan what the id is to be, and when they
 * leave nothing.  Must not know what a scan costs or how it asks.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/stratnum.h"
#include "access/sysattr.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "fdw/condition.h"

static bool is_equality(Oid opno);
static Expr *ctid_equals(PlannerInfo *root, const RelOptInfo *rel,
						 Expr *clause);
static bool is_ctid(const Expr *expr, Index varno);
static bool is_known(PlannerInfo *root, const RelOptInfo *rel, Expr *expr);

/*
 * What CLAUSES, which are RestrictInfos, say of the id.  Numbers come before
 * arrays, and a number that is known already before others.  A ctid is as good as a
 * number: postgres_fdw, in front of a table, asks by it.
 */
CfdwConditions
cfdw_condition_read(PlannerInfo *root, const RelOptInfo *rel,
					const CfdwTable *table, List *clauses)
{
	CfdwConditions found = {.constants = {.all = true}};
	List *constants = NIL;
	List *tids = NIL;
	List *numbers = NIL;
	List *arrays = NIL;
	ListCell *lc;

	foreach(lc, clauses)
	{
		Expr *clause = lfirst_node(RestrictInfo, lc)->clause;
		Expr *other = cfdw_condition_id_equals(root, rel, table, clause);
		Expr *tid = ctid_equals(root, rel, clause);

		if (tid != NULL)
			tids = lappend(tids, tid);
		if (IsA(clause, NullTest) &&
			((NullTest *) clause)->nulltesttype == IS_NULL &&
			cfdw_condition_is_id((Node *) ((NullTest *) clause)->arg,
								 rel->relid, table))
			found.is_null = true;
		if (other == NULL)
			continue;
		if (IsA(other, Const))
		{
			const Const *constant = (Const *) other;

			cfdw_ids_restrict(&found.constants, constant->consttype,
							  constant->constvalue, constant->constisnull);
			constants = lappend(constants, other);
		}
		else if (!type_is_array(exprType((Node *) other)))
			numbers = lappend(numbers, other);
		else
			arrays = lappend(arrays, other);
	}

	if (!found.constants.all && found.constants.n == 1)
		numbers = lcons(makeConst(INT8OID, -1, InvalidOid, sizeof(int64),
								  Int64GetDatum(found.constants.ids[0]), false,
								  FLOAT8PASSBYVAL),
						numbers);
	else if (numbers != NIL || arrays != NIL || tids != NIL)
		arrays = list_concat(arrays, constants);
	numbers = list_concat(numbers, tids);
	found.by_id = numbers != NIL;
	found.exprs = list_concat(numbers, arrays);
	return found;
}

/*
 * Whether no row can satisfy the relation's conditions.  PostgreSQL itself
 * looks for that in partitions alone (constraint_exclusion), since to find it
 * costs more than it saves; but here it saves a request.
 */
bool
cfdw_condition_excludes_all(const RelOptInfo *rel, const CfdwConditions *ids)
{
	List *safe = NIL;
	ListCell *lc;

	if (!ids->constants.all && ids->constants.n == 0)
		return true;
	if (list_length(rel->baserestrictinfo) < 2)
		return false;
	foreach(lc, rel->baserestrictinfo)
	{
		Expr *clause = lfirst_node(RestrictInfo, lc)->clause;

		if (!contain_mutable_functions((Node *) clause))
			safe = lappend(safe, clause);
	}
	return predicate_refuted_by(safe, safe, true);
}

/*
 * The other side of a comparison of the id, or NULL when CLAUSE is something
 * else, or when the other side cannot be known before the scan.
 */
Expr *
cfdw_condition_id_equals(PlannerInfo *root, const RelOptInfo *rel,
						 const CfdwTable *table, Expr *clause)
{
	Expr *other = cfdw_condition_other_side(clause, rel->relid, table);

	return other != NULL && is_known(root, rel, other) ? other : NULL;
}

/*
 * The other side of "id = ..." or of "id = ANY (...)", as which IN comes here,
 * when CLAUSE is such a comparison of the id of TABLE, which is relation VARNO;
 * NULL otherwise.  The operator is the equality of integers or of numerics, and
 * cfdw_ids_restrict() reads what the other side gives.
 */
Expr *
cfdw_condition_other_side(Expr *clause, Index varno, const CfdwTable *table)
{
	Node *other;
	List *args;
	Oid opno;

	if (IsA(clause, OpExpr))
	{
		args = ((OpExpr *) clause)->args;
		opno = ((OpExpr *) clause)->opno;
	}
	else if (IsA(clause, ScalarArrayOpExpr) &&
			 ((ScalarArrayOpExpr *) clause)->useOr)
	{
		args = ((ScalarArrayOpExpr *) clause)->args;
		opno = ((ScalarArrayOpExpr *) clause)->opno;
	}
	else
		return NULL;
	if (list_length(args) != 2 || !is_equality(opno))
		return NULL;

	if (cfdw_condition_is_id(linitial(args), varno, table))
		other = lsecond(args);
	else if (cfdw_condition_is_id(lsecond(args), varno, table))
		other = linitial(args);
	else
		return NULL;
	return cfdw_ids_understands(exprType(other)) ? (Expr *) other : NULL;
}

/*
 * Whether NODE is the id, as it stands, as what its domain is of, or as a
 * numeric, which is how it is compared with a number too large for it.
 */
bool
cfdw_condition_is_id(Node *node, Index varno, const CfdwTable *table)
{
	Var *var;

	if (IsA(node, FuncExpr) && (((FuncExpr *) node)->funcid == F_NUMERIC_INT8 ||
								((FuncExpr *) node)->funcid == F_NUMERIC_INT4 ||
								((FuncExpr *) node)->funcid == F_NUMERIC_INT2))
		node = linitial(((FuncExpr *) node)->args);
	while (IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	var = (Var *) node;
	return table->id_attnum != 0 && IsA(node, Var) &&
		   var->varno == (int) varno && var->varlevelsup == 0 &&
		   var->varattno == table->id_attnum;
}

static bool
is_equality(Oid opno)
{
	return get_op_opfamily_strategy(opno, INTEGER_BTREE_FAM_OID) ==
			   BTEqualStrategyNumber ||
		   get_opcode(opno) == F_NUMERIC_EQ;
}

/*
 * The other side of "ctid = ...", or NULL as above.
 */
static Expr *
ctid_equals(PlannerInfo *root, const RelOptInfo *rel, Expr *clause)
{
	const OpExpr *comparison = (OpExpr *) clause;
	Expr *left;
	Expr *right;

	if (!IsA(clause, OpExpr) || comparison->opno != TIDEqualOperator)
		return NULL;
	left = linitial(comparison->args);
	right = lsecond(comparison->args);
	if (is_ctid(left, rel->relid) && is_known(root, rel, right))
		return right;
	return is_ctid(right, rel->relid) && is_known(root, rel, left) ? left
																   : NULL;
}

static bool
is_ctid(const Expr *expr, Index varno)
{
	const Var *var = (const Var *) expr;

	return IsA(expr, Var) && var->varno == (int) varno &&
		   var->varlevelsup == 0 &&
		   var->varattno == SelfItemPointerAttributeNumber;
}

/*
 * Whether an expression has its value before the scan.
 */
static bool
is_known(PlannerInfo *root, const RelOptInfo *rel, Expr *expr)
{
	return !bms_is_member(rel->relid, pull_varnos(root, (Node *) expr)) &&
		   !contain_volatile_functions((Node *) expr);
}
