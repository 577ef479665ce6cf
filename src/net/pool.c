/*-------------------------------------------------------------------------
 *
 * pool.c
 *	  The connections to an account, kept between requests.
 *
 * Each account has a CfdwPool: its cookies and its kept connection are in a
 * share object of its own, so that no request can go out over a connection that
 * was made for another account.
 *
 * Owns how a connection is made (TLS, proxy), when it is closed, what it costs
 * in descriptors and what outlives it; and when the loop is opened and closed.
 * Must not know requests or replies.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <curl/curl.h>
#include <poll.h>
#include <sys/socket.h>

#include "lib/ilist.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "declare/url.h"
#include "net/agent.h"
#include "net/pool.h"
#include "net/loop.h"

/*
 * CURLOPT_QUICK_EXIT came with 7.87: without it, giving up a request waits for
 * the thread that resolves its host name, however long that takes.
 */
#if LIBCURL_VERSION_NUM < 0x075700
#error "catalogs_fdw needs libcurl 7.87 or newer"
#endif

/* How libcurl begins the line of a cookie that no script may see. */
#define HTTP_ONLY "#HttpOnly_"

struct CfdwPool
{
	MemoryContext context; /* of this struct; its reset closes all */
	MemoryContextCallback callback;
	const CfdwOptions *options;
	const CfdwCredentials *credentials;
	bool cookies;   /* those that the server sets are kept */
	bool refused;   /* an address of the last connection was not allowed ... */
	bool exhausted; /* ... or there was no descriptor for it */
	CURLSH *share;  /* connections and cookies; NULL when closed */
	struct curl_slist *jar; /* the cookies, while it is closed */
	CURL *spare;            /* set up, for the next request; or NULL */
	curl_socket_t kept;     /* of the connection that no request uses; or
						 * CURL_SOCKET_BAD: none, or it is not known */
	int descriptors; /* accounted for with fd.c: one for each handle taken, and
						 * one at least while it is open */
	int taken;       /* handles that have not been given back */
	dlist_node link; /* in busy_pools or idle_pools, while it is open */
};

/* The CfdwPool that are open: those with handles that are taken, and those without,
 * the one used last first. */
static dlist_head busy_pools = DLIST_STATIC_INIT(busy_pools);
static dlist_head idle_pools = DLIST_STATIC_INIT(idle_pools);

/* Handles that were taken from any of them, and not given back. */
static int all_taken = 0;

static bool look_at_kept(CfdwPool *pool);
static CURLcode open_loop(void);
static void close_loop(void);
static CURLcode open_pool(CfdwPool *pool);
static void move_pool(CfdwPool *pool, dlist_head *list);
static void close_pool(CfdwPool *pool);
static void release_descriptors(CfdwPool *pool);
static void free_pool(void *arg);
static struct curl_slist *list_cookies(CfdwPool *pool);
static bool close_another(void);
static CURLcode make_spare(CfdwPool *pool);
static CURLcode set_up(CfdwPool *pool, CURL *easy);
static curl_socket_t on_open(void *arg, curlsocktype purpose,
							 struct curl_sockaddr *address);

/*
 * A new set of connections, as OPTIONS and CREDENTIALS, which must outlive it, say;
 * in a memory context below PARENT.  Opens nothing yet.
 */
CfdwPool *
cfdw_pool_create(MemoryContext parent, const CfdwOptions *options,
				 const CfdwCredentials *credentials, bool cookies)
{
	MemoryContext context = AllocSetContextCreate(parent, "catalogs_fdw pool",
												  ALLOCSET_SMALL_SIZES);
	CfdwPool *pool = MemoryContextAllocZero(context, sizeof(CfdwPool));

	cfdw_agent_prepare();
	cfdw_loop_name_waits();
	pool->context = context;
	pool->options = options;
	pool->credentials = credentials;
	pool->cookies = cookies;
	pool->kept = CURL_SOCKET_BAD;
	pool->callback.func = free_pool;
	pool->callback.arg = pool;
	MemoryContextRegisterResetCallback(context, &pool->callback);
	return pool;
}

/*
 * Whether no transfer is under way.
 */
bool
cfdw_pool_is_idle(const CfdwPool *pool)
{
	return pool->taken == 0;
}

/*
 * Whether there is a connection: one that is kept, or in use.
 */
bool
cfdw_pool_is_connected(const CfdwPool *pool)
{
	return pool->taken > 0 || pool->kept != CURL_SOCKET_BAD;
}

/*
 * Closes the kept connection, unless a transfer is under way; cookies stay.
 * Never raises.
 */
void
cfdw_pool_close_idle(CfdwPool *pool)
{
	if (pool->taken == 0)
		close_pool(pool);
	if (dlist_is_empty(&busy_pools) && dlist_is_empty(&idle_pools))
		close_loop();
}

/*
 * What the user declared of the server.
 */
const CfdwOptions *
cfdw_pool_options(const CfdwPool *pool)
{
	return pool->options;
}

/*
 * Whether the last connection could not be made for want of an address that is of
 * this machine.
 */
bool
cfdw_pool_refused(const CfdwPool *pool)
{
	return pool->refused;
}

/*
 * Whether it could not be made for want of a descriptor: others of the machine, or of
 * the backend, have more of them than fd.c knows of.
 */
bool
cfdw_pool_exhausted(const CfdwPool *pool)
{
	return pool->exhausted;
}

/*
 * A handle for one request, to be given back: set up with all that the requests
 * of POOL have in common, and the loop ready for it.  *KEPT is the socket of the
 * kept connection when it is going to use that, else CURL_SOCKET_BAD.  NULL when
 * there is none to be had: then *CODE, a CURLcode, says why, CURLE_AGAIN that no
 * descriptor is free.  Never raises.
 */
void *
cfdw_pool_take(CfdwPool *pool, int *kept, int *code)
{
	char agent[CFDW_AGENT_SIZE];
	CURL *easy;

	*kept = look_at_kept(pool) ? pool->kept : CURL_SOCKET_BAD;
	*code = open_loop();
	if (*code == CURLE_OK && pool->descriptors == pool->taken)
	{
		if (cfdw_loop_acquire_descriptor(close_another))
			pool->descriptors++;
		else
			*code = CURLE_AGAIN;
	}
	if (*code == CURLE_OK)
		*code = open_pool(pool);
	if (*code == CURLE_OK && pool->spare == NULL)
		*code = make_spare(pool);
	if (*code == CURLE_OK)
		*code = curl_easy_setopt(pool->spare, CURLOPT_FRESH_CONNECT,
								 *kept != CURL_SOCKET_BAD ? 0L : 1L);
	if (*code == CURLE_OK)
	{
		cfdw_agent_write(pool->options->user_agent, agent);
		*code = curl_easy_setopt(pool->spare, CURLOPT_USERAGENT, agent);
	}
	if (*code != CURLE_OK)
	{
		release_descriptors(pool);
		return NULL;
	}
	pool->kept = CURL_SOCKET_BAD;
	move_pool(pool, &busy_pools);
	pool->taken++;
	all_taken++;
	easy = pool->spare;
	pool->spare = NULL;
	return easy;
}

/*
 * Ends with a handle, whose transfer may still be in the loop.  Of a REUSABLE one
 * the request has ended well, and nothing is left of it: it may be kept for the
 * next, and so may its connection.  Never raises.
 */
void
cfdw_pool_give_back(CfdwPool *pool, void *easy, bool reusable)
{
	if (!reusable ||
		curl_easy_getinfo(easy, CURLINFO_ACTIVESOCKET, &pool->kept) != CURLE_OK)
		pool->kept = CURL_SOCKET_BAD;
	cfdw_loop_remove(easy);
	if (reusable && pool->spare == NULL)
		pool->spare = easy;
	else
		curl_easy_cleanup(easy);
	pool->taken--;
	all_taken--;
	if (pool->taken == 0)
		move_pool(pool, &idle_pools);
	release_descriptors(pool);
}

/*
 * Whether the kept connection can take a request.  One that the account has
 * closed cannot; nor one on which it has said something, for that would be taken
 * for the reply.  libcurl's own look at it misses some of that, more or less by
 * its version, and TLS hides the rest.
 */
static bool
look_at_kept(CfdwPool *pool)
{
	struct pollfd kept = {pool->kept, POLLIN, 0};

	if (pool->kept == CURL_SOCKET_BAD)
		return false;
	if (poll(&kept, 1, 0) == 0)
		return true;
	if (pool->taken == 0)
		close_pool(pool);
	return false;
}

/*
 * What the requests of all accounts share; closed by the last pool that is.
 */
static CURLcode
open_loop(void)
{
	if (cfdw_loop_is_broken() && all_taken == 0)
		close_loop();
	return cfdw_loop_open();
}

/*
 * No handle is taken.  Never raises.
 */
static void
close_loop(void)
{
	while (!dlist_is_empty(&idle_pools))
		close_pool(dlist_head_element(CfdwPool, link, &idle_pools));
	cfdw_loop_close();
}

static CURLcode
open_pool(CfdwPool *pool)
{
	if (pool->share != NULL)
		return CURLE_OK;
	pool->share = curl_share_init();
	if (pool->share == NULL)
		return CURLE_OUT_OF_MEMORY;
	dlist_push_head(&idle_pools, &pool->link);
	if (curl_share_setopt(pool->share, CURLSHOPT_SHARE,
						  CURL_LOCK_DATA_CONNECT) != CURLSHE_OK ||
		(pool->cookies &&
		 curl_share_setopt(pool->share, CURLSHOPT_SHARE,
						   CURL_LOCK_DATA_COOKIE) != CURLSHE_OK))
	{
		close_pool(pool);
		return CURLE_OUT_OF_MEMORY;
	}
	return CURLE_OK;
}

/*
 * Makes POOL, which is open, the first of a list.
 */
static void
move_pool(CfdwPool *pool, dlist_head *list)
{
	dlist_delete(&pool->link);
	dlist_push_head(list, &pool->link);
}

/*
 * Closes the kept connection and keeps the cookies.  No transfer of POOL is
 * under way.  Never raises.
 */
static void
close_pool(CfdwPool *pool)
{
	if (pool->share == NULL)
		return;
	if (pool->cookies && pool->jar == NULL)
		pool->jar = list_cookies(pool);
	if (pool->spare != NULL)
		curl_easy_cleanup(pool->spare);
	pool->spare = NULL;
	curl_share_cleanup(pool->share);
	pool->share = NULL;
	pool->kept = CURL_SOCKET_BAD;
	dlist_delete(&pool->link);
	release_descriptors(pool);
}

/*
 * Keeps one descriptor for each handle that is taken, and one for the connection
 * that an open pool keeps.
 */
static void
release_descriptors(CfdwPool *pool)
{
	int needed = Max(pool->taken, pool->share != NULL ? 1 : 0);

	for (; pool->descriptors > needed; pool->descriptors--)
		ReleaseExternalFD();
}

/*
 * The reset callback of a CfdwPool's memory context.
 */
static void
free_pool(void *arg)
{
	CfdwPool *pool = arg;

	cfdw_pool_close_idle(pool);
	cfdw_pool_free_lines(pool->jar);
	pool->jar = NULL;
}

/*
 * Frees lines of libcurl's that hold a secret, and leaves nothing of them in memory.
 * Never raises.
 */
void
cfdw_pool_free_lines(void *lines)
{
	for (struct curl_slist *line = lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(lines);
}

/*
 * Calls VISIT with the value of each cookie that is kept and is not for scripts: what
 * signs in is none of those that are.  Never raises, if VISIT does not.
 */
void
cfdw_pool_visit_cookies(CfdwPool *pool,
						void (*visit)(void *arg, const char *value), void *arg)
{
	struct curl_slist *lines = pool->jar;

	if (pool->cookies && pool->share != NULL)
		lines = list_cookies(pool);
	for (const struct curl_slist *line = lines; line != NULL; line = line->next)
	{
		const char *tab = strrchr(line->data, '\t');

		if (tab != NULL &&
			strncmp(line->data, HTTP_ONLY, strlen(HTTP_ONLY)) == 0)
			visit(arg, tab + 1);
	}
	if (lines != pool->jar)
		cfdw_pool_free_lines(lines);
}

/*
 * The cookies of POOL, or NULL: then, or for want of memory, there are none, and
 * the next request has to sign in.
 */
static struct curl_slist *
list_cookies(CfdwPool *pool)
{
	struct curl_slist *cookies = NULL;
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		return NULL;
	if (curl_easy_setopt(easy, CURLOPT_SHARE, pool->share) == CURLE_OK)
		curl_easy_getinfo(easy, CURLINFO_COOKIELIST, &cookies);
	curl_easy_cleanup(easy);
	return cookies;
}

/*
 * Closes the kept connection that was used longest ago; false when there is
 * none.
 */
static bool
close_another(void)
{
	if (dlist_is_empty(&idle_pools))
		return false;
	close_pool(dlist_tail_element(CfdwPool, link, &idle_pools));
	return true;
}

/*
 * Makes a handle with what all requests of POOL have in common.
 */
static CURLcode
make_spare(CfdwPool *pool)
{
	CURL *easy = curl_easy_init();
	CURLcode code = easy != NULL ? set_up(pool, easy) : CURLE_OUT_OF_MEMORY;

	if (code == CURLE_OK)
		pool->spare = easy;
	else
		curl_easy_cleanup(easy);
	return code;
}

/*
 * Never raises: the handle has no owner yet.
 */
static CURLcode
set_up(CfdwPool *pool, CURL *easy)
{
	const CfdwOptions *options = pool->options;
	const CfdwCredentials *credentials = pool->credentials;
	CURLcode code;

#define SET(option, value)                                                     \
	if ((code = curl_easy_setopt(easy, (option), (value))) != CURLE_OK)        \
	return code
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L); /* as EXPLAIN shows it */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) options->connect_timeout_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, pool);

	/* An empty name keeps libcurl from asking the environment. */
	SET(CURLOPT_PROXY, options->proxy != NULL ? options->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	if (credentials->proxy_user != NULL)
	{
		SET(CURLOPT_PROXYUSERNAME, credentials->proxy_user);
		SET(CURLOPT_PROXYPASSWORD, credentials->proxy_password);
	}
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);

	/* Whatever the machine's configuration still allows. */
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, options->ssl_verify ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, options->ssl_verify ? 2L : 0L);
	if (options->ca_file != NULL)
		SET(CURLOPT_CAINFO, options->ca_file);

	SET(CURLOPT_SHARE, pool->share);
	if (pool->cookies)
	{
		SET(CURLOPT_COOKIEFILE, ""); /* cookies from nowhere, but on */
		for (const struct curl_slist *cookie = pool->jar; cookie != NULL;
			 cookie = cookie->next)
			SET(CURLOPT_COOKIELIST, cookie->data);
	}
	SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can decode */
#undef SET

	/* The share has them now. */
	cfdw_pool_free_lines(pool->jar);
	pool->jar = NULL;
	return CURLE_OK;
}

/*
 * libcurl wants a socket.  It is not for the programs that the backend may start.
 * A name that says it is this machine must be, whoever resolves it.
 */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	CfdwPool *pool = arg;
	curl_socket_t made = CURL_SOCKET_BAD;

	(void) purpose;
	cfdw_loop_opens();
	errno = 0;
	pool->refused =
		pool->options->loopback_only && !cfdw_url_is_loopback(&address->addr);
	if (!pool->refused)
		made = socket(address->family, address->socktype | SOCK_CLOEXEC,
					  address->protocol);
	pool->exhausted =
		made == CURL_SOCKET_BAD && (errno == EMFILE || errno == ENFILE);
	return made;
}
