#!/usr/bin/env bash
# Posts a plan to the pull request, in place of the one before, and to the job's page: `deploy/post.sh plan.txt`.
set -euo pipefail

MOST=60000 # characters that GitHub takes of a comment are 65536

text() {
  local summary
  summary=$(grep -E '^(Plan:|No changes\.|Error:)' "$1" | tail -n 1 || true)
  printf '### terraform plan, dev\n\n%s\n\n<details><summary>all of it</summary>\n\n```\n' "${summary:-The plan did not end: see the job.}"
  tail -c "$MOST" "$1"
  printf '\n```\n\n</details>\n'
}

text "${1:?which file}" >comment.md
cat comment.md >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file comment.md
