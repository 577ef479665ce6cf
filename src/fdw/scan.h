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

extern bool cfdw_scan_is_waiting(const ForeignScanState *node);
extern bool cfdw_scan_is_ready(const ForeignScanState *node);
extern CfdwCall *cfdw_scan_awaited(const ForeignScanState *node);
extern const CfdwTraffic *cfdw_scan_traffic(const ForeignScanState *node);

extern void catalogsBeginForeignScan(ForeignScanState *node, int eflags);
extern TupleTableSlot *catalogsIterateForeignScan(ForeignScanState *node);
extern void catalogsReScanForeignScan(ForeignScanState *node);
extern void catalogsEndForeignScan(ForeignScanState *node);

#endif /* CFDW_SCAN_H */
