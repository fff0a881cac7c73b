#!/usr/bin/env bash
# Checks that a request to get-personalization-data becomes a usage event `data_requested` with its context; exits with 1 if it does not.
#
#   STAGING_TOKEN=… TWINFLAG_TOKEN=… scripts/test-personalization-events.sh https://staging.example/get-personalization-data https://flags.example
#
# STAGING_TOKEN is a user's token; TWINFLAG_TOKEN is a token of an operator or a viewer, who may read events. The event is reported after the
# response: PATIENCE is the longest that it may take, in seconds, 10 by default. Needs curl and node.
set -euo pipefail

function=${1:-${FUNCTION_URL:?expected the address of the function, as first argument or in FUNCTION_URL}}
worker=${2:-${TWINFLAG_URL:?expected the address of the worker, as second argument or in TWINFLAG_URL}}
: "${STAGING_TOKEN:?expected a user\'s token in STAGING_TOKEN}" "${TWINFLAG_TOKEN:?expected an operator\'s token in TWINFLAG_TOKEN}"
patience=${PATIENCE:-10}

# Names this request among all others.
client="test-personalization-events/$(node -p 'crypto.randomUUID()')"
as() {
  local token=$1
  shift
  curl --silent --show-error --fail-with-body --max-time 30 --config <(printf 'header = "Authorization: Bearer %s"\n' "$token") "$@"
}

answer=$(as "$STAGING_TOKEN" "$function" -H "X-Client-Info: $client") || { echo "the function refused: $answer" >&2; exit 1; }
for ((end = SECONDS + patience; SECONDS < end; )); do
  events=$(as "$TWINFLAG_TOKEN" "${worker%/}/api/admin/events?featureName=profile_ui_revamp&event=data_requested&limit=100") ||
    { echo "the worker refused: $events" >&2; exit 1; }
  if node -e '
    const [client, answer] = process.argv.slice(1);
    const { userId, profile } = JSON.parse(answer);
    const found = JSON.parse(require("fs").readFileSync(0)).events.filter(({ metadata }) => metadata.client === client);
    if (found.length === 0) process.exit(3);
    const [{ unit, metadata }] = found;
    const faults = [
      found.length !== 1 && `expected one event, found ${found.length}`,
      unit !== userId && `expected the user ${userId}, found ${unit}`,
      metadata.profile !== (profile.badge ? "enhanced" : "legacy") && `expected the profile of the answer, found ${metadata.profile}`,
      !metadata.path && "expected the path of the request, found none",
    ].filter(Boolean);
    for (const fault of faults) console.error(fault);
    if (faults.length > 0) process.exit(1);
    console.log(`data_requested of ${unit}: ${JSON.stringify(metadata)}`);' "$client" "$answer" <<<"$events"
  then exit 0; else
    status=$?
    [ "$status" -eq 3 ] || exit "$status"
  fi
  sleep 0.2
done
echo "no event data_requested within $patience s" >&2
exit 1
