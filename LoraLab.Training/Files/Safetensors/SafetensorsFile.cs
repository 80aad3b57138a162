using LoraLab.Training.Files.Errors;
using Microsoft.Win32.SafeHandles;
using TorchSharp;

namespace LoraLab.Training.Files.Safetensors;

/// <summary>
/// An open safetensors file. The header is validated when it is opened. Tensors are then read into new memory or memory-mapped; the file
/// must not be truncated while it is mapped, but may be replaced by renaming.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly string? _field;
    private readonly Lazy<FileMapping> _mapping;

    private SafetensorsFile(string path, string? field, SafeFileHandle handle, SafetensorsHeader header)
    {
        Path = path;
        _field = field;
        _handle = handle;
        Tensors = header.Entries;
        Metadata = header.Metadata;
        _mapping = new(() => new FileMapping(path, handle, header.Bytes));
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors { get; }

    /// <summary>Metadata of the header (<c>__metadata__</c>).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and validates its header.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="field">Field of the specification that failures refer to.</param>
    /// <exception cref="RunFailure">The file is missing, truncated or inconsistent; the message names the tensor.</exception>
    public static SafetensorsFile Open(string path, string? field = "model")
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            return new SafetensorsFile(path, field, handle, SafetensorsHeader.Read(handle, path, field));
        }
        catch (RunFailure)
        {
            handle?.Dispose();
            throw;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            handle?.Dispose();
            throw RunFailure.BadData($"{path} cannot be read: {problem.Message}", field, problem);
        }
    }

    /// <summary>Whether two tensors have the same dtype, shape and bytes; compared in pieces, without the tensor library.</summary>
    /// <exception cref="RunFailure">A file cannot be read.</exception>
    public static bool SameValues(SafetensorsFile file, SafetensorsEntry entry, SafetensorsFile otherFile, SafetensorsEntry other)
    {
        const int PieceBytes = 1 << 20;
        if (entry.Dtype != other.Dtype || !entry.Shape.SequenceEqual(other.Shape))
        {
            return false;
        }

        byte[] piece = new byte[Math.Min(PieceBytes, entry.Length)];
        byte[] otherPiece = new byte[piece.Length];
        for (long done = 0; done < entry.Length; done += piece.Length)
        {
            int length = (int)Math.Min(piece.Length, entry.Length - done);
            file.ReadExactly(piece.AsSpan(0, length), entry.Offset + done);
            otherFile.ReadExactly(otherPiece.AsSpan(0, length), other.Offset + done);
            if (!piece.AsSpan(0, length).SequenceEqual(otherPiece.AsSpan(0, length)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A new CPU tensor with the file's dtype, shape and values; the caller's dispose scope owns it.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <exception cref="RunFailure">There is no such tensor, TorchSharp has no such dtype, or reading fails.</exception>
    public torch.Tensor ToTensor(string name)
    {
        SafetensorsEntry entry = Entry(name);
        return Copy(entry, SafetensorsDtypes.Torch(entry.Dtype) ?? throw Unusable(entry));
    }

    /// <summary>As <see cref="ToTensor"/>, but requires floating-point values that are all finite.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <exception cref="RunFailure">
    /// There is no such tensor, its dtype is not F32, F16, BF16 or F64, or a value is NaN or infinite.
    /// </exception>
    public torch.Tensor ToWeight(string name)
    {
        SafetensorsEntry entry = FloatEntry(name);
        torch.Tensor tensor = ToTensor(name);
        try
        {
            RequireFinite(entry, tensor, 0);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; existing tensors stay valid.</summary>
    public void Dispose()
    {
        if (_mapping.IsValueCreated)
        {
            _mapping.Value.Dispose();
        }

        _handle.Dispose();
    }

    /// <summary>The entry of a tensor; it must be floating-point.</summary>
    internal SafetensorsEntry FloatEntry(string name)
    {
        SafetensorsEntry entry = Entry(name);
        return NonFinite.IsFloat(entry.Dtype) ? entry : throw Unusable(entry);
    }

    /// <summary>The memory-mapped tensor, or a copy if it cannot be mapped.</summary>
    internal torch.Tensor InPlaceOrCopy(SafetensorsEntry entry, torch.ScalarType dtype, out bool inPlace)
    {
        torch.Tensor? view = _mapping.Value.View(entry, dtype);
        inPlace = view is not null;
        return view ?? Copy(entry, dtype);
    }

    /// <summary>Throws if a value is NaN or infinite; <paramref name="first"/> is the index of the first value within the tensor.</summary>
    internal void RequireFinite(SafetensorsEntry entry, torch.Tensor values, long first) =>
        TensorBytes.ForEachSpan(values, (span, offset) =>
        {
            long found = NonFinite.FirstIndex(span, entry.Dtype);
            if (found >= 0)
            {
                throw NotFinite(entry, first + (offset / values.ElementSize) + found);
            }
        });

    /// <summary>Throws if a value of a floating-point tensor is NaN or infinite; read in pieces, without the tensor library.</summary>
    internal void RequireFinite(string name)
    {
        const int PieceBytes = 1 << 20;
        SafetensorsEntry entry = FloatEntry(name);
        byte[] piece = new byte[Math.Min(PieceBytes, entry.Length)];
        for (long done = 0; done < entry.Length; done += piece.Length)
        {
            Span<byte> part = piece.AsSpan(0, (int)Math.Min(piece.Length, entry.Length - done));
            ReadExactly(part, entry.Offset + done);
            long found = NonFinite.FirstIndex(part, entry.Dtype);
            if (found >= 0)
            {
                throw NotFinite(entry, (done * 8 / SafetensorsDtypes.Bits(entry.Dtype)) + found);
            }
        }
    }

    /// <summary>Fills <paramref name="target"/> with the bytes of the file starting at <paramref name="offset"/>.</summary>
    internal void ReadExactly(Span<byte> target, long offset)
    {
        try
        {
            while (!target.IsEmpty)
            {
                int read = RandomAccess.Read(_handle, target, offset);
                if (read == 0)
                {
                    throw RunFailure.BadData($"{Path} was truncated at byte {offset} while being read; download the file again.", _field);
                }

                target = target[read..];
                offset += read;
            }
        }
        catch (IOException problem)
        {
            throw RunFailure.BadData($"{Path} cannot be read: {problem.Message}", _field, problem);
        }
    }

    private torch.Tensor Copy(SafetensorsEntry entry, torch.ScalarType dtype)
    {
        torch.Tensor tensor = torch.empty([.. entry.Shape], dtype: dtype, device: torch.CPU);
        try
        {
            TensorBytes.ForEachSpan(tensor, (span, offset) => ReadExactly(span, entry.Offset + offset));
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private SafetensorsEntry Entry(string name) =>
        Tensors.TryGetValue(name, out SafetensorsEntry? entry)
            ? entry
            : throw RunFailure.BadData($"{Path} has no tensor '{name}'.", _field);

    private RunFailure NotFinite(SafetensorsEntry entry, long element) => RunFailure.BadData(
        $"{Path}: tensor '{Excerpt.Of(entry.Name)}' contains NaN or infinity (element {element}); download the file again, or use another "
            + "one.",
        _field);

    private RunFailure Unusable(SafetensorsEntry entry) =>
        RunFailure.BadData(
            $"{Path}: tensor '{Excerpt.Of(entry.Name)}' has dtype {entry.Dtype}, which is not supported; convert it to F32, F16 or BF16.",
            _field);
}
