/*-------------------------------------------------------------------------
 *
 * value.h
 *	  A value of a reply -> text, integer or Datum.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_VALUE_H
#define CFDW_VALUE_H

#include "access/attnum.h"

#include "api/row.h"

typedef enum CfdwJsonType
{
	CFDW_JSON_NULL, /* null, or the key is missing */
	CFDW_JSON_BOOL,
	CFDW_JSON_NUMBER,
	CFDW_JSON_STRING,
	CFDW_JSON_CONTAINER /* an object or an array */
} CfdwJsonType;

/* A value as it stands in the reply: JSON text in UTF-8, not terminated. */
typedef struct CfdwField
{
	CfdwJsonType type;
	const char *raw; /* NULL with CFDW_JSON_NULL */
	size_t len;
} CfdwField;

/* A column of a foreign table, as far as its values are concerned. */
typedef struct CfdwTableColumn
{
	AttrNumber attnum;      /* 0: dropped or generated here, not ours */
	struct Node *generated; /* what it is computed by, where it is stored by
							 * PostgreSQL's word; or NULL */
	const char *name;
	Oid typid;
	Oid base_type; /* the same, or that of the domain which it is */
	int32 typmod;
	Oid collation;
	Oid input; /* functions of the type ... */
	Oid ioparam;
	Oid output;
	bool textual; /* ... which holds text */
	char *key;    /* JSON key; NULL for a constant */
	int index;    /* of the resource's column, or -1: it has no such */
	const CfdwResourceColumn *fact; /* what the API says of it, or NULL */
	CfdwKind kind;
	char *constant; /* text of the value, or NULL */
} CfdwTableColumn;

/* How the values of one column become Datums. */
typedef struct CfdwConverter CfdwConverter;

extern Datum cfdw_value_constant(const CfdwTableColumn *column);
extern CfdwConverter *cfdw_value_converter(const CfdwTableColumn *column);
extern Datum cfdw_value_datum(CfdwConverter *converter, const CfdwField *field,
							  bool *isnull);
extern Datum cfdw_value_text_datum(CfdwConverter *converter, const char *text);
extern Datum cfdw_value_patched(CfdwConverter *converter,
								const CfdwField *whole, const CfdwRow *patch,
								bool *isnull);
extern char *cfdw_value_text(const CfdwField *field);
extern bool cfdw_value_int64(const CfdwField *field, int64 *value);
extern bool cfdw_value_is_number(const char *raw, size_t len);
extern bool cfdw_value_spells(const char *raw, size_t len, const char *text);
extern char *cfdw_value_unescape(const char *raw, size_t len);

#endif /* CFDW_VALUE_H */
