/*-------------------------------------------------------------------------
 *
 * session.h
 *	  One account in this backend.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SESSION_H
#define CFDW_SESSION_H

#include "declare/option.h"
#include "net/http.h"
#include "net/login.h"
#include "net/report.h"
#include "compat.h"

/* An account as one user mapping sees it: connections, credentials. */
typedef struct CfdwSession CfdwSession;

/* What others may know of a session. */
typedef struct CfdwSessionInfo
{
	Oid serverid;
	Oid mapping;
	const char *url; /* of the session, valid as long as that */
	bool valid;      /* server and user mapping are as they were */
	bool in_use;     /* by this transaction */
	bool connected;
	bool can_sign_in; /* it has a login ... */
	bool signed_in;   /* ... that was accepted; it may have expired */
} CfdwSessionInfo;

extern void cfdw_session_init(void);
extern void cfdw_session_end_transaction(void);
extern CfdwSession *cfdw_session_get(Oid serverid, Oid userid);
extern List *cfdw_session_list(void);
extern int cfdw_session_disconnect(Oid serverid, int *in_use);
extern const CfdwOptions *cfdw_session_options(const CfdwSession *session);
extern CfdwStatistics *cfdw_session_statistics(const CfdwSession *session);
extern void cfdw_session_describe(const CfdwSession *session,
								  CfdwAction *action);
extern void cfdw_session_pin(CfdwSession *session);
extern CfdwTraffic cfdw_session_written(void);
extern void cfdw_session_add_written(CfdwTraffic *traffic,
									 const CfdwTraffic *before);
pg_noreturn extern void cfdw_session_report_login(const CfdwSession *session,
												  CfdwStatistics *statistics,
												  const CfdwResponse *response,
												  const char *body, size_t len);

/* For call alone. */
extern void cfdw_session_hold(CfdwSession *session);
extern void cfdw_session_release(CfdwSession *session);
extern CfdwProgress *cfdw_session_progress(const CfdwSession *session);
extern CfdwTransfer *cfdw_session_send(CfdwSession *session,
									   const CfdwRequest *request,
									   CfdwResponse *failure);
extern void cfdw_session_count(CfdwRequest *request);
extern bool cfdw_session_take_turn(CfdwSession *session, CfdwTurn *turn,
								   double *wait_ms);
extern void cfdw_session_hold_off(CfdwSession *session, double ms);
extern CfdwLogins *cfdw_session_logins(CfdwSession *session);

#endif /* CFDW_SESSION_H */
