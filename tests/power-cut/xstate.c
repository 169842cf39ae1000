// Loaded by LD_PRELOAD, it lets user-mode Linux 6.1 run on processors that have more state than it has room for (AMX). The kernel
// takes this state only as a whole, so what user-mode Linux does not know of it stays as it is.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

long ptrace(enum __ptrace_request request, ...)
{
    static long (*real)(enum __ptrace_request, ...);
    static char state[1 << 16];
    if (real == NULL)
        real = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
    va_list rest;
    va_start(rest, request);
    pid_t process = va_arg(rest, pid_t);
    void *address = va_arg(rest, void *);
    void *data = va_arg(rest, void *);
    va_end(rest);
    if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) {
        struct iovec *given = data, whole = { state, sizeof state };
        long failed = real(PTRACE_GETREGSET, process, address, &whole);
        if (failed != 0)
            return failed;
        if (given->iov_len < whole.iov_len) {
            memcpy(state, given->iov_base, given->iov_len);
            return real(PTRACE_SETREGSET, process, address, &whole);
        }
    }
    return real(request, process, address, data);
}
