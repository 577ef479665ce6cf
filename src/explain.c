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
#include "explain.h"
#include "plan.h"
#include "remote.h"

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
	CfdwTable *table;
	CfdwVerb verb = mtstate->operation == CMD_INSERT   ? CFDW_ADD
					: mtstate->operation == CMD_UPDATE ? CFDW_UPDATE
													   : CFDW_DELETE;

	if (!es->verbose)
		return;
	table = cfdw_option_table(rri->ri_RelationDesc);
	ExplainPropertyText("Catalogs Request",
						cfdw_remote_post_line(table->options.path, verb), es);
	ExplainPropertyInteger("Batch Size", NULL, table->options.batch_size, es);
	ExplainPropertyText("Write Mode", "deferred", es);
}

/*
 * The id that a scan asks for: its value, or the expression that gives it.
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
