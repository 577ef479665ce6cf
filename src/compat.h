/*-------------------------------------------------------------------------
 *
 * compat.h
 *	  What differs between PostgreSQL 15, 16, 17 and 18.
 *
 * The only file that tests PG_VERSION_NUM.  Who uses a function that it wraps
 * includes that function's header.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_COMPAT_H
#define CFDW_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "catalogs_fdw needs PostgreSQL 15 or newer"
#endif

#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/* SET_VARSIZE and its kin; postgres.h has them before 16. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* A function that does not return: a word before its declaration. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

/* A wait event set that outlives transactions. */
#if PG_VERSION_NUM >= 170000
#define cfdw_create_wait_event_set(nevents) CreateWaitEventSet(NULL, (nevents))
#else
#define cfdw_create_wait_event_set(nevents)                                    \
	CreateWaitEventSet(TopMemoryContext, (nevents))
#endif

/*
 * Finds shared memory by its name; INIT makes what is not there yet.  Raises an
 * error when there is none to be had.
 */
#if PG_VERSION_NUM >= 170000
#include "storage/dsm_registry.h"
#define CFDW_FIND_SHARED(place, name, size, init)                              \
	do                                                                         \
	{                                                                          \
		bool found_;                                                           \
		(place) = GetNamedDSMSegment((name), (size), (init), &found_);         \
	} while (0)
#else
#define CFDW_FIND_SHARED(place, name, size, init)                              \
	do                                                                         \
	{                                                                          \
		bool found_;                                                           \
		LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);                       \
		(place) = ShmemInitStruct((name), (size), &found_);                    \
		if (!found_)                                                           \
			(init)(place);                                                     \
		LWLockRelease(AddinShmemInitLock);                                     \
	} while (0)
#endif

/* How the keys of a shared hash table are treated: as bytes. */
#if PG_VERSION_NUM >= 170000
#define CFDW_DSHASH_FUNCTIONS                                                  \
	.compare_function = dshash_memcmp, .hash_function = dshash_memhash,        \
	.copy_function = dshash_memcpy
#else
#define CFDW_DSHASH_FUNCTIONS                                                  \
	.compare_function = dshash_memcmp, .hash_function = dshash_memhash
#endif

/* What pg_stat_activity calls a wait; before 17 all of an extension are one. */
#if PG_VERSION_NUM >= 170000
#define cfdw_new_wait_event(name) WaitEventExtensionNew(name)
#else
#define cfdw_new_wait_event(name) ((void) (name), PG_WAIT_EXTENSION)
#endif

/*
 * For how long an Append may wait for its asynchronous scans: its wait does not
 * end with the latch before 15.13, 16.9 and 17.5.
 */
#if PG_VERSION_NUM >= 170005 ||                                                \
	(PG_VERSION_NUM >= 160009 && PG_VERSION_NUM < 170000) ||                   \
	(PG_VERSION_NUM >= 150013 && PG_VERSION_NUM < 160000)
#define CFDW_APPEND_WAIT_MS INT_MAX
#else
#define CFDW_APPEND_WAIT_MS 50
#endif

/* A lexer over a string in the database encoding that resolves escapes. */
#if PG_VERSION_NUM >= 170000
#define cfdw_make_json_lexer(text, len)                                        \
	makeJsonLexContextCstringLen(NULL, (text), (len), GetDatabaseEncoding(),   \
								 true)
#else
#define cfdw_make_json_lexer(text, len)                                        \
	makeJsonLexContextCstringLen((text), (len), GetDatabaseEncoding(), true)
#endif

/* Raises what the lexer found wrong. */
#if PG_VERSION_NUM >= 160000
#define cfdw_json_error(error, lex) json_errsave_error((error), (lex), NULL)
#else
#define cfdw_json_error(error, lex) json_ereport_error((error), (lex))
#endif

/* The role whose user mapping a scan uses. */
#if PG_VERSION_NUM >= 160000
#define cfdw_scan_check_as_user(plan, estate)                                  \
	((void) (estate), (plan)->checkAsUser)
#else
#define cfdw_scan_check_as_user(plan, estate)                                  \
	(exec_rt_fetch((plan)->scan.scanrelid, (estate))->checkAsUser)
#endif

/* The role whose user mapping a modification of a relation uses. */
#if PG_VERSION_NUM >= 160000
#define cfdw_result_check_as_user(rri, estate)                                 \
	ExecGetResultRelCheckAsUser((rri), (estate))
#else
#define cfdw_result_check_as_user(rri, estate)                                 \
	cfdw_rte_user(                                                             \
		exec_rt_fetch((rri)->ri_RangeTableIndex > 0                            \
						  ? (rri)->ri_RangeTableIndex                          \
						  : (rri)->ri_RootResultRelInfo->ri_RangeTableIndex,   \
					  (estate)))
#define cfdw_rte_user(rte)                                                     \
	(OidIsValid((rte)->checkAsUser) ? (rte)->checkAsUser : GetUserId())
#endif

/* The columns that an UPDATE assigns, generated ones included. */
#if PG_VERSION_NUM >= 160000
#define cfdw_updated_columns(root, rti, rte)                                   \
	((void) (rte),                                                             \
	 get_rel_all_updated_cols((root), find_base_rel((root), (rti))))
#else
#define cfdw_updated_columns(root, rti, rte)                                   \
	bms_union((rte)->updatedCols, (rte)->extraUpdatedCols)
#endif

/* What ExecutorRun() is given, and gives on. */
#if PG_VERSION_NUM >= 180000
#define CFDW_RUN_PARAMETERS                                                    \
	QueryDesc *query, ScanDirection direction, uint64 count
#define CFDW_RUN_ARGUMENTS query, direction, count
#else
#define CFDW_RUN_PARAMETERS                                                    \
	QueryDesc *query, ScanDirection direction, uint64 count, bool once
#define CFDW_RUN_ARGUMENTS query, direction, count, once
#endif

/* Where ANALYZE can be slowed down, and cancelled. */
#if PG_VERSION_NUM >= 180000
#define cfdw_vacuum_delay_point() vacuum_delay_point(true)
#else
#define cfdw_vacuum_delay_point() vacuum_delay_point()
#endif

/* A path of a foreign scan without an outer path or a path target. */
#if PG_VERSION_NUM >= 180000
#define cfdw_create_foreignscan_path(root, rel, rows, startup, total, outer,   \
									 private)                                  \
	create_foreignscan_path((root), (rel), NULL, (rows), 0, (startup),         \
							(total), NIL, (outer), NULL, NIL, (private))
#elif PG_VERSION_NUM >= 170000
#define cfdw_create_foreignscan_path(root, rel, rows, startup, total, outer,   \
									 private)                                  \
	create_foreignscan_path((root), (rel), NULL, (rows), (startup), (total),   \
							NIL, (outer), NULL, NIL, (private))
#else
#define cfdw_create_foreignscan_path(root, rel, rows, startup, total, outer,   \
									 private)                                  \
	create_foreignscan_path((root), (rel), NULL, (rows), (startup), (total),   \
							NIL, (outer), NULL, (private))
#endif

#endif /* CFDW_COMPAT_H */
