/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU models: the levels of the x86-64 psABI, and the models that libvirt and
 * QEMU know by name, with the feature bits that make them, as published there
 * and in the vendors' manuals.  Never change a row: add one.
 */
#include "modes/cpu_model_tab.h"

const struct cpu_model_row cpu_models[] = {
	/*
	 * The levels, with the system features that such processors have and
	 * the ones that cost nothing here (PCIDs are the soft TLB's).
	 */
	{ "x86-64-v1", NULL, CPU_ANY, 0, 0, 0,
	    "apic clflush cmov cx8 de fpu fxsr lm mca mce mmx msr mtrr nx "
	    "pae pat pge pse pse36 sep sse sse2 syscall tsc pcid invpcid "
	    "tsc_adjust" },
	{ "x86-64-v2", "x86-64-v1", CPU_ANY, 0, 0, 0,
	    "cx16 lahf_lm popcnt pni ssse3 sse4.1 sse4.2 rdtscp" },
	{ "x86-64-v3", "x86-64-v2", CPU_ANY, 0, 0, 0,
	    "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave xsaveopt fsgsbase "
	    "smep" },
	{ "x86-64-v4", "x86-64-v3", CPU_ANY, 0, 0, 0,
	    "avx512f avx512bw avx512cd avx512dq avx512vl smap xsavec "
	    "xgetbv1" },
	/* Names of libvirt and QEMU. */
	{ "kvm64", NULL, CPU_INTEL, 15, 6, 1,
	    "apic clflush cmov cx16 cx8 de fpu fxsr lm mca mce mmx msr "
	    "mtrr nx pae pat pge pni pse pse36 sep sse sse2 syscall tsc" },
	{ "qemu64", "kvm64", CPU_AMD, 15, 107, 1,
	    "lahf_lm svm" },
	{ "core2duo", "kvm64", CPU_INTEL, 6, 15, 11,
	    "acpi lahf_lm monitor ss ssse3" },
	{ "Conroe", "kvm64", CPU_INTEL, 6, 15, 3,
	    "lahf_lm ssse3 -cx16" },
	{ "Penryn", "Conroe", CPU_INTEL, 6, 23, 3,
	    "cx16 sse4.1" },
	{ "Nehalem", "Penryn", CPU_INTEL, 6, 26, 3,
	    "popcnt sse4.2" },
	{ "Nehalem-IBRS", "Nehalem", CPU_INTEL, 6, 26, 3,
	    "spec_ctrl" },
	{ "Westmere", "Nehalem", CPU_INTEL, 6, 44, 1,
	    "aes arat pclmuldq" },
	{ "Westmere-IBRS", "Westmere", CPU_INTEL, 6, 44, 1,
	    "spec_ctrl" },
	{ "SandyBridge", "Westmere", CPU_INTEL, 6, 42, 1,
	    "avx rdtscp tsc-deadline x2apic xsave xsaveopt" },
	{ "SandyBridge-IBRS", "SandyBridge", CPU_INTEL, 6, 42, 1,
	    "spec_ctrl" },
	{ "IvyBridge", "SandyBridge", CPU_INTEL, 6, 58, 9,
	    "erms f16c fsgsbase rdrand smep" },
	{ "IvyBridge-IBRS", "IvyBridge", CPU_INTEL, 6, 58, 9,
	    "spec_ctrl" },
	{ "Haswell-noTSX", "IvyBridge", CPU_INTEL, 6, 60, 1,
	    "abm avx2 bmi1 bmi2 fma invpcid movbe pcid" },
	{ "Haswell", "Haswell-noTSX", CPU_INTEL, 6, 60, 4,
	    "hle rtm" },
	{ "Haswell-noTSX-IBRS", "Haswell-noTSX", CPU_INTEL, 6, 60, 1,
	    "spec_ctrl" },
	{ "Haswell-IBRS", "Haswell", CPU_INTEL, 6, 60, 4,
	    "spec_ctrl" },
	{ "Broadwell-noTSX", "Haswell-noTSX", CPU_INTEL, 6, 61, 2,
	    "3dnowprefetch adx rdseed smap" },
	{ "Broadwell", "Broadwell-noTSX", CPU_INTEL, 6, 61, 2,
	    "hle rtm" },
	{ "Broadwell-noTSX-IBRS", "Broadwell-noTSX", CPU_INTEL, 6, 61, 2,
	    "spec_ctrl" },
	{ "Broadwell-IBRS", "Broadwell", CPU_INTEL, 6, 61, 2,
	    "spec_ctrl" },
	{ "Skylake-Client-noTSX-IBRS", "Broadwell-noTSX-IBRS",
	    CPU_INTEL, 6, 94, 3,
	    "xgetbv1 xsavec" },
	{ "Skylake-Client-v4", "Skylake-Client-noTSX-IBRS", CPU_INTEL, 6, 94, 3,
	    "xsaves" },
	{ "Skylake-Client", "Skylake-Client-noTSX-IBRS", CPU_INTEL, 6, 94, 3,
	    "hle rtm -spec_ctrl" },
	{ "Skylake-Client-IBRS", "Skylake-Client", CPU_INTEL, 6, 94, 3,
	    "spec_ctrl" },
	{ "Skylake-Server-noTSX-IBRS", "Skylake-Client-noTSX-IBRS",
	    CPU_INTEL, 6, 85, 4,
	    "avx512bw avx512cd avx512dq avx512f avx512vl clwb pdpe1gb pku" },
	{ "Skylake-Server-v5", "Skylake-Server-noTSX-IBRS", CPU_INTEL, 6, 85, 4,
	    "xsaves" },
	{ "Skylake-Server", "Skylake-Server-noTSX-IBRS", CPU_INTEL, 6, 85, 4,
	    "clflushopt hle rtm -spec_ctrl" },
	{ "Skylake-Server-IBRS", "Skylake-Server", CPU_INTEL, 6, 85, 4,
	    "spec_ctrl -clflushopt" },
	{ "Cascadelake-Server-noTSX", "Skylake-Server-noTSX-IBRS",
	    CPU_INTEL, 6, 85, 6,
	    "arch-capabilities avx512vnni clflushopt ssbd" },
	{ "Cascadelake-Server-v5", "Cascadelake-Server-noTSX",
	    CPU_INTEL, 6, 85, 6,
	    "xsaves" },
	{ "Cascadelake-Server", "Cascadelake-Server-noTSX", CPU_INTEL, 6, 85, 6,
	    "hle rtm -arch-capabilities" },
	{ "Cascadelake-Server-v2", "Cascadelake-Server", CPU_INTEL, 6, 85, 6,
	    "arch-capabilities" },
	{ "Cooperlake", "Cascadelake-Server-v2", CPU_INTEL, 6, 85, 10,
	    "avx512-bf16 stibp" },
	{ "Cooperlake-v2", "Cooperlake", CPU_INTEL, 6, 85, 10,
	    "xsaves" },
	{ "Icelake-Server-noTSX", "Cascadelake-Server-noTSX",
	    CPU_INTEL, 6, 134, 0,
	    "avx512-vpopcntdq avx512bitalg avx512vbmi avx512vbmi2 gfni "
	    "la57 umip vaes vpclmulqdq wbnoinvd -arch-capabilities" },
	{ "Icelake-Server", "Icelake-Server-noTSX", CPU_INTEL, 6, 134, 0,
	    "hle rtm" },
	{ "Icelake-Server-v3", "Icelake-Server-noTSX", CPU_INTEL, 6, 134, 0,
	    "arch-capabilities" },
	{ "Icelake-Server-v4", "Icelake-Server-v3", CPU_INTEL, 6, 106, 0,
	    "avx512ifma fsrm rdpid sha-ni" },
	{ "Icelake-Server-v5", "Icelake-Server-v4", CPU_INTEL, 6, 106, 0,
	    "xsaves" },
	{ "SapphireRapids", "Icelake-Server-v5", CPU_INTEL, 6, 143, 4,
	    "amx_bf16 amx_int8 amx_tile avx-vnni avx512-bf16 avx512-fp16 "
	    "bus_lock_detect fsrc fsrs fzrm hle rtm serialize tsxldtrk "
	    "xfd" },
	{ "Denverton", "Westmere-IBRS", CPU_INTEL, 6, 95, 1,
	    "3dnowprefetch arch-capabilities clflushopt erms fsgsbase "
	    "monitor movbe mpx pdpe1gb rdrand rdseed rdtscp sha-ni smap "
	    "smep ssbd tsc-deadline x2apic xgetbv1 xsave xsavec xsaveopt" },
	{ "Opteron_G1", "kvm64", CPU_AMD, 15, 6, 1,
	    "-cx16" },
	{ "Opteron_G2", "Opteron_G1", CPU_AMD, 15, 6, 1,
	    "cx16 lahf_lm svm" },
	{ "Opteron_G3", "Opteron_G2", CPU_AMD, 16, 2, 3,
	    "abm misalignsse monitor popcnt rdtscp sse4a" },
	{ "Opteron_G4", "Opteron_G3", CPU_AMD, 21, 1, 2,
	    "3dnowprefetch aes avx fma4 pclmuldq pdpe1gb sse4.1 sse4.2 "
	    "ssse3 xop xsave -monitor" },
	{ "Opteron_G5", "Opteron_G4", CPU_AMD, 21, 2, 0,
	    "f16c fma tbm" },
	{ "phenom", "Opteron_G3", CPU_AMD, 16, 2, 3,
	    "3dnow 3dnowext fxsr_opt mmxext pdpe1gb -misalignsse" },
	{ "EPYC", "Opteron_G5", CPU_AMD, 23, 1, 2,
	    "adx arat avx2 bmi1 bmi2 clflushopt cr8legacy fsgsbase "
	    "fxsr_opt mmxext monitor movbe osvw rdrand rdseed sha-ni smap "
	    "smep topoext xgetbv1 xsavec xsaveopt -fma4 -tbm -xop" },
	{ "EPYC-IBPB", "EPYC", CPU_AMD, 23, 1, 2,
	    "amd_ibpb" },
	{ "EPYC-v3", "EPYC-IBPB", CPU_AMD, 23, 1, 2,
	    "clzero perfctr_core xsaveerptr xsaves" },
	{ "EPYC-Rome", "EPYC-v3", CPU_AMD, 23, 49, 0,
	    "amd_stibp clwb rdpid umip wbnoinvd" },
	{ "EPYC-Rome-v2", "EPYC-Rome", CPU_AMD, 23, 49, 0,
	    "amd_ibrs amd_ssbd" },
	{ "EPYC-Milan", "EPYC-Rome-v2", CPU_AMD, 25, 1, 1,
	    "erms fsrm invpcid pcid pku" },
	{ "EPYC-Genoa", "EPYC-Milan", CPU_AMD, 25, 17, 0,
	    "amd_psfd autoibrs avx512-bf16 avx512-vpopcntdq avx512bitalg "
	    "avx512bw avx512cd avx512dq avx512f avx512ifma avx512vbmi "
	    "avx512vbmi2 avx512vl avx512vnni gfni la57 lfence_rdtsc "
	    "no_nested_data_bp null_sel_clr_base stibp_always_on vaes "
	    "vpclmulqdq -monitor -topoext" },
	{ "Dhyana", "EPYC-IBPB", CPU_HYGON, 24, 0, 1,
	    "-aes -pclmuldq -sha-ni" },
	{ "Dhyana-v2", "Dhyana", CPU_HYGON, 24, 0, 1,
	    "xsaves" },
};

const unsigned cpu_n_models = ARRAY_LEN(cpu_models);

const struct cpu_model_alias cpu_model_aliases[] = {
	{ "Broadwell-v1", "Broadwell" },
	{ "Broadwell-v2", "Broadwell-noTSX" },
	{ "Broadwell-v3", "Broadwell-IBRS" },
	{ "Broadwell-v4", "Broadwell-noTSX-IBRS" },
	{ "Cascadelake-Server-v1", "Cascadelake-Server" },
	{ "Cascadelake-Server-v3", "Cascadelake-Server-noTSX" },
	{ "Cascadelake-Server-v4", "Cascadelake-Server-noTSX" },
	{ "Conroe-v1", "Conroe" },
	{ "Cooperlake-v1", "Cooperlake" },
	{ "Denverton-v1", "Denverton" },
	{ "Dhyana-v1", "Dhyana" },
	{ "EPYC-Genoa-v1", "EPYC-Genoa" },
	{ "EPYC-Milan-v1", "EPYC-Milan" },
	{ "EPYC-Rome-v1", "EPYC-Rome" },
	{ "EPYC-v1", "EPYC" },
	{ "EPYC-v2", "EPYC-IBPB" },
	{ "Haswell-v1", "Haswell" },
	{ "Haswell-v2", "Haswell-noTSX" },
	{ "Haswell-v3", "Haswell-IBRS" },
	{ "Haswell-v4", "Haswell-noTSX-IBRS" },
	{ "Icelake-Server-v1", "Icelake-Server" },
	{ "Icelake-Server-v2", "Icelake-Server-noTSX" },
	{ "Icelake-Server-v6", "Icelake-Server-v5" },
	{ "IvyBridge-v1", "IvyBridge" },
	{ "IvyBridge-v2", "IvyBridge-IBRS" },
	{ "Nehalem-v1", "Nehalem" },
	{ "Nehalem-v2", "Nehalem-IBRS" },
	{ "Opteron_G1-v1", "Opteron_G1" },
	{ "Opteron_G2-v1", "Opteron_G2" },
	{ "Opteron_G3-v1", "Opteron_G3" },
	{ "Opteron_G4-v1", "Opteron_G4" },
	{ "Opteron_G5-v1", "Opteron_G5" },
	{ "Penryn-v1", "Penryn" },
	{ "SandyBridge-v1", "SandyBridge" },
	{ "SandyBridge-v2", "SandyBridge-IBRS" },
	{ "SapphireRapids-v1", "SapphireRapids" },
	{ "Skylake-Client-v1", "Skylake-Client" },
	{ "Skylake-Client-v2", "Skylake-Client-IBRS" },
	{ "Skylake-Client-v3", "Skylake-Client-noTSX-IBRS" },
	{ "Skylake-Server-v1", "Skylake-Server" },
	{ "Skylake-Server-v2", "Skylake-Server-IBRS" },
	{ "Skylake-Server-v3", "Skylake-Server-noTSX-IBRS" },
	{ "Skylake-Server-v4", "Skylake-Server-noTSX-IBRS" },
	{ "Westmere-v1", "Westmere" },
	{ "Westmere-v2", "Westmere-IBRS" },
	{ "core2duo-v1", "core2duo" },
	{ "kvm64-v1", "kvm64" },
	{ "phenom-v1", "phenom" },
	{ "qemu64-v1", "qemu64" },
	{ "x86-64-v1-v1", "x86-64-v1" },
	{ "x86-64-v2-v1", "x86-64-v2" },
	{ "x86-64-v3-v1", "x86-64-v3" },
	{ "x86-64-v4-v1", "x86-64-v4" },
};

const unsigned cpu_n_model_aliases = ARRAY_LEN(cpu_model_aliases);

#define NESTED "virtualisation is not nested"

const struct cpu_other_feature cpu_other_features[] = {
	/* Bits of the MSR ARCH_CAPABILITIES, modes/x86/msr.c. */
	{ "rdctl-no", NULL }, { "ibrs-all", NULL }, { "ssb-no", NULL },
	{ "skip-l1dfl-vmentry", NULL }, { "mds-no", NULL },
	{ "pschange-mc-no", NULL }, { "taa-no", NULL },
	{ "sbdr-ssdp-no", NULL }, { "fbsdp-no", NULL }, { "psdp-no", NULL },
	{ "bhi-no", NULL }, { "pbrsb-no", NULL }, { "gds-no", NULL },
	{ "rfds-no", NULL }, { "its-no", NULL },
	/* AMD's leaf 0x8000000a. */
	{ "npt", NESTED }, { "lbrv", NESTED }, { "svm-lock", NESTED },
	{ "nrip-save", NESTED }, { "tsc-scale", NESTED },
	{ "vmcb-clean", NESTED }, { "flushbyasid", NESTED },
	{ "decodeassists", NESTED }, { "pause-filter", NESTED },
	{ "pfthreshold", NESTED }, { "avic", NESTED },
	{ "v-vmsave-vmload", NESTED }, { "vgif", NESTED }, { "vnmi", NESTED },
	{ "svme-addr-chk", NESTED }, { "x2avic", NESTED },
	/* Intel's are many: all that begin with this. */
	{ "vmx-", NESTED },
	{ "split-lock-detect", "a split lock is not slower here" },
	{ "tsx-ctrl", "transactions cannot span translated code" },
};

const unsigned cpu_n_other_features = ARRAY_LEN(cpu_other_features);

const char cpu_model_base[] = "hypervisor x2apic tsc-deadline arat "
    "arch-capabilities bhi_ctrl amd_ssb_no btc_no no_efer_lmsle lfence_rdtsc "
    "null_sel_clr_base autoibrs no_smm_ctl_msr srso_no srso_us_no tsa_sq_no "
    "tsa_l1_no";
