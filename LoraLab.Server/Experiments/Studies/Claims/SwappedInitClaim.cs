using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Server.Experiments.Studies.Claims;

/// <summary>"Swapped initialisation converges faster or allows larger rates."</summary>
internal sealed class SwappedInitClaim : IPaperClaim
{
    private const string Method = "lora-swapped";

    /// <summary>A rate still works where its cell is within this of the method's best.</summary>
    private const double Works = 0.01;

    public ClaimDescriptor Descriptor { get; } = new(
        "swapped-init",
        "LoRA with swapped initialisation converges faster than LoRA, or allows larger learning rates.",
        AreaComparison.Quantity + " Beside it the largest learning rate whose cell is within one point of the method's best on the selection split.",
        AreaComparison.MarginText + " A larger working rate, seen in one run a cell, keeps the claim from being refuted and does not support it.",
        AreaComparison.MinimumText);

    public ClaimFinding Judge(StudyEvidence evidence)
    {
        ClaimFinding faster = AreaComparison.Of(evidence, Method);
        (double? swapped, double? plain) = (LargestWorking(evidence.Arm(Method)), LargestWorking(evidence.Arm("lora")));
        if (faster.Verdict == ClaimVerdict.NotRun || swapped is not double ours || plain is not double theirs)
        {
            return faster;
        }

        bool larger = ours > theirs && !LearningRates.Same(ours, theirs);
        string words = string.Create(
            CultureInfo.InvariantCulture,
            $" On the selection split rates up to {PaperNumbers.Setting(ours)} work, for LoRA up to {PaperNumbers.Setting(theirs)} (one run a cell).");
        return faster with
        {
            Verdict = faster.Verdict == ClaimVerdict.NotSupported && larger ? ClaimVerdict.Inconclusive : faster.Verdict,
            Reading = faster.Reading + words,
            Evidence =
            [
                .. faster.Evidence,
                new ClaimEvidence($"largest working rate, {evidence.Arm(Method)!.Label}", ours, N: 1, Note: Top(evidence.Arm(Method)!, ours)),
                new ClaimEvidence($"largest working rate, {evidence.Arm("lora")!.Label}", theirs, N: 1, Note: Top(evidence.Arm("lora")!, theirs)),
            ],
        };
    }

    private static double? LargestWorking(StudyArm? arm)
    {
        List<(double Rate, double Accuracy)> cells = [.. Cells(arm)];
        return cells.Count == 0 ? null : cells.Where(cell => cell.Accuracy >= cells.Max(other => other.Accuracy) - Works).Max(cell => cell.Rate);
    }

    private static IEnumerable<(double Rate, double Accuracy)> Cells(StudyArm? arm) => (arm?.Cells ?? [])
        .Where(cell => cell.Accuracy is not null && Rate(cell.Settings) is not null)
        .Select(cell => (Rate(cell.Settings)!.Value, cell.Accuracy!.Value));

    private static double? Rate(JsonObject settings) =>
        settings["learningRate"] is { } rate && double.TryParse(SpecDifferences.Canonical(rate), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;

    private static string? Top(StudyArm arm, double rate) =>
        LearningRates.Same(Cells(arm).Max(cell => cell.Rate), rate) ? "The largest that was tried: larger ones may work too." : null;
}
