/*-------------------------------------------------------------------------
 *
 * integer.h
 *	  The one reading of an integer.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_INTEGER_H
#define CFDW_INTEGER_H

extern bool cfdw_integer_read(const char *text, size_t len, int64 *value);

#endif /* CFDW_INTEGER_H */
