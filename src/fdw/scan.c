/*-------------------------------------------------------------------------
 *
 * scan.c
 *	  Rows -> slots.
 *
 * Owns the run-time state of a foreign scan: what it asks for, and how items
 * become rows of the table.  Must not know what a condition looks like, how a
 * reply is read, or who else reads it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/nodeFuncs.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "fdw/fetch.h"
#include "read/ids.h"
#include "fdw/plan.h"
#include "fdw/scan.h"
#include "fdw/tid.h"

/* One column to fill. */
typedef struct ProjectedColumn
{
	const CfdwTableColumn *column;
	int field; /* in the item, or one of the below */
	CfdwConverter *converter;
	Datum constant; /* with FIELD_CONSTANT */
} ProjectedColumn;

#define FIELD_WHOLE (-1)    /* the item itself */
#define FIELD_CONSTANT (-2) /* in no item: always the same */
#define FIELD_MISSING (-3)  /* in no item: NULL */

struct CfdwProjection
{
	CfdwTable *table;
	int ncolumns;
	ProjectedColumn *columns;
	int nkeys;
	const char **keys;    /* the first is the id's */
	bool whole;           /* a column reads the item itself */
	OffsetNumber account; /* of the rows' ctids, or 0: none are wanted */
	bool system;          /* another system column is wanted */
	/* For error messages, while an item is converted. */
	const CfdwItem *item;
	const CfdwTableColumn *current;
};

typedef struct ListScan
{
	CfdwProjection *projection;
	CfdwFetch *fetch;
	List *ids;                 /* of ExprState: see plan.h */
	bool by_id;                /* a number is among them, and decides */
	bool id_is_null;           /* only rows without an id are wanted */
	bool whole;                /* otherwise all lists are asked for */
	MemoryContext row_context; /* of the values of one row */
	bool async;                /* an Append waits for the rows */

	bool started;  /* the fetch was asked, or need not be */
	bool no_rows;  /* ... for no row can fit */
	CfdwAsk asked; /* else: what it was asked for */
	bool waiting;  /* it gave no row, but is not at its end */
} ListScan;

/* Whether rows are kept for a scan that may begin again. */
static const CfdwKeep keep_for[] = {
	[CFDW_RESCANS_NEVER] = CFDW_KEEP_NONE,
	[CFDW_RESCANS_MAYBE] = CFDW_KEEP_WORK_MEM,
	[CFDW_RESCANS_OFTEN] = CFDW_KEEP_ALL,
};

static void add_column(CfdwProjection *projection,
					   const CfdwTableColumn *column);
static Datum convert_value(const ProjectedColumn *projected,
						   const CfdwItem *item, const CfdwDesired *wanted,
						   bool *isnull);
static const CfdwRow *overlaid_row(const CfdwDesired *wanted);
static int add_key(CfdwProjection *projection, const char *key);
static void describe_value(void *arg);
static CfdwIds wanted_ids(ForeignScanState *node);
static void start(ForeignScanState *node);
static void store_row(ListScan *state, const CfdwFetchRow *row,
					  TupleTableSlot *slot);
static void store_tid(OffsetNumber account, const CfdwFetchRow *row,
					  ItemPointer tid);

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
	add_key(projection, table->resource->columns[table->resource->id].key);
	foreach(lc, columns)
		if (lfirst_int(lc) > 0)
			add_column(projection, &table->columns[lfirst_int(lc) - 1]);
		else if (lfirst_int(lc) == SelfItemPointerAttributeNumber)
			projection->account = cfdw_tid_account(table);
		else if (lfirst_int(lc) != TableOidAttributeNumber)
			projection->system = true;
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
				  const CfdwDesired *wanted, Datum *values, bool *nulls)
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
 * Stores a tuple, which is in the current memory context, into SLOT.  Its system
 * columns are zeros, as postgres_fdw has them: nothing of the kind is known.
 */
void
cfdw_scan_store_tuple(HeapTuple tuple, TupleTableSlot *slot)
{
	HeapTupleHeaderSetXmin(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetCmin(tuple->t_data, FirstCommandId);
	ExecForceStoreHeapTuple(tuple, slot, false);
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
	CfdwCall *awaited = cfdw_scan_awaited(node);

	return awaited == NULL || cfdw_call_is_ready(awaited);
}

/*
 * What a scan that is waiting waits for; NULL when it need not any more.
 */
CfdwCall *
cfdw_scan_awaited(const ForeignScanState *node)
{
	return cfdw_fetch_awaited(((const ListScan *) node->fdw_state)->fetch);
}

/*
 * What the requests have cost that a scan has sent: one that reads what another
 * has asked for has sent none.
 */
const CfdwTraffic *
cfdw_scan_traffic(const ForeignScanState *node)
{
	return cfdw_fetch_traffic(((const ListScan *) node->fdw_state)->fetch);
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
	CfdwFetchPlan fetch = {0};

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	state = palloc0(sizeof(ListScan));
	node->fdw_state = state;
	state->async = node->ss.ps.async_capable;
	state->projection = cfdw_scan_projection(
		cfdw_table_get(rel), cfdw_plan_columns(plan->fdw_private));
	state->ids = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
	state->whole = cfdw_plan_is_whole(plan->fdw_private);
	state->by_id = !state->whole && plan->fdw_exprs != NIL &&
				   !type_is_array(exprType(linitial(plan->fdw_exprs)));
	state->id_is_null = cfdw_plan_id_is_null(plan->fdw_private);
	state->row_context = AllocSetContextCreate(
		estate->es_query_cxt, "catalogs_fdw row", ALLOCSET_DEFAULT_SIZES);

	fetch.table = state->projection->table;
	fetch.userid = OidIsValid(user) ? user : GetUserId();
	fetch.command = estate->es_snapshot->curcid;
	fetch.nkeys = state->projection->nkeys;
	fetch.keys = state->projection->keys;
	fetch.whole = state->projection->whole;
	fetch.max_single = cfdw_plan_max_single(plan->fdw_private);
	fetch.keep = eflags & EXEC_FLAG_REWIND
					 ? CFDW_KEEP_ALL
					 : keep_for[cfdw_plan_rescans(plan->fdw_private)];
	state->fetch = cfdw_fetch_create(estate->es_query_cxt, &fetch);
}

/*
 * The next row.
 */
TupleTableSlot *
catalogsIterateForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext caller;
	CfdwFetchRow row;
	CfdwNext next;

	state->waiting = false;
	if (!state->started)
		start(node);
	ExecClearTuple(slot);
	if (state->no_rows)
		return slot;

	MemoryContextReset(state->row_context);
	caller = MemoryContextSwitchTo(state->row_context);
	next = cfdw_fetch_next(state->fetch, !state->async, &row);
	if (next == CFDW_NEXT_ITEM)
		store_row(state, &row, slot);
	else if (next == CFDW_NEXT_END && state->asked == CFDW_ASK_ALL)
		cfdw_table_note_rows(state->projection->table->relid,
							 cfdw_fetch_count(state->fetch));
	state->waiting = next == CFDW_NEXT_WAIT;
	MemoryContextSwitchTo(caller);
	return slot;
}

/*
 * Begins again.  What that asks for shows when the first row is wanted.
 */
void
catalogsReScanForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;

	state->started = false;
	state->whole = true;
}

void
catalogsEndForeignScan(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;

	if (state != NULL)
		cfdw_fetch_end(state->fetch);
}

static void
add_column(CfdwProjection *projection, const CfdwTableColumn *column)
{
	ProjectedColumn *projected = &projection->columns[projection->ncolumns++];

	projected->column = column;
	if (column->constant != NULL)
	{
		projected->field = FIELD_CONSTANT;
		projected->constant = cfdw_value_constant(column);
		return;
	}
	projected->converter = cfdw_value_converter(column);
	if (column->fact != NULL && !column->fact->readable)
	{
		projected->field = FIELD_MISSING;
		return;
	}
	if (column->kind == CFDW_KIND_ITEM)
	{
		projected->field = FIELD_WHOLE;
		projection->whole = true;
	}
	else
		projected->field = add_key(projection, column->key);
}

static Datum
convert_value(const ProjectedColumn *projected, const CfdwItem *item,
			  const CfdwDesired *wanted, bool *isnull)
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
overlaid_row(const CfdwDesired *wanted)
{
	const CfdwResource *resource = wanted->row->account->resource;
	CfdwRow *row = cfdw_row_create(resource);

	for (int key = 0; key < resource->ncolumns; key++)
		if (resource->columns[key].readable)
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
 * Which ids the conditions leave.
 */
static CfdwIds
wanted_ids(ForeignScanState *node)
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
		if (!left.all && left.n == 0)
			break;
	}
	MemoryContextSwitchTo(caller);
	return left;
}

/*
 * Asks, unless no row can fit.  An array that holds one id is as good as a
 * number, unless it is another array each time: then the whole list, asked for
 * once, will do for all of them.
 */
static void
start(ForeignScanState *node)
{
	ListScan *state = node->fdw_state;
	CfdwIds left = wanted_ids(node);
	bool none = !left.all && left.n == 0;

	state->started = true;
	state->no_rows = none && !state->id_is_null;
	if (state->no_rows)
		return;
	if (state->id_is_null)
		state->asked = CFDW_ASK_UNSENT;
	else if (left.all || left.n > 1 || (state->whole && !state->by_id))
		state->asked = CFDW_ASK_ALL;
	else
		state->asked = CFDW_ASK_ONE;
	cfdw_fetch_ask(state->fetch, state->asked,
				   state->asked == CFDW_ASK_ONE ? left.ids[0] : 0);
}

/*
 * Stores a row, with those system columns that are wanted.
 */
static void
store_row(ListScan *state, const CfdwFetchRow *row, TupleTableSlot *slot)
{
	TupleDesc desc = slot->tts_tupleDescriptor;

	memset(slot->tts_isnull, true, sizeof(bool) * desc->natts);
	cfdw_scan_convert(state->projection, row->item, row->wanted,
					  slot->tts_values, slot->tts_isnull);
	if (state->projection->system)
		cfdw_scan_store_tuple(
			heap_form_tuple(desc, slot->tts_values, slot->tts_isnull), slot);
	else
		ExecStoreVirtualTuple(slot);
	if (state->projection->account != 0)
		store_tid(state->projection->account, row, &slot->tts_tid);
}

/*
 * A row that the transaction has added keeps its ctid when it is sent.  One whose
 * id is no number has none, and cannot be changed.
 */
static void
store_tid(OffsetNumber account, const CfdwFetchRow *row, ItemPointer tid)
{
	int64 id;

	if (row->wanted != NULL && row->wanted->row->number > 0)
		cfdw_tid_set_added(tid, row->wanted->row->number);
	else if (cfdw_value_int64(&row->item->fields[0], &id))
		cfdw_tid_set_list(tid, account, id);
	else
		ItemPointerSetInvalid(tid);
}
