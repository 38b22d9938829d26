/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power button as a job: pressed once, over when the guest has answered.
 * What was asked for stands in the monitor, so that it happens without us
 * too, and a new daemon takes the job up where the old one left it.
 */
#ifndef TRIVISOR_DAEMON_POWER_H
#define TRIVISOR_DAEMON_POWER_H

#include "daemon/daemon.h"

struct power;

/* The guest was reset: what a reboot waits for. */
void power_reset(struct domain *dom);
/* The run is over, dom->exit says how. */
void power_over(struct domain *dom);
/* A new daemon: from the answer to CTL_DESCRIBE, or a dead one's report. */
void power_resume(struct domain *dom, const struct ctl_msg *answer);
void power_resume_dead(struct domain *dom, int dir_fd);
/* The daemon ends; the monitor remembers. */
void power_detach(struct domain *dom);

#endif
