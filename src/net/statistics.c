/*-------------------------------------------------------------------------
 *
 * statistics.c
 *	  What an account was asked, and what came of it, counted by all backends.
 *
 * Owns the counters: an entry of shared memory for each server of a database and
 * the account that it leads to.  Who counts has found the entry before, takes no
 * lock and needs no memory: that is done in libcurl's callbacks, in statements that
 * fail and in aborts.  The last error alone is under a lock, for as long as it
 * takes to copy it.
 *
 * Must not know what a request is for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "net/shared.h"
#include "net/statistics.h"

struct CfdwStatistics
{
	CfdwSharedHead head;
	pg_atomic_uint64 since; /* a TimestampTz */
	pg_atomic_uint64 counters[CFDW_NCOUNTERS];
	slock_t lock; /* of what follows */
	TimestampTz error_time;
	int sqlstate;
	int encoding;
	char message[CFDW_LAST_ERROR_SIZE];
};

static void init_statistics(void *entry);
static void copy_statistics(CfdwStatistics *statistics,
							CfdwStatisticsView *view);
static size_t copy_text(char *to, size_t size, const char *text);

static const CfdwSharedTable entries = {.number = CFDW_SHARED_STATISTICS,
										.entry_size = sizeof(CfdwStatistics),
										.init = init_statistics};

/*
 * Those of the account at URL, as that server of this database leads to it.  Valid
 * until the backend ends.  Raises 53200.
 */
CfdwStatistics *
cfdw_statistics_open(Oid serverid, const char *url)
{
	CfdwSharedKey key;

	cfdw_shared_key(&key, MyDatabaseId, serverid, url);
	return cfdw_shared_entry(&entries, &key);
}

/*
 * Never raises; may be called by functions that libcurl calls.
 */
void
cfdw_statistics_count(CfdwStatistics *statistics, CfdwCounter counter, int64 n)
{
	if (statistics != NULL && n != 0)
		pg_atomic_fetch_add_u64(&statistics->counters[counter], n);
}

/*
 * Counts an error, and keeps it as the last one: no secret may be in it.  DETAIL
 * are sentences.  Never raises.
 */
void
cfdw_statistics_error(CfdwStatistics *statistics, int sqlstate,
					  const char *message, const char *detail)
{
	TimestampTz now = GetCurrentTimestamp();
	char text[CFDW_LAST_ERROR_SIZE];
	size_t len;

	if (statistics == NULL)
		return;
	cfdw_statistics_count(statistics, CFDW_COUNT_ERRORS, 1);
	len = copy_text(text, sizeof(text) - strlen(": "), message);
	strcpy(text + len, ": ");
	len += strlen(": ");
	copy_text(text + len, sizeof(text) - len, detail);
	SpinLockAcquire(&statistics->lock);
	statistics->error_time = now;
	statistics->sqlstate = sqlstate;
	statistics->encoding = GetDatabaseEncoding();
	memcpy(statistics->message, text, sizeof(text));
	SpinLockRelease(&statistics->lock);
}

/*
 * All that there are: a List of CfdwStatisticsView in the current memory context.
 * Raises 53200.
 */
List *
cfdw_statistics_list(void)
{
	List *views = NIL;
	ListCell *lc;

	foreach(lc, cfdw_shared_entries(&entries))
	{
		CfdwStatisticsView *view = palloc(sizeof(CfdwStatisticsView));

		copy_statistics(lfirst(lc), view);
		views = lappend(views, view);
	}
	return views;
}

/*
 * Begins anew, for all.  Raises 53200.
 */
void
cfdw_statistics_reset(void)
{
	TimestampTz now = GetCurrentTimestamp();
	ListCell *lc;

	foreach(lc, cfdw_shared_entries(&entries))
	{
		CfdwStatistics *statistics = lfirst(lc);

		for (int i = 0; i < CFDW_NCOUNTERS; i++)
			pg_atomic_write_u64(&statistics->counters[i], 0);
		pg_atomic_write_u64(&statistics->since, (uint64) now);
		SpinLockAcquire(&statistics->lock);
		statistics->error_time = 0;
		SpinLockRelease(&statistics->lock);
	}
}

static void
init_statistics(void *entry)
{
	CfdwStatistics *statistics = entry;

	pg_atomic_init_u64(&statistics->since, (uint64) GetCurrentTimestamp());
	for (int i = 0; i < CFDW_NCOUNTERS; i++)
		pg_atomic_init_u64(&statistics->counters[i], 0);
	SpinLockInit(&statistics->lock);
}

static void
copy_statistics(CfdwStatistics *statistics, CfdwStatisticsView *view)
{
	view->database = statistics->head.key.database;
	view->serverid = statistics->head.key.id;
	view->url = statistics->head.key.url;
	view->shared = statistics->head.shared;
	view->since = (TimestampTz) pg_atomic_read_u64(&statistics->since);
	for (int i = 0; i < CFDW_NCOUNTERS; i++)
		view->counters[i] =
			(int64) pg_atomic_read_u64(&statistics->counters[i]);
	SpinLockAcquire(&statistics->lock);
	view->error_time = statistics->error_time;
	view->sqlstate = statistics->sqlstate;
	view->encoding = statistics->encoding;
	memcpy(view->message, statistics->message, sizeof(view->message));
	SpinLockRelease(&statistics->lock);
}

/*
 * As much of TEXT as there is room for, with a zero byte behind; returns how many
 * bytes.
 */
static size_t
copy_text(char *to, size_t size, const char *text)
{
	size_t len = pg_mbcliplen(text, strlen(text), size - 1);

	memcpy(to, text, len);
	to[len] = '\0';
	return len;
}
