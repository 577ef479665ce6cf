/*-------------------------------------------------------------------------
 *
 * explain.c
 *	  What would be sent, and what was.
 *
 * Prints the requests of a plan under EXPLAIN (VERBOSE), through the functions
 * that build them; and under EXPLAIN (ANALYZE) how many there were, of whatever
 * was executed.  Must never send anything of a plan that was not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/pg_type.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

#include "compat.h"
#include "fdw/direct.h"
#include "fdw/explain.h"
#include "fdw/modify.h"
#include "fdw/plan.h"
#include "fdw/returning.h"
#include "read/cursor.h"
#include "fdw/scan.h"

static void explain_get(ForeignScanState *node, ExplainState *es);
static CfdwNeed expected_need(const ModifyTableState *mtstate,
							  const ResultRelInfo *rri);
static void explain_post(Relation rel, CmdType operation, CfdwNeed need,
						 bool ahead, ExplainState *es);
static void explain_traffic(const CfdwTraffic *traffic, ExplainState *es);
static void explain_count(const char *label, const char *unit, int64 count,
						  ExplainState *es);
static char *id_text(ForeignScanState *node, Node *expr, ExplainState *es);

/*
 * A scan.
 */
void
catalogsExplainForeignScan(ForeignScanState *node, ExplainState *es)
{
	if (es->verbose)
		explain_get(node, es);
	if (es->analyze)
		explain_traffic(cfdw_scan_traffic(node), es);
}

/*
 * A modification.  What it sends at the end of the statement, with write_mode
 * immediate, is sent now, when all changes have been made: the executor gives
 * no other chance before this is printed.
 */
void
catalogsExplainForeignModify(ModifyTableState *mtstate, ResultRelInfo *rri,
							 List *fdw_private, int subplan_index,
							 ExplainState *es)
{
	if (es->verbose)
		explain_post(rri->ri_RelationDesc, mtstate->operation,
					 expected_need(mtstate, rri),
					 fdw_private != NIL && cfdw_plan_takes_ahead(fdw_private) &&
						 cfdw_modify_may_take_ahead(rri),
					 es);
	if (es->analyze && mtstate->mt_done)
		explain_traffic(cfdw_modify_finish(rri), es);
}

/*
 * A modification that reads nothing before.
 */
void
catalogsExplainDirectModify(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	if (es->verbose)
	{
		explain_post(node->ss.ss_currentRelation, plan->operation,
					 CFDW_NEED_NOTHING, false, es);
		ExplainPropertyText("Catalogs Ids",
							id_text(node, (Node *) cfdw_direct_ids(plan), es),
							es);
	}
	if (es->analyze)
		explain_traffic(cfdw_direct_traffic(node), es);
}

/*
 * The request of a scan.  An array of ids that is not known yet is shown beside
 * it: if it turns out to hold one, that list alone is asked for.
 */
static void
explain_get(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	CfdwTable *table;
	char *id = NULL;
	bool is_array;

	if (cfdw_plan_id_is_null(plan->fdw_private))
	{
		ExplainPropertyText("Catalogs Request", "none", es);
		return;
	}
	table = cfdw_table_get(node->ss.ss_currentRelation);
	if (plan->fdw_exprs != NIL && !cfdw_plan_is_whole(plan->fdw_private))
		id = id_text(node, linitial(plan->fdw_exprs), es);
	is_array = id != NULL && type_is_array(exprType(linitial(plan->fdw_exprs)));
	ExplainPropertyText("Catalogs Request",
						cfdw_cursor_get_line(table->resource,
											 table->options.path,
											 is_array ? NULL : id),
						es);
	if (is_array)
		ExplainPropertyText("Catalogs Ids", psprintf("ANY (%s)", id), es);
}

/*
 * What something will read of the rows that a modification adds.
 */
static CfdwNeed
expected_need(const ModifyTableState *mtstate, const ResultRelInfo *rri)
{
	if (mtstate->operation != CMD_INSERT)
		return CFDW_NEED_NOTHING;
	return cfdw_returning_planned(
		cfdw_returning_create(cfdw_table_get(rri->ri_RelationDesc), rri),
		outerPlanState(mtstate)->plan);
}

/*
 * What is sent for rows of REL.  Those of which something reads what only the
 * account knows are sent at once, whatever the options say: as many together as are
 * taken AHEAD.
 */
static void
explain_post(Relation rel, CmdType operation, CfdwNeed need, bool ahead,
			 ExplainState *es)
{
	const CfdwTable *table = cfdw_table_get(rel);
	const CfdwOptions *options = &table->options;
	bool at_once = need != CFDW_NEED_NOTHING;
	CfdwVerb verb = operation == CMD_INSERT   ? CFDW_ADD
					: operation == CMD_UPDATE ? CFDW_UPDATE
											  : CFDW_DELETE;

	ExplainPropertyText(
		"Catalogs Request",
		cfdw_cursor_post_line(table->resource, options->path, verb), es);
	if (need == CFDW_NEED_STORED)
		ExplainPropertyText(ahead ? "Catalogs Request for Each Batch"
								  : "Catalogs Request for Each Row",
							cfdw_cursor_get_line(table->resource, options->path,
												 ahead ? NULL : "..."),
							es);
	ExplainPropertyInteger("Batch Size", NULL,
						   at_once && !ahead ? 1 : options->batch_size, es);
	ExplainPropertyText(
		"Write Mode",
		at_once ? (ahead ? "each batch at once" : "each row at once")
		: options->immediate ? "immediate"
							 : "deferred",
		es);
}

/*
 * What a node has sent, all loops together.
 */
static void
explain_traffic(const CfdwTraffic *traffic, ExplainState *es)
{
	ExplainPropertyInteger("Catalogs Requests Sent", NULL, traffic->requests,
						   es);
	explain_count("Catalogs Retries", NULL, traffic->retries, es);
	explain_count("Catalogs Bytes Sent", NULL, traffic->sent, es);
	explain_count("Catalogs Bytes Received", NULL, traffic->received, es);
	explain_count("Catalogs Time Paced", "ms", traffic->paced_us / 1000, es);
}

/*
 * A number, which in text is left out where there is nothing to tell.
 */
static void
explain_count(const char *label, const char *unit, int64 count,
			  ExplainState *es)
{
	if (count != 0 || es->format != EXPLAIN_FORMAT_TEXT)
		ExplainPropertyInteger(label, unit, count, es);
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

	if (exprType(expr) == TIDOID)
		return "..."; /* it holds what is another number in each session */
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
