/*-------------------------------------------------------------------------
 *
 * transaction.c
 *	  When accounts are told: the one place that PostgreSQL calls for it.
 *
 * COMMIT, an early need, a savepoint that is rolled back after one, and an abort
 * all do the same: what a row is to be changes, and the difference is sent, at once
 * or at COMMIT.  To an abort all rows are to be as they were.
 *
 * Owns the order in which the modules learn of the transaction's end, whatever the
 * order in which they were loaded.  Must not know how a difference is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/memutils.h"

#include "txn/remain.h"
#include "txn/send.h"
#include "txn/transaction.h"

/* All that an abort may take for its requests. */
#define ABORT_LIMIT_MS 10000

static void list_all(dlist_head *operations);
static List *list_immediate(CfdwAccount *account);
static List *list_account(CfdwAccount *account, List *operations);
static List *list_row(CfdwLedgerRow *row, List *operations);
static bool is_immediate(CfdwLedgerRow *row);
static void sort(List *operations, dlist_head *sorted);
static int compare(const ListCell *a, const ListCell *b);
static void append(dlist_head *operations, CfdwOperation *operation);
static void take_back_account(CfdwAccount *account, dlist_head *operations);
static void refuse_lost_rows(void);
static void refuse_lost_row(CfdwLedgerRow *row);
static void commit(void);
static void refuse_prepare(void);
static void take_back(void);
static bool is_to_be_taken_back(const CfdwLedgerRow *row);
static void end(void);
static void on_transaction(XactEvent event, void *arg);
static void on_subtransaction(SubXactEvent event, SubTransactionId self,
							  SubTransactionId parent, void *arg);

/*
 * Called once when the library is loaded.
 */
void
cfdw_transaction_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
	RegisterSubXactCallback(on_subtransaction, NULL);
}

/*
 * What COMMIT would send now: appends CfdwOperation to OPERATIONS, in the current
 * memory context, in the order in which they are sent.
 */
void
cfdw_transaction_pending(dlist_head *operations)
{
	list_all(operations);
}

/*
 * Tells an account what it has not been told of the changes that are not to wait
 * for COMMIT.  Returns how many rows it does not have, of those that were
 * changed without having been read.  Raises what cfdw_send() raises, as do the
 * two functions below.
 */
int
cfdw_transaction_send_immediate(CfdwAccount *account)
{
	dlist_head operations = DLIST_STATIC_INIT(operations);
	dlist_iter iter;
	int absent = 0;

	sort(list_immediate(account), &operations);
	cfdw_send(&operations);
	dlist_foreach(iter, &operations)
		if (dlist_container(CfdwOperation, link, iter.cur)->verdict ==
			CFDW_NO_ROW)
			absent++;
	return absent;
}

/*
 * Tells all accounts of a server what they have not been told of a role's own
 * changes: appends what was sent to SENT.
 */
void
cfdw_transaction_send_server(Oid serverid, Oid userid, dlist_head *sent)
{
	dlist_head all = DLIST_STATIC_INIT(all);
	dlist_mutable_iter iter;

	list_all(&all);
	dlist_foreach_modify(iter, &all)
	{
		const CfdwTarget *target =
			dlist_container(CfdwOperation, link, iter.cur)->target;

		if (target->serverid != serverid || !cfdw_ledger_is_own(target, userid))
			continue;
		dlist_delete(iter.cur);
		dlist_push_tail(sent, iter.cur);
	}
	cfdw_send(sent);
}

/*
 * Tells the account of N rows, because something needs what it assigns.
 */
void
cfdw_transaction_send_rows(CfdwLedgerRow *const *rows, int n)
{
	dlist_head operations = DLIST_STATIC_INIT(operations);

	for (int i = 0; i < n; i++)
		append(&operations, cfdw_difference(rows[i]));
	cfdw_send(&operations);
}

/*
 * Appends what all accounts have to be told.
 */
static void
list_all(dlist_head *operations)
{
	List *found = NIL;
	ListCell *lc;

	foreach(lc, cfdw_ledger_accounts())
		found = list_account(lfirst(lc), found);
	sort(found, operations);
}

/*
 * What one account has to be told at once.  A row that can wait is not looked at
 * again, by however many statements, until it changes.
 */
static List *
list_immediate(CfdwAccount *account)
{
	List *operations = NIL;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &account->urgent)
	{
		CfdwLedgerRow *row =
			dlist_container(CfdwLedgerRow, urgent_link, iter.cur);

		if (is_immediate(row))
			operations = list_row(row, operations);
		else
			cfdw_ledger_wait(row);
	}
	return operations;
}

/*
 * Appends all that one account has to be told.
 */
static List *
list_account(CfdwAccount *account, List *operations)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &account->unsettled)
	{
		operations =
			list_row(dlist_container(CfdwLedgerRow, unsettled_link, iter.cur),
					 operations);
	}
	return operations;
}

/*
 * Appends what an account has to be told of a row.  One of which that is nothing waits
 * for nothing any more.
 */
static List *
list_row(CfdwLedgerRow *row, List *operations)
{
	CfdwOperation *operation = cfdw_difference(row);

	if (operation != NULL)
		return lappend(operations, operation);
	cfdw_difference_settle(row);
	return operations;
}

/*
 * Whether a row's changes are not to wait for COMMIT, if any are left.
 */
static bool
is_immediate(CfdwLedgerRow *row)
{
	CfdwDesired desired;

	cfdw_journal_fold(row, InvalidCommandId, &desired);
	return desired.target == NULL || desired.target->immediate;
}

/*
 * Appends operations to SORTED, in the order in which they are sent.
 */
static void
sort(List *operations, dlist_head *sorted)
{
	ListCell *lc;

	list_sort(operations, compare);
	foreach(lc, operations)
		append(sorted, lfirst(lc));
}

/*
 * Verb by verb; of each in the order in which the rows were met, whatever has
 * become of them since.
 */
static int
compare(const ListCell *a, const ListCell *b)
{
	const CfdwOperation *left = lfirst(a);
	const CfdwOperation *right = lfirst(b);
	int phase = cfdw_difference_phase(left->verb);
	int other = cfdw_difference_phase(right->verb);

	if (phase != other)
		return phase < other ? -1 : 1;
	return left->row->met < right->row->met ? -1 : 1;
}

static void
append(dlist_head *operations, CfdwOperation *operation)
{
	if (operation != NULL)
		dlist_push_tail(operations, &operation->link);
}

/*
 * At COMMIT: raises 40001 for a row that is to be there as this transaction has
 * left it, when the account does not have it any more: there is no way to bring it
 * back.
 */
static void
refuse_lost_rows(void)
{
	ListCell *lc;

	foreach(lc, cfdw_ledger_accounts())
	{
		CfdwAccount *account = lfirst(lc);
		dlist_iter iter;

		dlist_foreach(iter, &account->unsettled)
		{
			refuse_lost_row(
				dlist_container(CfdwLedgerRow, unsettled_link, iter.cur));
		}
	}
}

static void
refuse_lost_row(CfdwLedgerRow *row)
{
	CfdwDesired desired;

	cfdw_journal_fold(row, InvalidCommandId, &desired);
	if (!cfdw_difference_is_lost(&desired))
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
		 errmsg("could not bring back list %lld of foreign table \"%s\"",
				(long long) row->id, desired.target->table),
		 row->presence == CFDW_DELETED
			 ? errdetail(
				   "The account was told to delete it before that was rolled back to a savepoint.")
			 : errdetail("The list is not in the account any more."),
		 row->presence == CFDW_DELETED
			 ? errhint(
				   "Send no delete early below a savepoint that may be rolled back.")
			 : errhint("Run the transaction again.")));
}

/*
 * Before COMMIT: tells all accounts what they have not been told.
 */
static void
commit(void)
{
	dlist_head operations = DLIST_STATIC_INIT(operations);
	/* That of a procedure lives on. */
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

	/* COMMIT is a statement too: see what ALTER SERVER did meanwhile. */
	AcceptInvalidationMessages();
	refuse_lost_rows();
	list_all(&operations);
	cfdw_send(&operations);
	/* Not later: what raises after the commit brings the server down. */
	cfdw_remain_warn();
	MemoryContextSwitchTo(caller);
}

/*
 * A prepared transaction may be rolled back when nobody is there who could tell
 * the account.
 */
static void
refuse_prepare(void)
{
	if (cfdw_journal_is_empty())
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
		 errmsg(
			 "cannot PREPARE a transaction that has changed foreign tables of catalogs_fdw"),
		 errdetail("The account is told of changes at COMMIT.")));
}

/*
 * The transaction aborts: all rows are to be as they were, and what remains is
 * said.  Never raises.
 */
static void
take_back(void)
{
	dlist_head operations = DLIST_STATIC_INIT(operations);
	ListCell *lc;

	cfdw_send_abandon();
	cfdw_journal_rollback(0);
	foreach(lc, cfdw_ledger_accounts())
		take_back_account(lfirst(lc), &operations);
	cfdw_send_in_abort(&operations, ABORT_LIMIT_MS);
	cfdw_remain_warn();
}

static void
take_back_account(CfdwAccount *account, dlist_head *operations)
{
	dlist_iter iter;

	dlist_foreach(iter, &account->rows)
	{
		CfdwLedgerRow *row = dlist_container(CfdwLedgerRow, link, iter.cur);

		if (is_to_be_taken_back(row))
			append(operations, cfdw_difference(row));
	}
}

/*
 * Whether an abort sees to a row.  Who has given up waiting for an account is not
 * kept waiting for it by what may not even have happened.
 */
static bool
is_to_be_taken_back(const CfdwLedgerRow *row)
{
	return row->told_through != NULL && row->told_through->undo &&
		   (row->confirmed || !row->account->given_up);
}

/*
 * The transaction has ended.  Its memory goes after this.
 */
static void
end(void)
{
	cfdw_journal_end_transaction();
	cfdw_ledger_end_transaction();
	cfdw_session_end_transaction();
	cfdw_table_end_transaction();
}

static void
on_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			if (cfdw_ledger_is_open())
				commit();
			break;
		case XACT_EVENT_PRE_PREPARE:
			if (cfdw_ledger_is_open())
				refuse_prepare();
			break;
		case XACT_EVENT_ABORT:
			if (cfdw_ledger_is_open())
				take_back();
			end();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			end();
			break;
		default:
			break;
	}
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
	{
		cfdw_send_abandon();
		cfdw_journal_rollback(nest_level);
	}
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		cfdw_journal_release(nest_level);
}
