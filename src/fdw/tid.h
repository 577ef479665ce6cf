/*-------------------------------------------------------------------------
 *
 * tid.h
 *	  The ctid of a row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_TID_H
#define CFDW_TID_H

#include "storage/itemptr.h"

#include "declare/table.h"

extern OffsetNumber cfdw_tid_account(const CfdwTable *table);
extern void cfdw_tid_set_list(ItemPointer tid, OffsetNumber account, int64 id);
extern void cfdw_tid_set_version(ItemPointer tid, uint64 version);
extern bool cfdw_tid_is_version(ItemPointer tid, uint32 *version);
extern bool cfdw_tid_names(ItemPointer tid, OffsetNumber account, int64 *id);

#endif /* CFDW_TID_H */
