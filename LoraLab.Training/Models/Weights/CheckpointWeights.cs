using System.Text.Json;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using TorchSharp;

namespace LoraLab.Training.Models.Weights;

/// <summary>The weights of a model folder: <c>model.safetensors</c>, or the shards listed in <c>model.safetensors.index.json</c>.</summary>
public sealed class CheckpointWeights : IDisposable
{
    /// <summary>Name of the single file.</summary>
    public const string SingleFile = "model.safetensors";

    /// <summary>Name of the index of a sharded checkpoint.</summary>
    public const string IndexFile = "model.safetensors.index.json";

    private readonly string _folder;
    private readonly Dictionary<string, SafetensorsFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> _byTensor = new(StringComparer.Ordinal);
    private readonly Dictionary<string, StoredTensor> _stored = new(StringComparer.Ordinal);

    private CheckpointWeights(string folder)
    {
        _folder = folder;
    }

    /// <summary>The model's folder.</summary>
    public string Folder => _folder;

    /// <summary>Names of all tensors, as <see cref="CheckpointNames"/> has them, whatever the prefix in the files.</summary>
    public IReadOnlyCollection<string> Names => _byTensor.Keys;

    /// <summary>Paths of the weight files, ordered by name.</summary>
    public IReadOnlyList<string> Files => [.. _files.Values.Select(file => file.Path).Order(StringComparer.Ordinal)];

    /// <summary>Path of the index of a sharded checkpoint; null: there is a single file.</summary>
    public string? Index { get; private set; }

    /// <summary>Opens the weights of a model folder and validates all headers; no weights are read yet.</summary>
    /// <exception cref="RunFailure">A file, shard or tensor is missing or inconsistent.</exception>
    public static CheckpointWeights Open(string modelFolder)
    {
        CheckpointWeights weights = new(modelFolder);
        try
        {
            weights.OpenFiles();
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Whether a tensor exists.</summary>
    public bool Has(string name) => _byTensor.ContainsKey(name);

    /// <summary>Shape of a tensor.</summary>
    /// <exception cref="RunFailure">There is no such tensor.</exception>
    public IReadOnlyList<long> Shape(string name) => Find(name).Entry.Shape;

    /// <summary>Dtype of a tensor in the notation of the format: F32, F16, BF16 and so on.</summary>
    /// <exception cref="RunFailure">There is no such tensor.</exception>
    public string Dtype(string name) => Find(name).Entry.Dtype;

    /// <summary>Name of a tensor in its file.</summary>
    /// <exception cref="RunFailure">There is no such tensor.</exception>
    public string StoredName(string name) => Find(name).Name;

    /// <summary>Reads a tensor into new CPU memory; all its values are finite. The caller's dispose scope owns it.</summary>
    /// <exception cref="RunFailure">There is no such tensor, its dtype is not floating-point, or a value is NaN or infinite.</exception>
    public torch.Tensor Read(string name) => Find(name).File.ToWeight(Find(name).Name);

    /// <summary>Closes the files; tensors already read stay valid.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files.Values)
        {
            file.Dispose();
        }

        _files.Clear();
        _stored.Clear();
        _byTensor.Clear();
    }

    private void OpenFiles()
    {
        string index = Path.Combine(_folder, IndexFile);
        if (File.Exists(Path.Combine(_folder, SingleFile)))
        {
            OpenFile(SingleFile);
        }
        else if (File.Exists(index))
        {
            OpenShards(index);
            Index = index;
        }
        else
        {
            throw RunFailure.BadData($"The model in {_folder} {OtherFormats.MissingMessage(_folder)}.", "model");
        }

        AddMetadataNames();
        foreach ((string stored, string name) in CheckpointNames.Canonical(_stored.Keys))
        {
            if (!_byTensor.TryAdd(name, _stored[stored]))
            {
                throw RunFailure.BadData(
                    $"Tensor '{Excerpt.Of(name)}' is in {_folder} under two names, '{Excerpt.Of(_byTensor[name].Name)}' and "
                        + $"'{Excerpt.Of(stored)}'; remove one of them.",
                    "model");
            }
        }
    }

    private void OpenShards(string index)
    {
        Dictionary<string, string> map = ReadIndex(index);
        foreach (string shard in map.Values.Distinct().Order(StringComparer.Ordinal))
        {
            if (shard.Length == 0 || shard.AsSpan().IndexOfAny('/', '\\', ':') >= 0 || !File.Exists(Path.Combine(_folder, shard)))
            {
                throw RunFailure.BadData(
                    $"The model in {_folder} lacks the shard '{Excerpt.Of(shard)}', which {IndexFile} lists; download the model again.",
                    "model");
            }

            OpenFile(shard);
        }

        foreach ((string tensor, string shard) in map)
        {
            SafetensorsFile file = _files[shard];
            if (!file.Tensors.ContainsKey(tensor) && !file.Metadata.ContainsKey(tensor) && !CheckpointNames.IsDerivedBuffer(tensor))
            {
                throw RunFailure.BadData(
                    $"{IndexFile} in {_folder} lists tensor '{Excerpt.Of(tensor)}' in {Excerpt.Of(shard)}, which does not contain it; "
                        + "use the index and the shards of one model.",
                    "model");
            }
        }

        string? unlisted = _stored.Keys.FirstOrDefault(tensor => !map.ContainsKey(tensor));
        if (unlisted is not null)
        {
            throw RunFailure.BadData(
                $"{Path.GetFileName(_stored[unlisted].File.Path)} in {_folder} contains tensor "
                    + $"'{Excerpt.Of(unlisted)}', which {IndexFile} does not list; use the index and the shards of one model.",
                "model");
        }
    }

    private void OpenFile(string name)
    {
        SafetensorsFile file = SafetensorsFile.Open(Path.Combine(_folder, name));
        _files.Add(name, file);
        foreach (string tensor in file.Tensors.Keys.Where(tensor => !CheckpointNames.IsDerivedBuffer(tensor)))
        {
            if (!_stored.TryAdd(tensor, new(file, tensor)))
            {
                throw RunFailure.BadData(
                    $"Tensor '{Excerpt.Of(tensor)}' is in both {name} and {Path.GetFileName(_stored[tensor].File.Path)} of {_folder}; use "
                        + "the shards of one model.",
                    "model");
            }
        }
    }

    /// <summary>Tensors that share memory are saved once; the metadata maps the other names to the name in the file.</summary>
    private void AddMetadataNames()
    {
        foreach (SafetensorsFile file in _files.Values)
        {
            foreach ((string name, string kept) in file.Metadata)
            {
                if (file.Tensors.ContainsKey(kept) && name.EndsWith(CheckpointNames.WeightSuffix, StringComparison.Ordinal))
                {
                    _stored.TryAdd(name, new(file, kept));
                }
            }
        }
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path), JsonFile.Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("weight_map", out JsonElement map) && map.ValueKind == JsonValueKind.Object
                && map.EnumerateObject().Any() && map.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.String))
            {
                return map.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!, StringComparer.Ordinal);
            }
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            throw RunFailure.BadData($"{path} is not valid JSON: {Excerpt.Of(JsonText.Problem(problem))}", "model", problem);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw RunFailure.BadData($"{path} cannot be read: {problem.Message}", "model", problem);
        }

        throw RunFailure.BadData($"{path} has no 'weight_map' of tensors and their files; download the index again.", "model");
    }

    /// <summary>Gives a tensor another name in addition.</summary>
    internal void AddName(string name, string existing) => _byTensor.Add(name, Find(existing));

    /// <summary>Where a tensor is.</summary>
    internal StoredTensor Find(string name) =>
        _byTensor.TryGetValue(name, out StoredTensor? stored)
            ? stored
            : throw RunFailure.BadData($"The weights in {_folder} have no tensor '{name}'.", "model");
}
