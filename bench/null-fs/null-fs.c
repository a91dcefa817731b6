/*
 * The filesystem of fast-lane.mjs in C on libfuse3's low-level API, one thread: one file that reads as whatever lies in
 * one hot buffer, and a directory in which every name fN exists.
 */
#define FUSE_USE_VERSION 34
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ROOT = 1, BIG = 2, DIR = 3, FIRST = 16, HOT_BYTES = 1 << 20 };

static const long long big_size = 1LL << 36;
static char hot[HOT_BYTES];

static struct stat attributes(fuse_ino_t ino) {
  struct stat st = {.st_ino = ino, .st_nlink = 1, .st_mode = S_IFREG | 0444};
  if (ino == ROOT || ino == DIR) st.st_mode = S_IFDIR | 0555;
  if (ino == BIG) st.st_size = big_size;
  st.st_blocks = (st.st_size + 511) / 512;
  return st;
}

/* Only of the big file are attributes asked for again and again. */
static double attribute_lifetime(fuse_ino_t ino) { return ino == BIG ? 0 : 3600; }

static void on_init(void *data, struct fuse_conn_info *conn) {
  (void)data;
  conn->max_write = HOT_BYTES; /* libfuse derives max_pages, and so the size of reads, from it */
  conn->want &= ~(FUSE_CAP_AUTO_INVAL_DATA | FUSE_CAP_ASYNC_DIO);
}

static void on_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
  struct fuse_entry_param entry = {.entry_timeout = 3600};
  if (parent == ROOT && strcmp(name, "big") == 0) entry.ino = BIG;
  else if (parent == ROOT && strcmp(name, "d") == 0) entry.ino = DIR;
  else if (parent == DIR && name[0] == 'f') entry.ino = FIRST + strtoul(name + 1, NULL, 10);
  else {
    fuse_reply_err(req, ENOENT);
    return;
  }
  entry.attr = attributes(entry.ino);
  entry.attr_timeout = attribute_lifetime(entry.ino);
  fuse_reply_entry(req, &entry);
}

static void on_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)file;
  struct stat st = attributes(ino);
  fuse_reply_attr(req, &st, attribute_lifetime(ino));
}

static void on_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
  (void)ino;
  fuse_reply_open(req, file);
}

static void on_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
  (void)ino, (void)offset, (void)file;
  fuse_reply_buf(req, hot, size);
}

static void on_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count) {
  (void)ino, (void)count;
  fuse_reply_none(req);
}

static const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .forget = on_forget,
    .getattr = on_getattr,
    .open = on_open,
    .read = on_read,
};

int main(int argc, char **argv) {
  struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
  struct fuse_cmdline_opts options;
  if (fuse_parse_cmdline(&args, &options) != 0) return 1;
  struct fuse_session *session = fuse_session_new(&args, &operations, sizeof operations, NULL);
  if (session == NULL || fuse_set_signal_handlers(session) != 0) return 1;
  if (fuse_session_mount(session, options.mountpoint) != 0) return 1;
  puts("ready");
  fflush(stdout);
  int result = fuse_session_loop(session);
  fuse_session_unmount(session);
  return result == 0 ? 0 : 1;
}
