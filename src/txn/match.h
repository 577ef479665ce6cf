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

extern void cfdw_match(CfdwBatch *batch, const CfdwResponse *response);

#endif /* CFDW_MATCH_H */
