# Sourced by run and full: stages that are timed, of which the first failure is the last,
# and what several of them need.
# shellcheck shell=bash

summary=()
running=
heard=$(mktemp -d)

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

# Starts what a later stage needs with what the stages until then leave of the machine: NAME
# COMMAND. What it says is shown by `join NAME`, which waits for it and fails if it has.
declare -A besides=()
beside() {
  local name=$1
  shift
  nice -n 19 "$@" >"$heard/$name" 2>&1 &
  besides[$name]=$!
}

join() {
  local status=0
  wait "${besides[$1]}" || status=$?
  unset "besides[$1]"
  cat "$heard/$1"
  return "$status"
}

conclude() {
  local status=$?
  if [ "${#besides[@]}" -gt 0 ]; then
    kill "${besides[@]}" 2>/dev/null || true
  fi
  rm -rf "$heard"
  if [ -n "$running" ]; then
    echo "::: $running FAILED"
    # In a full disk a linker ends with nothing but a bus error.
    df -h . | awk 'NR == 2 { print "::: " $4 " of the disk are free" }'
  elif [ "$status" -eq 0 ]; then
    echo "::: minutes"
    printf '%s\n' "${summary[@]}"
    awk "BEGIN { printf \"%6.1f min  in all\n\", $SECONDS / 60 }"
  fi
  exit "$status"
}
trap conclude EXIT

# Tries a program up to three times: a download may break off, or an index be behind.
again() {
  local try
  for try in 1 2 3; do
    "$@" && return
    sleep $((try * 10))
  done
  return 1
}

# Puts Node.js and npm on PATH. The system's are there already: their folder before Rust's would
# put the system's cargo and rustc before the pinned ones.
use_node() {
  local node
  node=$(again .ci/install-node | tail -n 1)
  if [ "$node" != "$(command -v node || true)" ]; then
    PATH=$(dirname "$node"):$PATH
    export PATH
  fi
  echo "Node.js: $node"
}

# Puts what a folder takes from npm below the target folder: FOLDER TOOLS.
packages() {
  local folder=$1 tools=$2
  mkdir -p "$tools"
  cp "$folder"/{package.json,package-lock.json,.npmrc} "$tools"
  again npm ci --prefix "$tools" --no-audit --no-fund
  ln -sfn "$tools/node_modules" "$folder/node_modules"
}
