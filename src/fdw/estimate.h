/*-------------------------------------------------------------------------
 *
 * estimate.h
 *	  How many lists a table has, as far as is known.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ESTIMATE_H
#define CFDW_ESTIMATE_H

#include "utils/relcache.h"

extern double cfdw_estimate_lists(Oid relid, double reltuples);
extern void cfdw_estimate_note(Oid relid, double lists);

#endif /* CFDW_ESTIMATE_H */
