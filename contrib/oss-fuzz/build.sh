#!/bin/bash -eu
# build.sh - every fuzz target into $OUT, with its seeds, dictionary and options
#
# OSS-Fuzz runs it with CC, CFLAGS, LIB_FUZZING_ENGINE, SRC, WORK and OUT set; ./check builds its own
# targets by it too, so that it cannot rot.  TARGETS: only these (fuzz_http fuzz_json ...).
here=$(cd "$(dirname "$0")" && pwd)
top=$SRC/headgate
[ ! -e "$here/../../configure.ac" ] || top=$(cd "$here/../.." && pwd)
build=$WORK/headgate
mkdir -p "$build" "$OUT"

cd "$top"
[ -x configure ] && [ configure -nt configure.ac ] || ./autogen.sh
cd "$build"
# An engine that is an archive is C++.
case $LIB_FUZZING_ENGINE in
-fsanitize=fuzzer) ;;
*) LIB_FUZZING_ENGINE="$LIB_FUZZING_ENGINE -stdlib=libc++ -lc++" ;;
esac
options="--enable-fuzzers --enable-test-hooks CC=$CC CFLAGS=$CFLAGS LIB_FUZZING_ENGINE=$LIB_FUZZING_ENGINE"
if [ ! -e Makefile ] || [ "$(cat configured-with 2>/dev/null)" != "$options" ] || [ config.status -ot "$top/configure" ]; then
	"$top/configure" --enable-fuzzers --enable-test-hooks "CC=$CC" "CFLAGS=$CFLAGS" \
		"LIB_FUZZING_ENGINE=$LIB_FUZZING_ENGINE"
	echo "$options" >configured-with
fi

if [ -z "${TARGETS-}" ]; then
	TARGETS=$(cd "$top/tests/fuzz" && ls fuzz_*.c | sed 's/\.c$//')
fi
# shellcheck disable=SC2046,SC2086  # words, on purpose
make -j"$(nproc)" $(printf 'tests/fuzz/%s ' $TARGETS)

# What the runner's image lacks goes along; found beside the target.
take_libraries() {
	[ -n "${FUZZING_ENGINE-}" ] || return 0		# built to be run here
	mkdir -p "$OUT/lib"
	ldd "$1" | awk '$3 ~ /^\// { print $3 }' | grep -Ev '/lib(c|m|dl|rt|pthread|resolv|gcc_s|stdc\+\+)\.so' |
	while read -r library; do
		cp -nL "$library" "$OUT/lib/"
	done
	patchelf --force-rpath --set-rpath '$ORIGIN/lib' "$1"
}

for target in $TARGETS; do
	name=${target#fuzz_}
	cp -f "tests/fuzz/$target" "$OUT/$target"
	take_libraries "$OUT/$target"
	seeds=$top/tests/fuzz/corpus/$name
	if [ -d "$seeds" ]; then
		rm -f "$OUT/${target}_seed_corpus.zip"
		(cd "$seeds" && find . -type f | LC_ALL=C sort | python3 -c '
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as out:
    for line in sys.stdin:
        out.write(line.strip())' "$OUT/${target}_seed_corpus.zip")
	fi
	for kind in dict options; do
		[ ! -e "$top/tests/fuzz/dict/$name.$kind" ] || cp -f "$top/tests/fuzz/dict/$name.$kind" "$OUT/$target.$kind"
	done
done
