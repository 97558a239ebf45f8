/* The calls of one process to the file system below one folder, and to sockets if asked: counted,
 * and at one of them the process is killed or the call fails. For LD_PRELOAD; see faultline.py. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPEN = 1, READ = 2, LOOK = 4, WRITE = 8, SYNC = 16, NAME = 32, CLOSE = 64, LOCK = 128,
       LIST = 256, SOCKET = 512 };
enum { BEFORE = -1, AFTER = -2, SHORT = -3 };
#define DESCRIPTORS 4096

/* One page of a file, shared by every process that is told of it. */
struct page {
    atomic_long calls;   /* of the armed kinds */
    atomic_long changes; /* calls of any kind that change the disk */
    atomic_long failed;  /* calls that were made to fail */
    atomic_long ended;   /* whether the work was told to be over */
    char last[32];       /* the call that was struck */
};

static struct page nowhere;
static struct page *page = &nowhere;
static char root[1024];
static size_t root_length;
static long strike_at;
static int act, ever, kinds, armed;
static unsigned char ours[DESCRIPTORS];

void faultline_arm(const char *folder, long at, int what, int for_ever, int which) {
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
    memset(ours, 0, sizeof ours);
    strike_at = at;
    act = what;
    ever = for_ever;
    kinds = which;
    page->calls = page->changes = page->failed = page->ended = 0;
    page->last[0] = 0;
    armed = 1;
}

void faultline_disarm(void) { armed = 0; }

__attribute__((constructor)) static void begin(void) {
    const char *shared = getenv("FAULTLINE_PAGE"), *folder = getenv("FAULTLINE_ROOT");
    if (shared) {
        int file = open(shared, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0 && ftruncate(file, sizeof(struct page)) == 0) {
            void *found =
                mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (found != MAP_FAILED) page = found;
        }
        if (file >= 0) close(file);
    }
    if (folder) faultline_arm(folder, 0, 0, 0, 511);
}

static int below(const char *path) {
    return armed && path && strncmp(path, root, root_length) == 0 &&
           (path[root_length] == '/' || path[root_length] == 0);
}

static int below_at(int folder, const char *path) {
    if (path && path[0] == '/') return below(path);
    return armed && folder >= 0 && folder < DESCRIPTORS && ours[folder];
}

static int mine(int file) { return armed && file >= 0 && file < DESCRIPTORS && ours[file]; }

static void keep(int file, int is_ours) {
    if (file >= 0 && file < DESCRIPTORS) ours[file] = is_ours;
}

/* What is to happen at this call: 0 nothing. Kills before it does not return. */
static int struck(const char *name, int kind, int change) {
    if (change) page->changes++;
    if (!(kinds & kind)) return 0;
    long number = ++page->calls;
    if (!strike_at || number < strike_at || (number > strike_at && !ever)) return 0;
    snprintf(page->last, sizeof page->last, "%s", name);
    if (act == BEFORE) kill(getpid(), SIGKILL);
    if (act > 0) page->failed++;
    return act;
}

static void after(int what) {
    if (what == AFTER) kill(getpid(), SIGKILL);
}

#define REAL(type, name, ...)                                         \
    static type (*real)(__VA_ARGS__);                                 \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);

#define CALL(type, name, kind, change, is_ours, bad, types, values)   \
    type name types {                                                 \
        REAL(type, name, ARGS types)                                  \
        if (!(is_ours)) return real values;                           \
        int what = struck(#name, kind, change);                       \
        if (what > 0) {                                               \
            errno = what;                                             \
            return bad;                                               \
        }                                                             \
        type result = real values;                                    \
        int error = errno;                                            \
        after(what);                                                  \
        errno = error;                                                \
        return result;                                                \
    }
#define ARGS(...) __VA_ARGS__

#define OPENS(name, types, is_ours, ...)                              \
    int name types {                                                  \
        mode_t mode = 0;                                              \
        if (flags & (O_CREAT | O_TMPFILE)) {                          \
            va_list rest;                                             \
            va_start(rest, flags);                                    \
            mode = va_arg(rest, mode_t);                              \
            va_end(rest);                                             \
        }                                                             \
        static int (*real)();                                         \
        if (!real) real = (int (*)())dlsym(RTLD_NEXT, #name);         \
        int counted = is_ours, what = 0;                              \
        if (counted) what = struck(#name, OPEN, flags & O_CREAT);     \
        if (what > 0) {                                               \
            errno = what;                                             \
            return -1;                                                \
        }                                                             \
        int file = real(__VA_ARGS__, flags, mode);                    \
        int error = errno;                                            \
        after(what);                                                  \
        keep(file, counted);                                          \
        errno = error;                                                \
        return file;                                                  \
    }

OPENS(open, (const char *path, int flags, ...), below(path), path)
OPENS(open64, (const char *path, int flags, ...), below(path), path)
OPENS(openat, (int at, const char *path, int flags, ...), below_at(at, path), at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), below_at(at, path), at, path)

CALL(ssize_t, read, READ, 0, mine(f), -1, (int f, void *to, size_t n), (f, to, n))
CALL(ssize_t, pread, READ, 0, mine(f), -1, (int f, void *to, size_t n, off_t o), (f, to, n, o))
CALL(ssize_t, pread64, READ, 0, mine(f), -1, (int f, void *to, size_t n, off64_t o), (f, to, n, o))
CALL(int, fsync, SYNC, 1, mine(f), -1, (int f), (f))
CALL(int, fdatasync, SYNC, 1, mine(f), -1, (int f), (f))
CALL(int, flock, LOCK, 0, mine(f), -1, (int f, int how), (f, how))
CALL(int, ftruncate, WRITE, 1, mine(f), -1, (int f, off_t n), (f, n))
CALL(int, ftruncate64, WRITE, 1, mine(f), -1, (int f, off64_t n), (f, n))
CALL(int, stat, LOOK, 0, below(p), -1, (const char *p, struct stat *s), (p, s))
CALL(int, stat64, LOOK, 0, below(p), -1, (const char *p, struct stat64 *s), (p, s))
CALL(int, lstat, LOOK, 0, below(p), -1, (const char *p, struct stat *s), (p, s))
CALL(int, lstat64, LOOK, 0, below(p), -1, (const char *p, struct stat64 *s), (p, s))
CALL(int, fstat, LOOK, 0, mine(f), -1, (int f, struct stat *s), (f, s))
CALL(int, fstat64, LOOK, 0, mine(f), -1, (int f, struct stat64 *s), (f, s))
CALL(int, fstatat, LOOK, 0, below_at(f, p), -1, (int f, const char *p, struct stat *s, int w),
     (f, p, s, w))
CALL(int, fstatat64, LOOK, 0, below_at(f, p), -1, (int f, const char *p, struct stat64 *s, int w),
     (f, p, s, w))
CALL(int, access, LOOK, 0, below(p), -1, (const char *p, int how), (p, how))
CALL(int, mkdir, NAME, 1, below(p), -1, (const char *p, mode_t m), (p, m))
CALL(int, mkdirat, NAME, 1, below_at(f, p), -1, (int f, const char *p, mode_t m), (f, p, m))
CALL(int, unlink, NAME, 1, below(p), -1, (const char *p), (p))
CALL(int, unlinkat, NAME, 1, below_at(f, p), -1, (int f, const char *p, int how), (f, p, how))
CALL(int, rmdir, NAME, 1, below(p), -1, (const char *p), (p))
CALL(int, rename, NAME, 1, below(p), -1, (const char *p, const char *q), (p, q))
CALL(int, renameat, NAME, 1, below_at(f, p), -1, (int f, const char *p, int g, const char *q),
     (f, p, g, q))
/* Whatever their address: the venue's, or that of a database. */
CALL(int, connect, SOCKET, 0, armed, -1, (int f, const struct sockaddr *to, socklen_t n), (f, to, n))
CALL(ssize_t, send, SOCKET, 0, armed, -1, (int f, const void *from, size_t n, int how),
     (f, from, n, how))
CALL(ssize_t, recv, SOCKET, 0, armed, -1, (int f, void *to, size_t n, int how), (f, to, n, how))
CALL(DIR *, opendir, LIST, 0, below(p), NULL, (const char *p), (p))

static ssize_t halved(const char *name, int *what, size_t *n) {
    *what = struck(name, WRITE, 1);
    if (*what == SHORT && *n > 1) *n /= 2;
    if (*what > 0) errno = *what;
    return *what > 0 ? -1 : 0;
}

ssize_t write(int f, const void *from, size_t n) {
    REAL(ssize_t, write, int, const void *, size_t)
    int what = 0;
    if (mine(f) && halved("write", &what, &n)) return -1;
    ssize_t result = real(f, from, n);
    after(what);
    return result;
}

ssize_t pwrite64(int f, const void *from, size_t n, off64_t o) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off64_t)
    int what = 0;
    if (mine(f) && halved("pwrite", &what, &n)) return -1;
    ssize_t result = real(f, from, n, o);
    after(what);
    return result;
}

ssize_t pwrite(int f, const void *from, size_t n, off_t o) { return pwrite64(f, from, n, o); }

int close(int f) {
    REAL(int, close, int)
    if (!mine(f)) return real(f);
    int what = struck("close", CLOSE, 0); /* never refused: what was written is synced by then */
    keep(f, 0);
    int result = real(f);
    after(what);
    return result;
}
