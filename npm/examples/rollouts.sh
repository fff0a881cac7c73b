#!/usr/bin/env bash
# The six rollouts that a deployment of the chat widget begins with: planned, in tier 0, for nobody yet.
#
#   TWINFLAG_TOKEN=… npm/examples/rollouts.sh https://flags.example.com internal-customer-id …
#
# The customers named are the allow list: who has each feature once its rollout is started. A feature that has a rollout already is left
# as it is, whatever it is, so this may be run again. Needs curl and node.
set -euo pipefail

url=${1:-${TWINFLAG_URL:?expected the address of the worker, as first argument or in TWINFLAG_URL}}
shift || true
: "${TWINFLAG_TOKEN:?expected the token of an administrator in TWINFLAG_TOKEN}"

# The token is no argument of curl, so that nobody sees it in the list of processes.
ask() {
  curl --silent --show-error --fail-with-body --config <(printf 'header = "Authorization: Bearer %s"\n' "$TWINFLAG_TOKEN") \
    -H 'Content-Type: application/json' "$@"
}

features=(phase2_enhanced_storage phase2_connection_monitoring phase2_retry_logic phase3_tab_sync phase3_performance_mode phase3_analytics)
held=$(ask "${url%/}/api/admin/feature-flags") || { echo "$held" >&2; exit 1; }

for feature in "${features[@]}"; do
  status=$(node -e '
    const found = JSON.parse(require("fs").readFileSync(0)).features.find(({ featureName }) => featureName === process.argv[1]);
    console.log(found ? found.rollout?.status ?? "none" : "unknown");' "$feature" <<<"$held")
  case $status in
    unknown) echo "$feature: there is no such flag; import the document first" >&2; exit 1 ;;
    none) ;;
    *) echo "$feature: $status, left as it is"; continue ;;
  esac
  body=$(node -p 'const [featureName, ...whitelistedCustomers] = process.argv.slice(1); JSON.stringify({
    featureName,
    whitelistedCustomers,
    rollbackThreshold: { errorRate: 0.05, timeWindow: 3600000 }, // fewer than 5 % errors, looked at within the hour
    successRate: 0.95, // more than 95 % went well
    minTierDuration: 48 * 3600000, // for at least 48 hours
    reason: "the rollouts that the deployment begins with",
  })' "$feature" "$@")
  answer=$(ask "${url%/}/api/admin/rollout/create" -d "$body") || { echo "$answer" >&2; exit 1; }
  echo "$feature: planned"
done
