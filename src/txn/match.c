/*-------------------------------------------------------------------------
 *
 * match.c
 *	  What the reply to a batch says of its rows.
 *
 * Owns the rules by which the items and errors of a reply are matched to the
 * rows that were sent: it is a success only when it covers every row and reports
 * no error that is not forgiven.  Must not know how a batch is sent, nor of what
 * transaction its rows are.
 *
 * Facts: the API page, "POST reply".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"

#include "txn/match.h"
#include "txn/name.h"

static bool forgives_only_row(CfdwBatch *batch, const CfdwResponse *response);
static void check_reply(CfdwBatch *batch, const CfdwResponse *response);
static bool forgives(CfdwBatch *batch, const CfdwReplyError *error);
static bool is_done_before(const CfdwBatch *batch, const CfdwReplyError *error);
static bool may_be_gone(const CfdwBatch *batch, const CfdwRow *row);
static bool misses_row(CfdwBatch *batch, const CfdwReplyError *error);
static bool is_gone(const CfdwProblem *problem);
static void report_refused(CfdwBatch *batch, const CfdwReplyError *error,
						   const CfdwResponse *response)
	pg_attribute_noreturn();
static int find_refused(CfdwVerb verb, const CfdwRows *rows,
						const CfdwReplyError *error);
static int find_refused_add(const CfdwRows *rows, int64 key);
static const char *request_id_of(const CfdwRow *row);
static bool bears_request_id(const CfdwRow *row, int64 request_id);
static void match_rows(CfdwBatch *batch, const CfdwResponse *response);
static bool covers(const CfdwBatch *batch, CfdwVerb verb, const CfdwRow *row);
static CfdwReplyItem *list_added(const CfdwBatch *batch, int *n);
static bool has_row(const CfdwRows *rows, int64 id);
static void assign_ids(const CfdwRows *added, const CfdwReplyItem *items);
static bool match_by_request_id(const CfdwRows *added,
								const CfdwReplyItem *items);
static void match_accepted_by_request_id(const CfdwRows *added,
										 const CfdwReplyItem *items, int n);
static void match_accepted_by_place(CfdwBatch *batch,
									const CfdwReplyItem *items, int n);

/*
 * Waits for the reply to a batch that was sent and checks it; the batch is sent
 * again when the reply is lost and that is safe.  Gives added rows their ids.
 * Raises the errors of report.c: when this returns, the account has confirmed
 * every row.
 */
void
cfdw_match_receive(CfdwBatch *batch)
{
	const CfdwResponse *response = cfdw_batch_receive(batch);
	const CfdwReply *reply = &batch->reply;

	if (!forgives_only_row(batch, response))
	{
		check_reply(batch, response);
		for (int i = 0; i < reply->nerrors; i++)
			if (!forgives(batch, &reply->errors[i]))
				report_refused(batch, &reply->errors[i], response);
		match_rows(batch, response);
	}
	cfdw_http_end(batch->transfer);
}

/*
 * Sends a batch of updates or deletes within an abort and waits for its reply,
 * but says by its result whether the account has confirmed every row, or has no
 * such list any more where there is one alone.  Raises an error only for want of
 * memory or of descriptors.
 */
bool
cfdw_match_try(CfdwBatch *batch, int timeout_ms)
{
	const CfdwRows *deleted = &batch->by_verb[CFDW_DELETE];
	const CfdwRows *updated = &batch->by_verb[CFDW_UPDATE];
	const CfdwReply *reply = &batch->reply;
	const CfdwResponse *response;
	CfdwProblem problem;

	batch->gone = false;
	response = cfdw_batch_try(batch, timeout_ms);
	if (response == NULL)
		return false;
	if (reply->nerrors > 0)
		problem = reply->errors[0].problem;
	else
		cfdw_reply_problem(batch->body.data, batch->body.len, &problem);
	batch->gone = is_gone(&problem);
	if (batch->gone && deleted->n + updated->n == 1)
		return true;
	if (deleted->n == 1 && response->status == 204)
		return true;
	if (response->status != 200 || reply->nerrors > 0)
		return response->status == 204 && updated->n == 0;
	for (int i = 0; i < deleted->n; i++)
		if (!cfdw_match_confirms(batch, deleted->rows[i]->id))
			return false;
	for (int i = 0; i < updated->n; i++)
		if (!cfdw_match_confirms(batch, updated->rows[i]->id))
			return false;
	return true;
}

/*
 * Whether the reply to a batch names the list of an id.
 */
bool
cfdw_match_confirms(const CfdwBatch *batch, int64 id)
{
	for (int i = 0; i < batch->reply.nitems; i++)
		if (batch->reply.items[i].id == id)
			return true;
	return false;
}

/*
 * After a reply that refuses rows of a batch: gives those added rows their ids
 * that it has accepted, when it is clear which those are.  When all have a
 * request_id, that says it; else their place does, among those that the reply
 * does not refuse.
 */
void
cfdw_match_accepted(CfdwBatch *batch)
{
	const CfdwRows *added = &batch->by_verb[CFDW_ADD];
	int nleft;
	CfdwReplyItem *left = list_added(batch, &nleft);
	int nnamed = 0;

	for (int i = 0; i < added->n; i++)
		if (request_id_of(added->rows[i]) != NULL)
			nnamed++;
	for (int i = 0; i < nleft; i++)
		if (left[i].id <= 0)
			return;
	if (nnamed == added->n)
		match_accepted_by_request_id(added, left, nleft);
	else
		match_accepted_by_place(batch, left, nleft);
}

/*
 * Whether the account has answered only that it does not have the one row of a
 * batch, and that is no failure.  Without the code that says so, "not found" may
 * be about the path.
 */
static bool
forgives_only_row(CfdwBatch *batch, const CfdwResponse *response)
{
	CfdwReplyError error = {.verb = -1};

	return response->outcome == CFDW_HTTP_OK && !batch->reply.named &&
		   !batch->too_long &&
		   cfdw_reply_problem(batch->body.data, batch->body.len,
							  &error.problem) &&
		   cfdw_batch_count(batch) == 1 &&
		   error.problem.code == CFDW_CODE_GONE && forgives(batch, &error);
}

/*
 * Raises the error for what is no reply to a batch.
 */
static void
check_reply(CfdwBatch *batch, const CfdwResponse *response)
{
	const CfdwReply *reply = &batch->reply;
	const StringInfoData *body = &batch->body;
	CfdwProblem problem;

	if (response->outcome != CFDW_HTTP_OK ||
		(response->status != 200 && response->status != 204 &&
		 reply->nerrors == 0))
		cfdw_report_response(cfdw_batch_describe(batch), response, body->data,
							 body->len);
	if (response->status != 200 ||
		(reply->named && (!reply->failed || reply->nerrors > 0)))
		return;
	if (batch->too_long)
		cfdw_report_malformed(cfdw_batch_describe(batch),
							  "the reply is too long", response);
	if (cfdw_reply_problem(body->data, body->len, &problem))
		cfdw_report_response(cfdw_batch_describe(batch), response, body->data,
							 body->len);
	cfdw_report_malformed(cfdw_batch_describe(batch),
						  "the reply names no lists", response);
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
 * Whether the account says that it has no such list.
 */
static bool
is_gone(const CfdwProblem *problem)
{
	return problem->code == CFDW_CODE_GONE;
}

/*
 * Raises the error for a row that the reply refuses.
 */
static void
report_refused(CfdwBatch *batch, const CfdwReplyError *error,
			   const CfdwResponse *response)
{
	const CfdwAction *action = cfdw_batch_describe(batch);
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
		if (is_position && key != i && request_id_of(rows->rows[key]) == NULL)
			return -1;
		return i;
	}
	return is_position ? (int) key : -1;
}

/*
 * The request_id with which a row was sent, or NULL.
 */
static const char *
request_id_of(const CfdwRow *row)
{
	return row->values[row->resource->request_id];
}

/*
 * Whether a row was sent with a request_id.
 */
static bool
bears_request_id(const CfdwRow *row, int64 request_id)
{
	const char *sent = request_id_of(row);

	return sent != NULL && strtoi64(sent, NULL, 10) == request_id;
}

/*
 * Matches the items of a reply to the rows of its batch.  Those of updates and
 * deletes are known by their ids; what is left over are the added ones.  Raises
 * 40001 for a row that the reply leaves out, unless that may be: a list that an
 * earlier request was to delete is gone.  Raises HV00M for items that are too few
 * or too many.
 */
static void
match_rows(CfdwBatch *batch, const CfdwResponse *response)
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
				cfdw_report_gone(cfdw_batch_describe(batch),
								 cfdw_name_row(verb, row));
		}
	left = list_added(batch, &nleft);
	if (nleft > added->n && added->n == 0)
		cfdw_report_malformed(cfdw_batch_describe(batch),
							  "the reply names a list that was not sent",
							  response);
	if (nleft != added->n)
		cfdw_report_malformed(
			cfdw_batch_describe(batch),
			psprintf("the reply names %d of %d lists", nleft, added->n),
			response);
	for (int i = 0; i < nleft; i++)
		if (left[i].id <= 0)
			cfdw_report_malformed(cfdw_batch_describe(batch),
								  "an item of the reply has no id", response);
	assign_ids(added, left);
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
	return cfdw_match_confirms(batch, row->id);
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

static bool
has_row(const CfdwRows *rows, int64 id)
{
	for (int i = 0; i < rows->n; i++)
		if (rows->rows[i]->id == id)
			return true;
	return false;
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
			cfdw_row_append(&accepted, added->rows[i]);
	for (int i = 0; n == accepted.n && i < n; i++)
		accepted.rows[i]->id = items[i].id;
}
