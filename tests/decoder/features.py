#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The CPUID features that rows name, against what the GNU assembler thinks.

Instructions made from every row (decoder-gen) are disassembled by objdump and
assembled again, twice: with nothing but the row's features (the assembler must
accept them) and with everything but one of these (it must refuse).
"""
import re
import subprocess
import sys
import tempfile

GEN = "tests/decoder/decoder-gen"

# Features whose name is another one there; else it is ours in lower case.
NAMES = {
    "SSE41": "sse4.1", "SSE42": "sse4.2", "BMI1": "bmi", "PCLMULQDQ": "pclmul", "RDRAND": "rdrnd",
    "AVX512FP16": "avx512_fp16", "AVX512BF16": "avx512_bf16",
    "AVX512VBMI2": "avx512_vbmi2", "AVX512VNNI": "avx512_vnni",
    "AVX512BITALG": "avx512_bitalg",
    "AVX512VPOPCNTDQ": "avx512_vpopcntdq",
    "AVX512VP2INTERSECT": "avx512_vp2intersect", "AVXVNNI": "avx_vnni",
    "AVXIFMA": "avx_ifma", "AVXVNNIINT8": "avx_vnni_int8",
    "AVXNECONVERT": "avx_ne_convert", "FPU": "8087 287 387 687",
}
SAME = """MMX SSE SSE2 SSE3 SSSE3 SSE4A AVX AVX2 AVX512F AVX512BW AVX512DQ
    AVX512CD AVX512VL AVX512IFMA AVX512VBMI FMA F16C AES GFNI VAES VPCLMULQDQ
    SHA BMI2 ADX MOVBE POPCNT LZCNT RDSEED RDPID FSGSBASE XSAVE
    XSAVEOPT XSAVEC XSAVES INVPCID MOVDIRI MOVDIR64B SERIALIZE WAITPKG CLWB
    CLFLUSHOPT CLZERO FXSR CMOV CX16""".split()
NAMES.update({k: k.lower() for k in SAME if k not in NAMES})

# Instructions that the assembler allows with less: (feature, mnemonics).
LESS = {
    "CMOV": (r"fcmov\w+|fu?comip?", "it counts them to the 80687"),
    "SSE": (r"prefetch\w+|p(min|max)(ub|sw)|pavg[bw]|pshufw|pmulhuw|psadbw|"
            r"pmovmskb|movntq|maskmovq|pinsrw|pextrw|sfence",
            "3DNow! has them as well"),
    "SSE3": (r"fisttp", "it counts it to the 80687, too"),
    "FPU": (r"wait", "an instruction of the 8086"),
    "SSE41": (r"pextrw", "with a register it takes SSE2's form"),
}
# ... and those it wants more for than we do.
MORE = {
    r"nop|endbr(32|64)|rdssp|cldemote": "NOPs where they mean nothing else",
    r"fisttp": "it counts it to the 80687, too",
}


def excused(feature, mnemonic):
    return feature in LESS and re.fullmatch(LESS[feature][0], mnemonic)


def instructions(work):
    """(features, mnemonic, text) of what decoder-gen makes."""
    with open(work + "/rows", "wb") as f:
        subprocess.run([GEN, "64", "20260101", "3", work + "/features"],
                       stdout=f, check=True)
    listing = subprocess.run(
        ["objdump", "-D", "-w", "-b", "binary", "-m", "i386:x86-64", "-M",
         "att,suffix", work + "/rows"], capture_output=True, text=True,
        check=True).stdout
    text = {}
    for line in listing.split("\n"):
        m = re.match(r"\s*([0-9a-f]+):\t[0-9a-f ]+?\s*\t([^#]*)", line)
        if m and int(m.group(1), 16) % 32 == 0:
            text[int(m.group(1), 16) // 32] = m.group(2).strip()
    with open(work + "/features", encoding="ascii") as f:
        for k, line in enumerate(f):
            enc, mnemonic, *features = line.split()
            if k in text:
                form = "{%s} " % enc if enc != "legacy" else ""
                yield (features, mnemonic, form +
                       re.sub(r"^\{\w?ex\} ", "", text[k]))


def assemble(work, lines):
    """Line number (from 1) and message of every error."""
    with open(work + "/s", "w", encoding="ascii") as f:
        f.write("\n".join(lines) + "\n")
    out = subprocess.run(["as", "-o", "/dev/null", work + "/s"], text=True,
                         capture_output=True, check=False).stderr
    return {int(m.group(1)): m.group(2) for m in
            re.finditer(r"^.*?:(\d+): Error: (.*)$", out, re.M)}


def arch(features, sign):
    return [".arch ." + sign + name for k in features
            for name in NAMES[k].split()]


def main():
    wrong = []
    with tempfile.TemporaryDirectory() as work:
        rows = list(instructions(work))
        # What objdump writes and the assembler does not read is left out.
        unread = assemble(work, [text for _, _, text in rows])
        rows = [r for k, r in enumerate(rows, 1) if k not in unread and
                all(f in NAMES or f == "NONE" for f in r[0])]
        lines, about = [], {}
        for features, mnemonic, text in rows:
            known = [f for f in features if f != "NONE"]
            # MMX is there in every 64-bit processor, and SSE's own with it.
            lines += [".arch generic64", ".arch .nosse", ".arch .mmx"]
            lines += arch(known, "") + [text]
            about[len(lines)] = (mnemonic, known)
        for at, message in assemble(work, lines).items():
            if at not in about:
                print("FAILED: the assembler: " + message)
                return 1
            if not any(re.fullmatch(k, about[at][0]) for k in MORE):
                wrong.append("%s: %s is not enough" % (
                    about[at][0], " and ".join(about[at][1]) or "nothing"))
        lines, about = [], {}
        for features, mnemonic, text in rows:
            for one in features:
                if one == "NONE" or excused(one, mnemonic):
                    continue
                lines += [".arch default"] + arch([one], "no") + [text]
                about[len(lines)] = (mnemonic, one)
        errors = assemble(work, lines)
        wrong += ["%s does not need %s" % about[at] for at in about
                  if at not in errors]
    for line in sorted(set(wrong)):
        print("FAILED: " + line)
    print("%d instructions, %d features of them; %d differences" % (
        len(rows), len(about), len(set(wrong))))
    return 1 if wrong or len(about) < 4000 else 0


if __name__ == "__main__":
    sys.exit(main())
