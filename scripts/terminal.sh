# Sourced by ./dev and scripts/setup: words on a terminal, and the time that each phase took.

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'; else bold='' red='' plain=''; fi
times=()

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

# Work beside the phases: `begin NAME COMMAND...`, and `end_of NAME` as a phase of its own when it is that one's turn, which
# then shows what was said and has its exit code.
declare -A beside_pid=() beside_log=() beside_began=()
begin() {
  local name=$1
  shift
  beside_log[$name]=$(mktemp)
  "$@" > "${beside_log[$name]}" 2>&1 &
  beside_pid[$name]=$! beside_began[$name]=$EPOCHREALTIME
}
end_of() {
  local status=0
  wait "${beside_pid[$1]}" || status=$?
  cat "${beside_log[$1]}"
  rm -f "${beside_log[$1]}"
  say "it began $(seconds_since "${beside_began[$1]}") s ago, beside the phases before"
  unset "beside_pid[$1]"
  return "$status"
}

# Whatever runs beside ends with us, Ctrl-C included: from the leaves, so that none is left without a parent.
end_tree() {
  local child
  for child in $(cat "/proc/$1/task/"*/children 2> /dev/null); do end_tree "$child"; done
  kill "$1" 2> /dev/null || true
}
end_beside() {
  local name
  for name in "${!beside_pid[@]}"; do end_tree "${beside_pid[$name]}"; rm -f "${beside_log[$name]}"; done
}
trap end_beside EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
