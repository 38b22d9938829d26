/* SPDX-License-Identifier: Apache-2.0 */
/* The debugger's stub. */
#include "monitor/monitor.h"

int
gdb_start(struct monitor *mon, struct err *e)
{
	if (mon->m->cfg.gdb_fd < 0)
		return 0;
	return err_set(e, ERR_NO_SUPPORT,
	    "gdb: this build has no debugger's stub");
}

void
gdb_stop(struct monitor *mon)
{
}

void
gdb_stopped(struct monitor *mon, uint32_t vcpus)
{
	machine_release(mon->m, HOLD_DEBUG);
}
