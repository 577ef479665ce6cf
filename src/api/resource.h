/*-------------------------------------------------------------------------
 *
 * resource.h
 *	  What the remote resources are: every fact of the API in a table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_RESOURCE_H
#define CFDW_RESOURCE_H

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

/* Some columns of a resource: a bit for each. */
typedef uint32 CfdwColumnSet;

#define CFDW_MAX_COLUMNS 32
#define CFDW_COLUMN_BIT(column) ((CfdwColumnSet) 1 << (column))

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
	const char *verbs[CFDW_NVERBS];
	int ncolumns;
	const CfdwResourceColumn *columns;
	/* Those columns that mean something to the code: indexes. */
	int id;         /* the account assigns it */
	int name;       /* what a person knows a row by */
	int created_at; /* Unix time */
	int request_id; /* names an added row in the reply */
} CfdwResource;

/* The request that signs in with a login, for all resources of an account. */
typedef struct CfdwLoginCall
{
	const char *path;
	const char *user_key; /* keys of its body */
	const char *secret_key;
} CfdwLoginCall;

extern const CfdwResource cfdw_lists;
extern const CfdwLoginCall cfdw_login_call;

extern int cfdw_resource_find(const CfdwResource *resource, const char *key);

#endif /* CFDW_RESOURCE_H */
