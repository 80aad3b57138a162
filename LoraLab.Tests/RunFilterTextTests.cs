using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Contracts.Runs.Filters;
using Xunit;

namespace LoraLab.Tests;

/// <summary>The filter language over runs.</summary>
public sealed class RunFilterTextTests
{
    private static readonly RunDocument _run = new()
    {
        Id = "abcd",
        Name = "Swapped init, 2",
        Color = "#000000",
        State = RunState.Completed,
        Tags = ["demo", "first try"],
        StudyId = "s1",
        CreatedAt = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
        Spec = new RunSpec
        {
            Method = "lora-plus",
            Model = "owner/tiny",
            Rank = 8,
            LearningRate = 1e-4,
            LearningRateB = 4e-4,
            MethodOptions = new() { ["lrRatio"] = 4, ["init"] = "kaiming" },
        },
        Summary = new RunSummary { TrainSeconds = 12.5 }.With(
            MetricKeys.EvalAccuracy, new MetricSummary { Last = 0.91, Best = 0.93, BestStep = 50 }),
    };

    [Theory]
    [InlineData("accuracy > 0.9")]
    [InlineData("accuracy>90%")]
    [InlineData("eval/accuracy.best >= 0.93 and accuracy.bestStep = 50")]
    [InlineData("eval/accuracy.last = 0.91")]
    [InlineData("rank = 8")]
    [InlineData("rank == 8 and not rank != 8")]
    [InlineData("learningRate = 1e-4 and rateRatio < 4.1")]
    [InlineData("model = owner/tiny and dataset = sample and split = dev")]
    [InlineData("tag = demo")]
    [InlineData("tags ~ try and tag = 'first try'")]
    [InlineData("study = s1 and sweep = null")]
    [InlineData("state in (failed, completed) and method not in (lora, pissa)")]
    [InlineData("method = lora or (method = Lora-Plus AND rank < 9)")]
    [InlineData("name ~ \"init, 2\"")]
    [InlineData("methodOptions.lrRatio >= 4 and methodOptions.init = kaiming")]
    [InlineData("eval/mcc != 1 and notes !~ x and targetModules = q_proj")]
    [InlineData("rankStabilized = false and microBatch = auto")]
    [InlineData("createdAt >= 2026-03-01 and createdAt < 2026-03-01T12:30 and trainSeconds > 12")]
    [InlineData("schedule = linear")]
    [InlineData(" ")]
    public void Parse_Matching_Matches(string text) =>
        Assert.True(RunFilterText.Parse(text) is not { } condition || condition.Matches(_run));

    [Theory]
    [InlineData("accuracy > 0.91")]
    [InlineData("eval/mcc < 1")]
    [InlineData("eval/mcc = 0 or eval/loss > 0")]
    [InlineData("not rank = 8")]
    [InlineData("rank = 8 and rank = 4")]
    [InlineData("tag != demo")]
    [InlineData("method = lora")]
    [InlineData("study = null")]
    [InlineData("methodOptions.none = 1")]
    [InlineData("endReason = finished")]
    [InlineData("not (rank = 4 or rank = 8)")]
    public void Parse_NotMatching_DoesNot(string text) => Assert.False(RunFilterText.Parse(text)!.Matches(_run));

    [Theory]
    [InlineData("rnak = 8", 0, "no field 'rnak'")]
    [InlineData("rank = 8 and acuracy > 1", 13, "no field 'acuracy'")]
    [InlineData("rank = eight", 7, "rank is a number, and 'eight' is none")]
    [InlineData("accuracy > NaN", 11, "accuracy is a number")]
    [InlineData("state = done", 8, "state is one of queued, preparing")]
    [InlineData("model < a", 6, "model has no order")]
    [InlineData("rank ~ 8", 5, "rank is no text")]
    [InlineData("rankStabilized = 1", 17, "true or false")]
    [InlineData("createdAt > yesterday", 12, "createdAt is a time")]
    [InlineData("rank < null", 5, "null is compared with =")]
    [InlineData("name = \"a", 7, "does not end")]
    [InlineData("name = 'a\"", 7, "does not end")]
    [InlineData("(rank = 8", 0, "not closed")]
    [InlineData("rank = 8)", 8, "was not opened")]
    [InlineData("rank = 8 rank = 9", 9, "and or or is missing before 'rank'")]
    [InlineData("rank 8", 5, "a comparison is missing after rank")]
    [InlineData("rank =", 6, "a value is missing after =")]
    [InlineData("rank = 8 and", 12, "a condition is missing")]
    [InlineData("= 8", 0, "a field is missing")]
    [InlineData("rank in 8", 8, "in is followed by values in parentheses")]
    [InlineData("rank in (8", 10, "a comma or ) is missing")]
    [InlineData("rank ! 8", 5, "! is followed by")]
    [InlineData("rank = 8, rank = 9", 8, "not by a comma")]
    public void Parse_Wrong_NamesThePlace(string text, int position, string expected)
    {
        FilterException wrong = Assert.Throws<FilterException>(() => RunFilterText.Parse(text));

        Assert.Equal(position, wrong.Position);
        Assert.Contains(expected, wrong.Message, StringComparison.Ordinal);
        Assert.StartsWith($"At character {position + 1}: ", wrong.Sentence, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_DeepOrLong_IsRefusedWithoutExhaustingTheStack()
    {
        FilterException deep = Assert.Throws<FilterException>(() => RunFilterText.Parse(new string('(', 3_000)));
        FilterException tooLong = Assert.Throws<FilterException>(() => RunFilterText.Parse(new string('a', 4_001)));

        Assert.Contains("nested", deep.Message, StringComparison.Ordinal);
        Assert.Contains("4,000", tooLong.Message, StringComparison.Ordinal);
        Assert.NotNull(RunFilterText.Parse(string.Join(" or ", Enumerable.Repeat("rank = 8", 300))));
    }

    [Fact]
    public void Fields_EveryFieldOfTheSpecificationAndEveryMetric_AreFoundAndSort()
    {
        RunFieldCatalog fields = RunFieldCatalog.Default;

        Assert.All(
            SpecFieldCatalog.Default.Fields.Where(field => field.Kind != SpecFieldKind.Options),
            field => Assert.NotNull(fields.Find(field.Name)));
        Assert.All(MetricCatalog.Default.Summarized, metric => Assert.NotNull(fields.Find(metric.Key + ".best")));
        Assert.All(fields.Fields, field => Assert.True(field.SortKey(_run) is null or string or double, field.Name));
        Assert.Equal((0.91, 0.93), (fields.Find("accuracy")!.SortKey(_run), fields.Find("accuracy.best")!.SortKey(_run)));
        Assert.Null(fields.Find("methodOptions."));
    }
}
