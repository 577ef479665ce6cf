/*-------------------------------------------------------------------------
 *
 * shared.c
 *	  What all backends of the cluster share.
 *
 * Owns the way there, which takes no restart and no shared_preload_libraries: a
 * small block of shared memory is found by its name, and leads to an area of
 * dynamic shared memory with a hash table for each kind of entry.
 *
 * An entry is never removed, nor does it move: who has found it may keep the
 * pointer until the backend ends, and use it where nothing may raise, as in an
 * abort.  To find it takes locks and memory, so that is to be done before.  Nothing
 * is locked here while anybody waits; what protects an entry is its owner's
 * business.
 *
 * Where shared memory is not to be had, and when a table is full, an entry is this
 * backend's own.
 *
 * Must not know what an entry holds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/pg_control.h"
#include "common/controldata_utils.h"
#include "lib/dshash.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "utils/dsa.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

#include "net/clock.h"
#include "net/shared.h"
#include "compat.h"

/* To be changed with whatever is shared: a server may run on while the library is
 * replaced, and backends with different ones must not meet. */
#define CONTROL_NAME "catalogs_fdw " CFDW_VERSION "/4"

/* Entries of a table.  More addresses than anybody has accounts; somebody who may
 * create servers could make as many as there is memory. */
#define MAX_ENTRIES 4096

/* Leads to all else. */
typedef struct Control
{
	int tranche; /* of all locks */
	LWLock lock; /* of what follows */
	bool made;   /* there is an area */
	dsa_handle area;
	/* Until then what was known before a crash may matter. */
	int64 forgotten_us;
	struct
	{
		bool made;
		dshash_table_handle handle;
		Size entry_size;
		pg_atomic_uint32 entries; /* not under the lock */
	} tables[CFDW_SHARED_NTABLES];
} Control;

/* What this backend has of it. */
static Control *control = NULL;
static MemoryContext context = NULL; /* holds the next two */
static dsa_area *area = NULL;
static dshash_table *tables[CFDW_SHARED_NTABLES];

/* The entries that are this backend's own; NULL while there are none. */
static HTAB *own_tables[CFDW_SHARED_NTABLES];

/* What a function that may raise is to do, and has done. */
typedef struct Task
{
	const CfdwSharedTable *table;
	const CfdwSharedKey *key;
	CfdwSharedHead *found;
	List *list;
} Task;

static shmem_request_hook_type next_request = NULL;

static void request_memory(void);
static bool attempt(void (*act)(Task *task), Task *task);
static void give_up_attempt(ResourceOwner owner);
static void find_shared(Task *task);
static void list_shared(Task *task);
static void attach(void);
static void attach_area(void);
static void init_control(void *place);
static int64 forgotten_until(void);
static dshash_table *open_table(const CfdwSharedTable *table);
static HTAB *own_table(const CfdwSharedTable *table);
static CfdwSharedHead *find_own(const CfdwSharedTable *table,
								const CfdwSharedKey *key);
static void make_entry(const CfdwSharedTable *table, CfdwSharedHead *entry,
					   bool shared);

/*
 * Called once when the library is loaded.  When that is at the start of the server,
 * memory can be reserved.
 */
void
cfdw_shared_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	next_request = shmem_request_hook;
	shmem_request_hook = request_memory;
}

/*
 * Makes a key.
 */
void
cfdw_shared_key(CfdwSharedKey *key, Oid database, uint32 id, const char *url)
{
	memset(key, 0, sizeof(*key));
	key->database = database;
	key->id = id;
	strlcpy(key->url, url, sizeof(key->url));
}

/*
 * The entry of TABLE with this key, made if need be: all backends have the same,
 * unless its head says otherwise.  Valid until the backend ends.  Raises 53200 for
 * want of memory of this backend.
 */
void *
cfdw_shared_entry(const CfdwSharedTable *table, const CfdwSharedKey *key)
{
	Task task = {.table = table, .key = key};

	if (attempt(find_shared, &task))
		return task.found;
	return find_own(table, key);
}

/*
 * Until when, by cfdw_clock_us(), an entry that is made cannot know what others did
 * before, for the server has crashed; or 0.  Never raises.
 */
int64
cfdw_shared_forgotten(void)
{
	return area != NULL ? control->forgotten_us : 0;
}

/*
 * Pointers to all entries of TABLE that there are: a List in the current memory
 * context.  Raises 53200 for want of memory.
 */
List *
cfdw_shared_entries(const CfdwSharedTable *table)
{
	Task task = {.table = table};
	HASH_SEQ_STATUS scan;
	void *entry;

	if (!attempt(list_shared, &task))
		task.list = NIL;
	hash_seq_init(&scan, own_table(table));
	while ((entry = hash_seq_search(&scan)) != NULL)
		task.list = lappend(task.list, entry);
	return task.list;
}

static void
request_memory(void)
{
	if (next_request != NULL)
		next_request();
	RequestAddinShmemSpace(MAXALIGN(sizeof(Control)));
}

/*
 * Does what shared memory may not be there for.  False, once with a line in the
 * log, when it fails: what a failure leaves behind is released, though the
 * transaction goes on.
 */
static bool
attempt(void (*act)(Task *task), Task *task)
{
	static bool complained = false;
	MemoryContext caller = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ResourceOwner own;
	volatile bool done = false;

	/* Without a postmaster nobody is there to share with. */
	if (!IsUnderPostmaster)
		return false;
	own = ResourceOwnerCreate(NULL, "catalogs_fdw");
	CurrentResourceOwner = own;
	PG_TRY();
	{
		act(task);
		done = true;
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(caller);
		give_up_attempt(own);
		error = CopyErrorData();
		FlushErrorState();
		if (!complained)
			ereport(
				LOG,
				(errmsg(
					 "catalogs_fdw paces and counts the requests of this session alone"),
				 errdetail_internal("%s", error->message)));
		complained = true;
		FreeErrorData(error);
	}
	PG_END_TRY();
	CurrentResourceOwner = owner;
	ResourceOwnerDelete(own);
	return done;
}

/*
 * Releases what an attempt has taken: segments that it has just made or mapped, and
 * the locks: whoever calls a wrapper holds none.
 */
static void
give_up_attempt(ResourceOwner owner)
{
	LWLockReleaseAll();
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, false, false);
	if (area == NULL && context != NULL)
	{
		MemoryContextDelete(context);
		context = NULL;
	}
}

static void
find_shared(Task *task)
{
	const CfdwSharedTable *table = task->table;
	pg_atomic_uint32 *entries;
	dshash_table *hash;
	CfdwSharedHead *entry;
	bool found = true;

	attach();
	hash = open_table(table);
	entries = &control->tables[table->number].entries;
	entry = dshash_find(hash, task->key, false);
	if (entry == NULL)
	{
		if (pg_atomic_read_u32(entries) >= MAX_ENTRIES)
			elog(ERROR, "there are too many accounts");
		entry = dshash_find_or_insert(hash, task->key, &found);
	}
	if (!found)
	{
		pg_atomic_fetch_add_u32(entries, 1);
		make_entry(table, entry, true);
	}
	dshash_release_lock(hash, entry);
	task->found = entry;
}

static void
list_shared(Task *task)
{
	dshash_seq_status scan;
	void *entry;

	attach();
	dshash_seq_init(&scan, open_table(task->table), false);
	while ((entry = dshash_seq_next(&scan)) != NULL)
		task->list = lappend(task->list, entry);
	dshash_seq_term(&scan);
}

/*
 * Makes the control block and the area this backend's, unless they are.
 */
static void
attach(void)
{
	if (area != NULL)
		return;
	CFDW_FIND_SHARED(control, CONTROL_NAME, sizeof(Control), init_control);
	LWLockRegisterTranche(control->tranche, "catalogs_fdw");
	attach_area();
}

static void
init_control(void *place)
{
	Control *made = place;

	memset(made, 0, sizeof(Control));
	made->tranche = LWLockNewTrancheId();
	LWLockInitialize(&made->lock, made->tranche);
	for (int i = 0; i < CFDW_SHARED_NTABLES; i++)
		pg_atomic_init_u32(&made->tables[i].entries, 0);
}

static void
attach_area(void)
{
	MemoryContext caller;
	dsa_area *attached;

	context = AllocSetContextCreate(
		TopMemoryContext, "catalogs_fdw shared memory", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	LWLockAcquire(&control->lock, LW_EXCLUSIVE);
	if (control->made)
		attached = dsa_attach(control->area);
	else
	{
		control->forgotten_us = forgotten_until();
		attached = dsa_create(control->tranche);
		dsa_pin(attached);
		control->area = dsa_get_handle(attached);
		control->made = true;
	}
	dsa_pin_mapping(attached);
	LWLockRelease(&control->lock);
	MemoryContextSwitchTo(caller);
	area = attached;
}

/*
 * Until when, by cfdw_clock_us(), what was known before a crash may still matter: for a
 * second after it; or 0.  The server has come back from one with a checkpoint, whose time
 * is known in whole seconds, and in whose midst nothing was written, as in few others.
 * Raises an error when pg_control cannot be read.
 */
static int64
forgotten_until(void)
{
	bool valid;
	ControlFileData *file = get_controlfile(DataDir, &valid);
	pg_time_t back = file->checkPointCopy.time;
	bool undisturbed = file->checkPoint == file->checkPointCopy.redo;
	int64 left_us =
		time_t_to_timestamptz(back) + 2 * USECS_PER_SEC - GetCurrentTimestamp();

	pfree(file);
	if (!valid || !undisturbed || back <= timestamptz_to_time_t(PgStartTime) ||
		left_us <= 0)
		return 0;
	return cfdw_clock_us() + Min(left_us, 2 * USECS_PER_SEC);
}

/*
 * A table of this backend, made if need be.
 */
static dshash_table *
open_table(const CfdwSharedTable *table)
{
	int i = table->number;
	dshash_parameters parameters = {.key_size = sizeof(CfdwSharedKey),
									.entry_size = table->entry_size,
									CFDW_DSHASH_FUNCTIONS,
									.tranche_id = control->tranche};
	MemoryContext caller;

	if (tables[i] != NULL)
		return tables[i];
	caller = MemoryContextSwitchTo(context);
	LWLockAcquire(&control->lock, LW_EXCLUSIVE);
	if (!control->tables[i].made)
	{
		tables[i] = dshash_create(area, &parameters, NULL);
		control->tables[i].handle = dshash_get_hash_table_handle(tables[i]);
		control->tables[i].entry_size = table->entry_size;
		control->tables[i].made = true;
	}
	else if (control->tables[i].entry_size != table->entry_size)
		elog(ERROR, "another version of the library is in use");
	else
		tables[i] =
			dshash_attach(area, &parameters, control->tables[i].handle, NULL);
	LWLockRelease(&control->lock);
	MemoryContextSwitchTo(caller);
	return tables[i];
}

static HTAB *
own_table(const CfdwSharedTable *table)
{
	HASHCTL parameters = {.keysize = sizeof(CfdwSharedKey),
						  .entrysize = table->entry_size};
	HTAB **own = &own_tables[table->number];

	if (*own == NULL)
		*own = hash_create("catalogs_fdw accounts of this session", 8,
						   &parameters, HASH_ELEM | HASH_BLOBS);
	return *own;
}

static CfdwSharedHead *
find_own(const CfdwSharedTable *table, const CfdwSharedKey *key)
{
	bool found;
	CfdwSharedHead *entry =
		hash_search(own_table(table), key, HASH_ENTER, &found);

	if (!found)
		make_entry(table, entry, false);
	return entry;
}

/*
 * Makes an entry of which there is the key alone.
 */
static void
make_entry(const CfdwSharedTable *table, CfdwSharedHead *entry, bool shared)
{
	memset((char *) entry + sizeof(CfdwSharedKey), 0,
		   table->entry_size - sizeof(CfdwSharedKey));
	entry->shared = shared;
	table->init(entry);
}
