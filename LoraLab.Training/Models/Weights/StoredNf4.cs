using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch;
using LoraLab.Training.Torch.Quantization;
using static TorchSharp.torch;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Weights in the form in which bitsandbytes saves NF4: packed codes under the name of the weight, and beside it block maxima, code book
/// and a description of both.
/// </summary>
/// <param name="weights">The checkpoint; the caller keeps ownership.</param>
internal sealed class StoredNf4(CheckpointWeights weights)
{
    private const string StateMark = ".quant_state.";
    private const string State = StateMark + "bitsandbytes__nf4";
    private const string MaximaPart = ".absmax", Book = ".quant_map", GroupMaximaPart = ".nested_absmax", GroupBook = ".nested_quant_map";

    private static readonly string[] _parts = [State, MaximaPart, Book, GroupMaximaPart, GroupBook];

    private readonly Dictionary<string, Description> _states = [];

    /// <summary>Whether a checkpoint has a weight in this form.</summary>
    public static bool Has(CheckpointWeights weights) => weights.Names.Any(name => name.EndsWith(State, StringComparison.Ordinal));

    /// <summary>Whether a tensor belongs to the weight of another name.</summary>
    public static bool IsPart(string name) => Array.Exists(_parts, part => name.EndsWith(part, StringComparison.Ordinal));

    /// <summary>Whether a weight is in this form.</summary>
    public bool Has(string name) => weights.Has(name + State);

    /// <summary>Shape of a weight in this form.</summary>
    public IReadOnlyList<long> Shape(string name) => Read(name).Shape;

    /// <summary>Requires that a weight is in this form, complete and of a shape.</summary>
    /// <exception cref="RunFailure">It is not; field <c>model</c>.</exception>
    public void Require(string name, IReadOnlyList<long> shape)
    {
        Description state = Read(name);
        if (state.QuantType != "nf4" || state.BlockSize != Nf4.BlockSize || state.NestedBlockSize is not (null or NestedMaxima.GroupSize))
        {
            throw Refused(name, $"is in {state.QuantType} with blocks of {state.BlockSize}"
                + (state.NestedBlockSize is int nested ? $" and groups of {nested}" : "") + ", but LoraLab reads NF4 with blocks of 64 and "
                + "groups of 256; use the model from which it was quantized");
        }

        if (!state.Shape.SequenceEqual(shape))
        {
            throw Refused(name, $"has shape [{string.Join(", ", state.Shape)}], but config.json requires [{string.Join(", ", shape)}]; use "
                + "weights that belong to config.json");
        }

        long values = shape[0] * shape[1];
        long blocks = Nf4.Blocks(values);
        RequireSize(name, "", "U8", (values + 1) / 2);
        RequireSize(name, Book, "F32", Nf4.Values.Length);
        if (state.NestedBlockSize is null)
        {
            RequireSize(name, MaximaPart, "F32", blocks);
        }
        else
        {
            RequireSize(name, MaximaPart, "U8", blocks);
            RequireSize(name, GroupMaximaPart, "F32", NestedMaxima.Groups(blocks));
            RequireSize(name, GroupBook, "F32", NestedMaxima.Values.Length);
        }
    }

    /// <summary>Loads a weight that was required; the caller owns it.</summary>
    /// <exception cref="RunFailure">Its code book is another, or a block maximum is not finite.</exception>
    public QuantizedWeight Load(string name, ScalarType dtype, Device device)
    {
        using IDisposable scope = NewDisposeScope();
        Description state = Read(name);
        RequireBook(name, Book, Nf4.Values);
        Tensor codes = Raw(name).to(device).DetachFromDisposeScope();
        if (state.NestedBlockSize is null)
        {
            Tensor maxima = weights.Read(name + MaximaPart).flatten().to(device).DetachFromDisposeScope();
            return new(codes, maxima, null, (state.Shape[0], state.Shape[1]), dtype);
        }

        RequireBook(name, GroupBook, NestedMaxima.Values);
        NestedMaxima nested = new(
            Raw(name + MaximaPart).to(device).DetachFromDisposeScope(),
            weights.Read(name + GroupMaximaPart).flatten().to(device).DetachFromDisposeScope(),
            (float)state.NestedOffset);
        return new(codes, null, nested, (state.Shape[0], state.Shape[1]), dtype);
    }

    private Description Read(string name)
    {
        if (_states.TryGetValue(name, out Description? known))
        {
            return known;
        }

        if (!weights.Has(name + State))
        {
            string? other = weights.Names.FirstOrDefault(part => part.StartsWith(name + StateMark, StringComparison.Ordinal));
            throw Refused(name, other is not null
                ? $"is in another form ('{Excerpt.Of(other[(other.LastIndexOf('.') + 1)..])}') than NF4; use the model from which it was "
                    + "quantized"
                : "is not in NF4, but others are; use weights that have one form");
        }

        try
        {
            using IDisposable scope = NewDisposeScope();
            string json = Encoding.UTF8.GetString(Raw(name + State).bytes);
            Description state = JsonSerializer.Deserialize<Description>(json)!;
            return _states[name] = state.Shape.Count == 2 && double.IsFinite(state.NestedOffset)
                ? state
                : throw new JsonException("its shape is not that of a matrix");
        }
        catch (Exception problem) when (problem is JsonException or NotSupportedException)
        {
            throw Refused(name + State, $"cannot be read ({Excerpt.Of(JsonText.Problem(problem))}); download the model again");
        }
    }

    private void RequireSize(string name, string part, string dtype, long count)
    {
        if (!weights.Has(name + part))
        {
            throw Refused(name + part, "is missing; download the model again");
        }

        long found = weights.Shape(name + part).Aggregate(1L, (product, size) => product * size);
        if (weights.Dtype(name + part) != dtype || found != count)
        {
            throw Refused(name + part, $"has {found} values of dtype {weights.Dtype(name + part)}, but the weight requires {count} "
                + $"of {dtype}; download the model again");
        }
    }

    private void RequireBook(string name, string part, ReadOnlySpan<float> expected)
    {
        using IDisposable scope = NewDisposeScope();
        if (!TensorReader.Floats(weights.Read(name + part)).AsSpan().SequenceEqual(expected))
        {
            throw Refused(name + part, "is another code book than that of NF4 in bitsandbytes; use the model from which it was quantized");
        }
    }

    private Tensor Raw(string name)
    {
        StoredTensor stored = weights.Find(name);
        return stored.File.ToTensor(stored.Name).flatten();
    }

    private RunFailure Refused(string name, string reason) =>
        RunFailure.BadData($"Tensor '{Excerpt.Of(name)}' in {weights.Folder} {reason}.", "model");

    private sealed record Description
    {
        [JsonPropertyName("quant_type")]
        public required string QuantType { get; init; }

        [JsonPropertyName("blocksize")]
        public required int BlockSize { get; init; }

        [JsonPropertyName("shape")]
        public required IReadOnlyList<long> Shape { get; init; }

        [JsonPropertyName("nested_blocksize")]
        public int? NestedBlockSize { get; init; }

        [JsonPropertyName("nested_offset")]
        public double NestedOffset { get; init; }
    }
}
