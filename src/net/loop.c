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
 * To wait for a descriptor by way of another one costs, and mostly there is one
 * transfer, over the connection that the last one has left.  Its socket stands in
 * a wait event set of its own then, as long as it is alone and stays open.
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
#include "storage/fd.h"
#include "storage/latch.h"
#include "utils/memutils.h"
#include "utils/wait_event.h"

#include "compat.h"
#include "net/clock.h"
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
	CURLM *multi; /* NULL while nothing needs it */
	int epoll_fd; /* -1 when not open */
	int timer_fd; /* in the epoll descriptor; for an Append that waits */
	WaitEventSet *wait_set;

	/* The only transfer goes over a kept connection, the same as the one before:
	 * its socket, or CURL_SOCKET_BAD, and what libcurl wants to know of it. */
	curl_socket_t lone;
	uint32 lone_events; /* WL_SOCKET_* */
	WaitEventSet *lone_set;
	curl_socket_t in_lone_set;
	curl_socket_t last_kept; /* that a transfer went over */

	int descriptors; /* accounted for with fd.c */
	bool broken;     /* a callback could not do its work */
	bool blocked;    /* signals are, until libcurl returns ... */
	sigset_t saved;  /* ... to these */
	bool timer_set;
	int64 timer_us; /* when libcurl wants to be called */
	int64 watch_us; /* since then an Append waits; or 0 */
} Loop;

static Loop loop = {.epoll_fd = -1,
					.timer_fd = -1,
					.lone = CURL_SOCKET_BAD,
					.in_lone_set = CURL_SOCKET_BAD,
					.last_kept = CURL_SOCKET_BAD};

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

static void check(CURLcode code);
static bool initialize_curl(void);
static CURLM *create_multi(void);
static bool lacks_descriptors(void);
static bool open_descriptors(void);
static int wait_while_aborting(long timeout_ms);
static int wait_interruptibly(long timeout_ms, uint32 wait_event);
static WaitEventSet *choose_wait_set(void);
static void make_lone_set(void);
static WaitEventSet *make_wait_set(int fd);
static void free_wait_set(WaitEventSet **set);
static void join_others(void);
static void drive_sockets(void);
static void drive_timer(void);
static double timer_left_ms(void);
static void act(curl_socket_t socket, int events);
static void set_timer(double ms);
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
		CURLcode code = lacks_descriptors() ? CURLE_AGAIN : CURLE_OUT_OF_MEMORY;

		cfdw_loop_close();
		return code;
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
	free_wait_set(&loop.wait_set);
	cfdw_loop_opens();
	free_wait_set(&loop.lone_set);
	if (loop.timer_fd >= 0)
		close(loop.timer_fd);
	loop.timer_fd = -1;
	if (loop.epoll_fd >= 0)
		close(loop.epoll_fd);
	loop.epoll_fd = -1;
	for (; loop.descriptors > 0; loop.descriptors--)
		ReleaseExternalFD();
	loop.timer_set = false;
	loop.broken = false;
	loop.watch_us = 0;
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
 * Puts a handle into the loop, and lets it begin; KEPT is the socket of the kept
 * connection that it is going to use, when it is alone there, or CURL_SOCKET_BAD.
 * False when libcurl does not take it.  Never raises.
 */
bool
cfdw_loop_add(CURL *easy, curl_socket_t kept)
{
	bool again = kept != CURL_SOCKET_BAD && kept == loop.last_kept;

	if (curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolve) !=
			CURLE_OK ||
		curl_multi_add_handle(loop.multi, easy) != CURLM_OK)
		return false;
	join_others();
	if (again)
		loop.lone = kept;
	loop.last_kept = kept;
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
 * A connection is going to be made, so its socket may have the number of one that was
 * closed.  Never raises, and may be called by functions that libcurl calls.
 */
void
cfdw_loop_opens(void)
{
	loop.lone = CURL_SOCKET_BAD;
	loop.lone_events = 0;
	loop.in_lone_set = CURL_SOCKET_BAD;
	loop.last_kept = CURL_SOCKET_BAD;
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
 * Returns how many milliseconds that took.  AWAITED is told to others.  Raises 53000
 * when the descriptor to wait with is not to be had.  It ends when the latch is set, and
 * whoever waits then looks for interrupts; but when it is ABORTING, it does not look at the
 * latch, and raises nothing.
 */
double
cfdw_loop_wait(double timeout_ms, CfdwAwaited awaited, bool aborting)
{
	long timeout =
		(long) Min(ceil(Max(Min(timeout_ms, timer_left_ms()), 0)), INT_MAX);
	int64 start_us = cfdw_clock_us();
	int ready;

	if (aborting)
	{
		pgstat_report_wait_start(waits[awaited].number);
		ready = wait_while_aborting(timeout);
		pgstat_report_wait_end();
	}
	else
		ready = wait_interruptibly(timeout, waits[awaited].number);
	if (loop.lone_events == 0)
		drive_sockets();
	else if (ready != 0)
		act(loop.lone, ready);
	drive_timer();
	return cfdw_clock_ms_since(start_us);
}

/*
 * Does, for all that is in the loop, what can be done without waiting.  Never
 * raises.
 */
void
cfdw_loop_drive(void)
{
	join_others();
	drive_sockets();
	drive_timer();
}

/*
 * Somebody else, an Append, waits: returns the descriptor that is readable as
 * soon as libcurl has something to do, or after so many milliseconds.  Then
 * cfdw_loop_end_watch() is due.  Raises 53000 when descriptors run out, or 53200.
 */
int
cfdw_loop_watch(double ms)
{
	check(cfdw_loop_open());
	join_others();
	set_timer(Min(ms, timer_left_ms()));
	loop.watch_us = cfdw_clock_us();
	return loop.epoll_fd;
}

/*
 * Since how many milliseconds somebody has waited; 0 when nobody has.
 */
double
cfdw_loop_end_watch(void)
{
	double waited_ms =
		loop.watch_us != 0 ? cfdw_clock_ms_since(loop.watch_us) : 0;

	loop.watch_us = 0;
	return waited_ms;
}

/*
 * Raises 53000, 53200 or HV000 for what cfdw_loop_open() has returned.
 */
static void
check(CURLcode code)
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
 * Whether descriptors are what it lacked: libcurl does not say.  Newer ones make no
 * multi handle without them.
 */
static bool
lacks_descriptors(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return errno == EMFILE || errno == ENFILE;
	close(ends[0]);
	close(ends[1]);
	return false;
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
 * Waits for the lone socket, or else for the epoll descriptor; returns what libcurl
 * is to be told of the former.
 */
static int
wait_while_aborting(long timeout_ms)
{
	struct pollfd ready = {loop.epoll_fd, POLLIN, 0};

	if (loop.lone_events != 0)
	{
		ready.fd = loop.lone;
		ready.events = (loop.lone_events & WL_SOCKET_READABLE ? POLLIN : 0) |
					   (loop.lone_events & WL_SOCKET_WRITEABLE ? POLLOUT : 0);
	}
	poll(&ready, 1, (int) timeout_ms);
	return (ready.revents & POLLIN ? CURL_CSELECT_IN : 0) |
		   (ready.revents & POLLOUT ? CURL_CSELECT_OUT : 0) |
		   (ready.revents & (POLLERR | POLLHUP) ? CURL_CSELECT_ERR : 0);
}

/*
 * The same, until the latch is set at the most.
 */
static int
wait_interruptibly(long timeout_ms, uint32 wait_event)
{
	WaitEvent event;

	if (WaitEventSetWait(choose_wait_set(), timeout_ms, &event, 1,
						 wait_event) == 0)
		return 0;
	if (event.events & WL_LATCH_SET)
		ResetLatch(MyLatch);
	return (event.events & WL_SOCKET_READABLE ? CURL_CSELECT_IN : 0) |
		   (event.events & WL_SOCKET_WRITEABLE ? CURL_CSELECT_OUT : 0);
}

/*
 * The wait event set with the lone socket, or else with the epoll descriptor.
 */
static WaitEventSet *
choose_wait_set(void)
{
	if (loop.lone_events != 0 && loop.in_lone_set != loop.lone)
		make_lone_set();
	if (loop.lone_events == 0)
	{
		if (loop.wait_set == NULL)
			loop.wait_set = make_wait_set(loop.epoll_fd);
		return loop.wait_set;
	}
	/* After the latch and the postmaster's death. */
	ModifyWaitEvent(loop.lone_set, IsUnderPostmaster ? 2 : 1, loop.lone_events,
					NULL);
	return loop.lone_set;
}

/*
 * Makes the wait event set of the lone socket, if a descriptor is to be had for it.
 */
static void
make_lone_set(void)
{
	free_wait_set(&loop.lone_set);
	loop.in_lone_set = CURL_SOCKET_BAD; /* should there be no other */
	if (!cfdw_loop_acquire_descriptor(NULL))
	{
		join_others();
		return;
	}
	/* It accounts for that itself. */
	ReleaseExternalFD();
	loop.lone_set = make_wait_set(loop.lone);
	loop.in_lone_set = loop.lone;
}

/*
 * A descriptor, or none for -1, in a wait event set with what every wait ends for.
 */
static WaitEventSet *
make_wait_set(int fd)
{
	WaitEventSet *set = cfdw_create_wait_event_set(3);

	/* Room for three was made. */
	AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	if (IsUnderPostmaster)
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL,
						  NULL);
	if (fd >= 0)
		AddWaitEventToSet(set, WL_SOCKET_READABLE, fd, NULL, NULL);
	return set;
}

static void
free_wait_set(WaitEventSet **set)
{
	if (*set != NULL)
		FreeWaitEventSet(*set);
	*set = NULL;
}

/*
 * The lone socket is to be waited for with others: it goes where they are.
 */
static void
join_others(void)
{
	curl_socket_t socket = loop.lone;
	uint32 events = loop.lone_events;

	loop.lone = CURL_SOCKET_BAD;
	loop.lone_events = 0;
	if (events != 0)
		on_socket(NULL, socket,
				  (events & WL_SOCKET_READABLE ? CURL_POLL_IN : 0) |
					  (events & WL_SOCKET_WRITEABLE ? CURL_POLL_OUT : 0),
				  NULL, NULL);
}

/*
 * Tells libcurl which of the sockets in the epoll descriptor are ready.
 */
static void
drive_sockets(void)
{
	struct epoll_event events[MAX_EVENTS];
	int n = 0;

	if (loop.multi != NULL)
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
}

static void
drive_timer(void)
{
	if (timer_left_ms() > 0)
		return;
	loop.timer_set = false;
	act(CURL_SOCKET_TIMEOUT, 0);
}

/*
 * How long it is until libcurl wants to be called.
 */
static double
timer_left_ms(void)
{
	return loop.timer_set ? -cfdw_clock_ms_since(loop.timer_us) : DBL_MAX;
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

/*
 * libcurl wants to know of a socket's readiness, or no longer.
 */
static int
on_socket(CURL *easy, curl_socket_t socket, int what, void *arg, void *known)
{
	struct epoll_event event = {.data.fd = socket};

	(void) easy;
	(void) arg;
	if (socket == loop.lone)
	{
		loop.lone_events = (what & CURL_POLL_IN ? WL_SOCKET_READABLE : 0) |
						   (what & CURL_POLL_OUT ? WL_SOCKET_WRITEABLE : 0);
		return 0;
	}
	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(loop.epoll_fd, EPOLL_CTL_DEL, socket, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		event.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		event.events |= EPOLLOUT;

	/* It may have been closed meanwhile, and be another one. */
	if ((known == NULL ||
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
	loop.timer_us = cfdw_clock_us() + timeout_ms * INT64CONST(1000);
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
	cfdw_loop_opens();
	if (!loop.blocked)
		sigprocmask(SIG_SETMASK, &BlockSig, &loop.saved);
	loop.blocked = true;
	return 0;
}
