using static TorchSharp.torch;

namespace LoraLab.Training.Models.Packed;

/// <summary>
/// Preallocated CPU memory for the activations that blocks save for the backward pass: one tensor per dtype, as large as the largest pass
/// so far. On the C library's heap, temporaries and activations that live until the backward pass would be interleaved; every window has
/// passes of different sizes, so the gaps fit nothing and the resident set grows from step to step. Copying costs about 1% of a block's
/// time.
/// </summary>
internal sealed class ActivationArena(int blocks) : IDisposable
{
    // Views start on cache lines.
    private const long Alignment = 64;
    private readonly Dictionary<ScalarType, Tensor> _buffers = [];
    private readonly Dictionary<ScalarType, long> _used = [];

    /// <summary>Bytes used by the current pass, including alignment padding.</summary>
    public long UsedBytes => _used.Sum(type => type.Value * _buffers[type.Key].ElementSize);

    /// <summary>Starts a pass; the activations saved by the previous one may be overwritten.</summary>
    public void Begin() => _used.Clear();

    /// <summary>
    /// Copies a block's saved activations into the arena and returns the views, which the current dispose scope owns. Room is
    /// made for as much in every block of a pass as the first saves.
    /// </summary>
    public Tensor[] Save(Tensor[] saved)
    {
        if (_used.Count == 0)
        {
            foreach (IGrouping<ScalarType, Tensor> type in saved.GroupBy(tensor => tensor.dtype))
            {
                Reserve(type.Key, blocks * type.Sum(tensor => Aligned(tensor.numel())));
            }
        }

        return [.. saved.Select(CopyIn)];
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

    private Tensor CopyIn(Tensor tensor)
    {
        long elements = tensor.numel();
        if (elements == 0)
        {
            return tensor;
        }

        // A block of larger ranks than the first saves more; what does not fit stays in the heap.
        if (!_used.TryGetValue(tensor.dtype, out long start) || start + Aligned(elements) > _buffers[tensor.dtype].numel())
        {
            return tensor;
        }

        _used[tensor.dtype] = start + Aligned(elements);
        using Tensor flat = _buffers[tensor.dtype].narrow(0, start, elements);
        Tensor view = flat.view(tensor.shape);
        view.copy_(tensor);
        return view;
    }

    private static long Aligned(long elements) => (elements + Alignment - 1) / Alignment * Alignment;
}
