/*-------------------------------------------------------------------------
 *
 * row.h
 *	  The values of a row that is to be written.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ROW_H
#define CFDW_ROW_H

#include "api/resource.h"

/*
 * A row to be written.  Values are text in the database encoding; NULL is
 * "not given".  Booleans are "true" or "false", integers plain digits.
 */
typedef struct CfdwRow
{
	const CfdwResource *resource;
	int64 id; /* 0 while the account has not assigned one */
	char *values[FLEXIBLE_ARRAY_MEMBER]; /* resource->ncolumns */
} CfdwRow;

/* Rows to which the same is done. */
typedef struct CfdwRows
{
	int n;
	CfdwRow **rows;
} CfdwRows;

extern Size cfdw_row_size(const CfdwResource *resource);
extern CfdwRow *cfdw_row_create(const CfdwResource *resource);
extern bool cfdw_row_is_empty(const CfdwRow *row);
extern void cfdw_row_append(CfdwRows *rows, CfdwRow *row);

#endif /* CFDW_ROW_H */
