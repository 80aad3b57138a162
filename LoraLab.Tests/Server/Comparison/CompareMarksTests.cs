using System.Net;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using Xunit;

namespace LoraLab.Tests.Server.Comparison;

/// <summary>Marks of the best values, and ids that no run has.</summary>
[Collection(nameof(SharedServer))]
public sealed class CompareMarksTests(ScriptedServer fixture)
{
    private readonly ScriptedRuns _runs = new(fixture.Api);

    [Fact]
    public async Task Compare_BestThatTheTestsShow_IsMarkedAndBold()
    {
        RunDocument good = await _runs.RunAsync("fingerprint wrong=");
        RunDocument bad = await _runs.RunAsync("fingerprint wrong=0-9", "pissa");

        Assert.Contains(new CompareMark(good.Id, MetricKeys.EvalAccuracy), (await _runs.CompareAsync(good, bad)).Marks);
        Assert.Contains(
            "\\textbf{100.0",
            await fixture.Server.Http.GetStringAsync($"{ApiRoutes.CompareExport}?runs={good.Id},{bad.Id}&format=tex"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fingerprint wrong=0,1", 42)]
    [InlineData("fingerprint wrong=0-9 evalHash=other", 42)]
    [InlineData("wrong=0-9", 42)]
    [InlineData("fingerprint wrong=0-9", 7)]
    public async Task Compare_BestThatIsNotShownOrNotComparable_IsNotMarked(string other, int seed)
    {
        RunDocument good = await _runs.RunAsync("fingerprint wrong=");
        RunDocument bad = await _runs.RunAsync(other, "pissa", seed);

        Assert.DoesNotContain((await _runs.CompareAsync(good, bad)).Marks, mark => mark.Column == MetricKeys.EvalAccuracy);
    }

    [Fact]
    public async Task Compare_WinnerThatTrainedLonger_IsNamedWithTheSteps()
    {
        RunDocument good = await _runs.RunAsync("", change: Steps(8, "wrong="));
        RunDocument bad = await _runs.RunAsync("", "pissa", change: Steps(4, "wrong=0-9"));

        CompareDocument document = await _runs.CompareAsync(good, bad);

        Assert.Contains($"{good.Name} is better than {bad.Name}", document.Verdict, StringComparison.Ordinal);
        Assert.Contains("but they trained for 4 and 8 steps (McNemar", document.Verdict, StringComparison.Ordinal);
        Assert.Empty(document.Marks);

        static Action<JsonObject> Steps(int steps, string words) =>
            spec => spec["notes"] = $"steps={steps} delay=0 rows={ScriptedRuns.Rows} fingerprint {words}";
    }

    [Fact]
    public async Task Compare_RunThatStoppedEarly_IsNamedWithItsStepsAndNothingIsMarked()
    {
        RunDocument early = await _runs.RunAsync("", change: Words("steps=8 early=4 wrong="));
        RunDocument whole = await _runs.RunAsync("", "pissa", change: Words("steps=8 wrong=0-9"));

        CompareDocument document = await _runs.CompareAsync(early, whole);

        Assert.Equal((RunState.Completed, EndReason.EarlyStopped, 4), (early.State, early.EndReason, early.Progress.Step));
        Assert.Contains(
            document.Notes, note => note.StartsWith($"Stopped early ({early.Name} at step 4): ", StringComparison.Ordinal));
        Assert.Empty(document.Marks);
        Assert.DoesNotContain(
            (await _runs.CompareAsync(whole)).Notes, note => note.StartsWith("Stopped early", StringComparison.Ordinal));

        static Action<JsonObject> Words(string words) =>
            spec => spec["notes"] = $"delay=0 rows={ScriptedRuns.Rows} fingerprint {words}";
    }

    [Fact]
    public async Task Compare_Margins_AreTheSpreadOfRepeatedRunsOrSaidToBeAssumed()
    {
        RunDocument one = await _runs.RunAsync("fingerprint", seed: 1);
        RunDocument two = await _runs.RunAsync("fingerprint", seed: 2);
        RunDocument other = await _runs.RunAsync("fingerprint", "pissa");

        CompareMargins assumed = (await _runs.CompareAsync(one, other)).Margins;
        CompareMargins measured = (await _runs.CompareAsync(one, two)).Margins;

        Assert.Equal((CompareMargins.AssumedTime, 0), (assumed.Time, assumed.Repetitions));
        Assert.Contains("5.0%", assumed.Text, StringComparison.Ordinal);
        Assert.Contains("assumed", assumed.Text, StringComparison.Ordinal);
        double[] seconds = [one.Summary.TrainSeconds!.Value, two.Summary.TrainSeconds!.Value];
        Assert.Equal((Math.Max((seconds.Max() - seconds.Min()) / seconds.Max(), 0.01), 2), (measured.Time, measured.Repetitions));
        Assert.Contains("2 repeated runs", measured.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compare_OtherThreads_TimesAreNotMarked()
    {
        RunDocument two = await _runs.RunAsync("fingerprint threads=2");
        RunDocument eight = await _runs.RunAsync("fingerprint threads=8", "pissa");

        Assert.DoesNotContain((await _runs.CompareAsync(two, eight)).Marks, mark => mark.Column == "trainSeconds");
    }

    [Fact]
    public async Task Compare_IdsThatDoNotExist_AreNamedAndLeftOut()
    {
        RunDocument run = await _runs.RunAsync("");

        CompareDocument document = await fixture.Api.ReadAsync<CompareDocument>($"{ApiRoutes.Compare}?runs=gone,{run.Id},%3Cb%3E");

        Assert.Equal([run.Id], document.Rows.Select(row => row.RunId));
        Assert.Equal(["gone", "<b>"], document.Missing);
        await fixture.Api.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, $"{ApiRoutes.Compare}?runs=gone");
    }
}
