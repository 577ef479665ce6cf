/*-------------------------------------------------------------------------
 *
 * login.c
 *	  The login that all calls to an account share.
 *
 * Owns when one is needed, and a login from its start to its end: whichever call finds
 * that there is none begins it, all of them wait for it, and it ends with the last that
 * does.  Nothing here raises an error.
 *
 * Must not know what a call does with a login, nor what a way to sign in is: auth does.
 *
 * Facts: the API page, "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "net/login.h"

/* Malloc'ed; it ends with the last call that has joined it. */
struct CfdwLogin
{
	CfdwLogins *logins;
	int calls;
	CfdwTransfer *transfer;
	bool ended;
	bool accepted;
	CfdwTraffic traffic; /* not yet added to that of a call */
};

/*
 * Whether a request has to wait for a login.
 */
bool
cfdw_login_is_needed(const CfdwLogins *logins)
{
	return !logins->signed_in && cfdw_auth_can_renew(logins->method);
}

/*
 * The account has answered 401 to a request that was sent after so many logins.
 * Returns whether signing in anew may help.
 */
bool
cfdw_login_refused(CfdwLogins *logins, uint32 accepted)
{
	/* Unless it has been signed in since for another call. */
	if (accepted == logins->accepted)
		logins->signed_in = false;
	return cfdw_auth_can_renew(logins->method);
}

/*
 * The login that is under way, or a new one, which takes the TURN and TIMEOUT_MS at the
 * most, to be left by cfdw_login_leave().  NULL when none could be started: then *FAILURE
 * says why, as cfdw_http_start() does.  Never raises.
 */
CfdwLogin *
cfdw_login_join(CfdwLogins *logins, CfdwTurn *turn, int timeout_ms,
				CfdwResponse *failure)
{
	CfdwLogin *login = logins->under_way;

	if (login == NULL)
	{
		CfdwRequest request = logins->request;

		login = calloc(1, sizeof(CfdwLogin));
		if (login == NULL)
		{
			cfdw_pace_leave(turn);
			memset(failure, 0, sizeof(*failure));
			failure->outcome = CFDW_HTTP_NO_MEMORY;
			return NULL;
		}
		login->logins = logins;
		request.traffic = &login->traffic;
		request.turn = turn;
		request.timeout_ms = Min(request.timeout_ms, timeout_ms);
		login->transfer = cfdw_http_start(logins->pool, &request, failure);
		if (login->transfer == NULL)
		{
			free(login);
			return NULL;
		}
		logins->under_way = login;
	}
	login->calls++;
	return login;
}

/*
 * What a wait for a login has to wait for, and what then tells how it ended.
 */
CfdwTransfer *
cfdw_login_transfer(const CfdwLogin *login)
{
	return login->transfer;
}

/*
 * Whether a login has ended.  It is added to TRAFFIC of the call that finds it so
 * first: the one that began it may be gone by then.  Never raises.
 */
bool
cfdw_login_has_ended(CfdwLogin *login, CfdwTraffic *traffic)
{
	CfdwLogins *logins = login->logins;
	const char *body;
	size_t len;

	if (login->ended || !cfdw_http_is_ready(login->transfer))
		return login->ended;
	body = cfdw_http_body(login->transfer, &len);
	login->ended = true;
	login->accepted =
		cfdw_auth_is_accepted(cfdw_http_response(login->transfer), body, len);
	logins->under_way = NULL;
	logins->signed_in = login->accepted;
	if (login->accepted)
		logins->accepted++;
	login->traffic.sent = 0; /* would tell how long the key is */
	cfdw_http_add_traffic(traffic, 1, &login->traffic);
	return true;
}

/*
 * Whether a login that has ended has let us in.
 */
bool
cfdw_login_is_accepted(const CfdwLogin *login)
{
	return login->accepted;
}

/*
 * A call does not wait for a login any more: it ends with the last one.  Never
 * raises.
 */
void
cfdw_login_leave(CfdwLogin *login)
{
	if (--login->calls > 0)
		return;
	if (login->logins->under_way == login)
		login->logins->under_way = NULL;
	cfdw_http_end(login->transfer);
	free(login);
}
