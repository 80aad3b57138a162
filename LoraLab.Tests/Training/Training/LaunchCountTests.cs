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
    public static TheoryData<string[]?, ScalarType, int> Steps => new()
    {
        { ["q_proj", "v_proj"], bfloat16, 2000 },
        { null, bfloat16, 2600 },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public void OfStep_TinyLlamasBlocks_IssuesNoMoreOperatorsThanWrittenDown(string[]? targets, ScalarType dtype, int limit)
    {
        Assert.SkipUnless(OperatorCounter.IsSupported, "Operators can be counted on Linux on x64 only.");

        IReadOnlyDictionary<string, int> operators = LaunchCount.OfStep(22, targets, dtype, CPU);

        output.WriteLine($"LAUNCHES | {string.Join(", ", targets ?? ["all"])} | {dtype} | {operators.Values.Sum()} | limit {limit} | "
            + string.Join(", ", operators.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Value} {pair.Key}")));
        Assert.InRange(operators.Values.Sum(), 22 * 50, limit);
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
}
