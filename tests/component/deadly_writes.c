/* Kills the process that it is loaded into before the n-th write to a file or to the disk after `die_before(n)`.
 *
 * cc -shared -fPIC -O2 -o deadly_writes.so deadly_writes.c; LD_PRELOAD=./deadly_writes.so program
 * Half of what `write` was to append is written all the same: a line may be torn. Pages of a database come by the
 * others, whole or not at all. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long left;

void die_before(long number) { left = number; }

static void die(void)
{
    for (;;)
        kill(getpid(), SIGKILL);
}

static int is_last(int file)
{
    struct stat found;
    if (!left || fstat(file, &found) || !(S_ISREG(found.st_mode) || S_ISDIR(found.st_mode)))
        return 0;
    return atomic_fetch_sub(&left, 1) == 1;
}

ssize_t write(int file, const void *content, size_t size)
{
    if (is_last(file)) {
        syscall(SYS_write, file, content, size / 2);
        die();
    }
    return syscall(SYS_write, file, content, size);
}

#define DEADLY(result, name, number, parameters, ...) \
    result name parameters                            \
    {                                                 \
        if (is_last(file))                            \
            die();                                    \
        return syscall(number, __VA_ARGS__);          \
    }

DEADLY(ssize_t, pwrite, SYS_pwrite64, (int file, const void *content, size_t size, off_t at), file, content, size, at)
DEADLY(ssize_t, pwrite64, SYS_pwrite64, (int file, const void *content, size_t size, off_t at), file, content, size, at)
DEADLY(ssize_t, writev, SYS_writev, (int file, const struct iovec *some, int count), file, some, count)
DEADLY(int, fsync, SYS_fsync, (int file), file)
DEADLY(int, fdatasync, SYS_fdatasync, (int file), file)
DEADLY(int, ftruncate, SYS_ftruncate, (int file, off_t size), file, size)
DEADLY(int, ftruncate64, SYS_ftruncate, (int file, off_t size), file, size)
