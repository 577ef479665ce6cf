/*-------------------------------------------------------------------------
 *
 * ids.h
 *	  Which ids the values that a condition compares the id with leave.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_IDS_H
#define CFDW_IDS_H

/* A set of ids. */
typedef struct CfdwIds
{
	bool all;   /* nothing restricts it */
	int n;      /* with !all */
	int64 *ids; /* ascending, each once */
} CfdwIds;

extern bool cfdw_ids_understands(Oid type);
extern void cfdw_ids_restrict(CfdwIds *set, Oid type, Datum value, bool isnull);

#endif /* CFDW_IDS_H */
