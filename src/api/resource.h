/*-------------------------------------------------------------------------
 *
 * resource.h
 *	  What the remote resource is: every fact of the API in one table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_RESOURCE_H
#define CFDW_RESOURCE_H

#include "lib/stringinfo.h"

/* How a key's value is written in JSON. */
typedef enum CfdwKind
{
	CFDW_KIND_INTEGER,
	CFDW_KIND_STRING,
	CFDW_KIND_BOOLEAN,
	CFDW_KIND_TIME,  /* a number: Unix time, seconds, UTC */
	CFDW_KIND_OTHER, /* a key this table does not know: any JSON */
	CFDW_KIND_ITEM   /* not a key: the whole item */
} CfdwKind;

/* What a request changes.  The order is that of CfdwResource.verbs. */
typedef enum CfdwVerb
{
	CFDW_ADD,
	CFDW_UPDATE,
	CFDW_DELETE
} CfdwVerb;

#define CFDW_NVERBS 3

/* The columns of the resource; the values index CfdwResource.columns. */
typedef enum CfdwKey
{
	CFDW_KEY_ID,
	CFDW_KEY_NAME,
	CFDW_KEY_TYPE,
	CFDW_KEY_CAN_ADD_ELEMENTS,
	CFDW_KEY_CAN_SHOW_IN_CARDS,
	CFDW_KEY_CAN_LINK_MULTIPLE,
	CFDW_KEY_SORT,
	CFDW_KEY_CREATED_BY,
	CFDW_KEY_CREATED_AT,
	CFDW_KEY_REQUEST_ID,
	CFDW_NKEYS
} CfdwKey;

/* Some of them: a bit for each. */
typedef uint16 CfdwKeySet;

#define CFDW_KEY_BIT(key) (1 << (key))

typedef struct CfdwResourceColumn
{
	const char *key;      /* name in JSON and default column name */
	const char *sql_type; /* type in the table that IMPORT makes */
	CfdwKind kind;
	bool readable;           /* the account stores it */
	bool insertable;         /* may stand in an "add" */
	bool updatable;          /* may stand in an "update" */
	bool required;           /* must stand in an "add" */
	const char *why_refused; /* full sentence, where a verb is refused */
} CfdwResourceColumn;

typedef struct CfdwResource
{
	const char *schema;       /* remote schema name for IMPORT */
	const char *table;        /* local name of the table that IMPORT makes */
	const char *path;         /* of the two calls */
	const char *id_parameter; /* query parameter that asks for one id */
	const char *envelope;     /* keys that lead to the items of a reply */
	const char *items;
	const char *errors;
	const char *login_path;
	const char *login_user; /* keys of the login's body */
	const char *login_key;
	const char *verbs[CFDW_NVERBS];
	const CfdwResourceColumn *columns; /* CFDW_NKEYS of them */
} CfdwResource;

/*
 * A row to be written.  Values are text in the database encoding; NULL is
 * "not given".  Booleans are "true" or "false", integers plain digits.
 */
typedef struct CfdwRow
{
	int64 id; /* 0 while the account has not assigned one */
	char *values[CFDW_NKEYS];
	bool may_miss;   /* it is no error when the account has no such row */
	bool missing;    /* it has none, says its reply */
	bool maybe_gone; /* an earlier request may have deleted it */
} CfdwRow;

/* Rows to which the same is done. */
typedef struct CfdwRows
{
	int n;
	CfdwRow **rows;
} CfdwRows;

extern const CfdwResource cfdw_resource;

extern int cfdw_resource_find(const char *key);
extern void cfdw_resource_append(CfdwRows *rows, CfdwRow *row, int size);
extern void cfdw_resource_table_ddl(StringInfo buf, const char *table,
									const char *server);

#endif /* CFDW_RESOURCE_H */
