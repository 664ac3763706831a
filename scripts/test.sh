# Sourced by ./dev: the tests in phases. Each phase needs only what it builds itself; one that finds no test says so, and
# a run in which no phase found any fails.

all_phases=(form web unit python functional google server escape state fault e2e tsan fuzz)
# The folders with threads or signals of their own.
concurrent=(http gcp metadata executor backend engine environment hub)

# Is there a file like $2 below folder $1?
has_tests() { [ -n "$(find "$1" -name "$2" -print -quit 2> /dev/null)" ]; }

nothing_in() { say "$1: there are no tests yet"; }

dev_build() {
  [ -z "${dev_built:-}" ] || return 0
  phase "build dev" build dev
  dev_built=1
  begin_clang_builds
}

# Most phases wait more than they compute. What they leave of the processors goes to clang's builds, which come last: at idle
# priority, so that no phase is slower for them.
begin_clang_builds() {
  [ "$jobs" -gt 1 ] || return 0
  local name
  for name in tsan fuzz; do
    if wants "$name" && [ -n "$(clang_targets "$name")" ]; then begin "build $name" at_idle clang_build "$name"; fi
  done
}
# A session of its own, because Linux shares processors among sessions first, and tests begin sessions, too.
at_idle() {
  export -f build clang_build clang_targets has_tests die
  export bold red plain
  jobs=$jobs folders=${concurrent[*]} setsid --wait bash -euo pipefail -c '
    concurrent=($folders)
    { echo 19 > /proc/self/autogroup; } 2> /dev/null || true
    chrt --idle --pid 0 $$ 2> /dev/null || renice -n 19 -p $$ > /dev/null
    "$@"' dev "$@"
}
clang_build() {
  local targets
  mapfile -t targets < <(clang_targets "$1")
  build "$1" --target "${targets[@]}"
}
clang_targets() {
  local folder
  if [ "$1" = fuzz ]; then
    find tests/fuzz -name 'fuzz_*.cc' -printf '%f\n' | sed 's/\.cc$//' | sort
  else
    for folder in "${concurrent[@]}"; do if has_tests "src/$folder" '*_test.cc'; then echo "${folder}_test"; fi; done
  fi
}
end_clang_build() {
  if [ -n "${beside_pid["build $1"]:-}" ]; then phase "build $1" end_of "build $1"; else phase "build $1" clang_build "$1"; fi
}
wants() { [[ " ${wanted[*]} " == *" $1 "* ]]; }

# The default environment's python with pytest beside it: tests see the packages that blocks see.
data_python() {
  [ -n "${python_of_environment:-}" ] && return
  dev_build
  phase "environment" prepare_environment
}
prepare_environment() {
  python_of_environment=$(build/dev/bin/easel-environment default) || return
  test_python=$python_of_environment
  # Tests that give up root must still reach it, and root's home is closed to everyone else: hard links where it is open.
  [ "$(id -u)" -eq 0 ] || return 0
  local venv=${python_of_environment%/bin/python} open=build/dev/environment
  if [ ! -e "$open/easel-environment.json" ] || [ "$(cat "$open/.digest" 2> /dev/null)" != "$(basename "$venv")" ]; then
    rm -rf "$open"
    cp -al "$venv" "$open" 2> /dev/null || { rm -rf "$open" && cp -a "$venv" "$open"; } || return
    basename "$venv" > "$open/.digest"
  fi
  test_python=$PWD/$open/bin/python
}

# A folder of its own for each run: pytest closes one that it shares with another run to everyone else, and some tests give
# up root. The name is short because sockets lie in it.
run_pytest() {
  local place
  place=$(mktemp -d /tmp/e.XXXX) || return
  pytest_in "$place" "$@" && rm -rf "$place"
}
pytest_in() {
  PYTEST_DEBUG_TEMPROOT=$1 EASEL_TEST_PYTHON=$test_python EASEL_BINARY=$PWD/build/dev/bin/easel "$python_of_environment" -P -c '
import glob, os, signal, sys
signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what the tests started ends with them
sys.path += glob.glob(sys.argv.pop(1) + "/lib/python3*/site-packages")
sys.path.insert(0, os.path.abspath("runtime/python"))
import pytest
sys.exit(pytest.main(sys.argv[1:]))' "$EASEL_CACHE/tools/venv" "${@:2}"
}

test_form() { phase "form" scripts/check_form; }

web_build() {
  [ -z "${web_built:-}" ] || return 0
  phase "build web" build_web
  web_built=1
}

test_web() {
  web_build
  phase "web" check_web
}
check_web() { web_npm api:check > /dev/null && web_npm format:check && web_npm typecheck && web_npm lint && web_npm test -- --reporter=dot; }

test_unit() {
  dev_build
  phase "unit" ctest --test-dir build/dev --output-on-failure --no-tests=error -j "$jobs"
}

test_folder() {
  has_tests "$2" 'test_*.py' || { nothing_in "$1"; return; }
  data_python
  [ "$1" = fault ] || begin_fault
  phase "$1" run_pytest "$2"
}
test_python() { test_folder python runtime/python/tests; }
test_functional() {
  phase "set up google" scripts/setup google
  test_folder functional tests/functional
}
test_escape() { test_folder escape tests/escape; }
# Needs nothing of the environment that blocks have: a Python of its own with the checkers of the API.
test_server() {
  dev_build
  phase "set up api" scripts/setup api
  phase "server" run_api_tests
}
run_api_tests() {
  local place
  place=$(mktemp -d /tmp/e.XXXX) || return
  PYTEST_DEBUG_TEMPROOT=$place EASEL_BINARY=$PWD/build/dev/bin/easel \
    "$EASEL_CACHE/api/venv/bin/python" -m pytest -q -p no:cacheprovider tests/server && rm -rf "$place"
}
# The double of Google Cloud against what is documented, Google's own client and vectors; needs nothing of ours.
test_google() {
  phase "set up google" scripts/setup google
  phase "google" run_google_tests
}
run_google_tests() {
  "$EASEL_CACHE/google/venv/bin/python" -m pytest -q -p no:cacheprovider tests/fakes/google
}
test_state() { test_folder state tests/state_corpus; }

# The fault tests use one core or less, so with other phases of Python to come they begin with the first of these and run
# beside them; what they say is shown when it is their turn.
begin_fault() {
  [ -z "${fault_began:-}" ] && [ "$jobs" -gt 1 ] && wants fault && has_tests tests/fault 'test_*.py' || return 0
  fault_began=1
  begin fault run_pytest tests/fault
}
test_fault() { if [ -n "${fault_began:-}" ]; then phase "fault" end_of fault; else test_folder fault tests/fault; fi; }

# Stories in a browser, against the everyday build and the app as it is served.
test_e2e() {
  has_tests tests/e2e '*.test.mjs' || { nothing_in e2e; return; }
  dev_build
  phase "browser" scripts/setup browser
  web_build
  data_python
  phase "e2e" env EASEL_BINARY="$PWD/build/dev/bin/easel" PATH="$EASEL_CACHE/web/node/bin:$PATH" \
    node --test --test-concurrency=2 --test-reporter=spec tests/e2e/*.test.mjs
}

test_tsan() {
  [ -n "$(clang_targets tsan)" ] || { nothing_in tsan; return; }
  end_clang_build tsan
  local pattern
  pattern=$(IFS='|'; echo "${concurrent[*]}")
  TSAN_OPTIONS="halt_on_error=1:suppressions=$PWD/scripts/tsan.supp ${TSAN_OPTIONS:-}" \
    phase "tsan" ctest --test-dir build/tsan --output-on-failure --no-tests=error -j "$jobs" -R "^($pattern)\$"
}

test_fuzz() {
  # What only Python reads: the native part and the environment are those of the dev build.
  if has_tests tests/fuzz 'fuzz_*.py'; then
    data_python
    phase "set up fuzz" scripts/setup fuzz
  fi
  [ -n "$(clang_targets fuzz)" ] || { nothing_in fuzz; return; }
  end_clang_build fuzz
  phase "fuzz" run_fuzzers
}

# What everything else stands on gets all of the time, the others a sixth.
long_fuzz=(canvas_yaml protocol manifest object_head)

run_fuzzers() {
  local seconds=${FUZZ_SECONDS:-60} found=build/fuzz/found
  mkdir -p "$found"
  say "$seconds s for ${long_fuzz[*]}, $((seconds / 6)) s for the others, $jobs at once; what breaks one is kept in $found/"
  export EASEL_BINARY=$PWD/build/dev/bin/easel
  # The long ones first, so that no core waits for the last of them.
  { for name in "${long_fuzz[@]}"; do printf 'build/fuzz/bin/fuzz_%s\0' "$name"; done
    find tests/fuzz -name 'fuzz_*.py' -print0
    find build/fuzz/bin -name 'fuzz_*' -type f -print0 | grep -zvE "/fuzz_($(IFS='|'; echo "${long_fuzz[*]}"))\$"; } | xargs -0 -P "$jobs" -I{} bash -c '
    name=$(basename "$1" .py); name=${name#fuzz_}; run=("$1"); [[ $1 != *.py ]] || run=("$4" -P "$1"); seeds=tests/fuzz/corpus/$name; grown=build/fuzz/corpus/$name; log=$3/$name.log
    seconds=$2; [[ " $5 " == *" $name "* ]] || seconds=$((seconds / 6))
    mkdir -p "$grown"; [ -d "$seeds" ] || seeds=
    if "${run[@]}" -seed="${FUZZ_SEED:-1}" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -artifact_prefix="$3/$name-" -print_final_stats=1 "$grown" $seeds > "$log" 2>&1
    then echo "  $name: $(sed -n "s/^stat::number_of_executed_units: *//p" "$log") inputs, none broke it"
    else tail -n 40 "$log"; echo "  $name: broken; replay with: ${run[*]} $3/$name-*"; exit 1; fi' _ {} "$seconds" "$found" "${python_of_environment:-}" "${long_fuzz[*]}"
}

run_tests() {
  local wanted=("$@") name
  [ ${#wanted[@]} -gt 0 ] || wanted=("${all_phases[@]}")
  for name in "${wanted[@]}"; do
    [[ " ${all_phases[*]} " == *" $name "* ]] || die "there is no test phase \`$name\`; there are ${all_phases[*]}"
  done
  phase "set up" scripts/setup build test
  local before=${#times[@]}
  for name in "${wanted[@]}"; do "test_$name"; done
  [ ${#times[@]} -gt "$before" ] || die "no phase found a test"
  report
}
