using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Where blocks leave what they keep for the way back, on the CPU: one tensor of each type, as large as the largest pass so far. The C
/// library's heap would serve what lives for an instant and what lives until the way back from the same place; every window has passes
/// of other sizes, the gaps fit nothing, and the resident set grows from step to step. Copying costs a hundredth of a block.
/// </summary>
internal sealed class ActivationArena(int blocks) : IDisposable
{
    // Views begin at whole cache lines.
    private const long Alignment = 64;
    private readonly Dictionary<ScalarType, Tensor> _buffers = [];
    private readonly Dictionary<ScalarType, long> _used = [];

    /// <summary>Bytes taken by the pass, what aligns them included.</summary>
    public long UsedBytes => _used.Sum(type => type.Value * _buffers[type.Key].ElementSize);

    /// <summary>A pass begins: what was kept of the one before is not used any more.</summary>
    public void Begin() => _used.Clear();

    /// <summary>Copies of what a block keeps; the current dispose scope owns these views. Every block of a pass keeps as much as the first.</summary>
    public Tensor[] Keep(Tensor[] saved)
    {
        if (_used.Count == 0)
        {
            foreach (IGrouping<ScalarType, Tensor> type in saved.GroupBy(tensor => tensor.dtype))
            {
                Reserve(type.Key, blocks * type.Sum(tensor => Aligned(tensor.numel())));
            }
        }

        return [.. saved.Select(Place)];
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (Tensor buffer in _buffers.Values)
        {
            buffer.Dispose();
        }
    }

    private void Reserve(ScalarType type, long elements)
    {
        _used[type] = 0;
        if (_buffers.TryGetValue(type, out Tensor? buffer))
        {
            if (buffer.numel() >= elements)
            {
                return;
            }

            buffer.Dispose();
        }

        _buffers[type] = empty(elements, type).DetachFromDisposeScope();
    }

    private Tensor Place(Tensor tensor)
    {
        long start = _used[tensor.dtype];
        _used[tensor.dtype] = start + Aligned(tensor.numel());
        using Tensor flat = _buffers[tensor.dtype].narrow(0, start, tensor.numel());
        Tensor place = flat.view(tensor.shape);
        place.copy_(tensor);
        return place;
    }

    private static long Aligned(long elements) => (elements + Alignment - 1) / Alignment * Alignment;
}
