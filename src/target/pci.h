/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PCI devices as sysfs shows them. Only files are read that neither wake nor
 * touch the device: never `config`, which powers a sleeping device up
 * (pci_read_config takes a runtime PM reference).
 */
#ifndef MMIODBG_TARGET_PCI_H
#define MMIODBG_TARGET_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct error;
struct root;

enum { PCI_BARS = 6 };

struct pci_device {
	char *name; /* "0000:03:00.0" */
	uint64_t vendor, device;
	char *driver; /* NULL: none bound */
	struct pci_bar {
		uint64_t start, size; /* physical; size 0: no such BAR */
		bool memory;          /* else I/O ports */
		bool prefetchable;
	} bars[PCI_BARS];
};

struct pci_list {
	struct pci_device *items;
	size_t count, capacity;
};

/* All of them. A machine without PCI has an empty list. */
struct error *pci_list_read(const struct root *root, struct pci_list *ret)
	__attribute__((nonnull, warn_unused_result));
void pci_list_deinit(struct pci_list *list);

/* Whether the device is there, with all BARs where they were when it was read:
 * asked anew. */
bool pci_is_in_place(const struct root *root, const struct pci_device *device)
	__attribute__((nonnull));

/* By the full name, or NULL. */
const struct pci_device *pci_find(const struct pci_list *list, const char *name)
	__attribute__((nonnull));

/* The device and BAR whose memory holds a physical address, or NULL. */
const struct pci_device *pci_find_address(const struct pci_list *list,
					  uint64_t address, unsigned *ret_bar)
	__attribute__((nonnull));

/* Whether `name` has the form DDDD:BB:DD.F. */
bool pci_is_name(const char *name) __attribute__((nonnull));

#endif
