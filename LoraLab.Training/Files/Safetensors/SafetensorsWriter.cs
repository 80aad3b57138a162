using System.Buffers.Binary;
using System.Text.Json;
using LoraLab.Files;
using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>Writes safetensors files: sorted names, header padded to eight bytes, the file replaced atomically once complete.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors to a file; an existing file is replaced atomically.</summary>
    /// <param name="path">File to create.</param>
    /// <param name="tensors">Tensors of dtype float64, float32, float16 or bfloat16, on any device.</param>
    /// <param name="metadata">Metadata of the header; Hugging Face readers expect <c>format</c> = <c>pt</c>.</param>
    /// <param name="flush">Whether the file is flushed to disk; if not, the caller does it.</param>
    /// <exception cref="ArgumentException">A tensor has another dtype.</exception>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, torch.Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata,
        bool flush = true)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(
            path,
            tensors.Select(pair => new DeferredTensor(pair.Key, pair.Value.dtype, pair.Value.shape, () => pair.Value)),
            metadata,
            flush);
    }

    /// <summary>Writes tensors to a file one at a time: each is created, written and released.</summary>
    /// <param name="path">File to create.</param>
    /// <param name="tensors">Tensors of dtype float64, float32, float16 or bfloat16.</param>
    /// <param name="metadata">Metadata of the header.</param>
    /// <param name="flush">Whether the file is flushed to disk; if not, the caller does it.</param>
    /// <exception cref="ArgumentException">A tensor has another dtype, or is created with another dtype or shape than declared.</exception>
    public static void Write(
        string path, IEnumerable<DeferredTensor> tensors, IReadOnlyDictionary<string, string> metadata, bool flush = true)
    {
        ArgumentNullException.ThrowIfNull(metadata);

        // Wider elements first, so that every tensor is aligned to its element size; then by name.
        DeferredTensor[] ordered =
            [.. tensors.OrderByDescending(tensor => tensor.Dtype.ElementSize()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        string temporary = TemporaryName.Beside(path);
        using FileStream stream = new(temporary, TemporaryName.Mode, FileAccess.Write, FileShare.None);
        try
        {
            using (stream)
            {
                WriteHeader(stream, ordered, metadata);
                foreach (DeferredTensor tensor in ordered)
                {
                    WriteData(stream, tensor);
                }

                stream.Flush(flushToDisk: flush);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static void WriteHeader(FileStream stream, DeferredTensor[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        SortedDictionary<string, object> header = new(StringComparer.Ordinal);
        long offset = 0;
        foreach (DeferredTensor tensor in tensors)
        {
            string dtype = SafetensorsDtypes.Name(tensor.Dtype)
                ?? throw new ArgumentException(
                    $"Tensor '{tensor.Name}' has dtype {tensor.Dtype}; only float64, float32, float16, bfloat16 and uint8 can be written.",
                    nameof(tensors));
            long end = offset + tensor.Bytes;
            header.Add(tensor.Name, new { dtype, shape = tensor.Shape, data_offsets = new[] { offset, end } });
            offset = end;
        }

        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json))
        {
            writer.WriteStartObject();
            if (metadata.Count > 0)
            {
                writer.WritePropertyName("__metadata__");
                JsonSerializer.Serialize(writer, new SortedDictionary<string, string>(metadata.ToDictionary(), StringComparer.Ordinal));
            }

            foreach ((string name, object entry) in header)
            {
                writer.WritePropertyName(name);
                JsonSerializer.Serialize(writer, entry, entry.GetType());
            }

            writer.WriteEndObject();
        }

        while (json.Length % 8 != 0)
        {
            json.WriteByte((byte)' ');
        }

        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)json.Length);
        stream.Write(length);
        json.WriteTo(stream);
    }

    private static void WriteData(FileStream stream, DeferredTensor declared)
    {
        using IDisposable scope = torch.NewDisposeScope();
        torch.Tensor tensor = declared.Make();
        if (tensor.dtype != declared.Dtype || !tensor.shape.SequenceEqual(declared.Shape))
        {
            throw new ArgumentException($"Tensor '{declared.Name}' was declared as {declared.Dtype} [{string.Join(", ", declared.Shape)}], "
                + $"but is {tensor.dtype} [{string.Join(", ", tensor.shape)}].");
        }

        torch.Tensor plain = tensor.detach().cpu().contiguous();
        TensorBytes.ForEachSpan(plain, (span, _) => stream.Write(span));
    }
}
