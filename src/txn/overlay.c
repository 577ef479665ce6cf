/*-------------------------------------------------------------------------
 *
 * overlay.c
 *	  What a scan sees of the transaction's changes.
 *
 * Owns the rule of visibility: a scan sees the changes of the commands before
 * its own, whatever the account has been told meanwhile.  An overlay is made
 * when the account is asked.  A row that was added here and that the account is
 * told of after that is in the reply, or else it is shown beside it, but once.  A
 * list that the account was told to delete before it is asked is in no reply, and
 * nothing of it is known here: an open cursor that asks late misses it.  Must not
 * know how a row is read or kept.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "utils/hsearch.h"

#include "txn/overlay.h"

/* Finds what a row of the reply is to be. */
typedef struct OverlayEntry
{
	int64 id; /* hash key */
	CfdwDesired desired;
} OverlayEntry;

struct CfdwOverlay
{
	CfdwAccount *account;
	CommandId command;
	uint64 asked_at;       /* the ledger's time */
	MemoryContext context; /* holds all of it */
	HTAB *by_id;           /* rows that were in the reply; NULL: none so far */
	bool is_listed;
	List *added; /* of CfdwDesired, once listed: rows beside the reply */
};

static bool is_beside(const CfdwOverlay *overlay, const CfdwLedgerRow *row);

/*
 * What a scan of TABLE in COMMAND sees, in the current memory context.
 */
CfdwOverlay *
cfdw_overlay_create(const CfdwTable *table, CommandId command)
{
	CfdwOverlay *overlay = palloc0(sizeof(CfdwOverlay));

	overlay->account = cfdw_ledger_account(table);
	overlay->command = command;
	overlay->asked_at = cfdw_ledger_now();
	overlay->context = CurrentMemoryContext;
	return overlay;
}

/*
 * What the row of an id is to be for a scan of TABLE in COMMAND, when it is not
 * as it is: into *DESIRED; else false.
 */
bool
cfdw_overlay_row(const CfdwTable *table, int64 id, CommandId command,
				 CfdwDesired *desired)
{
	CfdwLedgerRow *row = NULL;

	if (cfdw_ledger_is_open())
		row = cfdw_ledger_find(cfdw_ledger_account(table), id);
	if (row == NULL || !cfdw_journal_concerns(row, command))
		return false;
	cfdw_journal_fold(row, command, desired);
	return true;
}

/*
 * A list of an id has arrived with the reply.
 */
void
cfdw_overlay_saw(CfdwOverlay *overlay, int64 id)
{
	cfdw_ledger_saw(overlay->account, id);
}

/*
 * A list of an id is in the reply: what it is to be, or NULL: as it is.  Valid as
 * long as the overlay.
 */
const CfdwDesired *
cfdw_overlay_find(CfdwOverlay *overlay, int64 id)
{
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(OverlayEntry),
					   .hcxt = overlay->context};
	CfdwLedgerRow *row = cfdw_ledger_find(overlay->account, id);
	OverlayEntry *entry;
	bool found;

	if (row == NULL || !cfdw_journal_concerns(row, overlay->command))
		return NULL;
	if (overlay->by_id == NULL)
		overlay->by_id = hash_create("catalogs_fdw overlay", 64, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	entry = hash_search(overlay->by_id, &id, HASH_ENTER, &found);
	if (!found)
		cfdw_journal_fold(row, overlay->command, &entry->desired);
	return &entry->desired;
}

/*
 * The N-th row, from 0, that is not in the reply though it is to exist, once that
 * has ended; NULL after the last.  Valid as long as the overlay.
 */
const CfdwDesired *
cfdw_overlay_added(CfdwOverlay *overlay, int n)
{
	MemoryContext caller = MemoryContextSwitchTo(overlay->context);
	dlist_iter iter;

	if (!overlay->is_listed)
		dlist_foreach(iter, &overlay->account->rows)
		{
			CfdwLedgerRow *row = dlist_container(CfdwLedgerRow, link, iter.cur);
			CfdwDesired *desired;

			if (!is_beside(overlay, row))
				continue;
			desired = palloc(sizeof(CfdwDesired));
			cfdw_journal_fold(row, overlay->command, desired);
			if (desired->exists)
				overlay->added = lappend(overlay->added, desired);
		}
	overlay->is_listed = true;
	MemoryContextSwitchTo(caller);
	return n < list_length(overlay->added) ? list_nth(overlay->added, n) : NULL;
}

/*
 * The text of a value that differs from what the account says, or NULL.  A
 * value that the account was told but that is not to be seen shows as it was
 * before.
 */
const char *
cfdw_overlay_value(const CfdwDesired *desired, int key)
{
	const CfdwLedgerValue *value = &desired->row->values[key];

	if (desired->values != NULL && desired->values[key] != NULL)
		return desired->values[key];
	return value->told != NULL ? value->original : NULL;
}

/*
 * Whether the account did not know an added row when it was asked, and it is not
 * in the reply either.
 */
static bool
is_beside(const CfdwOverlay *overlay, const CfdwLedgerRow *row)
{
	return row->is_added &&
		   (row->id == 0 || row->added_at > overlay->asked_at) &&
		   (overlay->by_id == NULL || row->id == 0 ||
			hash_search(overlay->by_id, &row->id, HASH_FIND, NULL) == NULL);
}
