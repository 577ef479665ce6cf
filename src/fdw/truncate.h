/*-------------------------------------------------------------------------
 *
 * truncate.h
 *	  TRUNCATE.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_TRUNCATE_H
#define CFDW_TRUNCATE_H

#include "foreign/fdwapi.h"

extern void catalogsExecForeignTruncate(List *rels, DropBehavior behavior,
										bool restart_seqs);

#endif /* CFDW_TRUNCATE_H */
