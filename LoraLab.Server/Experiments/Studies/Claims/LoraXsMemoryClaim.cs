using System.Globalization;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "LoRA-XS has the same memory footprint as LoRA".</summary>
internal sealed class LoraXsMemoryClaim : IPaperClaim
{
    private const double Margin = 0.05;

    public ClaimDescriptor Descriptor { get; } = new(
        "lora-xs-memory",
        "LoRA-XS has the same memory footprint as LoRA.",
        "Ratio of the peak memory over the training steps, LoRA-XS over LoRA, paired by seed.",
        "Equivalence: the ratio of every pair lies within the margin of 5%, between 0.95 and 1.05.",
        "One pair of finished runs on the same CUDA device, with the same precision, sentences and tokens per pass, "
            + "and source of the memory measurement.");

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        List<EvidenceRun> ours = Runs(evidence, "lora-xs");
        List<EvidenceRun> theirs = Runs(evidence, "lora");
        if (ours.Count == 0 || theirs.Count == 0)
        {
            return ClaimFinding.NotRun("LoRA-XS and LoRA do not both have a finished run on the reported split.");
        }

        List<EvidenceRun> runs = [.. ours, .. theirs];
        if (runs.All(run => !run.OnCuda))
        {
            return ClaimFinding.NotRun("memory is compared on CUDA only, and these runs used "
                + $"{string.Join(" and ", runs.Select(run => run.Environment?.Device ?? "an unknown device").Distinct())}.") with
            {
                Runs = runs,
            };
        }

        List<(EvidenceRun Ours, EvidenceRun Theirs)> common =
            [.. ours.Join(theirs, run => run.Run.Seed, run => run.Run.Seed, (mine, other) => (mine, other))];
        List<(EvidenceRun Ours, EvidenceRun Theirs)> pairs = [.. common.Where(pair =>
            Measured(pair.Ours) && Measured(pair.Theirs) && SameConditions(pair.Ours.Environment!, pair.Theirs.Environment!))];
        if (pairs.Count == 0)
        {
            return new ClaimFinding(
                ClaimVerdict.Inconclusive,
                "no seed has a measurement of both methods on the same CUDA device under the same conditions.",
                [],
                runs);
        }

        List<double> ratios = [.. pairs.Select(pair => pair.Ours.PeakMemoryMb!.Value / pair.Theirs.PeakMemoryMb!.Value)];
        // Compared in MiB: a ratio of exactly 1.05 would exceed 1.05 by rounding.
        int same = pairs.Count(pair =>
            Math.Abs(pair.Ours.PeakMemoryMb!.Value - pair.Theirs.PeakMemoryMb!.Value) <= Margin * pair.Theirs.PeakMemoryMb.Value);
        string found = $"over {NumberFormat.Count(pairs.Count, "pair")}, the peak memory of LoRA-XS is {PaperNumbers.Ratio(ratios.Min())} "
            + $"to {PaperNumbers.Ratio(ratios.Max())} that of LoRA";
        (ClaimVerdict verdict, string reason) = same == ratios.Count ? (ClaimVerdict.Supported, "equal within 5%")
            : same == 0 ? (ClaimVerdict.NotSupported, "not equal within 5%")
            : (
                ClaimVerdict.Inconclusive,
                string.Create(CultureInfo.InvariantCulture, $"{same} of {ratios.Count} pairs are equal within 5%"));
        return new ClaimFinding(verdict, $"{found}: {reason}.", Figures(pairs, ratios, common.Count - pairs.Count), runs);
    }

    private static List<ClaimEvidence> Figures(List<(EvidenceRun Ours, EvidenceRun Theirs)> pairs, List<double> ratios, int excluded) =>
    [
        new("peak memory ratio, LoRA-XS over LoRA, mean over pairs", ratios.Average(), ratios.Min(), ratios.Max(), ratios.Count,
            Note: "Bounds: smallest and largest ratio." + (excluded > 0
                ? $" {NumberFormat.Count(excluded, "common seed")} excluded: not measured, or under different conditions."
                : "")),
        new(
            "peak memory of LoRA-XS (MiB)",
            pairs.Average(pair => pair.Ours.PeakMemoryMb!.Value),
            N: pairs.Count,
            Note: RankNote(pairs[0].Ours)),
        new(
            "peak memory of LoRA (MiB)",
            pairs.Average(pair => pair.Theirs.PeakMemoryMb!.Value),
            N: pairs.Count,
            Note: RankNote(pairs[0].Theirs)),
    ];

    private static string RankNote(EvidenceRun run) => string.Create(CultureInfo.InvariantCulture, $"Rank {run.Document!.Spec.Rank}.");

    private static List<EvidenceRun> Runs(StudyEvidence evidence, string method) =>
        [.. evidence.Reported.Where(group => group.Arm.Method == method).SelectMany(group => group.Counted)
            .DistinctBy(run => run.Run.Seed)];

    private static bool Measured(EvidenceRun run) => run is { OnCuda: true, PeakMemoryMb: > 0 };

    private static bool SameConditions(RunEnvironment first, RunEnvironment second) =>
        (first.DeviceName, first.Precision, first.MicroBatch, first.PackTokens, first.MemorySource) == (second.DeviceName, second.Precision,
            second.MicroBatch, second.PackTokens, second.MemorySource);
}
