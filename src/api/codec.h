/*-------------------------------------------------------------------------
 *
 * codec.h
 *	  Rows -> request payloads.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CODEC_H
#define CFDW_CODEC_H

#include "api/row.h"
#include "compat.h"

extern char *cfdw_codec_payload(const CfdwResource *resource,
								const CfdwRows *by_verb, size_t *len);
pg_noreturn extern void cfdw_codec_refuse(const CfdwResource *resource,
										  const CfdwRows *by_verb);
extern char *cfdw_codec_row(const CfdwRow *row);
extern char *cfdw_codec_login(const char *login, const char *api_key,
							  size_t *len);

#endif /* CFDW_CODEC_H */
