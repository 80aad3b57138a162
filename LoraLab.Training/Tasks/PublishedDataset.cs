using System.IO.Enumeration;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Training.Data;
using LoraLab.Training.Data.Presets;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Tasks;

/// <summary>A dataset on the Hugging Face Hub: which files it needs from there, and what is written beside them.</summary>
public sealed class PublishedDataset
{
    /// <summary>Name of the file that is written beside the downloaded ones.</summary>
    public const string ManifestName = DatasetManifest.FileName;

    private readonly DatasetPreset _preset;

    private PublishedDataset(DatasetPreset preset) => _preset = preset;

    /// <summary>Names of all that can be downloaded.</summary>
    public static IEnumerable<string> Names => DatasetPresets.All.Select(preset => preset.Name);

    /// <summary>Name of the dataset.</summary>
    public string Name => _preset.Name;

    /// <summary>Its repository.</summary>
    public string Repository => _preset.Repository;

    /// <summary>Branch of the repository that has the files.</summary>
    public string Branch => _preset.Branch;

    /// <summary>Text of the file that is written beside the downloaded ones.</summary>
    public string ManifestText => new JsonObject { ["preset"] = Name }.ToJsonString(ContractJson.Indented) + "\n";

    private string Site => _preset.Source.Split(';')[0];

    /// <summary>Returns the dataset of a name; null: there is none.</summary>
    /// <param name="name">Its name.</param>
    public static PublishedDataset? Find(string name) => DatasetPresets.Find(name) is DatasetPreset preset ? new(preset) : null;

    /// <summary>Returns the files that it needs of its repository: those of the first layout that is there.</summary>
    /// <param name="paths">Paths of all files of the repository.</param>
    /// <exception cref="RunFailure">The repository lacks them.</exception>
    public (IReadOnlyList<string> Train, IReadOnlyList<string> Eval) FilesOf(IEnumerable<string> paths)
    {
        string[] all = [.. paths.Order(StringComparer.Ordinal)];
        foreach (PresetLayout layout in _preset.Layouts)
        {
            string[] train = Matching(all, Path(layout, layout.Train));
            string[] eval = layout.Eval is null ? [] : Matching(all, Path(layout, layout.Eval));
            if (train.Length > 0 && (layout.Eval is null || eval.Length > 0))
            {
                return (train, eval);
            }
        }

        string expected = string.Join(", or ", _preset.Layouts.Select(layout =>
            string.Join(" with ", new[] { layout.Train, layout.Eval }.OfType<string>().Select(file => Path(layout, file)))));
        throw RunFailure.BadData($"The repository '{Repository}' does not have {expected}.");
    }

    /// <summary>Path of a file of the repository in the folder of the dataset, which has no folder of the repository's datasets.</summary>
    /// <param name="path">Path in the repository.</param>
    public string NameOf(string path)
    {
        string? below = _preset.Layouts.Select(layout => layout.Folder)
            .FirstOrDefault(folder => folder is not null && path.StartsWith(folder + "/", StringComparison.Ordinal));
        return below is null ? path : path[(below.Length + 1)..];
    }

    /// <summary>What to do where the hub does not have the files, as the end of a sentence.</summary>
    /// <param name="folder">Folder of the dataset.</param>
    public string ByHand(string folder) =>
        $"download {_preset.Layouts[0].Names.Replace(" with ", " and ", StringComparison.Ordinal)} from {Site} into {folder}, and write "
            + $"{{\"preset\": \"{Name}\"}} into {ManifestName} there";

    /// <summary>Reads the dataset in a folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="RunFailure">It cannot be used.</exception>
    public Dataset Read(string folder)
    {
        DatasetManifest manifest = DatasetManifest.Load(Name, folder);
        return TaskRegistry.Default.Of(manifest).Read(Name, folder, manifest);
    }

    private static string Path(PresetLayout layout, string file) => layout.Folder is null ? file : $"{layout.Folder}/{file}";

    private static string[] Matching(string[] paths, string pattern) =>
    [
        .. paths.Where(path => FileSystemName.MatchesSimpleExpression(pattern, path, ignoreCase: false)
            && path.Count(letter => letter == '/') == pattern.Count(letter => letter == '/')),
    ];
}
