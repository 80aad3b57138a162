using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "all five methods fit in 8 GB".</summary>
internal sealed class FitsMemoryClaim : IPaperClaim
{
    private const double CardMb = 8192;
    private static readonly string[] _methods = ["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"];

    public ClaimDescriptor Descriptor { get; } = new(
        "fits-8gb",
        "All five methods can be trained within 8 GB.",
        "Largest peak memory of any CUDA run of each method, including evaluations of runs with a memory budget.",
        "At most 8,192 MiB, and no run ended because it exceeded a budget of 8,192 MiB or more.",
        "For each of the five methods, a finished CUDA run with a measured peak.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        List<EvidenceRun> runs =
            [.. evidence.Runs.Where(run => run.Document is not null && _methods.Contains(run.Run.Method) && run.OnCuda)];
        if (runs.Count == 0)
        {
            return ClaimFinding.NotRun("memory is judged on CUDA only, and no run of the five methods used CUDA.");
        }

        List<(string Method, double? Peak, int Runs)> peaks = [.. _methods.Select(method => Peak(method, runs))];
        List<string> above = [.. peaks.Where(method => method.Peak > CardMb)
            .Select(method => $"{Label(evidence, method.Method)} requires {NumberFormat.Mebibytes(method.Peak!.Value)}")];
        above.AddRange(runs.Where(ExceededBudget)
            .Select(run => $"run {run.Id} of {Label(evidence, run.Run.Method)} exceeded its memory budget"));
        List<string> open = [.. peaks.Where(method => method.Peak is null).Select(method => Label(evidence, method.Method))];
        open.AddRange(runs.Where(run => run.Document!.EndReason == EndReason.OutOfMemory).Select(run => $"run {run.Id} (out of memory)"));
        (ClaimVerdict verdict, string reading) = above.Count > 0 ? (ClaimVerdict.NotSupported, $"{string.Join("; ", above)}.")
            : open.Count > 0 ? (ClaimVerdict.Inconclusive, $"no measured peak on CUDA for {string.Join(", ", open)}.")
            : (ClaimVerdict.Supported, "the largest peak of any method is "
                + $"{NumberFormat.Mebibytes(peaks.Max(method => method.Peak!.Value))} over "
                + $"{NumberFormat.Count(peaks.Sum(method => method.Runs), "run")}.");
        return new ClaimFinding(
            verdict,
            reading,
            [.. peaks.Select(method => new ClaimEvidence(
                $"largest peak memory of {Label(evidence, method.Method)} (MiB)",
                method.Peak,
                N: method.Runs,
                Note: method.Peak is null ? "No CUDA run with a measured peak." : null))],
            runs);
    }

    private static (string Method, double? Peak, int Runs) Peak(string method, List<EvidenceRun> runs)
    {
        List<double> peaks =
            [.. runs.Where(run => run.Run.Method == method && run is { Counts: true, PeakMemoryMb: not null }).Select(PeakOf)];
        return (method, peaks.Count > 0 ? peaks.Max() : null, peaks.Count);
    }

    /// <summary>The peak of the training steps, or of evaluations where these exceeded the budget.</summary>
    private static double PeakOf(EvidenceRun run) =>
        run.Document is { Summary.BudgetExceededMb: double over, Spec.MemoryBudgetMb: int budget }
            ? Math.Max(run.PeakMemoryMb!.Value, budget + over)
            : run.PeakMemoryMb!.Value;

    private static bool ExceededBudget(EvidenceRun run) =>
        run.Document is { EndReason: EndReason.BudgetExceeded, Spec.MemoryBudgetMb: >= (int)CardMb };

    private static string Label(StudyEvidence evidence, string method) => evidence.Arm(method)?.Label ?? method;
}
