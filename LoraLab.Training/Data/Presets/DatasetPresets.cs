using System.Text.Json;
using LoraLab.Contracts.Tasks;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;

namespace LoraLab.Training.Data.Presets;

/// <summary>The published datasets that the lab reads in the layouts in which they are published.</summary>
internal static class DatasetPresets
{
    // What a manifest may say beside its preset.
    private static readonly string[] _companions = ["metric", "preset", "prompt", "run", "selection", "toy"];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<DatasetPreset> All { get; } =
    [
        Sst2Preset.Preset, ColaPreset.Preset, MrpcPreset.Preset, QqpPreset.Preset, MnliPreset.Matched, MnliPreset.Mismatched,
        QnliPreset.Preset, RtePreset.Preset, WnliPreset.Preset, AgNewsPreset.Preset, TrecPreset.Preset, Gsm8kPreset.Preset,
        AlpacaPreset.Preset, DollyPreset.Preset, ChatPreset.Preset,
    ];

    /// <summary>Folders below that of a dataset in which its files may lie.</summary>
    public static IReadOnlyList<string> Folders { get; } =
    [
        .. All.SelectMany(preset => preset.Layouts)
            .SelectMany(layout => Places(layout).SelectMany(below => new[] { below + layout.Train, below + layout.Eval }))
            .Select(Path.GetDirectoryName).OfType<string>().Where(below => below.Length > 0).Distinct(),
    ];

    /// <summary>The preset of a name; null: none.</summary>
    public static DatasetPreset? Find(string name) => All.FirstOrDefault(preset => preset.Name == name);

    /// <summary>Returns what a manifest with a preset stands for in its folder; a manifest without one stands for itself.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="folder">Its folder.</param>
    /// <param name="manifest">Its manifest.</param>
    /// <exception cref="RunFailure">The folder has the files of no layout, or of several; field <c>dataset</c>.</exception>
    public static DatasetManifest Resolve(string name, string folder, DatasetManifest manifest)
    {
        if (manifest.Preset is null || Find(manifest.Preset) is not DatasetPreset preset)
        {
            return manifest;
        }

        (PresetLayout Layout, string Below)[] found =
        [
            .. preset.Layouts.SelectMany(layout => Places(layout).Select(below => (layout, below)))
                .Where(place => DataFiles.Of(folder, place.below + place.layout.Train).Count > 0),
        ];
        if (found.Length == 0)
        {
            throw RunFailure.BadData(
                $"Dataset '{name}' has none of the files of the preset '{preset.Name}': "
                    + $"{string.Join(", or ", preset.Layouts.Select(layout => layout.Names))}; add them to {folder}.",
                "dataset");
        }

        (PresetLayout chosen, string prefix) = found[0];
        if (found.FirstOrDefault(
            place => place.Layout.Format != chosen.Format || place.Below != prefix) is (PresetLayout other, string under))
        {
            throw RunFailure.BadData(
                $"Dataset '{name}' has the files of the preset '{preset.Name}' twice, {prefix}{chosen.Train} and {under}{other.Train}; "
                    + "keep one of them.",
                "dataset");
        }

        bool hasEval = chosen.Eval is not null
            && (preset.Task == TaskDescriptors.Classification.Id || DataFiles.Of(folder, prefix + chosen.Eval).Count > 0);
        return preset.Manifest(chosen, prefix + chosen.Train, hasEval ? prefix + chosen.Eval : null) with
        {
            Prompt = manifest.Prompt ?? preset.Prompt,
            Metric = manifest.Metric ?? preset.Metric,
            Selection = manifest.Selection,
            Run = manifest.Run,
            Toy = manifest.Toy,
        };
    }

    /// <summary>Checks that a manifest with a preset describes neither files nor columns itself.</summary>
    /// <param name="name">Name of the dataset, for messages.</param>
    /// <param name="path">Its manifest, which has been read.</param>
    /// <exception cref="RunFailure">It has another member; field <c>dataset</c>.</exception>
    public static void RequireAlone(string name, string path)
    {
        using JsonDocument document = JsonDocument.Parse(JsonFile.Read(path));
        if (document.RootElement.EnumerateObject().Select(member => member.Name).FirstOrDefault(key => !_companions.Contains(key))
            is string other)
        {
            throw RunFailure.BadData(
                $"{DatasetManifest.FileName} of dataset '{name}' has 'preset', which describes files, columns and labels, and "
                    + $"'{Excerpt.Of(other)}'; remove one of them.",
                "dataset");
        }
    }

    private static string[] Places(PresetLayout layout) => layout.Folder is null ? [""] : ["", layout.Folder + "/"];
}
