/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One request, one response.
 *
 * Owns a transfer from its start to its end: what goes out, what has come in, and how
 * long it may still be waited for.
 *
 * The functions that libcurl calls (on_*) neither raise errors, nor palloc,
 * nor check for interrupts: they copy into malloc'ed memory, count, and leave
 * a note.
 *
 * A POST is never sent twice: libcurl would repeat a request on a new
 * connection when a kept one closes before the first byte of the reply, so it
 * is given no way to get the body a second time (see on_send).
 *
 * A transfer may be waited for as long as its request allows: the time in which
 * nobody waits for it does not count.
 *
 * Nothing here raises an error but the wait, and that not in an abort: what a
 * transfer takes is malloc'ed.
 *
 * Must not know JSON, rows or what a status means; nor how to wait, which is loop's,
 * or what libcurl's codes stand for, which is response's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <curl/curl.h>
#include <float.h>
#include <limits.h>

#include "lib/ilist.h"
#include "miscadmin.h"

#include "net/clock.h"
#include "net/http.h"
#include "net/log.h"
#include "net/loop.h"

/*
 * A transfer is paused when so many bytes of its reply wait to be read.  More
 * would hardly save a call, but takes memory that has to be touched anew for each
 * reply, three times: here, lent out, and in the reader.
 */
#define HIGH_WATER (64 * 1024)

/*
 * Of what was compressed, more: libcurl moves about all that it has left each time
 * that it has to wait, and loses it when bytes follow the end of what was
 * compressed.
 */
#define CODED_HIGH_WATER (512 * 1024)

/* A status that is counted. */
#define TOO_MANY 429

/* One that is said to a connection over which nothing has come for long. */
#define IDLE_TOO_LONG 408

/* Bytes that libcurl handed over; malloc'ed. */
typedef struct Buffer
{
	char *data;
	size_t len;
	size_t size;
} Buffer;

struct CfdwTransfer
{
	CfdwPool *pool;
	CURL *easy; /* NULL once it has ended */
	struct curl_slist *headers;
	curl_socket_t kept; /* the connection that it uses, or CURL_SOCKET_BAD */
	dlist_node link;    /* in under_way, while it has a handle */

	/* What on_send gives out. */
	const char *body;
	size_t body_len;
	size_t body_sent;

	/* What the log says of it. */
	const char *url;
	bool signs_in;
	double paced_ms;
	int64 start_us; /* 0: it has not begun, or its end was said */

	/* What on_receive took in. */
	Buffer in;          /* filled by libcurl */
	Buffer out;         /* lent to the reader */
	bool whole;         /* all of it stays in "in", as of what is no success */
	int64 max_received; /* bytes, after decompression */
	CfdwTraffic *traffic;       /* where it is counted, or NULL ... */
	CfdwStatistics *statistics; /* ... and for all to see, or NULL */
	CfdwTurn turn;              /* until some of the reply is there */
	bool paused;
	CfdwArrival arrival;

	double remaining_ms; /* of the request's timeout */
	double waited_ms;    /* for it, since libcurl has it */
	uint64 wait;         /* the last one that was for it */
	bool done;
	bool whole_reply; /* ... well */
	CfdwResponse response;
	char error[CURL_ERROR_SIZE];
};

/* The transfers that have not ended. */
static dlist_head under_way = DLIST_STATIC_INIT(under_way);

/* Waits are counted, so that each transfer knows whether one was for it. */
static uint64 current_wait = 1;

static CfdwTurn take_over(CfdwTurn *turn);
static void resume(CfdwTransfer *transfer);
static void record_end(CfdwTransfer *transfer);
static void give_back_handle(CfdwTransfer *transfer);
static bool has_met_dead_connection(const CfdwTransfer *transfer, CURL *easy);
static CURLcode set_up(CfdwTransfer *transfer, const CfdwRequest *request);
static CURLcode set_body(CfdwTransfer *transfer, const CfdwRequest *request);
static bool add_header(CfdwTransfer *transfer, const char *name,
					   const char *value);
static double least_remaining_ms(void);
static void see_what_ended(double elapsed_ms);
static void note_ended(void);
static void begin_again_or_finish(CfdwTransfer *transfer, CURLcode code);
static bool was_neglected(const CfdwTransfer *transfer, CURLcode code);
static void finish(CfdwTransfer *transfer, CURLcode code);
static void see_idleness(CfdwTransfer *transfer);
static void finish_all(CURLcode code);
static CURLcode on_tls(CURL *easy, void *context, void *arg);
static int on_connected(void *arg, char *address, char *local_address, int port,
						int local_port);
static bool may_go_out(CfdwTransfer *transfer);
static size_t on_send(char *data, size_t size, size_t n, void *arg);
static size_t on_header(char *header, size_t size, size_t n, void *arg);
static size_t on_receive(char *data, size_t size, size_t n, void *arg);
static bool append(Buffer *buffer, const char *data, size_t len);

/*
 * Starts a request.  The transfer is malloc'ed; cfdw_http_end() frees it.  NULL
 * when it could not be started: then *FAILURE says why, CFDW_HTTP_NO_DESCRIPTOR
 * that it may be tried again when another transfer has ended.  Never raises.
 */
CfdwTransfer *
cfdw_http_start(CfdwPool *pool, const CfdwRequest *request,
				CfdwResponse *failure)
{
	CfdwTransfer *transfer = calloc(1, sizeof(CfdwTransfer));
	bool alone = dlist_is_empty(&under_way);
	int code = CURLE_OUT_OF_MEMORY;

	if (transfer != NULL)
	{
		transfer->pool = pool;
		transfer->arrival.options = cfdw_pool_options(pool);
		transfer->remaining_ms = request->timeout_ms;
		transfer->max_received = request->max_response_size;
		transfer->whole = request->whole;
		transfer->traffic = request->traffic;
		transfer->statistics = request->statistics;
		transfer->url = request->url;
		transfer->signs_in = request->signs_in;
		transfer->turn = take_over(request->turn);
		transfer->paced_ms = transfer->turn.waited_us / 1000.0;
		transfer->easy = cfdw_pool_take(pool, &transfer->kept, &code);
	}
	if (transfer != NULL && transfer->easy != NULL)
	{
		dlist_push_tail(&under_way, &transfer->link);
		code = set_up(transfer, request);
		if (code == CURLE_OK &&
			!cfdw_loop_add(transfer->easy,
						   alone ? transfer->kept : CURL_SOCKET_BAD))
			code = CURLE_OUT_OF_MEMORY;
	}
	if (code != CURLE_OK)
	{
		if (transfer != NULL)
			cfdw_http_end(transfer);
		else if (request->turn != NULL)
			cfdw_pace_leave(request->turn);
		cfdw_response_not_started(failure, code);
		return NULL;
	}
	transfer->start_us = cfdw_clock_us();
	note_ended();
	return transfer;
}

static CfdwTurn
take_over(CfdwTurn *turn)
{
	CfdwTurn taken = {0};

	if (turn != NULL)
	{
		taken = *turn;
		memset(turn, 0, sizeof(*turn));
	}
	return taken;
}

/*
 * Whether there are bytes to read, or the transfer has ended; of a whole body, the
 * latter alone.
 */
bool
cfdw_http_is_ready(const CfdwTransfer *transfer)
{
	return transfer->done || (transfer->in.len > 0 && !transfer->whole);
}

/*
 * Whether it has ended, and nothing is left to read but a whole body.
 */
bool
cfdw_http_is_read(const CfdwTransfer *transfer)
{
	return transfer->done && (transfer->in.len == 0 || transfer->whole);
}

/*
 * The next bytes of a reply, of those that have come; *DATA is valid until the
 * next call.  False when there are none.  Never raises.
 */
bool
cfdw_http_read(CfdwTransfer *transfer, const char **data, size_t *len)
{
	Buffer empty = transfer->out;

	if (transfer->in.len == 0 || transfer->whole)
		return false;
	empty.len = 0;
	transfer->out = transfer->in;
	transfer->in = empty;
	*data = transfer->out.data;
	*len = transfer->out.len;
	if (transfer->paused && !transfer->done)
		resume(transfer);
	return true;
}

/*
 * Lets libcurl go on with a transfer that was paused.  What it then has to
 * decompress takes time, which counts.
 */
static void
resume(CfdwTransfer *transfer)
{
	int64 start_us = cfdw_clock_us();
	CURLcode code;

	transfer->paused = false;
	code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
	transfer->remaining_ms -= cfdw_clock_ms_since(start_us);
	if (code != CURLE_OK)
		finish(transfer, code);
	note_ended();
	if (transfer->remaining_ms <= 0)
		finish(transfer, CURLE_OPERATION_TIMEDOUT);
}

/*
 * The body of a whole reply, as far as it has come; malloc'ed, with a zero byte
 * behind it, and valid until the transfer is ended.
 */
const char *
cfdw_http_body(const CfdwTransfer *transfer, size_t *len)
{
	*len = transfer->in.len;
	return transfer->in.data != NULL ? transfer->in.data : "";
}

/*
 * What is known of the response so far: the status with the first bytes, the
 * outcome at the end.  Valid until the transfer is ended.
 */
const CfdwResponse *
cfdw_http_response(CfdwTransfer *transfer)
{
	CfdwResponse *response = &transfer->response;

	response->sent = transfer->body_sent > 0;
	if (!transfer->done && transfer->in.len > 0 && response->status == 0)
		cfdw_response_status(response, transfer->easy);
	return response;
}

/*
 * What is left of the request's timeout; 0 or less: it is up.
 */
double
cfdw_http_remaining_ms(const CfdwTransfer *transfer)
{
	return transfer->remaining_ms;
}

/*
 * Its time is up.  What has come of the reply can still be read.  Never raises.
 */
void
cfdw_http_give_up(CfdwTransfer *transfer)
{
	finish(transfer, CURLE_OPERATION_TIMEDOUT);
}

/*
 * Frees a transfer; its connection is kept when the reply was received to its
 * end, closed otherwise.  Never raises.
 */
void
cfdw_http_end(CfdwTransfer *transfer)
{
	record_end(transfer);
	transfer->done = true;
	give_back_handle(transfer);
	cfdw_pace_leave(&transfer->turn);
	cfdw_pool_free_lines(transfer->headers);
	free(transfer->in.data);
	free(transfer->out.data);
	free(transfer);
}

/*
 * Adds to what requests have cost what MORE have, SIGN times.
 */
void
cfdw_http_add_traffic(CfdwTraffic *sum, int sign, const CfdwTraffic *more)
{
	sum->requests += sign * more->requests;
	sum->retries += sign * more->retries;
	sum->sent += sign * more->sent;
	sum->received += sign * more->received;
	sum->paced_us += sign * more->paced_us;
}

/*
 * The next wait is for none of the transfers ...
 */
void
cfdw_http_expect_none(void)
{
	current_wait++;
}

/*
 * ... but this one ...
 */
void
cfdw_http_expect(CfdwTransfer *transfer)
{
	transfer->wait = current_wait;
}

/*
 * ... or any of them that has nothing to be read: what it takes is counted against
 * their time.
 */
void
cfdw_http_expect_all(void)
{
	dlist_iter iter;

	dlist_foreach(iter, &under_way)
	{
		CfdwTransfer *transfer = dlist_container(CfdwTransfer, link, iter.cur);

		if (!cfdw_http_is_ready(transfer))
			cfdw_http_expect(transfer);
	}
}

/*
 * Whether there are transfers that have not ended; MOVING: that get on without
 * being read.
 */
bool
cfdw_http_is_any_under_way(bool moving)
{
	dlist_iter iter;

	dlist_foreach(iter, &under_way)
	{
		if (!moving || !dlist_container(CfdwTransfer, link, iter.cur)->paused)
			return true;
	}
	return false;
}

/*
 * Waits until one of the transfers may have got on, or LIMIT_MS have passed;
 * returns how many milliseconds that took.  Raises as cfdw_loop_wait(), and, when the wait
 * is counted, 57014 or 57P01 when the backend is told to stop; nothing when it is ABORTING.
 */
double
cfdw_http_wait(double limit_ms, CfdwAwaited awaited, bool aborting)
{
	double elapsed_ms;

	elapsed_ms =
		cfdw_loop_wait(Min(limit_ms, least_remaining_ms()), awaited, aborting);
	see_what_ended(elapsed_ms);
	if (!aborting)
		CHECK_FOR_INTERRUPTS();
	return elapsed_ms;
}

/*
 * Somebody else, an Append, waits for the transfers: returns the descriptor that
 * is readable as soon as one of them may have got on, or LIMIT_MS have passed.
 * Then cfdw_http_drive() is due.  Raises as cfdw_loop_watch().
 */
int
cfdw_http_watch(double limit_ms)
{
	return cfdw_loop_watch(Min(limit_ms, least_remaining_ms()));
}

/*
 * Does, for all transfers, what can be done without waiting.  Never raises.
 */
void
cfdw_http_drive(void)
{
	cfdw_loop_drive();
	see_what_ended(cfdw_loop_end_watch());
}

/*
 * A transfer that has begun is over, one way or another: logs and counts that, once.
 */
static void
record_end(CfdwTransfer *transfer)
{
	CfdwLogged logged = {.url = transfer->url,
						 .is_post = transfer->body != NULL,
						 .whole = transfer->whole_reply,
						 .sent = transfer->signs_in ? 0 : transfer->body_sent,
						 .received = transfer->arrival.received,
						 .paced_ms = transfer->paced_ms,
						 .took_ms = cfdw_clock_ms_since(transfer->start_us)};

	if (transfer->start_us == 0)
		return;
	transfer->start_us = 0;
	if (!transfer->done)
		cfdw_response_status(&transfer->response, transfer->easy);
	logged.status = transfer->response.status;
	if (logged.status == TOO_MANY)
		cfdw_statistics_count(transfer->statistics, CFDW_COUNT_TOO_MANY, 1);
	cfdw_log_request(&logged);
}

/*
 * Ends with the transfer's handle: it is kept when nothing went wrong with it, and
 * points to nothing of the transfer then.
 */
static void
give_back_handle(CfdwTransfer *transfer)
{
	CURL *easy = transfer->easy;

	if (easy == NULL)
		return;
	transfer->easy = NULL;
	dlist_delete(&transfer->link);
	cfdw_pool_give_back(
		transfer->pool, easy,
		transfer->whole_reply && !has_met_dead_connection(transfer, easy) &&
			curl_easy_setopt(easy, CURLOPT_HTTPHEADER, NULL) == CURLE_OK &&
			curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL) == CURLE_OK);
}

/*
 * Whether the kept connection turned out to be closed, after all, so that libcurl
 * made another one.  It counts that in the handle, and after five times fails.
 */
static bool
has_met_dead_connection(const CfdwTransfer *transfer, CURL *easy)
{
	long made = 0;

	return transfer->kept != CURL_SOCKET_BAD &&
		   (curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &made) != CURLE_OK ||
			made > 0);
}

/*
 * Sets up one request.
 */
static CURLcode
set_up(CfdwTransfer *transfer, const CfdwRequest *request)
{
	CURL *easy = transfer->easy;
	CURLcode code;

#define SET(option, value)                                                     \
	if ((code = curl_easy_setopt(easy, (option), (value))) != CURLE_OK)        \
	return code
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, transfer);
	SET(CURLOPT_WRITEFUNCTION, on_receive);
	SET(CURLOPT_WRITEDATA, transfer);
	/* Not every library for TLS has that: then silence is not told apart. */
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, transfer);
	SET(CURLOPT_READFUNCTION, on_send);
	SET(CURLOPT_READDATA, transfer);
	if (!add_header(transfer, "Accept: ", "application/json") ||
		(request->bearer != NULL &&
		 !add_header(transfer, "Authorization: Bearer ", request->bearer)))
		return CURLE_OUT_OF_MEMORY;
	if (request->body != NULL)
	{
		if ((code = set_body(transfer, request)) != CURLE_OK)
			return code;
	}
	else
		SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
	return CURLE_OK;
}

static CURLcode
set_body(CfdwTransfer *transfer, const CfdwRequest *request)
{
	CURL *easy = transfer->easy;
	CURLcode code;

	transfer->body = request->body;
	transfer->body_len = request->body_len;
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
	/* An empty Expect: do not ask before sending. */
	if (!add_header(transfer, "Content-Type: ", "application/json") ||
		!add_header(transfer, "Expect:", ""))
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
#undef SET
}

static bool
add_header(CfdwTransfer *transfer, const char *name, const char *value)
{
	size_t size = strlen(name) + strlen(value) + 1;
	char *header = malloc(size);
	struct curl_slist *list = NULL;

	if (header != NULL)
	{
		snprintf(header, size, "%s%s", name, value);
		list = curl_slist_append(transfer->headers, header);
		explicit_bzero(header, size);
		free(header);
	}
	if (list != NULL)
		transfer->headers = list;
	return list != NULL;
}

/*
 * The least of what remains for the transfers that are waited for.
 */
static double
least_remaining_ms(void)
{
	double least = DBL_MAX;
	dlist_iter iter;

	dlist_foreach(iter, &under_way)
	{
		CfdwTransfer *transfer = dlist_container(CfdwTransfer, link, iter.cur);

		if (transfer->wait == current_wait)
			least = Min(least, transfer->remaining_ms);
	}
	return least;
}

/*
 * What became of the transfers in a wait that took so long, now that libcurl has
 * done what it could.
 */
static void
see_what_ended(double elapsed_ms)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &under_way)
	{
		CfdwTransfer *transfer = dlist_container(CfdwTransfer, link, iter.cur);

		if (transfer->wait != current_wait)
			continue;
		cfdw_statistics_count(transfer->statistics, CFDW_COUNT_REPLY_US,
							  (int64) (elapsed_ms * 1000));
		transfer->waited_ms += elapsed_ms;
		transfer->remaining_ms -= elapsed_ms;
	}
	note_ended();
	if (cfdw_loop_is_broken())
		finish_all(CURLE_OUT_OF_MEMORY);
	dlist_foreach_modify(iter, &under_way)
	{
		CfdwTransfer *transfer = dlist_container(CfdwTransfer, link, iter.cur);

		if (transfer->wait == current_wait && transfer->remaining_ms <= 0 &&
			!cfdw_http_is_ready(transfer))
			finish(transfer, CURLE_OPERATION_TIMEDOUT);
	}
}

/*
 * Notes which transfers have ended.
 */
static void
note_ended(void)
{
	CURLcode code;
	CURL *easy;

	while ((easy = cfdw_loop_next_ended(&code)) != NULL)
	{
		CfdwTransfer *transfer = NULL;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
		begin_again_or_finish(transfer, code);
	}
}

static void
begin_again_or_finish(CfdwTransfer *transfer, CURLcode code)
{
	if (was_neglected(transfer, code))
	{
		cfdw_loop_remove(transfer->easy);
		transfer->waited_ms = 0;
		transfer->arrival.in_tls = false;
		if (cfdw_loop_add(transfer->easy, CURL_SOCKET_BAD))
			return;
	}
	finish(transfer, code);
}

/*
 * libcurl measures the time to connect by the clock.  While an Append hands out
 * the rows of other scans, nobody may have looked after this one: then the
 * server was not given its time, and libcurl has to begin again.
 */
static bool
was_neglected(const CfdwTransfer *transfer, CURLcode code)
{
	return code == CURLE_OPERATION_TIMEDOUT && !transfer->arrival.connected &&
		   transfer->waited_ms <
			   cfdw_pool_options(transfer->pool)->connect_timeout_ms / 2;
}

/*
 * A transfer has ended: what it takes is released, but for what came of the
 * reply.
 */
static void
finish(CfdwTransfer *transfer, CURLcode code)
{
	CfdwResponse *response = &transfer->response;

	if (transfer->done)
		return;
	transfer->done = true;
	transfer->arrival.neglected = was_neglected(transfer, code);
	transfer->arrival.refused = cfdw_pool_refused(transfer->pool);
	transfer->arrival.exhausted = cfdw_pool_exhausted(transfer->pool);
	cfdw_response_end(response, &transfer->arrival, transfer->easy, code,
					  transfer->error);
	response->sent = transfer->body_sent > 0;
	transfer->whole_reply = code == CURLE_OK;
	see_idleness(transfer);
	record_end(transfer);
	/* What was given up must not go out while others are waited for. */
	give_back_handle(transfer);
	cfdw_pace_leave(&transfer->turn);
}

/*
 * The account has closed the kept connection and said so, when the request was already
 * on its way: it is sent once more over a new one.  But what has a body might have been
 * carried out all the same.
 */
static void
see_idleness(CfdwTransfer *transfer)
{
	if (transfer->response.status != IDLE_TOO_LONG || transfer->body != NULL ||
		transfer->kept == CURL_SOCKET_BAD)
		return;
	transfer->response.out_of_turn = true;
	transfer->whole_reply = false;
}

static void
finish_all(CURLcode code)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &under_way)
	{
		finish(dlist_container(CfdwTransfer, link, iter.cur), code);
	}
}

/*
 * libcurl has a connection, and is about to begin with TLS.
 */
static CURLcode
on_tls(CURL *easy, void *context, void *arg)
{
	(void) easy;
	(void) context;
	((CfdwTransfer *) arg)->arrival.in_tls = true;
	return CURLE_OK;
}

/*
 * libcurl has a connection, and is about to send the request; once more when a
 * kept connection turns out to be closed.  What has no body has arrived then, perhaps.
 */
static int
on_connected(void *arg, char *address, char *local_address, int port,
			 int local_port)
{
	CfdwTransfer *transfer = arg;

	(void) address;
	(void) local_address;
	(void) port;
	(void) local_port;
	if (!may_go_out(transfer))
	{
		transfer->response.out_of_turn = true;
		return CURL_PREREQFUNC_ABORT;
	}
	transfer->arrival.connected = true;
	if (transfer->traffic != NULL)
		transfer->traffic->requests++;
	cfdw_statistics_count(transfer->statistics,
						  transfer->signs_in       ? CFDW_COUNT_LOGINS
						  : transfer->body != NULL ? CFDW_COUNT_POSTS
												   : CFDW_COUNT_GETS,
						  1);
	return CURL_PREREQFUNC_OK;
}

/*
 * Whether it may go out: now, for the turn that it was given may have come to an end
 * while it connected.  Of a body that has begun to go out on_send sees to it that it does
 * not do so again.
 */
static bool
may_go_out(CfdwTransfer *transfer)
{
	bool again = transfer->arrival.connected && transfer->body == NULL;

	return transfer->body_sent > 0 || cfdw_pace_go(&transfer->turn, again);
}

/*
 * libcurl wants more of a POST's body.  To ask again after it had all of it
 * means that it wants to send the request once more: it must not.
 */
static size_t
on_send(char *data, size_t size, size_t n, void *arg)
{
	CfdwTransfer *transfer = arg;
	size_t len = Min(size * n, transfer->body_len - transfer->body_sent);

	if (len == 0)
		return CURL_READFUNC_ABORT;
	memcpy(data, transfer->body + transfer->body_sent, len);
	transfer->body_sent += len;
	cfdw_pace_sent(&transfer->turn);
	if (transfer->traffic != NULL)
		transfer->traffic->sent += len;
	if (!transfer->signs_in)
		cfdw_statistics_count(transfer->statistics, CFDW_COUNT_BYTES_SENT, len);
	return len;
}

/*
 * libcurl has a header of the reply, or the empty line after the last.
 */
static size_t
on_header(char *header, size_t size, size_t n, void *arg)
{
	CfdwTransfer *transfer = arg;
	size_t len = size * n;

	cfdw_pace_answered(&transfer->turn);
	return cfdw_response_header(&transfer->arrival, header, len) ? len : 0;
}

/*
 * libcurl has some of the reply's body.  Of what is no success all is wanted before it
 * is judged.
 */
static size_t
on_receive(char *data, size_t size, size_t n, void *arg)
{
	CfdwTransfer *transfer = arg;
	Buffer *in = &transfer->in;
	size_t len = size * n;
	size_t limit =
		transfer->arrival.codings > 0 ? CODED_HIGH_WATER : HIGH_WATER;
	size_t kept;
	long status = 0;

	if (transfer->arrival.received == 0)
	{
		curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		transfer->whole |= status != 200;
	}
	if (!transfer->whole && in->len > 0 && in->len + len > limit)
	{
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	transfer->arrival.received += len;
	if (transfer->traffic != NULL)
		transfer->traffic->received += len;
	cfdw_statistics_count(transfer->statistics, CFDW_COUNT_BYTES_RECEIVED, len);
	if (transfer->arrival.received > transfer->max_received)
	{
		transfer->arrival.fault = CFDW_HTTP_TOO_LARGE;
		return 0;
	}
	kept = len;
	if (transfer->whole && in->len + len > CFDW_WHOLE_LIMIT)
	{
		transfer->response.cut_off = true;
		kept = CFDW_WHOLE_LIMIT - in->len;
	}
	if (!append(in, data, kept))
	{
		transfer->arrival.fault = CFDW_HTTP_NO_MEMORY;
		return 0;
	}
	return len;
}

/*
 * Never raises: it is called by libcurl.
 */
static bool
append(Buffer *buffer, const char *data, size_t len)
{
	size_t needed = buffer->len + len + 1;

	if (needed > buffer->size)
	{
		size_t size = Max(Max(needed, 16 * 1024), buffer->size * 2);
		char *grown = realloc(buffer->data, size);

		if (grown == NULL)
			return false;
		buffer->data = grown;
		buffer->size = size;
	}
	memcpy(buffer->data + buffer->len, data, len);
	buffer->len += len;
	buffer->data[buffer->len] = '\0';
	return true;
}
