/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host in libvirt's words: what tools that make domain XML look at first.
 * They offer what is advertised here, so nothing is advertised that is not
 * there.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/host.h"
#include "daemon/tuning.h"
#include "modes/cpu_model.h"

/* Text with the five characters that XML gives a meaning written as such. */
static void
put_text(FILE *out, const char *s)
{
	static const char special[] = "&<>'\"";
	static const char *const names[] = {
		"&amp;", "&lt;", "&gt;", "&apos;", "&quot;",
	};

	for (; *s; s++) {
		const char *at = strchr(special, *s);

		if (at)
			fputs(names[at - special], out);
		else if ((unsigned char)*s >= ' ')
			fputc(*s, out);
	}
}

static void
put_element(FILE *out, const char *indent, const char *name, const char *text)
{
	fprintf(out, "%s<%s>", indent, name);
	put_text(out, text);
	fprintf(out, "</%s>\n", name);
}

/* A line for each feature of a set; before the name: its policy. */
static void
put_features(FILE *out, const struct cpuid_set *s, const char *before)
{
	const char *name;
	unsigned at = 0;

	while ((name = cpu_set_next(s, &at)) != NULL)
		fprintf(out, "      <feature %sname='%s'/>\n", before, name);
}

/* --- capabilities --------------------------------------------------------- */

static void
put_host_cpu(FILE *out, const struct host_facts *f)
{
	const struct cpuid_host *h = tuning_cpu_host();
	const char *model = cpu_model_nearest(h);
	struct cpuid_set more;
	struct cpuid_set of_model;

	cpuid_offered(h, &more);
	cpu_model_features(model, &of_model);
	for (unsigned w = 0; w < CPUID_WORDS; w++)
		more.w[w] &= ~of_model.w[w];
	fprintf(out, "    <cpu>\n      <arch>x86_64</arch>\n");
	put_element(out, "      ", "model", model);
	put_element(out, "      ", "vendor", cpu_vendor_name(h));
	fprintf(out, "      <topology sockets='%u' dies='1' cores='%u' "
	    "threads='%u'/>\n", f->sockets, f->cores, f->threads);
	put_features(out, &more, "");
	fprintf(out, "      <pages unit='KiB' size='4'/>\n    </cpu>\n");
}

static void
put_cell(FILE *out, const struct host_facts *f, unsigned cell)
{
	unsigned n = 0;

	for (unsigned i = 0; i < f->max_cpu; i++)
		n += f->cpu[i].online && f->cpu[i].cell == cell;
	fprintf(out, "        <cell id='%u'>\n"
	    "          <memory unit='KiB'>%llu</memory>\n"
	    "          <cpus num='%u'>\n", cell,
	    (unsigned long long)f->cell[cell].memory >> 10, n);
	for (unsigned i = 0; i < f->max_cpu; i++) {
		const struct host_cpu *c = &f->cpu[i];

		if (!c->online || c->cell != cell)
			continue;
		fprintf(out, "            <cpu id='%u' socket_id='%u' "
		    "die_id='0' core_id='%u' siblings='", i, c->socket,
		    c->core);
		put_text(out, c->siblings);
		fprintf(out, "'/>\n");
	}
	fprintf(out, "          </cpus>\n        </cell>\n");
}

static void
put_host(FILE *out, const struct host_facts *f)
{
	char id[40];

	fprintf(out, "  <host>\n");
	if (file_read_text(AT_FDCWD, "/etc/machine-id", id, sizeof(id)) >= 32)
		fprintf(out, "    <uuid>%.8s-%.4s-%.4s-%.4s-%.12s</uuid>\n",
		    id, id + 8, id + 12, id + 16, id + 20);
	put_host_cpu(out, f);
	fprintf(out, "    <power_management/>\n    <iommu support='no'/>\n"
	    "    <topology>\n      <cells num='%u'>\n", f->n_cells);
	for (unsigned i = 0; i < f->n_cells; i++)
		put_cell(out, f, i);
	fprintf(out, "      </cells>\n    </topology>\n  </host>\n");
}

static void
put_guest(FILE *out, struct daemon *d, const char *arch, unsigned bits)
{
	static const char *const machines[] = { "pc", "q35", "microvm" };

	fprintf(out, "  <guest>\n    <os_type>hvm</os_type>\n"
	    "    <arch name='%s'>\n      <wordsize>%u</wordsize>\n", arch,
	    bits);
	put_element(out, "      ", "emulator", d->opt.monitor);
	for (size_t i = 0; i < ARRAY_LEN(machines); i++)
		fprintf(out, "      <machine maxCpus='%d'>%s</machine>\n",
		    VM_MAX_VCPUS, machines[i]);
	fprintf(out, "      <domain type='trivisor'/>\n"
	    "      <domain type='qemu'/>\n");
	if (d->caps.hvm_built && d->caps.kvm == KVM_HARDWARE)
		fprintf(out, "      <domain type='kvm'/>\n");
	fprintf(out, "    </arch>\n    <features>\n"
	    "      <acpi default='on' toggle='yes'/>\n"
	    "      <apic default='on' toggle='no'/>\n"
	    "      <cpuselection/>\n    </features>\n  </guest>\n");
}

char *
host_capabilities_xml(struct daemon *d, const struct host_facts *f)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "<capabilities>\n");
	put_host(out, f);
	put_guest(out, d, "x86_64", 64);
	put_guest(out, d, "i686", 32);
	fprintf(out, "</capabilities>\n");
	fclose(out);
	return text;
}

/* --- domain capabilities ----------------------------------------------------- */

/* What mode host-model is, as a custom model that says the same. */
static void
put_host_model(FILE *out)
{
	const struct vm_cpu_want want = { .mode = VM_CPU_HOST_MODEL };
	const struct cpuid_host *h = tuning_cpu_host();
	const char *model = cpu_model_nearest(h);
	struct cpu_model resolved;
	struct cpuid_set more;
	struct cpuid_set less;

	fprintf(out, "    <mode name='host-model' supported='yes'>\n"
	    "      <model fallback='forbid'>%s</model>\n", model);
	put_element(out, "      ", "vendor", cpu_vendor_name(h));
	if (cpu_model_resolve(&resolved, h, &want, NULL))
		memset(&resolved.set, 0, sizeof(resolved.set));
	more = resolved.set;
	cpu_model_features(model, &less);
	for (unsigned w = 0; w < CPUID_WORDS; w++) {
		more.w[w] &= ~less.w[w];
		less.w[w] &= ~resolved.set.w[w];
	}
	put_features(out, &more, "policy='require' ");
	put_features(out, &less, "policy='disable' ");
	fprintf(out, "    </mode>\n");
}

static void
put_models(FILE *out)
{
	const struct cpuid_host *h = tuning_cpu_host();
	const char *name;

	fprintf(out, "    <mode name='custom' supported='yes'>\n");
	for (unsigned i = 0; (name = cpu_model_name(i)) != NULL; i++) {
		struct cpuid_set missing;
		struct cpuid_set left_out;
		const char *vendor = cpu_model_vendor(name);
		char names[8];

		cpu_model_missing(h, name, &missing, &left_out);
		fprintf(out, "      <model usable='%s' vendor='%s'>%s"
		    "</model>\n", cpuid_set_names(&missing, names,
		    sizeof(names)) ? "no" : "yes",
		    *vendor ? vendor : "unknown", name);
	}
	fprintf(out, "    </mode>\n");
}

static void
put_unsupported(FILE *out, const char *indent, const char *const *names)
{
	for (; *names; names++)
		fprintf(out, "%s<%s supported='no'/>\n", indent, *names);
}

static void
put_devices(FILE *out)
{
	static const char *const none[] = {
		"disk", "graphics", "video", "hostdev", "rng", "filesystem",
		"tpm", "redirdev", "channel", "crypto", "interface", "panic",
		NULL,
	};
	static const char *const kinds[] = { "pty", "file", "unix" };

	fprintf(out, "  <devices>\n");
	put_unsupported(out, "    ", none);
	fprintf(out, "    <console supported='yes'>\n"
	    "      <enum name='type'>\n");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		put_element(out, "        ", "value", kinds[i]);
	fprintf(out, "      </enum>\n    </console>\n  </devices>\n");
}

char *
host_domain_capabilities_xml(struct daemon *d)
{
	static const char *const features[] = {
		"gic", "vmcoreinfo", "genid", "backingStoreInput", "backup",
		"async-teardown", "sev", "sgx", NULL,
	};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fprintf(out, "<domainCapabilities>\n");
	put_element(out, "  ", "path", d->opt.monitor);
	fprintf(out, "  <domain>trivisor</domain>\n"
	    "  <machine>pc</machine>\n  <arch>x86_64</arch>\n"
	    "  <vcpu max='%d'/>\n  <iothreads supported='no'/>\n"
	    "  <os supported='yes'>\n    <enum name='firmware'/>\n"
	    "    <loader supported='no'/>\n  </os>\n  <cpu>\n"
	    "    <mode name='host-passthrough' supported='yes'>\n"
	    "      <enum name='hostPassthroughMigratable'>\n"
	    "        <value>off</value>\n      </enum>\n    </mode>\n"
	    "    <mode name='maximum' supported='yes'>\n"
	    "      <enum name='maximumMigratable'>\n"
	    "        <value>off</value>\n      </enum>\n    </mode>\n",
	    VM_MAX_VCPUS);
	put_host_model(out);
	put_models(out);
	fprintf(out, "  </cpu>\n  <memoryBacking supported='yes'>\n"
	    "    <enum name='sourceType'>\n      <value>memfd</value>\n"
	    "    </enum>\n  </memoryBacking>\n");
	put_devices(out);
	fprintf(out, "  <features>\n");
	put_unsupported(out, "    ", features);
	fprintf(out, "  </features>\n</domainCapabilities>\n");
	fclose(out);
	return text;
}
