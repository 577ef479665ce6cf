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

#endif /* CFDW_CLOCK_H */
