/*-------------------------------------------------------------------------
 *
 * familiar.h
 *	  Options that users know from other wrappers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FAMILIAR_H
#define CFDW_FAMILIAR_H

extern const char *cfdw_familiar_hint(const char *name);

#endif /* CFDW_FAMILIAR_H */
