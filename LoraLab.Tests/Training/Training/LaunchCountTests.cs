using System.Globalization;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training;

/// <summary>
/// A step with the kernels of a GPU issues few operators: who adds one to every block learns it here.
/// </summary>
public sealed class LaunchCountTests(ITestOutputHelper output)
{
    /// <summary>The joined blocks and the general ones.</summary>
    public static TheoryData<string> Names => ["lora, q and v", "lora, all-linear", "lora, all-linear, Gemma 3"];

    public static TheoryData<string> Others => [.. LaunchCase.All.Select(kind => kind.Name).Except(Names.Select(row => row.Data))];

    [Theory]
    [MemberData(nameof(Names))]
    public void OfStep_TinyLlamasBlocks_IssuesNoMoreOperatorsThanWrittenDown(string name) => AssertWithinLimit(name);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Others))]
    public void OfStep_OtherMethodsAndFamilies_IssuesNoMoreOperatorsThanWrittenDown(string name) => AssertWithinLimit(name);

    [Fact]
    public void Limits_OfAllKinds_AreThoseOfTheDocs()
    {
        string docs = File.ReadAllText(Path.Combine(Fixtures.RepositoryRoot, "docs", "performance.md"));

        Assert.All(LaunchCase.All, kind => Assert.Matches(
            $@"(?m)^\| {Regex.Escape(kind.Name)} \|.*\| {kind.Limit.ToString("N0", CultureInfo.InvariantCulture)} \|$", docs));
    }

    [Fact]
    public void Count_KnownOperators_LeavesOutViewsAndCallers()
    {
        Assert.SkipUnless(OperatorCounter.IsSupported, "Operators can be counted on Linux on x64 only.");
        using IDisposable scope = NewDisposeScope();
        Tensor x = ones(3, 4), w = ones(5, 4);

        IReadOnlyDictionary<string, int> operators = OperatorCounter.Count(() =>
        {
            Tensor y = nn.functional.linear(x, w).t().narrow(0, 1, 2);
            y.tanh_().sub(y);
        });

        Assert.Equal(
            "mm 1, sub 1, tanh_ 1",
            string.Join(", ", operators.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key} {pair.Value}")));
    }

    private void AssertWithinLimit(string name)
    {
        Assert.SkipUnless(OperatorCounter.IsSupported, "Operators can be counted on Linux on x64 only.");
        LaunchCase kind = LaunchCase.All.Single(kind => kind.Name == name);

        IReadOnlyDictionary<string, int> operators = kind.Count(bfloat16, CPU);

        output.WriteLine($"LAUNCHES | {name} | {operators.Values.Sum()} | limit {kind.Limit} | "
            + string.Join(", ", operators.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value} {pair.Key}")));
        Assert.InRange(operators.Values.Sum(), LaunchCase.Blocks * 50, kind.Limit);
    }
}
