#!/usr/bin/env bash
# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
# What dist_*.sh and slurm_*.sh share; sourced by them, not called.

TOOLS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Several processes share the cores: one thread each unless the user says otherwise. torchrun and MMEngine would choose the same
# and warn about it.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" MKL_NUM_THREADS="${MKL_NUM_THREADS:-1}"

# launch_torchrun PROCESSES SCRIPT [ARGUMENT ...]: one process per GPU or, on a machine without GPUs, that many CPU processes.
launch_torchrun() {
    local processes=$1 script=$2
    shift 2
    if [[ ! $processes =~ ^[1-9][0-9]*$ ]]; then
        echo "GPUS is the number of processes on this machine, 1 or more, but got '$processes'." >&2
        exit 2
    fi
    if ! command -v torchrun >/dev/null; then
        echo "torchrun is not on the PATH: activate the environment that has PyTorch." >&2
        exit 1
    fi
    exec torchrun \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="${PORT:-29500}" \
        --nproc_per_node="$processes" \
        "$TOOLS/$script" "$@" --launcher pytorch
}

# launch_slurm PARTITION JOB_NAME SCRIPT [ARGUMENT ...]: one task per GPU.
launch_slurm() {
    local partition=$1 job_name=$2 script=$3
    shift 3
    local gpus=${GPUS:-8}
    local gpus_per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
    local gres=${GRES-gpu:$gpus_per_node}
    local srun_words
    read -r -a srun_words <<<"${SRUN_ARGS:-}"
    if ! command -v srun >/dev/null; then
        echo "srun is not on the PATH: call this on a machine of the Slurm cluster." >&2
        exit 1
    fi
    exec srun \
        --partition="$partition" \
        --job-name="$job_name" \
        ${gres:+"--gres=$gres"} \
        --ntasks="$gpus" \
        --ntasks-per-node="$gpus_per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        ${srun_words[@]+"${srun_words[@]}"} \
        python -u "$TOOLS/$script" "$@" --launcher slurm
}
