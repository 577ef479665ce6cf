/*-------------------------------------------------------------------------
 *
 * send.c
 *	  Telling accounts what they have not been told.
 *
 * Owns how operations go out: in batches, one after the other to each server, to
 * all servers at the same time; when a batch is sent again; and what follows when
 * one fails.  Each verdict goes into the ledger as soon as it is there, so that
 * whatever comes next, a cancel too, the difference says what is left to do.
 *
 * An abort sends in the same way, but nothing in it raises or looks at a catalog,
 * and each server goes on for itself: one that refuses to answer is left alone, one
 * that asks to wait is given the time, and a batch is parted when its answer was
 * about single rows.
 *
 * Must not know what a row is to be, nor how a reply is matched to rows.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "net/client.h"
#include "net/clock.h"
#include "read/cursor.h"
#include "txn/batch.h"
#include "txn/match.h"
#include "txn/name.h"
#include "txn/remain.h"
#include "txn/send.h"
#include "compat.h"

/* In an abort an account that does not answer is asked so often, in all. */
#define ABORT_ATTEMPTS 2

/* What goes to one account. */
typedef struct CfdwLane
{
	dlist_node link; /* in lanes */
	CfdwAccount *account;
	dlist_head waiting; /* of CfdwBatch */
	CfdwBatch *batch;   /* in flight; or NULL */
	int nbatches;       /* that were packed ... */
	int64 nrows;        /* ... with so many operations */
	int nlaunched;      /* of those batches ... */
	int64 nreceived;    /* ... and operations of which there is an answer */
	int lost;           /* in an abort: attempts that were not answered */
	bool stopped;       /* in an abort: nothing more is sent */
} CfdwLane;

/* Operations on their way. */
typedef struct Sending
{
	bool aborting;
	TimestampTz start;
	int64 start_us;    /* the same by cfdw_clock_us() ... */
	int64 deadline_us; /* ... and the end of an abort */
	int phase;         /* batches of later ones have to wait */
	dlist_head lanes;
	int nlanes;
	CfdwBatch *failed; /* the first that has; then no more are sent */
} Sending;

/* In flight, in TopTransactionContext or below; NULL: nothing is. */
static Sending *current = NULL;

static void find_sessions(dlist_head *operations);
static void refuse_unknown_adds(dlist_head *operations);
static CfdwRow *told_row(const CfdwLedgerRow *row);
static void pack_phase(Sending *sending, dlist_head *operations, int phase);
static void pack(Sending *sending, CfdwOperation *operation, CfdwVerb verb);
static bool is_of_kind(const Sending *sending, const CfdwBatch *batch,
					   const CfdwTarget *target);
static CfdwLane *open_lane(Sending *sending, CfdwAccount *account);
static void run(Sending *sending);
static void launch(Sending *sending, CfdwLane *lane);
static void write_next(CfdwLane *lane);
static void receive(Sending *sending, CfdwLane *lane);
static bool repeat(const Sending *sending, CfdwLane *lane);
static bool is_lost(CfdwAnswer answer);
static void apply(CfdwBatch *batch);
static void tell_sources(const CfdwBatch *batch);
static void go_on_aborting(CfdwLane *lane, CfdwBatch *batch);
static bool is_about_rows(const CfdwBatch *batch, long status);
static void part(CfdwLane *lane, CfdwBatch *batch);
static void close_lanes(Sending *sending);
pg_noreturn static void raise_failure(Sending *sending);
pg_noreturn static void report_too_late(const CfdwBatch *batch);
static char *find_lookalikes(const Sending *sending, CfdwBatch *batch);

/*
 * Sends OPERATIONS, a list of CfdwOperation: one verb after the other, in the order
 * in which they stand there.  When one fails, what is on its way is waited for
 * before the error is raised: of report.c, 42704 when there is no user mapping,
 * 55000 when a server has moved, 08007 for a row whose add has gone out before to
 * an unknown end, 57014 and 57P01 when the backend is told to stop.
 */
void
cfdw_send(dlist_head *operations)
{
	MemoryContext context;
	MemoryContext caller;
	Sending *sending;

	if (dlist_is_empty(operations))
		return;
	refuse_unknown_adds(operations);
	find_sessions(operations);
	cfdw_client_prepare();
	context = AllocSetContextCreate(
		TopTransactionContext, "catalogs_fdw sending", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	sending = palloc0(sizeof(Sending));
	sending->start = GetCurrentTimestamp();
	sending->start_us = cfdw_clock_us();
	dlist_init(&sending->lanes);
	PG_TRY();
	{
		current = sending;
		for (int i = 0; i < CFDW_NVERBS; i++)
			pack_phase(sending, operations, i);
		for (; sending->phase < CFDW_NVERBS && sending->failed == NULL;
			 sending->phase++)
			run(sending);
		if (sending->failed != NULL)
			raise_failure(sending);
	}
	PG_FINALLY();
	{
		cfdw_send_abandon();
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(context);
	}
	PG_END_TRY();
}

/*
 * The same within an abort, for LIMIT_MS.  What cannot be sent is left.  Never
 * raises.
 */
void
cfdw_send_in_abort(dlist_head *operations, int limit_ms)
{
	Sending sending = {
		.aborting = true, .phase = CFDW_NVERBS, .start = GetCurrentTimestamp()};

	if (dlist_is_empty(operations))
		return;
	sending.deadline_us = cfdw_clock_us() + limit_ms * INT64CONST(1000);
	dlist_init(&sending.lanes);
	cfdw_call_begin_abort(limit_ms);
	for (int i = 0; i < CFDW_NVERBS; i++)
		pack_phase(&sending, operations, i);
	run(&sending);
	close_lanes(&sending);
	cfdw_call_end_abort();
}

/*
 * An error, or the end of the backend, has come while batches were on their way:
 * they are taken off, and of those that have gone out nobody will know what
 * became.  Never raises.
 */
void
cfdw_send_abandon(void)
{
	Sending *sending = current;
	dlist_iter iter;

	current = NULL;
	if (sending == NULL)
		return;
	dlist_foreach(iter, &sending->lanes)
	{
		CfdwBatch *batch = dlist_container(CfdwLane, link, iter.cur)->batch;
		bool sent;

		if (batch == NULL || batch->call == NULL)
			continue;
		sent = batch->unsure || cfdw_call_response(batch->call)->sent;
		cfdw_call_end(batch->call);
		batch->target->account->given_up = true;
		for (int i = 0; i < batch->n; i++)
			batch->operations[i]->verdict = sent ? CFDW_UNKNOWN : CFDW_NOT_SENT;
		apply(batch);
	}
	close_lanes(sending);
}

/*
 * Finds the session of each operation's target before anything goes out.
 */
static void
find_sessions(dlist_head *operations)
{
	CfdwTarget *last = NULL;
	dlist_iter iter;

	dlist_foreach(iter, operations)
	{
		CfdwTarget *target =
			dlist_container(CfdwOperation, link, iter.cur)->target;
		CfdwSession *session;

		if (target == last)
			continue;
		session = cfdw_session_get(target->serverid, target->userid);
		last = target;
		if (strcmp(cfdw_session_options(session)->url, target->account->url) !=
			0)
			ereport(
				ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg(
					 "cannot send changes to foreign table \"%s\": its server has moved meanwhile",
					 target->table),
				 errdetail(
					 "The option \"url\" is not what it was when the rows were changed."),
				 errhint("Run the transaction again.")));
		cfdw_session_pin(session);
		target->session = session;
	}
}

/*
 * Raises 08007 when adds were sent before, and nobody knows what became of them:
 * the error that said so went no further than to a savepoint.
 */
static void
refuse_unknown_adds(dlist_head *operations)
{
	CfdwRows unknown = {0};
	const char *table = NULL;
	dlist_iter iter;

	dlist_foreach(iter, operations)
	{
		CfdwOperation *operation =
			dlist_container(CfdwOperation, link, iter.cur);

		if (operation->verb != CFDW_ADD ||
			operation->row->presence != CFDW_IN_DOUBT)
			continue;
		cfdw_row_append(&unknown, told_row(operation->row));
		table = operation->target->table;
		cfdw_remain_tell(operation->row);
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
			 errhint("Check the account before you repeat the transaction.")));
}

/*
 * A row by the name that the account was told, which it may have no more.
 */
static CfdwRow *
told_row(const CfdwLedgerRow *row)
{
	const CfdwResource *resource = row->account->resource;
	CfdwRow *told = cfdw_row_create(resource);

	told->values[resource->name] = row->values[resource->name].told;
	return told;
}

/*
 * Puts the operations of a phase into batches.  Of one that may hold all verbs
 * the delete is what counts.
 */
static void
pack_phase(Sending *sending, dlist_head *operations, int phase)
{
	dlist_iter iter;

	dlist_foreach(iter, operations)
	{
		CfdwOperation *operation =
			dlist_container(CfdwOperation, link, iter.cur);
		bool combine = operation->target->combine && !sending->aborting;
		CfdwVerb verb = combine ? CFDW_DELETE : operation->verb;

		if (cfdw_difference_phase(verb) == phase)
			pack(sending, operation, verb);
	}
}

/*
 * Puts an operation into a batch of its account that has room for it, or into a
 * new one.  Without memory it is left.
 */
static void
pack(Sending *sending, CfdwOperation *operation, CfdwVerb verb)
{
	CfdwTarget *target = operation->target;
	CfdwLane *lane = open_lane(sending, target->account);
	CfdwBatch *batch = NULL;
	dlist_iter iter;

	/* The caller's may be gone when an abort begins. */
	if (!sending->aborting)
		operation = cfdw_difference_copy(operation);
	if (lane == NULL || operation == NULL)
		return;
	dlist_reverse_foreach(iter, &lane->waiting)
	{
		CfdwBatch *candidate = dlist_container(CfdwBatch, link, iter.cur);

		/* Those before a full one of its kind are full, too. */
		if (candidate->verb != verb)
			break;
		if (!is_of_kind(sending, candidate, target))
			continue;
		if (candidate->n < candidate->max)
			batch = candidate;
		break;
	}
	if (batch == NULL)
	{
		batch = cfdw_batch_create(target, target->batch_size);
		if (batch == NULL)
			return;
		batch->verb = verb;
		batch->aborting = sending->aborting;
		lane->nbatches++;
		dlist_push_tail(&lane->waiting, &batch->link);
	}
	batch->operations[batch->n++] = operation;
	lane->nrows++;
}

/*
 * Whether a batch is one for operations of TARGET.  In an abort it matters only
 * who asks.
 */
static bool
is_of_kind(const Sending *sending, const CfdwBatch *batch,
		   const CfdwTarget *target)
{
	if (sending->aborting)
		return batch->target->session == target->session;
	return batch->target->mapping == target->mapping &&
		   batch->target->batch_size == target->batch_size &&
		   batch->target->combine == target->combine;
}

/*
 * The lane of an account; NULL when there is no memory for it.
 */
static CfdwLane *
open_lane(Sending *sending, CfdwAccount *account)
{
	CfdwLane *lane = account->lane;

	if (lane != NULL)
		return lane;
	lane = cfdw_ledger_alloc(sizeof(CfdwLane));
	if (lane == NULL)
		return NULL;
	lane->account = account;
	dlist_init(&lane->waiting);
	dlist_push_tail(&sending->lanes, &lane->link);
	sending->nlanes++;
	account->lane = lane;
	return lane;
}

/*
 * Sends what waits, one batch after the other to each account, but to all
 * accounts at the same time; until all is answered, or one has failed and nothing
 * is in flight any more.
 */
static void
run(Sending *sending)
{
	CfdwCall **calls =
		cfdw_ledger_alloc(sizeof(CfdwCall *) * Max(sending->nlanes, 1));

	while (calls != NULL)
	{
		dlist_iter iter;
		int n = 0;

		dlist_foreach(iter, &sending->lanes)
		{
			CfdwLane *lane = dlist_container(CfdwLane, link, iter.cur);

			launch(sending, lane);
			if (lane->batch != NULL)
				calls[n++] = lane->batch->call;
		}
		if (n == 0)
			break;
		dlist_foreach(iter, &sending->lanes)
		{
			write_next(dlist_container(CfdwLane, link, iter.cur));
		}
		cfdw_call_await_any(calls, n);
		dlist_foreach(iter, &sending->lanes)
		{
			CfdwLane *lane = dlist_container(CfdwLane, link, iter.cur);

			if (lane->batch != NULL && cfdw_call_is_ready(lane->batch->call))
				receive(sending, lane);
		}
	}
}

/*
 * Sends the next batch of a lane, when that is idle and may go on.
 */
static void
launch(Sending *sending, CfdwLane *lane)
{
	int64 deadline_us = sending->deadline_us;
	CfdwBatch *batch;

	if (lane->batch != NULL || lane->stopped || sending->failed != NULL ||
		dlist_is_empty(&lane->waiting))
		return;
	batch = dlist_head_element(CfdwBatch, link, &lane->waiting);
	if (cfdw_difference_phase(batch->verb) > sending->phase)
		return;
	dlist_delete(&batch->link);
	batch->work =
		(CfdwWork){.activity = sending->aborting ? CFDW_TAKES_BACK : CFDW_SENDS,
				   .since = sending->start,
				   .rows = lane->nreceived,
				   .all_rows = lane->nrows,
				   .batch = ++lane->nlaunched,
				   .batches = lane->nbatches};
	if (!sending->aborting)
		deadline_us =
			sending->start_us +
			cfdw_session_options(batch->target->session)->commit_timeout_ms *
				INT64CONST(1000);
	if (deadline_us - cfdw_clock_us() <
		CFDW_DEADLINE_SLACK_MS * INT64CONST(1000))
	{
		lane->stopped = batch->too_late = true;
		if (sending->aborting)
			lane->account->why = _("There was no time left.");
		sending->failed = batch;
	}
	else if (cfdw_batch_start(batch, deadline_us))
		lane->batch = batch;
	else if (!sending->aborting)
		sending->failed = batch;
}

/*
 * While an account answers, its next batch is written: then that can go out at once.
 */
static void
write_next(CfdwLane *lane)
{
	if (lane->batch != NULL && !dlist_is_empty(&lane->waiting))
		cfdw_batch_write(dlist_head_element(CfdwBatch, link, &lane->waiting));
}

/*
 * Takes the answer to the batch of a lane, or sends the batch again.
 */
static void
receive(Sending *sending, CfdwLane *lane)
{
	CfdwBatch *batch = lane->batch;

	cfdw_batch_read(batch);
	cfdw_match(batch, cfdw_call_response(batch->call));
	if (repeat(sending, lane))
		return;
	lane->batch = NULL;
	lane->nreceived += batch->n;
	if (batch->answer != CFDW_ANSWER_NOT_SENT &&
		batch->answer != CFDW_ANSWER_UNKNOWN)
		lane->account->given_up = false;
	apply(batch);
	tell_sources(batch);
	if (sending->aborting)
	{
		go_on_aborting(lane, batch);
		cfdw_batch_end(batch);
	}
	else if (cfdw_batch_succeeded(batch))
		cfdw_batch_end(batch);
	else if (sending->failed == NULL)
		sending->failed = batch;
}

/*
 * Sends a batch once more when its answer says nothing of it, and the account then
 * is as if it had been sent once: an add must not have gone out.
 */
static bool
repeat(const Sending *sending, CfdwLane *lane)
{
	CfdwBatch *batch = lane->batch;
	const CfdwResponse *response = cfdw_call_response(batch->call);
	bool adds = cfdw_batch_has(batch, CFDW_ADD);
	CfdwAnswer answer = batch->answer;
	int wait_s = batch->problem.retry_after_s;

	/* An abort signs in once, but when it is to wait before. */
	if (sending->aborting && response->signing_in)
		return cfdw_answer_of(response, 0) == CFDW_ANSWER_LATER &&
			   cfdw_call_repeat(batch->call, CFDW_ANSWER_LATER, 0, !adds);
	if (sending->aborting && is_lost(answer) && ++lane->lost >= ABORT_ATTEMPTS)
		return false;
	if (response->signing_in)
		answer = cfdw_call_login_answer(batch->call, &wait_s);
	else if (batch->reply.named &&
			 (answer == CFDW_ANSWER_SIGN_IN || answer == CFDW_ANSWER_LATER))
		answer = CFDW_ANSWER_UNKNOWN; /* of some rows it says otherwise */
	if (response->sent && is_lost(answer) && !adds)
		batch->unsure = true;
	return cfdw_call_repeat(batch->call, answer, wait_s, !adds);
}

static bool
is_lost(CfdwAnswer answer)
{
	return answer == CFDW_ANSWER_NOT_SENT || answer == CFDW_ANSWER_UNKNOWN;
}

/*
 * Takes the verdicts of a batch in.
 */
static void
apply(CfdwBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verdict == CFDW_NO_ROW && operation->may_be_absent)
		{
			cfdw_journal_no_row(operation->row);
			continue;
		}
		cfdw_ledger_apply(operation->row, operation->target, operation->verb,
						  operation->data, operation->verdict);
		if (operation->verdict != CFDW_CONFIRMED)
			continue;
		cfdw_statistics_count(
			cfdw_session_statistics(operation->target->session),
			CFDW_COUNT_ROWS_CHANGED + operation->verb, 1);
		cfdw_difference_settle(operation->row);
	}
	for (int i = 0; i < batch->nstrays; i++)
		cfdw_ledger_stray(batch->target, batch->strays[i]);
}

/*
 * Lets who asked for it know what became of it.
 */
static void
tell_sources(const CfdwBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		const CfdwOperation *operation = batch->operations[i];

		if (operation->source == NULL)
			continue;
		operation->source->verdict = operation->verdict;
		operation->source->data->id = operation->data->id;
	}
}

/*
 * In an abort: what an answer means for what else waits for its account.
 */
static void
go_on_aborting(CfdwLane *lane, CfdwBatch *batch)
{
	const CfdwResponse *response = cfdw_call_response(batch->call);
	int code;

	switch (batch->answer)
	{
		case CFDW_ANSWER_DONE:
		case CFDW_ANSWER_EMPTY:
			part(lane, batch);
			break;
		case CFDW_ANSWER_REFUSED:
			if (is_about_rows(batch, response->status))
				part(lane, batch);
			else
				lane->stopped = true;
			break;
		case CFDW_ANSWER_NOT_SENT:
		case CFDW_ANSWER_UNKNOWN:
			lane->stopped =
				response->signing_in || lane->lost >= ABORT_ATTEMPTS;
			break;
		default:
			lane->stopped = true;
	}
	if (cfdw_batch_succeeded(batch))
		return;
	code = batch->refusal != NULL ? batch->refusal->code : batch->problem.code;
	lane->account->why = cfdw_answer_why(response, batch->answer, code);
	cfdw_batch_count_error(batch, lane->account->why);
}

/*
 * Whether a refusal can be about single rows: it names them, gives a code, or has a
 * status that says what was sent is at fault.
 */
static bool
is_about_rows(const CfdwBatch *batch, long status)
{
	return batch->reply.nerrors > 0 || batch->problem.code != 0 ||
		   status == 200 || status == 400 || status == 413 || status == 422;
}

/*
 * In an abort: one row may keep the account from doing the others.  What it has
 * not done of a batch waits to be sent anew: as one batch when it has done some, in
 * halves when it has done none.
 */
static void
part(CfdwLane *lane, CfdwBatch *batch)
{
	int left = 0;

	for (int i = 0; i < batch->n; i++)
		if (batch->operations[i]->verdict == CFDW_REFUSED)
			batch->operations[left++] = batch->operations[i];
	if (left == 0 || batch->n == 1)
		return;
	for (int start = 0, size; start < left; start += size)
	{
		CfdwBatch *rest;

		size = left < batch->n ? left : (left + 1) / 2;
		size = Min(size, left - start);
		rest = cfdw_batch_create(batch->target, size);
		if (rest == NULL)
			return;
		rest->n = size;
		rest->aborting = true;
		memcpy(rest->operations, batch->operations + start,
			   sizeof(CfdwOperation *) * size);
		dlist_push_tail(&lane->waiting, &rest->link);
		lane->nbatches++;
		lane->nreceived -= size;
	}
}

/*
 * Nothing is in flight.
 */
static void
close_lanes(Sending *sending)
{
	dlist_iter iter;

	dlist_foreach(iter, &sending->lanes)
	{
		dlist_container(CfdwLane, link, iter.cur)->account->lane = NULL;
	}
}

/*
 * Raises the error for the batch that failed first.
 */
static void
raise_failure(Sending *sending)
{
	CfdwBatch *batch = sending->failed;
	char *lookalikes;

	if (batch->too_late)
		report_too_late(batch);
	if (batch->call == NULL)
		cfdw_batch_refuse(batch);
	/* Before: a cancel of it tells nothing of the rows. */
	lookalikes = find_lookalikes(sending, batch);
	/* An error that the client is told tells all there is to say.  But one of a
	 * login names no rows, and of an own add that was to be deleted it is the add
	 * that may remain. */
	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verdict == CFDW_UNKNOWN &&
			!cfdw_call_response(batch->call)->signing_in &&
			(operation->verb != CFDW_DELETE || !operation->row->is_added))
			cfdw_remain_tell(operation->row);
	}
	cfdw_batch_report(batch, lookalikes);
}

/*
 * Raises 08006: "commit_timeout" was over before the batch was sent.
 */
static void
report_too_late(const CfdwBatch *batch)
{
	const CfdwSession *session = batch->target->session;
	CfdwAction action = {.timeout_ms =
							 cfdw_session_options(session)->commit_timeout_ms};

	cfdw_session_describe(session, &action);
	cfdw_report_too_late(&action, batch->target->table);
}

/*
 * When the fate of added rows is not known, helps a person to decide: names the
 * lists in the account that bear their names and came since the sending began.
 * NULL: there are none, or they are not to be had.
 */
static char *
find_lookalikes(const Sending *sending, CfdwBatch *batch)
{
	const CfdwTarget *target = batch->target;
	const CfdwAccount *account = target->account;
	int limit_ms = cfdw_session_options(target->session)->commit_timeout_ms;
	int64 left_ms = limit_ms - (cfdw_clock_us() - sending->start_us) / 1000;
	MemoryContext caller = CurrentMemoryContext;
	CfdwRows added = {0};
	char *volatile found = NULL;

	for (int i = 0; i < batch->n; i++)
		if (batch->operations[i]->verb == CFDW_ADD &&
			batch->operations[i]->verdict == CFDW_UNKNOWN)
			cfdw_row_append(&added, batch->operations[i]->data);
	if (added.n == 0 || left_ms <= 0 || batch->answer != CFDW_ANSWER_UNKNOWN ||
		batch->fault[0] != '\0')
		return NULL;
	PG_TRY();
	{
		found = cfdw_cursor_lookalikes(
			target->serverid, target->userid, account->path, &added,
			timestamptz_to_time_t(sending->start), (int) left_ms);
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
	return found;
}
