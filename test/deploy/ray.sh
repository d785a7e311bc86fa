#!/usr/bin/env bash
# A sweep of two units on Ray itself, in a virtual environment of its own (0.8 GB):  test/deploy/ray.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet ray
cat > "$folder/sweep.yaml" <<'YAML'
environment: counting
seeds: 1
set: { optimization.steps: 20, checkpointEvery: 5, measureEvery: 0 }
grid:
  objective.dynamics: [0, 2]
evaluate: { observations: 256 }
YAML
node bin/jepa.js sweep plan "$folder/sweep.yaml" --out "$folder/sweep"
node bin/jepa.js launch ray "$folder/sweep" > "$folder/run.py"
# A slow machine takes longer than the minute that Ray gives its own start.
RAY_raylet_start_wait_time_s=180 "$folder/venv/bin/python" "$folder/run.py"
test "$(tail -n +2 "$folder/sweep/table.tsv" | wc -l)" -eq 2
echo "ray: two units; the table is there"
