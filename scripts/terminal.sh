# Sourced by ./dev and scripts/setup: words on a terminal, and the time that each phase took.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; else bold='' red='' plain=''; fi
times=()
background=()

say() { printf '%s== %s%s\n' "$bold" "$*" "$plain"; }
die() { printf '%s%s:%s %s\n' "$red" "$(basename "$0")" "$plain" "$*" >&2; exit 1; }

# phase NAME COMMAND...: run it under a heading and remember its time. A failure ends everything, with the times so far.
phase() {
  local name=$1 started=$EPOCHREALTIME
  shift
  say "$name"
  local status=0
  "$@" || status=$?
  times+=("$(printf '%-14s %7.1f s' "$name" "$(seconds_since "$started")")")
  [ "$status" -eq 0 ] && return
  report
  die "$name failed (exit code $status)"
}

seconds_since() { local now=$EPOCHREALTIME; printf '%d.%06d' $(((${now/./} - ${1/./}) / 1000000)) $(((${now/./} - ${1/./}) % 1000000)); }

report() {
  [ ${#times[@]} -gt 0 ] || return 0
  say "times"
  printf '  %s\n' "${times[@]}"
}

# Whatever runs beside ends with us, Ctrl-C included.
end_background() {
  local pid
  for pid in "${background[@]}"; do
    # shellcheck disable=SC2046 # its children are words
    kill $(cat "/proc/$pid/task/$pid/children" 2> /dev/null) "$pid" 2> /dev/null || true
  done
}
trap end_background EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
