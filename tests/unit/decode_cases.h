/* SPDX-License-Identifier: Apache-2.0 */
/* Cases of decode_test.c: what, mode, bytes, what must come out. */

/* Prefixes and sizes */
{ "byte form", M64,
  "00 c8",
  "add 2 o1 a8 rw:ax.1/rm r:cx.1/reg fw=cpazso int lock xacq @p0 map0 "
  "op0:00 m1:c8" },
{ "default operand size", M64,
  "01 c8",
  "add 2 o4 a8 rw:ax.4/rm r:cx.4/reg fw=cpazso int lock zu xacq @p0 "
  "map0 op0:01 m1:c8" },
{ "66 makes it 16 bits", M64,
  "66 01 c8",
  "add 3 o2 a8 rw:ax.2/rm r:cx.2/reg fw=cpazso int lock zu xacq @p1 "
  "map0 op1:01 m2:c8 66" },
{ "REX.W makes it 64 bits", M64,
  "48 01 c8",
  "add 3 o8 a8 rw:ax.8/rm r:cx.8/reg fw=cpazso int lock zu xacq @p0 "
  "rex48 map0 op1:01 m2:c8" },
{ "REX.W wins over 66", M64,
  "66 48 01 c8",
  "add 4 o8 a8 rw:ax.8/rm r:cx.8/reg fw=cpazso int lock zu xacq @p1 "
  "rex48 map0 op2:01 m3:c8 66" },
{ "REX before a legacy prefix is ignored", M64,
  "48 66 01 c8",
  "add 4 o2 a8 rw:ax.2/rm r:cx.2/reg fw=cpazso int lock zu xacq @p2 "
  "map0 op2:01 m3:c8 66" },
{ "of two REX the last counts", M64,
  "48 49 01 c8",
  "add 4 o8 a8 rw:r8.8/rm r:cx.8/reg fw=cpazso int lock zu xacq @p1 "
  "rex49 map0 op2:01 m3:c8" },
{ "repeated prefixes", M64,
  "66 66 66 90",
  "nop 4 o2 a8 int @p3 map0 op3:90 66" },
{ "32-bit code", M32,
  "01 c8",
  "add 2 o4 a4 rw:ax.4/rm r:cx.4/reg fw=cpazso int lock zu xacq @p0 "
  "map0 op0:01 m1:c8" },
{ "66 in 32-bit code", M32,
  "66 01 c8",
  "add 3 o2 a4 rw:ax.2/rm r:cx.2/reg fw=cpazso int lock zu xacq @p1 "
  "map0 op1:01 m2:c8 66" },
{ "16-bit code", M16,
  "01 c8",
  "add 2 o2 a2 rw:ax.2/rm r:cx.2/reg fw=cpazso int lock zu xacq @p0 "
  "map0 op0:01 m1:c8" },
{ "66 in 16-bit code", M16,
  "66 01 c8",
  "add 3 o4 a2 rw:ax.4/rm r:cx.4/reg fw=cpazso int lock zu xacq @p1 "
  "map0 op1:01 m2:c8 66" },
{ "40..4F are INC and DEC outside 64-bit mode", M32,
  "48",
  "dec 1 o4 a4 rw:ax.4/op fw=pazso int no64 zu @p0 map0 op0:48" },
{ "INC ECX", M32,
  "41",
  "inc 1 o4 a4 rw:cx.4/op fw=pazso int no64 zu @p0 map0 op0:41" },
{ "without REX: AH", M64,
  "88 e0",
  "mov 2 o1 a8 w:ax.1/rm r:axh.1/reg int xacq @p0 map0 op0:88 m1:e0" },
{ "with REX: SPL", M64,
  "40 88 e0",
  "mov 3 o1 a8 w:ax.1/rm r:sp.1/reg int xacq @p0 rex40 map0 op1:88 "
  "m2:e0" },
{ "high byte gone with any REX", M64,
  "44 88 e0",
  "mov 3 o1 a8 w:ax.1/rm r:r12.1/reg int xacq @p0 rex44 map0 op1:88 "
  "m2:e0" },
{ "R and B extend registers", M64,
  "45 01 ff",
  "add 3 o4 a8 rw:r15.4/rm r:r15.4/reg fw=cpazso int lock zu xacq @p0 "
  "rex45 map0 op1:01 m2:ff" },
{ "LOCK with memory", M64,
  "f0 01 08",
  "add 3 o4 a8 rw:mem.4/rm r:cx.4/reg [ds:ax+0].4 fw=cpazso int lock "
  "zu xacq @p1 map0 op1:01 m2:08 lock" },
{ "LOCK with a register", M64,
  "f0 01 c8",
  "#UD" },
{ "LOCK with a memory source", M64,
  "f0 03 08",
  "#UD" },
{ "LOCK CMP", M64,
  "f0 39 08",
  "#UD" },
{ "LOCK MOV", M64,
  "f0 8b 00",
  "#UD" },
{ "XACQUIRE is ignored", M64,
  "f2 f0 01 08",
  "add 4 o4 a8 rw:mem.4/rm r:cx.4/reg [ds:ax+0].4 fw=cpazso int lock "
  "zu xacq @p2 map0 op2:01 m3:08 f2 lock" },
{ "CS is ignored, GS counts", M64,
  "2e 65 8b 00",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [gs:ax+0].4 int zu @p2 map0 "
  "op2:8b m3:00 gs:" },
{ "a null prefix does not undo GS", M64,
  "65 2e 8b 00",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [gs:ax+0].4 int zu @p2 map0 "
  "op2:8b m3:00 gs:" },
{ "SS override ignored in 64-bit mode", M64,
  "36 8b 00",
  "mov 3 o4 a8 w:ax.4/reg r:mem.4/rm [ds:ax+0].4 int zu @p1 map0 "
  "op1:8b m2:00" },
{ "CS override in 32-bit code", M32,
  "2e 8b 00",
  "mov 3 o4 a4 w:ax.4/reg r:mem.4/rm [cs:ax+0].4 int zu @p1 map0 "
  "op1:8b m2:00 cs:" },
{ "ES override of an SS default", M32,
  "26 8b 45 00",
  "mov 4 o4 a4 w:ax.4/reg r:mem.4/rm [es:bp+0].4 int zu @p1 map0 "
  "op1:8b m2:45 d3/1 es:" },
{ "15 bytes are allowed", M64,
  "66 66 66 66 66 66 66 66 66 66 66 66 66 66 90",
  "nop 15 o2 a8 int @p14 map0 op14:90 66" },
{ "16 bytes are too long", M64,
  "66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90",
  "long" },
{ "too long inside an immediate", M64,
  "66 66 66 66 66 66 66 66 66 48 b8 01 02 03 04 05 06",
  "long" },
{ "prefix only", M64,
  "66",
  "short" },
{ "no bytes at all", M64,
  "",
  "short" },

/* Addressing */
{ "base", M64,
  "8b 03",
  "mov 2 o4 a8 w:ax.4/reg r:mem.4/rm [ds:bx+0].4 int zu @p0 map0 "
  "op0:8b m1:03" },
{ "base and disp8", M64,
  "8b 43 f8",
  "mov 3 o4 a8 w:ax.4/reg r:mem.4/rm [ds:bx-8].4 int zu @p0 map0 "
  "op0:8b m1:43 d2/1" },
{ "base and disp32", M64,
  "8b 83 00 01 00 00",
  "mov 6 o4 a8 w:ax.4/reg r:mem.4/rm [ds:bx+256].4 int zu @p0 map0 "
  "op0:8b m1:83 d2/4" },
{ "RIP-relative", M64,
  "8b 05 10 00 00 00",
  "mov 6 o4 a8 w:ax.4/reg r:mem.4/rm [ds:rip+16].4 int zu @p0 map0 "
  "op0:8b m1:05 d2/4" },
{ "EIP-relative", M64,
  "67 8b 05 10 00 00 00",
  "mov 7 o4 a4 w:ax.4/reg r:mem.4/rm [ds:rip+16].4 int zu @p1 map0 "
  "op1:8b m2:05 d3/4 67" },
{ "disp32 in 32-bit code is absolute", M32,
  "8b 05 10 00 00 00",
  "mov 6 o4 a4 w:ax.4/reg r:mem.4/rm [ds:+16].4 int zu @p0 map0 op0:8b "
  "m1:05 d2/4" },
{ "SIB without base: absolute, sign extended", M64,
  "8b 04 25 10 00 00 80",
  "mov 7 o4 a8 w:ax.4/reg r:mem.4/rm [ds:-2147483632].4 int zu @p0 "
  "map0 op0:8b m1:04 s25 d3/4" },
{ "RSP as base needs a SIB", M64,
  "8b 04 24",
  "mov 3 o4 a8 w:ax.4/reg r:mem.4/rm [ss:sp+0].4 int zu @p0 map0 "
  "op0:8b m1:04 s24" },
{ "RBP as base: SS", M64,
  "8b 45 00",
  "mov 3 o4 a8 w:ax.4/reg r:mem.4/rm [ss:bp+0].4 int zu @p0 map0 "
  "op0:8b m1:45 d2/1" },
{ "R13 as base: DS", M64,
  "41 8b 45 00",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [ds:r13+0].4 int zu @p0 rex41 "
  "map0 op1:8b m2:45 d3/1" },
{ "R12 as base: DS", M64,
  "41 8b 04 24",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [ds:r12+0].4 int zu @p0 rex41 "
  "map0 op1:8b m2:04 s24" },
{ "base, index, scale, disp8", M64,
  "8b 44 8d 08",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [ss:bp+cx*4+8].4 int zu @p0 map0 "
  "op0:8b m1:44 s8d d3/1" },
{ "R12 as index", M64,
  "42 8b 04 20",
  "mov 4 o4 a8 w:ax.4/reg r:mem.4/rm [ds:ax+r12*1+0].4 int zu @p0 "
  "rex42 map0 op1:8b m2:04 s20" },
{ "no index with SIB 4", M64,
  "8b 04 60",
  "mov 3 o4 a8 w:ax.4/reg r:mem.4/rm [ds:ax+0].4 int zu @p0 map0 "
  "op0:8b m1:04 s60" },
{ "index without base", M64,
  "8b 04 cd 00 00 00 00",
  "mov 7 o4 a8 w:ax.4/reg r:mem.4/rm [ds:+cx*8+0].4 int zu @p0 map0 "
  "op0:8b m1:04 scd d3/4" },
{ "32-bit addressing", M64,
  "67 8b 44 8d 08",
  "mov 5 o4 a4 w:ax.4/reg r:mem.4/rm [ss:bp+cx*4+8].4 int zu @p1 map0 "
  "op1:8b m2:44 s8d d4/1 67" },
{ "GS: absolute", M64,
  "65 48 8b 04 25 28 00 00 00",
  "mov 9 o8 a8 w:ax.8/reg r:mem.8/rm [gs:+40].8 int zu @p1 rex48 map0 "
  "op2:8b m3:04 s25 d5/4 gs:" },
{ "BX+SI", M16,
  "8b 00",
  "mov 2 o2 a2 w:ax.2/reg r:mem.2/rm [ds:bx+si*1+0].2 int zu @p0 map0 "
  "op0:8b m1:00" },
{ "BP+SI: SS", M16,
  "8b 02",
  "mov 2 o2 a2 w:ax.2/reg r:mem.2/rm [ss:bp+si*1+0].2 int zu @p0 map0 "
  "op0:8b m1:02" },
{ "BX", M16,
  "8b 07",
  "mov 2 o2 a2 w:ax.2/reg r:mem.2/rm [ds:bx+0].2 int zu @p0 map0 "
  "op0:8b m1:07" },
{ "disp16", M16,
  "8b 06 34 12",
  "mov 4 o2 a2 w:ax.2/reg r:mem.2/rm [ds:+4660].2 int zu @p0 map0 "
  "op0:8b m1:06 d2/2" },
{ "BP and disp8", M16,
  "8b 46 fe",
  "mov 3 o2 a2 w:ax.2/reg r:mem.2/rm [ss:bp-2].2 int zu @p0 map0 "
  "op0:8b m1:46 d2/1" },
{ "BX+DI and disp16", M16,
  "8b 81 00 80",
  "mov 4 o2 a2 w:ax.2/reg r:mem.2/rm [ds:bx+di*1-32768].2 int zu @p0 "
  "map0 op0:8b m1:81 d2/2" },
{ "32-bit addressing in 16-bit code", M16,
  "67 8b 44 8d 08",
  "mov 5 o2 a4 w:ax.2/reg r:mem.2/rm [ss:bp+cx*4+8].2 int zu @p1 map0 "
  "op1:8b m2:44 s8d d4/1 67" },
{ "16-bit addressing in 32-bit code", M32,
  "67 8b 42 10",
  "mov 4 o4 a2 w:ax.4/reg r:mem.4/rm [ss:bp+si*1+16].4 int zu @p1 map0 "
  "op1:8b m2:42 d3/1 67" },
{ "moffs64", M64,
  "a1 01 02 03 04 05 06 07 88",
  "mov 9 o4 a8 w:ax.4 r:mem.4/imm [ds:-8644934341102468607]moffs.4 "
  "imm=0 int zu @p0 map0 op0:a1 i1/8" },
{ "moffs32", M64,
  "67 a1 01 02 03 04",
  "mov 6 o4 a4 w:ax.4 r:mem.4/imm [ds:+67305985]moffs.4 imm=0 int zu "
  "@p1 map0 op1:a1 i2/4 67" },
{ "moffs32 store", M32,
  "a3 01 02 03 04",
  "mov 5 o4 a4 w:mem.4/imm r:ax.4 [ds:+67305985]moffs.4 imm=0 int @p0 "
  "map0 op0:a3 i1/4" },
{ "moffs with GS", M64,
  "65 48 a1 00 00 00 00 00 00 00 00",
  "mov 11 o8 a8 w:ax.8 r:mem.8/imm [gs:+0]moffs.8 imm=0 int zu @p1 "
  "rex48 map0 op2:a1 i3/8 gs:" },

/* Immediates */
{ "imm8 is sign extended", M64,
  "83 c0 ff",
  "add 3 o4 a8 rw:ax.4/rm r:imm.1/imm imm=ffffffffffffffff fw=cpazso "
  "int lock zu xacq @p0 map0 op0:83 m1:c0 i2/1" },
{ "imm32 is sign extended", M64,
  "48 81 c0 00 00 00 80",
  "add 7 o8 a8 rw:ax.8/rm r:imm.4/imm imm=ffffffff80000000 fw=cpazso "
  "int lock zu xacq @p0 rex48 map0 op1:81 m2:c0 i3/4" },
{ "imm16", M64,
  "66 81 c0 34 12",
  "add 5 o2 a8 rw:ax.2/rm r:imm.2/imm imm=1234 fw=cpazso int lock zu "
  "xacq @p1 map0 op1:81 m2:c0 i3/2 66" },
{ "MOV imm64", M64,
  "48 b8 01 02 03 04 05 06 07 08",
  "mov 10 o8 a8 w:ax.8/op r:imm.8/imm imm=807060504030201 int zu @p0 "
  "rex48 map0 op1:b8 i2/8" },
{ "MOV r32, imm32", M64,
  "b8 ff ff ff ff",
  "mov 5 o4 a8 w:ax.4/op r:imm.4/imm imm=ffffffffffffffff int zu @p0 "
  "map0 op0:b8 i1/4" },
{ "MOV R12B, imm8", M64,
  "41 b4 7f",
  "mov 3 o1 a8 w:r12.1/op r:imm.1/imm imm=7f int @p0 rex41 map0 op1:b4 "
  "i2/1" },
{ "MOV AH, imm8", M64,
  "b4 7f",
  "mov 2 o1 a8 w:axh.1/op r:imm.1/imm imm=7f int @p0 map0 op0:b4 i1/1" },
{ "PUSH imm8", M64,
  "6a ff",
  "push 2 o8 a8 r:imm.1/imm imm=ffffffffffffffff gr=sp. gw=sp. stack "
  "d64 @p0 map0 op0:6a i1/1" },
{ "PUSH imm16", M64,
  "66 68 34 12",
  "push 4 o2 a8 r:imm.2/imm imm=1234 gr=sp. gw=sp. stack d64 @p1 map0 "
  "op1:68 i2/2 66" },
{ "ENTER has two immediates", M64,
  "c8 10 00 01",
  "enter 4 o8 a8 r:imm.2/imm r:imm2.1/imm imm=10 imm2=1 gr=sp.bp. "
  "gw=sp.bp. stack d64 @p0 map0 op0:c8 i1/3" },
{ "RET imm16", M64,
  "c2 08 00",
  "ret 3 o8 a8 r:imm.2/imm imm=8 gr=sp. gw=sp. branch/ret f64 @p0 map0 "
  "op0:c2 i1/2" },
{ "INT n", M64,
  "cd 80",
  "int 2 o4 a8 r:imm.1/imm imm=80 fr=cpazstido__n fw=tin branch/int "
  "iopl @p0 map0 op0:cd i1/1" },
{ "shift by imm8", M64,
  "c1 e0 1f",
  "shl 3 o4 a8 rw:ax.4/rm r:imm.1/imm imm=1f fw=cpzs fu=ao int fcond "
  "zu @p0 map0 op0:c1 m1:e0 i2/1" },
{ "shift by one", M64,
  "d1 e0",
  "shl 2 o4 a8 rw:ax.4/rm r:one.1 imm=1 fw=cpzso fu=a int zu @p0 map0 "
  "op0:d1 m1:e0" },
{ "shift by CL", M64,
  "d3 e0",
  "shl 2 o4 a8 rw:ax.4/rm r:cx.1 fw=cpzs fu=ao int fcond zu @p0 map0 "
  "op0:d3 m1:e0" },
{ "SHL /6", M64,
  "c0 f0 03",
  "shl 3 o1 a8 rw:ax.1/rm r:imm.1/imm imm=3 fw=cpzs fu=ao int fcond "
  "@p0 map0 op0:c0 m1:f0 i2/1" },
{ "RCL reads CF", M64,
  "d3 d0",
  "rcl 2 o4 a8 rw:ax.4/rm r:cx.1 fr=c fw=c fu=o int fcond zu @p0 map0 "
  "op0:d3 m1:d0" },
{ "TEST F6 /1", M64,
  "f6 c8 01",
  "test 3 o1 a8 r:ax.1/rm r:imm.1/imm imm=1 fw=cpzso fu=a int @p0 map0 "
  "op0:f6 m1:c8 i2/1" },
{ "SALC in 64-bit mode", M64,
  "d6",
  "#UD" },
{ "SALC", M32,
  "d6",
  "salc 1 o1 a4 w:ax.1 fr=c int no64 @p0 map0 op0:d6" },

/* Integer */
{ "MUL: implicit RDX:RAX", M64,
  "f7 e1",
  "mul 2 o4 a8 r:cx.4/rm fw=co fu=pazs gr=ax. gw=ax.dx. int zu @p0 "
  "map0 op0:f7 m1:e1" },
{ "DIV r8: AX", M64,
  "f6 f1",
  "div 2 o1 a8 r:cx.1/rm fu=cpazso gr=ax. gw=ax. int @p0 map0 op0:f6 "
  "m1:f1" },
{ "IDIV r64", M64,
  "48 f7 f9",
  "idiv 3 o8 a8 r:cx.8/rm fu=cpazso gr=ax.dx. gw=ax.dx. int zu @p0 "
  "rex48 map0 op1:f7 m2:f9" },
{ "IMUL two operands", M64,
  "0f af c1",
  "imul 3 o4 a8 rw:ax.4/reg r:cx.4/rm fw=co fu=pazs int zu @p0 map1 "
  "op1:af m2:c1" },
{ "IMUL three operands", M64,
  "6b c1 fe",
  "imul 3 o4 a8 w:ax.4/reg r:cx.4/rm r:imm.1/imm imm=fffffffffffffffe "
  "fw=co fu=pazs int zu @p0 map0 op0:6b m1:c1 i2/1" },
{ "XCHG writes both", M64,
  "87 03",
  "xchg 2 o4 a8 rw:mem.4/rm rw:ax.4/reg [ds:bx+0].4 int lock zu xacq "
  "@p0 map0 op0:87 m1:03" },
{ "XCHG with EAX", M64,
  "93",
  "xchg 1 o4 a8 rw:bx.4/op rw:ax.4 int zu @p0 map0 op0:93" },
{ "NOP", M64,
  "90",
  "nop 1 o4 a8 int @p0 map0 op0:90" },
{ "PAUSE", M64,
  "f3 90",
  "pause 2 o4 a8 int @p1 map0 op1:90 f3" },
{ "XCHG R8D, EAX", M64,
  "41 90",
  "xchg 2 o4 a8 rw:r8.4/op rw:ax.4 int zu @p0 rex41 map0 op1:90" },
{ "F3 with REX.B is XCHG", M64,
  "f3 41 90",
  "xchg 3 o4 a8 rw:r8.4/op rw:ax.4 int zu @p1 rex41 map0 op2:90 f3" },
{ "long NOP", M64,
  "0f 1f 44 00 00",
  "nop 5 o4 a8 -:mem.0/rm [ds:ax+ax*1+0].0 int @p0 map1 op1:1f m2:44 "
  "s00 d4/1" },
{ "ENDBR64", M64,
  "f3 0f 1e fa",
  "endbr64 4 o4 a8 int @p1 map1 op2:1e m3:fa f3" },
{ "PREFETCHT0", M64,
  "0f 18 08",
  "prefetcht0 3 o4 a8 -:mem.0/rm [ds:ax+0].0 int sse @p0 map1 op1:18 "
  "m2:08" },
{ "PREFETCHW", M64,
  "0f 0d 08",
  "prefetchw 3 o4 a8 -:mem.0/rm [ds:ax+0].0 int lm @p0 map1 "
  "op1:0d m2:08" },
{ "PREFETCH of a register", M64,
  "0f 0d c0",
  "#UD" },
{ "CDQE", M64,
  "48 98",
  "cbw 2 o8 a8 w:ax.8 r:ax.4 int zu @p0 rex48 map0 op1:98" },
{ "CBW", M64,
  "66 98",
  "cbw 2 o2 a8 w:ax.2 r:ax.1 int zu @p1 map0 op1:98 66" },
{ "CDQ", M64,
  "99",
  "cwd 1 o4 a8 w:dx.4 r:ax.4 int zu @p0 map0 op0:99" },
{ "SETE", M64,
  "0f 94 c0",
  "setcc 3 o1 a8 cond4 w:ax.1/rm fr=z int @p0 map1 op1:94 m2:c0" },
{ "CMOVL", M64,
  "0f 4c c1",
  "cmovcc 3 o4 a8 cond12 w?:ax.4/reg r:cx.4/rm fr=so int cmov zu @p0 "
  "map1 op1:4c m2:c1" },
{ "MOVZX from AH", M64,
  "0f b6 c4",
  "movzx 3 o4 a8 w:ax.4/reg r:axh.1/rm int zu @p0 map1 op1:b6 m2:c4" },
{ "MOVSX r64, r8", M64,
  "4c 0f be c1",
  "movsx 4 o8 a8 w:r8.8/reg r:cx.1/rm int zu @p0 rex4c map1 op2:be "
  "m3:c1" },
{ "MOVSXD", M64,
  "48 63 c1",
  "movsxd 3 o8 a8 w:ax.8/reg r:cx.4/rm int only64 zu @p0 rex48 map0 "
  "op1:63 m2:c1" },
{ "ARPL", M32,
  "63 c1",
  "arpl 2 o4 a4 rw?:cx.2/rm r:ax.2/reg fw=z system no64 noreal @p0 "
  "map0 op0:63 m1:c1" },
{ "LEA reads no memory", M64,
  "8d 04 08",
  "lea 3 o4 a8 w:ax.4/reg -:mem.0/rm [ds:ax+cx*1+0].0 int zu @p0 map0 "
  "op0:8d m1:04 s08" },
{ "LEA of a register", M64,
  "8d c0",
  "#UD" },
{ "BT register", M64,
  "0f a3 c8",
  "bt 3 o4 a8 r:ax.4/rm r:cx.4/reg fw=c fu=paso int @p0 map1 op1:a3 "
  "m2:c8" },
{ "BT memory: bit string", M64,
  "0f a3 08",
  "bt 3 o4 a8 r:mem.4/rm r:cx.4/reg [ds:ax+0].4 fw=c fu=paso system "
  "@p0 map1 op1:a3 m2:08" },
{ "LOCK BTS imm8", M64,
  "f0 0f ba 28 05",
  "bts 5 o4 a8 rw:mem.4/rm r:imm.1/imm [ds:ax+0].4 imm=5 fw=c fu=paso "
  "int lock zu xacq @p1 map1 op2:ba m3:28 i4/1 lock" },
{ "BSF", M64,
  "0f bc c1",
  "bsf 3 o4 a8 w?:ax.4/reg r:cx.4/rm fw=z fu=cpaso int zu @p0 map1 "
  "op1:bc m2:c1" },
{ "TZCNT", M64,
  "f3 0f bc c1",
  "tzcnt 4 o4 a8 w:ax.4/reg r:cx.4/rm fw=cz fu=paso int bmi1 zu @p1 "
  "map1 op2:bc m3:c1 f3" },
{ "POPCNT", M64,
  "f3 0f b8 c1",
  "popcnt 4 o4 a8 w:ax.4/reg r:cx.4/rm fw=cpazso int popcnt zu @p1 "
  "map1 op2:b8 m3:c1 f3" },
{ "JMPE is none", M64,
  "0f b8 c1",
  "#UD" },
{ "CRC32 r64", M64,
  "f2 48 0f 38 f1 c1",
  "crc32 6 o8 a8 rw:ax.8/reg r:cx.8/rm int sse4.2 zu @p1 rex48 map2 "
  "op4:f1 m5:c1 f2" },
{ "CRC32 r16", M64,
  "66 f2 0f 38 f1 c1",
  "crc32 6 o2 a8 rw:ax.4/reg r:cx.2/rm int sse4.2 zu @p2 map2 op4:f1 "
  "m5:c1 66 f2" },
{ "MOVBE load", M64,
  "0f 38 f0 00",
  "movbe 4 o4 a8 w:ax.4/reg r:mem.4/rm [ds:ax+0].4 int movbe zu @p0 "
  "map2 op2:f0 m3:00" },
{ "MOVBE store 16", M64,
  "66 0f 38 f1 00",
  "movbe 5 o2 a8 w:mem.2/rm r:ax.2/reg [ds:ax+0].2 int movbe @p1 map2 "
  "op3:f1 m4:00 66" },
{ "ADCX", M64,
  "66 0f 38 f6 c1",
  "adcx 5 o4 a8 rw:ax.4/reg r:cx.4/rm fr=c fw=c int adx zu @p1 map2 "
  "op3:f6 m4:c1 66" },
{ "ADOX", M64,
  "f3 0f 38 f6 c1",
  "adox 5 o4 a8 rw:ax.4/reg r:cx.4/rm fr=o fw=o int adx zu @p1 map2 "
  "op3:f6 m4:c1 f3" },
{ "LOCK CMPXCHG", M64,
  "f0 0f b1 0b",
  "cmpxchg 4 o4 a8 rw:mem.4/rm r:cx.4/reg [ds:bx+0].4 fw=cpazso gr=ax. "
  "gw=ax. int lock zu xacq @p1 map1 op2:b1 m3:0b lock" },
{ "CMPXCHG8B", M64,
  "0f c7 0b",
  "cmpxchg8b 3 o4 a8 rw:mem.8/rm [ds:bx+0].8 fw=z gr=ax.cx.dx.bx. "
  "gw=ax.dx. int cx8 lock xacq @p0 map1 op1:c7 m2:0b" },
{ "CMPXCHG16B", M64,
  "48 0f c7 0b",
  "cmpxchg16b 4 o8 a8 rw:mem.16/rm [ds:bx+0].16 fw=z gr=ax.cx.dx.bx. "
  "gw=ax.dx. int cx16 lock aligned xacq @p0 rex48 map1 op2:c7 m3:0b" },
{ "XADD", M64,
  "0f c1 0b",
  "xadd 3 o4 a8 rw:mem.4/rm rw:cx.4/reg [ds:bx+0].4 fw=cpazso int lock "
  "zu xacq @p0 map1 op1:c1 m2:0b" },
{ "BSWAP", M64,
  "0f c8",
  "bswap 2 o4 a8 rw:ax.4/op int zu @p0 map1 op1:c8" },
{ "ANDN", M64,
  "c4 e2 70 f2 c2",
  "andn 5 o4 a8 w:ax.4/reg r:cx.4/v r:dx.4/rm fw=czso fu=pa int bmi1 "
  "noreal zu @p0 vexe270 map2 op3:f2 m4:c2" },
{ "MULX", M64,
  "c4 e2 f3 f6 c2",
  "mulx 5 o8 a8 w:ax.8/reg w:cx.8/v r:dx.8/rm gr=dx. int bmi2 noreal "
  "zu @p0 vexe2f3 map2 op3:f6 m4:c2" },
{ "RORX", M64,
  "c4 e3 7b f0 c1 05",
  "rorx 6 o4 a8 w:ax.4/reg r:cx.4/rm r:imm.1/imm imm=5 int bmi2 noreal "
  "zu @p0 vexe37b map3 op3:f0 m4:c1 i5/1" },
{ "ANDN with VEX.L", M64,
  "c4 e2 74 f2 c2",
  "#UD" },
{ "RDRAND", M64,
  "0f c7 f0",
  "rdrand 3 o4 a8 w:ax.4/rm fw=cpazso int rdrand zu @p0 map1 op1:c7 "
  "m2:f0" },
{ "DAA in 64-bit mode", M64,
  "27",
  "#UD" },
{ "DAA", M32,
  "27",
  "daa 1 o1 a4 rw:ax.1 fr=ca fw=cpazs fu=o int no64 @p0 map0 op0:27" },
{ "AAM", M32,
  "d4 0a",
  "aam 2 o1 a4 w:ax.2 r:imm.1/imm imm=a fw=pzs fu=cao gr=ax. int no64 "
  "@p0 map0 op0:d4 i1/1" },
{ "BOUND", M32,
  "62 03",
  "bound 2 o4 a4 r:ax.4/reg r:mem.8/rm [ds:bx+0].8 system no64 @p0 "
  "map0 op0:62 m1:03" },
{ "LES", M32,
  "c4 03",
  "les 2 o4 a4 w:ax.4/reg r:mem.6/rm [ds:bx+0].6 system no64 zu @p0 "
  "map0 op0:c4 m1:03" },
{ "LDS", M32,
  "c5 03",
  "lds 2 o4 a4 w:ax.4/reg r:mem.6/rm [ds:bx+0].6 system no64 zu @p0 "
  "map0 op0:c5 m1:03" },
{ "XLAT", M64,
  "d7",
  "xlat 1 o1 a8 gr=ax.bx. gw=ax. system @p0 map0 op0:d7" },

/* Stack */
{ "PUSH r64", M64,
  "50",
  "push 1 o8 a8 r:ax.8/op gr=sp. gw=sp. stack d64 @p0 map0 op0:50" },
{ "PUSH r16", M64,
  "66 50",
  "push 2 o2 a8 r:ax.2/op gr=sp. gw=sp. stack d64 @p1 map0 op1:50 66" },
{ "PUSH r32", M32,
  "50",
  "push 1 o4 a4 r:ax.4/op gr=sp. gw=sp. stack d64 @p0 map0 op0:50" },
{ "POP R8", M64,
  "41 58",
  "pop 2 o8 a8 w:r8.8/op gr=sp. gw=sp. stack d64 zu @p0 rex41 map0 "
  "op1:58" },
{ "POP memory", M64,
  "8f 00",
  "pop 2 o8 a8 w:mem.8/rm [ds:ax+0].8 gr=sp. gw=sp. stack d64 zu @p0 "
  "map0 op0:8f m1:00" },
{ "8F /1 is none", M64,
  "8f c8",
  "#UD" },
{ "PUSH memory", M64,
  "ff 33",
  "push 2 o8 a8 r:mem.8/rm [ds:bx+0].8 gr=sp. gw=sp. stack d64 @p0 "
  "map0 op0:ff m1:33" },
{ "PUSHFQ", M64,
  "9c",
  "pushf 1 o8 a8 fr=cpazstido__n gr=sp. gw=sp. stack iopl d64 @p0 map0 "
  "op0:9c" },
{ "POPF", M64,
  "66 9d",
  "popf 2 o2 a8 fw=cpazstido__n gr=sp. gw=sp. stack iopl d64 @p1 map0 "
  "op1:9d 66" },
{ "PUSHA", M32,
  "60",
  "pusha 1 o4 a4 gr=ax.cx.dx.bx.sp.bp.si.di. gw=sp. stack no64 @p0 "
  "map0 op0:60" },
{ "POPA", M32,
  "61",
  "popa 1 o4 a4 gr=sp. gw=ax.cx.dx.bx.sp.bp.si.di. stack no64 @p0 map0 "
  "op0:61" },
{ "PUSHA in 64-bit mode", M64,
  "60",
  "#UD" },
{ "PUSH FS", M64,
  "0f a0",
  "push 2 o8 a8 r:fs.2 gr=sp. gw=sp. system d64 @p0 map1 op1:a0" },
{ "POP ES", M32,
  "07",
  "pop 1 o4 a4 w:es.2 gr=sp. gw=sp. system no64 @p0 map0 op0:07" },
{ "POP ES in 64-bit mode", M64,
  "07",
  "#UD" },
{ "LEAVE", M64,
  "c9",
  "leave 1 o8 a8 gr=bp. gw=sp.bp. stack d64 @p0 map0 op0:c9" },

/* Branches */
{ "JE short", M64,
  "74 fe",
  "jcc 2 o8 a8 cond4 r:rel.1/imm imm=fffffffffffffffe fr=z branch/jcc "
  "f64 @p0 map0 op0:74 i1/1" },
{ "JNE near", M64,
  "0f 85 00 01 00 00",
  "jcc 6 o8 a8 cond5 r:rel.4/imm imm=100 fr=z branch/jcc f64 @p0 map1 "
  "op1:85 i2/4" },
{ "66 JMP takes 16 bits (AMD)", M64,
  "66 e9 00 01",
  "jmp 4 o2 a8 r:rel.2/imm imm=100 branch/jmp f64 @p1 map0 op1:e9 i2/2 "
  "66" },
{ "66 JMP in 32-bit code", M32,
  "66 e9 00 01",
  "jmp 4 o2 a4 r:rel.2/imm imm=100 branch/jmp f64 @p1 map0 op1:e9 i2/2 "
  "66" },
{ "JMP in 16-bit code", M16,
  "e9 00 01",
  "jmp 3 o2 a2 r:rel.2/imm imm=100 branch/jmp f64 @p0 map0 op0:e9 i1/2" },
{ "CALL", M64,
  "e8 fb ff ff ff",
  "call 5 o8 a8 r:rel.4/imm imm=fffffffffffffffb gr=sp. gw=sp. "
  "branch/call f64 @p0 map0 op0:e8 i1/4" },
{ "RET", M64,
  "c3",
  "ret 1 o8 a8 gr=sp. gw=sp. branch/ret f64 @p0 map0 op0:c3" },
{ "CALL RAX", M64,
  "ff d0",
  "call 2 o8 a8 r:ax.8/rm gr=sp. gw=sp. branch/call-ind f64 @p0 map0 "
  "op0:ff m1:d0" },
{ "JMP memory", M64,
  "ff 20",
  "jmp 2 o8 a8 r:mem.8/rm [ds:ax+0].8 branch/jmp-ind f64 @p0 map0 "
  "op0:ff m1:20" },
{ "JMP far", M64,
  "ff 28",
  "jmpf 2 o4 a8 r:mem.6/rm [ds:ax+0].6 branch/far @p0 map0 op0:ff "
  "m1:28" },
{ "far JMP through a register", M64,
  "ff e8",
  "#UD" },
{ "CALL far", M32,
  "9a 01 02 03 04 05 06",
  "callf 7 o4 a4 r:far.6/imm imm=4030201 imm2=605 gr=sp. gw=sp. "
  "branch/far no64 @p0 map0 op0:9a i1/6" },
{ "direct far CALL in 64-bit mode", M64,
  "9a 01 02 03 04 05 06",
  "#UD" },
{ "JMP far 16:16", M16,
  "ea 01 02 03 04",
  "jmpf 5 o2 a2 r:far.4/imm imm=201 imm2=403 branch/far no64 @p0 map0 "
  "op0:ea i1/4" },
{ "RETFQ", M64,
  "48 cb",
  "retf 2 o8 a8 gr=sp. gw=sp. branch/far @p0 rex48 map0 op1:cb" },
{ "IRETQ", M64,
  "48 cf",
  "iret 2 o8 a8 fw=cpazstido__n gr=sp. gw=sp. branch/iret iopl @p0 "
  "rex48 map0 op1:cf" },
{ "JRCXZ", M64,
  "e3 05",
  "jcxz 2 o8 a8 r:rel.1/imm imm=5 gr=cx. branch/jcc f64 @p0 map0 "
  "op0:e3 i1/1" },
{ "JECXZ", M64,
  "67 e3 05",
  "jcxz 3 o8 a4 r:rel.1/imm imm=5 gr=cx. branch/jcc f64 @p1 map0 "
  "op1:e3 i2/1 67" },
{ "LOOP", M64,
  "e2 05",
  "loop 2 o8 a8 r:rel.1/imm imm=5 gr=cx. gw=cx. branch/jcc f64 @p0 "
  "map0 op0:e2 i1/1" },
{ "LOOPNE", M64,
  "e0 05",
  "loopne 2 o8 a8 r:rel.1/imm imm=5 fr=z gr=cx. gw=cx. branch/jcc f64 "
  "@p0 map0 op0:e0 i1/1" },
{ "LOOPE with F2 is LOOPNE on AMD", M64,
  "f2 e1 05",
  "loopne 3 o8 a8 r:rel.1/imm imm=5 fr=z gr=cx. gw=cx. branch/jcc f64 "
  "amd @p1 map0 op1:e1 i2/1 f2" },
{ "VEXTRACTF32X4 faults for masked elements", M64,
  "62 f3 7d 49 19 43 01 01",
  "vextractf32x4 8 o4 a8 v64 k1 w:mem.16/rm r:x0.64/reg r:imm.1/imm "
  "[ds:bx+16].16 imm=1 vec avx512f noreal @p0 evexf37d49 map3 op4:19 "
  "m5:43 d6/1 i7/1" },
{ "INT3", M64,
  "cc",
  "int3 1 o4 a8 fr=cpazstido__n fw=tin branch/int @p0 map0 op0:cc" },
{ "INT1", M64,
  "f1",
  "icebp 1 o4 a8 fr=cpazstido__n fw=tin branch/int @p0 map0 op0:f1" },
{ "UD2", M64,
  "0f 0b",
  "ud2 2 o4 a8 branch/int @p0 map1 op1:0b" },
{ "INTO in 64-bit mode", M64,
  "ce",
  "#UD" },
{ "SYSCALL", M64,
  "0f 05",
  "syscall 2 o4 a8 fr=cpazstido__n fw=cpazstido__n gw=cx.r11. "
  "branch/syscall syscall only64 @p0 map1 op1:05" },
{ "SYSRETQ", M64,
  "48 0f 07",
  "sysret 3 o8 a8 fw=cpazstido__n gr=cx.r11. branch/sysret syscall "
  "priv @p0 rex48 map1 op2:07" },
{ "SYSENTER on AMD in 64-bit mode", M64,
  "0f 34",
  "#UD" },
{ "SYSENTER", M32,
  "0f 34",
  "sysenter 2 o4 a4 fw=i gw=sp. branch/sysenter sep @p0 map1 op1:34" },

/* Strings and I/O */
{ "MOVSB", M64,
  "a4",
  "movs 1 o1 a8 w:dst.1 r:src.1 fr=d gr=si.di. gw=si.di. string rep "
  "@p0 map0 op0:a4" },
{ "REP MOVSQ", M64,
  "f3 48 a5",
  "movs 3 o8 a8 w:dst.8 r:src.8 fr=d gr=cx.si.di. gw=cx.si.di. string "
  "rep @p1 rex48 map0 op2:a5 f3" },
{ "REPNE SCASB", M64,
  "f2 ae",
  "scas 2 o1 a8 r:ax.1 r:dst.1 fr=d fw=cpazso gr=cx.di. gw=cx.di. "
  "string fcond rep @p1 map0 op1:ae f2" },
{ "CMPSB", M64,
  "a6",
  "cmps 1 o1 a8 r:src.1 r:dst.1 fr=d fw=cpazso gr=si.di. gw=si.di. "
  "string rep @p0 map0 op0:a6" },
{ "REP STOSD, 32-bit addresses", M64,
  "67 f3 ab",
  "stos 3 o4 a4 w:dst.4 r:ax.4 fr=d gr=cx.di. gw=cx.di. string rep @p2 "
  "map0 op2:ab 67 f3" },
{ "LODSB with GS", M64,
  "65 ac",
  "lods 2 o1 a8 w:ax.1 r:src.1 fr=d gr=si. gw=si. string rep @p1 map0 "
  "op1:ac gs:" },
{ "INSB", M64,
  "6c",
  "ins 1 o1 a8 w:dst.1 r:dx.2 fr=d gr=di. gw=di. io iopl rep @p0 map0 "
  "op0:6c" },
{ "OUTSD with REX.W", M64,
  "48 6f",
  "outs 2 o4 a8 r:dx.2 r:src.4 fr=d gr=si. gw=si. io iopl rep @p0 "
  "rex48 map0 op1:6f" },
{ "IN AL, imm8", M64,
  "e4 60",
  "in 2 o1 a8 w:ax.1 r:imm.1/imm imm=60 io iopl @p0 map0 op0:e4 i1/1" },
{ "IN AX, DX", M64,
  "66 ed",
  "in 2 o2 a8 w:ax.2 r:dx.2 io iopl zu @p1 map0 op1:ed 66" },
{ "OUT ignores REX.W", M64,
  "48 ef",
  "out 2 o4 a8 r:dx.2 r:ax.4 io iopl @p0 rex48 map0 op1:ef" },

/* System */
{ "MOV from CR0", M64,
  "0f 20 c0",
  "mov 3 o8 a8 w:ax.8/rm r:cr0.8/reg system priv f64 zu @p0 map1 "
  "op1:20 m2:c0" },
{ "MOV to CR8", M64,
  "44 0f 22 c0",
  "mov 4 o8 a8 w:cr8.8/reg r:ax.8/rm system priv f64 @p0 rex44 map1 "
  "op2:22 m3:c0" },
{ "CR1 is none", M64,
  "0f 20 c8",
  "#UD" },
{ "LOCK MOV CR0 is CR8 on AMD", M32,
  "f0 0f 20 c0",
  "mov 4 o4 a4 w:ax.4/rm r:cr8.4/reg system priv f64 zu @p1 map1 "
  "op2:20 m3:c0 lock" },
{ "MOV to DR7", M64,
  "0f 23 f8",
  "mov 3 o8 a8 w:dr7.8/reg r:ax.8/rm system priv f64 @p0 map1 op1:23 "
  "m2:f8" },
{ "DR8 is none", M64,
  "44 0f 21 c0",
  "#UD" },
{ "MOV CR ignores mod", M64,
  "0f 22 03",
  "mov 3 o8 a8 w:cr0.8/reg r:bx.8/rm system priv f64 @p0 map1 op1:22 "
  "m2:03" },
{ "MOV SS", M64,
  "8e d0",
  "mov 2 o4 a8 w:ss.2/reg r:ax.2/rm system @p0 map0 op0:8e m1:d0" },
{ "MOV CS is none", M64,
  "8e c8",
  "#UD" },
{ "segment register 6 is none", M64,
  "8c f0",
  "#UD" },
{ "MOV memory, DS", M64,
  "8c 18",
  "mov 2 o4 a8 w:mem.2/rm r:ds.2/reg [ds:ax+0].2 system zu @p0 map0 "
  "op0:8c m1:18" },
{ "LGDT", M64,
  "0f 01 10",
  "lgdt 3 o4 a8 r:mem.10/rm [ds:ax+0].10 system priv @p0 map1 op1:01 "
  "m2:10" },
{ "LGDT in 32-bit code", M32,
  "0f 01 10",
  "lgdt 3 o4 a4 r:mem.6/rm [ds:ax+0].6 system priv @p0 map1 op1:01 "
  "m2:10" },
{ "SWAPGS", M64,
  "0f 01 f8",
  "swapgs 3 o4 a8 system priv only64 @p0 map1 op1:01 m2:f8" },
{ "SWAPGS in 32-bit code", M32,
  "0f 01 f8",
  "#UD" },
{ "XGETBV", M64,
  "0f 01 d0",
  "xgetbv 3 o4 a8 gr=cx. gw=ax.dx. fpstate xsave zu @p0 map1 op1:01 "
  "m2:d0" },
{ "CLAC", M64,
  "0f 01 ca",
  "clac 3 o4 a8 system smap cpl0ud @p0 map1 op1:01 m2:ca" },
{ "INVLPG", M64,
  "0f 01 38",
  "invlpg 3 o4 a8 -:mem.0/rm [ds:ax+0].0 system priv @p0 map1 op1:01 "
  "m2:38" },
{ "INVPCID", M64,
  "66 0f 38 82 08",
  "invpcid 5 o8 a8 r:cx.8/reg r:mem.16/rm [ds:ax+0].16 system invpcid "
  "priv f64 @p1 map2 op3:82 m4:08 66" },
{ "LLDT", M64,
  "0f 00 d0",
  "lldt 3 o4 a8 r:ax.2/rm system priv noreal @p0 map1 op1:00 m2:d0" },
{ "SLDT", M64,
  "0f 00 c0",
  "sldt 3 o4 a8 w:ax.4/rm system noreal zu @p0 map1 op1:00 m2:c0" },
{ "HLT", M64,
  "f4",
  "hlt 1 o4 a8 system priv @p0 map0 op0:f4" },
{ "CLI", M64,
  "fa",
  "cli 1 o4 a8 fr=__ fw=i system iopl @p0 map0 op0:fa" },
{ "CPUID", M64,
  "0f a2",
  "cpuid 2 o4 a8 gr=ax.cx. gw=ax.cx.dx.bx. system zu @p0 map1 op1:a2" },
{ "RDTSC", M64,
  "0f 31",
  "rdtsc 2 o4 a8 gw=ax.dx. system tsc zu @p0 map1 op1:31" },
{ "UD0", M64,
  "0f ff c0",
  "ud0 3 o4 a8 -:ax.0/reg -:ax.0/rm branch/int @p0 map1 op1:ff m2:c0" },
{ "RDRAND r16", M64,
  "66 0f c7 f0",
  "rdrand 4 o2 a8 w:ax.2/rm fw=cpazso int rdrand zu @p1 map1 op2:c7 "
  "m3:f0 66" },
{ "SENDUIPI: never offered", M64,
  "f3 0f c7 f0",
  "senduipi 4 o4 a8 r:ax.8/rm system never only64 @p1 map1 op2:c7 "
  "m3:f0 f3" },
{ "VMXOFF: never offered", M64,
  "0f 01 c4",
  "vmxoff 3 o4 a8 system never priv @p0 map1 op1:01 m2:c4" },
{ "WRMSR", M64,
  "0f 30",
  "wrmsr 2 o4 a8 gr=ax.cx.dx. system msr priv @p0 map1 op1:30" },
{ "RDFSBASE", M64,
  "f3 0f ae c0",
  "rdfsbase 4 o4 a8 w:ax.4/rm system fsgsbase only64 zu @p1 map1 "
  "op2:ae m3:c0 f3" },
{ "RDFSBASE in 32-bit code", M32,
  "f3 0f ae c0",
  "#UD" },
{ "FXRSTOR", M64,
  "0f ae 08",
  "fxrstor 3 o4 a8 r:mem.0/rm [ds:ax+0].0 fpstate fxsr @p0 map1 op1:ae "
  "m2:08" },
{ "XSAVE64", M64,
  "48 0f ae 20",
  "xsave 4 o8 a8 rw:mem.0/rm [ds:ax+0].0 gr=ax.dx. fpstate xsave @p0 "
  "rex48 map1 op2:ae m3:20" },
{ "XRSTORS", M64,
  "0f c7 18",
  "xrstors 3 o4 a8 r:mem.0/rm [ds:ax+0].0 gr=ax.dx. fpstate xsaves "
  "priv @p0 map1 op1:c7 m2:18" },
{ "MFENCE", M64,
  "0f ae f0",
  "mfence 3 o4 a8 int sse2 @p0 map1 op1:ae m2:f0" },
{ "CLFLUSH", M64,
  "0f ae 38",
  "clflush 3 o4 a8 r:mem.1/rm [ds:ax+0].1 system clflush @p0 map1 "
  "op1:ae m2:38" },
{ "CLFLUSHOPT", M64,
  "66 0f ae 38",
  "clflushopt 4 o4 a8 r:mem.1/rm [ds:ax+0].1 system clflushopt @p1 "
  "map1 op2:ae m3:38 66" },
{ "CLZERO", M64,
  "0f 01 fc",
  "clzero 3 o4 a8 w:mem.64 [ds:ax+0].64 gr=ax. system clzero nt @p0 "
  "map1 op1:01 m2:fc" },
{ "RDPID", M64,
  "f3 0f c7 f8",
  "rdpid 4 o8 a8 w:ax.8/rm system rdpid f64 zu @p1 map1 op2:c7 m3:f8 "
  "f3" },
{ "MOVDIR64B", M64,
  "66 0f 38 f8 08",
  "movdir64b 5 o4 a8 r:cx.8/reg r:mem.64/rm [ds:ax+0].64 system "
  "movdir64b nt @p1 map2 op3:f8 m4:08 66" },

/* x87 and MMX */
{ "FADD ST0, STi", M64,
  "d8 c1",
  "fadd 2 o4 a8 rw:st0.10 r:st1.10/rm x87 fpu @p0 map0 op0:d8 m1:c1" },
{ "FADD STi, ST0", M64,
  "dc c1",
  "fadd 2 o4 a8 rw:st1.10/rm r:st0.10 x87 fpu @p0 map0 op0:dc m1:c1" },
{ "FSUBP", M64,
  "de e9",
  "fsubp 2 o4 a8 rw:st1.10/rm r:st0.10 x87 fpu @p0 map0 op0:de m1:e9" },
{ "FADD m32", M64,
  "d8 00",
  "fadd 2 o4 a8 rw:st0.10 r:mem.4/rm [ds:ax+0].4 x87 fpu @p0 map0 "
  "op0:d8 m1:00" },
{ "FLD m80", M64,
  "db 28",
  "fld 2 o4 a8 w:st0.10 r:mem.10/rm [ds:ax+0].10 x87 fpu @p0 map0 "
  "op0:db m1:28" },
{ "FISTP m64", M64,
  "df 38",
  "fistp 2 o4 a8 w:mem.8/rm r:st0.10 [ds:ax+0].8 x87 fpu @p0 map0 "
  "op0:df m1:38" },
{ "FNSTSW AX", M64,
  "df e0",
  "fnstsw 2 o4 a8 w:ax.2 x87 fpu @p0 map0 op0:df m1:e0" },
{ "FNSTENV", M64,
  "d9 30",
  "fnstenv 2 o4 a8 w:mem.28/rm [ds:ax+0].28 fpstate fpu @p0 map0 "
  "op0:d9 m1:30" },
{ "FNSTENV 16-bit", M32,
  "66 d9 30",
  "fnstenv 3 o2 a4 w:mem.14/rm [ds:ax+0].14 fpstate fpu @p1 map0 "
  "op1:d9 m2:30 66" },
{ "FNSAVE", M64,
  "dd 30",
  "fnsave 2 o4 a8 w:mem.108/rm [ds:ax+0].108 fpstate fpu @p0 map0 "
  "op0:dd m1:30" },
{ "FCMOVB", M64,
  "da c1",
  "fcmovb 2 o4 a8 w?:st0.10 r:st1.10/rm fr=c x87 cmov+fpu @p0 map0 "
  "op0:da m1:c1" },
{ "FCOMI", M64,
  "db f1",
  "fcomi 2 o4 a8 r:st0.10 r:st1.10/rm fw=cpazso x87 cmov+fpu @p0 map0 "
  "op0:db m1:f1" },
{ "FCOM alias", M64,
  "dc d1",
  "fcom 2 o4 a8 r:st0.10 r:st1.10/rm x87 fpu @p0 map0 op0:dc m1:d1" },
{ "D9 D1 is none", M64,
  "d9 d1",
  "#UD" },
{ "FWAIT", M64,
  "9b",
  "wait 1 o4 a8 x87 fpu @p0 map0 op0:9b" },
{ "MOVD mm", M64,
  "0f 6e c0",
  "movd 3 o4 a8 w:mm0.8/reg r:ax.4/rm mmx mmx @p0 map1 op1:6e m2:c0" },
{ "MOVQ r64, mm", M64,
  "48 0f 7e c0",
  "movq 4 o8 a8 w:ax.8/rm r:mm0.8/reg mmx mmx @p0 rex48 map1 op2:7e "
  "m3:c0" },
{ "PADDB mm", M64,
  "0f fc c1",
  "paddb 3 o4 a8 rw:mm0.8/reg r:mm1.8/rm mmx mmx @p0 map1 op1:fc m2:c1" },
{ "PUNPCKLBW mm, m32", M64,
  "0f 60 03",
  "punpcklbw 3 o4 a8 rw:mm0.8/reg r:mem.4/rm [ds:bx+0].4 mmx mmx @p0 "
  "map1 op1:60 m2:03" },
{ "MOVQ2DQ", M64,
  "f3 0f d6 c1",
  "movq2dq 4 o4 a8 w:x0.16/reg r:mm1.8/rm mmx sse2 @p1 map1 op2:d6 "
  "m3:c1 f3" },
{ "MASKMOVQ", M64,
  "0f f7 c1",
  "maskmovq 3 o4 a8 w?:mem.8 r:mm0.8/reg r:mm1.8/rm [ds:di+0].8 gr=di. "
  "mmx sse nt @p0 map1 op1:f7 m2:c1" },

/* SSE */
{ "ADDPS wants alignment", M64,
  "0f 58 03",
  "addps 3 o4 a8 v16 rw:x0.16/reg r:mem.16/rm [ds:bx+0].16 vec sse "
  "aligned fpexc @p0 map1 op1:58 m2:03" },
{ "ADDPD", M64,
  "66 0f 58 c1",
  "addpd 4 o4 a8 v16 rw:x0.16/reg r:x1.16/rm vec sse2 aligned fpexc "
  "@p1 map1 op2:58 m3:c1 66" },
{ "ADDSS", M64,
  "f3 0f 58 03",
  "addss 4 o4 a8 v16 rw:x0.4/reg r:mem.4/rm [ds:bx+0].4 vec sse fpexc "
  "@p1 map1 op2:58 m3:03 f3" },
{ "ADDSD", M64,
  "f2 44 0f 58 c1",
  "addsd 5 o4 a8 v16 rw:x8.8/reg r:x1.8/rm vec sse2 fpexc @p1 rex44 "
  "map1 op3:58 m4:c1 f2" },
{ "F2 wins over 66", M64,
  "66 f2 0f 58 c1",
  "addsd 5 o2 a8 v16 rw:x0.8/reg r:x1.8/rm vec sse2 fpexc @p2 map1 "
  "op3:58 m4:c1 66 f2" },
{ "of F2 and F3 the last", M64,
  "f2 f3 0f 58 c1",
  "addss 5 o4 a8 v16 rw:x0.4/reg r:x1.4/rm vec sse fpexc @p2 map1 "
  "op3:58 m4:c1 f3" },
{ "MOVUPS", M64,
  "0f 10 03",
  "movups 3 o4 a8 v16 w:x0.16/reg r:mem.16/rm [ds:bx+0].16 vec sse @p0 "
  "map1 op1:10 m2:03" },
{ "MOVQ load", M64,
  "f3 0f 7e 03",
  "movq 4 o4 a8 v16 w:x0.16/reg r:mem.8/rm [ds:bx+0].8 vec sse2 @p1 "
  "map1 op2:7e m3:03 f3" },
{ "MOVQ xmm, r64", M64,
  "66 48 0f 6e c0",
  "movq 5 o8 a8 v16 w:x0.16/reg r:ax.8/rm vec sse2 @p1 rex48 map1 "
  "op3:6e m4:c0 66" },
{ "PMOVMSKB", M64,
  "66 0f d7 c1",
  "pmovmskb 4 o4 a8 v16 w:ax.4/reg r:x1.16/rm vec sse2 zu @p1 map1 "
  "op2:d7 m3:c1 66" },
{ "MOVHLPS", M64,
  "0f 12 c1",
  "movhlps 3 o4 a8 v16 w:x0.8/reg r:x1.16/rm vec sse @p0 map1 op1:12 "
  "m2:c1" },
{ "MOVLPS", M64,
  "0f 12 03",
  "movlps 3 o4 a8 v16 w:x0.8/reg r:mem.8/rm [ds:bx+0].8 vec sse @p0 "
  "map1 op1:12 m2:03" },
{ "CVTSD2SI r64", M64,
  "f2 48 0f 2d c1",
  "cvtsd2si 5 o8 a8 v16 w:ax.8/reg r:x1.8/rm vec sse2 zu fpexc @p1 "
  "rex48 map1 op3:2d m4:c1 f2" },
{ "PSRLDQ", M64,
  "66 0f 73 d8 04",
  "psrldq 5 o4 a8 v16 rw:x0.16/rm r:imm.1/imm imm=4 vec sse2 @p1 map1 "
  "op2:73 m3:d8 i4/1 66" },
{ "PSRLDQ has no MMX form", M64,
  "0f 73 d8 04",
  "#UD" },
{ "PBLENDVB: XMM0", M64,
  "66 0f 38 10 c1",
  "pblendvb 5 o4 a8 v16 rw:x0.16/reg r:x1.16/rm r:x0.16 vec sse4.1 "
  "aligned @p1 map2 op3:10 m4:c1 66" },
{ "PEXTRB memory", M64,
  "66 0f 3a 14 03 01",
  "pextrb 6 o4 a8 v16 w:mem.1/rm r:x0.16/reg r:imm.1/imm [ds:bx+0].1 "
  "imm=1 vec sse4.1 zu @p1 map3 op3:14 m4:03 i5/1 66" },
{ "PINSRQ", M64,
  "66 48 0f 3a 22 c0 01",
  "pinsrq 7 o8 a8 v16 rw:x0.16/reg r:ax.8/rm r:imm.1/imm imm=1 vec "
  "sse4.1 @p1 rex48 map3 op4:22 m5:c0 i6/1 66" },
{ "PCMPISTRI", M64,
  "66 0f 3a 63 c1 0c",
  "pcmpistri 6 o4 a8 v16 r:x0.16/reg r:x1.16/rm r:imm.1/imm imm=c "
  "fw=cpazso gw=cx. vec sse4.2 zu @p1 map3 op3:63 m4:c1 i5/1 66" },
{ "PCMPESTRI", M64,
  "66 0f 3a 61 c1 0c",
  "pcmpestri 6 o4 a8 v16 r:x0.16/reg r:x1.16/rm r:imm.1/imm imm=c "
  "fw=cpazso gr=ax.dx. gw=cx. vec sse4.2 zu @p1 map3 op3:61 m4:c1 i5/1 "
  "66" },
{ "AESENC", M64,
  "66 0f 38 dc c1",
  "aesenc 5 o4 a8 v16 rw:x0.16/reg r:x1.16/rm vec aes aligned @p1 map2 "
  "op3:dc m4:c1 66" },
{ "SHA256RNDS2", M64,
  "0f 38 cb c1",
  "sha256rnds2 4 o4 a8 v16 rw:x0.16/reg r:x1.16/rm r:x0.16 vec sha-ni "
  "aligned @p0 map2 op2:cb m3:c1" },
{ "INSERTQ: two immediates", M64,
  "f2 0f 78 c1 01 02",
  "insertq 6 o4 a8 v16 rw:x0.8/reg r:x1.8/rm r:imm.1/imm r:imm2.1/imm "
  "imm=1 imm2=2 vec sse4a @p1 map1 op2:78 m3:c1 i4/2 f2" },
{ "MASKMOVDQU", M64,
  "66 0f f7 c1",
  "maskmovdqu 4 o4 a8 v16 w?:mem.16 r:x0.16/reg r:x1.16/rm "
  "[ds:di+0].16 gr=di. vec sse2 nt @p1 map1 op2:f7 m3:c1 66" },
{ "UCOMISS", M64,
  "0f 2e c1",
  "ucomiss 3 o4 a8 v16 r:x0.4/reg r:x1.4/rm fw=cpazso vec sse fpexc "
  "@p0 map1 op1:2e m2:c1" },
{ "3DNow! is none", M64,
  "0f 0f c1 9e",
  "#UD" },

/* VEX */
{ "VADDPS 128", M64,
  "c5 f0 58 c2",
  "vaddps 4 o4 a8 v16 w:x0.16/reg r:x1.16/v r:x2.16/rm vec avx noreal "
  "fpexc @p0 vexe170 map1 op2:58 m3:c2" },
{ "VADDPS 256", M64,
  "c5 f4 58 c2",
  "vaddps 4 o4 a8 v32 w:x0.32/reg r:x1.32/v r:x2.32/rm vec avx noreal "
  "fpexc @p0 vexe174 map1 op2:58 m3:c2" },
{ "VADDSS high registers", M64,
  "c4 41 32 58 c2",
  "vaddss 5 o4 a8 v16 w:x8.16/reg r:x9.16/v r:x10.4/rm vec avx noreal "
  "fpexc @p0 vex4132 map1 op3:58 m4:c2" },
{ "VMOVAPS", M64,
  "c5 f8 28 03",
  "vmovaps 4 o4 a8 v16 w:x0.16/reg r:mem.16/rm [ds:bx+0].16 vec avx "
  "aligned noreal @p0 vexe178 map1 op2:28 m3:03" },
{ "66 before VEX", M64,
  "66 c5 f0 58 c2",
  "#UD" },
{ "LOCK before VEX", M64,
  "f0 c5 f0 58 c2",
  "#UD" },
{ "REX before VEX", M64,
  "48 c5 f0 58 c2",
  "#UD" },
{ "GS before VEX", M64,
  "65 c5 f8 10 00",
  "vmovups 5 o4 a8 v16 w:x0.16/reg r:mem.16/rm [gs:ax+0].16 vec avx "
  "noreal @p1 vexe178 map1 op3:10 m4:00 gs:" },
{ "vvvv must be 1111", M64,
  "c5 f0 51 c2",
  "#UD" },
{ "VZEROUPPER", M64,
  "c5 f8 77",
  "vzeroupper 3 o4 a8 v16 vec avx noreal @p0 vexe178 map1 op2:77" },
{ "VZEROALL", M64,
  "c5 fc 77",
  "vzeroall 3 o4 a8 v32 vec avx noreal @p0 vexe17c map1 op2:77" },
{ "VMOVQ xmm, r64", M64,
  "c4 e1 f9 6e c0",
  "vmovq 5 o8 a8 v16 w:x0.16/reg r:ax.8/rm vec avx noreal @p0 vexe1f9 "
  "map1 op3:6e m4:c0" },
{ "VEX.W is ignored outside 64-bit mode", M32,
  "c4 e1 f9 6e c0",
  "vmovd 5 o4 a4 v16 w:x0.16/reg r:ax.4/rm vec avx noreal @p0 vexe1f9 "
  "map1 op3:6e m4:c0" },
{ "VBLENDVPS: is4", M64,
  "c4 e3 71 4a c2 30",
  "vblendvps 6 o4 a8 v16 w:x0.16/reg r:x1.16/v r:x2.16/rm r:x3.16/is4 "
  "imm=30 vec avx noreal @p0 vexe371 map3 op3:4a m4:c2 i5/1" },
{ "VEXTRACTF128", M64,
  "c4 e3 7d 19 c1 01",
  "vextractf128 6 o4 a8 v32 w:x1.16/rm r:x0.32/reg r:imm.1/imm imm=1 "
  "vec avx noreal @p0 vexe37d map3 op3:19 m4:c1 i5/1" },
{ "VEXTRACTF128 needs L1", M64,
  "c4 e3 79 19 c1 01",
  "#UD" },
{ "VFMADD231PD", M64,
  "c4 e2 f1 b8 c2",
  "vfmadd231pd 5 o8 a8 v16 rw:x0.16/reg r:x1.16/v r:x2.16/rm vec fma "
  "noreal fpexc @p0 vexe2f1 map2 op3:b8 m4:c2" },
{ "VPMASKMOVD", M64,
  "c4 e2 75 8c 03",
  "vpmaskmovd 5 o4 a8 v32 w:x0.32/reg r:x1.32/v r?:mem.32/rm "
  "[ds:bx+0].32 vec avx2 noreal masked @p0 vexe275 map2 op3:8c m4:03" },
{ "VGATHERDPS", M64,
  "c4 e2 69 92 04 88",
  "vgatherdps 6 o4 a8 v16 rw:x0.16/reg r?:mem.4/rm rw:x2.16/v "
  "[ds:ax+x1*4+0].4 vec avx2 noreal masked @p0 vexe269 map2 op3:92 "
  "m4:04 s88" },
{ "VGATHERDPS with index and mask alike", M64,
  "c4 e2 71 92 04 88",
  "#UD" },
{ "VGATHERDPS with destination and index alike", M64,
  "c4 e2 69 92 04 80",
  "#UD" },
{ "VGATHERDPS needs a SIB", M64,
  "c4 e2 69 92 00",
  "#UD" },
{ "VMOVDDUP 128", M64,
  "c5 fb 12 03",
  "vmovddup 4 o4 a8 v16 w:x0.16/reg r:mem.8/rm [ds:bx+0].8 vec avx "
  "noreal @p0 vexe17b map1 op2:12 m3:03" },
{ "VCVTPH2PS", M64,
  "c4 e2 7d 13 03",
  "vcvtph2ps 5 o4 a8 v32 w:x0.32/reg r:mem.16/rm [ds:bx+0].16 vec f16c "
  "noreal fpexc @p0 vexe27d map2 op3:13 m4:03" },
{ "VAESENC 256", M64,
  "c4 e2 75 dc c2",
  "vaesenc 5 o4 a8 v32 w:x0.32/reg r:x1.32/v r:x2.32/rm vec vaes+avx "
  "noreal @p0 vexe275 map2 op3:dc m4:c2" },
{ "KANDW", M64,
  "c5 f4 41 c2",
  "kandw 4 o4 a8 w:k0.2/reg r:k1.2/v r:k2.2/rm vec avx512f noreal @p0 "
  "vexe174 map1 op2:41 m3:c2" },
{ "KMOVD k, r32", M64,
  "c5 fb 92 c0",
  "kmovd 4 o4 a8 w:k0.4/reg r:ax.4/rm vec avx512bw noreal @p0 vexe17b "
  "map1 op2:92 m3:c0" },
{ "KMOVQ r64, k", M64,
  "c4 e1 fb 93 c0",
  "kmovq 5 o8 a8 w:ax.8/reg r:k0.8/rm vec avx512bw noreal @p0 vexe1fb "
  "map1 op3:93 m4:c0" },
{ "KORTESTW", M64,
  "c5 f8 98 c1",
  "kortestw 4 o4 a8 r:k0.2/reg r:k1.2/rm fw=cpazso vec avx512f noreal "
  "@p0 vexe178 map1 op2:98 m3:c1" },
{ "VMOVNTDQ", M64,
  "c5 f9 e7 03",
  "vmovntdq 4 o4 a8 v16 w:mem.16/rm r:x0.16/reg [ds:bx+0].16 vec avx "
  "aligned noreal nt @p0 vexe179 map1 op2:e7 m3:03" },
{ "VEX map 4 is none", M64,
  "c4 e4 71 58 c2",
  "#UD" },

/* EVEX */
{ "VADDPS 512", M64,
  "62 f1 6c 48 58 03",
  "vaddps 6 o4 a8 v64 w:x0.64/reg r:x2.64/v r:mem.64/rm [ds:bx+0].64 "
  "vec avx512f noreal masked fpexc vl @p0 evexf16c48 map1 op4:58 m5:03" },
{ "broadcast: disp8 in elements", M64,
  "62 f1 6c 58 58 43 01",
  "vaddps 7 o4 a8 v64 k0b w:x0.64/reg r:x2.64/v r:mem.4/rm "
  "[ds:bx+4]bcst.4 vec avx512f noreal masked fpexc vl @p0 evexf16c58 "
  "map1 op4:58 m5:43 d6/1" },
{ "full vector: disp8 by 64", M64,
  "62 f1 6c 48 58 43 01",
  "vaddps 7 o4 a8 v64 w:x0.64/reg r:x2.64/v r:mem.64/rm [ds:bx+64].64 "
  "vec avx512f noreal masked fpexc vl @p0 evexf16c48 map1 op4:58 m5:43 "
  "d6/1" },
{ "disp8 by 32", M64,
  "62 f1 6c 28 58 43 01",
  "vaddps 7 o4 a8 v32 w:x0.32/reg r:x2.32/v r:mem.32/rm [ds:bx+32].32 "
  "vec avx512f noreal masked fpexc vl @p0 evexf16c28 map1 op4:58 m5:43 "
  "d6/1" },
{ "embedded rounding is 512 bits", M64,
  "62 f1 6c 38 58 c1",
  "vaddps 6 o4 a8 v64 k0b w:x0.64/reg r:x2.64/v r:x1.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexf16c38 map1 op4:58 m5:c1" },
{ "merging mask", M64,
  "62 f1 6c 4b 58 c1",
  "vaddps 6 o4 a8 v64 k3 rw:x0.64/reg r:x2.64/v r:x1.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexf16c4b map1 op4:58 m5:c1" },
{ "zeroing mask", M64,
  "62 f1 6c cb 58 c1",
  "vaddps 6 o4 a8 v64 k3z w:x0.64/reg r:x2.64/v r:x1.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexf16ccb map1 op4:58 m5:c1" },
{ "zeroing needs a mask", M64,
  "62 f1 6c c8 58 c1",
  "#UD" },
{ "zeroing a store", M64,
  "62 f1 7c cb 11 03",
  "#UD" },
{ "masked store", M64,
  "62 f1 7c 4b 11 43 01",
  "vmovups 7 o4 a8 v64 k3 w?:mem.64/rm r:x0.64/reg [ds:bx+64].64 vec "
  "avx512f noreal masked vl @p0 evexf17c4b map1 op4:11 m5:43 d6/1" },
{ "L'L 3", M64,
  "62 f1 6c 68 58 c1",
  "#UD" },
{ "X is the top bit of rm, V' of vvvv", M64,
  "62 b1 6c 40 58 c1",
  "vaddps 6 o4 a8 v64 w:x0.64/reg r:x18.64/v r:x17.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexb16c40 map1 op4:58 m5:c1" },
{ "R' is the top bit of reg", M64,
  "62 e1 6c 48 58 c1",
  "vaddps 6 o4 a8 v64 w:x16.64/reg r:x2.64/v r:x1.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexe16c48 map1 op4:58 m5:c1" },
{ "VPADDB has no broadcast", M64,
  "62 f1 6d 48 fc 03",
  "vpaddb 6 o4 a8 v64 w:x0.64/reg r:x2.64/v r:mem.64/rm [ds:bx+0].64 "
  "vec avx512bw noreal masked vl @p0 evexf16d48 map1 op4:fc m5:03" },
{ "broadcast of bytes", M64,
  "62 f1 6d 58 fc 03",
  "#UD" },
{ "VMOVSS: disp8 by 4", M64,
  "62 f1 7e 08 10 43 01",
  "vmovss 7 o4 a8 v16 w:x0.16/reg r:mem.4/rm [ds:bx+4].4 vec avx512f "
  "noreal masked @p0 evexf17e08 map1 op4:10 m5:43 d6/1" },
{ "VCVTPH2PS: half vector", M64,
  "62 f2 7d 48 13 43 01",
  "vcvtph2ps 7 o4 a8 v64 w:x0.64/reg r:mem.32/rm [ds:bx+32].32 vec "
  "avx512f noreal masked fpexc vl @p0 evexf27d48 map2 op4:13 m5:43 "
  "d6/1" },
{ "VCVTPS2PD broadcast", M64,
  "62 f1 7c 58 5a 43 01",
  "vcvtps2pd 7 o4 a8 v64 k0b w:x0.64/reg r:mem.4/rm [ds:bx+4]bcst.4 "
  "vec avx512f noreal masked fpexc vl @p0 evexf17c58 map1 op4:5a m5:43 "
  "d6/1" },
{ "VMOVDDUP 128", M64,
  "62 f1 ff 08 12 43 01",
  "vmovddup 7 o8 a8 v16 w:x0.16/reg r:mem.8/rm [ds:bx+8].8 vec avx512f "
  "noreal vl @p0 evexf1ff08 map1 op4:12 m5:43 d6/1" },
{ "VEXPANDPS: disp8 by 4", M64,
  "62 f2 7d 49 88 43 01",
  "vexpandps 7 o4 a8 v64 k1 rw:x0.64/reg r?:mem.64/rm [ds:bx+4].64 vec "
  "avx512f noreal masked vl @p0 evexf27d49 map2 op4:88 m5:43 d6/1" },
{ "VPCOMPRESSW: disp8 by 2", M64,
  "62 f2 fd 49 63 43 01",
  "vpcompressw 7 o8 a8 v64 k1 w?:mem.64/rm r:x0.64/reg [ds:bx+2].64 "
  "vec avx512vbmi2 noreal masked vl @p0 evexf2fd49 map2 op4:63 m5:43 "
  "d6/1" },
{ "gather: disp8 by 4", M64,
  "62 f2 7d 49 92 44 88 01",
  "vgatherdps 8 o4 a8 v64 k1 rw:x0.64/reg r?:mem.4/rm [ds:ax+x1*4+4].4 "
  "vec avx512f noreal masked vl @p0 evexf27d49 map2 op4:92 m5:44 s88 "
  "d7/1" },
{ "gather needs a mask", M64,
  "62 f2 7d 48 92 44 88 01",
  "#UD" },
{ "scatter", M64,
  "62 f2 7d 49 a2 44 88 01",
  "vscatterdps 8 o4 a8 v64 k1 w?:mem.4/rm r:x0.64/reg [ds:ax+x1*4+4].4 "
  "vec avx512f noreal masked vl @p0 evexf27d49 map2 op4:a2 m5:44 s88 "
  "d7/1" },
{ "VPTERNLOGD", M64,
  "62 f3 6d 48 25 c1 ff",
  "vpternlogd 7 o4 a8 v64 rw:x0.64/reg r:x2.64/v r:x1.64/rm "
  "r:imm.1/imm imm=ff vec avx512f noreal masked vl @p0 evexf36d48 map3 "
  "op4:25 m5:c1 i6/1" },
{ "VPCMPD into a mask", M64,
  "62 f3 6d 49 1f c9 00",
  "vpcmpd 7 o4 a8 v64 k1 w:k1.8/reg r:x2.64/v r:x1.64/rm r:imm.1/imm "
  "imm=0 vec avx512f noreal masked vl @p0 evexf36d49 map3 op4:1f m5:c9 "
  "i6/1" },
{ "VCMPPS into a mask with R", M64,
  "62 71 6c 48 c2 c1 00",
  "#UD" },
{ "VBROADCASTF32X4", M64,
  "62 f2 7d 48 1a 43 01",
  "vbroadcastf32x4 7 o4 a8 v64 w:x0.64/reg r:mem.16/rm [ds:bx+16].16 "
  "vec avx512f noreal masked @p0 evexf27d48 map2 op4:1a m5:43 d6/1" },
{ "VPMOVM2B", M64,
  "62 f2 7e 48 28 c1",
  "vpmovm2b 6 o4 a8 v64 w:x0.64/reg r:k1.8/rm vec avx512bw noreal vl "
  "@p0 evexf27e48 map2 op4:28 m5:c1" },
{ "VMOVQ", M64,
  "62 f1 fd 08 6e c0",
  "vmovq 6 o8 a8 v16 w:x0.16/reg r:ax.8/rm vec avx512f noreal @p0 "
  "evexf1fd08 map1 op4:6e m5:c0" },
{ "VCVTSI2SD", M64,
  "62 f1 7f 08 2a c0",
  "vcvtsi2sd 6 o4 a8 v16 w:x0.16/reg r:x0.16/v r:ax.4/rm vec avx512f "
  "noreal fpexc @p0 evexf17f08 map1 op4:2a m5:c0" },
{ "VPSRLW immediate", M64,
  "62 f1 6d 48 71 d1 05",
  "vpsrlw 7 o4 a8 v64 w:x2.64/v r:x1.64/rm r:imm.1/imm imm=5 vec "
  "avx512bw noreal masked vl @p0 evexf16d48 map1 op4:71 m5:d1 i6/1" },
{ "VP2INTERSECTD", M64,
  "62 f2 4f 48 68 c2",
  "vp2intersectd 6 o4 a8 v64 w:k0.8/reg r:x6.64/v r:x2.64/rm vec "
  "avx512-vp2intersect noreal vl @p0 evexf24f48 map2 op4:68 m5:c2" },
{ "VFMADD132PH", M64,
  "62 f6 75 48 98 c2",
  "vfmadd132ph 6 o4 a8 v64 rw:x0.64/reg r:x1.64/v r:x2.64/rm vec "
  "avx512-fp16 noreal masked fpexc vl @p0 evexf67548 map6 op4:98 m5:c2" },
{ "VFMULCPH", M64,
  "62 f6 76 48 d6 c2",
  "vfmulcph 6 o4 a8 v64 w:x0.64/reg r:x1.64/v r:x2.64/rm vec "
  "avx512-fp16 noreal masked fpexc vl @p0 evexf67648 map6 op4:d6 m5:c2" },
{ "VFMULCPH into a source", M64,
  "62 f6 76 48 d6 c9",
  "#UD" },
{ "VADDPH, map 5", M64,
  "62 f5 7c 48 58 43 01",
  "vaddph 7 o4 a8 v64 w:x0.64/reg r:x0.64/v r:mem.64/rm [ds:bx+64].64 "
  "vec avx512-fp16 noreal masked fpexc vl @p0 evexf57c48 map5 op4:58 "
  "m5:43 d6/1" },
{ "reserved bit set", M64,
  "62 f9 6c 48 58 c1",
  "#UD" },
{ "bit that must be 1", M64,
  "62 f1 68 48 58 c1",
  "#UD" },
{ "V' 0 outside 64-bit mode", M32,
  "62 f1 6c 40 58 c1",
  "#UD" },
{ "EVEX in 32-bit code", M32,
  "62 f1 6c 48 58 c1",
  "vaddps 6 o4 a4 v64 w:x0.64/reg r:x2.64/v r:x1.64/rm vec avx512f "
  "noreal masked fpexc vl @p0 evexf16c48 map1 op4:58 m5:c1" },
