/*-------------------------------------------------------------------------
 *
 * truncate.c
 *	  TRUNCATE.
 *
 * Owns how all lists are deleted.  Must not know how the journal is sent.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "fdw/truncate.h"
#include "read/cursor.h"
#include "txn/transaction.h"

static void delete_stored(const CfdwTable *table, CfdwTarget *target,
						  CommandId command);
static void delete_added(CfdwTarget *target, CommandId command);

/*
 * Deletes all lists: reads their ids, for the account knows no other way.
 */
void
catalogsExecForeignTruncate(List *rels, DropBehavior behavior,
							bool restart_seqs)
{
	CommandId command = GetCurrentCommandId(true);
	ListCell *lc;

	foreach(lc, rels)
	{
		Relation rel = lfirst(lc);
		CfdwTable *table = cfdw_table_get(rel);
		CfdwTarget *target;

		if (!table->options.truncatable || !table->options.updatable)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("foreign table \"%s\" does not allow truncates",
							table->name)));
		target = cfdw_ledger_target(table, GetUserId());
		delete_stored(table, target, command);
		delete_added(target, command);
		if (target->immediate)
			cfdw_transaction_send_immediate(target->account);
	}
}

/*
 * Deletes the lists that the account has.
 */
static void
delete_stored(const CfdwTable *table, CfdwTarget *target, CommandId command)
{
	const CfdwResource *resource = table->resource;
	const char *id_key = resource->columns[resource->id].key;
	CfdwQuery query = {.resource = resource,
					   .path = table->options.path,
					   .nkeys = 1,
					   .keys = &id_key};
	CfdwCursor *cursor =
		cfdw_cursor_open(table->serverid, target->userid, &query);
	CfdwItem item;

	while (cfdw_cursor_next(cursor, &item))
	{
		if (!item.has_id)
			ereport(
				ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg(
					 "cannot truncate foreign table \"%s\": a list's id is not a 64-bit integer",
					 table->name)));
		cfdw_journal_delete(target, cfdw_journal_read(target, item.id),
							command);
	}
	cfdw_cursor_close(cursor);
}

/*
 * Deletes the rows that the account does not know yet.
 */
static void
delete_added(CfdwTarget *target, CommandId command)
{
	dlist_iter iter;

	dlist_foreach(iter, &target->account->rows)
	{
		CfdwLedgerRow *row = dlist_container(CfdwLedgerRow, link, iter.cur);
		CfdwDesired desired;

		cfdw_journal_fold(row, InvalidCommandId, &desired);
		if (row->id == 0 && desired.exists)
			cfdw_journal_delete(target, row, command);
	}
}
