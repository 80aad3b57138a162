using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>Token lengths, labels and layouts are checked at submission, before anything is queued.</summary>
[Collection(nameof(SharedTrainer))]
public sealed class DataAdmissionTests(RealServer fixture)
{
    private readonly RunApi _api = fixture.Api;

    [Fact]
    public async Task Submit_RowOverTheContext_IsRefusedInDryRunAndSubmission()
    {
        string good = string.Concat(Enumerable.Range(0, 20).Select(i => $"the film number {i} was fine .\t{i % 2}\n"));
        Write("train.tsv", $"sentence\tlabel\n{good}{string.Concat(Enumerable.Repeat("very ", 400))}long .\t1\n");
        Write("dev.tsv", "sentence\tlabel\ngood .\t1\nbad .\t0\n");
        string spec = """{"dataset": "admission", "maxSteps": 1, "rank": 4, "trainSamples": 21}""";
        int before = (await _api.ReadAsync<RunList>(ApiRoutes.Runs)).Total;

        foreach (string route in new[] { $"{ApiRoutes.Runs}?dryRun=true", ApiRoutes.Runs })
        {
            JsonObject problem = await _api.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, route, RunApi.Json(spec));
            Assert.Contains("line 22 of train.tsv", (string)problem["errors"]!["tooLong"]![0]!, StringComparison.Ordinal);
        }

        Assert.Equal(before, (await _api.ReadAsync<RunList>(ApiRoutes.Runs)).Total);
        RunDocument run = await _api.SubmitAsync(spec.Replace("21}", "21, \"tooLong\": \"drop\"}", StringComparison.Ordinal));
        Assert.Contains(run.Warnings, warning => warning.Contains("was dropped: line 22 of train.tsv", StringComparison.Ordinal));
        run = await _api.WaitForEndAsync(run.Id);
        Assert.Equal(RunState.Completed, run.State);
        Assert.Equal(new RowCounts(1, 0), run.Attempts[^1].Environment!.DroppedRows);
    }

    [Fact]
    public async Task Submit_AmbiguousLabels_IsRefused()
    {
        Write("train.tsv", "sentence\tlabel\ngood .\t1\nbad .\t2\n", "ambiguous");
        Write("dev.tsv", "sentence\tlabel\ngood .\t1\nbad .\t2\n", "ambiguous");
        Write("dataset.json", """{"labels": ["1", "2", "3"]}""", "ambiguous");

        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Post, ApiRoutes.Runs, RunApi.Json("""{"dataset": "ambiguous"}"""));

        Assert.Contains("labelValues", (string)problem["errors"]!["dataset"]![0]!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"train": "a.tsv", "eval": "a.tsv"}""", "dev")]
    [InlineData("""{"train": "a.tsv", "eval": "b.tsv", "selection": "b.tsv"}""", "selection")]
    public async Task Submit_OneFileForTwoUses_IsTrainedAndEvaluated(string manifest, string split)
    {
        string dataset = "shared-" + split;
        string rows = string.Concat(Enumerable.Range(0, 20).Select(i => $"the film number {i} was fine .\t{i % 2}\n"));
        Write("a.tsv", "sentence\tlabel\n" + rows, dataset);
        Write("b.tsv", "sentence\tlabel\n" + rows.Replace("film", "book", StringComparison.Ordinal), dataset);
        Write("dataset.json", manifest, dataset);

        RunDocument run = await _api.SubmitAsync($$"""{"dataset": "{{dataset}}", "evalSplit": "{{split}}", "maxSteps": 1, "rank": 4}""");

        Assert.Equal(RunState.Completed, (await _api.WaitForEndAsync(run.Id)).State);
    }

    private void Write(string file, string text, string dataset = "admission")
    {
        string folder = Path.Combine(fixture.Server.DataDirectory, "datasets", dataset);
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, file), text);
    }
}
