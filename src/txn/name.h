/*-------------------------------------------------------------------------
 *
 * name.h
 *	  Rows by name, for messages.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_NAME_H
#define CFDW_NAME_H

#include "api/row.h"

extern char *cfdw_name_row(CfdwVerb verb, const CfdwRow *row);
extern char *cfdw_name_rows(CfdwVerb verb, const CfdwRows *rows);
extern char *cfdw_name_all(const CfdwRows *by_verb);

#endif /* CFDW_NAME_H */
