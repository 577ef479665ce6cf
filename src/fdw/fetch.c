/*-------------------------------------------------------------------------
 *
 * fetch.c
 *	  The rows of a query's replies, each asked for once.
 *
 * Owns what the scans of one query have in common: the replies of an account,
 * which each of them reads at its own pace.  Whoever comes first reads from the
 * wire; what it reads is kept when somebody may want to read it, too: a twin, or
 * the same scan when it begins again.  A scan that is alone and never begins
 * again keeps nothing.  All scans are created before the first one asks, so that
 * it is known by then who wants what.
 *
 * What is kept of an item are the values that any of the scans wants, as they
 * stand.  What the transaction has changed is looked up once for
 * each reply, too: so all scans of a query see the same.
 *
 * Must not know how a row is converted or what a condition looks like.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fdw/fetch.h"
#include "read/spool.h"

/* A query: what has been asked in it. */
typedef struct FetchQuery
{
	dlist_node link;
	MemoryContext context; /* of the query, by which it is found */
	MemoryContextCallback callback;
	List *sources;
} FetchQuery;

/* An account's lists as one user mapping sees them. */
typedef struct Source
{
	FetchQuery *query;
	MemoryContext context; /* holds all of it */
	const CfdwTable *table;
	Oid userid;
	Oid role; /* of the user mapping: 0 for PUBLIC */
	CommandId command;

	/* What any of its fetches wants. */
	int nfetches;
	bool started; /* it is too late for another one */
	bool shared;  /* there are several */
	CfdwShape shape;
	const char **keys;
	CfdwKeep keep;

	struct Reply *all;    /* the whole list, or NULL: not asked for */
	HTAB *by_id;          /* single ones, or NULL */
	int nsingle;          /* requests made for those */
	int max_single;       /* then the whole list is asked for */
	struct Reply *unsent; /* what the account does not know, or NULL */
} Source;

/* What the account answers to one request. */
typedef struct Reply
{
	int64 id; /* hash key, of a single one */
	CfdwAsk ask;
	int readers;
	CfdwCursor *cursor; /* NULL when there is nothing more to read */

	CfdwOverlay *overlay; /* what the transaction has changed */

	/* The items so far, unless they were not to be kept, or too many. */
	bool kept;
	List *items;           /* of bytea, of a single one */
	CfdwSpool *store;      /* of the whole list */
	MemoryContext context; /* of the whole list */
} Reply;

struct CfdwFetch
{
	Source *source;
	int nkeys;
	int *keys;           /* place of its keys among the source's */
	CfdwItem item;       /* the last one read, with the source's keys */
	CfdwField *fields;   /* of a single one that was kept */
	CfdwItem view;       /* the last one read, with its own keys */
	CfdwPlace *place;    /* in the whole list, if that is kept */
	CfdwTraffic traffic; /* of the requests that it has sent */

	/* What is being read. */
	Reply *reply;
	CfdwAsk ask;
	int64 id;
	int64 nread;
	int added; /* rows given that the account does not know */
	bool done;
};

/* The queries that are running. */
static dlist_head queries = DLIST_STATIC_INIT(queries);

static FetchQuery *find_query(MemoryContext context);
static void forget_query(void *arg);
static Source *find_source(FetchQuery *query, const CfdwFetchPlan *plan);
static Oid mapped_role(Oid serverid, Oid userid);
static int add_key(Source *source, const char *key);
static bool keeps(const Source *source);
static bool looks_in_all(Source *source, int64 id);
static bool is_deleted(Source *source, int64 id);
static Reply *reply_of_all(CfdwFetch *fetch);
static Reply *reply_to_id(CfdwFetch *fetch, int64 id);
static Reply *reply_of_unsent(Source *source);
static void open_reply(CfdwFetch *fetch, Reply *reply);
static void lay_over(Source *source, Reply *reply);
static void read_from_start(CfdwFetch *fetch);
static void leave_reply(CfdwFetch *fetch);
static void end_all(Source *source);
static CfdwNext next_item(CfdwFetch *fetch, bool wait);
static bool is_wanted(const CfdwFetch *fetch);
static bool kept_item(CfdwFetch *fetch);
static CfdwNext pull_item(CfdwFetch *fetch, bool wait);
static int64 count_kept(const Reply *reply);
static void keep_item(CfdwFetch *fetch);
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
	Source *source = find_source(find_query(query), plan);

	source->nfetches++;
	source->shape.whole |= plan->whole;
	source->keep = Max(source->keep, plan->keep);
	source->max_single = Min(source->max_single, plan->max_single);
	fetch->source = source;
	fetch->nkeys = plan->nkeys;
	fetch->keys = palloc(sizeof(int) * plan->nkeys);
	fetch->view.fields = palloc(sizeof(CfdwField) * plan->nkeys);
	for (int i = 0; i < plan->nkeys; i++)
		fetch->keys[i] = add_key(source, plan->keys[i]);
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
	Source *source = fetch->source;

	leave_reply(fetch);
	if (!source->started)
		source->shared = source->nfetches > 1;
	source->started = true;
	fetch->ask = ask;
	fetch->id = id;
	fetch->nread = 0;
	fetch->added = 0;
	fetch->done = false;

	if (ask == CFDW_ASK_UNSENT)
		fetch->reply = reply_of_unsent(source);
	else if (ask == CFDW_ASK_ONE && !looks_in_all(source, id))
		fetch->reply = reply_to_id(fetch, id);
	else
		fetch->reply = reply_of_all(fetch);
	fetch->reply->readers++;
	read_from_start(fetch);
}

/*
 * The next row that the transaction has left; waits for it if it may.  Raises
 * what cfdw_cursor_next() raises.
 */
CfdwNext
cfdw_fetch_next(CfdwFetch *fetch, bool wait, CfdwFetchRow *row)
{
	const Reply *reply = fetch->reply;
	const CfdwItem *item = &fetch->item;
	CfdwNext next;

	while ((next = next_item(fetch, wait)) == CFDW_NEXT_ITEM)
	{
		int64 id;

		row->wanted = NULL;
		if (cfdw_value_int64(&item->fields[0], &id))
			row->wanted = cfdw_overlay_find(reply->overlay, id);
		if (row->wanted != NULL && !row->wanted->exists)
			continue;

		row->item = item;
		if (fetch->source->shared)
		{
			row->item = &fetch->view;
			fetch->view.whole = item->whole;
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
	const Reply *reply = fetch->reply;

	if (fetch->done || reply->cursor == NULL ||
		fetch->nread < count_kept(reply))
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
	Source *source = fetch->source;

	leave_reply(fetch);
	if (--source->nfetches > 0)
		return;
	end_all(source);
	source->query->sources = list_delete_ptr(source->query->sources, source);
	MemoryContextDelete(source->context);
}

static FetchQuery *
find_query(MemoryContext context)
{
	dlist_iter iter;
	FetchQuery *query;

	dlist_foreach(iter, &queries)
	{
		query = dlist_container(FetchQuery, link, iter.cur);
		if (query->context == context)
			return query;
	}
	query = palloc0(sizeof(FetchQuery));
	query->context = context;
	query->callback.func = forget_query;
	query->callback.arg = query;
	MemoryContextRegisterResetCallback(context, &query->callback);
	dlist_push_head(&queries, &query->link);
	return query;
}

/*
 * The reset callback of a query's memory context.
 */
static void
forget_query(void *arg)
{
	dlist_delete(&((FetchQuery *) arg)->link);
}

static Source *
find_source(FetchQuery *query, const CfdwFetchPlan *plan)
{
	const CfdwTable *table = plan->table;
	Oid role = mapped_role(table->serverid, plan->userid);
	MemoryContext context;
	Source *source;
	ListCell *lc;

	foreach(lc, query->sources)
	{
		source = lfirst(lc);
		if (!source->started && source->table->serverid == table->serverid &&
			source->role == role &&
			strcmp(source->table->options.path, table->options.path) == 0)
			return source;
	}
	context = AllocSetContextCreate(query->context, "catalogs_fdw fetch",
									ALLOCSET_DEFAULT_SIZES);
	source = MemoryContextAllocZero(context, sizeof(Source));
	source->query = query;
	source->context = context;
	source->table = table;
	source->userid = plan->userid;
	source->role = role;
	source->command = plan->command;
	source->max_single = plan->max_single;
	query->sources = lappend(query->sources, source);
	return source;
}

/*
 * Whose user mapping GetUserMapping() would find.
 */
static Oid
mapped_role(Oid serverid, Oid userid)
{
	return SearchSysCacheExists2(USERMAPPINGUSERSERVER,
								 ObjectIdGetDatum(userid),
								 ObjectIdGetDatum(serverid))
			   ? userid
			   : InvalidOid;
}

/*
 * The place of KEY among those that the source asks for.
 */
static int
add_key(Source *source, const char *key)
{
	int n = source->shape.nkeys;
	MemoryContext caller;

	for (int i = 0; i < n; i++)
		if (strcmp(source->keys[i], key) == 0)
			return i;
	caller = MemoryContextSwitchTo(source->context);
	source->keys = n == 0 ? palloc(sizeof(char *))
						  : repalloc(source->keys, sizeof(char *) * (n + 1));
	source->keys[n] = key;
	MemoryContextSwitchTo(caller);
	return source->shape.nkeys++;
}

/*
 * Whether somebody may want to read again what has been read.
 */
static bool
keeps(const Source *source)
{
	return source->shared || source->keep != CFDW_KEEP_NONE;
}

/*
 * Whether a single list is looked for in the whole list: once that is there; or
 * when so many have been asked for that this is the better bargain.  But one
 * that was asked for stays as it was given, and one that the transaction has
 * deleted is not worth a request.
 */
static bool
looks_in_all(Source *source, int64 id)
{
	if (source->by_id != NULL &&
		hash_search(source->by_id, &id, HASH_FIND, NULL) != NULL)
		return false;
	if (source->all != NULL && source->all->kept)
		return true;
	return source->nsingle >= source->max_single && !is_deleted(source, id);
}

static bool
is_deleted(Source *source, int64 id)
{
	CfdwDesired desired;

	return cfdw_overlay_row(source->table, id, source->command, &desired) &&
		   !desired.exists;
}

static Reply *
reply_of_all(CfdwFetch *fetch)
{
	Source *source = fetch->source;
	MemoryContext context;
	MemoryContext caller;
	Reply *reply;

	if (source->all != NULL)
		return source->all;
	context = AllocSetContextCreate(source->context, "catalogs_fdw list",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	reply = palloc0(sizeof(Reply));
	reply->ask = CFDW_ASK_ALL;
	reply->context = context;
	reply->kept = keeps(source);
	if (reply->kept)
		reply->store = cfdw_spool_create(
			&source->shape, source->shared || source->by_id != NULL ||
								source->keep == CFDW_KEEP_ALL);
	source->all = reply;
	open_reply(fetch, reply);
	MemoryContextSwitchTo(caller);
	return reply;
}

static Reply *
reply_to_id(CfdwFetch *fetch, int64 id)
{
	Source *source = fetch->source;
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(Reply),
					   .hcxt = source->context};
	MemoryContext caller = MemoryContextSwitchTo(source->context);
	bool found = false;
	Reply *reply;

	if (!keeps(source))
		reply = palloc(sizeof(Reply));
	else
	{
		if (source->by_id == NULL)
			source->by_id = hash_create("catalogs_fdw replies", 64, &control,
										HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		reply = hash_search(source->by_id, &id, HASH_ENTER, &found);
	}
	if (!found)
	{
		memset(reply, 0, sizeof(Reply));
		reply->id = id;
		reply->ask = CFDW_ASK_ONE;
		reply->kept = keeps(source);
		open_reply(fetch, reply);
	}
	MemoryContextSwitchTo(caller);
	return reply;
}

static Reply *
reply_of_unsent(Source *source)
{
	Reply *reply = source->unsent;

	if (reply != NULL)
		return reply;
	reply = MemoryContextAllocZero(source->context, sizeof(Reply));
	reply->ask = CFDW_ASK_UNSENT;
	reply->context = source->context;
	lay_over(source, reply);
	source->unsent = reply;
	return reply;
}

/*
 * Sends the request, in the current memory context; not for a list that the
 * transaction itself has deleted.
 */
static void
open_reply(CfdwFetch *fetch, Reply *reply)
{
	Source *source = fetch->source;
	CfdwQuery query = {.resource = source->table->resource,
					   .path = source->table->options.path,
					   .by_id = reply->ask == CFDW_ASK_ONE,
					   .id = reply->id,
					   .nkeys = source->shape.nkeys,
					   .keys = source->keys,
					   .traffic = &fetch->traffic};

	if (reply->ask == CFDW_ASK_ONE)
	{
		if (is_deleted(source, reply->id))
			return;
		source->nsingle++;
	}
	lay_over(source, reply);
	reply->cursor =
		cfdw_cursor_open(source->table->serverid, source->userid, &query);
}

/*
 * The transaction's changes, as the account is asked.
 */
static void
lay_over(Source *source, Reply *reply)
{
	MemoryContext caller = MemoryContextSwitchTo(
		reply->ask == CFDW_ASK_ONE ? source->context : reply->context);

	reply->overlay = cfdw_overlay_create(source->table, source->command);
	MemoryContextSwitchTo(caller);
}

/*
 * Goes to the start of what the fetch reads.
 */
static void
read_from_start(CfdwFetch *fetch)
{
	Source *source = fetch->source;
	CfdwSpool *store = fetch->reply->store;

	if (fetch->reply->items != NIL && fetch->fields == NULL)
		fetch->fields = MemoryContextAlloc(
			source->context, sizeof(CfdwField) * (source->shape.nkeys + 1));
	if (store != NULL && fetch->place == NULL)
		fetch->place = cfdw_spool_place(store);
	else if (store != NULL)
		cfdw_spool_rewind(fetch->place);
}

/*
 * Reads no longer what it reads, which ends unless it is there for others, too.
 */
static void
leave_reply(CfdwFetch *fetch)
{
	Source *source = fetch->source;
	Reply *reply = fetch->reply;

	fetch->reply = NULL;
	if (reply == NULL || --reply->readers > 0 || reply->ask == CFDW_ASK_UNSENT)
		return;
	if (reply->ask == CFDW_ASK_ALL)
	{
		if (!reply->kept)
		{
			end_all(source);
			fetch->place = NULL;
		}
		return;
	}

	/* An id is given once: what came after it does not matter. */
	if (reply->cursor != NULL)
		cfdw_cursor_close(reply->cursor);
	if (!reply->kept)
		pfree(reply);
	else if (reply->cursor != NULL && reply->items == NIL)
		hash_search(source->by_id, &reply->id, HASH_REMOVE, NULL);
	else
		reply->cursor = NULL;
}

static void
end_all(Source *source)
{
	Reply *reply = source->all;

	if (reply == NULL)
		return;
	source->all = NULL;
	if (reply->store != NULL)
		cfdw_spool_end(reply->store);
	MemoryContextDelete(reply->context);
}

/*
 * Goes to the next item that the fetch asks for: one that was kept, or the next
 * one from the wire.
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
	int64 id;

	return cfdw_value_int64(&fetch->item.fields[0], &id) && id == fetch->id;
}

/*
 * Goes to the next item of those that are kept; false when there is none.
 */
static bool
kept_item(CfdwFetch *fetch)
{
	const Source *source = fetch->source;
	const Reply *reply = fetch->reply;

	if (reply->store != NULL && fetch->ask == CFDW_ASK_ONE)
	{
		/* Those that it has pulled itself it need not look for. */
		if (fetch->nread == count_kept(reply))
			return false;
		if (cfdw_spool_find(fetch->place, fetch->id, &fetch->item))
			return true;
		fetch->nread = count_kept(reply);
		return false;
	}
	if (reply->store != NULL)
		return cfdw_spool_next(fetch->place, &fetch->item);
	if (fetch->nread >= count_kept(reply))
		return false;
	if (fetch->fields == NULL)
		fetch->fields = MemoryContextAlloc(
			source->context, sizeof(CfdwField) * (source->shape.nkeys + 1));
	cfdw_spool_unpack(&source->shape, list_nth(reply->items, fetch->nread),
					  fetch->fields, &fetch->item);
	return true;
}

static int64
count_kept(const Reply *reply)
{
	return reply->store != NULL ? cfdw_spool_count(reply->store)
								: list_length(reply->items);
}

static CfdwNext
pull_item(CfdwFetch *fetch, bool wait)
{
	Reply *reply = fetch->reply;
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

	if (next == CFDW_NEXT_ITEM)
		keep_item(fetch);
	else
	{
		cfdw_cursor_close(reply->cursor);
		reply->cursor = NULL;
	}
	return next;
}

/*
 * Keeps an item that was read from the wire, if it is to be.
 */
static void
keep_item(CfdwFetch *fetch)
{
	Source *source = fetch->source;
	Reply *reply = fetch->reply;
	MemoryContext caller;
	bytea *packed;

	if (!reply->kept)
		return;
	if (reply->ask == CFDW_ASK_ONE)
	{
		caller = MemoryContextSwitchTo(source->context);
		packed = cfdw_spool_pack(&source->shape, &fetch->item);
		reply->items = lappend(reply->items, packed);
		MemoryContextSwitchTo(caller);
		return;
	}
	if (!cfdw_spool_append(fetch->place, &fetch->item))
	{
		cfdw_spool_end(reply->store);
		reply->store = NULL;
		reply->kept = false;
		fetch->place = NULL;
	}
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
