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
 * One request's way through it: all zero before, then in line, then with a place, and
 * all zero once it has left.
 */
typedef struct CfdwTurn
{
	CfdwPace *pace;
	uint64 ticket;     /* later ones are greater */
	int64 looked_us;   /* when it has looked last ... */
	int64 waited_us;   /* ... and how long it was in line by then */
	int64 held_off_us; /* in line: before that the account is not asked; or 0 */
	int place;         /* its number, when it has one ... */
	int64 window_us;   /* ... for so long after it was sent; or 0 */
	int places;        /* that there are */
	int64 sent_us;     /* when the last of it had gone out; 0: nothing has */
} CfdwTurn;

extern CfdwPace *cfdw_pace_open(const char *url);
extern bool cfdw_pace_take(CfdwPace *pace, CfdwTurn *turn, int limit,
						   int lease_ms, double *wait_ms);
extern bool cfdw_pace_go(CfdwTurn *turn, bool again);
extern void cfdw_pace_sent(CfdwTurn *turn);
extern void cfdw_pace_answered(CfdwTurn *turn);
extern int64 cfdw_pace_leave(CfdwTurn *turn);
extern void cfdw_pace_hold_off(CfdwPace *pace, double ms);

#endif /* CFDW_PACE_H */
