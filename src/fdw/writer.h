/*-------------------------------------------------------------------------
 *
 * writer.h
 *	  Slots -> rows to be written.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_WRITER_H
#define CFDW_WRITER_H

#include "executor/tuptable.h"

#include "api/row.h"
#include "declare/table.h"

/* How the rows of a table are read from slots. */
typedef struct CfdwWriter CfdwWriter;

extern CfdwWriter *cfdw_writer_create(CfdwTable *table, List *assigned);
extern void cfdw_writer_assign_all(CfdwWriter *writer);
extern CfdwRow *cfdw_writer_added(CfdwWriter *writer, TupleTableSlot *slot);
extern CfdwRow *cfdw_writer_updated(CfdwWriter *writer, TupleTableSlot *slot,
									TupleTableSlot *old);
extern CfdwRow *cfdw_writer_before(CfdwWriter *writer, const CfdwRow *row,
								   TupleTableSlot *old);
extern bool cfdw_writer_fill_constants(CfdwWriter *writer,
									   TupleTableSlot *slot);
extern bool cfdw_writer_keep_assigned(const CfdwWriter *writer,
									  TupleTableSlot *slot,
									  TupleTableSlot *old);
extern int64 cfdw_writer_id(CfdwWriter *writer, Datum value);
extern bool cfdw_writer_is_updatable(const CfdwTableColumn *column);

#endif /* CFDW_WRITER_H */
