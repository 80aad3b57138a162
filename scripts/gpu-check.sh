#!/usr/bin/env bash
# Runs the same-math tests and the benchmark on a machine with an NVIDIA GPU.
#   scripts/gpu-check.sh [--device cuda:N] [--out DIR]
# Exit codes: 0 all checks passed, 1 a check failed, 2 nothing could be checked (with the reason).
set -uo pipefail

device=cuda:0
out=
while [ $# -gt 0 ]; do
    case "$1" in
        --device) device=${2:-}; shift 2 || { echo "--device needs a value, for example cuda:0." >&2; exit 2; } ;;
        --out) out=${2:-}; shift 2 || { echo "--out needs a folder." >&2; exit 2; } ;;
        *) echo "usage: scripts/gpu-check.sh [--device cuda:N] [--out DIR]" >&2; exit 2 ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${out:-$root/artifacts/gpu-check}
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
cd "$root" || exit 2

stop() {
    echo "$1" >&2
    exit 2
}

if ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader; then
    stop "No NVIDIA GPU found (nvidia-smi lists none): nothing was checked."
fi
command -v dotnet >/dev/null || stop "The .NET SDK was not found (dotnet): install it and run this script again."

# Device for the tests and the benchmark; CUDA must number GPUs like the driver.
export CUDA_DEVICE_ORDER=PCI_BUS_ID LORALAB_TEST_DEVICE=$device

packages_restore() {
    dotnet restore LoraLab.Tests -p:TorchBackend=cuda >"$work/restore.log" 2>&1
}

python_libtorch() {
    python3 -c 'import os, torch; assert torch.cuda.is_available(); print(os.path.join(torch.__path__[0], "lib")); print(torch.__version__)' 2>/dev/null
}

if packages_restore; then
    echo "libtorch: CUDA packages from NuGet."
    build=(-p:TorchBackend=cuda)
elif torch=$(python_libtorch); then
    # LibTorchSharp is built against one libtorch; a different one may be binary incompatible and crash or, worse, compute wrong results.
    libraries=$(head -n 1 <<<"$torch")
    echo "The CUDA packages could not be restored from NuGet. EXPERIMENT: TorchSharp's bridge with Python's libtorch $(tail -n 1 <<<"$torch") in $libraries;"
    echo "their compatibility is not guaranteed, so a crash is no evidence against LoraLab, and a pass applies to this combination only."
    build=(-p:TorchBackend=cuda "-p:TorchLibraries=$libraries")
    export LD_LIBRARY_PATH=$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
    tail -n 5 "$work/restore.log" >&2
    stop "The CUDA packages could not be restored from NuGet, and python3 has no PyTorch with CUDA: nothing was checked."
fi

failed=0
check() {
    local name=$1
    shift
    echo "== $name"
    if "$@"; then
        echo "== $name: passed"
    else
        echo "== $name: FAILED (exit code $?)" >&2
        failed=1
    fi
}

check "doctor" dotnet run --project LoraLab.Training -c Release "${build[@]}" -- doctor
check "same-math tests on $device" dotnet test LoraLab.Tests -c Release "${build[@]}" --filter Category=SameMath
if [ -d LoraLab.Benchmarks ]; then
    check "benchmark on $device" dotnet run --project LoraLab.Benchmarks -c Release "${build[@]}" -- --device "$device" --out "$out"
else
    echo "LoraLab.Benchmarks is missing from this checkout: skipping the benchmark." >&2
fi

[ "$failed" -eq 0 ] && echo "All checks passed; results are in $out."
exit "$failed"
