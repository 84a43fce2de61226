# Sourced by run and full: stages that are timed, of which the first failure is the last.
# shellcheck shell=bash

summary=()
running=

# Not `if ! "$@"`: within a condition, `set -e` would be off and only the last command of
# a stage would count.
stage() {
  local began=$SECONDS
  running=$1
  shift
  echo "::: $running"
  "$@"
  summary+=("$(printf '%6.1f min  %s' "$(awk "BEGIN { print ($SECONDS - $began) / 60 }")" "$running")")
  running=
}

conclude() {
  local status=$?
  if [ -n "$running" ]; then
    echo "::: $running FAILED"
  elif [ "$status" -eq 0 ]; then
    echo "::: minutes"
    printf '%s\n' "${summary[@]}"
    awk "BEGIN { printf \"%6.1f min  in all\n\", $SECONDS / 60 }"
  fi
  exit "$status"
}
trap conclude EXIT
