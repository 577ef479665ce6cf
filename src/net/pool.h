/*-------------------------------------------------------------------------
 *
 * pool.h
 *	  The connections to an account, kept between requests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_POOL_H
#define CFDW_POOL_H

/* Connections to one account. */
typedef struct CfdwPool CfdwPool;

/* What holds for all requests of a CfdwPool.  Strings must outlive it. */
typedef struct CfdwPoolConfig
{
	const char *user_agent;
	const char *proxy;   /* or NULL */
	const char *ca_file; /* or NULL for the system's */
	bool ssl_verify;
	bool cookies; /* keep the cookies that the server sets */
	int connect_timeout_ms;
} CfdwPoolConfig;

extern CfdwPool *cfdw_pool_create(MemoryContext parent,
								  const CfdwPoolConfig *config);
extern bool cfdw_pool_is_idle(const CfdwPool *pool);
extern void cfdw_pool_close_idle(CfdwPool *pool);

/* For http alone: a handle is a CURL, of which those above it do not know. */
extern const CfdwPoolConfig *cfdw_pool_config(const CfdwPool *pool);
extern void *cfdw_pool_take(CfdwPool *pool, bool *reuses, int *code);
extern void cfdw_pool_give_back(CfdwPool *pool, void *easy, bool reusable);

#endif /* CFDW_POOL_H */
