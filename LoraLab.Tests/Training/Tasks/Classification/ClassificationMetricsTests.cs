using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

/// <summary>Macro-F1 is that of scikit-learn: <c>f1_score(y_true, y_pred, average="macro")</c>.</summary>
public sealed class ClassificationMetricsTests
{
    [Theory]
    [InlineData("1 1 1 1", "1 1 1 1", 2, 1.0)]
    [InlineData("0 0", "0 0", 5, 1.0)]
    [InlineData("1 1 1 1", "1 1 1 0", 2, 0.42857142857142855)] // (0 + 6/7) / 2: label 0 is predicted, so it counts.
    [InlineData("0 0 1 1", "0 0 0 0", 3, 0.33333333333333331)] // (4/6 + 0) / 2: label 2 is absent from both.
    [InlineData("0 1 2 0 1 2", "0 2 1 0 0 1", 3, 0.26666666666666666)] // The example of scikit-learn's documentation.
    [InlineData("0 1 3 0 1 3", "0 3 1 0 0 1", 4, 0.26666666666666666)] // The same with another third label.
    [InlineData("3 3 3", "1 1 2", 4, 0.0)]
    public void MacroF1_LabelsAbsentFromBothSides_AreLeftOut(string labels, string predicted, int count, double expected)
    {
        (int, int)[] pairs = [.. labels.Split(' ').Zip(predicted.Split(' '), (a, b) => (Whole(a), Whole(b)))];

        Assert.Equal(expected, ClassificationMetrics.Of(pairs, count).MacroF1, 1e-15);
    }

    [Theory]
    [InlineData("pair-3-labels")]
    [InlineData("pair-3-labels-completion")]
    public void MacroF1_ScoresOfTheReference_IsWhatScikitLearnGives(string name)
    {
        JsonNode golden = JsonNode.Parse(File.ReadAllText(Fixtures.Golden("tasks", name, "trajectory.json")))!;
        JsonArray confusion = golden["bySum"]!["confusion"]!.AsArray();
        (int, int)[] pairs = [.. confusion.SelectMany((row, label) => row!.AsArray().SelectMany((count, predicted) =>
            Enumerable.Repeat((label, predicted), (int)count!)))];

        ClassificationMetrics metrics = ClassificationMetrics.Of(pairs, confusion.Count);

        Assert.Equal((double)golden["bySum"]!["accuracy"]!, metrics.Accuracy, 1e-15);
        Assert.Equal((double)golden["bySum"]!["macroF1"]!, metrics.MacroF1, 1e-15);
        Assert.Equal((double)golden["bySum"]!["mcc"]!, metrics.Mcc, 1e-15);
    }

    [Theory]
    [InlineData("0 0 1 1", "0 0 0 1", 0.73333333333333328, 0.57735026918962573)] // F1 4/5 and 2/3; 1 / √3.
    [InlineData("0 1 1 1", "0 1 1 1", 1, 1)]
    [InlineData("0 1", "1 0", 0, -1)]
    [InlineData("1 1 1", "0 1 1", 0.8, 0)] // One label in all rows: undefined.
    [InlineData("0 1 0", "1 1 1", 0.16666666666666666, 0)]
    public void WeightedF1AndMcc_TwoLabels_AreThoseOfTheFormulas(string labels, string predicted, double weighted, double mcc)
    {
        ClassificationMetrics metrics = ClassificationMetrics.Of(
            labels.Split(' ').Zip(predicted.Split(' '), (a, b) => (Whole(a), Whole(b))), 2);

        Assert.Equal(weighted, metrics.WeightedF1, 1e-15);
        Assert.Equal(mcc, metrics.Mcc, 1e-15);
    }

    [Fact]
    public void Labels_PrecisionAndRecall_AreThoseOfTheConfusion()
    {
        ClassificationMetrics metrics = ClassificationMetrics.Of([(0, 0), (0, 1), (0, 1), (1, 1), (1, 1), (2, 1)], 4);

        Assert.Equal(
            [(3, 1, 1), (2, 5, 2), (1, 0, 0), (0, 0, 0)], metrics.Labels.Select(label => (label.Rows, label.Predicted, label.Correct)));
        Assert.Equal([1, 0.4, 0, 0], metrics.Labels.Select(label => label.Precision));
        Assert.Equal([1 / 3.0, 1, 0, 0], metrics.Labels.Select(label => label.Recall));
        Assert.Equal(0.5, metrics.MajorityBaseline);
        Assert.Equal([1, 2, 0, 0], metrics.Confusion[0]);
    }

    private static int Whole(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
