/*-------------------------------------------------------------------------
 *
 * order.h
 *	  What accounts have to be told.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ORDER_H
#define CFDW_ORDER_H

#include "txn/journal.h"

/* A change that the account has to be told of, or was. */
typedef struct CfdwOrder
{
	CfdwTracked *tracked; /* NULL for an added row known by its id alone */
	CfdwTarget *target;
	CfdwVerb verb;
	CfdwRow *row;
} CfdwOrder;

extern const CfdwVerb cfdw_order_verbs[CFDW_NVERBS];

extern List *cfdw_order_make(List *wanted);
extern void cfdw_order_refuse_lost(List *wanted);
extern void cfdw_order_warn_of_leftovers(List *wanted);

#endif /* CFDW_ORDER_H */
