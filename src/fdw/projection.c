/*-------------------------------------------------------------------------
 *
 * projection.c
 *	  Items -> the values of a table's columns.
 *
 * Owns which keys of an item a row needs, what the transaction lays over them,
 * and how the values come into a slot.  Must not know where an item comes from.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/htup_details.h"
#include "executor/executor.h"

#include "fdw/projection.h"

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

/* An id is shown up to so many bytes. */
#define MAX_ID 40

static void add_column(CfdwProjection *projection,
					   const CfdwTableColumn *column);
static Datum convert_value(const ProjectedColumn *projected,
						   const CfdwItem *item, const CfdwDesired *wanted,
						   bool *isnull);
static const CfdwRow *overlaid_row(const CfdwDesired *wanted);
static int add_key(CfdwProjection *projection, const char *key);
static void describe_value(void *arg);
static bool is_printable(const CfdwField *field);

/*
 * How to fill COLUMNS, a list of attribute numbers, of TABLE; in the current
 * memory context.  Those of system columns are left out.  Raises what an input function raises for a constant that is
 * none of its type.
 */
CfdwProjection *
cfdw_projection_create(CfdwTable *table, List *columns)
{
	CfdwProjection *projection = palloc0(sizeof(CfdwProjection));
	ListCell *lc;

	projection->table = table;
	projection->columns =
		palloc0(sizeof(ProjectedColumn) * Max(list_length(columns), 1));
	projection->keys = palloc0(sizeof(char *) * (list_length(columns) + 1));
	add_key(projection, table->resource->columns[table->resource->id].key);
	foreach(lc, columns)
		if (lfirst_int(lc) > 0 &&
			table->columns[lfirst_int(lc) - 1].generated == NULL)
			add_column(projection, &table->columns[lfirst_int(lc) - 1]);
	projection->generated = cfdw_generated_create(table, columns);
	return projection;
}

/*
 * Tells QUERY which resource and which keys the projection wants.
 */
void
cfdw_projection_query(const CfdwProjection *projection, CfdwQuery *query)
{
	query->resource = projection->table->resource;
	query->path = projection->table->options.path;
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
cfdw_projection_convert(CfdwProjection *projection, const CfdwItem *item,
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
	if (projection->generated != NULL)
		cfdw_generated_compute(projection->generated, values, nulls);
}

/*
 * Makes a tuple, in the current memory context, of the values that SLOT has been
 * filled with.
 */
void
cfdw_projection_store(TupleTableSlot *slot)
{
	cfdw_projection_store_tuple(heap_form_tuple(slot->tts_tupleDescriptor,
												slot->tts_values,
												slot->tts_isnull),
								slot);
}

/*
 * Stores a tuple, which is in the current memory context, into SLOT.  Its system
 * columns are zeros, as postgres_fdw has them: nothing of the kind is known.
 */
void
cfdw_projection_store_tuple(HeapTuple tuple, TupleTableSlot *slot)
{
	HeapTupleHeaderSetXmin(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetXmax(tuple->t_data, InvalidTransactionId);
	HeapTupleHeaderSetCmin(tuple->t_data, FirstCommandId);
	ExecForceStoreHeapTuple(tuple, slot, false);
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
	if (is_printable(id))
		errcontext("column \"%s\" of foreign table \"%s\", list %.*s%s",
				   projection->current->name, projection->table->name,
				   (int) Min(id->len, MAX_ID), id->raw,
				   id->len > MAX_ID ? "..." : "");
	else
		errcontext(
			"column \"%s\" of foreign table \"%s\", list without a valid id",
			projection->current->name, projection->table->name);
}

/*
 * Whether the raw value can be shown in any encoding.
 */
static bool
is_printable(const CfdwField *field)
{
	for (int i = 0; i < (int) Min(field->len, MAX_ID); i++)
		if (field->raw[i] < 0x20 || field->raw[i] > 0x7e)
			return false;
	return field->raw != NULL && field->len > 0;
}
