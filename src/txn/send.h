/*-------------------------------------------------------------------------
 *
 * send.h
 *	  Telling accounts what they have not been told.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SEND_H
#define CFDW_SEND_H

#include "txn/difference.h"

extern void cfdw_send(dlist_head *operations);
extern void cfdw_send_in_abort(dlist_head *operations, int limit_ms);
extern void cfdw_send_abandon(void);

#endif /* CFDW_SEND_H */
