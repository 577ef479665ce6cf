/*-------------------------------------------------------------------------
 *
 * flush.h
 *	  Sending the journal.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FLUSH_H
#define CFDW_FLUSH_H

#include "journal.h"

extern void cfdw_flush_init(void);
extern void cfdw_flush_add(const CfdwTarget *target, CfdwRow *row);

#endif /* CFDW_FLUSH_H */
