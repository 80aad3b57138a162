using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Index and weight arrays of many passes, collected on the host and uploaded to the device once, as one tensor each. A run's
/// indices take about sixty bytes per token; uploading them per pass would cost a transfer and a synchronization every step.
/// </summary>
public sealed class IndexArena : IDisposable
{
    private readonly List<long> _indices = [];
    private readonly List<float> _weights = [];
    private Tensor? _deviceIndices;
    private Tensor? _deviceWeights;

    /// <summary>Bytes on the device.</summary>
    public long Bytes =>
        ((_deviceIndices?.numel() ?? _indices.Count) * sizeof(long)) + ((_deviceWeights?.numel() ?? _weights.Count) * sizeof(float));

    /// <summary>Appends indices and returns their range.</summary>
    public Range AddIndices(IEnumerable<int> values)
    {
        int start = _indices.Count;
        _indices.AddRange(values.Select(value => (long)value));
        return start.._indices.Count;
    }

    /// <summary>Appends weights and returns their range.</summary>
    public Range AddWeights(IEnumerable<double> values)
    {
        int start = _weights.Count;
        _weights.AddRange(values.Select(value => (float)value));
        return start.._weights.Count;
    }

    /// <summary>Uploads everything to the device; nothing can be appended afterwards.</summary>
    public IndexArena Upload(Device device)
    {
        _deviceIndices = Send(tensor(_indices.ToArray(), dtype: int64));
        _deviceWeights = Send(tensor(_weights.ToArray(), dtype: float32));
        _indices.Clear();
        _indices.TrimExcess();
        _weights.Clear();
        _weights.TrimExcess();
        return this;

        Tensor Send(Tensor host)
        {
            Tensor sent = host.to(device).DetachFromDisposeScope();
            if (!ReferenceEquals(sent, host))
            {
                host.Dispose();
            }

            return sent;
        }
    }

    /// <summary>A view of indices, int64.</summary>
    public Tensor Indices(Range range) => View(_deviceIndices!, range);

    /// <summary>A view of weights, fp32.</summary>
    public Tensor Weights(Range range) => View(_deviceWeights!, range);

    /// <inheritdoc />
    public void Dispose()
    {
        _deviceIndices?.Dispose();
        _deviceWeights?.Dispose();
    }

    private static Tensor View(Tensor all, Range range) => all.narrow(0, range.Start.Value, range.End.Value - range.Start.Value);
}
