/*
 * load MEASURE MOUNT FIRST: one measurement of the null filesystem mounted at MOUNT, printed as one number.
 * FIRST is the number of the first file name that no earlier run has used.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const long long big_size = 1LL << 36;
static char buffer[1 << 20];

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_big(const char *mount, int advice) {
  char path[4096];
  snprintf(path, sizeof path, "%s/big", mount);
  int fd = open(path, O_RDONLY);
  if (fd < 0) fail(path);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  posix_fadvise(fd, 0, 0, advice);
  return fd;
}

/* MiB/s of 1 GiB through the page cache, 1 MiB a read, as dd bs=1M does. */
static double sequential(const char *mount) {
  int fd = open_big(mount, POSIX_FADV_NORMAL);
  const long long total = 1LL << 30;
  double start = now();
  for (long long done = 0; done < total; done += sizeof buffer)
    if (read(fd, buffer, sizeof buffer) != sizeof buffer) fail("read");
  double rate = total / 1048576.0 / (now() - start);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return rate;
}

/* Reads a second of 4 KiB each at random offsets, hardly any of them cached. */
static double random_reads(const char *mount) {
  int fd = open_big(mount, POSIX_FADV_RANDOM);
  unsigned long long state = 88172645463325252ULL ^ (unsigned long long)(now() * 1e9);
  int count = 0;
  double start = now();
  while (now() - start < 0.5) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    off_t offset = (off_t)(state % (big_size / 4096)) * 4096;
    if (pread(fd, buffer, 4096, offset) != 4096) fail("pread");
    count++;
  }
  double rate = count / (now() - start);
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return rate;
}

/* fstat a second; the attributes have no lifetime, so each is a request. */
static double getattr(const char *mount) {
  int fd = open_big(mount, POSIX_FADV_NORMAL);
  struct stat st;
  int count = 0;
  double start = now();
  while (now() - start < 0.5) {
    if (fstat(fd, &st) != 0) fail("fstat");
    count++;
  }
  return count / (now() - start);
}

/* stat a second of names that the kernel has never heard of. */
static double cold_stat(const char *mount, long first) {
  struct stat st;
  char path[4096];
  double start = now();
  const int count = 20000;
  for (int index = 0; index < count; index++) {
    snprintf(path, sizeof path, "%s/d/f%ld", mount, first + index);
    if (stat(path, &st) != 0) fail(path);
  }
  return count / (now() - start);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  double result = 0;
  if (strcmp(argv[1], "seq") == 0) result = sequential(argv[2]);
  else if (strcmp(argv[1], "rand4k") == 0) result = random_reads(argv[2]);
  else if (strcmp(argv[1], "getattr") == 0) result = getattr(argv[2]);
  else if (strcmp(argv[1], "stat") == 0) result = cold_stat(argv[2], atol(argv[3]));
  else return 2;
  printf("%.1f\n", result);
  return 0;
}
