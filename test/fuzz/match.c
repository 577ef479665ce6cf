/*-------------------------------------------------------------------------
 *
 * match.c (fuzz)
 *	  A batch: its request, and what the reply says of its rows.
 *
 * The input: the operations; whether an earlier attempt is in doubt; and then either
 * the status and body of a reply, or what an honest account does and how it tells.
 * The request holds what is to be done, as json-c reads it.  Of what an account says
 * nothing is believed that cannot be, and what an honest one says is taken for what
 * it means.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <json-c/json.h>

#include "access/table.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "txn/match.h"
#include "fuzz.h"

#define MAX_OPERATIONS 6

/* The first id that an honest account gives. */
#define FIRST_NEW 1000

/* How an honest account tells: bits. */
#define TELL_REVERSED 1 /* the other way round, where all have request_ids */
#define TELL_REQUEST_IDS 2
#define TELL_NESTED 4       /* each item in a list of its own */
#define TELL_ERRORS_BARE 8  /* errors without saying of which row */
#define TELL_ERRORS_LIST 16 /* errors as a list of objects with an id */

static CfdwTable *table;

static CfdwBatch *make_batch(FuzzInput *input, CfdwTarget *target);
static CfdwOperation *make_operation(FuzzInput *input, CfdwTarget *target,
									 int n);
static void check_request(const CfdwBatch *batch);
static void check_row(json_object *sent, const CfdwOperation *operation);
static void read_reply(CfdwBatch *batch, CfdwResponse *response,
					   const char *body, size_t len);
static void check_verdicts(const CfdwBatch *batch);
static void answer_honestly(FuzzInput *input, CfdwBatch *batch);
static char *tell(const CfdwBatch *batch, const bool *done, int how);
static void tell_item(StringInfo body, const CfdwBatch *batch, int i, int how,
					  bool *first);
static void check_honest(const CfdwBatch *batch, const bool *done, int how);
static bool have_request_ids(const CfdwBatch *batch);
static const char *request_id_of(const CfdwOperation *operation);

static void
prepare(void)
{
	Relation rel = table_open(RelnameGetRelid("fuzz_lists"), AccessShareLock);

	table = cfdw_table_get(rel);
	table_close(rel, AccessShareLock);
}

static void
run(FuzzInput *input)
{
	MemoryContext transaction = TopTransactionContext;
	CfdwTarget *target;
	CfdwBatch *batch;

	/* The ledger's memory is the transaction's: here it is the input's. */
	TopTransactionContext = CurrentMemoryContext;
	target = cfdw_ledger_target(table, GetUserId());
	for (int id = 1; id < 4; id++)
		cfdw_ledger_saw(target->account, id);
	batch = make_batch(input, target);
	check_request(batch);
	batch->unsure = fuzz_below(input, 4) == 1;
	if (fuzz_below(input, 2) == 0)
	{
		static const int statuses[] = {200, 200, 200, 204, 400,
									   401, 403, 422, 429, 503};
		CfdwResponse response = {.sent = true};
		size_t len;
		char *body;

		response.status = statuses[fuzz_below(input, lengthof(statuses))];
		body = fuzz_rest(input, &len);
		read_reply(batch, &response, body, len);
		check_verdicts(batch);
	}
	else
		answer_honestly(input, batch);
	cfdw_ledger_end_transaction();
	TopTransactionContext = transaction;
}

static CfdwBatch *
make_batch(FuzzInput *input, CfdwTarget *target)
{
	int n = 1 + fuzz_below(input, MAX_OPERATIONS);
	CfdwBatch *batch = cfdw_batch_create(target, n);

	for (; batch->n < n; batch->n++)
		batch->operations[batch->n] = make_operation(input, target, batch->n);
	batch->verb = batch->operations[0]->verb;
	return batch;
}

/*
 * An operation; those of updates and deletes are about ids from 1 on.
 */
static CfdwOperation *
make_operation(FuzzInput *input, CfdwTarget *target, int n)
{
	CfdwOperation *operation = palloc0(sizeof(CfdwOperation));
	CfdwRow *row = cfdw_row_create(target->account->resource);
	int request_id = fuzz_byte(input);
	char *name;

	operation->verb = fuzz_below(input, CFDW_NVERBS);
	operation->target = target;
	operation->data = row;
	if (operation->verb == CFDW_ADD)
	{
		operation->row = cfdw_ledger_add(target->account);
		if (request_id % 2 == 1)
			row->values[row->resource->request_id] =
				psprintf("%d", request_id / 2);
	}
	else
	{
		row->id = 1 + n;
		operation->row = cfdw_ledger_row(target->account, row->id);
	}
	name = fuzz_line(input);
	if (operation->verb != CFDW_DELETE)
		row->values[row->resource->name] =
			fuzz_is_utf8(name, strlen(name)) ? name : "name";
	return operation;
}

/*
 * The request does to each row what it is to, in order.
 */
static void
check_request(const CfdwBatch *batch)
{
	const CfdwResource *resource = batch->target->account->resource;
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	int found[CFDW_NVERBS] = {0};
	size_t len;
	char *body;
	json_object *tree;

	for (int i = 0; i < batch->n; i++)
		cfdw_row_append(&by_verb[batch->operations[i]->verb],
						batch->operations[i]->data);
	body = cfdw_codec_payload(resource, by_verb, &len);
	FUZZ_CHECK(strlen(body) == len, "a zero in it");
	tree = fuzz_parse(body, len);
	FUZZ_CHECK(tree != NULL, "it is no JSON: %s", body);
	for (int i = 0; i < batch->n; i++)
	{
		CfdwVerb verb = batch->operations[i]->verb;
		json_object *rows = NULL;

		json_object_object_get_ex(tree, resource->verbs[verb], &rows);
		FUZZ_CHECK((int) json_object_array_length(rows) == by_verb[verb].n,
				   "some rows are missing: %s", body);
		check_row(json_object_array_get_idx(rows, found[verb]++),
				  batch->operations[i]);
	}
	json_object_put(tree);
}

static void
check_row(json_object *sent, const CfdwOperation *operation)
{
	const CfdwRow *row = operation->data;
	json_object *value = NULL;
	int given = operation->verb == CFDW_UPDATE ? 1 : 0;

	if (operation->verb == CFDW_DELETE)
	{
		FUZZ_CHECK(json_object_get_int64(sent) == row->id, "another id");
		return;
	}
	for (int i = 0; i < row->resource->ncolumns; i++)
	{
		if (row->values[i] == NULL)
			continue;
		given++;
		json_object_object_get_ex(sent, row->resource->columns[i].key, &value);
		FUZZ_CHECK(strcmp(json_object_get_string(value), row->values[i]) == 0,
				   "another value");
	}
	if (operation->verb == CFDW_UPDATE)
	{
		json_object_object_get_ex(sent, "id", &value);
		FUZZ_CHECK(json_object_get_int64(value) == row->id, "another id");
	}
	FUZZ_CHECK(json_object_object_length(sent) == given, "more than is given");
}

/*
 * As cfdw_batch_read() does, without a call.
 */
static void
read_reply(CfdwBatch *batch, CfdwResponse *response, const char *body,
		   size_t len)
{
	bool is_done = cfdw_answer_of(response, 0) == CFDW_ANSWER_DONE;

	cfdw_reply_try(batch->target->account->resource, body, len, &batch->reply);
	if (batch->reply.failed)
		batch->problem = batch->reply.problem;
	if (batch->reply.named || batch->reply.failed || !is_done)
		batch->answer = cfdw_answer_of(response, batch->problem.code);
	else
		batch->answer = CFDW_ANSWER_UNKNOWN;
	cfdw_match(batch, response);
}

/*
 * What holds whatever the reply says.
 */
static void
check_verdicts(const CfdwBatch *batch)
{
	CfdwAccount *account = batch->target->account;

	for (int i = 0; i < batch->n; i++)
	{
		const CfdwOperation *operation = batch->operations[i];
		int64 id = operation->data->id;

		FUZZ_CHECK(operation->verb != CFDW_ADD ||
					   operation->verdict != CFDW_NO_ROW,
				   "an added row is not there");
		if (operation->verb != CFDW_ADD || operation->verdict != CFDW_CONFIRMED)
		{
			FUZZ_CHECK(operation->verb != CFDW_ADD || id == 0,
					   "an id of what is not confirmed");
			continue;
		}
		FUZZ_CHECK(id > 0, "no id");
		FUZZ_CHECK(!cfdw_ledger_was_there(account, id),
				   "list %lld was there before", (long long) id);
		for (int j = 0; j < i; j++)
			FUZZ_CHECK(batch->operations[j]->data->id != id, "an id twice");
		for (int j = 0; j < batch->nstrays; j++)
			FUZZ_CHECK(batch->strays[j] != id, "it is a stray, too");
	}
	for (int i = 0; i < batch->nstrays; i++)
		FUZZ_CHECK(batch->strays[i] > 0 &&
					   !cfdw_ledger_was_there(account, batch->strays[i]),
				   "a stray that was there before");
	FUZZ_CHECK(batch->nstrays <= batch->n, "more strays than rows");
}

/*
 * An account that does some of it, and says what.
 */
static void
answer_honestly(FuzzInput *input, CfdwBatch *batch)
{
	CfdwResponse response = {.status = 200, .sent = true};
	int how = fuzz_byte(input);
	int refused = fuzz_byte(input);
	bool done[MAX_OPERATIONS];
	char *body;

	for (int i = 0; i < batch->n; i++)
		done[i] = !(refused & (1 << i));
	if (!have_request_ids(batch))
		how &= ~(TELL_REVERSED | TELL_REQUEST_IDS);
	if (!(how & TELL_REQUEST_IDS))
		how &= ~TELL_REVERSED;
	body = tell(batch, done, how);
	read_reply(batch, &response, body, strlen(body));
	check_verdicts(batch);
	if (!batch->unsure)
		check_honest(batch, done, how);
}

static char *
tell(const CfdwBatch *batch, const bool *done, int how)
{
	const CfdwResource *resource = batch->target->account->resource;
	bool first = true;
	int nrefused = 0;
	int place = 0;
	StringInfoData body;

	initStringInfo(&body);
	appendStringInfoString(&body, "{\"_embedded\":{\"items\":[");
	for (int k = 0; k < batch->n; k++)
	{
		int i = how & TELL_REVERSED ? batch->n - 1 - k : k;

		if (done[i])
			tell_item(&body, batch, i, how, &first);
		else
			nrefused++;
	}
	appendStringInfoString(&body, "]");
	if (nrefused > 0)
		appendStringInfoString(&body, ",\"errors\":{");
	for (int verb = 0; verb < CFDW_NVERBS && nrefused > 0; verb++)
	{
		bool as_list = how & (TELL_ERRORS_LIST | TELL_ERRORS_BARE);

		appendStringInfo(&body, "%s\"%s\":%c", verb > 0 ? "," : "",
						 resource->verbs[verb], as_list ? '[' : '{');
		first = true;
		place = 0;
		for (int i = 0; i < batch->n; i++)
		{
			const CfdwOperation *operation = batch->operations[i];
			bool is_add = operation->verb == CFDW_ADD;
			const char *request_id = request_id_of(operation);
			const char *key;

			if ((int) operation->verb != verb)
				continue;
			key = is_add ? (request_id != NULL ? request_id
											   : psprintf("%d", place))
						 : psprintf(INT64_FORMAT, operation->data->id);
			place++;
			if (done[i])
				continue;
			if (!first)
				appendStringInfoChar(&body, ',');
			first = false;
			if (how & TELL_ERRORS_BARE)
				appendStringInfoString(&body, "\"no\"");
			else if (as_list)
				appendStringInfo(&body, "{\"%s\":%s,\"message\":\"no\"}",
								 is_add ? "request_id" : "id", key);
			else
				appendStringInfo(&body, "\"%s\":\"no\"", key);
		}
		appendStringInfoChar(&body, as_list ? ']' : '}');
	}
	appendStringInfoString(&body, nrefused > 0 ? "}}}" : "}}");
	return body.data;
}

static void
tell_item(StringInfo body, const CfdwBatch *batch, int i, int how, bool *first)
{
	const CfdwOperation *operation = batch->operations[i];
	const char *request_id = request_id_of(operation);

	appendStringInfo(body, "%s%s{\"id\":" INT64_FORMAT, *first ? "" : ",",
					 how & TELL_NESTED ? "[" : "",
					 operation->verb == CFDW_ADD ? (int64) FIRST_NEW + i
												 : operation->data->id);
	if (request_id != NULL && (how & TELL_REQUEST_IDS))
		appendStringInfo(body, ",\"request_id\":%s", request_id);
	appendStringInfo(body, "}%s", how & TELL_NESTED ? "]" : "");
	*first = false;
}

/*
 * What an honest account has done is not taken for refused, nor the other way
 * round; and each row has the id that it was given.
 */
static void
check_honest(const CfdwBatch *batch, const bool *done, int how)
{
	bool all = true;

	for (int i = 0; i < batch->n; i++)
	{
		const CfdwOperation *operation = batch->operations[i];
		int64 id = operation->data->id;
		bool is_stray = false;

		all = all && done[i];
		for (int j = 0; j < batch->nstrays; j++)
			if (batch->strays[j] == FIRST_NEW + i)
				is_stray = true;
		if (operation->verdict == CFDW_CONFIRMED)
			FUZZ_CHECK(done[i], "%d was not done", i);
		else if (operation->verdict != CFDW_UNKNOWN)
			FUZZ_CHECK(!done[i] || is_stray, "%d was done", i);
		if (operation->verb == CFDW_ADD && operation->verdict == CFDW_CONFIRMED)
			FUZZ_CHECK(id == FIRST_NEW + i, "%d is list %lld, not %d", i,
					   (long long) id, FIRST_NEW + i);
	}
	for (int i = 0; i < batch->n && all; i++)
		FUZZ_CHECK(batch->operations[i]->verdict == CFDW_CONFIRMED,
				   "all was done, but %d", i);
	FUZZ_CHECK(all == cfdw_batch_succeeded(batch), "all was done: %d", all);
}

/*
 * Whether each row is an added one with a request_id that no other has.
 */
static bool
have_request_ids(const CfdwBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
	{
		const char *request_id = request_id_of(batch->operations[i]);

		if (request_id == NULL)
			return false;
		for (int j = 0; j < i; j++)
			if (strcmp(request_id, request_id_of(batch->operations[j])) == 0)
				return false;
	}
	return true;
}

static const char *
request_id_of(const CfdwOperation *operation)
{
	return operation->data->values[operation->data->resource->request_id];
}

const FuzzTarget fuzz_match = {"match", prepare, run};
