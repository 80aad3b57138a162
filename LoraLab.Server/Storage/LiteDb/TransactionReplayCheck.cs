using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// Holds the work of transactions to what a store may do with it: it is done twice, the first time for nothing, and must come to the same. For tests
/// (<c>LoraLab:RepeatTransactions</c>); a store on several machines repeats work when two of them meet.
/// </summary>
internal static class TransactionReplayCheck
{
    /// <summary>Does the work twice; what it came to the second time.</summary>
    /// <param name="dryRun">Takes the writes of the first time, and is thrown away.</param>
    /// <param name="staged">Takes those of the second.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="InvalidOperationException">It came to something else the second time.</exception>
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
            throw new InvalidOperationException($"The work of a transaction came to something else when it was done again: {Difference(first, second)}");
        }
    }

    private static string Words(Exception refused) => $"{refused.GetType().Name}: {refused.Message}";

    private static string Describe<T>(StagedTransaction staged, T result) => JsonSerializer.Serialize(
        new
        {
            staged.Changed,
            staged.ChangedExperiments,
            Points = staged.Points.ToDictionary(run => run.Key, run => run.Value.Select(point => $"{point.Key} {point.Step} {point.Value} {point.Attempt}")),
            staged.Responses,
            staged.Result.Paused,
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
