/*-------------------------------------------------------------------------
 *
 * call.h
 *	  One request to one account: signed in, sent, and sent again as need be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CALL_H
#define CFDW_CALL_H

#include "net/session.h"

/*
 * A transfer whose time was what was left to the deadline may end so much before
 * it: less than that is no time.
 */
#define CFDW_DEADLINE_SLACK_MS 10

/* A request on its way. */
typedef struct CfdwCall CfdwCall;

extern CfdwCall *cfdw_call_start(CfdwSession *session,
								 const CfdwRequest *request);
extern bool cfdw_call_is_ready(CfdwCall *call);
extern void cfdw_call_await_any(CfdwCall *const *calls, int n);
extern int cfdw_call_watch(CfdwCall *const *calls, int n, bool at_once);
extern void cfdw_call_drive(void);
extern bool cfdw_call_read(CfdwCall *call, const char **data, size_t *len);
extern void cfdw_call_count_rows(CfdwCall *call, int64 rows);
extern const char *cfdw_call_body(const CfdwCall *call, size_t *len);
extern const CfdwResponse *cfdw_call_response(const CfdwCall *call);
extern CfdwAnswer cfdw_call_login_answer(const CfdwCall *call, int *wait_s);
extern bool cfdw_call_repeat(CfdwCall *call, CfdwAnswer answer, int wait_s,
							 bool harmless);
extern void cfdw_call_end(CfdwCall *call);
extern void cfdw_call_begin_abort(int limit_ms);
extern void cfdw_call_end_abort(void);

#endif /* CFDW_CALL_H */
