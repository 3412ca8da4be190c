/* Standard input through a solve program to standard output. */
#ifndef GUEST_CLI_H
#define GUEST_CLI_H

#include "ports.h"

/* False when the run failed; why stands on standard error. */
bool cli_run(void);

#endif
