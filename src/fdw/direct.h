/*-------------------------------------------------------------------------
 *
 * direct.h
 *	  Changes of rows that are known by their ids alone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_DIRECT_H
#define CFDW_DIRECT_H

#include "foreign/fdwapi.h"

#include "net/http.h"

/* The expression that gives the id, or an array of ids. */
#define cfdw_direct_ids(plan) ((Expr *) linitial((plan)->fdw_exprs))

extern const CfdwTraffic *cfdw_direct_traffic(const ForeignScanState *node);

extern bool catalogsPlanDirectModify(PlannerInfo *root, ModifyTable *plan,
									 Index rti, int subplan_index);
extern void catalogsBeginDirectModify(ForeignScanState *node, int eflags);
extern TupleTableSlot *catalogsIterateDirectModify(ForeignScanState *node);
extern void catalogsEndDirectModify(ForeignScanState *node);

#endif /* CFDW_DIRECT_H */
