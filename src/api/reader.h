/*-------------------------------------------------------------------------
 *
 * reader.h
 *	  The bytes of a list reply -> rows, as they arrive.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_READER_H
#define CFDW_READER_H

#include "api/value.h"

/* A row of the reply.  Its pointers last until the next call of the reader. */
typedef struct CfdwItem
{
	CfdwField whole;   /* the item itself */
	CfdwField *fields; /* one for each key asked for, in that order */
	bool has_id;       /* the id is asked for, and it is an integer */
	int64 id;
} CfdwItem;

typedef enum CfdwReadStatus
{
	CFDW_READ_ITEM, /* an item is ready */
	CFDW_READ_MORE, /* feed more bytes, or say that it ended */
	CFDW_READ_ERROR /* see cfdw_reader_fault() */
} CfdwReadStatus;

/* Deeper nesting is refused: no reply of the API comes near. */
#define CFDW_MAX_DEPTH 128

typedef struct CfdwReader CfdwReader;

extern CfdwReader *cfdw_reader_create(const CfdwResource *resource, int nkeys,
									  const char *const *keys);
extern void cfdw_reader_restart(CfdwReader *reader);
extern void cfdw_reader_feed(CfdwReader *reader, const char *data, size_t len);
extern CfdwReadStatus cfdw_reader_next(CfdwReader *reader, CfdwItem *item);
extern bool cfdw_reader_finish(CfdwReader *reader);
extern const char *cfdw_reader_fault(const CfdwReader *reader, uint64 *offset);
extern bool cfdw_reader_is_empty(const CfdwReader *reader);
extern const char *cfdw_reader_head(const CfdwReader *reader, size_t *len);
extern bool cfdw_reader_is_json(const char *body, size_t len);

#endif /* CFDW_READER_H */
