/*-------------------------------------------------------------------------
 *
 * order.c
 *	  What accounts have to be told.
 *
 * Owns the difference between what a row is to be and what its account was told,
 * so that a savepoint rolled back after an early send is sent like any other
 * change; and what is to be said of a row for which there is no such order.  Must
 * not know when or how orders are sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "txn/order.h"

/* What cannot be undone goes last. */
const CfdwVerb cfdw_order_verbs[CFDW_NVERBS] = {CFDW_UPDATE, CFDW_ADD,
												CFDW_DELETE};

static bool decide(const CfdwWanted *wanted, CfdwOrder *order);
static bool compare_values(const CfdwWanted *wanted, CfdwRow *row);

/*
 * The orders that make the rows of WANTED, a list of CfdwWanted, what they are
 * to be: a list of CfdwOrder in the current memory context, by cfdw_order_verbs,
 * else in the order in which the rows were first changed.
 */
List *
cfdw_order_make(List *wanted)
{
	List *by_verb[CFDW_NVERBS] = {NIL};
	List *orders = NIL;
	ListCell *lc;

	foreach(lc, wanted)
	{
		CfdwOrder *order = palloc0(sizeof(CfdwOrder));

		if (decide(lfirst(lc), order))
			by_verb[order->verb] = lappend(by_verb[order->verb], order);
	}
	for (int i = 0; i < CFDW_NVERBS; i++)
		orders = list_concat(orders, by_verb[cfdw_order_verbs[i]]);
	return orders;
}

/*
 * At COMMIT: raises 40001 for a row that this transaction wants to be there, as
 * it has left it, when the account has deleted it before a savepoint brought it
 * back: there is no way to do that.
 */
void
cfdw_order_refuse_lost(List *wanted)
{
	ListCell *lc;

	foreach(lc, wanted)
	{
		const CfdwWanted *one = lfirst(lc);

		if (one->exists && one->touched &&
			cfdw_journal_is_deleted(one->tracked))
			ereport(
				ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not bring back list " INT64_FORMAT
						" of foreign table \"%s\"",
						one->tracked->id, one->target->table),
				 errdetail(
					 "The account was told to delete it before that was rolled back to a savepoint."),
				 errhint(
					 "Send no delete early below a savepoint that may be rolled back.")));
	}
}

/*
 * At COMMIT: names the rows that the account has otherwise than they are to be,
 * because what was rolled back after it was sent cannot be taken back.  (Where
 * nobody knows whether it has, doubt.c says that.)
 */
void
cfdw_order_warn_of_leftovers(List *wanted)
{
	ListCell *lc;

	foreach(lc, wanted)
	{
		const CfdwWanted *one = lfirst(lc);
		const CfdwTracked *tracked = one->tracked;
		bool left = one->exists && cfdw_journal_is_deleted(tracked);

		for (int i = 0; i < tracked->account->resource->ncolumns; i++)
			left = left || (one->exists && one->values[i] == NULL &&
							tracked->there[i] != NULL &&
							!(tracked->unsure & CFDW_COLUMN_BIT(i)) &&
							tracked->before[i] == NULL);
		if (left)
			ereport(
				WARNING,
				(errcode(ERRCODE_WARNING),
				 errmsg(
					 "changes of foreign table \"%s\" that were rolled back to a savepoint stay in the account",
					 one->target->table),
				 errdetail_internal("%s of list " INT64_FORMAT,
									tracked->account->resource
										->verbs[cfdw_journal_is_deleted(tracked)
													? CFDW_DELETE
													: CFDW_UPDATE],
									tracked->id)));
	}
}

/*
 * What must be done so that the account has a row as it is to be.  False when
 * it has already.
 */
static bool
decide(const CfdwWanted *wanted, CfdwOrder *order)
{
	CfdwTracked *tracked = wanted->tracked;

	order->tracked = tracked;
	order->target = wanted->target;
	order->row = cfdw_row_create(tracked->account->resource);
	order->row->id = tracked->id;
	order->row->may_miss = tracked->may_miss;
	order->row->maybe_gone = tracked->delete_unsure;
	if (!wanted->exists)
	{
		order->verb = CFDW_DELETE;
		return tracked->id != 0 && !cfdw_journal_is_deleted(tracked);
	}
	if (tracked->id == 0)
	{
		order->verb = CFDW_ADD;
		memcpy(order->row->values, wanted->values,
			   sizeof(char *) * order->row->resource->ncolumns);
		return true;
	}
	order->verb = CFDW_UPDATE;
	return !cfdw_journal_is_deleted(tracked) &&
		   compare_values(wanted, order->row);
}

/*
 * Writes the values that the account has not been told into *ROW, those of which
 * nobody knows whether it heard them, and those that it was told but that were
 * rolled back.  False when there are none.
 */
static bool
compare_values(const CfdwWanted *wanted, CfdwRow *row)
{
	const CfdwTracked *tracked = wanted->tracked;
	bool any = false;

	for (int i = 0; i < tracked->account->resource->ncolumns; i++)
	{
		char *value = wanted->values[i];
		char *there = tracked->there[i];

		if (value == NULL && there != NULL)
			value = tracked->before[i];
		if (value == NULL ||
			(there != NULL && !(tracked->unsure & CFDW_COLUMN_BIT(i)) &&
			 strcmp(value, there) == 0))
			continue;
		row->values[i] = value;
		any = true;
	}
	return any;
}
