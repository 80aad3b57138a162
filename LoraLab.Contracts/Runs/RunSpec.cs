using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// The run specification: the same JSON in the REST body, in a file for <c>train --spec</c>, in the stored document and in
/// the form. The defaults below are those of the contract.
/// </summary>
public sealed record RunSpec
{
    /// <summary>Display name; null: generated from the method and its hyper-parameters.</summary>
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    public string? Notes { get; init; }

    /// <summary>Tags to filter by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Queue priority; higher runs first.</summary>
    public int Priority { get; init; }

    /// <summary>Name of a model folder under the configured roots; <c>sample</c> is bundled.</summary>
    public string Model { get; init; } = "sample";

    /// <summary>Name of a dataset folder under the configured roots; <c>sample</c> is bundled.</summary>
    public string Dataset { get; init; } = "sample";

    /// <summary>Id of a registered method, for example <c>lora</c>.</summary>
    public string Method { get; init; } = "lora";

    /// <summary>Rank r of the adapters.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>Alpha; the scaling is alpha / rank, or alpha / sqrt(rank) with <see cref="RankStabilized"/>.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Dropout on the adapter branch's input while training, in [0, 1).</summary>
    public double Dropout { get; init; }

    /// <summary>Scaling alpha / sqrt(rank) (rsLoRA).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Linear layers that get an adapter.</summary>
    public TargetModules TargetModules { get; init; } = TargetModules.Of("q_proj", "v_proj");

    /// <summary>Options of the method; see its descriptor.</summary>
    public JsonObject MethodOptions { get; init; } = [];

    /// <summary>
    /// Name of a PEFT adapter folder or id of a finished run that provides the initial adapter; null: the method's initialization.
    /// </summary>
    public string? InitFrom { get; init; }

    /// <summary>Learning rate (of A in LoRA+); null: the method's default.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Learning rate of B in LoRA+; null: lrRatio times <see cref="LearningRate"/>.</summary>
    public double? LearningRateB { get; init; }

    /// <summary>Learning-rate schedule.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>Warmup steps W.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Horizon S of the schedule; null: the run's total steps T.</summary>
    public int? ScheduleSteps { get; init; }

    /// <summary>Decoupled weight decay of AdamW.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Maximum global gradient norm for clipping; null: off.</summary>
    public double? MaxGradNorm { get; init; } = 1.0;

    /// <summary>Epochs over the training sentences.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Number of optimizer steps after which to stop; null: all.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Number of training sentences in the subset, capped at the size of the dataset.</summary>
    public int TrainSamples { get; init; } = 20000;

    /// <summary>Seed of the permutation that selects the subset; null: file order.</summary>
    public long? DataSeed { get; init; } = 42;

    /// <summary>First position of the subset in the permutation.</summary>
    public int DataOffset { get; init; }

    /// <summary>Seed of the training order of the subset; null: the order of selection.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Seed of the adapter's initial values and of dropout.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Sentences per optimizer step.</summary>
    public int EffectiveBatch { get; init; } = 16;

    /// <summary>Sentences per forward pass, or <c>auto</c>; the gradient does not depend on it.</summary>
    public MicroBatch MicroBatch { get; init; } = MicroBatch.Auto;

    /// <summary>
    /// Maximum tokens per forward pass, without padding and with the shared prefix counted once; null: what the memory can hold, usually a
    /// whole window. The gradient does not depend on it.
    /// </summary>
    public int? PackTokens { get; init; }

    /// <summary>Name of a prompt, or a template with <c>{sentence}</c> and <c> {label}</c>.</summary>
    public string Prompt { get; init; } = "paper-literal";

    /// <summary>Trim trailing spaces of the sentences.</summary>
    public bool StripSentence { get; init; }

    /// <summary>Tokens that are targets of the loss.</summary>
    public LossScope LossScope { get; init; } = LossScope.Full;

    /// <summary>Weighting of the token losses in a window.</summary>
    public LossWeighting LossWeighting { get; init; } = LossWeighting.PerExampleMean;

    /// <summary>Number of optimizer steps between evaluations.</summary>
    public int EvalEvery { get; init; } = 50;

    /// <summary>Number of rows to evaluate, from the start of the split; null: all.</summary>
    public int? EvalSamples { get; init; }

    /// <summary>Rows that are evaluated.</summary>
    public EvalSplit EvalSplit { get; init; } = EvalSplit.Dev;

    /// <summary>Precision of the frozen base weights.</summary>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Memory budget in MiB; null: the server's.</summary>
    public int? MemoryBudgetMb { get; init; }
}
