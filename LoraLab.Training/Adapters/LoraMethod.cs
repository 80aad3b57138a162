using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Adapters;

/// <summary>A named preset of parametrisation, initialisation, learning-rate groups and scaling.</summary>
public abstract class LoraMethod
{
    /// <summary>What the method is and takes.</summary>
    public abstract MethodDescriptor Descriptor { get; }

    /// <summary>Id in a specification.</summary>
    public string Id => Descriptor.Id;

    /// <summary>The options with every default filled in; what is wrong is added to <paramref name="errors"/>.</summary>
    public abstract JsonObject Complete(JsonObject options, ICollection<FieldError> errors);

    /// <summary>An adapter for one layer; it may replace the layer's weight (PiSSA). Options must be valid.</summary>
    public abstract LowRankAdapter Create(LinearLayer layer, AdapterRequest request, JsonObject options);

    /// <summary>Learning rate of each factor at a schedule factor of 1, with the method's default where none is given.</summary>
    public virtual double LearningRate(RunSpec spec, AdapterFactor factor) => spec.LearningRate ?? Descriptor.DefaultLearningRate;

    /// <summary>Things worth knowing about a specification with this method that do not stop the run.</summary>
    public virtual IEnumerable<string> Warnings(RunSpec spec) => [];

    /// <summary>Trainable parameters of one layer by the closed form: r(in + out), or r² where only R is trained.</summary>
    public virtual long TrainableParameters(LinearShape shape, int rank) => (long)rank * (shape.In + shape.Out);

    /// <summary>What the adapter of one layer holds. Options must be valid.</summary>
    public virtual AdapterFootprint Footprint(LinearShape shape, int rank, JsonObject options) => new(TrainableParameters(shape, rank), 0);
}

/// <summary>A method whose options are a record with <see cref="MethodOptionAttribute"/>s.</summary>
public abstract class LoraMethod<TOptions> : LoraMethod
    where TOptions : class, new()
{
    private readonly Lazy<MethodDescriptor> _descriptor;

    /// <summary>Completes the descriptor with what follows from the options.</summary>
    protected LoraMethod() => _descriptor = new(() =>
    {
        IReadOnlyList<MethodOption> options = MethodOptions.Describe(typeof(TOptions));
        return Describe() with
        {
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
    public sealed override LowRankAdapter Create(LinearLayer layer, AdapterRequest request, JsonObject options) =>
        Create(layer, request, Read(options));

    /// <summary>Everything of the descriptor but the options.</summary>
    protected abstract MethodDescriptor Describe();

    /// <summary>An adapter for one layer.</summary>
    protected abstract LowRankAdapter Create(LinearLayer layer, AdapterRequest request, TOptions options);

    /// <summary>Valid options as a record.</summary>
    protected static TOptions Read(JsonObject options) => (TOptions)MethodOptions.Bind(typeof(TOptions), options, []);

    private static JsonObject ToJson(TOptions options) => JsonSerializer.SerializeToNode(options, ContractJson.Options)!.AsObject();
}
