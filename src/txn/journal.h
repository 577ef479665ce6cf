/*-------------------------------------------------------------------------
 *
 * journal.h
 *	  The transaction's changes, and what they make of each row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_JOURNAL_H
#define CFDW_JOURNAL_H

#include "txn/ledger.h"

/* What a row is to be. */
typedef struct CfdwDesired
{
	CfdwLedgerRow *row;
	CfdwTarget *target; /* through which the account is to be told */
	bool exists;        /* false: deleted, or its add rolled back */
	uint64 version; /* serial of the last change that counts; 0: none does */
	char *const *values; /* NULL: no change counts; NULL among them: as it was.
						  * They last as long as the change. */
} CfdwDesired;

extern void cfdw_journal_init(void);
extern CfdwLedgerRow *cfdw_journal_add(CfdwTarget *target, const CfdwRow *row,
									   CommandId command);
extern CfdwLedgerRow *cfdw_journal_read(CfdwTarget *target, int64 id);
extern CfdwLedgerRow *cfdw_journal_unread(CfdwTarget *target, int64 id);
extern void cfdw_journal_update(CfdwTarget *target, CfdwLedgerRow *row,
								const CfdwRow *assigned, const CfdwRow *before,
								CommandId command);
extern void cfdw_journal_delete(CfdwTarget *target, CfdwLedgerRow *row,
								CommandId command);
extern bool cfdw_journal_changed_by(const CfdwLedgerRow *row,
									CommandId command);
extern uint64 cfdw_journal_version(const CfdwLedgerRow *row);
extern CfdwLedgerRow *cfdw_journal_changed(uint32 version);
extern bool cfdw_journal_is_empty(void);
extern void cfdw_journal_fold(CfdwLedgerRow *row, CommandId before,
							  CfdwDesired *desired);
extern bool cfdw_journal_concerns(const CfdwLedgerRow *row, CommandId before);
extern void cfdw_journal_sent(CfdwLedgerRow *row);
extern void cfdw_journal_no_row(CfdwLedgerRow *row);
extern void cfdw_journal_rollback(int nest_level);
extern void cfdw_journal_release(int nest_level);
extern void cfdw_journal_end_transaction(void);

#endif /* CFDW_JOURNAL_H */
