#!/usr/bin/env bash
#SBATCH --job-name=breakfix
#SBATCH --array=0-6
#SBATCH --cpus-per-task=2
#SBATCH --time=02:00:00
# A class as an array job: sbatch docs/grading/slurm.sh SUBMISSIONS VERDICTS, then breakfix merge VERDICTS/part-*.jsonl
# Each node needs an engine of its own; DOCKER_HOST_<node> may name it where it is not the usual one.
set -euo pipefail

submissions=$1 verdicts=$2
mkdir -p "$verdicts"
engine=DOCKER_HOST_${SLURMD_NODENAME:-}
if [ -n "${!engine:-}" ]; then export DOCKER_HOST=${!engine}; fi

# --resume: a task that Slurm starts again goes on where it was cut off.
part="$verdicts/part-$SLURM_ARRAY_TASK_ID.jsonl"
breakfix check "$submissions"/*/ --shard auto --report jsonl="$part" --resume || [ $? -ne 2 ]
