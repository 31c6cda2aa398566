/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots: what is read of a file and what is refused, wherever it is cut;
 * what is written; what two differ in; which registers a name means. */
#include "unit.h"

#include "snapshot/compare.h"
#include "snapshot/select.h"
#include "snapshot/snapshot.h"

/* As it is written: one of everything. */
static const char whole[] =
	"{\"format\":\"mmiodbg-snapshot\",\"version\":1,\"mmiodbg\":\"0.1.0\","
	"\"created\":\"2026-11-29T03:38:43.123456789Z\",\n"
	"\"target\":{\"pid\":4242,\"process\":\"dpdk \\\"app\\\\x07\","
	"\"machine\":\"x86_64\"},\n"
	"\"devices\":[\n"
	"{\"region\":\"0000:03:00.0/bar0\",\"kind\":\"pci\","
	"\"class\":\"register\",\"size\":\"0x0000000000001000\","
	"\"pci\":\"0000:03:00.0\",\"bar\":0,\"id\":\"8086:10d3\","
	"\"driver\":\"vfio-pci\",\"physical\":\"0x00000000fea00000\"},\n"
	"{\"region\":\"dri/card0\",\"kind\":\"drm\",\"class\":\"buffer\"}\n"
	"],\n"
	"\"types\":[\n"
	"{\"name\":\"enum mode\",\"kind\":\"enum\",\"signed\":true,"
	"\"enumerators\":[{\"name\":\"OFF\",\"value\":\"0x0000000000000000\"},"
	"{\"name\":\"DOWN\",\"value\":\"0xffffffffffffffff\"}]},\n"
	"{\"kind\":\"integer\",\"fields\":[{\"name\":\"bits.en\","
	"\"bits\":\"0:0\",\"kind\":\"boolean\"},{\"name\":\"bits.mode\","
	"\"bits\":\"3:1\",\"kind\":\"enum\",\"enumerators\":["
	"{\"name\":\"FAST\",\"value\":\"0x0000000000000004\"}]}]}\n"
	"],\n"
	"\"registers\":[\n"
	"{\"name\":\"regs.id\",\"device\":0,\"offset\":\"0x0\",\"width\":32,"
	"\"order\":\"le\",\"value\":\"0x03020100\"},\n"
	"{\"name\":\"regs.ctrl\",\"device\":0,\"offset\":\"0x4\",\"width\":32,"
	"\"order\":\"be\",\"type\":1,\"value\":\"0x00000009\"},\n"
	"{\"name\":\"regs.ring[0]\",\"device\":0,\"offset\":\"0x10\","
	"\"width\":16,\"order\":\"le\",\"value\":\"0xffff\",\"suspect\":true},"
	"\n"
	"{\"name\":\"regs.ring[1]\",\"device\":0,\"offset\":\"0x12\","
	"\"width\":16,\"order\":\"le\",\"error\":{\"kind\":\"revoked\","
	"\"message\":\"the mapping was revoked\"}},\n"
	"{\"name\":\"@uio0+0x20.7:4\",\"device\":0,\"offset\":\"0x20\","
	"\"width\":8,\"bits\":\"7:4\",\"type\":0,\"value\":\"0xf0\"},\n"
	"{\"name\":\"@uio0+0x40\",\"device\":0,\"offset\":\"0x40\","
	"\"width\":64,\"halves\":true,\"value\":\"0x0123456789abcdef\"},\n"
	"{\"name\":\"head\",\"location\":\"head+0x0/32le\",\"width\":32,"
	"\"order\":\"le\",\"value\":\"0x00000007\"}\n"
	"],\n"
	"\"count\":7}\n";

static struct error *read_bytes(const char *bytes, size_t length,
				struct snapshot *ret)
{
	cleanup_fclose FILE *stream = tmpfile();

	ck_assert_ptr_nonnull(stream);
	ck_assert_uint_eq(fwrite(bytes, 1, length, stream), length);
	rewind(stream);
	return snapshot_read(stream, "FILE", ret);
}

static void read_whole(const char *text, struct snapshot *ret)
{
	expect_no_error(read_bytes(text, strlen(text), ret), "a snapshot");
}

static void write_is(const struct snapshot *snapshot, const char *wanted)
{
	cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	snapshot_write(snapshot, stream);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(text, wanted);
}

/* `whole` with the first `from` replaced; the caller frees. */
static char *edited(const char *from, const char *to)
{
	const char *at = strstr(whole, from);
	char *text;

	ck_assert_msg(at, "nowhere: %s", from);
	ck_assert_int_gt(asprintf(&text, "%.*s%s%s", (int)(at - whole), whole,
				  to, at + strlen(from)),
			 0);
	return text;
}

START_TEST(all_of_it_is_read)
{
	cleanup_snapshot struct snapshot snapshot = {0};
	const struct snapshot_register *one;
	const struct snapshot_device *device;
	const struct view *view;

	read_whole(whole, &snapshot);
	ck_assert_str_eq(snapshot.program, "0.1.0");
	ck_assert_str_eq(snapshot.created, "2026-11-29T03:38:43.123456789Z");
	ck_assert_uint_eq(snapshot.pid, 4242);
	ck_assert_str_eq(snapshot.process, "dpdk \"app\\x07");
	ck_assert_str_eq(snapshot.machine, "x86_64");
	ck_assert_uint_eq(snapshot.n_devices, 2);
	device = &snapshot.devices[0];
	ck_assert_str_eq(device->region, "0000:03:00.0/bar0");
	ck_assert_uint_eq(device->size, 0x1000);
	ck_assert(device->has_bar && device->has_id && device->has_physical);
	ck_assert_uint_eq(device->bar, 0);
	ck_assert_uint_eq(device->vendor, 0x8086);
	ck_assert_uint_eq(device->device, 0x10d3);
	ck_assert_str_eq(device->driver, "vfio-pci");
	ck_assert_uint_eq(device->physical, 0xfea00000);
	device = &snapshot.devices[1];
	ck_assert(!device->has_bar && !device->has_id && !device->pci &&
		  !device->driver && !device->size && !device->has_physical);
	ck_assert_uint_eq(snapshot.n_registers, 7);
	one = &snapshot.registers[1];
	ck_assert_str_eq(one->name, "regs.ctrl");
	ck_assert(one->has_offset && !one->location && one->is_big &&
		  !one->has_bits && !one->halves && one->known);
	ck_assert_uint_eq(one->value, 9);
	view = snapshot_view(&snapshot, one);
	ck_assert_ptr_null(view->type);
	ck_assert_uint_eq(view->n_fields, 2);
	ck_assert_str_eq(view->fields[1].name, "bits.mode");
	ck_assert_uint_eq(view->fields[1].high, 3);
	ck_assert_uint_eq(view->fields[1].low, 1);
	ck_assert_str_eq(view->fields[1].scalar.enumerators[0].name, "FAST");
	ck_assert(snapshot.registers[2].suspect);
	one = &snapshot.registers[3];
	ck_assert(!one->known);
	ck_assert_str_eq(one->error_kind, "revoked");
	one = &snapshot.registers[4];
	ck_assert_uint_eq(snapshot_shown(one, one->value), 0xf);
	ck_assert_uint_eq(snapshot_mask(one), 0xf0);
	ck_assert_uint_eq(snapshot_shown_bits(one), 4);
	ck_assert_uint_eq(
		snapshot_view(&snapshot, one)->scalar.enumerators[1].value,
		UINT64_MAX);
	ck_assert(snapshot.registers[5].halves);
	one = &snapshot.registers[6];
	ck_assert_uint_eq(one->device, SNAPSHOT_NONE);
	ck_assert_str_eq(one->location, "head+0x0/32le");
	ck_assert_uint_eq(snapshot_mask(one), 0xffffffff);
}
END_TEST

START_TEST(what_is_read_is_written_again)
{
	cleanup_snapshot struct snapshot snapshot = {0};

	read_whole(whole, &snapshot);
	write_is(&snapshot, whole);
}
END_TEST

START_TEST(a_cut_at_any_byte_is_noticed)
{
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		struct snapshot snapshot;
		struct error *error = read_bytes(whole, i, &snapshot);
		char label[32];

		snprintf(label, sizeof(label), "cut at %zu", i);
		ck_assert_msg(error, "%s: no error", label);
		ck_assert_msg(strstr(error->message, "cut short"), "%s: %s",
			      label, error->message);
		expect_error(error, ERROR_USAGE, label);
	}
}
END_TEST

/* No byte of it can be another one without being noticed, or read as what it
 * says: then it is written again as it was read. */
START_TEST(a_changed_byte_is_noticed_or_meant)
{
	static const char others[] = {'\0', ' ', '"', '0', '9',    '}',
				      ']',  ',', 'x', 'f', '\x80', '\\'};
	char text[sizeof(whole)];

	for (size_t i = 0; i < sizeof(whole) - 1; i++)
		for (size_t j = 0; j < sizeof(others); j++) {
			struct snapshot snapshot;
			struct error *error;

			memcpy(text, whole, sizeof(text));
			text[i] = others[j];
			error = read_bytes(text, sizeof(whole) - 1, &snapshot);
			if (error) {
				ck_assert_int_eq(error->kind, ERROR_USAGE);
				error_destroy(error);
				continue;
			}
			/* Not so a blank between members, escapes, and the
			 * leading zeros of an offset. */
			if (others[j] != ' ' && others[j] != '\\' &&
			    text[i - 1] != '\\' && text[i - 1] != 'x')
				write_is(&snapshot, text);
			snapshot_deinit(&snapshot);
		}
}
END_TEST

static const struct {
	const char *from, *to;
	const char *message; /* a part of it */
} wrong[] = {
	/* what it is */
	{"mmiodbg-snapshot", "other", "\"format\" is 'other'"},
	{"\"format\"", "\"mmiodbg\"", "\"mmiodbg\" where \"format\""},
	{"\"version\":1", "\"version\":2",
	 "FILE is a snapshot of version 2, and this mmiodbg reads version 1"},
	{"\"version\":1", "\"version\":0", "version 0"},
	{"\"version\":1", "\"version\":\"1\"", "a number should stand"},
	{"\"version\":1", "\"version\":1.5", "FILE:1"},
	{"\"version\":1", "\"version\":99999999999999999999", "at most"},
	{"\"version\"", "\"verson\"", "where \"version\" should stand"},
	/* values */
	{"\"0x03020100\"", "\"0x103020100\"",
	 "FILE:12: \"value\" has 9 digits, and 32 bits are 8"},
	{"\"0x03020100\"", "\"0x3020100\"", "\"value\" has 7 digits"},
	{"\"0x03020100\"", "\"0x\"", "\"value\" has 0 digits"},
	{"\"0x03020100\"", "\"0x0302010g\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"0x0302010F\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"03020100\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"0\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"-0x0302010\"", "is not hexadecimal"},
	{"\"0x03020100\"", "\"0x00000000003020100\"", "more than 64 bits"},
	{"\"0x03020100\"", "50462976",
	 "\"value\": '5' where a text in quotes should stand"},
	{"\"0x03020100\"", "null", "\"value\": 'n' where"},
	{"\"0x03020100\"", "[]", "\"value\": '[' where"},
	{"\"value\":\"0x03020100\"", "\"suspect\":false",
	 "either \"value\" or \"error\""},
	{"\"value\":\"0x03020100\"",
	 "\"value\":\"0x03020100\",\"error\":{\"kind\":\"a\",\"message\":"
	 "\"b\"}",
	 "either \"value\" or \"error\""},
	{"\"value\":\"0x03020100\"",
	 "\"value\":\"0x03020100\",\"suspect\":true", "\"suspect\""},
	{"\"suspect\":true", "\"suspect\":yes", "true or false"},
	{"\"suspect\":true", "\"suspect\":tru", "true or false"},
	/* form */
	{"\"width\":32,", "", "\"width\" is missing"},
	{"\"width\":32", "\"width\":24", "24 is not 8, 16, 32 or 64"},
	{"\"width\":32", "\"width\":0", "0 is not 8, 16, 32 or 64"},
	{"\"width\":32", "\"width\":128", "at most 64"},
	{"\"width\":32", "\"width\":032", "a leading zero"},
	{"\"width\":32", "\"width\":3.2e1", "no whole number"},
	{"\"width\":32", "\"width\":-32", "'-' where a number should stand"},
	{"\"width\":32,\"order\":\"le\"", "\"width\":32",
	 "\"order\" is missing"},
	{"\"order\":\"le\"", "\"order\":\"me\"", "neither le nor be"},
	{"\"width\":8,", "\"width\":8,\"order\":\"le\",", "there is only one"},
	{"\"halves\":true", "\"order\":\"le\",\"halves\":true",
	 "there is only one"},
	{"\"width\":64,\"halves\":true", "\"width\":32,\"halves\":true",
	 "halves"},
	{"\"bits\":\"7:4\"", "\"bits\":\"8:4\"", "bit 8 is outside of 8 bits"},
	{"\"bits\":\"7:4\"", "\"bits\":\"4:7\"", "not HIGH:LOW"},
	{"\"bits\":\"7:4\"", "\"bits\":\"7\"", "not HIGH:LOW"},
	{"\"bits\":\"7:4\"", "\"bits\":\"07:4\"", "not HIGH:LOW"},
	{"\"bits\":\"7:4\"", "\"bits\":\"7:4x\"", "not HIGH:LOW"},
	{"\"bits\":\"7:4\"", "\"bits\":\" 7:4\"", "not HIGH:LOW"},
	{"\"bits\":\"7:4\"", "\"bits\":\"99:99\"", "not HIGH:LOW"},
	{"\"bits\":\"3:1\"", "\"bits\":\"64:1\"", "not HIGH:LOW"},
	{"\"bits\":\"3:1\"", "\"bits\":\"32:1\"", "fields that it cannot have"},
	/* where */
	{"\"offset\":\"0x4\"", "\"offset\":\"0x5\"", "not aligned to 32 bits"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x1000\"",
	 "regs.ctrl: offset 0x1000 is beyond the end"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0xfffffffffffffffc\"",
	 "beyond all addresses"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x\"", "not hexadecimal"},
	{"\"offset\":\"0x4\"", "\"offset\":\"4\"", "not hexadecimal"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0xC\"", "not hexadecimal"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x00000000000000004\"",
	 "17 digits, and not at most 16"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x4\",\"location\":\"x\"",
	 "either \"offset\" or \"location\""},
	{"\"device\":0,\"offset\":\"0x4\"", "\"device\":0",
	 "either \"offset\" or \"location\""},
	{"\"device\":0,\"offset\":\"0x4\"", "\"offset\":\"0x4\"",
	 "in no \"device\""},
	{"\"device\":0,\"offset\":\"0x4\"", "\"device\":2,\"offset\":\"0x4\"",
	 "regs.ctrl: there is no device 2"},
	{"\"type\":1", "\"type\":2", "there is no type 2"},
	{"\"type\":0", "\"type\":1", "fields that it cannot have"},
	{"\"name\":\"regs.ctrl\"", "\"name\":\"regs.id\"",
	 "FILE: regs.id is there twice"},
	{"\"name\":\"regs.ctrl\"", "\"name\":\"\"", "\"name\" is empty"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x0\"",
	 "FILE: regs.id and regs.ctrl are the same register, or overlap"},
	{"\"offset\":\"0x0\"", "\"offset\":\"0x4\"",
	 "FILE: regs.id and regs.ctrl are the same register, or overlap"},
	{"\"offset\":\"0x12\"", "\"offset\":\"0x2\"",
	 "regs.id and regs.ring[1] are the same register, or overlap"},
	{"\"offset\":\"0x40\"", "\"offset\":\"0xc\"",
	 "regs.ring[0] and @uio0+0x40 are the same register, or overlap"},
	/* devices */
	{"\"region\":\"0000:03:00.0/bar0\",", "", "\"region\" is missing"},
	{"\"class\":\"register\"", "\"class\":\"memory\"", "neither register"},
	{"\"size\":\"0x0000000000001000\"", "\"size\":\"0x1000\"",
	 "has 4 digits, and not 16"},
	{"\"size\":\"0x0000000000001000\"", "\"size\":\"0x0000000000000000\"",
	 "\"size\" is 0"},
	{"\"bar\":0", "\"bar\":6", "at most 5"},
	{"\"pci\":\"0000:03:00.0\",", "", "a \"bar\" without \"pci\""},
	{"\"8086:10d3\"", "\"8086:10D3\"", "is not VENDOR:DEVICE"},
	{"\"8086:10d3\"", "\"808610d3\"", "is not VENDOR:DEVICE"},
	/* types */
	{"\"kind\":\"boolean\"", "\"kind\":\"bool\"", "no kind 'bool'"},
	{"\"kind\":\"enum\",\"enumerators\"",
	 "\"kind\":\"integer\",\"enumerators\"", "are of an enum"},
	/* around it */
	{"03:38:43", "03-38-43", "\"created\""},
	{"43.123456789Z", "43.123456789", "\"created\""},
	{"43.123456789Z", "43.123456789Zz", "\"created\""},
	{"\"pid\":4242", "\"pid\":4294967296", "at most 2147483647"},
	{"\"count\":7", "\"count\":6",
	 "\"count\" is 6, and there are 7 registers"},
	{",\n\"count\":7", "", "\"count\" is missing"},
	{"\"count\":7}", "\"count\":7,\"count\":7}",
	 "\"count\" is there twice"},
	{"\"count\":7}", "\"count\":7,}", "FILE:20"},
	{"\"count\":7}", "\"count\":7,\"more\":1}", "no member \"more\""},
	{"\"count\":7}\n", "\"count\":7}\n{}", "the end of the file"},
	{"\"count\":7}\n", "\"count\":7} x\n", "the newline at the end"},
	{"\"kind\":\"pci\",", "\"kind\":\"pci\",\"kind\":\"pci\",",
	 "FILE:4: \"kind\" is there twice"},
	{"\"width\":64", "\"widht\":64", "no member \"widht\""},
	/* JSON that is none */
	{"\"devices\":[", "\"devices\":[,", "an object should stand"},
	{"\"buffer\"}\n]", "\"buffer\"},\n]", "an object should stand"},
	{"\"devices\":[", "\"devices\" [", "':' should stand"},
	{"\"devices\":[", "devices:[", "a text in quotes should stand"},
	{"\"devices\":[", "/* */ \"devices\":[", "a text in quotes"},
	{"\"devices\":[", "\"devices\":{", "a list should stand"},
	{"\"target\":{", "\"target\":[", "an object should stand"},
	{"dpdk", "dp\x01k", "byte 0x01 where more of a text"},
	{"dpdk", "dp\nk", "byte 0x0a where more of a text"},
	{"dpdk",
	 "dp\xff"
	 "k",
	 "not UTF-8"},
	{"dpdk", "dp\xc0\x80k", "not UTF-8"},
	{"dpdk", "dp\xed\xa0\x80k", "not UTF-8"},
	{"dpdk", "dp\xf4\x90\x80\x80k", "not UTF-8"},
	{"dpdk", "dp\xe2\x82k", "not UTF-8"},
	{"dpdk", "dp\\q", "what an escape may be"},
	{"dpdk", "dp\\u00g0", "a digit of"},
	{"dpdk", "dp\\u0000", "NUL"},
	{"dpdk", "dp\\ud800k", "surrogate"},
	{"dpdk", "dp\\ud800\\u0041", "surrogate"},
	{"dpdk", "dp\\udc00", "surrogate"},
};

START_TEST(what_is_wrong_is_refused)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		cleanup_free char *text = edited(wrong[i].from, wrong[i].to);
		struct snapshot snapshot;
		struct error *error = read_bytes(text, strlen(text), &snapshot);

		ck_assert_msg(error, "%s: no error", wrong[i].to);
		ck_assert_msg(strstr(error->message, wrong[i].message),
			      "%s: %s", wrong[i].to, error->message);
		ck_assert_msg(strncmp(error->message, "FILE", 4) == 0, "%s",
			      error->message);
		expect_error(error, ERROR_USAGE, wrong[i].to);
	}
}
END_TEST

/* Two registers in one region, or in two that are called the same. */
static struct error *read_two(const char *first, const char *second,
			      struct snapshot *ret)
{
	cleanup_free char *text = NULL;

	ck_assert_int_gt(
		asprintf(&text,
			 "{\"format\":\"mmiodbg-snapshot\",\"version\":1,"
			 "\"mmiodbg\":\"0.1.0\","
			 "\"created\":\"2026-11-29T03:38:43.123456789Z\","
			 "\"target\":{\"pid\":1,\"process\":\"a\","
			 "\"machine\":\"x86_64\"},\"devices\":["
			 "{\"region\":\"uio0\",\"kind\":\"uio\","
			 "\"class\":\"register\"},"
			 "{\"region\":\"uio0\",\"kind\":\"mem\","
			 "\"class\":\"register\"},"
			 "{\"region\":\"uio1\",\"kind\":\"uio\","
			 "\"class\":\"register\"}],\"types\":[],"
			 "\"registers\":[{\"name\":\"a\",%s},"
			 "{\"name\":\"b\",%s}],\"count\":2}\n",
			 first, second),
		0);
	return read_bytes(text, strlen(text), ret);
}

#define WORD  "\"offset\":\"0x8\",\"width\":32,\"value\":\"0x00000000\","
#define LE    "\"order\":\"le\""
#define BE    "\"order\":\"be\""
#define IN(n) ",\"device\":" #n

static const struct {
	const char *first, *second;
	bool twins;
} pairs[] = {
	{WORD LE IN(0), WORD LE IN(0), true},
	{WORD LE IN(0), WORD LE IN(1), true},
	{WORD LE IN(0), WORD LE IN(2), false},
	{WORD LE IN(0), WORD BE IN(0), true},
	{WORD LE IN(0), WORD LE IN(0) ",\"bits\":\"7:4\"", true},
	{WORD LE IN(0) ",\"bits\":\"7:4\"", WORD LE IN(0) ",\"bits\":\"4:0\"",
	 true},
	{WORD LE IN(0) ",\"bits\":\"7:4\"", WORD LE IN(0) ",\"bits\":\"3:0\"",
	 false},
	{WORD LE IN(0) ",\"bits\":\"7:4\"", WORD BE IN(0) ",\"bits\":\"31:28\"",
	 true},
	{WORD LE IN(0) ",\"bits\":\"7:4\"", WORD BE IN(0) ",\"bits\":\"7:4\"",
	 false},
	/* a write of the first writes the second */
	{WORD LE IN(0) ",\"bits\":\"7:4\"",
	 "\"offset\":\"0xb\",\"width\":8,\"value\":\"0x00\"" IN(0), true},
	{WORD LE IN(0),
	 "\"offset\":\"0xc\",\"width\":8,\"value\":\"0x00\"" IN(0), false},
	{WORD LE IN(0),
	 "\"offset\":\"0x7\",\"width\":8,\"value\":\"0x00\"" IN(0), false},
	{WORD LE IN(0),
	 "\"offset\":\"0x4\",\"width\":64,\"halves\":true,"
	 "\"value\":\"0x0000000000000000\"" IN(0),
	 true},
	/* where these lead is not known */
	{"\"location\":\"x\",\"width\":8,\"value\":\"0x00\"",
	 "\"location\":\"x\",\"width\":8,\"value\":\"0x00\"", false},
};

START_TEST(a_register_is_there_once)
{
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		cleanup_snapshot struct snapshot snapshot = {0};
		struct error *error =
			read_two(pairs[i].first, pairs[i].second, &snapshot);

		ck_assert_msg((error != NULL) == pairs[i].twins, "%zu: %s", i,
			      error ? error->message : "no error");
		if (!error)
			continue;
		ck_assert_msg(strstr(error->message, "FILE: a and b are"),
			      "%zu: %s", i, error->message);
		expect_error(error, ERROR_USAGE, pairs[i].second);
	}
}
END_TEST

/* Bits of one register, each a register of its own, and then one of them
 * again; of as many registers as there may be. */
START_TEST(many_registers_of_few_places)
{
	cleanup_snapshot struct snapshot snapshot = {0};
	struct snapshot_device device = {.region = strdup("uio0")};
	struct snapshot_twins twins = {0};
	size_t index;

	expect_no_error(snapshot_add_device(&snapshot, &device, &index),
			"device");
	for (unsigned i = 0; i < SNAPSHOT_MOST_REGISTERS; i++) {
		bool last = i == SNAPSHOT_MOST_REGISTERS - 1;
		struct snapshot_register one = {
			.has_offset = true,
			.offset = last ? 0x100 : i / 64 * UINT64_C(8),
			.width = 64,
			.has_bits = true,
			.high = i % 64,
			.low = i % 64,
		};

		if (i == SNAPSHOT_MOST_REGISTERS - 1) {
			expect_no_error(snapshot_find_twins(&snapshot, &twins),
					"but the last");
			ck_assert_ptr_null(twins.second);
		}
		ck_assert_int_gt(asprintf(&one.name, "r%u", i), 0);
		expect_no_error(snapshot_add_register(&snapshot, &one), "add");
	}
	expect_no_error(snapshot_find_twins(&snapshot, &twins), "all");
	ck_assert_str_eq(twins.first->name, "r2111");
	ck_assert_str_eq(twins.second->name, "r262143");
}
END_TEST

/* What may be written by hand, or by another tool. */
static const struct {
	const char *from, *to;
} right[] = {
	{"{\"format\":", " \t\r\n{ \"format\" : "},
	{"\"pid\":4242,\"process\":\"dpdk \\\"app\\\\x07\"",
	 "\"process\":\"\\u0064pdk \\u0022app\\\\x07\" ,\n\"pid\" : 4242"},
	{"\"count\":7}\n", "\"count\":7\n}\n\n \n"},
	{",\"width\":32,\"order\":\"le\"", ",\"order\":\"le\",\"width\":32"},
	{"\"offset\":\"0x4\"", "\"offset\":\"0x00000004\""},
};

START_TEST(blanks_and_order_do_not_matter)
{
	for (size_t i = 0; i < ARRAY_SIZE(right); i++) {
		cleanup_free char *text = edited(right[i].from, right[i].to);
		cleanup_snapshot struct snapshot snapshot = {0};

		read_whole(text, &snapshot);
		write_is(&snapshot, whole);
	}
}
END_TEST

START_TEST(characters_beyond_ascii)
{
	cleanup_free char *text =
		edited("dpdk", "\\u00e9\\u20ac\\ud83d\\ude00\xc3\xa9");
	cleanup_snapshot struct snapshot snapshot = {0};

	read_whole(text, &snapshot);
	ck_assert_str_eq(snapshot.process,
			 "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
			 "\xc3\xa9 \"app\\x07");
}
END_TEST

/* Many brackets, a long text, much of it: none of these takes much memory or
 * time before it is refused. */
START_TEST(it_is_bounded)
{
	enum { LONG = 1 << 20 };
	cleanup_free char *deep = malloc(LONG), *wide = malloc(LONG + 2);
	cleanup_free char *text = NULL, *other = NULL;
	struct snapshot snapshot;
	struct error *error;

	memset(deep, '[', LONG);
	expect_error(read_bytes(deep, LONG, &snapshot), ERROR_USAGE, "deep");
	deep[LONG - 1] = '\0';
	text = edited("\"devices\":[", "\"devices\":[");
	text[strstr(text, "\"devices\":[") - text + 11] = '\0';
	ck_assert_int_gt(asprintf(&other, "%s%s", text, deep), 0);
	expect_error(read_bytes(other, strlen(other), &snapshot), ERROR_USAGE,
		     "a deep list");
	memset(wide, 'a', LONG);
	strcpy(wide + LONG, "");
	free(text);
	text = edited("dpdk", wide);
	error = read_bytes(text, strlen(text), &snapshot);
	ck_assert_ptr_nonnull(strstr(error->message, "65536"));
	expect_error(error, ERROR_USAGE, "a long text");
}
END_TEST

START_TEST(more_registers_than_there_may_be)
{
	cleanup_free char *text = NULL;
	struct snapshot snapshot;
	struct error *error;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);
	const char *start = strstr(whole, "{\"name\":\"regs.id\"");

	fwrite(whole, 1, (size_t)(start - whole), stream);
	for (unsigned i = 0; i <= SNAPSHOT_MOST_REGISTERS; i++)
		fprintf(stream,
			"{\"name\":\"r%u\",\"location\":\"x\",\"width\":8,"
			"\"value\":\"0x00\"},\n",
			i);
	fclose(stream);
	error = read_bytes(text, size, &snapshot);
	ck_assert_ptr_nonnull(strstr(error->message, "may hold: 262144"));
	expect_error(error, ERROR_USAGE, "many");
}
END_TEST

/* A file that goes on and on is read to its limit only. */
START_TEST(more_bytes_than_there_may_be)
{
	cleanup_fclose FILE *stream = tmpfile();
	struct snapshot snapshot;
	struct error *error;

	/* Blanks are what takes no memory. */
	for (unsigned i = 0; i < 260; i++) {
		static char blanks[1 << 20];

		memset(blanks, ' ', sizeof(blanks));
		fwrite(blanks, 1, sizeof(blanks), stream);
	}
	rewind(stream);
	error = snapshot_read(stream, "FILE", &snapshot);
	ck_assert_ptr_nonnull(strstr(error->message, "larger than"));
	expect_error(error, ERROR_USAGE, "large");
	ck_assert_int_lt(ftello(stream), (1 << 28) + (1 << 17));
}
END_TEST

START_TEST(a_file_that_cannot_be_read)
{
	cleanup_fclose FILE *stream = fopen("/", "r");
	struct snapshot snapshot;
	struct error *error;

	ck_assert_ptr_nonnull(stream);
	error = snapshot_read(stream, "FILE", &snapshot);
	ck_assert_ptr_nonnull(
		strstr(error->message, "FILE cannot be read: Is a directory"));
	expect_error(error, ERROR_USAGE, "a directory");
}
END_TEST

/* Comparing */

static const struct {
	const char *from, *to;
	enum difference_kind kind;
	const char *name; /* NULL: they are the same */
	uint64_t changed;
} changes[] = {
	{"\"0x03020100\"", "\"0x03020101\"", DIFFERENCE_VALUE, "regs.id", 1},
	{"\"0x03020100\"", "\"0x83020100\"", DIFFERENCE_VALUE, "regs.id",
	 0x80000000},
	/* bits: of them only */
	{"\"0xf0\"", "\"0xff\"", DIFFERENCE_VALUE, NULL, 0},
	{"\"0xf0\"", "\"0x7f\"", DIFFERENCE_VALUE, "@uio0+0x20.7:4", 0x80},
	{"\"error\":{\"kind\":\"revoked\",\"message\":\"the mapping was "
	 "revoked\"}",
	 "\"value\":\"0x0000\"", DIFFERENCE_UNREAD, "regs.ring[1]", 0},
	{"\"value\":\"0x03020100\"",
	 "\"error\":{\"kind\":\"gone\",\"message\":\"gone\"}",
	 DIFFERENCE_UNREAD, "regs.id", 0},
	/* none of both is known */
	{"\"revoked\"", "\"unmapped\"", DIFFERENCE_UNREAD, NULL, 0},
	{"\"order\":\"be\"", "\"order\":\"le\"", DIFFERENCE_FORM, "regs.ctrl",
	 0},
	{"\"width\":32,\"order\":\"le\",\"value\":\"0x03020100\"",
	 "\"width\":16,\"order\":\"le\",\"value\":\"0x0100\"", DIFFERENCE_FORM,
	 "regs.id", 0},
	{"\"bits\":\"7:4\"", "\"bits\":\"7:5\"", DIFFERENCE_FORM,
	 "@uio0+0x20.7:4", 0},
	{"\"halves\":true", "\"order\":\"le\"", DIFFERENCE_FORM, "@uio0+0x40",
	 0},
	/* elsewhere, but called the same */
	{"\"offset\":\"0x4\"", "\"offset\":\"0x8\"", DIFFERENCE_VALUE, NULL, 0},
	{"\"head\"", "\"head\"", DIFFERENCE_VALUE, NULL, 0},
};

START_TEST(what_two_differ_in)
{
	cleanup_snapshot struct snapshot old = {0};

	read_whole(whole, &old);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		cleanup_free char *text =
			edited(changes[i].from, changes[i].to);
		cleanup_snapshot struct snapshot new = {0};
		cleanup_difference_list struct difference_list list = {0};
		const struct difference *one;

		read_whole(text, &new);
		expect_no_error(snapshot_compare(&old, &new, &list),
				changes[i].to);
		ck_assert_uint_eq(list.compared, 7);
		ck_assert_msg(list.count == (changes[i].name != NULL),
			      "%s: %zu", changes[i].to, list.count);
		if (!changes[i].name)
			continue;
		one = &list.items[0];
		ck_assert_msg(one->kind == changes[i].kind, "%s: %s",
			      changes[i].to, difference_name(one->kind));
		ck_assert_str_eq(one->old->name, changes[i].name);
		ck_assert_str_eq(one->new->name, changes[i].name);
		ck_assert(one->old != one->new);
		if (one->kind == DIFFERENCE_VALUE)
			ck_assert_uint_eq(one->changed, changes[i].changed);
	}
}
END_TEST

START_TEST(what_only_one_has)
{
	cleanup_free char *text = edited("\"regs.id\"", "\"regs.zero\"");
	cleanup_snapshot struct snapshot old = {0}, new = {0}, none = {0};
	cleanup_difference_list struct difference_list list = {0}, all = {0};

	read_whole(whole, &old);
	read_whole(text, &new);
	expect_no_error(snapshot_compare(&old, &new, &list), "one");
	ck_assert_uint_eq(list.compared, 6);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_int_eq(list.items[0].kind, DIFFERENCE_OLD);
	ck_assert_str_eq(list.items[0].old->name, "regs.id");
	ck_assert_ptr_null(list.items[0].new);
	ck_assert_int_eq(list.items[1].kind, DIFFERENCE_NEW);
	ck_assert_str_eq(list.items[1].new->name, "regs.zero");
	ck_assert_ptr_null(list.items[1].old);
	expect_no_error(snapshot_compare(&none, &new, &all), "all");
	ck_assert_uint_eq(all.count, 7);
	ck_assert_uint_eq(all.compared, 0);
	ck_assert_str_eq(all.items[6].new->name, "head");
}
END_TEST

/* Choosing */

/* Names, and "REGISTER MASK" of what they mean, one behind the other. */
static const struct {
	const char *names[3];
	const char *chosen;
} choices[] = {
	{{"regs.id"}, "regs.id ffffffff;"},
	{{"regs.ctrl", "regs.id"}, "regs.id ffffffff;regs.ctrl ffffffff;"},
	{{"regs.id", "regs.id"}, "regs.id ffffffff;"},
	{{"regs"},
	 "regs.id ffffffff;regs.ctrl ffffffff;regs.ring[0] ffff;"
	 "regs.ring[1] ffff;"},
	{{"ptr:regs"},
	 "regs.id ffffffff;regs.ctrl ffffffff;regs.ring[0] ffff;"
	 "regs.ring[1] ffff;"},
	{{"regs.ring"}, "regs.ring[0] ffff;regs.ring[1] ffff;"},
	{{"regs.ring[1]"}, "regs.ring[1] ffff;"},
	{{"regs.ctrl.bits.mode"}, "regs.ctrl e;"},
	{{"regs.ctrl.bits.en", "regs.ctrl.bits.mode"}, "regs.ctrl f;"},
	{{"regs.ctrl.bits"}, "regs.ctrl f;"},
	{{"regs.ctrl.bits.en", "regs.ctrl"}, "regs.ctrl ffffffff;"},
	{{"regs.ctrl", "regs.ctrl.bits.en"}, "regs.ctrl ffffffff;"},
	{{"@uio0+0x20.7:4"}, "@uio0+0x20.7:4 f0;"},
	{{"@uio0+0x20"}, "@uio0+0x20.7:4 f0;"},
	{{"@uio0"}, "@uio0+0x20.7:4 f0;@uio0+0x40 ffffffffffffffff;"},
	{{"head"}, "head ffffffff;"},
	{{"var:head"}, "head ffffffff;"},
	/* places */
	{{"@0000:03:00.0/bar0+4"}, "regs.ctrl ffffffff;"},
	{{"@03:00.0/bar0+0x4"}, "regs.ctrl ffffffff;"},
	{{"@03:00.0/bar0..+8"}, "regs.id ffffffff;regs.ctrl ffffffff;"},
	{{"@03:00.0/bar0+0x4..@03:00.0/bar0+0x12"},
	 "regs.ctrl ffffffff;regs.ring[0] ffff;"},
	{{"@03:00.0/bar0..+7"}, "regs.id ffffffff;"},
	{{"@03:00.0/bar0+0x40"}, "@uio0+0x40 ffffffffffffffff;"},
	{{"@uio0+0x40..+0x8"}, "@uio0+0x40 ffffffffffffffff;"},
	{{"@uio0..+0x40"}, "@uio0+0x20.7:4 f0;"},
	{{"@03:00.0/bar0"},
	 "regs.id ffffffff;regs.ctrl ffffffff;regs.ring[0] ffff;"
	 "regs.ring[1] ffff;@uio0+0x20.7:4 f0;"
	 "@uio0+0x40 ffffffffffffffff;"},
};

START_TEST(what_names_mean)
{
	cleanup_snapshot struct snapshot snapshot = {0};

	read_whole(whole, &snapshot);
	for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
		cleanup_selection struct selection selection = {0};
		cleanup_free char *text = NULL;
		size_t size = 0, count = 0;
		FILE *stream = open_memstream(&text, &size);

		while (count < 3 && choices[i].names[count])
			count++;
		expect_no_error(snapshot_select(&snapshot, choices[i].names,
						count, "FILE", &selection),
				choices[i].names[0]);
		for (size_t j = 0; j < selection.count; j++)
			fprintf(stream, "%s %llx;",
				snapshot.registers[selection.items[j].index]
					.name,
				(unsigned long long)selection.items[j].mask);
		fclose(stream);
		ck_assert_msg(strcmp(text, choices[i].chosen) == 0, "%s: %s",
			      choices[i].names[0], text);
	}
}
END_TEST

START_TEST(a_register_goes_before_a_field)
{
	static const char *const names[] = {"regs.ctrl.bits.mode"};
	cleanup_free char *text =
		edited("\"regs.ring[1]\"", "\"regs.ctrl.bits.mode\"");
	cleanup_snapshot struct snapshot snapshot = {0};
	cleanup_selection struct selection selection = {0};

	read_whole(text, &snapshot);
	expect_no_error(
		snapshot_select(&snapshot, names, 1, "FILE", &selection),
		"select");
	ck_assert_uint_eq(selection.count, 1);
	ck_assert_uint_eq(selection.items[0].index, 3);
	ck_assert_uint_eq(selection.items[0].mask, 0xffff);
}
END_TEST

static const char *const unknown[] = {
	"reg",
	"regs.i",
	"regs.ctr",
	"regs.ctrl.bits.m",
	"regs.ctrl.mode",
	"regs.id.bits",
	"regs.ring[2]",
	"regs.ring[1].x",
	"regs.ctrl ",
	"",
	"@uio0+0x2",
	"@uio0+0x21",
	"@uio1",
	"@0",
	"@03:00.0/bar1",
	"@03:00.0/bar0+0x100",
	"@03:00.0/bar0..+3",
	"@03:00.0/bar0+0x4/32",
	"@03:00.0/bar0+0x4.3",
	"@03:00.0/bar0+0x4=1",
	"@03:00.0/bar0-0x4",
	"phys:0xfea00004",
	"0x4",
	"headache",
};

START_TEST(names_that_mean_nothing)
{
	cleanup_snapshot struct snapshot snapshot = {0};

	read_whole(whole, &snapshot);
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		struct selection selection;
		const char *names[] = {"regs.id", unknown[i]};
		struct error *error = snapshot_select(&snapshot, names, 2,
						      "FILE", &selection);

		ck_assert_msg(error, "%s", unknown[i]);
		if (strcmp(unknown[i], "regs.ctr") == 0)
			ck_assert_ptr_nonnull(strstr(error->help, "regs.ctrl"));
		expect_error(error, ERROR_USAGE, unknown[i]);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		all_of_it_is_read,
		what_is_read_is_written_again,
		a_cut_at_any_byte_is_noticed,
		a_changed_byte_is_noticed_or_meant,
		what_is_wrong_is_refused,
		a_register_is_there_once,
		many_registers_of_few_places,
		blanks_and_order_do_not_matter,
		characters_beyond_ascii,
		it_is_bounded,
		more_registers_than_there_may_be,
		more_bytes_than_there_may_be,
		a_file_that_cannot_be_read,
		what_two_differ_in,
		what_only_one_has,
		what_names_mean,
		a_register_goes_before_a_field,
		names_that_mean_nothing,
	};

	return run_suite(
		suite_of("snapshot", NULL, NULL, tests, ARRAY_SIZE(tests)));
}
