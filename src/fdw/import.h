/*-------------------------------------------------------------------------
 *
 * import.h
 *	  IMPORT FOREIGN SCHEMA.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_IMPORT_H
#define CFDW_IMPORT_H

#include "foreign/fdwapi.h"

extern List *catalogsImportForeignSchema(ImportForeignSchemaStmt *stmt,
										 Oid serverid);

#endif /* CFDW_IMPORT_H */
