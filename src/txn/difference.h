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
} CfdwOperation;

/* How the account has a row otherwise than it is to be. */
typedef enum CfdwRemainder
{
	CFDW_NOTHING_REMAINS,
	CFDW_ADD_REMAINS, /* the account has it, and was not to */
	CFDW_UPDATE_REMAINS,
	CFDW_DELETE_REMAINS, /* the account was to have it, and has not */
	CFDW_UNKNOWN_REMAINS /* nobody knows */
} CfdwRemainder;

extern const CfdwVerb cfdw_difference_order[CFDW_NVERBS];

extern CfdwOperation *cfdw_difference(CfdwLedgerRow *row);
extern void cfdw_difference_settle(CfdwLedgerRow *row);
extern CfdwRemainder cfdw_difference_remains(CfdwLedgerRow *row);

#endif /* CFDW_DIFFERENCE_H */
