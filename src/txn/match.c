/*-------------------------------------------------------------------------
 *
 * match.c
 *	  What the reply to a batch says of its rows.
 *
 * Owns the rules by which the items and errors of a reply are matched to the
 * operations that were sent: (operations, reply) -> a verdict for each.  It is a
 * function of those and of what the ledger says was there before.  An item makes
 * an add its own only when it can be nobody else's: a reply that names more lists
 * than were sent, one of them twice, or one that was there before proves nothing.
 *
 * Nothing here raises or waits: it serves an abort, too.  Must not know how a batch
 * is sent, nor what its verdicts lead to.
 *
 * Facts: the API page, "POST reply".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "txn/match.h"

/* Items of a reply, and the adds that they may be about; at most as many as a
 * batch has rows: no need for a hash table. */
typedef struct Adds
{
	int nadds; /* that were sent */
	int n;     /* of these, that the reply does not refuse by name */
	CfdwOperation **rows;
	int nitems; /* that are about no other row */
	const CfdwReplyItem **items;
	int *item_of; /* of each of rows, by its request_id; -1: none */
} Adds;

static bool tells_of_rows(const CfdwBatch *batch, const CfdwResponse *response);
static void match_refusal(CfdwBatch *batch, const CfdwResponse *response);
static void match_errors(CfdwBatch *batch, const CfdwResponse *response);
static bool may_be_about(const CfdwBatch *batch, const CfdwReplyError *error);
static bool refuses_something(const CfdwReply *reply);
static CfdwOperation *find_refused(const CfdwBatch *batch,
								   const CfdwReplyError *error);
static CfdwOperation *find_refused_of(const CfdwBatch *batch, CfdwVerb verb,
									  const CfdwReplyError *error);
static CfdwOperation *find_refused_add(const CfdwBatch *batch, int64 key);
static void match_known(CfdwBatch *batch);
static void match_left_out(CfdwBatch *batch, CfdwOperation *operation);
static void match_adds(CfdwBatch *batch);
static void doubt_adds(CfdwBatch *batch);
static bool list_adds(const CfdwBatch *batch, Adds *adds);
static bool are_credible(CfdwBatch *batch, const Adds *adds);
static void pair_by_request_id(Adds *adds);
static bool pair_the_rest(Adds *adds);
static void confirm_pairs(CfdwBatch *batch, Adds *adds);
static void decide_all(CfdwBatch *batch, CfdwVerdict verdict);
static CfdwVerdict refused(const CfdwBatch *batch);
static CfdwVerdict no_row(const CfdwBatch *batch,
						  const CfdwOperation *operation);
static bool names_id(const CfdwReply *reply, int64 id);
static bool is_sent(const CfdwBatch *batch, int64 id);
static const char *sent_request_id(const CfdwOperation *operation);
static bool bears_request_id(const CfdwOperation *operation, int64 request_id);

/*
 * Gives each operation of a batch whose call has ended its verdict, and those
 * that were added their ids; says in the batch what is wrong with the reply as
 * such, and which lists it has added that no operation can be given.  Never
 * raises.
 */
void
cfdw_match(CfdwBatch *batch, const CfdwResponse *response)
{
	/* Until it is decided. */
	decide_all(batch, CFDW_NOT_SENT);
	if (!tells_of_rows(batch, response))
	{
		match_refusal(batch, response);
		return;
	}
	match_errors(batch, response);
	match_adds(batch);
	match_known(batch);
}

/*
 * Whether an answer tells what became of rows.  A server that fails may have
 * carried out what it says it could not.
 */
static bool
tells_of_rows(const CfdwBatch *batch, const CfdwResponse *response)
{
	CfdwAnswer status = cfdw_answer_of_status(response);

	if (batch->answer == CFDW_ANSWER_DONE || batch->answer == CFDW_ANSWER_EMPTY)
		return true;
	if (status == CFDW_ANSWER_UNKNOWN || status == CFDW_ANSWER_UNREAD)
		return false;
	return batch->reply.nerrors > 0 ||
		   (batch->reply.named && status == CFDW_ANSWER_DONE);
}

/*
 * The account has answered with no word about rows, or not at all.
 */
static void
match_refusal(CfdwBatch *batch, const CfdwResponse *response)
{
	bool sent = response->sent || batch->unsure;

	switch (batch->answer)
	{
		/* What went out over a kept connection that broke, so that libcurl tried
		 * to make a new one, and could not, may have been carried out. */
		case CFDW_ANSWER_NOT_SENT:
		case CFDW_ANSWER_UNKNOWN:
		case CFDW_ANSWER_UNREAD:
			decide_all(batch, sent ? CFDW_UNKNOWN : CFDW_NOT_SENT);
			break;
		default:
			/* "Not found" without the code may be about the path. */
			if (batch->n == 1 && batch->problem.code == CFDW_CODE_GONE &&
				batch->operations[0]->verb != CFDW_ADD)
				decide_all(batch, no_row(batch, batch->operations[0]));
			else
				decide_all(batch, refused(batch));
	}
}

/*
 * Rows that the reply refuses by name.  One that refuses what was not sent is the
 * reply to something else, unless its status says what became of the request.
 */
static void
match_errors(CfdwBatch *batch, const CfdwResponse *response)
{
	bool is_success = cfdw_answer_of_status(response) == CFDW_ANSWER_DONE;

	for (int i = 0; i < batch->reply.nerrors; i++)
	{
		const CfdwReplyError *error = &batch->reply.errors[i];
		CfdwOperation *operation = find_refused(batch, error);

		if (operation != NULL)
			operation->verdict = error->problem.code == CFDW_CODE_GONE &&
										 operation->verb != CFDW_ADD
									 ? no_row(batch, operation)
									 : refused(batch);
		else if (is_success && !may_be_about(batch, error))
			cfdw_batch_set_fault(
				batch, _("The reply refuses a list that was not sent."));
		if (batch->refusal == NULL &&
			(operation == NULL || !cfdw_batch_is_done(operation)))
		{
			batch->refusal = &error->problem;
			batch->refused = operation;
		}
	}
	if (batch->refusal == NULL && batch->reply.failed)
		batch->refusal = &batch->problem;
}

/*
 * Whether an error may be about some row of a batch.  In which ways rows to be added
 * are named, nobody knows; others may be by their position, from 0 or from 1.
 */
static bool
may_be_about(const CfdwBatch *batch, const CfdwReplyError *error)
{
	bool of_add = error->verb < 0 || error->verb == CFDW_ADD;

	if (error->verb >= 0 && !cfdw_batch_has(batch, error->verb))
		return false;
	return !error->has_key || (of_add && cfdw_batch_has(batch, CFDW_ADD)) ||
		   (error->key >= 0 && error->key <= batch->n) ||
		   is_sent(batch, error->key);
}

/*
 * Whether a reply says somewhere that something was refused.
 */
static bool
refuses_something(const CfdwReply *reply)
{
	return reply->nerrors > 0 || reply->failed;
}

/*
 * The operation that an error is about, or NULL: one that says neither verb nor row
 * may be about any of them.
 */
static CfdwOperation *
find_refused(const CfdwBatch *batch, const CfdwReplyError *error)
{
	CfdwOperation *found = NULL;

	if (error->verb < 0 && !error->has_key)
		return batch->n == 1 ? batch->operations[0] : NULL;
	for (int verb = 0; verb < CFDW_NVERBS && found == NULL; verb++)
		if (error->verb < 0 || error->verb == verb)
			found = find_refused_of(batch, verb, error);
	return found;
}

static CfdwOperation *
find_refused_of(const CfdwBatch *batch, CfdwVerb verb,
				const CfdwReplyError *error)
{
	CfdwOperation *found = NULL;
	int n = 0;

	if (error->has_key && verb == CFDW_ADD)
		return find_refused_add(batch, error->key);
	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verb != verb ||
			(error->has_key && operation->data->id != error->key))
			continue;
		found = operation;
		n++;
	}
	return n == 1 ? found : NULL;
}

/*
 * The same of an added row, which is named by its request_id, or by its position
 * when it has none; NULL also when the key may mean more than one.
 */
static CfdwOperation *
find_refused_add(const CfdwBatch *batch, int64 key)
{
	int request_id = batch->target->account->resource->request_id;
	CfdwOperation *bearer = NULL;
	CfdwOperation *placed = NULL;
	int nbearers = 0;
	int place = 0;

	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verb != CFDW_ADD)
			continue;
		if (bears_request_id(operation, key))
		{
			bearer = operation;
			nbearers++;
		}
		if (place++ == key)
			placed = operation;
	}
	if (bearer == NULL)
		return placed;
	if (nbearers > 1)
		return NULL;
	return placed != NULL && placed != bearer &&
				   placed->data->values[request_id] == NULL
			   ? NULL
			   : bearer;
}

/*
 * Updates and deletes, which the reply names by their ids.
 */
static void
match_known(CfdwBatch *batch)
{
	bool adds = cfdw_batch_has(batch, CFDW_ADD);
	bool only_deletes = !adds && !cfdw_batch_has(batch, CFDW_UPDATE);
	bool is_of_another = !adds && batch->fault[0] != '\0';

	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verb == CFDW_ADD || operation->verdict != CFDW_NOT_SENT)
			continue;
		/* Who names what was not sent speaks of another request. */
		if (is_of_another)
			operation->verdict = CFDW_UNKNOWN;
		/* "Nothing" is what is left of deleted lists. */
		else if (names_id(&batch->reply, operation->data->id) ||
				 (batch->answer == CFDW_ANSWER_EMPTY && only_deletes))
			operation->verdict = CFDW_CONFIRMED;
		else
			match_left_out(batch, operation);
	}
}

/*
 * One that the reply leaves out is not in the account, unless that cannot be believed,
 * or says elsewhere that something was refused.
 */
static void
match_left_out(CfdwBatch *batch, CfdwOperation *operation)
{
	if (batch->fault[0] != '\0')
		operation->verdict = CFDW_UNKNOWN;
	else if (refuses_something(&batch->reply))
		operation->verdict = refused(batch);
	else
	{
		operation->verdict = no_row(batch, operation);
		if (batch->left_out == NULL && !cfdw_batch_is_done(operation))
			batch->left_out = operation;
	}
}

/*
 * Added rows: what the reply names beyond the others is theirs, if it can be.
 */
static void
match_adds(CfdwBatch *batch)
{
	Adds adds = {0};
	bool paired;

	if (!list_adds(batch, &adds))
	{
		cfdw_batch_set_fault(
			batch, _("There is not enough memory to read the reply."));
		doubt_adds(batch);
		return;
	}
	if (!are_credible(batch, &adds))
	{
		doubt_adds(batch);
		return;
	}
	pair_by_request_id(&adds);
	paired = pair_the_rest(&adds);
	confirm_pairs(batch, &adds);
	if (adds.nitems < adds.n && !refuses_something(&batch->reply))
		cfdw_batch_set_fault(batch, _("The reply names %d of %d lists."),
							 adds.nitems, adds.n);
	else if (adds.nitems == adds.n && !paired)
		cfdw_batch_set_fault(
			batch, _("The request_ids contradict the order of the reply."));
	for (int i = 0; i < adds.n; i++)
		if (adds.rows[i]->verdict == CFDW_NOT_SENT)
			/* Where all that is new is known, what is left is not there. */
			adds.rows[i]->verdict =
				batch->fault[0] == '\0' || adds.nitems == adds.n
					? refused(batch)
					: CFDW_UNKNOWN;
}

/*
 * Nobody knows what became of any added row, whatever the reply says of it.
 */
static void
doubt_adds(CfdwBatch *batch)
{
	for (int i = 0; i < batch->n; i++)
		if (batch->operations[i]->verb == CFDW_ADD)
			batch->operations[i]->verdict = CFDW_UNKNOWN;
}

/*
 * What there is to be paired.  False when there is no memory.
 */
static bool
list_adds(const CfdwBatch *batch, Adds *adds)
{
	const CfdwReply *reply = &batch->reply;

	adds->rows = cfdw_ledger_alloc(sizeof(CfdwOperation *) * batch->n);
	adds->items =
		cfdw_ledger_alloc(sizeof(CfdwReplyItem *) * Max(reply->nitems, 1));
	adds->item_of = cfdw_ledger_alloc(sizeof(int) * batch->n);
	if (adds->rows == NULL || adds->items == NULL || adds->item_of == NULL)
		return false;
	for (int i = 0; i < batch->n; i++)
	{
		CfdwOperation *operation = batch->operations[i];

		if (operation->verb != CFDW_ADD)
			continue;
		adds->nadds++;
		if (operation->verdict == CFDW_NOT_SENT)
			adds->rows[adds->n++] = operation;
	}
	for (int i = 0; i < reply->nitems; i++)
		if (adds->nadds == batch->n || !is_sent(batch, reply->items[i].id))
			adds->items[adds->nitems++] = &reply->items[i];
	return true;
}

/*
 * Whether the items can be those of added rows; notes why not.
 */
static bool
are_credible(CfdwBatch *batch, const Adds *adds)
{
	int refuses_unnamed =
		batch->refusal != NULL && batch->refused == NULL ? 1 : 0;

	if (adds->nitems > adds->nadds && adds->nadds == 0)
		cfdw_batch_set_fault(batch,
							 _("The reply names a list that was not sent."));
	else if (adds->nitems > adds->nadds)
		cfdw_batch_set_fault(batch, _("The reply names %d of %d lists."),
							 adds->nitems, adds->nadds);
	/* It might be one that was there, and is in the way of ours. */
	else if (adds->nitems > 0 && adds->nitems + refuses_unnamed > adds->n)
		cfdw_batch_set_fault(batch,
							 _("The reply names lists, and refuses them."));
	for (int i = 0; i < adds->nitems && batch->fault[0] == '\0'; i++)
	{
		int64 id = adds->items[i]->id;

		if (id <= 0)
			cfdw_batch_set_fault(batch, _("An item of the reply has no id."));
		else if (cfdw_ledger_was_there(batch->target->account, id))
			cfdw_batch_set_fault(
				batch, _("The reply names a list that was there before."));
		for (int j = 0; j < i; j++)
			if (adds->items[j]->id == id)
				cfdw_batch_set_fault(batch, _("The reply names a list twice."));
	}
	return batch->fault[0] == '\0';
}

/*
 * Pairs rows with the items that bring their request_id back, where just one row
 * has sent it and just one item bears it.
 */
static void
pair_by_request_id(Adds *adds)
{
	for (int i = 0; i < adds->n; i++)
	{
		int items = 0;
		int rows = 0;

		adds->item_of[i] = -1;
		if (sent_request_id(adds->rows[i]) == NULL)
			continue;
		for (int j = 0; j < adds->nitems; j++)
			if (adds->items[j]->has_request_id &&
				bears_request_id(adds->rows[i], adds->items[j]->request_id))
			{
				adds->item_of[i] = j;
				items++;
			}
		if (items != 1)
		{
			adds->item_of[i] = -1;
			continue;
		}
		for (int k = 0; k < adds->n; k++)
			if (bears_request_id(adds->rows[k],
								 adds->items[adds->item_of[i]]->request_id))
				rows++;
		if (rows != 1)
			adds->item_of[i] = -1;
	}
}

/*
 * Pairs what is left by its place, when there is an item for each row, and no
 * request_id says that the order is another one; one that is left alone needs no
 * order.  False when something is left.
 */
static bool
pair_the_rest(Adds *adds)
{
	int64 left_items = (int64) (adds->nitems - 1) * adds->nitems / 2;
	bool in_order = true;
	int left = 0;
	int last = 0;

	for (int i = 0; i < adds->n; i++)
	{
		if (adds->item_of[i] < 0)
		{
			last = i;
			left++;
			continue;
		}
		in_order = in_order && adds->item_of[i] == i;
		left_items -= adds->item_of[i];
	}
	if (adds->nitems != adds->n)
		return false;
	if (left == 1)
		adds->item_of[last] = (int) left_items;
	else if (left > 1 && !in_order)
		return false;
	for (int i = 0; i < adds->n && left > 1; i++)
		if (adds->item_of[i] < 0)
			adds->item_of[i] = i;
	return true;
}

/*
 * Gives rows that are paired their ids, and takes away their items.  What is left is
 * lists that nobody but this batch can have added.
 */
static void
confirm_pairs(CfdwBatch *batch, Adds *adds)
{
	batch->strays = cfdw_ledger_alloc(sizeof(int64) * Max(adds->nitems, 1));
	for (int i = 0; i < adds->n; i++)
	{
		int item = adds->item_of[i];

		if (item < 0)
			continue;
		adds->rows[i]->data->id = adds->items[item]->id;
		adds->rows[i]->verdict = CFDW_CONFIRMED;
		adds->items[item] = NULL;
	}
	for (int j = 0; j < adds->nitems && batch->strays != NULL; j++)
		if (adds->items[j] != NULL)
			batch->strays[batch->nstrays++] = adds->items[j]->id;
}

static void
decide_all(CfdwBatch *batch, CfdwVerdict verdict)
{
	for (int i = 0; i < batch->n; i++)
		batch->operations[i]->verdict = verdict;
}

/*
 * What a refusal means: after an attempt to an unknown end it is about what that
 * has left.
 */
static CfdwVerdict
refused(const CfdwBatch *batch)
{
	return batch->unsure ? CFDW_UNKNOWN : CFDW_REFUSED;
}

/*
 * What it means that the account does not have a list: done, when an earlier
 * request was to delete it.
 */
static CfdwVerdict
no_row(const CfdwBatch *batch, const CfdwOperation *operation)
{
	if (operation->verb == CFDW_DELETE &&
		(batch->unsure || operation->row->presence == CFDW_IN_DOUBT))
		return CFDW_CONFIRMED;
	return batch->unsure ? CFDW_UNKNOWN : CFDW_NO_ROW;
}

static bool
names_id(const CfdwReply *reply, int64 id)
{
	for (int i = 0; i < reply->nitems; i++)
		if (reply->items[i].id == id)
			return true;
	return false;
}

/*
 * Whether an id is that of a row to be updated or deleted.
 */
static bool
is_sent(const CfdwBatch *batch, int64 id)
{
	for (int i = 0; i < batch->n; i++)
		if (batch->operations[i]->verb != CFDW_ADD &&
			batch->operations[i]->data->id == id)
			return true;
	return false;
}

/*
 * The request_id that a row was sent with, or NULL.
 */
static const char *
sent_request_id(const CfdwOperation *operation)
{
	return operation->data->values[operation->data->resource->request_id];
}

/*
 * Whether a row was sent with that request_id.
 */
static bool
bears_request_id(const CfdwOperation *operation, int64 request_id)
{
	const char *sent = sent_request_id(operation);

	return sent != NULL && strtoi64(sent, NULL, 10) == request_id;
}
