/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  The rows of one POST, on their way.
 *
 * Owns how rows become a request, how its reply is waited for, in an abort too,
 * and when the request is sent again: one that adds rows only as long as nothing
 * of it went out.  Must not know what the reply means for a row.
 *
 * Facts: the API page, "The two calls".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "txn/batch.h"
#include "txn/name.h"

/* A reply to a POST of 500 rows, with all that may surround an id, is shorter;
 * and so much of an error is enough. */
#define MAX_REPLY (1024 * 1024)

static void start(CfdwBatch *batch);
static const CfdwResponse *collect(CfdwBatch *batch, bool in_abort);
static bool send_again(CfdwBatch *batch, const CfdwResponse *response);
static bool is_lost(const CfdwBatch *batch, const CfdwResponse *response);
static char *describe(const CfdwBatch *batch);

/*
 * Makes a POST that does to each of BY_VERB, which are CFDW_NVERBS, what its
 * verb says; in the current memory context.  The rows must outlive it.  Raises
 * 22021 or 22P05 when a text cannot be converted.
 */
CfdwBatch *
cfdw_batch_create(CfdwSession *session, const CfdwResource *resource,
				  const char *path, const CfdwRows *by_verb)
{
	const CfdwOptions *options = cfdw_session_options(session);
	CfdwBatch *batch = palloc0(sizeof(CfdwBatch));

	batch->session = session;
	batch->resource = resource;
	memcpy(batch->by_verb, by_verb, sizeof(batch->by_verb));
	batch->action.path = path;
	/* An add is what cannot be repeated. */
	batch->action.verb = by_verb[CFDW_ADD].n > 0 ? CFDW_ADD : CFDW_UPDATE;
	cfdw_session_describe(session, &batch->action);
	batch->request.url = psprintf("%s%s", options->url, path);
	batch->request.body =
		cfdw_codec_payload(batch->resource, by_verb, &batch->request.body_len);
	batch->request.max_response_size = options->max_response_size;
	return batch;
}

/*
 * The POST of WHOLE for some of its rows, whose payload was made before; in the
 * current memory context.  The body must outlive it.
 */
CfdwBatch *
cfdw_batch_part(const CfdwBatch *whole, const CfdwRows *by_verb,
				const char *body, size_t body_len)
{
	CfdwBatch *part = palloc0(sizeof(CfdwBatch));

	part->session = whole->session;
	part->resource = whole->resource;
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
cfdw_batch_send(CfdwBatch *batch, int timeout_ms)
{
	batch->repetition.count = 0;
	batch->repetition.deadline =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), timeout_ms);
	start(batch);
}

/*
 * Waits for the reply to a batch that was sent.  When it is lost, sends the batch
 * again if that is safe.  What it returns is valid as long as the transfer.
 * Raises 28000 when signing in anew fails, 57014 or 57P01 when the backend is
 * told to stop.
 */
const CfdwResponse *
cfdw_batch_receive(CfdwBatch *batch)
{
	const CfdwResponse *response;

	initStringInfo(&batch->body);
	do
	{
		batch->transfer = cfdw_session_settle(batch->session, &batch->request,
											  batch->transfer);
		response = collect(batch, false);
	} while (send_again(batch, response));

	batch->unsure = batch->action.unsure ||
					(response->sent &&
					 (response->outcome != CFDW_HTTP_OK ||
					  response->status >= 500 || is_lost(batch, response)));
	return response;
}

/*
 * Sends a batch and waits for its reply, as both of the above do, but within an
 * abort.  NULL: no reply has come that could be read to its end.  Raises an error
 * only for want of memory or of descriptors.
 */
const CfdwResponse *
cfdw_batch_try(CfdwBatch *batch, int timeout_ms)
{
	const CfdwResponse *response;

	if (cfdw_http_time_is_up() ||
		!cfdw_session_try_sign_in(batch->session, false))
		return NULL;
	initStringInfo(&batch->body);
	cfdw_batch_send(batch, timeout_ms);
	response = collect(batch, true);
	if (response->status == 401)
	{
		if (!cfdw_session_try_sign_in(batch->session, true))
			return NULL;
		cfdw_http_end(batch->transfer);
		start(batch);
		response = collect(batch, true);
	}
	while (send_again(batch, response))
		response = collect(batch, true);
	return response->outcome == CFDW_HTTP_OK && !batch->too_long ? response
																 : NULL;
}

/*
 * How many rows a batch has, of whatever verb.
 */
int
cfdw_batch_count(const CfdwBatch *batch)
{
	int n = 0;

	for (int verb = 0; verb < CFDW_NVERBS; verb++)
		n += batch->by_verb[verb].n;
	return n;
}

/*
 * What a batch does, and to which rows, for a message: that is not put into
 * words before there is something to say.
 */
const CfdwAction *
cfdw_batch_describe(CfdwBatch *batch)
{
	batch->action.what = describe(batch);
	batch->action.rows = cfdw_name_all(batch->by_verb);
	return &batch->action;
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
collect(CfdwBatch *batch, bool in_abort)
{
	StringInfo body = &batch->body;
	CfdwReply *reply = &batch->reply;
	const CfdwResponse *response;

	resetStringInfo(body);
	memset(reply, 0, sizeof(*reply));
	response = cfdw_http_collect(batch->transfer, body, MAX_REPLY);
	batch->too_long = body->len >= MAX_REPLY;
	if (response->outcome != CFDW_HTTP_OK || batch->too_long)
		return response;
	if (in_abort)
		cfdw_reply_try(batch->resource, body->data, body->len, reply);
	else
		cfdw_reply_read(batch->resource, body->data, body->len, reply);
	return response;
}

/*
 * Sends a batch once more when its reply is lost, or is none, and the account
 * then is as if it had been sent once: an add must not have been sent.
 */
static bool
send_again(CfdwBatch *batch, const CfdwResponse *response)
{
	if ((batch->by_verb[CFDW_ADD].n > 0 && response->sent) ||
		!is_lost(batch, response) ||
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
is_lost(const CfdwBatch *batch, const CfdwResponse *response)
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
			return !batch->reply.named && !batch->too_long &&
				   !cfdw_reply_problem(batch->body.data, batch->body.len,
									   &problem);
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
 * What a batch does: "add 3 lists".
 */
static char *
describe(const CfdwBatch *batch)
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
			appendStringInfo(&what, "%s %d lists", batch->resource->verbs[verb],
							 rows->n);
	}
	return what.data;
}
