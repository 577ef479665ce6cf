/*-------------------------------------------------------------------------
 *
 * ledger.h
 *	  What each account was told of each row, and how sure that is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_LEDGER_H
#define CFDW_LEDGER_H

#include "lib/ilist.h"

#include "declare/table.h"
#include "net/session.h"

/* What became of a row in a request. */
typedef enum CfdwVerdict
{
	CFDW_NOT_SENT,  /* it did not go out, or was refused before it was read */
	CFDW_CONFIRMED, /* the account has done it */
	CFDW_REFUSED,   /* the account has not done it, and says so */
	CFDW_NO_ROW,    /* the account has no such list */
	CFDW_UNKNOWN    /* it went out, and nobody knows what became of it */
} CfdwVerdict;

/* Whether an account has a row, as far as this transaction knows. */
typedef enum CfdwPresence
{
	CFDW_ABSENT,  /* not added yet; or it is not there, whoever deleted it */
	CFDW_DELETED, /* by this transaction */
	CFDW_PRESENT,
	CFDW_IN_DOUBT /* an add or a delete has gone out, to an unknown end */
} CfdwPresence;

/* What the client has been told of how a row is left. */
typedef enum CfdwNamed
{
	CFDW_NAMED_NOT,
	CFDW_NAMED_UNKNOWN, /* that this is not known */
	CFDW_NAMED_LEFT     /* that it is not as it was to be */
} CfdwNamed;

/* An account's lists, whichever tables and roles reach them. */
typedef struct CfdwAccount
{
	const char *server; /* name of the first that has led to it, for messages */
	const char *url;    /* another one is another account */
	const char *path;
	const CfdwResource *resource;
	dlist_head rows;        /* all, in the order in which they were met */
	dlist_head unsettled;   /* those that may not be as they are to be ... */
	dlist_head urgent;      /* ... of these, all but those that are known to
							 * wait for COMMIT */
	struct seen_hash *seen; /* ids of lists that were there when they were
							 * read, up to a number of them ... */
	int64 seen_min;         /* ... and the range of those beyond it: empty
							 * when the least is above the greatest */
	int64 seen_max;
	struct CfdwLane *lane; /* while something is sent to it */
	bool given_up;   /* waiting for it was, and it has not answered since */
	const char *why; /* an abort could not take all back: a sentence, or NULL */
} CfdwAccount;

/* A foreign table through which a role makes changes. */
typedef struct CfdwTarget
{
	CfdwAccount *account;
	Oid serverid;
	Oid mapping; /* user mapping, of that server */
	Oid userid;  /* the role with whose rights */
	Oid maker;   /* the role that does it: another one, through its view */
	Oid relid;
	char *table; /* name, for messages */
	int batch_size;
	bool immediate;       /* sent at the end of the statement */
	bool combine;         /* update, add and delete in one POST */
	bool verify_rows;     /* they are read before they are changed */
	bool undo;            /* taken back when the transaction fails */
	CfdwSession *session; /* once something was sent through it: pinned until
						   * the transaction ends */
} CfdwTarget;

/* A value of a row. */
typedef struct CfdwLedgerValue
{
	char *original; /* as it was before this transaction; NULL: not known.
					 * Where it was never read, what the account was told
					 * first. */
	char *told;     /* what the account was told last; NULL: nothing */
} CfdwLedgerValue;

/*
 * A row that the transaction has to do with; one for each, as long as the
 * transaction, unless all that made it one is rolled back.  Texts are of
 * cfdw_ledger_text().
 */
typedef struct CfdwLedgerRow
{
	CfdwAccount *account;
	int64 id;      /* 0 while the account has not assigned one */
	bool is_added; /* by this transaction */
	uint64 met;    /* greater than that of a row that was met earlier */
	CfdwPresence presence;
	CfdwTarget *told_through;  /* by the last request about it; or NULL */
	CfdwTarget *added_through; /* an added row: by whom, and where */
	uint64 added_at;    /* of an added row: the event that gave it its id */
	bool may_be_absent; /* changed by its id alone, and not confirmed */
	bool confirmed;     /* the account has confirmed a change of it */
	CfdwNamed named;    /* at the end of the transaction */

	/* The journal's. */
	struct CfdwChange *last; /* of its changes, or NULL */
	int pending;             /* changes that have not been sent */
	uint64 sent_serial;      /* of the last change that was sent */
	uint64 absent_serial;    /* of the last change made to a row that turned out
							  * to be absent: up to it they do not count */

	dlist_node link; /* in its account's rows */
	dlist_node unsettled_link;
	bool is_unsettled;
	dlist_node urgent_link;
	bool is_urgent;

	CfdwColumnSet read;     /* original was settled by the first change of it */
	CfdwColumnSet in_doubt; /* told, to an unknown end */
	CfdwColumnSet unread;   /* original is what was told first */
	CfdwLedgerValue values[FLEXIBLE_ARRAY_MEMBER];
} CfdwLedgerRow;

extern CfdwAccount *cfdw_ledger_account(const CfdwTable *table);
extern CfdwTarget *cfdw_ledger_target(const CfdwTable *table, Oid userid);
extern bool cfdw_ledger_is_own(const CfdwTarget *target, Oid userid);
extern bool cfdw_ledger_is_open(void);
extern MemoryContext cfdw_ledger_open(void);
extern void *cfdw_ledger_alloc(Size size);
extern char *cfdw_ledger_text(const char *text);
extern const char *cfdw_ledger_utf8(const char *text);
extern CfdwLedgerRow *cfdw_ledger_add(CfdwAccount *account);
extern CfdwLedgerRow *cfdw_ledger_row(CfdwAccount *account, int64 id);
extern CfdwLedgerRow *cfdw_ledger_find(const CfdwAccount *account, int64 id);
extern void cfdw_ledger_forget(CfdwLedgerRow *row);
extern List *cfdw_ledger_accounts(void);
extern void cfdw_ledger_unsettle(CfdwLedgerRow *row);
extern void cfdw_ledger_wait(CfdwLedgerRow *row);
extern void cfdw_ledger_settle(CfdwLedgerRow *row);
extern void cfdw_ledger_apply(CfdwLedgerRow *row, CfdwTarget *target,
							  CfdwVerb verb, const CfdwRow *sent,
							  CfdwVerdict verdict);
extern void cfdw_ledger_no_row(CfdwLedgerRow *row);
extern void cfdw_ledger_stray(CfdwTarget *target, int64 id);
extern bool cfdw_ledger_is_lost(const CfdwLedgerRow *row);
extern uint64 cfdw_ledger_now(void);
extern void cfdw_ledger_saw(CfdwAccount *account, int64 id);
extern bool cfdw_ledger_was_there(const CfdwAccount *account, int64 id);
extern void cfdw_ledger_end_transaction(void);

#endif /* CFDW_LEDGER_H */
