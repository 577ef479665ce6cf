/*-------------------------------------------------------------------------
 *
 * difference.h
 *	  What must be done so that accounts have rows as they are to be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_DIFFERENCE_H
#define CFDW_DIFFERENCE_H

#include "api/codec.h"
#include "api/reply.h"
#include "txn/journal.h"

/* What an account is to do to a row. */
typedef struct CfdwOperation
{
	dlist_node link; /* in whose list it is */
	CfdwLedgerRow *row;
	CfdwTarget *target;
	CfdwVerb verb;
	bool may_be_absent;  /* it is no failure when the account has no such row */
	CfdwRow *data;       /* the id and the values to be sent; texts of the
						  * ledger's.  An add that is confirmed gets its id. */
	CfdwVerdict verdict; /* once it was sent */
	struct CfdwOperation *source; /* whose copy this is; or NULL */
} CfdwOperation;

extern int cfdw_difference_phase(CfdwVerb verb);
extern CfdwOperation *cfdw_difference(CfdwLedgerRow *row);
extern CfdwOperation *cfdw_difference_copy(CfdwOperation *operation);
extern bool cfdw_difference_is_lost(const CfdwDesired *desired);
extern void cfdw_difference_settle(CfdwLedgerRow *row);
extern bool cfdw_difference_remains(CfdwLedgerRow *row, CfdwVerb *verb,
									bool *unknown);

#endif /* CFDW_DIFFERENCE_H */
