/*-------------------------------------------------------------------------
 *
 * ahead.h
 *	  Rows of an INSERT that are taken before it is their turn.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_AHEAD_H
#define CFDW_AHEAD_H

#include "nodes/execnodes.h"

/* The rows of one plan. */
typedef struct CfdwAhead CfdwAhead;

/* What their owner is asked and told; each may raise. */
typedef struct CfdwAheadCalls
{
	bool (*wants)(void *owner); /* once, before the first */
	void (*takes)(void *owner, TupleTableSlot *slot); /* a row is taken */
	void (*has_taken)(void *owner); /* as many as there were */
} CfdwAheadCalls;

extern void cfdw_ahead_init(void);
extern CfdwAhead *cfdw_ahead_begin(PlanState *plan, int size,
								   const CfdwAheadCalls *calls, void *owner);
extern int cfdw_ahead_place(const CfdwAhead *ahead);

#endif /* CFDW_AHEAD_H */
