#!/usr/bin/env bash
# The ten-minute check of the GPU path. It needs an NVIDIA driver and a python3 that has PyTorch 2.10 or 2.11 with CUDA; run from the archive
# of scripts/gpu-pack.sh it needs nothing else, run from a checkout it builds with the .NET SDK.
#   scripts/gpu-check.sh [--device cuda:N|cpu] [--out DIR] [--stages 1,2,3,4,5] [--quick]
# LORALAB_LIBTORCH names the libraries of another PyTorch. --device cpu rehearses the check with the fixtures; --quick takes fewer steps.
# Every stage writes DIR/N-*.txt and its line in DIR/summary.txt before the next begins.
# Exit codes: 0 all stages that ran passed, 1 a check failed, 2 nothing could be checked (with the reason).
set -uo pipefail

usage() {
    echo "usage: scripts/gpu-check.sh [--device cuda:N|cpu] [--out DIR] [--stages 1,2,3,4,5] [--quick]" >&2
    exit 2
}

device=cuda:0
out=
stages=1,2,3,4,5
quick=
while [ $# -gt 0 ]; do
    case "$1" in
        --device) device=${2:?$(usage)}; shift 2 ;;
        --out) out=${2:?$(usage)}; shift 2 ;;
        --stages) stages=${2:?$(usage)}; shift 2 ;;
        --quick) quick=yes; shift ;;
        *) usage ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${out:-$root/artifacts/gpu-check}
mkdir -p "$out" || exit 2
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$root" || exit 2
summary=$out/summary.txt
: >"$summary"
failed=0
ran=0

stop() {
    echo "$1" | tee -a "$summary" >&2
    exit 2
}

say() {
    echo "$1" | tee -a "$summary"
}

wanted() {
    [[ ",$stages," == *",$1,"* ]]
}

# check NAME FILE SECONDS COMMAND...: runs a part of a stage; its output goes to the file and the terminal, its end to the summary.
check() {
    local name=$1 file=$out/$2 limit=$3 started=$SECONDS code
    shift 3
    echo "== $name" | tee -a "$file"
    timeout --kill-after=10 "$limit" "$@" 2>&1 | tee -a "$file"
    code=${PIPESTATUS[0]}
    case $code in
        0) say "$name: passed ($((SECONDS - started)) s)"; ran=1 ;;
        2) say "$name: not run ($(tail -n 1 "$file"))" ;;
        124 | 137) say "$name: FAILED, not finished within $limit s"; failed=1; ran=1 ;;
        *) say "$name: FAILED (exit code $code, $((SECONDS - started)) s); see $file"; failed=1; ran=1 ;;
    esac
    return "$code"
}

skip() {
    say "$1: not run ($2)"
}

python=$(command -v python3) || stop "python3 was not found: nothing was checked."
torch_version=$("$python" -c 'import torch; print(torch.__version__)' 2>/dev/null) || torch_version=
cuda=yes
if [ "$device" = cpu ]; then
    cuda=
    say "Rehearsal on the CPU: what needs CUDA is not run."
elif ! command -v nvidia-smi >/dev/null || ! nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader >"$out/gpus.txt"; then
    stop "No NVIDIA GPU found (nvidia-smi lists none): nothing was checked. --device cpu rehearses the check."
else
    say "GPUs: $(tr '\n' ';' <"$out/gpus.txt")"
    # As the driver numbers them.
    export CUDA_DEVICE_ORDER=PCI_BUS_ID
fi

if [ -d "$root/app" ] && [ -x "$root/dotnet/dotnet" ]; then
    say "From the archive, commit $(cat "$root/COMMIT" 2>/dev/null || echo unknown)."
    export DOTNET_ROOT=$root/dotnet DOTNET_MULTILEVEL_LOOKUP=0
    dotnet=$root/dotnet/dotnet
    training=$root/app benchmarks=$root/app tests=$root/app
    kernels=$root/scripts/kernels.torchscript
    export LORALAB_FIXTURES=${LORALAB_FIXTURES:-$root/fixtures/data}
    backend=none
else
    dotnet=$(command -v dotnet) || stop "The .NET SDK was not found (dotnet): install it, or use the archive of scripts/gpu-pack.sh."
    export LORALAB_FIXTURES=${LORALAB_FIXTURES:-$root/../shared/data}
    backend=cpu
    if [ -n "$cuda" ]; then
        backend=cuda
        case $torch_version in
            2.10.* | 2.11.*) backend=none ;;
        esac
    fi
    say "From the checkout, commit $(git rev-parse HEAD 2>/dev/null || echo unknown), TorchBackend=$backend."
    for project in LoraLab.Tests LoraLab.Benchmarks; do
        "$dotnet" build "$project" -c Release -v q -nologo "-p:TorchBackend=$backend" >"$out/0-build.txt" 2>&1 \
            || stop "$project does not build: $(grep -m 1 -E 'error|NU1101|NU1102' "$out/0-build.txt")"
    done
    training=$root/LoraLab.Training/bin/Release/net10.0
    benchmarks=$root/LoraLab.Benchmarks/bin/Release/net10.0
    tests=$root/LoraLab.Tests/bin/Release/net10.0
    kernels=$work/kernels.torchscript
    "$python" scripts/gpu_check.py source "$root" >"$kernels"
fi
if [ "$backend" = none ]; then
    export LORALAB_LIBTORCH=${LORALAB_LIBTORCH:-auto}
fi
export LORALAB_HOME=$root LORALAB_TEST_DEVICE=$device
export LoraLab__ModelDirectories__0=$LORALAB_FIXTURES/models LoraLab__DatasetDirectories__0=$LORALAB_FIXTURES LoraLab__DataDirectory=$work/data
trainer="$dotnet $training/LoraLab.Training.dll"
bench=("$dotnet" "$benchmarks/LoraLab.Benchmarks.dll" --device "$device" --threads "$(nproc)")

# 1: versions, the bridge's symbols, doctor. What is already written to a file is reported by its exit code.
report() {
    check "$1" 1-versions.txt 60 bash -c "cat '$2'; exit $3"
}
bridge=yes
# shellcheck disable=SC2086 # The command and its arguments.
$trainer doctor >"$work/doctor.txt" 2>&1
well=$?
grep -q '^libtorch ' "$work/doctor.txt" || bridge=
if wanted 1; then
    {
        uname -sr
        ldd --version | head -n 1
        "$python" --version
        echo "PyTorch of python3: ${torch_version:-none}"
        [ -z "$cuda" ] || nvidia-smi
        "$dotnet" --list-runtimes
    } >"$work/versions.txt" 2>&1
    report "1 versions" "$work/versions.txt" 0

    library=$training/runtimes/linux-x64/native/libLibTorchSharp.so
    libraries=${LORALAB_LIBTORCH:-$(dirname "$library")}
    if [ "$libraries" = auto ]; then
        libraries=$("$python" -c 'import importlib.util, os; print(os.path.join(importlib.util.find_spec("torch").submodule_search_locations[0], "lib"))' 2>/dev/null)
    fi
    # A weak version is the one that docs/adr/0002 describes: not needed.
    LD_LIBRARY_PATH=$libraries ldd -r "$library" 2>&1 | grep -v 'weak version' >"$work/ldd.txt"
    missing=$(grep -c -E 'not found|undefined symbol' "$work/ldd.txt")
    {
        echo "ldd -r $library with $libraries"
        grep -E 'not found|undefined symbol|libtorch|libc10' "$work/ldd.txt"
        echo "missing libraries and symbols: $missing"
    } >"$work/symbols.txt"
    report "1 symbols of the bridge" "$work/symbols.txt" "$((missing > 0))"
    report "1 doctor" "$work/doctor.txt" "$well"
fi

# 2: the mathematics on the device.
if wanted 2; then
    [ -n "$bridge" ] || say "2: the bridge does not load here; the kernels alone, from Python."
    if [ -z "$bridge" ] || [ -z "$cuda" ]; then
        check "2 kernels from Python" 2-math.txt "$([ -n "$cuda" ] && echo 120 || echo 300)" "$python" scripts/gpu_check.py kernels "$kernels" --device "$device"
    fi
    if [ -n "$bridge" ]; then
        check "2 same mathematics, fp32 against float64" 2-math.txt 180 "$dotnet" "$tests/LoraLab.Tests.dll" -noColor -trait Category=SameMath
        golden=(-class LoraLab.Tests.Training.Training.LossScalingTests)
        [ -n "$quick" ] || golden+=(-class LoraLab.Tests.Training.Training.GoldenTrajectoryTests -class LoraLab.Tests.Training.Models.GoldenForwardTests)
        check "2 golden runs, injected overflow" 2-math.txt 240 "$dotnet" "$tests/LoraLab.Tests.dll" -noColor -trait- Category=Long "${golden[@]}"
        # shellcheck disable=SC2086 # The command and its argument.
        check "2 operators of a step" 2-math.txt 90 $trainer launches --device "$device" --precision fp16
        if [ -n "$cuda" ]; then
            check "2 counts of a step" 2-math.txt 150 "${bench[@]}" --only "counters-*" --repeats 1 --out "$out/counters"
            check "2 fp32, bf16, fp16, prefix on and off" 2-math.txt 150 "${bench[@]}" --only "step-tinyllama2-*" --repeats 1 --out "$out/precisions"
        else
            skip "2 counts of a step" "a thousand steps need CUDA to be quick"
            skip "2 fp32, bf16, fp16, prefix on and off" "two blocks of TinyLlama's shape need CUDA to be quick"
        fi
    fi
fi

# 3: the paper's shape, five methods and two sets of adapters, under the limit of an 8 GB card.
if wanted 3; then
    if [ -z "$bridge" ]; then
        skip "3 TinyLlama's shape" "the bridge does not load here"
    elif [ -n "$cuda" ]; then
        # shellcheck disable=SC2086 # The command and its argument.
        check "3 random weights" 3-cells.txt 120 $trainer make-model --like tinyllama --out "$work/models/random" --tokenizer \
            "$LORALAB_FIXTURES/models/TinyLlama-1.1B-Chat-v1.0-tokenizer-only" \
            && LoraLab__ModelDirectories__1=$work/models check "3 TinyLlama's 22 blocks" 3-cells.txt 240 "$python" scripts/gpu_check.py cells \
                --trainer "$trainer" --work "$work/cells" --device "$device" --model random --steps "$([ -n "$quick" ] && echo 20 || echo 60)"
    else
        skip "3 TinyLlama's 22 blocks" "needs CUDA; rehearsed with stories260K"
        check "3 rehearsal" 3-cells.txt 300 "$python" scripts/gpu_check.py cells --trainer "$trainer" --work "$work/cells" --device cpu \
            --model stories260K --steps 12 --max-rank 8
    fi
fi

# 4: PEFT with the same weights and sentences.
if wanted 4; then
    if ! "$python" -c 'import peft, transformers, safetensors' 2>/dev/null; then
        skip "4 PEFT" "python3 has no peft, transformers or safetensors"
    elif [ -z "$bridge" ]; then
        skip "4 PEFT" "its input comes from the benchmarks, and the bridge does not load here"
    elif [ -z "$cuda" ]; then
        skip "4 PEFT" "needs CUDA: on a CPU the literal loop takes minutes"
    else
        check "4 ours" 4-peft.txt 120 "${bench[@]}" --only "step-tinyllama22-bf16-all-linear" --repeats 2 --out "$out/ours"
        check "4 export" 4-peft.txt 90 "$dotnet" "$benchmarks/LoraLab.Benchmarks.dll" export --device "$device" --layers 22 --precision bf16 --out "$work/peers" \
            && check "4 PEFT literal, padded, packed" 4-peft.txt 150 "$python" bench/peft_peers.py "$work/peers" --device "$device" --dtype bf16 \
                --repeats 3 --variants "A literal,B padded,B' packed"
    fi
fi

# 5: the worker, as the server starts it.
if wanted 5; then
    if [ -z "$bridge" ]; then
        skip "5 worker" "the bridge does not load here"
    else
        check "5 worker, resume after a kill, NVML" 5-worker.txt 240 "$python" scripts/gpu_check.py worker --trainer "$trainer" --work "$work/worker" \
            --device "$device" --model sample --steps "$([ -n "$quick" ] && echo 40 || echo 100)"
    fi
fi

echo
cat "$summary"
[ "$ran" -ne 0 ] || exit 2
exit "$failed"
