#!/bin/bash
# As the official image: `bash` and `python` are themselves, any other word is a command of Airflow.
set -e
case "${1:-}" in
  bash | python) exec "$@" ;;
  *) exec airflow "$@" ;;
esac
