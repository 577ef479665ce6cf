/*-------------------------------------------------------------------------
 *
 * session.h
 *	  One account in this backend.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SESSION_H
#define CFDW_SESSION_H

#include "datatype/timestamp.h"

#include "net/http.h"
#include "declare/option.h"
#include "net/report.h"

/* How often a request was sent again, and until when that may be done. */
typedef struct CfdwRepetition
{
	int count;
	TimestampTz deadline;
} CfdwRepetition;

/* An account as one user mapping sees it: connections, credentials. */
typedef struct CfdwSession CfdwSession;

/* A request that is signed in, and repeated, as need be. */
typedef struct CfdwCall CfdwCall;

extern void cfdw_session_init(void);
extern CfdwSession *cfdw_session_get(Oid serverid, Oid userid);
extern const CfdwOptions *cfdw_session_options(const CfdwSession *session);
extern void cfdw_session_describe(const CfdwSession *session,
								  CfdwAction *action);
extern bool cfdw_session_try_sign_in(CfdwSession *session, bool anew);
extern void cfdw_session_pin(CfdwSession *session);
extern CfdwTraffic cfdw_session_written(void);
extern void cfdw_session_add_written(CfdwTraffic *traffic,
									 const CfdwTraffic *before);
extern CfdwTransfer *cfdw_session_start(CfdwSession *session,
										const CfdwRequest *request);
extern CfdwTransfer *cfdw_session_settle(CfdwSession *session,
										 const CfdwRequest *request,
										 CfdwTransfer *transfer);
extern bool cfdw_session_may_repeat(const CfdwSession *session,
									CfdwRepetition *repetition);
extern CfdwCall *cfdw_session_call(CfdwSession *session,
								   const CfdwRequest *request);
extern CfdwTransfer *cfdw_session_advance(CfdwCall *call);
extern CfdwTransfer *cfdw_session_awaited(const CfdwCall *call);

#endif /* CFDW_SESSION_H */
