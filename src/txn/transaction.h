/*-------------------------------------------------------------------------
 *
 * transaction.h
 *	  When accounts are told: the one place that PostgreSQL calls for it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_TRANSACTION_H
#define CFDW_TRANSACTION_H

#include "txn/difference.h"

extern void cfdw_transaction_init(void);
extern void cfdw_transaction_pending(dlist_head *operations);
extern int cfdw_transaction_send_immediate(CfdwAccount *account);
extern void cfdw_transaction_send_server(Oid serverid, Oid userid,
										 dlist_head *sent);
extern void cfdw_transaction_send_rows(CfdwLedgerRow *const *rows, int n);

#endif /* CFDW_TRANSACTION_H */
