#!/usr/bin/env python3
"""Hugging Face PEFT compared with LoraLab's engine: same weights, sentences, losses and machine.

First run    dotnet run --project LoraLab.Benchmarks -c Release -- export --out WORK
then         OMP_NUM_THREADS=1 python3 bench/peft_peers.py WORK --threads 1 --dtype fp32
and compare with the step and evaluation rows of LoraLab.Benchmarks, measured on the same machine with the same number of threads.
The window that is timed is the one those rows time; on a GPU, export and measure with --device cuda:0 and --layers 22.

A literal        one sentence per pass, loss.item() as in the naive loop, clipping, AdamW
B best practice  all sixteen sentences right-padded in one batch, same per-token weights, fused AdamW, no .item()
B' packed        all sixteen concatenated, with position ids and a block-diagonal 4-D mask, fused AdamW
C compiled       B with torch.compile(dynamic=True); its warm-up is reported
E1, E2           evaluation: one sentence per forward pass with full logits; sorted batches of 64 with logits of the last position

A variant is timed only if its losses over the exported steps match the engine's (fp32, 1e-5 relative). Each row has the peak resident
memory of the process since its model was built, and on a GPU that of the allocator; in fp16 the loss is scaled by PyTorch's GradScaler.
Prints JSON.
"""
import argparse
import gc
import json
import pathlib
import statistics
import sys
import time

import peft
import torch
import transformers
from safetensors.torch import load_file


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


def build(work, spec, args):
    config = transformers.LlamaConfig(**spec["config"], attn_implementation="sdpa")
    dtype = DTYPES[args.dtype]
    # In its own precision from the start, as from_pretrained does: a later .to(dtype) would round the rotary frequencies too.
    torch.set_default_dtype(dtype)
    try:
        with torch.device(args.device):
            model = transformers.LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(torch.float32)
    weights = load_file(work / "model.safetensors", device=args.device)
    model.load_state_dict({name: weight.to(dtype) for name, weight in weights.items()}, strict=not spec["config"]["tie_word_embeddings"])
    model = peft.PeftModel.from_pretrained(model, work / "adapter", is_trainable=True, autocast_adapter_dtype=not args.no_autocast)
    return model.train()


def per_token_losses(logits, targets):
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, -2), targets.flatten(), reduction="none").view(targets.shape)


def literal(model, window, device, scale):
    total = 0.0
    for ids in window:
        row = torch.tensor([ids], device=device)
        loss = per_token_losses(model(row[:, :-1]).logits, row[:, 1:]).mean() / len(window)
        scale(loss).backward()
        total += loss.item()
    return total


def padded(model, window, device, scale):
    longest = max(map(len, window))
    ids = torch.zeros(len(window), longest, dtype=torch.long)
    weights = torch.zeros(len(window), longest - 1)
    for i, row in enumerate(window):
        ids[i, : len(row)] = torch.tensor(row)
        weights[i, : len(row) - 1] = 1 / (len(window) * (len(row) - 1))
    ids, weights = ids.to(device), weights.to(device)
    # Causal with right padding: no real token attends to padding, so no mask is needed.
    loss = (per_token_losses(model(ids[:, :-1]).logits, ids[:, 1:]) * weights).sum()
    scale(loss).backward()
    return loss.detach()


def packed(model, window, device, scale):
    inputs = torch.tensor([t for row in window for t in row[:-1]], device=device)[None]
    targets = torch.tensor([t for row in window for t in row[1:]], device=device)[None]
    positions = torch.cat([torch.arange(len(row) - 1) for row in window])[None].to(device)
    owner = torch.cat([torch.full((len(row) - 1,), i) for i, row in enumerate(window)]).to(device)
    weights = torch.cat([torch.full((len(row) - 1,), 1 / (len(window) * (len(row) - 1))) for row in window])[None].to(device)
    seen = (owner[:, None] == owner[None]).tril()
    dtype = next(model.parameters()).dtype
    mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, torch.finfo(dtype).min)[None, None]
    loss = (per_token_losses(model(inputs, attention_mask=mask, position_ids=positions).logits, targets) * weights).sum()
    scale(loss).backward()
    return loss.detach()


def trainer(model, spec, fused, half):
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=spec["learningRate"], weight_decay=0.0, fused=fused)

    scaler = torch.amp.GradScaler(enabled=half)

    def step(variant, window, device):
        loss = variant(model, window, device, scaler.scale)
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(parameters, spec["maxGradNorm"])
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
        return loss

    return step


def reset_peak(args):
    """Begins a new measurement of the peak memory of this process (Linux) and of the device."""
    gc.collect()
    if args.device != "cpu":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass  # then the peak is that of the process so far


def peaks(args):
    status = pathlib.Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    resident = next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), None)
    if resident is None and sys.platform != "win32":
        import resource  # Unix only

        resident = (1 if sys.platform == "darwin" else 1024) * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    device = {"peak_bytes": torch.cuda.max_memory_allocated(), "peak_reserved_bytes": torch.cuda.max_memory_reserved()}
    return {"peak_resident_bytes": resident} | (device if args.device != "cpu" else {})


def clock(args):
    if args.device != "cpu":
        torch.cuda.synchronize()
    return time.process_time() if args.device == "cpu" and args.threads == 1 else time.perf_counter()


def timed(args, action):
    started = clock(args)
    action()
    return clock(args) - started


def summary(times):
    return {"median_s": statistics.median(times), "min_s": min(times), "max_s": max(times), "p95_s": sorted(times)[int(0.95 * (len(times) - 1))], "samples": len(times)}


def train_row(work, spec, args, variant, fused, compiled=False):
    reset_peak(args)
    model = build(work, spec, args)
    step = trainer(model, spec, fused, args.dtype == "fp16")
    run = torch.compile(variant, dynamic=True) if compiled else variant
    losses = [float(step(run, window, args.device)) for window in spec["steps"]]
    worst = max(abs(a - b) / b for a, b in zip(losses, spec["losses"]["literal"]))
    if args.dtype == "fp32" and not worst <= 1e-5:
        return {"skipped": f"different mathematics: losses differ by {worst:.1e}"}
    # As in the blocks A B B A of LoraLab.Benchmarks: twice per repeat, the window whose tokens are the median.
    times = [timed(args, lambda: step(run, spec["timed"]["window"], args.device)) for _ in range(2 * args.repeats)]
    return summary(times) | {"window": spec["timed"]["step"], "loss_difference": worst} | peaks(args)


@torch.inference_mode()
def naive_evaluation(model, rows, device):
    for row in rows:
        torch.log_softmax(model(torch.tensor([row["ids"]], device=device)).logits[0, -1].float(), -1)[row["labels"]].tolist()


@torch.inference_mode()
def batched_evaluation(model, rows, device):
    rows = sorted(rows, key=lambda row: len(row["ids"]))
    for start in range(0, len(rows), 64):
        batch = rows[start : start + 64]
        longest = max(len(row["ids"]) for row in batch)
        # Left padding, so that the last position is the last token of every row.
        ids = torch.tensor([[0] * (longest - len(row["ids"])) + row["ids"] for row in batch], device=device)
        mask = torch.tensor([[0] * (longest - len(row["ids"])) + [1] * len(row["ids"]) for row in batch], device=device)
        logits = model(ids, attention_mask=mask, position_ids=(mask.cumsum(1) - 1).clamp_min(0), logits_to_keep=1).logits[:, -1]
        torch.log_softmax(logits.float(), -1).gather(1, torch.tensor([row["labels"] for row in batch], device=device)).tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=pathlib.Path, help="folder written by 'export'")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=list(DTYPES), default="fp32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--variants", default="", help="names of variants, comma-separated, for example 'A literal,B padded'; default: all")
    parser.add_argument("--no-autocast", action="store_true", help="autocast_adapter_dtype=False")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    spec = json.loads((args.work / "workload.json").read_text())
    result = {"versions": {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}, "arguments": {k: str(v) for k, v in vars(args).items()}, "rows": {}}
    variants = {"A literal": (literal, False, False), "B padded": (padded, True, False), "B' packed": (packed, True, False), "C compiled": (padded, True, True)}
    chosen = [name.strip() for name in args.variants.split(",") if name.strip()]
    for name, (variant, fused, compiled) in variants.items():
        if chosen and name not in chosen:
            continue
        try:
            started = time.perf_counter()
            result["rows"][name] = train_row(args.work, spec, args, variant, fused, compiled) | {"with_warm_up_s": time.perf_counter() - started}
        except Exception as problem:  # report a variant that does not run instead of omitting it
            result["rows"][name] = {"skipped": f"{type(problem).__name__}: {problem}"}
    evaluations = {"E1 naive": naive_evaluation, "E2 batched": batched_evaluation}
    evaluations = {name: variant for name, variant in evaluations.items() if not chosen or name in chosen}
    model = build(args.work, spec, args).eval() if evaluations else None
    for name, variant in evaluations.items():
        reset_peak(args)
        variant(model, spec["evaluation"], args.device)
        result["rows"][name] = summary([timed(args, lambda: variant(model, spec["evaluation"], args.device)) for _ in range(args.repeats)]) | peaks(args)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
