using System.Globalization;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>"LoRA-XS keeps the memory footprint."</summary>
internal sealed class LoraXsMemoryClaim : IPaperClaim
{
    private const double Margin = 0.05;

    public ClaimDescriptor Descriptor { get; } = new(
        "lora-xs-memory",
        "LoRA-XS has the same memory footprint as LoRA.",
        "Peak memory over the training steps, LoRA-XS over LoRA, paired by seed.",
        "Each pair's ratio lies between 0.95 and 1.05.",
        "One pair of finished runs on the same CUDA device, with the same precision, sentences and tokens a pass and source of the memory figure.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        List<EvidenceRun> ours = Runs(evidence, "lora-xs");
        List<EvidenceRun> theirs = Runs(evidence, "lora");
        if (ours.Count == 0 || theirs.Count == 0)
        {
            return ClaimFinding.NotRun("no run of LoRA-XS or of LoRA has finished on the reported split.");
        }

        List<EvidenceRun> runs = [.. ours, .. theirs];
        if (runs.All(run => !run.OnCuda))
        {
            return ClaimFinding.NotRun($"memory is compared on CUDA only, and these runs used {string.Join(" and ", runs.Select(run => run.Environment?.Device ?? "an unknown device").Distinct())}.") with { Runs = runs };
        }

        List<(EvidenceRun Ours, EvidenceRun Theirs)> common = [.. ours.Join(theirs, run => run.Run.Seed, run => run.Run.Seed, (mine, other) => (mine, other))];
        List<(EvidenceRun Ours, EvidenceRun Theirs)> pairs = [.. common.Where(pair => Measured(pair.Ours) && Measured(pair.Theirs) && Alike(pair.Ours.Environment!, pair.Theirs.Environment!))];
        if (pairs.Count == 0)
        {
            return new ClaimFinding(ClaimVerdict.Inconclusive, "no seed has both methods measured on the same CUDA device in the same way.", [], runs);
        }

        List<double> ratios = [.. pairs.Select(pair => pair.Ours.PeakMemoryMb!.Value / pair.Theirs.PeakMemoryMb!.Value)];
        // In MiB: a ratio of 1.05 is above 1.05 by its rounding.
        int same = pairs.Count(pair => Math.Abs(pair.Ours.PeakMemoryMb!.Value - pair.Theirs.PeakMemoryMb!.Value) <= Margin * pair.Theirs.PeakMemoryMb.Value);
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"over {PaperNumbers.Count(pairs.Count, "pair")} LoRA-XS needs ×{ratios.Min():0.000} to ×{ratios.Max():0.000} of LoRA's peak memory");
        (ClaimVerdict verdict, string reason) = same == ratios.Count ? (ClaimVerdict.Supported, "the same within 5 %")
            : same == 0 ? (ClaimVerdict.NotSupported, "not the same within 5 %")
            : (ClaimVerdict.Inconclusive, string.Create(CultureInfo.InvariantCulture, $"{same} of {ratios.Count} pairs are the same within 5 %"));
        return new ClaimFinding(verdict, $"{found}: {reason}.", Figures(pairs, ratios, common.Count - pairs.Count), runs);
    }

    private static List<ClaimEvidence> Figures(List<(EvidenceRun Ours, EvidenceRun Theirs)> pairs, List<double> ratios, int left) =>
    [
        new("peak memory, LoRA-XS over LoRA, mean ratio", ratios.Average(), ratios.Min(), ratios.Max(), ratios.Count,
            Note: "Ends: smallest and largest pair." + (left > 0 ? $" {PaperNumbers.Count(left, "common seed")} left out: not measured, or not in the same way." : "")),
        new("peak memory of LoRA-XS, MiB", pairs.Average(pair => pair.Ours.PeakMemoryMb!.Value), N: pairs.Count, Note: Ranks(pairs[0].Ours)),
        new("peak memory of LoRA, MiB", pairs.Average(pair => pair.Theirs.PeakMemoryMb!.Value), N: pairs.Count, Note: Ranks(pairs[0].Theirs)),
    ];

    private static string Ranks(EvidenceRun run) => string.Create(CultureInfo.InvariantCulture, $"Rank {run.Document!.Spec.Rank}.");

    private static List<EvidenceRun> Runs(StudyEvidence evidence, string method) =>
        [.. evidence.Reported.Where(group => group.Arm.Method == method).SelectMany(group => group.Counted).DistinctBy(run => run.Run.Seed)];

    private static bool Measured(EvidenceRun run) => run is { OnCuda: true, PeakMemoryMb: > 0 };

    private static bool Alike(RunEnvironment first, RunEnvironment second) =>
        (first.DeviceName, first.Precision, first.MicroBatch, first.PackTokens, first.MemorySource) == (second.DeviceName, second.Precision, second.MicroBatch, second.PackTokens, second.MemorySource);
}
