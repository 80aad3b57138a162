using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>Rows of more tokens than the model's context, or than <c>maxTokens</c>, from validation to the run's document.</summary>
public sealed class LongRowsTests : IDisposable
{
    private readonly TestTrainer _trainer = new();
    private readonly string _folder;

    public LongRowsTests()
    {
        _folder = Directory.CreateDirectory(Path.Combine(_trainer.NewFolder(), "..", "datasets", "long")).FullName;
        string rows = string.Concat(Enumerable.Range(0, 20).Select(i =>
            $"the film number {i} was {(i % 2 == 0 ? "bad" : "good")} .\t{i % 2}\n"));
        string longRow = string.Concat(Enumerable.Repeat("very ", 400));
        File.WriteAllText(Path.Combine(_folder, "train.tsv"), $"sentence\tlabel\n{longRow}long .\t1\n{rows}{longRow}longer .\t0\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), $"sentence\tlabel\nfine .\t1\nawful .\t0\n\n{longRow}.\t1\n");
    }

    public void Dispose() => _trainer.Dispose();

    [Fact]
    public void Validate_RowsOverTheContext_AreRefusedWithTheirCountAndLines()
    {
        FieldError error = Assert.Single(Validate().Errors);

        Assert.Equal("tooLong", error.Field);
        Assert.StartsWith(
            "2 training rows and 1 evaluation row have more than the model's context of 256 tokens with the prompt, the longest 4",
            error.Message,
            StringComparison.Ordinal);
        Assert.Contains("lines 2, 23 of train.tsv, line 5 of dev.tsv; shorten", error.Message, StringComparison.Ordinal);
        Assert.Contains("set tooLong to \"drop\" or \"truncate\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_Drop_LeavesThemOutAndCountsThem()
    {
        FinishedRun run = Run(("tooLong", "drop"));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Equal(new RowCounts(2, 1), run.Prepared.Environment.DroppedRows);
        Assert.Null(run.Prepared.Environment.TruncatedRows);
        Assert.Equal((10, 10), (run.Prepared.Environment.TrainLabels["negative"], run.Prepared.Environment.TrainLabels["positive"]));
        Assert.Equal((22, 5), (run.Prepared.Spec.TrainSamples, run.Prepared.TotalSteps));
        Assert.Equal(2, run.Summary.EvalRows);
        Assert.Contains(
            run.Prepared.Warnings, warning => warning.Contains("were dropped: lines 2, 23 of train.tsv", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_Truncate_KeepsPromptAndLabel()
    {
        FinishedRun run = Run(("tooLong", "truncate"));

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        Assert.Null(run.Prepared.Environment.DroppedRows);
        Assert.Equal(new RowCounts(2, 1), run.Prepared.Environment.TruncatedRows);
        Assert.Equal(6, run.Prepared.TotalSteps);
        Assert.Equal(3, run.Summary.EvalRows);
    }

    [Fact]
    public void Validate_Drop_KeepsTheChosenRowsInTheSpecification()
    {
        SpecValidation once = Validate(("tooLong", "drop"), ("trainSamples", 12));
        SpecValidation again = _trainer.Services.Validator.Validate(SpecFieldCatalog.ToJson(once.Spec!));

        Assert.Equal(12, once.Spec!.TrainSamples);
        Assert.Equal((once.TrainRows, once.TotalSteps), (again.TrainRows, again.TotalSteps));
        Assert.Equal(once.Warnings, again.Warnings);
    }

    [Theory]
    [InlineData("refuse", 40, "tooLong", "more than maxTokens (40)")]
    [InlineData("drop", 12, "tooLong", "none is left")]
    [InlineData("truncate", 12, "prompt", "The prompt alone has more than maxTokens (12)")]
    [InlineData("drop", 257, "maxTokens", "maxTokens must be at most 256, the context of the model; it is 257.")]
    [InlineData("drop", 0, "maxTokens", "maxTokens must be at least 1")]
    public void Validate_MaxTokens_IsTheLimit(string tooLong, int maxTokens, string field, string part)
    {
        FieldError error = Assert.Single(Validate(("tooLong", tooLong), ("maxTokens", maxTokens)).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_MaxTokensOfEveryValue_TruncatesToIt()
    {
        for (int limit = 30; limit < 60; limit += 5)
        {
            Assert.Empty(Validate(("tooLong", "truncate"), ("maxTokens", limit)).Errors);
        }
    }

    [Fact]
    public void Validate_TextOfTenMegabytes_IsRefusedWithItsLine()
    {
        WriteHuge();

        FieldError error = Assert.Single(Validate().Errors);

        Assert.Equal("tooLong", error.Field);
        Assert.Equal(
            "1 training row has more than the model's context of 256 tokens with the prompt, the longest a text of 10,485,760 "
                + "characters: line 4 of train.tsv; shorten or remove it, or set tooLong to \"drop\" or \"truncate\".",
            error.Message);
    }

    [Theory]
    [InlineData("drop", 20)]
    [InlineData("truncate", 21)]
    public void Validate_TextOfTenMegabytes_IsLeftOutOrShortened(string tooLong, int rows)
    {
        WriteHuge();

        SpecValidation validation = Validate(("tooLong", tooLong));

        Assert.Empty(validation.Errors);
        Assert.Equal((rows, 20), (validation.TrainRows, validation.EvalRows));
        Assert.Contains(validation.Warnings, warning => warning.EndsWith(
            $"{(tooLong == "drop" ? "dropped" : "truncated")}: line 4 of train.tsv.", StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_FileThatChanged_IsCheckedAgain()
    {
        Assert.NotEmpty(Validate().Errors);
        string path = Path.Combine(_folder, "train.tsv");
        File.WriteAllText(path, "sentence\tlabel\nfine .\t1\nbad .\t0\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nawful .\t0\ngood .\t1\n");

        SpecValidation validation = Validate();

        Assert.Empty(validation.Errors);
        Assert.Equal((2, 2), (validation.TrainRows, validation.EvalRows));
        Assert.Empty(validation.Warnings);
    }

    [Fact]
    public void Validate_LabelWordThatTheVocabularyCannotSpell_IsRefused()
    {
        string model = Path.Combine(_trainer.CopyOfSampleModel("mute"), "tokenizer.model");
        File.WriteAllBytes(model, EditedTokenizer.Without(
            File.ReadAllBytes(model), piece => piece.StartsWith("<0x", StringComparison.Ordinal) || piece.Contains('v')));

        FieldError error = Assert.Single(Validate(("model", "mute"), ("tooLong", "drop")).Errors);

        Assert.Equal("dataset", error.Field);
        Assert.Contains("no tokens for the label 'negative'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_LabelThatIsTheBeginningOfAnother_IsRefused()
    {
        string rows = string.Concat(Enumerable.Range(0, 20).Select(i => $"the film number {i} was seen .\t{i % 3}\n"));
        File.WriteAllText(Path.Combine(_folder, "train.tsv"), "sentence\tlabel\n" + rows);
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\n" + rows.Replace("film", "book", StringComparison.Ordinal));
        File.WriteAllText(Path.Combine(_folder, "dataset.json"), """{"labels": ["bad", "good", "good day"]}""");

        FieldError error = Assert.Single(Validate().Errors);

        Assert.Equal("dataset", error.Field);
        Assert.Contains("at least as high: 'good day' with 'good';", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_TruncatedToNothingButSpaces_IsRefused()
    {
        string rows = string.Concat(Enumerable.Range(0, 20).Select(i => $"a film {i}\t{i % 2}\n"));
        File.WriteAllText(Path.Combine(_folder, "train.tsv"), $"sentence\tlabel\n{rows}{new string(' ', 400)}good\t1\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\n" + rows);

        FieldError error = Assert.Single(Validate(("tooLong", "truncate"), ("maxTokens", 40)).Errors);

        Assert.Equal("prompt", error.Field);
    }

    [Fact]
    public void Validate_OneClassAndSharedRows_WarnsBeforeTheRun()
    {
        string good = string.Concat(Enumerable.Range(0, 20).Select(i => $"the film number {i} was good .\t1\n"));
        string bad = string.Concat(Enumerable.Range(0, 20).Select(i => $"the film number {i} was bad .\t0\n"));
        File.WriteAllText(Path.Combine(_folder, "train.tsv"), "sentence\tlabel\n" + bad + good);
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\n" + good);

        IReadOnlyList<string> unseen = Validate(("trainSamples", 20), ("dataSeed", null)).Warnings;
        IReadOnlyList<string> shared = Validate().Warnings;

        Assert.Contains(
            unseen, warning => warning.StartsWith("Of 20 training rows, none has the label 'positive'", StringComparison.Ordinal));
        Assert.Contains(
            unseen, warning => warning.StartsWith("Of 20 evaluation rows, none has the label 'negative'", StringComparison.Ordinal));
        Assert.DoesNotContain(unseen, warning => warning.Contains("same text", StringComparison.Ordinal));
        Assert.Contains(shared, warning => warning.StartsWith("20 of 20 evaluation rows have the same text", StringComparison.Ordinal)
            && warning.EndsWith("lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 10 more of dev.tsv.", StringComparison.Ordinal));
    }

    private SpecValidation Validate(params (string Field, JsonNode? Value)[] changes) =>
        _trainer.Services.Validator.Validate(Spec(changes));

    private FinishedRun Run(params (string Field, JsonNode? Value)[] changes) => _trainer.Run(Spec(changes));

    private static JsonObject Spec((string Field, JsonNode? Value)[] changes)
    {
        JsonObject spec = new() { ["dataset"] = "long", ["effectiveBatch"] = 4, ["rank"] = 4, ["precision"] = "fp32" };
        foreach ((string field, JsonNode? value) in changes)
        {
            spec[field] = value;
        }

        return spec;
    }

    private void WriteHuge()
    {
        string[] rows = [.. Enumerable.Range(0, 20).Select(i => $"a film {i}\t{i % 2}\n")];
        File.WriteAllText(
            Path.Combine(_folder, "train.tsv"),
            $"sentence\tlabel\n{rows[0]}{rows[1]}{string.Concat(Enumerable.Repeat("very ", 2 << 20))}\t1\n{string.Concat(rows[2..])}");
        File.WriteAllText(
            Path.Combine(_folder, "dev.tsv"), $"sentence\tlabel\n{string.Concat(rows).Replace("film", "book", StringComparison.Ordinal)}");
    }
}
