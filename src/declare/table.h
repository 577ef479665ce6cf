/*-------------------------------------------------------------------------
 *
 * table.h
 *	  Foreign tables as declared.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_TABLE_H
#define CFDW_TABLE_H

#include "access/tupdesc.h"
#include "utils/relcache.h"

#include "declare/option.h"

/* A column of this key, or name, reads the whole item. */
#define CFDW_WHOLE_ITEM "attrs"

/* A foreign table as declared. */
typedef struct CfdwTable
{
	Oid relid;
	Oid serverid;
	char *name;
	const CfdwResource *resource; /* whose rows it shows */
	CfdwOptions options;
	TupleDesc desc;           /* of the relation, without its constraints */
	int ncolumns;             /* as many as the relation has attributes */
	CfdwTableColumn *columns; /* by attribute number - 1 */
	AttrNumber id_attnum;     /* of the list's id, or 0 */
} CfdwTable;

extern void cfdw_table_init(void);
extern CfdwTable *cfdw_table_get(Relation rel);
extern void cfdw_table_check_keys(const CfdwTable *table);
extern double cfdw_table_rows(Oid relid, double reltuples);
extern void cfdw_table_note_rows(Oid relid, double rows);
extern void cfdw_table_end_transaction(void);

#endif /* CFDW_TABLE_H */
