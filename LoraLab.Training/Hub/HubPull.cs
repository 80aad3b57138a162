using LoraLab.Contracts;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Models;
using LoraLab.Training.Tasks.Classification;
using Spectre.Console;

namespace LoraLab.Training.Hub;

/// <summary>The command <c>pull</c>, which downloads a model or SST-2 from the Hugging Face Hub into the data directory.</summary>
public static class HubPull
{
    private const string Sst2 = "sst2";

    /// <summary>The repository of SST-2: Parquet files with GLUE's rows in GLUE's order.</summary>
    private static readonly HubRepository _glue = new("datasets", "nyu-mll/glue", HubRepository.DefaultRevision);

    /// <summary>Downloads a model or dataset and shows the progress.</summary>
    /// <param name="name"><c>sst2</c>, <c>owner/name</c> or <c>owner/name@revision</c>.</param>
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
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(console);
        ArgumentNullException.ThrowIfNull(options);
        using HubClient client = new(options);
        try
        {
            string folder = name == Sst2
                ? await PullSst2Async(client, options, configuration, console, cancellationToken).ConfigureAwait(false)
                : await PullModelAsync(client, options, HubRepository.Model(name), configuration, console, cancellationToken)
                    .ConfigureAwait(false);
            console.MarkupLineInterpolated($"[green]{name}[/] is in {folder}");
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

    private static async Task<string> PullModelAsync(
        HubClient client,
        HubOptions options,
        HubRepository repository,
        TrainingConfiguration configuration,
        IAnsiConsole console,
        CancellationToken cancellationToken)
    {
        HubListing listing = await ListAsync(client, options, repository, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<HubFile> files = ModelSelection.Select(repository, listing);
        string final = Path.Combine([configuration.DownloadedModels, .. repository.Id.Split('/')]);
        List<HubFile> missing = [];
        foreach (HubFile file in files)
        {
            if (!await HubChecksum.IsAsync(Path.Combine(final, file.Path), file, cancellationToken).ConfigureAwait(false))
            {
                missing.Add(file);
            }
        }

        if (missing.Count == 0)
        {
            return final;
        }

        StagingFolder staging = new(final);
        HubDownload download = new(client, options, repository, listing.Commit);
        await FetchAsync(download, staging, missing, console, CheckConfiguration, cancellationToken).ConfigureAwait(false);
        staging.Publish([.. missing.Select(file => file.Path)]);
        return final;

        void CheckConfiguration(HubFile file)
        {
            if (file.Path == LlamaConfig.FileName)
            {
                LlamaConfig.Read(staging.Folder);
            }
        }
    }

    private static async Task<string> PullSst2Async(
        HubClient client,
        HubOptions options,
        TrainingConfiguration configuration,
        IAnsiConsole console,
        CancellationToken cancellationToken)
    {
        string final = Path.Combine(configuration.DownloadedDatasets, Sst2);
        if (IsUsable(final))
        {
            return final;
        }

        HubListing listing = await ListAsync(client, options, _glue, cancellationToken).ConfigureAwait(false);
        HubFile[] train = Parts(listing, "sst2/train-");
        HubFile[] dev = Parts(listing, "sst2/validation-");
        StagingFolder staging = new(final);
        await FetchAsync(
            new HubDownload(client, options, _glue, listing.Commit), staging, [.. dev, .. train], console, _ => { }, cancellationToken)
            .ConfigureAwait(false);
        int trainRows = await GlueParquetConverter.WriteAsync([.. train.Select(Staged)], staging.File("train.tsv"), cancellationToken)
            .ConfigureAwait(false);
        int devRows = await GlueParquetConverter.WriteAsync([.. dev.Select(Staged)], staging.File("dev.tsv"), cancellationToken)
            .ConfigureAwait(false);
        staging.Publish(["train.tsv", "dev.tsv"]);
        console.MarkupLineInterpolated($"{NumberFormat.Count(trainRows, "training row")}, {NumberFormat.Count(devRows, "evaluation row")}");
        return final;

        string Staged(HubFile file) => staging.File(Path.GetFileName(file.Path));
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
            : throw RunFailure.BadData($"'{_glue}' no longer has {prefix}*.parquet; download SST-2 manually from the GLUE benchmark.");
    }

    private static Task<HubListing> ListAsync(
        HubClient client, HubOptions options, HubRepository repository, CancellationToken cancellationToken) =>
        HubRetry.RunAsync(options, () => client.ListAsync(repository, cancellationToken), () => 0, cancellationToken);

    private static async Task FetchAsync(
        HubDownload download,
        StagingFolder staging,
        IReadOnlyList<HubFile> files,
        IAnsiConsole console,
        Action<HubFile> onDownloaded,
        CancellationToken cancellationToken)
    {
        staging.RequireSpace(files.Sum(file => file.Size));
        await console.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                foreach (HubFile file in files)
                {
                    ProgressTask bar = context.AddTask(Markup.Escape(file.Path), maxValue: Math.Max(1, file.Size));
                    await download.FetchAsync(
                        file, staging.File(Path.GetFileName(file.Path)), bytes => bar.Value = bytes, cancellationToken)
                        .ConfigureAwait(false);
                    bar.Value = bar.MaxValue;
                    onDownloaded(file);
                }
            }).ConfigureAwait(false);
    }
}
