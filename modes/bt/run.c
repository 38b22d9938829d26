/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine: set-up, and the loop around translated code.
 *
 *	look at requests -> find or make the translation at rip -> link the exit
 *	that led here -> run it -> see why it came back
 *
 * In the steady state this loop is left for long stretches: TUs are chained,
 * indirect branches and ring transitions find their way by the jump cache.
 */
#include "modes/bt/layout.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "modes/cpuid.h"
#include "modes/x86/fpu.h"
#include "modes/x86/stop.h"
#include "modes/x86/x86.h"

#define DEFAULT_CACHE (UINT64_C(64) << 20)
#define MIN_CACHE (UINT64_C(1) << 20)
/* Instructions the interpreter runs between looks at requests. */
#define STEP_BATCH 256

/* --- life ------------------------------------------------------------- */

static gpa_t
top_of_memory(const struct vm *vm)
{
	gpa_t top = 0;

	for (unsigned i = 0; i < vm->mem.n_slots; i++) {
		const struct gmem_slot *s = &vm->mem.slot[i];

		top = MAX(top, s->base + s->size);
	}
	return top;
}

static bool
use_bmi2(const struct vm *vm)
{
	return cpuid_has(vm->cpuid, FEAT_BMI2) &&
	    !(vm->opt && vm->opt->host_no_bmi2);
}

/* HWCAP2_FSGSBASE: the kernel lets programs write their segments' bases. */
static bool
use_fsgsbase(const struct vm *vm)
{
	return cpuid_has(vm->cpuid, FEAT_FSGSBASE) &&
	    (getauxval(AT_HWCAP2) & 2);
}

static void
take_options(struct bt_vm *t, const struct vm *vm)
{
	static const struct engine_options none;
	const struct engine_options *o = vm->opt ? vm->opt : &none;

	t->bmi2 = use_bmi2(vm);
	t->fsgsbase = use_fsgsbase(vm);
	t->exact_flags = o->exact_flags;
	t->disable = o->disable;
	t->count_insns = o->count_insns;
	t->flush_every = t->flush_in = o->flush_every;
	t->flush_rng = o->flush_seed;
	t->one_tlb_entry = o->tlb_entries == 1;
}

/* Zeroed; memory is only taken where it is touched. */
static void *
table_new(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void
table_free(void *p, size_t size)
{
	if (p)
		munmap(p, size);
}

static void
bt_vm_fini(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);

	if (!t)
		return;
	bt_perfmap_close(t);
	bt_cache_fini(t);
	table_free(t->page_head, t->n_pages * sizeof(*t->page_head));
	table_free(t->heat, t->n_pages * sizeof(*t->heat));
	table_free(t->writers, t->n_pages * sizeof(*t->writers));
	free(t->verify);
	free(t);
	vm->priv[ENGINE_BT] = NULL;
}

static int
bt_vm_init(struct vm *vm, struct err *e)
{
	uint64_t size = vm->opt && vm->opt->code_cache_bytes ?
	    MAX(vm->opt->code_cache_bytes, MIN_CACHE) : DEFAULT_CACHE;
	struct bt_vm *t;
	int rc;

	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set_sys(e, ENOMEM, "bt: no memory for the engine");
	t->perf_fd = -1;
	vm->priv[ENGINE_BT] = t;
	take_options(t, vm);
	if (vm->opt && vm->opt->verify_reloc) {
		t->verify = malloc(BT_MAX_CODE);
		if (!t->verify) {
			rc = err_set_sys(e, ENOMEM, "bt: room to compare copies");
			goto fail;
		}
	}
	t->n_pages = top_of_memory(vm) >> PAGE_SHIFT;
	t->page_head = table_new(t->n_pages * sizeof(*t->page_head));
	t->heat = table_new(t->n_pages * sizeof(*t->heat));
	t->writers = table_new(t->n_pages * sizeof(*t->writers));
	if (!t->page_head || !t->heat || !t->writers) {
		rc = err_set_sys(e, errno, "bt: tables of guest pages");
		goto fail;
	}
	rc = bt_cache_init(t, size, e);
	if (rc)
		goto fail;
	rc = bt_stubs_make(t, e);
	if (rc)
		goto fail;
	rc = bt_fault_init(e);
	if (!rc && vm->opt && vm->opt->perf_map)
		rc = bt_perfmap_open(t, vm->opt->perf_fd, e);
	if (rc)
		goto fail;
	t->sync_core = syscall(SYS_membarrier,
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0;
	return 0;

fail:
	bt_vm_fini(vm);
	return rc;
}

static int
bt_vcpu_init(struct vcpu *c, struct err *e)
{
	struct bt_vcpu *b = bt_of(c);
	struct cpuid_regs r;
	int rc;

	b->bt = bt_vm_of(c->vm);
	b->self = (uint64_t)(uintptr_t)b;
	b->fn_slow = (uint64_t)(uintptr_t)bt_h_slow;
	b->fn_step = (uint64_t)(uintptr_t)bt_h_step;
	b->fn_call = (uint64_t)(uintptr_t)bt_h_call;
	b->mask_tlb = (uint64_t)(TLB_ENTRIES - 1) << 5;
	b->mask_page = PAGE_MASK;
	b->mask_jc = JC_INDEX_MASK;
	b->mask_arith = FLAGS_ARITH;
	b->mask_not_df = ~(uint64_t)FLAG_DF;
	b->tlb_fills_max = b->bt->one_tlb_entry;
	cpuid_answer(c->vm->cpuid, 0xd, 0, c->id, CR4_OSXSAVE,
	    c->vm->cpuid->xcr0_mask, 0, &r);
	b->xsave_size = r.ecx;
	rc = bt_ret_init(b, e);
	if (rc)
		return rc;
	rc = bt_images_init(b, e);
	if (rc)
		goto no_images;
	atomic_store(&c->attention, 1);
	rc = hostfault_stack_init(&b->sigstack, e);
	if (rc)
		goto no_stack;
	return 0;

no_stack:
	bt_images_fini(b);
no_images:
	bt_ret_fini(b);
	return rc;
}

static void
bt_vcpu_fini(struct vcpu *c)
{
	struct bt_vcpu *b = bt_of(c);

	hostfault_stack_fini(&b->sigstack);
	bt_images_fini(b);
	bt_ret_fini(b);
}

/* --- the loop --------------------------------------------------------- */

_Thread_local struct bt_vcpu *bt_current;

/*
 * Once per thread: faults of guest code are handled on a stack of the vCPU's.
 */
static void
adopt_thread(struct bt_vcpu *b)
{
	if (bt_current == b)
		return;
	hostfault_stack_enter(&b->sigstack);
	bt_current = b;
}

/* Requests and interrupts.  True: run() must return with *x. */
static bool
look_around(struct vcpu *c, struct vcpu_exit *x)
{
	c->looks++;
	if (atomic_load_explicit(&c->attention, memory_order_relaxed) == 0) {
		atomic_store(&c->attention, 1);
		vcpu_look_stop(c);
		if (atomic_exchange(&c->kicked, 0)) {
			x->reason = EXIT_KICKED;
			return true;
		}
		(void)!x86_take_events(c);
		/* What the shadow held back is due one instruction later. */
		if (c->s.shadow)
			vcpu_attention(c);
	}
	if (likely(c->s.activity == ACT_RUNNING))
		return false;
	if (c->s.activity == ACT_HALTED && x86_take_events(c) == 1)
		return false;
	x->reason = c->s.activity == ACT_SHUTDOWN ? EXIT_SHUTDOWN : EXIT_HALT;
	return true;
}

static struct tu *
lookup(struct bt_vcpu *b)
{
	uint64_t rip = b->c.s.rip;
	struct itlb_entry *p = bt_itlb_get(b, rip), *p2;
	struct tu *u;

	if (!p)
		return NULL;
	b->n_lookup++;
	u = bt_tu_find(b->bt, rip, p->gpa | (rip & ~PAGE_MASK), ~UINT64_C(0),
	    b->mode);
	if (u)
		return u;
	/* Perhaps one that reaches into the next page. */
	if ((rip & ~PAGE_MASK) + INSN_MAX_LEN > PAGE_SIZE) {
		p2 = bt_itlb_get(b, (rip | ~PAGE_MASK) + 1);
		if (!p2) {
			b->c.exc.raised = false;
			return bt_translate(b);
		}
		/* The second look may have replaced the first entry. */
		p = bt_itlb_get(b, rip);
		u = p ? bt_tu_find(b->bt, rip, p->gpa | (rip & ~PAGE_MASK),
		    p2->gpa, b->mode) : NULL;
		if (u)
			return u;
	}
	return bt_translate(b);
}

/* The exit that led to s.rip, to be chained, or NULL. */
static struct tu_exit *
after_code(struct bt_vcpu *b)
{
	struct bt_vm *t = b->bt;
	struct vcpu *c = &b->c;
	struct tu *from;
	struct tu_exit *x;

	b->doing = DOING_LOOP;
	b->n_exit[b->exit_code]++;
	bt_sync_in(b);
	switch (b->exit_code) {
	case BT_EXIT_CHAIN:
		from = t->tu[b->exit_id / BT_MAX_EXITS];
		x = &from->exit[b->exit_id % BT_MAX_EXITS];
		c->s.rip = x->target;
		return from->dead ? NULL : x;
	case BT_EXIT_POLL:
		c->s.rip = t->tu[b->exit_id]->rip;
		return NULL;
	case BT_EXIT_FAULT:
		(void)!x86_deliver(c);
		return NULL;
	default:
		return NULL;
	}
}

/* Somebody else may have done it by now. */
static void
make_room_if_full(struct vm *vm)
{
	vm_lock(vm);
	if (bt_vm_of(vm)->full)
		bt_make_room(vm);
	vm_unlock(vm);
}

/* No translation: a fetch fault, code outside RAM, or a full cache. */
static void
without_code(struct bt_vcpu *b)
{
	struct vcpu *c = &b->c;

	if (b->bt->full) {
		make_room_if_full(c->vm);
	} else if (c->exc.raised) {
		(void)!x86_deliver(c);
	} else {
		b->n_step++;
		b->doing = DOING_STEP;
		(void)!c->vm->second->step(c, 1);
		bt_notice_pending(c);
	}
}

static void
enter(struct bt_vcpu *b, const struct tu *u)
{
	void (*go)(struct bt_vcpu *, const void *) =
	    (void (*)(struct bt_vcpu *, const void *))(uintptr_t)b->bt->enter;

	bt_sync_out(b);
	b->in_code = true;
	go(b, u->code);
	b->in_code = false;
}

/*
 * Within a page: both are translations of the same one, unless the guest has
 * exchanged the page and is yet to invalidate it.
 */
static void
link_near(struct bt_vcpu *b, struct tu_exit *x, const struct tu *from,
    struct tu *u)
{
	if (((from->gpa ^ u->gpa) & PAGE_MASK) == 0)
		bt_chain(b->bt, x, u);
}

static void
link_exit(struct bt_vcpu *b, struct tu_exit *x, struct tu *u)
{
	const struct tu *from = b->bt->tu[b->exit_id / BT_MAX_EXITS];

	if (from->dead || from->mode != u->mode)
		return;
	if (u->gpa2 != ~UINT64_C(0))
		bt_chain_probe(b, x);
	else if (((from->rip ^ u->rip) & PAGE_MASK) == 0)
		link_near(b, x, from, u);
	else if (!from->global || !u->global)
		bt_chain_probe(b, x);
	else if (bt_cross_current(b, u->rip))
		bt_chain_cross(b->bt, x, u);
}

static bool
time_to_flush(struct bt_vm *t)
{
	if (!t->flush_every || --t->flush_in)
		return false;
	/* Knuth's MMIX generator; its upper bits are the good ones. */
	t->flush_rng = t->flush_rng * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	t->flush_in = 1 + (unsigned)((t->flush_rng >> 33) %
	    (2 * (uint64_t)t->flush_every - 1));
	return true;
}

/* Tests: mostly as when the cache is full, now and then all of it. */
static void
flush_for_test(struct vm *vm)
{
	struct bt_vm *t = bt_vm_of(vm);

	if (t->flush_rng >> 61)
		bt_make_room(vm);
	else
		bt_flush_all(vm);
}

/*
 * Code memory was used anew since this processor last ran from it.  Where
 * membarrier() could not say so, an instruction that serialises does.
 */
static void
notice_generation(struct bt_vcpu *b)
{
	uint32_t a = 0, c = 0;

	if (likely(b->generation == b->bt->generation))
		return;
	b->generation = b->bt->generation;
	if (!b->bt->sync_core)
		__asm__ volatile("cpuid" : "+a"(a), "+c"(c) : :
		    "ebx", "edx", "memory");
}

/*
 * The translation at s.rip, reached by exit x when code memory was of that
 * generation.  NULL as for lookup().
 */
static struct tu *
find_next(struct bt_vcpu *b, struct tu_exit *x, uint64_t generation)
{
	struct bt_vm *t = b->bt;
	struct vm *vm = b->c.vm;
	struct tu *u;

	b->doing = DOING_LOCK;
	vm_lock(vm);
	b->doing = DOING_LOOP;
	if (unlikely(time_to_flush(t)))
		flush_for_test(vm);
	if (t->generation != generation)
		x = NULL;
	notice_generation(b);
	u = lookup(b);
	if (u) {
		if (x && x->target == u->rip)
			link_exit(b, x, u);
		bt_jc_put(b, u->rip, u);
	}
	vm_unlock(vm);
	return u;
}

static void
bt_run(struct vcpu *c, struct vcpu_exit *out)
{
	struct bt_vcpu *b = bt_of(c);
	struct tu_exit *x = NULL;
	uint64_t generation = 0;
	struct tu *u;

	adopt_thread(b);
	bt_image_enter(b);
	vcpu_enter(c);
	x86_fpu_load(c);
	b->doing = DOING_LOOP;
	for (;;) {
		if (look_around(c, out))
			break;
		bt_mode_update(b);
		if (b->mode & MODE_OTHER) {
			x = NULL;
			b->n_step++;
			b->doing = DOING_STEP;
			(void)!c->vm->second->step(c,
			    x86_code64(c) ? 1 : STEP_BATCH);
			bt_notice_pending(c);
			continue;
		}
		u = find_next(b, x, generation);
		x = NULL;
		if (!u) {
			without_code(b);
			continue;
		}
		enter(b, u);
		generation = b->bt->generation;
		x = after_code(b);
	}
	b->doing = DOING_OUTSIDE;
	x86_fpu_save(c);
	vcpu_leave(c);
}

static void
bt_kick(struct vcpu *c)
{
	atomic_store(&c->kicked, 1);
	vcpu_attention(c);
}

static int
bt_step(struct vcpu *c, unsigned n)
{
	return c->vm->second->step(c, n);
}

static void
bt_save(struct vcpu *c, struct cpu_state *s)
{
	*s = c->s;
}

static int
bt_load(struct vcpu *c, const struct cpu_state *s, struct err *e)
{
	int rc = x86_state_check(s, e);

	if (rc)
		return rc;
	c->s = *s;
	x86_sync(c);
	bt_tlb_flush(c, TLB_FLUSH_ALL, 0);
	return 0;
}

const struct engine_ops engine_bt = {
	.name = "bt",
	.id = ENGINE_BT,
	.vcpu_size = sizeof(struct bt_vcpu),
	.vm_init = bt_vm_init,
	.vm_fini = bt_vm_fini,
	.vcpu_init = bt_vcpu_init,
	.vcpu_fini = bt_vcpu_fini,
	.run = bt_run,
	.step = bt_step,
	.save = bt_save,
	.load = bt_load,
	.tlb_flush = bt_tlb_flush,
	.code_dirty = bt_code_dirty,
	.rest = bt_images_rest,
	.kick = bt_kick,
	.show = bt_show,
	.where = bt_where,
	.stats = bt_stats,
};
