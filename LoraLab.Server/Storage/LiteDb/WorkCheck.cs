using System.Text.Json;
using LoraLab.Contracts;

namespace LoraLab.Server.Storage.LiteDb;

/// <summary>
/// Holds the work of transactions to what a store may do with it: it is done twice, the first time for nothing, and must come to the same. For tests
/// (<c>LoraLab:RepeatTransactions</c>); a store on several machines repeats work when two of them meet.
/// </summary>
internal static class WorkCheck
{
    /// <summary>Does the work once for nothing; what it came to, for <see cref="Require"/>.</summary>
    public static string Rehearse<T>(StagedTransaction staged, Func<IStoreTransaction, T> work)
    {
        try
        {
            return Describe(staged, work(staged));
        }
        catch (Exception refused)
        {
            return Describe(staged, $"{refused.GetType().Name}: {refused.Message}");
        }
    }

    /// <exception cref="InvalidOperationException">The work came to something else the second time.</exception>
    public static void Require<T>(string rehearsed, StagedTransaction staged, T result)
    {
        string told = Describe(staged, result);
        if (told != rehearsed)
        {
            throw new InvalidOperationException($"The work of a transaction came to something else when it was done again: {Difference(rehearsed, told)}");
        }
    }

    public static void RequireRefusal(string rehearsed, StagedTransaction staged, Exception refused) => Require(rehearsed, staged, $"{refused.GetType().Name}: {refused.Message}");

    private static string Describe<T>(StagedTransaction staged, T result) => JsonSerializer.Serialize(
        new
        {
            staged.Changed,
            staged.ChangedPlans,
            Points = staged.Points.ToDictionary(run => run.Key, run => run.Value.Select(point => $"{point.Key} {point.Step} {point.Value} {point.Attempt}")),
            staged.Answers,
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
