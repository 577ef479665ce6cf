/*-------------------------------------------------------------------------
 *
 * clock.h
 *	  The clock that limits of time go by.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_CLOCK_H
#define CFDW_CLOCK_H

extern int64 cfdw_clock_us(void);
extern double cfdw_clock_ms_since(int64 us);

#endif /* CFDW_CLOCK_H */
