using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// Feeds corrupted files to a reader. The reader may accept them or throw a <see cref="RunFailure"/> with a one-sentence message; it must
/// not throw anything else, nor allocate out of proportion to the size of the input.
/// </summary>
internal static class Fuzz
{
    private const long FixedAllowance = 2 << 20;
    private const long AllowancePerByte = 400;

    /// <summary>Runs a number of cases. Case i has the seed <paramref name="seed"/> + i, with which it can be repeated.</summary>
    /// <param name="output">Receives the seeds and the results.</param>
    /// <param name="seed">Seed of the first case.</param>
    /// <param name="cases">Number of cases.</param>
    /// <param name="prepare">Writes the corrupted files of a case and returns their size in bytes.</param>
    /// <param name="read">Reads them.</param>
    /// <param name="named">Text that every message must contain; null: none.</param>
    public static void Run(ITestOutputHelper output, int seed, int cases, Func<Mutator, long> prepare, Action read, string? named = null)
    {
        int rejected = 0;
        long largest = 0;
        for (int i = 0; i < cases; i++)
        {
            long size = prepare(new Mutator(seed + i));
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                read();
            }
            catch (RunFailure failure)
            {
                rejected++;
                AssertMessage(failure, named, seed + i);
            }
            catch (Exception other)
            {
                Assert.Fail($"Seed {seed + i}: {other}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            largest = Math.Max(largest, allocated);
            Assert.True(
                allocated <= FixedAllowance + (AllowancePerByte * size),
                $"Seed {seed + i}: {allocated} bytes were allocated for an input of {size} bytes.");
        }

        output.WriteLine($"seeds {seed} to {seed + cases - 1}: {rejected} rejected, {cases - rejected} still readable, "
            + $"at most {largest} bytes allocated");
        // Corruption that is never or always detected would test nothing.
        Assert.InRange(rejected, cases / 10, cases - 1);
    }

    private static void AssertMessage(RunFailure failure, string? named, int seed)
    {
        bool isSentence = failure.Message.Length is > 20 and < 3000 && failure.Message[^1] == '.'
            && !failure.Message.AsSpan().ContainsAny('\n', '\r', '\0');
        Assert.True(failure.Reason == EndReason.BadData && isSentence, $"Seed {seed}: the message is not one sentence: {failure.Message}");
        Assert.True(
            named is null || failure.Message.Contains(named, StringComparison.Ordinal),
            $"Seed {seed}: the message does not contain '{named}': {failure.Message}");
    }
}
