/*-------------------------------------------------------------------------
 *
 * async.h
 *	  Many scans of one Append, side by side.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CFDW_ASYNC_H
#define CFDW_ASYNC_H

#include "foreign/fdwapi.h"

extern void catalogsForeignAsyncRequest(AsyncRequest *areq);
extern void catalogsForeignAsyncConfigureWait(AsyncRequest *areq);
extern void catalogsForeignAsyncNotify(AsyncRequest *areq);

#endif /* CFDW_ASYNC_H */
