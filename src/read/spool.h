/*-------------------------------------------------------------------------
 *
 * spool.h
 *	  Items of a reply that are kept.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SPOOL_H
#define CFDW_SPOOL_H

#include "api/reader.h"

/* Items, one after the other. */
typedef struct CfdwSpool CfdwSpool;

/* A place in a spool. */
typedef struct CfdwPlace CfdwPlace;

/* What is kept of an item. */
typedef struct CfdwShape
{
	int nkeys;  /* the values of so many keys */
	bool whole; /* and the item itself */
} CfdwShape;

extern bytea *cfdw_spool_pack(const CfdwShape *shape, const CfdwItem *item);
extern void cfdw_spool_unpack(const CfdwShape *shape, const bytea *packed,
							  CfdwField *fields, CfdwItem *item);

extern CfdwSpool *cfdw_spool_create(const CfdwShape *shape, bool spills);
extern void cfdw_spool_end(CfdwSpool *spool);
extern CfdwPlace *cfdw_spool_place(CfdwSpool *spool);
extern void cfdw_spool_rewind(CfdwPlace *place);
extern bool cfdw_spool_next(CfdwPlace *place, CfdwItem *item);
extern bool cfdw_spool_find(CfdwPlace *place, int64 id, CfdwItem *item);
extern bool cfdw_spool_append(CfdwPlace *place, const CfdwItem *item);
extern int64 cfdw_spool_count(const CfdwSpool *spool);

#endif /* CFDW_SPOOL_H */
