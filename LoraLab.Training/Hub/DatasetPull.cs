using LoraLab.Contracts;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Hub;

/// <summary>Downloads a published dataset into a folder of its name, with a <c>dataset.json</c> that names it.</summary>
/// <param name="published">The dataset.</param>
/// <param name="pull">The download.</param>
/// <param name="configuration">Configures the target folder.</param>
internal sealed class DatasetPull(PublishedDataset published, RevisionPull pull, TrainingConfiguration configuration)
{
    private const string Sst2 = "sst2";

    private string Name => published.Name;

    /// <summary>Downloads the files.</summary>
    /// <param name="anyRevision">Whether a usable revision that is already there will do.</param>
    /// <exception cref="RunFailure">The repository lacks the files, or they cannot be downloaded or read.</exception>
    public async Task RunAsync(bool anyRevision)
    {
        string final = Path.Combine(configuration.DownloadedDatasets, Name);
        if (anyRevision && StoredRevisions.Enter(final) is string present && IsUsable(present))
        {
            pull.Report(Name, present);
            return;
        }

        StoredRevisions revisions = new(final);
        (HubListing listing, HubFile[] train, HubFile[] eval) = await FindAsync(final).ConfigureAwait(false);
        if (!IsUsable(revisions.Folder(listing.Commit)))
        {
            using StagingFolder staging = pull.Stage(revisions, listing);
            await pull.FetchAsync(listing, staging, [.. eval, .. train], NameOf, _ => { }).ConfigureAwait(false);
            staging.Publish(Name == Sst2
                ? await ConvertAsync(staging, train, eval).ConfigureAwait(false)
                : Describe(staging, [.. train, .. eval]));
            Dataset data = published.Read(revisions.Folder(listing.Commit));
            pull.Say($"{NumberFormat.Count(data.Entry.TrainRows, "training row")}, "
                + $"{NumberFormat.Count(data.Entry.EvalRows, "evaluation row")}");
        }

        pull.Finish(Name, revisions, listing);
    }

    /// <summary>Lists the repository, and finds the dataset's files.</summary>
    private async Task<(HubListing Listing, HubFile[] Train, HubFile[] Eval)> FindAsync(string folder)
    {
        try
        {
            HubListing listing = await pull.ListAsync().ConfigureAwait(false);
            (IReadOnlyList<string> train, IReadOnlyList<string> eval) = published.FilesOf(listing.Files.Select(file => file.Path));
            return (listing, Files(listing, train), Files(listing, eval));
        }
        catch (RunFailure problem) when (problem.InnerException is null)
        {
            // The hub answered, and does not have them.
            throw RunFailure.BadData($"{problem.Message.TrimEnd('.')}; {published.ByHand(folder)}.", null, problem);
        }
    }

    private string NameOf(HubFile file) => published.NameOf(file.Path);

    private static HubFile[] Files(HubListing listing, IReadOnlyList<string> paths) =>
        [.. paths.Select(path => listing.Files.First(file => file.Path == path))];

    private string[] Describe(StagingFolder staging, HubFile[] files)
    {
        File.WriteAllText(staging.File(PublishedDataset.ManifestName), published.ManifestText);
        return [.. files.Select(NameOf), PublishedDataset.ManifestName];
    }

    /// <summary>GLUE's own layout of SST-2, which needs no <c>dataset.json</c>.</summary>
    private async Task<string[]> ConvertAsync(StagingFolder staging, HubFile[] train, HubFile[] eval)
    {
        foreach ((HubFile[] parts, string table) in new[] { (train, "train.tsv"), (eval, "dev.tsv") })
        {
            await GlueParquetConverter.WriteAsync(
                [.. parts.Select(file => staging.File(NameOf(file)))], staging.File(table), pull.Cancellation).ConfigureAwait(false);
        }

        return ["train.tsv", "dev.tsv"];
    }

    private bool IsUsable(string folder)
    {
        try
        {
            published.Read(folder);
            return true;
        }
        catch (RunFailure)
        {
            return false;
        }
    }
}
