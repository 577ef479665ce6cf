/*-------------------------------------------------------------------------
 *
 * overlay.c
 *	  What a scan sees of the journal.
 *
 * Owns the rule of visibility: a scan sees the changes of the commands before
 * its own, whatever the account has been told meanwhile.  An overlay is made
 * when a scan asks the account and does not change after that.  A list that the
 * account was told to delete before it is asked is in no reply, and nothing of it
 * is known here: an open cursor that asks late misses it.  Must not know
 * how a row is read or stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"

#include "txn/overlay.h"

/* Finds what a row of the account is to be. */
typedef struct OverlayEntry
{
	int64 id; /* hash key */
	const CfdwWanted *wanted;
} OverlayEntry;

struct CfdwOverlay
{
	HTAB *by_id;
	List *added; /* of CfdwWanted: rows that the account does not know */
};

/*
 * What a scan of TABLE in COMMAND sees, in the current memory
 * context; NULL when there is nothing.
 */
CfdwOverlay *
cfdw_overlay_create(const CfdwTable *table, CommandId command)
{
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(OverlayEntry),
					   .hcxt = CurrentMemoryContext};
	CfdwAccount *account = cfdw_journal_account(table);
	List *wanted = NIL;
	CfdwOverlay *overlay;
	ListCell *lc;

	if (account != NULL)
		wanted = cfdw_journal_wanted(account, command);
	if (wanted == NIL)
		return NULL;
	overlay = palloc0(sizeof(CfdwOverlay));
	overlay->by_id = hash_create("catalogs_fdw overlay", 64, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, wanted)
	{
		const CfdwWanted *row = lfirst(lc);
		OverlayEntry *entry;

		if (row->tracked->id != 0)
		{
			entry = hash_search(overlay->by_id, &row->tracked->id, HASH_ENTER,
								NULL);
			entry->wanted = row;
		}
		else if (row->exists)
			overlay->added =
				lappend(overlay->added, unconstify(CfdwWanted *, row));
	}
	return overlay;
}

/*
 * What the row of an id is to be for a scan of TABLE in COMMAND, or NULL: as it
 * is.  Palloc'ed in the current context.
 */
const CfdwWanted *
cfdw_overlay_row(const CfdwTable *table, int64 id, CommandId command)
{
	CfdwAccount *account = cfdw_journal_account(table);
	CfdwTracked *tracked =
		account != NULL ? cfdw_journal_find(account, id) : NULL;

	return tracked != NULL ? cfdw_journal_wanted_row(tracked, command) : NULL;
}

/*
 * What the row of an id is to be, or NULL: as it is.
 */
const CfdwWanted *
cfdw_overlay_find(const CfdwOverlay *overlay, int64 id)
{
	OverlayEntry *entry = hash_search(overlay->by_id, &id, HASH_FIND, NULL);

	return entry != NULL ? entry->wanted : NULL;
}

/*
 * The N-th row, from 0, that the account does not know; NULL after the last.
 */
const CfdwWanted *
cfdw_overlay_added(const CfdwOverlay *overlay, int n)
{
	return n < list_length(overlay->added) ? list_nth(overlay->added, n) : NULL;
}

/*
 * The text of a value that differs from what the account says, or NULL.  A
 * value that the account was told but that is not to be seen shows as it was
 * before.
 */
const char *
cfdw_overlay_value(const CfdwWanted *wanted, int key)
{
	const CfdwTracked *tracked = wanted->tracked;

	if (wanted->values[key] != NULL)
		return wanted->values[key];
	return tracked->there[key] != NULL ? tracked->before[key] : NULL;
}
