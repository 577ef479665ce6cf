/*-------------------------------------------------------------------------
 *
 * remain.h
 *	  What a transaction leaves in accounts that was not to be there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_REMAIN_H
#define CFDW_REMAIN_H

#include "txn/difference.h"

extern void cfdw_remain_warn(void);
extern void cfdw_remain_tell(CfdwLedgerRow *row);

#endif /* CFDW_REMAIN_H */
