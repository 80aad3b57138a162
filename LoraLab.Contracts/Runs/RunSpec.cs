using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;

namespace LoraLab.Contracts.Runs;

#pragma warning disable CS1591 // The attribute of a property is its documentation; docs/specification.md shows all of them.

/// <summary>
/// The run specification: the same JSON in the REST body, in a file for <c>train --spec</c>, in the stored document and in
/// the form. The defaults below are those of the contract.
/// </summary>
public record RunSpec
{
    [SpecField(
        SpecGroup.Identity, SpecRoles.Description, "Name", "Display name; null: generated from the method and its hyper-parameters.",
        MinLength = 1, MaxLength = TextLimits.Name, SetByStudy = "the study names its runs")]
    public string? Name { get; init; }

    [SpecField(
        SpecGroup.Identity, SpecRoles.Description, "Notes", "Free text, shown as text.",
        MaxLength = TextLimits.Notes, OwnControl = true)]
    public string? Notes { get; init; }

    [SpecField(
        SpecGroup.Identity, SpecRoles.Description, "Tags", "Separated by commas; the run table can be filtered by tag.",
        MaxLength = TextLimits.Tag, OwnControl = true)]
    [MaxLength(TextLimits.Tags)]
    public IReadOnlyList<string> Tags { get; init; } = [];

    [SpecField(
        SpecGroup.Identity, SpecRoles.Description, "Priority", "Priority in the queue; higher runs first.",
        NotSearched = "affects the queue only, not the results")]
    [Range(-TextLimits.Priority, TextLimits.Priority)]
    public int Priority { get; init; }

    [SpecField(
        SpecGroup.Identity, SpecRoles.Description, "Required labels",
        "Labels that a node must have to take the run, separated by commas; none: any node whose device fits.",
        MaxLength = TextLimits.Tag, Advanced = true, Placeholder = "any node",
        NotSearched = "decides where a run executes only, not its results")]
    [MaxLength(TextLimits.Tags)]
    public IReadOnlyList<string> Requires { get; init; } = [];

    [SpecField(
        SpecGroup.Data, SpecRoles.Steps | SpecRoles.Memory, "Model",
        "Name of a model folder under the configured roots; sample is bundled.",
        OwnControl = true, ProtocolTitle = "Model", SetByStudy = "it is a field of the study")]
    public string Model { get; init; } = "sample";

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Dataset",
        "Name of a dataset folder under the configured roots; sample is bundled.",
        OwnControl = true, ProtocolTitle = "Dataset", SetByStudy = "it is a field of the study")]
    public string Dataset { get; init; } = "sample";

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Method", "ID of a registered method, for example lora.",
        OwnControl = true, SetByStudy = "it is a field of each entry of methods")]
    public string Method { get; init; } = "lora";

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Rank r", "Rank r of the adapters.",
        Minimum = 1, ProtocolTitle = "Rank")]
    public int Rank { get; init; } = 8;

    [SpecField(
        SpecGroup.Method, SpecRoles.Method, "Alpha α", "Scaling s = α/r, or α/√r if rank-stabilized.",
        ExclusiveMinimum = 0, ProtocolTitle = "Alpha")]
    public double Alpha { get; init; } = 16;

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Dropout", "Applied to the adapter's input while training.",
        Minimum = 0, ExclusiveMaximum = 1, Advanced = true, ProtocolTitle = "Dropout")]
    public double Dropout { get; init; }

    [SpecField(SpecGroup.Method, SpecRoles.Method, "Rank-stabilized scaling, α/√r", "Scaling α/√r (rsLoRA).", Advanced = true)]
    public bool RankStabilized { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Target modules", "Linear layers that receive an adapter.",
        OwnControl = true, ProtocolTitle = "Target modules")]
    public TargetModules TargetModules { get; init; } = TargetModules.Of("q_proj", "v_proj");

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Layers",
        "Numbers, from 0, of the layers whose target modules receive an adapter.",
        Minimum = 0, Placeholder = "all layers", OrNull = "for all layers", Advanced = true,
        ProtocolTitle = "Layers", ProtocolIfSet = true)]
    public IReadOnlyList<int>? LayersToTransform { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Excluded modules",
        "Target modules without an adapter: module names or their ends.",
        MaxLength = TextLimits.ModuleName, Placeholder = "none", Advanced = true,
        ProtocolTitle = "Excluded modules", ProtocolIfSet = true)]
    [MaxLength(TextLimits.ModuleNames)]
    public IReadOnlyList<string>? ExcludeModules { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Ranks by module",
        "Ranks that differ from the run's, for example q_proj: 8; a key is the name of a module, the end of it, or a regular expression "
            + "for either. The first match counts.",
        Minimum = 1, MaxLength = TextLimits.ModuleName, Placeholder = "the rank for all", Advanced = true,
        ProtocolTitle = "Ranks by module", ProtocolIfSet = true)]
    public IReadOnlyDictionary<string, int>? RankPattern { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Method, "Alphas by module", "Alphas that differ from the run's, with keys as for the ranks.",
        ExclusiveMinimum = 0, MaxLength = TextLimits.ModuleName, Placeholder = "the alpha for all", Advanced = true,
        ProtocolTitle = "Alphas by module", ProtocolIfSet = true)]
    public IReadOnlyDictionary<string, double>? AlphaPattern { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Method | SpecRoles.Memory, "Method options", "Options of the method; see its descriptor.",
        OwnControl = true, NotSearched = "cannot be searched as a whole; search an option, for example methodOptions.lrRatio")]
    public JsonObject MethodOptions { get; init; } = [];

    [SpecField(
        SpecGroup.Method, SpecRoles.Method, "Start from an adapter", "Name of a PEFT adapter folder, or ID of a finished run.",
        OwnControl = true, Advanced = true, Placeholder = "the method's initialization")]
    public string? InitFrom { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method | SpecRoles.LearningRate, "Learning rate",
        "Learning rate (of A in LoRA+); null: the default of the method.",
        ExclusiveMinimum = 0, OwnControl = true)]
    public double? LearningRate { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method | SpecRoles.LearningRate, "Learning rate ηB",
        "Learning rate of B in LoRA+; null: lrRatio × ηA.",
        ExclusiveMinimum = 0, OwnControl = true, Placeholder = "lrRatio × ηA")]
    public double? LearningRateB { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method, "Schedule", "Learning rate after warmup.",
        ProtocolTitle = "Learning rate schedule")]
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method, "Warmup steps", "Steps W in which the learning rate rises.",
        Unit = "steps", Minimum = 0, Advanced = true, ProtocolTitle = "Warmup steps")]
    public int WarmupSteps { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method | SpecRoles.Steps, "Schedule horizon",
        "Optimizer steps S after which the schedule ends.",
        Unit = "steps", Minimum = 1, Placeholder = "the run's total", Advanced = true, ProtocolTitle = "Schedule horizon (steps)")]
    public int? ScheduleSteps { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method, "Weight decay", "Decoupled weight decay of AdamW.",
        Minimum = 0, Advanced = true, ProtocolTitle = "Weight decay")]
    public double WeightDecay { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Method, "Gradient clipping", "Maximum global norm of the gradient.",
        ExclusiveMinimum = 0, Placeholder = "off", OrNull = "to disable clipping", Advanced = true,
        ProtocolTitle = "Maximum gradient norm")]
    public double? MaxGradNorm { get; init; } = 1.0;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Steps, "Epochs", "Passes over the training sentences.",
        Minimum = 1, ProtocolTitle = "Epochs")]
    public int Epochs { get; init; } = 1;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Steps | SpecRoles.Memory, "Stop after", "Optimizer steps after which the run stops.",
        Unit = "steps", Minimum = 1, Placeholder = "all steps", ProtocolTitle = "Maximum optimizer steps")]
    public int? MaxSteps { get; init; }

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Training sentences",
        "A number above the row count means all rows.",
        Unit = "rows", Minimum = 1, ProtocolTitle = "Training sentences")]
    public int TrainSamples { get; init; } = 20000;

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Data seed", "Selects the subset.",
        Minimum = 0, Placeholder = "file order", OrNull = "for the file's order")]
    public long? DataSeed { get; init; } = 42;

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Data offset",
        "First row of the subset in the permutation.",
        Unit = "rows", Minimum = 0, Advanced = true)]
    public int DataOffset { get; init; }

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Seed | SpecRoles.Memory, "Order seed", "Order in which the subset is consumed.",
        Minimum = 0, Placeholder = "as selected", OrNull = "for the subset's order", Advanced = true,
        SetByStudy = "the study sets it to each of its seeds, so that runs are paired by seed")]
    public long? OrderSeed { get; init; }

    [SpecField(
        SpecGroup.Method, SpecRoles.Seed, "Seed", "Seed of the adapter's initial values and of dropout.",
        OwnControl = true, SetByStudy = "the study sets it to each of its seeds")]
    public long Seed { get; init; } = 42;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Steps | SpecRoles.Memory, "Effective batch", "Sentences per optimizer step.",
        Unit = "sentences", Minimum = 1, ProtocolTitle = "Effective batch size")]
    public int EffectiveBatch { get; init; } = 16;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Memory | SpecRoles.GradientNeutral, "Micro-batch",
        "auto, or sentences per forward pass; 1 is the reference path.",
        Unit = "sentences", Minimum = 1, Advanced = true)]
    public MicroBatch MicroBatch { get; init; } = MicroBatch.Auto;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Memory | SpecRoles.GradientNeutral, "Tokens per pass",
        "Maximum tokens per forward pass, without padding and with the shared prefix counted once.",
        Unit = "tokens", Minimum = 1, Placeholder = "as memory allows", OrNull = "to fit the available memory", Advanced = true)]
    public int? PackTokens { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Memory | SpecRoles.GradientNeutral, "Recompute",
        "blocks: save only the output of each block, and compute the rest again in the backward pass; auto: if the run does not fit "
            + "otherwise.",
        Advanced = true)]
    public Recompute Recompute { get; init; } = Recompute.Auto;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Memory | SpecRoles.GradientNeutral, "Optimizer state",
        "Where the moments of the optimizer are: device, or host, from which they are moved to a GPU in parts.",
        Advanced = true)]
    public OptimizerState OptimizerState { get; init; } = OptimizerState.Device;

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Memory, "Prompt",
        "Name of a prompt, or a template with columns of the dataset in braces and “ {label}”; null: the dataset's own.",
        OwnControl = true, Placeholder = "the dataset's own", ProtocolTitle = "Prompt", FormerDefault = "paper-literal")]
    public string? Prompt { get; init; }

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Memory, "Chat template",
        "chatml, llama3, zephyr, gemma or mistral; null: the model's own.",
        MinLength = 1, Placeholder = "the model's own", Advanced = true, ProtocolTitle = "Chat template", ProtocolIfSet = true)]
    public string? ChatTemplate { get; init; }

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Memory, "Trim trailing space of sentences",
        "Trim trailing space of each text of a row.",
        Advanced = true)]
    public bool StripSentence { get; init; }

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Rows that are too long",
        "Refuse the run, drop them, or truncate their text.",
        Advanced = true, ProtocolTitle = "Rows that are too long", ProtocolIfSet = true)]
    public TooLong TooLong { get; init; } = TooLong.Refuse;

    [SpecField(
        SpecGroup.Data, SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Maximum tokens per row",
        "A row with its prompt and label that has more is too long.",
        Unit = "tokens", Minimum = 1, Placeholder = "the model's context", OrNull = "for the model's context", Advanced = true,
        ProtocolTitle = "Maximum tokens per row", ProtocolIfSet = true)]
    public int? MaxTokens { get; init; }

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Data | SpecRoles.Memory, "Loss on",
        "full: all tokens; completion: from the label or the completion on.",
        ProtocolTitle = "Loss scope")]
    public LossScope LossScope { get; init; } = LossScope.Full;

    [SpecField(
        SpecGroup.Optimization, SpecRoles.Data | SpecRoles.Memory, "Loss weighting",
        "Mean over the window's sentences, or over its target tokens.",
        Advanced = true, ProtocolTitle = "Loss weighting")]
    public LossWeighting LossWeighting { get; init; } = LossWeighting.PerExampleMean;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation | SpecRoles.Steps, "Evaluate every", "Optimizer steps between evaluations.",
        Unit = "steps", Minimum = 1, ProtocolTitle = "Steps between evaluations")]
    public int EvalEvery { get; init; } = 50;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Steps, "Early stopping patience",
        "Evaluations in a row, without a value of the run's primary metric better than every earlier one, after which the run stops; "
            + "a tie is no improvement, and the evaluation before the first step counts as the first value.",
        Unit = "evaluations", Minimum = 1, Placeholder = "off", OrNull = "to take all steps", Advanced = true,
        ProtocolTitle = "Early stopping (evaluations without improvement)", ProtocolIfSet = true)]
    public int? EarlyStopPatience { get; init; }

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation | SpecRoles.Data | SpecRoles.Steps | SpecRoles.Memory, "Evaluation rows",
        "Rows from the start of the split.",
        Unit = "rows", Minimum = 1, Placeholder = "all", OrNull = "for all rows", ProtocolTitle = "Evaluation rows")]
    public int? EvalSamples { get; init; }

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation | SpecRoles.Data | SpecRoles.Memory, "Evaluate on",
        "selection: held-out training rows.",
        ProtocolTitle = "Evaluation split",
        SetByStudy = "the study evaluates grids on the selection split and reports on dev; with \"selection\": "
            + "\"none\", all runs are evaluated on dev",
        NotSearched = "is selection in every run of a sweep: selecting on the reported rows would bias the reported result")]
    public EvalSplit EvalSplit { get; init; } = EvalSplit.Dev;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation, "Score of a label",
        "Log-probability of the label's tokens: their sum, or their mean.",
        Advanced = true, ProtocolTitle = "Score of a label", ProtocolIfSet = true)]
    public LabelScore LabelScore { get; init; } = LabelScore.Sum;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation | SpecRoles.Memory, "Rows with generation",
        "First evaluation rows for which a text is generated and compared with the reference.",
        Unit = "rows", Minimum = 0, Advanced = true, ProtocolTitle = "Rows with generation", ProtocolIfSet = true)]
    public int GenerateSamples { get; init; }

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Evaluation | SpecRoles.Memory, "Tokens to generate",
        "Maximum tokens of a generated text.",
        Unit = "tokens", Minimum = 1, Advanced = true, ProtocolTitle = "Tokens to generate", ProtocolIfSet = true)]
    public int GenerateTokens { get; init; } = 64;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Device | SpecRoles.Memory, "Base weight precision", "Precision of the frozen base weights.",
        Advanced = true, ProtocolTitle = "Base weight precision")]
    public Precision Precision { get; init; } = Precision.Auto;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Base | SpecRoles.Memory, "Base weights",
        "Form of the frozen weights of the linear layers: asStored, or quantized while loading to four bits, nf4 or nf4-double.",
        Advanced = true, ProtocolTitle = "Base weights", ProtocolIfSet = true)]
    public BaseWeights BaseWeights { get; init; } = BaseWeights.AsStored;

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Device | SpecRoles.Memory | SpecRoles.GradientNeutral, "Device",
        "auto, cpu, cuda or cuda:N.",
        Advanced = true)]
    public string Device { get; init; } = "auto";

    [SpecField(
        SpecGroup.Evaluation, SpecRoles.Device | SpecRoles.Memory | SpecRoles.GradientNeutral, "Memory budget",
        "A run that needs more ends before its first step.",
        Unit = "MiB", Minimum = 1, Placeholder = "server default")]
    public int? MemoryBudgetMb { get; init; }
}
