/*-------------------------------------------------------------------------
 *
 * estimate.c
 *	  How many lists a table has, as far as is known.
 *
 * Owns what the scans of this backend have seen, table by table.  Asks nobody
 * and writes no catalog: a number that ANALYZE has left there comes first.
 * Must not know how lists are counted.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "fdw/estimate.h"

/* Lists in an account of which nothing is known (API page: about ten). */
#define DEFAULT_LISTS 10

/* What the last scan of a table has seen. */
typedef struct SeenTable
{
	Oid relid; /* hash key */
	double lists;
} SeenTable;

static HTAB *seen_tables = NULL;

static void forget_table(Datum arg, Oid relid);
static void forget_all(Datum arg, int cacheid, uint32 hashvalue);

/*
 * What RELTUPLES, the table's pg_class.reltuples, says; where that is -1, for
 * nobody has analyzed it, or 0, for an account that was empty then will not stay
 * so, what its last whole scan in this session has seen; or the number that an
 * account usually has.
 */
double
cfdw_estimate_lists(Oid relid, double reltuples)
{
	SeenTable *seen = NULL;

	if (reltuples > 0)
		return reltuples;
	if (seen_tables != NULL)
		seen = hash_search(seen_tables, &relid, HASH_FIND, NULL);
	return seen != NULL ? seen->lists : DEFAULT_LISTS;
}

/*
 * Notes how many lists a scan has seen, until the table changes, or a server or
 * user mapping does: it may be another account then.
 */
void
cfdw_estimate_note(Oid relid, double lists)
{
	SeenTable *seen;

	if (seen_tables == NULL)
	{
		HASHCTL control = {.keysize = sizeof(Oid),
						   .entrysize = sizeof(SeenTable)};

		seen_tables = hash_create("catalogs_fdw tables seen", 16, &control,
								  HASH_ELEM | HASH_BLOBS);
		CacheRegisterRelcacheCallback(forget_table, (Datum) 0);
		CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_all, (Datum) 0);
		CacheRegisterSyscacheCallback(USERMAPPINGOID, forget_all, (Datum) 0);
	}
	seen = hash_search(seen_tables, &relid, HASH_ENTER, NULL);
	seen->lists = lists;
}

/*
 * Relcache callback: RELID, or every relation when that is InvalidOid.
 */
static void
forget_table(Datum arg, Oid relid)
{
	if (OidIsValid(relid))
		hash_search(seen_tables, &relid, HASH_REMOVE, NULL);
	else
		forget_all(arg, 0, 0);
}

static void
forget_all(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS status;
	SeenTable *seen;

	hash_seq_init(&status, seen_tables);
	while ((seen = hash_seq_search(&status)) != NULL)
		hash_search(seen_tables, &seen->relid, HASH_REMOVE, NULL);
}
