using System.IO.MemoryMappedFiles;
using LoraLab.Training.Errors;
using TorchSharp;

namespace LoraLab.Training.Checkpoints;

/// <summary>
/// An open safetensors file. The header is checked when it is opened; each tensor is then filled straight from a memory map
/// of its bytes alone, so that reading a model needs no more memory than its tensors.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly MemoryMappedFile _map;
    private readonly string? _field;

    private SafetensorsFile(string path, string? field, SafetensorsHeader header, MemoryMappedFile map)
    {
        Path = path;
        _field = field;
        Tensors = header.Entries;
        Metadata = header.Metadata;
        _map = map;
    }

    /// <summary>Path of the file.</summary>
    public string Path { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors { get; }

    /// <summary>Free texts of the header (<c>__metadata__</c>).</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <param name="path">File.</param>
    /// <param name="field">Field of the specification that failures blame.</param>
    /// <exception cref="RunFailure">The file is missing, cut off or inconsistent; the sentence names the tensor.</exception>
    public static SafetensorsFile Open(string path, string? field = "model")
    {
        FileStream? stream = null;
        try
        {
            stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            SafetensorsHeader header = SafetensorsHeader.Read(stream, path, field);
            MemoryMappedFile map = MemoryMappedFile.CreateFromFile(stream, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
            return new SafetensorsFile(path, field, header, map);
        }
        catch (RunFailure)
        {
            stream?.Dispose();
            throw;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw RunFailure.BadData($"{path} cannot be read: {problem.Message}", field, problem);
        }
    }

    /// <summary>A new CPU tensor with the file's dtype, shape and values; the caller's dispose scope owns it.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <exception cref="RunFailure">There is no such tensor, or TorchSharp has no such dtype.</exception>
    public torch.Tensor ToTensor(string name)
    {
        SafetensorsEntry entry = Entry(name);
        torch.ScalarType dtype = SafetensorsDtypes.Torch(entry.Dtype) ?? throw Unusable(entry);
        torch.Tensor tensor = torch.empty([.. entry.Shape], dtype: dtype, device: torch.CPU);
        if (entry.Length > 0)
        {
            Fill(tensor, entry);
        }

        return tensor;
    }

    /// <summary>As <see cref="ToTensor"/>, for a weight: floating-point and finite, or it is refused.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <exception cref="RunFailure">There is no such tensor, its dtype is not F32, F16, BF16 or F64, or a value is NaN or infinite.</exception>
    public torch.Tensor ToWeight(string name)
    {
        SafetensorsEntry entry = Entry(name);
        if (!NonFinite.IsFloat(entry.Dtype))
        {
            throw Unusable(entry);
        }

        torch.Tensor tensor = ToTensor(name);
        try
        {
            RequireFinite(tensor, entry);
            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file; tensors already made stay valid.</summary>
    public void Dispose() => _map.Dispose();

    private SafetensorsEntry Entry(string name) =>
        Tensors.TryGetValue(name, out SafetensorsEntry? entry) ? entry : throw RunFailure.BadData($"{Path} has no tensor '{name}'.", _field);

    private RunFailure Unusable(SafetensorsEntry entry) =>
        RunFailure.BadData($"{Path}: tensor '{Excerpt.Of(entry.Name)}' has the dtype {entry.Dtype}, which cannot be used; convert it to F32, F16 or BF16.", _field);

    private void RequireFinite(torch.Tensor tensor, SafetensorsEntry entry) => TensorBytes.ForEachSpan(tensor, (span, offset) =>
    {
        long first = NonFinite.FirstIndex(span, entry.Dtype);
        if (first >= 0)
        {
            throw RunFailure.BadData($"{Path}: tensor '{Excerpt.Of(entry.Name)}' holds NaN or infinity (element {(offset / tensor.ElementSize) + first}); get the file again, or use another one.", _field);
        }
    });

    private unsafe void Fill(torch.Tensor tensor, SafetensorsEntry entry)
    {
        using MemoryMappedViewAccessor view = _map.CreateViewAccessor(entry.Offset, entry.Length, MemoryMappedFileAccess.Read);
        byte* start = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        try
        {
            TensorBytes.ForEachSpan(tensor, (span, offset) =>
                new ReadOnlySpan<byte>(start + view.PointerOffset + offset, span.Length).CopyTo(span));
        }
        finally
        {
            view.SafeMemoryMappedViewHandle.ReleasePointer();
        }
    }
}
