/*-------------------------------------------------------------------------
 *
 * tid.c
 *	  The ctid of a row.
 *
 * Owns what a ctid says.  It names one list of one account, and does so as long
 * as the session, for postgres_fdw reads it in one statement and changes what
 * it names in the next:
 *
 *	  (id, account)        a list; the session gives each account a number
 *	  (number, NUMBERED)   a list whose id does not fit: the session gives it a
 *	                       number
 *	  (version, CHANGED)   a row as the transaction has left it, added or changed,
 *	                       sent or not
 *
 * So no two lists have the same ctid, also where their ids are equal.  And a row that
 * has been changed is no more what its former ctid names, as in any table: who has
 * read it twice, in a join, changes it once.  Must not know how a row is read or
 * changed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "storage/block.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "fdw/tid.h"

#define OFFSET_CHANGED FirstOffsetNumber
#define OFFSET_NUMBERED (OFFSET_CHANGED + 1)
#define FIRST_ACCOUNT (OFFSET_NUMBERED + 1)
#define LAST_ACCOUNT 0xfff0 /* the server gives some beyond it a meaning */
#define NACCOUNTS (LAST_ACCOUNT - FIRST_ACCOUNT + 1)

/* An account that the session has numbered. */
typedef struct NumberedAccount
{
	OffsetNumber number; /* hash key */
	char *name;
} NumberedAccount;

typedef struct ListKey
{
	int64 id;
	int64 account;
} ListKey;

/* A list that the session has numbered. */
typedef struct NumberedList
{
	ListKey key;
	BlockNumber number;
} NumberedList;

/* Both last as long as the session, and so do the numbers. */
static HTAB *accounts = NULL;
static HTAB *lists = NULL;

static uint32 first_version(void);
static BlockNumber number_list(OffsetNumber account, int64 id);

/*
 * The number of a table's account.  It depends on the server's OID and on the
 * path, so that it is mostly the same in other sessions too.  Raises 54000 when
 * the session has met more accounts than there are numbers.
 */
OffsetNumber
cfdw_tid_account(const CfdwTable *table)
{
	HASHCTL control = {.keysize = sizeof(OffsetNumber),
					   .entrysize = sizeof(NumberedAccount)};
	const char *path = table->options.path;
	const char *name =
		psprintf("%u %s%s", table->serverid, table->options.url, path);
	uint32 start = table->serverid +
				   hash_bytes((const unsigned char *) path, strlen(path));

	if (accounts == NULL)
		accounts = hash_create("catalogs_fdw accounts", 16, &control,
							   HASH_ELEM | HASH_BLOBS);
	for (int i = 0; i < NACCOUNTS; i++)
	{
		OffsetNumber number = FIRST_ACCOUNT + (start + i) % NACCOUNTS;
		NumberedAccount *account =
			hash_search(accounts, &number, HASH_FIND, NULL);

		if (account == NULL)
		{
			char *copy = MemoryContextStrdup(TopMemoryContext, name);

			account = hash_search(accounts, &number, HASH_ENTER, NULL);
			account->name = copy;
		}
		if (strcmp(account->name, name) == 0)
			return number;
	}
	ereport(ERROR,
			(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			 errmsg("cannot tell the lists of more than %d accounts apart",
					NACCOUNTS),
			 errhint("Open a new session.")));
}

/*
 * Writes the ctid of a list.  Raises 54000 when the session has numbered as many
 * as there are numbers.
 */
void
cfdw_tid_set_list(ItemPointer tid, OffsetNumber account, int64 id)
{
	if (id >= 0 && id < InvalidBlockNumber)
		ItemPointerSet(tid, (BlockNumber) id, account);
	else
		ItemPointerSet(tid, number_list(account, id), OFFSET_NUMBERED);
}

/*
 * Writes the ctid of a row as the transaction has left it: VERSION is the serial of
 * the change.
 */
void
cfdw_tid_set_version(ItemPointer tid, uint64 version)
{
	ItemPointerSet(tid, (uint32) version + first_version(), OFFSET_CHANGED);
}

/*
 * Whether a ctid names such a row: then *VERSION is what the change's serial ends with.
 */
bool
cfdw_tid_is_version(ItemPointer tid, uint32 *version)
{
	*version = ItemPointerGetBlockNumberNoCheck(tid) - first_version();
	return ItemPointerGetOffsetNumberNoCheck(tid) == OFFSET_CHANGED;
}

/*
 * Whether a ctid may name a list of an account.  *ID is its id then; -1 when the
 * ctid does not tell.
 */
bool
cfdw_tid_names(ItemPointer tid, OffsetNumber account, int64 *id)
{
	OffsetNumber offset = ItemPointerGetOffsetNumberNoCheck(tid);

	*id =
		offset == account ? (int64) ItemPointerGetBlockNumberNoCheck(tid) : -1;
	return offset == account || offset == OFFSET_NUMBERED;
}

/*
 * Versions begin elsewhere in each session: one that another has read names nothing
 * here.
 */
static uint32
first_version(void)
{
	return hash_combine(murmurhash32(MyProcPid),
						murmurhash32((uint32) MyStartTimestamp));
}

static BlockNumber
number_list(OffsetNumber account, int64 id)
{
	HASHCTL control = {.keysize = sizeof(ListKey),
					   .entrysize = sizeof(NumberedList)};
	ListKey key = {.id = id, .account = account};
	NumberedList *list;
	bool found;

	if (lists == NULL)
		lists = hash_create("catalogs_fdw numbered lists", 64, &control,
							HASH_ELEM | HASH_BLOBS);
	if (hash_get_num_entries(lists) >= InvalidBlockNumber)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("cannot give more than %u lists a ctid",
							   InvalidBlockNumber),
						errhint("Open a new session.")));
	list = hash_search(lists, &key, HASH_ENTER, &found);
	if (!found)
		list->number = hash_get_num_entries(lists) - 1;
	return list->number;
}
