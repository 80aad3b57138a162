using System.Diagnostics;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training;

/// <summary>The list of the benchmarks: what is measured in bf16 is measured in fp16 too, the precision of older cards.</summary>
public sealed class BenchmarkRowsTests
{
    [Fact]
    public void List_OfEveryRowInBfloat16_HasOneInFloat16()
    {
        string[] names = Names();
        string[] half = [.. names.Where(name => name.Split('-').Contains("bf16"))];

        Assert.All(
            ["step-tinyllama22-", "evaluation-", "generation-", "gemm-rate-"],
            kind => Assert.Contains(half, name => name.StartsWith(kind, StringComparison.Ordinal)));
        Assert.All(half, name => Assert.Contains(name.Replace("bf16", "fp16", StringComparison.Ordinal), names));
    }

    private static string[] Names()
    {
        ProcessStartInfo start = new("dotnet", [BuiltPrograms.Benchmarks, "--list"]) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
    }
}
