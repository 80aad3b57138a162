using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>
/// Memory-mapped tensors of a file: a private, copy-on-write map, so that writing to a tensor never changes the file. The map
/// is the storage of the tensors and lives as long as the last of them, whatever is disposed earlier.
/// </summary>
/// <param name="path">Path of the file.</param>
/// <param name="opened">Open handle of the same file, from which the header was read.</param>
/// <param name="header">Bytes of the file before the data.</param>
internal sealed class FileMapping(string path, SafeFileHandle opened, byte[] header) : IDisposable
{
    private readonly Dictionary<torch.ScalarType, torch.Tensor?> _maps = [];

    /// <summary>A tensor of the file without a copy; null if it is not aligned to its element size or the file cannot be mapped.</summary>
    public torch.Tensor? View(SafetensorsEntry entry, torch.ScalarType dtype)
    {
        long size = dtype.ElementSize();
        if (entry.Offset % size != 0 || MapOf(dtype, size) is not { } map)
        {
            return null;
        }

        using torch.Tensor flat = map.narrow(0, entry.Offset / size, entry.Length / size);
        return flat.view([.. entry.Shape]);
    }

    /// <summary>Releases the map; existing views keep it alive.</summary>
    public void Dispose()
    {
        foreach (torch.Tensor? map in _maps.Values)
        {
            map?.Dispose();
        }

        _maps.Clear();
    }

    // TorchSharp cannot reinterpret a tensor as another dtype: one map per dtype in the file, usually one.
    private torch.Tensor? MapOf(torch.ScalarType dtype, long size)
    {
        if (!_maps.TryGetValue(dtype, out torch.Tensor? map))
        {
            map = Map(dtype, size);
            _maps.Add(dtype, map);
        }

        return map;
    }

    private torch.Tensor? Map(torch.ScalarType dtype, long size)
    {
        try
        {
            torch.Tensor map = torch.from_file(
                Path.GetFullPath(path), shared: false, RandomAccess.GetLength(opened) / size, dtype, torch.CPU).DetachFromDisposeScope();
            if (IsOpenedFile(map, size))
            {
                return map;
            }

            map.Dispose();
        }
        catch (ExternalException)
        {
            // The file system does not support mapping, or the path is too long for libtorch: the caller reads instead.
        }

        return null;
    }

    // Mapping opens the path a second time: the file may have been replaced since, so that the offsets would not apply.
    private bool IsOpenedFile(torch.Tensor map, long size)
    {
        using torch.Tensor beginning = map.narrow(0, 0, header.Length / size);
        Span<byte> bytes = beginning.bytes;
        return bytes.SequenceEqual(header.AsSpan(0, bytes.Length)) && File.GetLastWriteTimeUtc(path) == File.GetLastWriteTimeUtc(opened);
    }
}
