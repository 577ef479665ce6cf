/*-------------------------------------------------------------------------
 *
 * http.c
 *	  One request, one response.
 *
 * Owns a transfer from its start to its end: what goes out, what has come in,
 * how long it may still be waited for, and how it ended.
 *
 * The functions that libcurl calls (on_*) neither raise errors, nor palloc,
 * nor check for interrupts: they copy into malloc'ed memory, count, and leave
 * a note.
 *
 * A POST is never sent twice: libcurl would repeat a request on a new
 * connection when a kept one closes before the first byte of the reply, so it
 * is given no way to get the body a second time (see on_send).
 *
 * A transfer may be waited for as long as the patience of its request lasts;
 * in an abort, all of them together as long as that may take.
 *
 * Must not know JSON, rows or what a status means; nor how to wait, which is
 * wire's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>
#include <float.h>

#include "lib/ilist.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "net/http.h"
#include "net/loop.h"

/*
 * A transfer is paused when so many bytes of its reply wait to be read.  More
 * would hardly save a call, but takes memory that has to be touched anew for each
 * reply, three times: here, lent out, and in the reader.
 */
#define HIGH_WATER (64 * 1024)

/* Bytes that libcurl handed over; malloc'ed. */
typedef struct Buffer
{
	char *data;
	size_t len;
	size_t size;
} Buffer;

struct CfdwTransfer
{
	MemoryContextCallback callback;
	CfdwPool *pool;
	CURL *easy;
	struct curl_slist *headers;
	bool on_wire;
	dlist_node link; /* in under_way, while it has a handle */

	/* What on_send gives out. */
	const char *body;
	size_t body_len;
	size_t body_sent;
	bool *sent; /* to be set with it, or NULL */

	/* What on_receive took in. */
	Buffer in;      /* filled by libcurl */
	Buffer out;     /* lent to the reader */
	int64 received; /* bytes, after decompression */
	int64 max_received;
	CfdwTraffic *traffic; /* where it is counted, or NULL */
	bool too_large;
	bool paused;

	double patience_ms; /* left of the request's timeout */
	double waited_ms;   /* for it, since libcurl has it */
	bool watched;       /* an Append waits for it */
	bool done;
	CfdwResponse response;
	char error[CURL_ERROR_SIZE];
};

/* The transfers that are not yet ended. */
static dlist_head under_way = DLIST_STATIC_INIT(under_way);

/* Left of the time for an abort's requests, or -1 outside of one. */
static double abort_patience_ms = -1;

static void free_transfer(void *arg);
static void take_off_wire(CfdwTransfer *transfer);
static void give_back_handle(CfdwTransfer *transfer);
static void set_request(CfdwTransfer *transfer, const CfdwRequest *request);
static void set_body(CfdwTransfer *transfer, const CfdwRequest *request);
static void add_header(CfdwTransfer *transfer, const char *header);
static void take_stock(void);
static void harvest(void);
static bool was_neglected(const CfdwTransfer *transfer, CURLcode code);
static void finish(CfdwTransfer *transfer, CURLcode code);
static void finish_all(CURLcode code);
static bool was_connected(const CfdwTransfer *transfer);
static CfdwOutcome outcome_of(const CfdwTransfer *transfer, CURLcode code);
static void read_headers(CfdwTransfer *transfer);
static void copy_header(CURL *easy, const char *name, char *value, size_t size);
static void charge(CfdwTransfer *transfer, double ms);
static void end_watch(void);
static size_t on_send(char *data, size_t size, size_t n, void *arg);
static size_t on_receive(char *data, size_t size, size_t n, void *arg);

/*
 * Starts a request.  The transfer lives in the current memory context and ends
 * with it at the latest.  Raises 53000 when descriptors run out, 53200 for
 * want of memory.
 */
CfdwTransfer *
cfdw_http_start(CfdwPool *pool, const CfdwRequest *request)
{
	CfdwTransfer *transfer = palloc0(sizeof(CfdwTransfer));

	transfer->pool = pool;
	transfer->patience_ms = request->timeout_ms;
	transfer->max_received = request->max_response_size;
	transfer->traffic = request->traffic;
	transfer->callback.func = free_transfer;
	transfer->callback.arg = transfer;
	MemoryContextRegisterResetCallback(CurrentMemoryContext,
									   &transfer->callback);
	transfer->easy = cfdw_pool_take(pool);
	dlist_push_tail(&under_way, &transfer->link);

	set_request(transfer, request);
	transfer->on_wire = cfdw_loop_add(transfer->easy);
	if (!transfer->on_wire)
		cfdw_loop_check(CURLE_OUT_OF_MEMORY);
	if (transfer->traffic != NULL)
		transfer->traffic->requests++;
	harvest();
	return transfer;
}

/*
 * Waits until one of the transfers has bytes to read or has ended.  Raises
 * 57014 or 57P01 when the backend is told to stop.
 */
void
cfdw_http_await_any(CfdwTransfer *const *transfers, int n)
{
	for (;;)
	{
		double left = abort_patience_ms >= 0 ? abort_patience_ms : DBL_MAX;
		double elapsed;

		for (int i = 0; i < n; i++)
		{
			charge(transfers[i], 0);
			if (cfdw_http_is_ready(transfers[i]))
				return;
			left = Min(left, transfers[i]->patience_ms);
		}

		elapsed = cfdw_loop_wait(left, abort_patience_ms >= 0);
		take_stock();
		for (int i = 0; i < n; i++)
			charge(transfers[i], elapsed);
		if (abort_patience_ms >= 0)
		{
			abort_patience_ms = Max(abort_patience_ms - elapsed, 0);
			if (abort_patience_ms == 0)
				for (int i = 0; i < n; i++)
					charge(transfers[i], transfers[i]->patience_ms);
		}
	}
}

/*
 * Somebody else, an Append, waits for transfers: returns the descriptor that is
 * readable as soon as one of them may have got on, or is out of time; or
 * AT_ONCE.  Then cfdw_http_drive() sees to them.  Never raises.
 */
int
cfdw_http_watch(CfdwTransfer *const *transfers, int n, bool at_once)
{
	double left = CFDW_APPEND_WAIT_MS;

	end_watch();
	for (int i = 0; i < n; i++)
	{
		if (cfdw_http_is_ready(transfers[i]))
			at_once = true;
		transfers[i]->watched = true;
		left = Min(left, transfers[i]->patience_ms);
	}
	return cfdw_loop_watch(at_once ? 0 : left);
}

/*
 * Does, for all transfers, what can be done without waiting.  Never raises.
 */
void
cfdw_http_drive(void)
{
	cfdw_loop_drive();
	take_stock();
}

/*
 * Whether cfdw_http_await_any() need not wait for a transfer.
 */
bool
cfdw_http_is_ready(const CfdwTransfer *transfer)
{
	return transfer->in.len > 0 || transfer->done;
}

/*
 * Waits without a request.  Raises 57014 or 57P01 when the backend is told to
 * stop.
 */
void
cfdw_http_pause(long pause_ms)
{
	TimestampTz end =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), pause_ms);
	long left_ms = pause_ms;

	if (abort_patience_ms >= 0)
	{
		left_ms = Min(pause_ms, (long) abort_patience_ms);
		pg_usleep(left_ms * 1000);
		abort_patience_ms -= left_ms;
		return;
	}
	for (; left_ms > 0;
		 left_ms = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), end))
	{
		WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
				  left_ms, PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
	}
}

/*
 * From here to cfdw_http_end_abort() a transaction is being aborted: waits do
 * not look at the latch, cannot be interrupted, and end after LIMIT_MS in all.
 */
void
cfdw_http_begin_abort(int limit_ms)
{
	abort_patience_ms = limit_ms;
}

/*
 * Whether an abort has used up its time: nothing more is to go out, for it would
 * be cut off at once.
 */
bool
cfdw_http_time_is_up(void)
{
	return abort_patience_ms == 0;
}

void
cfdw_http_end_abort(void)
{
	abort_patience_ms = -1;
}

/*
 * Waits for the first bytes of the reply's body, or for the end of the
 * transfer: then the status is known.  Raises 57014 or 57P01 when the backend
 * is told to stop.
 */
const CfdwResponse *
cfdw_http_await(CfdwTransfer *transfer)
{
	cfdw_http_await_any(&transfer, 1);
	if (transfer->response.status == 0)
		read_headers(transfer);
	return &transfer->response;
}

/*
 * Waits for the next bytes of the reply; *DATA is valid until the next call.
 * False when the transfer has ended: see cfdw_http_response().  Raises as
 * cfdw_http_await().
 */
bool
cfdw_http_read(CfdwTransfer *transfer, const char **data, size_t *len)
{
	Buffer empty;
	CURLcode code;

	cfdw_http_await(transfer);
	if (transfer->in.len == 0)
		return false;

	empty = transfer->out;
	empty.len = 0;
	transfer->out = transfer->in;
	transfer->in = empty;
	*data = transfer->out.data;
	*len = transfer->out.len;
	if (transfer->paused)
	{
		transfer->paused = false;
		code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
		if (code != CURLE_OK)
			finish(transfer, code);
		harvest();
	}
	return true;
}

/*
 * Waits for the end of the transfer and appends its body, or the first LIMIT
 * bytes of it, to BODY.
 */
const CfdwResponse *
cfdw_http_collect(CfdwTransfer *transfer, StringInfo body, size_t limit)
{
	const char *data;
	size_t len;

	while (cfdw_http_read(transfer, &data, &len))
		appendBinaryStringInfo(body, data, Min(len, limit - body->len));
	return &transfer->response;
}

/*
 * What is known of the response so far: the status with the first bytes, the
 * outcome at the end.  Valid as long as the transfer.
 */
const CfdwResponse *
cfdw_http_response(const CfdwTransfer *transfer)
{
	return &transfer->response;
}

/*
 * Ends a transfer; its connection is kept when the reply was read to its end,
 * closed otherwise.  Never raises.
 */
void
cfdw_http_end(CfdwTransfer *transfer)
{
	free_transfer(transfer);
}

/*
 * The reset callback of a transfer; also called to end it before.
 */
static void
free_transfer(void *arg)
{
	CfdwTransfer *transfer = arg;

	take_off_wire(transfer);
	if (transfer->easy != NULL)
		give_back_handle(transfer);
	transfer->easy = NULL;
	curl_slist_free_all(transfer->headers);
	transfer->headers = NULL;
	free(transfer->in.data);
	free(transfer->out.data);
	memset(&transfer->in, 0, sizeof(Buffer));
	memset(&transfer->out, 0, sizeof(Buffer));
	transfer->done = true;
}

static void
take_off_wire(CfdwTransfer *transfer)
{
	if (transfer->on_wire)
		cfdw_loop_remove(transfer->easy);
	transfer->on_wire = false;
}

/*
 * Ends with the transfer's handle: it is kept when nothing went wrong with it, and
 * points to nothing of the transfer then.
 */
static void
give_back_handle(CfdwTransfer *transfer)
{
	bool reusable =
		transfer->done && transfer->response.outcome == CFDW_HTTP_OK &&
		curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, NULL) ==
			CURLE_OK &&
		curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, NULL) == CURLE_OK;

	cfdw_pool_give_back(transfer->pool, transfer->easy, reusable);
	dlist_delete(&transfer->link);
}

/*
 * Sets up one request.
 */
static void
set_request(CfdwTransfer *transfer, const CfdwRequest *request)
{
	CURL *easy = transfer->easy;

#define SET(option, value)                                                     \
	cfdw_loop_check(curl_easy_setopt(easy, (option), (value)))
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_PRIVATE, transfer);
	SET(CURLOPT_ERRORBUFFER, transfer->error);
	SET(CURLOPT_WRITEFUNCTION, on_receive);
	SET(CURLOPT_WRITEDATA, transfer);
	SET(CURLOPT_READFUNCTION, on_send);
	SET(CURLOPT_READDATA, transfer);
	add_header(transfer, "Accept: application/json");
	if (request->bearer != NULL)
		add_header(transfer,
				   psprintf("Authorization: Bearer %s", request->bearer));
	if (request->body != NULL)
		set_body(transfer, request);
	else
		SET(CURLOPT_HTTPGET, 1L);
	SET(CURLOPT_HTTPHEADER, transfer->headers);
}

static void
set_body(CfdwTransfer *transfer, const CfdwRequest *request)
{
	CURL *easy = transfer->easy;

	transfer->body = request->body;
	transfer->body_len = request->body_len;
	transfer->sent = request->sent;
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_len);
	add_header(transfer, "Content-Type: application/json");
	add_header(transfer, "Expect:"); /* do not ask before sending */
#undef SET
}

static void
add_header(CfdwTransfer *transfer, const char *header)
{
	struct curl_slist *list = curl_slist_append(transfer->headers, header);

	if (list == NULL)
		cfdw_loop_check(CURLE_OUT_OF_MEMORY);
	transfer->headers = list;
}

/*
 * What became of the transfers, now that libcurl has done what it could.
 */
static void
take_stock(void)
{
	harvest();
	if (cfdw_loop_is_broken())
		finish_all(CURLE_OUT_OF_MEMORY);
	end_watch();
}

/*
 * Notes which transfers have ended.
 */
static void
harvest(void)
{
	CURLcode code;
	CURL *easy;

	while ((easy = cfdw_loop_next_ended(&code)) != NULL)
	{
		CfdwTransfer *transfer = NULL;

		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
		if (was_neglected(transfer, code))
		{
			cfdw_loop_remove(easy);
			transfer->waited_ms = 0;
			transfer->on_wire = cfdw_loop_add(easy);
			if (transfer->on_wire)
				continue;
		}
		finish(transfer, code);
	}
}

/*
 * libcurl measures the time to connect by the clock.  While an Append hands out
 * the rows of other scans, nobody may have looked after this one: then the
 * server was not given its time, and libcurl has to begin again.
 */
static bool
was_neglected(const CfdwTransfer *transfer, CURLcode code)
{
	return code == CURLE_OPERATION_TIMEDOUT && !transfer->done &&
		   !was_connected(transfer) &&
		   transfer->waited_ms <
			   cfdw_pool_config(transfer->pool)->connect_timeout_ms / 2;
}

static void
finish(CfdwTransfer *transfer, CURLcode code)
{
	CfdwResponse *response = &transfer->response;

	if (transfer->done)
		return;
	transfer->done = true;
	response->outcome = outcome_of(transfer, code);
	response->sent = transfer->body_sent > 0;
	read_headers(transfer);
	/* What was given up must not go out while others are waited for. */
	take_off_wire(transfer);
	if (code == CURLE_SEND_FAIL_REWIND)
		/* libcurl's words tell of what on_send prevents. */
		strlcpy(response->error, "Server closed the connection",
				sizeof(response->error));
	else if (code != CURLE_OK)
		strlcpy(response->error,
				transfer->error[0] != '\0' ? transfer->error
										   : curl_easy_strerror(code),
				sizeof(response->error));
}

static void
finish_all(CURLcode code)
{
	dlist_iter iter;

	dlist_foreach(iter, &under_way)
	{
		finish(dlist_container(CfdwTransfer, link, iter.cur), code);
	}
}

/*
 * Whether a connection, TLS included, was ready to take the request.
 */
static bool
was_connected(const CfdwTransfer *transfer)
{
	curl_off_t connected = 0;

	curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
	return connected != 0 || transfer->body_sent > 0;
}

/*
 * libcurl has a hundred codes; what matters is how far the request came.
 */
static CfdwOutcome
outcome_of(const CfdwTransfer *transfer, CURLcode code)
{
	switch (code)
	{
		case CURLE_OK:
			return CFDW_HTTP_OK;
		case CURLE_OUT_OF_MEMORY:
			return CFDW_HTTP_NO_MEMORY;
		case CURLE_WRITE_ERROR:
			return transfer->too_large ? CFDW_HTTP_TOO_LARGE
									   : CFDW_HTTP_NO_MEMORY;
		case CURLE_PARTIAL_FILE:
			return CFDW_HTTP_CUT;
		case CURLE_WEIRD_SERVER_REPLY:
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_BAD_CONTENT_ENCODING:
			return CFDW_HTTP_MALFORMED;
		case CURLE_COULDNT_RESOLVE_PROXY:
		case CURLE_COULDNT_RESOLVE_HOST:
		case CURLE_COULDNT_CONNECT:
			return CFDW_HTTP_NO_CONNECTION;
		default:
			break;
	}

	if (!was_connected(transfer))
		return CFDW_HTTP_NO_CONNECTION;
	return code == CURLE_OPERATION_TIMEDOUT ? CFDW_HTTP_TIMEOUT
											: CFDW_HTTP_LOST;
}

static void
read_headers(CfdwTransfer *transfer)
{
	CfdwResponse *response = &transfer->response;
	char retry_after[32];

	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
					  &response->status);
	copy_header(transfer->easy, "Location", response->location,
				sizeof(response->location));
	copy_header(transfer->easy, "X-Request-Id", response->request_id,
				sizeof(response->request_id));
	copy_header(transfer->easy, "Retry-After", retry_after,
				sizeof(retry_after));
	response->retry_after_s = Max(atoi(retry_after), 0);
}

static void
copy_header(CURL *easy, const char *name, char *value, size_t size)
{
	struct curl_header *header;

	value[0] = '\0';
	if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
		strlcpy(value, header->value, size);
}

/*
 * So long has been waited for a transfer.
 */
static void
charge(CfdwTransfer *transfer, double ms)
{
	transfer->waited_ms += ms;
	transfer->patience_ms -= ms;
	if (transfer->patience_ms <= 0 && !cfdw_http_is_ready(transfer))
		finish(transfer, CURLE_OPERATION_TIMEDOUT);
}

/*
 * The wait that cfdw_http_watch() began is over.
 */
static void
end_watch(void)
{
	dlist_iter iter;
	double elapsed;

	if (!cfdw_loop_end_watch(&elapsed))
		return;
	dlist_foreach(iter, &under_way)
	{
		CfdwTransfer *transfer = dlist_container(CfdwTransfer, link, iter.cur);

		if (transfer->watched)
			charge(transfer, elapsed);
		transfer->watched = false;
	}
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
	if (transfer->sent != NULL)
		*transfer->sent = true;
	if (transfer->traffic != NULL)
		transfer->traffic->sent += len;
	return len;
}

/*
 * libcurl has some of the reply's body.
 */
static size_t
on_receive(char *data, size_t size, size_t n, void *arg)
{
	CfdwTransfer *transfer = arg;
	Buffer *in = &transfer->in;
	size_t len = size * n;

	if (in->len > 0 && in->len + len > HIGH_WATER)
	{
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	transfer->received += len;
	if (transfer->traffic != NULL)
		transfer->traffic->received += len;
	if (transfer->received > transfer->max_received)
	{
		transfer->too_large = true;
		return 0;
	}
	if (in->len + len > in->size)
	{
		size_t wanted = Max(in->len + len, 16 * 1024);
		char *grown = realloc(in->data, Max(wanted, in->size * 2));

		if (grown == NULL)
			return 0;
		in->data = grown;
		in->size = Max(wanted, in->size * 2);
	}
	memcpy(in->data + in->len, data, len);
	in->len += len;
	return len;
}
