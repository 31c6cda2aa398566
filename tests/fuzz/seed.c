/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz-names starts from: some of each kind of type and variable, small,
 * without a C library. It is compiled in several ways by `seeds`, and never
 * runs. The names are those that fuzz-names.c asks for.
 */
#ifdef __cplusplus
namespace space
{
int var = 3;
class C
{
      public:
	static int s;
	int x;
	struct inner {
		int y;
	} in;
};
int C::s = 4;
C object;
namespace
{
int hidden = 5;
}
int *user = &hidden;
} // namespace space
#define EXTERN extern "C"
#define _Bool  bool
#else
#define EXTERN
#endif

typedef unsigned int uint32_t;
enum mode { OFF, SLOW = 3, FAST, BACK = -1 };

struct flat {
	volatile uint32_t control, status;
	unsigned char small[4];
	unsigned long long wide;
};

struct regs {
	struct flat first;
	union {
		uint32_t raw;
		struct {
			uint32_t en : 1;
			int mode : 3;
			uint32_t : 4;
			uint32_t rate : 8;
		};
	} both;
	enum mode state;
	struct {
		uint32_t head, tail;
	} ring[2][3];
	struct regs *next;
	void (*call)(struct regs *, int);
	float ratio;
	_Bool flag;
	uint32_t rest[];
};

union all {
	uint32_t word;
	unsigned short half[2];
	struct flat *pointer;
};

struct list;
typedef struct list {
	struct list *next, *before;
	const volatile struct regs *regs;
} list;

typedef int table_t[2][3];

struct flat flat;
struct regs *regs;
static volatile struct regs *volatile pointer;
table_t table;
union all all;
list list_head;
struct opaque;
struct opaque *opaque;
static const int constant = 42;
static __thread int thread;
static struct flat x[3] = {{1}};

static int f(int n)
{
	static int kept;

	for (int i = 0; i < n; i++) {
		static long kept_more;

		kept += (int)kept_more++ + i;
	}
	return kept + constant + thread + (int)x[n].control;
}

EXTERN int main(void);
EXTERN int main(void)
{
	pointer = regs;
	return f((int)pointer->first.status) + (int)pointer->state;
}
