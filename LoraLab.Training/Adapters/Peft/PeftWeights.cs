using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// The open weights of a PEFT adapter by the names that PEFT gives them, whatever the prefix in the file: some programs leave
/// <c>base_model.model.</c> out or write it twice, or keep the name of the adapter (<c>lora_A.default.weight</c>). An adapter
/// that was saved as it was trained reads as it is on the original base: [A; A₀] and [B, −B₀] (<see cref="PeftStart"/>).
/// </summary>
internal sealed class PeftWeights : IDisposable
{
    private readonly SafetensorsFile _file;
    private readonly PeftWeights? _start;

    private PeftWeights(SafetensorsFile file, PeftWeights? start)
    {
        (_file, _start) = (file, start);
        Dictionary<string, SafetensorsEntry> tensors = new(StringComparer.Ordinal);
        foreach ((string stored, SafetensorsEntry entry) in file.Tensors)
        {
            string name = PeftFiles.Canonical(stored);
            if (!tensors.TryAdd(name, entry))
            {
                throw RunFailure.BadData(
                    $"initFrom: {file.Path} has the tensor '{Excerpt.Of(name)}' under two names, '{Excerpt.Of(tensors[name].Name)}' and "
                        + $"'{Excerpt.Of(stored)}'; remove one of them.",
                    PeftImport.Field);
            }
        }

        Tensors = start is null ? tensors : tensors.ToDictionary(tensor => tensor.Key, tensor => OnOriginalBase(tensor.Key, tensor.Value));
    }

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors { get; }

    /// <summary>Opens the weights of an adapter folder and validates the header.</summary>
    /// <param name="folder">Folder of the adapter.</param>
    /// <param name="field">Field of the specification or option that failures refer to.</param>
    /// <param name="asTrained">Whether the starting factors beside an adapter are left out.</param>
    /// <exception cref="RunFailure">The file is missing, in another format or inconsistent.</exception>
    public static PeftWeights Open(string folder, string field = PeftImport.Field, bool asTrained = false)
    {
        string path = System.IO.Path.Combine(folder, PeftFiles.Weights);
        if (!File.Exists(path))
        {
            string instead = OtherFormats.Instead(folder) is string other
                ? $"only {other}, which LoraLab does not read; save the adapter again with save_pretrained in PEFT"
                : OtherFormats.OtherName(folder) is string renamed ? $"only {renamed}; rename it if it is the adapter of PEFT's format"
                : "so that there are no weights; save or download the adapter again";
            throw RunFailure.BadData($"{field}: the adapter in {folder} has no {PeftFiles.Weights}, {instead}.", field);
        }

        PeftWeights? start = !asTrained && PeftStart.Of(folder) is string initial ? Open(initial, field, asTrained: true) : null;
        SafetensorsFile? file = null;
        try
        {
            file = SafetensorsFile.Open(path, field);
            return new PeftWeights(file, start);
        }
        catch
        {
            file?.Dispose();
            start?.Dispose();
            throw;
        }
    }

    /// <summary>A factor as a new CPU tensor; all its values are finite. The caller's dispose scope owns it.</summary>
    /// <exception cref="RunFailure">There is no such tensor, it is not floating-point, or a value is NaN or infinite.</exception>
    public torch.Tensor ToWeight(string name)
    {
        if (_start is null || Axis(name) is not int axis)
        {
            return _file.ToWeight(StoredName(name));
        }

        using torch.Tensor trained = _file.ToWeight(StoredName(name));
        using torch.Tensor start = _start.ToWeight(name);
        using torch.Tensor taken = axis == 0 ? start.alias() : start.neg();
        return torch.cat([trained.to(torch.float32), taken.to(torch.float32)], axis);
    }

    /// <summary>Requires a tensor to be floating-point and its values to be finite; without the tensor library.</summary>
    /// <exception cref="RunFailure">There is no such tensor, it is not floating-point, or a value is NaN or infinite.</exception>
    public void RequireFinite(string name)
    {
        _file.RequireFinite(StoredName(name));
        if (Axis(name) is not null)
        {
            _start?.RequireFinite(name);
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _file.Dispose();
        _start?.Dispose();
    }

    /// <summary>The axis of the rank of a factor; null: the tensor is no factor.</summary>
    private static int? Axis(string name) => PeftFiles.Module(name) is not string module ? null
        : name == PeftFiles.TensorName(module, AdapterFactor.A) ? 0 : 1;

    private string StoredName(string name) => Tensors.TryGetValue(name, out SafetensorsEntry? entry) ? entry.Name : name;

    /// <summary>A tensor with the ranks of the starting factor.</summary>
    private SafetensorsEntry OnOriginalBase(string name, SafetensorsEntry trained)
    {
        if (Axis(name) is not int axis)
        {
            return trained;
        }

        IReadOnlyList<long>? start = _start!.Tensors.GetValueOrDefault(name)?.Shape;
        return start?.SequenceEqual(trained.Shape) == true
            ? trained with { Shape = [.. trained.Shape.Select((length, at) => at == axis ? 2 * length : length)] }
            : throw RunFailure.BadData(
                $"initFrom: {_start.Path} {(start is null ? "has no" : "has another shape of")} tensor '{Excerpt.Of(name)}', so that it is "
                    + $"not the start of the adapter in {Path}; use the files of one adapter.",
                PeftImport.Field);
    }
}
