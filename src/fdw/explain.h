/*-------------------------------------------------------------------------
 *
 * explain.h
 *	  What would be sent, and what was.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_EXPLAIN_H
#define CFDW_EXPLAIN_H

#include "commands/explain.h"
#include "foreign/fdwapi.h"

extern void catalogsExplainForeignScan(ForeignScanState *node,
									   ExplainState *es);
extern void catalogsExplainForeignModify(ModifyTableState *mtstate,
										 ResultRelInfo *rri, List *fdw_private,
										 int subplan_index, ExplainState *es);

extern void catalogsExplainDirectModify(ForeignScanState *node,
										ExplainState *es);

#endif /* CFDW_EXPLAIN_H */
