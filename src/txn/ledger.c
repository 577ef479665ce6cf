/*-------------------------------------------------------------------------
 *
 * ledger.c
 *	  What each account was told of each row, and how sure that is.
 *
 * Owns the accounts, tables and rows that a transaction has to do with, and for
 * each row: what it was, what the account was told of it, and whether the account
 * has confirmed that.  One function, cfdw_ledger_apply(), changes that, and is fed
 * with verdicts.  What is not in the ledger or was not added by this transaction
 * is never deleted by it: for that the ledger also knows which lists were there
 * before.
 *
 * The memory is the transaction's.  Must not know what rows are to be, nor how an
 * account is told.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "common/hashfn.h"
#include "foreign/foreign.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "txn/ledger.h"

/* Finds a row by its id. */
typedef struct RowKey
{
	const CfdwAccount *account;
	int64 id;
} RowKey;

typedef struct RowEntry
{
	RowKey key;
	CfdwLedgerRow *row;
} RowEntry;

/* The id of a list that was there. */
typedef struct SeenId
{
	int64 id;
	char status;
} SeenId;

#define SH_PREFIX seen
#define SH_ELEMENT_TYPE SeenId
#define SH_KEY_TYPE int64
#define SH_KEY id
#define SH_HASH_KEY(table, key)                                                \
	murmurhash32((uint32) (key) ^ (uint32) ((key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/*
 * So many ids of an account are kept one by one.  An account holds about ten
 * lists; beyond this number only their range is.
 */
#define MAX_SEEN 65536

static List *accounts = NIL; /* of CfdwAccount */
static List *targets = NIL;  /* of CfdwTarget */
static uint64 now = 0;       /* events so far */

/* Below TopTransactionContext; NULL as long as there is no row. */
static MemoryContext ledger_context = NULL;
static HTAB *rows_by_key = NULL;
static uint64 last_met = 0;

static CfdwLedgerRow *new_row(CfdwAccount *account);
static RowEntry *enter(const CfdwAccount *account, int64 id, HASHACTION action);
static void assign_id(CfdwLedgerRow *row, int64 id);
static void tell_values(CfdwLedgerRow *row, const CfdwRow *sent, bool certain);

/*
 * The account that a table shows, to whichever role, as long as the transaction.  It
 * is one, however many servers lead to it.
 */
CfdwAccount *
cfdw_ledger_account(const CfdwTable *table)
{
	CfdwAccount *account;
	MemoryContext caller;
	ListCell *lc;

	foreach(lc, accounts)
	{
		account = lfirst(lc);
		if (strcmp(account->path, table->options.path) == 0 &&
			strcmp(account->url, table->options.url) == 0)
			return account;
	}
	caller = MemoryContextSwitchTo(TopTransactionContext);
	account = palloc0(sizeof(CfdwAccount));
	account->server = pstrdup(GetForeignServer(table->serverid)->servername);
	account->url = pstrdup(table->options.url);
	account->path = pstrdup(table->options.path);
	account->resource = table->resource;
	account->seen_min = PG_INT64_MAX;
	account->seen_max = PG_INT64_MIN;
	dlist_init(&account->rows);
	dlist_init(&account->unsettled);
	dlist_init(&account->urgent);
	accounts = lappend(accounts, account);
	MemoryContextSwitchTo(caller);
	return account;
}

/*
 * The target for a table and a role; it lasts as long as the transaction.
 * Raises 42704 when there is no user mapping.
 */
CfdwTarget *
cfdw_ledger_target(const CfdwTable *table, Oid userid)
{
	Oid mapping = cfdw_option_mapping(userid, table->serverid);
	CfdwAccount *account = cfdw_ledger_account(table);
	MemoryContext caller;
	CfdwTarget *target;
	ListCell *lc;

	foreach(lc, targets)
	{
		target = lfirst(lc);
		if (target->account == account && target->mapping == mapping &&
			target->userid == userid && target->maker == GetUserId() &&
			target->relid == table->relid &&
			target->batch_size == table->options.batch_size &&
			target->immediate == table->options.immediate &&
			target->combine == table->options.combine_verbs &&
			target->verify_rows == table->options.verify_rows &&
			target->undo == table->options.undo)
			return target;
	}

	caller = MemoryContextSwitchTo(TopTransactionContext);
	target = palloc0(sizeof(CfdwTarget));
	target->account = account;
	target->serverid = table->serverid;
	target->mapping = mapping;
	target->userid = userid;
	target->maker = GetUserId();
	target->relid = table->relid;
	target->table = pstrdup(table->name);
	target->batch_size = table->options.batch_size;
	target->immediate = table->options.immediate;
	target->combine = table->options.combine_verbs;
	target->verify_rows = table->options.verify_rows;
	target->undo = table->options.undo;
	targets = lappend(targets, target);
	MemoryContextSwitchTo(caller);
	return target;
}

/*
 * Whether changes through a target are a role's own: made by it, or with its
 * rights.
 */
bool
cfdw_ledger_is_own(const CfdwTarget *target, Oid userid)
{
	return target->userid == userid || target->maker == userid;
}

/*
 * Whether there may be a row.
 */
bool
cfdw_ledger_is_open(void)
{
	return ledger_context != NULL;
}

/*
 * The memory of rows and of what is kept for them, as long as the transaction.
 */
MemoryContext
cfdw_ledger_open(void)
{
	HASHCTL control = {.keysize = sizeof(RowKey),
					   .entrysize = sizeof(RowEntry)};

	if (rows_by_key != NULL)
		return ledger_context;
	if (ledger_context == NULL)
		ledger_context =
			AllocSetContextCreate(TopTransactionContext, "catalogs_fdw ledger",
								  ALLOCSET_DEFAULT_SIZES);
	control.hcxt = ledger_context;
	rows_by_key = hash_create("catalogs_fdw rows", 64, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return ledger_context;
}

/*
 * Memory of the current context, all zero.  In an abort, where nothing may raise,
 * NULL when there is none; else raises 53200 then.
 */
void *
cfdw_ledger_alloc(Size size)
{
	int flags = MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO;

	return palloc_extended(
		size, IsTransactionState() ? flags : flags | MCXT_ALLOC_NO_OOM);
}

/*
 * A copy of a value's text, in the ledger's memory.  Where the database is not
 * UTF8 the same in UTF-8 stands behind it, since an abort cannot convert it.
 * Raises 22021 or 22P05 when it cannot be converted.
 */
char *
cfdw_ledger_text(const char *text)
{
	size_t len = strlen(text) + 1;
	const char *utf8;
	size_t utf8_len;
	char *copy;

	if (GetDatabaseEncoding() == PG_UTF8)
		return MemoryContextStrdup(cfdw_ledger_open(), text);
	utf8 = pg_server_to_any(text, len - 1, PG_UTF8);
	utf8_len = strlen(utf8) + 1;
	copy = MemoryContextAllocHuge(cfdw_ledger_open(), len + utf8_len);
	memcpy(copy, text, len);
	memcpy(copy + len, utf8, utf8_len);
	return copy;
}

/*
 * Such a text in UTF-8.  Never raises.
 */
const char *
cfdw_ledger_utf8(const char *text)
{
	return GetDatabaseEncoding() == PG_UTF8 ? text : text + strlen(text) + 1;
}

/*
 * A row that is to be added.
 */
CfdwLedgerRow *
cfdw_ledger_add(CfdwAccount *account)
{
	CfdwLedgerRow *row = new_row(account);

	row->is_added = true;
	return row;
}

/*
 * The row of an id, which the account has, or is thought to have.
 */
CfdwLedgerRow *
cfdw_ledger_row(CfdwAccount *account, int64 id)
{
	CfdwLedgerRow *row = cfdw_ledger_find(account, id);

	if (row != NULL)
		return row;
	row = new_row(account);
	row->id = id;
	row->presence = CFDW_PRESENT;
	enter(account, id, HASH_ENTER)->row = row;
	return row;
}

/*
 * The row of an id that the transaction has to do with, or NULL.
 */
CfdwLedgerRow *
cfdw_ledger_find(const CfdwAccount *account, int64 id)
{
	RowEntry *entry =
		rows_by_key != NULL ? enter(account, id, HASH_FIND) : NULL;

	return entry != NULL ? entry->row : NULL;
}

/*
 * Ends with a row that has no changes left and of which the account was told
 * nothing.  Never raises.
 */
void
cfdw_ledger_forget(CfdwLedgerRow *row)
{
	if (row->id != 0)
		enter(row->account, row->id, HASH_REMOVE);
	cfdw_ledger_settle(row);
	dlist_delete(&row->link);
	pfree(row);
}

/*
 * All accounts: a list of CfdwAccount.
 */
List *
cfdw_ledger_accounts(void)
{
	return accounts;
}

/*
 * A row may not be as it is to be, from here on; whether that can wait for COMMIT is
 * to be seen.  Never raises.
 */
void
cfdw_ledger_unsettle(CfdwLedgerRow *row)
{
	if (!row->is_unsettled)
		dlist_push_tail(&row->account->unsettled, &row->unsettled_link);
	row->is_unsettled = true;
	if (!row->is_urgent)
		dlist_push_tail(&row->account->urgent, &row->urgent_link);
	row->is_urgent = true;
}

/*
 * A row that is unsettled waits for COMMIT, unless it is unsettled again.  Never
 * raises.
 */
void
cfdw_ledger_wait(CfdwLedgerRow *row)
{
	if (row->is_urgent)
		dlist_delete(&row->urgent_link);
	row->is_urgent = false;
}

/*
 * A row is as it is to be.  Never raises.
 */
void
cfdw_ledger_settle(CfdwLedgerRow *row)
{
	if (row->is_unsettled)
		dlist_delete(&row->unsettled_link);
	row->is_unsettled = false;
	cfdw_ledger_wait(row);
}

/*
 * Takes a verdict in: what became of a request that was to do VERB to a row, with
 * what was SENT, whose texts must be the ledger's.  Of an add that was confirmed
 * SENT has the id.  Raises an error only for want of memory, and only for an
 * add.
 */
void
cfdw_ledger_apply(CfdwLedgerRow *row, CfdwTarget *target, CfdwVerb verb,
				  const CfdwRow *sent, CfdwVerdict verdict)
{
	bool certain = verdict == CFDW_CONFIRMED;

	if (verdict == CFDW_NOT_SENT || verdict == CFDW_REFUSED)
		return;
	now++;
	row->told_through = target;
	row->confirmed = row->confirmed || certain;
	row->may_be_absent = row->may_be_absent && !certain;
	if (verdict == CFDW_NO_ROW || (verb == CFDW_DELETE && certain))
	{
		/* One that is not there was deleted by whoever may have done it. */
		row->presence = certain || row->presence == CFDW_IN_DOUBT ? CFDW_DELETED
																  : CFDW_ABSENT;
		row->in_doubt = 0;
		return;
	}
	if (certain)
		row->presence = CFDW_PRESENT;
	else if (verb != CFDW_UPDATE)
		row->presence = CFDW_IN_DOUBT;
	if (verb == CFDW_ADD && certain)
		assign_id(row, sent->id);
	if (verb != CFDW_DELETE)
		tell_values(row, sent, certain);
	/* With the row, all that the account was told of it may be gone. */
	for (int i = 0; verb == CFDW_DELETE && i < row->account->resource->ncolumns;
		 i++)
		if (row->values[i].told != NULL)
			row->in_doubt |= CFDW_COLUMN_BIT(i);
}

/*
 * The account has no row that was changed without having been read: it is as if
 * the account had been told nothing of it.
 */
void
cfdw_ledger_no_row(CfdwLedgerRow *row)
{
	row->presence = CFDW_PRESENT;
	row->told_through = NULL;
	row->read = row->in_doubt = row->unread = 0;
	memset(row->values, 0,
		   sizeof(CfdwLedgerValue) * row->account->resource->ncolumns);
}

/*
 * Takes in a list that the account has added, though it is not clear for which of
 * several rows: it is not to be there.  Raises an error only for want of memory.
 */
void
cfdw_ledger_stray(CfdwTarget *target, int64 id)
{
	CfdwLedgerRow *row = cfdw_ledger_add(target->account);
	CfdwRow *sent = cfdw_row_create(target->account->resource);

	sent->id = id;
	cfdw_ledger_apply(row, target, CFDW_ADD, sent, CFDW_CONFIRMED);
	cfdw_ledger_unsettle(row);
}

/*
 * Whether an account has a row no more, for certain: there is no way to bring it
 * back.
 */
bool
cfdw_ledger_is_lost(const CfdwLedgerRow *row)
{
	return row->id != 0 &&
		   (row->presence == CFDW_ABSENT || row->presence == CFDW_DELETED);
}

/*
 * A number that grows with each event.
 */
uint64
cfdw_ledger_now(void)
{
	return now;
}

/*
 * Notes that a list was there when it was read: no add that is sent later has
 * made it.
 */
void
cfdw_ledger_saw(CfdwAccount *account, int64 id)
{
	bool found;

	if (account->seen == NULL)
		account->seen = seen_create(TopTransactionContext, 16, NULL);
	if (account->seen->members < MAX_SEEN)
		seen_insert(account->seen, id, &found);
	else if (seen_lookup(account->seen, id) == NULL)
	{
		account->seen_min = Min(account->seen_min, id);
		account->seen_max = Max(account->seen_max, id);
	}
}

/*
 * Whether a list was there, or may have been, before a request that has just been
 * answered.  Never raises.
 */
bool
cfdw_ledger_was_there(const CfdwAccount *account, int64 id)
{
	return cfdw_ledger_find(account, id) != NULL ||
		   (account->seen != NULL && seen_lookup(account->seen, id) != NULL) ||
		   (id >= account->seen_min && id <= account->seen_max);
}

/*
 * The transaction has ended: the memory goes with TopTransactionContext.
 */
void
cfdw_ledger_end_transaction(void)
{
	accounts = NIL;
	targets = NIL;
	ledger_context = NULL;
	rows_by_key = NULL;
}

static CfdwLedgerRow *
new_row(CfdwAccount *account)
{
	CfdwLedgerRow *row = MemoryContextAllocZero(
		cfdw_ledger_open(),
		offsetof(CfdwLedgerRow, values) +
			sizeof(CfdwLedgerValue) * account->resource->ncolumns);

	row->account = account;
	row->met = ++last_met;
	dlist_push_tail(&account->rows, &row->link);
	return row;
}

static RowEntry *
enter(const CfdwAccount *account, int64 id, HASHACTION action)
{
	RowKey key;

	memset(&key, 0, sizeof(key));
	key.account = account;
	key.id = id;
	return hash_search(rows_by_key, &key, action, NULL);
}

static void
assign_id(CfdwLedgerRow *row, int64 id)
{
	row->id = id;
	row->added_at = now;
	enter(row->account, id, HASH_ENTER)->row = row;
}

/*
 * The account was told values of a row.  What it was told first of one that was
 * never read is what comes next to its original.
 */
static void
tell_values(CfdwLedgerRow *row, const CfdwRow *sent, bool certain)
{
	for (int i = 0; i < row->account->resource->ncolumns; i++)
	{
		CfdwLedgerValue *value = &row->values[i];

		if (sent->values[i] == NULL)
			continue;
		if (value->told != NULL && value->original == NULL)
		{
			value->original = value->told;
			row->unread |= CFDW_COLUMN_BIT(i);
		}
		value->told = sent->values[i];
		if (certain)
			row->in_doubt &= ~CFDW_COLUMN_BIT(i);
		else
			row->in_doubt |= CFDW_COLUMN_BIT(i);
	}
}
