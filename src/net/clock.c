/*-------------------------------------------------------------------------
 *
 * clock.c
 *	  The clock that limits of time go by.
 *
 * A time of day may go back by an hour, and what waits until then waits for that
 * hour, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"
#include "nls.h"

#include "portability/instr_time.h"

#include "net/clock.h"

/*
 * Microseconds of a clock that all processes have in common, and nobody sets.  Never
 * raises.
 */
int64
cfdw_clock_us(void)
{
	instr_time now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MICROSEC(now);
}

/*
 * How many milliseconds have passed since then.  Never raises.
 */
double
cfdw_clock_ms_since(int64 us)
{
	return (cfdw_clock_us() - us) / 1000.0;
}
