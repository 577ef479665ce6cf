/*-------------------------------------------------------------------------
 *
 * modify.h
 *	  Slots -> changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_MODIFY_H
#define CFDW_MODIFY_H

#include "foreign/fdwapi.h"

#include "net/http.h"
#include "declare/table.h"

extern const CfdwTraffic *cfdw_modify_finish(ResultRelInfo *rri);
extern bool cfdw_modify_may_take_ahead(const ResultRelInfo *rri);

extern int catalogsIsForeignRelUpdatable(Relation rel);
extern void catalogsBeginForeignModify(ModifyTableState *mtstate,
									   ResultRelInfo *rri, List *fdw_private,
									   int subplan_index, int eflags);
extern void catalogsBeginForeignInsert(ModifyTableState *mtstate,
									   ResultRelInfo *rri);
extern TupleTableSlot *catalogsExecForeignInsert(EState *estate,
												 ResultRelInfo *rri,
												 TupleTableSlot *slot,
												 TupleTableSlot *plan_slot);
extern TupleTableSlot *catalogsExecForeignUpdate(EState *estate,
												 ResultRelInfo *rri,
												 TupleTableSlot *slot,
												 TupleTableSlot *plan_slot);
extern TupleTableSlot *catalogsExecForeignDelete(EState *estate,
												 ResultRelInfo *rri,
												 TupleTableSlot *slot,
												 TupleTableSlot *plan_slot);
extern void catalogsEndForeignModify(EState *estate, ResultRelInfo *rri);

#endif /* CFDW_MODIFY_H */
