/*-------------------------------------------------------------------------
 *
 * wire.h
 *	  What all transfers of a backend go through, in its own latch wait.
 *
 * For pool and http alone, which are the only other ones that know libcurl.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_WIRE_H
#define CFDW_WIRE_H

#include <curl/curl.h>

extern void cfdw_wire_open(void);
extern void cfdw_wire_close(void);
extern bool cfdw_wire_is_broken(void);
extern void cfdw_wire_acquire_descriptor(bool (*make_room)(void));
extern void cfdw_wire_check(CURLcode code);
extern bool cfdw_wire_add(CURL *easy);
extern void cfdw_wire_remove(CURL *easy);
extern CURL *cfdw_wire_next_ended(CURLcode *code);
extern double cfdw_wire_wait(double timeout_ms, bool aborting);
extern void cfdw_wire_drive(void);
extern int cfdw_wire_watch(double ms);
extern bool cfdw_wire_end_watch(double *elapsed_ms);

#endif /* CFDW_WIRE_H */
