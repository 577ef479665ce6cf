/*-------------------------------------------------------------------------
 *
 * session.c
 *	  One account in this backend.
 *
 * Owns the cache of accounts, by user mapping: options, credentials and kept
 * connections; and the rules when to sign in and how often, and after what
 * pause, a request is sent again.  All calls of a session share one login.  An
 * ALTER of the server or of the user mapping makes a session invalid; the next
 * statement gets a new one, while requests under way end on the old.  Must not
 * know what a request is for.
 *
 * Facts: the API page, "Who one is": a 401 means to log in again, once.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "common/pg_prng.h"
#include "foreign/foreign.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "net/auth.h"
#include "net/session.h"

/* Before a request is sent again; doubled for each time that it was. */
#define FIRST_PAUSE_MS 100
#define MAX_DOUBLINGS 6

struct CfdwSession
{
	MemoryContext context; /* holds all of it */
	char *server;          /* name */
	CfdwOptions options;
	CfdwCredentials credentials;
	const CfdwAuthMethod *method;
	bool signed_in;   /* a cookie is there; it may have expired */
	bool renewed;     /* ... and was just asked for */
	uint32 logins;    /* so many were there */
	CfdwLogin *login; /* under way, in a memory context of its own, or NULL */
	MemoryContext login_context;
	CfdwTraffic login_traffic; /* of it, not yet added to somebody's */
	int calls;                 /* not yet ended */
	bool pinned;               /* kept until the end of the transaction */
	CfdwPool *pool;
	uint32 server_hash; /* of the syscache entries it was made of */
	uint32 mapping_hash;
	bool invalid; /* those have changed since */
};

struct CfdwCall
{
	MemoryContextCallback callback;
	CfdwSession *session;
	CfdwRequest request;
	CfdwTransfer *transfer; /* NULL while the session is being signed in */
	uint32 logins;          /* of the session, when it was sent */
	bool repeated;          /* signing in anew will not help */
};

/* The sessions that statements get, by user mapping. */
typedef struct SessionEntry
{
	Oid mapping;          /* hash key */
	CfdwSession *session; /* or NULL */
} SessionEntry;

static HTAB *sessions = NULL;

/* What cfdw_session_start() has sent in this backend. */
static CfdwTraffic written = {0};

/* Invalid ones with requests under way. */
static List *retired = NIL;

static CfdwSession *create_session(ForeignServer *server, UserMapping *user);
static bool must_sign_in(const CfdwSession *session);
static void sign_in(CfdwSession *session);
static bool go_on_signing_in(CfdwSession *session, CfdwTraffic *traffic);
static void add_traffic(CfdwTraffic *sum, int sign, const CfdwTraffic *more);
static void end_login(CfdwSession *session);
static CfdwCall *create_call(CfdwSession *session);
static void release_call(void *arg);
static bool is_disposable(const CfdwSession *session);
static void drop_session(SessionEntry *entry);
static void sweep(void);
static void on_invalidation(Datum arg, int cache, uint32 hash);
static void on_transaction_end(XactEvent event, void *arg);

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
	RegisterXactCallback(on_transaction_end, NULL);
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
	bool found;

	if (!SearchSysCacheExists1(FOREIGNSERVEROID, ObjectIdGetDatum(serverid)))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the foreign server was dropped in this transaction")));
	mapping = cfdw_option_mapping(userid, serverid);
	sweep();
	entry = hash_search(sessions, &mapping, HASH_ENTER, &found);
	if (!found)
		entry->session = NULL;
	if (entry->session != NULL && entry->session->invalid)
		drop_session(entry);
	if (entry->session == NULL)
		entry->session = create_session(GetForeignServer(serverid),
										GetUserMapping(userid, serverid));
	return entry->session;
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
 * Fills in what messages say of a server: its name, and the secrets that they
 * must not show.  References to the session.
 */
void
cfdw_session_describe(const CfdwSession *session, CfdwAction *action)
{
	action->server = session->server;
	action->credentials = &session->credentials;
}

/*
 * Sees to it that a request can be started without signing in before; with ANEW
 * because the account has refused one.  False when it does not let us in.
 * Raises an error only for want of memory or of descriptors.
 */
bool
cfdw_session_try_sign_in(CfdwSession *session, bool anew)
{
	if (!cfdw_auth_can_renew(session->method))
		return !anew;
	if (!session->signed_in || anew)
	{
		session->signed_in =
			cfdw_auth_try(session->method, &session->credentials,
						  &session->options, session->pool);
		if (session->signed_in)
			session->logins++;
	}
	return session->signed_in;
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
	add_traffic(traffic, 1, &written);
	add_traffic(traffic, -1, before);
}

/*
 * Starts a request, a write, signed in.  Raises 28000 when signing in fails.
 */
CfdwTransfer *
cfdw_session_start(CfdwSession *session, const CfdwRequest *request)
{
	CfdwRequest signed_request = *request;

	signed_request.traffic = &written;
	session->renewed = false;
	if (must_sign_in(session))
		sign_in(session);
	cfdw_auth_apply(session->method, &session->credentials, &signed_request);
	return cfdw_http_start(session->pool, &signed_request);
}

/*
 * Waits until the status of a request's reply is known or it has failed.  When
 * the account answers 401 because a session has expired, signs in anew and
 * repeats the request once: a 401 is a refusal, so that may be done whatever
 * the request is.  Returns the transfer whose reply counts.
 */
CfdwTransfer *
cfdw_session_settle(CfdwSession *session, const CfdwRequest *request,
					CfdwTransfer *transfer)
{
	if (cfdw_http_await(transfer)->status != 401)
		return transfer;
	session->signed_in = false;
	if (session->renewed || !cfdw_auth_can_renew(session->method))
		return transfer;
	cfdw_http_end(transfer);
	transfer = cfdw_session_start(session, request);
	if (cfdw_http_await(transfer)->status == 401)
		session->signed_in = false;
	return transfer;
}

/*
 * Whether a request that came to nothing may be sent once more.  Waits for it,
 * each time longer, and never so long as others do.  Raises as
 * cfdw_http_pause().
 */
bool
cfdw_session_may_repeat(const CfdwSession *session, CfdwRepetition *repetition)
{
	double jitter = 0.5 + pg_prng_double(&pg_global_prng_state);
	long pause_ms = (long) (FIRST_PAUSE_MS * jitter)
					<< Min(repetition->count, MAX_DOUBLINGS);

	if (repetition->count >= session->options.max_retries ||
		TimestampDifferenceMilliseconds(GetCurrentTimestamp(),
										repetition->deadline) <= pause_ms)
		return false;
	repetition->count++;
	written.retries++;
	cfdw_http_pause(pause_ms);
	return !cfdw_http_time_is_up();
}

/*
 * Starts a request, or signs in before it, without waiting.  The call, its
 * transfers and what the request refers to end with the current memory context.
 */
CfdwCall *
cfdw_session_call(CfdwSession *session, const CfdwRequest *request)
{
	CfdwCall *call = create_call(session);

	call->request = *request;
	cfdw_auth_apply(session->method, &session->credentials, &call->request);
	cfdw_session_advance(call);
	return call;
}

/*
 * Goes on with a call, as cfdw_session_settle() does, but without waiting.
 * Returns the transfer whose reply counts once its status is known, or it has
 * failed; NULL before.  The current memory context must be that in which the
 * call was made.  Raises 28000 when signing in fails.
 */
CfdwTransfer *
cfdw_session_advance(CfdwCall *call)
{
	CfdwSession *session = call->session;

	for (;;)
	{
		if (call->transfer == NULL)
		{
			if (must_sign_in(session))
			{
				if (!go_on_signing_in(session, call->request.traffic))
					return NULL;
				call->repeated = true;
			}
			call->logins = session->logins;
			call->transfer = cfdw_http_start(session->pool, &call->request);
		}
		if (!cfdw_http_is_ready(call->transfer))
			return NULL;
		if (cfdw_http_await(call->transfer)->status != 401)
			return call->transfer;

		/* Unless it has been signed in since for another call. */
		if (call->logins == session->logins)
			session->signed_in = false;
		if (call->repeated || !cfdw_auth_can_renew(session->method))
			return call->transfer;
		call->repeated = true;
		cfdw_http_end(call->transfer);
		call->transfer = NULL;
	}
}

/*
 * What a wait for a call has to wait for; NULL when it can go on at once.
 */
CfdwTransfer *
cfdw_session_awaited(const CfdwCall *call)
{
	if (call->transfer != NULL)
		return call->transfer;
	return call->session->login != NULL
			   ? cfdw_auth_transfer(call->session->login)
			   : NULL;
}

static bool
must_sign_in(const CfdwSession *session)
{
	return !session->signed_in && cfdw_auth_can_renew(session->method);
}

/*
 * Signs in, and waits for it.
 */
static void
sign_in(CfdwSession *session)
{
	/* Whatever is raised ends the login. */
	CfdwCall *call = create_call(session);

	while (!go_on_signing_in(session, &written))
	{
		CfdwTransfer *transfer = cfdw_auth_transfer(session->login);

		cfdw_http_await_any(&transfer, 1);
	}
	release_call(call);
	session->renewed = true;
}

/*
 * Signs in, or goes on with it, for all calls that need it; true when it is
 * done.  The login is added to TRAFFIC, unless that is NULL, of the call that
 * finds it done: the one that began it may be gone by then.
 */
static bool
go_on_signing_in(CfdwSession *session, CfdwTraffic *traffic)
{
	MemoryContext context;
	CfdwLogin *login;

	if (session->login == NULL)
	{
		MemoryContext caller;

		end_login(session);
		session->login_context = AllocSetContextCreate(
			session->context, "catalogs_fdw login", ALLOCSET_SMALL_SIZES);
		memset(&session->login_traffic, 0, sizeof(CfdwTraffic));
		caller = MemoryContextSwitchTo(session->login_context);
		session->login = cfdw_auth_begin(
			session->method, &session->credentials, &session->options,
			session->server, session->pool, &session->login_traffic);
		MemoryContextSwitchTo(caller);
	}
	if (!cfdw_auth_receive(session->login))
		return false;

	/* From here on it is the caller's, for it may fail. */
	login = session->login;
	context = session->login_context;
	session->login = NULL;
	session->login_context = NULL;
	MemoryContextSetParent(context, CurrentMemoryContext);
	session->login_traffic.sent = 0; /* would tell how long the key is */
	if (traffic != NULL)
		add_traffic(traffic, 1, &session->login_traffic);
	cfdw_auth_finish(login);
	MemoryContextDelete(context);
	session->signed_in = true;
	session->logins++;
	return true;
}

static void
add_traffic(CfdwTraffic *sum, int sign, const CfdwTraffic *more)
{
	sum->requests += sign * more->requests;
	sum->retries += sign * more->retries;
	sum->sent += sign * more->sent;
	sum->received += sign * more->received;
}

/*
 * Gives up signing in.  Never raises.
 */
static void
end_login(CfdwSession *session)
{
	session->login = NULL;
	if (session->login_context != NULL)
		MemoryContextDelete(session->login_context);
	session->login_context = NULL;
}

static CfdwCall *
create_call(CfdwSession *session)
{
	CfdwCall *call = palloc0(sizeof(CfdwCall));

	call->session = session;
	session->calls++;
	call->callback.func = release_call;
	call->callback.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->callback);
	return call;
}

/*
 * The reset callback of a call.  A login ends with the last one.
 */
static void
release_call(void *arg)
{
	CfdwCall *call = arg;
	CfdwSession *session = call->session;

	if (session == NULL)
		return;
	call->session = NULL;
	session->calls--;
	if (session->calls == 0)
		end_login(session);
}

static CfdwSession *
create_session(ForeignServer *server, UserMapping *user)
{
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "catalogs_fdw session", ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CfdwSession *session = palloc0(sizeof(CfdwSession));
	CfdwPoolConfig config = {0};

	session->context = context;
	session->server = pstrdup(server->servername);
	cfdw_option_server(server, &session->options);
	cfdw_option_user(user, &session->credentials);
	session->method = cfdw_auth_method(&session->credentials, session->server);
	session->server_hash = GetSysCacheHashValue1(
		FOREIGNSERVEROID, ObjectIdGetDatum(server->serverid));
	session->mapping_hash =
		GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(user->umid));

	config.user_agent = session->options.user_agent;
	config.proxy = session->options.proxy;
	config.ca_file = session->options.ca_file;
	config.ssl_verify = session->options.ssl_verify;
	config.cookies = cfdw_auth_uses_cookies(session->method);
	config.connect_timeout_ms = session->options.connect_timeout_ms;
	session->pool = cfdw_pool_create(context, &config);

	/* Whole: from now on it outlives the statement. */
	MemoryContextSetParent(context, CacheMemoryContext);
	MemoryContextSwitchTo(caller);
	return session;
}

static bool
is_disposable(const CfdwSession *session)
{
	return !session->pinned && session->calls == 0 &&
		   cfdw_pool_is_idle(session->pool);
}

/*
 * Takes a session out of the cache; frees it unless requests are under way.
 */
static void
drop_session(SessionEntry *entry)
{
	if (is_disposable(entry->session))
		MemoryContextDelete(entry->session->context);
	else
	{
		MemoryContext caller = MemoryContextSwitchTo(CacheMemoryContext);

		retired = lappend(retired, entry->session);
		MemoryContextSwitchTo(caller);
	}
	entry->session = NULL;
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

	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		CfdwSession *session = entry->session;

		if (session != NULL &&
			(hash == 0 ||
			 (cache == FOREIGNSERVEROID && session->server_hash == hash) ||
			 (cache == USERMAPPINGOID && session->mapping_hash == hash)))
			session->invalid = true;
	}
}

/*
 * Closes what is not to be kept beyond a transaction.  Never raises.
 */
static void
on_transaction_end(XactEvent event, void *arg)
{
	HASH_SEQ_STATUS scan;
	SessionEntry *entry;
	ListCell *lc;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	foreach(lc, retired)
		((CfdwSession *) lfirst(lc))->pinned = false;
	sweep();
	hash_seq_init(&scan, sessions);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		CfdwSession *session = entry->session;

		if (session == NULL)
			continue;
		session->pinned = false;
		if (!is_disposable(session))
			continue;
		if (session->invalid)
			drop_session(entry);
		else if (!session->options.keep_connections)
			cfdw_pool_close_idle(session->pool);
	}
}
