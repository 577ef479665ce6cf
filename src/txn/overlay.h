/*-------------------------------------------------------------------------
 *
 * overlay.h
 *	  What a scan sees of the journal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_OVERLAY_H
#define CFDW_OVERLAY_H

#include "txn/journal.h"

/* The changes of a transaction that one scan sees. */
typedef struct CfdwOverlay CfdwOverlay;

extern CfdwOverlay *cfdw_overlay_create(const CfdwTable *table,
										CommandId command);
extern const CfdwWanted *cfdw_overlay_row(const CfdwTable *table, int64 id,
										  CommandId command);
extern const CfdwWanted *cfdw_overlay_find(const CfdwOverlay *overlay,
										   int64 id);
extern const CfdwWanted *cfdw_overlay_added(const CfdwOverlay *overlay, int n);
extern const char *cfdw_overlay_value(const CfdwWanted *wanted, int key);

#endif /* CFDW_OVERLAY_H */
