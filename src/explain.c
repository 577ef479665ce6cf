/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What would be sent.
 *
 * Prints the requests of a plan under EXPLAIN (VERBOSE), through the functions
 * that build them.  Must never send anything.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "direct.h"
#include "explain.h"
#include "plan.h"
#include "remote.h"

static void explain_post(Relation rel, CmdType operation, ExplainState *es);
static char *id_text(ForeignScanState *node, Node *expr, ExplainState *es);

/*
 * The request of a scan.  An array of ids that is not known yet is shown beside
 * it: if it turns out to hold one, that list alone is asked for.
 */
void
catalogsExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	CfdwTable *table;
	char *id = NULL;
	bool is_array;

	if (!es->verbose)
		return;
	if (cfdw_plan_id_is_null(plan->fdw_private))
	{
		ExplainPropertyText("Catalogs Request", "none", es);
		return;
	}
	table = cfdw_option_table(node->ss.ss_currentRelation);
	if (plan->fdw_exprs != NIL && !cfdw_plan_is_whole(plan->fdw_private))
		id = id_text(node, linitial(plan->fdw_exprs), es);
	is_array = id != NULL && type_is_array(exprType(linitial(plan->fdw_exprs)));
	ExplainPropertyText(
		"Catalogs Request",
		cfdw_remote_get_line(table->options.path, is_array ? NULL : id), es);
	if (is_array)
		ExplainPropertyText("Catalogs Ids", psprintf("ANY (%s)", id), es);
}

/*
 * The requests of a modification.
 */
void
catalogsExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri,
							 List *fdw_private, int subplan_index,
							 ExplainState *es)
{
	if (es->verbose)
		explain_post(rri->ri_RelationDesc, mtstate->operation, es);
}

/*
 * The requests of a modification that reads nothing before.
 */
void
catalogsExplainDirectModify(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	if (!es->verbose)
		return;
	explain_post(node->ss.ss_currentRelation, plan->operation, es);
	ExplainPropertyText("Catalogs Ids",
						id_text(node, (Node *) cfdw_direct_ids(plan), es), es);
}

/*
 * What is sent for rows of REL.
 */
static void
explain_post(Relation rel, CmdType operation, ExplainState *es)
{
	const CfdwOptions *options = &cfdw_option_table(rel)->options;
	CfdwVerb verb = operation == CMD_INSERT   ? CFDW_ADD
					: operation == CMD_UPDATE ? CFDW_UPDATE
											  : CFDW_DELETE;

	ExplainPropertyText("Catalogs Request",
						cfdw_remote_post_line(options->path, verb), es);
	ExplainPropertyInteger("Batch Size", NULL, options->batch_size, es);
	ExplainPropertyText("Write Mode",
						options->immediate ? "immediate" : "deferred", es);
}

/*
 * The id, or the array of ids, that a plan is about: its value, or the
 * expression that gives it.
 */
static char *
id_text(ForeignScanState *node, Node *expr, ExplainState *es)
{
	List *context =
		set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);

	if (IsA(expr, Const) && !((Const *) expr)->constisnull)
	{
		Const *constant = (Const *) expr;
		Oid output;
		bool varlena;

		getTypeOutputInfo(constant->consttype, &output, &varlena);
		return OidOutputFunctionCall(output, constant->constvalue);
	}
	return deparse_expression(expr, context, false, false);
}
