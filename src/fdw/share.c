/*-------------------------------------------------------------------------
 *
 * share.c
 *	  The replies that the scans of a query share.
 *
 * Owns what the scans of one query that read the same account have in common: what
 * they have asked for, and what is kept of the replies.  All scans join before the
 * first one asks, so that it is known by then who wants what.  An account is asked
 * once for each id and once for the whole list; after some ids, they are looked for
 * in the whole list.
 *
 * What is kept of an item are the values that any of the scans wants, as they
 * stand.  It is kept when somebody may want to read it: another scan, or the same
 * one when it begins again.  The transaction's changes are looked up once for each
 * reply, so that all scans of a query see the same.
 *
 * Must not know how far a scan has read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "lib/ilist.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "fdw/share.h"

/* A query whose scans may share something. */
typedef struct SharingQuery
{
	dlist_node link;
	MemoryContext context; /* of the query, by which it is found */
	MemoryContextCallback callback;
	List *shares;
} SharingQuery;

/* The queries that are running. */
static dlist_head queries = DLIST_STATIC_INIT(queries);

static SharingQuery *find_query(MemoryContext context);
static void forget_query(void *arg);
static CfdwShare *find_share(SharingQuery *query, const CfdwFetchPlan *plan);
static Oid mapped_role(Oid serverid, Oid userid);
static bool keeps(const CfdwShare *share);
static bool looks_in_all(CfdwShare *share, int64 id);
static bool is_deleted(CfdwShare *share, int64 id);
static CfdwSharedReply *reply_of_all(CfdwShare *share, CfdwTraffic *traffic);
static CfdwSharedReply *reply_to_id(CfdwShare *share, int64 id,
									CfdwTraffic *traffic);
static CfdwSharedReply *reply_of_unsent(CfdwShare *share);
static void open_reply(CfdwShare *share, CfdwSharedReply *reply,
					   CfdwTraffic *traffic);
static void lay_over(CfdwShare *share, CfdwSharedReply *reply);
static void end_all(CfdwShare *share);

/*
 * A further scan joins the others of the query whose memory context is QUERY.
 */
CfdwShare *
cfdw_share_join(MemoryContext query, const CfdwFetchPlan *plan)
{
	MemoryContext caller = MemoryContextSwitchTo(query);
	CfdwShare *share = find_share(find_query(query), plan);

	share->nscans++;
	share->shape.whole |= plan->whole;
	share->keep = Max(share->keep, plan->keep);
	share->max_single = Min(share->max_single, plan->max_single);
	MemoryContextSwitchTo(caller);
	return share;
}

/*
 * The place of KEY among those that the account is asked for.
 */
int
cfdw_share_add_key(CfdwShare *share, const char *key)
{
	int n = share->shape.nkeys;
	MemoryContext caller;

	for (int i = 0; i < n; i++)
		if (strcmp(share->keys[i], key) == 0)
			return i;
	caller = MemoryContextSwitchTo(share->context);
	share->keys = n == 0 ? palloc(sizeof(char *))
						 : repalloc(share->keys, sizeof(char *) * (n + 1));
	share->keys[n] = key;
	MemoryContextSwitchTo(caller);
	return share->shape.nkeys++;
}

/*
 * The reply that has what is asked for: ID, if that is one list.  A request is sent
 * unless there is one, and counted in TRAFFIC; nothing is waited for.  The scan
 * reads the reply until it leaves it.  Raises what cfdw_cursor_open() raises.
 */
CfdwSharedReply *
cfdw_share_ask(CfdwShare *share, CfdwAsk ask, int64 id, CfdwTraffic *traffic)
{
	CfdwSharedReply *reply;

	if (!share->started)
		share->several = share->nscans > 1;
	share->started = true;
	if (ask == CFDW_ASK_UNSENT)
		reply = reply_of_unsent(share);
	else if (ask == CFDW_ASK_ONE && !looks_in_all(share, id))
		reply = reply_to_id(share, id, traffic);
	else
		reply = reply_of_all(share, traffic);
	reply->readers++;
	return reply;
}

int64
cfdw_share_count_kept(const CfdwSharedReply *reply)
{
	return reply->spool != NULL ? cfdw_spool_count(reply->spool)
								: list_length(reply->items);
}

/*
 * Keeps an item that was received, if it is to be; PLACE is the scan's in the whole
 * list.  False when the whole list is too long to be kept any more.
 */
bool
cfdw_share_keep(CfdwShare *share, CfdwSharedReply *reply, CfdwPlace *place,
				const CfdwItem *item)
{
	MemoryContext caller;

	if (!reply->kept)
		return true;
	if (reply->ask == CFDW_ASK_ONE)
	{
		caller = MemoryContextSwitchTo(share->context);
		reply->items =
			lappend(reply->items, cfdw_spool_pack(&share->shape, item));
		MemoryContextSwitchTo(caller);
		return true;
	}
	if (cfdw_spool_append(place, item))
		return true;
	cfdw_spool_end(reply->spool);
	reply->spool = NULL;
	reply->kept = false;
	return false;
}

/*
 * A scan reads a reply no longer, which ends unless it is there for others, too.
 * Says whether that was the whole list.
 */
bool
cfdw_share_leave_reply(CfdwShare *share, CfdwSharedReply *reply)
{
	if (--reply->readers > 0 || reply->ask == CFDW_ASK_UNSENT)
		return false;
	if (reply->ask == CFDW_ASK_ALL)
	{
		if (reply->kept)
			return false;
		end_all(share);
		return true;
	}

	/* An id is given once: what came after it does not matter. */
	if (reply->cursor != NULL)
		cfdw_cursor_close(reply->cursor);
	if (!reply->kept)
		pfree(reply);
	else if (reply->cursor != NULL && reply->items == NIL)
		hash_search(share->by_id, &reply->id, HASH_REMOVE, NULL);
	else
		reply->cursor = NULL;
	return false;
}

/*
 * A scan is over.  With the last one, all ends.
 */
void
cfdw_share_leave(CfdwShare *share)
{
	if (--share->nscans > 0)
		return;
	end_all(share);
	share->query->shares = list_delete_ptr(share->query->shares, share);
	MemoryContextDelete(share->context);
}

static SharingQuery *
find_query(MemoryContext context)
{
	dlist_iter iter;
	SharingQuery *query;

	dlist_foreach(iter, &queries)
	{
		query = dlist_container(SharingQuery, link, iter.cur);
		if (query->context == context)
			return query;
	}
	query = palloc0(sizeof(SharingQuery));
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
	dlist_delete(&((SharingQuery *) arg)->link);
}

static CfdwShare *
find_share(SharingQuery *query, const CfdwFetchPlan *plan)
{
	const CfdwTable *table = plan->table;
	Oid role = mapped_role(table->serverid, plan->userid);
	MemoryContext context;
	CfdwShare *share;
	ListCell *lc;

	foreach(lc, query->shares)
	{
		share = lfirst(lc);
		if (!share->started && share->table->serverid == table->serverid &&
			share->role == role &&
			strcmp(share->table->options.path, table->options.path) == 0)
			return share;
	}
	context = AllocSetContextCreate(query->context, "catalogs_fdw share",
									ALLOCSET_DEFAULT_SIZES);
	share = MemoryContextAllocZero(context, sizeof(CfdwShare));
	share->query = query;
	share->context = context;
	share->table = table;
	share->userid = plan->userid;
	share->role = role;
	share->command = plan->command;
	share->max_single = plan->max_single;
	query->shares = lappend(query->shares, share);
	return share;
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
 * Whether somebody may want to read again what has been read.
 */
static bool
keeps(const CfdwShare *share)
{
	return share->several || share->keep != CFDW_KEEP_NONE;
}

/*
 * Whether a single list is looked for in the whole list: once that is there; or
 * when so many have been asked for that this is the better bargain.  But one
 * that was asked for stays as it was given, and one that the transaction has
 * deleted is not worth a request.
 */
static bool
looks_in_all(CfdwShare *share, int64 id)
{
	if (share->by_id != NULL &&
		hash_search(share->by_id, &id, HASH_FIND, NULL) != NULL)
		return false;
	if (share->all != NULL && share->all->kept)
		return true;
	return share->nsingle >= share->max_single && !is_deleted(share, id);
}

static bool
is_deleted(CfdwShare *share, int64 id)
{
	CfdwDesired desired;

	return cfdw_overlay_row(share->table, id, share->command, &desired) &&
		   !desired.exists;
}

static CfdwSharedReply *
reply_of_all(CfdwShare *share, CfdwTraffic *traffic)
{
	MemoryContext context;
	MemoryContext caller;
	CfdwSharedReply *reply;

	if (share->all != NULL)
		return share->all;
	context = AllocSetContextCreate(share->context, "catalogs_fdw list",
									ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(context);
	reply = palloc0(sizeof(CfdwSharedReply));
	reply->ask = CFDW_ASK_ALL;
	reply->context = context;
	reply->kept = keeps(share);
	if (reply->kept)
		reply->spool = cfdw_spool_create(
			&share->shape, share->several || share->by_id != NULL ||
							   share->keep == CFDW_KEEP_ALL);
	share->all = reply;
	open_reply(share, reply, traffic);
	MemoryContextSwitchTo(caller);
	return reply;
}

static CfdwSharedReply *
reply_to_id(CfdwShare *share, int64 id, CfdwTraffic *traffic)
{
	HASHCTL control = {.keysize = sizeof(int64),
					   .entrysize = sizeof(CfdwSharedReply),
					   .hcxt = share->context};
	MemoryContext caller = MemoryContextSwitchTo(share->context);
	bool found = false;
	CfdwSharedReply *reply;

	if (!keeps(share))
		reply = palloc(sizeof(CfdwSharedReply));
	else
	{
		if (share->by_id == NULL)
			share->by_id = hash_create("catalogs_fdw replies", 64, &control,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		reply = hash_search(share->by_id, &id, HASH_ENTER, &found);
	}
	if (!found)
	{
		memset(reply, 0, sizeof(CfdwSharedReply));
		reply->id = id;
		reply->ask = CFDW_ASK_ONE;
		reply->kept = keeps(share);
		open_reply(share, reply, traffic);
	}
	MemoryContextSwitchTo(caller);
	return reply;
}

static CfdwSharedReply *
reply_of_unsent(CfdwShare *share)
{
	CfdwSharedReply *reply = share->unsent;

	if (reply != NULL)
		return reply;
	reply = MemoryContextAllocZero(share->context, sizeof(CfdwSharedReply));
	reply->ask = CFDW_ASK_UNSENT;
	reply->context = share->context;
	lay_over(share, reply);
	share->unsent = reply;
	return reply;
}

/*
 * Sends the request, in the current memory context; not for a list that the
 * transaction itself has deleted.
 */
static void
open_reply(CfdwShare *share, CfdwSharedReply *reply, CfdwTraffic *traffic)
{
	CfdwQuery query = {.resource = share->table->resource,
					   .path = share->table->options.path,
					   .by_id = reply->ask == CFDW_ASK_ONE,
					   .id = reply->id,
					   .nkeys = share->shape.nkeys,
					   .keys = share->keys,
					   .traffic = traffic};

	if (reply->ask == CFDW_ASK_ONE)
	{
		if (is_deleted(share, reply->id))
			return;
		share->nsingle++;
	}
	lay_over(share, reply);
	reply->cursor =
		cfdw_cursor_open(share->table->serverid, share->userid, &query);
}

/*
 * The transaction's changes, as the account is asked.
 */
static void
lay_over(CfdwShare *share, CfdwSharedReply *reply)
{
	MemoryContext caller = MemoryContextSwitchTo(
		reply->ask == CFDW_ASK_ONE ? share->context : reply->context);

	reply->overlay = cfdw_overlay_create(share->table, share->command);
	MemoryContextSwitchTo(caller);
}

static void
end_all(CfdwShare *share)
{
	CfdwSharedReply *reply = share->all;

	if (reply == NULL)
		return;
	share->all = NULL;
	if (reply->spool != NULL)
		cfdw_spool_end(reply->spool);
	MemoryContextDelete(reply->context);
}
