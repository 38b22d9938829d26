# SPDX-License-Identifier: Apache-2.0
"""How a line of the decoder's table or of an emitter is broken.

An operator is (name, pattern, function of the match that gives the possible
replacements).  Every single match of every operator is one possible mutant.
"""
import re

# --- the decoder's rows: modes/x86/insn_*_tab.h -------------------------

SIZES = {
    "1": ["2", "4"], "2": ["1", "4"], "4": ["2", "8"], "8": ["4", "16"],
    "10": ["8"], "16": ["8", "32"], "16u": ["16"], "v": ["1", "4", "z"],
    "z": ["1", "v"], "y": ["4", "v"], "vl": ["16", "vl2"],
    "vl2": ["vl", "vl4"], "vl4": ["vl2", "vl8"], "vl8": ["vl4"],
    "f2": ["f4", "vl"], "f4": ["f8", "vl"], "f8": ["f4", "vl"],
    "h2": ["h4"], "h4": ["h2", "f4"], "rvm2": ["v", "2"],
}
PLACES = "E G R M W V U H L B Z P Q N K KE KR KV I IS SX SY".split()


def size(m):
    return [m.group(1) + s + ")" for s in SIZES.get(m.group(2), [])]


def flags(m):
    kind, inner = m.group(1), m.group(2)
    out = ["%s(0)" % kind]
    for flag in "fC fP fA fZ fS fO".split():
        if re.search(r"\b%s\b" % flag, inner) and "~" not in inner:
            left = [f for f in re.split(r"\s*\|\s*", inner) if f != flag]
            if left:
                out.append("%s(%s)" % (kind, " | ".join(left)))
        elif inner == "ARITH":
            out.append("%s(ARITH & ~%s)" % (kind, flag))
        elif "~" in inner:
            out.append("%s(ARITH)" % kind)
    return out


def registers(m):
    out = ["%s(0)" % m.group(1)]
    for a, b in (("bAX", "bDX"), ("bDX", "bBX"), ("bCX", "bBX"),
                 ("bSI", "bDI"), ("bDI", "bSI"), ("bSP", "bBP")):
        if a in m.group(2):
            out.append("%s(%s)" % (m.group(1), m.group(2).replace(a, b)))
    return out


def other(*words):
    """Any of the words becomes any other of them."""
    def f(m):
        return [w for w in words if w != m.group(0)]
    return r"\b(?:%s)\b" % "|".join(map(re.escape, words)), f


def opcode(m):
    v = int(m.group(1), 16)
    return ["0x%02x" % (v ^ 1), "0x%02x" % (v ^ 8)]


ROW = [
    ("operand size", r"\b((?:%s)\()(\w+)\)" % "|".join(PLACES), size),
    ("access", r"\bWO \| ", lambda m: ["RW | ", "", "WC | "]),
    ("access", r"\bRW \| ", lambda m: ["WO | ", ""]),
    ("access", r"\bNA \| ", lambda m: [""]),
    ("access", r"\bWC \| ", lambda m: ["WO | "]),
    ("operand order", r"(\((?:\w+ \| )?)(\w+(?:\(\w+\))?), (\w+(?:\(\w+\))?)",
     lambda m: [m.group(1) + m.group(3) + ", " + m.group(2)]
     if m.group(2) != m.group(3) else []),
    ("flags", r"\b(F[RWU])\(([^()]+)\)", flags),
    ("implied registers", r"\b(G[RW])\(([^()]+)\)", registers),
    ("opcode", r"\b0x([0-9a-f]{2})\b", opcode),
    ("extension", r"\bREG\((\d)\)",
     lambda m: ["REG(%d)" % (int(m.group(1)) ^ k) for k in (1, 4)]),
    ("extension", r"\bRM\((\d)\)",
     lambda m: ["RM(%d)" % (int(m.group(1)) ^ 1)]),
    ("prefix",) + other("NP", "66", "F2", "F3"),
    ("map",) + other("0F", "0F38", "0F3A"),
    ("width bit",) + other("M_W0", "M_W1"),
    ("length bits",) + other("M_L0", "M_L1", "M_L2"),
    ("size condition",) + other("M_O16", "M_O32", "M_O64"),
    ("match word", r"\b(?:KZ|SC|M_K|M_Z|M_KREQ|M_ER|M_SAE|M_BYTE|M_LIG|"
     r"M_NODUP|M_PLUS8|M_NOREX_B|M_MEM|M_MOD3)\b", lambda m: ["0"]),
    ("attribute", r"\b(?:ATTR_\w+|LOCKED|NF|FX)\b(?!\))", lambda m: ["0"]),
    ("feature",) + other("AVX", "AVX2", "SSE2", "SSE3"),
    ("feature",) + other("AVX512F", "AVX512BW", "AVX512DQ"),
    ("immediate", r"\bIS\(", lambda m: ["I("]),
    ("immediate", r"\bIB\b", lambda m: ["IS(1)", "I(2)"]),
    ("immediate", r"\bI\(", lambda m: ["IS("]),
    ("class", r"\b(?:INT|STACK|MMX|VEC|X87|STRING|BRANCH)\b(?=, )",
     lambda m: ["SYSTEM"]),
]

# --- emitters: C ---------------------------------------------------------


def number(m):
    v = int(m.group(0).rstrip("uU"), 0)
    if m.group(0).startswith("0x"):
        return ["0x%x" % (v ^ 2), "0x%x" % (v ^ 8)]
    if v in (0, 1):
        return [str(1 - v)]
    return [str(v + 8) if v % 8 == 0 else str(v + 1), str(v - 1)]


def registers_of_host(m):
    ring = ["H_RAX", "H_RCX", "H_RDX", "H_R8", "H_R9", "H_R10", "H_R11"]
    k = ring.index(m.group(0))
    return [ring[(k + 1) % len(ring)], ring[(k + 3) % len(ring)]]


CODE = [
    ("host register", r"\bH_(?:RAX|RCX|RDX|R8|R9|R10|R11)\b",
     registers_of_host),
    ("host register",) + other("S_A", "S_B", "S_C"),
    ("guest register",) + other("RAX", "RDX", "RSP", "RBP", "RCX"),
    ("width", r"\bW64\b", lambda m: ["W32"]),
    ("width", r"\bW32\b", lambda m: ["W64"]),
    ("condition",) + other("CC_A", "CC_B", "CC_AE", "CC_E", "CC_NE"),
    ("load and store",) + other("OP_LOAD", "OP_STORE", "OP_LEA"),
    ("table field",) + other("ntag_read", "ntag_write"),
    ("number", r"(?<![\w.])(?:0x[0-9a-f]+|\d+)u?\b", number),
    ("negation", r"\bif \((?!!)([^;{}]+)\)$",
     lambda m: ["if (!(%s))" % m.group(1)]),
    ("negation", r"\bif \(!(\w[\w>.-]*)\)$",
     lambda m: ["if (%s)" % m.group(1)]),
    ("truth", r"\btrue\b", lambda m: ["false"]),
    ("truth", r"\bfalse\b", lambda m: ["true"]),
    ("operator", r" \+ ", lambda m: [" - "]),
    ("operator", r" - ", lambda m: [" + "]),
    ("operator", r" && ", lambda m: [" || "]),
    ("operator", r" \|\| ", lambda m: [" && "]),
    ("operator", r" == ", lambda m: [" != "]),
    ("operator", r" != ", lambda m: [" == "]),
    ("operator", r" <= ", lambda m: [" < "]),
    ("operator", r" < ", lambda m: [" <= "]),
    ("operator", r" & ~", lambda m: [" & "]),
    ("shift", r" << ", lambda m: [" >> "]),
    ("shift", r" >> ", lambda m: [" << "]),
    # A whole statement: a call or an assignment on a line of its own.
    ("statement", r"^\t+(?:\w+\([^;]*\)|[\w>.\[\]-]+ [|+-]?= [^;]+);$",
     lambda m: [re.match(r"\t+", m.group(0)).group(0) + ";"]),
]

# Lines that say nothing of what is emitted.
SKIP = re.compile(r"^\s*(?:/?\*|//|#include|#ifndef|#endif|static_assert|"
                  r"BUG_ON)|^\s*$|->n_\w+\+\+|\bunlikely\(")


def code_only(lines):
    """The lines' indices that are not inside a comment."""
    inside = False
    for k, line in enumerate(lines):
        start = inside
        if "/*" in line:
            inside = "*/" not in line[line.rindex("/*"):]
        elif "*/" in line:
            inside = False
            continue
        if not start and not SKIP.match(line):
            yield k


def mutants(lines, operators):
    """(line index, operator's name, new line, column) of every one."""
    for k in code_only(lines):
        line = lines[k]
        # Not what a comment at the end of the line says.
        code = re.split(r"\s*/\*", line)[0]
        for name, pattern, function in operators:
            for m in re.finditer(pattern, code):
                for new in function(m):
                    if new != m.group(0):
                        yield (k, name,
                               line[:m.start()] + new + line[m.end():],
                               m.start())
