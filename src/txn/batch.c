/*-------------------------------------------------------------------------
 *
 * batch.c
 *	  The operations of one POST.
 *
 * Owns how operations become a request, how its reply is read, and the error for
 * one that has failed.  Must not know which row an item of a reply is about, nor
 * when a batch is sent or what comes of its failure.
 *
 * All but cfdw_batch_report() serves an abort, too, and raises nothing there.
 *
 * Facts: the API page, "The two calls".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "txn/batch.h"
#include "txn/name.h"

static char *full_url(const char *url, const char *path);
static bool list_rows(const CfdwBatch *batch, CfdwRows *by_verb);
static CfdwRow *utf8_row(CfdwRow *row);
static bool read_reply(CfdwBatch *batch, const CfdwResponse *response);
static void describe(const CfdwBatch *batch, CfdwAction *action);
static void describe_row(const CfdwOperation *operation, CfdwAction *action);
static const char *name_rows(const CfdwBatch *batch, bool unknown);

/*
 * A batch with room for so many operations, of TARGET's account; in the current
 * memory context.  NULL when there is no memory.
 */
CfdwBatch *
cfdw_batch_create(CfdwTarget *target, int max)
{
	CfdwBatch *batch = cfdw_ledger_alloc(sizeof(CfdwBatch) +
										 sizeof(CfdwOperation *) * (Size) max);

	if (batch == NULL)
		return NULL;
	batch->target = target;
	batch->max = max;
	batch->operations = (CfdwOperation **) (batch + 1);
	return batch;
}

/*
 * Writes the request's body, unless that is done; in the current memory context.
 * False when there is no memory, or it is more than a request can hold.
 */
bool
cfdw_batch_write(CfdwBatch *batch)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	if (batch->body == NULL && list_rows(batch, by_verb))
		batch->body = cfdw_codec_payload(batch->target->account->resource,
										 by_verb, &batch->body_len);
	return batch->body != NULL;
}

/*
 * Starts to send a batch through its target's session; the request lives in the
 * current memory context.  It may be sent again until DEADLINE_US.  False as above.
 */
bool
cfdw_batch_start(CfdwBatch *batch, int64 deadline_us)
{
	CfdwSession *session = batch->target->session;
	const CfdwOptions *options = cfdw_session_options(session);
	const CfdwAccount *account = batch->target->account;
	CfdwRequest request = {.timeout_ms = options->request_timeout_ms,
						   .max_response_size = options->max_response_size,
						   .whole = true,
						   .work = batch->work,
						   .deadline_us = deadline_us};

	batch->timeout_ms = options->request_timeout_ms;
	request.url = full_url(options->url, account->path);
	if (request.url == NULL || !cfdw_batch_write(batch))
		return false;
	request.body = batch->body;
	request.body_len = batch->body_len;
	batch->call = cfdw_call_start(session, &request);
	return batch->call != NULL;
}

/*
 * Reads what a call that has ended has brought; cfdw_match() makes verdicts of it.
 */
void
cfdw_batch_read(CfdwBatch *batch)
{
	const CfdwResponse *response = cfdw_call_response(batch->call);
	bool is_done = cfdw_answer_of(response, 0) == CFDW_ANSWER_DONE;

	batch->fault[0] = '\0';
	batch->refusal = NULL;
	batch->refused = batch->left_out = NULL;
	batch->nstrays = 0;
	memset(&batch->reply, 0, sizeof(batch->reply));
	memset(&batch->problem, 0, sizeof(batch->problem));
	if (response->signing_in)
		batch->answer = CFDW_ANSWER_NOT_SENT;
	else if (response->cut_off && is_done)
	{
		batch->answer = CFDW_ANSWER_UNKNOWN;
		cfdw_batch_set_fault(batch, _("The reply is too long."));
	}
	else if (read_reply(batch, response) || !is_done)
		batch->answer = cfdw_answer_of(response, batch->problem.code);
	else
	{
		batch->answer = CFDW_ANSWER_UNKNOWN;
		cfdw_batch_set_fault(batch, _("The reply names no lists."));
	}
}

/*
 * Whether a batch has an operation of a verb.
 */
bool
cfdw_batch_has(const CfdwBatch *batch, CfdwVerb verb)
{
	for (int i = 0; i < batch->n; i++)
		if (batch->operations[i]->verb == verb)
			return true;
	return false;
}

/*
 * Whether the account has a row as it was to be, or nobody minds that it has
 * none.
 */
bool
cfdw_batch_is_done(const CfdwOperation *operation)
{
	return operation->verdict == CFDW_CONFIRMED ||
		   (operation->verdict == CFDW_NO_ROW && operation->may_be_absent);
}

/*
 * Notes what is wrong with a reply as such: a sentence.
 */
void
cfdw_batch_set_fault(CfdwBatch *batch, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(batch->fault, sizeof(batch->fault), format, args);
	va_end(args);
}

/*
 * Whether all of a batch was done, and nothing else was said.
 */
bool
cfdw_batch_succeeded(const CfdwBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
		if (!cfdw_batch_is_done(batch->operations[i]))
			return false;
	return batch->fault[0] == '\0' && batch->refusal == NULL;
}

/*
 * Ends the call, and with the request's body: both may be large.  Never raises.
 */
void
cfdw_batch_end(CfdwBatch *batch)
{
	cfdw_call_end(batch->call);
	pfree(batch->body);
	batch->body = NULL;
}

/*
 * Counts, in an abort, that an account has not done what was asked for; WHY is a
 * sentence.  Never raises.
 */
void
cfdw_batch_count_error(const CfdwBatch *batch, const char *why)
{
	const CfdwResponse *response = cfdw_call_response(batch->call);
	const CfdwMeaning *meaning =
		response->outcome != CFDW_HTTP_OK
			? cfdw_answer_outcome(response)
			: cfdw_answer_refusal(response, &batch->problem, batch->n);

	cfdw_statistics_error(cfdw_session_statistics(batch->target->session),
						  meaning->sqlstate, _("could not take back changes"),
						  why);
}

/*
 * Raises the error for a batch that could not be started, out of an abort.
 */
void
cfdw_batch_refuse(const CfdwBatch *batch)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};

	list_rows(batch, by_verb);
	cfdw_codec_refuse(batch->target->account->resource, by_verb);
}

/*
 * Raises the error for a batch that has failed.  LOOKALIKES is a sentence for its
 * detail, or NULL.
 */
void
cfdw_batch_report(CfdwBatch *batch, const char *lookalikes)
{
	const CfdwSession *session = batch->target->session;
	const CfdwResponse *response = cfdw_call_response(batch->call);
	const CfdwOperation *refused = batch->refused;
	CfdwAction all = {.unsure = batch->unsure, .lookalikes = lookalikes};
	CfdwAction action;
	size_t len;
	const char *body = cfdw_call_body(batch->call, &len);

	if (response->signing_in)
		cfdw_session_report_login(session, cfdw_session_statistics(session),
								  response, body, len);
	describe(batch, &all);
	action = all;
	if (batch->fault[0] != '\0')
		cfdw_report_malformed(&all, batch->fault, response, body, len);
	if (batch->left_out != NULL)
	{
		describe_row(batch->left_out, &action);
		cfdw_report_gone(&action);
	}
	if (batch->refusal != NULL)
	{
		describe_row(refused, &action);
		cfdw_report_refused(&action, batch->refusal,
							refused != NULL && refused->verb != CFDW_ADD &&
								batch->refusal->code == CFDW_CODE_GONE,
							response);
	}
	cfdw_report_response(&all, response, body, len);
}

/*
 * Where the request goes; NULL when there is no memory.
 */
static char *
full_url(const char *url, const char *path)
{
	Size size = strlen(url) + strlen(path) + 1;
	char *full = cfdw_ledger_alloc(size);

	if (full != NULL)
		snprintf(full, size, "%s%s", url, path);
	return full;
}

/*
 * The rows of each verb, with their values in UTF-8.  False when there is no memory.
 */
static bool
list_rows(const CfdwBatch *batch, CfdwRows *by_verb)
{
	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];
		CfdwRows *rows = &by_verb[operation->verb];
		CfdwRow *row = utf8_row(operation->data);

		if (rows->rows == NULL)
			rows->rows = cfdw_ledger_alloc(sizeof(CfdwRow *) * batch->n);
		if (rows->rows == NULL || row == NULL)
			return false;
		rows->rows[rows->n++] = row;
	}
	return true;
}

/*
 * A row of the ledger's texts, in UTF-8; NULL when there is no memory.
 */
static CfdwRow *
utf8_row(CfdwRow *row)
{
	Size size = cfdw_row_size(row->resource);
	CfdwRow *copy;

	if (GetDatabaseEncoding() == PG_UTF8)
		return row;
	copy = cfdw_ledger_alloc(size);
	if (copy == NULL)
		return NULL;
	memcpy(copy, row, size);
	for (int i = 0; i < row->resource->ncolumns; i++)
		if (row->values[i] != NULL)
			copy->values[i] =
				unconstify(char *, cfdw_ledger_utf8(row->values[i]));
	return copy;
}

/*
 * Reads the body of a reply.  False when it is none to a POST, nor a refusal.
 */
static bool
read_reply(CfdwBatch *batch, const CfdwResponse *response)
{
	const CfdwResource *resource = batch->target->account->resource;
	size_t len;
	const char *body = cfdw_call_body(batch->call, &len);

	if (response->outcome != CFDW_HTTP_OK)
		return false;
	if (batch->aborting)
		cfdw_reply_try(resource, body, len, &batch->reply);
	else
		cfdw_reply_read(resource, body, len, &batch->reply);
	if (batch->reply.failed)
		batch->problem = batch->reply.problem;
	if (batch->n == 1 && batch->operations[0]->verb != CFDW_ADD)
		cfdw_answer_read_absence(response, &batch->problem);
	return batch->reply.named || batch->reply.failed;
}

/*
 * What a batch does, for a message.
 */
static void
describe(const CfdwBatch *batch, CfdwAction *action)
{
	const CfdwOperation *first = batch->operations[0];

	cfdw_session_describe(batch->target->session, action);
	action->kind = (CfdwActionKind) first->verb;
	action->path = batch->target->account->path;
	action->timeout_ms = batch->timeout_ms;
	action->nrows = batch->n;
	action->rows = name_rows(batch, batch->fault[0] != '\0');
	action->adds = cfdw_batch_has(batch, CFDW_ADD);
	for (int i = 0; i < batch->n; i++)
	{
		const CfdwOperation *operation = batch->operations[i];

		if (operation->verb != first->verb)
			action->kind = CFDW_CHANGING;
		if (!operation->target->verify_rows)
			action->unverified = true;
	}
	if (batch->n == 1)
		action->row = cfdw_name_row(first->verb, first->data);
}

/*
 * The same of one of its rows, unless that is NULL; of an earlier attempt, of which
 * nobody knows what became, all of them were part.
 */
static void
describe_row(const CfdwOperation *operation, CfdwAction *action)
{
	if (operation == NULL || action->unsure)
		return;
	action->kind = (CfdwActionKind) operation->verb;
	action->row = cfdw_name_row(operation->verb, operation->data);
	action->unverified = !operation->target->verify_rows;
}

/*
 * All its rows, or those of which nobody knows what became, for a detail; NULL when
 * there are none.
 */
static const char *
name_rows(const CfdwBatch *batch, bool unknown)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	bool any = false;

	for (int i = 0; i < batch->n; i++)
	{
		const CfdwOperation *operation = batch->operations[i];

		if (unknown && operation->verdict != CFDW_UNKNOWN)
			continue;
		cfdw_row_append(&by_verb[operation->verb], operation->data);
		any = true;
	}
	return any ? cfdw_name_all(by_verb) : NULL;
}
