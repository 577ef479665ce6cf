/*-------------------------------------------------------------------------
 *
 * flush.c
 *	  Sending the journal.
 *
 * Owns the order in which changes go out before COMMIT: updates, adds, then
 * deletes, which cannot be undone; in batches, each kind in the order in which
 * the changes were made.  Remembers what the account has accepted, so that a
 * transaction that fails after that can say so.  Must not know how a reply is
 * matched to rows.
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

/* The changes of one verb that may share a POST. */
typedef struct Group
{
	const CfdwTarget *target; /* the first one's */
	CfdwVerb verb;
	List *rows; /* of CfdwRow */
} Group;

/* Changes that the account has accepted, or may have. */
typedef struct Accepted
{
	int nest_level; /* of the (sub)transaction that sent them */
	char *rows;     /* their names */
} Accepted;

/* Both in TopTransactionContext. */
static List *accepted = NIL;       /* of Accepted */
static Accepted *in_flight = NULL; /* sent, and no reply read yet */

static const CfdwVerb send_order[] = {CFDW_UPDATE, CFDW_ADD, CFDW_DELETE};

static void flush_all(void);
static List *group_changes(List *changes);
static bool share_post(const CfdwTarget *a, const CfdwTarget *b);
static void send_group(const Group *group, TimestampTz start);
static void send_rows(CfdwSession *session, const CfdwTarget *target,
					  CfdwVerb verb, CfdwRow *const *rows, int nrows,
					  int timeout_ms);
static Accepted *name_rows(CfdwVerb verb, CfdwRow *const *rows, int nrows);
static void warn_from(int nest_level);
static void refuse_prepare(void);
static void on_transaction(XactEvent event, void *arg);
static void on_subtransaction(SubXactEvent event, SubTransactionId self,
							  SubTransactionId parent, void *arg);

/*
 * Called once when the library is loaded.
 */
void
cfdw_flush_init(void)
{
	RegisterXactCallback(on_transaction, NULL);
	RegisterSubXactCallback(on_subtransaction, NULL);
}

/*
 * Adds one row at once, because something needs what the account assigns; sets
 * its id.  Raises the errors of report.c.
 */
void
cfdw_flush_add(const CfdwTarget *target, CfdwRow *row)
{
	CfdwSession *session = cfdw_session_get(target->serverid, target->userid);

	send_rows(session, target, CFDW_ADD, &row, 1,
			  cfdw_session_options(session)->request_timeout_ms);
}

/*
 * Sends the whole journal.
 */
static void
flush_all(void)
{
	List *groups = group_changes(cfdw_journal_take());
	TimestampTz start = GetCurrentTimestamp();
	ListCell *lc;

	for (size_t i = 0; i < lengthof(send_order); i++)
	{
		foreach(lc, groups)
		{
			Group *group = lfirst(lc);

			if (group->verb == send_order[i])
				send_group(group, start);
		}
	}
}

/*
 * Sorts changes into groups, both in the order in which they were made.
 */
static List *
group_changes(List *changes)
{
	List *groups = NIL;
	ListCell *lc;

	foreach(lc, changes)
	{
		CfdwChange *change = lfirst(lc);
		Group *group = NULL;
		ListCell *lg;

		foreach(lg, groups)
		{
			Group *candidate = lfirst(lg);

			if (candidate->verb == change->verb &&
				share_post(candidate->target, change->target))
				group = candidate;
		}
		if (group == NULL)
		{
			group = palloc0(sizeof(Group));
			group->target = change->target;
			group->verb = change->verb;
			groups = lappend(groups, group);
		}
		group->rows = lappend(group->rows, &change->row);
	}
	return groups;
}

static bool
share_post(const CfdwTarget *a, const CfdwTarget *b)
{
	return a == b ||
		   (a->serverid == b->serverid && a->userid == b->userid &&
			a->batch_size == b->batch_size && strcmp(a->path, b->path) == 0);
}

/*
 * Sends a group in batches.  commit_timeout, which stands in for the
 * statement_timeout that is off by now, counts from START.
 */
static void
send_group(const Group *group, TimestampTz start)
{
	CfdwSession *session =
		cfdw_session_get(group->target->serverid, group->target->userid);
	int limit_ms = cfdw_session_options(session)->commit_timeout_ms;
	int nrows = list_length(group->rows);
	CfdwRow **rows = palloc(sizeof(CfdwRow *) * nrows);
	MemoryContext batch_context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw batch", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(batch_context);
	ListCell *lc;
	int n = 0;

	foreach(lc, group->rows)
		rows[n++] = lfirst(lc);

	for (int sent = 0; sent < nrows; sent += group->target->batch_size)
	{
		int batch = Min(group->target->batch_size, nrows - sent);
		long left_ms = limit_ms - TimestampDifferenceMilliseconds(
									  start, GetCurrentTimestamp());

		if (left_ms <= 0)
			ereport(
				ERROR,
				(errcode(ERRCODE_CONNECTION_FAILURE),
				 errmsg(
					 "could not send all changes to foreign table \"%s\" within %d ms",
					 group->target->table, limit_ms),
				 errdetail("Nothing was sent for the last %d rows.",
						   nrows - sent),
				 errhint(
					 "Raise the option \"commit_timeout\" of the server.")));
		send_rows(session, group->target, group->verb, rows + sent, batch,
				  (int) left_ms);
		MemoryContextReset(batch_context);
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(batch_context);
}

/*
 * Sends one POST and keeps track of what becomes of it.
 */
static void
send_rows(CfdwSession *session, const CfdwTarget *target, CfdwVerb verb,
		  CfdwRow *const *rows, int nrows, int timeout_ms)
{
	MemoryContext caller;

	in_flight = name_rows(verb, rows, nrows);
	PG_TRY();
	{
		cfdw_remote_send(session, target->path, verb, rows, nrows, timeout_ms);
	}
	PG_CATCH();
	{
		int sqlstate = geterrcode();

		/* Any other error says itself what became of the rows. */
		if (sqlstate != ERRCODE_QUERY_CANCELED &&
			sqlstate != ERRCODE_ADMIN_SHUTDOWN)
			in_flight = NULL;
		PG_RE_THROW();
	}
	PG_END_TRY();
	in_flight = NULL;

	caller = MemoryContextSwitchTo(TopTransactionContext);
	accepted = lappend(accepted, name_rows(verb, rows, nrows));
	MemoryContextSwitchTo(caller);
}

/*
 * The rows as they would be named in a warning, in TopTransactionContext: made
 * beforehand, because an abort must not run into an error.
 */
static Accepted *
name_rows(CfdwVerb verb, CfdwRow *const *rows, int nrows)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	Accepted *named = palloc(sizeof(Accepted));

	named->nest_level = GetCurrentTransactionNestLevel();
	named->rows = cfdw_remote_name_rows(verb, rows, nrows);
	MemoryContextSwitchTo(caller);
	return named;
}

/*
 * Tells what the account has accepted, or may have, from (sub)transactions
 * that are rolled back: those at NEST_LEVEL or deeper.
 */
static void
warn_from(int nest_level)
{
	if (in_flight != NULL && in_flight->nest_level >= nest_level)
	{
		Accepted *unknown = in_flight;

		in_flight = NULL;
		ereport(WARNING,
				(errcode(ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN),
				 errmsg("outcome of a request that was cut off is unknown"),
				 errdetail_internal("%s", unknown->rows)));
	}
	while (accepted != NIL)
	{
		Accepted *last = llast(accepted);

		if (last->nest_level < nest_level)
			break;
		accepted = list_truncate(accepted, list_length(accepted) - 1);
		ereport(
			WARNING,
			(errcode(ERRCODE_WARNING),
			 errmsg("changes that are rolled back here stay in the account"),
			 errdetail_internal("%s", last->rows)));
	}
}

/*
 * A prepared transaction may be rolled back when nobody is there who could tell
 * the account.
 */
static void
refuse_prepare(void)
{
	if (accepted == NIL && cfdw_journal_is_empty())
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
	if (event == XACT_EVENT_PRE_COMMIT)
		flush_all();
	else if (event == XACT_EVENT_PRE_PREPARE)
		refuse_prepare();
	else if (event == XACT_EVENT_ABORT)
		warn_from(0);
	else if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
		accepted = NIL;
}

static void
on_subtransaction(SubXactEvent event, SubTransactionId self,
				  SubTransactionId parent, void *arg)
{
	int nest_level = GetCurrentTransactionNestLevel();

	if (event == SUBXACT_EVENT_ABORT_SUB)
		warn_from(nest_level);
	else if (event == SUBXACT_EVENT_COMMIT_SUB)
		for (int i = list_length(accepted) - 1; i >= 0; i--)
		{
			Accepted *entry = list_nth(accepted, i);

			if (entry->nest_level < nest_level)
				break;
			entry->nest_level = nest_level - 1;
		}
}
