/*-------------------------------------------------------------------------
 *
 * journal.h
 *	  The transaction's changes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_JOURNAL_H
#define CFDW_JOURNAL_H

#include "nodes/pg_list.h"

#include "option.h"

/* Where changes go: a foreign table, as one role writes to it. */
typedef struct CfdwTarget
{
	Oid serverid;
	Oid userid;
	Oid relid;
	char *table; /* name, for messages */
	char *path;
	int batch_size;
} CfdwTarget;

/* A change that has not been sent. */
typedef struct CfdwChange
{
	CfdwTarget *target;
	CfdwVerb verb;
	CfdwRow row;
	int nest_level; /* of the (sub)transaction that made it */
} CfdwChange;

extern void cfdw_journal_init(void);
extern CfdwTarget *cfdw_journal_target(const CfdwTable *table, Oid userid);
extern void cfdw_journal_add(CfdwTarget *target, CfdwVerb verb,
							 const CfdwRow *row);
extern bool cfdw_journal_is_empty(void);
extern List *cfdw_journal_take(void);

#endif /* CFDW_JOURNAL_H */
