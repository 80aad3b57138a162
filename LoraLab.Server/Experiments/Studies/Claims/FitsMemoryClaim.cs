using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>"All five methods fit in 8 GB."</summary>
internal sealed class FitsMemoryClaim : IPaperClaim
{
    private const double CardMb = 8192;
    private static readonly string[] s_methods = ["lora", "lora-swapped", "lora-xs", "lora-plus", "pissa"];

    public ClaimDescriptor Descriptor { get; } = new(
        "fits-8gb",
        "All five methods can be trained within 8 GB.",
        "Largest peak memory of any run of each method on CUDA, evaluations included where a budget watched them.",
        "At most 8,192 MiB, and no run ended because a budget of 8,192 MiB or more did not hold it.",
        "A finished run on CUDA of each of the five methods with a measured peak.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        List<EvidenceRun> runs = [.. evidence.Runs.Where(run => run.Document is not null && s_methods.Contains(run.Run.Method) && run.OnCuda)];
        if (runs.Count == 0)
        {
            return ClaimFinding.NotRun("memory is judged on CUDA only, and no run of the five methods was on it.");
        }

        List<(string Method, double? Peak, int Runs)> peaks = [.. s_methods.Select(method => Peak(method, runs))];
        List<string> above = [.. peaks.Where(of => of.Peak > CardMb).Select(of => string.Create(CultureInfo.InvariantCulture, $"{Label(evidence, of.Method)} needs {of.Peak:#,0} MiB"))];
        above.AddRange(runs.Where(Burst).Select(run => $"run {run.Id} of {Label(evidence, run.Run.Method)} did not fit its budget"));
        List<string> open = [.. peaks.Where(of => of.Peak is null).Select(of => Label(evidence, of.Method))];
        open.AddRange(runs.Where(run => run.Document!.EndReason == EndReason.OutOfMemory).Select(run => $"run {run.Id} (out of memory)"));
        (ClaimVerdict verdict, string reading) = above.Count > 0 ? (ClaimVerdict.NotSupported, $"{string.Join("; ", above)}.")
            : open.Count > 0 ? (ClaimVerdict.Inconclusive, $"without a measured peak on CUDA: {string.Join(", ", open)}.")
            : (ClaimVerdict.Supported, string.Create(CultureInfo.InvariantCulture, $"the largest peak of any method is {peaks.Max(of => of.Peak):#,0} MiB over {PaperNumbers.Count(peaks.Sum(of => of.Runs), "run")}."));
        return new ClaimFinding(
            verdict,
            reading,
            [.. peaks.Select(of => new ClaimEvidence($"largest peak of {Label(evidence, of.Method)}, MiB", of.Peak, N: of.Runs, Note: of.Peak is null ? "No run on CUDA that was measured." : null))],
            runs);
    }

    private static (string Method, double? Peak, int Runs) Peak(string method, List<EvidenceRun> runs)
    {
        List<double> peaks = [.. runs.Where(run => run.Run.Method == method && run is { Counts: true, PeakMemoryMb: not null }).Select(Whole)];
        return (method, peaks.Count > 0 ? peaks.Max() : null, peaks.Count);
    }

    /// <summary>The peak of steps, or of evaluations where those were above the budget.</summary>
    private static double Whole(EvidenceRun run) => run.Document is { Summary.BudgetExceededMb: double over, Spec.MemoryBudgetMb: int budget }
        ? Math.Max(run.PeakMemoryMb!.Value, budget + over)
        : run.PeakMemoryMb!.Value;

    private static bool Burst(EvidenceRun run) => run.Document is { EndReason: EndReason.BudgetExceeded, Spec.MemoryBudgetMb: >= (int)CardMb };

    private static string Label(StudyEvidence evidence, string method) => evidence.Arm(method)?.Label ?? method;
}
