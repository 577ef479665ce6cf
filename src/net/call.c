/*-------------------------------------------------------------------------
 *
 * call.c
 *	  One request to one account: signed in, sent, and sent again as need be.
 *
 * Owns the states of a call, GET and POST alike: it pauses, waits for its turn, for
 * a free descriptor, for a login that all calls of its session share, for the reply;
 * and it is sent once more when the account answers 401, for a session may have
 * expired, and a 401 is a certain refusal whatever the request is.  Owns the one
 * place that waits, for any number of calls to any number of accounts; and how an
 * abort waits, in which nothing may be raised.
 *
 * A failure is no error here but a response: who has made the call judges it, and says
 * what is known of the request; whether, and when, it is then sent again is decided
 * here.
 *
 * Must not know what a request is for.
 *
 * Facts: the API page, "Who one is".
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <float.h>
#include <limits.h>
#include <math.h>

#include "common/pg_prng.h"
#include "lib/ilist.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "compat.h"
#include "net/auth.h"
#include "net/call.h"
#include "net/clock.h"

/* Before a request is sent again; doubled for each time that it was.  An account that
 * answers so many requests a second is given one. */
#define FIRST_PAUSE_MS 100
#define LATER_PAUSE_MS 1000
#define MAX_DOUBLINGS 6

/* What an attempt after a pause has, at the least: else it would only be too late, and
 * of what it was to add nobody would know. */
#define LEAST_MS 100

/* No account is left alone for longer, whatever it says. */
#define MAX_WAIT_S 3600

/* What a call waits for. */
typedef enum CallState
{
	CALL_PAUSED,     /* until "pause_end_us" */
	CALL_IN_LINE,    /* for its turn */
	CALL_WAITING,    /* for a descriptor */
	CALL_SIGNING_IN, /* for "login" */
	CALL_SENT,       /* for the reply to "transfer" */
	CALL_ENDED
} CallState;

/* The same, as others see it. */
static const CfdwAwaited awaited[] = {
	[CALL_PAUSED] = CFDW_AWAITS_PAUSE,
	[CALL_IN_LINE] = CFDW_AWAITS_TURN,
	[CALL_WAITING] = CFDW_AWAITS_DESCRIPTOR,
	[CALL_SIGNING_IN] = CFDW_AWAITS_LOGIN,
	[CALL_SENT] = CFDW_AWAITS_REPLY,
	[CALL_ENDED] = CFDW_AWAITS_NOTHING,
};

struct CfdwCall
{
	MemoryContextCallback callback;
	dlist_node link;      /* in all_calls */
	CfdwSession *session; /* NULL once cfdw_call_end() was called */
	CfdwRequest request;
	CallState state;
	CfdwAwaited shown;    /* to other sessions ... */
	int64 shown_until_us; /* ... and until when that lasts, or 0 */
	bool in_abort;        /* it was started in one */
	int64 pause_end_us;   /* by cfdw_clock_us() */
	CfdwTurn turn;
	double look_ms;         /* in line: when to look again */
	CfdwLogin *login;       /* the one that it waits for, or that has failed */
	CfdwTransfer *transfer; /* once sent */
	double allowed_ms; /* what either may take, from when it waits for it */
	uint32 logins;     /* of the session, when it was sent */
	bool renewed;      /* signing in anew will not help */
	int repetitions;
	bool sent_before; /* by an earlier attempt, which was not refused */
	CfdwResponse response;
};

/* All that cfdw_call_end() was not called for. */
static dlist_head all_calls = DLIST_STATIC_INIT(all_calls);

/* An abort, and when it has to be over, by cfdw_clock_us(). */
static bool aborting = false;
static int64 abort_end_us;

static void advance(CfdwCall *call);
static void go_on(CfdwCall *call);
static CfdwAwaited awaited_by(const CfdwCall *call);
static int64 awaited_until_us(const CfdwCall *call);
static void show(CfdwCall *call);
static void end_pause(CfdwCall *call);
static void send_request(CfdwCall *call);
static bool take_turn(CfdwCall *call);
static void count_wait(CfdwCall *call, int64 waited_us);
static void join_login(CfdwCall *call);
static int64 leave_line(CfdwCall *call);
static void see_login(CfdwCall *call);
static void see_reply(CfdwCall *call);
static void wait_or_fail(CfdwCall *call, const CfdwResponse *failure,
						 bool signing_in);
static void fail(CfdwCall *call, CfdwOutcome outcome, const char *error);
static bool must_sign_in(const CfdwCall *call);
static bool can_sign_in(const CfdwCall *call);
static bool has_bytes(const CfdwCall *call);
static void take_response(CfdwCall *call);
static bool sign_in_again(CfdwCall *call);
static double backoff_ms(const CfdwCall *call, bool later);
static bool has_patience(const CfdwCall *call, bool later, double pause_ms);
static double patience_ms(const CfdwCall *call);
static double waited_ms(const CfdwCall *call);
static void end_attempt(CfdwCall *call, bool refused);
static void spend(CfdwCall *call, double ms);
static bool was_refused(const CfdwResponse *response);
static double left_ms(const CfdwCall *call);
static double expect(CfdwCall *call);
static bool are_stuck(CfdwCall *const *calls, int n);
static void release(void *arg);

/* What may end a wait for each state; none of it waits. */
/* clang-format off */
static void (*const steps[])(CfdwCall *call) = {
	[CALL_PAUSED] = end_pause,
	[CALL_IN_LINE] = send_request,
	[CALL_WAITING] = send_request,
	[CALL_SIGNING_IN] = see_login,
	[CALL_SENT] = see_reply,
};
/* clang-format on */

/*
 * Starts a call, and waits for nothing.  It lives in the current memory context
 * and ends with it at the latest; what the request refers to must outlive it.
 * Raises nothing but an error for want of memory; in an abort, not even that:
 * then it returns NULL.
 */
CfdwCall *
cfdw_call_start(CfdwSession *session, const CfdwRequest *request)
{
	CfdwCall *call = MemoryContextAllocExtended(
		CurrentMemoryContext, sizeof(CfdwCall),
		MCXT_ALLOC_ZERO | (aborting ? MCXT_ALLOC_NO_OOM : 0));

	if (call == NULL)
		return NULL;
	call->session = session;
	call->request = *request;
	call->in_abort = aborting;
	call->state = CALL_IN_LINE;
	cfdw_session_count(&call->request);
	call->shown = CFDW_AWAITS_NOTHING;
	cfdw_session_hold(session);
	cfdw_progress_work(cfdw_session_progress(session), &request->work);
	dlist_push_tail(&all_calls, &call->link);
	call->callback.func = release;
	call->callback.arg = call;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &call->callback);
	advance(call);
	return call;
}

/*
 * Whether a call has bytes to read, or has ended; when it is whole, the latter
 * alone.  Lets it go on as far as that takes no wait.  Never raises.
 */
bool
cfdw_call_is_ready(CfdwCall *call)
{
	advance(call);
	return call->state == CALL_ENDED || has_bytes(call);
}

/*
 * Waits until one of the calls is ready.  Raises 57014 or 57P01 when the backend
 * is told to stop; in an abort, nothing: then they have all ended when its time
 * is up.
 */
void
cfdw_call_await_any(CfdwCall *const *calls, int n)
{
	for (;;)
	{
		CfdwAwaited most = CFDW_AWAITS_NOTHING;
		double limit_ms = DBL_MAX;
		bool ready = false;

		cfdw_http_expect_none();
		for (int i = 0; i < n; i++)
			if (cfdw_call_is_ready(calls[i]))
				ready = true;
			else
			{
				limit_ms = Min(limit_ms, expect(calls[i]));
				most = Max(most, awaited_by(calls[i]));
			}
		if (ready || are_stuck(calls, n))
			return;
		cfdw_http_wait(limit_ms, most, aborting);
	}
}

/*
 * Somebody else, an Append, waits for calls: returns the descriptor that is
 * readable as soon as one of them may have got on, or AT_ONCE.  Then
 * cfdw_call_drive() is due, and cfdw_call_is_ready() for each.  Raises 53000 or 53200
 * when there is nothing to wait with.
 */
int
cfdw_call_watch(CfdwCall *const *calls, int n, bool at_once)
{
	double limit_ms = CFDW_APPEND_WAIT_MS;

	cfdw_http_expect_none();
	for (int i = 0; i < n; i++)
		if (cfdw_call_is_ready(calls[i]))
			at_once = true;
		else
			limit_ms = Min(limit_ms, expect(calls[i]));
	if (!at_once && are_stuck(calls, n))
		at_once = true;
	return cfdw_http_watch(at_once ? 0 : limit_ms);
}

/*
 * Does, for all that has been sent, what can be done without waiting.  Never
 * raises.
 */
void
cfdw_call_drive(void)
{
	cfdw_http_drive();
}

/*
 * The next bytes of the reply to a call that is ready; *DATA is valid until the
 * next call.  False when there are none any more: it has ended.  Never raises.
 */
bool
cfdw_call_read(CfdwCall *call, const char **data, size_t *len)
{
	if (call->state != CALL_SENT)
		return false;
	if (cfdw_http_read(call->transfer, data, len))
	{
		cfdw_progress_read(cfdw_session_progress(call->session), 0, *len);
		return true;
	}
	advance(call);
	return false;
}

/*
 * So many rows were found in what was read.  Never raises.
 */
void
cfdw_call_count_rows(CfdwCall *call, int64 rows)
{
	if (call->session != NULL)
		cfdw_progress_read(cfdw_session_progress(call->session), rows, 0);
}

/*
 * The body of the reply to a whole call that has ended, or to its login; "" when
 * there is none.  Valid until the call is repeated or ended.
 */
const char *
cfdw_call_body(const CfdwCall *call, size_t *len)
{
	CfdwTransfer *transfer = call->transfer;

	if (call->login != NULL)
		transfer = cfdw_login_transfer(call->login);
	if (transfer != NULL)
		return cfdw_http_body(transfer, len);
	*len = 0;
	return "";
}

/*
 * What is known of the response so far: the status with the first bytes, the
 * outcome at the end; whether some of the body was sent, at any time.  Valid as
 * long as the call.
 */
const CfdwResponse *
cfdw_call_response(const CfdwCall *call)
{
	CfdwCall *current = unconstify(CfdwCall *, call);

	if (call->state == CALL_SENT)
		take_response(current);
	return &call->response;
}

/*
 * What the answer means when it is one to the login of a call, which has failed; and for
 * how long the account asks to wait, or 0.  Not for an abort.
 */
CfdwAnswer
cfdw_call_login_answer(const CfdwCall *call, int *wait_s)
{
	size_t len;
	const char *body = cfdw_call_body(call, &len);

	return cfdw_auth_answer(&call->response, body, len, wait_s);
}

/*
 * Sends the request of a call once more when its ANSWER, to all of it, says that this may
 * help: after signing in anew, or after the WAIT_S that the account has asked for in the
 * body of its reply, or else in a header, or a pause that is longer each time, and never
 * so long as others'.  HARMLESS: it may be carried out twice.  False when it must not be
 * sent again, was sent too often, or there is no time for it.  Whatever comes of it,
 * nobody asks an account that has asked to wait before that time.  Never raises.
 */
bool
cfdw_call_repeat(CfdwCall *call, CfdwAnswer answer, int wait_s, bool harmless)
{
	const CfdwResponse *response = cfdw_call_response(call);
	bool refused = answer == CFDW_ANSWER_LATER;
	double pause_ms;
	bool later;

	if (call->session == NULL || response->outcome == CFDW_HTTP_HELD_OFF)
		return false;
	if (answer == CFDW_ANSWER_SIGN_IN)
		return sign_in_again(call);
	if (answer != CFDW_ANSWER_NOT_SENT && answer != CFDW_ANSWER_UNKNOWN &&
		!refused)
		return false;
	wait_s = Max(wait_s, response->retry_after_s);
	later = refused || wait_s > 0;
	pause_ms =
		wait_s > 0 ? Min(wait_s, MAX_WAIT_S) * 1000.0 : backoff_ms(call, later);
	if (later)
		cfdw_session_hold_off(call->session,
							  wait_s > 0 ? pause_ms : LATER_PAUSE_MS);
	if ((response->sent && !refused && !harmless) ||
		!has_patience(call, later, pause_ms))
		return false;
	end_attempt(call, refused);
	spend(call, pause_ms);
	call->repetitions++;
	call->request.traffic->retries++;
	cfdw_statistics_count(cfdw_session_statistics(call->session),
						  CFDW_COUNT_RETRIES, 1);
	call->pause_end_us = cfdw_clock_us() + (int64) (pause_ms * 1000);
	call->state = CALL_PAUSED;
	return true;
}

/*
 * Ends a call, wherever it stands.  Never raises.
 */
void
cfdw_call_end(CfdwCall *call)
{
	release(call);
}

/*
 * From here to cfdw_call_end_abort() a transaction is being aborted.  Nothing
 * raises an error, waits do not look at the latch, and end after LIMIT_MS in all.
 * What was to be written before, and has not gone out, does not go out any more.
 * Never raises.
 */
void
cfdw_call_begin_abort(int limit_ms)
{
	dlist_iter iter;

	aborting = true;
	abort_end_us = cfdw_clock_us() + limit_ms * INT64CONST(1000);
	dlist_foreach(iter, &all_calls)
	{
		CfdwCall *call = dlist_container(CfdwCall, link, iter.cur);

		if (call->request.body != NULL && call->state != CALL_ENDED &&
			(call->state != CALL_SENT ||
			 !cfdw_http_response(call->transfer)->sent))
			fail(call, CFDW_HTTP_TIMEOUT, "Gave up");
	}
}

void
cfdw_call_end_abort(void)
{
	aborting = false;
}

/*
 * Goes on with a call as far as that takes no wait, and shows what it then waits
 * for.
 */
static void
advance(CfdwCall *call)
{
	go_on(call);
	if (call->session != NULL &&
		(call->shown != awaited_by(call) ||
		 call->shown_until_us != awaited_until_us(call)))
		show(call);
}

/*
 * What a call waits for, as others see it: who is in line while nobody may ask waits
 * for the end of a pause.
 */
static CfdwAwaited
awaited_by(const CfdwCall *call)
{
	return awaited_until_us(call) > 0 ? CFDW_AWAITS_PAUSE
									  : awaited[call->state];
}

/*
 * Until when the pause lasts, by cfdw_clock_us(), or 0: another one that is told to wait
 * may make it longer.
 */
static int64
awaited_until_us(const CfdwCall *call)
{
	if (call->state == CALL_PAUSED)
		return call->pause_end_us;
	return call->state == CALL_IN_LINE ? call->turn.held_off_us : 0;
}

/*
 * Lets other sessions know what a call waits for.
 */
static void
show(CfdwCall *call)
{
	TimestampTz until = 0;

	call->shown = awaited_by(call);
	call->shown_until_us = awaited_until_us(call);
	if (call->shown_until_us > 0)
		until = GetCurrentTimestamp() + call->shown_until_us - cfdw_clock_us();
	cfdw_progress_await(cfdw_session_progress(call->session), call->shown,
						until);
}

static void
go_on(CfdwCall *call)
{
	CallState before;

	do
	{
		before = call->state;
		if (before == CALL_ENDED)
			return;
		if (left_ms(call) <= 0 && !has_bytes(call))
			fail(call, CFDW_HTTP_TIMEOUT, "");
		else if (aborting && !call->in_abort && before != CALL_SENT)
			return; /* it is from before the abort */
		else
			steps[before](call);
	} while (call->state != before);
}

static void
end_pause(CfdwCall *call)
{
	if (cfdw_clock_us() >= call->pause_end_us)
		call->state = CALL_IN_LINE;
}

/*
 * Sends the request when its turn has come, or signs in before.  Of those that wait for
 * a login only one needs a turn.
 */
static void
send_request(CfdwCall *call)
{
	CfdwLogins *logins = cfdw_session_logins(call->session);
	CfdwRequest request = call->request;
	CfdwResponse failure;

	if (logins->under_way == NULL && !take_turn(call))
		return;
	if (cfdw_login_is_needed(logins))
	{
		join_login(call);
		return;
	}
	request.turn = &call->turn;
	request.timeout_ms = (int) Min(request.timeout_ms, left_ms(call));
	call->transfer = cfdw_session_send(call->session, &request, &failure);
	call->allowed_ms = request.timeout_ms;
	call->logins = logins->accepted;
	if (call->transfer != NULL)
		call->state = CALL_SENT;
	else
		wait_or_fail(call, &failure, false);
}

static bool
take_turn(CfdwCall *call)
{
	if (!cfdw_session_take_turn(call->session, &call->turn, &call->look_ms))
	{
		double held_off_ms =
			(call->turn.held_off_us - cfdw_clock_us()) / 1000.0;

		call->state = CALL_IN_LINE;
		if (held_off_ms > patience_ms(call))
		{
			fail(call, CFDW_HTTP_HELD_OFF, "");
			call->response.retry_after_s = (int) ceil(held_off_ms / 1000);
		}
		return false;
	}
	call->request.traffic->paced_us += call->turn.waited_us;
	count_wait(call, call->turn.waited_us);
	return true;
}

/*
 * So long the call has been in line.
 */
static void
count_wait(CfdwCall *call, int64 waited_us)
{
	cfdw_statistics_count(cfdw_session_statistics(call->session),
						  CFDW_COUNT_PACED_US, waited_us);
}

/*
 * Waits for a login.  Who was in line when another call has begun it is there no longer.
 */
static void
join_login(CfdwCall *call)
{
	CfdwResponse failure;

	call->login =
		cfdw_login_join(cfdw_session_logins(call->session), &call->turn,
						call->request.timeout_ms, &failure);
	if (call->login == NULL)
	{
		wait_or_fail(call, &failure, true);
		return;
	}
	call->allowed_ms = cfdw_http_remaining_ms(cfdw_login_transfer(call->login));
	call->state = CALL_SIGNING_IN;
	call->request.traffic->paced_us += leave_line(call);
}

/*
 * Who is in line leaves it; returns how long it was there.
 */
static int64
leave_line(CfdwCall *call)
{
	int64 waited_us = cfdw_pace_leave(&call->turn);

	count_wait(call, waited_us);
	return waited_us;
}

/*
 * A request could not be started.  When a descriptor is all that it lacks, and
 * other requests have some, it waits for one of those.
 */
static void
wait_or_fail(CfdwCall *call, const CfdwResponse *failure, bool signing_in)
{
	if (failure->outcome == CFDW_HTTP_NO_DESCRIPTOR &&
		cfdw_http_is_any_under_way(false))
	{
		call->state = CALL_WAITING;
		return;
	}
	call->state = CALL_ENDED;
	call->response = *failure;
	call->response.signing_in = signing_in;
	call->response.sent = call->sent_before;
}

static void
see_login(CfdwCall *call)
{
	if (!cfdw_login_has_ended(call->login, call->request.traffic))
		return;
	if (cfdw_login_is_accepted(call->login))
	{
		cfdw_login_leave(call->login);
		call->login = NULL;
		call->renewed = true;
		call->state = CALL_IN_LINE;
		return;
	}
	take_response(call);
	if (call->response.out_of_turn)
	{
		end_attempt(call, false);
		call->state = CALL_IN_LINE;
	}
	else
		call->state = CALL_ENDED;
}

static void
see_reply(CfdwCall *call)
{
	if (!cfdw_http_is_ready(call->transfer))
		return;
	take_response(call);
	if ((call->response.out_of_turn || must_sign_in(call)) &&
		(!aborting || call->in_abort))
	{
		call->renewed |= !call->response.out_of_turn;
		end_attempt(call, false);
		call->state = CALL_IN_LINE;
	}
	else if (cfdw_http_is_read(call->transfer))
		call->state = CALL_ENDED;
}

/*
 * Whether the account's status says that it wants a login, and that can be tried.
 */
static bool
must_sign_in(const CfdwCall *call)
{
	return cfdw_answer_of_status(&call->response) == CFDW_ANSWER_SIGN_IN &&
		   can_sign_in(call);
}

/*
 * The account wants a login: whether there is one that has not been tried for this call.
 */
static bool
can_sign_in(const CfdwCall *call)
{
	return cfdw_login_refused(cfdw_session_logins(call->session),
							  call->logins) &&
		   !call->renewed;
}

/*
 * Whether something of the reply can be read.
 */
static bool
has_bytes(const CfdwCall *call)
{
	return call->state == CALL_SENT && cfdw_http_is_ready(call->transfer);
}

/*
 * Ends a call before there is a response.
 */
static void
fail(CfdwCall *call, CfdwOutcome outcome, const char *error)
{
	bool signing_in = call->state == CALL_SIGNING_IN;

	if (call->state == CALL_SENT)
	{
		cfdw_http_give_up(call->transfer);
		take_response(call);
	}
	else
	{
		end_attempt(call, false);
		memset(&call->response, 0, sizeof(CfdwResponse));
		call->response.sent = call->sent_before;
	}
	call->response.outcome = outcome;
	call->response.signing_in = signing_in;
	call->response.too_late = left_ms(call) < CFDW_DEADLINE_SLACK_MS;
	if (error[0] != '\0')
		strlcpy(call->response.error, error, sizeof(call->response.error));
	call->state = CALL_ENDED;
}

/*
 * The response so far, to the request or to the login.
 */
static void
take_response(CfdwCall *call)
{
	CfdwTransfer *transfer =
		call->login != NULL ? cfdw_login_transfer(call->login) : call->transfer;
	CfdwResponse *response = &call->response;

	*response = *cfdw_http_response(transfer);
	response->signing_in = call->login != NULL;
	response->too_late = (response->outcome == CFDW_HTTP_TIMEOUT ||
						  response->outcome == CFDW_HTTP_NO_CONNECTION) &&
						 left_ms(call) < CFDW_DEADLINE_SLACK_MS;
	response->sent =
		call->sent_before ||
		(response->sent && !response->signing_in && !was_refused(response));
}

/*
 * The account wants a login, though its status does not say so: tries that, if it can be.
 */
static bool
sign_in_again(CfdwCall *call)
{
	if (call->response.signing_in || !can_sign_in(call))
		return false;
	call->renewed = true;
	end_attempt(call, true);
	call->state = CALL_IN_LINE;
	return true;
}

/*
 * A pause that is longer each time, and never so long as others'.
 */
static double
backoff_ms(const CfdwCall *call, bool later)
{
	double factor = (1 + pg_prng_double(&pg_global_prng_state)) *
					(1 << Min(call->repetitions, MAX_DOUBLINGS));

	if (later)
		return LATER_PAUSE_MS * (aborting ? 1 : factor);
	return FIRST_PAUSE_MS * factor / 2;
}

/*
 * Whether there is time to send a request again after a pause, and it was not sent too
 * often; in an abort, that does not count for an account that asks to wait.
 */
static bool
has_patience(const CfdwCall *call, bool later, double pause_ms)
{
	const CfdwOptions *options = cfdw_session_options(call->session);
	double left = left_ms(call);

	if (call->request.body == NULL)
		left = Min(left, call->request.timeout_ms - waited_ms(call));
	if (!aborting && pause_ms + LEAST_MS > left)
		return false;
	return ((aborting && later) || call->repetitions < options->max_retries) &&
		   pause_ms < patience_ms(call);
}

/*
 * How long a call lets an account rest: as long as it would wait for a reply, or the
 * second that is given to one that says nothing; if there is time for that.
 */
static double
patience_ms(const CfdwCall *call)
{
	double left = left_ms(call);

	return aborting ? left
					: Min(left, Max(call->request.timeout_ms, LATER_PAUSE_MS));
}

/*
 * How long the reply to a call, or to its login, was waited for in this attempt.
 */
static double
waited_ms(const CfdwCall *call)
{
	CfdwTransfer *transfer =
		call->login != NULL ? cfdw_login_transfer(call->login) : call->transfer;

	return transfer != NULL
			   ? call->allowed_ms - cfdw_http_remaining_ms(transfer)
			   : 0;
}

/*
 * Releases what an attempt to send the request has taken, and remembers whether it may
 * have been carried out: not when it was REFUSED, whatever the status.
 */
static void
end_attempt(CfdwCall *call, bool refused)
{
	spend(call, waited_ms(call));
	if (call->login != NULL)
		cfdw_login_leave(call->login);
	call->login = NULL;
	if (call->transfer != NULL)
	{
		const CfdwResponse *response = cfdw_http_response(call->transfer);

		if (response->sent && !refused && !was_refused(response))
			call->sent_before = true;
		cfdw_http_end(call->transfer);
	}
	call->transfer = NULL;
	leave_line(call);
}

/*
 * Who reads waits for no longer than the request may take, however often it is tried:
 * so much of that is over.
 */
static void
spend(CfdwCall *call, double ms)
{
	if (call->request.body == NULL)
		call->request.timeout_ms =
			(int) Max(ceil(call->request.timeout_ms - ms), 1);
}

/*
 * Whether the account certainly has not done what it was asked for.
 */
static bool
was_refused(const CfdwResponse *response)
{
	CfdwAnswer answer = cfdw_answer_of_status(response);

	return answer == CFDW_ANSWER_SIGN_IN || answer == CFDW_ANSWER_LATER;
}

/*
 * How long a call may still take.
 */
static double
left_ms(const CfdwCall *call)
{
	double left = DBL_MAX;

	if (call->request.deadline_us != 0)
		left = -cfdw_clock_ms_since(call->request.deadline_us);
	return aborting ? Min(left, -cfdw_clock_ms_since(abort_end_us)) : left;
}

/*
 * The next wait is for a call, too; returns how long it may last.
 */
static double
expect(CfdwCall *call)
{
	double left = left_ms(call);

	/* What was shown last may be of another call, which has ended since. */
	if (cfdw_progress_awaits_nothing(cfdw_session_progress(call->session)))
		show(call);
	switch (call->state)
	{
		case CALL_PAUSED:
			left = Min(left, (call->pause_end_us - cfdw_clock_us()) / 1000.0);
			break;
		case CALL_IN_LINE:
			left = Min(left, call->look_ms);
			break;
		case CALL_WAITING:
			/* Whoever has a descriptor must not keep it for ever. */
			cfdw_http_expect_all();
			break;
		case CALL_SIGNING_IN:
			cfdw_http_expect(cfdw_login_transfer(call->login));
			break;
		case CALL_SENT:
			cfdw_http_expect(call->transfer);
			break;
		case CALL_ENDED:
			break;
	}
	return left;
}

/*
 * Whether all of the calls wait for a descriptor, while those that have one wait
 * to be read: then they end.
 */
static bool
are_stuck(CfdwCall *const *calls, int n)
{
	for (int i = 0; i < n; i++)
		if (calls[i]->state != CALL_WAITING)
			return false;
	if (n == 0 || cfdw_http_is_any_under_way(true))
		return false;
	for (int i = 0; i < n; i++)
		fail(calls[i], CFDW_HTTP_NO_DESCRIPTOR,
			 "All file descriptors are in use, and none is about to be free.");
	return true;
}

/*
 * The reset callback of a call; also called to end it before.
 */
static void
release(void *arg)
{
	CfdwCall *call = arg;

	if (call->session == NULL)
		return;
	end_attempt(call, false);
	call->state = CALL_ENDED;
	/* Whoever else waits shows that anew. */
	if (call->shown != CFDW_AWAITS_NOTHING)
		show(call);
	if (call->request.body != NULL)
		cfdw_progress_sent(cfdw_session_progress(call->session));
	cfdw_session_release(call->session);
	dlist_delete(&call->link);
	call->session = NULL;
}
