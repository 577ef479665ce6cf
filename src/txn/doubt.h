/*-------------------------------------------------------------------------
 *
 * doubt.h
 *	  Requests whose outcome nobody knows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_DOUBT_H
#define CFDW_DOUBT_H

#include "txn/order.h"

/* A row that was sent, as far as a message names it. */
typedef struct CfdwDoubtRow
{
	const CfdwTracked *tracked;
	CfdwVerb verb;
	int64 id;
	char *name; /* in the journal's memory */
	bool told;  /* an error that ends the transaction names it */
} CfdwDoubtRow;

/* Rows that were sent, and whose fate has not been told to anybody. */
typedef struct CfdwDoubt
{
	bool sent; /* some of the request went out: set by http */
	char *server;
	bool noted; /* the journal knows of it, as far as it is about updates and
				 * deletes */
	int nrows;
	CfdwDoubtRow *rows;
} CfdwDoubt;

extern CfdwDoubt *cfdw_doubt_begin(const char *server, CfdwOrder *const *orders,
								   int n);
extern void cfdw_doubt_end(CfdwDoubt *doubt);
extern void cfdw_doubt_tell(const CfdwTracked *tracked);
extern void cfdw_doubt_warn(void);
extern void cfdw_doubt_forget(void);

#endif /* CFDW_DOUBT_H */
