#!/usr/bin/env bash
# Packs what scripts/gpu-check.sh needs on a Linux machine that has an NVIDIA driver and a Python with PyTorch 2.10 or 2.11, but neither
# the .NET SDK nor a package registry: the trainer, the benchmarks and the tests, the .NET runtime, TorchSharp's bridge, the fixtures.
#   scripts/gpu-pack.sh [OUT.tar.gz|OUT.tar.zst]     default: artifacts/loralab-gpu.tar.zst
# There: tar xf loralab-gpu.tar.zst && loralab-gpu/scripts/gpu-check.sh
# Exit codes: 0 packed, 1 the archive is larger than 60 MB, 2 it cannot be made (with the reason).
set -euo pipefail

limit=60000000
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=${1:-$root/artifacts/loralab-gpu.tar.zst}
fixtures=${LORALAB_FIXTURES:-$root/../shared/data}
golden=$(dirname "$fixtures")/golden

stop() {
    echo "$1" >&2
    exit 2
}

case $out in
    *.tar.gz) compress=(gzip -9) ;;
    *.tar.zst) compress=(zstd -q -19 -T0 --long=27) ;;
    *) stop "The archive's name must end in .tar.gz or .tar.zst: $out" ;;
esac
command -v dotnet >/dev/null || stop "The .NET SDK was not found (dotnet)."
command -v "${compress[0]}" >/dev/null || stop "${compress[0]} was not found; install it or name the archive .tar.gz."
[ -d "$fixtures/sst2" ] || stop "There are no fixtures in $fixtures; set LORALAB_FIXTURES."
[ "$(uname -sm)" = "Linux x86_64" ] || stop "The archive is made on Linux x64, for Linux x64."

mkdir -p "$(dirname "$out")"
out=$(cd "$(dirname "$out")" && pwd)/$(basename "$out")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/loralab-gpu
mkdir -p "$tree/app" "$tree/dotnet/shared" "$tree/fixtures/data/models" "$tree/fixtures/golden/families" "$tree/scripts" "$tree/bench"

# A build of its own, without libtorch, so that the ordinary outputs stay as they are. GPU_PACK_BUILD keeps it for the next time.
build=${GPU_PACK_BUILD:-$work/build}
cd "$root"
for project in LoraLab.Benchmarks LoraLab.Tests; do
    dotnet build "$project" -c Release -v q -nologo -p:TorchBackend=none --artifacts-path "$build" || stop "$project does not build."
done

# The programs share one folder: each has its own deps.json and runtimeconfig.json, and the assemblies are the same.
for project in LoraLab.Tests LoraLab.Benchmarks; do
    cp -r "$build/bin/$project/release/." "$tree/app/"
done
cd "$tree/app"
rm -rf .playwright playwright.ps1 wwwroot BlazorDebugProxy runtimes/win* runtimes/osx* runtimes/linux-arm* runtimes/linux-musl* \
    runtimes/browser runtimes/ios* runtimes/tvos* runtimes/maccatalyst* runtimes/android* TestData
find . \( -name '*.pdb' -o -name '*.xml' -o -name '*.staticwebassets.*' -o -name '*.wasm' -o -name '*.Designer.cs' \) -delete
find . -type d -empty -delete
[ -f runtimes/linux-x64/native/libLibTorchSharp.so ] || stop "The build has no bridge (libLibTorchSharp.so)."
[ ! -e runtimes/linux-x64/native/libtorch_cpu.so ] || stop "The build has a libtorch of its own."

# The runtime of the SDK that built the programs.
dotnet=$(dirname "$(readlink -f "$(command -v dotnet)")")
version=$(dotnet --list-runtimes | awk '$1 == "Microsoft.NETCore.App" && $2 ~ /^10\./ { v = $2 } END { print v }')
web=$(dotnet --list-runtimes | awk '$1 == "Microsoft.AspNetCore.App" && $2 ~ /^10\./ { v = $2 } END { print v }')
if [ -z "$version" ] || [ -z "$web" ]; then
    stop "dotnet --list-runtimes has no .NET 10."
fi
cp "$dotnet/dotnet" "$tree/dotnet/"
mkdir -p "$tree/dotnet/host/fxr" "$tree/dotnet/shared/Microsoft.NETCore.App" "$tree/dotnet/shared/Microsoft.AspNetCore.App"
cp -r "$dotnet/host/fxr/$version" "$tree/dotnet/host/fxr/"
cp -r "$dotnet/shared/Microsoft.NETCore.App/$version" "$tree/dotnet/shared/Microsoft.NETCore.App/"
cp -r "$dotnet/shared/Microsoft.AspNetCore.App/$web" "$tree/dotnet/shared/Microsoft.AspNetCore.App/"
find "$tree/dotnet" -name '*.xml' -delete

# LoraLab.sln marks the home.
cp "$root/LoraLab.sln" "$root/appsettings.json" "$root/LICENSE" "$tree/"
cp -r "$root/samples" "$tree/samples"
rm -rf "$tree/samples/maker"
cp "$root/scripts/gpu-check.sh" "$root/scripts/gpu_check.py" "$tree/scripts/"
cp "$root/bench/peft_peers.py" "$tree/bench/"
python3 "$root/scripts/gpu_check.py" source "$root" >"$tree/scripts/kernels.torchscript"
cp -r "$fixtures/sst2" "$tree/fixtures/data/"
for model in stories260K TinyLlama-1.1B-Chat-v1.0-tokenizer-only; do
    cp -r "$fixtures/models/$model" "$tree/fixtures/data/models/"
done
# The references of training; those of tokenizers and families need no GPU.
for reference in "$golden"/lora* "$golden"/pissa* "$golden"/*forward*.json "$golden"/subset.json "$golden"/*.txt; do
    [ ! -e "$reference" ] || cp -r "$reference" "$tree/fixtures/golden/"
done
git -C "$root" rev-parse HEAD >"$tree/COMMIT" 2>/dev/null || true

tar -C "$work" -cf - loralab-gpu | "${compress[@]}" >"$out.partial"
mv "$out.partial" "$out"
size=$(stat -c %s "$out")
echo "$out: $((size / 1000000)) MB ($size bytes)"
[ "$size" -le "$limit" ] || { echo "It is larger than $((limit / 1000000)) MB; a .tar.zst is smaller than a .tar.gz." >&2; exit 1; }
