/*-------------------------------------------------------------------------
 *
 * login.h
 *	  The login that all calls to an account share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_LOGIN_H
#define CFDW_LOGIN_H

#include "net/auth.h"
#include "net/http.h"

/* A login under way, or ended, of which calls know. */
typedef struct CfdwLogin CfdwLogin;

/* How a session is signed in. */
typedef struct CfdwLogins
{
	const CfdwAuthMethod *method;
	CfdwRequest request; /* when the method has one */
	CfdwPool *pool;
	bool signed_in;       /* a cookie is there; it may have expired */
	uint32 accepted;      /* so many were */
	CfdwLogin *under_way; /* or NULL */
} CfdwLogins;

extern bool cfdw_login_is_needed(const CfdwLogins *logins);
extern bool cfdw_login_refused(CfdwLogins *logins, uint32 accepted);
extern CfdwLogin *cfdw_login_join(CfdwLogins *logins, CfdwTurn *turn,
								  int timeout_ms, CfdwResponse *failure);
extern CfdwTransfer *cfdw_login_transfer(const CfdwLogin *login);
extern bool cfdw_login_has_ended(CfdwLogin *login, CfdwTraffic *traffic);
extern bool cfdw_login_is_accepted(const CfdwLogin *login);
extern void cfdw_login_leave(CfdwLogin *login);

#endif /* CFDW_LOGIN_H */
