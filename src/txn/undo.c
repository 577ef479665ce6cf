/*-------------------------------------------------------------------------
 *
 * undo.c
 *	  Taking back what an account has accepted.
 *
 * For each batch that an account has accepted, the batch that takes it back is
 * made at once: added rows are deleted, updated ones get the values back that
 * they had; a delete cannot be undone.  When the transaction aborts they are
 * sent, the last one first.  Nothing in there raises, waits on the latch, looks
 * at a catalog or takes longer than ABORT_LIMIT_MS.
 *
 * Must not know when something is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "txn/batch.h"
#include "txn/match.h"
#include "txn/name.h"
#include "txn/undo.h"

/* All that an abort may take for its requests. */
#define ABORT_LIMIT_MS 10000

/* What takes an accepted row back. */
typedef struct UndoRow
{
	int64 id;
	CfdwTracked *tracked; /* or NULL */
	CfdwRow *row;         /* of an update: the values that it had; of others
						   * nothing but the id, so made when it is needed */
	char *body;           /* the payload for it alone, likewise */
	size_t body_len;
	bool undoable; /* there is something to be sent for it */
	bool stays;    /* what was accepted, or some of it */
} UndoRow;

/* What takes a batch of accepted rows back. */
typedef struct Undo
{
	CfdwVerb verb; /* that was accepted */
	bool unsure;   /* nobody knows whether it was: others warn of that */
	bool tried;    /* it is to be taken back; else only the warning is due */
	CfdwSession *session;
	const CfdwResource *resource;
	const char *path;
	int nrows;
	UndoRow *rows;
	CfdwBatch *batch; /* made before for updates; else, or when there is
					   * nothing to send, NULL */
} Undo;

/* In TopTransactionContext; the last made is the first to be sent. */
static List *undos = NIL;

static void remember(const CfdwTarget *target, CfdwSession *session,
					 List *orders, bool unsure);
static Undo *make_undo(const CfdwTarget *target, CfdwVerb verb, List *orders);
static bool leaves_nothing(const CfdwOrder *order);
static void undo_update(const Undo *undo, const CfdwOrder *order, UndoRow *one);
static CfdwVerb undoing_verb(CfdwVerb verb);
static CfdwRow *row_of(const Undo *undo, UndoRow *one);
static void prepare(Undo *undo);
static void prepare_row(const Undo *undo, UndoRow *one);
static void run_one(Undo *undo);
static void run_rows(Undo *undo);
static void finish_row(const Undo *undo, UndoRow *one, bool done,
					   bool confirmed);
static void try_row(const Undo *undo, UndoRow *one);
static void warn(const Undo *undo);
static bool is_gone(const Undo *undo, const UndoRow *one);

/*
 * Makes what takes ORDERS back, a list of CfdwOrder that an account has just
 * accepted, before the journal notes that.  Raises an error only for want of
 * memory.
 */
void
cfdw_undo_remember(const CfdwTarget *target, CfdwSession *session, List *orders)
{
	remember(target, session, orders, false);
}

/*
 * The same for orders of which nobody knows whether the account has accepted
 * them.
 */
void
cfdw_undo_doubt(const CfdwTarget *target, CfdwSession *session, List *orders)
{
	remember(target, session, orders, true);
}

/*
 * The transaction aborts: takes everything back, and says what could not be.
 * Never raises.
 */
void
cfdw_undo_run(void)
{
	List *todo = undos;

	undos = NIL;
	cfdw_http_begin_abort(ABORT_LIMIT_MS);
	for (int i = list_length(todo) - 1; i >= 0; i--)
	{
		Undo *undo = list_nth(todo, i);

		run_one(undo);
		if (!undo->unsure)
			warn(undo);
	}
	cfdw_http_end_abort();
}

/*
 * The transaction has committed.
 */
void
cfdw_undo_forget(void)
{
	undos = NIL;
}

static void
remember(const CfdwTarget *target, CfdwSession *session, List *orders,
		 bool unsure)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

	cfdw_session_pin(session);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		Undo *undo = make_undo(target, verb, orders);

		if (undo->nrows == 0)
			continue;
		undo->unsure = unsure;
		undo->tried = target->undo;
		undo->session = session;
		undo->path = target->account->path;
		if (undo->tried && verb == CFDW_UPDATE)
			prepare(undo);
		undos = lappend(undos, undo);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * What takes those of ORDERS back that are of one verb; nothing is ready to be
 * sent yet.
 */
static Undo *
make_undo(const CfdwTarget *target, CfdwVerb verb, List *orders)
{
	Undo *undo = palloc0(sizeof(Undo));
	ListCell *lc;

	undo->verb = verb;
	undo->resource = target->account->resource;
	foreach(lc, orders)
	{
		const CfdwOrder *order = lfirst(lc);
		UndoRow *one;

		if (order->verb != verb || leaves_nothing(order))
			continue;
		if (undo->rows == NULL)
			undo->rows = palloc0(sizeof(UndoRow) * list_length(orders));
		one = &undo->rows[undo->nrows++];
		one->id = order->row->id;
		one->tracked = order->tracked;
		one->stays = verb == CFDW_DELETE || !target->undo;
		one->undoable = verb == CFDW_ADD;
		if (verb == CFDW_UPDATE)
			undo_update(undo, order, one);
	}
	return undo;
}

/*
 * Whether a change vanishes with the row: that was added in this transaction,
 * and its add is taken back too.
 */
static bool
leaves_nothing(const CfdwOrder *order)
{
	return order->verb != CFDW_ADD && order->tracked->number > 0;
}

/*
 * Fills in what undoes an update, and whether that is all known.
 */
static void
undo_update(const Undo *undo, const CfdwOrder *order, UndoRow *one)
{
	const CfdwTracked *tracked = order->tracked;
	CfdwRow *row = row_of(undo, one);

	for (int key = 0; key < row->resource->ncolumns; key++)
	{
		if (order->row->values[key] == NULL)
			continue;
		row->values[key] = tracked->there[key] != NULL ? tracked->there[key]
													   : tracked->before[key];
		if (row->values[key] == NULL)
			one->stays = true;
	}
	one->undoable = !cfdw_row_is_empty(row);
}

/*
 * The verb that takes another one back.
 */
static CfdwVerb
undoing_verb(CfdwVerb verb)
{
	return verb == CFDW_ADD ? CFDW_DELETE : CFDW_UPDATE;
}

/*
 * What a row is in a request.
 */
static CfdwRow *
row_of(const Undo *undo, UndoRow *one)
{
	if (one->row == NULL)
	{
		one->row = cfdw_row_create(undo->resource);
		one->row->id = one->id;
	}
	return one->row;
}

/*
 * Makes the requests.  Those of updates are made before the abort: their texts
 * have to be converted to UTF-8, and within one that is not possible.
 */
static void
prepare(Undo *undo)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	CfdwRows *undone = &by_verb[undoing_verb(undo->verb)];

	for (int i = 0; i < undo->nrows; i++)
		if (undo->rows[i].undoable)
			cfdw_row_append(undone, row_of(undo, &undo->rows[i]));
	if (undone->n == 0)
		return;
	undo->batch =
		cfdw_batch_create(undo->session, undo->resource, undo->path, by_verb);
	for (int i = 0; undo->verb == CFDW_UPDATE && i < undo->nrows; i++)
		if (undo->rows[i].undoable)
			prepare_row(undo, &undo->rows[i]);
}

static void
prepare_row(const Undo *undo, UndoRow *one)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	cfdw_row_append(&by_verb[CFDW_UPDATE], row_of(undo, one));
	one->body = cfdw_codec_payload(undo->resource, by_verb, &one->body_len);
}

/*
 * Lets the account take back what can be, and notes what stays.  Never raises:
 * want of memory, or of descriptors, is one more reason why rows stay.
 */
static void
run_one(Undo *undo)
{
	MemoryContext caller = CurrentMemoryContext;

	PG_TRY();
	{
		if (undo->tried && undo->verb == CFDW_ADD)
			prepare(undo);
		if (undo->batch != NULL)
			run_rows(undo);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller);
		FlushErrorState();
		for (int i = 0; i < undo->nrows; i++)
			finish_row(undo, &undo->rows[i], false, false);
	}
	PG_END_TRY();
}

static void
run_rows(Undo *undo)
{
	bool done = cfdw_match_try(undo->batch, ABORT_LIMIT_MS);

	/* One that is gone may keep the account from doing the others. */
	bool one_by_one = !done && undo->nrows > 1 &&
					  (undo->verb == CFDW_ADD || undo->batch->gone);

	for (int i = 0; i < undo->nrows; i++)
	{
		UndoRow *one = &undo->rows[i];
		bool confirmed = cfdw_match_confirms(undo->batch, one->id);

		if (!one->undoable)
			continue;
		if (!done && !confirmed && one_by_one)
			try_row(undo, one);
		else
			finish_row(undo, one, done || confirmed, confirmed);
	}
}

/*
 * The account has taken a row back, or not.  One that it does not have any more
 * counts as taken back, but only CONFIRMED says that it has it, as it was.
 */
static void
finish_row(const Undo *undo, UndoRow *one, bool done, bool confirmed)
{
	one->stays = one->stays || !done;
	if (one->tracked == NULL)
		return;
	if (!done && undo->unsure)
		one->tracked->unsettled = true;
	else if (undo->verb == CFDW_ADD && done)
		cfdw_journal_vanished(one->tracked);
	else if (confirmed)
		cfdw_journal_resolve(one->tracked, one->row);
}

static void
try_row(const Undo *undo, UndoRow *one)
{
	CfdwVerb verb = undoing_verb(undo->verb);
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	CfdwBatch *batch;
	bool done;

	cfdw_row_append(&by_verb[verb], row_of(undo, one));
	/* A delete names an id, and there is nothing to convert. */
	if (one->body == NULL)
		one->body = cfdw_codec_payload(undo->resource, by_verb, &one->body_len);
	batch = cfdw_batch_part(undo->batch, by_verb, one->body, one->body_len);
	done = cfdw_match_try(batch, ABORT_LIMIT_MS);
	finish_row(undo, one, done, cfdw_match_confirms(batch, one->id));
}

/*
 * Whether the account was told to delete an added or updated row, too, and has.
 */
static bool
is_gone(const Undo *undo, const UndoRow *one)
{
	return undo->verb != CFDW_DELETE && one->tracked != NULL &&
		   cfdw_journal_is_deleted(one->tracked);
}

/*
 * Names the rows that stay.
 */
static void
warn(const Undo *undo)
{
	CfdwAction action = {0};
	CfdwRows left = {0};

	cfdw_session_describe(undo->session, &action);
	for (int i = 0; i < undo->nrows; i++)
		if (undo->rows[i].stays && !is_gone(undo, &undo->rows[i]))
			cfdw_row_append(&left, row_of(undo, &undo->rows[i]));
	if (left.n > 0)
		cfdw_report_at_end(
			ERRCODE_WARNING,
			psprintf("changes that are rolled back here stay on server \"%s\"",
					 action.server),
			cfdw_name_rows(undo->verb, &left), NULL);
}
