/*-------------------------------------------------------------------------
 *
 * difference.c
 *	  What must be done so that accounts have rows as they are to be.
 *
 * Owns the comparison of what a row is to be, which the journal says, with what
 * its account was told, which the ledger does.  A COMMIT, an early need and an
 * abort, whose journal is empty, differ in nothing here; nor does a savepoint that
 * was rolled back after its changes were sent.  Must not know when or how an
 * operation is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "utils/memutils.h"

#include "txn/difference.h"

static bool decide(const CfdwDesired *desired, CfdwVerb *verb);
static bool differs(const CfdwDesired *desired);
static char *value_to_send(const CfdwDesired *desired, int key);
static bool cannot_put_back(const CfdwDesired *desired);

/*
 * When operations of a verb are sent, from 0: what cannot be undone goes last.
 */
int
cfdw_difference_phase(CfdwVerb verb)
{
	static const int phases[CFDW_NVERBS] = {
		[CFDW_UPDATE] = 0, [CFDW_ADD] = 1, [CFDW_DELETE] = 2};

	return phases[verb];
}

/*
 * What the account of a row is to do to it, or NULL: nothing.  In the current
 * memory context; NULL also when there is no memory.  Never raises.
 */
CfdwOperation *
cfdw_difference(CfdwLedgerRow *row)
{
	const CfdwResource *resource = row->account->resource;
	CfdwOperation *operation;
	CfdwDesired desired;
	CfdwVerb verb;

	cfdw_journal_fold(row, InvalidCommandId, &desired);
	if (!decide(&desired, &verb))
		return NULL;
	operation =
		cfdw_ledger_alloc(sizeof(CfdwOperation) + cfdw_row_size(resource));
	if (operation == NULL)
		return NULL;
	operation->row = row;
	operation->target = desired.target;
	operation->verb = verb;
	operation->may_be_absent = row->may_be_absent;
	operation->data = (CfdwRow *) (operation + 1);
	operation->data->resource = resource;
	operation->data->id = row->id;
	for (int i = 0; verb != CFDW_DELETE && i < resource->ncolumns; i++)
		operation->data->values[i] = value_to_send(&desired, i);
	return operation;
}

/*
 * A copy of an operation, in the current memory context, that knows its source;
 * NULL when there is no memory.
 */
CfdwOperation *
cfdw_difference_copy(CfdwOperation *operation)
{
	Size row_size = cfdw_row_size(operation->data->resource);
	CfdwOperation *copy = cfdw_ledger_alloc(sizeof(CfdwOperation) + row_size);

	if (copy == NULL)
		return NULL;
	*copy = *operation;
	copy->source = operation;
	copy->data = (CfdwRow *) (copy + 1);
	memcpy(copy->data, operation->data, row_size);
	return copy;
}

/*
 * Whether the account has a row otherwise than it is to be, or may have: by a
 * change of that VERB, and whether that is UNKNOWN.  Never raises.
 */
bool
cfdw_difference_remains(CfdwLedgerRow *row, CfdwVerb *verb, bool *unknown)
{
	CfdwDesired desired;

	if (row->told_through == NULL)
		return false;
	cfdw_journal_fold(row, InvalidCommandId, &desired);
	/* Of a row that is not to exist its values do not matter. */
	*unknown = row->presence == CFDW_IN_DOUBT ||
			   (desired.exists && row->in_doubt != 0);
	if (!desired.exists || row->id == 0)
	{
		*verb = CFDW_ADD;
		return *unknown || row->presence == CFDW_PRESENT;
	}
	if (row->presence != CFDW_PRESENT)
	{
		*verb = CFDW_DELETE;
		return row->presence != CFDW_ABSENT;
	}
	*verb = CFDW_UPDATE;
	return *unknown || differs(&desired) || cannot_put_back(&desired);
}

/*
 * Whether a row is to be there as the transaction has left it, and the account does
 * not have it any more: nothing brings it back.  Never raises.
 */
bool
cfdw_difference_is_lost(const CfdwDesired *desired)
{
	return desired->exists && desired->values != NULL &&
		   cfdw_ledger_is_lost(desired->row);
}

/*
 * A row for which there is nothing to send waits for nothing any more.  Never
 * raises.
 */
void
cfdw_difference_settle(CfdwLedgerRow *row)
{
	CfdwDesired desired;
	CfdwVerb verb;

	cfdw_journal_fold(row, InvalidCommandId, &desired);
	/* COMMIT has to say so. */
	if (decide(&desired, &verb) || cfdw_difference_is_lost(&desired))
		return;
	cfdw_journal_sent(row);
	cfdw_ledger_settle(row);
}

/*
 * What must be done so that the account has a row as it is to be, into *VERB.
 * False when it has already, or when nothing helps.
 */
static bool
decide(const CfdwDesired *desired, CfdwVerb *verb)
{
	const CfdwLedgerRow *row = desired->row;

	if (!desired->exists)
	{
		*verb = CFDW_DELETE;
		return row->id != 0 && !cfdw_ledger_is_lost(row);
	}
	*verb = row->id == 0 ? CFDW_ADD : CFDW_UPDATE;
	return row->id == 0 || (!cfdw_ledger_is_lost(row) && differs(desired));
}

static bool
differs(const CfdwDesired *desired)
{
	for (int i = 0; i < desired->row->account->resource->ncolumns; i++)
		if (value_to_send(desired, i) != NULL)
			return true;
	return false;
}

/*
 * The value that the account has not been told, of which nobody knows whether it
 * was, or which it had before it was told one that was rolled back; else NULL.
 */
static char *
value_to_send(const CfdwDesired *desired, int key)
{
	const CfdwLedgerRow *row = desired->row;
	const CfdwLedgerValue *value = &row->values[key];
	char *wanted = desired->values != NULL ? desired->values[key] : NULL;

	if (wanted == NULL && value->told != NULL)
		wanted = value->original;
	if (wanted != NULL && value->told != NULL &&
		!(row->in_doubt & CFDW_COLUMN_BIT(key)) &&
		strcmp(wanted, value->told) == 0)
		return NULL;
	return wanted;
}

/*
 * Whether the account was told a value that was rolled back, and nobody knows
 * what it was before.
 */
static bool
cannot_put_back(const CfdwDesired *desired)
{
	const CfdwLedgerRow *row = desired->row;

	for (int i = 0; i < row->account->resource->ncolumns; i++)
		if (row->values[i].told != NULL &&
			(desired->values == NULL || desired->values[i] == NULL) &&
			(row->values[i].original == NULL ||
			 (row->unread & CFDW_COLUMN_BIT(i))))
			return true;
	return false;
}
