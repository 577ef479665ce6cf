/*-------------------------------------------------------------------------
 *
 * cursor.c
 *	  Reading lists: all of them, or one by its id.
 *
 * Owns the request lines, and the life of a reply to a GET: a cursor, which hands
 * out its rows as they arrive.  Must not know transactions or relations.
 *
 * Facts: the API page, "The two calls".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "api/codec.h"
#include "api/words.h"
#include "net/clock.h"
#include "read/cursor.h"
#include "compat.h"

/* So much may the account's clock be behind ours. */
#define CLOCK_SLACK_S 60

struct CfdwCursor
{
	MemoryContext context; /* holds all of it; its end ends the transfer */
	CfdwAction action;
	CfdwSession *session;
	CfdwCall *call;
	bool ended; /* the reply has been read */
	CfdwReader *reader;
	MemoryContextCallback callback; /* counts what the last rows were */
	CfdwStatistics *statistics;
	int64 nrows;     /* read, and not yet counted */
	bool handed_out; /* some row: the reply cannot be replaced */
	bool by_id;
	int64 id;
};

static bool is_asked_for(const CfdwCursor *cursor, const CfdwItem *item);
static bool receive(CfdwCursor *cursor);
static void count_rows(void *arg);
static void finish_reply(CfdwCursor *cursor);
static bool hides_failure(const CfdwCursor *cursor);
static bool ask_again(CfdwCursor *cursor);
static CfdwAnswer judge(const CfdwCursor *cursor, int *wait_s);
static const char *what_is_said(const CfdwCursor *cursor, size_t *len);
pg_noreturn static void report_malformed(const CfdwCursor *cursor,
										 const char *fault);

/*
 * The request line of a GET, palloc'ed.  ID is NULL for the whole list.  This
 * is what EXPLAIN shows, and what is sent.
 */
char *
cfdw_cursor_get_line(const CfdwResource *resource, const char *path,
					 const char *id)
{
	if (id == NULL)
		return psprintf("GET %s", path);
	return psprintf("GET %s?%s=%s", path, resource->id_parameter, id);
}

/*
 * The request line of a POST, with its verb, palloc'ed.
 */
char *
cfdw_cursor_post_line(const CfdwResource *resource, const char *path,
					  CfdwVerb verb)
{
	return psprintf("POST %s (%s)", path, resource->verbs[verb]);
}

/*
 * Sends a GET, and waits for nothing.  The cursor lives in the current memory
 * context, and its request ends with that at the latest.  Raises what
 * cfdw_session_get() raises.
 */
CfdwCursor *
cfdw_cursor_open(Oid serverid, Oid userid, const CfdwQuery *query)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw cursor", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwCursor *cursor = palloc0(sizeof(CfdwCursor));
	CfdwSession *session = cfdw_session_get(serverid, userid);
	const CfdwOptions *options = cfdw_session_options(session);
	const char *id = query->by_id ? psprintf(INT64_FORMAT, query->id) : NULL;
	CfdwRequest request = {0};

	cursor->context = context;
	cursor->session = session;
	cursor->statistics = cfdw_session_statistics(session);
	cursor->callback.func = count_rows;
	cursor->callback.arg = cursor;
	MemoryContextRegisterResetCallback(context, &cursor->callback);
	cursor->by_id = query->by_id;
	cursor->id = query->id;
	cursor->reader =
		cfdw_reader_create(query->resource, query->nkeys, query->keys);
	cursor->action.kind = CFDW_READING;
	cursor->action.path = pstrdup(query->path);
	cursor->action.timeout_ms = options->request_timeout_ms;
	if (query->timeout_ms > 0)
		cursor->action.timeout_ms =
			Min(query->timeout_ms, options->request_timeout_ms);
	cfdw_session_describe(session, &cursor->action);
	if (query->aside)
		cursor->action.statistics = NULL;

	request.url =
		psprintf("%s%s", options->url,
				 cfdw_cursor_get_line(query->resource, query->path, id) +
					 strlen("GET "));
	request.timeout_ms = cursor->action.timeout_ms;
	request.max_response_size = options->max_response_size;
	request.traffic = query->traffic;
	request.work =
		(CfdwWork){.activity = CFDW_READS, .since = GetCurrentTimestamp()};
	if (query->timeout_ms > 0)
		request.deadline_us =
			cfdw_clock_us() + query->timeout_ms * INT64CONST(1000);
	cursor->call = cfdw_call_start(session, &request);
	MemoryContextSwitchTo(caller);
	return cursor;
}

/*
 * The next row, if it has arrived.  Raises the errors of report.c.
 */
CfdwNext
cfdw_cursor_poll(CfdwCursor *cursor, CfdwItem *item)
{
	while (!cursor->ended)
	{
		uint64 offset;

		switch (cfdw_reader_next(cursor->reader, item))
		{
			case CFDW_READ_ITEM:
				cursor->nrows++;
				if (!is_asked_for(cursor, item))
					break;
				cursor->handed_out = true;
				return CFDW_NEXT_ITEM;
			case CFDW_READ_ERROR:
				if (ask_again(cursor))
					break;
				report_malformed(cursor,
								 _(cfdw_reader_fault(cursor->reader, &offset)));
			case CFDW_READ_MORE:
				if (!receive(cursor))
					return CFDW_NEXT_WAIT;
				break;
		}
	}
	return CFDW_NEXT_END;
}

/*
 * What a wait for the next row has to wait for; NULL when there is no need.
 */
CfdwCall *
cfdw_cursor_awaited(const CfdwCursor *cursor)
{
	return cursor->ended ? NULL : cursor->call;
}

/*
 * The next row, or false after the last.  Waits for it when it has not arrived
 * yet.  Raises the errors of report.c, and 57014 or 57P01 when the backend is
 * told to stop.
 */
bool
cfdw_cursor_next(CfdwCursor *cursor, CfdwItem *item)
{
	CfdwNext next;

	while ((next = cfdw_cursor_poll(cursor, item)) == CFDW_NEXT_WAIT)
		cfdw_call_await_any(&cursor->call, 1);
	return next == CFDW_NEXT_ITEM;
}

/*
 * Ends a cursor, wherever it stands.  Never raises.
 */
void
cfdw_cursor_close(CfdwCursor *cursor)
{
	MemoryContextDelete(cursor->context);
}

/*
 * Names the lists in the account that bear the name of one of ROWS and were
 * created at SINCE (Unix time, by our clock) or later; a sentence, or NULL when
 * there are none.  Waits TIMEOUT_MS at most.
 */
char *
cfdw_cursor_lookalikes(Oid serverid, Oid userid, const char *path,
					   const CfdwRows *rows, int64 since, int timeout_ms)
{
	const CfdwResource *resource = rows->rows[0]->resource;
	const char *keys[] = {resource->columns[resource->id].key,
						  resource->columns[resource->name].key,
						  resource->columns[resource->created_at].key};
	CfdwQuery query = {.resource = resource,
					   .path = path,
					   .timeout_ms = timeout_ms,
					   .aside = true,
					   .nkeys = lengthof(keys),
					   .keys = keys};
	CfdwCursor *cursor = cfdw_cursor_open(serverid, userid, &query);
	StringInfoData found;
	CfdwItem item;
	int64 created;

	initStringInfo(&found);
	while (cfdw_cursor_next(cursor, &item))
	{
		char *name = item.fields[1].type == CFDW_JSON_NULL
						 ? ""
						 : cfdw_value_text(&item.fields[1]);
		bool same = false;

		for (int i = 0; i < rows->n && !same; i++)
			same = strcmp(rows->rows[i]->values[resource->name], name) == 0;
		if (!same || !item.has_id ||
			!cfdw_value_int64(&item.fields[2], &created) ||
			created < since - CLOCK_SLACK_S)
			continue;
		appendStringInfo(&found, "%s" INT64_FORMAT, found.len > 0 ? ", " : "",
						 item.id);
	}
	cfdw_cursor_close(cursor);
	return found.len > 0
			   ? psprintf("Lists of that name in the account that are new: %s.",
						  found.data)
			   : NULL;
}

/*
 * A server may ignore the id in the request: only rows that have it are
 * returned.  What no condition could find is no list, and 0 stands for one that
 * has no id yet.
 */
static bool
is_asked_for(const CfdwCursor *cursor, const CfdwItem *item)
{
	if (item->fields[0].type == CFDW_JSON_NULL)
		report_malformed(cursor, _("An item of the reply has no id."));
	if (item->has_id && item->id < 1)
		report_malformed(cursor, _("An item of the reply has an id below 1."));
	return !cursor->by_id || (item->has_id && item->id == cursor->id);
}

/*
 * Takes in what has arrived, or notes the end; false when that takes a wait.
 * Raises 57014 or 57P01 when the backend is told to stop: what arrives may go on
 * for long without a wait, and without a row.
 */
static bool
receive(CfdwCursor *cursor)
{
	MemoryContext caller;
	const char *data;
	size_t len;

	CHECK_FOR_INTERRUPTS();
	cfdw_call_count_rows(cursor->call, cursor->nrows);
	count_rows(cursor);
	if (!cfdw_call_is_ready(cursor->call))
		return false;
	if (!cfdw_call_read(cursor->call, &data, &len))
	{
		finish_reply(cursor);
		return true;
	}

	caller = MemoryContextSwitchTo(cursor->context);
	cfdw_reader_feed(cursor->reader, data, len);
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * Counts the rows that were read since the last time: not one by one, for others
 * count them as well.  Also the reset callback of a cursor.
 */
static void
count_rows(void *arg)
{
	CfdwCursor *cursor = arg;

	cfdw_statistics_count(cursor->statistics, CFDW_COUNT_ROWS_READ,
						  cursor->nrows);
	cursor->nrows = 0;
}

/*
 * The reply has ended: leaves the cursor at its end, or at the beginning of another
 * reply, or raises.
 */
static void
finish_reply(CfdwCursor *cursor)
{
	const CfdwResponse *response = cfdw_call_response(cursor->call);
	CfdwAnswer answer = cfdw_answer_of(response, 0);
	const char *said;
	size_t len;
	CfdwProblem problem;
	uint64 offset;

	if (!response->signing_in &&
		(answer == CFDW_ANSWER_EMPTY ||
		 (answer == CFDW_ANSWER_DONE && cfdw_reader_finish(cursor->reader) &&
		  !hides_failure(cursor))))
	{
		cfdw_call_end(cursor->call);
		cursor->ended = true;
		return;
	}
	if (ask_again(cursor))
		return;
	said = what_is_said(cursor, &len);
	if (response->signing_in)
		cfdw_session_report_login(cursor->session, cursor->action.statistics,
								  response, said, len);
	if (answer != CFDW_ANSWER_DONE ||
		cfdw_problem_read(said, len, response->content_type, &problem))
		cfdw_report_response(&cursor->action, response, said, len);
	report_malformed(cursor, _(cfdw_reader_fault(cursor->reader, &offset)));
}

/*
 * Whether a list without a row stands beside a failure: then it is not known that
 * there are none.
 */
static bool
hides_failure(const CfdwCursor *cursor)
{
	const CfdwResponse *response = cfdw_call_response(cursor->call);
	size_t len;
	const char *head = cfdw_reader_head(cursor->reader, &len);
	CfdwProblem problem;

	return cfdw_reader_is_empty(cursor->reader) &&
		   cfdw_problem_may_be_in(head) &&
		   cfdw_problem_read(head, len, response->content_type, &problem);
}

/*
 * Sends the request once more when its reply is no use, unless rows of it were handed
 * out.
 */
static bool
ask_again(CfdwCursor *cursor)
{
	CfdwAnswer answer;
	int wait_s;

	if (cursor->handed_out)
		return false;
	answer = judge(cursor, &wait_s);
	if (!cfdw_call_repeat(cursor->call, answer, wait_s, true))
		return false;
	cfdw_reader_restart(cursor->reader);
	return true;
}

/*
 * What a reply means that is no list; *WAIT_S: for so long the account asks to wait, or
 * 0.  One that is neither a list nor a refusal is as good as lost, but a page may tell a
 * person of a block.
 */
static CfdwAnswer
judge(const CfdwCursor *cursor, int *wait_s)
{
	const CfdwResponse *response = cfdw_call_response(cursor->call);
	size_t len;
	const char *said = what_is_said(cursor, &len);
	CfdwProblem problem;
	CfdwAnswer answer;
	bool is_refusal;

	if (response->signing_in)
		return cfdw_call_login_answer(cursor->call, wait_s);
	is_refusal =
		cfdw_problem_read(said, len, response->content_type, &problem) ||
		cfdw_words_is_page(said, len);
	*wait_s = problem.retry_after_s;
	answer = cfdw_answer_of(response, problem.code);
	if (answer == CFDW_ANSWER_DONE)
		return is_refusal ? CFDW_ANSWER_REFUSED : CFDW_ANSWER_UNKNOWN;
	return answer;
}

/*
 * The body of a reply that is no list, or the beginning of one that was to be one.
 */
static const char *
what_is_said(const CfdwCursor *cursor, size_t *len)
{
	const CfdwResponse *response = cfdw_call_response(cursor->call);

	return !response->signing_in &&
				   cfdw_answer_of_status(response) == CFDW_ANSWER_DONE
			   ? cfdw_reader_head(cursor->reader, len)
			   : cfdw_call_body(cursor->call, len);
}

/*
 * Raises HV00M.  FAULT is a sentence.
 */
static void
report_malformed(const CfdwCursor *cursor, const char *fault)
{
	size_t len;
	const char *head = cfdw_reader_head(cursor->reader, &len);

	cfdw_report_malformed(&cursor->action, fault,
						  cfdw_call_response(cursor->call), head, len);
}
