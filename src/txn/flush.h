/*-------------------------------------------------------------------------
 *
 * flush.h
 *	  Sending the journal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FLUSH_H
#define CFDW_FLUSH_H

#include "txn/undo.h"

extern void cfdw_flush_init(void);
extern List *cfdw_flush_pending(const CfdwAccount *account);
extern int cfdw_flush_immediate(const CfdwAccount *account);
extern List *cfdw_flush_server(Oid serverid, Oid userid);
extern void cfdw_flush_row(CfdwTracked *tracked);

#endif /* CFDW_FLUSH_H */
