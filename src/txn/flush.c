/*-------------------------------------------------------------------------
 *
 * flush.c
 *	  Sending the journal.
 *
 * Owns when orders go out, and how: verb after verb, in batches, to several
 * accounts at the same time; and what becomes of those whose sending fails.
 *
 * Must not know how a reply is matched to rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "foreign/foreign.h"
#include "lib/stringinfo.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "txn/batch.h"
#include "txn/doubt.h"
#include "txn/flush.h"
#include "txn/match.h"
#include "txn/name.h"
#include "read/cursor.h"

/* Orders that go to an account in one POST. */
typedef struct Parcel
{
	CfdwTarget *target; /* of the first */
	int norders;
	CfdwOrder **orders;
	/* Once it is being sent: */
	MemoryContext context; /* of its request and reply */
	CfdwBatch *batch;
	CfdwDoubt *doubt;
} Parcel;

/* Orders of one verb being put into parcels. */
typedef struct Packing
{
	List *parcels; /* all, in the order in which they are to go */
	List *open;    /* those that have room, one of a kind */
} Packing;

/* The parcels of one verb, on their way. */
typedef struct Flight
{
	List *waiting;   /* of Parcel: not sent yet */
	List *flying;    /* of Parcel: sent, reply unread */
	Parcel *current; /* whose reply is being read */
} Flight;

static List *tell(List *wanted);
static void send_orders(List *orders);
static void settle_rows(List *wanted);
static void refuse_repetition(List *orders);
static void pack(Packing *packing, CfdwOrder *order);
static void send_parcels(List *parcels, TimestampTz start);
static void wind_up(Flight *flight, ErrorData *error, TimestampTz start);
static bool is_interrupt(int sqlstate);
static bool is_unknown(const Parcel *parcel, int sqlstate);
static void abandon(Flight *flight);
static void launch_idle(Flight *flight, TimestampTz start);
static void launch(Parcel *parcel, TimestampTz start);
static Parcel *await_parcel(List *flying);
static void receive(Parcel *parcel);
static void accept(Parcel *parcel);
static void settle(List *flying);
static void mention_lookalikes(ErrorData *error, const Parcel *parcel,
							   TimestampTz start);
static CfdwBatch *make_batch(const Parcel *parcel, CfdwSession *session);
static void give_up(Parcel *parcel, int sqlstate);
static void note_doubt(Parcel *parcel, List *confirmed);
static bool is_in_savepoint(void);
static void note_adds(const Parcel *parcel, const bool *sent);
static List *confirmed_orders(const Parcel *parcel);
static bool is_ordered(const Parcel *parcel, int64 id);
static void refuse_prepare(void);
static void flush_all(void);
static void on_transaction(XactEvent event, void *arg);

/*
 * Called once when the library is loaded.
 */
void
cfdw_flush_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
}

/*
 * What an account, or with NULL any, has not been told of: a list of CfdwOrder
 * in the current memory context, in the order in which it would be sent.
 */
List *
cfdw_flush_pending(const CfdwAccount *account)
{
	return cfdw_order_make(cfdw_journal_wanted(account, InvalidCommandId));
}

/*
 * Tells an account what it has not been told of the changes that are not to wait
 * for COMMIT.  Returns how many rows it does not have, of those that were
 * changed without having been read.  Raises the errors of report.c.
 */
int
cfdw_flush_immediate(const CfdwAccount *account)
{
	List *wanted = NIL;
	int nmissing = 0;
	ListCell *lc;

	foreach(lc, cfdw_journal_wanted(account, InvalidCommandId))
		if (((CfdwWanted *) lfirst(lc))->target->immediate)
			wanted = lappend(wanted, lfirst(lc));
	foreach(lc, tell(wanted))
		if (((CfdwOrder *) lfirst(lc))->row->missing)
			nmissing++;
	return nmissing;
}

/*
 * Tells all accounts of a server what they have not been told of a role's own
 * changes.  Returns what was sent, as above.
 */
List *
cfdw_flush_server(Oid serverid, Oid userid)
{
	List *wanted = NIL;
	ListCell *lc;

	foreach(lc, cfdw_journal_wanted(NULL, InvalidCommandId))
	{
		const CfdwTarget *target = ((CfdwWanted *) lfirst(lc))->target;

		if (target->account->serverid == serverid &&
			cfdw_journal_is_own(target, userid))
			wanted = lappend(wanted, lfirst(lc));
	}
	return tell(wanted);
}

/*
 * Tells the account of one row, because something needs what it assigns.
 */
void
cfdw_flush_row(CfdwTracked *tracked)
{
	tell(list_make1(cfdw_journal_wanted_row(tracked, InvalidCommandId)));
}

/*
 * Tells the accounts what they have not been told of the rows of WANTED.
 * Returns the orders that were sent.
 */
static List *
tell(List *wanted)
{
	List *orders = cfdw_order_make(wanted);

	send_orders(orders);
	settle_rows(wanted);
	return orders;
}

/*
 * Sends ORDERS, one verb after the other.
 */
static void
send_orders(List *orders)
{
	TimestampTz start = GetCurrentTimestamp();
	Packing packings[CFDW_NVERBS] = {{0}};
	ListCell *lc;

	refuse_repetition(orders);
	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);

		/* What may hold a delete goes last. */
		pack(&packings[order->target->combine ? CFDW_DELETE : order->verb],
			 order);
	}
	for (int i = 0; i < CFDW_NVERBS; i++)
		send_parcels(packings[cfdw_order_verbs[i]].parcels, start);
}

/*
 * Nothing waits to be sent any more of WANTED, also of those rows for which
 * there was nothing to send.
 */
static void
settle_rows(List *wanted)
{
	ListCell *lc;

	foreach(lc, wanted)
		cfdw_journal_settle(((CfdwWanted *) lfirst(lc))->tracked);
}

/*
 * Raises 08007 when adds were sent before, and nobody knows what became of them:
 * the error that said so went no further than to a savepoint.
 */
static void
refuse_repetition(List *orders)
{
	CfdwRows unknown = {0};
	const char *table = NULL;
	ListCell *lc;

	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);
		const bool *sent = order->tracked->add_sent;

		if (order->verb != CFDW_ADD || sent == NULL || !*sent)
			continue;
		cfdw_row_append(&unknown, order->row);
		table = order->target->table;
		if (!is_in_savepoint())
			cfdw_doubt_tell(order->tracked);
	}
	if (unknown.n > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
			 errmsg(
				 "cannot add rows of foreign table \"%s\" again: the outcome of an earlier request is unknown",
				 table),
			 errdetail("The account may have carried it out, or not: %s.",
					   cfdw_name_rows(CFDW_ADD, &unknown)),
			 errhint(
				 "Look into the account before you repeat the transaction.")));
}

/*
 * Puts a row into the parcel of its kind that has room for it, or into a new one.
 */
static void
pack(Packing *packing, CfdwOrder *order)
{
	CfdwTarget *target = order->target;
	Parcel *parcel = NULL;
	ListCell *lc;

	foreach(lc, packing->open)
	{
		Parcel *candidate = lfirst(lc);

		if (candidate->target->account == target->account &&
			candidate->target->mapping == target->mapping &&
			candidate->target->batch_size == target->batch_size &&
			candidate->target->combine == target->combine &&
			candidate->target->undo == target->undo)
			parcel = candidate;
	}
	if (parcel == NULL)
	{
		parcel = palloc0(sizeof(Parcel));
		parcel->target = target;
		parcel->orders = palloc(sizeof(CfdwOrder *) * target->batch_size);
		packing->parcels = lappend(packing->parcels, parcel);
		packing->open = lappend(packing->open, parcel);
	}
	parcel->orders[parcel->norders++] = order;
	if (parcel->norders == target->batch_size)
		packing->open = list_delete_ptr(packing->open, parcel);
}

/*
 * Sends PARCELS, one after the other to each account, but to all accounts at
 * the same time.  When one fails, waits for what becomes of the others before
 * it raises the error: what they did can then be taken back.
 */
static void
send_parcels(List *parcels, TimestampTz start)
{
	MemoryContext caller = CurrentMemoryContext;
	Flight *flight = palloc0(sizeof(Flight));

	flight->waiting = list_copy(parcels);
	PG_TRY();
	{
		while (flight->waiting != NIL || flight->flying != NIL)
		{
			launch_idle(flight, start);
			flight->current = await_parcel(flight->flying);
			flight->flying = list_delete_ptr(flight->flying, flight->current);
			receive(flight->current);
			flight->current = NULL;
		}
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		wind_up(flight, error, start);
		ReThrowError(error);
	}
	PG_END_TRY();
}

/*
 * Sending has failed: sees to what has been sent.  Adds to ERROR what is found.
 */
static void
wind_up(Flight *flight, ErrorData *error, TimestampTz start)
{
	Parcel *failed = flight->current;

	if (is_interrupt(error->sqlerrcode))
	{
		abandon(flight);
		return;
	}
	if (failed != NULL)
		give_up(failed, error->sqlerrcode);
	settle(flight->flying);
	if (failed == NULL)
		return;
	mention_lookalikes(error, failed, start);
	/* An error that ends the transaction tells all there is to say. */
	if (!is_unknown(failed, error->sqlerrcode) || !is_in_savepoint())
		cfdw_doubt_end(failed->doubt);
}

/*
 * Whether an error means that the backend was told to stop.
 */
static bool
is_interrupt(int sqlstate)
{
	return sqlstate == ERRCODE_QUERY_CANCELED ||
		   sqlstate == ERRCODE_ADMIN_SHUTDOWN;
}

/*
 * Whether an error leaves open what became of a parcel that was sent.
 */
static bool
is_unknown(const Parcel *parcel, int sqlstate)
{
	return parcel->batch->unsure ||
		   sqlstate == ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN ||
		   sqlstate == ERRCODE_FDW_UNABLE_TO_CREATE_REPLY ||
		   sqlstate == ERRCODE_OUT_OF_MEMORY;
}

/*
 * The backend was told to stop: nobody will know what became of what flies.  (When
 * that comes while other accounts are waited for because one has failed, the
 * transaction is about to end, and doubt.c names the rows.)
 */
static void
abandon(Flight *flight)
{
	ListCell *lc;

	if (flight->current != NULL)
		note_doubt(flight->current, NIL);
	foreach(lc, flight->flying)
		note_doubt(lfirst(lc), NIL);
}

/*
 * Sends the first parcel that waits for an account, for each that is idle.
 */
static void
launch_idle(Flight *flight, TimestampTz start)
{
	ListCell *lc;

	foreach(lc, flight->waiting)
	{
		Parcel *parcel = lfirst(lc);
		bool busy = false;
		ListCell *lf;

		foreach(lf, flight->flying)
			busy = busy || ((Parcel *) lfirst(lf))->target->account->serverid ==
							   parcel->target->account->serverid;
		if (busy)
			continue;
		launch(parcel, start);
		flight->flying = lappend(flight->flying, parcel);
		flight->waiting = foreach_delete_current(flight->waiting, lc);
	}
}

/*
 * Sends a parcel.  commit_timeout, which stands in for the statement_timeout
 * that is off during COMMIT, counts from START.
 */
static void
launch(Parcel *parcel, TimestampTz start)
{
	const CfdwAccount *account = parcel->target->account;
	CfdwSession *session =
		cfdw_session_get(account->serverid, parcel->target->userid);
	int limit_ms = cfdw_session_options(session)->commit_timeout_ms;
	long left_ms = limit_ms - TimestampDifferenceMilliseconds(
								  start, GetCurrentTimestamp());
	MemoryContext caller;

	if (strcmp(cfdw_session_options(session)->url, account->url) != 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg(
				 "cannot send changes to foreign table \"%s\": its server has moved meanwhile",
				 parcel->target->table),
			 errdetail(
				 "The option \"url\" is not what it was when the rows were changed."),
			 errhint("Run the transaction again.")));
	if (left_ms <= 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg(
				 "could not send all changes to foreign table \"%s\" within %d ms",
				 parcel->target->table, limit_ms),
			 errhint("Raise the option \"commit_timeout\" of the server.")));
	parcel->context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw parcel", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(parcel->context);
	parcel->batch = make_batch(parcel, session);
	parcel->doubt = cfdw_doubt_begin(parcel->batch->action.server,
									 parcel->orders, parcel->norders);
	parcel->batch->request.sent = &parcel->doubt->sent;
	note_adds(parcel, &parcel->doubt->sent);
	cfdw_batch_send(parcel->batch, (int) left_ms);
	MemoryContextSwitchTo(caller);
}

static CfdwBatch *
make_batch(const Parcel *parcel, CfdwSession *session)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	for (int i = 0; i < parcel->norders; i++)
		cfdw_row_append(&by_verb[parcel->orders[i]->verb],
						parcel->orders[i]->row);
	return cfdw_batch_create(session, parcel->target->account->resource,
							 parcel->target->account->path, by_verb);
}

/*
 * Waits until the reply to one of the parcels is there, or it has failed.
 */
static Parcel *
await_parcel(List *flying)
{
	int n = list_length(flying);
	CfdwTransfer **transfers = palloc(sizeof(CfdwTransfer *) * n);

	for (int i = 0; i < n; i++)
		transfers[i] = ((Parcel *) list_nth(flying, i))->batch->transfer;
	cfdw_http_await_any(transfers, n);
	for (int i = 0; i < n; i++)
		if (cfdw_http_is_ready(transfers[i]))
			return list_nth(flying, i);
	elog(ERROR, "no reply is ready");
}

/*
 * Waits for the reply to a parcel and takes it.  What they took up is given back
 * at once, for the next parcel: many of them take no more memory than one.
 */
static void
receive(Parcel *parcel)
{
	MemoryContext caller = MemoryContextSwitchTo(parcel->context);

	cfdw_match_receive(parcel->batch);
	accept(parcel);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(parcel->context);
	parcel->batch = NULL;
}

/*
 * The account has confirmed a parcel.
 */
static void
accept(Parcel *parcel)
{
	List *orders = NIL;
	ListCell *lc;

	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->row->missing)
			cfdw_journal_missed(parcel->orders[i]->tracked);
		else
			orders = lappend(orders, parcel->orders[i]);
	cfdw_undo_remember(parcel->target, parcel->batch->session, orders);
	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);

		cfdw_journal_sent(order->tracked, order->target, order->verb,
						  order->row);
	}
	cfdw_doubt_end(parcel->doubt);
}

/*
 * A parcel has failed: what the account has confirmed of it must be taken back,
 * and what it may have added must not be added again.
 */
static void
give_up(Parcel *parcel, int sqlstate)
{
	List *confirmed = confirmed_orders(parcel);
	ListCell *lc;

	if (is_unknown(parcel, sqlstate))
		note_doubt(parcel, confirmed);
	else
		note_adds(parcel, NULL);
	cfdw_undo_remember(parcel->target, parcel->batch->session, confirmed);
	foreach(lc, confirmed)
	{
		CfdwOrder *order = lfirst(lc);

		if (order->tracked != NULL)
			cfdw_journal_sent(order->tracked, order->target, order->verb,
							  order->row);
		else
			cfdw_journal_orphan(parcel->target, order->row->id);
	}
}

/*
 * Nobody knows what became of the updates and deletes of a parcel, but for those
 * that the account has CONFIRMED.  That matters when the error goes no further
 * than to a savepoint: at COMMIT, or when the transaction fails, they are made
 * undone as if the account had accepted them.
 */
static void
note_doubt(Parcel *parcel, List *confirmed)
{
	List *orders = NIL;
	ListCell *lc;

	if (!parcel->doubt->sent || !is_in_savepoint())
		return;
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->verb != CFDW_ADD &&
			!list_member_ptr(confirmed, parcel->orders[i]))
			orders = lappend(orders, parcel->orders[i]);
	cfdw_undo_doubt(parcel->target, parcel->batch->session, orders);
	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);

		cfdw_journal_doubt(order->tracked, order->target, order->verb,
						   order->row);
	}
	parcel->doubt->noted = true;
}

/*
 * Whether the transaction may go on after an error.
 */
static bool
is_in_savepoint(void)
{
	return GetCurrentTransactionNestLevel() > 1;
}

/*
 * Notes of the rows that a parcel adds where it says whether they were sent, or
 * with NULL that it is known what became of them.
 */
static void
note_adds(const Parcel *parcel, const bool *sent)
{
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->verb == CFDW_ADD)
			parcel->orders[i]->tracked->add_sent = sent;
}

/*
 * Waits for what becomes of parcels whose transaction has failed already.
 */
static void
settle(List *flying)
{
	MemoryContext caller = CurrentMemoryContext;
	ListCell *lc;

	foreach(lc, flying)
	{
		Parcel *parcel = lfirst(lc);

		PG_TRY();
		{
			receive(parcel);
		}
		PG_CATCH();
		{
			int sqlstate = geterrcode();

			MemoryContextSwitchTo(caller);
			if (is_interrupt(sqlstate))
				PG_RE_THROW();
			FlushErrorState();
			give_up(parcel, sqlstate);
			if (!is_unknown(parcel, sqlstate))
				cfdw_doubt_end(parcel->doubt);
		}
		PG_END_TRY();
	}
}

/*
 * When the fate of added rows is not known, helps a person to decide: names the
 * lists in the account that bear their names and came since the flush began.
 */
static void
mention_lookalikes(ErrorData *error, const Parcel *parcel, TimestampTz start)
{
	const CfdwAccount *account = parcel->target->account;
	const CfdwRows *added = &parcel->batch->by_verb[CFDW_ADD];
	MemoryContext caller = CurrentMemoryContext;
	int limit_ms =
		cfdw_session_options(parcel->batch->session)->commit_timeout_ms;
	long left_ms = limit_ms - TimestampDifferenceMilliseconds(
								  start, GetCurrentTimestamp());
	char *volatile found = NULL;

	if (added->n == 0 || left_ms <= 0 ||
		error->sqlerrcode != ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN)
		return;
	PG_TRY();
	{
		found = cfdw_cursor_lookalikes(
			account->serverid, parcel->target->userid, account->path, added,
			timestamptz_to_time_t(start), (int) left_ms);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (is_interrupt(geterrcode()))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	if (found != NULL)
		error->detail = psprintf("%s\n%s", error->detail, found);
}

/*
 * The orders of a parcel that the account has confirmed although the parcel
 * failed as a whole.
 */
static List *
confirmed_orders(const Parcel *parcel)
{
	CfdwBatch *batch = parcel->batch;
	int max_added = batch->by_verb[CFDW_ADD].n;
	List *confirmed = NIL;
	List *added = NIL;

	cfdw_match_accepted(batch);
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->row->id > 0 &&
			cfdw_match_confirms(batch, parcel->orders[i]->row->id))
			confirmed = lappend(confirmed, parcel->orders[i]);

	/* What is confirmed beyond those was added, but for what was there before. */
	for (int i = 0; max_added > 0 && i < batch->reply.nitems; i++)
	{
		CfdwOrder *order = palloc0(sizeof(CfdwOrder));

		order->verb = CFDW_ADD;
		order->row = cfdw_row_create(parcel->target->account->resource);
		order->row->id = batch->reply.items[i].id;
		if (order->row->id > 0 && !is_ordered(parcel, order->row->id) &&
			cfdw_journal_find(parcel->target->account, order->row->id) == NULL)
			added = lappend(added, order);
	}
	/* More than were asked for cannot all be ours. */
	return list_length(added) > max_added ? confirmed
										  : list_concat(confirmed, added);
}

static bool
is_ordered(const Parcel *parcel, int64 id)
{
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->row->id == id)
			return true;
	return false;
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
 * Before COMMIT: tells all accounts what they have not been told.
 */
static void
flush_all(void)
{
	List *wanted;

	/* COMMIT is a statement too: see what ALTER SERVER did meanwhile. */
	AcceptInvalidationMessages();
	wanted = cfdw_journal_wanted(NULL, InvalidCommandId);
	cfdw_order_refuse_lost(wanted);
	cfdw_order_warn_of_leftovers(wanted);
	tell(wanted);
}

static void
on_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			flush_all();
			/* Not later: what raises after the commit brings the server down. */
			cfdw_doubt_warn();
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			cfdw_doubt_warn();
			break;
		case XACT_EVENT_ABORT:
			cfdw_undo_run();
			cfdw_doubt_warn();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			cfdw_undo_forget();
			cfdw_doubt_forget();
			break;
		default:
			break;
	}
}
