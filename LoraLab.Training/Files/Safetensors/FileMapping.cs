using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>
/// Tensors that lie in a file: a private, copy-on-write memory map, which writing to a tensor never carries into the file. The map
/// is the tensors' storage, so that it lives as long as the last of them, whatever is disposed before.
/// </summary>
/// <param name="path">File.</param>
/// <param name="opened">The same file, open: what the offsets were read from.</param>
/// <param name="header">Its bytes before the data.</param>
internal sealed class FileMapping(string path, SafeFileHandle opened, byte[] header) : IDisposable
{
    private readonly Dictionary<torch.ScalarType, torch.Tensor?> _whole = [];

    /// <summary>A tensor of the file without a copy; null where it is not aligned to its elements or the file cannot be mapped.</summary>
    public torch.Tensor? View(SafetensorsEntry entry, torch.ScalarType dtype)
    {
        long size = dtype.ElementSize();
        if (entry.Offset % size != 0 || Whole(dtype, size) is not { } whole)
        {
            return null;
        }

        using torch.Tensor flat = whole.narrow(0, entry.Offset / size, entry.Length / size);
        return flat.view([.. entry.Shape]);
    }

    /// <summary>Lets go of the map; views already made keep it.</summary>
    public void Dispose()
    {
        foreach (torch.Tensor? whole in _whole.Values)
        {
            whole?.Dispose();
        }

        _whole.Clear();
    }

    // TorchSharp cannot look at a tensor's bytes as another type: one map for each type that the file holds, as a rule one.
    private torch.Tensor? Whole(torch.ScalarType dtype, long size)
    {
        if (!_whole.TryGetValue(dtype, out torch.Tensor? whole))
        {
            whole = Map(dtype, size);
            _whole.Add(dtype, whole);
        }

        return whole;
    }

    private torch.Tensor? Map(torch.ScalarType dtype, long size)
    {
        try
        {
            torch.Tensor map = torch.from_file(Path.GetFullPath(path), shared: false, RandomAccess.GetLength(opened) / size, dtype, torch.CPU).DetachFromDisposeScope();
            if (IsOpenedFile(map, size))
            {
                return map;
            }

            map.Dispose();
        }
        catch (ExternalException)
        {
            // A file system without maps, or a path that is too long for libtorch: the caller reads instead.
        }

        return null;
    }

    // The map opens the path a second time: another file may stand there by now, to which the offsets do not belong.
    private bool IsOpenedFile(torch.Tensor map, long size)
    {
        using torch.Tensor beginning = map.narrow(0, 0, header.Length / size);
        Span<byte> bytes = beginning.bytes;
        return bytes.SequenceEqual(header.AsSpan(0, bytes.Length)) && File.GetLastWriteTimeUtc(path) == File.GetLastWriteTimeUtc(opened);
    }
}
