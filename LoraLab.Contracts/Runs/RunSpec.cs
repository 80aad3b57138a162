using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

/// <summary>
/// The run specification: the same JSON in the REST body, in a file for <c>train --spec</c>, in the stored document and in
/// the form. The defaults below are the defaults of the contract.
/// </summary>
public sealed record RunSpec
{
    /// <summary>Display name; null: made from the treatment.</summary>
    public string? Name { get; init; }

    /// <summary>Free text, shown as text.</summary>
    public string? Notes { get; init; }

    /// <summary>Labels to filter by.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Higher goes first in the queue.</summary>
    public int Priority { get; init; }

    /// <summary>Name of a model folder under the configured roots; <c>sample</c> is bundled.</summary>
    public string Model { get; init; } = "sample";

    /// <summary>Name of a data set folder under the configured roots; <c>sample</c> is bundled.</summary>
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

    /// <summary>Options of the method; its descriptor says which.</summary>
    public JsonObject MethodOptions { get; init; } = [];

    /// <summary>A PEFT adapter folder's name or a finished run's id to start from; null: the method's own initialisation.</summary>
    public string? InitFrom { get; init; }

    /// <summary>Learning rate (of A in LoRA+); null: the method's default.</summary>
    public double? LearningRate { get; init; }

    /// <summary>Learning rate of B in LoRA+; null: lrRatio times <see cref="LearningRate"/>.</summary>
    public double? LearningRateB { get; init; }

    /// <summary>Learning-rate schedule.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>Warm-up steps W.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Horizon S of the schedule; null: the run's own number of steps T.</summary>
    public int? ScheduleSteps { get; init; }

    /// <summary>Decoupled weight decay of AdamW.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Clip the global gradient norm to this; null: off.</summary>
    public double? MaxGradNorm { get; init; } = 1.0;

    /// <summary>Passes over the training sentences.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Stop after this many optimizer steps; null: all.</summary>
    public int? MaxSteps { get; init; }

    /// <summary>Training sentences in the subset; more than there are means all.</summary>
    public int TrainSamples { get; init; } = 20000;

    /// <summary>Seed of the permutation that picks the subset; null: file order.</summary>
    public long? DataSeed { get; init; } = 42;

    /// <summary>First position of the subset in the permutation.</summary>
    public int DataOffset { get; init; }

    /// <summary>Seed of the order in which the subset is consumed; null: the subset's own order.</summary>
    public long? OrderSeed { get; init; }

    /// <summary>Seed of the adapter's initial values and of dropout.</summary>
    public long Seed { get; init; } = 42;

    /// <summary>Sentences per optimizer step.</summary>
    public int EffectiveBatch { get; init; } = 16;

    /// <summary>Sentences per forward pass, or <c>auto</c>; the gradient does not depend on it.</summary>
    public MicroBatch MicroBatch { get; init; } = MicroBatch.Auto;

    /// <summary>
    /// Tokens per forward pass at most, padding not counted and what the sentences have in common at their beginning counted once; null:
    /// what the memory holds, usually a whole window. The gradient does not depend on it.
    /// </summary>
    public int? PackTokens { get; init; }

    /// <summary>Name of a prompt or a template with <c>{sentence}</c> and <c> {label}</c>.</summary>
    public string Prompt { get; init; } = "paper-literal";

    /// <summary>Trim the data's trailing space.</summary>
    public bool StripSentence { get; init; }

    /// <summary>Which tokens are targets.</summary>
    public LossScope LossScope { get; init; } = LossScope.Full;

    /// <summary>How token losses are weighted within a window.</summary>
    public LossWeighting LossWeighting { get; init; } = LossWeighting.PerExampleMean;

    /// <summary>Evaluate every so many optimizer steps.</summary>
    public int EvalEvery { get; init; } = 50;

    /// <summary>The first N rows of the evaluation split; null: all.</summary>
    public int? EvalSamples { get; init; }

    /// <summary>Which rows are evaluated.</summary>
    public EvalSplit EvalSplit { get; init; } = EvalSplit.Dev;

    /// <summary>Precision of the frozen base weights.</summary>
    public Precision Precision { get; init; } = Precision.Auto;

    /// <summary><c>auto</c>, <c>cpu</c>, <c>cuda</c> or <c>cuda:N</c>.</summary>
    public string Device { get; init; } = "auto";

    /// <summary>Memory budget in MiB; null: the server's.</summary>
    public int? MemoryBudgetMb { get; init; }
}
