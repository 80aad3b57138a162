using LoraLab.Contracts;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models.Catalog;
using LoraLab.Training.Tasks.Classification;
using Spectre.Console;

namespace LoraLab.Training.Hub;

/// <summary>The command <c>pull</c>, which downloads a model or SST-2 from the Hugging Face Hub into the data directory.</summary>
public static class HubPull
{
    private const string Sst2 = "sst2";
    private const string Glue = "nyu-mll/glue";

    /// <summary>Downloads a model or dataset and shows the progress.</summary>
    /// <param name="name"><c>sst2</c> or <c>owner/name</c>, each with <c>@revision</c> or without.</param>
    /// <param name="configuration">Configures the target folders.</param>
    /// <param name="console">Receives the progress, and a message on failure.</param>
    /// <param name="cancellationToken">Stops the download; the next call resumes it.</param>
    /// <returns>The exit code: 0 for success, 1 for failure, 130 for cancellation.</returns>
    public static async Task<int> RunAsync(
        string name, TrainingConfiguration configuration, IAnsiConsole console, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(name, configuration, console, HubOptions.FromEnvironment(), cancellationToken).ConfigureAwait(false);
        }
        catch (RunFailure problem)
        {
            console.MarkupLineInterpolated($"[red]{problem.Message}[/]");
            return 1;
        }
    }

    /// <summary>Downloads with the given options instead of the environment's.</summary>
    public static async Task<int> RunAsync(
        string name, TrainingConfiguration configuration, IAnsiConsole console, HubOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(options);
        using HubClient client = new(options);
        try
        {
            if (name == Sst2 || name.StartsWith(Sst2 + "@", StringComparison.Ordinal))
            {
                // SST-2 is in Parquet files with GLUE's rows in GLUE's order.
                HubRepository repository = new("datasets", Glue, HubRepository.RevisionIn(name));
                RevisionPull pull = new(client, options, repository, configuration, console, cancellationToken);
                await PullSst2Async(pull, configuration, name == Sst2).ConfigureAwait(false);
            }
            else
            {
                RevisionPull pull = new(client, options, HubRepository.Model(name), configuration, console, cancellationToken);
                await PullModelAsync(pull, configuration).ConfigureAwait(false);
            }

            return 0;
        }
        catch (RunFailure problem)
        {
            console.MarkupLineInterpolated($"[red]{problem.Message}[/]");
            return 1;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            console.MarkupLineInterpolated($"[red]The download could not be written: {problem.Message}[/]");
            return 1;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            console.MarkupLineInterpolated($"Stopped; run 'pull {name}' again to resume.");
            return 130;
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

    private static async Task PullSst2Async(RevisionPull pull, TrainingConfiguration configuration, bool anyRevision)
    {
        string final = Path.Combine(configuration.DownloadedDatasets, Sst2);
        if (anyRevision && StoredRevisions.Enter(final) is string present && IsUsable(present))
        {
            pull.Report(Sst2, present);
            return;
        }

        StoredRevisions revisions = new(final);
        HubListing listing = await pull.ListAsync().ConfigureAwait(false);
        if (!IsUsable(revisions.Folder(listing.Commit)))
        {
            HubFile[] train = Parts(listing, "sst2/train-");
            HubFile[] dev = Parts(listing, "sst2/validation-");
            using StagingFolder staging = pull.Stage(revisions, listing);
            await pull.FetchAsync(listing, staging, [.. dev, .. train], Staged, _ => { }).ConfigureAwait(false);
            int trainRows = await GlueParquetConverter.WriteAsync(
                [.. train.Select(file => staging.File(Staged(file)))], staging.File("train.tsv"), pull.Cancellation).ConfigureAwait(false);
            int devRows = await GlueParquetConverter.WriteAsync(
                [.. dev.Select(file => staging.File(Staged(file)))], staging.File("dev.tsv"), pull.Cancellation).ConfigureAwait(false);
            staging.Publish(["train.tsv", "dev.tsv"]);
            pull.Say($"{NumberFormat.Count(trainRows, "training row")}, {NumberFormat.Count(devRows, "evaluation row")}");
        }

        pull.Finish(Sst2, revisions, listing);

        static string Staged(HubFile file) => Path.GetFileName(file.Path);
    }

    private static bool IsUsable(string folder)
    {
        try
        {
            ClassificationReader.Read(Sst2, folder);
            return true;
        }
        catch (RunFailure)
        {
            return false;
        }
    }

    private static HubFile[] Parts(HubListing listing, string prefix)
    {
        HubFile[] parts = [.. listing.Files.Where(file => file.Path.StartsWith(prefix, StringComparison.Ordinal)
            && file.Path.EndsWith(".parquet", StringComparison.Ordinal)).OrderBy(file => file.Path, StringComparer.Ordinal)];
        return parts.Length > 0
            ? parts
            : throw RunFailure.BadData($"'{Glue}' no longer has {prefix}*.parquet; download SST-2 manually from the GLUE benchmark.");
    }
}
