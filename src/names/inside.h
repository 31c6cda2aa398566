/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of names/ share, and nobody else sees: modules, the files with
 * their DWARF, the index of it, the table of types.
 *
 * What must never happen: that libdw opens a file by itself, for it takes any
 * path that a file names, a device's too. It does so (elfutils 0.188) where a
 * skeleton unit is asked for its split unit (dwarf_cu_info and dwarf_get_units
 * with `subdie`, dwarf_attr_integrate, and all that use it: dwarf_diename,
 * dwarf_decl_file), and where a supplementary file was not set before it is
 * needed (dwarf_getalt). So none of these is called; entry.h has what stands in
 * for them. All files are read (ELF_C_READ), none is mapped: a target may
 * truncate it meanwhile.
 */
#ifndef MMIODBG_NAMES_INSIDE_H
#define MMIODBG_NAMES_INSIDE_H

#include <elfutils/libdw.h>
#include <gelf.h>

#include "names/names.h"

/* An ELF file that we hold open. */
struct elf_file {
	int fd; /* -1: none */
	Elf *elf;
	char *path; /* under which it was opened; for files beside it */
};

/* A file with DWARF. */
struct dwarf_file {
	struct elf_file file;
	Dwarf *dwarf; /* NULL: none */
};

/* A compile unit, or a type unit. */
struct unit {
	Dwarf *dwarf;           /* that holds its entries: a split one's own */
	Dwarf_Die die;          /* its first entry, of `dwarf` */
	uint32_t next;          /* unit number + 1 with the same hash, or 0 */
	const char *name;       /* source file, or NULL */
	bool cplusplus;         /* classes may have static members */
	Dwarf_Off address_base; /* of a split unit, in the module's own
				 * .debug_addr; (Dwarf_Off)-1: none */
};

enum entry_kind { ENTRY_VARIABLE, ENTRY_FUNCTION, ENTRY_TYPE, ENTRY_SPACE };

/* A named entry of DWARF. */
struct entry {
	const char *name;
	Dwarf_Die die;
	enum entry_kind kind;
	uint32_t unit;   /* that it was read from */
	uint32_t home;   /* the unit whose source file declares it */
	uint32_t parent; /* entry number + 1 of what it stands in; 0: a unit */
	bool is_inline;  /* a namespace that need not be named */
	uint32_t next;   /* entry number + 1 with the same hash, or 0 */
	uint32_t beside; /* the same, by where the entry stands */
};

struct index {
	struct unit *units;
	size_t n_units, units_capacity;
	struct entry *entries;
	size_t count, capacity;
	/* Entries that say of another one, which may come later, that they are
	 * it: entry number, and the address of the other. */
	struct reference {
		uint32_t entry;
		Dwarf_Die declared;
	} * references;
	size_t n_references, references_capacity;
	size_t retry_at; /* units: then those that wait are looked at again */
	uint32_t *unit_heads; /* of chains of units: number + 1, or 0 */
	size_t n_unit_heads;
	uint32_t *heads;  /* of chains: entry number + 1, or 0 */
	uint32_t *places; /* the same, by where entries stand: n_heads */
	size_t n_heads;
	/* Where indexing goes on: of which file, and at which offset. */
	unsigned phase;
	Dwarf_Off next_unit;
	bool complete;
	bool by_function; /* what stands in functions is in it, too */
	size_t work;      /* entries looked at, against files without an end */
	bool is_cut; /* there is more: too much or too deep, or no memory */
};

struct module {
	const struct module_source *source;
	size_t number;
	bool tried;            /* opened, or cannot be */
	struct error *problem; /* why it cannot be, or NULL */
	struct elf_file file;
	uint64_t bias; /* address in the target - address in the file */
	bool sought;   /* its debug information */
	struct dwarf_file debug;   /* in its own file or in a separate one */
	uint64_t debug_bias;       /* added to `bias` for addresses of DWARF */
	struct dwarf_file alt;     /* the file that dwz has made, or none */
	struct dwarf_file *splits; /* .dwo files */
	size_t n_splits, splits_capacity;
	char *no_debug;   /* why there is none, or not all of it; or NULL */
	Elf *symbols;     /* that has the symbol table; borrowed */
	struct original { /* of what the program has taken over */
		uint64_t from, size, to;
	} * originals;
	size_t n_originals, originals_capacity;
	bool originals_sought;
	struct index index;
};

/* A type that was met, and what it is once that was asked. */
struct type_slot {
	Dwarf_Die die;
	unsigned dimension; /* of an array's entry: which one */
	uint32_t module;
	uint32_t next;     /* type_id with the same hash, or 0 */
	struct type *type; /* NULL: not asked yet */
	type_id complete;  /* the definition of a declaration, or 0 */
	bool sought;       /* `complete` was looked for */
};

struct names {
	struct name_source *source;
	struct module *modules;
	size_t n_modules;
	struct type_slot *types; /* [0] is not used */
	size_t n_types, types_capacity;
	uint32_t *type_heads;
	size_t n_type_heads;
	struct program_copy {
		const char *name;
		uint64_t address, size;
	} * copies; /* of variables of libraries */
	size_t n_copies, copies_capacity;
	bool copies_sought;
	unsigned seeking;  /* definitions of declarations, at the moment */
	uint64_t deadline; /* clock_now(); 0: none */
	bool stopped;      /* what was found since names_limit() is not all */
	void **kept;       /* texts that symbols use */
	size_t n_kept, kept_capacity;
};

/* Whether modules[0] is the program, and not a library like the others. */
static inline bool names_has_program(const struct names *names)
{
	return names->n_modules && names->source->has_program;
}

/* elf.c ------------------------------------------------------------------- */

/* Takes the descriptor, in any case. NULL, or why it is no usable ELF file:
 * static text. */
const char *elf_file_open(struct elf_file *file, int fd, const char *path);
void elf_file_close(struct elf_file *file);

/* The build id of a file; 0: none. It lives as long as the file. */
size_t elf_build_id(Elf *elf, const unsigned char **ret);

/* The contents of a section by its name, or NULL. */
Elf_Data *elf_section(Elf *elf, const char *name);

/* Whether a name may be that of an entry of a file's DWARF: false only if its
 * text is nowhere in it. */
bool elf_may_name(Elf *elf, const char *name);

/* Where its sections of texts end, those that are not empty; how many. What is
 * compressed must not be any more. */
enum { MOST_TEXT_SECTIONS = 8 };
size_t elf_text_ends(Elf *elf, const char *ret[MOST_TEXT_SECTIONS]);

/* Where in the target's memory it stands: false if that cannot be told; then
 * `*ret_why` is why, static. */
bool elf_bias(Elf *elf, const struct module_source *source, uint64_t *ret,
	      const char **ret_why);

/* The first address that it is to be loaded at. */
bool elf_first_address(Elf *elf, uint64_t *ret);

/* Symbols of an ELF table. The name ends at an '@'. */
struct elf_symbol {
	const char *name; /* not terminated: `length` */
	size_t length;
	GElf_Sym symbol;
	bool hidden_version; /* NAME@VERSION that is not the default */
};

/* Calls `each` for all symbols that are objects or functions, and are there,
 * until it returns false. */
typedef bool elf_symbol_fn(void *data, const struct elf_symbol *symbol);
void elf_each_symbol(Elf *elf, elf_symbol_fn *each, void *data);

/* Whether there is a table of all symbols, not only of those for linking. */
bool elf_has_symbols(Elf *elf);

/* Calls `each` for all variables of libraries that a program has taken over
 * (copy relocations). Names live as long as the file. */
typedef void elf_copy_fn(void *data, const char *name, uint64_t address,
			 uint64_t size);
void elf_each_copy(Elf *elf, elf_copy_fn *each, void *data);

/* Whether something of the file is loaded to this address: a section. */
bool elf_holds(Elf *elf, uint64_t address);

/* module.c ---------------------------------------------------------------- */

/* Opens a module, once. The error, if any, is also kept in it: a copy. */
struct error *module_open(struct names *names, struct module *module);

/* Looks for its debug information, once. What is missing is no error: it is
 * told by `no_debug`. The module is open. */
void module_seek_debug(struct names *names, struct module *module);

/* The split unit of a skeleton: NULL, or its Dwarf, which is then the
 * module's. `cu` is the first entry of the skeleton. */
Dwarf *module_split(struct names *names, struct module *module, Dwarf_Die *cu,
		    Dwarf_Die *ret);

void module_close(struct module *module);

/* Whether a scope names the module: its path, or the last part of it, also
 * without the version ("libfoo.so" of libfoo.so.1.2). */
bool module_is_called(const struct module *module, const char *scope);
const char *path_basename(const char *path);
/* Whether `tail` is the path, or the last components of it. */
bool path_ends_with(const char *path, const char *tail);

/* entry.c: entries of DWARF, without what could open a file ---------------- */

/* An attribute of an entry, or of what it is an instance or the definition of.
 */
bool entry_attribute(Dwarf_Die *die, unsigned code, Dwarf_Attribute *ret);
bool entry_number(Dwarf_Die *die, unsigned code, uint64_t *ret);
bool entry_flag(Dwarf_Die *die, unsigned code);
/* NULL: it has none. */
const char *entry_name(Dwarf_Die *die);
/* The entry that an attribute refers to. */
bool entry_reference(Dwarf_Die *die, unsigned code, Dwarf_Die *ret);
/* The entry behind it; false at the end. Never one before it. */
bool entry_sibling(Dwarf_Die *die, Dwarf_Die *ret);
bool entry_child(Dwarf_Die *die, Dwarf_Die *ret);
/* The last of the entries that this one is an instance or the definition of;
 * false: of none. */
bool entry_declared(Dwarf_Die *die, Dwarf_Die *ret);
/* To be called before any DWARF is closed: no text of it is used any more. */
void entry_forget(void);
/* A string attribute of a unit's first entry itself. */
const char *entry_own_string(Dwarf_Die *die, unsigned code);
/* The source file in which an entry is declared, or NULL, and the line. */
const char *entry_file(Dwarf_Die *die, Dwarf_Die *unit, unsigned *ret_line);

/* Where a variable stands in its file: true and `*ret`, or false and why it has
 * no address; NULL: this entry only declares it. */
bool entry_address(struct module *module, const struct unit *unit,
		   Dwarf_Die *die, uint64_t *ret, char **ret_why);

/* index.c ----------------------------------------------------------------- */

void index_deinit(struct index *index);

/* Indexes one more unit; false: all are, or the question is stopped. */
bool index_more(struct names *names, struct module *module);
void index_all(struct names *names, struct module *module);

/* Indexes units before their turn that mention an address, as they do of the
 * variable that is there: a guess, which saves the way to it. */
void index_toward(struct names *names, struct module *module, uint64_t address);

/* Whether any entry may have the name: false only if none can. Costs much less
 * than to index all. */
bool index_may_have(struct names *names, struct module *module,
		    const char *name);

/* Adds what stands in functions, too. Implies index_all(). */
void index_functions(struct names *names, struct module *module);

/* The first entry of a name, and the next one; NULL: no more. Entries move when
 * more are indexed. */
const struct entry *index_first(const struct index *index, const char *name);
const struct entry *index_next(const struct index *index,
			       const struct entry *entry);

/* What became of an entry of DWARF, or NULL: it has no name, or is not indexed.
 */
const struct entry *index_at(const struct index *index, const Dwarf_Die *die);

/* "ns::class" of what an entry stands in; NULL: nothing, or no memory. */
char *index_scope(const struct index *index, const struct entry *entry);

/* type.c ------------------------------------------------------------------ */

/* The number of the type that an entry refers to (DW_AT_type): NO_TYPE if it
 * refers to none, or when memory runs out. */
type_id type_of(struct names *names, const struct module *module,
		Dwarf_Die *die);
type_id type_number(struct names *names, const struct module *module,
		    Dwarf_Die *die, unsigned dimension);
void types_deinit(struct names *names);
/* Makes room for the first; number 0 stays none. */
bool types_reserve(struct names *names);

/* typename.c -------------------------------------------------------------- */

/* "struct " of DW_TAG_structure_type; "": types with that tag have no keyword.
 */
const char *type_keyword(int tag) __attribute__((returns_nonnull));

/* alike.c ----------------------------------------------------------------- */

enum { KEPT_PAIRS = 256 };

/* What the comparisons of one search have in common. */
struct comparison {
	size_t compared; /* types */
	/* The latest that are the same, by a hash of both: types of members,
	 * mostly, which come again. */
	struct same_pair {
		type_id left, right;
		unsigned depth; /* to which they were compared */
	} pairs[KEPT_PAIRS];
};

/* Whether two types have one layout, and mean the same: to a certain depth.
 * When too many were compared they count as different. */
bool types_are_alike(struct names *names, type_id left, type_id right,
		     struct comparison *comparison);
bool comparison_is_spent(const struct comparison *comparison);
/* Both may be NULL. */
bool texts_are_equal(const char *left, const char *right);

/* typename.c -------------------------------------------------------------- */

/* The definition of a type that an entry of a module declares: the one of its
 * name, in what it stands in, if all that there are have the same layout. */
type_id type_definition(struct names *names, struct module *module,
			Dwarf_Die *die);

/* query.c ----------------------------------------------------------------- */

/* What `[SCOPE::]NAME` asks for. */
struct query {
	const char *scope;  /* as the user has it, or NULL; borrowed */
	const char *module; /* parts of it that were told apart, or NULL */
	const char *file;
	char **path; /* namespaces, classes, functions */
	size_t n_path;
	char *last;  /* the name itself */
	char *owned; /* what module and file are parts of */
};

/* A word may be the name of a module and of a function: with `as_path` it is
 * not the module. */
struct error *query_make(struct names *names, const char *scope,
			 const char *name, bool as_path, struct query *ret);
void query_deinit(struct query *query);
/* Whether it asks for this entry: its file, and what it stands in. */
bool query_fits(const struct query *query, const struct module *module,
		const struct entry *entry);

/* copies.c ---------------------------------------------------------------- */

/* Where an object of a module is used: where the program has it, if that has
 * taken it over. The module is open. */
uint64_t copies_redirect(struct names *names, struct module *module,
			 uint64_t address);
/* Whether the program has taken over what stands there. */
bool copies_have(struct names *names, uint64_t address);

/* find.c ------------------------------------------------------------------ */

/* Whether an entry stands in a function. */
bool entry_is_local(const struct module *module, const struct entry *entry);

uint64_t symbol_address(const struct module *module, const GElf_Sym *symbol);

/* explain.c: errors for names ---------------------------------------------- */

/* Nothing is what the query asks for; `what` is "object" or "type", `keyword`
 * what stands before the name, "struct " or "". With near names, or why there
 * may be none; and if a module could not be looked into, which: `problem`, or
 * NULL. */
struct error *explain_nothing(struct names *names, const struct query *query,
			      const char *what, const char *keyword,
			      const struct error *problem);

/* The same for an object; and if a module could not be looked into, which:
 * `problem`, or NULL. */
struct error *explain_missing(struct names *names, const char *scope,
			      const char *name, const struct error *problem);

/* The shortest tail of a path that is no tail of the others, by which a scope
 * selects it; NULL: none is. Others that are the same path are passed over, and
 * those that are NULL. */
const char *explain_tail(const char *path, const char *const *others,
			 size_t count);

/* Several are called so. */
struct error *explain_ambiguous(const char *name, const struct symbol *symbols,
				size_t count);

/* One is, and so may something be in a module that could not be looked into. */
struct error *explain_unsure(const char *name, const struct symbol *symbol,
			     const struct error *problem);

/* names.c ----------------------------------------------------------------- */

/* Whether an interruption, or the end of the time, stops the question at hand;
 * it then stays stopped. */
bool names_must_stop(struct names *names);
/* The error for a question that was stopped, instead of `error`, or of success;
 * else `error`. */
struct error *names_judge(const struct names *names, struct error *error);

/* The text, kept until the end; NULL stays NULL. */
const char *names_keep(struct names *names, char *text);

#endif
