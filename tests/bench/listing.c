/* The yardstick of fuse_listing.py: the least that a C program on libfuse3 does to list and stat many files.
 *
 * Usage: listing MOUNT_POINT COUNT. Serves /all with COUNT empty-handed photos 00000000.jpg ..., READDIRPLUS, one
 * thread, no extended attributes, until unmounted.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALL = 2, FIRST = 1000 };
static const double TIMEOUT_S = 60;
static long count;

static int fill(fuse_ino_t ino, struct fuse_entry_param *entry)
{
    memset(entry, 0, sizeof *entry);
    entry->ino = entry->attr.st_ino = ino;
    entry->attr_timeout = entry->entry_timeout = TIMEOUT_S;
    entry->attr.st_uid = getuid();
    entry->attr.st_gid = getgid();
    if (ino == FUSE_ROOT_ID || ino == ALL) {
        entry->attr.st_mode = S_IFDIR | 0555;
        entry->attr.st_nlink = 2;
        return 0;
    }
    if (ino < FIRST || ino >= (fuse_ino_t)(FIRST + count))
        return ENOENT;
    long n = ino - FIRST;
    entry->attr.st_mode = S_IFREG | 0444;
    entry->attr.st_nlink = 2;
    entry->attr.st_size = 1000 + n;
    entry->attr.st_blocks = (entry->attr.st_size + 511) / 512;
    entry->attr.st_mtim.tv_sec = entry->attr.st_atim.tv_sec = n;
    entry->attr.st_ctim.tv_nsec = n;
    return 0;
}

static void do_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct fuse_entry_param entry;
    fuse_ino_t ino = 0;
    if (parent == FUSE_ROOT_ID && !strcmp(name, "all"))
        ino = ALL;
    else if (parent == ALL && strlen(name) == 12 && !strcmp(name + 8, ".jpg"))
        ino = FIRST + strtol(name, NULL, 10);
    if (!ino || fill(ino, &entry))
        fuse_reply_err(req, ENOENT);
    else
        fuse_reply_entry(req, &entry);
}

static void do_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct fuse_entry_param entry;
    (void)fi;
    if (fill(ino, &entry))
        fuse_reply_err(req, ENOENT);
    else
        fuse_reply_attr(req, &entry.attr, TIMEOUT_S);
}

static void do_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
    struct fuse_entry_param entry;
    char *buffer = malloc(size), name[32];
    size_t used = 0, need;
    (void)fi;
    if (!buffer) {
        fuse_reply_err(req, ENOMEM);
        return;
    }
    for (long n = off; n < (ino == ALL ? count : 1); n++, used += need) {
        if (ino == ALL)
            snprintf(name, sizeof name, "%08ld.jpg", n);
        else
            strcpy(name, "all");
        fill(ino == ALL ? (fuse_ino_t)(FIRST + n) : ALL, &entry);
        need = fuse_add_direntry_plus(req, buffer + used, size - used, name, &entry, n + 1);
        if (need > size - used)
            break;
    }
    fuse_reply_buf(req, buffer, used);
    free(buffer);
}

static void do_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    (void)ino, (void)name, (void)size;
    fuse_reply_err(req, ENOSYS);
}

static void do_init(void *data, struct fuse_conn_info *conn)
{
    (void)data;
    conn->want &= ~FUSE_CAP_READDIRPLUS_AUTO; /* as pyfuse3 does */
}

static const struct fuse_lowlevel_ops operations = {
    .init = do_init,
    .lookup = do_lookup,
    .getattr = do_getattr,
    .readdirplus = do_readdirplus,
    .getxattr = do_getxattr,
};

int main(int argc, char **argv)
{
    char *options[] = {argv[0], "-o", "default_permissions,fsname=photofsd-bench", NULL};
    struct fuse_args args = FUSE_ARGS_INIT(3, options);
    struct fuse_session *session;
    if (argc != 3)
        return 2;
    count = strtol(argv[2], NULL, 10);
    session = fuse_session_new(&args, &operations, sizeof operations, NULL);
    if (!session || fuse_session_mount(session, argv[1]))
        return 1;
    puts("mounted");
    fflush(stdout);
    fuse_session_loop(session);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return 0;
}
