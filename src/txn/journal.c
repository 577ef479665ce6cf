/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The transaction's changes.
 *
 * Owns the log of changes, in the order in which they were made, and the rows
 * that they are about.  The log is in step with savepoints: a change goes with
 * the (sub)transaction that made it.  Folding the changes of a row tells what it
 * is to be, as of a command or at the end.  The memory is the transaction's.
 * Must not know how changes are sent or shown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "txn/journal.h"

/*
 * A change, as a statement made it.  There may be many: with ten columns it fits
 * into 128 bytes, a size that palloc does not round up.
 */
typedef struct CfdwChange
{
	CfdwTracked *tracked;
	struct CfdwChange *earlier; /* of the same row; NULL for its first */
	CfdwTarget *target;
	uint64 serial; /* later changes have greater ones */
	CfdwVerb verb;
	int nest_level;    /* of the (sub)transaction that made it */
	CommandId command; /* that made it: it does not see it itself */
	CfdwColumnSet
		first; /* those that no change has assigned before: what this one
					   * read is in before[] */
	char *values[FLEXIBLE_ARRAY_MEMBER];
} CfdwChange;

/* Finds a tracked row that the account knows. */
typedef struct RowKey
{
	CfdwAccount *account;
	int64 id;
} RowKey;

typedef struct RowEntry
{
	RowKey key;
	CfdwTracked *tracked;
} RowEntry;

/* GUC catalogs_fdw.max_pending_changes */
static int max_pending_changes;

/* The journal's memory, below TopTransactionContext; NULL when it is empty. */
static MemoryContext journal_context = NULL;
static List *accounts = NIL; /* of CfdwAccount */
static List *targets = NIL;  /* of CfdwTarget */
static List *rows = NIL;     /* of CfdwTracked */
static HTAB *rows_by_id = NULL;
static List *added = NIL;   /* of CfdwTracked, by number - 1 */
static List *changes = NIL; /* of CfdwChange */
static uint64 last_serial = 0;
static int pending = 0; /* changes that have not been sent */

static int ncolumns(const CfdwAccount *account);
static CfdwAccount *open_account(const CfdwTable *table);
static void open_journal(void);
static CfdwTracked *new_tracked(CfdwAccount *account);
static CfdwChange *append_change(CfdwTarget *target, CfdwTracked *tracked,
								 CfdwVerb verb, const CfdwRow *row,
								 CommandId command);
static void refuse_triggered(const CfdwTracked *tracked, CfdwVerb verb,
							 CommandId command);
static bool counts(const CfdwChange *change, CommandId before);
static const CfdwChange *counted(const CfdwChange *change, CommandId before);
static CfdwWanted *fold(CfdwTracked *tracked, CommandId before);
static void forget_from(int nest_level);
static void forget_before(const CfdwChange *change);
static void on_transaction(XactEvent event, void *arg);
static void on_subtransaction(SubXactEvent event, SubTransactionId self,
							  SubTransactionId parent, void *arg);

/*
 * Called once when the library is loaded.
 */
void
cfdw_journal_init(void)
{
	DefineCustomIntVariable(
		"catalogs_fdw.max_pending_changes",
		"Sets how many changes a transaction may keep until COMMIT.", NULL,
		&max_pending_changes, 10000, 1, INT_MAX, PGC_USERSET, 0, NULL, NULL,
		NULL);
	RegisterXactCallback(on_transaction, NULL);
	RegisterSubXactCallback(on_subtransaction, NULL);
}

/*
 * The account that a table shows, to whichever role, as long as the transaction;
 * NULL when the transaction has changed none of its rows.
 */
CfdwAccount *
cfdw_journal_account(const CfdwTable *table)
{
	ListCell *lc;

	foreach(lc, accounts)
	{
		CfdwAccount *account = lfirst(lc);

		if (account->serverid == table->serverid &&
			strcmp(account->path, table->options.path) == 0)
			return account;
	}
	return NULL;
}

/*
 * The target for a table and a role; it lasts as long as the transaction.
 * Raises 42704 when there is no user mapping.
 */
CfdwTarget *
cfdw_journal_target(const CfdwTable *table, Oid userid)
{
	Oid mapping = cfdw_option_mapping(userid, table->serverid);
	CfdwAccount *account;
	MemoryContext caller;
	CfdwTarget *target;
	ListCell *lc;

	open_journal();
	account = open_account(table);
	foreach(lc, targets)
	{
		target = lfirst(lc);
		if (target->account == account && target->mapping == mapping &&
			target->userid == userid && target->maker == GetUserId() &&
			target->relid == table->relid &&
			target->batch_size == table->options.batch_size &&
			target->immediate == table->options.immediate &&
			target->combine == table->options.combine_verbs &&
			target->undo == table->options.undo)
			return target;
	}

	caller = MemoryContextSwitchTo(journal_context);
	target = palloc0(sizeof(CfdwTarget));
	target->account = account;
	target->mapping = mapping;
	target->userid = userid;
	target->maker = GetUserId();
	target->relid = table->relid;
	target->table = pstrdup(table->name);
	target->batch_size = table->options.batch_size;
	target->immediate = table->options.immediate;
	target->combine = table->options.combine_verbs;
	target->undo = table->options.undo;
	targets = lappend(targets, target);
	MemoryContextSwitchTo(caller);
	return target;
}

/*
 * Whether changes through a target are a role's own: made by it, or with its
 * rights.
 */
bool
cfdw_journal_is_own(const CfdwTarget *target, Oid userid)
{
	return target->userid == userid || target->maker == userid;
}

/*
 * Keeps a new row until it is sent.  Raises 54000 when the journal is full,
 * 25000 in a parallel worker, and so do the two functions below.
 */
CfdwTracked *
cfdw_journal_add(CfdwTarget *target, const CfdwRow *row, CommandId command)
{
	CfdwTracked *tracked = new_tracked(target->account);
	MemoryContext caller = MemoryContextSwitchTo(journal_context);

	added = lappend(added, tracked);
	tracked->number = list_length(added);
	MemoryContextSwitchTo(caller);
	append_change(target, tracked, CFDW_ADD, row, command);
	return tracked;
}

/*
 * The row of an id, or, with NUMBER > 0, the row that was added under that
 * number.
 */
CfdwTracked *
cfdw_journal_tracked(CfdwTarget *target, int64 id, uint32 number)
{
	RowKey key;
	RowEntry *entry;
	bool found;

	if (number > 0)
		return list_nth(added, number - 1);
	memset(&key, 0, sizeof(key));
	key.account = target->account;
	key.id = id;
	open_journal();
	entry = hash_search(rows_by_id, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->tracked = NULL;
		entry->tracked = new_tracked(target->account);
		entry->tracked->id = id;
	}
	entry->tracked->may_miss = false;
	return entry->tracked;
}

/*
 * The row of an id that is to be changed without having been read.  When the
 * account is told at once, it may turn out not to have it.
 */
CfdwTracked *
cfdw_journal_unread(CfdwTarget *target, int64 id)
{
	CfdwTracked *tracked = cfdw_journal_tracked(target, id, 0);

	if (!tracked->heard && tracked->pending == 0)
		tracked->may_miss = target->immediate;
	return tracked;
}

/*
 * Keeps an update.  BEFORE holds the values that it replaces, as far as they
 * are known.  Raises 27000, as a delete does, when a command within this one has
 * changed the row.
 */
void
cfdw_journal_update(CfdwTarget *target, CfdwTracked *tracked,
					const CfdwRow *row, const CfdwRow *before,
					CommandId command)
{
	MemoryContext caller = MemoryContextSwitchTo(journal_context);
	CfdwChange *change;

	refuse_triggered(tracked, CFDW_UPDATE, command);
	change = append_change(target, tracked, CFDW_UPDATE, row, command);
	for (int i = 0; i < ncolumns(tracked->account); i++)
	{
		if (row->values[i] == NULL || (tracked->read & CFDW_COLUMN_BIT(i)) ||
			tracked->there[i] != NULL)
			continue;
		tracked->read |= CFDW_COLUMN_BIT(i);
		change->first |= CFDW_COLUMN_BIT(i);
		if (before->values[i] != NULL)
			tracked->before[i] = pstrdup(before->values[i]);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Whether a command has changed a row already.  It does not change it again, as
 * in any table.
 */
bool
cfdw_journal_changed_by(const CfdwTracked *tracked, CommandId command)
{
	return tracked->last != NULL && tracked->last->command == command;
}

/*
 * Keeps a delete.
 */
void
cfdw_journal_delete(CfdwTarget *target, CfdwTracked *tracked, CommandId command)
{
	refuse_triggered(tracked, CFDW_DELETE, command);
	append_change(target, tracked, CFDW_DELETE, NULL, command);
}

/*
 * Keeps track of a row that the account has added but that no change stands
 * for: it is not to exist.
 */
void
cfdw_journal_orphan(CfdwTarget *target, int64 id)
{
	CfdwRow *row = cfdw_row_create(target->account->resource);
	CfdwTracked *tracked = new_tracked(target->account);
	MemoryContext caller = MemoryContextSwitchTo(journal_context);

	added = lappend(added, tracked);
	tracked->number = list_length(added);
	MemoryContextSwitchTo(caller);
	row->id = id;
	cfdw_journal_sent(tracked, target, CFDW_ADD, row);
}

/*
 * Whether the transaction has changed nothing, or has rolled all of it back
 * before the account was told.
 */
bool
cfdw_journal_is_empty(void)
{
	ListCell *lc;

	foreach(lc, rows)
		if (((CfdwTracked *) lfirst(lc))->sent != NULL)
			return false;
	return changes == NIL;
}

/*
 * What the changes made before a command, or all with InvalidCommandId, amount
 * to for each row of ACCOUNT, or of all with NULL: a list of CfdwWanted in the
 * order in which the rows were first changed, palloc'ed in the current context.
 * Rows of which the account was told are there even when all their changes have
 * been rolled back.
 */
List *
cfdw_journal_wanted(const CfdwAccount *account, CommandId before)
{
	List *wanted = NIL;
	ListCell *lc;

	foreach(lc, changes)
	{
		const CfdwChange *change = lfirst(lc);
		CfdwTracked *tracked = change->tracked;

		if ((account == NULL || tracked->account == account) &&
			counts(change, before) && counted(change->earlier, before) == NULL)
			wanted = lappend(wanted, fold(tracked, before));
	}
	foreach(lc, rows)
	{
		CfdwTracked *tracked = lfirst(lc);

		if (tracked->sent != NULL &&
			(account == NULL || tracked->account == account) &&
			counted(tracked->last, before) == NULL)
			wanted = lappend(wanted, fold(tracked, before));
	}
	return wanted;
}

/*
 * The same for one row, or NULL when it would not be in that list.
 */
CfdwWanted *
cfdw_journal_wanted_row(CfdwTracked *tracked, CommandId before)
{
	if (tracked->sent == NULL && counted(tracked->last, before) == NULL)
		return NULL;
	return fold(tracked, before);
}

/*
 * Notes that the account has confirmed a change of a row.  ROW's values must be
 * from the journal's memory, as those of its changes are.
 */
void
cfdw_journal_sent(CfdwTracked *tracked, CfdwTarget *target, CfdwVerb verb,
				  const CfdwRow *row)
{
	MemoryContext caller = MemoryContextSwitchTo(journal_context);

	cfdw_journal_settle(tracked);
	tracked->heard = true;
	tracked->sent = target;
	tracked->may_miss = false;
	tracked->deleted = verb == CFDW_DELETE;
	tracked->delete_unsure = false;
	if (verb == CFDW_ADD)
	{
		RowKey key;
		RowEntry *entry;
		bool found;

		memset(&key, 0, sizeof(key));
		key.account = tracked->account;
		key.id = row->id;
		tracked->id = row->id;
		entry = hash_search(rows_by_id, &key, HASH_ENTER, &found);
		entry->tracked = tracked;
	}
	for (int i = 0; i < ncolumns(tracked->account); i++)
	{
		if (verb != CFDW_DELETE && row->values[i] != NULL)
			tracked->there[i] = row->values[i];
		if (verb == CFDW_DELETE || row->values[i] != NULL)
			tracked->unsure &= ~CFDW_COLUMN_BIT(i);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Notes that the account has no row that was changed without having been read:
 * it is as if it had not been.
 */
void
cfdw_journal_missed(CfdwTracked *tracked)
{
	cfdw_journal_settle(tracked);
	tracked->missed_serial = last_serial;
	memset(tracked->there, 0, sizeof(char *) * ncolumns(tracked->account));
	tracked->read = 0;
	tracked->unsure = 0;
	tracked->delete_unsure = false;
	tracked->deleted = false;
}

/*
 * Notes that the account was told of an update or a delete of a row, and that
 * nobody knows whether it heard that.  ROW's values as above.  The changes stay
 * unsent.
 */
void
cfdw_journal_doubt(CfdwTracked *tracked, CfdwTarget *target, CfdwVerb verb,
				   const CfdwRow *row)
{
	tracked->sent = target;
	if (verb == CFDW_DELETE)
		tracked->deleted = tracked->delete_unsure = true;
	for (int i = 0; i < ncolumns(tracked->account); i++)
	{
		if (verb == CFDW_UPDATE && row->values[i] != NULL)
			tracked->there[i] = row->values[i];
		/* With the row, all that the account was told of it may be gone. */
		if (verb == CFDW_DELETE ? tracked->there[i] != NULL
								: row->values[i] != NULL)
			tracked->unsure |= CFDW_COLUMN_BIT(i);
	}
}

/*
 * Notes that the account has confirmed values of a row as they were: there is no
 * doubt about them, nor about the row's existence.
 */
void
cfdw_journal_resolve(CfdwTracked *tracked, const CfdwRow *row)
{
	for (int i = 0; i < ncolumns(tracked->account); i++)
		if (row->values[i] != NULL)
			tracked->unsure &= ~CFDW_COLUMN_BIT(i);
	tracked->delete_unsure = false;
}

/*
 * Notes that the account has a row no more, and was not to: there is no doubt
 * about anything.
 */
void
cfdw_journal_vanished(CfdwTracked *tracked)
{
	tracked->unsure = 0;
	tracked->delete_unsure = false;
	tracked->unsettled = false;
}

/*
 * Whether the account has deleted a row for certain.
 */
bool
cfdw_journal_is_deleted(const CfdwTracked *tracked)
{
	return tracked->deleted && !tracked->delete_unsure;
}

/*
 * Whether all is known of what the account has heard of a row.
 */
bool
cfdw_journal_is_sure(const CfdwTracked *tracked)
{
	return tracked->unsure == 0 && !tracked->delete_unsure &&
		   !tracked->unsettled;
}

/*
 * Notes that the account has a row as it is to be, so that its changes count no
 * more as unsent.
 */
void
cfdw_journal_settle(CfdwTracked *tracked)
{
	pending -= tracked->pending;
	tracked->pending = 0;
	tracked->sent_serial = last_serial;
}

/*
 * The row of an id that the transaction has to do with, or NULL.
 */
CfdwTracked *
cfdw_journal_find(const CfdwAccount *account, int64 id)
{
	RowKey key;
	RowEntry *entry;

	memset(&key, 0, sizeof(key));
	key.account = unconstify(CfdwAccount *, account);
	key.id = id;
	entry = hash_search(rows_by_id, &key, HASH_FIND, NULL);
	return entry != NULL ? entry->tracked : NULL;
}

/*
 * How many values a row of an account has.
 */
static int
ncolumns(const CfdwAccount *account)
{
	return account->resource->ncolumns;
}

/*
 * The account of a table, noted when it was not before.
 */
static CfdwAccount *
open_account(const CfdwTable *table)
{
	CfdwAccount *account = cfdw_journal_account(table);
	MemoryContext caller;

	if (account != NULL)
		return account;
	caller = MemoryContextSwitchTo(journal_context);
	account = palloc0(sizeof(CfdwAccount));
	account->serverid = table->serverid;
	account->resource = table->resource;
	account->path = pstrdup(table->options.path);
	account->url = pstrdup(table->options.url);
	accounts = lappend(accounts, account);
	MemoryContextSwitchTo(caller);
	return account;
}

static void
open_journal(void)
{
	HASHCTL control = {.keysize = sizeof(RowKey),
					   .entrysize = sizeof(RowEntry)};

	if (rows_by_id != NULL)
		return;
	if (journal_context == NULL)
		journal_context =
			AllocSetContextCreate(TopTransactionContext, "catalogs_fdw journal",
								  ALLOCSET_DEFAULT_SIZES);
	control.hcxt = journal_context;
	rows_by_id = hash_create("catalogs_fdw rows", 64, &control,
							 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static CfdwTracked *
new_tracked(CfdwAccount *account)
{
	MemoryContext caller = MemoryContextSwitchTo(journal_context);
	CfdwTracked *tracked = palloc0(sizeof(CfdwTracked));
	char **values = palloc0(sizeof(char *) * ncolumns(account) * 2);

	tracked->account = account;
	tracked->there = values;
	tracked->before = values + ncolumns(account);
	rows = lappend(rows, tracked);
	MemoryContextSwitchTo(caller);
	return tracked;
}

static CfdwChange *
append_change(CfdwTarget *target, CfdwTracked *tracked, CfdwVerb verb,
			  const CfdwRow *row, CommandId command)
{
	MemoryContext caller;
	CfdwChange *change;

	if (IsParallelWorker())
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
			 errmsg("cannot change foreign table \"%s\" in a parallel worker",
					target->table)));
	if (pending >= max_pending_changes)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many changes in one transaction"),
			 errdetail("A transaction keeps at most %d changes until COMMIT.",
					   max_pending_changes),
			 errhint(
				 "Commit more often, or raise \"catalogs_fdw.max_pending_changes\".")));

	caller = MemoryContextSwitchTo(journal_context);
	change = palloc0(offsetof(CfdwChange, values) +
					 sizeof(char *) * ncolumns(tracked->account));
	change->tracked = tracked;
	change->target = target;
	change->verb = verb;
	change->nest_level = GetCurrentTransactionNestLevel();
	change->command = command;
	change->serial = ++last_serial;
	for (int i = 0; row != NULL && i < ncolumns(tracked->account); i++)
		if (row->values[i] != NULL)
			change->values[i] = pstrdup(row->values[i]);
	changes = lappend(changes, change);
	change->earlier = tracked->last;
	tracked->last = change;
	tracked->pending++;
	pending++;
	MemoryContextSwitchTo(caller);
	return change;
}

/*
 * What a command finds is not what a command within it has made of it.
 */
static void
refuse_triggered(const CfdwTracked *tracked, CfdwVerb verb, CommandId command)
{
	if (tracked->last != NULL && tracked->last->command > command)
		ereport(
			ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 errmsg(
				 "cannot %s a row that an operation triggered by the current command has changed",
				 tracked->account->resource->verbs[verb]),
			 errhint(
				 "Let a function or BEFORE trigger that the command calls change other rows only.")));
}

/*
 * Whether a change counts for who sees those made before a command, or all with
 * InvalidCommandId.
 */
static bool
counts(const CfdwChange *change, CommandId before)
{
	return change->serial > change->tracked->missed_serial &&
		   (before == InvalidCommandId || change->command < before);
}

/*
 * The last change of a row, from CHANGE back, that counts; NULL when there is
 * none.
 */
static const CfdwChange *
counted(const CfdwChange *change, CommandId before)
{
	while (change != NULL && !counts(change, before))
		change = change->earlier;
	return change;
}

/*
 * What a row is to be, from its last change back.  Add then update is one add,
 * made by who added; update twice one update, anything then delete a delete,
 * made by who did it last.
 */
static CfdwWanted *
fold(CfdwTracked *tracked, CommandId before)
{
	CfdwWanted *wanted = palloc0(offsetof(CfdwWanted, values) +
								 sizeof(char *) * ncolumns(tracked->account));
	const CfdwChange *change = counted(tracked->last, before);

	wanted->tracked = tracked;
	wanted->touched = change != NULL;
	wanted->exists =
		change != NULL ? change->verb != CFDW_DELETE : tracked->number == 0;
	for (; change != NULL; change = counted(change->earlier, before))
	{
		if (wanted->target == NULL &&
			(change->verb != CFDW_UPDATE || tracked->id != 0))
			wanted->target = change->target;
		if (change->verb == CFDW_DELETE)
			break;
		for (int i = 0; i < ncolumns(tracked->account); i++)
			if (wanted->values[i] == NULL)
				wanted->values[i] = change->values[i];
	}
	if (wanted->target == NULL)
		wanted->target = tracked->sent;
	return wanted;
}

/*
 * Forgets the changes made at NEST_LEVEL or deeper.  Never raises.
 */
static void
forget_from(int nest_level)
{
	int keep = list_length(changes);

	for (; keep > 0; keep--)
	{
		CfdwChange *change = list_nth(changes, keep - 1);

		if (change->nest_level < nest_level)
			break;
		if (change->serial > change->tracked->sent_serial)
		{
			change->tracked->pending--;
			pending--;
		}
		forget_before(change);
		change->tracked->last = change->earlier;
	}
	changes = list_truncate(changes, keep);
}

/*
 * What a change read that was rolled back is not what a later one replaces, unless
 * the account was told of it.
 */
static void
forget_before(const CfdwChange *change)
{
	CfdwTracked *tracked = change->tracked;

	for (int i = 0; i < ncolumns(tracked->account); i++)
		if ((change->first & CFDW_COLUMN_BIT(i)) && tracked->there[i] == NULL)
		{
			tracked->read &= ~CFDW_COLUMN_BIT(i);
			tracked->before[i] = NULL;
		}
}

static void
on_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	/* The memory goes with TopTransactionContext. */
	journal_context = NULL;
	accounts = NIL;
	targets = NIL;
	rows = NIL;
	rows_by_id = NULL;
	added = NIL;
	changes = NIL;
	pending = 0;
}

/*
 * A released savepoint hands its changes to the level above; one rolled back,
 * also by an exception block of PL/pgSQL, takes them with it.
 */
static void
on_subtransaction(SubXactEvent event, SubTransactionId self,
				  SubTransactionId parent, void *arg)
{
	int nest_level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		forget_from(nest_level);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (int i = list_length(changes) - 1; i >= 0; i--)
		{
			CfdwChange *change = list_nth(changes, i);

			if (change->nest_level < nest_level)
				break;
			change->nest_level = nest_level - 1;
		}
}
