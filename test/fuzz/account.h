/*-------------------------------------------------------------------------
 *
 * account.h
 *	  An account in memory, in the place of the network.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_FUZZ_ACCOUNT_H
#define CFDW_FUZZ_ACCOUNT_H

#include "fuzz.h"

/* Lists that there are, and that there may be. */
#define ACCOUNT_INITIAL 4
#define ACCOUNT_MAX 40

/* The first ids, apart so that no number in a message is taken for one. */
#define ACCOUNT_FIRST_ID 7001

/* No list has such a name or type: it is as it was at first. */
#define ACCOUNT_NAME "(n%d)"
#define ACCOUNT_TYPE "(t%d)"

/*
 * A list, by its place: those that were there at first, and then those that were to be
 * added, by their request_id.
 */
typedef struct AccountList
{
	bool exists;
	int64 id;      /* 0: it never has */
	int name;      /* the number in it */
	int type;      /* likewise */
	bool in_doubt; /* an add of it has gone out, to no certain end */
	bool meddled;  /* somebody else has deleted it */
} AccountList;

extern AccountList account_lists[ACCOUNT_MAX];

extern void account_reset(FuzzInput *script, bool (*may_delete)(int place));

#endif /* CFDW_FUZZ_ACCOUNT_H */
