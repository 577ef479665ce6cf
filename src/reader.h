/*-------------------------------------------------------------------------
 *
 * reader.h
 *	  The bytes of a list reply -> rows, as they arrive.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_READER_H
#define CFDW_READER_H

#include "option.h"

typedef enum CfdwJsonType
{
	CFDW_JSON_NULL, /* null, or the key is missing */
	CFDW_JSON_BOOL,
	CFDW_JSON_NUMBER,
	CFDW_JSON_STRING,
	CFDW_JSON_CONTAINER /* an object or an array */
} CfdwJsonType;

/* A value as it stands in the reply: JSON text in UTF-8, not terminated. */
typedef struct CfdwField
{
	CfdwJsonType type;
	const char *raw; /* NULL with CFDW_JSON_NULL */
	size_t len;
} CfdwField;

/* A row of the reply.  Its pointers last until the next call of the reader. */
typedef struct CfdwItem
{
	CfdwField whole;   /* the item itself */
	CfdwField *fields; /* one for each key asked for, in that order */
} CfdwItem;

typedef enum CfdwReadStatus
{
	CFDW_READ_ITEM, /* an item is ready */
	CFDW_READ_MORE, /* feed more bytes, or say that it ended */
	CFDW_READ_ERROR /* see cfdw_reader_fault() */
} CfdwReadStatus;

typedef struct CfdwReader CfdwReader;

extern CfdwReader *cfdw_reader_create(int nkeys, const char *const *keys);
extern void cfdw_reader_feed(CfdwReader *reader, const char *data, size_t len);
extern CfdwReadStatus cfdw_reader_next(CfdwReader *reader, CfdwItem *item);
extern bool cfdw_reader_finish(CfdwReader *reader);
extern const char *cfdw_reader_fault(const CfdwReader *reader, uint64 *offset);
extern const char *cfdw_reader_head(const CfdwReader *reader, size_t *len);

/* How the values of one column become Datums. */
typedef struct CfdwConverter CfdwConverter;

extern CfdwConverter *cfdw_reader_converter(const CfdwTableColumn *column);
extern Datum cfdw_reader_datum(CfdwConverter *converter, const CfdwField *field,
							   bool *isnull);
extern Datum cfdw_reader_text_datum(CfdwConverter *converter, const char *text);
extern char *cfdw_reader_text(const CfdwField *field);
extern bool cfdw_reader_int64(const CfdwField *field, int64 *value);

#endif /* CFDW_READER_H */
