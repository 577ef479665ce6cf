/*-------------------------------------------------------------------------
 *
 * log.c
 *	  A line in the server's log for each request.
 *
 * Owns what it says: neither a header nor a body is in it, and no secret is in a
 * URL.  It goes to the log alone, so that nothing has to be converted for a client:
 * requests end within aborts, too, where nothing may raise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "miscadmin.h"
#include "utils/guc.h"

#include "net/log.h"

static bool log_requests = false;

/*
 * Called once when the library is loaded.
 */
void
cfdw_log_init(void)
{
	DefineCustomBoolVariable(
		"catalogs_fdw.log_requests", "Logs each request to an account.", NULL,
		&log_requests, false, PGC_SUSET, 0, NULL, NULL, NULL);
}

/*
 * Logs a request, if that is wanted.  Never raises.
 */
void
cfdw_log_request(const CfdwLogged *request)
{
	ErrorContextCallback *context = error_context_stack;
	char status[48] = "no reply";

	if (!log_requests)
		return;
	if (request->status != 0)
		snprintf(status, sizeof(status), "status %ld%s", request->status,
				 request->whole ? "" : " (cut short)");

	/* It would look for a cancel afterwards. */
	HOLD_INTERRUPTS();
	error_context_stack = NULL;
	ereport(LOG_SERVER_ONLY,
			(errmsg_internal("catalogs_fdw request: %s %s, %s, " INT64_FORMAT
							 " bytes sent, " INT64_FORMAT
							 " bytes received, waited %.3f ms, took %.3f ms",
							 request->is_post ? "POST" : "GET", request->url,
							 status, request->sent, request->received,
							 request->paced_ms, request->took_ms),
			 errhidestmt(true)));
	error_context_stack = context;
	RESUME_INTERRUPTS();
}
