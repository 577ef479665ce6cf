/*-------------------------------------------------------------------------
 *
 * flush.c
 *	  Sending the journal, taking back.
 *
 * Owns the order in which changes go out: updates, adds, then deletes, which
 * cannot be undone; in batches, each kind in the order in which the rows were
 * changed; to several accounts at the same time.  What is sent is the difference
 * between what a row is to be and what the account was told of it, so that a
 * savepoint rolled back after an early send is sent like any other change.
 *
 * For each batch that an account has accepted, the batch that takes it back is
 * made at once.  When the transaction aborts they are sent, the last one first.
 * Nothing in there raises, waits on the latch or takes longer than
 * ABORT_LIMIT_MS.
 *
 * Must not know how a reply is matched to rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "lib/stringinfo.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "flush.h"
#include "remote.h"

/* All that an abort may take for its requests. */
#define ABORT_LIMIT_MS 10000

/* Orders that go to an account in one POST. */
typedef struct Parcel
{
	CfdwTarget *target; /* of the first */
	int norders;
	CfdwOrder **orders;
	CfdwBatch *batch; /* once it is being sent, and so is ... */
	char *in_flight;  /* ... its entry in in_flight */
} Parcel;

/* What takes an accepted batch back. */
typedef struct Undo
{
	CfdwBatch *batch; /* or NULL: nothing to send */
	bool complete;    /* with it, nothing is left */
	char *server;     /* for a message, and so is ... */
	char *rows;       /* ... what is left otherwise */
} Undo;

/* In TopTransactionContext. */
static List *undos = NIL;     /* of Undo */
static List *in_flight = NIL; /* names of rows that were sent, reply unread */

static const CfdwVerb send_order[] = {CFDW_UPDATE, CFDW_ADD, CFDW_DELETE};

static List *make_orders(List *wanted);
static List *send_orders(List *orders);
static bool decide(const CfdwWanted *wanted, CfdwOrder *order);
static bool compare_values(const CfdwWanted *wanted, CfdwRow *row);
static void pack(List **parcels, CfdwOrder *order);
static void send_parcels(List *parcels, TimestampTz start);
static void launch_idle(List **waiting, List **flying, TimestampTz start);
static void launch(Parcel *parcel, TimestampTz start);
static Parcel *await_parcel(List *flying);
static void accept(Parcel *parcel);
static void settle(List *flying);
static void mention_lookalikes(ErrorData *error, const Parcel *parcel,
							   TimestampTz start);
static CfdwBatch *make_batch(const Parcel *parcel, CfdwSession *session);
static void append_row(CfdwRows *rows, CfdwRow *row, int size);
static void give_up(Parcel *parcel);
static void note_in_flight(Parcel *parcel);
static void remember_undo(const Parcel *parcel);
static void remember_part(const Parcel *parcel);
static bool is_ordered(const Parcel *parcel, int64 id);
static CfdwRow *copy_row(const CfdwRow *row);
static void remember_rows(const Parcel *parcel, const CfdwRows *accepted);
static bool values_before(const Parcel *parcel, const CfdwRows *updated,
						  CfdwRows *before);
static bool has_id(const CfdwRows *rows, int64 id);
static void warn_in_flight(void);
static void take_back(void);
static bool take_back_one(const Undo *undo);
static void refuse_prepare(void);
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
 * Tells an account, or with NULL all, what it has not been told.  Returns what
 * was sent, as above.  Raises the errors of report.c.
 */
List *
cfdw_flush_account(const CfdwAccount *account)
{
	return send_orders(cfdw_flush_pending(account));
}

/*
 * The same for all accounts that a role reaches through a server.
 */
List *
cfdw_flush_server(Oid serverid, Oid userid)
{
	List *orders = NIL;
	ListCell *lc;

	foreach(lc, cfdw_journal_accounts(serverid, userid))
		orders = list_concat(orders, cfdw_flush_pending(lfirst(lc)));
	return send_orders(orders);
}

/*
 * Tells the account of one row, because something needs what it assigns.
 */
void
cfdw_flush_row(CfdwTracked *tracked)
{
	ListCell *lc;

	foreach(lc, cfdw_journal_wanted(tracked->target->account, InvalidCommandId))
		if (((CfdwWanted *) lfirst(lc))->tracked == tracked)
			send_orders(make_orders(list_make1(lfirst(lc))));
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
 * Sends ORDERS, one verb after the other; returns them.
 */
static List *
send_orders(List *orders)
{
	TimestampTz start = GetCurrentTimestamp();
	List *parcels[CFDW_NVERBS] = {NIL};
	ListCell *lc;

	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);

		/* What may hold a delete goes last. */
		pack(&parcels[order->tracked->target->combine ? CFDW_DELETE
													  : order->verb],
			 order);
	}
	for (size_t i = 0; i < lengthof(send_order); i++)
		send_parcels(parcels[send_order[i]], start);
	return orders;
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
	order->row.id = tracked->id;
	if (!wanted->exists)
	{
		order->verb = CFDW_DELETE;
		return tracked->id != 0 && !tracked->deleted;
	}
	if (tracked->id == 0)
	{
		order->verb = CFDW_ADD;
		memcpy(order->row.values, wanted->values, sizeof(wanted->values));
		return true;
	}
	order->verb = CFDW_UPDATE;
	if (!tracked->deleted)
		return compare_values(wanted, &order->row);

	ereport(WARNING, (errcode(ERRCODE_WARNING),
					  errmsg("list " INT64_FORMAT
							 " was deleted before its delete was rolled back",
							 tracked->id),
					  errdetail("The account cannot restore a list.")));
	return false;
}

/*
 * Writes the values that the account has not been told into *ROW, and those
 * that it was told but that were rolled back.  False when there are none.
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
		if (value == NULL || (there != NULL && strcmp(value, there) == 0))
			continue;
		row->values[i] = value;
		any = true;
	}
	return any;
}

/*
 * Puts a row into the last of PARCELS that has room for it, or into a new one.
 */
static void
pack(List **parcels, CfdwOrder *order)
{
	CfdwTarget *target = order->tracked->target;
	Parcel *parcel = NULL;
	ListCell *lc;

	foreach(lc, *parcels)
	{
		Parcel *candidate = lfirst(lc);

		if (candidate->target->account == target->account &&
			candidate->target->batch_size == target->batch_size &&
			candidate->norders < target->batch_size)
			parcel = candidate;
	}
	if (parcel == NULL)
	{
		parcel = palloc0(sizeof(Parcel));
		parcel->target = target;
		parcel->orders = palloc(sizeof(CfdwOrder *) * target->batch_size);
		*parcels = lappend(*parcels, parcel);
	}
	parcel->orders[parcel->norders++] = order;
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
	List *waiting = list_copy(parcels);
	List *volatile flying_now = NIL;
	Parcel *volatile current = NULL;

	if (parcels == NIL)
		return;
	PG_TRY();
	{
		List *flying = NIL;

		while (waiting != NIL || flying != NIL)
		{
			launch_idle(&waiting, &flying, start);
			flying_now = flying;
			current = await_parcel(flying);
			flying = list_delete_ptr(flying, current);
			flying_now = flying;
			cfdw_remote_receive(current->batch);
			accept(current);
			current = NULL;
		}
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		error = CopyErrorData();
		FlushErrorState();
		/* An error about its rows names them itself. */
		if (error->sqlerrcode != ERRCODE_QUERY_CANCELED &&
			error->sqlerrcode != ERRCODE_ADMIN_SHUTDOWN)
		{
			if (current != NULL)
				give_up(current);
			settle(flying_now);
			if (current != NULL)
				mention_lookalikes(error, current, start);
		}
		ReThrowError(error);
	}
	PG_END_TRY();
}

/*
 * Sends the first of WAITING to each account that has none in FLYING.
 */
static void
launch_idle(List **waiting, List **flying, TimestampTz start)
{
	ListCell *lc;

	foreach(lc, *waiting)
	{
		Parcel *parcel = lfirst(lc);
		bool busy = false;
		ListCell *lf;

		foreach(lf, *flying)
			busy = busy || ((Parcel *) lfirst(lf))->target->account->mapping ==
							   parcel->target->account->mapping;
		if (busy)
			continue;
		launch(parcel, start);
		*flying = lappend(*flying, parcel);
		*waiting = foreach_delete_current(*waiting, lc);
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
	CfdwSession *session = cfdw_session_get(account->serverid, account->userid);
	int limit_ms = cfdw_session_options(session)->commit_timeout_ms;
	long left_ms = limit_ms - TimestampDifferenceMilliseconds(
								  start, GetCurrentTimestamp());

	if (left_ms <= 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg(
				 "could not send all changes to foreign table \"%s\" within %d ms",
				 parcel->target->table, limit_ms),
			 errhint("Raise the option \"commit_timeout\" of the server.")));
	cfdw_session_pin(session);
	parcel->batch = make_batch(parcel, session);
	note_in_flight(parcel);
	cfdw_remote_send(parcel->batch, (int) left_ms);
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
 * The account has confirmed a parcel.
 */
static void
accept(Parcel *parcel)
{
	remember_undo(parcel);
	for (int i = 0; i < parcel->norders; i++)
		cfdw_journal_sent(parcel->orders[i]->tracked, parcel->orders[i]->verb,
						  &parcel->orders[i]->row);
	in_flight = list_delete_ptr(in_flight, parcel->in_flight);
}

/*
 * An error that names its rows tells what became of a parcel.
 */
static void
give_up(Parcel *parcel)
{
	remember_part(parcel);
	in_flight = list_delete_ptr(in_flight, parcel->in_flight);
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
			cfdw_remote_receive(parcel->batch);
			accept(parcel);
		}
		PG_CATCH();
		{
			bool unknown =
				geterrcode() == ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN ||
				geterrcode() == ERRCODE_FDW_UNABLE_TO_CREATE_REPLY;

			MemoryContextSwitchTo(caller);
			if (geterrcode() == ERRCODE_QUERY_CANCELED ||
				geterrcode() == ERRCODE_ADMIN_SHUTDOWN)
				PG_RE_THROW();
			FlushErrorState();
			if (unknown)
				remember_part(parcel);
			else
				give_up(parcel);
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
	char *volatile found = NULL;

	if (added->n == 0 ||
		error->sqlerrcode != ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN)
		return;
	PG_TRY();
	{
		found = cfdw_remote_lookalikes(account->serverid, account->userid,
									   account->path, added,
									   timestamptz_to_time_t(start));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		if (geterrcode() == ERRCODE_QUERY_CANCELED ||
			geterrcode() == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	if (found != NULL)
		error->detail = psprintf("%s\n%s", error->detail, found);
}

/*
 * Notes the names of rows that are being sent, for a warning should the backend
 * be told to stop before their fate is known: made now, for an abort must not
 * run into an error.
 */
static void
note_in_flight(Parcel *parcel)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

	parcel->in_flight = pstrdup(parcel->batch->action.rows);
	in_flight = lappend(in_flight, parcel->in_flight);
	MemoryContextSwitchTo(caller);
}

/*
 * Makes what takes an accepted parcel back.
 */
static void
remember_undo(const Parcel *parcel)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	for (int i = 0; i < parcel->norders; i++)
	{
		const CfdwOrder *order = parcel->orders[i];

		/* The delete of a row that this transaction added leaves nothing. */
		if (order->verb != CFDW_DELETE || order->tracked->number == 0)
			append_row(&by_verb[order->verb], copy_row(&order->row),
					   parcel->norders);
	}
	remember_rows(parcel, by_verb);
	MemoryContextSwitchTo(caller);
}

/*
 * The same for the rows that the account has confirmed of a parcel that failed
 * as a whole.
 */
static void
remember_part(const Parcel *parcel)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	const CfdwBatch *batch = parcel->batch;
	int size = Max(parcel->norders, batch->reply.nitems);
	CfdwRow *row;

	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->verb != CFDW_ADD &&
			cfdw_remote_confirms(batch, parcel->orders[i]->row.id))
			append_row(&by_verb[parcel->orders[i]->verb],
					   copy_row(&parcel->orders[i]->row), size);

	/* What is confirmed beyond those was added. */
	for (int i = 0; batch->by_verb[CFDW_ADD].n > 0 && i < batch->reply.nitems;
		 i++)
	{
		row = palloc0(sizeof(CfdwRow));
		row->id = batch->reply.items[i].id;
		if (row->id > 0 && !is_ordered(parcel, row->id))
			append_row(&by_verb[CFDW_ADD], row, size);
	}
	/* More than were asked for cannot all be ours. */
	if (by_verb[CFDW_ADD].n > batch->by_verb[CFDW_ADD].n)
		by_verb[CFDW_ADD].n = 0;
	remember_rows(parcel, by_verb);
	MemoryContextSwitchTo(caller);
}

static bool
is_ordered(const Parcel *parcel, int64 id)
{
	for (int i = 0; i < parcel->norders; i++)
		if (parcel->orders[i]->verb != CFDW_ADD &&
			parcel->orders[i]->row.id == id)
			return true;
	return false;
}

static CfdwRow *
copy_row(const CfdwRow *row)
{
	CfdwRow *copy = palloc(sizeof(CfdwRow));

	*copy = *row;
	return copy;
}

/*
 * Makes what takes rows back that the account has accepted of a parcel, in the
 * order in which an abort works: the last made is the first to be sent.
 */
static void
remember_rows(const Parcel *parcel, const CfdwRows *accepted)
{
	for (size_t i = 0; i < lengthof(send_order); i++)
	{
		CfdwVerb verb = send_order[i];
		CfdwRows undone[CFDW_NVERBS] = {{0}};
		Undo *undo;

		if (accepted[verb].n == 0)
			continue;
		undo = palloc0(sizeof(Undo));
		undo->rows = cfdw_remote_name_rows(verb, &accepted[verb]);
		undo->server = pstrdup(parcel->batch->action.server);
		undo->complete = parcel->target->undo && verb != CFDW_DELETE;
		if (verb == CFDW_ADD)
			undone[CFDW_DELETE] = accepted[verb];
		else if (verb == CFDW_UPDATE &&
				 !values_before(parcel, &accepted[verb], &undone[CFDW_UPDATE]))
			undo->complete = false;
		if (parcel->target->undo &&
			undone[CFDW_DELETE].n + undone[CFDW_UPDATE].n > 0)
			undo->batch = cfdw_remote_batch(
				parcel->batch->session, pstrdup(parcel->target->account->path),
				undone);
		undos = lappend(undos, undo);
	}
}

/*
 * The rows that give updated ones the values back that they had; false when
 * some of those are not known.  A row that was added in this transaction needs
 * none: it will be deleted.
 */
static bool
values_before(const Parcel *parcel, const CfdwRows *updated, CfdwRows *before)
{
	bool complete = true;

	for (int i = 0; i < parcel->norders; i++)
	{
		const CfdwOrder *order = parcel->orders[i];
		const CfdwTracked *tracked = order->tracked;
		CfdwRow *row = palloc0(sizeof(CfdwRow));
		bool any = false;

		if (order->verb != CFDW_UPDATE || tracked->number > 0 ||
			!has_id(updated, tracked->id))
			continue;
		for (int key = 0; key < CFDW_NKEYS; key++)
		{
			if (order->row.values[key] == NULL)
				continue;
			row->values[key] = tracked->there[key] != NULL
								   ? tracked->there[key]
								   : tracked->before[key];
			if (row->values[key] != NULL)
				any = true;
			else
				complete = false;
		}
		row->id = tracked->id;
		if (any)
			append_row(before, row, updated->n);
	}
	return complete;
}

static bool
has_id(const CfdwRows *rows, int64 id)
{
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i]->id == id)
			return true;
	return false;
}

/*
 * Names the rows that were being sent when the backend was told to stop.
 */
static void
warn_in_flight(void)
{
	List *unknown = in_flight;
	ListCell *lc;

	in_flight = NIL;
	foreach(lc, unknown)
		ereport(WARNING,
				(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
				 errmsg("outcome of a request that was cut off is unknown"),
				 errdetail_internal("%s", (char *) lfirst(lc))));
}

/*
 * The transaction aborts: takes back what accounts have accepted, the last
 * first, and says what could not be.  Never raises.
 */
static void
take_back(void)
{
	List *todo = undos;

	warn_in_flight();
	undos = NIL;
	cfdw_http_begin_abort(ABORT_LIMIT_MS);
	for (int i = list_length(todo) - 1; i >= 0; i--)
	{
		Undo *undo = list_nth(todo, i);

		if (!take_back_one(undo))
			ereport(
				WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg(
					 "changes that are rolled back here stay on server \"%s\"",
					 undo->server),
				 errdetail_internal("%s", undo->rows)));
	}
	cfdw_http_end_abort();
}

static bool
take_back_one(const Undo *undo)
{
	MemoryContext caller = CurrentMemoryContext;
	volatile bool done = false;

	if (undo->batch == NULL)
		return undo->complete;
	PG_TRY();
	{
		cfdw_remote_send(undo->batch, ABORT_LIMIT_MS);
		cfdw_remote_receive(undo->batch);
		done = undo->complete;
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		/* A list that is gone need not be deleted. */
		done = undo->complete && undo->batch->by_verb[CFDW_DELETE].n > 0 &&
			   geterrcode() == ERRCODE_T_R_SERIALIZATION_FAILURE;
		FlushErrorState();
	}
	PG_END_TRY();
	return done;
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

static void
on_transaction(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
			cfdw_flush_account(NULL);
			break;
		case XACT_EVENT_PRE_PREPARE:
			refuse_prepare();
			break;
		case XACT_EVENT_ABORT:
			take_back();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_PREPARE:
			warn_in_flight();
			undos = NIL;
			in_flight = NIL;
			break;
		default:
			break;
	}
}
