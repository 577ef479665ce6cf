/*-------------------------------------------------------------------------
 *
 * row.c
 *	  The values of a row that is to be written.
 *
 * A row has a value for each column of its resource.  Must not know where the
 * values come from or how they are sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "api/row.h"

/*
 * How many bytes a row takes.
 */
Size
cfdw_row_size(const CfdwResource *resource)
{
	return offsetof(CfdwRow, values) + sizeof(char *) * resource->ncolumns;
}

/*
 * A row that gives nothing, palloc'ed in the current context.
 */
CfdwRow *
cfdw_row_create(const CfdwResource *resource)
{
	CfdwRow *row = palloc0(cfdw_row_size(resource));

	row->resource = resource;
	return row;
}

/*
 * Whether a row gives no value.
 */
bool
cfdw_row_is_empty(const CfdwRow *row)
{
	for (int i = 0; i < row->resource->ncolumns; i++)
		if (row->values[i] != NULL)
			return false;
	return true;
}

/*
 * Appends a row to ROWS, which are palloc'ed in the context that is current when
 * the first one comes.
 */
void
cfdw_row_append(CfdwRows *rows, CfdwRow *row)
{
	/* Grow when the number is a power of two. */
	if (rows->n == 0)
		rows->rows = palloc(sizeof(CfdwRow *));
	else if ((rows->n & (rows->n - 1)) == 0)
		rows->rows =
			repalloc(rows->rows, sizeof(CfdwRow *) * (Size) rows->n * 2);
	rows->rows[rows->n++] = row;
}
