// Loaded into a process by LD_PRELOAD, makes system calls on files fail as the file named by ROSTER_FAULTS says. Each
// line is a fault: a call (open, read, write, sync, truncate, rename, unlink, or "change" for the last five), an errno
// (0 only counts), "kill" or "stop", and a part of the file's path. With "@7" behind the errno only the 7th such call fails, of all
// processes since the file was made. The calls of each line are counted in the file "ROSTER_FAULTS.counts", where it exists.
// Without the first file nothing fails. The call "connect" is a connection that is reset as soon as this process has made
// it; its path is the other side's address, as 127.0.0.1:4318.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define MAX_LINES 64

// The counts of calls, shared by all processes.
static long *counts(const char *control)
{
    static long *shared;
    if (shared != NULL)
        return shared;
    char path[4096];
    snprintf(path, sizeof path, "%s.counts", control);
    int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (file < 0)
        return NULL;
    void *mapped = mmap(NULL, MAX_LINES * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    syscall(SYS_close, file);
    return mapped == MAP_FAILED ? NULL : (shared = mapped);
}

// "change" is each call that changes a file or its name.
static int is_of(const char *call, const char *name)
{
    return strcmp(name, call) == 0
        || (strcmp(name, "change") == 0 && strcmp(call, "open") != 0 && strcmp(call, "read") != 0 && strcmp(call, "connect") != 0);
}

// Returns the errno to fail with, or 0. Of a write that fails only once, the first half is written.
static __thread int is_once;

static int fault_of_path(const char *call, const char *path)
{
    const char *control = getenv("ROSTER_FAULTS");
    if (control == NULL)
        return 0;
    int file = (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC, 0);
    if (file < 0)
        return 0;
    char faults[4096];
    ssize_t length = syscall(SYS_read, file, faults, sizeof faults - 1);
    syscall(SYS_close, file);
    if (length <= 0)
        return 0;
    faults[length] = 0;
    char *rest;
    int at = 0;
    for (char *line = strtok_r(faults, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest), at++) {
        char name[32], how[32], part[512];
        if (sscanf(line, "%31s %31s %511s", name, how, part) != 3 || !is_of(call, name) || strstr(path, part) == NULL)
            continue;
        const char *number = strchr(how, '@');
        long *calls = counts(control);
        long call_number = calls != NULL && at < MAX_LINES ? __atomic_add_fetch(&calls[at], 1, __ATOMIC_SEQ_CST) : 0;
        is_once = number != NULL;
        if (is_once && call_number != atol(number + 1))
            continue;
        if (strncmp(how, "kill", 4) == 0)
            kill(getpid(), SIGKILL);
        if (strncmp(how, "stop", 4) == 0)
            kill(getpid(), SIGSTOP);
        return atoi(how);
    }
    return 0;
}

static int fault_of(const char *call, int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return fault_of_path(call, path);
}

#define FAULTY_OPEN(name)                                                   \
    int name(const char *path, int flags, ...)                              \
    {                                                                       \
        static int (*real)(const char *, int, ...);                         \
        if (real == NULL)                                                   \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        va_list rest;                                                       \
        va_start(rest, flags);                                              \
        mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;           \
        va_end(rest);                                                       \
        int fault = fault_of_path("open", path);                            \
        int writes = flags & (O_WRONLY | O_RDWR | O_CREAT);                 \
        if (fault != 0 && (writes || fault != EROFS)) {                                                   \
            errno = fault;                                                  \
            return -1;                                                      \
        }                                                                   \
        return real(path, flags, mode);                                     \
    }

FAULTY_OPEN(open)
FAULTY_OPEN(open64)

#define FAULTY(type, name, call, parameters, arguments, fd)                 \
    type name parameters                                                    \
    {                                                                       \
        static type (*real) parameters;                                     \
        if (real == NULL)                                                   \
            real = (type (*) parameters)dlsym(RTLD_NEXT, #name);            \
        int fault = fault_of(call, fd);                                     \
        if (fault != 0) {                                                   \
            errno = fault;                                                  \
            return -1;                                                      \
        }                                                                   \
        return real arguments;                                              \
    }

FAULTY(ssize_t, read, "read", (int fd, void *bytes, size_t count), (fd, bytes, count), fd)
FAULTY(ssize_t, pread, "read", (int fd, void *bytes, size_t count, off_t at), (fd, bytes, count, at), fd)
FAULTY(ssize_t, pread64, "read", (int fd, void *bytes, size_t count, off64_t at), (fd, bytes, count, at), fd)
#define FAULTY_WRITE(name, parameters, arguments, half)                     \
    ssize_t name parameters                                                 \
    {                                                                       \
        static ssize_t (*real) parameters;                                  \
        if (real == NULL)                                                   \
            real = (ssize_t (*) parameters)dlsym(RTLD_NEXT, #name);         \
        int fault = fault_of("write", fd);                                  \
        if (fault != 0) {                                                   \
            if (is_once)                                                    \
                (void)!real half;                                           \
            errno = fault;                                                  \
            return -1;                                                      \
        }                                                                   \
        return real arguments;                                              \
    }

FAULTY_WRITE(write, (int fd, const void *bytes, size_t count), (fd, bytes, count), (fd, bytes, count / 2))
FAULTY_WRITE(pwrite, (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at), (fd, bytes, count / 2, at))
FAULTY_WRITE(pwrite64, (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at), (fd, bytes, count / 2, at))
FAULTY(int, fsync, "sync", (int fd), (fd), fd)
FAULTY(int, fdatasync, "sync", (int fd), (fd), fd)
FAULTY(int, ftruncate, "truncate", (int fd, off_t length), (fd, length), fd)
FAULTY(int, ftruncate64, "truncate", (int fd, off64_t length), (fd, length), fd)

#define FAULTY_PATH(name, call, parameters, arguments, path)                \
    int name parameters                                                     \
    {                                                                       \
        static int (*real) parameters;                                      \
        if (real == NULL)                                                   \
            real = (int (*) parameters)dlsym(RTLD_NEXT, #name);             \
        int fault = fault_of_path(call, path);                              \
        if (fault != 0) {                                                   \
            errno = fault;                                                  \
            return -1;                                                      \
        }                                                                   \
        return real arguments;                                              \
    }

FAULTY_PATH(rename, "rename", (const char *from, const char *to), (from, to), from)
FAULTY_PATH(link, "rename", (const char *from, const char *to), (from, to), from)
FAULTY_PATH(unlink, "unlink", (const char *path), (path), path)
FAULTY_PATH(mkdir, "open", (const char *path, mode_t mode), (path, mode), path)

// .NET asks a new connection for its other side, and learns there that it is gone. Its sockets are of IPv6; an address of
// IPv4 is in the last four bytes.
int getpeername(int fd, struct sockaddr *other, socklen_t *length)
{
    static int (*real)(int, struct sockaddr *, socklen_t *);
    if (real == NULL)
        real = (int (*)(int, struct sockaddr *, socklen_t *))dlsym(RTLD_NEXT, "getpeername");
    int status = real(fd, other, length);
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)other;
    if (status == 0 && other->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->sin6_addr)) {
        char host[INET_ADDRSTRLEN], path[64];
        inet_ntop(AF_INET, &address->sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(path, sizeof path, "%s:%d", host, ntohs(address->sin6_port));
        int fault = fault_of_path("connect", path);
        if (fault != 0) {
            errno = fault;
            return -1;
        }
    }
    return status;
}
