using System.Net;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>Which datasets the server deletes.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class DatasetDeletionTests(RealServer fixture) : UploadsToServer(fixture)
{
    [Fact]
    public async Task Delete_OfWhatTheServerDidNotMake_IsRefused()
    {
        string datasets = Path.Combine(Data, "datasets"), outside = Path.Combine(Data, "outside");
        Directory.CreateDirectory(Path.Combine(datasets, "own"));
        Directory.CreateDirectory(outside);
        File.WriteAllText(Path.Combine(datasets, "own", "train.tsv"), "sentence\tlabel\na\t0\nb\t1\n");
        File.WriteAllText(Path.Combine(outside, ".loralab-upload.json"), "{}");
        File.WriteAllText(Path.Combine(outside, "train.tsv"), "sentence\tlabel\na\t0\nb\t1\n");
        Directory.CreateSymbolicLink(Path.Combine(datasets, "linked"), outside);
        foreach ((string name, HttpStatusCode expected) in ((string, HttpStatusCode)[])
        [
            ("own", HttpStatusCode.Conflict), ("linked", HttpStatusCode.Conflict), ("sample", HttpStatusCode.Conflict),
            ("nothing", HttpStatusCode.NotFound), ("..%2F..%2Foutside", HttpStatusCode.NotFound), ("%2E%2E", HttpStatusCode.NotFound),
            ("linked%2F..%2Fown", HttpStatusCode.NotFound),
        ])
        {
            using HttpResponseMessage response = await Http.DeleteAsync(
                $"{ApiRoutes.Datasets}/{name}", TestContext.Current.CancellationToken);
            Assert.True(expected == response.StatusCode, $"{name}: {response.StatusCode}");
        }

        Assert.True(File.Exists(Path.Combine(outside, "train.tsv")));
        Assert.True(File.Exists(Path.Combine(datasets, "own", "train.tsv")));
        Directory.Delete(Path.Combine(datasets, "linked"));
        Directory.Delete(Path.Combine(datasets, "own"), recursive: true);
    }

    [Fact]
    public async Task Delete_WhileARunWaits_IsRefused()
    {
        await ReadAsync<DatasetEntry>(await SendAsync(ApiRoutes.Datasets, "busy", ("file", "a.csv", Csv(40))), HttpStatusCode.Created);
        RunApi api = new(Http);
        RunDocument run = await api.SubmitAsync("""{"dataset": "busy", "epochs": 1000, "effectiveBatch": 1, "evalEvery": 100000}""");

        using HttpResponseMessage refused = await Http.DeleteAsync(ApiRoutes.Datasets + "/busy", TestContext.Current.CancellationToken);
        using HttpResponseMessage cancel = await Http.PostAsync(
            ApiRoutes.Run(run.Id, "cancel"), null, TestContext.Current.CancellationToken);
        await api.WaitForEndAsync(run.Id);
        using HttpResponseMessage deleted = await Http.DeleteAsync(ApiRoutes.Datasets + "/busy", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains(run.Id, await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }
}
