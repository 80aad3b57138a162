namespace LoraLab.Contracts.Runs;

/// <summary>
/// The memory that a run is expected to need at most, MiB, by components. The peak is
/// weights + adapters + optimizer + indices + process + allocator + the larger of a training pass and an evaluation pass.
/// </summary>
public sealed record MemoryEstimate
{
    /// <summary>Frozen weights on the device, with the copies that a method puts in their place.</summary>
    public double WeightsMb { get; init; }

    /// <summary>Factors in fp32, frozen ones too.</summary>
    public double AdaptersMb { get; init; }

    /// <summary>Gradients and both moments of the factors that are trained, in fp32.</summary>
    public double OptimizerMb { get; init; }

    /// <summary>What all blocks keep of the largest training pass until the way back.</summary>
    public double ActivationsMb { get; init; }

    /// <summary>Temporaries of one block of that pass, forward or backward.</summary>
    public double BlockMb { get; init; }

    /// <summary>Logits of one chunk, their gradient, and the rows that they are made of.</summary>
    public double LogitsMb { get; init; }

    /// <summary>The largest evaluation pass, which keeps nothing of its own; on the CPU what training keeps stays reserved meanwhile.</summary>
    public double EvaluationMb { get; init; }

    /// <summary>Indices and weights of every pass of the run.</summary>
    public double IndicesMb { get; init; }

    /// <summary>On the CPU the process itself: runtime, libraries, data; on a GPU the driver's context.</summary>
    public double ProcessMb { get; init; }

    /// <summary>
    /// On the CPU what the C library's heap, the library's kernels for each size of pass and the runtime hold beside live tensors: the one
    /// component that is measured and not counted.
    /// </summary>
    public double AllocatorMb { get; init; }

    /// <summary>Peak of the training steps: what a run reports as <c>peakMemoryMb</c>.</summary>
    public double TrainingMb { get; init; }

    /// <summary>The peak of the whole run: of the training steps or of the evaluations, whichever is larger.</summary>
    public double TotalMb { get; init; }

    /// <summary>Which of them it is.</summary>
    public MemoryPeak Peak { get; init; }

    /// <summary>Budget, MiB; null: none.</summary>
    public int? BudgetMb { get; init; }

    /// <summary>Whether the peak is within the budget; true without one.</summary>
    public bool Fits { get; init; }

    /// <summary>One sentence that says what would fit; null where the run does.</summary>
    public string? Advice { get; init; }

    /// <summary>Changes each of which makes the run fit by this same estimate; empty where it does, and where none was found.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Tokens of the largest training pass, those that its sentences have in common counted once.</summary>
    public int PassTokens { get; init; }

    /// <summary>Sentences of that pass.</summary>
    public int PassSentences { get; init; }

    /// <summary>Tokens of the largest evaluation pass.</summary>
    public int EvaluationTokens { get; init; }

    /// <summary>Limit of tokens a pass that was used: the specification's, or what the memory holds; null: a whole window.</summary>
    public int? PackTokens { get; init; }

    /// <summary>Precision of the frozen weights.</summary>
    public Precision Precision { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";
}

/// <summary>What a run's peak memory is.</summary>
public enum MemoryPeak
{
    /// <summary>A training step.</summary>
    TrainingStep,

    /// <summary>An evaluation.</summary>
    Evaluation,
}
