using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>What an upload says about itself before it is kept.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class UploadPreviewTests(RealServer fixture) : UploadsToServer(fixture)
{
    [Fact]
    public async Task Upload_JsonLinesWithEvaluation_WarnsOfWhatIsWrong()
    {
        string[] train = [.. Animals.Select((animal, i) => $$"""{"text": "{{animal}}", "label": "{{(i % 2 == 0 ? "a" : "b")}}"}""")];
        string[] eval = ["""{"text": "cat", "label": "a"}""", """{"text": "new", "label": "a"}"""];

        DatasetPreview preview = await ReadAsync<DatasetPreview>(await SendAsync(
            ApiRoutes.Datasets + "?dryRun=true", "json", ("train", "a.jsonl", string.Join('\n', train)),
            ("eval", "b.jsonl", string.Join('\n', eval)), ("model", null, "sample")));

        Assert.Null(preview.Split);
        Assert.Equal((10, 2), (preview.Entry!.TrainRows, preview.Entry.EvalRows));
        Assert.Contains(preview.Warnings, warning => warning.StartsWith("All 2 evaluation rows have", StringComparison.Ordinal));
        Assert.Contains(preview.Warnings, warning => warning.StartsWith("1 of 2 evaluation rows", StringComparison.Ordinal));
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "json");
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_TextsThatAreTooLongForTheModel_AreCounted()
    {
        string csv = Csv(30) + string.Join(' ', Enumerable.Repeat("word", 20_000)) + ",good\n";

        DatasetPreview preview = await ReadAsync<DatasetPreview>(await SendAsync(
            ApiRoutes.Datasets + "?dryRun=true", "long", ("file", "a.csv", csv), ("model", null, "sample")));

        Assert.Contains(preview.Warnings, warning => warning.Contains("1 ", StringComparison.Ordinal)
            && warning.Contains("token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Upload_PromptsAndCompletions_AreACompletionDataset()
    {
        string tsv = "prompt\tcompletion\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"How many? {i}\tIt is {i}.\n"));

        DatasetEntry entry = await ReadAsync<DatasetEntry>(
            await SendAsync(ApiRoutes.Datasets, "answers", ("file", "a.tsv", tsv)), HttpStatusCode.Created);

        Assert.Equal(("completion", 18, 2), (entry.Task, entry.TrainRows, entry.EvalRows));
    }

    [Fact]
    public async Task Upload_WithoutHeader_HasColumnsByNumber()
    {
        string csv = string.Concat(Enumerable.Range(0, 20).Select(i => $"{(i % 2 == 0 ? "up" : "down")},went {Animals[i % 10]} {i}\n"));

        DatasetPreview preview = await ReadAsync<DatasetPreview>(
            await SendAsync(ApiRoutes.Datasets + "?dryRun=true", "plain", ("file", "a.csv", csv)));

        Assert.False(preview.Files[0].Header);
        Assert.Equal(1, (int?)preview.Manifest["labelColumn"]);
        Assert.Equal((null, "text"), (preview.Problem, Assert.Single(preview.Entry!.Columns)));
    }

    [Fact]
    public async Task Preview_OfColumnsThatAreNoLabel_SaysSoAndCanBeMended()
    {
        string csv = "a,b\n" + string.Concat(Enumerable.Range(0, 300).Select(i => $"x{i},y{i}\n"));

        UploadDocument upload = await ReadAsync<UploadDocument>(
            await SendAsync(ApiRoutes.Uploads, "noLabel", ("file", "a.csv", csv)), HttpStatusCode.Created);
        using HttpResponseMessage kept = await Http.PostAsync(
            ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken);
        UploadDocument mended = await PatchAsync(
            upload.Id, new JsonObject { ["manifest"] = new JsonObject { ["promptColumn"] = "a", ["completionColumn"] = "b" } });
        using HttpResponseMessage deleted = await Http.DeleteAsync(ApiRoutes.Upload(upload.Id), TestContext.Current.CancellationToken);

        Assert.Contains("looks like a label", upload.Preview.Problem, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, kept.StatusCode);
        Assert.Equal((null, 270), (mended.Preview.Problem, mended.Preview.Entry!.TrainRows));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }
}
