/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translator's data structures.
 *
 *   guest bytes -> decode (modes/x86) -> a translation unit (TU): up to
 *   BT_MAX_INSNS instructions of one page, straight line with side exits ->
 *   host code in the code cache, guest registers in host registers -> TUs
 *   chained by patched jumps, found by hash, by jump cache or by tail probe.
 *
 * Register map while translated code runs (layout.h has it as a table):
 *   guest RAX RDX RBX RBP RSI RDI R12-R15    the same host register
 *   guest RCX -> host r8, guest RSP -> host r9
 *   guest R8-R11 -> their slot in struct cpu_state, by gs
 *   host rcx, r10, r11 -> scratch; host rsp -> return stack; gs -> bt_vcpu
 * Host arithmetic flags are the guest's; IF lives in bt_vcpu.ifw, the other
 * system flags in s.rflags.
 */
#ifndef TRIVISOR_MODES_BT_BT_H
#define TRIVISOR_MODES_BT_BT_H

#include "modes/bt/emit.h"
#include "modes/engine.h"
#include "modes/options.h"
#include "modes/x86/decode.h"
#include "modes/x86/hostfault.h"

#define BT_MAX_INSNS 48
#define BT_MAX_EXITS 32
#define BT_POLL_SIZE 10			/* of the poll at each TU's entry */
#define BT_MAX_CODE 24576		/* host bytes of one TU at most */
#define BT_MAX_RELOCS 1024

/* The mode word: what generated code depends on besides the bytes. */
enum {
	MODE_USER = 1 << 0,	/* CPL 3 */
	MODE_AC = 1 << 1,	/* supervisor with SMAP lifted (or no SMAP) */
	MODE_FPU = 1 << 2,	/* x87 and MMX do not fault: CR0.EM, TS clear */
	MODE_SSE = 1 << 3,	/* and CR4.OSFXSR */
	MODE_AVX = 1 << 4,	/* and OSXSAVE, XCR0 has AVX */
	MODE_AVX512 = 1 << 5,
	MODE_TSD = 1 << 6,	/* RDTSC faults */
	MODE_SMAP = 1 << 7,	/* with MODE_AC: by RFLAGS.AC, not for want of SMAP */
	MODE_FSGSBASE = 1 << 8,	/* CR4 has it */
	MODE_OTHER = 1 << 31,	/* not 64-bit code, or needs single steps */
};

/*
 * Three soft TLBs and jump caches, chosen by the mode word: user, supervisor,
 * supervisor with AC set.  So SMAP and CPL cost nothing per access.
 */
enum bt_set { SET_KERNEL, SET_KERNEL_AC, SET_USER, SET_COUNT };

static inline enum bt_set
bt_set_of(uint32_t mode)
{
	return mode & MODE_USER ? SET_USER :
	    mode & MODE_AC ? SET_KERNEL_AC : SET_KERNEL;
}

/* --- soft TLB -------------------------------------------------------- */

#define TLB_BITS 12
#define TLB_ENTRIES (1u << TLB_BITS)
/* Pages at one index; generated code looks at the first only. */
#define TLB_WAYS 4

/*
 * One page.  A tag is the negated page address, so that ea + tag is the offset
 * in the page on a hit and out of range else; one comparison with 4096 - size
 * then covers page crossing too.  An invalid tag is the negated address of a
 * page that has another index: no address can hit it.  That is page 0, so
 * that zeroed memory is an empty table, but for the entries whose index is
 * page 0's or comes before it (an access may begin in the page before).
 */
struct tlb_entry {
	uint64_t ntag_read;
	uint64_t ntag_write;
	uint64_t addend;	/* guest linear + addend = host address */
	uint32_t flags;		/* TLBF_* */
	uint32_t pad;
};

enum {
	TLBF_VALID = 1, TLBF_GLOBAL = 2,
	TLBF_LARGE = 4,		/* a piece of a 2 MiB page */
	TLBF_HUGE = 8,		/* of a 1 GiB page */
};

struct tlb_log {
	uint16_t idx[TLB_ENTRIES];
	unsigned n;
};

/* --- jump cache ------------------------------------------------------ */

#define JC_BITS 14
#define JC_ENTRIES (1u << JC_BITS)
/* The bits of a guest address that choose an entry: so many of them are from
 * the offset in the page, the others from its number. */
#define JC_INDEX_MASK UINT64_C(0xf7fe)
#define JC_OFFSET_BITS 10
#define JC_OFFSETS (1u << JC_OFFSET_BITS)

struct jump_cache {
	uint64_t nkey[JC_ENTRIES];	/* negated guest address */
	uint64_t host[JC_ENTRIES];
	uint8_t global[JC_ENTRIES];
	uint16_t log[JC_ENTRIES];	/* non-global entries in use */
	unsigned n_log;
	uint64_t used;		/* which 64ths had entries since the reset */
};

/* --- instruction pages ----------------------------------------------- */

#define ITLB_ENTRIES 256

struct itlb_entry {
	uint64_t tag;		/* page address | set << 1 | 1; even: invalid */
	gpa_t gpa;
	uint8_t *host;
	bool global;
	bool large;		/* a piece of a 2 MiB or 1 GiB page */
	uint32_t epoch;		/* bt_vm.cross_epoch before it was walked for */
};

/* --- images ----------------------------------------------------------- */

/*
 * All that follows an address space: soft TLBs, jump caches, instruction TLB.
 * Each vCPU has one such image per recent PCID; see image.c.
 */
struct bt_image {
	/* What entries displace at their index is kept TLB_ENTRIES on. */
	struct tlb_entry tlb[SET_COUNT][TLB_WAYS * TLB_ENTRIES];
	struct jump_cache jc[SET_COUNT];
	struct itlb_entry itlb[ITLB_ENTRIES];
	struct tlb_log log_nonglobal[SET_COUNT];
	/* Which 64ths of each soft TLB were ever filled since the reset. */
	uint64_t tlb_used[SET_COUNT];
	/* Bit per hashed GiB that has pieces of 2 MiB and of 1 GiB pages. */
	uint64_t large_regions, huge_regions;
	uint64_t large_code;	/* the same for pages code was fetched from */
	uint64_t jc_pages[2][64];	/* per half: hashed pages in a jump cache */
	bool user_globals;	/* global code pages in the lower half */
	uint32_t set_mode[SET_COUNT];	/* mode word of each jump cache */
	unsigned tlb_last[SET_COUNT];	/* tests: the one entry that is kept */
};

/* As many as Linux has PCIDs in use (TLB_NR_DYN_ASIDS): more gain nothing. */
#define BT_IMAGES 6
#define PCID_NONE 0xffff	/* the image is nobody's now */

/* What must be dropped before an image is used again. */
enum { TODO_NONGLOBAL = 1, TODO_ALL = 2 };

struct bt_slot {
	struct bt_image *img;
	uint16_t pcid;
	uint8_t todo;
	bool bare;		/* its memory was given back */
	uint64_t used;		/* when it last became the current one */
};

/* --- translations ---------------------------------------------------- */

struct tu;

/* A direct exit: where it goes, and the jump that is patched to go there. */
struct tu_exit {
	uint64_t target;	/* guest RIP */
	uint8_t *field;		/* rel32 in the writable alias; NULL: none */
	const uint8_t *stub;	/* where the unpatched jump goes */
	struct tu *to;		/* chained to, or NULL */
	/* In to->incoming or, if probed, in the probe's region.probed. */
	struct tu_exit *next_in, **in_at;
	struct tu_exit *next_cross, **cross_at;	/* in bt_vm.cross */
	bool in_cross;		/* stays there when its target dies */
	bool probed;		/* goes to a probe */
	bool no_poll;		/* goes to behind the target's poll */
};

/* Host offset -> guest offset, for faults; ends with n entries. */
struct tu_map {
	uint16_t host;
	uint16_t guest;
};

struct tu {
	uint64_t rip;
	gpa_t gpa;		/* of the first byte */
	gpa_t gpa2;		/* page of the tail that crosses, or ~0 */
	uint32_t mode;
	uint32_t index;		/* in bt_vm.tu */
	uint16_t len;		/* guest bytes */
	uint16_t n_insns;
	uint8_t n_exits;
	bool dead;		/* invalidated */
	bool retired;		/* good for a copy only; see evict.c */
	bool global;		/* all its pages are */
	bool fixed;		/* cannot be relocated */
	/* Whose jump caches it was put into: by vCPU modulo 16, by slot. */
	uint16_t jc_vcpus;
	uint8_t jc_slots;
	const uint8_t *code;	/* entry, rx */
	const uint8_t *start;	/* first host byte (before the entry) */
	uint32_t code_len;	/* from start */
	struct tu *hash_next;
	struct tu *same_next;	/* perhaps the same code, at any VA */
	struct tu **same_at;	/* what points here in that list */
	/* Per page the TU has bytes in: its list. */
	struct tu *page_next[2], **page_at[2];
	struct tu_exit *incoming;
	struct tu_exit *exit;	/* n_exits of them, in the arena */
	struct tu_map *map;	/* n_map, ascending */
	struct reloc *reloc;	/* n_reloc of them */
	uint16_t n_map, n_reloc;
};

/*
 * The cache is filled region by region.  When all are full the oldest is
 * emptied; what stays knows nothing of it then (evict.c).
 */
struct bt_region {
	size_t start, end;	/* its code: offsets in the cache */
	size_t used;		/* and the first free byte */
	uint8_t *arena;		/* its translations' metadata */
	size_t arena_used, arena_peak;
	struct tu **tu;		/* code addresses ascend */
	unsigned first, n_tu;	/* index of the first in bt_vm.tu; how many */
	struct tu_exit *probed;	/* exits that go to probes in it */
};

#define BT_MAX_REGIONS 8
#define BT_MIN_REGION (UINT64_C(128) << 10)

/* Stores beside the code of a page with translations: see tu.c. */
struct page_heat {
	uint16_t misses;
	uint8_t patience;	/* how often they were dropped for it */
	uint8_t pad;
};

#define TU_HASH_BITS 15
#define CROSS_LISTS 1024
#define CROSS_EPOCHS 64

/*
 * Per VM; what changes is guarded by the VM's lock (modes/x86/stop.h).  Code
 * and metadata are freed only while no vCPU is inside.
 */
struct bt_vm {
	int perf_fd;		/* of --perf-map, or -1 */
	size_t cache_size;
	uint8_t *rw, *rx;	/* the same memory twice */
	size_t stubs_end;	/* common pieces come first */

	uint8_t *arena;		/* metadata */
	size_t arena_size;
	struct tu **tu;		/* by index */
	unsigned max_tu;

	struct bt_region region[BT_MAX_REGIONS], *fill;	/* the one in use */
	unsigned n_regions;
	size_t region_size;	/* of each, in the cache */
	size_t region_arena;	/* in the arena */
	unsigned region_tus;	/* translations at most */

	struct tu *hash[1u << TU_HASH_BITS];
	struct tu *same[1u << TU_HASH_BITS];	/* by (gpa, mode) */
	struct tu **page_head;	/* by guest page number: TUs with bytes there */
	struct page_heat *heat;	/* by the same */
	uint64_t n_pages;
	/* By guest page number: where write entries may be; see tlb.c. */
	_Atomic uint64_t *writers;

	/* Exits chained to another page, by hash of that page: cross.c. */
	struct tu_exit *cross[CROSS_LISTS];
	/* Per hashed page: how often links to it were undone. */
	_Atomic uint32_t cross_epoch[CROSS_EPOCHS];
	bool sync_core;		/* membarrier() can do that */

	bool bmi2;		/* host has it, fast, and may use it */
	bool fsgsbase;		/* the same of WRGSBASE */
	bool exact_flags, count_insns;
	uint32_t disable;	/* enum bt_part */
	bool full;		/* no room for another translation */
	uint64_t generation;	/* of code memory: it was freed so often */
	bool one_tlb_entry;
	uint8_t *verify;	/* tests: copies are compared by means of it */
	unsigned flush_every, flush_in;	/* look-ups until the next one */
	uint64_t flush_rng;

	/* Common stubs, rx. */
	const uint8_t *enter, *exit_chain, *poll, *miss, *probe_slow;
	const uint8_t *miss_later;
	const uint8_t *slow, *step, *call;
	const uint8_t *tlb_miss[SET_COUNT][2];	/* by set and write */
	const uint8_t *tlb_check[SET_COUNT][2];
	const uint8_t *tail[SET_COUNT], *tail_exit, *fault_exit;
	const uint8_t *ret_miss[SET_COUNT], *ret_empty[SET_COUNT];

	uint64_t n_translated, n_insns_translated, n_flush, n_smc, n_chain;
	uint64_t n_cross, n_probe, n_unlink;
	uint64_t n_relocated, n_reloc_wrong;
	uint64_t n_protect_many;	/* searched all tables */
	uint64_t n_evict, n_evicted, n_rescued, n_used;	/* n_used: bytes of code */
	uint64_t n_metadata;	/* most bytes of arenas in use so far */
};

/* What a stub reports to the run loop. */
enum bt_exit {
	BT_EXIT_CHAIN,		/* exit_id names a tu_exit to chain */
	BT_EXIT_LOOKUP,		/* continue at s.rip */
	BT_EXIT_POLL,		/* attention; exit_id is the TU */
	BT_EXIT_FAULT,		/* a host fault: c.exc is raised */
};

/* What a helper tells the stub that called it. */
enum bt_next {
	BT_CONTINUE,		/* go on after the call */
	BT_TAIL,		/* continue at s.rip, by the current mode's probe */
	BT_LEAVE,		/* back to the run loop */
};

/* What a vCPU does while it is not in translated code, for the profile. */
enum bt_doing {
	DOING_OUTSIDE,		/* not in bt_run() */
	DOING_LOOP,
	DOING_LOCK,		/* waits for the VM's */
	DOING_TRANSLATE,
	DOING_STEP,		/* in the second engine */
	DOING_SLOW,		/* a soft-TLB miss */
	DOING_HELPER,		/* plus enum bt_helper_id */
};

#define MAX_HELPERS 32

/*
 * What comes before own is the vCPU's state.  Generated code reaches it and
 * the tables at fixed offsets from gs, so each further image lies behind an
 * alias of the state's pages, and gs tells which image is used.  C uses the
 * one address the monitor knows, and img for the tables.
 */
struct bt_vcpu {
	struct vcpu c;

	uint64_t ifw;		/* FLAG_IF or 0 while translated code runs */
	uint64_t hostflags;	/* LAHF in bits 15..8, OF in bit 0, while the
				 * guest's registers are in memory */
	uint64_t tail;		/* tail probe stub of the current mode */
	uint64_t host_rsp;	/* the C stack, while translated code runs */
	uint64_t ret_sp;	/* the return stack, while it does not */
	uint64_t exit_id;
	uint64_t tmp_target;
	uint64_t tmp_miss;	/* s.rip to be, of an indirect branch */
	uint64_t res_addend, res_ea;	/* slow path's answer */
	uint64_t miss_info, miss_tu;	/* its arguments, for a moment */
	uint64_t res_host;	/* an area's host address */
	uint64_t res_rax, res_rdx;	/* XRSTOR's mask, as allowed */
	uint64_t tmp_ea;	/* an address computed in steps */
	uint64_t in_xrstor;	/* host rax, rdx hold it, not the guest's */
	uint64_t self;
	uint64_t fn_slow, fn_step, fn_call;	/* the helpers' addresses */
	uint64_t mask_tlb;	/* PDEP: (TLB_ENTRIES - 1) << 5 */
	uint64_t mask_page;	/* PEXT: ~0xfff */
	uint64_t mask_jc;	/* PEXT: JC_INDEX_MASK */
	uint64_t mask_arith;	/* PEXT/PDEP: FLAGS_ARITH */
	uint64_t mask_not_df;
	uint64_t count;		/* guest instructions, when counting */

	struct bt_vm *bt;
	uint32_t mode;		/* mode word now */
	enum bt_set set;
	uint32_t xsave_size;	/* of the largest XSAVE area */
	void *ret_map;		/* return stacks and guard pages */
	enum bt_set ret_set;	/* whose stack ret_sp is in */
	uint64_t ret_saved[SET_COUNT];	/* the others' */
	uint32_t exit_code;	/* enum bt_exit */
	bool in_code;		/* registers are in the host's */
	struct hostfault_stack sigstack;

	struct bt_image *img;	/* the current one: slot[cur].img */
	struct bt_slot slot[BT_IMAGES];
	unsigned n_slots, cur;
	uint64_t clock;		/* for bt_slot.used */
	uint64_t rest_clock;	/* and its value at rested, a time */
	ns_t rested;
	int state_fd;		/* the state's pages, or -1: only one image */
	unsigned tlb_fills_max;	/* tests: keep only this many, 0 all */

	uint64_t generation;	/* of code memory, seen by its processor */

	uint64_t n_exit[8], n_slow, n_fill, n_step;
	uint64_t n_lookup, n_switch, n_recycle;
	uint64_t n_helper[MAX_HELPERS];
	uint64_t n_tlb_flush[TLB_SCOPES];
	uint64_t translate_ticks;	/* of the TSC, in bt_translate() */
	unsigned doing;		/* enum bt_doing; stale in translated code */

	struct bt_image own __attribute__((aligned(PAGE_SIZE)));
};

static inline struct bt_vcpu *
bt_of(struct vcpu *c)
{
	return container_of(c, struct bt_vcpu, c);
}

/* --- cache.c --------------------------------------------------------- */

/* Host address of a linear address that the entry covers. */
static inline uint8_t *
tlb_host(const struct tlb_entry *t, gva_t va)
{
	return (uint8_t *)(uintptr_t)(va + t->addend);
}

MUST_USE int bt_cache_init(struct bt_vm *t, size_t size, struct err *e);
void bt_cache_fini(struct bt_vm *t);
/* Metadata of the region in use; NULL when full (then t->full is set). */
void *bt_arena_alloc(struct bt_vm *t, size_t size);
/* Bytes of code that fit into the region in use. */
static inline size_t
bt_room(const struct bt_vm *t)
{
	return t->fill->end - t->fill->used;
}

/* That many more bytes of it are taken. */
static inline void
bt_take(struct bt_vm *t, size_t n)
{
	n = MIN(align_up(n, 16), bt_room(t));
	t->fill->used += n;
	t->n_used += n;
}

/* The number of the next translation. */
static inline unsigned
bt_next_index(const struct bt_vm *t)
{
	return t->fill->first + t->fill->n_tu;
}

static inline struct bt_region *
bt_next_region(struct bt_vm *t)
{
	return t->fill + 1 == t->region + t->n_regions ? t->region :
	    t->fill + 1;
}

/* --- stubs.c --------------------------------------------------------- */

MUST_USE int bt_stubs_make(struct bt_vm *t, struct err *e);
/* A soft-TLB miss: take the displaced entry, or go on to t->slow. */
const uint8_t *bt_stub_tlb_miss(struct bt_vm *t, struct emit *e,
    enum bt_set s, bool write);
/* The same with the whole check before it: for code that runs rarely. */
const uint8_t *bt_stub_tlb_check(struct bt_vm *t, struct emit *e,
    enum bt_set s, bool write);

/* --- image.c --------------------------------------------------------- */

MUST_USE int bt_images_init(struct bt_vcpu *b, struct err *e);
void bt_images_fini(struct bt_vcpu *b);
/* engine_ops.tlb_flush */
void bt_tlb_flush(struct vcpu *c, unsigned scope, gva_t va);
/* The thread that runs b: gs leads to its current image. */
void bt_image_enter(struct bt_vcpu *b);
/* engine_ops.rest */
void bt_images_rest(struct vcpu *c, ns_t now);

/* --- tlb.c: one image's soft TLB --------------------------------------- */

/* Empty it, or make an empty one of zeroed memory. */
void bt_tlb_reset(struct bt_image *m);
void bt_tlb_flush_nonglobal(struct bt_image *m);
void bt_tlb_flush_page(struct bt_image *m, gva_t va, bool globals_only);
/* Fill an entry for va; 0, -EFAULT with c.exc raised, or 1: not RAM, or a
 * write to a traced or read-only page, so the access must be interpreted. */
int bt_tlb_fill(struct bt_vcpu *b, gva_t va, bool write,
    struct tlb_entry **entry);
/* No write entry of any vCPU may point to this page any more.  The vCPUs are
 * outside translated code. */
void bt_tlb_protect(struct vm *vm, gpa_t gpa, const uint8_t *page);

static inline unsigned
tlb_index(gva_t va)
{
	return (unsigned)(va >> PAGE_SHIFT) & (TLB_ENTRIES - 1);
}

static inline uint64_t
tlb_invalid_tag(unsigned idx)
{
	return ((idx + 1) & (TLB_ENTRIES - 1)) > 1 ? 0 :
	    -((uint64_t)(TLB_ENTRIES / 2) << PAGE_SHIFT);
}

/* One of 64 bits for the GiB of an address. */
static inline uint64_t
gib_bit(gva_t va)
{
	return BIT(((va >> 30) * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

/* --- jump cache and instruction TLB: jcache.c ------------------------- */

static inline unsigned
jc_index(uint64_t rip)
{
	return (unsigned)((rip >> 1 & (JC_OFFSETS - 1)) |
	    (rip >> PAGE_SHIFT & 15) << JC_OFFSET_BITS);
}

/* The index of the address that many pages on. */
static inline unsigned
tlb_index_moved(unsigned idx, uint64_t pages)
{
	return (idx + (unsigned)pages) & (TLB_ENTRIES - 1);
}

static inline unsigned
jc_index_moved(unsigned idx, uint64_t pages)
{
	unsigned moved = idx + ((unsigned)pages << JC_OFFSET_BITS);

	return (idx & (JC_OFFSETS - 1)) |
	    (moved & (JC_ENTRIES - 1) & ~(JC_OFFSETS - 1));
}

void bt_jc_reset(struct bt_image *m);
/* Jump cache s is to hold translations of this mode word only. */
void bt_jc_set_mode(struct bt_image *m, enum bt_set s, uint32_t mode);
void bt_jc_flush_nonglobal(struct bt_image *m);
void bt_jc_flush_page(struct bt_image *m, gva_t va, bool globals_only);
void bt_jc_put(struct bt_vcpu *b, uint64_t rip, struct tu *u);
/* Nothing leads to u any more.  b may run meanwhile. */
void bt_jc_drop(struct bt_vcpu *b, const struct tu *u);
/* Nothing to any translation. */
void bt_jc_drop_all(struct bt_vcpu *b);
void bt_itlb_flush(struct bt_image *m, bool globals);
void bt_itlb_flush_page(struct bt_image *m, gva_t va, bool globals_only);
/* The page that holds rip, for fetching; false with c.exc raised. */
struct itlb_entry *bt_itlb_get(struct bt_vcpu *b, uint64_t rip);

/* --- tu.c ------------------------------------------------------------ */

struct tu *bt_tu_find(struct bt_vm *t, uint64_t rip, gpa_t gpa, gpa_t gpa2,
    uint32_t mode);
/* A TU to copy for another address of gpa, or NULL. */
struct tu *bt_tu_find_same(struct bt_vm *t, gpa_t gpa, uint32_t mode,
    bool global);
/* Metadata for a TU to be, lists of these lengths included; NULL: full. */
struct tu *bt_tu_new(struct bt_vm *t, unsigned n_exits, unsigned n_map,
    unsigned n_relocs);
/* Its code, where the room begins, is complete: it is bt_next_index(). */
void bt_tu_file(struct bt_vm *t, struct tu *u);
void bt_tu_kill(struct vm *vm, struct tu *u);
/* The same, but jump caches may still lead to it. */
void bt_tu_unlist(struct vm *vm, struct tu *u);
/* Nothing finds it or leads to it any more, but as the original of copies. */
void bt_tu_retire(struct vm *vm, struct tu *u);
void bt_chain(struct bt_vm *t, struct tu_exit *x, struct tu *to);
void bt_chain_probe(struct bt_vcpu *b, struct tu_exit *x);
void bt_unchain(struct bt_vm *t, struct tu_exit *x);
/* The TU whose host code holds pc, or NULL. */
struct tu *bt_tu_at(const struct bt_vm *t, const uint8_t *pc);
/* Guest RIP of the instruction that host address pc belongs to. */
uint64_t bt_tu_rip(const struct tu *u, const uint8_t *pc);
/* The lists an exit is in. */
void bt_incoming_remove(struct tu_exit *x);
/* One aligned store through the writable alias. */
void bt_patch(struct bt_vm *t, uint8_t *field, const uint8_t *target);
static inline struct bt_vm *
bt_vm_of(const struct vm *vm)
{
	return vm->priv[ENGINE_BT];
}

void bt_code_dirty(struct vm *vm, gpa_t gpa, size_t len);

/* --- evict.c: from the run loop only ----------------------------------- */

/* Empty the cache. */
void bt_flush_all(struct vm *vm);
/* Empty the region that is the oldest, or all of the cache, and go on there. */
void bt_make_room(struct vm *vm);
/* Go on in the next region if it is empty.  From anywhere; with the lock. */
bool bt_fill_next(struct vm *vm);

/* --- cross.c: chains to other pages ----------------------------------- */

void bt_chain_cross(struct bt_vm *t, struct tu_exit *x, struct tu *to);
/* May b chain to rip's page, or could another vCPU know better by now? */
bool bt_cross_current(struct bt_vcpu *b, uint64_t rip);
uint32_t bt_cross_epoch(struct bt_vm *t, gva_t va);
/* Undo chains to va's page and the one before, or all. */
void bt_unlink_cross(struct bt_vcpu *b, gva_t va, bool all);
void bt_cross_remove(struct tu_exit *x);

/* --- translate.c ------------------------------------------------------ */

/*
 * Translate at b->c.s.rip in the current mode.  NULL: an exception was raised
 * by the fetch, or the cache is full (t->full).
 */
struct tu *bt_translate(struct bt_vcpu *b);

/* --- reloc.c ---------------------------------------------------------- */

/*
 * A copy of a translation, for the same bytes of the same page at another
 * address.  NULL: that address needs other encodings, or the cache is full.
 */
struct tu *bt_relocate(struct bt_vcpu *b, const struct tu *from, uint64_t rip);

/* Where a TU's tables are: the current mode's, as offsets from gs. */
static inline uint32_t
bt_tlb_offset(const struct bt_vcpu *b)
{
	return (uint32_t)(offsetof(struct bt_vcpu, own.tlb) +
	    b->set * sizeof(b->own.tlb[0]));
}

static inline uint32_t
bt_jc_offset(const struct bt_vcpu *b)
{
	return (uint32_t)(offsetof(struct bt_vcpu, own.jc) +
	    b->set * sizeof(b->own.jc[0]));
}

/* --- helper.c: called by generated code; all return enum bt_next ------- */

uint32_t bt_h_slow(struct bt_vcpu *b, uint64_t ea, uint32_t info,
    uint32_t tu_id);
uint32_t bt_h_step(struct bt_vcpu *b, uint32_t off, uint32_t tu_id);
uint32_t bt_h_call(struct bt_vcpu *b, uint32_t info, uint32_t tu_id);

/*
 * How a site tells a helper where it is: which instruction (offset from the
 * TU's rip), and for the slow path the access, for calls the helper.
 */
#define INFO_SLOW(off, size, write) \
	((uint32_t)(off) << 16 | (uint32_t)(write) << 8 | (uint32_t)(size))
#define INFO_REFAULT 0x80u	/* whether it faults is the interpreter's to say */
#define INFO_ALIGNED 0x200u	/* misaligned is #GP, before any #PF */
#define INFO_CALL(off, len, op_bytes, helper) \
	((uint32_t)(off) << 16 | (uint32_t)(helper) << 8 | \
	(uint32_t)(op_bytes) << 4 | (uint32_t)(len))

/* HELP_XSAVE's op_bytes: which instruction; the operand is in tmp_target. */
enum { XS_XSAVE, XS_XSAVEOPT, XS_XSAVEC, XS_64 = 4 };

/* HELP_FSGSBASE's: tmp_ea is the register, tmp_target what to write. */
enum { BASE_GS = 1, BASE_WRITE = 2, BASE_64 = 4 };

enum bt_helper_id {
	HELP_SYSCALL, HELP_SYSRET, HELP_IRET, HELP_POPF, HELP_HLT,
	HELP_WRMSR, HELP_RDMSR, HELP_MOV_CR, HELP_SET_AC,
	HELP_FSGSBASE, HELP_XSAVE, HELP_XRSTOR, HELP_REP_MOVS, HELP_REP_STOS,
	HELP_BAD_RET, HELP_COUNT,
};

/* Registers of the guest in memory <-> flags words; see helper.c. */
void bt_sync_in(struct bt_vcpu *b);
void bt_sync_out(struct bt_vcpu *b);
void bt_notice_pending(struct vcpu *c);
/* The mode word of c->s; sets b->mode, set and tail. */
void bt_mode_update(struct bt_vcpu *b);

/* --- retstack.c -------------------------------------------------------- */

MUST_USE int bt_ret_init(struct bt_vcpu *b, struct err *e);
void bt_ret_fini(struct bt_vcpu *b);
/*
 * Empty the return stacks: a mapping or the code cache changed.  The vCPU is
 * in C code: its stack pointer is taken from ret_sp when it goes back.
 */
void bt_ret_reset(struct bt_vcpu *b);
/* Change to set s's stack, emptied unless its mode word is still the same. */
void bt_ret_select(struct bt_vcpu *b, enum bt_set s, bool same_mode);
/* A fault at an address with this stack pointer: the new one, or 0: it is not
 * that the stack is full.  For the signal handler. */
uint64_t bt_ret_overflow(const struct bt_vcpu *b, uint64_t fault, uint64_t sp);

/* --- stats.c ---------------------------------------------------------- */

/* "bt.helper.NAME": its counter. */
const char *bt_helper_name(unsigned id);
void bt_stats(struct vm *vm, unsigned vcpu, engine_stat_fn *emit, void *ctx);

/* --- profile.c -------------------------------------------------------- */

/* The stub that pc is in, or NULL. */
const char *bt_stub_at(const struct bt_vm *t, const uint8_t *pc);
void bt_where(const struct vcpu *c, const uint8_t *pc, struct engine_where *w);

/* --- perfmap.c -------------------------------------------------------- */

MUST_USE int bt_perfmap_open(struct bt_vm *t, int fd, struct err *e);
void bt_perfmap_close(struct bt_vm *t);
/* With the VM's lock: name new code, if names are asked for. */
void bt_perfmap_tu(struct bt_vm *t, const struct tu *u);
void bt_perfmap_code(struct bt_vm *t, const uint8_t *start, size_t size,
    const char *name);

unsigned bt_show(struct vm *vm, uint64_t pc, unsigned max,
    engine_show_fn *emit, void *ctx);

/* --- fault.c ---------------------------------------------------------- */

/* The vCPU whose code this thread runs: for the signal handler. */
extern _Thread_local struct bt_vcpu *bt_current;
MUST_USE int bt_fault_init(struct err *e);

#endif
