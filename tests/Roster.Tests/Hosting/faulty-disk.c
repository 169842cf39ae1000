// Loaded into a process by LD_PRELOAD, makes system calls on files fail as the file named by ROSTER_FAULTS says. Each
// line is a fault: a call (open, read, write, sync, truncate), an errno or "kill", and a part of the file's path.
// Without that file nothing fails.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

// Returns the errno to fail with, or 0.
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
    for (char *line = strtok_r(faults, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        char name[32], how[32], part[512];
        if (sscanf(line, "%31s %31s %511s", name, how, part) != 3 || strcmp(name, call) != 0 || strstr(path, part) == NULL)
            continue;
        if (strcmp(how, "kill") == 0)
            kill(getpid(), SIGKILL);
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
        if (fault != 0) {                                                   \
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
FAULTY(ssize_t, write, "write", (int fd, const void *bytes, size_t count), (fd, bytes, count), fd)
FAULTY(ssize_t, pwrite, "write", (int fd, const void *bytes, size_t count, off_t at), (fd, bytes, count, at), fd)
FAULTY(ssize_t, pwrite64, "write", (int fd, const void *bytes, size_t count, off64_t at), (fd, bytes, count, at), fd)
FAULTY(int, fsync, "sync", (int fd), (fd), fd)
FAULTY(int, fdatasync, "sync", (int fd), (fd), fd)
FAULTY(int, ftruncate, "truncate", (int fd, off_t length), (fd, length), fd)
FAULTY(int, ftruncate64, "truncate", (int fd, off64_t length), (fd, length), fd)
