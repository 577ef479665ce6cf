/*-------------------------------------------------------------------------
 *
 * lossless.h
 *	  Whether a type holds all that a text says, and a text that says all of a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_LOSSLESS_H
#define CFDW_LOSSLESS_H

#include "fmgr.h"

#include "compat.h"

extern bool cfdw_lossless_always(Oid type);
extern void cfdw_lossless_check(Oid type, int32 typmod, const char *text,
								Datum value);
pg_noreturn extern void cfdw_lossless_refuse(Oid type, int32 typmod,
											 const char *text);
extern char *cfdw_lossless_write(Oid type, FmgrInfo *output, Datum value);

#endif /* CFDW_LOSSLESS_H */
