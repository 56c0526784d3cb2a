#!/bin/sh
# embed.sh SET PLAIN GZIPS FILE... - writes C that has the files in it, each as it is and as GZIPS/NAME.gz, as the struct
# hg_static_set of that name; PLAIN is the file whose served name has no hash
#
# .incbin costs nothing to compile; lengths are written, because C takes no difference of addresses for one.
set -e
set_name=$1 plain=$2 gzips=$3
shift 3
cat <<'END'
/* made by src/net/embed.sh; change the sources of what is in it instead */
#include "static_files.h"

#define EMBED(symbol, path) \
	__asm__(".pushsection .rodata\n" symbol ":\n.incbin \"" path "\"\n.byte 0\n.popsection\n")

END
number=0
for file; do
	symbol=${set_name}_$number
	printf 'extern const guint8 %s[] __asm__("%s"), %s_gz[] __asm__("%s_gz");\n' "$symbol" "$symbol" "$symbol" "$symbol"
	printf 'EMBED("%s", "%s");\nEMBED("%s_gz", "%s/%s.gz");\n' "$symbol" "$file" "$symbol" "$gzips" "$(basename "$file")"
	number=$((number + 1))
done
printf '\nstatic const struct hg_static_file files[] = {\n'
number=0
for file; do
	name=$(basename "$file")
	printf '\t{ "%s", %s_%d, %s_%d_gz, %d, %d },\n' "$name" "$set_name" $number "$set_name" $number \
		"$(wc -c <"$file")" "$(wc -c <"$gzips/$name.gz")"
	number=$((number + 1))
done
printf '\t{ 0 },\n};\n\nstruct hg_static_set %s = { .files = files, .plain = "%s" };\n' "$set_name" "$plain"
