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

#include "api/row.h"
#include "declare/option.h"

/* An account's lists, whichever tables and roles reach them. */
typedef struct CfdwAccount
{
	Oid serverid;
	const CfdwResource *resource;
	char *path;
	char *url; /* of the server when it was changed first */
} CfdwAccount;

/* A foreign table through which a role makes changes. */
typedef struct CfdwTarget
{
	CfdwAccount *account;
	Oid mapping; /* user mapping */
	Oid userid;  /* the role with whose rights */
	Oid maker;   /* the role that does it: another one, through its view */
	Oid relid;
	char *table; /* name, for messages */
	int batch_size;
	bool immediate; /* sent at the end of the statement */
	bool combine;   /* update, add and delete in one POST */
	bool undo;      /* taken back when the transaction fails */
} CfdwTarget;

/*
 * A row that the transaction has changed; one for each, as long as the
 * transaction.  What has been sent is not undone by a savepoint, so that the
 * account's state and the wanted one are compared when changes are sent.
 */
typedef struct CfdwTracked
{
	CfdwAccount *account;
	int64 id;      /* 0 while an added row has not been sent */
	uint32 number; /* of an added row, from 1; 0 of any other */

	int pending;             /* changes that have not been sent */
	struct CfdwChange *last; /* of its changes, or NULL */
	bool deleted;            /* the account was told to, and has ... */
	bool delete_unsure;      /* ... or not: nobody knows */
	bool unsettled;          /* what was told of it and not heard, perhaps,
							   * could not be taken back */
	bool heard;              /* the account has confirmed a change */
	bool may_miss;           /* changed by its id alone: that the account has
							   * it was not said yet */
	uint64 sent_serial;      /* of the last change that was sent */
	CfdwTarget *sent;        /* through which the account was told of a
							   * change, or NULL: of none */
	const bool *add_sent;    /* its add was tried, and nobody knows what became
							   * of that: whether it went out; or NULL */
	uint64 missed_serial;    /* of the last change that was made when the
							   * account had no such row: they do not count */
	char **there;            /* what the account was told, by column */
	char **before;           /* what the statement read that first changed
							   * it; NULL when it is not known */
	CfdwColumnSet unsure;    /* nobody knows whether it heard there[] */
	CfdwColumnSet read;      /* before[] says what it was */
} CfdwTracked;

/* What a tracked row is to be. */
typedef struct CfdwWanted
{
	CfdwTracked *tracked;
	CfdwTarget *target; /* through which the account is to be told */
	bool exists;        /* false: deleted, or its add rolled back */
	bool touched;       /* a change is in the journal */
	char *values[FLEXIBLE_ARRAY_MEMBER]; /* assigned ones; NULL: as they were */
} CfdwWanted;

extern void cfdw_journal_init(void);
extern CfdwTarget *cfdw_journal_target(const CfdwTable *table, Oid userid);
extern bool cfdw_journal_is_own(const CfdwTarget *target, Oid userid);
extern CfdwAccount *cfdw_journal_account(const CfdwTable *table);
extern CfdwTracked *cfdw_journal_add(CfdwTarget *target, const CfdwRow *row,
									 CommandId command);
extern CfdwTracked *cfdw_journal_tracked(CfdwTarget *target, int64 id,
										 uint32 number);
extern CfdwTracked *cfdw_journal_unread(CfdwTarget *target, int64 id);
extern void cfdw_journal_update(CfdwTarget *target, CfdwTracked *tracked,
								const CfdwRow *row, const CfdwRow *before,
								CommandId command);
extern void cfdw_journal_delete(CfdwTarget *target, CfdwTracked *tracked,
								CommandId command);
extern void cfdw_journal_orphan(CfdwTarget *target, int64 id);
extern bool cfdw_journal_is_empty(void);
extern List *cfdw_journal_wanted(const CfdwAccount *account, CommandId before);
extern CfdwWanted *cfdw_journal_wanted_row(CfdwTracked *tracked,
										   CommandId before);
extern void cfdw_journal_sent(CfdwTracked *tracked, CfdwTarget *target,
							  CfdwVerb verb, const CfdwRow *row);
extern void cfdw_journal_missed(CfdwTracked *tracked);
extern void cfdw_journal_doubt(CfdwTracked *tracked, CfdwTarget *target,
							   CfdwVerb verb, const CfdwRow *row);
extern void cfdw_journal_resolve(CfdwTracked *tracked, const CfdwRow *row);
extern void cfdw_journal_vanished(CfdwTracked *tracked);
extern bool cfdw_journal_changed_by(const CfdwTracked *tracked,
									CommandId command);
extern bool cfdw_journal_is_deleted(const CfdwTracked *tracked);
extern bool cfdw_journal_is_sure(const CfdwTracked *tracked);
extern void cfdw_journal_settle(CfdwTracked *tracked);
extern CfdwTracked *cfdw_journal_find(const CfdwAccount *account, int64 id);

#endif /* CFDW_JOURNAL_H */
