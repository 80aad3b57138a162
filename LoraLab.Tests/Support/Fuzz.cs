using LoraLab.Contracts.Runs;
using LoraLab.Training.Files.Errors;
using Xunit;

namespace LoraLab.Tests.Support;

/// <summary>
/// Feeds damaged files to a reader. It may take them or refuse them with a <see cref="RunFailure"/> of one sentence; it must not
/// throw anything else, nor allocate more than the size of the input can explain.
/// </summary>
internal static class Fuzz
{
    private const long FixedAllowance = 2 << 20;
    private const long AllowancePerByte = 400;

    /// <summary>Runs a number of cases. Case i has the seed <paramref name="seed"/> + i: one that fails is repeated by itself with it.</summary>
    /// <param name="output">Hears the seed and what came out.</param>
    /// <param name="seed">Seed of the first case.</param>
    /// <param name="cases">Number of cases.</param>
    /// <param name="prepare">Writes the damaged files of a case and returns their size in bytes.</param>
    /// <param name="read">Reads them.</param>
    /// <param name="named">What every sentence must name; null: nothing.</param>
    public static void Run(ITestOutputHelper output, int seed, int cases, Func<Mutator, long> prepare, Action read, string? named = null)
    {
        int refused = 0;
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
                refused++;
                RequireSentence(failure, named, seed + i);
            }
            catch (Exception other)
            {
                Assert.Fail($"Seed {seed + i}: {other}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            largest = Math.Max(largest, allocated);
            Assert.True(allocated <= FixedAllowance + (AllowancePerByte * size), $"Seed {seed + i}: {allocated} bytes were allocated for an input of {size}.");
        }

        output.WriteLine($"seeds {seed} to {seed + cases - 1}: {refused} refused, {cases - refused} still readable, at most {largest} bytes allocated");
        // Damage that is never, or always, noticed would test nothing.
        Assert.InRange(refused, cases / 10, cases - 1);
    }

    private static void RequireSentence(RunFailure failure, string? named, int seed)
    {
        bool sentence = failure.Message.Length is > 20 and < 3000 && failure.Message[^1] == '.' && !failure.Message.AsSpan().ContainsAny('\n', '\r', '\0');
        Assert.True(failure.Reason == EndReason.BadData && sentence, $"Seed {seed}: not one sentence: {failure.Message}");
        Assert.True(named is null || failure.Message.Contains(named, StringComparison.Ordinal), $"Seed {seed}: '{named}' is not named: {failure.Message}");
    }
}
