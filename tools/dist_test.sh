#!/usr/bin/env bash
# Copyright (c) mmskanon authors. Licensed under Apache-2.0.
# Test with one process per GPU, or with several CPU processes, through torchrun.
set -euo pipefail
# shellcheck source=tools/launchers.sh
source "$(dirname "${BASH_SOURCE[0]}")/launchers.sh"

if [[ $# -lt 3 ]]; then
    cat >&2 <<USAGE
Usage: $0 CONFIG CHECKPOINT GPUS [arguments of test.py]
Environment, for several machines: NNODES, NODE_RANK, MASTER_ADDR, PORT.
USAGE
    exit 2
fi

launch_torchrun "$3" test.py "$1" "$2" "${@:4}"
