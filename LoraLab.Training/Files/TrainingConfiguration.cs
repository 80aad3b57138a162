using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.Extensions.Configuration;

namespace LoraLab.Training.Files;

/// <summary>
/// The part of the configuration (section <c>LoraLab</c> of <c>appsettings.json</c> in the home folder, overridden by environment variables
/// <c>LoraLab__Key</c>) that the trainer needs. All paths are absolute.
/// </summary>
public sealed record TrainingConfiguration
{
    /// <summary>The home folder.</summary>
    public required string Home { get; init; }

    /// <summary>Folder for runs, downloaded models and downloaded datasets.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Folders that are searched for models, in order; only those that exist.</summary>
    public IReadOnlyList<string> ModelDirectories { get; init; } = [];

    /// <summary>Folders that are searched for datasets, in order; only those that exist.</summary>
    public IReadOnlyList<string> DatasetDirectories { get; init; } = [];

    /// <summary>Memory budget of a run, MiB; null: none.</summary>
    public int? MemoryBudgetMb { get; init; }

    /// <summary>Folder of the libraries of an installed PyTorch, or <c>auto</c>; null: libtorch of the build.</summary>
    public string? Libtorch { get; init; }

    /// <summary>Warnings, for example about a configured folder that does not exist.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Folder for models downloaded by <c>pull</c>.</summary>
    public string DownloadedModels => Path.Combine(DataDirectory, "models");

    /// <summary>Folder for datasets downloaded by <c>pull</c>.</summary>
    public string DownloadedDatasets => Path.Combine(DataDirectory, "datasets");

    /// <summary>Folder of the SVD cache.</summary>
    public string SvdCache => Path.Combine(DataDirectory, "cache", "svd");

    /// <summary>Reads the configuration.</summary>
    /// <param name="home">The home folder; null: <see cref="LoraLabHome.Find"/>.</param>
    /// <exception cref="RunFailure">The file is not valid JSON, or a value has the wrong type.</exception>
    public static TrainingConfiguration Load(string? home = null)
    {
        home = Path.GetFullPath(home ?? LoraLabHome.Find());
        string file = Path.Combine(home, "appsettings.json");
        Section section;
        try
        {
            section = new ConfigurationBuilder()
                .AddJsonFile(file, optional: true)
                .AddEnvironmentVariables()
                .Build()
                .GetSection("LoraLab")
                .Get<Section>() ?? new Section();
        }
        catch (Exception problem) when (problem is InvalidDataException or InvalidOperationException or FormatException)
        {
            throw RunFailure.BadData(
                $"The configuration ({file} and the environment variables LoraLab__*) cannot be read: {problem.Message}", null, problem);
        }

        if (section.MemoryBudgetMb is <= 0)
        {
            throw RunFailure.BadData(
                $"LoraLab:MemoryBudgetMb is {section.MemoryBudgetMb}; it must be at least 1, or absent for no budget.");
        }

        string data = HomePath.Resolve(string.IsNullOrWhiteSpace(section.DataDirectory) ? "data" : section.DataDirectory, home);
        List<string> warnings = [];
        return new TrainingConfiguration
        {
            Home = home,
            DataDirectory = data,
            ModelDirectories = Roots(home, nameof(ModelDirectories), section.ModelDirectories, warnings),
            DatasetDirectories = Roots(home, nameof(DatasetDirectories), section.DatasetDirectories, warnings),
            MemoryBudgetMb = section.MemoryBudgetMb,
            Libtorch = section.Libtorch,
            Warnings = warnings,
        };
    }

    private static List<string> Roots(string home, string key, string[] configured, List<string> warnings)
    {
        List<string> roots = [];
        foreach (string folder in configured.Where(folder => !string.IsNullOrWhiteSpace(folder))
            .Select(folder => HomePath.Resolve(folder, home)))
        {
            if (Directory.Exists(folder))
            {
                roots.Add(folder);
            }
            else
            {
                warnings.Add(
                    $"LoraLab:{key} contains {folder}, which {(File.Exists(folder) ? "is a file" : "does not exist")} and is ignored.");
            }
        }

        return roots;
    }

    private sealed class Section
    {
        public string? DataDirectory { get; set; }

        public string[] ModelDirectories { get; set; } = [];

        public string[] DatasetDirectories { get; set; } = [];

        public int? MemoryBudgetMb { get; set; }

        public string? Libtorch { get; set; }
    }
}
