/*-------------------------------------------------------------------------
 *
 * match.h
 *	  What the reply to a batch says of its rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_MATCH_H
#define CFDW_MATCH_H

#include "txn/batch.h"

extern void cfdw_match_receive(CfdwBatch *batch);
extern bool cfdw_match_try(CfdwBatch *batch, int timeout_ms);
extern bool cfdw_match_confirms(const CfdwBatch *batch, int64 id);
extern void cfdw_match_accepted(CfdwBatch *batch);

#endif /* CFDW_MATCH_H */
