using System.Text.Json.Nodes;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>Datasets with several text columns and many labels, which no preset describes.</summary>
public sealed class TextColumnsTests : IDisposable
{
    private const int Labels = 200;
    private static readonly string[] _columns = ["title", "place", "time of day", "first_text", "second-text"];
    private readonly TestTrainer _trainer = new();
    private readonly string _folder;

    public TextColumnsTests() =>
        _folder = Directory.CreateDirectory(Path.Combine(_trainer.Services.Configuration.DataDirectory, "datasets", "mine")).FullName;

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("csv")]
    [InlineData("jsonl")]
    public void Run_FiveColumnsAnd200Labels_ScoresEveryLabelAsAlone(string format)
    {
        WriteMany(format, [.. Enumerable.Range(0, Labels)]);

        FinishedRun many = _trainer.Run(Spec());
        WriteMany(format, [0, 117]);
        FinishedRun two = _trainer.Run(Spec());

        Assert.True(many.Ended.Reason == EndReason.Finished, many.Ended.Error);
        Assert.Equal("A {title} B {place} {time of day} C {first_text} {second-text} D: {label}", many.Prepared.Spec.Prompt);
        string[] row = many.Predictions(0)[0];
        string[] alone = two.Predictions(0)[0];
        Assert.Equal(3 + Labels, row.Length);
        Assert.Equal(double.Parse(alone[3], null), double.Parse(row[3], null), 1e-4);
        Assert.Equal(double.Parse(alone[4], null), double.Parse(row[3 + 117], null), 1e-4);
        Assert.NotNull(many.Summary[MetricKeys.EvalMcc]);
    }

    [Fact]
    public void Entry_ColumnsOfTheManifest_AreListedWithTheirPrompt()
    {
        Write(
            """{"columns": {"a": "Text 1", "b": 3}, "labels": ["no", "yes"]}""",
            "Text 1\tlabel\tText 2\nfine\t1\twell\nbad\t0\tpoor\n");

        DatasetEntry entry = ClassificationReader.Read("mine", _folder).Entry;

        Assert.Equal(("classification", "A: {a}\nB: {b}\nLabel: {label}\n"), (entry.Task, entry.Prompt));
        Assert.Equal(["a", "b"], entry.Columns);
        Assert.Equal(["fine", "well"], ClassificationReader.Read("mine", _folder).Train[0].Texts);
    }

    [Theory]
    [InlineData("""{"columns": []}""", "'columns' is empty")]
    [InlineData("""{"columns": "a"}""", "'columns' must be a list of column names")]
    [InlineData("""{"columns": ["a", 5]}""", "'columns' must be a list of column names")]
    [InlineData("""{"columns": ["a", "label"]}""", "the name 'label', which a prompt cannot have")]
    [InlineData("""{"columns": ["a", "a"]}""", "'a' twice")]
    [InlineData("""{"columns": {"a": "x", "b": "x"}}""", "names the column 'x' twice")]
    [InlineData("""{"columns": ["a"], "labelColumn": "a"}""", "'columns' and 'labelColumn' are the same")]
    [InlineData("""{"columns": ["a"], "sentenceColumn": "b"}""", "exclude each other")]
    [InlineData("""{"columns": ["a"], "prompt": "{b} {label}"}""", "{b}, which is not a column of the dataset")]
    [InlineData("""{"columns": ["a", "missing"]}""", "no column 'missing'")]
    [InlineData("""{"task": "translation"}""", "'task' is 'translation', but must be classification or completion")]
    [InlineData("""{"columns": ["a"], "labels": ["no", "yes\t"]}""", "without leading or trailing spaces")]
    [InlineData("""{"columns": ["a"], "labels": ["no", "y\tes"]}""", "the label 'y·es' has a tab, a line break or another control")]
    [InlineData("""{"task": "completion", "labels": ["a", "b"]}""", "'labels' belongs to the task classification; remove it")]
    [InlineData("""{"task": "completion", "labelColumn": "a"}""", "'labelColumn' belongs to the task classification; remove it")]
    [InlineData("""{"textColumn": "a"}""", "'textColumn' belongs to the task completion")]
    public void Read_BrokenColumns_NamesTheProblem(string manifest, string named)
    {
        Write(manifest, "a\tb\tlabel\nfine\twell\t1\n");

        Assert.Contains(named, Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder)).Message);
    }

    [Fact]
    public void Read_TooManyLabels_IsRefused()
    {
        Write($$"""{"labels": [{{string.Join(", ", Enumerable.Range(0, 201).Select(i => $"\"w{i}\""))}}]}""", "sentence\tlabel\nfine\t1\n");

        Assert.Contains(
            "must list 2 to 200 label words; it has 201",
            Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder)).Message);
    }

    [Fact]
    public void Read_EmptyTexts_AreNamedWithTheirLines()
    {
        Write("""{"columns": ["a", "b"]}""", "a\tb\tlabel\nfine\t \t1\n \twell\t0\n");

        string message = Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder)).Message;

        Assert.Contains("train.tsv has 2 problems: line 2: 'b' is empty; line 3: 'a' is empty", message);
    }

    [Theory]
    [InlineData("{other} {label}", "The prompt contains {other}, which is not a column of the dataset; known are {a}, {b}, {label}.")]
    [InlineData("{A} {b} {label}", "{A}, which is not a column of the dataset; the nearest is {a}")]
    [InlineData("paper-literal", "{sentence}, which is not a column of the dataset")]
    [InlineData("Is it {label}", "has no {a}, {b}; insert it")]
    [InlineData("{a} {label} {b}", "has {label} before {b}")]
    public void Validate_PromptOfOtherColumns_IsRefused(string prompt, string named)
    {
        Write("""{"columns": ["a", "b"]}""", "a\tb\tlabel\nfine\twell\t1\nbad\tpoor\t0\n");
        JsonObject spec = Spec();
        spec["prompt"] = prompt;

        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal("prompt", error.Field);
        Assert.Contains(named, error.Message);
    }

    [Fact]
    public void Validate_PrefixOfALabel_IsRefusedUnlessScoredByTheMean()
    {
        Write("""{"labels": ["good", "good day"]}""", "sentence\tlabel\nfine\t1\nbad\t0\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nother\t1\npoor\t0\n");
        JsonObject spec = Spec();

        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(spec).Errors);
        Assert.Equal("dataset", error.Field);
        Assert.Contains("always scores at least as high: 'good day' with 'good'; use label words", error.Message);
        spec["labelScore"] = "meanPerToken";
        Assert.Empty(_trainer.Services.Validator.Validate(spec).Errors);
        Assert.Empty(_trainer.Services.Validator.Validate(spec).Warnings);
    }

    [Fact]
    public void Validate_LabelOnlyInTheEvaluation_IsRefusedWithItsLines()
    {
        Write("""{"labels": ["no", "yes", "maybe"]}""", "sentence\tlabel\nfine\tyes\nbad\tno\nwell\tyes\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nother\tyes\nwho knows\tmaybe\nperhaps\tmaybe\n");

        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(Spec()).Errors);

        Assert.Equal("dataset", error.Field);
        Assert.Contains("the label 'maybe' of lines 3, 4 of dev.tsv is in no row of train.tsv", error.Message);
    }

    [Fact]
    public void Validate_LabelOnlyInTheEvaluationOfFewRows_IsRefusedWhereTheyAreTrainedOn()
    {
        Write("""{"labels": ["no", "yes", "maybe"]}""", "sentence\tlabel\nfine\tyes\nbad\tno\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nother\tyes\nwho knows\tmaybe\n");

        Assert.Equal(2, ClassificationReader.Read("mine", _folder).Train.Count);
        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(Spec()).Errors);

        Assert.Equal("dataset", error.Field);
        Assert.Contains("the label 'maybe' of line 3 of dev.tsv is in no row of train.tsv", error.Message);
    }

    [Fact]
    public void Validate_LabelOnlyInTheSelectionFile_IsRefusedWithItsLines()
    {
        Write(
            """{"labels": ["no", "yes", "maybe"], "selection": "held.tsv"}""", "sentence\tlabel\nfine\tyes\nbad\tno\nwell\tyes\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nother\tyes\n");
        File.WriteAllText(Path.Combine(_folder, "held.tsv"), "sentence\tlabel\nmore\tno\n\nperhaps\tmaybe\n");

        FieldError error = Assert.Single(_trainer.Services.Validator.Validate(Spec()).Errors);

        Assert.Contains("the label 'maybe' of line 4 of held.tsv is in no row of train.tsv", error.Message);
    }

    [Fact]
    public void Validate_LabelOfNoChosenTrainingRow_IsWarnedOfWithItsLine()
    {
        Write("""{"labels": ["no", "yes", "maybe"]}""", "sentence\tlabel\nfine\tyes\nbad\tno\nwell\tyes\nso so\tmaybe\n");
        File.WriteAllText(Path.Combine(_folder, "dev.tsv"), "sentence\tlabel\nother\tyes\nwho knows\tmaybe\n");
        JsonObject spec = Spec();
        spec["trainSamples"] = 3;

        SpecValidation validation = _trainer.Services.Validator.Validate(spec);

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains(
            "Of the evaluation rows, 1 has a label that is not trained, the first 'maybe': line 3 of dev.tsv.", StringComparison.Ordinal));
    }

    [Fact]
    public void Select_SelectionSplit_SharesNoWordsInAnyColumn()
    {
        string rows = string.Concat(Enumerable.Range(0, 60).Select(i =>
            $"the premise number {i / 2} is this one\tword {i}\t{i % 2}\n"));
        Write("""{"columns": ["a", "b"], "selection": {"minWords": 3, "minRows": 4}}""", "a\tb\tlabel\n" + rows);
        RunSpec spec = new() { TrainSamples = 20, EvalSplit = EvalSplit.Selection };

        ClassificationRows selected = ClassificationReader.Read("mine", _folder).Select(spec);

        HashSet<string> trained = [.. selected.Consumed.Select(row => row.Texts[0])];
        Assert.NotEmpty(selected.Evaluation);
        Assert.DoesNotContain(selected.Evaluation, row => trained.Contains(row.Texts[0]));
    }

    private JsonObject Spec()
    {
        JsonObject spec = MicroSpec.For("lora");
        (spec["dataset"], spec["evalSamples"], spec["dataSeed"], spec["maxSteps"]) = ("mine", 2, null, 1);
        return spec;
    }

    private void Write(string manifest, string rows)
    {
        File.WriteAllText(Path.Combine(_folder, "dataset.json"), manifest);
        foreach (string file in (string[])["train.tsv", "dev.tsv"])
        {
            File.WriteAllText(Path.Combine(_folder, file), rows);
        }
    }

    private void WriteMany(string format, int[] labels)
    {
        File.WriteAllText(Path.Combine(_folder, "dataset.json"), new JsonObject
        {
            ["train"] = $"train.{format}",
            ["eval"] = $"train.{format}",
            ["columns"] = new JsonArray([.. _columns.Select(column => JsonValue.Create(column))]),
            ["labelColumn"] = "kind",
            ["labels"] = new JsonArray([.. labels.Select(label => JsonValue.Create($"kind {label:000}"))]),
            ["prompt"] = "A {title} B {place} {time of day} C {first_text} {second-text} D: {label}",
        }.ToJsonString());
        IEnumerable<string[]> rows = Enumerable.Range(0, 32).Select(i => (string[])
            [.. _columns.Select((column, c) => $"{column} of row {i}, \"{c}\""), $"kind {labels[i % labels.Length]:000}"]);
        string[] header = [.. _columns, "kind"];
        File.WriteAllLines(Path.Combine(_folder, $"train.{format}"), format == "csv"
            ? rows.Prepend(header).Select(row =>
                string.Join(',', row.Select(field => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"")))
            : rows.Select(row => new JsonObject(
                header.Zip(row, (name, value) => KeyValuePair.Create(name, (JsonNode?)value))).ToJsonString()));
    }
}
