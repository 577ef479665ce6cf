/*-------------------------------------------------------------------------
 *
 * store.h
 *	  Items of a reply that are kept.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_STORE_H
#define CFDW_STORE_H

#include "reader.h"

/* Items, one after the other. */
typedef struct CfdwStore CfdwStore;

/* A place in a store. */
typedef struct CfdwPlace CfdwPlace;

/* What is kept of an item. */
typedef struct CfdwShape
{
	int nkeys;  /* the values of so many keys */
	bool whole; /* and the item itself */
} CfdwShape;

extern bytea *cfdw_store_pack(const CfdwShape *shape, const CfdwItem *item);
extern void cfdw_store_unpack(const CfdwShape *shape, const bytea *packed,
							  CfdwField *fields, CfdwItem *item);

extern CfdwStore *cfdw_store_create(const CfdwShape *shape, bool spills);
extern void cfdw_store_end(CfdwStore *store);
extern CfdwPlace *cfdw_store_place(CfdwStore *store);
extern void cfdw_store_rewind(CfdwPlace *place);
extern bool cfdw_store_next(CfdwPlace *place, CfdwItem *item);
extern bool cfdw_store_find(CfdwPlace *place, int64 id, CfdwItem *item);
extern bool cfdw_store_append(CfdwPlace *place, const CfdwItem *item);
extern int64 cfdw_store_count(const CfdwStore *store);

#endif /* CFDW_STORE_H */
