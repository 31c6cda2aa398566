// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmiodbg_test: a driver that takes pages away, gives them back and moves them,
 * as drivers with buffers do, but when it is told to
 *
 *   insmod mmiodbg_test.ko page0=0xfe000000 page1=0xfe001000
 *
 * /dev/mmiodbg-test maps one page: one of these two, which must be pages of a
 * BAR. Where in the file, in pages, says which method vm_ops->access is:
 *
 *   0  generic_access_phys()
 *   1  none
 *   2  one of our own, which does not look at the mapping: it goes to where the
 *      page is now, unless it was revoked
 *   3  one that fails
 *
 * Commands are written to it, one a write; they are done when the write is:
 *
 *   revoke              takes it from all mappings; faults get SIGBUS
 *   zap                 as revoke, but the next fault brings it back
 *   restore             lets faults work again
 *   populate            restore; and it is put into all mappings, without a fault
 *   move 0|1            as zap, and from now on it is that page
 *   readonly, writable  as zap, and it comes back without, or with, permission
 *                       to write; what /proc/PID/maps says does not change
 *   lazy, eager         whether new mappings wait for a fault; if not, it is put
 *                       into them soon after mmap(), see below
 *   after MS COMMAND    does the command so many milliseconds later
 *   storm MS SEED       for so long moves, zaps, revokes, restores and populates
 *                       at random; populates at the end
 *
 * With watch=1, for pages that are nothing but memory, each page is looked at
 * when it is moved away from, and when it is moved to again: "strays" is how often
 * it had changed meanwhile, when nobody had it mapped.
 *
 * Reading gives a line of names and numbers: the state, and how often what was
 * done. It waits until nothing is under way (a storm, `after`, `eager`); so does
 * poll(). With O_NONBLOCK it tells how things stand now.
 *
 * Locks, in the order in which they are taken:
 *
 *   mmap_lock of a mapping's process (by mm/, or by populate_all)
 *   state_lock: reading, to put an entry in, or to make an access of our own;
 *     writing, to change the state and to take the entries out
 *   list_lock: the list of mappings
 *   file_lock: which inode's address space holds the mappings
 *
 * Entries are taken out before state_lock is let go of, so that nobody can put
 * in one that is out of date.
 */
#include <linux/delay.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

enum { N_PAGES = 2, N_METHODS = 4, MAX_COMMAND = 80 };

static unsigned long page[N_PAGES];
module_param_named(page0, page[0], ulong, 0444);
MODULE_PARM_DESC(page0, "physical address of the first page");
module_param_named(page1, page[1], ulong, 0444);
MODULE_PARM_DESC(page1, "physical address of the second page");

static bool watch;
module_param(watch, bool, 0444);
MODULE_PARM_DESC(watch, "notice what changes a page that is not in use");

static void __iomem *registers[N_PAGES];

/* What state_lock protects. The page and how often it was moved change together
 * under move_lock as well, so that who asks does not keep the driver waiting. */
static DECLARE_RWSEM(state_lock);
static DEFINE_SPINLOCK(move_lock);
static struct {
	unsigned int page; /* which of the two */
	unsigned int moves;
	bool revoked;
	bool readonly;
	bool eager;
} state;

static struct {
	atomic_t strays, zaps, revokes, restores, populates, faults, refused;
} counters;

/* One mapping. Its memory lives as long as it is in the list: close() takes it
 * out. */
struct mapping {
	struct list_head link;
	struct vm_area_struct *vma;
	unsigned int round; /* of populate_all() */
};

static DEFINE_MUTEX(list_lock);
static LIST_HEAD(mappings);
static unsigned int n_mappings;
static unsigned int last_round;

/* All mappings are in the address space of the inode that was opened first, so
 * that one call finds them: there may be more than one node of our number. */
static DEFINE_MUTEX(file_lock);
static struct address_space *space;
static unsigned int n_files;

/* What is under way, and who waits for its end. */
static atomic_t n_pending = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(idle);

/* Of our own, so that the end can wait for what is in it. */
static struct workqueue_struct *queue;

static void pending_add(void)
{
	atomic_inc(&n_pending);
}

static void pending_done(void)
{
	if (atomic_dec_and_test(&n_pending))
		wake_up_all(&idle);
}

/* Entries */

/* Under state_lock: what the entries are to allow. */
static pgprot_t protection(const struct vm_area_struct *vma)
{
	unsigned long flags = vma->vm_flags;

	if (state.readonly)
		flags &= ~VM_WRITE;
	return pgprot_noncached(vm_get_page_prot(flags));
}

/* Under state_lock: puts the entry in, if it is not there. */
static vm_fault_t put_in(struct vm_area_struct *vma)
{
	return vmf_insert_pfn_prot(vma, vma->vm_start,
				   page[state.page] >> PAGE_SHIFT,
				   protection(vma));
}

/* Under state_lock, for writing. */
static void take_out(void)
{
	mutex_lock(&file_lock);
	if (space)
		unmap_mapping_range(space, 0, 0, 1);
	mutex_unlock(&file_lock);
}

/* A process with a mapping that has not had this round yet; to be mmput(). */
static struct mm_struct *next_space(unsigned int round)
{
	struct mm_struct *mm = NULL;
	struct mapping *mapping;

	mutex_lock(&list_lock);
	list_for_each_entry(mapping, &mappings, link) {
		if (mapping->round == round)
			continue;
		mapping->round = round;
		/* One that is ending takes no entries any more. */
		if (mmget_not_zero(mapping->vma->vm_mm)) {
			mm = mapping->vma->vm_mm;
			break;
		}
	}
	mutex_unlock(&list_lock);
	return mm;
}

/* Puts the page into all mappings as the state is meanwhile. */
static void populate_all(void)
{
	struct mapping *mapping;
	struct mm_struct *mm;
	unsigned int round;

	mutex_lock(&list_lock);
	round = ++last_round;
	mutex_unlock(&list_lock);
	while ((mm = next_space(round))) {
		mmap_read_lock(mm);
		down_read(&state_lock);
		mutex_lock(&list_lock);
		list_for_each_entry(mapping, &mappings, link) {
			struct vm_area_struct *vma = mapping->vma;

			if (vma->vm_mm != mm)
				continue;
			mapping->round = round;
			/* munmap() may be about to end it, with the lock held
			 * no more than we do; then it is found no more. */
			if (find_vma(mm, vma->vm_start) == vma &&
			    !state.revoked)
				put_in(vma);
		}
		mutex_unlock(&list_lock);
		up_read(&state_lock);
		mmap_read_unlock(mm);
		mmput(mm);
	}
}

static void populate_work(struct work_struct *work)
{
	populate_all();
	kfree(work);
	pending_done();
}

static void populate_soon(void)
{
	struct work_struct *work = kmalloc(sizeof(*work), GFP_KERNEL);

	if (!work)
		return;
	INIT_WORK(work, populate_work);
	pending_add();
	queue_work(queue, work);
}

/* Mappings */

/* Without memory the mapping is one that populate does not find. */
static void track(struct vm_area_struct *vma)
{
	struct mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);

	vma->vm_private_data = mapping;
	if (!mapping)
		return;
	mapping->vma = vma;
	mutex_lock(&list_lock);
	mapping->round = last_round;
	list_add_tail(&mapping->link, &mappings);
	n_mappings++;
	mutex_unlock(&list_lock);
}

static void on_close(struct vm_area_struct *vma)
{
	struct mapping *mapping = vma->vm_private_data;

	if (!mapping)
		return;
	mutex_lock(&list_lock);
	list_del(&mapping->link);
	n_mappings--;
	mutex_unlock(&list_lock);
	kfree(mapping);
}

static vm_fault_t on_fault(struct vm_fault *vmf)
{
	vm_fault_t result = VM_FAULT_SIGBUS;

	down_read(&state_lock);
	atomic_inc(&counters.faults);
	if (!state.revoked &&
	    !(state.readonly && (vmf->flags & FAULT_FLAG_WRITE)))
		result = put_in(vmf->vma);
	if (result & VM_FAULT_ERROR)
		atomic_inc(&counters.refused);
	up_read(&state_lock);
	return result;
}

/*
 * A store, and the entry does not permit it. With a method of this name shared
 * mappings get entries without that permission wherever mm/ makes them itself
 * (mprotect); those are taken out, to be put in by a fault as they should be.
 */
static vm_fault_t on_write(struct vm_fault *vmf)
{
	vm_fault_t result = VM_FAULT_NOPAGE;

	down_write(&state_lock);
	if (state.revoked || state.readonly) {
		atomic_inc(&counters.refused);
		result = VM_FAULT_SIGBUS;
	} else {
		take_out();
	}
	up_write(&state_lock);
	return result;
}

static int own_access(struct vm_area_struct *vma, unsigned long address,
		      void *buffer, int length, int write)
{
	unsigned long offset = address - vma->vm_start;
	int result = -EINVAL;

	if (length <= 0 || offset >= PAGE_SIZE)
		return -EINVAL;
	length = min_t(unsigned long, length, PAGE_SIZE - offset);
	down_read(&state_lock);
	if (!state.revoked && !(write && state.readonly)) {
		if (write)
			memcpy_toio(registers[state.page] + offset, buffer,
				    length);
		else
			memcpy_fromio(buffer, registers[state.page] + offset,
				      length);
		result = length;
	}
	up_read(&state_lock);
	return result;
}

static int no_access(struct vm_area_struct *vma, unsigned long address,
		     void *buffer, int length, int write)
{
	return -EIO;
}

#define OPERATIONS .open = track, .close = on_close, .fault = on_fault, \
		   .pfn_mkwrite = on_write

static const struct vm_operations_struct operations[N_METHODS] = {
	{OPERATIONS, .access = generic_access_phys},
	{OPERATIONS},
	{OPERATIONS, .access = own_access},
	{OPERATIONS, .access = no_access},
};

static int on_mmap(struct file *file, struct vm_area_struct *vma)
{
	const unsigned long flags =
		VM_PFNMAP | VM_IO | VM_DONTEXPAND | VM_DONTDUMP;
	bool eager;

	if (vma->vm_pgoff >= N_METHODS ||
	    vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	/* Such a one would want copies of the page. */
	if ((vma->vm_flags & (VM_SHARED | VM_MAYWRITE)) == VM_MAYWRITE)
		return -EINVAL;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	vm_flags_set(vma, flags);
#else
	vma->vm_flags |= flags;
#endif
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_ops = &operations[vma->vm_pgoff];
	track(vma);
	/* Not here: nobody could take out yet what we put in. */
	down_read(&state_lock);
	eager = state.eager;
	up_read(&state_lock);
	if (eager)
		populate_soon();
	return 0;
}

/* Commands */

enum verb {
	REVOKE, ZAP, RESTORE, POPULATE, MOVE, READONLY, WRITABLE, LAZY, EAGER,
	AFTER, STORM
};

static const char *const verbs[] = {
	[REVOKE] = "revoke",
	[ZAP] = "zap",
	[RESTORE] = "restore",
	[POPULATE] = "populate",
	[MOVE] = "move",
	[READONLY] = "readonly",
	[WRITABLE] = "writable",
	[LAZY] = "lazy",
	[EAGER] = "eager",
	[AFTER] = "after",
	[STORM] = "storm",
};

struct command {
	enum verb verb;
	unsigned int argument; /* of move, after and storm */
	u64 seed;	       /* of storm */
};

/* What was in the page that is not in use, when it went out of use. */
static u8 away[PAGE_SIZE];
static u8 found[PAGE_SIZE];
static bool has_away;

/* Under state_lock, for writing. */
static void move_to(unsigned int next)
{
	take_out();
	if (watch && next != state.page) {
		memcpy_fromio(found, registers[next], PAGE_SIZE);
		if (has_away && memcmp(found, away, PAGE_SIZE))
			atomic_inc(&counters.strays);
		memcpy_fromio(away, registers[state.page], PAGE_SIZE);
		has_away = true;
	}
	spin_lock(&move_lock);
	state.page = next;
	state.moves++;
	spin_unlock(&move_lock);
}

/* All but `after` and `storm`. */
static void obey(enum verb verb, unsigned int argument)
{
	down_write(&state_lock);
	switch (verb) {
	case REVOKE:
		atomic_inc(&counters.revokes);
		state.revoked = true;
		break;
	case ZAP:
		atomic_inc(&counters.zaps);
		break;
	case RESTORE:
		atomic_inc(&counters.restores);
		state.revoked = false;
		break;
	case POPULATE:
		atomic_inc(&counters.populates);
		state.revoked = false;
		break;
	case MOVE:
		move_to(argument);
		break;
	case READONLY:
	case WRITABLE:
		state.readonly = verb == READONLY;
		break;
	case LAZY:
	case EAGER:
		state.eager = verb == EAGER;
		break;
	default:
		break;
	}
	if (verb == REVOKE || verb == ZAP || verb == READONLY ||
	    verb == WRITABLE)
		take_out();
	up_write(&state_lock);
	if (verb == POPULATE)
		populate_all();
}

/* The storm */

static struct {
	struct mutex lock; /* of what follows, but for running */
	struct task_struct *task;
	unsigned int milliseconds;
	u64 seed;
	atomic_t running;
} storm = {.lock = __MUTEX_INITIALIZER(storm.lock)};

/* xorshift, so that a seed means the same everywhere. */
static u32 random_below(u64 *seed, u32 limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (u32)(*seed >> 32) % limit;
}

static void storm_step(u64 *seed)
{
	u32 dice = random_below(seed, 100);

	if (dice < 35)
		obey(MOVE, random_below(seed, N_PAGES));
	else if (dice < 50)
		obey(ZAP, 0);
	else if (dice < 58)
		obey(REVOKE, 0);
	else if (dice < 70)
		obey(RESTORE, 0);
	else
		obey(POPULATE, 0);
	/* Half of the time something else follows at once. */
	dice = random_below(seed, 900);
	if (dice >= 450)
		usleep_range(dice, dice + 50);
	else
		cond_resched();
}

static int storm_thread(void *unused)
{
	unsigned long end = jiffies + msecs_to_jiffies(storm.milliseconds);
	u64 seed = storm.seed;

	while (time_before(jiffies, end) && !kthread_should_stop())
		storm_step(&seed);
	obey(POPULATE, 0);
	atomic_set(&storm.running, 0);
	pending_done();
	return 0;
}

static void storm_forget(void)
{
	if (!storm.task)
		return;
	kthread_stop(storm.task);
	put_task_struct(storm.task);
	storm.task = NULL;
}

static int storm_start(unsigned int milliseconds, u64 seed)
{
	struct task_struct *task;
	int error = 0;

	mutex_lock(&storm.lock);
	if (atomic_read(&storm.running)) {
		error = -EBUSY;
		goto out;
	}
	storm_forget();
	storm.milliseconds = milliseconds;
	/* xorshift stays at 0. */
	storm.seed = seed ?: 1;
	task = kthread_create(storm_thread, NULL, "mmiodbg_storm");
	if (IS_ERR(task)) {
		error = PTR_ERR(task);
		goto out;
	}
	/* However busy those are who suffer from it. */
	sched_set_fifo(task);
	/* It may end before we stop it. */
	get_task_struct(task);
	storm.task = task;
	atomic_set(&storm.running, 1);
	pending_add();
	wake_up_process(task);
out:
	mutex_unlock(&storm.lock);
	return error;
}

/* `after` */

struct delayed_command {
	struct delayed_work work;
	struct list_head link;
	struct command command;
};

static DEFINE_MUTEX(delayed_lock);
static LIST_HEAD(delayed);

static void delayed_work(struct work_struct *work)
{
	struct delayed_command *late =
		container_of(work, struct delayed_command, work.work);

	if (late->command.verb == STORM)
		storm_start(late->command.argument, late->command.seed);
	else
		obey(late->command.verb, late->command.argument);
	pending_done();
}

/* They stay in the list until there are more, or until the end. */
static void delayed_forget(bool all)
{
	struct delayed_command *late, *next;

	list_for_each_entry_safe(late, next, &delayed, link) {
		if (!all && work_busy(&late->work.work))
			continue;
		if (all)
			cancel_delayed_work_sync(&late->work);
		list_del(&late->link);
		kfree(late);
	}
}

static int obey_after(unsigned int milliseconds, const struct command *command)
{
	struct delayed_command *late = kzalloc(sizeof(*late), GFP_KERNEL);

	if (!late)
		return -ENOMEM;
	late->command = *command;
	INIT_DELAYED_WORK(&late->work, delayed_work);
	pending_add();
	mutex_lock(&delayed_lock);
	delayed_forget(false);
	list_add(&late->link, &delayed);
	queue_delayed_work(queue, &late->work, msecs_to_jiffies(milliseconds));
	mutex_unlock(&delayed_lock);
	return 0;
}

/* Takes the next word, which must be a number, off @words. */
static int parse_number(char **words, u64 limit, u64 *ret)
{
	const char *word = strsep(words, " ");
	u64 value;

	if (!word || kstrtou64(word, 0, &value) || value > limit)
		return -EINVAL;
	*ret = value;
	return 0;
}

static int parse(char **words, struct command *ret)
{
	struct command command = {0};
	const char *word = strsep(words, " ");
	u64 number = 0;
	int verb;

	verb = word ? match_string(verbs, ARRAY_SIZE(verbs), word) : -EINVAL;
	if (verb < 0)
		return -EINVAL;
	if (verb == MOVE && parse_number(words, N_PAGES - 1, &number))
		return -EINVAL;
	if ((verb == AFTER || verb == STORM) &&
	    parse_number(words, 24 * 60 * 60 * 1000, &number))
		return -EINVAL;
	if (verb == STORM && parse_number(words, U64_MAX, &command.seed))
		return -EINVAL;
	command.verb = verb;
	command.argument = number;
	*ret = command;
	return 0;
}

static ssize_t on_write_line(struct file *file, const char __user *buffer,
			     size_t size, loff_t *position)
{
	char line[MAX_COMMAND], *words = line;
	struct command command, late;
	int error;

	if (!size || size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, buffer, size))
		return -EFAULT;
	line[size] = '\0';
	line[strcspn(line, "\n")] = '\0';
	error = parse(&words, &command);
	if (!error && command.verb == AFTER) {
		error = parse(&words, &late);
		if (!error && late.verb == AFTER)
			error = -EINVAL;
	}
	if (!error && words)
		error = -EINVAL;
	if (error)
		return error;
	if (command.verb == AFTER)
		error = obey_after(command.argument, &late);
	else if (command.verb == STORM)
		error = storm_start(command.argument, command.seed);
	else
		obey(command.verb, command.argument);
	return error ?: size;
}

static bool is_idle(void)
{
	return !atomic_read(&n_pending);
}

static ssize_t on_read(struct file *file, char __user *buffer, size_t size,
		       loff_t *position)
{
	unsigned int page, moves;
	char line[256];
	int length;

	if (*position)
		return 0;
	if (!(file->f_flags & O_NONBLOCK) &&
	    wait_event_interruptible(idle, is_idle()))
		return -ERESTARTSYS;
	spin_lock(&move_lock);
	page = state.page;
	moves = state.moves;
	spin_unlock(&move_lock);
	length = scnprintf(
		line, sizeof(line),
		"page %u revoked %d readonly %d eager %d storm %d pending %d "
		"mappings %u strays %d moves %u zaps %d revokes %d restores %d "
		"populates %d faults %d refused %d\n",
		page, READ_ONCE(state.revoked), READ_ONCE(state.readonly),
		READ_ONCE(state.eager), atomic_read(&storm.running),
		atomic_read(&n_pending), READ_ONCE(n_mappings),
		atomic_read(&counters.strays), moves,
		atomic_read(&counters.zaps), atomic_read(&counters.revokes),
		atomic_read(&counters.restores),
		atomic_read(&counters.populates), atomic_read(&counters.faults),
		atomic_read(&counters.refused));
	return simple_read_from_buffer(buffer, size, position, line, length);
}

static __poll_t on_poll(struct file *file, struct poll_table_struct *table)
{
	poll_wait(file, &idle, table);
	return EPOLLOUT | EPOLLWRNORM |
	       (is_idle() ? EPOLLIN | EPOLLRDNORM : 0);
}

static int on_open(struct inode *inode, struct file *file)
{
	mutex_lock(&file_lock);
	if (!n_files++) {
		ihold(inode);
		space = inode->i_mapping;
	}
	file->f_mapping = space;
	mutex_unlock(&file_lock);
	return 0;
}

static int on_release(struct inode *inode, struct file *file)
{
	struct inode *host = NULL;

	mutex_lock(&file_lock);
	if (!--n_files) {
		host = space->host;
		space = NULL;
	}
	mutex_unlock(&file_lock);
	iput(host);
	return 0;
}

static const struct file_operations file_operations = {
	.owner = THIS_MODULE,
	.open = on_open,
	.release = on_release,
	.read = on_read,
	.write = on_write_line,
	.poll = on_poll,
	.mmap = on_mmap,
	.llseek = default_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mmiodbg-test",
	.fops = &file_operations,
};

static void unmap_registers(void)
{
	unsigned int i;

	for (i = 0; i < N_PAGES; i++)
		if (registers[i])
			iounmap(registers[i]);
}

static int __init test_init(void)
{
	unsigned int i;
	int error;

	for (i = 0; i < N_PAGES; i++) {
		if (!page[i] || offset_in_page(page[i]) ||
		    page_is_ram(page[i] >> PAGE_SHIFT)) {
			pr_err("page%u=%#lx: not a page of a device\n", i,
			       page[i]);
			error = -EINVAL;
			goto fail;
		}
		/* Also makes the page one that is mapped uncached. */
		registers[i] = ioremap(page[i], PAGE_SIZE);
		error = -ENOMEM;
		if (!registers[i])
			goto fail;
	}
	queue = alloc_workqueue("mmiodbg_test", WQ_UNBOUND, 0);
	error = queue ? misc_register(&device) : -ENOMEM;
	if (!error)
		return 0;
fail:
	if (queue)
		destroy_workqueue(queue);
	unmap_registers();
	return error;
}

/* No file is open any more, hence nothing is mapped. */
static void __exit test_exit(void)
{
	misc_deregister(&device);
	delayed_forget(true);
	storm_forget();
	destroy_workqueue(queue);
	unmap_registers();
}

module_init(test_init);
module_exit(test_exit);
MODULE_DESCRIPTION("Pages of a device that come and go, for mmiodbg's tests");
MODULE_LICENSE("GPL");
