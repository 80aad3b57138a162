using LoraLab.Contracts;
using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>A component of a run's peak memory in the form; the components sum to the total.</summary>
/// <param name="Key">The name in style sheets and tests.</param>
/// <param name="Name">The label.</param>
/// <param name="Mb">MiB.</param>
/// <param name="Description">What it consists of.</param>
internal sealed record MemoryPart(string Key, string Name, double Mb, string Description)
{
    /// <summary>Returns the components present at the peak.</summary>
    internal static IReadOnlyList<MemoryPart> From(MemoryEstimate estimate)
    {
        List<MemoryPart> parts =
        [
            new("weights", "Weights", estimate.WeightsMb, $"Frozen base weights in {estimate.Precision.ToString().ToLowerInvariant()}"
                + (estimate.BufferMb > 0 ? $", linear layers in {EnumWords.Of(estimate.BaseWeights)}" : "")),
            new("adapters", "Adapters", estimate.AdaptersMb, "Adapter factors in fp32"),
        ];
        if (estimate.Peak == MemoryPeak.Calibration)
        {
            parts.Add(new(
                "activations",
                "Calibration",
                estimate.CalibrationMb,
                "What is measured at the layers of one block, and the workspace of its factors"));
            parts.Add(new("process", "Process", estimate.ProcessMb + estimate.AllocatorMb, Overhead(estimate)));
            return parts;
        }

        parts.Add(
            new("optimizer", "Optimizer state", estimate.OptimizerMb, "Gradients and both AdamW moments in fp32"));
        if (estimate.Peak == MemoryPeak.TrainingStep)
        {
            bool head = estimate.LogitsMb >= estimate.BlockMb;
            parts.Add(new(
                "activations",
                "Activations",
                estimate.ActivationsMb + (head ? 0 : estimate.BlockMb),
                "Activations that all blocks save for the backward pass, plus the workspace of one block"));
            parts.Add(new(
                "logits",
                "Logits",
                head ? estimate.LogitsMb : 0,
                "Logits of one chunk of the loss; never in memory at the same time as a block's workspace"));
        }
        else
        {
            // On the CPU, the activation memory of training stays reserved during an evaluation.
            double reserved = estimate.Device == "cpu" ? estimate.TotalMb - Constant(estimate) - estimate.EvaluationMb : 0;
            parts.Add(new(
                "activations",
                "Activations",
                Math.Max(0, reserved),
                "Activation memory of training, which stays reserved during an evaluation"));
            parts.Add(new(
                "logits",
                "Evaluation pass",
                estimate.EvaluationMb,
                $"A pass of {NumberFormat.Count(estimate.EvaluationTokens)} tokens with its logits"));
        }

        parts.Add(new("process", "Process", estimate.ProcessMb + estimate.AllocatorMb + estimate.IndicesMb, Overhead(estimate)));
        return parts;
    }

    private static string Overhead(MemoryEstimate estimate) => estimate.Device == "cpu"
        ? "Runtime, libraries, data and heap overhead"
        : "The CUDA context and the indices of all passes";

    private static double Constant(MemoryEstimate estimate) =>
        estimate.WeightsMb + estimate.AdaptersMb + estimate.OptimizerMb + estimate.IndicesMb + estimate.ProcessMb + estimate.AllocatorMb;
}
