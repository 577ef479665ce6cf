/*-------------------------------------------------------------------------
 *
 * undo.h
 *	  Taking back what an account has accepted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_UNDO_H
#define CFDW_UNDO_H

#include "txn/order.h"
#include "net/session.h"

extern void cfdw_undo_remember(const CfdwTarget *target, CfdwSession *session,
							   List *orders);
extern void cfdw_undo_doubt(const CfdwTarget *target, CfdwSession *session,
							List *orders);
extern void cfdw_undo_run(void);
extern void cfdw_undo_forget(void);

#endif /* CFDW_UNDO_H */
