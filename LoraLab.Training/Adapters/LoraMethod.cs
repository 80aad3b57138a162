using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters.Calibration;
using static TorchSharp.torch;

namespace LoraLab.Training.Adapters;

/// <summary>A named preset of parametrization, initialization, learning rates and scaling.</summary>
public abstract class LoraMethod
{
    /// <summary>How the adapters of methods that take factors from the base are exported.</summary>
    protected const string ExportOfChangedBase = "Rank 2r on the original base: lora_A = [A; A₀], lora_B = [B, −B₀], with α increased so "
        + "that s is unchanged. When asked, as it was trained: A and B of rank r, on W − s·B₀·A₀, with A₀ and B₀ in the folder initial.";

    /// <summary>Description of the method and its options.</summary>
    public abstract MethodDescriptor Descriptor { get; }

    /// <summary>Id in a specification.</summary>
    public string Id => Descriptor.Id;

    /// <summary>Whether the weights of the model are trained themselves, all of them, so that there are no adapters.</summary>
    public virtual bool TrainsWeights => false;

    /// <summary>The factors of a layer that are trained.</summary>
    public virtual IReadOnlyList<AdapterFactor> Trained => [AdapterFactor.A, AdapterFactor.B];

    /// <summary>The other factors of a layer.</summary>
    public virtual IReadOnlyList<AdapterFactor> Frozen => TakesFromBase ? [AdapterFactor.ExtractedA, AdapterFactor.ExtractedB] : [];

    /// <summary>Whether the starting factors are subtracted from the base weight, which then is W − s·B₀·A₀.</summary>
    public virtual bool TakesFromBase => false;

    /// <summary>
    /// PEFT's <c>init_lora_weights</c> of adapters whose factors were subtracted from the base, from which only this method can start;
    /// null: it has none.
    /// </summary>
    public virtual string? PeftInitialization => null;

    /// <summary>How its adapters look in PEFT's files.</summary>
    public virtual PeftLayout Peft => PeftLayout.Lora;

    /// <summary>How the optimizer updates the method's parameters.</summary>
    public virtual AdamWSettings Optimizer => AdamWSettings.Default;

    /// <summary>Whether a rank above a layer's smaller dimension makes sense, because few parameters depend on it (VeRA).</summary>
    public virtual bool AllowsLargeRanks => false;

    /// <summary>
    /// Whether the method calibrates on training rows before training; its options then say which (<see cref="CalibrationOptions"/>).
    /// </summary>
    public virtual bool Calibrates => false;

    /// <summary>
    /// PEFT's <c>init_lora_weights</c> of adapters with these options that are saved as they were trained, on W − s·B₀·A₀; null: the base
    /// is not changed, so that they are saved no other way. Options must be valid.
    /// </summary>
    public virtual string? InitializationIn(JsonObject options) => PeftInitialization;

    /// <summary>The keys of <c>adapter_config.json</c> that PEFT requires beside that initialization. Options must be valid.</summary>
    public virtual JsonObject InitializationSettings(JsonObject options) => [];

    /// <summary>Returns the options with all defaults filled in; invalid ones are reported in <paramref name="errors"/>.</summary>
    public abstract JsonObject Complete(JsonObject options, ICollection<FieldError> errors);

    /// <summary>Creates the adapter of one layer; it may replace the layer's weight (PiSSA). Options must be valid.</summary>
    public abstract Adapter Create(LinearLayer layer, AdapterRequest request, JsonObject options);

    /// <summary>
    /// The adapter of one layer with stored tensors instead of initial ones; it may replace the layer's weight. Options must be valid.
    /// </summary>
    /// <param name="layer">The layer, which still has its original weight.</param>
    /// <param name="request">Scaling and dropout.</param>
    /// <param name="options">Options.</param>
    /// <param name="inBranch">Where extracted factors are subtracted; see <see cref="ExtractedFactors"/>.</param>
    /// <param name="stored">Returns a new tensor for a full name, or null if there is none.</param>
    public virtual Adapter Restore(
        LinearLayer layer, AdapterRequest request, JsonObject options, bool inBranch, Func<string, Tensor?> stored) =>
        AdapterFactors.Rebuild(layer, request, inBranch, stored);

    /// <summary>
    /// Creates the adapter of one layer from given factors, which it owns; they are subtracted from the base where the method's own are.
    /// Options must be valid.
    /// </summary>
    /// <param name="layer">The layer with its original weight.</param>
    /// <param name="request">Scaling and dropout.</param>
    /// <param name="a_RI">Input-side factor, [r, in], fp32.</param>
    /// <param name="b_OR">Output-side factor, [out, r], fp32.</param>
    /// <param name="options">The method's options.</param>
    /// <param name="start">
    /// Factors to subtract in their place, which the adapter owns: those with which the training of the given ones began; null: none.
    /// </param>
    public virtual LowRankAdapter CreateFrom(
        LinearLayer layer,
        AdapterRequest request,
        Tensor a_RI,
        Tensor b_OR,
        JsonObject options,
        (Tensor A_RI, Tensor B_OR)? start = null) =>
        WithFactors(layer, request, a_RI, b_OR, SubtractsInBranch(options), start: start);

    /// <summary>
    /// Whether factors taken from the base are subtracted in the branch instead of from the weight. Options must be valid.
    /// </summary>
    public virtual bool SubtractsInBranch(JsonObject options) => false;

    /// <summary>Whether the layers may have different ranks, up to <see cref="ComponentsNeeded"/>. Options must be valid.</summary>
    public virtual bool RanksDiffer(JsonObject options) => false;

    /// <summary>What the method measures on these rows; null: nothing. Options must be valid.</summary>
    public virtual Calibrator? Calibrator(AdapterRequest request, JsonObject options) => null;

    /// <summary>
    /// Number of singular components or directions of a layer that the method needs, of which it has min(out, in); the rank for most.
    /// </summary>
    public virtual int ComponentsNeeded(int rank, JsonObject options) => rank;

    /// <summary>
    /// Peak learning rate of a tensor, by its name within the layer; the method's default if the specification gives none.
    /// </summary>
    public virtual double LearningRate(RunSpec spec, string part) => spec.LearningRate ?? Descriptor.DefaultLearningRate;

    /// <summary>
    /// Returns the valid options of a specification with the defaults that follow from its other fields and from the number of steps;
    /// combinations that the method cannot train are reported in <paramref name="errors"/>.
    /// </summary>
    public abstract JsonObject CompleteFor(RunSpec spec, int steps, ICollection<FieldError> errors);

    /// <summary>
    /// The options of a complete specification whose rank becomes smaller, which fit that rank: the same for most.
    /// </summary>
    public virtual JsonObject OptionsOfSmallerRank(JsonObject options, int rank) => options;

    /// <summary>What the method does around the optimizer steps of a run; null: nothing.</summary>
    /// <param name="spec">Valid specification.</param>
    /// <param name="adapters">The adapters, whose trained tensors have their gradients assigned.</param>
    /// <param name="steps">Steps of the run.</param>
    public virtual StepHooks? Hooks(RunSpec spec, IReadOnlyList<Adapter> adapters, int steps) => null;

    /// <summary>Warnings about a valid specification with this method.</summary>
    public virtual IEnumerable<string> Warnings(RunSpec spec) => [];

    /// <summary>What is wrong with a specification whose fields and options are valid by themselves.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="layers">The linear layers of a block that receive an adapter.</param>
    public virtual IEnumerable<FieldError> Problems(RunSpec spec, IReadOnlyList<LinearShape> layers) => [];

    /// <summary>What is wrong with the ranks of a specification whose fields and options are valid by themselves.</summary>
    /// <param name="spec">The specification.</param>
    /// <param name="ranks">Ranks of all layers that receive an adapter, at least one.</param>
    public virtual IEnumerable<FieldError> RankProblems(RunSpec spec, IReadOnlyList<int> ranks) => [];

    /// <summary>The tensors of the adapter of one layer. Options must be valid.</summary>
    public virtual IReadOnlyList<AdapterTensorShape> Tensors(LinearShape shape, int rank, JsonObject options) =>
    [
        .. Trained.Select(factor => new AdapterTensorShape(factor.Name(), factor.Shape(shape, rank), Trained: true)),
        .. Frozen.Select(factor => new AdapterTensorShape(factor.Name(), factor.Shape(shape, rank), Trained: false)),
    ];

    /// <summary>Number of trainable parameters of one layer. Options must be valid.</summary>
    public long TrainableParameters(LinearShape shape, int rank, JsonObject options) =>
        Tensors(shape, rank, options).Where(tensor => tensor.Trained).Sum(tensor => tensor.Values);

    /// <summary>Memory footprint of the adapter of one layer. Options must be valid.</summary>
    public virtual AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) =>
        new(
            TrainableParameters(shape, rank, options),
            Tensors(shape, rank, options).Where(tensor => tensor is { Trained: false, Shared: false }).Sum(tensor => tensor.Values))
        {
            Rank = rank,
            Shared = [.. Tensors(shape, rank, options).Where(tensor => tensor.Shared)],
            MiddleOnly = !Trained.Contains(AdapterFactor.A),
            SecondBranch = TakesFromBase && SubtractsInBranch(options),
            ReplacesWeight = TakesFromBase && !SubtractsInBranch(options),
        };

    /// <summary>The adapter with given factors, which it owns, subtracted from the base where the method takes from it.</summary>
    private protected LowRankAdapter WithFactors(
        LinearLayer layer,
        AdapterRequest request,
        Tensor a_RI,
        Tensor b_OR,
        bool inBranch,
        string? svd = null,
        (Tensor A_RI, Tensor B_OR)? start = null)
    {
        using IDisposable noGrad = no_grad();
        if (TakesFromBase && !inBranch)
        {
            BaseResidual.Subtract(layer, start?.A_RI ?? a_RI, start?.B_OR ?? b_OR, request.Scaling);
        }

        LowRankAdapter adapter = new(layer.Name, a_RI, b_OR, request.Scaling, request.DropoutRate) { Svd = svd };
        return TakesFromBase
            ? adapter.WithExtracted(start is (Tensor startA_RI, Tensor startB_OR)
                ? new ExtractedFactors(startA_RI, startB_OR, inBranch)
                : new ExtractedFactors(
                    a_RI.detach().clone().DetachFromDisposeScope(), b_OR.detach().clone().DetachFromDisposeScope(), inBranch))
            : adapter;
    }
}

/// <summary>A method whose options are a record annotated with <see cref="MethodOptionAttribute"/>.</summary>
public abstract class LoraMethod<TOptions> : LoraMethod
    where TOptions : class, new()
{
    private readonly Lazy<MethodDescriptor> _descriptor;

    /// <summary>Adds the options, their schema and their defaults to the descriptor.</summary>
    protected LoraMethod() => _descriptor = new(() =>
    {
        IReadOnlyList<MethodOption> options = MethodOptions.Describe(typeof(TOptions));
        return Describe() with
        {
            ChangesBase = TakesFromBase,
            TrainsWeights = TrainsWeights,
            Options = options,
            OptionsSchema = MethodOptions.Schema(options),
            Defaults = ToJson(new TOptions()),
        };
    });

    /// <inheritdoc />
    public sealed override MethodDescriptor Descriptor => _descriptor.Value;

    /// <inheritdoc />
    public sealed override JsonObject Complete(JsonObject options, ICollection<FieldError> errors) =>
        ToJson((TOptions)MethodOptions.Bind(typeof(TOptions), options, errors));

    /// <inheritdoc />
    public sealed override Adapter Create(LinearLayer layer, AdapterRequest request, JsonObject options) =>
        Create(layer, request, Read(options));

    /// <inheritdoc />
    public sealed override JsonObject CompleteFor(RunSpec spec, int steps, ICollection<FieldError> errors)
    {
        ArgumentNullException.ThrowIfNull(spec);
        return ToJson(Complete(Read(spec.MethodOptions), spec, steps, errors));
    }

    /// <summary>The descriptor without the options.</summary>
    protected abstract MethodDescriptor Describe();

    /// <summary>Creates the adapter of one layer.</summary>
    protected abstract Adapter Create(LinearLayer layer, AdapterRequest request, TOptions options);

    /// <summary>The options with the defaults that follow from a specification and its steps; see <see cref="CompleteFor"/>.</summary>
    protected virtual TOptions Complete(TOptions options, RunSpec spec, int steps, ICollection<FieldError> errors) => options;

    /// <summary>Converts valid options to the record.</summary>
    protected static TOptions Read(JsonObject options) => (TOptions)MethodOptions.Bind(typeof(TOptions), options, []);

    /// <summary>Converts the record to options.</summary>
    protected static JsonObject ToJson(TOptions options) => JsonSerializer.SerializeToNode(options, ContractJson.Options)!.AsObject();
}
