/*-------------------------------------------------------------------------
 *
 * flush.c
 *	  Sending the journal.
 *
 * Owns the order in which changes go out: updates, adds, then deletes, which
 * cannot be undone; in batches, each kind in the order in which the rows were
 * changed; to several accounts at the same time.  What is sent is the difference
 * between what a row is to be and what the account was told of it, so that a
 * savepoint rolled back after an early send is sent like any other change.
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

#include "flush.h"
#include "remote.h"

/* A row that was sent, as far as a message names it. */
typedef struct InFlightRow
{
	const CfdwTracked *tracked;
	CfdwVerb verb;
	int64 id;
	char *name; /* in the journal's memory */
	bool told;  /* an error that ends the transaction names it */
} InFlightRow;

/* Rows that were sent, and whose fate has not been told to anybody. */
typedef struct InFlight
{
	bool sent;    /* some of the request went out: set by http */
	bool doubted; /* the journal knows of the doubt about updates and deletes */
	int nrows;
	InFlightRow *rows;
} InFlight;

/* Orders that go to an account in one POST. */
typedef struct Parcel
{
	CfdwTarget *target; /* of the first */
	int norders;
	CfdwOrder **orders;
	/* Once it is being sent: */
	MemoryContext context; /* of its request and reply */
	CfdwBatch *batch;
	InFlight *in_flight;
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

/* Of InFlight; in TopTransactionContext. */
static List *in_flight = NIL;

static const CfdwVerb send_order[] = {CFDW_UPDATE, CFDW_ADD, CFDW_DELETE};

static List *make_orders(List *wanted);
static List *tell(List *wanted);
static void send_orders(List *orders);
static void settle_rows(List *wanted);
static bool decide(const CfdwWanted *wanted, CfdwOrder *order);
static bool is_deleted(const CfdwTracked *tracked);
static bool compare_values(const CfdwWanted *wanted, CfdwRow *row);
static void refuse_lost(List *wanted);
static void warn_of_leftovers(List *wanted);
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
static void append_row(CfdwRows *rows, CfdwRow *row, int size);
static void land(Parcel *parcel);
static void give_up(Parcel *parcel, int sqlstate);
static void doubt(Parcel *parcel, List *confirmed);
static bool is_in_savepoint(void);
static void note_adds(const Parcel *parcel, const bool *sent);
static InFlight *make_in_flight(const Parcel *parcel);
static void note_in_flight(Parcel *parcel);
static void note_told(const CfdwTracked *tracked);
static char *name_in_flight(const InFlight *one);
static bool is_to_be_told(const InFlight *one, const InFlightRow *row);
static List *confirmed_orders(const Parcel *parcel);
static bool is_ordered(const Parcel *parcel, int64 id);
static void warn_in_flight(void);
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
	return make_orders(cfdw_journal_wanted(account, InvalidCommandId));
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
		if (((CfdwOrder *) lfirst(lc))->row.missing)
			nmissing++;
	return nmissing;
}

/*
 * Tells all accounts of a server what they have not been told of the changes
 * made with the rights of a role.  Returns what was sent, as above.  Raises
 * 42704 when there is no user mapping.
 */
List *
cfdw_flush_server(Oid serverid, Oid userid)
{
	Oid mapping = GetUserMapping(userid, serverid)->umid;
	List *wanted = NIL;
	ListCell *lc;

	foreach(lc, cfdw_journal_wanted(NULL, InvalidCommandId))
	{
		const CfdwTarget *target = ((CfdwWanted *) lfirst(lc))->target;

		/* The mapping may have been made anew since the change. */
		if (target->mapping == mapping ||
			(target->account->serverid == serverid && target->userid == userid))
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
	ListCell *lc;

	foreach(lc, cfdw_journal_wanted(tracked->account, InvalidCommandId))
		if (((CfdwWanted *) lfirst(lc))->tracked == tracked)
			tell(list_make1(lfirst(lc)));
}

/*
 * The orders that make the rows of WANTED, a list of CfdwWanted, what they are
 * to be.
 */
static List *
make_orders(List *wanted)
{
	List *by_verb[CFDW_NVERBS] = {NIL};
	List *orders = NIL;
	ListCell *lc;

	foreach(lc, wanted)
	{
		CfdwOrder *order = palloc0(sizeof(CfdwOrder));

		if (decide(lfirst(lc), order))
			by_verb[order->verb] = lappend(by_verb[order->verb], order);
	}
	for (size_t i = 0; i < lengthof(send_order); i++)
		orders = list_concat(orders, by_verb[send_order[i]]);
	return orders;
}

/*
 * Tells the accounts what they have not been told of the rows of WANTED.
 * Returns the orders that were sent.
 */
static List *
tell(List *wanted)
{
	List *orders = make_orders(wanted);

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
	for (size_t i = 0; i < lengthof(send_order); i++)
		send_parcels(packings[send_order[i]].parcels, start);
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
 * What must be done so that the account has a row as it is to be.  False when
 * it has already.
 */
static bool
decide(const CfdwWanted *wanted, CfdwOrder *order)
{
	CfdwTracked *tracked = wanted->tracked;

	order->tracked = tracked;
	order->target = wanted->target;
	order->row.id = tracked->id;
	order->row.may_miss = tracked->may_miss;
	order->row.maybe_gone = tracked->delete_unsure;
	if (!wanted->exists)
	{
		order->verb = CFDW_DELETE;
		return tracked->id != 0 && !is_deleted(tracked);
	}
	if (tracked->id == 0)
	{
		order->verb = CFDW_ADD;
		memcpy(order->row.values, wanted->values, sizeof(wanted->values));
		return true;
	}
	order->verb = CFDW_UPDATE;
	return !is_deleted(tracked) && compare_values(wanted, &order->row);
}

/*
 * Whether the account has deleted a row for certain.
 */
static bool
is_deleted(const CfdwTracked *tracked)
{
	return tracked->deleted && !tracked->delete_unsure;
}

/*
 * Writes the values that the account has not been told into *ROW, those of which
 * nobody knows whether it heard them, and those that it was told but that were
 * rolled back.  False when there are none.
 */
static bool
compare_values(const CfdwWanted *wanted, CfdwRow *row)
{
	const CfdwTracked *tracked = wanted->tracked;
	bool any = false;

	for (int i = 0; i < CFDW_NKEYS; i++)
	{
		char *value = wanted->values[i];
		char *there = tracked->there[i];

		if (value == NULL && there != NULL)
			value = tracked->before[i];
		if (value == NULL ||
			(there != NULL && !tracked->unsure[i] && strcmp(value, there) == 0))
			continue;
		row->values[i] = value;
		any = true;
	}
	return any;
}

/*
 * At COMMIT: raises 40001 for a row that this transaction wants to be there, as
 * it has left it, when the account has deleted it before a savepoint brought it
 * back: there is no way to do that.
 */
static void
refuse_lost(List *wanted)
{
	ListCell *lc;

	foreach(lc, wanted)
	{
		const CfdwWanted *one = lfirst(lc);

		if (one->exists && one->touched && is_deleted(one->tracked))
			ereport(
				ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not bring back list " INT64_FORMAT
						" of foreign table \"%s\"",
						one->tracked->id, one->target->table),
				 errdetail(
					 "The account was told to delete it before that was rolled back to a savepoint."),
				 errhint("Run the transaction again.")));
	}
}

/*
 * At COMMIT: names the rows that the account has otherwise than they are to be,
 * because what was rolled back after it was sent cannot be taken back.  (Where
 * nobody knows whether it has, warn_in_flight() says that.)
 */
static void
warn_of_leftovers(List *wanted)
{
	ListCell *lc;

	foreach(lc, wanted)
	{
		const CfdwWanted *one = lfirst(lc);
		const CfdwTracked *tracked = one->tracked;
		bool left = one->exists && is_deleted(tracked);

		for (int i = 0; i < CFDW_NKEYS; i++)
			left = left || (one->exists && one->values[i] == NULL &&
							tracked->there[i] != NULL && !tracked->unsure[i] &&
							tracked->before[i] == NULL);
		if (left)
			ereport(
				WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg(
					 "changes that were rolled back to a savepoint stay in the account"),
				 errdetail_internal(
					 "%s of list " INT64_FORMAT,
					 cfdw_resource.verbs[is_deleted(tracked) ? CFDW_DELETE
															 : CFDW_UPDATE],
					 tracked->id)));
	}
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
		append_row(&unknown, &order->row, list_length(orders));
		table = order->target->table;
		if (!is_in_savepoint())
			note_told(order->tracked);
	}
	if (unknown.n > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
			 errmsg(
				 "cannot add rows of foreign table \"%s\" again: the outcome of an earlier request is unknown",
				 table),
			 errdetail("The account may have carried it out, or not: %s.",
					   cfdw_remote_name_rows(CFDW_ADD, &unknown)),
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
		land(failed);
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
 * The backend was told to stop: nobody will know what became of what flies.
 */
static void
abandon(Flight *flight)
{
	ListCell *lc;

	if (flight->current != NULL)
		doubt(flight->current, NIL);
	foreach(lc, flight->flying)
		doubt(lfirst(lc), NIL);
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
	parcel->in_flight = make_in_flight(parcel);
	parcel->batch->request.sent = &parcel->in_flight->sent;
	note_adds(parcel, &parcel->in_flight->sent);
	cfdw_remote_send(parcel->batch, (int) left_ms);
	note_in_flight(parcel);
	MemoryContextSwitchTo(caller);
}

static CfdwBatch *
make_batch(const Parcel *parcel, CfdwSession *session)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	for (int i = 0; i < parcel->norders; i++)
		append_row(&by_verb[parcel->orders[i]->verb], &parcel->orders[i]->row,
				   parcel->norders);
	return cfdw_remote_batch(session, parcel->target->account->path, by_verb);
}

/*
 * Appends a row to ROWS, which will have SIZE at most.
 */
static void
append_row(CfdwRows *rows, CfdwRow *row, int size)
{
	if (rows->rows == NULL)
		rows->rows = palloc(sizeof(CfdwRow *) * size);
	rows->rows[rows->n++] = row;
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

	cfdw_remote_receive(parcel->batch);
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
		if (parcel->orders[i]->row.missing)
			cfdw_journal_missed(parcel->orders[i]->tracked);
		else
			orders = lappend(orders, parcel->orders[i]);
	cfdw_undo_remember(parcel->target, parcel->batch->session, orders);
	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);

		cfdw_journal_sent(order->tracked, order->target, order->verb,
						  &order->row);
	}
	land(parcel);
}

/*
 * What became of a parcel is known, or told by an error.
 */
static void
land(Parcel *parcel)
{
	in_flight = list_delete_ptr(in_flight, parcel->in_flight);
	pfree(parcel->in_flight->rows);
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
		doubt(parcel, confirmed);
	else
		note_adds(parcel, NULL);
	cfdw_undo_remember(parcel->target, parcel->batch->session, confirmed);
	foreach(lc, confirmed)
	{
		CfdwOrder *order = lfirst(lc);

		if (order->tracked != NULL)
			cfdw_journal_sent(order->tracked, order->target, order->verb,
							  &order->row);
		else
			cfdw_journal_orphan(parcel->target, order->row.id);
	}
}

/*
 * Nobody knows what became of the updates and deletes of a parcel, but for those
 * that the account has CONFIRMED.  That matters when the error goes no further
 * than to a savepoint: at COMMIT, or when the transaction fails, they are made
 * undone as if the account had accepted them.
 */
static void
doubt(Parcel *parcel, List *confirmed)
{
	List *orders = NIL;
	ListCell *lc;

	if (!parcel->in_flight->sent || !is_in_savepoint())
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
						   &order->row);
	}
	parcel->in_flight->doubted = true;
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
				land(parcel);
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
		found = cfdw_remote_lookalikes(
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
 * What must be known of a parcel's rows should the backend be told to stop before
 * their fate is known: then the parcel itself is gone.
 */
static InFlight *
make_in_flight(const Parcel *parcel)
{
	InFlight *one =
		MemoryContextAllocZero(TopTransactionContext, sizeof(InFlight));

	one->nrows = parcel->norders;
	one->rows = MemoryContextAlloc(TopTransactionContext,
								   sizeof(InFlightRow) * one->nrows);
	for (int i = 0; i < parcel->norders; i++)
	{
		const CfdwOrder *order = parcel->orders[i];

		one->rows[i].tracked = order->tracked;
		one->rows[i].verb = order->verb;
		one->rows[i].id = order->row.id;
		one->rows[i].name = order->row.values[CFDW_KEY_NAME];
		one->rows[i].told = false;
	}
	return one;
}

/*
 * Notes that rows are being sent, for a warning.
 */
static void
note_in_flight(Parcel *parcel)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

	in_flight = lappend(in_flight, parcel->in_flight);
	MemoryContextSwitchTo(caller);
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

	cfdw_remote_match_accepted(batch);
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->row.id > 0 &&
			cfdw_remote_confirms(batch, parcel->orders[i]->row.id))
			confirmed = lappend(confirmed, parcel->orders[i]);

	/* What is confirmed beyond those was added, but for what was there before. */
	for (int i = 0; max_added > 0 && i < batch->reply.nitems; i++)
	{
		CfdwOrder *order = palloc0(sizeof(CfdwOrder));

		order->verb = CFDW_ADD;
		order->row.id = batch->reply.items[i].id;
		if (order->row.id > 0 && !is_ordered(parcel, order->row.id) &&
			!cfdw_journal_knows(parcel->target->account, order->row.id))
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
		if (parcel->orders[i]->row.id == id)
			return true;
	return false;
}

/*
 * Names the rows that were being sent when the backend was told to stop, and
 * those whose fate was unknown to an error that may have gone no further than to
 * a savepoint.
 */
static void
warn_in_flight(void)
{
	List *unknown = in_flight;
	ListCell *lc;

	in_flight = NIL;
	foreach(lc, unknown)
	{
		InFlight *one = lfirst(lc);
		char *rows = one->sent ? name_in_flight(one) : NULL;

		if (rows != NULL)
			ereport(WARNING,
					(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
					 errmsg("outcome of a request that was cut off is unknown"),
					 errdetail_internal("%s", rows)));
	}
}

/*
 * The names of those rows whose fate is still unknown; NULL when there are none.
 */
static char *
name_in_flight(const InFlight *one)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	int n = 0;

	for (int i = 0; i < one->nrows; i++)
	{
		CfdwRow *row = palloc0(sizeof(CfdwRow));

		if (!is_to_be_told(one, &one->rows[i]))
			continue;
		row->id = one->rows[i].id;
		row->values[CFDW_KEY_NAME] = one->rows[i].name;
		append_row(&by_verb[one->rows[i].verb], row, one->nrows);
		n++;
	}
	return n > 0 ? cfdw_remote_name_batch(by_verb) : NULL;
}

static bool
is_to_be_told(const InFlight *one, const InFlightRow *row)
{
	bool resolved = one->doubted && row->verb != CFDW_ADD &&
					cfdw_journal_is_sure(row->tracked);

	return !row->told && !resolved;
}

/*
 * A row needs not be named any more.
 */
static void
note_told(const CfdwTracked *tracked)
{
	ListCell *lc;

	foreach(lc, in_flight)
	{
		InFlight *one = lfirst(lc);

		for (int i = 0; i < one->nrows; i++)
			if (one->rows[i].tracked == tracked)
				one->rows[i].told = true;
	}
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
	refuse_lost(wanted);
	warn_of_leftovers(wanted);
	tell(wanted);
}

static void
on_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			flush_all();
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			break;
		case XACT_EVENT_ABORT:
			cfdw_undo_run();
			warn_in_flight();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			warn_in_flight();
			cfdw_undo_forget();
			break;
		default:
			break;
	}
}
