/*-------------------------------------------------------------------------
 *
 * overlay.h
 *	  What a scan sees of the transaction's changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_OVERLAY_H
#define CFDW_OVERLAY_H

#include "txn/journal.h"

/* The changes of a transaction that one reply's readers see. */
typedef struct CfdwOverlay CfdwOverlay;

extern CfdwOverlay *cfdw_overlay_create(const CfdwTable *table,
										CommandId command);
extern bool cfdw_overlay_row(const CfdwTable *table, int64 id,
							 CommandId command, CfdwDesired *desired);
extern void cfdw_overlay_saw(CfdwOverlay *overlay, int64 id);
extern const CfdwDesired *cfdw_overlay_find(CfdwOverlay *overlay, int64 id);
extern const CfdwDesired *cfdw_overlay_added(CfdwOverlay *overlay, int n);
extern const char *cfdw_overlay_value(const CfdwDesired *desired, int key);

#endif /* CFDW_OVERLAY_H */
