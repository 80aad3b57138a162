#!/usr/bin/env python3
"""Stages of scripts/gpu-check.sh that need more than a shell: runs of the trainer, the worker, and the kernels without the trainer.

Each subcommand prints a line per result as soon as it has it, so that an interrupted check keeps its results. Exit codes: 0 all passed,
1 a result is wrong, 2 nothing could be checked.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shlex
import signal
import statistics
import subprocess
import sys
import time

METHODS = ["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"]
ADAPTERS = {"q,v": (["q_proj", "v_proj"], 8), "all-linear": ("all-linear", 32)}
PAPER_STEPS = 1250
PAPER_EVALUATIONS = 26
DEV_ROWS = 872


class Trainer:
    """The trainer's command line, with its own data folder."""

    def __init__(self, args):
        self.command = shlex.split(args.trainer)
        self.work = pathlib.Path(args.work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.environment = os.environ | {"LoraLab__DataDirectory": str(self.work / "data")}

    def run(self, *arguments, timeout):
        return subprocess.run([*self.command, *map(str, arguments)], env=self.environment, capture_output=True, text=True, timeout=timeout)

    def start(self, verb):
        pipe = subprocess.PIPE
        return subprocess.Popen([*self.command, verb], env=self.environment, stdin=pipe, stdout=subprocess.DEVNULL, stderr=pipe, text=True)


def events(run, attempt=1):
    file = pathlib.Path(run) / "attempts" / f"{attempt:04}" / "events.jsonl"
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def last(happened, kind):
    return next((event for event in reversed(happened) if event.get("type") == kind), None)


def series(happened, key):
    """The values of a metric by step."""
    return {
        step: value
        for event in happened if event.get("type") == "metrics"
        for step, value in zip(event["steps"], event["values"].get(key, []))
    }


def error_of(ended, process):
    if ended and ended.get("error"):
        return ended["error"]
    return (process.stderr or process.stdout).strip().splitlines()[-1:] or f"exit code {process.returncode}"


def write_spec(folder, spec):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "spec.json"
    file.write_text(json.dumps(spec), encoding="utf-8")
    return file


def cells(args):
    """Methods x adapters: median step, projected run of the paper, peak memory against the estimate."""
    trainer = Trainer(args)
    failed = False
    print(f"{'method':13} {'adapters':16} {'step ms':>8} {'paper s':>8} {'peak MiB':>9} {'estimate':>9} {'peak/est':>8} {'first ms':>9}  loss", flush=True)
    for method in METHODS:
        for label, (targets, rank) in ADAPTERS.items():
            rank = min(rank, args.max_rank)
            label = f"{label} r {rank}"
            folder = trainer.work / f"{method}-{label.split()[0].replace(',', '')}"
            spec = write_spec(folder, {
                "model": args.model, "dataset": "sst2", "method": method, "rank": rank, "targetModules": targets, "trainSamples": 20000,
                "maxSteps": args.steps, "evalEvery": 1_000_000, "evalSamples": args.eval_samples, "device": args.device,
                "memoryBudgetMb": args.budget_mb,
            })
            estimate = trainer.run("estimate", "--spec", spec, "--json", timeout=120)
            estimated = json.loads(estimate.stdout)["totalMb"] if estimate.returncode == 0 else None
            process = trainer.run("train", "--spec", spec, "--out", folder / "run", timeout=args.timeout)
            happened = events(folder / "run")
            ended = last(happened, "ended")
            if process.returncode != 0 or not ended or ended["reason"] != "finished":
                failed = True
                print(f"{method:13} {label:16} FAILED: {error_of(ended, process)}", flush=True)
                continue
            summary = ended["summary"]
            # Time a token from the median of the steps behind the first ten: the rate of a step is its own, and windows differ in length.
            rates = series(happened, "train/tokensPerSecond")
            settled = [rate for step, rate in rates.items() if step > min(10, args.steps // 4)]
            tokens = summary["trainTokens"] / len(rates)
            step = tokens / statistics.median(settled)
            first = tokens / rates[min(rates)]
            evaluation = summary["evalSeconds"] / 2 * DEV_ROWS / min(args.eval_samples, DEV_ROWS)
            paper = PAPER_STEPS * step + PAPER_EVALUATIONS * evaluation
            peak = summary.get("peakMemoryMb")
            ratio = f"{peak / estimated:8.3f}" if peak and estimated else f"{'-':>8}"
            losses = series(happened, "train/loss")
            print(
                f"{method:13} {label:16} {1000 * step:8.1f} {paper:8.1f} {peak or 0:9.0f} {estimated or 0:9.0f} {ratio} {1000 * first:9.1f}"
                f"  {losses[min(losses)]:.4f} -> {losses[max(losses)]:.4f}", flush=True)
            if summary.get("budgetExceededMb"):
                failed = True
                print(f"{'':13} {'':16} FAILED: {summary['budgetExceededMb']} MiB exceed the limit of {args.budget_mb} MiB", flush=True)
    return 1 if failed else 0


def digest(run):
    return hashlib.sha256((pathlib.Path(run) / "adapter" / "adapter_model.safetensors").read_bytes()).hexdigest()[:16]


def execute(trainer, run, attempt, kill_after=None):
    """Hands a run to a worker as the server does; kills it at its first checkpoint at or after a step."""
    worker = trainer.start("worker")
    worker.stdin.write(json.dumps({"run": str(run), "attempt": attempt}) + "\n")
    worker.stdin.flush()
    started = time.monotonic()
    while worker.poll() is None and time.monotonic() - started < 240:
        if kill_after is not None and any(e["type"] == "checkpoint" and e["step"] >= kill_after for e in events(run, attempt)):
            worker.send_signal(signal.SIGKILL)
            break
        time.sleep(0.05)
    else:
        if worker.poll() is None:
            worker.kill()
    worker.wait()
    worker.stdin.close()
    return worker.stderr.read()


def worker(args):
    """A hundred steps of each method through the worker; a killed run resumes."""
    trainer = Trainer(args)
    failed = False

    def new(name, method):
        run = trainer.work / name
        write_spec(run, {
            "model": args.model, "dataset": args.dataset, "method": method, "trainSamples": 1600, "maxSteps": args.steps,
            "effectiveBatch": 4, "evalEvery": max(1, args.steps // 4), "evalSamples": 64, "device": args.device,
        })
        return run

    for method in METHODS:
        run = new(method, method)
        log = execute(trainer, run, 1)
        happened = events(run)
        ended, prepared = last(happened, "ended"), last(happened, "prepared")
        losses = series(happened, "train/loss")
        if not ended or ended["reason"] != "finished" or sorted(losses) != list(range(1, args.steps + 1)):
            failed = True
            print(f"{method:13} FAILED: {ended and ended.get('error') or log.strip()[-300:]}", flush=True)
            continue
        environment = prepared["environment"]
        used = series(happened, "memory/usedMb")
        print(
            f"{method:13} {args.steps} steps in {ended['summary']['trainSeconds']:.2f} s on {environment['device']} ({environment.get('deviceName')}), "
            f"{environment['precision']}, libtorch {environment['versions']['libtorch']}, memory by {environment.get('memorySource')}: "
            f"{max(used.values()) if used else 0:.0f} MiB; loss {losses[1]:.4f} -> {losses[args.steps]:.4f}", flush=True)
    whole, killed = trainer.work / METHODS[0], new("killed", METHODS[0])
    execute(trainer, killed, 1, kill_after=args.steps // 2)
    if last(events(killed), "ended"):
        print("killed        FAILED: the run ended before it was killed", flush=True)
        return 1
    execute(trainer, killed, 2)
    happened = events(killed, 2)
    ended, prepared = last(happened, "ended"), last(happened, "prepared")
    if not ended or ended["reason"] != "finished" or not prepared["resumedFrom"]:
        print(f"killed        FAILED: {ended and ended.get('error')}", flush=True)
        return 1
    one, other = series(events(whole), "train/loss"), series(events(killed), "train/loss") | series(happened, "train/loss")
    worst = max(abs(other[step] - one[step]) / abs(one[step]) for step in one)
    same = digest(whole) == digest(killed)
    print(f"killed        resumed after step {prepared['resumedFrom']}; losses within {worst:.1e} of the whole run's; adapter "
          f"{'the same, bit for bit' if same else 'not the same bits'}", flush=True)
    if not (worst <= (0 if args.device == "cpu" else 1e-2)) or (args.device == "cpu" and not same):
        failed = True
        print("killed        FAILED: the resumed run is another", flush=True)
    return 1 if failed else 0


def source(args):
    """The TorchScript files of the trainer as one text, with the numbers of the C# enums that they name, as Torch/TorchScript.cs does."""
    root = pathlib.Path(args.root)
    enums = {}
    for file in (root / "LoraLab.Training").rglob("*.cs"):
        if "obj" in file.parts or "bin" in file.parts:
            continue
        text = file.read_text(encoding="utf-8-sig")
        for found in re.finditer(r"\benum (\w+)[^{]*\{([^}]*)\}", text):
            body = re.sub(r"//[^\n]*|\[[^\]]*\]", "", found.group(2))
            number, members = 0, {}
            for part in filter(None, map(str.strip, body.split(","))):
                name, _, value = map(str.strip, part.partition("="))
                number = int(value, 0) if re.fullmatch(r"-?\w+", value or "") and value[:1].isdigit() else number
                members[name] = number
                number += 1
            enums[found.group(1)] = members

    def number_of(match):
        members = enums[match.group(1)]
        return str(len(members) if match.group(2) == "Count" else members[match.group(2)])

    parts = []
    for file in sorted((root / "LoraLab.Training").rglob("*.torchscript")):
        if "bin" not in file.parts and "obj" not in file.parts:
            text = re.sub(r"#.*", "", file.read_text(encoding="utf-8"))
            parts.append(re.sub(r"\b([A-Z][A-Za-z]*)\.([A-Z][A-Za-z]*)\b", number_of, text))
    print("\n".join(parts))
    return 0


def kernels(args):
    """The kernels alone, from Python, where the trainer's bridge does not load: they compile, and those with plain arguments are right."""
    try:
        import torch
    except ImportError:
        print("not run: this Python has no PyTorch")
        return 2
    text = pathlib.Path(args.source).read_text(encoding="utf-8")
    missing = []
    for name in sorted(set(re.findall(r"\btorch\.(\w+)", text))):
        if not hasattr(torch, name):
            try:
                setattr(torch, name, getattr(torch.ops.aten, name))
            except AttributeError:
                missing.append(name)
    if missing:
        print(f"not run: PyTorch {torch.__version__} lacks {', '.join(missing)}; use 2.10 or 2.11")
        return 2
    unit = torch.jit.CompilationUnit(text)
    print(f"compiled on PyTorch {torch.__version__}: {len(re.findall(r'^def ', text, re.MULTILINE))} functions", flush=True)
    if args.device != "cpu" and not torch.cuda.is_available():
        print("not run: this PyTorch sees no CUDA device")
        return 2
    failed = False

    def report(name, dtype, measure, limit):
        nonlocal failed
        try:
            error = measure()
        except RuntimeError as refusal:
            # The others may still be right: a kernel that the device cannot run is a result.
            failed = True
            print(f"FAILED  {name:20} {str(dtype).removeprefix('torch.'):9} {str(refusal).strip().splitlines()[-1]}", flush=True)
            return
        bad = not error <= limit
        failed |= bad
        print(f"{'FAILED' if bad else 'passed'}  {name:20} {str(dtype).removeprefix('torch.'):9} error {error:.1e} (limit {limit:.0e})", flush=True)

    def distance(found, expected):
        return float((found.double().cpu() - expected).norm() / expected.norm())

    torch.manual_seed(1)
    wide = torch.randn(96, 256, dtype=torch.float64)
    gain = 1 + 0.1 * torch.randn(256, dtype=torch.float64)
    normed = wide / (wide.pow(2).mean(-1, keepdim=True) + 1e-5).sqrt() * gain
    for dtype, limit in {torch.float32: 2e-6, torch.bfloat16: 2e-2, torch.float16: 2e-3}.items():
        x, w = wide.to(args.device, dtype), gain.to(args.device)
        report("rms_norm", dtype, lambda: distance(unit.rms_norm(x, w.float(), 1e-5), normed), limit)
        report("gelu_tanh", dtype, lambda: distance(unit.gelu_tanh(x), torch.nn.functional.gelu(wide, approximate="tanh")), limit)
    # Attention over three sentences of one length, queries that share keys, and scores around a hundred: half precision would round them
    # to sixteenths and bfloat16 to halves, and kernels that did so would exceed the limits.
    heads, kv_heads, size, length, sentences = 8, 2, 64, 40, 3
    scale = size**-0.5
    qkv = 3 * torch.randn(sentences * length, heads + 2 * kv_heads, size, dtype=torch.float64)
    da = torch.randn(sentences * length, heads * size, dtype=torch.float64)
    everything = torch.arange(sentences * length, device=args.device)
    for dtype, limit in {torch.float32: 2e-6, torch.bfloat16: 4e-3, torch.float16: 5e-4}.items():
        exact = qkv.to(dtype).double().requires_grad_()
        of = exact.view(sentences, length, -1, size).transpose(1, 2)
        shared = [part.repeat_interleave(heads // kv_heads, 1) for part in of[:, heads:].split(kv_heads, 1)]
        expected = torch.nn.functional.scaled_dot_product_attention(of[:, :heads], *shared, is_causal=True, scale=scale)
        expected = expected.transpose(1, 2).reshape(sentences * length, -1)
        expected.backward(da.to(dtype).double())
        x, g = qkv.to(args.device, dtype), da.to(args.device, dtype)
        lengths = torch.tensor([length])
        layout = [everything, x, x, everything, torch.ones(sentences * length, device=args.device, dtype=dtype)]

        def attention():
            return unit.attention(x, everything, layout, lengths, heads, kv_heads, scale, 0, 0.0, False)

        def attention_gradient():
            a, log_sum_exp = attention()
            return unit.attention_backward(g, a, x, log_sum_exp, layout, lengths, heads, kv_heads, 0, scale, 0, 0.0, False)

        def joined():
            plan, unseen = unit.joined_plan(layout, lengths, heads, kv_heads), unit.joined_unseen(lengths, 0, x)
            return unit.joined_attention(x, plan, unseen, lengths, heads, scale)

        def joined_gradient():
            plan, unseen = unit.joined_plan(layout, lengths, heads, kv_heads), unit.joined_unseen(lengths, 0, x)
            return unit.joined_attention_backward(g, x, plan, unseen, lengths, heads, kv_heads, 0, scale)

        report("attention", dtype, lambda: distance(attention()[0], expected.detach()), limit)
        report("its gradient", dtype, lambda: distance(attention_gradient(), exact.grad), limit)
        report("joined attention", dtype, lambda: distance(joined(), expected.detach()), limit)
        report("its gradient", dtype, lambda: distance(joined_gradient(), exact.grad), limit)
    gradient = torch.randn(1000, dtype=torch.float64)
    log = torch.zeros(1, 2, dtype=torch.float64, device=args.device)
    bad = torch.zeros(1, device=args.device)
    loss = torch.ones(1, dtype=torch.float64, device=args.device)
    factor = None

    def measured():
        nonlocal factor
        factor = unit.measure(4 * gradient.to(args.device, torch.float32), loss, log, 0, bad, 4.0, 1.0)
        return abs(float(log[0, 1]) / float(gradient.norm()) - 1)

    report("measure", torch.float32, measured, 2e-6)
    parameter = torch.randn(1000, dtype=torch.float64)
    expected = parameter.clone().requires_grad_()
    expected.grad = gradient / max(1.0, float(gradient.norm()) + 1e-6)
    torch.optim.AdamW([expected], lr=1e-2, weight_decay=0.1).step()

    def updated():
        trained = parameter.to(args.device, torch.float32)
        moments = [torch.zeros_like(trained) for _ in range(2)]
        steps = torch.zeros(1, device=args.device)
        unit.update(
            [trained], [4 * gradient.to(trained)], [moments[0]], [moments[1]], [steps], factor, bad, 1e-2, 0.1, 0.0, 1e-8)
        return distance(trained, expected.detach())

    if factor is not None:
        report("update", torch.float32, updated, 2e-6)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in {"cells": cells, "worker": worker}.items():
        command = commands.add_parser(name, description=function.__doc__)
        command.add_argument("--trainer", required=True, help="command of the trainer")
        command.add_argument("--work", required=True, help="folder for runs")
        command.add_argument("--device", default="cpu")
        command.add_argument("--model", required=True)
        command.add_argument("--steps", type=int, required=True)
        command.set_defaults(function=function)
        if function is cells:
            command.add_argument("--eval-samples", type=int, default=64)
            command.add_argument("--max-rank", type=int, default=1_000_000)
            command.add_argument("--budget-mb", type=int, default=7200)
            command.add_argument("--timeout", type=int, default=180)
        else:
            command.add_argument("--dataset", default="sample")
    command = commands.add_parser("source", description=source.__doc__)
    command.add_argument("root", help="folder of the repository")
    command.set_defaults(function=source)
    command = commands.add_parser("kernels", description=kernels.__doc__)
    command.add_argument("source", help="what 'source' printed")
    command.add_argument("--device", default="cpu")
    command.set_defaults(function=kernels)
    args = parser.parse_args()
    return args.function(args)


if __name__ == "__main__":
    sys.exit(main())
