using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Storage;

/// <summary>
/// Checks that transactions are repeatable: executes their work twice, the first time without effect, and requires the same result. For
/// tests (<c>LoraLab:RepeatTransactions</c>); a store on several machines would retry conflicting work.
/// </summary>
internal static class TransactionReplayCheck
{
    /// <summary>Executes the work twice; returns the second result.</summary>
    /// <param name="dryRun">Receives the writes of the first execution, and is discarded.</param>
    /// <param name="staged">Receives the writes of the second execution.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="InvalidOperationException">The results differ.</exception>
    public static T Run<T>(StagedTransaction dryRun, StagedTransaction staged, Func<IStoreTransaction, T> work)
    {
        string first = DryRun(dryRun, work);
        T result;
        try
        {
            result = work(staged);
        }
        catch (Exception refused)
        {
            Require(first, Describe(staged, Words(refused)));
            throw;
        }

        Require(first, Describe(staged, result));
        return result;
    }

    private static string DryRun<T>(StagedTransaction dryRun, Func<IStoreTransaction, T> work)
    {
        try
        {
            return Describe(dryRun, work(dryRun));
        }
        catch (Exception refused)
        {
            return Describe(dryRun, Words(refused));
        }
    }

    private static void Require(string first, string second)
    {
        if (first != second)
        {
            throw new InvalidOperationException(
                $"The work of a transaction had a different result when it was repeated: {Difference(first, second)}");
        }
    }

    private static string Words(Exception refused) => $"{refused.GetType().Name}: {refused.Message}";

    private static string Describe<T>(StagedTransaction staged, T result) => JsonSerializer.Serialize(
        new
        {
            staged.Changed,
            staged.ChangedExperiments,
            Points = staged.Points.ToDictionary(run => run.Key, run =>
                run.Value.Select(point => $"{point.Key} {point.Step} {point.Value} {point.Attempt}")),
            staged.Responses,
            staged.Paused,
            Events = staged.NumberEvents(0),
            Result = result,
        },
        ContractJson.Options);

    private static string Difference(string one, string other)
    {
        int at = one.Zip(other).TakeWhile(pair => pair.First == pair.Second).Count();
        return $"…{Around(one, at)}… and …{Around(other, at)}…";
    }

    private static string Around(string text, int at) => text[Math.Max(0, at - 40)..Math.Min(text.Length, at + 80)];
}
