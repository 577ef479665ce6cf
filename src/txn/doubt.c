/*-------------------------------------------------------------------------
 *
 * doubt.c
 *	  Requests whose outcome nobody knows.
 *
 * What must be known of a request's rows should the backend be told to stop, or an
 * error go no further than to a savepoint, before their fate is known: at the end
 * of the transaction they are named.  Lives in TopTransactionContext.  Must not
 * know how rows are sent, nor what is done about them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "txn/doubt.h"
#include "txn/name.h"
#include "net/report.h"

/* Of CfdwDoubt. */
static List *doubts = NIL;

static char *name_rows(const CfdwDoubt *doubt);
static bool is_open(const CfdwDoubt *doubt, const CfdwDoubtRow *row);

/*
 * A request to a server is about to be sent.
 */
CfdwDoubt *
cfdw_doubt_begin(const char *server, CfdwOrder *const *orders, int n)
{
	MemoryContext caller = MemoryContextSwitchTo(TopTransactionContext);
	CfdwDoubt *doubt = palloc0(sizeof(CfdwDoubt));

	doubt->server = pstrdup(server);
	doubt->nrows = n;
	doubt->rows = palloc0(sizeof(CfdwDoubtRow) * n);
	for (int i = 0; i < n; i++)
	{
		doubt->rows[i].tracked = orders[i]->tracked;
		doubt->rows[i].verb = orders[i]->verb;
		doubt->rows[i].id = orders[i]->row->id;
		doubt->rows[i].name =
			orders[i]->row->values[orders[i]->row->resource->name];
	}
	doubts = lappend(doubts, doubt);
	MemoryContextSwitchTo(caller);
	return doubt;
}

/*
 * What became of a request is known, or told by an error that ends the
 * transaction.  Where "sent" is stays, for the journal may refer to it.
 */
void
cfdw_doubt_end(CfdwDoubt *doubt)
{
	doubts = list_delete_ptr(doubts, doubt);
	pfree(doubt->rows);
}

/*
 * An error that ends the transaction names a row.
 */
void
cfdw_doubt_tell(const CfdwTracked *tracked)
{
	ListCell *lc;

	foreach(lc, doubts)
	{
		CfdwDoubt *doubt = lfirst(lc);

		for (int i = 0; i < doubt->nrows; i++)
			if (doubt->rows[i].tracked == tracked)
				doubt->rows[i].told = true;
	}
}

/*
 * The transaction ends: names all rows whose fate is still unknown, once.  Never
 * raises.
 */
void
cfdw_doubt_warn(void)
{
	List *unknown = doubts;
	ListCell *lc;

	doubts = NIL;
	foreach(lc, unknown)
	{
		const CfdwDoubt *doubt = lfirst(lc);
		char *rows = doubt->sent ? name_rows(doubt) : NULL;

		if (rows != NULL)
			cfdw_report_at_end(
				ERRCODE_TRANSACTION_RESOLUTION_UNKNOWN,
				psprintf("outcome of a request to server \"%s\" is unknown",
						 doubt->server),
				psprintf("The account may have carried it out, or not: %s.",
						 rows),
				"Look into the account.");
	}
}

/*
 * The transaction has ended.
 */
void
cfdw_doubt_forget(void)
{
	doubts = NIL;
}

/*
 * The names of those rows whose fate is unknown; NULL when there are none.
 */
static char *
name_rows(const CfdwDoubt *doubt)
{
	CfdwRows by_verb[CFDW_NVERBS] = {{0}};
	int n = 0;

	for (int i = 0; i < doubt->nrows; i++)
	{
		const CfdwResource *resource =
			doubt->rows[i].tracked->account->resource;
		CfdwRow *row = cfdw_row_create(resource);

		if (!is_open(doubt, &doubt->rows[i]))
			continue;
		row->id = doubt->rows[i].id;
		row->values[resource->name] = doubt->rows[i].name;
		cfdw_row_append(&by_verb[doubt->rows[i].verb], row);
		n++;
	}
	return n > 0 ? cfdw_name_all(by_verb) : NULL;
}

static bool
is_open(const CfdwDoubt *doubt, const CfdwDoubtRow *row)
{
	bool resolved = doubt->noted && row->verb != CFDW_ADD &&
					cfdw_journal_is_sure(row->tracked);

	return !row->told && !resolved;
}
