/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID feature bits by the names the manuals give them, with their place:
 * leaf, subleaf, register and bit.  One list; the decoder's rows, the CPUID
 * policy, --host-without and the CPUID test derive from it.
 *
 * X(enumerator, "name as in <cpu><feature name=''>", leaf, subleaf, reg, bit)
 */
#ifndef TRIVISOR_MODES_X86_FEATURE_H
#define TRIVISOR_MODES_X86_FEATURE_H

#define X86_FEATURE_LIST(X) \
	X(FPU, "fpu", 1, 0, EDX, 0) \
	X(VME, "vme", 1, 0, EDX, 1) \
	X(DE, "de", 1, 0, EDX, 2) \
	X(PSE, "pse", 1, 0, EDX, 3) \
	X(TSC, "tsc", 1, 0, EDX, 4) \
	X(MSR, "msr", 1, 0, EDX, 5) \
	X(PAE, "pae", 1, 0, EDX, 6) \
	X(MCE, "mce", 1, 0, EDX, 7) \
	X(CX8, "cx8", 1, 0, EDX, 8) \
	X(APIC, "apic", 1, 0, EDX, 9) \
	X(SEP, "sep", 1, 0, EDX, 11) \
	X(MTRR, "mtrr", 1, 0, EDX, 12) \
	X(PGE, "pge", 1, 0, EDX, 13) \
	X(MCA, "mca", 1, 0, EDX, 14) \
	X(CMOV, "cmov", 1, 0, EDX, 15) \
	X(PAT, "pat", 1, 0, EDX, 16) \
	X(PSE36, "pse36", 1, 0, EDX, 17) \
	X(CLFSH, "clflush", 1, 0, EDX, 19) \
	X(MMX, "mmx", 1, 0, EDX, 23) \
	X(FXSR, "fxsr", 1, 0, EDX, 24) \
	X(SSE, "sse", 1, 0, EDX, 25) \
	X(SSE2, "sse2", 1, 0, EDX, 26) \
	X(SSE3, "pni", 1, 0, ECX, 0) \
	X(PCLMULQDQ, "pclmuldq", 1, 0, ECX, 1) \
	X(MONITOR, "monitor", 1, 0, ECX, 3) \
	X(SSSE3, "ssse3", 1, 0, ECX, 9) \
	X(FMA, "fma", 1, 0, ECX, 12) \
	X(CX16, "cx16", 1, 0, ECX, 13) \
	X(PCID, "pcid", 1, 0, ECX, 17) \
	X(SSE41, "sse4.1", 1, 0, ECX, 19) \
	X(SSE42, "sse4.2", 1, 0, ECX, 20) \
	X(X2APIC, "x2apic", 1, 0, ECX, 21) \
	X(MOVBE, "movbe", 1, 0, ECX, 22) \
	X(POPCNT, "popcnt", 1, 0, ECX, 23) \
	X(TSC_DEADLINE, "tsc-deadline", 1, 0, ECX, 24) \
	X(AES, "aes", 1, 0, ECX, 25) \
	X(XSAVE, "xsave", 1, 0, ECX, 26) \
	X(OSXSAVE, "osxsave", 1, 0, ECX, 27) \
	X(AVX, "avx", 1, 0, ECX, 28) \
	X(F16C, "f16c", 1, 0, ECX, 29) \
	X(RDRAND, "rdrand", 1, 0, ECX, 30) \
	X(HYPERVISOR, "hypervisor", 1, 0, ECX, 31) \
	X(FSGSBASE, "fsgsbase", 7, 0, EBX, 0) \
	X(TSC_ADJUST, "tsc_adjust", 7, 0, EBX, 1) \
	X(BMI1, "bmi1", 7, 0, EBX, 3) \
	X(AVX2, "avx2", 7, 0, EBX, 5) \
	X(SMEP, "smep", 7, 0, EBX, 7) \
	X(BMI2, "bmi2", 7, 0, EBX, 8) \
	X(ERMS, "erms", 7, 0, EBX, 9) \
	X(INVPCID, "invpcid", 7, 0, EBX, 10) \
	X(AVX512F, "avx512f", 7, 0, EBX, 16) \
	X(AVX512DQ, "avx512dq", 7, 0, EBX, 17) \
	X(RDSEED, "rdseed", 7, 0, EBX, 18) \
	X(ADX, "adx", 7, 0, EBX, 19) \
	X(SMAP, "smap", 7, 0, EBX, 20) \
	X(AVX512IFMA, "avx512ifma", 7, 0, EBX, 21) \
	X(CLFLUSHOPT, "clflushopt", 7, 0, EBX, 23) \
	X(CLWB, "clwb", 7, 0, EBX, 24) \
	X(AVX512CD, "avx512cd", 7, 0, EBX, 28) \
	X(SHA, "sha-ni", 7, 0, EBX, 29) \
	X(AVX512BW, "avx512bw", 7, 0, EBX, 30) \
	X(AVX512VL, "avx512vl", 7, 0, EBX, 31) \
	X(AVX512VBMI, "avx512vbmi", 7, 0, ECX, 1) \
	X(UMIP, "umip", 7, 0, ECX, 2) \
	X(PKU, "pku", 7, 0, ECX, 3) \
	X(WAITPKG, "waitpkg", 7, 0, ECX, 5) \
	X(AVX512VBMI2, "avx512vbmi2", 7, 0, ECX, 6) \
	X(GFNI, "gfni", 7, 0, ECX, 8) \
	X(VAES, "vaes", 7, 0, ECX, 9) \
	X(VPCLMULQDQ, "vpclmulqdq", 7, 0, ECX, 10) \
	X(AVX512VNNI, "avx512vnni", 7, 0, ECX, 11) \
	X(AVX512BITALG, "avx512bitalg", 7, 0, ECX, 12) \
	X(AVX512VPOPCNTDQ, "avx512-vpopcntdq", 7, 0, ECX, 14) \
	X(LA57, "la57", 7, 0, ECX, 16) \
	X(RDPID, "rdpid", 7, 0, ECX, 22) \
	X(MOVDIRI, "movdiri", 7, 0, ECX, 27) \
	X(MOVDIR64B, "movdir64b", 7, 0, ECX, 28) \
	X(FSRM, "fsrm", 7, 0, EDX, 4) \
	X(AVX512VP2INTERSECT, "avx512-vp2intersect", 7, 0, EDX, 8) \
	X(SERIALIZE, "serialize", 7, 0, EDX, 14) \
	X(AVX512FP16, "avx512-fp16", 7, 0, EDX, 23) \
	X(ARCH_CAPABILITIES, "arch-capabilities", 7, 0, EDX, 29) \
	X(AVXVNNI, "avx-vnni", 7, 1, EAX, 4) \
	X(AVX512BF16, "avx512-bf16", 7, 1, EAX, 5) \
	X(FZRM, "fzrm", 7, 1, EAX, 10) \
	X(FSRS, "fsrs", 7, 1, EAX, 11) \
	X(FSRC, "fsrc", 7, 1, EAX, 12) \
	X(AVXIFMA, "avx-ifma", 7, 1, EAX, 23) \
	X(AVXVNNIINT8, "avx-vnni-int8", 7, 1, EDX, 4) \
	X(AVXNECONVERT, "avx-ne-convert", 7, 1, EDX, 5) \
	X(XSAVEOPT, "xsaveopt", 0xd, 1, EAX, 0) \
	X(XSAVEC, "xsavec", 0xd, 1, EAX, 1) \
	X(XGETBV1, "xgetbv1", 0xd, 1, EAX, 2) \
	X(XSAVES, "xsaves", 0xd, 1, EAX, 3) \
	X(SYSCALL, "syscall", 0x80000001, 0, EDX, 11) \
	X(NX, "nx", 0x80000001, 0, EDX, 20) \
	X(MMXEXT, "mmxext", 0x80000001, 0, EDX, 22) \
	X(FXSR_OPT, "fxsr_opt", 0x80000001, 0, EDX, 25) \
	X(PDPE1GB, "pdpe1gb", 0x80000001, 0, EDX, 26) \
	X(RDTSCP, "rdtscp", 0x80000001, 0, EDX, 27) \
	X(LM, "lm", 0x80000001, 0, EDX, 29) \
	X(3DNOWEXT, "3dnowext", 0x80000001, 0, EDX, 30) \
	X(3DNOW, "3dnow", 0x80000001, 0, EDX, 31) \
	X(LAHF_LM, "lahf_lm", 0x80000001, 0, ECX, 0) \
	X(CR8LEGACY, "cr8legacy", 0x80000001, 0, ECX, 4) \
	X(LZCNT, "abm", 0x80000001, 0, ECX, 5) \
	X(SSE4A, "sse4a", 0x80000001, 0, ECX, 6) \
	X(MISALIGNSSE, "misalignsse", 0x80000001, 0, ECX, 7) \
	X(PREFETCHW, "3dnowprefetch", 0x80000001, 0, ECX, 8) \
	X(XOP, "xop", 0x80000001, 0, ECX, 11) \
	X(FMA4, "fma4", 0x80000001, 0, ECX, 16) \
	X(TBM, "tbm", 0x80000001, 0, ECX, 21) \
	X(CLZERO, "clzero", 0x80000008, 0, EBX, 0) \
	X(WBNOINVD, "wbnoinvd", 0x80000008, 0, EBX, 9)

enum x86_feature {
	FEAT_NONE,
#define X(e, name, leaf, sub, reg, bit) FEAT_##e,
	X86_FEATURE_LIST(X)
#undef X
	FEAT_COUNT,
	/* Of rows that are only decoded (VMX, SVM, TSX ...): never offered. */
	FEAT_NEVER = FEAT_COUNT,
};

#endif
