using LoraLab.Contracts.Runs;

namespace LoraLab.Web.Pages.NewRun;

/// <summary>A component of a run's peak memory as the form shows it; together they are the total.</summary>
/// <param name="Key">Name in style sheets and tests.</param>
/// <param name="Name">What it is called.</param>
/// <param name="Mb">MiB.</param>
/// <param name="What">What it consists of.</param>
internal sealed record MemoryPart(string Key, string Name, double Mb, string What)
{
    /// <summary>The components that are there at the moment of the peak.</summary>
    internal static IReadOnlyList<MemoryPart> Of(MemoryEstimate estimate)
    {
        List<MemoryPart> parts =
        [
            new("weights", "Weights", estimate.WeightsMb, $"The frozen base in {estimate.Precision.ToString().ToLowerInvariant()}"),
            new("adapters", "Adapters", estimate.AdaptersMb, "Factors in fp32"),
            new("optimizer", "Optimizer state", estimate.OptimizerMb, "Gradients and both moments of AdamW, in fp32"),
        ];
        if (estimate.Peak == MemoryPeak.TrainingStep)
        {
            bool head = estimate.LogitsMb >= estimate.BlockMb;
            parts.Add(new("activations", "Activations", estimate.ActivationsMb + (head ? 0 : estimate.BlockMb), "What all blocks keep for the way back, and the temporaries of one block"));
            parts.Add(new("logits", "Logits", head ? estimate.LogitsMb : 0, "Of one chunk of the loss; they and a block's temporaries are never there at once"));
        }
        else
        {
            // On the CPU what training keeps stays reserved while it evaluates.
            double reserved = estimate.Device == "cpu" ? estimate.TotalMb - Always(estimate) - estimate.EvaluationMb : 0;
            parts.Add(new("activations", "Activations", Math.Max(0, reserved), "What training keeps stays reserved during an evaluation"));
            parts.Add(new("logits", "Evaluation pass", estimate.EvaluationMb, $"A pass of {estimate.EvaluationTokens} tokens with its logits"));
        }

        parts.Add(new("process", "Process", estimate.ProcessMb + estimate.AllocatorMb + estimate.IndicesMb, estimate.Device == "cpu" ? "Runtime, libraries, data, and what the heap holds beside tensors" : "The driver's context, and indices of all passes"));
        return parts;
    }

    private static double Always(MemoryEstimate estimate) =>
        estimate.WeightsMb + estimate.AdaptersMb + estimate.OptimizerMb + estimate.IndicesMb + estimate.ProcessMb + estimate.AllocatorMb;
}
