/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "access/evidence.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"
#include "target/machine.h"
#include "target/session.h"
#include "target/state.h"

/* What is looked at, and where it is written down. */
struct look {
	struct session *session;
	struct machine *machine;
	const struct site *site;
	const struct device_mapping *device;
	bool write;   /* that is what failed */
	char *folder; /* of the device in sysfs, or NULL */
	struct evidence *evidence;
};

static void set_cause(struct evidence *evidence, const char *text,
		      const char *help)
{
	free(evidence->cause);
	evidence->cause = strdup(text);
	evidence->help = help;
}

static void add(const struct look *look, enum sign sign, const char *help,
		const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Of equal signs the first counts. What finds no memory is left out. */
static void add(const struct look *look, enum sign sign, const char *help,
		const char *format, ...)
{
	struct evidence *evidence = look->evidence;
	char *text = NULL;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (!list_grow(&evidence->items, evidence->count, &evidence->capacity,
		       sizeof(*evidence->items))) {
		free(text);
		return;
	}
	evidence->items[evidence->count++] = (struct evidence_item){
		.text = text,
		.sign = sign,
	};
	if (sign >= SIGN_TAKEN_IF && !evidence->has[SIGN_TAKEN] &&
	    !evidence->has[sign])
		set_cause(evidence, text, help);
	evidence->has[sign] = true;
}

static void look_at_method(const struct look *look)
{
	static const struct {
		enum sign sign;
		const char *text;
	} methods[] = {
		[METHOD_GENERIC] = {SIGN_METHOD,
				    "such mappings have the kernel's generic "
				    "access method"},
		[METHOD_DRIVER] = {SIGN_NONE, "the driver has an access method "
					      "of its own, which may not "
					      "reach all of its buffers"},
		[METHOD_PAGES] = {SIGN_METHOD,
				  "this is a mapping of pages of a file or of "
				  "ordinary memory"},
		[METHOD_NONE] = {SIGN_NONE, "such mappings have no access "
					    "method"},
		[METHOD_UNKNOWN] = {SIGN_NONE, "whether the driver offers an "
					       "access method is not known"},
		[METHOD_UNSAFE] = {SIGN_NONE, "the driver's access method is "
					      "not used"},
	};

	add(look, methods[look->device->method].sign, NULL, "%s",
	    methods[look->device->method].text);
}

static void look_at_sysfs(const struct look *look)
{
	cleanup_device_state struct device_state state = {0};

	if (look->folder) {
		device_state_read(&look->machine->root, look->folder, &state);
		if (!state.known)
			add(look, SIGN_TAKEN, state.help, "%s", state.problem);
		else
			add(look, SIGN_NONE, NULL, "the device is in sysfs%s%s",
			    state.problem ? "; " : "",
			    state.problem ? state.problem : "");
	}
	if (look->device->problem)
		add(look,
		    look->device->has_physical ? SIGN_TAKEN_IF : SIGN_NONE,
		    "the target has to map the device again", "%s",
		    look->device->problem);
}

static void look_at_node(const struct look *look)
{
	if (look->device->had_node &&
	    !device_node_is(look->machine, look->device))
		add(look, SIGN_TAKEN_IF,
		    "the target has to open and map the device again",
		    "%s is gone, or another one, since this was looked up",
		    look->device->mapping.path);
}

/* A resource that is only there because the device is: of the bus, the device,
 * or the firmware. */
static bool is_structure(const struct look *look, const char *owner)
{
	return pci_is_name(owner) || text_starts(owner, "PCI ", NULL) ||
	       (look->device->pci && strcmp(owner, look->device->pci) == 0);
}

static void look_at_owner(const struct look *look)
{
	const struct device_mapping *device = look->device;
	static const char help[] = "once that driver has let go, the target "
				   "has to map the device again";
	uint64_t physical = device->physical +
			    (look->site->address - device->mapping.start);
	struct machine *machine = look->machine;
	cleanup_iomem struct iomem now = {0};
	const char *owner, *name, *before = NULL;
	struct error *error;
	uint64_t offset;
	bool since, bar;
	unsigned number;

	if (!device->has_physical)
		return;
	error = iomem_read(&machine->root, &now);
	if (error || !now.visible) {
		error_destroy(error);
		add(look, SIGN_NONE, NULL,
		    "who owns physical address %#llx is unknown: /proc/iomem "
		    "is hidden from us",
		    (unsigned long long)physical);
		return;
	}
	owner = iomem_owner(&now, physical);
	bar = device_pci_at(machine, device, look->site->address, &name,
			    &number, &offset);
	if (machine->has_iomem)
		before = iomem_owner(&machine->iomem, physical);
	since = machine->has_iomem && machine->iomem.visible &&
		(!before || strcmp(before, owner ? owner : "") != 0);
	if (!owner || is_structure(look, owner))
		add(look, SIGN_NONE, NULL,
		    "no driver owns physical address %#llx",
		    (unsigned long long)physical);
	else if (device->kind->claimable && (since || bar))
		add(look, SIGN_TAKEN_IF, help,
		    "%s owns physical address %#llx now%s", owner,
		    (unsigned long long)physical,
		    since ? ", and did not before" : "");
	else
		add(look, SIGN_NONE, NULL, "%s owns physical address %#llx",
		    owner, (unsigned long long)physical);
}

/* Which driver was bound when the session began. */
static const char *driver_before(const struct look *look)
{
	const char *name = strrchr(look->folder, '/');
	const struct pci_device *pci;
	const struct pci_list *list;

	if (look->device->region.kind != REGION_MEM)
		return look->device->driver;
	error_destroy(machine_pci(look->machine, &list));
	if (!look->machine->has_pci || !name)
		return NULL;
	pci = pci_find(&look->machine->pci, name + 1);
	return pci ? pci->driver : NULL;
}

static void look_at_driver(const struct look *look)
{
	cleanup_free char *now = NULL;
	const char *before;

	if (!look->folder)
		return;
	now = link_basename(look->machine->root.fd, "%s/driver", look->folder);
	before = driver_before(look);
	if (!now && before)
		add(look, SIGN_NONE, NULL, "driver %s is not bound any more",
		    before);
	else if (!now)
		add(look, SIGN_NONE, NULL, "no driver is bound");
	else if (before && strcmp(before, now) == 0)
		add(look, SIGN_NONE, NULL, "driver %s is bound", now);
	else
		add(look,
		    look->device->kind->claimable ? SIGN_TAKEN_IF : SIGN_NONE,
		    "once that driver has let go, the target has to map the "
		    "device again",
		    "driver %s is bound now, and was not before", now);
}

/*
 * x86 marks a mapping that was populated whole with VM_PAT ("ar"), and clears
 * that when pages of it are zapped (untrack_pfn, arch/x86/mm/pat/memtype.c);
 * pieces of a mapping that was split keep it. Observed on 6.1 and 6.12; on 7.2
 * there is no such mark.
 */
static bool marks_populated(const struct machine *machine)
{
	unsigned version = machine->major * 1000 + machine->minor;

	return strcmp(machine->architecture, "x86_64") == 0 &&
	       version >= 6001 && version <= 6012;
}

static void look_at_flags(const struct look *look)
{
	const struct device_mapping *device = look->device;
	cleanup_free char *now =
		session_flags(look->session, look->site->address);
	static const char help[] = "the target has to map the device again";

	if (!now)
		return;
	if (text_has_word(now, "ar") || !device->kind->claimable)
		add(look, SIGN_NONE, NULL, "VmFlags: %s", now);
	else if (mapping_has_flag(&device->mapping, "ar"))
		add(look, SIGN_TAKEN_IF, help,
		    "VmFlags have lost `ar`, as when pages are taken away: %s",
		    now);
	else if (marks_populated(look->machine))
		add(look, SIGN_TAKEN_IF, help,
		    "VmFlags lack `ar`, as when pages were taken away: %s",
		    now);
	else
		add(look, SIGN_NONE, NULL, "VmFlags: %s", now);
}

static uint64_t milliseconds_since(uint64_t time)
{
	return (clock_now() - time) / 1000000;
}

static void look_at_history(const struct look *look)
{
	const struct history *history = &look->session->history;
	const struct mapping *mapping = look->site->mapping;
	const struct history_page *page =
		history_find(history, look->site->address);
	static const char help[] = "--retry TIME waits longer for them to "
				   "come back";
	enum sign taken = SIGN_TAKEN, readable = SIGN_READABLE;

	/* A buffer may be where its method does not reach. */
	if (look->device->method == METHOD_DRIVER)
		taken = readable = SIGN_NONE;
	if (page && page->written)
		add(look, taken, help,
		    "a write to this page worked %llu ms ago",
		    (unsigned long long)milliseconds_since(page->written));
	if (page && page->read)
		add(look, look->write ? readable : taken, help,
		    "a read of this page worked %llu ms ago",
		    (unsigned long long)milliseconds_since(page->read));
	if (!page && history_other(history, mapping->start, mapping->end,
				   look->site->address))
		add(look, SIGN_METHOD, NULL,
		    "another page of the mapping worked in this session");
}

void evidence_collect(struct session *session, const struct site *site,
		      bool write, struct evidence *ret)
{
	static void (*const looks[])(const struct look *) = {
		look_at_method, look_at_sysfs, look_at_owner,   look_at_driver,
		look_at_node,   look_at_flags, look_at_history,
	};
	cleanup_free char *folder = NULL;
	struct look look = {
		.session = session,
		.machine = session->machine,
		.site = site,
		.device = site->device,
		.write = write,
		.evidence = ret,
	};

	*ret = (struct evidence){0};
	if (!site->device)
		return;
	error_destroy(device_folder_at(look.machine, look.device, site->address,
				       &folder));
	look.folder = folder;
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++)
		looks[i](&look);
}

bool evidence_taken(const struct evidence *evidence)
{
	bool method =
		evidence->has[SIGN_METHOD] || evidence->has[SIGN_READABLE];

	return evidence->has[SIGN_TAKEN] ||
	       (method && evidence->has[SIGN_TAKEN_IF]);
}

void evidence_deinit(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->count; i++)
		free(evidence->items[i].text);
	free(evidence->items);
	free(evidence->cause);
	*evidence = (struct evidence){0};
}
