using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;

namespace LoraLab.Training.Adapters.Peft;

/// <summary>
/// The open weights of a PEFT adapter by the names that PEFT gives them, whatever the prefix in the file: some programs leave
/// <c>base_model.model.</c> out or write it twice, or keep the name of the adapter (<c>lora_A.default.weight</c>).
/// </summary>
internal sealed class PeftWeights : IDisposable
{
    private readonly SafetensorsFile _file;

    private PeftWeights(SafetensorsFile file)
    {
        _file = file;
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

        Tensors = tensors;
    }

    /// <summary>Path of the file.</summary>
    public string Path => _file.Path;

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Tensors { get; }

    /// <summary>Opens the weights of an adapter folder and validates the header.</summary>
    /// <param name="folder">Folder of the adapter.</param>
    /// <param name="field">Field of the specification or option that failures refer to.</param>
    /// <exception cref="RunFailure">The file is missing, in another format or inconsistent.</exception>
    public static PeftWeights Open(string folder, string field = PeftImport.Field)
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

        SafetensorsFile file = SafetensorsFile.Open(path, field);
        try
        {
            return new PeftWeights(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>A factor as a new CPU tensor; all its values are finite. The caller's dispose scope owns it.</summary>
    /// <exception cref="RunFailure">There is no such tensor, it is not floating-point, or a value is NaN or infinite.</exception>
    public torch.Tensor ToWeight(string name) => _file.ToWeight(StoredName(name));

    /// <summary>Requires a tensor to be floating-point and its values to be finite; without the tensor library.</summary>
    /// <exception cref="RunFailure">There is no such tensor, it is not floating-point, or a value is NaN or infinite.</exception>
    public void RequireFinite(string name) => _file.RequireFinite(StoredName(name));

    /// <inheritdoc />
    public void Dispose() => _file.Dispose();

    private string StoredName(string name) => Tensors.TryGetValue(name, out SafetensorsEntry? entry) ? entry.Name : name;
}
