## SPDX-License-Identifier: Apache-2.0
## The decoder, in libx86.a.
decode_sources = modes/x86/decode.h modes/x86/decode.c \
	modes/x86/decode_mem.c modes/x86/decode_opnd.c modes/x86/decode_priv.h \
	modes/x86/insn_id.h modes/x86/insn_index.c modes/x86/insn_row.h \
	modes/x86/insn_tab.c modes/x86/insn_int_tab.h \
	modes/x86/insn_sys_tab.h modes/x86/insn_x87_tab.h \
	modes/x86/insn_sse_tab.h modes/x86/insn_vex_tab.h \
	modes/x86/insn_evex_tab.h modes/x86/insn_pk_tab.h
libx86_a_SOURCES += $(decode_sources)
