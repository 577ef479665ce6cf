/*-------------------------------------------------------------------------
 *
 * generated.h
 *	  The values of generated columns.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_GENERATED_H
#define CFDW_GENERATED_H

#include "nodes/bitmapset.h"

#include "declare/table.h"

/* How the generated columns of a row are computed. */
typedef struct CfdwGenerated CfdwGenerated;

extern Bitmapset *cfdw_generated_needs(const CfdwTable *table,
									   Bitmapset *columns);
extern CfdwGenerated *cfdw_generated_create(const CfdwTable *table,
											List *columns);
extern void cfdw_generated_compute(CfdwGenerated *generated, Datum *values,
								   bool *nulls);

#endif /* CFDW_GENERATED_H */
