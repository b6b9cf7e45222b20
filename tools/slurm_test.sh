#!/usr/bin/env bash
# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
# Test under Slurm, one task per GPU.
set -euo pipefail
# shellcheck source=tools/launchers.sh
source "$(dirname "${BASH_SOURCE[0]}")/launchers.sh"

if [[ $# -lt 4 ]]; then
    cat >&2 <<USAGE
Usage: $0 PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of test.py]
Environment: GPUS (8), GPUS_PER_NODE (8, at most GPUS), CPUS_PER_TASK (5), SRUN_ARGS, and GRES (gpu:GPUS_PER_NODE; set it
empty on partitions without GPUs).
USAGE
    exit 2
fi

launch_slurm "$1" "$2" test.py "$3" "$4" "${@:5}"
