/*-------------------------------------------------------------------------
 *
 * analyze.h
 *	  ANALYZE of a foreign table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ANALYZE_H
#define CFDW_ANALYZE_H

#include "foreign/fdwapi.h"

extern bool catalogsAnalyzeForeignTable(Relation relation,
										AcquireSampleRowsFunc *func,
										BlockNumber *totalpages);

#endif /* CFDW_ANALYZE_H */
