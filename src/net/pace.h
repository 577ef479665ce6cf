/*-------------------------------------------------------------------------
 *
 * pace.h
 *	  How often, and when, an account is asked.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_PACE_H
#define CFDW_PACE_H

/* The pace of one account, shared by all that ask it. */
typedef struct CfdwPace CfdwPace;

/*
 * One request's way through it: all zero before, waiting in line, with a place from
 * when its turn comes, all zero again once it has left.
 */
typedef struct CfdwTurn
{
	CfdwPace *pace;  /* NULL: it is neither waiting nor has it a place */
	uint64 ticket;   /* later ones are greater */
	int place;       /* its number, when it has one ... */
	int64 window_us; /* ... and for how long after it was sent; or 0 */
	int64 sent_us;   /* when all of it had gone out; 0: not yet */
} CfdwTurn;

extern CfdwPace *cfdw_pace_open(const char *url);
extern bool cfdw_pace_is_shared(const CfdwPace *pace);
extern bool cfdw_pace_take(CfdwPace *pace, CfdwTurn *turn, int limit,
						   int lease_ms, double *wait_ms);
extern void cfdw_pace_sent(CfdwTurn *turn);
extern void cfdw_pace_leave(CfdwTurn *turn);
extern void cfdw_pace_hold_off(CfdwPace *pace, double ms);
extern double cfdw_pace_held_off_ms(CfdwPace *pace);

#endif /* CFDW_PACE_H */
