#!/usr/bin/env bash
# Checks a deployed function get-personalization-data, a line for each check; exits with 1 if one fails.
#
#   STAGING_TOKEN=… scripts/test-staging-function.sh https://staging.example/get-personalization-data [--rate-limit]
#
# STAGING_TOKEN is a user's token, such as scripts/get-token.sh prints. --rate-limit sends requests until the function refuses one with 429, which
# uses the user's requests of this minute up. Needs curl.
set -euo pipefail

url=${1:-${FUNCTION_URL:?expected the address of the function, as first argument or in FUNCTION_URL}}
: "${STAGING_TOKEN:?expected a user\'s token in STAGING_TOKEN}"
# The most requests of one user in a minute, and one more.
most=31

headers=$(mktemp) body=$(mktemp)
trap 'rm -f "$headers" "$body"' EXIT

# Prints the status, and leaves the headers and the body in their files. The token is no argument of curl, so that it is not in the list of
# processes.
ask() {
  local token=$1
  shift
  curl --silent --show-error --max-time 30 --output "$body" --dump-header "$headers" --write-out '%{http_code}' \
    --config <([ -z "$token" ] || printf 'header = "Authorization: Bearer %s"\n' "$token") "$@" "$url" || true
}
# The value of a header of the last response.
header() { tr -d '\r' < "$headers" | sed -n "s/^$1: //Ip"; }

failures=0
check() {
  local name=$1 expected=$2 actual=$3
  if [ "$actual" = "$expected" ]; then echo "ok    $name"; else
    echo "FAIL  $name: expected $expected, found $actual" >&2
    failures=$((failures + 1))
  fi
}

check 'no token: 401' 401 "$(ask '')"
check 'no token: a problem' application/problem+json "$(header content-type)"
check 'a token that is none: 401' 401 "$(ask nonsense)"
check 'a forged token: 401' 401 "$(ask "${STAGING_TOKEN%????}AAAA")"
check 'a preflight: 204' 204 "$(ask '' -X OPTIONS -H 'Origin: https://shop.example' -H 'Access-Control-Request-Method: POST')"
check 'a preflight: every origin' '*' "$(header access-control-allow-origin)"
check 'another method: 405' 405 "$(ask "$STAGING_TOKEN" -X DELETE)"
check "the user's token: 200" 200 "$(ask "$STAGING_TOKEN")"
check "the user's token: a profile" 1 "$(grep -c '"profile":{"page":"' "$body" || true)"

if [ "${2:-}" = --rate-limit ]; then
  for ((sent = 0, status = 200; sent < most && status == 200; sent++)); do status=$(ask "$STAGING_TOKEN"); done
  check "within $most requests: 429" 429 "$status"
  wait=$(header retry-after)
  check '429: Retry-After within a minute' yes "$([[ $wait =~ ^[0-9]+$ && $wait -ge 1 && $wait -le 60 ]] && echo yes || echo "${wait:-none}")"
fi

[ "$failures" -eq 0 ] || { echo "$failures checks failed" >&2; exit 1; }
