/*-------------------------------------------------------------------------
 *
 * remote.c
 *	  The verbs: list, get, add, update, delete.
 *
 * Owns the URLs, the life of a reply to a GET, and the rules by which the
 * reply to a POST is matched to the rows sent: it is a success only when it
 * reports no error and covers every row.  Must not know transactions or
 * relations.
 *
 * Facts: the API page, "The two calls" and "POST reply".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "codec.h"
#include "name.h"
#include "remote.h"

/* So much may the account's clock be behind ours. */
#define CLOCK_SLACK_S 60

/* A reply to a POST of 500 rows, with all that may surround an id, is shorter;
 * and so much of an error is enough. */
#define MAX_REPLY (1024 * 1024)

/* What an account that gives no code says of a list that is gone. */
#define NOT_FOUND "not found"

struct CfdwCursor
{
	MemoryContext context; /* holds all of it; its end ends the transfer */
	CfdwAction action;
	CfdwCall *call;
	CfdwTransfer *transfer; /* NULL until the status of its reply is known */
	bool ended;             /* the reply has been read */
	CfdwReader *reader;
	StringInfoData refusal; /* a reply that is no list */
	bool by_id;
	int64 id;
};

static bool is_asked_for(const CfdwCursor *cursor, const CfdwItem *item);
static bool receive(CfdwCursor *cursor);
static void start(CfdwBatch *batch);
static const CfdwResponse *collect(CfdwBatch *batch, StringInfo body,
								   bool in_abort);
static bool read_ids(CfdwBatch *batch, const StringInfoData *body);
static int count_rows(const CfdwBatch *batch);
static bool send_again(CfdwBatch *batch, const CfdwResponse *response,
					   const StringInfoData *body);
static bool is_lost(const CfdwBatch *batch, const CfdwResponse *response,
					const StringInfoData *body);
static bool is_done_before(const CfdwBatch *batch, const CfdwReplyError *error);
static bool may_be_gone(const CfdwBatch *batch, const CfdwRow *row);
static bool covers(const CfdwBatch *batch, CfdwVerb verb, const CfdwRow *row);
static void finish_reply(CfdwCursor *cursor);
static bool is_gone(const CfdwProblem *problem);
static void match(CfdwBatch *batch, const CfdwResponse *response);
static bool has_row(const CfdwRows *rows, int64 id);
static void match_accepted_by_place(CfdwBatch *batch,
									const CfdwReplyItem *items, int n);
static void match_accepted_by_request_id(const CfdwRows *added,
										 const CfdwReplyItem *items, int n);
static CfdwReplyItem *list_added(const CfdwBatch *batch, int *n);
static void assign_ids(const CfdwRows *added, const CfdwReplyItem *items);
static bool match_by_request_id(const CfdwRows *added,
								const CfdwReplyItem *items);
static bool forgives_only_row(CfdwBatch *batch, const CfdwProblem *problem);
static bool forgives(CfdwBatch *batch, const CfdwReplyError *error);
static bool misses_row(CfdwBatch *batch, const CfdwReplyError *error);
static void report_refused(CfdwBatch *batch, const CfdwReplyError *error,
						   const CfdwResponse *response)
	pg_attribute_noreturn();
static int find_refused(CfdwVerb verb, const CfdwRows *rows,
						const CfdwReplyError *error);
static bool bears_request_id(const CfdwRow *row, int64 request_id);
static int find_refused_add(const CfdwRows *rows, int64 key);
static const CfdwAction *name_action(CfdwBatch *batch);
static char *describe_batch(const CfdwBatch *batch);

/*
 * The request line of a GET, palloc'ed.  ID is NULL for the whole list.  This
 * is what EXPLAIN shows, and what is sent.
 */
char *
cfdw_remote_get_line(const char *path, const char *id)
{
	if (id == NULL)
		return psprintf("GET %s", path);
	return psprintf("GET %s?%s=%s", path, cfdw_resource.id_parameter, id);
}

/*
 * The request line of a POST, with its verb, palloc'ed.
 */
char *
cfdw_remote_post_line(const char *path, CfdwVerb verb)
{
	return psprintf("POST %s (%s)", path, cfdw_resource.verbs[verb]);
}

/*
 * Sends a GET, and waits for nothing.  The cursor lives in the current memory
 * context, and its request ends with that at the latest.  Raises what
 * cfdw_session_get() and cfdw_session_call() raise.
 */
CfdwCursor *
cfdw_remote_open(Oid serverid, Oid userid, const CfdwQuery *query)
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
	cursor->by_id = query->by_id;
	cursor->id = query->id;
	cursor->reader = cfdw_reader_create(query->nkeys, query->keys);
	cursor->action.what = "read lists";
	cursor->action.path = pstrdup(query->path);
	cursor->action.verb = -1;
	cursor->action.timeout_ms = options->request_timeout_ms;
	if (query->timeout_ms > 0)
		cursor->action.timeout_ms =
			Min(query->timeout_ms, options->request_timeout_ms);
	cfdw_session_describe(session, &cursor->action);

	request.url =
		psprintf("%s%s", options->url,
				 cfdw_remote_get_line(query->path, id) + strlen("GET "));
	request.timeout_ms = cursor->action.timeout_ms;
	request.max_response_size = options->max_response_size;
	request.traffic = query->traffic;
	initStringInfo(&cursor->refusal);
	cursor->call = cfdw_session_call(session, &request);
	MemoryContextSwitchTo(caller);
	return cursor;
}

/*
 * The next row, if it has arrived.  Raises the errors of report.c.
 */
CfdwNext
cfdw_remote_poll(CfdwCursor *cursor, CfdwItem *item)
{
	while (!cursor->ended)
	{
		uint64 offset;

		switch (cfdw_reader_next(cursor->reader, item))
		{
			case CFDW_READ_ITEM:
				if (is_asked_for(cursor, item))
					return CFDW_NEXT_ITEM;
				break;
			case CFDW_READ_ERROR:
				cfdw_report_malformed(
					&cursor->action, cfdw_reader_fault(cursor->reader, &offset),
					cfdw_http_response(cursor->transfer));
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
CfdwTransfer *
cfdw_remote_awaited(const CfdwCursor *cursor)
{
	if (cursor->ended)
		return NULL;
	return cursor->transfer != NULL ? cursor->transfer
									: cfdw_session_awaited(cursor->call);
}

/*
 * The next row, or false after the last.  Waits for it when it has not arrived
 * yet.  Raises the errors of report.c, and 57014 or 57P01 when the backend is
 * told to stop.
 */
bool
cfdw_remote_next(CfdwCursor *cursor, CfdwItem *item)
{
	CfdwNext next;

	while ((next = cfdw_remote_poll(cursor, item)) == CFDW_NEXT_WAIT)
	{
		CfdwTransfer *transfer = cfdw_remote_awaited(cursor);

		cfdw_http_await_any(&transfer, 1);
	}
	return next == CFDW_NEXT_ITEM;
}

/*
 * Ends a cursor, wherever it stands.  Never raises.
 */
void
cfdw_remote_close(CfdwCursor *cursor)
{
	MemoryContextDelete(cursor->context);
}

/*
 * Makes a POST that does to each of BY_VERB, which are CFDW_NVERBS, what its
 * verb says; in the current memory context.  The rows must outlive it.  Raises
 * 22021 or 22P05 when a text cannot be converted.
 */
CfdwBatch *
cfdw_remote_batch(CfdwSession *session, const char *path,
				  const CfdwRows *by_verb)
{
	const CfdwOptions *options = cfdw_session_options(session);
	CfdwBatch *batch = palloc0(sizeof(CfdwBatch));

	batch->session = session;
	memcpy(batch->by_verb, by_verb, sizeof(batch->by_verb));
	batch->action.path = path;
	/* An add is what cannot be repeated. */
	batch->action.verb = by_verb[CFDW_ADD].n > 0 ? CFDW_ADD : CFDW_UPDATE;
	cfdw_session_describe(session, &batch->action);
	batch->request.url = psprintf("%s%s", options->url, path);
	batch->request.body = cfdw_codec_payload(by_verb, &batch->request.body_len);
	batch->request.max_response_size = options->max_response_size;
	return batch;
}

/*
 * The POST of WHOLE for some of its rows, whose payload was made before; in the
 * current memory context.  The body must outlive it.
 */
CfdwBatch *
cfdw_remote_part(const CfdwBatch *whole, const CfdwRows *by_verb,
				 const char *body, size_t body_len)
{
	CfdwBatch *part = palloc0(sizeof(CfdwBatch));

	part->session = whole->session;
	memcpy(part->by_verb, by_verb, sizeof(part->by_verb));
	part->action = whole->action;
	part->request = whole->request;
	part->request.body = body;
	part->request.body_len = body_len;
	return part;
}

/*
 * Starts to send a batch.  Its reply is waited for until TIMEOUT_MS, or the
 * server's request_timeout when that is less; it is sent again for as long as
 * TIMEOUT_MS.  The transfer lives in the current memory context.
 */
void
cfdw_remote_send(CfdwBatch *batch, int timeout_ms)
{
	batch->repetition.count = 0;
	batch->repetition.deadline =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	start(batch);
}

/*
 * Waits for the reply to a batch that was sent and checks it.  When it is lost,
 * sends the batch again if that is safe.  Gives added rows their ids.  Raises
 * the errors of report.c: when this returns, the account has confirmed every
 * row.
 */
void
cfdw_remote_receive(CfdwBatch *batch)
{
	CfdwReply *reply = &batch->reply;
	const CfdwResponse *response;
	StringInfoData body;
	CfdwProblem problem;

	initStringInfo(&body);
	do
	{
		batch->transfer = cfdw_session_settle(batch->session, &batch->request,
											  batch->transfer);
		response = collect(batch, &body, false);
	} while (send_again(batch, response, &body));

	batch->unsure = batch->action.unsure ||
					(response->sent && (response->outcome != CFDW_HTTP_OK ||
										response->status >= 500 ||
										is_lost(batch, response, &body)));
	if (response->outcome == CFDW_HTTP_OK && !reply->named &&
		body.len < MAX_REPLY &&
		cfdw_codec_problem(body.data, body.len, &problem) &&
		forgives_only_row(batch, &problem))
	{
		cfdw_http_end(batch->transfer);
		return;
	}
	if (response->outcome != CFDW_HTTP_OK ||
		(response->status != 200 && response->status != 204 &&
		 reply->nerrors == 0))
		cfdw_report_response(name_action(batch), response, body.data, body.len);
	if (response->status == 200 && !reply->named)
	{
		if (body.len >= MAX_REPLY)
			cfdw_report_malformed(name_action(batch), "the reply is too long",
								  response);
		if (cfdw_codec_problem(body.data, body.len, &problem))
			cfdw_report_response(name_action(batch), response, body.data,
								 body.len);
		cfdw_report_malformed(name_action(batch), "the reply names no lists",
							  response);
	}

	for (int i = 0; i < reply->nerrors; i++)
		if (!forgives(batch, &reply->errors[i]))
			report_refused(batch, &reply->errors[i], response);
	match(batch, response);
	cfdw_http_end(batch->transfer);
}

/*
 * Sends a batch of updates or deletes and waits for its reply, as both of the
 * above do, but says by its result whether the account has confirmed every row,
 * or has no such list any more where there is one alone.  Raises an error only
 * for want of memory or of descriptors.
 */
bool
cfdw_remote_try(CfdwBatch *batch, int timeout_ms)
{
	const CfdwRows *deleted = &batch->by_verb[CFDW_DELETE];
	const CfdwRows *updated = &batch->by_verb[CFDW_UPDATE];
	CfdwReply *reply = &batch->reply;
	const CfdwResponse *response;
	CfdwProblem problem;
	StringInfoData body;

	batch->gone = false;
	if (cfdw_http_time_is_up() ||
		!cfdw_session_try_sign_in(batch->session, false))
		return false;
	initStringInfo(&body);
	cfdw_remote_send(batch, timeout_ms);
	response = collect(batch, &body, true);
	if (response->status == 401)
	{
		if (!cfdw_session_try_sign_in(batch->session, true))
			return false;
		cfdw_http_end(batch->transfer);
		start(batch);
		response = collect(batch, &body, true);
	}
	while (send_again(batch, response, &body))
		response = collect(batch, &body, true);
	if (response->outcome != CFDW_HTTP_OK || body.len >= MAX_REPLY)
		return false;
	if (reply->nerrors > 0)
		problem = reply->errors[0].problem;
	else
		cfdw_codec_problem(body.data, body.len, &problem);
	batch->gone = is_gone(&problem);
	if (batch->gone && deleted->n + updated->n == 1)
		return true;
	if (deleted->n == 1 && response->status == 204)
		return true;
	if (response->status != 200 || reply->nerrors > 0)
		return response->status == 204 && updated->n == 0;
	for (int i = 0; i < deleted->n; i++)
		if (!cfdw_remote_confirms(batch, deleted->rows[i]->id))
			return false;
	for (int i = 0; i < updated->n; i++)
		if (!cfdw_remote_confirms(batch, updated->rows[i]->id))
			return false;
	return true;
}

/*
 * Sends a batch, within what is left of its time.
 */
static void
start(CfdwBatch *batch)
{
	long left_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
												   batch->repetition.deadline);
	int limit_ms = cfdw_session_options(batch->session)->request_timeout_ms;

	batch->action.timeout_ms = (int) Min(left_ms, limit_ms);
	batch->request.timeout_ms = batch->action.timeout_ms;
	batch->transfer = cfdw_session_start(batch->session, &batch->request);
}

/*
 * Waits for the whole reply to a batch.  IN_ABORT: without what may look at a
 * catalog.
 */
static const CfdwResponse *
collect(CfdwBatch *batch, StringInfo body, bool in_abort)
{
	CfdwReply *reply = &batch->reply;
	const CfdwResponse *response;

	resetStringInfo(body);
	memset(reply, 0, sizeof(*reply));
	response = cfdw_http_collect(batch->transfer, body, MAX_REPLY);
	if (response->outcome == CFDW_HTTP_OK && body->len < MAX_REPLY)
		reply->named = (!in_abort && read_ids(batch, body)) ||
					   cfdw_codec_reply(body->data, body->len, reply);
	return response;
}

/*
 * Reads a reply that names no more rows than were sent, and no errors, in a
 * fraction of the time that a tree of it takes.  False: it is another one, or
 * none.
 */
static bool
read_ids(CfdwBatch *batch, const StringInfoData *body)
{
	const char *keys[] = {cfdw_resource.columns[CFDW_KEY_ID].key,
						  cfdw_resource.columns[CFDW_KEY_REQUEST_ID].key};
	CfdwReply *reply = &batch->reply;
	CfdwReader *reader;
	CfdwItem item;
	int max = count_rows(batch);

	if (strstr(body->data, cfdw_resource.errors) != NULL)
		return false;
	reader = cfdw_reader_create(lengthof(keys), keys);
	cfdw_reader_feed(reader, body->data, body->len);
	reply->items = palloc(sizeof(CfdwReplyItem) * max);
	while (cfdw_reader_next(reader, &item) == CFDW_READ_ITEM)
	{
		CfdwReplyItem *read = &reply->items[reply->nitems];

		if (reply->nitems == max)
			return false;
		reply->nitems++;
		if (!cfdw_value_int64(&item.fields[0], &read->id))
			read->id = 0;
		read->has_request_id =
			cfdw_value_int64(&item.fields[1], &read->request_id);
	}
	return cfdw_reader_finish(reader);
}

static int
count_rows(const CfdwBatch *batch)
{
	int n = 0;

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		n += batch->by_verb[verb].n;
	return n;
}

/*
 * Sends a batch once more when its reply is lost, or is none, and the account
 * then is as if it had been sent once: an add must not have been sent.
 */
static bool
send_again(CfdwBatch *batch, const CfdwResponse *response,
		   const StringInfoData *body)
{
	if ((batch->by_verb[CFDW_ADD].n > 0 && response->sent) ||
		!is_lost(batch, response, body) ||
		!cfdw_session_may_repeat(batch->session, &batch->repetition))
		return false;
	batch->action.unsure = batch->action.unsure || response->sent;
	cfdw_http_end(batch->transfer);
	start(batch);
	return true;
}

/*
 * Whether a reply leaves open what became of a request.
 */
static bool
is_lost(const CfdwBatch *batch, const CfdwResponse *response,
		const StringInfoData *body)
{
	CfdwProblem problem;

	switch (response->outcome)
	{
		case CFDW_HTTP_OK:
			break;
		case CFDW_HTTP_TOO_LARGE:
		case CFDW_HTTP_NO_MEMORY:
			return false;
		default:
			return true;
	}
	switch (response->status)
	{
		case 200:
			return !batch->reply.named && body->len < MAX_REPLY &&
				   !cfdw_codec_problem(body->data, body->len, &problem);
		case 500:
		case 502:
		case 503:
		case 504:
			return true;
		default:
			return false;
	}
}

/*
 * Whether an error says that a list is gone which an earlier request was to
 * delete.
 */
static bool
is_done_before(const CfdwBatch *batch, const CfdwReplyError *error)
{
	const CfdwRows *deleted = &batch->by_verb[CFDW_DELETE];
	int done = -1;

	if (is_gone(&error->problem) &&
		(error->verb < 0 || error->verb == CFDW_DELETE))
		done = find_refused(CFDW_DELETE, deleted, error);
	return done >= 0 && may_be_gone(batch, deleted->rows[done]);
}

/*
 * Whether a row to be deleted may have been, by an earlier attempt to send the
 * batch or by another one.
 */
static bool
may_be_gone(const CfdwBatch *batch, const CfdwRow *row)
{
	return batch->action.unsure || row->maybe_gone;
}

/*
 * Whether the reply to a batch leaves no doubt that a row is as it was to be.
 */
static bool
covers(const CfdwBatch *batch, CfdwVerb verb, const CfdwRow *row)
{
	const CfdwReply *reply = &batch->reply;

	for (int i = 0; verb == CFDW_DELETE && i < reply->nerrors; i++)
	{
		int done = find_refused(verb, &batch->by_verb[verb], &reply->errors[i]);

		if (is_done_before(batch, &reply->errors[i]) &&
			batch->by_verb[verb].rows[done] == row)
			return true;
	}
	return cfdw_remote_confirms(batch, row->id);
}

/*
 * Whether the account says that it has no such list.
 */
static bool
is_gone(const CfdwProblem *problem)
{
	return problem->code == CFDW_CODE_GONE ||
		   (problem->code == 0 && problem->words != NULL &&
			strstr(problem->words, NOT_FOUND) != NULL);
}

/*
 * Whether the reply to a batch names the list of an id.
 */
bool
cfdw_remote_confirms(const CfdwBatch *batch, int64 id)
{
	for (int i = 0; i < batch->reply.nitems; i++)
		if (batch->reply.items[i].id == id)
			return true;
	return false;
}

/*
 * Names the lists in the account that bear the name of one of ROWS and were
 * created at SINCE (Unix time, by our clock) or later; a sentence, or NULL when
 * there are none.  Waits TIMEOUT_MS at most.
 */
char *
cfdw_remote_lookalikes(Oid serverid, Oid userid, const char *path,
					   const CfdwRows *rows, int64 since, int timeout_ms)
{
	const char *keys[] = {cfdw_resource.columns[CFDW_KEY_ID].key,
						  cfdw_resource.columns[CFDW_KEY_NAME].key,
						  cfdw_resource.columns[CFDW_KEY_CREATED_AT].key};
	CfdwQuery query = {.path = path,
					   .timeout_ms = timeout_ms,
					   .nkeys = lengthof(keys),
					   .keys = keys};
	CfdwCursor *cursor = cfdw_remote_open(serverid, userid, &query);
	StringInfoData found;
	CfdwItem item;
	int64 created;

	initStringInfo(&found);
	while (cfdw_remote_next(cursor, &item))
	{
		char *name = item.fields[1].type == CFDW_JSON_NULL
						 ? ""
						 : cfdw_value_text(&item.fields[1]);
		bool same = false;

		for (int i = 0; i < rows->n && !same; i++)
			same = strcmp(rows->rows[i]->values[CFDW_KEY_NAME], name) == 0;
		if (!same || !cfdw_value_int64(&item.fields[2], &created) ||
			created < since - CLOCK_SLACK_S)
			continue;
		appendStringInfo(&found, "%s%.*s", found.len > 0 ? ", " : "",
						 (int) Min(item.fields[0].len, 40), item.fields[0].raw);
	}
	cfdw_remote_close(cursor);
	return found.len > 0
			   ? psprintf("Lists of that name in the account that are new: %s.",
						  found.data)
			   : NULL;
}

/*
 * A server may ignore the id in the request: only rows that have it are
 * returned.
 */
static bool
is_asked_for(const CfdwCursor *cursor, const CfdwItem *item)
{
	const CfdwField *id = &item->fields[0];
	int64 number;

	if (id->type == CFDW_JSON_NULL)
		cfdw_report_malformed(&cursor->action, "an item of the reply has no id",
							  cfdw_http_response(cursor->transfer));
	return !cursor->by_id ||
		   (cfdw_value_int64(id, &number) && number == cursor->id);
}

/*
 * Takes in what has arrived, or notes the end; false when that takes a wait.
 */
static bool
receive(CfdwCursor *cursor)
{
	MemoryContext caller = MemoryContextSwitchTo(cursor->context);
	const char *data;
	size_t len;

	if (cursor->transfer == NULL)
		cursor->transfer = cfdw_session_advance(cursor->call);
	MemoryContextSwitchTo(caller);
	if (cursor->transfer == NULL || !cfdw_http_is_ready(cursor->transfer))
		return false;
	if (!cfdw_http_read(cursor->transfer, &data, &len))
	{
		finish_reply(cursor);
		return true;
	}

	MemoryContextSwitchTo(cursor->context);
	if (cfdw_http_response(cursor->transfer)->status == 200)
		cfdw_reader_feed(cursor->reader, data, len);
	else
		appendBinaryStringInfo(
			&cursor->refusal, data,
			Min(len, (size_t) MAX_REPLY - cursor->refusal.len));
	MemoryContextSwitchTo(caller);
	return true;
}

/*
 * The reply has ended: leaves the cursor at its end, or raises.
 */
static void
finish_reply(CfdwCursor *cursor)
{
	const CfdwResponse *response = cfdw_http_response(cursor->transfer);
	CfdwProblem problem;
	const char *head;
	size_t head_len;
	uint64 offset;

	if (response->outcome != CFDW_HTTP_OK ||
		(response->status != 200 && response->status != 204))
		cfdw_report_response(&cursor->action, response, cursor->refusal.data,
							 cursor->refusal.len);

	if (response->status == 200 && !cfdw_reader_finish(cursor->reader))
	{
		head = cfdw_reader_head(cursor->reader, &head_len);
		if (cfdw_codec_problem(head, head_len, &problem))
			cfdw_report_response(&cursor->action, response, head, head_len);
		cfdw_report_malformed(&cursor->action,
							  cfdw_reader_fault(cursor->reader, &offset),
							  response);
	}
	cfdw_http_end(cursor->transfer);
	cursor->ended = true;
}

/*
 * Matches the items of a reply to the rows of its batch.  Those of updates and
 * deletes are known by their ids; what is left over are the added ones.  Raises
 * 40001 for a row that the reply leaves out, unless that may be: a list that an
 * earlier request was to delete is gone.  Raises HV00M for items that are too few
 * or too many.
 */
static void
match(CfdwBatch *batch, const CfdwResponse *response)
{
	const CfdwRows *added = &batch->by_verb[CFDW_ADD];
	CfdwReplyItem *left;
	int nleft;

	/* "Nothing" is what is left of deleted lists. */
	if (response->status == 204 && added->n == 0 &&
		batch->by_verb[CFDW_UPDATE].n == 0)
		return;

	for (int verb = CFDW_UPDATE; verb <= CFDW_DELETE; verb++)
		for (int i = 0; i < batch->by_verb[verb].n; i++)
		{
			CfdwRow *row = batch->by_verb[verb].rows[i];

			if (row->missing || covers(batch, verb, row) ||
				(verb == CFDW_DELETE && response->status == 200 &&
				 may_be_gone(batch, row)))
				continue;
			row->missing = row->may_miss && response->status < 300 &&
						   !batch->action.unsure;
			if (!row->missing)
				cfdw_report_gone(name_action(batch), cfdw_name_row(verb, row));
		}
	left = list_added(batch, &nleft);
	if (nleft > added->n && added->n == 0)
		cfdw_report_malformed(name_action(batch),
							  "the reply names a list that was not sent",
							  response);
	if (nleft != added->n)
		cfdw_report_malformed(
			name_action(batch),
			psprintf("the reply names %d of %d lists", nleft, added->n),
			response);
	for (int i = 0; i < nleft; i++)
		if (left[i].id <= 0)
			cfdw_report_malformed(name_action(batch),
								  "an item of the reply has no id", response);
	assign_ids(added, left);
}

/*
 * After a reply that refuses rows of a batch: gives those added rows their ids
 * that it has accepted, when it is clear which those are.  When all have a
 * request_id, that says it; else their place does, among those that the reply
 * does not refuse.
 */
void
cfdw_remote_match_accepted(CfdwBatch *batch)
{
	const CfdwRows *added = &batch->by_verb[CFDW_ADD];
	int nleft;
	CfdwReplyItem *left = list_added(batch, &nleft);
	int nnamed = 0;

	for (int i = 0; i < added->n; i++)
		if (added->rows[i]->values[CFDW_KEY_REQUEST_ID] != NULL)
			nnamed++;
	for (int i = 0; i < nleft; i++)
		if (left[i].id <= 0)
			return;
	if (nnamed == added->n)
		match_accepted_by_request_id(added, left, nleft);
	else
		match_accepted_by_place(batch, left, nleft);
}

static void
match_accepted_by_place(CfdwBatch *batch, const CfdwReplyItem *items, int n)
{
	const CfdwReply *reply = &batch->reply;
	const CfdwRows *added = &batch->by_verb[CFDW_ADD];
	CfdwRows accepted = {0};
	bool *refused = palloc0(sizeof(bool) * (added->n + 1));

	for (int i = 0; i < reply->nerrors; i++)
	{
		int row = find_refused(CFDW_ADD, added, &reply->errors[i]);

		if (reply->errors[i].verb > CFDW_ADD)
			continue;
		if (row < 0)
			return;
		refused[row] = true;
	}
	for (int i = 0; i < added->n; i++)
		if (!refused[i])
			cfdw_resource_append(&accepted, added->rows[i], added->n);
	for (int i = 0; n == accepted.n && i < n; i++)
		accepted.rows[i]->id = items[i].id;
}

static void
match_accepted_by_request_id(const CfdwRows *added, const CfdwReplyItem *items,
							 int n)
{
	for (int i = 0; i < n; i++)
	{
		CfdwRow *match = NULL;
		int count = 0;

		for (int j = 0; j < added->n; j++)
			if (items[i].has_request_id &&
				bears_request_id(added->rows[j], items[i].request_id))
			{
				match = added->rows[j];
				count++;
			}
		if (count == 1 && match->id == 0)
			match->id = items[i].id;
	}
}

/*
 * The items of a reply that are about added rows: they are not about others.
 */
static CfdwReplyItem *
list_added(const CfdwBatch *batch, int *n)
{
	const CfdwReply *reply = &batch->reply;
	CfdwReplyItem *items = palloc(sizeof(CfdwReplyItem) * (reply->nitems + 1));

	*n = 0;
	for (int i = 0; i < reply->nitems; i++)
		if (!has_row(&batch->by_verb[CFDW_UPDATE], reply->items[i].id) &&
			!has_row(&batch->by_verb[CFDW_DELETE], reply->items[i].id))
			items[(*n)++] = reply->items[i];
	return items;
}

/*
 * Gives added rows the ids of ITEMS, which are as many: in the order in which
 * they were sent, unless every item brings back the request_id of a row.
 */
static void
assign_ids(const CfdwRows *added, const CfdwReplyItem *items)
{
	if (match_by_request_id(added, items))
		return;
	for (int i = 0; i < added->n; i++)
		added->rows[i]->id = items[i].id;
}

static bool
has_row(const CfdwRows *rows, int64 id)
{
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i]->id == id)
			return true;
	return false;
}

/*
 * False when the request_ids of ITEMS, which are as many as the rows, are not
 * those that were sent, each once.  At most 500 rows: no need for a hash table.
 */
static bool
match_by_request_id(const CfdwRows *added, const CfdwReplyItem *items)
{
	int *item_of = palloc(sizeof(int) * Max(added->n, 1));

	for (int i = 0; i < added->n; i++)
	{
		int count = 0;

		for (int j = 0; j < added->n; j++)
			if (items[j].has_request_id &&
				bears_request_id(added->rows[i], items[j].request_id))
			{
				item_of[i] = j;
				count++;
			}
		if (count != 1)
			return false;
		for (int j = 0; j < i; j++)
			if (item_of[j] == item_of[i])
				return false;
	}
	for (int i = 0; i < added->n; i++)
		added->rows[i]->id = items[item_of[i]].id;
	return true;
}

/*
 * Whether the account has answered only that it does not have the one row of a
 * batch, and that is no failure.  Without the code that says so, "not found" may
 * be about the path.
 */
static bool
forgives_only_row(CfdwBatch *batch, const CfdwProblem *problem)
{
	CfdwReplyError error = {.verb = -1, .problem = *problem};

	return count_rows(batch) == 1 && problem->code == CFDW_CODE_GONE &&
		   forgives(batch, &error);
}

/*
 * Whether an error is no failure of the batch: the account does not have a row
 * that was deleted before, or of which that was not known.
 */
static bool
forgives(CfdwBatch *batch, const CfdwReplyError *error)
{
	return is_done_before(batch, error) || misses_row(batch, error);
}

/*
 * Whether an error means only that the account does not have a row of which
 * that was not known; notes it in the row.
 */
static bool
misses_row(CfdwBatch *batch, const CfdwReplyError *error)
{
	if (!is_gone(&error->problem))
		return false;
	for (int verb = CFDW_UPDATE; verb <= CFDW_DELETE; verb++)
	{
		const CfdwRows *rows = &batch->by_verb[verb];
		int refused = -1;

		if (error->verb < 0 || error->verb == verb)
			refused = find_refused(verb, rows, error);
		if (refused >= 0 && rows->rows[refused]->may_miss)
		{
			rows->rows[refused]->missing = true;
			return true;
		}
	}
	return false;
}

/*
 * Raises the error for a row that the reply refuses.
 */
static void
report_refused(CfdwBatch *batch, const CfdwReplyError *error,
			   const CfdwResponse *response)
{
	const CfdwAction *action = name_action(batch);
	const char *what = action->what;
	const CfdwProblem *problem = &error->problem;
	bool gone = false;

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		const CfdwRows *rows = &batch->by_verb[verb];
		int refused = -1;

		if (error->verb < 0 || error->verb == verb)
			refused = find_refused(verb, rows, error);
		if (refused >= 0)
		{
			what = cfdw_name_row(verb, rows->rows[refused]);
			/* A list can be missed in words alone. */
			gone = verb != CFDW_ADD && is_gone(problem);
		}
	}
	cfdw_report_refused(action, what, problem, gone, response);
}

/*
 * Which of the rows of a verb an error is about, or -1.
 */
static int
find_refused(CfdwVerb verb, const CfdwRows *rows, const CfdwReplyError *error)
{
	if (!error->has_key)
		return rows->n == 1 ? 0 : -1;
	if (verb == CFDW_ADD)
		return find_refused_add(rows, error->key);
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i]->id == error->key)
			return i;
	return -1;
}

/*
 * The same of an added row, which is named by its request_id, or by its position
 * when it has none; -1 also when the key may mean either of two.
 */
static int
find_refused_add(const CfdwRows *rows, int64 key)
{
	bool is_position = key >= 0 && key < rows->n;

	for (int i = 0; i < rows->n; i++)
	{
		if (!bears_request_id(rows->rows[i], key))
			continue;
		if (is_position && key != i &&
			rows->rows[key]->values[CFDW_KEY_REQUEST_ID] == NULL)
			return -1;
		return i;
	}
	return is_position ? (int) key : -1;
}

/*
 * Whether a row was sent with a request_id.
 */
static bool
bears_request_id(const CfdwRow *row, int64 request_id)
{
	const char *sent = row->values[CFDW_KEY_REQUEST_ID];

	return sent != NULL && strtoi64(sent, NULL, 10) == request_id;
}

/*
 * What a batch does, and to which rows, for a message: that is not put into
 * words before there is something to say.
 */
static const CfdwAction *
name_action(CfdwBatch *batch)
{
	batch->action.what = describe_batch(batch);
	batch->action.rows = cfdw_name_all(batch->by_verb);
	return &batch->action;
}

/*
 * What a batch does: "add 3 lists".
 */
static char *
describe_batch(const CfdwBatch *batch)
{
	StringInfoData what;

	initStringInfo(&what);
	for (int verb = 0; verb < CFDW_NVERBS; verb++)
	{
		const CfdwRows *rows = &batch->by_verb[verb];

		if (rows->n == 0)
			continue;
		if (what.len > 0)
			appendStringInfoString(&what, " and ");
		if (rows->n == 1)
			appendStringInfoString(&what, cfdw_name_row(verb, rows->rows[0]));
		else
			appendStringInfo(&what, "%s %d lists", cfdw_resource.verbs[verb],
							 rows->n);
	}
	return what.data;
}
