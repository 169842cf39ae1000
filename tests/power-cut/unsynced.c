// The control: loaded into the server by LD_PRELOAD, it makes each flush to the disk a lie. Then power cuts must lose writes.
#define _GNU_SOURCE
#include <sys/types.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int sync_file_range(int fd, off64_t at, off64_t count, unsigned int flags)
{
    (void)fd, (void)at, (void)count, (void)flags;
    return 0;
}
