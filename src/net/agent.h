/*-------------------------------------------------------------------------
 *
 * agent.h
 *	  What a request says of who sends it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_AGENT_H
#define CFDW_AGENT_H

/* No User-Agent is longer: what goes beyond is left out. */
#define CFDW_AGENT_SIZE 1024

extern void cfdw_agent_prepare(void);
extern void cfdw_agent_write(const char *format, char *agent);

#endif /* CFDW_AGENT_H */
