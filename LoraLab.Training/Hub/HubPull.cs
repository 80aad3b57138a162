using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks;
using Spectre.Console;

namespace LoraLab.Training.Hub;

/// <summary>The command <c>pull</c>, which downloads a model or a published dataset from the Hub into the data directory.</summary>
public static class HubPull
{
    /// <summary>Downloads a model or dataset and shows the progress.</summary>
    /// <param name="name">The name of a preset, such as <c>sst2</c>, or <c>owner/name</c>, each with <c>@revision</c> or without.</param>
    /// <param name="kind"><c>models</c> or <c>datasets</c>, if the name must be one; null: either.</param>
    /// <param name="configuration">Configures the target folders.</param>
    /// <param name="report">Receives the progress, and a message on failure.</param>
    /// <param name="cancellationToken">Stops the download; the next call resumes it.</param>
    /// <returns>The exit code: 0 for success, 1 for failure, 130 for cancellation.</returns>
    public static async Task<int> RunAsync(
        string name, string? kind, TrainingConfiguration configuration, IPullReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);
        try
        {
            return await RunAsync(name, kind, configuration, report, HubOptions.FromEnvironment(), cancellationToken)
                .ConfigureAwait(false);
        }
        catch (RunFailure problem)
        {
            report.Failed(problem.Message);
            return 1;
        }
    }

    /// <summary>Downloads with the given options instead of the environment's, and shows the progress on a console.</summary>
    public static Task<int> RunAsync(
        string name, TrainingConfiguration configuration, IAnsiConsole console, HubOptions options, CancellationToken cancellationToken) =>
        RunAsync(name, null, configuration, new ConsolePullReport(console), options, cancellationToken);

    private static async Task<int> RunAsync(
        string name,
        string? kind,
        TrainingConfiguration configuration,
        IPullReport report,
        HubOptions options,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(options);
        using HubClient client = new(options);
        try
        {
            if (kind != "models" && PublishedDataset.Find(name.Split('@')[0]) is PublishedDataset published)
            {
                HubRepository repository = new(
                    "datasets", published.Repository, name.Contains('@') ? HubRepository.RevisionIn(name) : published.Branch);
                RevisionPull pull = new(client, options, repository, configuration, report, cancellationToken);
                await new DatasetPull(published, pull, configuration).RunAsync(anyRevision: name == published.Name).ConfigureAwait(false);
            }
            else
            {
                RequireModel(name, kind);
                RevisionPull pull = new(client, options, HubRepository.Model(name), configuration, report, cancellationToken);
                await PullModelAsync(pull, configuration).ConfigureAwait(false);
            }

            return 0;
        }
        catch (RunFailure problem)
        {
            report.Failed(problem.Message);
            return 1;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            report.Failed($"The download could not be written: {problem.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            report.Stopped(name);
            return 130;
        }
    }

    private static void RequireModel(string name, string? kind)
    {
        if (kind == "datasets")
        {
            throw RunFailure.BadData(
                $"'{name}' is not a dataset that can be downloaded; these are {string.Join(", ", PublishedDataset.Names)}.");
        }
    }

    private static async Task PullModelAsync(RevisionPull pull, TrainingConfiguration configuration)
    {
        string name = pull.Repository.Id;
        StoredRevisions revisions = new(Path.Combine([configuration.DownloadedModels, .. name.Split('/')]));
        HubListing listing = await pull.ListAsync().ConfigureAwait(false);
        IReadOnlyList<HubFile> files = ModelSelection.Select(pull.Repository, listing);
        IReadOnlyList<HubFile> missing = await pull.MissingAsync(revisions, listing, files).ConfigureAwait(false);
        if (missing.Count > 0)
        {
            using StagingFolder staging = pull.Stage(revisions, listing);
            await pull.ReuseAsync(revisions, missing, staging).ConfigureAwait(false);
            await pull.FetchAsync(listing, staging, missing, file => file.Path, file =>
            {
                if (!file.Path.EndsWith(".safetensors", StringComparison.Ordinal))
                {
                    ModelCatalog.RequireSmallFiles(staging.Folder);
                }
            }).ConfigureAwait(false);
            staging.Publish([.. missing.Select(file => file.Path)]);
        }

        pull.Finish(name, revisions, listing);
    }
}
