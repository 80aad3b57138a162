using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Torch;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>
/// Double-buffered reads: tensors are read chunk by chunk into two pinned buffers; while one is copied to the device, the other is filled.
/// </summary>
/// <param name="device">Target device of the chunks.</param>
/// <param name="bytes">Size of a buffer.</param>
/// <param name="transfers">Pins the buffers and waits for the copies to the device; null: libtorch.</param>
internal sealed class StagedReads(torch.Device device, int bytes, IDeviceTransfers? transfers = null) : IDisposable
{
    /// <summary>Large enough to make the overhead of starting a copy negligible.</summary>
    public const int DefaultBytes = 32 << 20;

    private readonly IDeviceTransfers _transfers = transfers ?? TorchTransfers.Instance;
    private readonly Dictionary<torch.ScalarType, torch.Tensor[]> _buffers = [];
    private int _next;

    /// <summary>Receives a chunk, which it may copy asynchronously, and the index of its first element.</summary>
    public delegate void Visitor(torch.Tensor chunk, long first);

    /// <summary>Visits the chunks of a tensor in order.</summary>
    public void ForEach(SafetensorsFile file, SafetensorsEntry entry, torch.ScalarType dtype, Visitor visit)
    {
        long size = dtype.ElementSize();
        long elements = entry.Length / size;
        long chunkElements = bytes / size;
        torch.Tensor[] buffers = Buffers(dtype, chunkElements);
        for (long first = 0; first < elements; first += chunkElements)
        {
            using torch.Tensor chunk = buffers[_next].narrow(0, 0, Math.Min(chunkElements, elements - first));
            _next ^= 1;
            file.ReadExactly(chunk.bytes, entry.Offset + (first * size));
            // After the read, not before it: the copy of the previous chunk, from the other buffer, overlaps with the read. Once it has
            // finished, the next read may overwrite that buffer.
            Synchronize();
            visit(chunk, first);
        }
    }

    /// <summary>Waits for the last copies and frees the buffers.</summary>
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
                return _transfers.Pin(pageable).DetachFromDisposeScope();
            }
        }
    }

    // TorchSharp has no CUDA events: the whole device is synchronized once per chunk. It is the device of the copies: CUDA's current device
    // is another one if this is not GPU 0.
    private void Synchronize()
    {
        if (device.type == DeviceType.CUDA)
        {
            _transfers.Synchronize(device);
        }
    }
}
