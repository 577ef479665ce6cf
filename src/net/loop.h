/*-------------------------------------------------------------------------
 *
 * loop.h
 *	  What all transfers of a backend go through, in its own latch wait.
 *
 * For pool and http alone, which are the only other ones that know libcurl.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_LOOP_H
#define CFDW_LOOP_H

#include <curl/curl.h>

#include "net/progress.h"

extern void cfdw_loop_name_waits(void);
extern CURLcode cfdw_loop_open(void);
extern void cfdw_loop_close(void);
extern bool cfdw_loop_is_broken(void);
extern bool cfdw_loop_acquire_descriptor(bool (*make_room)(void));
extern bool cfdw_loop_add(CURL *easy, curl_socket_t kept);
extern void cfdw_loop_remove(CURL *easy);
extern void cfdw_loop_opens(void);
extern CURL *cfdw_loop_next_ended(CURLcode *code);
extern double cfdw_loop_wait(double timeout_ms, CfdwAwaited awaited,
							 bool aborting);
extern void cfdw_loop_drive(void);
extern int cfdw_loop_watch(double ms);
extern double cfdw_loop_end_watch(void);

#endif /* CFDW_LOOP_H */
