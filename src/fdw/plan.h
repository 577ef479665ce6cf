/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  Ways to scan, and what they cost.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PLAN_H
#define CFDW_PLAN_H

#include "foreign/fdwapi.h"

#include "declare/table.h"

/*
 * A foreign scan's plan: fdw_exprs holds what the id is to equal, or, where it
 * is an array, to equal an element of, or a ctid: what is no array comes first.  It is empty when nothing
 * is known of the id.  fdw_private holds a list of the attribute numbers to
 * fetch, those of system columns too; a CfdwRescans; whether the id is to be NULL; whether all lists are to be
 * asked for even if one would do, since another scan asks for them anyway; and
 * after how many that were asked for one by one.
 *
 * A modification's plan: fdw_private holds a list of the attribute numbers
 * that an UPDATE assigns; and whether the rows of an INSERT may be taken ahead.
 */
#define cfdw_plan_columns(fdw_private) ((List *) linitial((fdw_private)))
#define cfdw_plan_takes_ahead(fdw_private) boolVal(lsecond((fdw_private)))
#define cfdw_plan_rescans(fdw_private) intVal(lsecond(fdw_private))
#define cfdw_plan_id_is_null(fdw_private) boolVal(lthird(fdw_private))
#define cfdw_plan_is_whole(fdw_private) boolVal(lfourth(fdw_private))
#define cfdw_plan_max_single(fdw_private) intVal(list_nth((fdw_private), 4))

/* Whether a scan may begin again, as far as the plan tells. */
typedef enum CfdwRescans
{
	CFDW_RESCANS_NEVER,
	CFDW_RESCANS_MAYBE,
	CFDW_RESCANS_OFTEN
} CfdwRescans;

extern void catalogsGetForeignRelSize(PlannerInfo *root, RelOptInfo *rel,
									  Oid relid);
extern void catalogsGetForeignPaths(PlannerInfo *root, RelOptInfo *rel,
									Oid relid);
extern ForeignScan *catalogsGetForeignPlan(PlannerInfo *root, RelOptInfo *rel,
										   Oid relid, ForeignPath *path,
										   List *tlist, List *scan_clauses,
										   Plan *outer_plan);
extern bool catalogsIsForeignPathAsyncCapable(ForeignPath *path);
extern void catalogsAddForeignUpdateTargets(PlannerInfo *root, Index rti,
											RangeTblEntry *rte, Relation rel);
extern List *catalogsPlanForeignModify(PlannerInfo *root, ModifyTable *plan,
									   Index rti, int subplan_index);
extern char *cfdw_plan_id_name(Form_pg_attribute attr);

#endif /* CFDW_PLAN_H */
