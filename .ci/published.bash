# Sourced by run, full and check-api: what a registry gets. All other crates say
# `publish = false`.
# shellcheck shell=bash disable=SC2034

# Each after those that it depends on.
published_libraries=(
  arbius-protocol arbius-artifacts arbius-models arbius-devnet arbius-sdk
  arbius-example-interfaces arbius-testkit
)
published=("${published_libraries[@]}" arbius-cli)
# Those that need none of the others but one another.
published_first=(arbius-protocol arbius-artifacts arbius-models arbius-example-interfaces)
