/*-------------------------------------------------------------------------
 *
 * pool.h
 *	  The connections to an account, kept between requests.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_POOL_H
#define CFDW_POOL_H

#include "declare/option.h"

/* Connections to one account. */
typedef struct CfdwPool CfdwPool;

extern CfdwPool *cfdw_pool_create(MemoryContext parent,
								  const CfdwOptions *options,
								  const CfdwCredentials *credentials,
								  bool cookies);
extern bool cfdw_pool_is_idle(const CfdwPool *pool);
extern bool cfdw_pool_is_connected(const CfdwPool *pool);
extern void cfdw_pool_close_idle(CfdwPool *pool);

/* Called with each cookie that is a secret; never raises. */
extern void cfdw_pool_visit_cookies(CfdwPool *pool,
									void (*visit)(void *arg, const char *value),
									void *arg);

/* For http alone: a handle is a CURL and lines are a struct curl_slist, of which
 * those above it do not know. */
extern const CfdwOptions *cfdw_pool_options(const CfdwPool *pool);
extern bool cfdw_pool_refused(const CfdwPool *pool);
extern bool cfdw_pool_exhausted(const CfdwPool *pool);
extern void *cfdw_pool_take(CfdwPool *pool, int *kept, int *code);
extern void cfdw_pool_free_lines(void *lines);
extern void cfdw_pool_give_back(CfdwPool *pool, void *easy, bool reusable);

#endif /* CFDW_POOL_H */
