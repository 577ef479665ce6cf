/*-------------------------------------------------------------------------
 *
 * ledger.c (fuzz)
 *	  A transaction: changes, savepoints, early sends, and how it ends.
 *
 * The input: a byte a step, with those that it takes, among them what the account
 * makes of each request (account.c).  A model says what the lists are to be.  When the
 * transaction has ended, the account has them so: as the changes left them after a
 * COMMIT, as they were after anything else.  What it has otherwise is named, in the
 * error that has ended the transaction or in a WARNING.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"

#include "txn/journal.h"
#include "txn/transaction.h"
#include "account.h"

#define MAX_DEPTH 6
#define MAX_STEPS 60

/* A step of the transaction. */
typedef enum Step
{
	STEP_COMMIT,
	STEP_ADD,
	STEP_UPDATE,
	STEP_DELETE,
	STEP_SAVEPOINT,
	STEP_ROLLBACK_TO,
	STEP_RELEASE,
	STEP_FLUSH,
	STEP_SEND_ROW,
	STEP_ROLLBACK,
	NSTEPS
} Step;

/* What a list is to be. */
typedef struct ModelList
{
	bool exists;
	int name;
	int type;
	uint64 version; /* of one that was added: as it was then */
} ModelList;

typedef struct Model
{
	int n; /* lists so far, whether or not they are to exist */
	ModelList lists[ACCOUNT_MAX];
} Model;

static Model model;
static Model initial;
static Model saved[MAX_DEPTH]; /* at each savepoint */
static int depth;
static bool ended;
static int last_word; /* no name or type comes twice */
static int next_place;
static CommandId command;

static CfdwTable *tables[2]; /* one that waits for COMMIT, one that does not */
static MemoryContext context;
static ResourceOwner owners[MAX_DEPTH];

/* What was said at the end. */
static StringInfoData said;
static emit_log_hook_type next_hook;

static void listen(ErrorData *error);
static void step(FuzzInput *input);
static void act(Step kind, FuzzInput *input);
static void change(Step kind, CfdwTarget *target, FuzzInput *input);
static CfdwLedgerRow *row_of(int place, CfdwTarget *target);
static void give(CfdwRow *row, int key, int *word, const char *format);
static bool may_delete(int place);
static void begin_savepoint(void);
static void end_savepoint(bool release);
static void end_transaction(bool commit);
static void check_end(const Model *expected);
static bool is_named(int place);

static void
prepare(void)
{
	static const char *const names[] = {"fuzz_lists", "fuzz_now"};

	for (size_t i = 0; i < lengthof(tables); i++)
	{
		Relation rel = table_open(RelnameGetRelid(names[i]), AccessShareLock);

		tables[i] = cfdw_table_get(rel);
		table_close(rel, AccessShareLock);
	}
	initial.n = ACCOUNT_INITIAL;
	for (int i = 0; i < ACCOUNT_INITIAL; i++)
	{
		initial.lists[i].exists = true;
		initial.lists[i].name = initial.lists[i].type = i;
	}
	next_hook = emit_log_hook;
	emit_log_hook = listen;
	SPI_connect_ext(SPI_OPT_NONATOMIC);
}

static void
listen(ErrorData *error)
{
	if (error->elevel == WARNING && said.data != NULL)
		appendStringInfo(&said, "%s %s\n", error->message,
						 error->detail != NULL ? error->detail : "");
	error->output_to_server = error->output_to_client = false;
	if (next_hook != NULL)
		next_hook(error);
}

static void
run(FuzzInput *input)
{
	int steps = 0;

	context = CurrentMemoryContext;
	initStringInfo(&said);
	account_reset(input, may_delete);
	model = initial;
	depth = 0;
	ended = false;
	last_word = ACCOUNT_INITIAL;
	next_place = ACCOUNT_INITIAL;
	command = FirstCommandId;
	while (!ended && steps++ < MAX_STEPS)
		step(input);
	if (!ended)
		end_transaction(true);
	said.data = NULL;
}

/*
 * A step; when it fails, so does the savepoint, or else the transaction.
 */
static void
step(FuzzInput *input)
{
	Step kind = fuzz_below(input, NSTEPS);
	FuzzError error;

	if (kind == STEP_COMMIT || kind == STEP_ROLLBACK)
	{
		end_transaction(kind == STEP_COMMIT);
		return;
	}
	FUZZ_TRY(&error, act(kind, input));
	command++;
	if (error.sqlstate == 0)
		return;
	FUZZ_CHECK(error.sqlstate != ERRCODE_INTERNAL_ERROR, "%s", error.words);
	if (depth > 0)
		end_savepoint(false);
	else
	{
		appendStringInfoString(&said, error.words);
		end_transaction(false);
	}
}

static void
act(Step kind, FuzzInput *input)
{
	CfdwTable *table = tables[fuzz_below(input, lengthof(tables))];
	CfdwTarget *target = cfdw_ledger_target(table, GetUserId());
	dlist_head sent = DLIST_STATIC_INIT(sent);

	for (int i = 0; i < ACCOUNT_INITIAL; i++)
		if (account_lists[i].exists)
			cfdw_ledger_saw(target->account, account_lists[i].id);
	switch (kind)
	{
		case STEP_SAVEPOINT:
			begin_savepoint();
			break;
		case STEP_ROLLBACK_TO:
		case STEP_RELEASE:
			if (depth > 0)
				end_savepoint(kind == STEP_RELEASE);
			break;
		case STEP_FLUSH:
			cfdw_transaction_send_server(table->serverid, GetUserId(), &sent);
			break;
		default:
			change(kind, target, input);
			if (target->immediate)
				cfdw_transaction_send_immediate(target->account);
	}
}

/*
 * Changes a list, as a statement would.
 */
static void
change(Step kind, CfdwTarget *target, FuzzInput *input)
{
	const CfdwResource *resource = target->account->resource;
	CfdwRow *row = cfdw_row_create(resource);
	CfdwRow *before = cfdw_row_create(resource);
	int place = fuzz_below(input, model.n);
	ModelList *list = &model.lists[place];
	int type = resource->name + 1;
	CfdwLedgerRow *ledger_row;

	if (kind == STEP_ADD)
	{
		if (next_place == ACCOUNT_MAX)
			return;
		/* No request_id comes twice, whatever is rolled back. */
		place = next_place++;
		model.n = next_place;
		list = &model.lists[place];
		memset(list, 0, sizeof(*list));
		row->values[resource->request_id] = psprintf("%d", place);
		give(row, resource->name, &list->name, ACCOUNT_NAME);
		give(row, type, &list->type, ACCOUNT_TYPE);
		list->version =
			cfdw_journal_version(cfdw_journal_add(target, row, command));
		list->exists = true;
		return;
	}
	ledger_row = row_of(place, target);
	if (ledger_row == NULL)
		return;
	if (kind == STEP_SEND_ROW)
	{
		cfdw_transaction_send_rows(&ledger_row, 1);
		return;
	}
	if (kind == STEP_DELETE)
	{
		cfdw_journal_delete(target, ledger_row, command);
		list->exists = false;
		return;
	}
	before->values[resource->name] = psprintf(ACCOUNT_NAME, list->name);
	before->values[type] = psprintf(ACCOUNT_TYPE, list->type);
	give(row, resource->name, &list->name, ACCOUNT_NAME);
	if (fuzz_below(input, 2) == 1)
		give(row, type, &list->type, ACCOUNT_TYPE);
	cfdw_journal_update(target, ledger_row, row, before, command);
}

/*
 * The row of a list that a scan would find; NULL when it would not.
 */
static CfdwLedgerRow *
row_of(int place, CfdwTarget *target)
{
	const AccountList *there = &account_lists[place];
	CfdwLedgerRow *row;

	if (!model.lists[place].exists)
		return NULL;
	if (place < ACCOUNT_INITIAL)
		return there->exists ? cfdw_journal_read(target, there->id) : NULL;
	row = cfdw_journal_changed((uint32) model.lists[place].version);
	FUZZ_CHECK(row != NULL, "the ledger has lost a row");
	if (row->id == 0)
		return row;
	FUZZ_CHECK(row->id == there->id, "another list");
	return there->exists ? cfdw_journal_read(target, row->id) : NULL;
}

/*
 * A value that nobody has had.
 */
static void
give(CfdwRow *row, int key, int *word, const char *format)
{
	*word = last_word++;
	row->values[key] = psprintf(format, *word);
}

/*
 * Whether a list may be deleted: it is not to be there, or was not before.
 */
static bool
may_delete(int place)
{
	return place >= ACCOUNT_INITIAL || (!model.lists[place].exists && !ended);
}

static void
begin_savepoint(void)
{
	if (depth == MAX_DEPTH)
		return;
	saved[depth] = model;
	owners[depth] = CurrentResourceOwner;
	depth++;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
}

static void
end_savepoint(bool release)
{
	depth--;
	if (release)
		ReleaseCurrentSubTransaction();
	else
	{
		/* What was added is nowhere, and its place is not taken again. */
		model = saved[depth];
		RollbackAndReleaseCurrentSubTransaction();
		for (; model.n < next_place; model.n++)
			memset(&model.lists[model.n], 0, sizeof(ModelList));
	}
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owners[depth];
}

/*
 * Ends the transaction, and sees what has come of it.
 */
static void
end_transaction(bool commit)
{
	FuzzError error = {0};

	while (depth > 0)
		end_savepoint(commit);
	if (commit)
		FUZZ_TRY(&error, SPI_commit());
	else
	{
		ended = true;
		SPI_rollback();
	}
	MemoryContextSwitchTo(context);
	ended = true;
	if (error.sqlstate != 0)
	{
		FUZZ_CHECK(error.sqlstate != ERRCODE_INTERNAL_ERROR, "%s", error.words);
		appendStringInfoString(&said, error.words);
	}
	check_end(commit && error.sqlstate == 0 ? &model : &initial);
}

/*
 * The account is as it is to be, but for what was named.
 */
static void
check_end(const Model *expected)
{
	for (int i = 0; i < next_place; i++)
	{
		const AccountList *there = &account_lists[i];
		const ModelList *list = &expected->lists[i];
		bool exists = i < expected->n && list->exists;
		bool same = there->exists == exists &&
					(!exists ||
					 (there->name == list->name && there->type == list->type));

		/* What somebody else has deleted nobody need bring back. */
		if (same || there->meddled)
			continue;
		FUZZ_CHECK(is_named(i),
				   "list %lld (%d) is %sthere, name %d, type %d; it is to be "
				   "%sthere, name %d, type %d; said was: %s",
				   (long long) there->id, i, there->exists ? "" : "not ",
				   there->name, there->type, exists ? "" : "not ", list->name,
				   list->type, said.data);
	}
}

/*
 * Whether a list is named by what was said, by its id or by a name that it was given.
 */
static bool
is_named(int place)
{
	const AccountList *there = &account_lists[place];

	return (there->id != 0 &&
			strstr(said.data, psprintf(INT64_FORMAT, there->id)) != NULL) ||
		   strstr(said.data, psprintf(ACCOUNT_NAME, there->name)) != NULL;
}

const FuzzTarget fuzz_ledger = {"ledger", prepare, run};
