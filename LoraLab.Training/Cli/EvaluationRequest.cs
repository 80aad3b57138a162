using LoraLab.Contracts.Runs;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;
using LoraLab.Training.Training;

namespace LoraLab.Training.Cli;

/// <summary>What the command <c>evaluate</c> was asked for; null: taken from the run that trained the adapter, else the default.</summary>
/// <param name="Adapter">PEFT adapter folder or ID of a run; null: the base model.</param>
/// <param name="Model">Model by name.</param>
/// <param name="Dataset">Dataset by name.</param>
/// <param name="Prompt">Prompt preset or template.</param>
/// <param name="Samples">First rows of the split.</param>
/// <param name="Split">Evaluation split.</param>
internal sealed record EvaluationRequest(
    string? Adapter, string? Model, string? Dataset, string? Prompt, int? Samples, EvalSplit? Split)
{
    /// <summary>An evaluation needs at least one training row.</summary>
    private static readonly RunSpec _untrained = new() { Rank = 1, TrainSamples = 1 };

    /// <summary>Chat template.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Targets whose loss is measured.</summary>
    public LossScope? LossScope { get; init; }

    /// <summary>Number of first rows for which a text is generated.</summary>
    public int? GenerateSamples { get; init; }

    /// <summary>Score by which a label is predicted.</summary>
    public LabelScore? LabelScore { get; init; }

    /// <summary>
    /// Returns the specification whose evaluation answers the request, the fingerprint of the adapter's run, and the folder of the model if
    /// that run trained all weights.
    /// </summary>
    /// <exception cref="RunFailure">The adapter cannot be used, or an option is invalid.</exception>
    public (RunSpec Spec, RunFingerprint? Trained, string? Model) Resolve(TrainerServices services)
    {
        if (Samples < 1)
        {
            throw RunFailure.BadData($"--samples is {Samples}; it must be at least 1.", "samples");
        }

        if (Adapter is null)
        {
            return (Evaluated(_untrained), null, null);
        }

        if (services.Adapters.FindModel(Adapter) is string model)
        {
            return Model is null && AdapterOrigin.Spec(model) is RunSpec full
                ? (Evaluated(full), AdapterOrigin.Fingerprint(model), model)
                : throw RunFailure.BadData($"--model: {Adapter} trained all weights, so that it has a model of its own; omit it.", "model");
        }

        string folder = services.Adapters.Find(Adapter);
        RunSpec? trained = AdapterOrigin.Spec(folder);
        PeftAdapter adapter = services.Adapters.Describe(Adapter);
        RunSpec spec = Evaluated(trained ?? _untrained with { Model = AdapterOption.BaseModel(services, folder, Model) });
        return (
            AdapterLayers.Of(spec with { InitFrom = Adapter }, adapter, services.Models.Find(spec.Model).Config),
            AdapterOrigin.Fingerprint(folder),
            null);
    }

    /// <summary>The model of the request with its data, prepared for the evaluation.</summary>
    /// <exception cref="RunFailure">The adapter cannot be used, or an option is invalid.</exception>
    public PreparedRun Prepare(TrainerServices services, out RunFingerprint? trained)
    {
        (RunSpec spec, trained, string? model) = Resolve(services);
        RunPreparation preparation = services.Preparation();
        using IDisposable pins = preparation.Pin(trained);
        // A newly initialized LoRA adapter changes nothing, so a model without an adapter needs no code path of its own.
        PreparedRun run = preparation.Prepare(spec, CancellationToken.None, read: preparation.Read(spec, model, Calibrated(services)));
        if (Adapter is not null && model is null)
        {
            QuantizedResidual.Restore(AdapterOrigin.Spec(services.Adapters.Find(Adapter)), run.Model.Linears);
        }

        return run;
    }

    /// <summary>The run of the adapter if it is of the same dataset, on rows of which it may have calibrated; null: it is not.</summary>
    private RunSpec? Calibrated(TrainerServices services) =>
        Adapter is not null && services.Adapters.FindModel(Adapter) is null
            && AdapterOrigin.Spec(services.Adapters.Find(Adapter)) is RunSpec trained && (Dataset ?? trained.Dataset) == trained.Dataset
            ? trained
            : null;

    /// <summary>
    /// A specification with the evaluation of <paramref name="trained"/> and nothing of its training; the method is that of the adapter's
    /// files (<see cref="AdapterLayers"/>).
    /// </summary>
    private RunSpec Evaluated(RunSpec trained)
    {
        // The training rows stay: the selection split consists of others, and the warnings of the run are about them.
        return trained with
        {
            Model = Model ?? trained.Model,
            Dataset = Dataset ?? trained.Dataset,
            Prompt = Prompt ?? trained.Prompt,
            EvalSplit = Split ?? trained.EvalSplit,
            EvalSamples = Samples ?? trained.EvalSamples,
            ChatTemplate = ChatTemplate ?? trained.ChatTemplate,
            LossScope = LossScope ?? trained.LossScope,
            GenerateSamples = GenerateSamples ?? trained.GenerateSamples,
            LabelScore = LabelScore ?? trained.LabelScore,
            OrderSeed = null,
            Method = "lora",
            MethodOptions = [],
            Dropout = 0,
            LearningRate = null,
            LearningRateB = null,
            WarmupSteps = 0,
            ScheduleSteps = null,
            MaxSteps = null,
            Epochs = 1,
            MicroBatch = MicroBatch.Auto,
            PackTokens = null,
            Device = "auto",
            MemoryBudgetMb = null,
        };
    }
}
