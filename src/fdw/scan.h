/*-------------------------------------------------------------------------
 *
 * scan.h
 *	  Rows -> slots.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SCAN_H
#define CFDW_SCAN_H

#include "executor/tuptable.h"
#include "foreign/fdwapi.h"

#include "txn/overlay.h"
#include "read/cursor.h"

/* How items become rows of a table: what to ask for and how to convert it. */
typedef struct CfdwProjection CfdwProjection;

extern CfdwProjection *cfdw_scan_projection(CfdwTable *table, List *columns);
extern void cfdw_scan_keys(const CfdwProjection *projection, CfdwQuery *query);
extern void cfdw_scan_convert(CfdwProjection *projection, const CfdwItem *item,
							  const CfdwDesired *wanted, Datum *values,
							  bool *nulls);
extern void cfdw_scan_store_tuple(HeapTuple tuple, TupleTableSlot *slot);

extern bool cfdw_scan_is_waiting(const ForeignScanState *node);
extern bool cfdw_scan_is_ready(const ForeignScanState *node);
extern CfdwCall *cfdw_scan_awaited(const ForeignScanState *node);
extern const CfdwTraffic *cfdw_scan_traffic(const ForeignScanState *node);

extern void catalogsBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *catalogsIterateForeignScan(ForeignScanState *node);
extern void catalogsReScanForeignScan(ForeignScanState *node);
extern void catalogsEndForeignScan(ForeignScanState *node);

#endif /* CFDW_SCAN_H */
