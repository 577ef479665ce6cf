/*-------------------------------------------------------------------------
 *
 * journal.c
 *	  The transaction's changes.
 *
 * Owns the list of changes that the account has not been told of, in the order
 * in which they were made, and keeps it in step with savepoints: a change goes
 * with the (sub)transaction that made it.  The memory is the transaction's.
 * Must not know how changes are sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "journal.h"

/* GUC catalogs_fdw.max_pending_changes */
static int max_pending_changes;

/* The journal's memory, below TopTransactionContext; NULL when it is empty. */
static MemoryContext journal_context = NULL;
static List *targets = NIL; /* of CfdwTarget */
static List *changes = NIL; /* of CfdwChange */

static void open_journal(void);
static void forget_from(int nest_level);
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
 * The target for a table and a role, one for each pair; it lasts as long as
 * the transaction.
 */
CfdwTarget *
cfdw_journal_target(const CfdwTable *table, Oid userid)
{
	MemoryContext caller;
	CfdwTarget *target;
	ListCell *lc;

	open_journal();
	foreach(lc, targets)
	{
		target = lfirst(lc);
		if (target->relid == table->relid && target->userid == userid &&
			target->batch_size == table->options.batch_size &&
			strcmp(target->path, table->options.path) == 0)
			return target;
	}

	caller = MemoryContextSwitchTo(journal_context);
	target = palloc0(sizeof(CfdwTarget));
	target->serverid = table->serverid;
	target->userid = userid;
	target->relid = table->relid;
	target->table = pstrdup(table->name);
	target->path = pstrdup(table->options.path);
	target->batch_size = table->options.batch_size;
	targets = lappend(targets, target);
	MemoryContextSwitchTo(caller);
	return target;
}

/*
 * Keeps a copy of a change until COMMIT.  Raises 54000 when the journal is
 * full, 25000 in a parallel worker.
 */
void
cfdw_journal_add(CfdwTarget *target, CfdwVerb verb, const CfdwRow *row)
{
	MemoryContext caller;
	CfdwChange *change;

	if (IsParallelWorker())
		ereport(
			ERROR,
			(errcode(ERRCODE_INVALID_TRANSACTION_STATE),
			 errmsg("cannot change foreign table \"%s\" in a parallel worker",
					target->table)));
	if (list_length(changes) >= max_pending_changes)
		ereport(
			ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("too many changes in one transaction"),
			 errdetail("A transaction keeps at most %d changes until COMMIT.",
					   max_pending_changes),
			 errhint(
				 "Commit more often, or raise \"catalogs_fdw.max_pending_changes\".")));

	open_journal();
	caller = MemoryContextSwitchTo(journal_context);
	change = palloc0(sizeof(CfdwChange));
	change->target = target;
	change->verb = verb;
	change->nest_level = GetCurrentTransactionNestLevel();
	change->row.id = row->id;
	for (int i = 0; i < CFDW_NKEYS; i++)
		if (row->values[i] != NULL)
			change->row.values[i] = pstrdup(row->values[i]);
	changes = lappend(changes, change);
	MemoryContextSwitchTo(caller);
}

/*
 * Whether the transaction has no unsent changes.
 */
bool
cfdw_journal_is_empty(void)
{
	return changes == NIL;
}

/*
 * All changes, in the order in which they were made; the journal no longer has
 * them.  They last as long as the transaction.
 */
List *
cfdw_journal_take(void)
{
	List *taken = changes;

	changes = NIL;
	return taken;
}

static void
open_journal(void)
{
	if (journal_context == NULL)
		journal_context =
			AllocSetContextCreate(TopTransactionContext, "catalogs_fdw journal",
								  ALLOCSET_DEFAULT_SIZES);
}

/*
 * Forgets the changes made at NEST_LEVEL or deeper.  Never raises.
 */
static void
forget_from(int nest_level)
{
	int keep = list_length(changes);

	while (keep > 0 &&
		   ((CfdwChange *) list_nth(changes, keep - 1))->nest_level >=
			   nest_level)
		keep--;
	changes = list_truncate(changes, keep);
}

static void
on_transaction(XactEvent event, void *arg)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	/* The memory goes with TopTransactionContext. */
	journal_context = NULL;
	targets = NIL;
	changes = NIL;
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
