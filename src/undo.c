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

#include "remote.h"
#include "undo.h"

/* All that an abort may take for its requests. */
#define ABORT_LIMIT_MS 10000

/* What takes accepted rows back. */
typedef struct Undo
{
	CfdwVerb verb;     /* that was accepted */
	CfdwBatch *batch;  /* or NULL: nothing to send */
	char *server;      /* for a message, and so are ... */
	CfdwRows accepted; /* ... these, by their ids, when the batch fails ... */
	CfdwRows left;     /* ... and those of them that it does not undo */
} Undo;

/* In TopTransactionContext; the last made is the first to be sent. */
static List *undos = NIL;

static void remember_verb(const CfdwTarget *target, CfdwSession *session,
						  CfdwVerb verb, List *orders);
static bool has_verb(const List *orders, CfdwVerb verb);
static bool leaves_nothing(const CfdwOrder *order);
static bool undo_row(const CfdwOrder *order, CfdwRow *row);
static bool has_values(const CfdwRow *row);
static void append_row(CfdwRows *rows, CfdwRow *row, int size);
static bool run_one(const Undo *undo);
static bool try_row(const CfdwBatch *batch, CfdwVerb verb, CfdwRow *row);

/*
 * Makes what takes ORDERS back, a list of CfdwOrder that an account has just
 * accepted, before the journal notes that.  Raises an error only for want of
 * memory.
 */
void
cfdw_undo_remember(const CfdwTarget *target, CfdwSession *session, List *orders)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);

	cfdw_session_pin(session);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		remember_verb(target, session, verb, orders);
	MemoryContextSwitchTo(caller);
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

		const CfdwRows *left = run_one(undo) ? &undo->left : &undo->accepted;

		if (left->n > 0)
			ereport(
				WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg(
					 "changes that are rolled back here stay on server \"%s\"",
					 undo->server),
				 errdetail_internal("%s",
									cfdw_remote_name_rows(undo->verb, left))));
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

/*
 * Makes what takes those of ORDERS back that are of one verb.
 */
static void
remember_verb(const CfdwTarget *target, CfdwSession *session, CfdwVerb verb,
			  List *orders)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	CfdwRows *undone = &by_verb[verb == CFDW_ADD ? CFDW_DELETE : CFDW_UPDATE];
	int max = list_length(orders);
	CfdwAction action = {0};
	CfdwRow *rows;
	Undo *undo;
	ListCell *lc;

	if (!has_verb(orders, verb))
		return;
	undo = palloc0(sizeof(Undo));
	rows = palloc0(sizeof(CfdwRow) * max);
	foreach(lc, orders)
	{
		CfdwOrder *order = lfirst(lc);
		CfdwRow *row;

		if (order->verb != verb || leaves_nothing(order))
			continue;
		row = &rows[undo->accepted.n];
		row->id = order->row.id;
		append_row(&undo->accepted, row, max);
		if (!undo_row(order, row) || !target->undo)
			append_row(&undo->left, row, max);
		if (verb == CFDW_ADD || has_values(row))
			append_row(undone, row, max);
	}
	if (undo->accepted.n == 0)
		return;

	cfdw_session_describe(session, &action);
	undo->verb = verb;
	undo->server = pstrdup(action.server);
	if (target->undo && undone->n > 0)
		undo->batch =
			cfdw_remote_batch(session, pstrdup(target->account->path), by_verb);
	undos = lappend(undos, undo);
}

static bool
has_verb(const List *orders, CfdwVerb verb)
{
	ListCell *lc;

	foreach(lc, orders)
		if (((CfdwOrder *) lfirst(lc))->verb == verb)
			return true;
	return false;
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
 * Fills in what undoes a change; false when that is not wholly known.
 */
static bool
undo_row(const CfdwOrder *order, CfdwRow *row)
{
	const CfdwTracked *tracked = order->tracked;
	bool complete = order->verb != CFDW_DELETE;

	for (int key = 0; order->verb == CFDW_UPDATE && key < CFDW_NKEYS; key++)
	{
		if (order->row.values[key] == NULL)
			continue;
		row->values[key] = tracked->there[key] != NULL ? tracked->there[key]
													   : tracked->before[key];
		complete = complete && row->values[key] != NULL;
	}
	return complete;
}

static bool
has_values(const CfdwRow *row)
{
	for (int key = 0; key < CFDW_NKEYS; key++)
		if (row->values[key] != NULL)
			return true;
	return false;
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
 * Whether the account has taken back what can be.
 */
static bool
run_one(const Undo *undo)
{
	CfdwVerb verb = CFDW_DELETE;
	const CfdwRows *rows;
	bool done;

	if (undo->batch == NULL)
		return true;
	if (undo->batch->by_verb[verb].n == 0)
		verb = CFDW_UPDATE;
	rows = &undo->batch->by_verb[verb];
	done = cfdw_remote_try(undo->batch, ABORT_LIMIT_MS);

	/* One that is gone may keep the account from doing the others. */
	if (!done && rows->n > 1 && (verb == CFDW_DELETE || undo->batch->gone))
	{
		done = true;
		for (int i = 0; i < rows->n; i++)
			done = try_row(undo->batch, verb, rows->rows[i]) && done;
	}
	return done;
}

static bool
try_row(const CfdwBatch *batch, CfdwVerb verb, CfdwRow *row)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	by_verb[verb].n = 1;
	by_verb[verb].rows = &row;
	return cfdw_remote_confirms(batch, row->id) ||
		   cfdw_remote_try(
			   cfdw_remote_batch(batch->session, batch->action.path, by_verb),
			   ABORT_LIMIT_MS);
}
