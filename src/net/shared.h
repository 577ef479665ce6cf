/*-------------------------------------------------------------------------
 *
 * shared.h
 *	  What all backends of the cluster share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_SHARED_H
#define CFDW_SHARED_H

#include "nodes/pg_list.h"

#include "declare/url.h"

/* The tables; a room of net owns each. */
typedef enum CfdwSharedTableNumber
{
	CFDW_SHARED_PACES,
	CFDW_SHARED_STATISTICS,
	CFDW_SHARED_PROGRESS,
	CFDW_SHARED_NTABLES
} CfdwSharedTableNumber;

/* What an entry is of.  All of it counts, the bytes behind the url too: to be
 * made by cfdw_shared_key(). */
typedef struct CfdwSharedKey
{
	Oid database; /* or InvalidOid */
	uint32 id;    /* of something in it, or 0 */
	char url[CFDW_URL_SIZE];
} CfdwSharedKey;

/* How an entry begins. */
typedef struct CfdwSharedHead
{
	CfdwSharedKey key;
	bool shared; /* all backends have it; false: this one alone */
} CfdwSharedHead;

/* A table.  INIT completes an entry whose head is made and whose rest is zero; it
 * must not raise. */
typedef struct CfdwSharedTable
{
	CfdwSharedTableNumber number;
	Size entry_size;
	void (*init)(void *entry);
} CfdwSharedTable;

extern void cfdw_shared_init(void);
extern void cfdw_shared_key(CfdwSharedKey *key, Oid database, uint32 id,
							const char *url);
extern void *cfdw_shared_entry(const CfdwSharedTable *table,
							   const CfdwSharedKey *key);
extern int64 cfdw_shared_forgotten(void);
extern List *cfdw_shared_entries(const CfdwSharedTable *table);

#endif /* CFDW_SHARED_H */
