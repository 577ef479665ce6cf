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
	int64 id;        /* 0 while the account has not assigned one */
	bool may_miss;   /* it is no error when the account has no such row */
	bool missing;    /* it has none, says its reply */
	bool maybe_gone; /* an earlier request may have deleted it */
	char *values[FLEXIBLE_ARRAY_MEMBER]; /* resource->ncolumns */
} CfdwRow;

/* Rows to which the same is done. */
typedef struct CfdwRows
{
	int n;
	CfdwRow **rows;
} CfdwRows;

extern CfdwRow *cfdw_row_create(const CfdwResource *resource);
extern bool cfdw_row_is_empty(const CfdwRow *row);
extern void cfdw_row_append(CfdwRows *rows, CfdwRow *row);

#endif /* CFDW_ROW_H */
