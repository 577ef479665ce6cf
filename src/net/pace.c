/*-------------------------------------------------------------------------
 *
 * pace.c
 *	  How often, and when, an account is asked.
 *
 * Owns the line in which the requests of all backends to one account wait for
 * their turn, and until when none is sent because the account has asked to wait.
 *
 * An account that takes N requests in any second has N places.  A request takes one
 * before it goes out, and leaves it a second after it has arrived there, or at once
 * when it did not go out.  So N of them go to an idle account at the same time; and
 * in no second more than N arrive, however long each takes to connect.
 *
 * Who is first in line, and finds a place, takes it: there is nobody who hands it
 * over.  Whoever waits looks again after a while; who has not looked for longer
 * than that is passed over, for it may be a cursor that nobody fetches from, or
 * gone.  So nobody is waited for, and nothing is to be tidied up after whom.
 *
 * Nothing here raises or waits but cfdw_pace_open(): the rest works in an abort, and
 * in a function that libcurl calls.  A lock is held for a look at two small arrays.
 *
 * Must not know what a request is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include <limits.h>

#include "storage/spin.h"

#include "net/clock.h"
#include "net/pace.h"
#include "net/shared.h"

/* An account that takes more in a second takes a part of them in a part of it. */
#define MAX_PLACES 128

/* So many are in line; others stand beside it, and take what those leave. */
#define MAX_IN_LINE 128

/* Who waits looks so often; who has not looked for so long is passed over, and
 * forgotten in the end. */
#define LOOK_US (100 * INT64CONST(1000))
#define PASS_OVER_US (400 * INT64CONST(1000))
#define FORGET_US (60 * INT64CONST(1000000))

#define SECOND_US INT64CONST(1000000)

/*
 * When a request has arrived is not known, only when it went out and when it was
 * answered, and how soon the account answers at best; that is learned anew after so
 * long.  It has not arrived later than this part of a second after it went out; and
 * what is known allows for so much at most, and clocks for so much.
 */
#define LEARN_US (10 * INT64CONST(1000000))
#define LATE_PART(window) ((window) / 100 * 40)
#define TRAVEL_PART(window) ((window) / 100 * 6)
#define CLOCK_PART(window) ((window) / 200)

/* Who has a place; free from then on. */
typedef struct Place
{
	uint64 ticket;
	int64 free_us;
} Place;

/* Who waits for one. */
typedef struct Waiter
{
	uint64 ticket;
	int64 looked_us;
	int places; /* that there are, by its server's limit */
} Waiter;

struct CfdwPace
{
	CfdwSharedHead head;
	slock_t lock; /* of what follows */
	uint64 last_ticket;
	int64 held_off_us; /* nothing is sent before */
	int64 best_us;     /* the account has answered as soon as that, or 0 */
	int64 new_best_us; /* the same since ... */
	int64 learning_us; /* ... then */
	int in_line;
	Waiter line[MAX_IN_LINE]; /* the first one first */
	Place places[MAX_PLACES];
};

static void init_pace(void *entry);
static void add_wait(CfdwTurn *turn, int64 now);
static int stand_in_line(CfdwPace *pace, uint64 ticket, int places, int64 now);
static void leave_line(CfdwPace *pace, uint64 ticket);
static int find_free(const CfdwPace *pace, int64 now, int64 *taken,
					 int *ntaken);
static bool has_place(const CfdwPace *pace, const CfdwTurn *turn);
static bool take_another(CfdwTurn *turn, int64 now);
static void keep_place(CfdwPace *pace, const CfdwTurn *turn, int64 latest_us);
static void learn(CfdwPace *pace, int64 now, int64 took_us);
static int64 wait_for_free(int64 *taken, int ntaken, int n, int64 now);
static int compare_times(const void *a, const void *b);

static const CfdwSharedTable paces = {.number = CFDW_SHARED_PACES,
									  .entry_size = sizeof(CfdwPace),
									  .init = init_pace};

/*
 * The pace of the account at URL.  Valid until the backend ends.  Raises 53200.
 */
CfdwPace *
cfdw_pace_open(const char *url)
{
	CfdwSharedKey key;

	cfdw_shared_key(&key, InvalidOid, 0, url);
	return cfdw_shared_entry(&paces, &key);
}

/*
 * Whether the turn has come: then it has a place, one of LIMIT in a second (0: as
 * many as you like), for LEASE_MS at most unless cfdw_pace_go() is called.  If
 * not, it is in line, and this is to be asked again after *WAIT_MS.
 */
bool
cfdw_pace_take(CfdwPace *pace, CfdwTurn *turn, int limit, int lease_ms,
			   double *wait_ms)
{
	int parts = Max((limit + MAX_PLACES - 1) / MAX_PLACES, 1);
	int places = limit > 0 ? limit / parts : INT_MAX;
	int64 taken[MAX_PLACES];
	int ntaken;
	int place;
	int missing; /* places, until there is one for this */
	int64 now = cfdw_clock_us();
	int64 wait_us;
	bool come;

	SpinLockAcquire(&pace->lock);
	if (turn->pace == NULL)
		*turn = (CfdwTurn){
			.pace = pace, .ticket = ++pace->last_ticket, .looked_us = now};
	add_wait(turn, now);
	place = find_free(pace, now, taken, &ntaken);
	missing = ntaken - stand_in_line(pace, turn->ticket, places, now);
	wait_us = Max(pace->held_off_us - now, 0);
	turn->held_off_us = wait_us > 0 ? pace->held_off_us : 0;
	come = wait_us == 0 && (limit == 0 || missing <= 0);
	if (come)
		leave_line(pace, turn->ticket);
	if (come && limit > 0)
	{
		turn->place = place;
		turn->window_us = SECOND_US / parts;
		turn->places = places;
		pace->places[place].ticket = turn->ticket;
		pace->places[place].free_us =
			now + lease_ms * INT64CONST(1000) + turn->window_us;
	}
	SpinLockRelease(&pace->lock);
	if (!come && wait_us == 0)
		wait_us = wait_for_free(taken, ntaken, missing, now);
	*wait_ms = come ? 0 : Min(wait_us, LOOK_US) / 1000.0;
	return come;
}

/*
 * The request, whose turn has come, is about to go out; AGAIN: once more, though it may
 * have arrived before, and for that it takes another place.  So it does when it has lost
 * its own, for it was so long in going out.  False, and it must not, when no place is
 * free, or the account has asked to wait meanwhile.
 */
bool
cfdw_pace_go(CfdwTurn *turn, bool again)
{
	CfdwPace *pace = turn->pace;
	int64 now = cfdw_clock_us();
	bool may;

	if (pace == NULL)
		return true;
	SpinLockAcquire(&pace->lock);
	may = pace->held_off_us <= now;
	if (may && turn->window_us > 0)
	{
		may = (!again && has_place(pace, turn)) || take_another(turn, now);
		if (may)
			keep_place(pace, turn, now + LATE_PART(turn->window_us));
		turn->sent_us = may ? now : turn->sent_us;
	}
	SpinLockRelease(&pace->lock);
	return may;
}

/*
 * Some of the request goes out.
 */
void
cfdw_pace_sent(CfdwTurn *turn)
{
	CfdwPace *pace = turn->pace;

	if (pace == NULL || turn->window_us == 0)
		return;
	turn->sent_us = cfdw_clock_us();
	SpinLockAcquire(&pace->lock);
	keep_place(pace, turn, turn->sent_us + LATE_PART(turn->window_us));
	SpinLockRelease(&pace->lock);
}

/*
 * Some of the answer is there.
 */
void
cfdw_pace_answered(CfdwTurn *turn)
{
	CfdwPace *pace = turn->pace;
	int64 now;
	int64 latest_us;

	if (pace == NULL || turn->sent_us == 0)
		return;
	now = cfdw_clock_us();
	SpinLockAcquire(&pace->lock);
	latest_us = Max(now - pace->best_us, turn->sent_us);
	latest_us = Min(latest_us, turn->sent_us + LATE_PART(turn->window_us));
	keep_place(pace, turn, latest_us);
	learn(pace, now, now - turn->sent_us);
	SpinLockRelease(&pace->lock);
	memset(turn, 0, sizeof(*turn));
}

/*
 * It is given up, in line or with a place.  Returns how long it was in line, when it was
 * there until now.
 */
int64
cfdw_pace_leave(CfdwTurn *turn)
{
	CfdwPace *pace = turn->pace;
	int64 waited_us;

	if (pace == NULL)
		return 0;
	add_wait(turn, cfdw_clock_us());
	waited_us = turn->waited_us;
	SpinLockAcquire(&pace->lock);
	if (turn->window_us == 0)
		leave_line(pace, turn->ticket);
	else if (turn->sent_us == 0 && has_place(pace, turn))
		pace->places[turn->place].free_us = 0;
	SpinLockRelease(&pace->lock);
	memset(turn, 0, sizeof(*turn));
	return waited_us;
}

/*
 * The account asks not to be asked for so long.
 */
void
cfdw_pace_hold_off(CfdwPace *pace, double ms)
{
	int64 until = cfdw_clock_us() + (int64) (ms * 1000);

	SpinLockAcquire(&pace->lock);
	pace->held_off_us = Max(pace->held_off_us, until);
	SpinLockRelease(&pace->lock);
}

static void
init_pace(void *entry)
{
	CfdwPace *pace = entry;

	SpinLockInit(&pace->lock);
	pace->new_best_us = PG_INT64_MAX;
	/* As if those that nobody knows of had taken all places. */
	for (int i = 0; i < MAX_PLACES; i++)
		pace->places[i].free_us = cfdw_shared_forgotten();
}

/*
 * It has waited since it has looked last, but no longer than until it was passed over:
 * for a cursor that nobody fetches from, nobody waits.
 */
static void
add_wait(CfdwTurn *turn, int64 now)
{
	turn->waited_us += Min(now - turn->looked_us, PASS_OVER_US);
	turn->looked_us = now;
}

/*
 * Finds the waiter in line, or puts it there, and returns how many of the PLACES may be
 * taken, so that there is one for it, and for each that is before it and still looks,
 * by the limits of their own servers.  Forgets those who do not come back.
 */
static int
stand_in_line(CfdwPace *pace, uint64 ticket, int places, int64 now)
{
	int most = INT_MAX;
	int ahead = 0;
	int kept = 0;
	bool found = false;

	for (int i = 0; i < pace->in_line; i++)
	{
		Waiter *waiter = &pace->line[i];

		if (waiter->ticket == ticket)
		{
			found = true;
			waiter->looked_us = now;
		}
		if (now - waiter->looked_us > FORGET_US)
			continue;
		if (!found && now - waiter->looked_us <= PASS_OVER_US)
		{
			ahead++;
			most = Min(most, waiter->places - ahead - 1);
		}
		pace->line[kept++] = *waiter;
	}
	pace->in_line = kept;
	if (!found && kept < MAX_IN_LINE)
		pace->line[pace->in_line++] = (Waiter){ticket, now, places};
	return Min(most, places - ahead - 1);
}

static void
leave_line(CfdwPace *pace, uint64 ticket)
{
	for (int i = 0; i < pace->in_line; i++)
		if (pace->line[i].ticket == ticket)
		{
			pace->in_line--;
			memmove(&pace->line[i], &pace->line[i + 1],
					sizeof(Waiter) * (pace->in_line - i));
			return;
		}
}

/*
 * The number of a place that is free, or -1; until when each of the others is
 * TAKEN, which has room for all.
 */
static int
find_free(const CfdwPace *pace, int64 now, int64 *taken, int *ntaken)
{
	int found = -1;

	*ntaken = 0;
	for (int i = 0; i < MAX_PLACES; i++)
		if (pace->places[i].free_us <= now)
			found = found < 0 ? i : found;
		else
			taken[(*ntaken)++] = pace->places[i].free_us;
	return found;
}

/*
 * Whether it still has its place: one that was too long in going out has lost it.
 */
static bool
has_place(const CfdwPace *pace, const CfdwTurn *turn)
{
	return pace->places[turn->place].ticket == turn->ticket;
}

/*
 * Takes another place, if one is free.
 */
static bool
take_another(CfdwTurn *turn, int64 now)
{
	CfdwPace *pace = turn->pace;
	int64 taken[MAX_PLACES];
	int ntaken;
	int place = find_free(pace, now, taken, &ntaken);

	if (ntaken >= turn->places)
		return false;
	turn->place = place;
	pace->places[place].ticket = turn->ticket;
	return true;
}

/*
 * The request has arrived by then, at the latest: it keeps its place for so long after
 * that, unless it has lost it.
 */
static void
keep_place(CfdwPace *pace, const CfdwTurn *turn, int64 latest_us)
{
	int64 window_us = turn->window_us;

	if (has_place(pace, turn))
		pace->places[turn->place].free_us =
			latest_us + Min(pace->best_us / 2, TRAVEL_PART(window_us)) +
			CLOCK_PART(window_us) + window_us;
}

/*
 * The account has answered that soon.
 */
static void
learn(CfdwPace *pace, int64 now, int64 took_us)
{
	if (pace->learning_us == 0)
		pace->learning_us = now;
	pace->best_us = Min(pace->best_us, took_us);
	pace->new_best_us = Min(pace->new_best_us, took_us);
	if (now - pace->learning_us < LEARN_US)
		return;
	pace->best_us = pace->new_best_us;
	pace->new_best_us = PG_INT64_MAX;
	pace->learning_us = now;
}

/*
 * How long it takes until N more of the places that are TAKEN are free.
 */
static int64
wait_for_free(int64 *taken, int ntaken, int n, int64 now)
{
	if (n > ntaken)
		return LOOK_US;
	qsort(taken, ntaken, sizeof(int64), compare_times);
	return Min(taken[n - 1] - now, LOOK_US);
}

static int
compare_times(const void *a, const void *b)
{
	int64 left = *(const int64 *) a;
	int64 right = *(const int64 *) b;

	return (left > right) - (left < right);
}
