#!/bin/sh
# embed.sh FILE.sql... - writes C with the migrations as strings, in order of their numbers
set -e
printf '/* made by src/store/embed.sh; change the .sql files instead */\n#include "db.h"\n\n'
printf 'const struct hg_migration hg_migrations[] = {\n'
for file in $(printf '%s\n' "$@" | sort); do
	name=$(basename "$file" .sql)
	number=$(printf '%s\n' "$name" | sed 's/_.*//; s/^0*//')
	printf '\t{ %s, "%s",\n' "$number" "$name"
	sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/\t  "&\\n"/' "$file"
	printf '\t},\n'
done
printf '\t{ 0, NULL, NULL },\n};\n'
