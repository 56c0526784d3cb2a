#!/bin/sh
# embed.sh GZIPS FILE... - writes C that has the files in it, each as it is and as DIR/NAME.gz in the folder GZIPS
#
# .incbin costs nothing to compile; lengths are written, because C takes no difference of addresses for one.
set -e
gzips=$1
shift
cat <<'END'
/* made by src/visitor/embed.sh; change widget/src instead */
#include "static_files.h"

#define EMBED(symbol, path) \
	__asm__(".pushsection .rodata\n" symbol ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n")

END
number=0
for file; do
	printf 'extern const guint8 hg_embedded_%d[] __asm__("hg_embedded_%d"), hg_embedded_%d_gz[] __asm__("hg_embedded_%d_gz");\n' \
		$number $number $number $number
	printf 'EMBED("hg_embedded_%d", "%s");\nEMBED("hg_embedded_%d_gz", "%s/%s.gz");\n' \
		$number "$file" $number "$gzips" "$(basename "$file")"
	number=$((number + 1))
done
printf '\nconst struct hg_static_file hg_static_files[] = {\n'
number=0
for file; do
	name=$(basename "$file")
	printf '\t{ "%s", hg_embedded_%d, hg_embedded_%d_gz, %d, %d },\n' "$name" $number $number \
		"$(wc -c <"$file")" "$(wc -c <"$gzips/$name.gz")"
	number=$((number + 1))
done
printf '\t{ 0 },\n};\n'
