/*-------------------------------------------------------------------------
 *
 * auth.h
 *	  Who we are: the ways to sign in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_AUTH_H
#define CFDW_AUTH_H

#include "declare/option.h"
#include "net/report.h"
#include "compat.h"

/* A way to sign in; see the table in auth.c. */
typedef struct CfdwAuthMethod CfdwAuthMethod;

extern const CfdwAuthMethod *
cfdw_auth_method(const CfdwCredentials *credentials, const char *server);
extern bool cfdw_auth_uses_cookies(const CfdwAuthMethod *method);
extern bool cfdw_auth_can_renew(const CfdwAuthMethod *method);
extern void cfdw_auth_apply(const CfdwAuthMethod *method,
							const CfdwCredentials *credentials,
							CfdwRequest *request);
extern void cfdw_auth_login(const CfdwAuthMethod *method,
							const CfdwCredentials *credentials,
							const CfdwOptions *options, CfdwRequest *request);
extern bool cfdw_auth_is_accepted(const CfdwResponse *response,
								  const char *body, size_t len);
extern CfdwAnswer cfdw_auth_answer(const CfdwResponse *response,
								   const char *body, size_t len, int *wait_s);
pg_noreturn extern void cfdw_auth_report(const CfdwAction *action,
										 const CfdwResponse *response,
										 const char *body, size_t len);

#endif /* CFDW_AUTH_H */
