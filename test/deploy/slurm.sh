#!/usr/bin/env bash
# A sweep and an evaluation on a real SLURM of one node: six units, one of which is killed with -9 after its first checkpoint, and four
# shards of 100,000 rows, one of which is killed as well. The sweep's table must be the one of the same sweep in one loop, byte for byte,
# and the evaluation's digest that of one process. As root, with slurm-wlm and munge installed:  test/deploy/slurm.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
export SLURM_CONF=$folder/slurm.conf
started=()
finish() {
  local status=$?
  set +e
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null; done
  pkill -F "$folder/munged.pid" 2>/dev/null
  # What they write at their end would stand in the way of the removal.
  wait
  if [ "$status" -ne 0 ]; then tail -n 20 "$folder"/*.log "$folder"/{slurm,parts}/logs/* 2>/dev/null; fi
  rm -rf "$folder" || { sleep 2; rm -rf "$folder"; }
  exit "$status"
}
trap finish EXIT

mkdir "$folder/state" "$folder/spool"
sed "s|FOLDER|$folder|; s|HOST|$(hostname)|" test/deploy/slurm.conf > "$SLURM_CONF"
# Munge refuses a key, and a folder, that others may write to.
mkdir -p /run/munge
head -c 1024 /dev/urandom > "$folder/munge.key"
chmod 400 "$folder/munge.key"
munged --force --key-file="$folder/munge.key" --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed" --socket=/run/munge/munge.socket.2
slurmctld -c -D > "$folder/slurmctld.out" 2>&1 &
started+=($!)
slurmd -N "$(hostname)" -D > "$folder/slurmd.out" 2>&1 &
started+=($!)
for _ in $(seq 60); do
  if sinfo --noheader --format=%t 2>/dev/null | grep -q idle; then break; fi
  sleep 0.5
done
sinfo --noheader --format=%t | grep -q idle

cat > "$folder/sweep.yaml" <<'YAML'
environment: counting
seeds: 2
set: { optimization.steps: 60, checkpointEvery: 5, measureEvery: 0 }
grid:
  objective.dynamics: [0, 1, 2]
evaluate: { observations: 256 }
YAML
jepa() { node bin/jepa.js "$@"; }
jepa sweep plan "$folder/sweep.yaml" --out "$folder/loop"
jepa sweep plan "$folder/sweep.yaml" --out "$folder/slurm"
for unit in 0 1 2 3 4 5; do jepa sweep run "$folder/loop" --unit "$unit" 2> "$folder/loop-$unit.log"; done
jepa sweep collect "$folder/loop"

node --import tsx test/deploy/latents.ts "$folder"
subject=(--latents "$folder/latents.npy" --labels "$folder/labels.npy" --queries 256)
jepa evaluate "${subject[@]}" --observations all --no-report --json > "$folder/one.json" 2> "$folder/one.log"
jepa evaluate "${subject[@]}" --partial "$folder/parts"

jepa launch slurm "$folder/parts" --shards 4 --submit -- --mem=0 --oversubscribe
# Kill -9 a shard of the first pass while it runs; it waits for SLURM's delay beside the unit.
shard=
for _ in $(seq 600); do
  shard=$(pgrep -n -f -- "--partial $folder/parts --pass 1 --shard" || true)
  if [ -n "$shard" ] && kill -9 "$shard" 2>/dev/null; then echo "killed process $shard of a shard"; break; fi
  shard=
  sleep 0.1
done
[ -n "$shard" ]
jepa launch slurm "$folder/slurm" --submit -- --mem=0 --oversubscribe
# Kill -9 the training of the first unit that has a checkpoint.
killed=
for _ in $(seq 600); do
  for run in "$folder"/slurm/runs/*; do
    if [ -z "$killed" ] && compgen -G "$run/checkpoints/*/*" > /dev/null && [ -f "$run/run.lock" ]; then
      killed=$(node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).pid)' "$run/run.lock") || killed=
      if [ -n "$killed" ]; then kill -9 "$killed" && echo "killed process $killed of $(basename "$run")"; fi
    fi
  done
  if [ -n "$killed" ]; then break; fi
  sleep 0.2
done
[ -n "$killed" ]
for _ in $(seq 600); do
  if [ -f "$folder/slurm/table.tsv" ]; then break; fi
  sleep 1
done
cmp "$folder/loop/table.tsv" "$folder/slurm/table.tsv"
test "$(tail -n +2 "$folder/slurm/table.tsv" | wc -l)" -eq 6
echo "slurm: six units, one killed; the table is that of a loop"

for _ in $(seq 300); do
  if [ -f "$folder/parts/evaluation.json" ]; then break; fi
  sleep 1
done
digest() { node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).stream.digest)' "$1"; }
test "$(digest "$folder/one.json")" = "$(digest "$folder/parts/evaluation.json")"
echo "slurm: four shards of 100,000 rows, one killed; the digest is that of one process"
