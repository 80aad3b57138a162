using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Library;

/// <summary>Datasets that are uploaded, with the real trainer.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class UploadTests(RealServer fixture)
{
    private static readonly string[] _animals = ["cat", "dog", "cow", "hen", "owl", "bee", "fox", "elk", "yak", "ape"];

    private readonly HttpClient _http = fixture.Server.Http;

    private string Data => fixture.Server.DataDirectory;

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
        RunApi api = new(_http);
        RunDocument run = await api.WaitForEndAsync((await api.SubmitAsync(
            """{"dataset": "reviews-a", "maxSteps": 2, "evalEvery": 2, "microBatch": 4, "tooLong": "drop"}""")).Id);
        Assert.Equal((RunState.Completed, null), (run.State, run.Error));

        DatasetRows rows = await ReadAsync<DatasetRows>(
            await _http.GetAsync($"{ApiRoutes.DatasetRows}?name=reviews-a&split=eval&limit=3", TestContext.Current.CancellationToken));
        Assert.Equal((6, 3), (rows.Total, rows.Items.Count));
        Assert.All(rows.Items, row => Assert.Contains(row.Label!, entry.Labels));
        Assert.All(rows.Items, row => Assert.Contains(row.Columns["review"], csv, StringComparison.Ordinal));

        using HttpResponseMessage deleted = await _http.DeleteAsync(
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

        using HttpResponseMessage refused = await _http.PostAsync(
            ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);
        Assert.Equal(["eval.csv", "train.csv"], Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "restored");
        await File.WriteAllTextAsync(file, sent, TestContext.Current.CancellationToken);
        DatasetEntry kept = await ReadAsync<DatasetEntry>(
            await _http.PostAsync(ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken),
            HttpStatusCode.Created);
        Assert.Equal((60, 20), (kept.TrainRows, kept.EvalRows));
        await _http.DeleteAsync(ApiRoutes.Datasets + "/restored", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Upload_WithAPreview_CanBeMappedSplitAndKept()
    {
        // Semicolons, no obvious names, quoted text over two lines, a formula, the same text with two labels.
        StringBuilder text = new("id;\"what\";kind\n");
        for (int i = 0; i < 40; i++)
        {
            text.Append($"{i};\"line {_animals[i % 10]} {i}\nsecond\";{(i % 4 == 0 ? "1" : "0")}\n");
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
        using HttpResponseMessage refused = await _http.PatchAsync(
            ApiRoutes.Upload(upload.Id), RunApi.Json("""{"model": "nowhere"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);

        using HttpResponseMessage kept = await _http.PostAsync(
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

    [Fact]
    public async Task Upload_JsonLinesWithEvaluation_WarnsOfWhatIsWrong()
    {
        string[] train = [.. _animals.Select((animal, i) => $$"""{"text": "{{animal}}", "label": "{{(i % 2 == 0 ? "a" : "b")}}"}""")];
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
        string csv = string.Concat(Enumerable.Range(0, 20).Select(i => $"{(i % 2 == 0 ? "up" : "down")},went {_animals[i % 10]} {i}\n"));

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
        using HttpResponseMessage kept = await _http.PostAsync(
            ApiRoutes.Upload(upload.Id, "keep"), null, TestContext.Current.CancellationToken);
        UploadDocument mended = await PatchAsync(
            upload.Id, new JsonObject { ["manifest"] = new JsonObject { ["promptColumn"] = "a", ["completionColumn"] = "b" } });
        using HttpResponseMessage deleted = await _http.DeleteAsync(ApiRoutes.Upload(upload.Id), TestContext.Current.CancellationToken);

        Assert.Contains("looks like a label", upload.Preview.Problem, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, kept.StatusCode);
        Assert.Equal((null, 270), (mended.Preview.Problem, mended.Preview.Entry!.TrainRows));
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    [Theory]
    [InlineData("a.csv", "text,label\na\0b,good\n", "bad/train.csv, line 2 has a NUL")]
    [InlineData("a.zip", "PK", "is an archive")]
    [InlineData("a.xlsx", "PK", "is a spreadsheet")]
    [InlineData("a.exe", "MZ", "extension '.exe'")]
    public async Task Upload_ThatIsNoTable_IsRefusedInOneSentence(string file, string text, string expected)
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "bad", ("file", file, text));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(Uploads());
        Assert.DoesNotContain(await DatasetsAsync(), data => data.Name == "bad");
    }

    [Fact]
    public async Task Upload_WithABadRow_NamesItsLine()
    {
        using HttpResponseMessage response = await SendAsync(
            ApiRoutes.Datasets, "bad-rows", ("file", "a.csv", "text,label\na,good\nb,\nc,good\nd,bad\n"), Mapping());

        JsonNode problem = (await response.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        Assert.Contains("line 3: the row has no label", (string?)problem["detail"], StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("a/b")]
    [InlineData(".hidden")]
    [InlineData("nul")]
    [InlineData("trailing.")]
    [InlineData("line\nbreak")]
    [InlineData("ünïcode")]
    [InlineData("sst2")]
    public async Task Upload_WithABadName_IsRefused(string name)
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, name, ("file", "a.csv", Csv(20)));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_OfATakenName_IsAConflict()
    {
        using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "Sample", ("file", "a.csv", Csv(20)));

        Assert.Equal(HttpStatusCode.Conflict, response.StatusCode);
    }

    [Fact]
    public async Task Upload_WithOtherParts_IsRefused()
    {
        foreach ((string Name, string? File, string Text)[] parts in ((string, string?, string)[][])
        [
            [("surprise", null, "x"), ("file", "a.csv", "a,b")],
            [("file", "a.csv", "a,b"), ("file", "b.csv", "a,b")],
            [("train", "a.csv", "a,b")],
            [("manifest", null, "{"), ("file", "a.csv", "a,b")],
            [("manifest", null, """{"preset": "sst2"}"""), ("file", "a.csv", Csv(20))],
            [("seed", null, "-1"), ("file", "a.csv", "a,b")],
            [],
        ])
        {
            using HttpResponseMessage response = await SendAsync(ApiRoutes.Datasets, "parts", parts);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }

        using HttpResponseMessage json = await _http.PostAsJsonAsync(
            ApiRoutes.Datasets, new { name = "x" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, json.StatusCode);
        string detail = await json.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("multipart/form-data", detail, StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_OfAGigabyte_IsRefusedBeforeItIsSent()
    {
        using MultipartFormDataContent form = new()
        {
            { new StringContent("big"), "name" }, { new EndlessContent(1L << 30), "file", "a.csv" },
        };
        using HttpRequestMessage request = new(HttpMethod.Post, ApiRoutes.Datasets) { Content = form };
        request.Headers.ExpectContinue = true;

        using HttpResponseMessage response = await _http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
        Assert.Contains(
            "512 MiB", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(Uploads());
    }

    [Fact]
    public async Task Upload_Aborted_LeavesNothing()
    {
        using CancellationTokenSource abort = new(TimeSpan.FromMilliseconds(500));
        using MultipartFormDataContent form = new()
        {
            { new StringContent("aborted"), "name" }, { new EndlessContent(100 << 20, slow: true), "file", "a.csv" },
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _http.PostAsync(ApiRoutes.Uploads, form, abort.Token));

        for (int tries = 0; Uploads().Length > 0; tries++)
        {
            Assert.True(tries < 100, "The files of an aborted upload stay.");
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }
    }

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
            using HttpResponseMessage response = await _http.DeleteAsync(
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
        RunApi api = new(_http);
        RunDocument run = await api.SubmitAsync("""{"dataset": "busy", "epochs": 1000, "effectiveBatch": 1, "evalEvery": 100000}""");

        using HttpResponseMessage refused = await _http.DeleteAsync(ApiRoutes.Datasets + "/busy", TestContext.Current.CancellationToken);
        using HttpResponseMessage cancel = await _http.PostAsync(
            ApiRoutes.Run(run.Id, "cancel"), null, TestContext.Current.CancellationToken);
        await api.WaitForEndAsync(run.Id);
        using HttpResponseMessage deleted = await _http.DeleteAsync(ApiRoutes.Datasets + "/busy", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains(run.Id, await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
    }

    private static (string, string?, string) Mapping() => ("manifest", null, """{"columns": ["text"], "labelColumn": "label"}""");

    private static string Csv(int rows) => "review,label\n" + string.Concat(Enumerable.Range(0, rows).Select(i =>
        $"The {_animals[i % 10]} of day {i} was fine,{(i % 2 == 0 ? "good" : "bad")}\n"));

    private string[] Uploads() =>
        Directory.Exists(Path.Combine(Data, "uploads")) ? Directory.GetDirectories(Path.Combine(Data, "uploads")) : [];

    private async Task<HttpResponseMessage> SendAsync(string route, string name, params (string Name, string? File, string Text)[] parts)
    {
        using MultipartFormDataContent form = new() { { new StringContent(name), "name" } };
        foreach ((string part, string? file, string text) in parts)
        {
            StringContent content = new(text);
            if (file is null)
            {
                form.Add(content, part);
            }
            else
            {
                form.Add(content, part, file);
            }
        }

        return await _http.PostAsync(route, form, TestContext.Current.CancellationToken);
    }

    private async Task<UploadDocument> PatchAsync(string id, JsonObject patch)
    {
        using HttpResponseMessage response = await _http.PatchAsync(
            ApiRoutes.Upload(id), RunApi.Json(patch.ToJsonString()), TestContext.Current.CancellationToken);
        return await ReadAsync<UploadDocument>(response);
    }

    private Task<HttpResponseMessage> GetAsync(string route) => _http.GetAsync(route, TestContext.Current.CancellationToken);

    private async Task<DatasetEntry[]> DatasetsAsync() => await ReadAsync<DatasetEntry[]>(await GetAsync(ApiRoutes.Datasets));

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, HttpStatusCode expected = HttpStatusCode.OK)
    {
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} {text}");
        return System.Text.Json.JsonSerializer.Deserialize<T>(text, ContractJson.Options)!;
    }

    /// <summary>A body of a size that is made while it is sent.</summary>
    private sealed class EndlessContent(long size, bool slow = false) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] piece = new byte[1 << 16];
            Array.Fill(piece, (byte)'x');
            for (long sent = 0; sent < size; sent += piece.Length)
            {
                await stream.WriteAsync(piece);
                await Task.Delay(slow ? 20 : 0);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
