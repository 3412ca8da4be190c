/* What a guest tells of a limit: the limit and what was measured, as JSON in base64, for x-x07-diag-data-b64 and its like. */
#ifndef GUEST_DIAG_H
#define GUEST_DIAG_H

#include "span.h"

span diag_data(uint32_t limit, uint64_t measured);

#endif
