/*-------------------------------------------------------------------------
 *
 * name.h
 *	  Rows by name, for messages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_NAME_H
#define CFDW_NAME_H

#include "lib/stringinfo.h"

#include "api/row.h"

/* No row takes more than this many bytes in a list of them. */
#define CFDW_NAME_SIZE 96

extern char *cfdw_name_row(CfdwVerb verb, const CfdwRow *row);
extern char *cfdw_name_rows(CfdwVerb verb, const CfdwRows *rows);
extern char *cfdw_name_all(const CfdwRows *by_verb);
extern void cfdw_name_append_verb(StringInfo names, CfdwVerb verb, int n);
extern void cfdw_name_append_row(StringInfo names, int64 id, const char *name,
								 bool first);

#endif /* CFDW_NAME_H */
