using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>Writes safetensors files: names sorted, header padded to eight bytes, the file in place only when it is complete.</summary>
public static class SafetensorsWriter
{
    /// <summary>Writes tensors to a file; a file that was there is replaced in one step.</summary>
    /// <param name="path">File to make.</param>
    /// <param name="tensors">Tensors of dtype float64, float32, float16 or bfloat16, on any device.</param>
    /// <param name="metadata">Free texts for the header; <c>format</c> = <c>pt</c> is what Hugging Face readers expect.</param>
    /// <exception cref="ArgumentException">A tensor has another dtype.</exception>
    public static void Write(string path, IReadOnlyDictionary<string, torch.Tensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(path, tensors.Select(pair => new DeferredTensor(pair.Key, pair.Value.dtype, pair.Value.shape, () => pair.Value)), metadata);
    }

    /// <summary>As the other, for tensors that need not be in memory together: each is made, written and let go.</summary>
    /// <param name="path">File to make.</param>
    /// <param name="tensors">Tensors of dtype float64, float32, float16 or bfloat16.</param>
    /// <param name="metadata">Free texts for the header.</param>
    /// <exception cref="ArgumentException">A tensor has another dtype, or is made in another dtype or shape than was planned.</exception>
    public static void Write(string path, IEnumerable<DeferredTensor> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);

        // Wider elements first, so that every tensor is aligned to its element; names decide within.
        DeferredTensor[] ordered = [.. tensors.OrderByDescending(tensor => tensor.Dtype.ElementSize()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (FileStream stream = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                WriteHeader(stream, ordered, metadata);
                foreach (DeferredTensor tensor in ordered)
                {
                    WriteData(stream, tensor);
                }

                stream.Flush(flushToDisk: true);
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
                ?? throw new ArgumentException($"Tensor '{tensor.Name}' is {tensor.Dtype}; float64, float32, float16 and bfloat16 can be written.", nameof(tensors));
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

    private static void WriteData(FileStream stream, DeferredTensor planned)
    {
        using IDisposable scope = torch.NewDisposeScope();
        torch.Tensor tensor = planned.Make();
        if (tensor.dtype != planned.Dtype || !tensor.shape.SequenceEqual(planned.Shape))
        {
            throw new ArgumentException($"Tensor '{planned.Name}' was planned as {planned.Dtype} [{string.Join(", ", planned.Shape)}] and is {tensor.dtype} [{string.Join(", ", tensor.shape)}].");
        }

        torch.Tensor plain = tensor.detach().cpu().contiguous();
        TensorBytes.ForEachSpan(plain, (span, _) => stream.Write(span));
    }
}
