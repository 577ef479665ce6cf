/*-------------------------------------------------------------------------
 *
 * writer.c
 *	  Slots -> rows to be written.
 *
 * Owns the rules of who may write which column, of what is a change, and how a
 * value is written.  Must not know when a row is written or who asks for it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "api/integer.h"
#include "api/lossless.h"
#include "fdw/writer.h"
#include "compat.h"

/* How the value of one column is read from a slot. */
typedef struct WriterColumn
{
	bool assigned; /* by the UPDATE */
	bool made;     /* the rest is valid */
	FmgrInfo output;
	Datum constant; /* with a constant */
} WriterColumn;

struct CfdwWriter
{
	CfdwTable *table;
	MemoryContext context; /* of the writer itself */
	bool all_assigned;
	WriterColumn *columns; /* by attribute number - 1 */
};

static WriterColumn *column_of(CfdwWriter *writer, int i);
static bool is_assigned(const CfdwWriter *writer, int i);
static bool is_unchanged(CfdwWriter *writer, int i, TupleTableSlot *slot,
						 TupleTableSlot *old);
static bool is_same_text(CfdwWriter *writer, int i, Datum one, Datum other);
static bool is_equal(CfdwWriter *writer, int i, Datum one, Datum other);
static char *text_of(CfdwWriter *writer, int i, Datum value);
static void read_value(CfdwWriter *writer, int i, Datum value, CfdwVerb verb,
					   CfdwRow *row);
static void check_constant(CfdwWriter *writer, int i, Datum value);
pg_noreturn static void refuse_write(const CfdwTable *table,
									 const CfdwTableColumn *column,
									 CfdwVerb verb);
pg_noreturn static void refuse_missing(const CfdwTable *table, int key);
pg_noreturn static void refuse_null(const CfdwTable *table, const char *column);
static char *canonical_text(CfdwWriter *writer, int i, Datum value);

/*
 * A writer for the rows of TABLE, of which an UPDATE assigns the columns ASSIGNED,
 * a list of attribute numbers; in the current memory context.
 */
CfdwWriter *
cfdw_writer_create(CfdwTable *table, List *assigned)
{
	CfdwWriter *writer = palloc0(sizeof(CfdwWriter));
	ListCell *lc;

	writer->table = table;
	writer->context = CurrentMemoryContext;
	writer->columns = palloc0(sizeof(WriterColumn) * Max(table->ncolumns, 1));
	foreach(lc, assigned)
		writer->columns[lfirst_int(lc) - 1].assigned = true;
	return writer;
}

/*
 * From here on, an UPDATE may assign any column: a BEFORE ROW trigger does.
 */
void
cfdw_writer_assign_all(CfdwWriter *writer)
{
	writer->all_assigned = true;
}

/*
 * The row that an INSERT gives, in the current memory context.  Raises 428C9 for
 * what only the account can give, 23502 for a missing name, 42804 for a type that
 * cannot express the value.
 */
CfdwRow *
cfdw_writer_added(CfdwWriter *writer, TupleTableSlot *slot)
{
	const CfdwTable *table = writer->table;
	const CfdwResource *resource = table->resource;
	CfdwRow *row = cfdw_row_create(resource);

	slot_getallattrs(slot);
	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].attnum != 0 && !slot->tts_isnull[i])
			read_value(writer, i, slot->tts_values[i], CFDW_ADD, row);
	for (int key = 0; key < resource->ncolumns; key++)
		if (resource->columns[key].required && row->values[key] == NULL)
			refuse_missing(table, key);
	return row;
}

/*
 * What an UPDATE changes, in the current memory context.  OLD is the row as it was
 * read, or NULL when it was not.  Raises 428C9 and 42804 as above, 23502 for NULL,
 * which the API cannot express.
 */
CfdwRow *
cfdw_writer_updated(CfdwWriter *writer, TupleTableSlot *slot,
					TupleTableSlot *old)
{
	const CfdwTable *table = writer->table;
	CfdwRow *row = cfdw_row_create(table->resource);

	slot_getallattrs(slot);
	if (old != NULL)
		slot_getallattrs(old);
	for (int i = 0; i < table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &table->columns[i];

		if (column->attnum == 0 || !is_assigned(writer, i) ||
			(old != NULL && is_unchanged(writer, i, slot, old)))
			continue;
		if (!slot->tts_isnull[i])
			read_value(writer, i, slot->tts_values[i], CFDW_UPDATE, row);
		else if (cfdw_writer_is_updatable(column))
			refuse_null(table, column->name);
	}
	return row;
}

/*
 * The values of OLD, as far as they are known, that ROW replaces; in the current
 * memory context.
 */
CfdwRow *
cfdw_writer_before(CfdwWriter *writer, const CfdwRow *row, TupleTableSlot *old)
{
	CfdwRow *before = cfdw_row_create(row->resource);

	slot_getallattrs(old);
	for (int i = 0; i < writer->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &writer->table->columns[i];

		if (column->attnum != 0 && column->index >= 0 &&
			row->values[column->index] != NULL && !old->tts_isnull[i])
			before->values[column->index] =
				canonical_text(writer, i, old->tts_values[i]);
	}
	return before;
}

/*
 * Puts the constants where SLOT, whose values have been taken out, has NULL.  False
 * when it has NULL nowhere there.
 */
bool
cfdw_writer_fill_constants(CfdwWriter *writer, TupleTableSlot *slot)
{
	bool any = false;

	for (int i = 0; i < writer->table->ncolumns; i++)
		if (writer->table->columns[i].constant != NULL && slot->tts_isnull[i])
		{
			slot->tts_values[i] = column_of(writer, i)->constant;
			slot->tts_isnull[i] = false;
			any = true;
		}
	return any;
}

/*
 * Puts what was read into SLOT where an UPDATE has set to NULL, or to DEFAULT,
 * what only the account can change.  False when there is nothing of it.
 */
bool
cfdw_writer_keep_assigned(const CfdwWriter *writer, TupleTableSlot *slot,
						  TupleTableSlot *old)
{
	bool any = false;

	for (int i = 0; i < writer->table->ncolumns; i++)
	{
		const CfdwTableColumn *column = &writer->table->columns[i];

		if (column->attnum == 0 || !slot->tts_isnull[i] ||
			cfdw_writer_is_updatable(column))
			continue;
		slot->tts_values[i] = old->tts_values[i];
		slot->tts_isnull[i] = old->tts_isnull[i];
		any = any || !old->tts_isnull[i];
	}
	return any;
}

/*
 * The id that VALUE, of the column for it, stands for.  Raises 22003 when it is
 * not a 64-bit integer.
 */
int64
cfdw_writer_id(CfdwWriter *writer, Datum value)
{
	char *text = text_of(writer, writer->table->id_attnum - 1, value);
	int64 id;

	if (!cfdw_integer_read(text, strlen(text), &id))
		ereport(
			ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg(
				 "cannot change a row of foreign table \"%s\": its id \"%s\" is not a 64-bit integer",
				 writer->table->name, text)));
	return id;
}

/*
 * Whether an update may hold the column.
 */
bool
cfdw_writer_is_updatable(const CfdwTableColumn *column)
{
	return column->fact != NULL && column->fact->updatable;
}

/*
 * How the values of column I are read: made when they are, for most statements
 * write few of the columns.
 */
static WriterColumn *
column_of(CfdwWriter *writer, int i)
{
	const CfdwTableColumn *column = &writer->table->columns[i];
	WriterColumn *made = &writer->columns[i];
	MemoryContext caller;

	if (made->made)
		return made;
	caller = MemoryContextSwitchTo(writer->context);
	fmgr_info(column->output, &made->output);
	if (column->constant != NULL)
		made->constant = cfdw_value_constant(column);
	made->made = true;
	MemoryContextSwitchTo(caller);
	return made;
}

static bool
is_assigned(const CfdwWriter *writer, int i)
{
	return writer->all_assigned || writer->columns[i].assigned;
}

/*
 * Whether column I holds what it held when the row was read.  Of what the account
 * stores as it is written, each letter counts.
 */
static bool
is_unchanged(CfdwWriter *writer, int i, TupleTableSlot *slot,
			 TupleTableSlot *old)
{
	Form_pg_attribute attr = TupleDescAttr(slot->tts_tupleDescriptor, i);
	Datum before = old->tts_values[i];
	Datum after = slot->tts_values[i];

	if (old->tts_isnull[i] || slot->tts_isnull[i])
		return old->tts_isnull[i] == slot->tts_isnull[i];
	if (datum_image_eq(before, after, attr->attbyval, attr->attlen))
		return true;
	return cfdw_writer_is_updatable(&writer->table->columns[i])
			   ? is_same_text(writer, i, before, after)
			   : is_equal(writer, i, before, after);
}

static bool
is_same_text(CfdwWriter *writer, int i, Datum one, Datum other)
{
	return strcmp(text_of(writer, i, one), text_of(writer, i, other)) == 0;
}

/*
 * Whether two values of column I are equal, by the type's operator if it has one.
 */
static bool
is_equal(CfdwWriter *writer, int i, Datum one, Datum other)
{
	const CfdwTableColumn *column = &writer->table->columns[i];
	FmgrInfo *equal =
		&lookup_type_cache(column->base_type, TYPECACHE_EQ_OPR_FINFO)
			 ->eq_opr_finfo;

	/* Not every type has an equality. */
	if (!OidIsValid(equal->fn_oid))
		return is_same_text(writer, i, one, other);
	return DatumGetBool(
		FunctionCall2Coll(equal, column->collation, one, other));
}

static char *
text_of(CfdwWriter *writer, int i, Datum value)
{
	return cfdw_lossless_write(writer->table->columns[i].base_type,
							   &column_of(writer, i)->output, value);
}

/*
 * Reads a value that is not NULL into *ROW.
 */
static void
read_value(CfdwWriter *writer, int i, Datum value, CfdwVerb verb, CfdwRow *row)
{
	const CfdwTableColumn *column = &writer->table->columns[i];
	const CfdwResourceColumn *fact = column->fact;

	if (column->constant != NULL)
	{
		check_constant(writer, i, value);
		return;
	}
	if (fact == NULL ||
		!(verb == CFDW_ADD ? fact->insertable : fact->updatable))
		refuse_write(writer->table, column, verb);
	row->values[column->index] = canonical_text(writer, i, value);
}

/*
 * Raises 428C9 for a value that is not the column's constant.
 */
static void
check_constant(CfdwWriter *writer, int i, Datum value)
{
	const CfdwTableColumn *column = &writer->table->columns[i];

	if (!is_equal(writer, i, value, column_of(writer, i)->constant))
		ereport(
			ERROR,
			(errcode(ERRCODE_GENERATED_ALWAYS),
			 errmsg(
				 "cannot write another value than its constant into column \"%s\" of foreign table \"%s\"",
				 column->name, writer->table->name),
			 errdetail("The column is always \"%s\".", column->constant)));
}

static void
refuse_write(const CfdwTable *table, const CfdwTableColumn *column,
			 CfdwVerb verb)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_GENERATED_ALWAYS),
		 verb == CFDW_ADD
			 ? errmsg(
				   "cannot insert a value into column \"%s\" of foreign table \"%s\"",
				   column->name, table->name)
			 : errmsg("cannot update column \"%s\" of foreign table \"%s\"",
					  column->name, table->name),
		 errdetail("%s",
				   column->fact != NULL && column->fact->why_refused != NULL
					   ? column->fact->why_refused
					   : "The account does not let it be written.")));
}

/*
 * Raises 23502 for the column of a key that must be given.
 */
static void
refuse_missing(const CfdwTable *table, int key)
{
	for (int i = 0; i < table->ncolumns; i++)
		if (table->columns[i].attnum != 0 && table->columns[i].index == key)
			refuse_null(table, table->columns[i].name);
	ereport(
		ERROR,
		(errcode(ERRCODE_NOT_NULL_VIOLATION),
		 errmsg(
			 "cannot insert into foreign table \"%s\": it has no column for the list's %s",
			 table->name, table->resource->columns[key].key),
		 errdetail("The account requires it.")));
}

static void
refuse_null(const CfdwTable *table, const char *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_NOT_NULL_VIOLATION),
			 errmsg("null value in column \"%s\" of foreign table \"%s\"",
					column, table->name),
			 errdetail("The account cannot store null.")));
}

/*
 * The text of a value as a CfdwRow holds it.  Raises 42804 when the column's
 * type cannot express it.
 */
static char *
canonical_text(CfdwWriter *writer, int i, Datum value)
{
	const CfdwTableColumn *column = &writer->table->columns[i];
	Oid base_type = column->base_type;
	char *text = text_of(writer, i, value);
	int64 integer;
	bool boolean;

	switch (column->kind)
	{
		case CFDW_KIND_BOOLEAN:
			if (parse_bool(text, &boolean))
				return boolean ? "true" : "false";
			break;
		case CFDW_KIND_INTEGER:
			if (cfdw_integer_read(text, strlen(text), &integer))
				return psprintf(INT64_FORMAT, integer);
			break;
		default:
			if (base_type == BPCHAROID)
				text[bpchartruelen(text, strlen(text))] = '\0';
			if (base_type != JSONOID && base_type != JSONBOID)
				return text;
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("cannot write value \"%s\" of column \"%s\"", text,
					column->name),
			 errhint("Declare the column as %s.", column->fact->sql_type)));
}
