namespace LoraLab.Contracts.Runs;

/// <summary>Where a run's memory peaks.</summary>
public enum MemoryPeak
{
    /// <summary>A training step.</summary>
    TrainingStep,

    /// <summary>An evaluation.</summary>
    Evaluation,

    /// <summary>The calibration before training.</summary>
    Calibration,
}

/// <summary>
/// Estimated peak memory of a run by component, MiB. The peak is
/// weights + adapters + optimizer + indices + process + allocator + the larger of a training pass and an evaluation pass, or that of the
/// calibration, if it is larger.
/// </summary>
public sealed record MemoryEstimate
{
    /// <summary>Frozen weights on the device, including modified copies made by a method.</summary>
    public double WeightsMb { get; init; }

    /// <summary>Of the weights, the linear layers of the blocks: in the run's precision, or in four bits with their block maxima.</summary>
    public double LinearsMb { get; init; }

    /// <summary>Of the weights, the memory in which one layer in four bits is turned back into numbers; 0: none is in four bits.</summary>
    public double BufferMb { get; init; }

    /// <summary>Of the weights, embeddings, norms and head.</summary>
    public double HeadMb { get; init; }

    /// <summary>Factors in fp32, including frozen ones.</summary>
    public double AdaptersMb { get; init; }

    /// <summary>Gradients and both moments of the trained factors, in fp32.</summary>
    public double OptimizerMb { get; init; }

    /// <summary>Activations that all blocks save for the backward pass of the largest training pass.</summary>
    public double ActivationsMb { get; init; }

    /// <summary>Workspace of one block in that pass, forward or backward.</summary>
    public double BlockMb { get; init; }

    /// <summary>Logits of one chunk, their gradient and the hidden states they are computed from.</summary>
    public double LogitsMb { get; init; }

    /// <summary>
    /// Largest evaluation pass, which saves no activations; on the CPU, the training activations stay reserved meanwhile.
    /// </summary>
    public double EvaluationMb { get; init; }

    /// <summary>
    /// Calibration before training, which needs weights, adapters and process besides, on a GPU the allocator too; 0: the method does not
    /// calibrate.
    /// </summary>
    public double CalibrationMb { get; init; }

    /// <summary>Indices and weights of every pass of the run.</summary>
    public double IndicesMb { get; init; }

    /// <summary>
    /// On the CPU, the process itself: runtime, libraries, data; on a GPU, the CUDA context, which a run measures and an estimate assumes.
    /// </summary>
    public double ProcessMb { get; init; }

    /// <summary>
    /// Memory held besides live tensors. On the CPU by the C heap, the tensor library's kernels for each pass size, and the runtime: the
    /// only component that is measured rather than counted. On a GPU by the tensor library's pool: an assumed share of the activations.
    /// </summary>
    public double AllocatorMb { get; init; }

    /// <summary>Peak of the training steps, reported by a run as <c>peakMemoryMb</c>.</summary>
    public double TrainingMb { get; init; }

    /// <summary>Peak of the whole run: the largest of the training, evaluation and calibration peaks.</summary>
    public double TotalMb { get; init; }

    /// <summary>Where the peak occurs.</summary>
    public MemoryPeak Peak { get; init; }

    /// <summary>Budget, MiB; null: none.</summary>
    public int? BudgetMb { get; init; }

    /// <summary>True if the peak is within the budget or there is none.</summary>
    public bool Fits { get; init; }

    /// <summary>How to make the run fit, in one sentence; null: it fits.</summary>
    public string? Advice { get; init; }

    /// <summary>Changes, each of which makes the run fit according to this estimate; empty if it fits or none was found.</summary>
    public IReadOnlyList<RunSuggestion> Suggestions { get; init; } = [];

    /// <summary>Tokens of the largest training pass, with the shared prefix counted once.</summary>
    public int PassTokens { get; init; }

    /// <summary>Sentences of that pass.</summary>
    public int PassSentences { get; init; }

    /// <summary>Tokens of the largest evaluation pass.</summary>
    public int EvaluationTokens { get; init; }

    /// <summary>Limit of tokens per pass: the specification's, or what the memory can hold; null: a whole window.</summary>
    public int? PackTokens { get; init; }

    /// <summary>Precision of the frozen weights.</summary>
    public Precision Precision { get; init; }

    /// <summary>Form of the weights of the linear layers.</summary>
    public BaseWeights BaseWeights { get; init; }

    /// <summary>What is computed again in the backward pass.</summary>
    public Recompute Recompute { get; init; }

    /// <summary><c>cpu</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "cpu";
}
