namespace LoraLab.Training.Adapters.Pruning;

/// <summary>When and how far triplets are pruned, and how their importance is averaged. Steps count from 0.</summary>
public sealed record TripletPruning
{
    /// <summary>Nothing is pruned up to this step.</summary>
    public required int FirstStep { get; init; }

    /// <summary>Step of the last pruning; what it leaves stays.</summary>
    public required int LastStep { get; init; }

    /// <summary>Steps between two prunings.</summary>
    public required int Interval { get; init; }

    /// <summary>Mean rank of the layers at the end.</summary>
    public required int TargetRank { get; init; }

    /// <summary>β₁: weight of the past in the mean importance.</summary>
    public required double MeanWeight { get; init; }

    /// <summary>β₂: weight of the past in the uncertainty of the importance.</summary>
    public required double UncertaintyWeight { get; init; }

    /// <summary>Weight of the regularization that keeps A and B orthogonal.</summary>
    public required double OrthogonalWeight { get; init; }

    /// <summary>Whether triplets are pruned after a step.</summary>
    public bool PrunesAt(int step) => step == LastStep || (step > FirstStep && step < LastStep && step % Interval == 0);

    /// <summary>How many triplets remain after a pruning: falls with the third power of the steps that are left (PEFT's AdaLoRA).</summary>
    /// <param name="step">Step of the pruning.</param>
    /// <param name="start">Triplets of all layers at the start.</param>
    /// <param name="target">Triplets of all layers at the end.</param>
    public long Budget(int step, long start, long target)
    {
        if (step == LastStep)
        {
            return target;
        }

        double left = 1 - ((double)(step - FirstStep) / (LastStep - FirstStep));
        return (long)(((start - target) * Math.Pow(left, 3)) + target);
    }
}
