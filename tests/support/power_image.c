/* power_image.c - what is on the disk after the power went at some point of a trace */
#include "power_image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "mix.h"

#define SECTOR 512
#define NONE -1

const char *const power_loss_names[POWER_LOSSES] = { "all", "prefix", "torn" };

struct inode {
	GByteArray *disk;	/* what was synced */
	GArray *pending;	/* of const struct power_op *: since then */
};

struct rename { guint file; int inode; };	/* in the directory, not synced; inode NONE: deleted */

struct power_image {
	const struct power_trace *trace;
	guint op;		/* operations done */
	GArray *inodes;		/* of struct inode */
	GArray *names_disk, *names;	/* of int, by file: its inode, or NONE */
	GArray *renames;	/* of struct rename: what makes the one the other */
};

/* ---- forward ---- */
static struct inode *inode_of(const power_image *image, guint file)
{
	int number = g_array_index(image->names, int, file);

	g_assert(number != NONE);
	return &g_array_index(image->inodes, struct inode, number);
}

static void apply(GByteArray *bytes, const struct power_op *op)
{
	guint end = (guint)op->at + op->len, was = bytes->len;

	if (op->kind == POWER_TRUNCATE || end > was) {
		g_byte_array_set_size(bytes, end);
		if (end > was)
			memset(bytes->data + was, 0, end - was);
	}
	if (op->kind == POWER_WRITE)
		memcpy(bytes->data + op->at, op->bytes, op->len);
}

static void sync_dir(power_image *image)
{
	g_array_set_size(image->renames, 0);
	memcpy(image->names_disk->data, image->names->data, image->names->len * sizeof(int));
}

static void sync_file(power_image *image, const struct power_op *op)
{
	struct inode *inode = inode_of(image, op->file);

	for (guint i = 0; i < inode->pending->len; i++)
		apply(inode->disk, g_array_index(inode->pending, const struct power_op *, i));
	g_array_set_size(inode->pending, 0);
}

static void name(power_image *image, guint file, int inode)
{
	struct rename rename = { file, inode };

	g_array_index(image->names, int, file) = inode;
	g_array_append_val(image->renames, rename);
}

static int inode_new(power_image *image)
{
	struct inode inode = { g_byte_array_new(), g_array_new(FALSE, FALSE, sizeof(struct power_op *)) };

	g_array_append_val(image->inodes, inode);
	return (int)image->inodes->len - 1;
}

static void step(power_image *image, const struct power_op *op)
{
	/* The store makes its file itself, and SQLite finds it. */
	if (op->kind != POWER_DELETE && g_array_index(image->names, int, op->file) == NONE)
		name(image, op->file, inode_new(image));
	if (op->kind == POWER_WRITE || op->kind == POWER_TRUNCATE)
		g_array_append_val(inode_of(image, op->file)->pending, op);
	else if (op->kind == POWER_SYNC)
		sync_file(image, op);
	else if (op->kind == POWER_DELETE)
		name(image, op->file, NONE);
	if (op->dir)
		sync_dir(image);
}

void power_image_go(power_image *image, guint op)
{
	g_assert(op >= image->op && op <= image->trace->ops->len);
	for (; image->op < op; image->op++)
		step(image, &g_array_index(image->trace->ops, struct power_op, image->op));
}

power_image *power_image_new(const struct power_trace *trace)
{
	power_image *image = g_new0(power_image, 1);
	const int none = NONE;

	image->trace = trace;
	image->inodes = g_array_new(FALSE, FALSE, sizeof(struct inode));
	image->names = g_array_new(FALSE, FALSE, sizeof(int));
	image->names_disk = g_array_new(FALSE, FALSE, sizeof(int));
	image->renames = g_array_new(FALSE, FALSE, sizeof(struct rename));
	for (guint i = 0; i < trace->files->len; i++) {
		g_array_append_val(image->names, none);
		g_array_append_val(image->names_disk, none);
	}
	return image;
}

void power_image_free(power_image *image)
{
	for (guint i = 0; i < image->inodes->len; i++) {
		g_byte_array_unref(g_array_index(image->inodes, struct inode, i).disk);
		g_array_unref(g_array_index(image->inodes, struct inode, i).pending);
	}
	g_array_unref(image->inodes);
	g_array_unref(image->names);
	g_array_unref(image->names_disk);
	g_array_unref(image->renames);
	g_free(image);
}

/* ---- the power goes ---- */
static void apply_torn(GByteArray *bytes, const struct power_op *op, GRand *dice)
{
	for (guint from = 0, len; from < op->len; from += len) {
		struct power_op sector = { .kind = POWER_WRITE, .at = op->at + from, .bytes = op->bytes + from };

		sector.len = len = MIN(SECTOR - (guint)(sector.at % SECTOR), op->len - from);
		if (g_rand_boolean(dice))
			apply(bytes, &sector);
	}
}

static void apply_perhaps(GByteArray *bytes, const struct power_op *op, GRand *dice)
{
	switch (g_rand_int_range(dice, 0, 3)) {
	case 0:
		return;
	case 1:
		apply(bytes, op);
		return;
	default:
		if (op->kind == POWER_TRUNCATE)
			return;
		apply_torn(bytes, op, dice);
	}
}

/* The operation under way, when it is one on this file's bytes. */
static const struct power_op *under_way(const power_image *image, guint file)
{
	const struct power_op *op = image->op < image->trace->ops->len ?
				    &g_array_index(image->trace->ops, struct power_op, image->op) : NULL;

	return op && op->file == file && (op->kind == POWER_WRITE || op->kind == POWER_TRUNCATE) ? op : NULL;
}

static GByteArray *survives(const power_image *image, guint file, const struct inode *inode, enum power_loss loss,
			    GRand *dice)
{
	GByteArray *bytes = g_byte_array_sized_new(inode->disk->len + SECTOR);
	const struct power_op *last = under_way(image, file);
	guint n = inode->pending->len + (last ? 1 : 0), whole = 0;

	g_byte_array_append(bytes, inode->disk->data, inode->disk->len);
	if (loss == POWER_PREFIX)
		whole = (guint)g_rand_int_range(dice, 0, (gint)n + 1);
	for (guint i = 0; i < (loss == POWER_TORN ? n : whole); i++) {
		const struct power_op *op = i < inode->pending->len ?
					    g_array_index(inode->pending, const struct power_op *, i) : last;

		if (loss == POWER_TORN)
			apply_perhaps(bytes, op, dice);
		else
			apply(bytes, op);
	}
	return bytes;
}

static void put(const char *dir, const char *name, const GByteArray *bytes)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes->data, bytes->len) != (ssize_t)bytes->len)
		g_error("%s: cannot write the image of a disk: %s", path, g_strerror(errno));
	close(fd);
}

static void file_free(void *bytes)
{
	if (bytes)
		g_byte_array_unref(bytes);
}

GPtrArray *power_image_files(const power_image *image, enum power_loss loss, guint32 seed)
{
	g_autoptr(GRand) dice = g_rand_new_with_seed(seed);
	g_autofree int *names = g_memdup2(image->names_disk->data, image->names_disk->len * sizeof(int));
	guint kept = loss == POWER_ALL_LOST ? 0 : (guint)g_rand_int_range(dice, 0, (gint)image->renames->len + 1);
	GPtrArray *files = g_ptr_array_new_with_free_func(file_free);

	for (guint i = 0; i < kept; i++) {
		const struct rename *rename = &g_array_index(image->renames, struct rename, i);

		names[rename->file] = rename->inode;
	}
	for (guint file = 0; file < image->names->len; file++)
		g_ptr_array_add(files, names[file] == NONE ? NULL :
				survives(image, names[file] == g_array_index(image->names, int, file) ? file : G_MAXUINT,
					 &g_array_index(image->inodes, struct inode, names[file]), loss, dice));
	return files;
}

guint64 power_files_sum(const GPtrArray *files)
{
	guint64 sum = 1;

	for (guint file = 0; file < files->len; file++) {
		const GByteArray *bytes = files->pdata[file];
		gint64 len = bytes ? (gint64)bytes->len : NONE;

		sum = mix_bytes(sum, &len, sizeof(len));
		if (bytes)
			sum = mix_bytes(sum, bytes->data, bytes->len);
	}
	return sum;
}

void power_files_put(const GPtrArray *files, const struct power_trace *trace, const char *dir)
{
	for (guint file = 0; file < files->len; file++)
		if (files->pdata[file])
			put(dir, trace->files->pdata[file], files->pdata[file]);
}
