/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Rows -> slots.
 *
 * Owns the run-time state of a foreign scan: what it asks for, how items become
 * rows of the table, and the rows it keeps to give them again on a rescan.
 * Must not know what a condition looks like or how a reply is read.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "estimate.h"
#include "ids.h"
#include "plan.h"
#include "scan.h"

/* One column to fill. */
typedef struct ProjectedColumn
{
	const CfdwTableColumn *column;
	int field; /* in the item; FIELD_WHOLE, FIELD_CONSTANT */
	CfdwConverter *converter;
	Datum constant; /* with FIELD_CONSTANT */
} ProjectedColumn;

#define FIELD_WHOLE (-1)
#define FIELD_CONSTANT (-2)
#define FIELD_MISSING (-3)

struct CfdwProjection
{
	CfdwTable *table;
	int ncolumns;
	ProjectedColumn *columns;
	int nkeys;
	const char **keys; /* the first is the id's */
	/* For error messages, while an item is converted. */
	const CfdwItem *item;
	const CfdwTableColumn *current;
};

/* What is asked of the account. */
typedef enum Asked
{
	ASK_ALL,
	ASK_ONE,
	ASK_NOTHING
} Asked;

typedef struct ListScan
{
	CfdwProjection *projection;
	Oid userid;
	List *ids;                     /* of ExprState: see plan.h */
	bool by_id;                    /* a number is among them */
	bool id_is_null;               /* only rows without an id are wanted */
	bool again;                    /* it has been rescanned */
	CommandId command;             /* whose rows it shows */
	MemoryContext request_context; /* of the cursor */
	MemoryContext row_context;     /* of the values of one row */

	/* The request being read. */
	bool started;
	Asked asked;
	int64 asked_id;     /* with ASK_ONE */
	double seen;        /* lists of the reply so far */
	CfdwCursor *cursor; /* NULL at the end, and when nothing is asked */
	bool async;         /* an Append waits for the rows */
	bool waiting;       /* it gave no row, but is not at its end */

	/* What the transaction has changed, or NULL. */
	CfdwOverlay *overlay;
	bool overlaid; /* that is as of the reply */
	int added;     /* rows given that the account does not know */

	/* The rows of that request so far, for a rescan. */
	Tuplestorestate *kept;
	CfdwRescans rescans; /* whether that may come */
	bool all_kept;       /* false once they are too many */
	size_t kept_size;    /* bytes of JSON they came from */
	bool replaying;      /* rows come from there */
	TupleTableSlot *kept_slot;
} ListScan;

static void add_column(CfdwProjection *projection,
					   const CfdwTableColumn *column);
static Datum convert_value(const ProjectedColumn *projected,
						   const CfdwItem *item, const CfdwWanted *wanted,
						   bool *isnull);
static const CfdwRow *overlaid_row(const CfdwWanted *wanted);
static int add_key(CfdwProjection *projection, const char *key);
static void describe_value(void *arg);
static Asked evaluate_ids(ForeignScanState *node, int64 *id);
static void start_request(ForeignScanState *node);
static void end_request(ListScan *state);
static bool replay_row(ListScan *state, TupleTableSlot *slot);
static void lay_over(ListScan *state);
static bool is_known_gone(const ListScan *state);
static CfdwNext next_item(ListScan *state, CfdwItem *item);
static bool fetch_row(ListScan *state, TupleTableSlot *slot);
static void give_added(ListScan *state, TupleTableSlot *slot);
static void store_row(ListScan *state, const CfdwItem *item,
					  const CfdwWanted *wanted, TupleTableSlot *slot);
static void keep_row(ListScan *state, const CfdwItem *item,
					 TupleTableSlot *slot);

/*
 * How to fill COLUMNS, a list of attribute numbers, of TABLE; in the current
 * memory context.  Raises what an input function raises for a constant that is
 * none of its type.
 */
CfdwProjection *
cfdw_scan_projection(CfdwTable *table, List *columns)
{
	CfdwProjection *projection = palloc0(sizeof(CfdwProjection));
	ListCell *lc;

	projection->table = table;
	projection->columns =
		palloc0(sizeof(ProjectedColumn) * Max(list_length(columns), 1));
	projection->keys = palloc0(sizeof(char *) * (list_length(columns) + 1));
	add_key(projection, cfdw_resource.columns[CFDW_KEY_ID].key);
	foreach(lc, columns)
		add_column(projection, &table->columns[lfirst_int(lc) - 1]);
	return projection;
}

/*
 * Tells QUERY which keys the projection wants.
 */
void
cfdw_scan_keys(const CfdwProjection *projection, CfdwQuery *query)
{
	query->nkeys = projection->nkeys;
	query->keys = projection->keys;
}

/*
 * Fills the projection's columns in VALUES and NULLS, which are by attribute
 * number - 1, from an item, laid over with what it is to be; either may be
 * NULL.  Values are in the current memory context.  Raises the errors of
 * cfdw_value_datum(), with the column and the list's id as their context.
 */
void
cfdw_scan_convert(CfdwProjection *projection, const CfdwItem *item,
				  const CfdwWanted *wanted, Datum *values, bool *nulls)
{
	ErrorContextCallback context = {.callback = describe_value,
									.arg = projection,
									.previous = error_context_stack};

	projection->item = item;
	error_context_stack = &context;
	for (int i = 0; i < projection->ncolumns; i++)
	{
		int attribute = projection->columns[i].column->attnum - 1;

		projection->current = projection->columns[i].column;
		values[attribute] = convert_value(&projection->columns[i], item, wanted,
										  &nulls[attribute]);
	}
	error_context_stack = context.previous;
}

/*
 * The number of the added row that a scan gave with TID; 0 for a row that the
 * account knows.
 */
uint32
cfdw_scan_added_number(ItemPointer tid)
{
	return ItemPointerIsValid(tid) ? ItemPointerGetBlockNumber(tid) : 0;
}

/*
 * Whether the last call gave no row because the next one has not arrived yet.
 */
bool
cfdw_scan_is_waiting(const ForeignScanState *node)
{
	return ((const ListScan *) node->fdw_state)->waiting;
}

/*
 * Whether a scan that was waiting need not wait any more.
 */
bool
cfdw_scan_is_ready(const ForeignScanState *node)
{
	const CfdwTransfer *awaited = cfdw_scan_awaited(node);

	return awaited == NULL || cfdw_http_is_ready(awaited);
}

/*
 * What a scan that is waiting waits for; NULL when it need not any more.
 */
CfdwTransfer *
cfdw_scan_awaited(const ForeignScanState *node)
{
	return cfdw_remote_awaited(((const ListScan *) node->fdw_state)->cursor);
}

/*
 * Prepares a scan; sends nothing yet.
 */
void
catalogsBeginForeignScan(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	EState *estate = node->ss.ps.state;
	Relation rel = node->ss.ss_currentRelation;
	ListScan *state;
	Oid user = cfdw_scan_check_as_user(plan, estate);

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = palloc0(sizeof(ListScan));
	node->fdw_state = state;
	state->command = estate->es_snapshot->curcid;
	state->userid = OidIsValid(user) ? user : GetUserId();
	state->projection = cfdw_scan_projection(
		cfdw_option_table(rel), cfdw_plan_columns(plan->fdw_private));
	state->ids = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	state->by_id = plan->fdw_exprs != NIL &&
				   !type_is_array(exprType(linitial(plan->fdw_exprs)));
	state->id_is_null = cfdw_plan_id_is_null(plan->fdw_private);
	state->request_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw request", ALLOCSET_DEFAULT_SIZES);
	state->row_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw row", ALLOCSET_DEFAULT_SIZES);
	state->rescans = eflags & EXEC_FLAG_REWIND
						 ? CFDW_RESCANS_OFTEN
						 : cfdw_plan_rescans(plan->fdw_private);
	state->async = node->ss.ps.async_capable;
	state->kept_slot = ExecInitExtraTupleSlot(estate, RelationGetDescr(rel),
											  &TTSOpsMinimalTuple);
}

/*
 * The next row.
 */
TupleTableSlot *
catalogsIterateForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	state->waiting = false;
	if (!state->started)
		start_request(node);
	ExecClearTuple(slot);
	if (state->replaying && replay_row(state, slot))
		return slot;
	state->replaying = false;
	if (state->cursor != NULL && fetch_row(state, slot))
		return slot;
	if (!state->waiting && state->overlay != NULL && state->asked != ASK_ONE)
		give_added(state, slot);
	return slot;
}

/*
 * Begins again.  Whether that takes a request shows when the first row is asked
 * for: the same id needs none, nor does any once there is the whole list.
 */
void
catalogsReScanForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	int64 id = 0;
	bool same = state->started;

	state->again = true;
	if (same && state->asked != ASK_ALL && node->ss.ps.chgParam != NULL)
		same = evaluate_ids(node, &id) == state->asked &&
			   (state->asked != ASK_ONE || id == state->asked_id);
	if (same && state->all_kept)
	{
		state->replaying = true;
		if (state->kept != NULL)
			tuplestore_rescan(state->kept);
		state->added = 0;
		return;
	}
	end_request(state);
}

void
catalogsEndForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;

	if (state != NULL)
		end_request(state);
}

static void
add_column(CfdwProjection *projection, const CfdwTableColumn *column)
{
	ProjectedColumn *projected = &projection->columns[projection->ncolumns++];

	projected->column = column;
	if (column->constant != NULL)
	{
		Oid input;
		Oid ioparam;

		getTypeInputInfo(column->typid, &input, &ioparam);
		projected->field = FIELD_CONSTANT;
		projected->constant = OidInputFunctionCall(input, column->constant,
												   ioparam, column->typmod);
		return;
	}
	projected->converter = cfdw_value_converter(column);
	if (column->index >= 0 && !cfdw_resource.columns[column->index].readable)
	{
		projected->field = FIELD_MISSING;
		return;
	}
	projected->field = column->kind == CFDW_KIND_ITEM
						   ? FIELD_WHOLE
						   : add_key(projection, column->key);
}

static Datum
convert_value(const ProjectedColumn *projected, const CfdwItem *item,
			  const CfdwWanted *wanted, bool *isnull)
{
	static const CfdwField missing = {CFDW_JSON_NULL, NULL, 0};
	const CfdwField *field = &missing;

	if (projected->field == FIELD_CONSTANT)
	{
		*isnull = false;
		return projected->constant;
	}
	if (wanted != NULL && projected->field == FIELD_WHOLE)
		return cfdw_value_patched(projected->converter,
								  item != NULL ? &item->whole : NULL,
								  overlaid_row(wanted), isnull);
	if (wanted != NULL && projected->column->index >= 0 &&
		projected->field != FIELD_MISSING)
	{
		const char *text = cfdw_overlay_value(wanted, projected->column->index);

		*isnull = text == NULL;
		if (text != NULL)
			return cfdw_value_text_datum(projected->converter, text);
	}
	if (item != NULL && projected->field != FIELD_MISSING)
		field = projected->field == FIELD_WHOLE
					? &item->whole
					: &item->fields[projected->field];
	return cfdw_value_datum(projected->converter, field, isnull);
}

/*
 * What a row has otherwise than the account says.
 */
static const CfdwRow *
overlaid_row(const CfdwWanted *wanted)
{
	CfdwRow *row = palloc0(sizeof(CfdwRow));

	for (int key = 0; key < CFDW_NKEYS; key++)
		if (cfdw_resource.columns[key].readable)
			row->values[key] =
				unconstify(char *, cfdw_overlay_value(wanted, key));
	return row;
}

/*
 * The index of KEY among the keys to ask for.
 */
static int
add_key(CfdwProjection *projection, const char *key)
{
	for (int i = 0; i < projection->nkeys; i++)
		if (strcmp(projection->keys[i], key) == 0)
			return i;
	projection->keys[projection->nkeys] = key;
	return projection->nkeys++;
}

/*
 * Error context callback: which value of which list.
 */
static void
describe_value(void *arg)
{
	CfdwProjection *projection = arg;
	const CfdwField *id;

	if (projection->item == NULL)
	{
		errcontext("column \"%s\" of foreign table \"%s\", new list",
				   projection->current->name, projection->table->name);
		return;
	}
	id = &projection->item->fields[0];
	errcontext("column \"%s\" of foreign table \"%s\", list %.*s",
			   projection->current->name, projection->table->name,
			   (int) Min(id->len, 40), id->raw != NULL ? id->raw : "");
}

/*
 * What to ask the account for, and the id if it is one list.  An array that
 * holds one id is as good as a number, unless it is another array each time:
 * then the whole list, asked for once, will do for all of them.
 */
static Asked
evaluate_ids(ForeignScanState *node, int64 *id)
{
	ListScan *state = node->fdw_state;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	MemoryContext caller =
		MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	CfdwIds left = {.all = true};
	ListCell *lc;

	foreach(lc, state->ids)
	{
		ExprState *expr = lfirst(lc);
		bool isnull;
		Datum value = ExecEvalExpr(expr, econtext, &isnull);

		cfdw_ids_restrict(&left, exprType((Node *) expr->expr), value, isnull);
		if (left.n == 0)
			break;
	}
	MemoryContextSwitchTo(caller);
	if (state->id_is_null || (!left.all && left.n == 0))
		return ASK_NOTHING;
	if (left.all || left.n > 1 || (state->again && !state->by_id))
		return ASK_ALL;
	*id = left.ids[0];
	return ASK_ONE;
}

/*
 * Sends the request, unless no row can have the id.
 */
static void
start_request(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	CfdwTable *table = state->projection->table;
	CfdwQuery query = {.path = table->options.path};
	MemoryContext caller;

	state->started = true;
	state->asked = evaluate_ids(node, &state->asked_id);
	if (state->asked == ASK_NOTHING && !state->id_is_null)
		return;

	query.by_id = state->asked == ASK_ONE;
	query.id = state->asked_id;
	cfdw_scan_keys(state->projection, &query);
	caller = MemoryContextSwitchTo(state->request_context);
	state->all_kept = state->rescans != CFDW_RESCANS_NEVER;
	state->kept_size = 0;
	state->added = 0;
	state->seen = 0;
	state->overlaid = false;
	if (state->asked != ASK_ALL)
		lay_over(state);
	if (state->asked != ASK_NOTHING && !is_known_gone(state))
	{
		state->overlaid = false;
		state->cursor =
			cfdw_remote_open(table->serverid, state->userid, &query);
	}
	MemoryContextSwitchTo(caller);
}

/*
 * Looks up what the transaction has changed, when the first item has come or the
 * request is to be spared.  Not when the request is sent: what this very
 * statement sends to the account meanwhile may stand in the reply, too.
 */
static void
lay_over(ListScan *state)
{
	MemoryContext caller;

	if (state->overlaid)
		return;
	caller = MemoryContextSwitchTo(state->request_context);
	state->overlay =
		cfdw_overlay_create(state->projection->table, state->command);
	state->overlaid = true;
	MemoryContextSwitchTo(caller);
}

/*
 * Whether the transaction itself has deleted the only row asked for.
 */
static bool
is_known_gone(const ListScan *state)
{
	const CfdwWanted *wanted = NULL;

	if (state->asked == ASK_ONE && state->overlay != NULL)
		wanted = cfdw_overlay_find(state->overlay, state->asked_id);
	return wanted != NULL && !wanted->exists;
}

static void
end_request(ListScan *state)
{
	if (state->cursor != NULL)
		cfdw_remote_close(state->cursor);
	state->cursor = NULL;
	ExecClearTuple(state->kept_slot);
	if (state->kept != NULL)
		tuplestore_end(state->kept);
	state->kept = NULL;
	state->all_kept = false;
	state->overlay = NULL;
	state->replaying = false;
	state->started = false;
	MemoryContextReset(state->request_context);
}

/*
 * Gives a row again; false after the last one.
 */
static bool
replay_row(ListScan *state, TupleTableSlot *slot)
{
	TupleTableSlot *kept = state->kept_slot;
	int natts = slot->tts_tupleDescriptor->natts;

	MemoryContext caller;
	bool found;

	if (state->kept == NULL)
		return false;
	caller = MemoryContextSwitchTo(state->request_context);
	found = tuplestore_gettupleslot(state->kept, true, false, kept);
	MemoryContextSwitchTo(caller);
	if (!found)
		return false;
	slot_getallattrs(kept);
	memcpy(slot->tts_values, kept->tts_values, sizeof(Datum) * natts);
	memcpy(slot->tts_isnull, kept->tts_isnull, sizeof(bool) * natts);
	ExecStoreVirtualTuple(slot);
	return true;
}

/*
 * The next item of the reply; waits for it unless an Append does.
 */
static CfdwNext
next_item(ListScan *state, CfdwItem *item)
{
	CfdwNext next;

	if (!state->async)
		return cfdw_remote_next(state->cursor, item) ? CFDW_NEXT_ITEM
													 : CFDW_NEXT_END;
	next = cfdw_remote_poll(state->cursor, item);
	if (next == CFDW_NEXT_WAIT)
	{
		cfdw_http_drive();
		next = cfdw_remote_poll(state->cursor, item);
	}
	return next;
}

/*
 * Reads the next row of the reply that the transaction has left in the account;
 * false, and the end of the cursor, after the last one; or, while an Append has
 * to wait for it, false alone.
 */
static bool
fetch_row(ListScan *state, TupleTableSlot *slot)
{
	const CfdwWanted *wanted;
	MemoryContext caller;
	CfdwItem item;
	CfdwNext next;
	int64 id;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	do
	{
		wanted = NULL;
		next = next_item(state, &item);
		if (next != CFDW_NEXT_WAIT)
			lay_over(state);
		state->seen += next == CFDW_NEXT_ITEM ? 1 : 0;
		if (next == CFDW_NEXT_ITEM && state->overlay != NULL &&
			cfdw_value_int64(&item.fields[0], &id))
			wanted = cfdw_overlay_find(state->overlay, id);
	} while (next == CFDW_NEXT_ITEM && wanted != NULL && !wanted->exists);

	if (next == CFDW_NEXT_ITEM)
	{
		store_row(state, &item, wanted, slot);
		keep_row(state, &item, slot);
	}
	else if (next == CFDW_NEXT_END)
	{
		if (state->asked == ASK_ALL)
			cfdw_estimate_note(state->projection->table->relid, state->seen);
		cfdw_remote_close(state->cursor);
		state->cursor = NULL;
	}
	state->waiting = next == CFDW_NEXT_WAIT;
	MemoryContextSwitchTo(caller);
	return next == CFDW_NEXT_ITEM;
}

/*
 * Gives the next row that the account does not know; leaves SLOT empty after
 * the last one.  Its number stands in its ctid, for it has no id.
 */
static void
give_added(ListScan *state, TupleTableSlot *slot)
{
	const CfdwWanted *wanted = cfdw_overlay_added(state->overlay, state->added);
	MemoryContext caller;

	if (wanted == NULL)
		return;
	state->added++;
	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	store_row(state, NULL, wanted, slot);
	ItemPointerSet(&slot->tts_tid, wanted->tracked->number, FirstOffsetNumber);
	MemoryContextSwitchTo(caller);
}

static void
store_row(ListScan *state, const CfdwItem *item, const CfdwWanted *wanted,
		  TupleTableSlot *slot)
{
	memset(slot->tts_isnull, true,
		   sizeof(bool) * slot->tts_tupleDescriptor->natts);
	cfdw_scan_convert(state->projection, item, wanted, slot->tts_values,
					  slot->tts_isnull);
	ExecStoreVirtualTuple(slot);
}

/*
 * Keeps a row for a rescan: as long as they fit into work_mem when the plan may
 * make one, however many they are when it foresees them.
 */
static void
keep_row(ListScan *state, const CfdwItem *item, TupleTableSlot *slot)
{
	if (!state->all_kept)
		return;
	if (state->kept == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(state->request_context);

		state->kept = tuplestore_begin_heap(false, false, work_mem);
		tuplestore_set_eflags(state->kept, EXEC_FLAG_REWIND);
		MemoryContextSwitchTo(caller);
	}
	state->kept_size += item->whole.len;
	if (state->rescans == CFDW_RESCANS_OFTEN ||
		state->kept_size <= work_mem * (size_t) 1024)
		tuplestore_puttupleslot(state->kept, slot);
	else
	{
		tuplestore_end(state->kept);
		state->kept = NULL;
		state->all_kept = false;
	}
}
