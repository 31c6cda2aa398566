/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Device mappings: which device a mapping shows, what part of it, and what the
 * kernel offers to get at it from outside. Nothing here touches a device.
 */
#ifndef MMIODBG_TARGET_DEVICE_H
#define MMIODBG_TARGET_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/maps.h"
#include "target/region.h"

struct error;
struct machine;

enum mapping_class {
	CLASS_REGISTER, /* uncached device memory: the contract holds */
	CLASS_BUFFER,   /* content only; no width is promised */
	CLASS_MEMORY,   /* ordinary memory of the target */
};

/* What /proc/PID/mem meets: the vm_ops->access of the driver. */
enum access_method {
	METHOD_GENERIC, /* generic_access_phys */
	METHOD_DRIVER,  /* the driver's own; follows its buffers */
	METHOD_PAGES,   /* none needed: pages of ordinary memory */
	METHOD_NONE,    /* none: the kernel path says EIO */
	METHOD_UNKNOWN, /* a driver that we do not know */
	METHOD_UNSAFE,  /* the driver's own, known to do harm */
};

struct mapping_kind {
	const char *name; /* the KIND column: "pci" */
	enum mapping_class class;
	enum access_method method;
	const char *memory_type; /* what the driver asks for; NULL: unknown */
	const char *note;        /* for METHOD_NONE and _UNSAFE: the reason */
	/* A driver that claims the physical range takes its pages away
	 * (IO_STRICT_DEVMEM: kernel/resource.c, revoke_iomem), from this
	 * version on; 0: never. */
	uint64_t claimable_since;
};

struct device_mapping {
	struct mapping mapping;
	const struct mapping_kind *kind;
	unsigned index; /* among the process's device mappings, from 0 */
	enum mapping_class class;
	enum access_method method;
	struct region_name region;
	char *region_text; /* as `maps` shows it and "@" takes it */
	/* If `placed`: region offset = address - mapping.start + placement,
	 * modulo 2^64. Otherwise `problem` says why not. */
	bool placed;
	uint64_t placement;
	const char *problem;
	bool moved; /* the device is not any more where this was mapped */
	uint64_t region_size; /* bytes; 0: unknown */
	bool has_physical;
	uint64_t physical; /* of the mapping's first byte */
	char *pci;         /* name of the PCI device behind it, or NULL */
	uint64_t vendor, device;
	char *driver;          /* bound now, or NULL */
	char *sysfs;           /* its folder below the root, or NULL */
	bool had_folder;       /* sysfs, when it was looked at */
	bool had_node;         /* device_node_is(), when it was looked at */
	char *memory_type;     /* "uncached"; NULL: unknown */
	bool memory_type_seen; /* the kernel said so; else by kind */
};

struct device_list {
	struct device_mapping *items;
	size_t count, capacity;
};

/*
 * Picks the device mappings out of `mappings` (from smaps). `procfd` is the
 * folder /proc/PID; `stand_in`, unless NULL, is the path of a file whose
 * mappings are taken for a device's.
 */
struct error *device_list_make(struct machine *machine, int procfd,
			       const struct mapping_list *mappings,
			       const char *stand_in, struct device_list *ret)
	__attribute__((nonnull(1, 3, 5), warn_unused_result));
void device_list_deinit(struct device_list *list);

/* Whether one of `mappings` (from maps) may be a device's: whether smaps is
 * worth reading. */
bool device_candidates(const struct mapping_list *mappings,
		       const char *stand_in) __attribute__((nonnull(1)));

/* The one that holds `address`, or NULL. */
const struct device_mapping *device_list_find(const struct device_list *list,
					      uint64_t address)
	__attribute__((nonnull));

/*
 * The PCI BAR that a byte of the mapping shows, by its physical address. False
 * if that is unknown or in no BAR.
 */
bool device_pci_at(struct machine *machine, const struct device_mapping *device,
		   uint64_t address, const char **ret_name, unsigned *ret_bar,
		   uint64_t *ret_offset) __attribute__((nonnull));

/*
 * The folder in sysfs of the device that a byte of the mapping shows, or NULL;
 * what /dev/mem shows depends on the address. The caller frees.
 */
struct error *device_folder_at(struct machine *machine,
			       const struct device_mapping *device,
			       uint64_t address, char **ret)
	__attribute__((nonnull, warn_unused_result));

/* Whether the file of the mapping's path, a device node or one of sysfs, is the
 * one that was mapped. It is not opened. */
bool device_node_is(const struct machine *machine,
		    const struct device_mapping *device)
	__attribute__((nonnull));

/*
 * Whether the device that a byte of the mapping shows is still in sysfs, and,
 * of a PCI device, its BARs where they were when the machine was first looked
 * at. True for one that sysfs never had.
 */
bool device_is_in_place(struct machine *machine,
			const struct device_mapping *device, uint64_t address)
	__attribute__((nonnull));

/*
 * The next address at which something else may be shown than at `address`: the
 * end of its page, or before that where a BAR starts or ends.
 */
uint64_t device_same_until(struct machine *machine,
			   const struct device_mapping *device,
			   uint64_t address) __attribute__((nonnull));

/* Stable names: "register", "generic". */
const char *mapping_class_name(enum mapping_class class);
const char *access_method_name(enum access_method method);

#define cleanup_device_list cleanup_with(device_list_deinit)

#endif
