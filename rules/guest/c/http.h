/* One HTTP request through a solve program. */
#ifndef GUEST_HTTP_H
#define GUEST_HTTP_H

#include "ports.h"

void http_handle(handle request, handle outparam);

#endif
