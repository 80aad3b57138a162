using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>What becomes of an upload: a dataset that runs train on.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class UploadTests(RealServer fixture) : UploadsToServer(fixture)
{
    [Fact]
    public async Task Upload_Csv_BecomesADatasetThatARunTrainsOn()
    {
        string csv = Csv(60);

        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "reviews-a", ("file", "My reviews.csv", csv));
        DatasetEntry entry = await ReadAsync<DatasetEntry>(response, HttpStatusCode.Created);

        Assert.Equal(("reviews-a", true), (entry.Name, entry.Usable));
        Assert.Equal((54, 6), (entry.TrainRows, entry.EvalRows));
        Assert.Equal(["bad", "good"], entry.Labels);
        Assert.Equal([3, 3], entry.EvalLabels.Values);
        Assert.Contains(await DatasetsAsync(), data => data.Name == "reviews-a" && data.Usable);
        Assert.Empty(Uploads());
        RunApi api = new(Http);
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync(
            """{"dataset": "reviews-a", "maxSteps": 2, "evalEvery": 2, "microBatch": 4, "tooLong": "drop"}""")).Id);
        Assert.Equal((RunState.Completed, null), (run.State, run.Error));

        DatasetRows rows = await ReadAsync<DatasetRows>(
            await Http.GetAsync($"{ApiRoutes.DatasetRows}?name=reviews-a&split=eval&limit=3", TestContext.Current.CancellationToken));
        Assert.Equal((6, 3), (rows.Total, rows.Items.Count));
        Assert.All(rows.Items, row => Assert.Contains(row.Label!, entry.Labels));
        Assert.All(rows.Items, row => Assert.Contains(row.Columns["review"], csv, StringComparison.Ordinal));

        using HttpResponseMessage deleted = await Http.DeleteAsync(
            ApiRoutes.Datasets + "/reviews-a", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "reviews-a");
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(Path.Combine(Data, "datasets")), path => path.Contains("reviews-a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keep_OfFilesThatCannotBeUsedAnyMore_LosesNothing()
    {
        UploadDocument upload = await ReadAsync<UploadDocument>(
            await SendAsync(ApiRoutes.Uploads, "restored", ("train", "a.csv", Csv(60)), ("eval", "b.csv", Csv(20))),
            HttpStatusCode.Created);
        string folder = Path.Combine(Data, "uploads", upload.Id, "source"), file = Path.Combine(folder, "eval.csv");
        string sent = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(file, "other,columns\n1,2\n", TestContext.Current.CancellationToken);

        using HttpResponseMessage refused = await Http.PostAsync(
            ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal(["eval.csv", "train.csv"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "restored");
        await File.WriteAllTextAsync(file, sent, TestContext.Current.CancellationToken);
        DatasetEntry kept = await ReadAsync<DatasetEntry>(
            await Http.PostAsync(ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken),
            HttpStatusCode.Created);
        Assert.Equal((60, 20), (kept.TrainRows, kept.EvalRows));
        await Http.DeleteAsync(ApiRoutes.Datasets + "/restored", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Upload_WithAPreview_CanBeMappedSplitAndKept()
    {
        // Semicolons, no obvious names, quoted text over two lines, a formula, the same text with two labels.
        StringBuilder text = new("id;\"what\";kind\n");
        for (int i = 0; i < 40; i++)
        {
            text.Append($"{i};\"line {Animals[i % 10]} {i}\nsecond\";{(i % 4 == 0 ? "1" : "0")}\n");
        }

        text.Append("40;\"=1+1\";0\n41;same;0\n42;same;1\n");

        UploadDocument upload = await ReadAsync<UploadDocument>(
            await SendAsync(ApiRoutes.Uploads, "mapped", ("file", "x.csv", text.ToString()), ("seed", null, "7")), HttpStatusCode.Created);

        UploadedTable table = Assert.Single(upload.Preview.Files);
        Assert.Equal((";", true, 43), (table.Delimiter, table.Header, table.Rows));
        Assert.Equal(["id", "what", "kind"], table.Columns.Select(column => column.Name));
        Assert.Equal("kind", (string?)upload.Preview.Manifest["labelColumn"]);
        Assert.Equal(new UploadSplit(7, 39, 4), upload.Preview.Split);
        Assert.All(upload.Preview.Rows, row => Assert.EndsWith("\nsecond", row.Columns["what"], StringComparison.Ordinal));
        Assert.Contains(upload.Preview.Warnings, warning => warning.Contains("different labels", StringComparison.Ordinal));
        Assert.Contains(upload.Preview.Warnings, warning => warning.StartsWith("The labels are numbers", StringComparison.Ordinal));

        JsonObject manifest = new()
        {
            ["columns"] = new JsonArray("what"),
            ["labelColumn"] = "kind",
            ["labels"] = new JsonArray("no", "yes"),
            ["labelValues"] = new JsonObject { ["0"] = "no", ["1"] = "yes" },
        };
        UploadDocument changed = await PatchAsync(upload.Id, new JsonObject { ["manifest"] = manifest.DeepClone(), ["seed"] = 8 });
        UploadDocument again = await PatchAsync(upload.Id, new JsonObject { ["model"] = "sample" });
        Assert.Equal(["no", "yes"], changed.Preview.Entry!.Labels);
        Assert.Equal((8, "sample"), (again.Seed, again.Model));
        Assert.Equal(changed.Preview.Split, again.Preview.Split);
        Assert.Contains((await ReadAsync<UploadList>(await GetAsync(ApiRoutes.Uploads))).Items, waiting => waiting.Id == upload.Id);

        // A change that is refused leaves the upload as it was.
        using HttpResponseMessage refused = await Http.PatchAsync(
            ApiRoutes.Upload(upload.Id), RunApi.Json("""{"model": "nowhere"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);

        using HttpResponseMessage kept = await Http.PostAsync(
            ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken);
        DatasetEntry entry = await ReadAsync<DatasetEntry>(kept, HttpStatusCode.Created);
        Assert.Equal((39, 4), (entry.TrainRows, entry.EvalRows));
        using HttpResponseMessage gone = await GetAsync(ApiRoutes.Upload(upload.Id));
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        // The rows of the same text are on one side.
        Dictionary<string, HashSet<string>> sides = [];
        foreach (string split in (string[])["train", "eval"])
        {
            DatasetRows rows = await ReadAsync<DatasetRows>(await GetAsync($"{ApiRoutes.DatasetRows}?name=mapped&split={split}&limit=100"));
            foreach (DatasetRow row in rows.Items)
            {
                sides[row.Columns["what"]] = [.. sides.GetValueOrDefault(row.Columns["what"], []), split];
            }
        }

        Assert.Equal(42, sides.Count);
        Assert.All(sides.Values, side => Assert.Single(side));
    }
}
