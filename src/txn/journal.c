/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The transaction's changes, and what they make of each row.
 *
 * Owns the log of changes, in the order in which they were made.  The log is in
 * step with savepoints: a change goes with the (sub)transaction that made it.
 * Each change holds what it and those before it make of its row, so that a row is
 * folded by looking at its last change that counts.  Must not know how changes
 * are sent or shown.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "txn/journal.h"

/* A change, as a statement made it. */
typedef struct CfdwChange
{
	CfdwLedgerRow *row;
	struct CfdwChange *earlier; /* of the same row; NULL for its first */
	CfdwTarget *target;
	uint64 serial; /* later changes have greater ones */
	CfdwVerb verb;
	int nest_level;         /* of the (sub)transaction that made it */
	CommandId command;      /* that made it: it does not see it itself */
	CfdwColumnSet assigned; /* by this change: it owns these texts */
	CfdwColumnSet first;    /* it has settled what these were originally */
	char *values[FLEXIBLE_ARRAY_MEMBER]; /* by this or an earlier change that
										  * counts; NULL: by none */
} CfdwChange;

/* GUC catalogs_fdw.max_pending_changes */
static int max_pending_changes;

static List *changes = NIL; /* of CfdwChange */
static uint64 last_serial = 0;
static int pending = 0; /* changes that have not been sent */

static void check_room(const CfdwTarget *target);
static CfdwChange *append_change(CfdwTarget *target, CfdwLedgerRow *row,
								 CfdwVerb verb, const CfdwRow *assigned,
								 CommandId command);
static void refuse_triggered(const CfdwLedgerRow *row, CfdwVerb verb,
							 CommandId command);
static const CfdwChange *counted(const CfdwLedgerRow *row, CommandId before);
static void forget_change(CfdwChange *change);
static void forget_original(const CfdwChange *change);

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
}

/*
 * Keeps a new row until it is sent.  Raises 54000 when the journal is full,
 * 25000 in a parallel worker, and so do the two functions below.
 */
CfdwLedgerRow *
cfdw_journal_add(CfdwTarget *target, const CfdwRow *row, CommandId command)
{
	CfdwLedgerRow *added;

	check_room(target);
	added = cfdw_ledger_add(target->account);
	added->added_through = target;
	append_change(target, added, CFDW_ADD, row, command);
	return added;
}

/*
 * The row of an id that was read and is to be changed.
 */
CfdwLedgerRow *
cfdw_journal_read(CfdwTarget *target, int64 id)
{
	CfdwLedgerRow *row = cfdw_ledger_row(target->account, id);

	cfdw_ledger_saw(target->account, id);
	row->may_be_absent = false;
	if (row->presence == CFDW_ABSENT)
		row->presence = CFDW_PRESENT; /* it has come back */
	return row;
}

/*
 * The row of an id that is to be changed without having been read.  When the
 * account is told at once, it may turn out not to have it.
 */
CfdwLedgerRow *
cfdw_journal_unread(CfdwTarget *target, int64 id)
{
	CfdwLedgerRow *row = cfdw_ledger_row(target->account, id);

	/* Whoever changes a list means one that is there. */
	cfdw_ledger_saw(target->account, id);
	row->may_be_absent =
		!row->confirmed && row->pending == 0 && target->immediate;
	return row;
}

/*
 * Keeps an update.  BEFORE holds the values that it replaces, as far as they
 * are known.  Raises 27000, as a delete does, when a command within this one has
 * changed the row.
 */
void
cfdw_journal_update(CfdwTarget *target, CfdwLedgerRow *row,
					const CfdwRow *assigned, const CfdwRow *before,
					CommandId command)
{
	CfdwChange *change;

	refuse_triggered(row, CFDW_UPDATE, command);
	change = append_change(target, row, CFDW_UPDATE, assigned, command);
	for (int i = 0; i < target->account->resource->ncolumns; i++)
	{
		if (!(change->assigned & CFDW_COLUMN_BIT(i)) ||
			(row->read & CFDW_COLUMN_BIT(i)) || row->values[i].told != NULL)
			continue;
		if (before->values[i] != NULL)
			row->values[i].original = cfdw_ledger_text(before->values[i]);
		row->read |= CFDW_COLUMN_BIT(i);
		change->first |= CFDW_COLUMN_BIT(i);
	}
}

/*
 * Keeps a delete.
 */
void
cfdw_journal_delete(CfdwTarget *target, CfdwLedgerRow *row, CommandId command)
{
	refuse_triggered(row, CFDW_DELETE, command);
	append_change(target, row, CFDW_DELETE, NULL, command);
}

/*
 * Whether a command has changed a row already.  It does not change it again, as
 * in any table.
 */
bool
cfdw_journal_changed_by(const CfdwLedgerRow *row, CommandId command)
{
	return row->last != NULL && row->last->command == command;
}

/*
 * The serial of the last change that counts of a row; 0: none does.
 */
uint64
cfdw_journal_version(const CfdwLedgerRow *row)
{
	const CfdwChange *change = counted(row, InvalidCommandId);

	return change != NULL ? change->serial : 0;
}

/*
 * The row of a change whose serial ends with the bits of VERSION; NULL when there is
 * none, or it was rolled back.
 */
CfdwLedgerRow *
cfdw_journal_changed(uint32 version)
{
	uint64 serial = last_serial - (uint32) (last_serial - version);
	int first = 0;
	int end = list_length(changes);

	while (first < end)
	{
		int middle = first + (end - first) / 2;
		const CfdwChange *change = list_nth(changes, middle);

		if (change->serial == serial)
			return change->row;
		if (change->serial < serial)
			first = middle + 1;
		else
			end = middle;
	}
	return NULL;
}

/*
 * Whether the transaction has changed nothing, or has rolled all of it back
 * before an account was told.
 */
bool
cfdw_journal_is_empty(void)
{
	ListCell *lc;

	foreach(lc, cfdw_ledger_accounts())
	{
		CfdwAccount *account = lfirst(lc);
		dlist_iter iter;

		dlist_foreach(iter, &account->rows)
		{
			if (dlist_container(CfdwLedgerRow, link, iter.cur)->told_through !=
				NULL)
				return false;
		}
	}
	return changes == NIL;
}

/*
 * What a row is to be as of the changes made before a command, or of all with
 * InvalidCommandId: into *DESIRED.  Add then update is one add, made by who
 * added; of several updates the last one says through which table, and so does a
 * delete.  Without any change a row is to be as it was, and an added one is not
 * to exist.  Never raises.
 */
void
cfdw_journal_fold(CfdwLedgerRow *row, CommandId before, CfdwDesired *desired)
{
	const CfdwChange *change = counted(row, before);

	desired->row = row;
	desired->exists =
		change != NULL ? change->verb != CFDW_DELETE : !row->is_added;
	desired->version = change != NULL ? change->serial : 0;
	desired->values = change != NULL ? change->values : NULL;
	desired->target = change != NULL ? change->target : row->told_through;
	/* Nobody but who added it can add it. */
	if (row->id == 0 && change != NULL && change->verb == CFDW_UPDATE)
		desired->target = row->added_through;
}

/*
 * Whether a row may be, for who sees the changes made before a command, otherwise
 * than the account has it: it has changed, or the account was told of a change.
 */
bool
cfdw_journal_concerns(const CfdwLedgerRow *row, CommandId before)
{
	return row->told_through != NULL || counted(row, before) != NULL;
}

/*
 * The changes of a row count no more as unsent.  Never raises.
 */
void
cfdw_journal_sent(CfdwLedgerRow *row)
{
	pending -= row->pending;
	row->pending = 0;
	row->sent_serial = last_serial;
}

/*
 * The account has no row that was changed without having been read: it is as if
 * it had not been.
 */
void
cfdw_journal_no_row(CfdwLedgerRow *row)
{
	cfdw_journal_sent(row);
	row->absent_serial = last_serial;
	cfdw_ledger_no_row(row);
	cfdw_ledger_settle(row);
}

/*
 * Forgets the changes made at NEST_LEVEL or deeper.  What the account was told of
 * them is then to be taken back.  Never raises.
 */
void
cfdw_journal_rollback(int nest_level)
{
	int keep = list_length(changes);

	while (keep > 0 &&
		   ((CfdwChange *) list_nth(changes, keep - 1))->nest_level >=
			   nest_level)
		keep--;
	for (int i = list_length(changes) - 1; i >= keep; i--)
	{
		CfdwChange *change = list_nth(changes, i);

		cfdw_ledger_unsettle(change->row);
		forget_change(change);
	}
	if (keep == 0)
		list_free(changes);
	changes = list_truncate(changes, keep);
}

/*
 * Hands the changes made at NEST_LEVEL to the level above.  Never raises.
 */
void
cfdw_journal_release(int nest_level)
{
	for (int i = list_length(changes) - 1; i >= 0; i--)
	{
		CfdwChange *change = list_nth(changes, i);

		if (change->nest_level < nest_level)
			break;
		change->nest_level = nest_level - 1;
	}
}

/*
 * The transaction has ended: the memory goes with TopTransactionContext.
 */
void
cfdw_journal_end_transaction(void)
{
	changes = NIL;
	pending = 0;
}

/*
 * A change of a row, the last so far: it makes of it what was ASSIGNED, or else
 * what the one before it does.
 */
static CfdwChange *
append_change(CfdwTarget *target, CfdwLedgerRow *row, CfdwVerb verb,
			  const CfdwRow *assigned, CommandId command)
{
	const CfdwChange *before = counted(row, InvalidCommandId);
	int ncolumns = target->account->resource->ncolumns;
	MemoryContext caller;
	CfdwChange *change;

	check_room(target);
	caller = MemoryContextSwitchTo(cfdw_ledger_open());
	change = palloc0(offsetof(CfdwChange, values) + sizeof(char *) * ncolumns);
	change->row = row;
	change->target = target;
	change->verb = verb;
	change->nest_level = GetCurrentTransactionNestLevel();
	change->command = command;
	change->serial = ++last_serial;
	for (int i = 0; verb != CFDW_DELETE && i < ncolumns; i++)
		if (assigned->values[i] != NULL)
		{
			change->values[i] = cfdw_ledger_text(assigned->values[i]);
			change->assigned |= CFDW_COLUMN_BIT(i);
		}
		else if (before != NULL)
			change->values[i] = before->values[i];
	changes = lappend(changes, change);
	MemoryContextSwitchTo(caller);

	change->earlier = row->last;
	row->last = change;
	row->pending++;
	pending++;
	cfdw_ledger_unsettle(row);
	return change;
}

/*
 * Whether another change may be kept: raises 54000 or 25000 when not.
 */
static void
check_room(const CfdwTarget *target)
{
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
}

/*
 * What a command finds is not what a command within it has made of it.
 */
static void
refuse_triggered(const CfdwLedgerRow *row, CfdwVerb verb, CommandId command)
{
	if (row->last != NULL && row->last->command > command)
		ereport(
			ERROR,
			(errcode(ERRCODE_TRIGGERED_DATA_CHANGE_VIOLATION),
			 verb == CFDW_DELETE
				 ? errmsg(
					   "cannot delete a row that an operation triggered by the current command has changed")
				 : errmsg(
					   "cannot update a row that an operation triggered by the current command has changed"),
			 errhint(
				 "Let a function or BEFORE trigger that the command calls change other rows only.")));
}

/*
 * The last change of a row that counts for who sees those made before a command,
 * or all with InvalidCommandId; NULL when there is none.
 */
static const CfdwChange *
counted(const CfdwLedgerRow *row, CommandId before)
{
	const CfdwChange *change = row->last;

	while (change != NULL && before != InvalidCommandId &&
		   change->command >= before)
		change = change->earlier;
	return change != NULL && change->serial > row->absent_serial ? change
																 : NULL;
}

/*
 * Takes the last change of a row out.  Texts of which the account was told stay.
 */
static void
forget_change(CfdwChange *change)
{
	CfdwLedgerRow *row = change->row;

	row->last = change->earlier;
	if (change->serial > row->sent_serial)
	{
		row->pending--;
		pending--;
	}
	forget_original(change);
	for (int i = 0; i < row->account->resource->ncolumns; i++)
		if ((change->assigned & CFDW_COLUMN_BIT(i)) &&
			row->values[i].told != change->values[i] &&
			row->values[i].original != change->values[i])
			pfree(change->values[i]);
	pfree(change);
	if (row->told_through == NULL && row->last == NULL)
		cfdw_ledger_forget(row);
}

/*
 * What a change found that was rolled back is not what a later one replaces, unless
 * the account was told of it.
 */
static void
forget_original(const CfdwChange *change)
{
	CfdwLedgerRow *row = change->row;

	for (int i = 0; i < row->account->resource->ncolumns; i++)
	{
		CfdwLedgerValue *value = &row->values[i];

		if (!(change->first & CFDW_COLUMN_BIT(i)) || value->told != NULL)
			continue;
		row->read &= ~CFDW_COLUMN_BIT(i);
		if (value->original != NULL)
			pfree(value->original);
		value->original = NULL;
	}
}
