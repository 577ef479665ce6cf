/*-------------------------------------------------------------------------
 *
 * auth.h
 *	  Who we are: the ways to sign in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_AUTH_H
#define CFDW_AUTH_H

#include "net/http.h"
#include "declare/option.h"

/* A way to sign in; see the table in auth.c. */
typedef struct CfdwAuthMethod CfdwAuthMethod;

/* A request to sign in, under way. */
typedef struct CfdwLogin CfdwLogin;

extern const CfdwAuthMethod *
cfdw_auth_method(const CfdwCredentials *credentials, const char *server);
extern bool cfdw_auth_uses_cookies(const CfdwAuthMethod *method);
extern bool cfdw_auth_can_renew(const CfdwAuthMethod *method);
extern void cfdw_auth_apply(const CfdwAuthMethod *method,
							const CfdwCredentials *credentials,
							CfdwRequest *request);
extern CfdwLogin *cfdw_auth_begin(const CfdwAuthMethod *method,
								  const CfdwCredentials *credentials,
								  const CfdwOptions *options,
								  const char *server, CfdwPool *pool,
								  CfdwTraffic *traffic);
extern CfdwTransfer *cfdw_auth_transfer(const CfdwLogin *login);
extern bool cfdw_auth_receive(CfdwLogin *login);
extern void cfdw_auth_finish(CfdwLogin *login);

extern bool cfdw_auth_try(const CfdwAuthMethod *method,
						  const CfdwCredentials *credentials,
						  const CfdwOptions *options, CfdwPool *pool);

#endif /* CFDW_AUTH_H */
