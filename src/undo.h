/*-------------------------------------------------------------------------
 *
 * undo.h
 *	  Taking back what an account has accepted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_UNDO_H
#define CFDW_UNDO_H

#include "journal.h"
#include "session.h"

/* A change that the account has to be told of, or was. */
typedef struct CfdwOrder
{
	CfdwTracked *tracked; /* NULL for an added row known by its id alone */
	CfdwTarget *target;
	CfdwVerb verb;
	CfdwRow row;
} CfdwOrder;

extern void cfdw_undo_remember(const CfdwTarget *target, CfdwSession *session,
							   List *orders);
extern void cfdw_undo_doubt(const CfdwTarget *target, CfdwSession *session,
							List *orders);
extern void cfdw_undo_run(void);
extern void cfdw_undo_forget(void);

#endif /* CFDW_UNDO_H */
