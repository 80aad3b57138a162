using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using Microsoft.Extensions.Configuration;

namespace LoraLab.Training.Files;

/// <summary>
/// The part of the configuration (section <c>LoraLab</c> of the home's <c>appsettings.json</c>, then environment variables
/// <c>LoraLab__Key</c>) that the trainer needs. All paths are full ones.
/// </summary>
public sealed record TrainingConfiguration
{
    /// <summary>The home folder.</summary>
    public required string Home { get; init; }

    /// <summary>Folder of runs, downloaded models and downloaded data sets.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Folders in which models are searched, in order; only those that exist.</summary>
    public IReadOnlyList<string> ModelDirectories { get; init; } = [];

    /// <summary>Folders in which data sets are searched, in order; only those that exist.</summary>
    public IReadOnlyList<string> DatasetDirectories { get; init; } = [];

    /// <summary>Memory budget of a run in MiB; null: none.</summary>
    public int? MemoryBudgetMb { get; init; }

    /// <summary>Things worth telling, for example a configured folder that does not exist.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>Where <c>pull</c> puts models.</summary>
    public string DownloadedModels => Path.Combine(DataDirectory, "models");

    /// <summary>Where <c>pull</c> puts data sets.</summary>
    public string DownloadedDatasets => Path.Combine(DataDirectory, "datasets");

    /// <summary>Where decompositions of weights are kept for the next run.</summary>
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
            throw RunFailure.BadData($"The configuration ({file} and the environment variables LoraLab__*) cannot be read: {problem.Message}", null, problem);
        }

        if (section.MemoryBudgetMb is <= 0)
        {
            throw RunFailure.BadData($"LoraLab:MemoryBudgetMb is {section.MemoryBudgetMb}; it must be 1 or more, or left out.");
        }

        string data = Path.GetFullPath(string.IsNullOrWhiteSpace(section.DataDirectory) ? "data" : section.DataDirectory, home);
        List<string> warnings = [];
        return new TrainingConfiguration
        {
            Home = home,
            DataDirectory = data,
            ModelDirectories = Roots(home, nameof(ModelDirectories), section.ModelDirectories, warnings),
            DatasetDirectories = Roots(home, nameof(DatasetDirectories), section.DatasetDirectories, warnings),
            MemoryBudgetMb = section.MemoryBudgetMb,
            Warnings = warnings,
        };
    }

    private static List<string> Roots(string home, string key, string[] configured, List<string> warnings)
    {
        List<string> roots = [];
        foreach (string folder in configured.Where(folder => !string.IsNullOrWhiteSpace(folder)).Select(folder => Path.GetFullPath(folder, home)))
        {
            if (Directory.Exists(folder))
            {
                roots.Add(folder);
            }
            else
            {
                warnings.Add($"LoraLab:{key} names {folder}, which does not exist; it is not searched.");
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
    }
}
