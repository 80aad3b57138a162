namespace LoraLab.Training.Data.Presets;

/// <summary>A layout in which a dataset is published.</summary>
/// <param name="Train">Name of the training file; with <c>*</c>, of several.</param>
/// <param name="Eval">Name of the evaluation file, likewise; null: none is published.</param>
/// <param name="Manifest">Format and columns of the files.</param>
/// <param name="Folder">Folder of the files in the published repository, in which they may also lie; null: none.</param>
internal sealed record PresetLayout(string Train, string? Eval, DatasetManifest Manifest, string? Folder = null)
{
    /// <summary>Its files, for messages.</summary>
    public string Names => Eval is null ? Train : $"{Train} with {Eval}";

    /// <summary>Its format; a folder with files of two formats is ambiguous.</summary>
    public string Format => Manifest.FormatOf(Train);
}
