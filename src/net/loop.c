/*-------------------------------------------------------------------------
 *
 * loop.c
 *	  What all transfers of a backend go through, in its own latch wait.
 *
 * One multi handle, and one epoll descriptor that holds libcurl's sockets:
 * whoever waits for one transfer lets the others go on.  That one descriptor
 * stands beside MyLatch and the postmaster's death in a wait event set, so that
 * every wait (resolve, connect, TLS, send, receive) ends at once when the
 * backend is told to; or it stands in the set of an Append that waits for many
 * scans, with libcurl's timer behind it in a timer descriptor.
 *
 * The functions that libcurl calls (on_*) neither raise errors, nor palloc,
 * nor check for interrupts: they leave a note.  Interrupts are handled in our
 * own frames, between two calls of libcurl.
 *
 * Must not know accounts, requests or replies, nor how long is to be waited for
 * one.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <curl/curl.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "portability/instr_time.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "net/loop.h"

/* Descriptors of the loop: epoll, timer, two that libcurl makes to wake itself. */
#define LOOP_DESCRIPTORS 4

/* What is left to others: the sets in which Appends wait. */
#define SPARE_DESCRIPTORS 2

/* So many sockets are looked after between two looks at the latch. */
#define MAX_EVENTS 64

/* Through which all transfers of the backend go. */
typedef struct Loop
{
	CURLM *multi;    /* NULL while nothing needs it */
	int epoll_fd;    /* -1 when not open */
	int timer_fd;    /* in the epoll descriptor; for an Append that waits */
	int idle_socket; /* in the epoll descriptor still; or -1: none is */
	WaitEventSet *wait_set;
	int descriptors; /* accounted for with fd.c */
	bool broken;     /* a callback could not do its work */
	bool blocked;    /* signals are, until libcurl returns ... */
	sigset_t saved;  /* ... to these */
	bool timer_set;
	instr_time timer_start; /* when libcurl set its timer ... */
	double timer_ms;        /* ... and for how long */
	bool watched;           /* an Append waits ... */
	instr_time watch_start; /* ... since */
} Loop;

static Loop loop = {.epoll_fd = -1, .timer_fd = -1, .idle_socket = -1};

/* What pg_stat_activity calls a wait, by what is waited for. */
static struct
{
	const char *name;
	uint32 number;
} waits[] = {
	[CFDW_AWAITS_NOTHING] = {"CatalogsFdwRequest", 0},
	[CFDW_AWAITS_DESCRIPTOR] = {"CatalogsFdwRequest", 0},
	[CFDW_AWAITS_TURN] = {"CatalogsFdwPace", 0},
	[CFDW_AWAITS_PAUSE] = {"CatalogsFdwBackoff", 0},
	[CFDW_AWAITS_LOGIN] = {"CatalogsFdwRequest", 0},
	[CFDW_AWAITS_REPLY] = {"CatalogsFdwRequest", 0},
};

static bool initialize_curl(void);
static CURLM *create_multi(void);
static bool open_descriptors(void);
static void make_wait_set(void);
static void forget_idle_socket(void);
static double timer_left_ms(void);
static void act(curl_socket_t socket, int events);
static void set_timer(double ms);
static double ms_since(instr_time start);
static int on_socket(CURL *easy, curl_socket_t socket, int what, void *arg,
					 void *known);
static int on_timer(CURLM *multi, long timeout_ms, void *arg);
static int on_resolve(void *resolver, void *reserved, void *arg);

/*
 * Gives waits their names, unless they have them.  Raises an error when the server
 * has no more room for them.
 */
void
cfdw_loop_name_waits(void)
{
	for (size_t i = 0; i < lengthof(waits); i++)
		if (waits[i].number == 0)
			waits[i].number = cfdw_new_wait_event(waits[i].name);
}

/*
 * Makes everything ready for transfers, unless it is.  Returns CURLE_OK, or why
 * not: CURLE_AGAIN when descriptors run out.  Never raises.
 */
CURLcode
cfdw_loop_open(void)
{
	if (loop.multi != NULL)
		return CURLE_OK;
	cfdw_loop_close(); /* the wait event set, if there is one */
	if (!initialize_curl())
		return CURLE_FAILED_INIT;
	if (!open_descriptors())
	{
		cfdw_loop_close();
		return CURLE_AGAIN;
	}
	loop.multi = create_multi();
	if (loop.multi == NULL)
	{
		cfdw_loop_close();
		return CURLE_OUT_OF_MEMORY;
	}
	curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, on_timer);

	/* Of each share object, that is for each account. */
	curl_multi_setopt(loop.multi, CURLMOPT_MAXCONNECTS, 1L);
#if LIBCURL_VERSION_NUM >= 0x081400
	/* Closing does not wait for a thread that resolves a name. */
	curl_multi_setopt(loop.multi, CURLMOPT_QUICK_EXIT, 1L);
#endif
	return CURLE_OK;
}

/*
 * Closes all that is open.  No handle may be in it.  Never raises.
 */
void
cfdw_loop_close(void)
{
	if (loop.multi != NULL)
		curl_multi_cleanup(loop.multi);
	loop.multi = NULL;
	if (loop.wait_set != NULL)
		FreeWaitEventSet(loop.wait_set);
	loop.wait_set = NULL;
	if (loop.timer_fd >= 0)
		close(loop.timer_fd);
	loop.timer_fd = -1;
	if (loop.epoll_fd >= 0)
		close(loop.epoll_fd);
	loop.epoll_fd = -1;
	for (; loop.descriptors > 0; loop.descriptors--)
		ReleaseExternalFD();
	loop.idle_socket = -1;
	loop.timer_set = false;
	loop.broken = false;
	loop.watched = false;
}

/*
 * Whether a callback could not do its work: then no transfer can go on, and the
 * loop has to be closed.
 */
bool
cfdw_loop_is_broken(void)
{
	return loop.broken;
}

/*
 * Accounts for one descriptor with fd.c; the caller releases it with
 * ReleaseExternalFD().  When there is none, MAKE_ROOM (or NULL) releases one of
 * its own or returns false: then there is none to be had.  Never raises.
 */
bool
cfdw_loop_acquire_descriptor(bool (*make_room)(void))
{
	int n = 0;

	for (;;)
	{
		while (n <= SPARE_DESCRIPTORS && AcquireExternalFD())
			n++;
		if (n > SPARE_DESCRIPTORS || make_room == NULL || !make_room())
			break;
	}
	for (int spare = Min(n, SPARE_DESCRIPTORS); spare > 0; spare--)
		ReleaseExternalFD();
	return n > SPARE_DESCRIPTORS;
}

/*
 * Raises 53000, 53200 or HV000 for what was returned above, or when libcurl
 * refuses what it is set up with.
 */
void
cfdw_loop_check(CURLcode code)
{
	if (code == CURLE_AGAIN)
		ereport(
			ERROR,
			(errcode(ERRCODE_INSUFFICIENT_RESOURCES),
			 errmsg("too many open files to connect to a foreign server"),
			 errhint(
				 "Close cursors and other connections, or raise \"max_files_per_process\".")));
	if (code == CURLE_OUT_OF_MEMORY)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (code != CURLE_OK)
		ereport(ERROR, (errcode(ERRCODE_FDW_ERROR),
						errmsg("could not set up a request: %s",
							   curl_easy_strerror(code))));
}

/*
 * Puts a handle into the loop, and lets it begin; false when libcurl does not take
 * it.  Never raises.
 */
bool
cfdw_loop_add(CURL *easy)
{
	if (curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve) !=
			CURLE_OK ||
		curl_multi_add_handle(loop.multi, easy) != CURLM_OK)
		return false;
	act(CURL_SOCKET_TIMEOUT, 0);
	return true;
}

/*
 * Takes a handle out of the loop: its connection is kept when its transfer has
 * ended well, closed otherwise.  Never raises.
 */
void
cfdw_loop_remove(CURL *easy)
{
	curl_multi_remove_handle(loop.multi, easy);
}

/*
 * The next handle whose transfer has ended, with libcurl's CODE for how; or
 * NULL.  It is still in the loop.  Never raises.
 */
CURL *
cfdw_loop_next_ended(CURLcode *code)
{
	CURLMsg *message;
	int left;

	while (loop.multi != NULL &&
		   (message = curl_multi_info_read(loop.multi, &left)) != NULL)
	{
		if (message->msg != CURLMSG_DONE)
			continue;
		*code = message->data.result;
		return message->easy_handle;
	}
	return NULL;
}

/*
 * Waits until libcurl has something to do, at most TIMEOUT_MS, and does it.
 * Returns how many milliseconds that took.  AWAITED is told to others.  Raises 57014 or 57P01 when the
 * backend is told to stop, 53000 when the descriptor to wait with is not to be
 * had; nothing when it is ABORTING: then it does not look at the latch.
 */
double
cfdw_loop_wait(double timeout_ms, CfdwAwaited awaited, bool aborting)
{
	long timeout =
		(long) Min(ceil(Max(Min(timeout_ms, timer_left_ms()), 0)), INT_MAX);
	WaitEvent event;
	instr_time start;

	INSTR_TIME_SET_CURRENT(start);
	forget_idle_socket();
	if (aborting)
	{
		struct pollfd ready = {loop.epoll_fd, POLLIN, 0};

		pgstat_report_wait_start(waits[awaited].number);
		poll(&ready, 1, timeout);
		pgstat_report_wait_end();
	}
	else
	{
		make_wait_set();
		if (WaitEventSetWait(loop.wait_set, timeout, &event, 1,
							 waits[awaited].number) > 0 &&
			(event.events & WL_LATCH_SET))
		{
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
	}
	cfdw_loop_drive();
	return ms_since(start);
}

/*
 * Does, for all that is in the loop, what can be done without waiting.  Never
 * raises.
 */
void
cfdw_loop_drive(void)
{
	struct epoll_event events[MAX_EVENTS];
	int n;

	if (loop.multi == NULL)
		return;
	n = epoll_wait(loop.epoll_fd, events, lengthof(events), 0);
	for (int i = 0; i < n; i++)
	{
		int ready = 0;

		if (events[i].data.fd == loop.timer_fd)
		{
			set_timer(DBL_MAX);
			continue;
		}
		if (events[i].events & EPOLLIN)
			ready |= CURL_CSELECT_IN;
		if (events[i].events & EPOLLOUT)
			ready |= CURL_CSELECT_OUT;
		if (events[i].events & (EPOLLERR | EPOLLHUP))
			ready |= CURL_CSELECT_ERR;
		act(events[i].data.fd, ready);
	}
	if (timer_left_ms() <= 0)
	{
		loop.timer_set = false;
		act(CURL_SOCKET_TIMEOUT, 0);
	}
}

/*
 * Somebody else, an Append, waits: returns the descriptor that is readable as
 * soon as libcurl has something to do, or after so many milliseconds.  Then
 * cfdw_loop_end_watch() is due.  Raises 53000 when descriptors run out.
 */
int
cfdw_loop_watch(double ms)
{
	cfdw_loop_check(cfdw_loop_open());
	forget_idle_socket();
	set_timer(Min(ms, timer_left_ms()));
	loop.watched = true;
	INSTR_TIME_SET_CURRENT(loop.watch_start);
	return loop.epoll_fd;
}

/*
 * Whether somebody waited, and since how many milliseconds.
 */
bool
cfdw_loop_end_watch(double *elapsed_ms)
{
	if (!loop.watched)
		return false;
	loop.watched = false;
	*elapsed_ms = ms_since(loop.watch_start);
	return true;
}

/*
 * Once in the life of a backend, and never undone: other libraries in the
 * process may use libcurl as well.
 */
static bool
initialize_curl(void)
{
	static bool initialized = false;

	if (!initialized)
		initialized = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
	return initialized;
}

/*
 * A multi handle.  The descriptors that it makes for itself, two at most, are not for
 * the programs that the backend may start: they are the first that are free.
 */
static CURLM *
create_multi(void)
{
	int descriptors[2];
	CURLM *multi;

	for (size_t i = 0; i < lengthof(descriptors); i++)
		descriptors[i] = fcntl(loop.epoll_fd, F_DUPFD_CLOEXEC, 0);
	for (size_t i = 0; i < lengthof(descriptors); i++)
		if (descriptors[i] >= 0)
			close(descriptors[i]);
	multi = curl_multi_init();
	for (size_t i = 0; i < lengthof(descriptors); i++)
		if (descriptors[i] >= 0)
			fcntl(descriptors[i], F_SETFD, FD_CLOEXEC);
	return multi;
}

/*
 * An epoll descriptor, with a timer in it; false when descriptors run out.
 */
static bool
open_descriptors(void)
{
	struct epoll_event event = {.events = EPOLLIN};

	while (loop.descriptors < LOOP_DESCRIPTORS)
	{
		if (!cfdw_loop_acquire_descriptor(NULL))
			return false;
		loop.descriptors++;
	}
	loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	event.data.fd = loop.timer_fd;
	return loop.epoll_fd >= 0 && loop.timer_fd >= 0 &&
		   epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, loop.timer_fd, &event) == 0;
}

/*
 * The epoll descriptor in a wait event set with what every wait ends for.
 */
static void
make_wait_set(void)
{
	WaitEventSet *set;

	if (loop.wait_set != NULL)
		return;
	set = cfdw_create_wait_event_set(3);
	/* Room for three was made. */
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL,
						  NULL);
	if (loop.epoll_fd >= 0)
		AddWaitEventToSet(set, WL_SOCKET_READABLE, loop.epoll_fd, NULL, NULL);
	loop.wait_set = set;
}

/*
 * Nobody is to be woken by a connection that is only kept.
 */
static void
forget_idle_socket(void)
{
	if (loop.idle_socket >= 0)
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, loop.idle_socket, NULL);
	loop.idle_socket = -1;
}

/*
 * How long it is until libcurl wants to be called.
 */
static double
timer_left_ms(void)
{
	return loop.timer_set ? loop.timer_ms - ms_since(loop.timer_start)
						  : DBL_MAX;
}

static void
act(curl_socket_t socket, int events)
{
	int running;

	if (curl_multi_socket_action(loop.multi, socket, events, &running) !=
		CURLM_OK)
		loop.broken = true;
	if (loop.blocked)
		sigprocmask(SIG_SETMASK, &loop.saved, NULL);
	loop.blocked = false;
}

/*
 * Makes the timer descriptor readable in so many milliseconds; never for
 * DBL_MAX.
 */
static void
set_timer(double ms)
{
	struct itimerspec when = {0};

	if (ms < INT_MAX)
	{
		when.it_value.tv_sec = (time_t) (Max(ms, 0) / 1000);
		when.it_value.tv_nsec =
			(long) ((Max(ms, 0) - when.it_value.tv_sec * 1000.0) * 1e6);
		/* All zero would stop it. */
		when.it_value.tv_nsec = Max(when.it_value.tv_nsec, 1);
	}
	timerfd_settime(loop.timer_fd, 0, &when, NULL);
}

static double
ms_since(instr_time start)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, start);
	return INSTR_TIME_GET_MILLISEC(now);
}

/*
 * libcurl wants to know of a socket's readiness, or no longer.  A request's end
 * is mostly followed by the next one over the same connection: so its socket
 * stays where it is until somebody waits for others.
 */
static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	struct epoll_event event = {.data.fd = socket};
	bool there = known != NULL || socket == loop.idle_socket;

	(void) easy;
	(void) arg;
	if (what == CURL_POLL_REMOVE)
	{
		forget_idle_socket();
		loop.idle_socket = socket;
		return 0;
	}
	if (socket == loop.idle_socket)
		loop.idle_socket = -1;
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;

	/* It may have been closed meanwhile, and be another one. */
	if ((!there ||
		 epoll_ctl(loop.epoll_fd, EPOLL_CTL_MOD, socket, &event) != 0) &&
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_ADD, socket, &event) != 0)
		loop.broken = true;
	if (known == NULL &&
		curl_multi_assign(loop.multi, socket, &loop) != CURLM_OK)
		loop.broken = true;
	return 0;
}

/*
 * libcurl wants to be called after TIMEOUT_MS, or, when negative, not.
 */
static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	(void) multi;
	(void) arg;
	loop.timer_set = timeout_ms >= 0;
	loop.timer_ms = timeout_ms;
	INSTR_TIME_SET_CURRENT(loop.timer_start);
	return 0;
}

/*
 * libcurl may start a thread that resolves a name.  Signals are blocked until
 * it returns, and so in that thread for good: PostgreSQL's handlers must run in
 * the backend's own.
 */
static int
on_resolve(void *resolver, void *reserved, void *arg)
{
	(void) resolver;
	(void) reserved;
	(void) arg;
	if (!loop.blocked)
		sigprocmask(SIG_SETMASK, &BlockSig, &loop.saved);
	loop.blocked = true;
	return 0;
}
