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
 * in descriptors and what outlives it; and when the wire is opened and closed.
 * Must not know requests or replies.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "lib/ilist.h"
#include "storage/fd.h"
#include "utils/memutils.h"

#include "net/pool.h"
#include "net/loop.h"

/*
 * CURLOPT_QUICK_EXIT came with 7.87: without it, giving up a request waits for
 * the thread that resolves its host name, however long that takes.
 */
#if LIBCURL_VERSION_NUM < 0x075700
#error "catalogs_fdw needs libcurl 7.87 or newer"
#endif

struct CfdwPool
{
	MemoryContext context; /* of this struct; its reset closes all */
	MemoryContextCallback callback;
	CfdwPoolConfig config;
	CURLSH *share;              /* connections and cookies; NULL when closed */
	struct curl_slist *cookies; /* while it is closed */
	CURL *spare;                /* set up, for the next request; or NULL */
	int descriptors; /* accounted for with fd.c: one for each handle taken, and
					  * one at least while it is open */
	int taken;       /* handles that have not been given back */
	dlist_node link; /* in open_pools, while it is open */
};

/* The CfdwPool that are open, the one used last first. */
static dlist_head open_pools = DLIST_STATIC_INIT(open_pools);

/* Handles that were taken from any of them, and not given back. */
static int all_taken = 0;

static CURLcode open_wire(void);
static void close_wire(void);
static CURLcode open_pool(CfdwPool *pool);
static void close_pool(CfdwPool *pool);
static void release_descriptors(CfdwPool *pool);
static void free_pool(void *arg);
static struct curl_slist *list_cookies(CfdwPool *pool);
static bool close_another(void);
static CURLcode make_spare(CfdwPool *pool);
static CURLcode set_up(CfdwPool *pool, CURL *easy);

/*
 * A new set of connections, in a memory context below PARENT.  Opens nothing
 * yet.
 */
CfdwPool *
cfdw_pool_create(MemoryContext parent, const CfdwPoolConfig *config)
{
	MemoryContext context = AllocSetContextCreate(parent, "catalogs_fdw pool",
												  ALLOCSET_SMALL_SIZES);
	CfdwPool *pool = MemoryContextAllocZero(context, sizeof(CfdwPool));

	pool->context = context;
	pool->config = *config;
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
 * Closes the kept connection, unless a transfer is under way; cookies stay.
 * Never raises.
 */
void
cfdw_pool_close_idle(CfdwPool *pool)
{
	if (pool->taken == 0)
		close_pool(pool);
	if (dlist_is_empty(&open_pools))
		close_wire();
}

/*
 * What holds for all requests of POOL.
 */
const CfdwPoolConfig *
cfdw_pool_config(const CfdwPool *pool)
{
	return &pool->config;
}

/*
 * A handle for one request, to be given back: set up with all that the requests
 * of POOL have in common, and the loop ready for it.  NULL when there is none to
 * be had: then *CODE, a CURLcode, says why, CURLE_AGAIN that no descriptor is
 * free.  Never raises.
 */
void *
cfdw_pool_take(CfdwPool *pool, int *code)
{
	CURL *easy;

	*code = open_wire();
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
	if (*code != CURLE_OK)
	{
		release_descriptors(pool);
		return NULL;
	}
	pool->taken++;
	all_taken++;
	easy = pool->spare;
	pool->spare = NULL;
	return easy;
}

/*
 * Ends with a handle, which is off the wire; a REUSABLE one has nothing left of
 * its request, and may be kept for the next.  Never raises.
 */
void
cfdw_pool_give_back(CfdwPool *pool, void *easy, bool reusable)
{
	if (reusable && pool->spare == NULL)
		pool->spare = easy;
	else
		curl_easy_cleanup(easy);
	pool->taken--;
	all_taken--;
	release_descriptors(pool);
}

/*
 * What the requests of all accounts share; closed by the last pool that is.
 */
static CURLcode
open_wire(void)
{
	if (cfdw_loop_is_broken() && all_taken == 0)
		close_wire();
	return cfdw_loop_open();
}

/*
 * No handle is taken.  Never raises.
 */
static void
close_wire(void)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &open_pools)
	{
		close_pool(dlist_container(CfdwPool, link, iter.cur));
	}
	cfdw_loop_close();
}

/*
 * Makes POOL the one that was used last.
 */
static CURLcode
open_pool(CfdwPool *pool)
{
	if (pool->share != NULL)
	{
		dlist_move_head(&open_pools, &pool->link);
		return CURLE_OK;
	}
	pool->share = curl_share_init();
	if (pool->share == NULL)
		return CURLE_OUT_OF_MEMORY;
	dlist_push_head(&open_pools, &pool->link);
	if (curl_share_setopt(pool->share, CURLSHOPT_SHARE,
						  CURL_LOCK_DATA_CONNECT) != CURLSHE_OK ||
		(pool->config.cookies &&
		 curl_share_setopt(pool->share, CURLSHOPT_SHARE,
						   CURL_LOCK_DATA_COOKIE) != CURLSHE_OK))
	{
		close_pool(pool);
		return CURLE_OUT_OF_MEMORY;
	}
	return CURLE_OK;
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
	if (pool->config.cookies && pool->cookies == NULL)
		pool->cookies = list_cookies(pool);
	if (pool->spare != NULL)
		curl_easy_cleanup(pool->spare);
	pool->spare = NULL;
	curl_share_cleanup(pool->share);
	pool->share = NULL;
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
	curl_slist_free_all(pool->cookies);
	pool->cookies = NULL;
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
	dlist_iter iter;

	dlist_reverse_foreach(iter, &open_pools)
	{
		CfdwPool *pool = dlist_container(CfdwPool, link, iter.cur);

		if (pool->taken == 0 && pool->descriptors > 0)
		{
			close_pool(pool);
			return true;
		}
	}
	return false;
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
	const CfdwPoolConfig *config = &pool->config;
	CURLcode code;

#define SET(option, value)                                                     \
	if ((code = curl_easy_setopt(easy, (option), (value))) != CURLE_OK)        \
	return code
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_USERAGENT, config->user_agent);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) config->connect_timeout_ms);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);

	/* An empty name keeps libcurl from asking the environment. */
	SET(CURLOPT_PROXY, config->proxy != NULL ? config->proxy : "");
	SET(CURLOPT_NOPROXY, "");
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE);

	SET(CURLOPT_SSL_VERIFYPEER, config->ssl_verify ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, config->ssl_verify ? 2L : 0L);
	if (config->ca_file != NULL)
		SET(CURLOPT_CAINFO, config->ca_file);

	SET(CURLOPT_SHARE, pool->share);
	if (config->cookies)
	{
		SET(CURLOPT_COOKIEFILE, ""); /* cookies from nowhere, but on */
		for (const struct curl_slist *cookie = pool->cookies; cookie != NULL;
			 cookie = cookie->next)
			SET(CURLOPT_COOKIELIST, cookie->data);
	}
	SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can decode */
#undef SET

	/* The share has them now. */
	curl_slist_free_all(pool->cookies);
	pool->cookies = NULL;
	return CURLE_OK;
}
