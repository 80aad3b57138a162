using LoraLab.Training.Files.Safetensors;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Reads tensors piece by piece into two buffers that a GPU can copy from by itself: while one is copied, the other is filled.
/// </summary>
/// <param name="device">Where the pieces go.</param>
/// <param name="bytes">Size of a buffer.</param>
internal sealed class StagedReads(torch.Device device, int bytes) : IDisposable
{
    /// <summary>Large enough that a copy's start costs nothing beside it.</summary>
    public const int DefaultBytes = 32 << 20;

    private readonly Dictionary<torch.ScalarType, torch.Tensor[]> _buffers = [];
    private int _next;

    /// <summary>Receives a piece, which it may copy asynchronously, and the index of its first element.</summary>
    public delegate void Visitor(torch.Tensor piece, long first);

    /// <summary>Visits a tensor's pieces in order.</summary>
    public void ForEach(SafetensorsFile file, SafetensorsEntry entry, torch.ScalarType dtype, Visitor visit)
    {
        long size = dtype.ElementSize();
        long elements = entry.Length / size;
        long atOnce = bytes / size;
        torch.Tensor[] buffers = Buffers(dtype, atOnce);
        for (long first = 0; first < elements; first += atOnce)
        {
            using torch.Tensor piece = buffers[_next].narrow(0, 0, Math.Min(atOnce, elements - first));
            _next ^= 1;
            file.ReadExactly(piece.bytes, entry.Offset + (first * size));
            // Here, not before the read: the copy of the piece before, out of the other buffer, went on meanwhile. It is finished
            // from here on, so that the next read may overwrite that buffer.
            Synchronize();
            visit(piece, first);
        }
    }

    /// <summary>Waits for the last copies and gives the buffers back.</summary>
    public void Dispose()
    {
        if (_buffers.Count > 0)
        {
            Synchronize();
        }

        foreach (torch.Tensor buffer in _buffers.Values.SelectMany(pair => pair))
        {
            buffer.Dispose();
        }

        _buffers.Clear();
    }

    private torch.Tensor[] Buffers(torch.ScalarType dtype, long elements)
    {
        if (!_buffers.TryGetValue(dtype, out torch.Tensor[]? pair))
        {
            pair = [Buffer(), Buffer()];
            _buffers.Add(dtype, pair);
        }

        return pair;

        torch.Tensor Buffer()
        {
            torch.Tensor pageable = torch.empty(elements, dtype: dtype, device: torch.CPU).DetachFromDisposeScope();
            if (device.type != DeviceType.CUDA)
            {
                return pageable;
            }

            using (pageable)
            {
                return pageable.pin_memory().DetachFromDisposeScope();
            }
        }
    }

    // TorchSharp has no events: the whole device waits, once for each piece.
    private void Synchronize()
    {
        if (device.type == DeviceType.CUDA)
        {
            torch.cuda.synchronize();
        }
    }
}
