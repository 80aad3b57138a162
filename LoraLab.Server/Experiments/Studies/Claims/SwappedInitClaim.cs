using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Metrics;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>The claim "swapped initialization converges faster or allows larger learning rates".</summary>
internal sealed class SwappedInitClaim : IPaperClaim
{
    private const string Method = "lora-swapped";

    /// <summary>A learning rate works if the accuracy of its cell is within this distance of the method's best.</summary>
    private const double Tolerance = 0.01;

    public ClaimDescriptor Descriptor { get; } = new(
        "swapped-init",
        "LoRA with swapped initialization converges faster than LoRA, or allows larger learning rates.",
        AreaComparison.Quantity + " Also the largest working learning rate: the largest whose cell is within one percentage point of the "
            + "method's best on the selection split.",
        AreaComparison.MarginText + " A larger working learning rate, observed in one run per cell, "
            + "prevents the claim from being refuted but does not support it.",
        AreaComparison.MinimumText)
    {
        Metric = MetricKeys.EvalAccuracy,
    };

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        ClaimFinding faster = AreaComparison.Of(evidence, Method);
        (double? swapped, double? plain) = (LargestWorking(evidence.Arm(Method)), LargestWorking(evidence.Arm("lora")));
        if (faster.Verdict == ClaimVerdict.NotRun || swapped is not double ours || plain is not double theirs)
        {
            return faster;
        }

        bool larger = ours > theirs && !LearningRates.Same(ours, theirs);
        string rates = string.Create(
            CultureInfo.InvariantCulture,
            $" On the selection split, learning rates up to {NumberFormat.Setting(ours)} work, and up to "
                + $"{NumberFormat.Setting(theirs)} for LoRA (one run per cell).");
        return faster with
        {
            Verdict = faster.Verdict == ClaimVerdict.NotSupported && larger ? ClaimVerdict.Inconclusive : faster.Verdict,
            Reading = faster.Reading + rates,
            Evidence =
            [
                .. faster.Evidence,
                new ClaimEvidence(
                    $"largest working learning rate, {evidence.Arm(Method)!.Label}",
                    ours,
                    N: 1,
                    Note: EdgeNote(evidence.Arm(Method)!, ours)),
                new ClaimEvidence(
                    $"largest working learning rate, {evidence.Arm("lora")!.Label}",
                    theirs,
                    N: 1,
                    Note: EdgeNote(evidence.Arm("lora")!, theirs)),
            ],
        };
    }

    private static double? LargestWorking(StudyArm? arm)
    {
        List<(double Rate, double Accuracy)> cells = [.. Cells(arm)];
        return cells.Count == 0
            ? null
            : cells.Where(cell => cell.Accuracy >= cells.Max(other => other.Accuracy) - Tolerance).Max(cell => cell.Rate);
    }

    private static IEnumerable<(double Rate, double Accuracy)> Cells(StudyArm? arm) => (arm?.Cells ?? [])
        .Where(cell => cell.Accuracy is not null && Rate(cell.Settings) is not null)
        .Select(cell => (Rate(cell.Settings)!.Value, cell.Accuracy!.Value));

    private static double? Rate(JsonObject settings) =>
        settings["learningRate"] is { } rate
            && double.TryParse(SpecDifferences.Canonical(rate), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
            ? value
            : null;

    private static string? EdgeNote(StudyArm arm, double rate) =>
        LearningRates.Same(Cells(arm).Max(cell => cell.Rate), rate) ? "The largest value tried; larger ones may also work." : null;
}
