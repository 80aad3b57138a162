using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Runs;

/// <summary>The predictions route: texts of the rows, filters and pages.</summary>
[Collection(nameof(SharedServer))]
public sealed class PredictionTests(ScriptedServer fixture)
{
    private readonly RunApi _api = fixture.Api;

    [Fact]
    public async Task Predictions_Pairs_HaveTextsScoresAndTokens()
    {
        RunDocument run = await RunAsync("pairs", "rows=6 wrong=1");

        PredictionSet set = await ReadAsync(run);

        Assert.Equal(("classification", 6, 6), (run.Task, set.Rows, set.Total));
        Prediction row = set.Items[1];
        Assert.Equal((1, 1, 0, false), (row.Row, row.Label, row.Predicted, row.Correct));
        Assert.Equal(["premise", "hypothesis"], row.Columns!.Keys);
        Assert.Equal("The dogs are wearing red collars.", row.Columns["hypothesis"]);
        Assert.Equal("[1,2,3]", row.Tokens!.ToJsonString());
        Assert.Equal(3, row.Scores.Count);
        Assert.Equal([[2, 0, 0], [1, 1, 0], [0, 0, 2]], set.Confusion!);
    }

    [Fact]
    public async Task Predictions_Completions_HaveLossTokensReferenceAndGeneratedText()
    {
        RunDocument run = await RunAsync("instructions", "rows=4 wrong=0", spec => spec["generateSamples"] = 4);

        PredictionSet set = await ReadAsync(run);

        Assert.Equal("completion", run.Task);
        Assert.Empty(set.Labels);
        Assert.Null(set.Confusion);
        Assert.Equal((false, "Paris", "Lyon, I think"), (set.Items[0].Correct, set.Items[0].Reference, set.Items[0].Generated));
        Assert.Equal((true, "- red\n- green\n- blue"), (set.Items[3].Correct, set.Items[3].Generated));
        Assert.Equal(3, (int)set.Items[0].Tokens!);
        Assert.Equal(1.69 * 3, set.Items[0].Loss!.Value, 1e-9);
        Assert.Equal(0.5, set.Items[0].Metrics["rougeL"]);
        Assert.StartsWith("### Instruction:", set.Items[0].Prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predictions_RowsWithoutGeneratedText_AreNeitherRightNorWrong()
    {
        RunDocument run = await RunAsync("instructions", "rows=3");

        Assert.All((await ReadAsync(run)).Items, row => Assert.Equal((null, null), (row.Correct, row.Generated)));
        Assert.Empty((await ReadAsync(run, "&show=wrong")).Items);
    }

    [Fact]
    public async Task Predictions_FiltersAndPages_AreTakenOnTheServer()
    {
        RunDocument run = await RunAsync("pairs", "rows=30 wrong=1-4,11");

        PredictionSet wrong = await ReadAsync(run, "&show=wrong&limit=2&offset=1");
        PredictionSet neutral = await ReadAsync(run, "&label=neutral&predicted=entailment");
        PredictionSet dogs = await ReadAsync(run, "&q=RED%20collars");
        PredictionSet costly = await ReadAsync(run, "&sort=loss&limit=3");
        PredictionSet certain = await ReadAsync(run, "&sort=margin&offset=29&limit=5");

        Assert.Equal([2, 3], wrong.Items.Select(row => row.Row));
        Assert.Equal((5, 30), (wrong.Total, wrong.Rows));
        Assert.Null(wrong.Confusion);
        Assert.NotNull(costly.Confusion);
        Assert.Equal([1], neutral.Items.Select(row => row.Row));
        Assert.Equal(Enumerable.Range(0, 30).Where(row => row % 4 == 1), dogs.Items.Select(row => row.Row));
        Assert.Equal([2, 11, 1], costly.Items.Select(row => row.Row));
        Assert.Single(certain.Items);
    }

    [Fact]
    public async Task Predictions_ConfidentAndWrong_AreThoseWithNineTenthsOfTheProbability()
    {
        RunDocument run = await RunAsync("sample", "rows=8 wrong=0-6");

        PredictionSet set = await ReadAsync(run, "&show=confident");

        // The scores are -0.5 - row and -1.25: the second label has nine tenths from a difference of ln 9 on.
        Assert.Equal([4, 6], set.Items.Select(row => row.Row));
        Assert.All(set.Items, row => Assert.Equal(1 / (1 + Math.Exp(-0.5 - row.Row + 1.25)), row.Confidence()!.Value, 1e-12));
    }

    [Theory]
    [InlineData("label=sunny", "label is \"sunny\", which is none of the run's labels (entailment, neutral, contradiction).")]
    [InlineData("show=most", "show")]
    [InlineData("sort=length", "sort")]
    [InlineData("limit=0", "limit")]
    public async Task Predictions_BadFilter_IsRefusedByName(string query, string expected)
    {
        RunDocument run = await RunAsync("pairs", "rows=3");

        JsonObject problem = await _api.RefusedAsync(
            HttpStatusCode.BadRequest, HttpMethod.Get, ApiRoutes.Run(run.Id, "predictions") + "?" + query);

        Assert.Contains(expected, (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Predictions_RunWithoutTexts_AreReadAsBefore()
    {
        RunDocument run = await RunAsync("sample", "rows=4");
        RunDocument damaged = await RunAsync("pairs", "rows=4");
        string path = Path.Combine(fixture.Server.DataDirectory, "runs", damaged.Id, RunFiles.EvaluationRows);
        File.WriteAllText(path, File.ReadAllText(path)[..^20]);

        Assert.All((await ReadAsync(run)).Items, row => Assert.Equal((null, null), (row.Columns, row.Tokens)));
        Assert.Equal([true, true, true, false], (await ReadAsync(damaged)).Items.Select(row => row.Columns is not null));
    }

    [Fact]
    public async Task Predictions_TextsOfAnotherHashThanTheFingerprints_AreNeitherShownNorSearched()
    {
        RunDocument run = await RunAsync("pairs", "rows=4 fingerprint");
        RunDocument other = await RunAsync("pairs", "rows=4 fingerprint");
        string path = Path.Combine(fixture.Server.DataDirectory, "runs", run.Id, RunFiles.EvaluationRows);
        string original = File.ReadAllText(path);
        string word = (await ReadAsync(run)).Items[0].Columns!["premise"].Split(' ')[0];
        Assert.False((await ReadAsync(run)).DataChanged);
        Assert.NotEqual(0, (await ReadAsync(run, $"&q={word}")).Total);
        string rows = $"/api/v1/compare/rows?runs={run.Id},{other.Id}&show=all";
        Assert.False((await _api.ReadAsync<CompareRows>(rows)).DataChanged);

        File.WriteAllText(path, original.Replace(word, word + "s", StringComparison.Ordinal));

        PredictionSet changed = await ReadAsync(run);
        Assert.True(changed.DataChanged);
        Assert.Equal(4, changed.Items.Count);
        Assert.All(changed.Items, row => Assert.Equal((null, null), (row.Columns, row.Prompt)));
        Assert.Equal(0, (await ReadAsync(run, $"&q={word}")).Total);
        CompareRows compared = await _api.ReadAsync<CompareRows>(rows);
        Assert.True(compared.DataChanged);
        Assert.All(compared.Items, row => Assert.Null(row.A.Columns));

        File.WriteAllText(path, original);
        Assert.NotNull((await ReadAsync(run)).Items[0].Columns);
    }

    private Task<PredictionSet> ReadAsync(RunDocument run, string query = "") =>
        _api.ReadAsync<PredictionSet>(ApiRoutes.Run(run.Id, "predictions") + "?step=last" + query);

    private async Task<RunDocument> RunAsync(string dataset, string words, Action<JsonObject>? change = null)
    {
        JsonObject spec = new() { ["dataset"] = dataset, ["notes"] = $"{words} steps=1 delay=0" };
        change?.Invoke(spec);
        return await _api.WaitForEndAsync((await _api.SubmitAsync(spec.ToJsonString())).Id);
    }
}
