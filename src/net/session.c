/*-------------------------------------------------------------------------
 *
 * session.c
 *	  One account in this backend.
 *
 * Owns the cache of accounts, by user mapping: options, credentials, kept connections
 * and whether it is signed in.  An ALTER of the server or of the user mapping makes a
 * session invalid; the next statement gets a new one, while requests under way end on
 * the old.  Must not know what a request is for, nor what a call does with a login.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "foreign/foreign.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "net/pace.h"
#include "net/session.h"

struct CfdwSession
{
	MemoryContext context; /* holds all of it */
	char *server;          /* name */
	Oid serverid;
	Oid mapping;
	CfdwOptions options;
	CfdwCredentials credentials;
	MemoryContextCallback callback; /* wipes those, and what they are in */
	CfdwLogins logins;
	int calls;   /* not yet ended */
	bool pinned; /* kept until the end of the transaction */
	CfdwPool *pool;
	CfdwPace *pace; /* of the account, whoever asks it */
	CfdwStatistics *statistics;
	CfdwProgress *progress; /* while it has calls, or NULL */
	uint32 server_hash;     /* of the syscache entries it was made of */
	uint32 mapping_hash;
	bool invalid; /* those have changed since */
};

/* The sessions that statements get, by user mapping. */
typedef struct SessionEntry
{
	Oid mapping; /* hash key */
	CfdwSession *session;
} SessionEntry;

static HTAB *sessions = NULL;

/* How often a server or a user mapping was altered, any of them. */
static uint64 changes = 0;

/* What writes have cost in this backend. */
static CfdwTraffic written = {0};

/* Invalid ones with requests under way. */
static List *retired = NIL;

static CfdwSession *create_session(Oid serverid, Oid userid);
static void forget_secrets(void *arg);
static CfdwSessionInfo *describe(const CfdwSession *session);
static bool is_with(const CfdwSession *session, Oid serverid);
static bool is_disposable(const CfdwSession *session);
static void drop_session(SessionEntry *entry);
static void sweep(void);
static void on_invalidation(Datum arg, int cache, uint32 hash);

/*
 * Called once when the library is loaded.
 */
void
cfdw_session_init(void)
{
	HASHCTL control = {.keysize = sizeof(Oid),
					   .entrysize = sizeof(SessionEntry)};

	sessions = hash_create("catalogs_fdw sessions", 8, &control,
						   HASH_ELEM | HASH_BLOBS);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, on_invalidation, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, on_invalidation, (Datum) 0);
}

/*
 * The account that USERID reaches through SERVERID, with the options as they
 * are now.  Valid until the next call, or, once it has a request under way,
 * until that has ended.  Raises 42704 when there is no user mapping, and 55000
 * when the server was dropped in this transaction.
 */
CfdwSession *
cfdw_session_get(Oid serverid, Oid userid)
{
	Oid mapping;
	SessionEntry *entry;

	if (!SearchSysCacheExists1(FOREIGNSERVEROID, ObjectIdGetDatum(serverid)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the foreign server was dropped in this transaction")));
	mapping = cfdw_option_mapping(userid, serverid);
	sweep();
	entry = hash_search(sessions, &mapping, HASH_FIND, NULL);
	if (entry != NULL && !entry->session->invalid)
		return entry->session;
	if (entry != NULL)
		drop_session(entry);
	return create_session(serverid, userid);
}

/*
 * The sessions of this backend: a list of CfdwSessionInfo, palloc'ed, in no order.
 */
List *
cfdw_session_list(void)
{
	List *infos = NIL;
	HASH_SEQ_STATUS scan;
	SessionEntry *entry;
	ListCell *lc;

	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
		infos = lappend(infos, describe(entry->session));
	foreach(lc, retired)
		infos = lappend(infos, describe(lfirst(lc)));
	return infos;
}

/*
 * Ends the sessions with a server, or all for InvalidOid, and returns how many;
 * but for those that the transaction still needs: *IN_USE of them.
 */
int
cfdw_session_disconnect(Oid serverid, int *in_use)
{
	HASH_SEQ_STATUS scan;
	SessionEntry *entry;
	ListCell *lc;
	int ended = 0;

	*in_use = 0;
	sweep();
	foreach(lc, retired)
		if (is_with(lfirst(lc), serverid))
			(*in_use)++;
	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		CfdwSession *session = entry->session;

		if (!is_with(session, serverid))
			continue;
		if (!is_disposable(session))
		{
			(*in_use)++;
			continue;
		}
		drop_session(entry);
		ended++;
	}
	return ended;
}

/*
 * The server's options, as long as the session is valid.
 */
const CfdwOptions *
cfdw_session_options(const CfdwSession *session)
{
	return &session->options;
}

/*
 * What is counted of it.  Valid until the backend ends.
 */
CfdwStatistics *
cfdw_session_statistics(const CfdwSession *session)
{
	return session->statistics;
}

/*
 * Fills in what messages say of a server: its name, and the secrets that they
 * must not show.  References to the session.
 */
void
cfdw_session_describe(const CfdwSession *session, CfdwAction *action)
{
	action->server = session->server;
	action->credentials = &session->credentials;
	action->pool = session->pool;
	action->statistics = session->statistics;
	action->plain_http =
		pg_strncasecmp(session->options.url, "http:", strlen("http:")) == 0;
}

/*
 * Keeps a session until the end of the transaction, whatever becomes of the
 * server: something may have to be taken back.
 */
void
cfdw_session_pin(CfdwSession *session)
{
	session->pinned = true;
}

/*
 * What writes have cost since the backend began.
 */
CfdwTraffic
cfdw_session_written(void)
{
	return written;
}

/*
 * Adds to TRAFFIC what writes have cost since cfdw_session_written() said
 * BEFORE.
 */
void
cfdw_session_add_written(CfdwTraffic *traffic, const CfdwTraffic *before)
{
	cfdw_http_add_traffic(traffic, 1, &written);
	cfdw_http_add_traffic(traffic, -1, before);
}

/*
 * Raises what is to be said of a login that failed, counted in STATISTICS or, for
 * NULL, nowhere; see cfdw_auth_report().
 */
void
cfdw_session_report_login(const CfdwSession *session,
						  CfdwStatistics *statistics,
						  const CfdwResponse *response, const char *body,
						  size_t len)
{
	CfdwAction action = {.path = cfdw_login_call.path,
						 .kind = CFDW_SIGNING_IN,
						 .timeout_ms = session->options.request_timeout_ms};

	cfdw_session_describe(session, &action);
	action.statistics = statistics;
	cfdw_auth_report(&action, response, body, len);
}

/*
 * A call needs the session, until cfdw_session_release().
 */
void
cfdw_session_hold(CfdwSession *session)
{
	if (session->calls++ == 0)
		session->progress =
			cfdw_progress_begin(session->serverid, session->options.url);
}

void
cfdw_session_release(CfdwSession *session)
{
	if (--session->calls > 0)
		return;
	cfdw_progress_end(session->progress);
	session->progress = NULL;
}

/*
 * Where is shown what is done with the account; or NULL.  Valid while a call needs the
 * session.
 */
CfdwProgress *
cfdw_session_progress(const CfdwSession *session)
{
	return session->progress;
}

/*
 * Has a request counted as a write of this backend when it is not counted
 * elsewhere.
 */
void
cfdw_session_count(CfdwRequest *request)
{
	if (request->traffic == NULL)
		request->traffic = &written;
}

/*
 * Starts a request with what proves who we are, as cfdw_http_start().  Never
 * raises.
 */
CfdwTransfer *
cfdw_session_send(CfdwSession *session, const CfdwRequest *request,
				  CfdwResponse *failure)
{
	CfdwRequest signed_request = *request;

	signed_request.statistics = session->statistics;
	cfdw_auth_apply(session->logins.method, &session->credentials,
					&signed_request);
	return cfdw_http_start(session->pool, &signed_request, failure);
}

/*
 * How it is signed in.
 */
CfdwLogins *
cfdw_session_logins(CfdwSession *session)
{
	return &session->logins;
}

/*
 * Whether the turn of a request to the account has come, as cfdw_pace_take().
 */
bool
cfdw_session_take_turn(CfdwSession *session, CfdwTurn *turn, double *wait_ms)
{
	return cfdw_pace_take(session->pace, turn,
						  session->options.requests_per_second,
						  session->options.connect_timeout_ms, wait_ms);
}

/*
 * The account asks not to be asked for so long, by anybody.
 */
void
cfdw_session_hold_off(CfdwSession *session, double ms)
{
	cfdw_pace_hold_off(session->pace, ms);
}

static CfdwSessionInfo *
describe(const CfdwSession *session)
{
	CfdwSessionInfo *info = palloc0(sizeof(CfdwSessionInfo));

	info->serverid = session->serverid;
	info->mapping = session->mapping;
	info->url = session->options.url;
	info->valid = !session->invalid;
	info->in_use = !is_disposable(session);
	info->connected = cfdw_pool_is_connected(session->pool);
	info->can_sign_in = cfdw_auth_can_renew(session->logins.method);
	info->signed_in = session->logins.signed_in;
	return info;
}

/*
 * Whether it is a session with that server; with any, for InvalidOid.
 */
static bool
is_with(const CfdwSession *session, Oid serverid)
{
	return !OidIsValid(serverid) || session->serverid == serverid;
}

/*
 * Makes a session, and has statements get it; but when what it is made of has changed
 * meanwhile, for this one alone.
 */
static CfdwSession *
create_session(Oid serverid, Oid userid)
{
	uint64 changes_before = changes;
	UserMapping *user = GetUserMapping(userid, serverid);
	ForeignServer *server = GetForeignServer(serverid);
	SessionEntry *entry;
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw session", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwSession *session = palloc0(sizeof(CfdwSession));

	session->callback.func = forget_secrets;
	session->callback.arg = session;
	MemoryContextRegisterResetCallback(context, &session->callback);
	session->context = context;
	session->server = pstrdup(server->servername);
	session->serverid = server->serverid;
	session->mapping = user->umid;
	cfdw_option_server(server, &session->options);
	cfdw_option_user(user, &session->credentials);
	session->logins.method =
		cfdw_auth_method(&session->credentials, session->server);
	session->server_hash = GetSysCacheHashValue1(
		FOREIGNSERVEROID, ObjectIdGetDatum(server->serverid));
	session->mapping_hash =
		GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(user->umid));

	session->pool =
		cfdw_pool_create(context, &session->options, &session->credentials,
						 cfdw_auth_uses_cookies(session->logins.method));

	session->pace = cfdw_pace_open(session->options.url);
	session->statistics =
		cfdw_statistics_open(server->serverid, session->options.url);
	cfdw_progress_prepare();
	if (cfdw_auth_can_renew(session->logins.method))
		cfdw_auth_login(session->logins.method, &session->credentials,
						&session->options, &session->logins.request);
	session->logins.request.statistics = session->statistics;
	session->logins.pool = session->pool;

	/* Whole: from now on it outlives the statement. */
	entry = hash_search(sessions, &user->umid, HASH_ENTER, NULL);
	entry->session = session;
	session->invalid = changes != changes_before;
	MemoryContextSetParent(context, CacheMemoryContext);
	MemoryContextSwitchTo(caller);
	return session;
}

/*
 * The reset callback of a session's context.
 */
static void
forget_secrets(void *arg)
{
	CfdwSession *session = arg;

	cfdw_option_forget_user(&session->credentials);
	if (session->logins.request.body != NULL)
		explicit_bzero((char *) session->logins.request.body,
					   session->logins.request.body_len);
}

static bool
is_disposable(const CfdwSession *session)
{
	return !session->pinned && session->calls == 0 &&
		   session->logins.under_way == NULL &&
		   cfdw_pool_is_idle(session->pool);
}

/*
 * Takes a session out of the cache, where its user mapping may never be asked for
 * again; frees it unless requests are under way.
 */
static void
drop_session(SessionEntry *entry)
{
	CfdwSession *session = entry->session;

	if (!is_disposable(session))
	{
		MemoryContext caller = MemoryContextSwitchTo(CacheMemoryContext);

		retired = lappend(retired, session);
		MemoryContextSwitchTo(caller);
	}
	hash_search(sessions, &entry->mapping, HASH_REMOVE, NULL);
	if (is_disposable(session))
		MemoryContextDelete(session->context);
}

/*
 * Frees the retired sessions whose last request has ended.  Never raises.
 */
static void
sweep(void)
{
	ListCell *lc;

	foreach(lc, retired)
	{
		CfdwSession *session = lfirst(lc);

		if (!is_disposable(session))
			continue;
		retired = foreach_delete_current(retired, lc);
		MemoryContextDelete(session->context);
	}
}

static void
on_invalidation(Datum arg, int cache, uint32 hash)
{
	HASH_SEQ_STATUS scan;
	SessionEntry *entry;

	changes++;
	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		CfdwSession *session = entry->session;

		if (hash == 0 ||
			(cache == FOREIGNSERVEROID && session->server_hash == hash) ||
			(cache == USERMAPPINGOID && session->mapping_hash == hash))
			session->invalid = true;
	}
}

/*
 * The transaction has ended: closes what is not to be kept beyond it.  Never raises.
 */
void
cfdw_session_end_transaction(void)
{
	HASH_SEQ_STATUS scan;
	SessionEntry *entry;
	ListCell *lc;

	foreach(lc, retired)
		((CfdwSession *) lfirst(lc))->pinned = false;
	sweep();
	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		CfdwSession *session = entry->session;

		session->pinned = false;
		if (!is_disposable(session))
			continue;
		if (session->invalid)
			drop_session(entry);
		else if (!session->options.keep_connections)
			cfdw_pool_close_idle(session->pool);
	}
}
