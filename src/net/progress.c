/*-------------------------------------------------------------------------
 *
 * progress.c
 *	  What each session is doing with which account, for others to see.
 *
 * Owns the places where it stands: an entry of shared memory for each process that
 * the server may have, which passes from one backend to the next, with room for
 * some accounts.  A backend writes what is its own, without a lock, and counts its
 * changes, so that who reads in the midst of one reads again; as
 * backend_status.c does.
 *
 * Must not know why something is asked or waited for.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/proc.h"
#include "utils/timestamp.h"

#include "net/progress.h"
#include "net/shared.h"

/* A session that has to do with more accounts at once does not show the others. */
#define MAX_ACCOUNTS 16

struct CfdwProgress
{
	pg_atomic_uint32 changes; /* odd: in the midst of one */
	CfdwProgressView view;    /* while idle, nothing of it is true */
	CfdwWork reading;         /* what is read, also while something is sent */
};

/* What one backend shows. */
typedef struct Places
{
	CfdwSharedHead head;
	CfdwProgress places[MAX_ACCOUNTS];
} Places;

/* This backend's; NULL: not yet found. */
static Places *own = NULL;

static void init_places(void *entry);
static void show_work(CfdwProgress *progress, const CfdwWork *work);
static CfdwProgressView *begin_change(CfdwProgress *progress);
static void end_change(CfdwProgress *progress);
static void copy_view(CfdwProgress *progress, CfdwProgressView *view);

static const CfdwSharedTable entries = {.number = CFDW_SHARED_PROGRESS,
										.entry_size = sizeof(Places),
										.init = init_places};

/*
 * Finds where this backend shows what it does, unless it is found.  Raises 53200.
 */
void
cfdw_progress_prepare(void)
{
	CfdwSharedKey key;

	if (own != NULL)
		return;
	cfdw_shared_key(&key, InvalidOid, (uint32) (MyProc - ProcGlobal->allProcs),
					"");
	own = cfdw_shared_entry(&entries, &key);
	for (int i = 0; i < MAX_ACCOUNTS; i++)
		cfdw_progress_end(&own->places[i]);
}

/*
 * A place for what is done with an account, until cfdw_progress_end().  NULL when
 * there is none left.  Never raises, and neither do those below but the last.
 */
CfdwProgress *
cfdw_progress_begin(Oid serverid, const char *url)
{
	for (int i = 0; own != NULL && i < MAX_ACCOUNTS; i++)
	{
		CfdwProgress *progress = &own->places[i];
		CfdwProgressView *view;

		if (progress->view.pid != 0)
			continue;
		memset(&progress->reading, 0, sizeof(CfdwWork));
		view = begin_change(progress);
		memset(view, 0, sizeof(*view));
		view->pid = MyProcPid;
		view->role = GetSessionUserId();
		view->database = MyDatabaseId;
		view->serverid = serverid;
		strlcpy(view->url, url, sizeof(view->url));
		end_change(progress);
		return progress;
	}
	return NULL;
}

/*
 * Something is begun, or goes on: what is read beside what is being read adds to
 * it.
 */
void
cfdw_progress_work(CfdwProgress *progress, const CfdwWork *work)
{
	if (progress == NULL)
		return;
	if (work->activity == CFDW_READS &&
		progress->reading.activity != CFDW_READS)
		progress->reading = *work;
	show_work(progress,
			  work->activity == CFDW_READS ? &progress->reading : work);
}

/*
 * What was sent, or taken back, is answered: what is read beside it goes on.
 */
void
cfdw_progress_sent(CfdwProgress *progress)
{
	if (progress != NULL && progress->reading.activity == CFDW_READS)
		show_work(progress, &progress->reading);
}

/*
 * So many rows and bytes more were read.
 */
void
cfdw_progress_read(CfdwProgress *progress, int64 rows, int64 bytes)
{
	if (progress == NULL)
		return;
	progress->reading.rows += rows;
	progress->reading.bytes += bytes;
	if (progress->view.work.activity == CFDW_READS)
		show_work(progress, &progress->reading);
}

void
cfdw_progress_await(CfdwProgress *progress, CfdwAwaited awaited,
					TimestampTz until)
{
	CfdwProgressView *view;

	if (progress == NULL)
		return;
	view = begin_change(progress);
	view->awaited = awaited;
	view->until = until;
	end_change(progress);
}

/*
 * Whether it is shown that nothing is waited for.
 */
bool
cfdw_progress_awaits_nothing(const CfdwProgress *progress)
{
	return progress != NULL && progress->view.awaited == CFDW_AWAITS_NOTHING;
}

void
cfdw_progress_end(CfdwProgress *progress)
{
	if (progress == NULL)
		return;
	begin_change(progress)->pid = 0;
	end_change(progress);
}

/*
 * What all sessions do: a List of CfdwProgressView in the current memory context.
 * Raises 53200, and 57014 or 57P01 when the backend is told to stop.
 */
List *
cfdw_progress_list(void)
{
	List *views = NIL;
	ListCell *lc;

	foreach(lc, cfdw_shared_entries(&entries))
	{
		Places *places = lfirst(lc);

		for (int i = 0; i < MAX_ACCOUNTS; i++)
		{
			CfdwProgressView view;

			copy_view(&places->places[i], &view);
			if (view.pid != 0 && view.work.activity != CFDW_IDLE)
				views = lappend(
					views, memcpy(palloc(sizeof(view)), &view, sizeof(view)));
		}
	}
	return views;
}

static void
init_places(void *entry)
{
	Places *places = entry;

	for (int i = 0; i < MAX_ACCOUNTS; i++)
		pg_atomic_init_u32(&places->places[i].changes, 0);
}

static void
show_work(CfdwProgress *progress, const CfdwWork *work)
{
	CfdwProgressView *view = begin_change(progress);

	view->work = *work;
	end_change(progress);
}

/*
 * From here to end_change() nothing may raise.
 */
static CfdwProgressView *
begin_change(CfdwProgress *progress)
{
	pg_atomic_write_u32(&progress->changes,
						pg_atomic_read_u32(&progress->changes) + 1);
	pg_write_barrier();
	return &progress->view;
}

static void
end_change(CfdwProgress *progress)
{
	pg_write_barrier();
	pg_atomic_write_u32(&progress->changes,
						pg_atomic_read_u32(&progress->changes) + 1);
}

static void
copy_view(CfdwProgress *progress, CfdwProgressView *view)
{
	for (;;)
	{
		uint32 before = pg_atomic_read_u32(&progress->changes);

		pg_read_barrier();
		memcpy(view, &progress->view, sizeof(*view));
		pg_read_barrier();
		if (before % 2 == 0 && before == pg_atomic_read_u32(&progress->changes))
			return;
		CHECK_FOR_INTERRUPTS();
	}
}
