/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "target/machine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/text.h"

/*
 * A guest with encrypted memory emulates each MMIO access byte by byte on the
 * kernel path. "sev" alone also stands on a host; under a hypervisor we assume
 * the worse.
 */
static bool is_encrypted_guest(const struct root *root)
{
	cleanup_fclose FILE *stream = file_stream(root->fd, "proc/cpuinfo");
	cleanup_free char *line = NULL;
	size_t capacity = 0;

	while (stream && getline(&line, &capacity, stream) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!text_starts(line, "flags", NULL))
			continue;
		return text_has_word(line, "tdx_guest") ||
		       (text_has_word(line, "hypervisor") &&
			(text_has_word(line, "sev") ||
			 text_has_word(line, "sev_es") ||
			 text_has_word(line, "sev_snp")));
	}
	return false;
}

/* What KERNEL_VERSION() has room for: 5.10.20240101 is before 5.11. */
static unsigned clamped(unsigned number)
{
	return number < 0xffff ? number : 0xffff;
}

/* "6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-10-01)" */
static void parse_version(struct machine *machine, const char *release,
			  const char *version)
{
	unsigned major, minor, patch = 0, debian[3];
	const char *mark = strstr(version, "Debian ");

	if (sscanf(release, "%u.%u.%u", &major, &minor, &patch) < 2)
		major = minor = 0;
	if (mark &&
	    sscanf(mark, "Debian %u.%u.%u", &debian[0], &debian[1],
		   &debian[2]) == 3 &&
	    debian[0] == major && debian[1] == minor)
		patch = debian[2];
	machine->major = major;
	machine->minor = clamped(minor);
	machine->patch = clamped(patch);
}

static struct error *read_kernel(struct machine *machine)
{
	cleanup_free char *captured = NULL;
	const char *name, *release, *version;
	struct utsname uts;
	char *blank;

	if (uname(&uts) < 0)
		return error_create(ERROR_FAILED, errno, "uname");
	name = uts.machine;
	release = uts.release;
	version = uts.version;
	if (machine->root.captured)
		captured = file_line(machine->root.fd, "uname");
	blank = captured ? strchr(captured, ' ') : NULL;
	if (blank) {
		*blank = '\0';
		name = captured;
		release = version = blank + 1;
	}
	machine->architecture = strdup(name);
	if (!machine->architecture)
		return error_no_memory();
	parse_version(machine, release, version);
	return NULL;
}

struct error *machine_init(struct machine *machine, const char *prefix)
{
	struct machine made = {.page_size = (uint64_t)sysconf(_SC_PAGESIZE)};
	struct error *error = root_init(&made.root, prefix);

	if (error)
		return error;
	error = read_kernel(&made);
	if (error) {
		root_deinit(&made.root);
		return error;
	}
	made.encrypted_guest = is_encrypted_guest(&made.root);
	*machine = made;
	return NULL;
}

void machine_deinit(struct machine *machine)
{
	pci_list_deinit(&machine->pci);
	iomem_deinit(&machine->iomem);
	free(machine->architecture);
	free(machine->memory_types);
	root_deinit(&machine->root);
}

struct error *machine_pci(struct machine *machine, const struct pci_list **ret)
{
	struct error *error;

	if (!machine->has_pci) {
		error = pci_list_read(&machine->root, &machine->pci);
		if (error)
			return error;
		machine->has_pci = true;
	}
	*ret = &machine->pci;
	return NULL;
}

struct error *machine_iomem(struct machine *machine, const struct iomem **ret)
{
	struct error *error;

	if (!machine->has_iomem) {
		error = iomem_read(&machine->root, &machine->iomem);
		if (error)
			return error;
		machine->has_iomem = true;
	}
	*ret = &machine->iomem;
	return NULL;
}

char *machine_memory_type(struct machine *machine, uint64_t address)
{
	const char *line;

	if (!machine->has_memory_types) {
		machine->has_memory_types = true;
		machine->memory_types =
			file_line(machine->root.fd,
				  "sys/kernel/debug/x86/pat_memtype_list");
	}
	line = machine->memory_types;
	while (line) {
		uint64_t start, end;
		int used = 0;

		/* "PAT: [mem 0xfe000000-0xfe100000] uncached-minus"; the end is
		 * excluded (memtype_seq_show, arch/x86/mm/pat/memtype.c). */
		if (sscanf(line, "PAT: [mem %" SCNx64 "-%" SCNx64 "] %n",
			   &start, &end, &used) == 2 &&
		    used && address >= start && address < end)
			return strndup(line + used, strcspn(line + used, "\n"));
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return NULL;
}
