/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  The rows that one scan reads.
 *
 * Owns how far a scan has read the replies that it shares with the others of its
 * query: each reads at its own pace.  Whoever comes first receives an item; the
 * others read what was kept.  Must not know how a row is converted or what a
 * condition looks like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "fdw/fetch.h"

struct CfdwFetch
{
	CfdwShare *share;
	int nkeys;
	int *keys;           /* place of its keys among the shared ones */
	CfdwItem item;       /* the last one read, with the shared keys */
	CfdwField *fields;   /* of a single one that was kept */
	CfdwItem view;       /* the last one read, with its own keys */
	CfdwPlace *place;    /* in the whole list, if that is kept */
	CfdwTraffic traffic; /* of the requests that it has sent */

	/* What is being read. */
	CfdwSharedReply *reply;
	CfdwAsk ask;
	int64 id;
	int64 nread;
	int added; /* rows given that the account does not know */
	bool done;
};

static void read_from_start(CfdwFetch *fetch);
static void leave_reply(CfdwFetch *fetch);
static CfdwNext next_item(CfdwFetch *fetch, bool wait);
static bool is_wanted(const CfdwFetch *fetch);
static bool kept_item(CfdwFetch *fetch);
static CfdwNext pull_item(CfdwFetch *fetch, bool wait);
static CfdwNext next_added(CfdwFetch *fetch, CfdwFetchRow *row);

/*
 * A fetch for a scan of the query whose memory context is QUERY; it lives there.
 * Asks for nothing yet.
 */
CfdwFetch *
cfdw_fetch_create(MemoryContext query, const CfdwFetchPlan *plan)
{
	MemoryContext caller = MemoryContextSwitchTo(query);
	CfdwFetch *fetch = palloc0(sizeof(CfdwFetch));
	CfdwShare *share = cfdw_share_join(query, plan);

	fetch->share = share;
	fetch->nkeys = plan->nkeys;
	fetch->keys = palloc(sizeof(int) * plan->nkeys);
	fetch->view.fields = palloc(sizeof(CfdwField) * plan->nkeys);
	for (int i = 0; i < plan->nkeys; i++)
		fetch->keys[i] = cfdw_share_add_key(share, plan->keys[i]);
	MemoryContextSwitchTo(caller);
	return fetch;
}

/*
 * Begins, or begins again, with what is asked for: ID, if that is one list.
 * Sends a request unless the query has the answer, and waits for nothing.
 * Raises what cfdw_cursor_open() raises.
 */
void
cfdw_fetch_ask(CfdwFetch *fetch, CfdwAsk ask, int64 id)
{
	leave_reply(fetch);
	fetch->ask = ask;
	fetch->id = id;
	fetch->nread = 0;
	fetch->added = 0;
	fetch->done = false;
	fetch->reply = cfdw_share_ask(fetch->share, ask, id, &fetch->traffic);
	read_from_start(fetch);
}

/*
 * The next row that the transaction has left; waits for it if it may.  Raises
 * what cfdw_cursor_next() raises.
 */
CfdwNext
cfdw_fetch_next(CfdwFetch *fetch, bool wait, CfdwFetchRow *row)
{
	const CfdwSharedReply *reply = fetch->reply;
	const CfdwItem *item = &fetch->item;
	CfdwNext next;

	while ((next = next_item(fetch, wait)) == CFDW_NEXT_ITEM)
	{
		row->wanted = NULL;
		if (item->has_id)
			row->wanted = cfdw_overlay_find(reply->overlay, item->id);
		if (row->wanted != NULL && !row->wanted->exists)
			continue;

		row->item = item;
		if (fetch->share->several)
		{
			row->item = &fetch->view;
			fetch->view.whole = item->whole;
			fetch->view.has_id = item->has_id;
			fetch->view.id = item->id;
			for (int i = 0; i < fetch->nkeys; i++)
				fetch->view.fields[i] = item->fields[fetch->keys[i]];
		}
		return CFDW_NEXT_ITEM;
	}
	return next == CFDW_NEXT_END ? next_added(fetch, row) : next;
}

/*
 * What a wait for the next row has to wait for; NULL when there is no need.
 */
CfdwCall *
cfdw_fetch_awaited(const CfdwFetch *fetch)
{
	const CfdwSharedReply *reply = fetch->reply;

	if (fetch->done || reply->cursor == NULL ||
		fetch->nread < cfdw_share_count_kept(reply))
		return NULL;
	return cfdw_cursor_awaited(reply->cursor);
}

/*
 * How many lists of the account were read since it was asked.
 */
double
cfdw_fetch_count(const CfdwFetch *fetch)
{
	return fetch->nread;
}

/*
 * What the requests have cost that this scan has sent: as long as its query
 * lasts.
 */
const CfdwTraffic *
cfdw_fetch_traffic(const CfdwFetch *fetch)
{
	return &fetch->traffic;
}

/*
 * The scan is over.  What it was the last to read ends.
 */
void
cfdw_fetch_end(CfdwFetch *fetch)
{
	leave_reply(fetch);
	cfdw_share_leave(fetch->share);
}

/*
 * Goes to the start of what the fetch reads.
 */
static void
read_from_start(CfdwFetch *fetch)
{
	CfdwShare *share = fetch->share;
	CfdwSpool *spool = fetch->reply->spool;

	if (fetch->reply->items != NIL && fetch->fields == NULL)
		fetch->fields = MemoryContextAlloc(
			share->context, sizeof(CfdwField) * (share->shape.nkeys + 1));
	if (spool != NULL && fetch->place == NULL)
		fetch->place = cfdw_spool_place(spool);
	else if (spool != NULL)
		cfdw_spool_rewind(fetch->place);
}

/*
 * Reads no longer what it reads.
 */
static void
leave_reply(CfdwFetch *fetch)
{
	if (fetch->reply != NULL &&
		cfdw_share_leave_reply(fetch->share, fetch->reply))
		fetch->place = NULL;
	fetch->reply = NULL;
}

/*
 * Goes to the next item that the fetch asks for: one that was kept, or the next
 * one that arrives.
 */
static CfdwNext
next_item(CfdwFetch *fetch, bool wait)
{
	while (!fetch->done)
	{
		CHECK_FOR_INTERRUPTS();
		if (!kept_item(fetch))
		{
			CfdwNext next = pull_item(fetch, wait);

			if (next != CFDW_NEXT_ITEM)
				return next;
		}
		fetch->nread++;
		if (fetch->ask == fetch->reply->ask)
			return CFDW_NEXT_ITEM;
		if (is_wanted(fetch))
		{
			fetch->done = true;
			return CFDW_NEXT_ITEM;
		}
	}
	return CFDW_NEXT_END;
}

/*
 * Whether an item of the whole list is the one whose id is asked for.
 */
static bool
is_wanted(const CfdwFetch *fetch)
{
	return fetch->item.has_id && fetch->item.id == fetch->id;
}

/*
 * Goes to the next item of those that are kept; false when there is none.
 */
static bool
kept_item(CfdwFetch *fetch)
{
	const CfdwShare *share = fetch->share;
	const CfdwSharedReply *reply = fetch->reply;

	if (reply->spool != NULL && fetch->ask == CFDW_ASK_ONE)
	{
		/* Those that it has pulled itself it need not look for. */
		if (fetch->nread == cfdw_share_count_kept(reply))
			return false;
		if (cfdw_spool_find(fetch->place, fetch->id, &fetch->item))
			return true;
		fetch->nread = cfdw_share_count_kept(reply);
		return false;
	}
	if (reply->spool != NULL)
		return cfdw_spool_next(fetch->place, &fetch->item);
	if (fetch->nread >= cfdw_share_count_kept(reply))
		return false;
	if (fetch->fields == NULL)
		fetch->fields = MemoryContextAlloc(
			share->context, sizeof(CfdwField) * (share->shape.nkeys + 1));
	cfdw_spool_unpack(&share->shape, list_nth(reply->items, fetch->nread),
					  fetch->fields, &fetch->item);
	return true;
}

static CfdwNext
pull_item(CfdwFetch *fetch, bool wait)
{
	CfdwSharedReply *reply = fetch->reply;
	CfdwItem *item = &fetch->item;
	CfdwNext next;

	if (reply->cursor == NULL)
		return CFDW_NEXT_END;
	if (wait)
		next = cfdw_cursor_next(reply->cursor, item) ? CFDW_NEXT_ITEM
													 : CFDW_NEXT_END;
	else
		next = cfdw_cursor_poll(reply->cursor, item);
	if (next == CFDW_NEXT_WAIT)
	{
		cfdw_call_drive();
		next = cfdw_cursor_poll(reply->cursor, item);
	}
	if (next == CFDW_NEXT_WAIT)
		return next;

	if (next == CFDW_NEXT_END)
	{
		cfdw_cursor_close(reply->cursor);
		reply->cursor = NULL;
		return next;
	}
	if (item->has_id)
		cfdw_overlay_saw(reply->overlay, item->id);
	if (!cfdw_share_keep(fetch->share, reply, fetch->place, item))
		fetch->place = NULL;
	return next;
}

/*
 * The next row that the account does not know, once all others were given.
 */
static CfdwNext
next_added(CfdwFetch *fetch, CfdwFetchRow *row)
{
	if (fetch->ask == CFDW_ASK_ONE)
		return CFDW_NEXT_END;
	row->item = NULL;
	row->wanted = cfdw_overlay_added(fetch->reply->overlay, fetch->added);
	if (row->wanted == NULL)
		return CFDW_NEXT_END;
	fetch->added++;
	return CFDW_NEXT_ITEM;
}
