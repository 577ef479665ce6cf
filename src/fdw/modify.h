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

extern void cfdw_modify_read_assigned(CfdwTable *table, List *columns,
									  TupleTableSlot *slot, CfdwRow *row);

extern const CfdwTraffic *cfdw_modify_finish(ResultRelInfo *rri);

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
extern void catalogsExecForeignTruncate(List *rels, DropBehavior behavior,
										bool restart_seqs);

#endif /* CFDW_MODIFY_H */
