using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>The selection split of datasets with short texts or small classes.</summary>
public sealed class SelectionRuleTests : IDisposable
{
    private static readonly RunSpec _spec = new() { TrainSamples = 40, EvalSplit = EvalSplit.Selection };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Select_ShortTextsByDefault_AreRefusedWithWhatToSet()
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => Read("").Select(_spec));

        Assert.Equal("evalSplit", failure.Field);
        Assert.Contains("set \"selection\" in dataset.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Select_MinimumOfWords_HoldsOutShortTextsApartFromTheTrainingRows()
    {
        ClassificationRows rows = Read("\"selection\": {\"minWords\": 2, \"minRows\": 50}").Select(_spec);

        HashSet<string> trained = [.. rows.Consumed.Select(row => row.Texts[0])];
        Assert.Equal(40, rows.Consumed.Count);
        Assert.True(rows.Evaluation.Count >= 50);
        Assert.Equal(rows.Evaluation.Count(row => row.Label == 0), rows.Evaluation.Count(row => row.Label == 1));
        Assert.DoesNotContain(rows.Evaluation, row => trained.Contains(row.Texts[0]));
    }

    [Theory]
    [InlineData("\"selection\": \"held.tsv\"")]
    [InlineData("\"selection\": {\"file\": \"held.tsv\"}")]
    public void Select_FileOfItsOwn_IsTheSplit(string selection)
    {
        _folder.Write("held.tsv", "sentence\tlabel\nso la la\t1\nnever\t0\nagain and again\t1\n");

        ClassificationDataset data = Read(selection);
        ClassificationRows rows = data.Select(_spec);

        Assert.Equal(["so la la", "never", "again and again"], rows.Evaluation.Select(row => row.Texts[0]));
        Assert.Equal(["so la la", "never"], data.Select(_spec with { EvalSamples = 2 }).Evaluation.Select(row => row.Texts[0]));
        Assert.Equal(["fine"], data.Select(_spec with { EvalSplit = EvalSplit.Dev }).Evaluation.Select(row => row.Texts[0]));
        Assert.Equal(["train.tsv", "dev.tsv", "held.tsv"], data.Files.Select(file => file.Name));
    }

    private ClassificationDataset Read(string manifest)
    {
        _folder.Write(
            "train.tsv",
            "sentence\tlabel\n" + string.Concat(Enumerable.Range(0, 200).Select(i => $"film {i / 2 % 70} {i % 2}\t{i % 2}\n")));
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");
        _folder.Write("dataset.json", $"{{{manifest}}}");
        return ClassificationReader.Read("mine", _folder.Path);
    }
}
